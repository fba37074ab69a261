package acctest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// Unknown stands, in a map of planned values, for a value that is known only after the apply.
const Unknown = "(known after apply)"

// WantState checks attributes of the resource in the state, by names such as "previous.status". Nil is null.
func (s *Story) WantState(want map[string]any) {
	s.T.Helper()
	s.WantStateOf(KeyAddress, want)
}

// WantStateOf is WantState for a resource or data source without count and for_each.
func (s *Story) WantStateOf(address string, want map[string]any) {
	s.T.Helper()
	attributes := s.instance(address).Attributes
	if attributes == nil {
		s.T.Fatalf("%s is not in the state", address)
	}
	s.compare("state", want, func(name string) any { return Lookup(attributes, name) })
}

// WantPlanned checks attributes of the resource in the saved plan, as WantState does, and with the name "action" what the plan does.
func (s *Story) WantPlanned(want map[string]any) {
	s.T.Helper()
	for _, change := range s.CLI.ShowJSON(SavedPlan).ResourceChanges {
		if change.Address != KeyAddress || change.DeposedKey != "" {
			continue
		}
		s.compare("plan", want, func(name string) any {
			switch {
			case name == "action":
				return strings.Trim(fmt.Sprint(change.Change.Actions), "[]")
			case Lookup(change.Change.AfterUnknown, name) == true:
				return Unknown
			default:
				return Lookup(change.Change.After, name)
			}
		})
		return
	}
	s.T.Fatal("the plan does not name the resource")
}

func (s *Story) compare(where string, want map[string]any, value func(name string) any) {
	s.T.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, expected := s.Normalize(FormatValue(value(name))), s.Normalize(FormatValue(want[name])); got != expected {
			s.T.Errorf("%s in the %s: %s, want %s", name, where, got, expected)
		}
	}
	if s.T.Failed() {
		s.T.FailNow()
	}
}

// FormatValue formats a value that came from JSON, which turns numbers into float64.
func FormatValue(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// Lookup finds a value by a name such as "previous.status". A value that is no object stands for all attributes that it would
// have.
func Lookup(value any, name string) any {
	object, ok := value.(map[string]any)
	if !ok || name == "" {
		return value
	}
	first, rest, _ := strings.Cut(name, ".")
	return Lookup(object[first], rest)
}

// Value returns an attribute of the resource in the state, as text.
func (s *Story) Value(name string) string {
	s.T.Helper()
	return FormatValue(Lookup(s.Attributes(), name))
}

// Attributes returns those of the resource in the state file, or nil if the resource is not in the state.
func (s *Story) Attributes() map[string]any {
	s.T.Helper()
	return s.Instance().Attributes
}

// StateInstance is what the state file holds of a resource. The serial of the file says less: Terraform 1.11 writes the list of
// sensitive attributes in an order that varies, and counts that as a change.
type StateInstance struct {
	Status, Deposed, Private string
	Attributes               map[string]any
}

// Instance returns that of the resource, or an empty one if the resource is not in the state.
func (s *Story) Instance() StateInstance {
	s.T.Helper()
	return s.instance(KeyAddress)
}

func (s *Story) instance(address string) StateInstance {
	s.T.Helper()
	var state struct {
		Resources []struct {
			Mode, Type, Name string
			Instances        []StateInstance
		}
	}
	data, err := os.ReadFile(filepath.Join(s.CLI.Dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return StateInstance{}
	}
	if err != nil {
		s.T.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		s.T.Fatal(err)
	}
	for _, r := range state.Resources {
		found := r.Type + "." + r.Name
		if r.Mode == "data" {
			found = "data." + found
		}
		for _, instance := range r.Instances {
			if found != address || instance.Deposed != "" {
				continue
			}
			if instance.Status != "" {
				s.T.Errorf("%s is %s in the state", address, instance.Status)
			}
			return instance
		}
	}
	return StateInstance{}
}

// EditState sets attributes of the resource in the state file, by names such as "previous.created_at", as somebody does who edits a
// state by hand.
func (s *Story) EditState(values map[string]any) {
	s.T.Helper()
	name := filepath.Join(s.CLI.Dir, "terraform.tfstate")
	data, err := os.ReadFile(name)
	if err != nil {
		s.T.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var state map[string]any
	if err := decoder.Decode(&state); err != nil {
		s.T.Fatal(err)
	}
	resources, _ := state["resources"].([]any)
	for _, r := range resources {
		instances, _ := Lookup(r, "instances").([]any)
		if fmt.Sprintf("%v.%v", Lookup(r, "type"), Lookup(r, "name")) != KeyAddress || len(instances) == 0 {
			continue
		}
		for path, value := range values {
			path = "attributes." + path
			end := strings.LastIndex(path, ".")
			object, ok := Lookup(instances[0], path[:end]).(map[string]any)
			if !ok {
				s.T.Fatalf("the state has no %s", path)
			}
			object[path[end+1:]] = value
		}
	}
	if data, err = json.Marshal(state); err == nil {
		err = os.WriteFile(name, data, 0o600)
	}
	if err != nil {
		s.T.Fatal(err)
	}
}

// EmptyPlan is PlanEmpty for a step of terraform-plugin-testing.
var EmptyPlan = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// PlanChecks is WantPlanned for a step of terraform-plugin-testing.
func (s *Story) PlanChecks(
	action plancheck.ResourceActionType, want map[string]any, more ...plancheck.PlanCheck,
) resource.ConfigPlanChecks {
	checks := append([]plancheck.PlanCheck{plancheck.ExpectResourceAction(KeyAddress, action)}, more...)
	for name, value := range want {
		if value == Unknown {
			checks = append(checks, plancheck.ExpectUnknownValue(KeyAddress, AttributePath(name)))
			continue
		}
		checks = append(checks, plancheck.ExpectKnownValue(KeyAddress, AttributePath(name), expectedValue{s, value}))
	}
	return resource.ConfigPlanChecks{PreApply: checks}
}

// StateChecks is WantState for a step of terraform-plugin-testing.
func (s *Story) StateChecks(want map[string]any) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range want {
		checks = append(checks, statecheck.ExpectKnownValue(KeyAddress, AttributePath(name), expectedValue{s, value}))
	}
	return checks
}

// AttributePath is the path of a name such as "previous.status".
func AttributePath(name string) tfjsonpath.Path {
	first, rest, nested := strings.Cut(name, ".")
	at := tfjsonpath.New(first)
	if nested {
		at = at.AtMapKey(rest)
	}
	return at
}

// expectedValue is a value as WantState takes it.
type expectedValue struct {
	story *Story
	value any
}

// CheckValue reports as an error that got is not the expected value.
func (e expectedValue) CheckValue(got any) error {
	if text := e.story.Normalize(FormatValue(got)); text != e.String() {
		return fmt.Errorf("%s, want %s", text, e)
	}
	return nil
}

// String returns the expected value.
func (e expectedValue) String() string { return e.story.Normalize(FormatValue(e.value)) }
