package main

import (
	"context"
	"errors"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

const day = 24 * time.Hour

// start is day 0.
var start = time.Date(2026, time.January, 1, 9, 0, 0, 0, time.UTC)

// step is a plan with its apply, or a destroy.
type step struct {
	// day is the time of the step, in days after start.
	day   int
	title string
	// before runs before the plan.
	before func(context.Context, *demo) error
	// incident is the value of the variable of that name; empty for its default.
	incident string
	// exitCode is that of plan -detailed-exitcode: 0 for no changes, 2 for changes, which the step then applies.
	exitCode int
	// destroy reports whether the step is a destroy.
	destroy bool
	// warning is contained in the summary of the plan's only warning; empty for no warning.
	warning string
	// keys are the keys of the user after the step, as number and status.
	keys []string
	// handover reports whether the apply gives a new key to the consumer, and oldWorks whether the old key still works meanwhile.
	handover, oldWorks bool
}

// plainSteps are the steps of examples/demo.
var plainSteps = []step{
	{
		day: 0, title: "the first key, published only after it has signed a call",
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
		day: 97, title: "the overlap is over, but a backup job still uses key 1",
		before: useOldKey, warning: "is not retired yet", keys: []string{"1 Active", "2 Active"},
	},
	{
		day: 99, title: "the backup job uses key 2 by now: deactivation",
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

// useOldKey uses key 1 as a second consumer that was not updated, ten hours before the step of day 97.
func useOldKey(ctx context.Context, d *demo) error {
	worked, err := acctest.KeyWorks(ctx, d.sim.URL(), d.seen[0], d.sim.Secret(d.seen[0]))
	if err == nil && !worked {
		err = errors.New("key 1 does not work for the backup job")
	}
	if err == nil {
		d.sim.SetLastUsed(d.seen[0], d.sim.Now().Add(-10*time.Hour), "s3", region)
	}
	return err
}
