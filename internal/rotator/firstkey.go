package rotator

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// slotTimeout is how long a Create without a free slot lists the keys again. Terraform runs the Delete of a resource whose address
// was changed beside the Create of the new one, and in no order.
const slotTimeout = 30 * time.Second

// longestSlotPause is the longest pause between two of these lists.
const longestSlotPause = 4 * time.Second

// Create creates the first key of a user: Task.Record is empty, and Task.Planned, Task.Known and Task.RecordedDescription
// are not used. The error of the Report is a *ManagedError, *TakenError, *ReadError, *TrialError, *RefusedError or
// *InterruptedError before the first change, and one of Update's after it.
func (c *Client) Create(ctx context.Context, task Task) Report {
	if other := c.claims.beginCreate(task.User); other != "" {
		return Report{Err: &ManagedError{Other: other}}
	}
	defer c.claims.endCreate(task.User)
	seen, decision, err := c.awaitSlot(ctx, task)
	if err != nil {
		return Report{Err: err}
	}
	if task.Sealer != nil {
		if err := task.Sealer.Check(ctx, c.gateway.Now()); err != nil {
			return Report{Err: &TrialError{Err: err}}
		}
	}
	task.Planned = decision.Steps
	// All of the configuration is new, and none of it is a change.
	task.RecordedDescription = task.Description
	a := &application{client: c, task: task, state: State{Seen: seen, Before: seen}, atStart: seen}
	return a.run(ctx, decision.Steps)
}

// awaitSlot decides what a Create does. Where no slot is free it lists the keys again, for slotTimeout and as long as a Delete of
// keys of the user runs.
func (c *Client) awaitSlot(ctx context.Context, task Task) (seen rotation.Observation, decision rotation.Decision, err error) {
	keys, err := c.listForCreate(ctx, task.User, c.listAfterPlan)
	if err != nil {
		return seen, decision, err
	}
	pause, waited := firstPause, time.Duration(0)
	// Whether a Delete ran before the last list: one that has ended since may have deleted what that list shows.
	deleting := true
	for {
		seen, _, err = c.Observe(ctx, task.User, c.claims.mark(task.User, "", keys), rotation.Record{}, task.Policy)
		if err != nil {
			return seen, decision, err
		}
		decision = Decide(ctx, task.User, task.Policy, rotation.Record{}, seen, c.gateway.Now())
		if decision.Refused == nil {
			return seen, decision, c.claims.refuseTaken(task.User, "", decision.Steps)
		}
		for same := keys; slices.EqualFunc(keys, same, sameStatus); {
			if waited >= slotTimeout && !deleting {
				return seen, decision, &RefusedError{Obstacle: *decision.Refused, Seen: seen}
			}
			tflog.Debug(ctx, "no slot is free yet, list again", map[string]any{"user": task.User, "pause": pause.String()})
			if c.clock.Sleep(ctx, pause) != nil {
				return seen, decision, &InterruptedError{}
			}
			pause, waited = min(2*pause, longestSlotPause), waited+pause
			deleting = c.claims.deleting(task.User)
			if keys, err = c.listForCreate(ctx, task.User, c.List); err != nil {
				return seen, decision, err
			}
		}
	}
}

func sameStatus(a, b rotation.Key) bool { return a.ID == b.ID && a.Status == b.Status }

// listForCreate lists the keys of a user who may have been created a moment ago.
func (c *Client) listForCreate(ctx context.Context, user string, list listFunc) (keys []rotation.Key, err error) {
	err = c.retryNoSuchUser(ctx, user, func() (err error) {
		keys, err = list(ctx, user)
		return err
	})
	if err != nil {
		return nil, readError(ReadKeys, user, err)
	}
	return keys, nil
}
