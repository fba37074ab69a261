package rotator

import (
	"context"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Reading is what a Read found out. After UserGone only Location is set.
type Reading struct {
	Location Location
	// User is account and unique id of the user.
	User User
	// Decision is what the clock calls for by the recorded policy, and its Record the record to store.
	Decision rotation.Decision
	Evidence Evidence
	// Orphans are the keys that an interrupted apply has probably left and that nothing else names.
	Orphans []rotation.Key
	// UnusedCurrent is the current key where previous is about to be deactivated and nobody but our own proof has used
	// current; nil otherwise. UseErr is why that could not be found out.
	UnusedCurrent *rotation.Key
	UseErr        error
}

// Read locates and observes the keys of a record, and decides what only the clock calls for. Known is the evidence of the
// last Read or apply. The error is a *WrongAccountError or a *ReadError.
func (c *Client) Read(ctx context.Context, s Subject, record rotation.Record, known Evidence) (Reading, error) {
	location, err := c.Locate(ctx, s, known)
	if err != nil || location.Outcome == UserGone {
		return Reading{Location: location}, err
	}
	r := Reading{Location: location, User: User{AccountID: s.AccountID, UniqueID: s.UniqueID}}
	if s.AccountID == "" || s.UniqueID == "" {
		// After an import.
		if r.User, err = c.GetUser(ctx, location.User); err != nil {
			return r, err
		}
	}
	policy := record.LastPolicy()
	c.claims.record(location.User, record)
	keys := c.claims.mark(location.User, record.Current.ID, location.Keys)
	seen, err := c.Observe(ctx, location.User, keys, record, policy)
	if err != nil {
		return r, err
	}
	seen.Recreated = location.Outcome == UserRecreated
	r.Decision = Decide(ctx, location.User, policy, record, seen, c.gateway.Now())
	r.Evidence = Evidence{Seen: seen, Steps: r.Decision.Steps, ChangedAt: known.ChangedAt, Removed: known.Removed}
	if r.Decision.Blocked != nil {
		r.Evidence.Blocked = r.Decision.Blocked.Cause
	}
	if record.Policy != nil {
		r.Orphans = orphans(policy, r.Decision, seen)
		r.UnusedCurrent, r.UseErr = c.unusedCurrent(ctx, r.Decision, seen)
	}
	return r, nil
}

// orphans are the keys that were created after the current one, are managed by nobody here, and were never used, not even
// for a proof, as another resource that is about to replace this one would. One that blocks a rotation is named there, and
// delete_unused deletes it when its slot is needed.
func orphans(policy rotation.Policy, decision rotation.Decision, seen rotation.Observation) []rotation.Key {
	if policy.UnmanagedKeys == rotation.DeleteUnused {
		return nil
	}
	var found []rotation.Key
	for _, k := range seen.Keys {
		blocks := decision.Blocked != nil && decision.Blocked.Key == k.ID
		leaves := slices.ContainsFunc(decision.Steps, func(s rotation.Step) bool { return s.Key == k.ID })
		if !blocks && !leaves && k.ID != seen.Signer && decision.Record.IsOrphan(k) && k.LastUse.At.IsZero() {
			found = append(found, k)
		}
	}
	return found
}

// unusedCurrent asks whether anybody has used current before previous is deactivated.
func (c *Client) unusedCurrent(ctx context.Context, decision rotation.Decision, seen rotation.Observation) (*rotation.Key, error) {
	current := seen.Find(decision.Record.Current.ID)
	if !decision.Has(rotation.Deactivate) || decision.Has(rotation.Rotate) || decision.Record.Previous.Revoked || current == nil {
		return nil, nil //nolint:nilnil // nothing to ask
	}
	key := *current
	var err error
	if key.LastUse, err = c.lastUse(ctx, key.ID); err != nil {
		return nil, err
	}
	if !key.NeverUsed() {
		return nil, nil //nolint:nilnil // somebody has used it
	}
	return &key, nil
}
