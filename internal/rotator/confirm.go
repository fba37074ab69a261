package rotator

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// confirm looks at IAM again and returns the planned steps that are left to do. Its error refuses all of them.
func (a *application) confirm(ctx context.Context) ([]rotation.Step, error) {
	c, t := a.client, a.task
	location, err := c.locate(ctx, t.subject(t.User, t.Record), t.Known, c.listAfterPlan)
	if err != nil {
		return nil, err
	}
	if a.signedAt = location.SignedAt; !a.signedAt.IsZero() {
		a.task.Known.SignedAt = a.signedAt
	}
	switch location.Outcome {
	case UserUnknown:
		return a.confirmUnknown(location)
	case NewUserMissing, NewUserAnother, UserGone, UserRenamed:
		return nil, &UserChangedError{Outcome: location.Outcome, Key: t.Record.Current.ID}
	case CurrentListed, CurrentGone, UserRecreated:
	}
	if err := c.claims.refuseTaken(t.User, t.Record.Current.ID, t.Planned); err != nil {
		return nil, err
	}
	keys := c.claims.mark(t.User, t.Record.Current.ID, location.Keys)
	for i, k := range keys {
		// What the process of the plan has read counts, too.
		known := t.Known.Seen.Find(k.ID)
		keys[i].Other = k.Other || known != nil && known.Other
	}
	earlier := t.Known.Seen
	earlier.SignedAt = a.task.Known.SignedAt
	seen, unknown, err := c.observeAgain(ctx, t.User, keys, t.Record, t.Record.LastPolicy(), earlier)
	if err != nil {
		return nil, err
	}
	if unknown != nil {
		a.notify(*unknown)
	}
	seen.Recreated, seen.SignedAt = location.Outcome == UserRecreated, a.task.Known.SignedAt
	// The state keeps the dates that the plan showed: the next Read corrects them.
	record, now := withListedDates(t.Record, keys), c.gateway.Now()
	left, err := rotation.Confirm(t.Policy, record, t.Known.Seen, seen, now, t.Planned)
	if stale, ok := errors.AsType[*rotation.StaleError](err); ok {
		if unknown != nil && stale.Obstacle.Cause != rotation.CauseUnknownUse {
			// Nobody may have changed anything: with the last uses of the plan the steps may still be right.
			earlier := withUsesOf(seen, t.Known.Seen, unknown.Keys)
			if _, err := rotation.Confirm(t.Policy, record, t.Known.Seen, earlier, now, t.Planned); err == nil {
				stale.Obstacle = rotation.Obstacle{Cause: rotation.CauseUnknownUse, Key: unknown.Keys[0]}
				if slices.Contains(unknown.Keys, stale.Step.Key) {
					stale.Obstacle.Key = stale.Step.Key
				}
			}
		}
		tflog.Debug(ctx, "decided: the plan is stale", map[string]any{
			"user": t.User, "step": string(stale.Step.Kind), "access_key_id": stale.Step.Key, "cause": string(stale.Obstacle.Cause),
		})
		return nil, &StaleError{StaleError: stale, Seen: seen}
	}
	a.atStart = seen
	a.task.Known.located(location)
	a.state.Seen.UserUnknown = false
	return left, nil
}

// confirmUnknown is confirm where nothing proves what became of the user, of whose keys no more is known than an earlier look showed.
func (a *application) confirmUnknown(location Location) ([]rotation.Step, error) {
	t, seen := a.task, a.state.Seen
	seen.UserUnknown = true
	left, err := rotation.Confirm(t.Policy, t.Record, t.Known.Seen, seen, a.client.gateway.Now(), t.Planned)
	if err != nil {
		return nil, &UserChangedError{Outcome: location.Outcome, Key: t.Record.Current.ID, Location: location}
	}
	a.task.Known.located(location)
	a.state.Seen = seen
	return left, nil
}

// withUsesOf returns an observation with the last uses of keys that an earlier one has.
func withUsesOf(seen, earlier rotation.Observation, ids []string) rotation.Observation {
	seen.Keys = slices.Clone(seen.Keys)
	for _, id := range ids {
		if k, known := seen.Find(id), earlier.Find(id); k != nil && known != nil {
			k.LastUse = known.LastUse
		}
	}
	return seen
}
