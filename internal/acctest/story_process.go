package acctest

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// storyClock is the clock of a provider that runs inside the test process.
type storyClock struct{ story *Story }

// Now returns the machine's time.
func (c storyClock) Now() time.Time { return clock.System().Now() }

// Sleep waits, or moves the clock of the simulator.
func (c storyClock) Sleep(ctx context.Context, d time.Duration) error {
	if c.story.skipWaits {
		return simClock{c.story.Sim}.Sleep(ctx, d)
	}
	return clock.System().Sleep(ctx, d)
}

// serveProvider serves the provider inside the test process until the test ends, and makes a CLI use it.
func (s *Story) serveProvider(cli *CLI) {
	s.T.Helper()
	cli.serveInProcess("iamkeys", providerserver.NewProtocol6(provider.New("test", provider.Options{Clock: storyClock{s}})()))
}
