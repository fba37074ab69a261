package acctest

import (
	"encoding/json"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// overridesSummary is the CLI's warning that the provider is not an installed release.
const overridesSummary = "Provider development overrides are in effect"

// Diagnostic is an error or a warning as the CLI shows it.
type Diagnostic struct {
	// Severity is "error" or "warning".
	Severity string `json:"severity"`
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	// Address is the resource that it is about, if any.
	Address string `json:"address"`
}

// Plan plans. The exit code is 0 for an empty plan, 2 for one with changes, 1 for an error. Args are further flags.
func (c *CLI) Plan(args ...string) Result {
	c.t.Helper()
	return c.Run(append([]string{"plan", "-json", "-detailed-exitcode"}, args...)...)
}

// PlanOut is Plan, with the plan saved in a file of the working directory.
func (c *CLI) PlanOut(file string, args ...string) Result {
	c.t.Helper()
	return c.Plan(append([]string{"-out=" + file}, args...)...)
}

// Apply plans and applies. Args are further flags.
func (c *CLI) Apply(args ...string) Result {
	c.t.Helper()
	return c.Run(append([]string{"apply", "-json", "-auto-approve"}, args...)...)
}

// ApplyPlan applies a saved plan.
func (c *CLI) ApplyPlan(file string) Result {
	c.t.Helper()
	return c.Run("apply", "-json", file)
}

// Destroy plans and applies the destruction of everything. Args are further flags.
func (c *CLI) Destroy(args ...string) Result {
	c.t.Helper()
	return c.Run(append([]string{"destroy", "-json", "-auto-approve"}, args...)...)
}

// Diagnostics are those of the last command that ran, which was one with -json. The CLI's warning that the provider is
// not an installed release is left out.
func (c *CLI) Diagnostics() []Diagnostic {
	c.t.Helper()
	var all []Diagnostic
	for line := range strings.Lines(c.last.Stdout) {
		var message struct {
			Type       string     `json:"type"`
			Diagnostic Diagnostic `json:"diagnostic"`
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			c.t.Fatalf("acctest: the last command did not print JSON: %v\n%s", err, c.last.Stderr)
		}
		if message.Type == "diagnostic" && message.Diagnostic.Summary != overridesSummary {
			all = append(all, message.Diagnostic)
		}
	}
	return all
}

// Want fails the test unless the last command ended with this exit code. It then shows the diagnostics.
func (c *CLI) Want(code int) {
	c.t.Helper()
	if c.last.ExitCode == code {
		return
	}
	c.t.Errorf("exit code %d, want %d", c.last.ExitCode, code)
	for _, d := range c.Diagnostics() {
		c.t.Errorf("%s: %s\n%s", d.Severity, d.Summary, d.Detail)
	}
	c.t.FailNow()
}

// ShowJSON is a saved plan. Unlike the plan that people see, it holds sensitive values.
func (c *CLI) ShowJSON(file string) *tfjson.Plan {
	c.t.Helper()
	var plan tfjson.Plan
	c.show(&plan, file)
	return &plan
}

// State is the state of now. It holds sensitive values.
func (c *CLI) State() *tfjson.State {
	c.t.Helper()
	var state tfjson.State
	c.show(&state)
	return &state
}

func (c *CLI) show(into json.Unmarshaler, args ...string) {
	c.t.Helper()
	last := c.last
	shown := c.Run(append([]string{"show", "-json"}, args...)...)
	c.last = last
	if shown.ExitCode != 0 {
		c.t.Fatalf("acctest: show: exit code %d: %s", shown.ExitCode, shown.Stderr)
	}
	if err := into.UnmarshalJSON([]byte(shown.Stdout)); err != nil {
		c.t.Fatalf("acctest: show: %v", err)
	}
}
