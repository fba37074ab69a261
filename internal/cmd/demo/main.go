// Command demo shows the life of access keys in under two minutes, and fails if anything differs from its description.
//
// It builds the provider, starts the simulator of IAM, whose clock it moves, and runs terraform or tofu. The first part of the
// demo is eight months of examples/demo: rotations within 90 days, a leaked key, a blocked rotation. The second part is a
// monthly job in examples/demo-monthly. The third part is a rotation in examples/demo-sealed, whose secret is in no file. After
// each step the demo prints what the plan said, the keys of the user, and whether the consumer of the published key could use
// it. With -step it waits for Enter after each step. It needs no AWS account and no network.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// part is a part of the demo. It has a simulator of its own.
type part struct {
	intro string
	// example is the directory of the configuration, below examples, and user its IAM user.
	example, user string
	// sealed reports whether the secrets are encrypted, and must be in no file.
	sealed bool
	steps  []step
}

var parts = []part{
	{example: "demo", user: "ci", steps: plainSteps, intro: `Part one, examples/demo on a simulated AWS: max_age = 90d, and the defaults
overlap = 7d, grace = 7d, require_unused_for = 8d, apply_every = 1d. So a key is
rotated at 90d - 7d - 8d - 3 x 1d = 72d. terraform_data.consumer depends on the
key and is replaced for each new key, hence "1 to add" and "1 to destroy" in
some plans. The demo applies on the days on which something happens. After each
apply it plans again, and that plan must be empty.
`},
	{example: "demo-monthly", user: "report", steps: monthlySteps, intro: `
Part two, examples/demo-monthly: a job that runs every 30 days beside a daily
consumer. It reads the published key at the end of a run, and uses it in the
next one. overlap = 31d keeps the old key Active until then. max_age counts it
in: a key is rotated at 90d - 31d - 8d - 3 x 1d = 48d.
`},
	{example: "demo-sealed", user: "ci", sealed: true, steps: sealedSteps, intro: `
Part three, examples/demo-sealed: part one with encrypted_output. An ephemeral
resource opens the secret for a write-only argument of the consumer. After each
step the demo searches all files of the working directory for every secret that
AWS has issued, and for the identity that opens them: state, backup, saved plan,
a log at TRACE, and the output of all commands.
`},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	stepwise := flag.Bool("step", false, "wait for Enter after each step")
	flag.Parse()
	next := func(context.Context) error { return nil }
	if *stepwise {
		next = waitForEnter(os.Stdin, os.Stdout)
	}
	err := run(ctx, os.Stdout, next)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// waitForEnter returns a function that waits for a line of in. At the end of in it waits no more.
func waitForEnter(in io.Reader, out io.Writer) func(context.Context) error {
	lines := make(chan struct{})
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(in); scanner.Scan(); {
			lines <- struct{}{}
		}
	}()
	return func(ctx context.Context) error {
		fmt.Fprint(out, "\nPress Enter for the next step. ")
		select {
		case <-lines:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// run runs the demo, and calls next between the steps. If Terraform started this program as the deploy command, it deploys the new
// key instead.
func run(ctx context.Context, out io.Writer, next func(context.Context) error) error {
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
		if err := runPart(ctx, out, with, p, next); err != nil {
			return err
		}
		steps += len(p.steps)
	}
	fmt.Fprintf(out, "\nAll %d steps ended as described. They took %s, and the build before them %s.\n", steps,
		clock.System().Now().Sub(built).Round(time.Second), built.Sub(began).Round(time.Second))
	return nil
}

// runPart runs the steps of a part on a new simulator, and calls next before each of them.
func runPart(ctx context.Context, out io.Writer, with tools, p part, next func(context.Context) error) error {
	dir, err := os.MkdirTemp("", "iamkeys-demo")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	sim, err := iamsim.Start(iamsim.Options{Users: []string{p.user}, Start: start})
	if err != nil {
		return err
	}
	defer func() { _ = sim.Close() }()
	tf, err := newTerraform(with, dir, sim, p.example)
	if err != nil {
		return err
	}
	d := &demo{out: out, sim: sim, tf: tf, user: p.user}
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
		if err := next(ctx); err != nil {
			return err
		}
		if err := d.runStep(ctx, s); err != nil {
			return fmt.Errorf("examples/%s, day %d is not as described: %w", p.example, s.day, err)
		}
	}
	return d.checkAges()
}
