// Command demo shows a key's whole life in under a minute, and fails if anything differs from what it tells.
//
// It builds the provider, starts the simulator of IAM with a clock that it moves, and drives the terraform or tofu CLI
// through half a year of examples/demo. After each step it prints the keys of the user, and what the consumer of the
// published key experiences. It needs no AWS account and no network.
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

// user is the IAM user of examples/demo.
const user = "ci"

const intro = `examples/demo on a simulated AWS: rotate_after = 90d, overlap = 7d, grace = 7d,
require_unused_for = 1d. The one to add and to destroy in some plans is the
dependant, terraform_data.consumer, which runs again for each new key. After
each apply the demo plans once more, and that plan must be empty.
`

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
	fmt.Fprint(out, intro)
	if err := tell(ctx, out, with, story); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nAll went as told: %d steps in %s, after %s of building.\n", len(story),
		clock.System().Now().Sub(built).Round(time.Second), built.Sub(began).Round(time.Second))
	return nil
}

// tell plays a story on a simulator of its own.
func tell(ctx context.Context, out io.Writer, with tools, story []step) error {
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
	tf, err := newTerraform(with, dir, sim)
	if err != nil {
		return err
	}
	d := &demo{out: out, sim: sim, tf: tf}
	for _, s := range story {
		if err := d.play(ctx, s); err != nil {
			return fmt.Errorf("day %d differs from the story: %w", s.day, err)
		}
	}
	return nil
}
