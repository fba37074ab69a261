package acctest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// Start is the time of a World at first, unless its options set another.
var Start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// World is the simulator of one test, its consumers, and what the test needs to use both.
type World struct {
	// Sim is the simulator.
	Sim *iamsim.Server

	// mu guards the fields below.
	mu      sync.Mutex
	journal []Handover
	// held has the key that each consumer holds, by the consumer's id.
	held map[string]credentials
	// serial is the number in the id of the newest consumer.
	serial int
}

// New starts a simulator that runs until the test or benchmark ends, with opts, at most one, or else those of Main. Its clock
// stands still at Start unless they set another. New fails the test if there is no Terraform CLI, or if TestMain does not call Main.
func New(tb testing.TB, opts ...iamsim.Options) *World {
	tb.Helper()
	switch {
	case process.dir == "":
		tb.Fatal("acctest: the TestMain of this package must call acctest.Main")
	case process.cliErr != nil:
		tb.Fatalf("acctest: %v", process.cliErr)
	case len(opts) > 1:
		tb.Fatal("acctest: New takes one set of options")
	}
	options := process.options
	if len(opts) == 1 {
		options = opts[0]
	}
	if options.Start.IsZero() && !options.Running {
		options.Start = Start
	}
	sim, err := iamsim.Start(options)
	if err != nil {
		tb.Fatalf("acctest: %v", err)
	}
	tb.Cleanup(func() {
		if err := sim.Close(); err != nil {
			tb.Errorf("acctest: close the simulator: %v", err)
		}
	})
	return &World{Sim: sim, held: map[string]credentials{}}
}

// ProviderConfig returns the HCL of a provider block with the simulator's endpoint and its administrator's credentials.
func (w *World) ProviderConfig() string { return w.ProviderConfigAs(w.Sim.Root(), "") }

// ProviderConfigAs returns the HCL of a provider block with the simulator's endpoint and creds, their secret included. The
// lines of extra are added to the block.
func (w *World) ProviderConfigAs(creds iamsim.Credentials, extra string) string {
	return fmt.Sprintf(`
provider "iamkeys" {
  region     = "us-east-1"
  access_key = %[1]q
  secret_key = %[2]q
  endpoints {
    iam        = %[3]q
    kms        = %[3]q
    sts        = %[3]q
    cloudtrail = %[3]q
  }
  %[4]s
}
`, creds.AccessKeyID, creds.Secret.Reveal(), w.Sim.URL(), extra)
}

// Factories returns the providers iamkeys and iamkeystest, which run inside the test process. The first uses the machine's
// clock, as in production, but moves the simulator's clock instead of waiting.
func (w *World) Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"iamkeys":     providerserver.NewProtocol6WithError(provider.New("test", provider.Options{Clock: simClock{w.Sim}})()),
		"iamkeystest": providerserver.NewProtocol6WithError(&consumerProvider{world: w}),
	}
}

// Test runs steps of terraform-plugin-testing with the providers of Factories. It needs no TF_ACC.
func (w *World) Test(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	resource.UnitTest(t, resource.TestCase{ProtoV6ProviderFactories: w.Factories(), Steps: steps})
}

// Calls counts the calls to the simulator since ResetCalls: those of the given actions, such as "ListAccessKeys", or all. Calls
// of consumers do not count.
func (w *World) Calls(actions ...string) int {
	n := 0
	for _, action := range w.CallList() {
		if len(actions) == 0 || slices.Contains(actions, action) {
			n++
		}
	}
	return n
}

// CallList returns the actions of the calls that Calls counts, in order of arrival.
func (w *World) CallList() []string {
	var actions []string
	for _, call := range w.Sim.Log() {
		if _, marked := call.Params[consumerMark]; !marked {
			actions = append(actions, call.Action)
		}
	}
	return actions
}

// ResetCalls empties the log of calls.
func (w *World) ResetCalls() { w.Sim.ResetLog() }

// simClock reads the machine's clock, and moves the simulator's clock instead of waiting.
type simClock struct{ sim *iamsim.Server }

var _ clock.Clock = simClock{}

func (c simClock) Now() time.Time { return clock.System().Now() }

func (c simClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.sim.Advance(d)
	return nil
}
