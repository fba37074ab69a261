package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
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
	// user is the IAM user of the example.
	user string
	// seen has the ids of all keys so far. The number of a key is its index here, plus one.
	seen []string
	// published is the id of the published key, and replaced that of the one before it.
	published, replaced string
	consumer            consumer
	// handovers is the number of keys that the consumer should have been given.
	handovers int
	// sealed is the consumer of a sealed part, and otherwise nil.
	sealed *sealedConsumer
	// job is the key of the monthly job.
	job deployed
	// oldest is the greatest age at which a key was Active.
	oldest time.Duration
}

// maxAge is max_age in all examples of the demo.
const maxAge = 90 * day

// runStep runs one step. It returns an error if anything differs from the description.
func (d *demo) runStep(ctx context.Context, s step) error {
	d.sim.SetTime(start.Add(time.Duration(s.day) * day))
	fmt.Fprintf(d.out, "\nDay %d: %s\n", s.day, s.title)
	if d.handovers > 0 {
		if err := d.consumer.checkKey(ctx); err != nil {
			return err
		}
	}
	d.noteAges()
	if s.before != nil {
		if err := s.before(ctx, d); err != nil {
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
	keys := d.sim.Keys(d.user)
	d.printKeys(keys)
	if got := d.numberAndStatus(keys); !slices.Equal(got, s.keys) {
		return fmt.Errorf("user %s has keys %q, want %q", d.user, got, s.keys)
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
	if err := d.checkPlan(ctx, plan, s); err != nil {
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

// checkPlan prints the decisive attributes of the saved plan, and checks them and the warnings.
func (d *demo) checkPlan(ctx context.Context, plan outcome, s step) error {
	attributes, err := d.tf.planned(ctx)
	if err != nil {
		return err
	}
	var got []string
	for _, a := range attributes {
		wrap(d.out, "  "+a.name+" = ", strconv.Quote(a.text))
		got = append(got, a.name+": "+a.text)
	}
	d.printWarnings(plan)
	want := make([]string, 0, len(s.plan))
	for _, text := range s.plan {
		want = append(want, d.withIDs(text))
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("the plan shows %q, want %q", got, want)
	}
	if summaries := plan.warningSummaries(); !slices.Equal(summaries, s.warnings) {
		return fmt.Errorf("warnings %q, want %q", summaries, s.warnings)
	}
	return nil
}

// withIDs replaces {1} by the id of key 1.
func (d *demo) withIDs(text string) string {
	for i, id := range d.seen {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%d}", i+1), id)
	}
	return text
}

// noteAges notes the age of the oldest Active key. The statuses of keys change in steps alone, so the ages before a step count.
func (d *demo) noteAges() {
	for _, key := range d.sim.Keys(d.user) {
		if key.Status == "Active" {
			d.oldest = max(d.oldest, d.sim.Now().Sub(key.CreatedAt))
		}
	}
}

// checkAges checks that no key was Active for more than 90 days.
func (d *demo) checkAges() error {
	if d.oldest >= maxAge {
		return fmt.Errorf("a key was Active at the age of %d days", int(d.oldest/day))
	}
	fmt.Fprintf(d.out, "\n90 days: no key was Active at an age of more than %d days.\n", int(d.oldest/day))
	return nil
}

// addNewKeys adds new keys to those seen, and checks that the published key is the new one, or the same as before.
func (d *demo) addNewKeys(outputs map[string]string) error {
	want := d.published
	for _, key := range d.sim.Keys(d.user) {
		if !slices.Contains(d.seen, key.ID) {
			d.seen = append(d.seen, key.ID)
			d.replaced, want = d.published, key.ID
		}
	}
	d.published = want
	if got := outputs["access_key_id"]; got != want {
		return fmt.Errorf("the published key is %s, want %s", got, want)
	}
	return nil
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
	number, replaced := d.number(d.published), d.number(d.replaced)
	switch {
	case given != d.handovers:
		return fmt.Errorf("the consumer was given %d keys, want %d", given, d.handovers)
	case last.KeyID != d.published:
		return fmt.Errorf("the consumer holds key %s, want key %d", last.KeyID, number)
	case s.handover && (!last.NewWorked || last.OldWorked != s.oldWorks):
		return fmt.Errorf("during the handover: old key worked: %t, want %t; new key worked: %t, want true",
			last.OldWorked, s.oldWorks, last.NewWorked)
	}
	switch {
	case s.oldWorks:
		fmt.Fprintf(d.out, "  Handover: inside this apply the consumer tried keys %d and %d, and both worked.\n", replaced, number)
	case s.handover && replaced > 0:
		fmt.Fprintf(d.out, "  Handover: inside this apply key %d was refused already, and key %d worked.\n", replaced, number)
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

// number returns the number of a key.
func (d *demo) number(id string) int { return slices.Index(d.seen, id) + 1 }

// numberAndStatus returns the number and status of each key.
func (d *demo) numberAndStatus(keys []iamsim.Key) []string {
	var out []string
	for _, key := range keys {
		out = append(out, fmt.Sprintf("%d %s", d.number(key.ID), key.Status))
	}
	return out
}
