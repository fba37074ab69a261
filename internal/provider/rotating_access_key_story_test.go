package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	storyKey = "iamkeys_rotating_access_key.test"
	// storyPolicy has another length for each date, so that no two fall together.
	storyPolicy = `
  rotate_after       = "90d"
  overlap            = "7d"
  grace              = "5d"
  require_unused_for = "1d"`
)

// story drives the real CLI through the life of the key of user ci, which a consumer uses.
type story struct {
	t *testing.T
	w *acctest.World
	c *acctest.CLI
}

// newStory writes the configuration, and applies nothing yet.
func newStory(t *testing.T, arguments string, opts ...iamsim.Options) *story {
	t.Helper()
	w := acctest.New(t, opts...)
	w.Sim.CreateUser("ci")
	s := &story{t: t, w: w, c: w.CLI(t)}
	s.configure(arguments)
	return s
}

// newSteadyStory is newStory with the key made.
func newSteadyStory(t *testing.T, arguments string) *story {
	t.Helper()
	s := newStory(t, arguments)
	s.apply()
	return s
}

// configure writes the configuration with these arguments of the key.
func (s *story) configure(arguments string) {
	s.t.Helper()
	s.c.Write("main.tf", s.w.ProviderConfig()+storyResources(arguments))
}

func storyResources(arguments string) string {
	return fmt.Sprintf(`
resource "iamkeys_rotating_access_key" "test" {
  user = "ci"
  %s
}
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.secret_access_key
}
`, arguments)
}

// after moves the simulator's clock and applies.
func (s *story) after(span string) {
	s.t.Helper()
	s.w.Advance(span)
	s.apply()
}

func (s *story) apply() {
	s.t.Helper()
	s.c.Apply()
	s.c.Want(0)
	s.checkConsumers()
}

// checkConsumers fails the test unless every consumer can work with what it was given, and could at each handover.
func (s *story) checkConsumers() {
	s.t.Helper()
	if err := s.w.CheckConsumers(nil); err != nil {
		s.t.Error(err)
	}
	for _, h := range s.w.Journal() {
		if !h.NewWorked || h.OldKeyID != "" && !h.OldWorked {
			s.t.Errorf("handover %+v, want keys that work", h)
		}
	}
}

// plans fails the test unless a plan ends with that exit code.
func (s *story) plans(code int) {
	s.t.Helper()
	s.c.Plan()
	s.c.Want(code)
}

// idle saves a plan a second before a date, when it is empty, and applies it a second after the date: nothing happens.
// The span leads to the date.
func (s *story) idle(span string) {
	s.t.Helper()
	s.w.Advance(span + "-1s")
	s.c.PlanOut("idle.tfplan")
	s.c.Want(0)
	before := s.values()
	s.w.Advance("2s")
	s.w.ResetCalls()
	s.c.ApplyPlan("idle.tfplan")
	s.c.Want(0)
	if calls := s.w.CallList(); len(calls) > 0 {
		s.t.Errorf("an empty plan called %q", calls)
	}
	if !slices.Equal(flatten(before), flatten(s.values())) {
		s.t.Error("an empty plan that was applied after the date changed the state")
	}
}

// late saves a plan, which must not be empty, and applies it a span later: it makes the wanted mutations and no other, and
// what it showed as known is then in the state.
func (s *story) late(span string, want ...string) {
	s.t.Helper()
	s.c.PlanOut("late.tfplan")
	s.c.Want(2)
	shown := s.shown("late.tfplan")
	s.w.Advance(span)
	s.w.ResetCalls()
	s.c.ApplyPlan("late.tfplan")
	s.c.Want(0)
	if got := s.mutations(); !slices.Equal(got, want) {
		s.t.Errorf("mutations %q, want %q", got, want)
	}
	state := flatten(s.values())
	for _, line := range shown {
		if !slices.Contains(state, line) {
			name, _, _ := strings.Cut(line, " = ")
			s.t.Errorf("the state has another %s than the plan", name)
		}
	}
}

// refused saves a plan, changes the world and applies the plan: it must fail as out of date, for the reason given, with no
// mutation.
func (s *story) refused(change func(), reason string) {
	s.t.Helper()
	s.c.PlanOut("stale.tfplan")
	s.c.Want(2)
	change()
	s.w.ResetCalls()
	s.c.ApplyPlan("stale.tfplan")
	s.c.Want(1)
	if got := s.mutations(); len(got) > 0 {
		s.t.Errorf("a plan that is out of date made the mutations %q", got)
	}
	d := s.onlyError()
	if !strings.HasPrefix(d.Summary, `Plan for user "ci" is out of date`) || !strings.Contains(d.Summary, reason) {
		s.t.Errorf("summary %q, want that the plan is out of date: %q", d.Summary, reason)
	}
	if !strings.Contains(d.Detail, "Nothing was changed. Plan again") {
		s.t.Errorf("detail %q does not say what is true and what to do", d.Detail)
	}
}

