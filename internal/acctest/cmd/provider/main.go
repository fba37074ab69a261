// Command provider is the provider with a short attempt timeout, for tests that leave requests without an answer. Tests
// build it. It is not released.
package main

import (
	"log"
	"os"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
)

// attemptTimeout is long enough for a simulator on a busy machine.
const attemptTimeout = 2 * time.Second

func main() {
	if err := provider.Serve(provider.New("test", provider.Options{AttemptTimeout: attemptTimeout}), false); err != nil {
		log.SetOutput(os.Stderr)
		log.Fatal(err)
	}
}
