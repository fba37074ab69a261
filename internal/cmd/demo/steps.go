package main

import (
	"context"
	"errors"
	"fmt"
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
	// plan are the attributes of the plan that say what happens and what does not, as "name: text". {1} stands for the id of key 1.
	plan []string
	// warnings are the summaries of the plan's warnings.
	warnings []string
	// keys are the keys of the user after the step, as number and status.
	keys []string
	// handover reports whether the apply gives a new key to the consumer, and oldWorks whether the old key still works meanwhile.
	handover, oldWorks bool
}

const incident = "key seen in a public repository"

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
		day: 72, title: "key 1 must be Inactive before day 90: rotation",
		exitCode: 2, plan: []string{"last_change: rotate {1}: created 2026-01-01, reached 72d"},
		keys: []string{"1 Active", "2 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 79, title: "the overlap is over, but a backup job still uses key 1",
		before: useOldKey, plan: []string{"retirement_blocked: key {1} is still in use"},
		warnings: []string{"Previous access key is still in use"}, keys: []string{"1 Active", "2 Active"},
	},
	{
		day: 87, title: "the backup job has used key 2 for 8 days: deactivation",
		exitCode: 2, plan: []string{"last_change: deactivate {1}: overlap over, unused since 2026-03-20, current in use"},
		keys: []string{"1 Inactive", "2 Active"},
	},
	{
		day: 94, title: "the grace is over: deletion",
		exitCode: 2, plan: []string{"last_change: delete {1}: Inactive since 2026-03-29, grace over"}, keys: []string{"2 Active"},
	},
	{
		day: 144, title: "key 2 is 72 days old: rotation",
		exitCode: 2, plan: []string{"last_change: rotate {2}: created 2026-03-14, reached 72d"},
		keys: []string{"2 Active", "3 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 146, title: "key 3 has leaked, and security has deactivated it: revoke_when_changed", incident: incident,
		before: deactivateLeakedKey, exitCode: 2, plan: []string{
			"last_change: delete {3}: Inactive, to make room; rotate {3}: asked by revoke_when_changed (incident); deactivate {2}: revoked",
		},
		warnings: []string{
			"Rotation is due and waits", "Inactive access key is deleted to make room for a new one", "Access key is revoked",
		},
		keys: []string{"2 Inactive", "4 Active"}, handover: true,
	},
	{
		day: 153, title: "the grace of key 2 is over: deletion", incident: incident,
		exitCode: 2, plan: []string{"last_change: delete {2}: Inactive since 2026-05-27, grace over"}, keys: []string{"4 Active"},
	},
	{
		day: 160, title: "somebody creates a key by hand, and uses it", incident: incident,
		before: createByHand, warnings: []string{"Unmanaged access key will block the rotation"},
		keys: []string{"4 Active", "5 Active"},
	},
	{
		day: 218, title: "key 4 is 72 days old, but key 5 has its slot: the rotation is blocked", incident: incident,
		plan:     []string{"rotation_blocked: the slot is taken by key {5}, which this resource does not manage"},
		warnings: []string{"Rotation is due and waits"},
		keys:     []string{"4 Active", "5 Active"},
	},
	{
		day: 219, title: "key 5 is deleted, as the warning says: rotation", incident: incident,
		before: deleteByHand, exitCode: 2, plan: []string{"last_change: rotate {4}: created 2026-05-27, reached 72d"},
		keys: []string{"4 Active", "6 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 226, title: "terraform destroy", incident: incident, destroy: true,
	},
}

// monthlySteps are the steps of examples/demo-monthly.
var monthlySteps = []step{
	{
		day: 0, title: "the first key",
		exitCode: 2, keys: []string{"1 Active"}, handover: true,
	},
	{
		day: 17, title: "the monthly job runs for the first time",
		before: runJob, keys: []string{"1 Active"},
	},
	{
		day: 47, title: "the monthly job runs",
		before: runJob, keys: []string{"1 Active"},
	},
	{
		day: 48, title: "rotation, early enough for an overlap of 31 days",
		exitCode: 2, plan: []string{"last_change: rotate {1}: created 2026-01-01, reached 48d"},
		keys: []string{"1 Active", "2 Active"}, handover: true, oldWorks: true,
	},
	{
		day: 77, title: "the monthly job runs, still with key 1",
		before: runJob, keys: []string{"1 Active", "2 Active"},
	},
	{
		day: 85, title: "key 1 is unused for 8 days: deactivation",
		exitCode: 2, plan: []string{"last_change: deactivate {1}: overlap over, unused since 2026-03-19, current in use"},
		keys: []string{"1 Inactive", "2 Active"},
	},
	{
		day: 92, title: "the grace is over: deletion",
		exitCode: 2, plan: []string{"last_change: delete {1}: Inactive since 2026-03-27, grace over"}, keys: []string{"2 Active"},
	},
}

// useOldKey uses key 1 as a second consumer that was not updated, ten hours before the step.
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

// deactivateLeakedKey deactivates the current key, as the console does.
func deactivateLeakedKey(_ context.Context, d *demo) error {
	d.sim.SetStatus(d.seen[len(d.seen)-1], "Inactive")
	return nil
}

// createByHand creates a key and uses it.
func createByHand(_ context.Context, d *demo) error {
	id := d.sim.CreateAccessKey(d.user).AccessKeyID
	d.sim.SetLastUsed(id, d.sim.Now(), "s3", region)
	d.seen = append(d.seen, id)
	return nil
}

// deleteByHand deletes the key of createByHand.
func deleteByHand(_ context.Context, d *demo) error {
	d.sim.DeleteAccessKey(d.seen[len(d.seen)-1])
	return nil
}

// runJob runs the monthly job: it uses the key that it has, and reads the published one for its next run.
func runJob(ctx context.Context, d *demo) error {
	used := d.job
	published, err := readDeployed(d.tf.consumerFile)
	if err != nil {
		return err
	}
	if used.KeyID == "" {
		used = published
	}
	works, err := used.keyWorks(ctx, d.sim.URL())
	if err == nil && !works {
		err = fmt.Errorf("key %d does not work for the monthly job", d.number(used.KeyID))
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "  Monthly job: signed a call with key %d: accepted. Key %d is for its next run.\n",
		d.number(used.KeyID), d.number(published.KeyID))
	d.job = published
	return nil
}
