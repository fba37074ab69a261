package acctest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// age returns a configuration with the provider iamkeys and an output that grows by one a day.
func age(w *acctest.World) string {
	return w.ProviderConfig() + `
data "iamkeys_access_key_age" "app" {
  user = "app"
}
output "age" {
  value = data.iamkeys_access_key_age.app.age_days
}
`
}

func TestCLI_Cycle(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	key := w.Sim.CreateAccessKey("app")
	c := w.CLI(t)
	c.Write("main.tf", age(w)+consumer(key))

	c.Plan()
	c.Want(2)
	if got, want := w.CallList(), []string{"ListAccessKeys"}; !slices.Equal(got, want) {
		t.Errorf("calls of a plan: %q, want %q", got, want)
	}
	if got := w.Calls("ListAccessKeys", "GetUser"); got != 1 {
		t.Errorf("%d calls counted, want 1", got)
	}
	c.PlanOut("saved.tfplan")
	c.Want(2)
	plan := c.ShowJSON("saved.tfplan")
	if got := plan.ResourceChanges[0].Address; got != "iamkeystest_consumer.app" {
		t.Errorf("the plan changes %s", got)
	}
	w.ResetCalls()
	c.ApplyPlan("saved.tfplan")
	c.Want(0)
	if got := w.Calls(); got != 0 {
		t.Errorf("%d calls of the apply of a saved plan, want none but the consumer's", got)
	}
	if got := fmt.Sprint(c.State().Values.Outputs["age"].Value); got != "0" {
		t.Errorf("age in the state: %s, want 0", got)
	}
	if got := w.Journal(); len(got) != 1 || !got[0].NewWorked {
		t.Errorf("journal %+v, want one handover of a working key", got)
	}

	c.Plan()
	c.Want(0)
	w.Advance("1d")
	c.Plan()
	c.Want(2)
	c.Apply()
	c.Want(0)
	if got := fmt.Sprint(c.State().Values.Outputs["age"].Value); got != "1" {
		t.Errorf("age in the state: %s, want 1", got)
	}
	c.Destroy()
	c.Want(0)
	if state := c.State(); state.Values != nil {
		t.Error("the state is not empty after destroy")
	}
}

func TestCLI_Diagnostics(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := w.CLI(t)
	c.Write("main.tf", w.ProviderConfig()+`
data "iamkeys_access_key_age" "none" {}
check "fails" {
  assert {
    condition     = terraform_data.answer.output == 43
    error_message = "The answer is not 43."
  }
}
resource "terraform_data" "answer" {
  input = 42
}
`)
	if got := c.Plan().ExitCode; got != 1 {
		t.Errorf("exit code %d, want 1", got)
	}
	got := c.Diagnostics()
	if len(got) != 1 || got[0].Severity != "error" || got[0].Address != "data.iamkeys_access_key_age.none" {
		t.Errorf("diagnostics %+v, want one error about the data source", got)
	}
	if result := c.Run("validate"); result.ExitCode != 1 || !strings.Contains(result.Stderr, got[0].Summary) {
		t.Errorf("validate: exit code %d, stderr %q, want 1 and %q", result.ExitCode, result.Stderr, got[0].Summary)
	}

	c.Write("main.tf", `
resource "terraform_data" "answer" {
  input = 42
}
check "fails" {
  assert {
    condition     = terraform_data.answer.output == 43
    error_message = "The answer is not 43."
  }
}
`)
	c.Apply()
	c.Want(0)
	want := []acctest.Diagnostic{{Severity: "warning", Summary: "Check block assertion failed", Detail: "The answer is not 43."}}
	if got := c.Diagnostics(); !slices.Equal(got, want) {
		t.Errorf("diagnostics %+v, want %+v", got, want)
	}
}

// startBlocked starts a plan, and returns while the provider waits for the answer to its first call, which comes after resume.
func startBlocked(t *testing.T) (p *acctest.Process, resume func()) {
	t.Helper()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	c := w.CLI(t)
	c.Write("main.tf", age(w))
	arrived, resumed := make(chan struct{}), make(chan struct{})
	w.Sim.OnCall(func(iamsim.Call) {
		close(arrived)
		<-resumed
	})
	p = c.Start("plan", "-json")
	<-arrived
	return p, func() { close(resumed) }
}

func TestCLI_Interrupt(t *testing.T) {
	t.Parallel()
	p, resume := startBlocked(t)
	if err := p.Interrupt(); err != nil {
		t.Fatal(err)
	}
	// Not resumed before the command ends: with an answer the plan could succeed before the CLI handles the signal.
	if got := p.Wait().ExitCode; got != 1 {
		t.Errorf("exit code %d after an interrupt, want 1", got)
	}
	resume()
}

func TestCLI_Kill(t *testing.T) {
	t.Parallel()
	p, resume := startBlocked(t)
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if got := p.Wait().ExitCode; got != -1 {
		t.Errorf("exit code %d after a kill, want -1", got)
	}
	resume()
}
