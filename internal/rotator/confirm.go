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
	leaving := c.claims.leavingKeys(t.User)
	for i, k := range keys {
		switch known := t.Known.Seen.Find(k.ID); {
		case known == nil:
		case slices.Contains(leaving, k.ID):
			// The plan may take the key of a resource that its apply destroys, whichever of the two comes first.
			keys[i].Other = known.Other
		default:
			// What the process of the plan has read counts, too.
			keys[i].Other = k.Other || known.Other
		}
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
	seen.Keys = withDestroyed(seen.Keys, t.Known.Seen, t.Planned, leaving)
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

// withDestroyed returns a list with the keys, as the plan saw them, that planned steps are about and that a Delete of this process has
// deleted. The plan has shown both, and Terraform takes them in no order. So the steps are right, and the next Read finds that the keys
// are gone.
func withDestroyed(keys []rotation.Key, planned rotation.Observation, steps []rotation.Step, leaving []string) []rotation.Key {
	for _, s := range steps {
		switch s.Kind { //nolint:exhaustive // the other kinds are done once the key is gone, or fail without it
		case rotation.Adopt, rotation.Deactivate, rotation.RecordDeactivated, rotation.RecordReactivated:
		default:
			continue
		}
		if k := planned.Find(s.Key); k != nil && slices.Contains(leaving, s.Key) && findKey(keys, s.Key) == nil {
			keys = append(slices.Clone(keys), *k)
		}
	}
	slices.SortStableFunc(keys, func(a, b rotation.Key) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys
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
