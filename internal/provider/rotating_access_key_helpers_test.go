package provider_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// keyAddress is the resource that keyHCL configures.
const keyAddress = "iamkeys_rotating_access_key.test"

// keyArgs are arguments of an iamkeys_rotating_access_key, as HCL expressions by name. That of lifecycle is a block.
type keyArgs map[string]string

// byAge are the arguments of a key of the user ci that is rotated after 90 days, with the default durations.
func byAge(more keyArgs) keyArgs {
	return keyArgs{"user": `"ci"`, "rotate_after": `"90d"`}.with(more)
}

// with returns the arguments with those of more in their place. An empty expression leaves an argument out.
func (a keyArgs) with(more keyArgs) keyArgs {
	merged := maps.Clone(a)
	maps.Copy(merged, more)
	maps.DeleteFunc(merged, func(_, expression string) bool { return expression == "" })
	return merged
}

// keyHCL is a configuration of the resource keyAddress, in a World's provider. More is added as it is.
func keyHCL(w *acctest.World, args keyArgs, more ...string) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		equals := "="
		if name == "lifecycle" {
			equals = ""
		}
		lines = append(lines, fmt.Sprintf("  %s %s %s", name, equals, args[name]))
	}
	return w.ProviderConfig() + "\nresource \"iamkeys_rotating_access_key\" \"test\" {\n" + strings.Join(lines, "\n") + "\n}\n" + strings.Join(more, "\n")
}

// consumerHCL is a dependant of keyAddress.
const consumerHCL = `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.secret_access_key
}
`

// unknown stands, in a map of planned values, for one that is known after apply only.
type unknown struct{}

// valueCheck is a check of a value in a map of expected ones: nil is null, a function is called when the check runs.
func valueCheck(value any) knownvalue.Check {
	switch value := value.(type) {
	case nil:
		return knownvalue.Null()
	case bool:
		return knownvalue.Bool(value)
	case int:
		return knownvalue.Int64Exact(int64(value))
	case func() string:
		return lazyString(value)
	default:
		return knownvalue.StringExact(fmt.Sprint(value))
	}
}

// lazyString is a string that is not known before the check runs, such as the id of a key.
type lazyString func() string

// CheckValue implements knownvalue.Check. Its error does not hold the values: they may be secrets.
func (s lazyString) CheckValue(got any) error {
	if got != s() {
		return fmt.Errorf("the value is not the one that the simulator has")
	}
	return nil
}

// String implements knownvalue.Check.
func (s lazyString) String() string { return "the value that the simulator has" }

// attributePath is the path of a name such as "previous.status".
func attributePath(name string) tfjsonpath.Path {
	first, rest, nested := strings.Cut(name, ".")
	at := tfjsonpath.New(first)
	if nested {
		at = at.AtMapKey(rest)
	}
	return at
}

// stateValues checks attributes of keyAddress in the state.
func stateValues(want map[string]any) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range want {
		checks = append(checks, statecheck.ExpectKnownValue(keyAddress, attributePath(name), valueCheck(value)))
	}
	return checks
}

// planValues checks attributes of keyAddress in a plan that is not empty.
func planValues(action plancheck.ResourceActionType, want map[string]any) []plancheck.PlanCheck {
	checks := []plancheck.PlanCheck{plancheck.ExpectResourceAction(keyAddress, action)}
	for name, value := range want {
		if _, ok := value.(unknown); ok {
			checks = append(checks, plancheck.ExpectUnknownValue(keyAddress, attributePath(name)))
			continue
		}
		checks = append(checks, plancheck.ExpectKnownValue(keyAddress, attributePath(name), valueCheck(value)))
	}
	return checks
}

// life tells what the provider, as users run it, does with the keys of the user ci while time goes by. In its texts a
// key has a short name instead of its id: k1, k2 and so on for those that the provider made, in their order.
type life struct {
	*acctest.World
	t     *testing.T
	cli   *acctest.CLI
	names map[string]string
	made  int
	// consumed tells that the configuration has a consumer.
	consumed bool
}

// newLife starts a simulator with the user ci.
func newLife(t *testing.T, opts ...iamsim.Options) *life {
	t.Helper()
	w := acctest.New(t, opts...)
	w.Sim.CreateUser("ci")
	return &life{World: w, t: t, cli: w.CLI(t), names: map[string]string{}}
}

// write configures the resource.
func (s *life) write(args keyArgs, more ...string) {
	s.t.Helper()
	s.cli.Write("main.tf", keyHCL(s.World, args, more...))
	s.consumed = strings.Contains(strings.Join(more, ""), "iamkeystest_consumer")
}

