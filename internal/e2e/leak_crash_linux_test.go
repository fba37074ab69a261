package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestLeak_crash ends the provider as a crash of Go's runtime does, with the stacks of all goroutines, while it proves a
// new key and so has its secret in memory. Terraform puts that text into its log.
func TestLeak_crash(t *testing.T) {
	t.Parallel()
	l := newLeakStory(t, ageEncryption(t))
	l.writeKey(unusedForADay(nil))
	l.applySaved("create k1")
	l.Advance("90d")

	arrived, resume := make(chan struct{}), make(chan struct{})
	l.Sim.OnCall(func(call iamsim.Call) {
		if _, consumer := call.Params["Consumer"]; call.Action == "GetCallerIdentity" && !consumer {
			l.Sim.OnCall(nil)
			close(arrived)
			<-resume
		}
	})
	p := l.CLI.Start("apply", "-auto-approve")
	<-arrived
	if err := signalProvider(p, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	crashed := p.Wait()
	close(resume)
	// Terraform has several sentences for it, by how far the provider's end had come; each names the call.
	if crashed.ExitCode != 1 || !strings.Contains(crashed.Stderr, "(*GRPCProvider).ApplyResourceChange") {
		t.Errorf("exit code %d, want 1, and the error of a provider that has gone", crashed.ExitCode)
	}
	l.wantLogged("SIGQUIT: quit", "iamgate.(*Gateway).WaitUsable(")
	l.WantChanges("create k2")
	l.WantKeys("k1 Active", "k2 Active")

	// The new key is an orphan: its secret went with the provider.
	l.writeKey(unusedForADay(acctest.Args{"unmanaged_keys": `"delete_unused"`}))
	l.command(0, "apply", "-auto-approve")
	l.command(0, "apply", "-auto-approve")
	l.WantKeys("k1 Active", "k3 Active")
	l.wantGivenKeys(2)
	l.Plan(0)
	l.wantNoLeaks()
}
