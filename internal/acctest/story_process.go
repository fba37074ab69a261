package acctest

import (
	"context"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// providerName is the type of the provider.
const providerName = "iamkeys"

// storyClock is the Clock that a Story has at the time of the call.
type storyClock struct{ story *Story }

// Now returns the time.
func (c storyClock) Now() time.Time { return c.story.Clock.Now() }

// Sleep waits, unless the Clock does something else.
func (c storyClock) Sleep(ctx context.Context, d time.Duration) error {
	return c.story.Clock.Sleep(ctx, d)
}

// serveProvider serves the provider inside the test process until the test ends, and makes a CLI use it.
func (s *Story) serveProvider(cli *CLI) {
	s.T.Helper()
	cli.serveInProcess(providerName, providerserver.NewProtocol6(provider.New("test", provider.Options{Clock: storyClock{s}})()))
}

// StartBinary starts a command with the provider as the binary that users get, also if that of the Story runs inside the test process.
func (s *Story) StartBinary(args ...string) *Process {
	s.T.Helper()
	others := maps.Clone(s.CLI.inProcess)
	delete(others, providerAddress(process.cli.Host, providerName))
	s.CLI.reattach(others)
	defer s.CLI.reattach(s.CLI.inProcess)
	return s.CLI.Start(args...)
}
