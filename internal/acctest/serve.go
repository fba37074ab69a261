package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// NewForProgram returns a World for a program that is not a test and has started sim. Only Serve, Journal and VerifyConsumerKeys
// may be used: the rest needs Main.
func NewForProgram(sim *iamsim.Server) *World {
	return &World{Sim: sim, held: map[string]credentials{}}
}

// Serve serves the provider iamkeystest until ctx ends, to a CLI with this registry host, and returns the value of
// TF_REATTACH_PROVIDERS that leads to it. The variables TF_LOG* apply to the plugin libraries.
func (w *World) Serve(ctx context.Context, host string) (reattach string, err error) {
	address := providerAddress(host, "iamkeystest")
	config, _, err := serve(ctx, address, w.consumerServer())
	if err != nil {
		return "", err
	}
	value, err := json.Marshal(map[string]any{address: config})
	return string(value), err
}

// VerifyConsumerKeys signs a request with the key of each consumer. The error names the key that was refused, or says that there
// is no consumer.
func (w *World) VerifyConsumerKeys(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return errNoConsumer
	}
	for id, held := range w.held {
		works, err := w.keyWorks(ctx, held)
		if err == nil && !works {
			err = fmt.Errorf("consumer %s holds key %s, which does not work", id, held.accessKeyID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *World) consumerServer() func() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(&consumerProvider{world: w})
}

// serveInProcess serves a provider inside the test process until the test ends. Later commands use it.
func (c *CLI) serveInProcess(name string, newServer func() tfprotov6.ProviderServer) {
	c.t.Helper()
	// The server must outlive the context of the test, whose end only interrupts commands.
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.t.Context()))
	address := providerAddress(process.cli.Host, name)
	config, closed, err := serve(ctx, address, newServer, tf6server.WithLoggingSink(loggingSink{c.t}))
	c.t.Cleanup(func() {
		cancel()
		if closed != nil {
			<-closed
		}
	})
	if err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	c.inProcess[address] = config
	c.reattach(c.inProcess)
}

// reattach makes later commands use these providers of the test process, by address.
func (c *CLI) reattach(providers map[string]any) {
	c.t.Helper()
	value, err := json.Marshal(providers)
	if err != nil {
		c.t.Fatalf("acctest: %v", err)
	}
	c.Setenv("TF_REATTACH_PROVIDERS", string(value))
}

// providerAddress returns the address of a provider whose source no configuration declares.
func providerAddress(host, name string) string { return host + "/hashicorp/" + name }

// loggingSink adapts a test or benchmark to the plugin server, which asks for the methods of *testing.T.
type loggingSink struct{ testing.TB }

// Parallel completes the interface of a logging sink. The plugin server does not call it.
func (loggingSink) Parallel() {}

// serve serves a provider under an address until ctx ends, and returns its entry in TF_REATTACH_PROVIDERS. The channel is closed
// after the server has stopped.
func serve(
	ctx context.Context, address string, newServer func() tfprotov6.ProviderServer, opts ...tf6server.ServeOpt,
) (map[string]any, <-chan struct{}, error) {
	reattach, closed := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- tf6server.Serve(address, newServer,
			append(opts, tf6server.WithDebug(ctx, reattach, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))...)
	}()

	var config *goplugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-served:
		return nil, nil, fmt.Errorf("serve %s: %w", address, err)
	}
	if config == nil {
		return nil, nil, errors.New("serve " + address + ": the server did not start")
	}
	return map[string]any{
		"Protocol":        string(config.Protocol),
		"ProtocolVersion": config.ProtocolVersion,
		"Pid":             config.Pid,
		"Test":            config.Test,
		"Addr":            map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}, closed, nil
}