// onlyError is the error of the last command, which must have exactly one.
func (s *story) onlyError() acctest.Diagnostic {
	s.t.Helper()
	errors := s.diagnostics("error")
	if len(errors) != 1 {
		s.t.Fatalf("errors %+v, want one", errors)
	}
	return errors[0]
}

func (s *story) diagnostics(severity string) []acctest.Diagnostic {
	s.t.Helper()
	return slices.DeleteFunc(s.c.Diagnostics(), func(d acctest.Diagnostic) bool { return d.Severity != severity })
}

// mutations are the calls since ResetCalls that change something, with the key and status that they were about.
func (s *story) mutations() []string { return mutations(s.w) }

func mutations(w *acctest.World) []string {
	var list []string
	for _, call := range w.Sim.Log() {
		text := call.Action
		switch call.Action {
		case "CreateAccessKey":
		case "DeleteAccessKey", "TagUser", "UntagUser":
			text += " " + call.KeyID
		case "UpdateAccessKey":
			text += " " + call.KeyID + " " + call.Params["Status"]
		default:
			continue
		}
		list = append(list, strings.TrimSpace(text+" "+call.Code))
	}
	return list
}

// values are the attributes of the key in the state, secrets included.
func (s *story) values() map[string]any {
	s.t.Helper()
	values := s.c.State().Values
	if values != nil {
		for _, resource := range values.RootModule.Resources {
			if resource.Address == storyKey {
				return resource.AttributeValues
			}
		}
	}
	s.t.Fatalf("%s is not in the state", storyKey)
	return nil
}

// text is an attribute of the key in the state, such as "status" or "previous.status"; empty when it is null.
func (s *story) text(name string) string {
	s.t.Helper()
	for _, line := range flatten(s.values()) {
		if value, ok := strings.CutPrefix(line, name+" = "); ok {
			return value
		}
	}
	return ""
}

// wantText fails the test unless the state has these attributes.
func (s *story) wantText(want map[string]string) {
	s.t.Helper()
	lines := flatten(s.values())
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got := ""
		for _, line := range lines {
			if value, ok := strings.CutPrefix(line, name+" = "); ok {
				got = value
			}
		}
		if got != want[name] {
			s.t.Errorf("%s is %q, want %q", name, got, want[name])
		}
	}
}

// now is the simulator's time as the state spells it.
func (s *story) now() string { return s.w.Sim.Now().Format("2006-01-02T15:04:05Z") }

// shown are the attributes of the key that a saved plan shows as known.
func (s *story) shown(file string) []string {
	s.t.Helper()
	for _, change := range s.c.ShowJSON(file).ResourceChanges {
		if change.Address == storyKey {
			if change.Change.After == nil {
				return nil
			}
			after := flatten(change.Change.After)
			if len(after) == 0 {
				s.t.Fatal("the plan shows nothing of the key")
			}
			return after
		}
	}
	s.t.Fatalf("the plan has no %s", storyKey)
	return nil
}

// content is what the state file holds of the key, private state included. The serial itself says less: Terraform 1.11
// writes the list of sensitive attributes in an order that varies, and counts that as a change.
func (s *story) content() string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.c.Dir, "terraform.tfstate"))
	if err != nil {
		s.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type      string `json:"type"`
			Instances []struct {
				Attributes json.RawMessage `json:"attributes"`
				Private    string          `json:"private"`
			} `json:"instances"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type == "iamkeys_rotating_access_key" {
			return string(r.Instances[0].Attributes) + r.Instances[0].Private
		}
	}
	s.t.Fatal("the key is not in the state file")
	return ""
}

// flatten lists the leaves of attributes as "a.b = value", sorted. Null attributes are left out.
func flatten(v any) []string {
	var lines []string
	var walk func(string, any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			for key, element := range v {
				walk(strings.TrimPrefix(name+"."+key, "."), element)
			}
		case float64:
			lines = append(lines, name+" = "+strconv.FormatFloat(v, 'f', -1, 64))
		default:
			lines = append(lines, fmt.Sprintf("%s = %v", name, v))
		}
	}
	walk("", v)
	slices.Sort(lines)
	return lines
}

// currentID is the key that the state publishes.
func (s *story) currentID() string {
	s.t.Helper()
	return s.text("access_key_id")
}
