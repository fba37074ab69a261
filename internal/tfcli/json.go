package tfcli

import (
	"encoding/json"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// overridesSummary is the summary of the CLI's warning that the provider is not an installed release.
const overridesSummary = "Provider development overrides are in effect"

// Diagnostic is an error or a warning of the CLI or a provider.
type Diagnostic struct {
	// Severity is "error" or "warning".
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	// Address is that of the resource concerned, if any.
	Address string `json:"address"`
}

// Report is the output of plan, apply or destroy with -json.
type Report struct {
	// Changes is the line that counts the changes, such as "Plan: 1 to add, 0 to change, 0 to destroy."
	Changes string
	// Diagnostics lacks the warning that the provider is not an installed release.
	Diagnostics []Diagnostic
	// Outputs has the value of each output, as JSON; after an apply.
	Outputs map[string]json.RawMessage
}

// Report decodes the output of plan, apply or destroy with -json:
// https://developer.hashicorp.com/terraform/internals/machine-readable-ui
func (r Result) Report() (Report, error) {
	report := Report{Outputs: map[string]json.RawMessage{}}
	for line := range strings.Lines(r.Stdout) {
		var message struct {
			Type       string     `json:"type"`
			Message    string     `json:"@message"`
			Diagnostic Diagnostic `json:"diagnostic"`
			Outputs    map[string]struct {
				Value json.RawMessage `json:"value"`
			} `json:"outputs"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			return Report{}, fmt.Errorf("exit code %d, and the output is not JSON: %w\n%s", r.ExitCode, err, r.Stderr)
		}
		switch message.Type {
		case "change_summary":
			report.Changes = message.Message
		case "diagnostic":
			if message.Diagnostic.Summary != overridesSummary {
				report.Diagnostics = append(report.Diagnostics, message.Diagnostic)
			}
		case "outputs":
			for name, output := range message.Outputs {
				report.Outputs[name] = output.Value
			}
		}
	}
	return report, nil
}

// Plan decodes the output of show -json with a saved plan. It holds sensitive values.
func (r Result) Plan() (*tfjson.Plan, error) {
	var plan tfjson.Plan
	return &plan, r.decodeShow(&plan)
}

// State decodes the output of show -json. It holds sensitive values.
func (r Result) State() (*tfjson.State, error) {
	var state tfjson.State
	return &state, r.decodeShow(&state)
}

func (r Result) decodeShow(into json.Unmarshaler) error {
	if r.ExitCode != 0 {
		return fmt.Errorf("show: exit code %d: %s", r.ExitCode, r.Stderr)
	}
	if err := into.UnmarshalJSON([]byte(r.Stdout)); err != nil {
		return fmt.Errorf("show: %w", err)
	}
	return nil
}
