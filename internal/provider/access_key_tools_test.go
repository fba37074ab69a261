package provider_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// wantApplied applies, without a diagnostic, and compares all attributes of a data source in the state. The next plan must be empty.
func wantApplied(t *testing.T, c *acctest.CLI, address string, want map[string]any) {
	t.Helper()
	c.Apply()
	c.Want(0)
	if got := c.Diagnostics(); len(got) != 0 {
		t.Errorf("diagnostics of the apply: %+v", got)
	}
	wantData(t, c, address, want)
	c.Plan()
	c.Want(0)
}

// wantData compares all attributes of a data source in the state.
func wantData(t *testing.T, c *acctest.CLI, address string, want map[string]any) {
	t.Helper()
	got, expected := toJSON(t, dataAttributes(t, c, address)), toJSON(t, want)
	if got != expected {
		t.Errorf("%s:\n got %s\nwant %s", address, got, expected)
	}
}

// dataAttributes returns the attributes of a data source in the state.
func dataAttributes(t *testing.T, c *acctest.CLI, address string) map[string]any {
	t.Helper()
	resources := c.State().Values.RootModule.Resources
	i := slices.IndexFunc(resources, func(r *tfjson.StateResource) bool { return r.Address == address })
	if i < 0 {
		t.Fatalf("%s is not in the state", address)
	}
	return resources[i].AttributeValues
}

func toJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// with returns the union of two maps.
func with(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// wantOneError checks that the last command ended with this error alone, whose detail has all of these parts.
func wantOneError(t *testing.T, c *acctest.CLI, address, summary string, parts ...string) {
	t.Helper()
	wantOneDiagnostic(t, c, "error", address, summary, parts...)
}

// wantOneWarning checks that the last command had this warning alone, whose detail has all of these parts.
func wantOneWarning(t *testing.T, c *acctest.CLI, address, summary string, parts ...string) {
	t.Helper()
	wantOneDiagnostic(t, c, "warning", address, summary, parts...)
}

func wantOneDiagnostic(t *testing.T, c *acctest.CLI, severity, address, summary string, parts ...string) {
	t.Helper()
	got := c.Diagnostics()
	if len(got) != 1 || got[0].Severity != severity || got[0].Address != address || got[0].Summary != summary {
		t.Fatalf("diagnostics %+v\nwant one %s %q about %s", got, severity, summary, address)
	}
	// Lines are folded by the CLI where they are long.
	detail := regexp.MustCompile(`\s+`).ReplaceAllString(got[0].Detail, " ")
	for _, part := range parts {
		if !strings.Contains(detail, part) {
			t.Errorf("detail %q lacks %q", got[0].Detail, part)
		}
	}
}
