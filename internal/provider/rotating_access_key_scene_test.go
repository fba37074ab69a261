package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	sceneAddress      = "iamkeys_rotating_access_key.app"
	sceneConsumerType = "iamkeystest_consumer"
	// rotateByAge is a policy without any request.
	rotateByAge = `rotate_after = "90d"`
)

// scene is a simulator with a user "app" and a Terraform CLI, for stories that a sequence of commands tells.
type scene struct {
	*acctest.World
	*acctest.CLI

	t      *testing.T
	config string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	return &scene{World: w, CLI: w.CLI(t), t: t, config: w.ProviderConfig()}
}

// signAs writes the configuration of the provider with other credentials.
func (s *scene) signAs(creds iamsim.Credentials) { s.config = s.ProviderConfigAs(creds, "") }

// write writes the whole configuration.
func (s *scene) write(parts ...string) { s.Write("main.tf", s.config+strings.Join(parts, "\n")) }

// managedKey is a resource called app.
func managedKey(user, arguments string) string {
	return fmt.Sprintf(`
resource "iamkeys_rotating_access_key" "app" {
  user = %q
  %s
}
`, user, arguments)
}

// consumedKey is a dependant that takes the published key.
const consumedKey = `
resource "iamkeystest_consumer" "app" {
  access_key_id     = iamkeys_rotating_access_key.app.access_key_id
  secret_access_key = iamkeys_rotating_access_key.app.secret_access_key
}
`

// plan plans, and checks the exit code and all diagnostics: each is a severity and a part of the summary.
func (s *scene) plan(code int, diagnostics ...string) {
	s.t.Helper()
	s.Plan()
	s.Want(code)
	s.diagnosed(diagnostics...)
}

// planOut is plan, with the plan saved in a file called "saved".
func (s *scene) planOut(code int, diagnostics ...string) {
	s.t.Helper()
	s.PlanOut("saved")
	s.Want(code)
	s.diagnosed(diagnostics...)
}

// apply applies, and checks the exit code and all diagnostics.
func (s *scene) apply(code int, diagnostics ...string) {
	s.t.Helper()
	s.Apply()
	s.Want(code)
	s.diagnosed(diagnostics...)
}

// applySaved applies the plan that planOut saved.
func (s *scene) applySaved(code int, diagnostics ...string) {
	s.t.Helper()
	s.ApplyPlan("saved")
	s.Want(code)
	s.diagnosed(diagnostics...)
}

// destroy destroys, and checks the exit code, all diagnostics, and that nothing is left in the state of a success.
func (s *scene) destroy(code int, diagnostics ...string) {
	s.t.Helper()
	s.Destroy()
	s.Want(code)
	s.diagnosed(diagnostics...)
	if left := s.attributes(); code == 0 && left != nil {
		s.t.Error("the resource is still in the state after a destroy")
	}
}

// destroyRefused destroys, with further flags, and checks that it fails with this one error, and that the resource is kept.
func (s *scene) destroyRefused(diagnostic string, args ...string) {
	s.t.Helper()
	s.Destroy(args...)
	s.Want(1)
	s.diagnosed(diagnostic)
	if s.attributes() == nil {
		s.t.Error("the resource is no longer in the state after a destroy that failed")
	}
}

// diagnosed checks the diagnostics of the last command, whatever their order.
func (s *scene) diagnosed(want ...string) {
	s.t.Helper()
	left := s.Diagnostics()
	for _, w := range want {
		severity, part, _ := strings.Cut(w, ": ")
		i := slices.IndexFunc(left, func(d acctest.Diagnostic) bool {
			return d.Severity == severity && strings.Contains(d.Summary, part)
		})
		if i < 0 {
			s.t.Errorf("no diagnostic %q", w)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, d := range left {
		s.t.Errorf("unexpected %s: %s\n%s", d.Severity, d.Summary, d.Detail)
	}
}

// detailed checks that the diagnostic whose summary contains part has a detail that contains every text.
func (s *scene) detailed(part string, texts ...string) {
	s.t.Helper()
	for _, d := range s.Diagnostics() {
		if !strings.Contains(d.Summary, part) {
			continue
		}
		for _, text := range texts {
			if !strings.Contains(d.Detail, text) {
				s.t.Errorf("the detail of %q lacks %q:\n%s", d.Summary, text, d.Detail)
			}
		}
		return
	}
	s.t.Errorf("no diagnostic with %q in its summary", part)
}

// attributes are those of the resource in the state file; nil when it has none.
func (s *scene) attributes() map[string]any {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Dir, "terraform.tfstate"))
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct {
				Status     string
				Deposed    string
				Attributes map[string]any
			}
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type+"."+r.Name != sceneAddress {
			continue
		}
		for _, instance := range r.Instances {
			if instance.Status != "" {
				s.t.Errorf("the resource is %s in the state", instance.Status)
			}
			if instance.Deposed == "" {
				return instance.Attributes
			}
		}
	}
	return nil
}

