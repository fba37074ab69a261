package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

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
	address := process.host + "/hashicorp/iamkeys"
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.T.Context()))
	attachment, closed, err := serveInProcess(ctx, address, providerserver.NewProtocol6(provider.New("test", provider.Options{Clock: storyClock{s}})()),
		tf6server.WithLoggingSink(loggingSink{s.T}))
	s.T.Cleanup(func() {
		cancel()
		if closed != nil {
			<-closed
		}
	})
	if err != nil {
		s.T.Fatalf("acctest: %v", err)
	}
	reattach := map[string]any{}
	if err := json.Unmarshal([]byte(cli.reattach), &reattach); err != nil {
		s.T.Fatalf("acctest: %v", err)
	}
	reattach[address] = attachment
	value, err := json.Marshal(reattach)
	if err != nil {
		s.T.Fatalf("acctest: %v", err)
	}
	cli.Setenv("TF_REATTACH_PROVIDERS", string(value))
}

// serveInProcess serves a provider under an address until ctx ends, and returns its entry in TF_REATTACH_PROVIDERS. The channel is
// closed after the server has stopped.
func serveInProcess(
	ctx context.Context, address string, newProvider func() tfprotov6.ProviderServer, opts ...tf6server.ServeOpt,
) (map[string]any, <-chan struct{}, error) {
	reattach, closed := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- tf6server.Serve(address, newProvider,
			append(opts, tf6server.WithDebug(ctx, reattach, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))...)
	}()

	var config *goplugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-served:
		return nil, nil, fmt.Errorf("serve %s: %w", address, err)
	}
	if config == nil {
		return nil, nil, errors.New("serve " + address + ": it did not start")
	}
	return map[string]any{
		"Protocol":        string(config.Protocol),
		"ProtocolVersion": config.ProtocolVersion,
		"Pid":             config.Pid,
		"Test":            config.Test,
		"Addr":            map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}, closed, nil
}
