package tfcli

import (
	"reflect"
	"strings"
	"testing"
)

func TestResult_Report(t *testing.T) {
	t.Parallel()
	const (
		version   = `{"@level":"info","@message":"Terraform 1.11.4","type":"version"}` + "\n"
		overrides = `{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"` +
			`Provider development overrides are in effect","detail":"..."}}` + "\n"
		changes = `{"@message":"Plan: 1 to add, 0 to change, 0 to destroy.","type":"change_summary","changes":{"add":1}}` + "\n"
		applied = `{"@message":"Apply complete!","type":"change_summary"}` + "\n"
		warning = `{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Old","detail":"It is old."}}` + "\n"
		failure = `{"type":"diagnostic","diagnostic":{"severity":"error","summary":"Bad","detail":"It is bad.","address":"a.b"}}` + "\n"
		outputs = `{"type":"outputs","outputs":{"id":{"sensitive":false,"type":"string","value":"x"},"n":{"value":[1]}}}` + "\n"
	)
	for _, tc := range []struct {
		name, stdout, changes string
		diagnostics           []Diagnostic
		outputs               map[string]string
	}{
		{name: "nothing"},
		{name: "no changes", stdout: version + overrides},
		{
			name: "plan", stdout: version + overrides + warning + changes, changes: "Plan: 1 to add, 0 to change, 0 to destroy.",
			diagnostics: []Diagnostic{{Severity: "warning", Summary: "Old", Detail: "It is old."}},
		},
		{
			name: "apply", stdout: changes + applied + outputs, changes: "Apply complete!",
			outputs: map[string]string{"id": `"x"`, "n": "[1]"},
		},
		{
			name: "error", stdout: warning + strings.TrimSuffix(failure, "\n"),
			diagnostics: []Diagnostic{
				{Severity: "warning", Summary: "Old", Detail: "It is old."},
				{Severity: "error", Summary: "Bad", Detail: "It is bad.", Address: "a.b"},
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := Result{Stdout: tc.stdout}.Report()
			if err != nil {
				t.Fatal(err)
			}
			if got.Changes != tc.changes || !reflect.DeepEqual(got.Diagnostics, tc.diagnostics) {
				t.Errorf("got %+v, want changes %q and diagnostics %+v", got, tc.changes, tc.diagnostics)
			}
			outputs := map[string]string{}
			for name, value := range got.Outputs {
				outputs[name] = string(value)
			}
			if tc.outputs == nil {
				tc.outputs = map[string]string{}
			}
			if !reflect.DeepEqual(outputs, tc.outputs) {
				t.Errorf("outputs %v, want %v", outputs, tc.outputs)
			}
		})
	}
}

// TestResult_Report_notJSON checks that the error has the exit code and what the CLI wrote about it, and not its output.
func TestResult_Report_notJSON(t *testing.T) {
	t.Parallel()
	_, err := Result{ExitCode: 1, Stdout: "hidden output", Stderr: "unknown flag"}.Report()
	if err == nil || !strings.Contains(err.Error(), "exit code 1, and the output is not JSON") ||
		!strings.Contains(err.Error(), "unknown flag") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("error %v", err)
	}
}

func TestResult_Plan(t *testing.T) {
	t.Parallel()
	plan, err := Result{Stdout: `{"format_version":"1.2","resource_changes":[{"address":"a.b"}]}`}.Plan()
	if err != nil || len(plan.ResourceChanges) != 1 || plan.ResourceChanges[0].Address != "a.b" {
		t.Errorf("plan %+v, error %v", plan, err)
	}
}

func TestResult_State(t *testing.T) {
	t.Parallel()
	state, err := Result{Stdout: `{"format_version":"1.0","values":{"outputs":{"n":{"value":"x"}}}}`}.State()
	if err != nil || state.Values.Outputs["n"].Value != "x" {
		t.Errorf("state %+v, error %v", state, err)
	}
	for stderr, result := range map[string]Result{
		"show: exit code 1: no file": {ExitCode: 1, Stderr: "no file"},
		"show: ":                     {Stdout: "no JSON"},
	} {
		if _, err := result.State(); err == nil || !strings.HasPrefix(err.Error(), stderr) {
			t.Errorf("error %v, want one with %q", err, stderr)
		}
	}
}
