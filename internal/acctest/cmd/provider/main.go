// Command provider is the provider with a short attempt timeout, for tests that leave requests without an answer. Tests
// build it. It is not released.
package main

import (
	"log"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// attemptTimeout is long enough for a simulator on a busy machine.
const attemptTimeout = 2 * time.Second

func main() {
	server := providerserver.NewProtocol6(provider.New("test", provider.Options{AttemptTimeout: attemptTimeout})())
	err := tf6server.Serve("registry.terraform.io/iamkeys/iamkeys", server, tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
	if err != nil {
		log.Fatal(err)
	}
}
