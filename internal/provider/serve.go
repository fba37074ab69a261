package provider

import (
	"io"
	"log"
	"os"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

const address = "registry.terraform.io/iamkeys/iamkeys"

// Serve serves the provider over plugin protocol 6 until Terraform ends it. With debug it prints TF_REATTACH_PROVIDERS and
// waits for Terraform, as a debugger needs it. Unless a TF_LOG variable is set, it discards all log lines of the process.
func Serve(factory func() provider.Provider, debug bool) error {
	var opts []tf6server.ServeOpt
	if debug {
		opts = append(opts, tf6server.WithManagedDebug())
	} else if !loggingRequested(os.Environ()) {
		opts = append(opts, tf6server.WithGoPluginLogger(hclog.NewNullLogger()))
		silenceLogs()
	}
	return tf6server.Serve(address, providerserver.NewProtocol6(factory()), opts...)
}

// loggingRequested reports whether a variable of the environment asks for log lines. TF_LOG_PATH only says where to.
func loggingRequested(environ []string) bool {
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "TF_LOG") && !strings.HasPrefix(name, "TF_LOG_PATH") && value != "" {
			return true
		}
	}
	return false
}

// silenceLogs keeps the plugin's libraries from writing log lines, which they do at level TRACE by default. Terraform parses
// each line only to drop it, which took a fourth of the time of a plan of 300 resources.
func silenceLogs() {
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_IAMKEYS"} {
		_ = os.Setenv(name, "OFF")
	}
	log.SetOutput(io.Discard) //nolint:forbidigo // The libraries write to the standard logger.
}