// foreign makes a key out of band and gives it a name.
func (s *life) foreign(name string) string {
	id := s.Sim.CreateAccessKey("ci").AccessKeyID
	s.names[id] = name
	return id
}

// id is the id of the key with a short name.
func (s *life) id(name string) string {
	s.t.Helper()
	s.learn()
	for id, known := range s.names {
		if known == name {
			return id
		}
	}
	s.t.Fatalf("there was no key %s", name)
	return ""
}

// use sets the last use of a key to now, by S3 in eu-west-1.
func (s *life) use(name string) {
	s.t.Helper()
	s.Sim.SetLastUsed(s.id(name), s.Sim.Now(), "s3", "eu-west-1")
}

// unused makes a key never used.
func (s *life) unused(name string) {
	s.t.Helper()
	s.Sim.SetLastUsed(s.id(name), time.Time{}, "", "")
}

// learn names the keys that the provider made since the last time.
func (s *life) learn() {
	for _, call := range s.Sim.Log() {
		if call.Action == "CreateAccessKey" && call.KeyID != "" && s.names[call.KeyID] == "" {
			s.made++
			s.names[call.KeyID] = fmt.Sprintf("k%d", s.made)
		}
	}
}

// text is a text with short names for ids, and single spaces: the CLI folds long lines.
func (s *life) text(in string) string {
	s.learn()
	for id, name := range s.names {
		in = strings.ReplaceAll(in, id, name)
	}
	return strings.TrimSpace(regexp.MustCompile(`\s+`).ReplaceAllString(in, " "))
}

// plan plans and keeps the plan for apply. It checks the exit code and the summaries of all warnings, and that no plan
// changes anything in IAM.
func (s *life) plan(code int, warnings ...string) {
	s.t.Helper()
	before := len(s.mutations())
	s.finish(s.cli.PlanOut("saved.tfplan"), code)
	s.wantWarnings(warnings)
	if after := s.mutations(); len(after) != before {
		s.t.Fatalf("a plan changed something: %q", after[before:])
	}
}

// apply applies the plan that was made last, and checks the summaries of all warnings.
func (s *life) apply(warnings ...string) {
	s.t.Helper()
	s.finish(s.cli.ApplyPlan("saved.tfplan"), 0)
	s.wantWarnings(warnings)
}

// applyFails applies the plan that was made last, and checks the error that it ends with.
func (s *life) applyFails(summary string, parts ...string) {
	s.t.Helper()
	s.finish(s.cli.ApplyPlan("saved.tfplan"), 1)
	s.wantError(summary, parts)
}

// planFails plans and checks the error.
func (s *life) planFails(summary string, parts ...string) {
	s.t.Helper()
	s.finish(s.cli.Plan(), 1)
	s.wantError(summary, parts)
	s.did()
}

// steady checks that there is nothing to do, and that the summaries of all warnings are these.
func (s *life) steady(warnings ...string) {
	s.t.Helper()
	s.plan(0, warnings...)
	s.did()
}

// step checks that a plan has changes and that its apply does these things in IAM, in this order, and that there is
// nothing more to do then. Nobody is warned.
func (s *life) step(did ...string) {
	s.t.Helper()
	s.plan(2)
	s.did()
	s.apply()
	s.did(did...)
	s.steady()
}

// refresh plans and applies what changes nothing in IAM, so that the state tells what a plan sees.
func (s *life) refresh() {
	s.t.Helper()
	s.finish(s.cli.Apply(), 0)
	s.did()
}

// finish checks what is true after every command: its exit code, no secret in what it printed, and consumers whose keys
// work.
func (s *life) finish(result acctest.Result, code int) {
	s.t.Helper()
	for _, issued := range append(s.Sim.IssuedSecrets(), s.Sim.Root().Secret) {
		if strings.Contains(result.Stdout+result.Stderr, issued.Reveal()) {
			s.t.Fatal("the command printed a secret")
		}
	}
	s.cli.Want(code)
	if s.consumed && len(s.Journal()) > 0 {
		if err := s.CheckConsumers(nil); err != nil {
			s.t.Fatal(s.text(err.Error()))
		}
	}
}

