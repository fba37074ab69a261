package provider_test

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

// unknown stands, in a map of planned values, for one that is known after apply only.
const unknown = "(known after apply)"

// state checks attributes of the resource in the state. Nil is null.
func (s *story) state(want map[string]any) {
	s.t.Helper()
	attributes := s.attributes()
	if attributes == nil {
		s.t.Fatal("the resource is not in the state")
	}
	s.compare("state", want, func(name string) any { return dig(attributes, name) })
}

// planned checks attributes of the resource in the plan that was made last, and with the name "action" what the plan does.
func (s *story) planned(want map[string]any) {
	s.t.Helper()
	for _, change := range s.cli.ShowJSON(savedPlan).ResourceChanges {
		if change.Address != keyAddress || change.DeposedKey != "" {
			continue
		}
		s.compare("plan", want, func(name string) any {
			switch {
			case name == "action":
				return strings.Trim(fmt.Sprint(change.Change.Actions), "[]")
			case dig(change.Change.AfterUnknown, name) == true:
				return unknown
			default:
				return dig(change.Change.After, name)
			}
		})
		return
	}
	s.t.Fatal("the plan does not name the resource")
}

func (s *story) compare(where string, want map[string]any, value func(name string) any) {
	s.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got, expected := s.text(show(value(name))), s.text(show(want[name])); got != expected {
			s.t.Errorf("%s in the %s: %s, want %s", name, where, got, expected)
		}
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// show prints a value. JSON may have made a number a float64.
func show(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// dig finds a value by a name such as "previous.status". What is no object stands for all that would be in it.
func dig(value any, name string) any {
	object, ok := value.(map[string]any)
	if !ok || name == "" {
		return value
	}
	first, rest, _ := strings.Cut(name, ".")
	return dig(object[first], rest)
}

// value is an attribute of the resource in the state, as text.
func (s *story) value(name string) string {
	s.t.Helper()
	return show(dig(s.attributes(), name))
}

// attributes are those of the resource in the state file; nil where it is not in the state.
func (s *story) attributes() map[string]any {
	s.t.Helper()
	return s.instance().Attributes
}

// stateInstance is what the state file holds of a resource. The file's serial says less: Terraform 1.11 writes the list of
// sensitive attributes in an order that varies, and counts that as a change.
type stateInstance struct {
	Status, Deposed, Private string
	Attributes               map[string]any
}

// instance is that of the resource, or an empty one where it is not in the state.
func (s *story) instance() stateInstance {
	s.t.Helper()
	var state struct {
		Resources []struct {
			Type, Name string
			Instances  []stateInstance
		}
	}
	data, err := os.ReadFile(filepath.Join(s.cli.Dir, "terraform.tfstate"))
	if errors.Is(err, os.ErrNotExist) {
		return stateInstance{}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&state); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range state.Resources {
		for _, instance := range r.Instances {
			if r.Type+"."+r.Name != keyAddress || instance.Deposed != "" {
				continue
			}
			if instance.Status != "" {
				s.t.Errorf("the resource is %s in the state", instance.Status)
			}
			return instance
		}
	}
	return stateInstance{}
}

// emptyPlan, planValues and stateValues are what steady, planned and state are, for steps of terraform-plugin-testing.
var emptyPlan = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

func (s *story) planValues(action plancheck.ResourceActionType, want map[string]any, more ...plancheck.PlanCheck) resource.ConfigPlanChecks {
	checks := append([]plancheck.PlanCheck{plancheck.ExpectResourceAction(keyAddress, action)}, more...)
	for name, value := range want {
		if value == unknown {
			checks = append(checks, plancheck.ExpectUnknownValue(keyAddress, attributePath(name)))
			continue
		}
		checks = append(checks, plancheck.ExpectKnownValue(keyAddress, attributePath(name), expected{s, value}))
	}
	return resource.ConfigPlanChecks{PreApply: checks}
}

func (s *story) stateValues(want map[string]any) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range want {
		checks = append(checks, statecheck.ExpectKnownValue(keyAddress, attributePath(name), expected{s, value}))
	}
	return checks
}

// attributePath is the path of a name such as "previous.status".
func attributePath(name string) tfjsonpath.Path {
	first, rest, nested := strings.Cut(name, ".")
	at := tfjsonpath.New(first)
	if nested {
		at = at.AtMapKey(rest)
	}
	return at
}

// expected is a value as state and planned take it.
type expected struct {
	story *story
	value any
}

// CheckValue implements knownvalue.Check.
func (e expected) CheckValue(got any) error {
	if text := e.story.text(show(got)); text != e.String() {
		return fmt.Errorf("%s, want %s", text, e)
	}
	return nil
}

// String implements knownvalue.Check.
func (e expected) String() string { return e.story.text(show(e.value)) }
