// Command demo shows the life of an access key in under a minute, and fails if anything differs from its description.
//
// It builds the provider, starts the simulator of IAM, whose clock it moves, and runs terraform or tofu. The first part of the
// demo is half a year of examples/demo. The second part is a rotation in examples/demo-sealed, whose secret is in no file.
// After each step the demo prints the keys of the user, and whether the consumer of the published key could use it. It needs
// no AWS account and no network.
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

// part is a part of the demo. It has a simulator of its own.
type part struct {
	intro string
	// example is the directory of the configuration, below examples.
	example string
	// sealed reports whether the secrets are encrypted, and must be in no file.
	sealed bool
	steps  []step
}

var parts = []part{
	{example: "demo", steps: plainSteps, intro: `Part one, examples/demo on a simulated AWS: rotate_after = 90d, overlap = 7d,
grace = 7d, require_unused_for = 1d. terraform_data.consumer depends on the key
and is replaced for each new key, hence "1 to add" and "1 to destroy" in some
plans. After each apply the demo plans again, and that plan must be empty.
`},
	{example: "demo-sealed", sealed: true, steps: sealedSteps, intro: `
Part two, examples/demo-sealed: the same with encrypted_output, on another
simulated AWS. An ephemeral resource opens the secret for a write-only argument
of the consumer. After each step the demo searches all files of the working
directory for every secret that AWS has issued, and for the identity that opens
them: state, backup, saved plan, a log at TRACE, and the output of all commands.
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

// run runs the demo. If Terraform started this program as the deploy command, it deploys the new key instead.
func run(ctx context.Context, out io.Writer) error {
	if file := os.Getenv(consumerFileVariable); file != "" {
		return deploy(ctx, file)
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
	for _, p := range parts {
		fmt.Fprint(out, p.intro)
		if err := runPart(ctx, out, with, p); err != nil {
			return err
		}
		steps += len(p.steps)
	}
	fmt.Fprintf(out, "\nAll %d steps ended as described. They took %s, and the build before them %s.\n", steps,
		clock.System().Now().Sub(built).Round(time.Second), built.Sub(began).Round(time.Second))
	return nil
}

// runPart runs the steps of a part on a new simulator.
func runPart(ctx context.Context, out io.Writer, with tools, p part) error {
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
	tf, err := newTerraform(with, dir, sim, p.example)
	if err != nil {
		return err
	}
	d := &demo{out: out, sim: sim, tf: tf}
	if p.sealed {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if d.sealed, err = newSealedConsumer(ctx, sim, tf); err != nil {
			return err
		}
		d.consumer = d.sealed
	} else {
		d.consumer = fileConsumer{file: tf.consumerFile, endpoint: sim.URL()}
	}
	for _, s := range p.steps {
		if err := d.runStep(ctx, s); err != nil {
			return fmt.Errorf("examples/%s, day %d is not as described: %w", p.example, s.day, err)
		}
	}
	return nil
}