// attributeAt is the value of an attribute such as "previous.status".
func attributeAt(attributes map[string]any, name string) any {
	parent, child, nested := strings.Cut(name, ".")
	if !nested {
		return attributes[name]
	}
	object, _ := attributes[parent].(map[string]any)
	return object[child]
}

// text is an attribute of the state as a string.
func (s *scene) text(name string) string {
	s.t.Helper()
	text, ok := attributeAt(s.attributes(), name).(string)
	if !ok {
		s.t.Errorf("%s is no string in the state", name)
	}
	return text
}

// holds checks attributes of the state. Nil is null.
func (s *scene) holds(want map[string]any) {
	s.t.Helper()
	attributes := s.attributes()
	if attributes == nil {
		s.t.Fatal("the resource is not in the state")
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got := attributeAt(attributes, name); fmt.Sprint(got) != fmt.Sprint(want[name]) {
			s.t.Errorf("%s: %v, want %v", name, got, want[name])
		}
	}
}

// plannedUnknown stands in shows for a value that the plan can't know.
const plannedUnknown = "(unknown)"

// shows checks what the plan in the file "saved" does: "action" is the action, all else are planned attributes.
func (s *scene) shows(want map[string]any) {
	s.t.Helper()
	for _, change := range s.ShowJSON("saved").ResourceChanges {
		if change.Address != sceneAddress || change.DeposedKey != "" {
			continue
		}
		after, _ := change.Change.After.(map[string]any)
		unknowns, _ := change.Change.AfterUnknown.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(want)) {
			var got any
			switch parent, _, _ := strings.Cut(name, "."); {
			case name == "action":
				actions := make([]string, len(change.Change.Actions))
				for i, action := range change.Change.Actions {
					actions[i] = string(action)
				}
				got = strings.Join(actions, ", ")
			case attributeAt(unknowns, name) == true || unknowns[parent] == true:
				got = plannedUnknown
			default:
				got = attributeAt(after, name)
			}
			if f, ok := got.(float64); ok {
				got = int64(f)
			}
			if fmt.Sprint(got) != fmt.Sprint(want[name]) {
				s.t.Errorf("planned %s: %v, want %v", name, got, want[name])
			}
		}
		return
	}
	s.t.Error("the plan does not mention the resource")
}

// mutations checks the calls since the last reset that change something, failed ones with their code: "create AKIA1",
// "make AKIA1 Inactive", "delete AKIA1", "tag app", "untag app".
func (s *scene) mutations(want ...string) {
	s.t.Helper()
	var got []string
	for _, call := range s.Sim.Log() {
		var text string
		switch call.Action {
		case "CreateAccessKey":
			text = "create " + call.KeyID
		case "UpdateAccessKey":
			text = "make " + call.KeyID + " " + call.Params["Status"]
		case "DeleteAccessKey":
			text = "delete " + call.KeyID
		case "TagUser":
			text = "tag " + call.User
		case "UntagUser":
			text = "untag " + call.User
		default:
			continue
		}
		if call.Code != "" {
			text += " " + call.Code
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("mutations %q, want %q", got, want)
	}
}

// keys checks all keys of a user, oldest first, as "AKIA1 Active".
func (s *scene) keys(user string, want ...string) {
	s.t.Helper()
	var got []string
	for _, k := range s.Sim.Keys(user) {
		got = append(got, k.ID+" "+k.Status)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("keys of %s: %q, want %q", user, got, want)
	}
}

// handedOver checks that the dependant holds a key that works, and how the last handover went: it came to this key while
// the one before still worked, or did not.
func (s *scene) handedOver(from string, oldWorked bool, to string) {
	s.t.Helper()
	if err := s.CheckConsumers(nil); err != nil {
		s.t.Error(err)
	}
	journal := s.Journal()
	if len(journal) == 0 {
		s.t.Fatal("nothing was handed over")
	}
	last := journal[len(journal)-1]
	if last.OldKeyID != from || last.OldWorked != oldWorked || last.NewKeyID != to || !last.NewWorked {
		s.t.Errorf("last handover %+v, want from %s (worked: %t) to %s", last, from, oldWorked, to)
	}
}
