// Command terraform-provider-iamkeys serves the Terraform provider iamkeys/iamkeys over plugin protocol 6.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// version is the release; the linker sets it.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print TF_REATTACH_PROVIDERS and wait for Terraform")
	flag.Parse()
	if err := provider.Serve(provider.New(version, provider.Options{}), *debug); err != nil {
		log.SetOutput(os.Stderr)
		log.Fatal(err)
	}
}
