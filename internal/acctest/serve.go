package acctest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// Around makes a World of a simulator that runs already, for a program that is no test. Only Serve, Journal and
// ConsumersSign may be used: the rest needs Main.
func Around(sim *iamsim.Server) *World { return &World{Sim: sim, held: map[string]credentials{}} }

// Serve serves the provider iamkeystest to the Terraform or OpenTofu CLI at path until ctx ends, and returns the value of
// TF_REATTACH_PROVIDERS that leads to it. What the plugin's libraries log goes where the variables TF_LOG* say.
func (w *World) Serve(ctx context.Context, path string) (reattach string, err error) {
	host, err := registryHost(ctx, path)
	if err != nil {
		return "", err
	}
	reattach, _, err = w.serve(ctx, host)
	return reattach, err
}

// ConsumersSign lets each consumer sign a request with the key that it holds. The error names the key that was refused, or
// says that there is no consumer.
func (w *World) ConsumersSign(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.held) == 0 {
		return errNoConsumer
	}
	for id, held := range w.held {
		works, err := w.signedCall(ctx, held)
		if err == nil && !works {
			err = fmt.Errorf("consumer %s holds key %s, which does not work", id, held.accessKeyID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// serve serves iamkeystest under a registry's name until ctx ends, and returns the value of TF_REATTACH_PROVIDERS. The
// channel is closed once it has ended.
func (w *World) serve(ctx context.Context, host string, opts ...tf6server.ServeOpt) (string, <-chan struct{}, error) {
	address := host + "/hashicorp/iamkeystest"
	reattach, closed := make(chan *goplugin.ReattachConfig, 1), make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- tf6server.Serve(address, providerserver.NewProtocol6(&consumerProvider{world: w}),
			append(opts, tf6server.WithDebug(ctx, reattach, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()))...)
	}()

	var config *goplugin.ReattachConfig
	select {
	case config = <-reattach:
	case err := <-served:
		return "", nil, fmt.Errorf("serve iamkeystest: %w", err)
	}
	if config == nil {
		return "", nil, errors.New("serve iamkeystest: it did not start")
	}
	value, err := json.Marshal(map[string]any{address: map[string]any{
		"Protocol":        string(config.Protocol),
		"ProtocolVersion": config.ProtocolVersion,
		"Pid":             config.Pid,
		"Test":            config.Test,
		"Addr":            map[string]string{"Network": config.Addr.Network(), "String": config.Addr.String()},
	}})
	return string(value), closed, err
}
