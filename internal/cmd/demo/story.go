package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const day = 24 * time.Hour

// start is day 0.
var start = time.Date(2026, time.January, 1, 9, 0, 0, 0, time.UTC)

// step is one visit to Terraform.
type step struct {
	// day is when it happens, and title what happens.
	day   int
	title string
	// before happens outside Terraform.
	before func(context.Context, *demo) error
	// incident is what the variable of that name is set to, if anything.
	incident string
	// exitCode is that of plan -detailed-exitcode: 0 for nothing to do, 2 for changes, which are then applied.
	exitCode int
	// destroy ends the story instead.
	destroy bool
	// warning is what the one warning of the plan says; empty for none.
	warning string
	// keys are the keys of the user afterwards, as number and status.
	keys []string
	// handover tells that the apply hands a new key to the consumer, and oldWorks that the old one still works meanwhile.
	handover, oldWorks bool
}

var story = []step{
	{
		day: 0, title: "a first key, published only after it has signed a call",
		exitCode: 2, keys: []string{"1 Active"}, handover: true,
	},
	{
		day: 30, title: "nothing to do",
		keys: []string{"1 Active"},
	},
	{
		day: 90, title: "key 1 is as old as rotate_after: rotation",
		exitCode: 2, keys: []string{"1 Active", "2 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 97, title: "the overlap is over, but a backup job was forgotten",
		before: oldKeyUsed, warning: "is not retired yet", keys: []string{"1 Active", "2 Active"},
	},
	{
		day: 99, title: "the backup job has moved over: deactivation",
		exitCode: 2, keys: []string{"1 Inactive", "2 Active"},
	},
	{
		day: 106, title: "the grace is over: deletion",
		exitCode: 2, keys: []string{"2 Active"},
	},
	{
		day: 120, title: "key 2 has leaked: revoke_when_changed", incident: "key seen in a public repository",
		exitCode: 2, keys: []string{"2 Inactive", "3 Active"}, handover: true,
	},
	{
		day: 127, title: "the leaked key is deleted", incident: "key seen in a public repository",
		exitCode: 2, keys: []string{"3 Active"},
	},
	{
		day: 180, title: "terraform destroy", incident: "key seen in a public repository", destroy: true,
	},
}

// oldKeyUsed lets a second consumer, which nobody told of the rotation, use key 1 ten hours before the visit of day 97.
func oldKeyUsed(ctx context.Context, d *demo) error {
	worked, err := signedCall(ctx, d.sim.URL(), d.seen[0], d.sim.Secret(d.seen[0]))
	if err == nil && !worked {
		err = errors.New("key 1 does not work for the backup job")
	}
	if err == nil {
		d.sim.SetLastUsed(d.seen[0], d.sim.Now().Add(-10*time.Hour), "s3", region)
	}
	return err
}

// demo plays a story.
type demo struct {
	out io.Writer
	sim *iamsim.Server
	tf  *terraform
	// seen are the ids of all keys so far. A key's number is its place here.
	seen     []string
	consumer consumer
	// handovers counts the keys that the consumer was given.
	handovers int
	// seal is nil where secrets are in plain text.
	seal *seal
}

// play plays one step, and fails where it differs from the story.
func (d *demo) play(ctx context.Context, s step) error {
	d.sim.SetTime(start.Add(time.Duration(s.day) * day))
	fmt.Fprintf(d.out, "\nDay %d: %s\n", s.day, s.title)
	if s.before != nil {
		if err := s.before(ctx, d); err != nil {
			return err
		}
	}
	if d.handovers > 0 {
		if err := d.consumer.signs(ctx); err != nil {
			return err
		}
	}
	visit := d.planAndApply
	if s.destroy {
		visit = d.destroy
	}
	if err := visit(ctx, s); err != nil {
		return err
	}
	keys := d.sim.Keys(user)
	d.print(keys)
	if got := d.describe(keys); !slices.Equal(got, s.keys) {
		return fmt.Errorf("user %s has keys %q, want %q", user, got, s.keys)
	}
	check := d.checkConsumer
	if s.destroy {
		check = d.allRefused
	}
	if err := check(ctx, s); err != nil || d.seal == nil {
		return err
	}
	return d.searchFiles()
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
	d.say("plan", plan)
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
	d.say("apply", applied)
	if err := applied.expect("apply", 0); err != nil {
		return err
	}
	if err := d.number(applied.outputs); err != nil {
		return err
	}
	if s.handover {
		wrap(d.out, "  Reason: ", applied.outputs["rotation_reason"])
	}
	if d.seal != nil {
		if err := d.openByHand(applied.outputs["encrypted_secret"]); err != nil {
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
	d.say("destroy", destroyed)
	return destroyed.expect("destroy", 0)
}

// number gives a key that is new its number, and checks that the newest is the published one.
func (d *demo) number(outputs map[string]string) error {
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

// checkConsumer checks what the consumer holds, and how it came by it.
func (d *demo) checkConsumer(ctx context.Context, s step) error {
	if err := d.consumer.signs(ctx); err != nil {
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
		return fmt.Errorf("during the handover: old key worked: %t, want %t; new key worked: %t, want true", last.OldWorked, s.oldWorks, last.NewWorked)
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

// allRefused checks that no key works any more.
func (d *demo) allRefused(ctx context.Context, _ step) error {
	for _, id := range d.seen {
		works, err := signedCall(ctx, d.sim.URL(), id, d.sim.Secret(id))
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

// describe gives each key as number and status.
func (d *demo) describe(keys []iamsim.Key) []string {
	var out []string
	for _, key := range keys {
		out = append(out, fmt.Sprintf("%d %s", slices.Index(d.seen, key.ID)+1, key.Status))
	}
	return out
}
