package acctest

import (
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// Diagnostic is an error or a warning of the CLI or a provider.
type Diagnostic = tfcli.Diagnostic

// Plan runs plan. The exit code is 0 for an empty plan, 2 for one with changes, 1 for an error. Args are further flags.
func (c *CLI) Plan(args ...string) Result {
	c.t.Helper()
	return c.Run(append([]string{"plan", "-json", "-detailed-exitcode"}, args...)...)
}

// PlanOut runs Plan and saves the plan in a file of the working directory.
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

// Destroy destroys everything. Args are further flags.
func (c *CLI) Destroy(args ...string) Result {
	c.t.Helper()
	return c.Run(append([]string{"destroy", "-json", "-auto-approve"}, args...)...)
}

// Diagnostics returns those of the last command, which was one with -json, except the CLI's warning that the provider is not an
// installed release.
func (c *CLI) Diagnostics() []Diagnostic {
	c.t.Helper()
	report, err := c.last.Report()
	if err != nil {
		c.t.Fatalf("acctest: the last command: %v", err)
	}
	return report.Diagnostics
}

// Want fails the test unless the last command ended with this exit code. The failure shows the diagnostics.
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

// ShowJSON returns a saved plan. Unlike the plan that people see, it holds sensitive values.
func (c *CLI) ShowJSON(file string) *tfjson.Plan {
	c.t.Helper()
	plan, err := c.show(file).Plan()
	if err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	return plan
}

// State returns the current state. It holds sensitive values.
func (c *CLI) State() *tfjson.State {
	c.t.Helper()
	state, err := c.show().State()
	if err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	return state
}

// show runs show -json. The last command stays the one before it.
func (c *CLI) show(args ...string) Result {
	c.t.Helper()
	last := c.last
	defer func() { c.last = last }()
	return c.Run(append([]string{"show", "-json"}, args...)...)
}
