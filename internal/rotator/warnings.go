package rotator

import (
	"context"
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// longAfter is how long hold_previous or paused is set before it is worth a warning.
const longAfter = 30 * 24 * time.Hour

// inUseWithin is how recent a use of a key is that a destroy warns of.
const inUseWithin = 24 * time.Hour

// inTheWay are the unmanaged keys that will block the next rotation and that nothing else names: neither a blocked rotation, nor
// a step, nor orphans. One that policy resolves is not among them, nor one of another resource. Like a create, it leaves out a key
// that signs our requests, and like orphans one younger than current that was only proved: the resource that replaces this one has it.
func inTheWay(
	policy rotation.Policy, record rotation.Record, decision rotation.Decision, seen rotation.Observation,
) []rotation.Key {
	if policy.UnmanagedKeys == rotation.RetireUnmanaged && record.Previous == nil || decision.Has(rotation.Rotate) {
		return nil
	}
	var found []rotation.Key
	for _, k := range seen.Keys {
		named := decision.Blocked != nil && decision.Blocked.Key == k.ID ||
			slices.ContainsFunc(decision.Steps, func(s rotation.Step) bool { return s.Key == k.ID })
		resolved := policy.UnmanagedKeys == rotation.DeleteUnused && k.NeverUsed()
		if !named && !resolved && (record.Policy == nil || !record.IsOrphan(k)) && !record.Manages(k.ID) && !k.Other && !seen.Signs(k.ID) {
			found = append(found, k)
		}
	}
	return found
}

// revokedKeys are the keys that a revoke stops, current first, with their last uses. They are copies: a last use that only a
// warning needs must not change what a plan shows.
func (c *Client) revokedKeys(ctx context.Context, record rotation.Record, seen rotation.Observation) []rotation.Key {
	ids := []string{record.Current.ID}
	if p := record.Previous; p != nil {
		ids = append(ids, p.ID)
	}
	var keys []rotation.Key
	for _, id := range ids {
		k := seen.Find(id)
		if k == nil || k.Status != rotation.Active {
			continue
		}
		stopped := *k
		// After an apply the evidence takes a new key for one that nobody has used.
		if stopped.LastUse == nil || stopped.LastUse.At.IsZero() {
			stopped.LastUse = c.lastUseIfKnown(ctx, id)
		}
		keys = append(keys, stopped)
	}
	return keys
}

// OwnKeysInUse returns those keys of OwnKeys that somebody has used within a day, with their last uses. A last use that can't be
// read counts as none. Known is the evidence of the last Read or apply.
func (c *Client) OwnKeysInUse(ctx context.Context, record rotation.Record, known Evidence) []rotation.Key {
	createdAt := map[string]time.Time{record.Current.ID: record.Current.CreatedAt}
	if p := record.Previous; p != nil {
		createdAt[p.ID] = p.CreatedAt
	}
	var keys []rotation.Key
	for _, id := range OwnKeys(record) {
		k := rotation.Key{ID: id, CreatedAt: createdAt[id], LastUse: c.lastUseIfKnown(ctx, id)}
		if (rotation.Observation{SignedAt: known.SignedAt}).UsedByOthers(k) && c.Now().Sub(k.LastUse.At) <= inUseWithin {
			keys = append(keys, k)
		}
	}
	return keys
}

// lastUseIfKnown is lastUse for a warning: nil where it can't be read.
func (c *Client) lastUseIfKnown(ctx context.Context, id string) *rotation.Use {
	use, err := c.lastUse(ctx, id)
	if err != nil {
		return nil
	}
	return use
}

// beginsFreeze reports whether recordPolicy will keep the time.
func (e Evidence) beginsFreeze(policy rotation.Policy) bool {
	return policy.HoldPrevious && e.HeldSince.IsZero() || policy.Paused && e.PausedSince.IsZero()
}

// recordPolicy keeps since when hold_previous and paused are set, once a policy is recorded.
func (e *Evidence) recordPolicy(policy rotation.Policy, now time.Time) {
	e.HeldSince = setSince(policy.HoldPrevious, e.HeldSince, now)
	e.PausedSince = setSince(policy.Paused, e.PausedSince, now)
}

func setSince(set bool, since, now time.Time) time.Time {
	switch {
	case !set:
		return time.Time{}
	case since.IsZero():
		return now
	default:
		return since
	}
}

// LongSince reports whether hold_previous, and whether paused, has been set for more than 30 days.
func (e Evidence) LongSince(now time.Time) (held, paused bool) {
	long := func(since time.Time) bool { return !since.IsZero() && now.Sub(since) > longAfter }
	return long(e.HeldSince), long(e.PausedSince)
}
