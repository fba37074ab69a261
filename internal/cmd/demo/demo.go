package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// demo is a part of the demo while it runs.
type demo struct {
	out io.Writer
	sim *iamsim.Server
	tf  *terraform
	// seen has the ids of all keys so far. The number of a key is its index here, plus one.
	seen     []string
	consumer consumer
	// handovers is the number of keys that the consumer should have been given.
	handovers int
	// sealed is the consumer of a sealed part, and otherwise nil.
	sealed *sealedConsumer
}

// runStep runs one step. It returns an error if anything differs from the description.
func (d *demo) runStep(ctx context.Context, s step) error {
	d.sim.SetTime(start.Add(time.Duration(s.day) * day))
	fmt.Fprintf(d.out, "\nDay %d: %s\n", s.day, s.title)
	if s.before != nil {
		if err := s.before(ctx, d); err != nil {
			return err
		}
	}
	if d.handovers > 0 {
		if err := d.consumer.checkKey(ctx); err != nil {
			return err
		}
	}
	runTerraform := d.planAndApply
	if s.destroy {
		runTerraform = d.destroy
	}
	if err := runTerraform(ctx, s); err != nil {
		return err
	}
	keys := d.sim.Keys(user)
	d.printKeys(keys)
	if got := d.numberAndStatus(keys); !slices.Equal(got, s.keys) {
		return fmt.Errorf("user %s has keys %q, want %q", user, got, s.keys)
	}
	check := d.checkConsumer
	if s.destroy {
		check = d.checkAllRefused
	}
	if err := check(ctx, s); err != nil {
		return err
	}
	if d.sealed != nil {
		return d.searchFiles()
	}
	return nil
}

func (d *demo) planAndApply(ctx context.Context, s step) error {
	var vars []string
	if s.incident != "" {
		vars = []string{"-var=incident=" + s.incident}
	}
	plan, err := d.tf.run(ctx, "plan", append(vars, "-detailed-exitcode", "-out="+planFile)...)
	if err != nil {
		return err
	}
	d.printOutcome("plan", plan)
	if err := plan.expect("plan", s.exitCode); err != nil {
		return err
	}
	if err := checkWarning(plan.warnings, s.warning); err != nil {
		return err
	}
	if s.exitCode == 0 {
		return nil
	}
	applied, err := d.tf.run(ctx, "apply", planFile)
	if err != nil {
		return err
	}
	d.printOutcome("apply", applied)
	if err := applied.expect("apply", 0); err != nil {
		return err
	}
	if err := d.addNewKeys(applied.outputs); err != nil {
		return err
	}
	if s.handover {
		wrap(d.out, "  Reason: ", applied.outputs["last_change"])
	}
	if d.sealed != nil {
		if err := d.checkSealed(applied.outputs["encrypted_secret"]); err != nil {
			return err
		}
	}
	again, err := d.tf.run(ctx, "plan", append(vars, "-detailed-exitcode")...)
	if err != nil {
		return err
	}
	return again.expect("plan right after the apply", 0)
}

func (d *demo) destroy(ctx context.Context, _ step) error {
	destroyed, err := d.tf.run(ctx, "destroy", "-auto-approve")
	if err != nil {
		return err
	}
	d.printOutcome("destroy", destroyed)
	return destroyed.expect("destroy", 0)
}

// addNewKeys adds new keys to those seen, and checks that the newest key is the published one.
func (d *demo) addNewKeys(outputs map[string]string) error {
	for _, key := range d.sim.Keys(user) {
		if !slices.Contains(d.seen, key.ID) {
			d.seen = append(d.seen, key.ID)
		}
	}
	if newest, published := d.seen[len(d.seen)-1], outputs["access_key_id"]; published != newest {
		return fmt.Errorf("the published key is %s, want %s", published, newest)
	}
	return nil
}

func checkWarning(warnings []string, want string) error {
	if want == "" && len(warnings) == 0 || want != "" && len(warnings) == 1 && strings.Contains(warnings[0], want) {
		return nil
	}
	return fmt.Errorf("warnings %q, want those with %q", warnings, want)
}

// checkConsumer checks the key of the consumer and its last handover.
func (d *demo) checkConsumer(ctx context.Context, s step) error {
	if err := d.consumer.checkKey(ctx); err != nil {
		return err
	}
	given, last, err := d.consumer.handovers()
	if err != nil {
		return err
	}
	if s.handover {
		d.handovers++
	}
	number := len(d.seen)
	switch {
	case given != d.handovers:
		return fmt.Errorf("the consumer was given %d keys, want %d", given, d.handovers)
	case last.KeyID != d.seen[number-1]:
		return fmt.Errorf("the consumer holds key %s, want key %d", last.KeyID, number)
	case s.handover && (!last.NewWorked || last.OldWorked != s.oldWorks):
		return fmt.Errorf("during the handover: old key worked: %t, want %t; new key worked: %t, want true",
			last.OldWorked, s.oldWorks, last.NewWorked)
	}
	switch {
	case s.oldWorks:
		fmt.Fprintf(d.out, "  Handover: inside this apply the consumer tried keys %d and %d, and both worked.\n", number-1, number)
	case s.handover && number > 1:
		fmt.Fprintf(d.out, "  Handover: inside this apply key %d was refused already, and key %d worked.\n", number-1, number)
	}
	fmt.Fprintf(d.out, "  Consumer: signed a call with key %d: accepted.\n", number)
	return nil
}

// checkAllRefused checks that no key works any more.
func (d *demo) checkAllRefused(ctx context.Context, _ step) error {
	for _, id := range d.seen {
		works, err := acctest.KeyWorks(ctx, d.sim.URL(), id, d.sim.Secret(id))
		if err != nil {
			return err
		}
		if works {
			return fmt.Errorf("key %s still works", id)
		}
	}
	fmt.Fprintf(d.out, "  Consumer: signed a call with each of the %d keys: all refused.\n", len(d.seen))
	return nil
}

// numberAndStatus returns the number and status of each key.
func (d *demo) numberAndStatus(keys []iamsim.Key) []string {
	var out []string
	for _, key := range keys {
		out = append(out, fmt.Sprintf("%d %s", slices.Index(d.seen, key.ID)+1, key.Status))
	}
	return out
}