func (s *life) wantWarnings(want []string) {
	s.t.Helper()
	var got []string
	for _, d := range s.cli.Diagnostics() {
		if summary := s.text(d.Summary); d.Severity == "warning" && !slices.Contains(got, summary) {
			got = append(got, summary)
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		s.t.Fatalf("warnings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// detail is the detail of the last command's diagnostic with this summary.
func (s *life) detail(summary string) string {
	s.t.Helper()
	for _, d := range s.cli.Diagnostics() {
		if s.text(d.Summary) == summary {
			return s.text(d.Detail)
		}
	}
	s.t.Fatalf("no diagnostic %q", summary)
	return ""
}

func (s *life) wantError(summary string, parts []string) {
	s.t.Helper()
	var errs []acctest.Diagnostic
	for _, d := range s.cli.Diagnostics() {
		if d.Severity == "error" {
			errs = append(errs, d)
		}
	}
	if len(errs) != 1 || s.text(errs[0].Summary) != summary {
		s.t.Fatalf("errors %s\nwant one: %s", s.text(fmt.Sprintf("%+v", errs)), summary)
	}
	for _, part := range parts {
		if detail := s.text(errs[0].Detail); !strings.Contains(detail, part) {
			s.t.Errorf("detail %q lacks %q", detail, part)
		}
	}
}

// mutations are the calls since did that were to change something.
func (s *life) mutations() []string {
	var done []string
	for _, call := range s.Sim.Log() {
		var what string
		switch call.Action {
		case "ListAccessKeys", "GetAccessKeyLastUsed", "GetUser", "GetCallerIdentity":
			continue
		case "CreateAccessKey":
			what = "create"
		case "DeleteAccessKey":
			what = "delete"
		case "UpdateAccessKey":
			what = map[string]string{"Active": "activate", "Inactive": "deactivate"}[call.Params["Status"]]
		default:
			what = call.Action
		}
		done = append(done, strings.TrimSuffix(strings.TrimSpace(what+" "+s.text(call.KeyID)+": "+call.Code), ":"))
	}
	return done
}

// did checks the calls since the last time that were to change something, such as "deactivate k1".
func (s *life) did(want ...string) {
	s.t.Helper()
	if got := s.mutations(); !slices.Equal(got, want) {
		s.t.Fatalf("did %q, want %q", got, want)
	}
	s.learn()
	s.ResetCalls()
}

// keys checks the keys of ci, oldest first, such as "k1 Active".
func (s *life) keys(want ...string) {
	s.t.Helper()
	var got []string
	for _, key := range s.Sim.Keys("ci") {
		got = append(got, s.text(key.ID)+" "+key.Status)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("keys %q, want %q", got, want)
	}
}

// state checks attributes of the resource in the state file. Nil is null.
func (s *life) state(want map[string]any) {
	s.t.Helper()
	s.compare("state", s.attributes(), nil, want)
}

// planned checks attributes of the resource in the plan that was made last.
func (s *life) planned(want map[string]any) {
	s.t.Helper()
	for _, change := range s.cli.ShowJSON("saved.tfplan").ResourceChanges {
		if change.Address == keyAddress {
			after, _ := change.Change.After.(map[string]any)
			unknowns, _ := change.Change.AfterUnknown.(map[string]any)
			s.compare("plan", after, unknowns, want)
			return
		}
	}
	s.t.Fatal("the plan does not name the resource")
}

func (s *life) compare(where string, values, unknowns, want map[string]any) {
	s.t.Helper()
	for name, value := range want {
		got, expected := s.text(show(dig(values, name))), s.text(show(value))
		if dig(unknowns, name) == true {
			got = fmt.Sprint(unknown{})
		}
		if got != expected {
			s.t.Errorf("%s in the %s: %s, want %s", name, where, got, expected)
		}
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// show prints a value. JSON has made a number a float64.
func show(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// String implements fmt.Stringer.
func (unknown) String() string { return "(known after apply)" }

// dig finds a value by a name such as "previous.status"; nil where there is none.
func dig(values map[string]any, name string) any {
	first, rest, nested := strings.Cut(name, ".")
	if !nested {
		return values[first]
	}
	inner, _ := values[first].(map[string]any)
	return dig(inner, rest)
}

// attributes are those of the resource in the state file; nil where it is not in the state.
func (s *life) attributes() map[string]any {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.cli.Dir, "terraform.tfstate"))
	if err != nil {
		s.t.Fatal(err)
	}
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []struct{ Attributes map[string]any }
		}
	}
	if err := json.Unmarshal(data, &state); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range state.Resources {
		if r.Type+"."+r.Name == keyAddress {
			return r.Instances[0].Attributes
		}
	}
	return nil
}
