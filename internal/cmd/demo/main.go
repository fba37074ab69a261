// Command demo shows a key's whole life in under a minute, and fails if anything differs from what it tells.
//
// It builds the provider, starts the simulator of IAM with a clock that it moves, and drives the terraform or tofu CLI
// through half a year of examples/demo, and then through a rotation of examples/demo-sealed, whose secret is in no file.
// After each step it prints the keys of the user, and what the consumer of the published key experiences. It needs no AWS
// account and no network.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// user is the IAM user of both examples.
const user = "ci"

// act is a story on a simulator of its own.
type act struct {
	intro string
	// example is the directory of the configuration, below examples.
	example string
	// sealed tells that the secrets are encrypted, and must be in no file.
	sealed bool
	story  []step
}

var acts = []act{
	{example: "demo", story: story, intro: `examples/demo on a simulated AWS: rotate_after = 90d, overlap = 7d, grace = 7d,
require_unused_for = 1d. The one to add and to destroy in some plans is the
dependant, terraform_data.consumer, which runs again for each new key. After
each apply the demo plans once more, and that plan must be empty.
`},
	{example: "demo-sealed", sealed: true, story: sealedStory, intro: `
Act two, examples/demo-sealed: the same with encrypted_output, on another
simulated AWS. An ephemeral resource opens the secret for a write-only argument
of the consumer. After each step the demo looks for every secret that AWS has
issued, and for the identity that opens them, in all files of the working
directory: state, backup, saved plan, a log at TRACE, and all that was printed.
`},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the demo; or, where Terraform started this program as the deploy command, the consumer that takes a new key.
func run(ctx context.Context, out io.Writer) error {
	if file := os.Getenv(consumerFileVariable); file != "" {
		return takeOver(ctx, file)
	}
	dir, err := os.MkdirTemp("", "iamkeys-demo")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	began := clock.System().Now()
	with, err := prepare(ctx, dir)
	if err != nil {
		return err
	}
	built := clock.System().Now()
	steps := 0
	for _, a := range acts {
		fmt.Fprint(out, a.intro)
		if err := tell(ctx, out, with, a); err != nil {
			return err
		}
		steps += len(a.story)
	}
	fmt.Fprintf(out, "\nAll went as told: %d steps in %s, after %s of building.\n", steps,
		clock.System().Now().Sub(built).Round(time.Second), built.Sub(began).Round(time.Second))
	return nil
}

// tell plays an act on a simulator of its own.
func tell(ctx context.Context, out io.Writer, with tools, a act) error {
	dir, err := os.MkdirTemp("", "iamkeys-demo")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	sim, err := iamsim.Start(iamsim.Options{Users: []string{user}, Start: start})
	if err != nil {
		return err
	}
	defer func() { _ = sim.Close() }()
	tf, err := newTerraform(with, dir, sim, a.example)
	if err != nil {
		return err
	}
	d := &demo{out: out, sim: sim, tf: tf}
	if a.sealed {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if d.seal, err = newSeal(ctx, sim, tf); err != nil {
			return err
		}
		d.consumer = d.seal
	} else {
		d.consumer = fileConsumer{file: tf.consumerFile, endpoint: sim.URL()}
	}
	for _, s := range a.story {
		if err := d.play(ctx, s); err != nil {
			return fmt.Errorf("examples/%s, day %d differs from the story: %w", a.example, s.day, err)
		}
	}
	return nil
}
