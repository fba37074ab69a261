package rotator

import (
	"context"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Reading is what a Read found out. After UserGone only Location is set, and where the recorded user was not found, only Location,
// Evidence and Decision.
type Reading struct {
	Location Location
	// User is account and unique id of the user.
	User User
	// Record is the record with the dates of creation that IAM lists.
	Record rotation.Record
	// Decision is what the clock calls for by the recorded policy.
	Decision rotation.Decision
	Evidence Evidence
	// Orphans are the keys that an interrupted apply has probably left and that nothing else names.
	Orphans []rotation.Key
	// InTheWay are the unmanaged keys that will block the next rotation and that nothing else names. After an import Judge returns
	// them, which knows the configured policy.
	InTheWay []rotation.Key
	// Unknown is set where a last use could not be read.
	Unknown *LastUseUnknown
}

// Read locates and observes the keys of a record, and decides what only the clock calls for. Known is the evidence of the
// last Read or apply. The error is a *WrongAccountError or a *ReadError.
func (c *Client) Read(ctx context.Context, s Subject, record rotation.Record, known Evidence) (Reading, error) {
	location, err := c.Locate(ctx, s, known)
	if err != nil || location.Outcome == UserGone {
		return Reading{Location: location}, err
	}
	if !location.SignedAt.IsZero() {
		known.SignedAt = location.SignedAt
	}
	switch location.Outcome {
	case UserUnknown:
		return c.readUnknown(ctx, location, record, known), nil
	case NewUserMissing, NewUserAnother:
		// Nothing is concluded, so nothing is done.
		known.Steps, known.Blocked, known.RetirementBlocked = nil, "", ""
		return Reading{Location: location, Evidence: known}, nil
	case CurrentListed, CurrentGone, UserRenamed, UserRecreated, UserGone:
	}
	record = withListedDates(record, location.Keys)
	r := Reading{Location: location, User: User{AccountID: s.AccountID, UniqueID: s.UniqueID}, Record: record}
	if s.AccountID == "" || s.UniqueID == "" {
		// After an import.
		if r.User, err = c.GetUser(ctx, location.User); err != nil {
			return r, err
		}
	}
	policy := record.LastPolicy()
	c.claims.record(location.User, record, known.SignedAt)
	keys := c.claims.mark(location.User, record.Current.ID, location.Keys)
	seen, unknown, err := c.Observe(ctx, location.User, keys, record, policy)
	if err != nil {
		return r, err
	}
	r.Unknown = unknown
	seen.Recreated, seen.SignedAt = location.Outcome == UserRecreated, known.SignedAt
	r.Decision = Decide(ctx, location.User, policy, record, seen, c.gateway.Now())
	r.Decision.RetirementBlocked = retirementBlocked(r.Decision, record, seen)
	r.Evidence = Evidence{
		Seen: seen, Steps: r.Decision.Steps, ChangedAt: known.ChangedAt, Removed: known.Removed, SignedAt: known.SignedAt,
		LookedAt: known.LookedAt, HeldSince: known.HeldSince, PausedSince: known.PausedSince,
	}
	r.Evidence.decided(record, r.Decision)
	if record.Policy != nil {
		r.Orphans = orphans(record, r.Decision, seen)
		r.InTheWay = inTheWay(policy, record, r.Decision, seen)
	}
	return r, nil
}

// readUnknown is Read where nothing proves what became of the user. The keys stay as they were seen last.
func (c *Client) readUnknown(ctx context.Context, location Location, record rotation.Record, known Evidence) Reading {
	now := c.gateway.Now()
	known.located(location)
	// What an earlier Read has found under another name is not what the plan is about.
	known.Seen.User = location.User
	known.Seen.Settling = record.Settling(known.Seen, now)
	decision := Decide(ctx, location.User, record.LastPolicy(), record, known.Seen, now)
	known.Steps = decision.Steps
	known.decided(record, decision)
	return Reading{Location: location, Record: record, Decision: decision, Evidence: known}
}

// retirementBlocked is why previous is not retired. A revoked key that is still Active counts although a step deactivates it: that step
// has failed before, and alerts are for such a key (rule 8 of package rotation).
func retirementBlocked(d rotation.Decision, record rotation.Record, seen rotation.Observation) *rotation.Obstacle {
	p := record.Previous
	if d.RetirementBlocked != nil || p == nil || !p.Revoked {
		return d.RetirementBlocked
	}
	if k := seen.Find(p.ID); k == nil || k.Status != rotation.Active {
		return nil
	}
	return &rotation.Obstacle{Cause: rotation.CauseRevokedActive, Key: p.ID}
}

// withListedDates returns the record with the dates of creation that IAM lists: an edited state changes no age.
func withListedDates(record rotation.Record, listed []rotation.Key) rotation.Record {
	if k := findKey(listed, record.Current.ID); k != nil {
		record.Current.CreatedAt = k.CreatedAt
	}
	if record.Previous == nil {
		return record
	}
	if k := findKey(listed, record.Previous.ID); k != nil {
		previous := *record.Previous
		previous.CreatedAt = k.CreatedAt
		record.Previous = &previous
	}
	return record
}

// orphans are the keys that were created after the current one, are managed by nobody here, and were never used, not even
// for a proof, as another resource that is about to replace this one would. One that blocks a rotation is named there, and
// delete_unused deletes it when its slot is needed.
func orphans(record rotation.Record, decision rotation.Decision, seen rotation.Observation) []rotation.Key {
	if record.LastPolicy().UnmanagedKeys == rotation.DeleteUnused {
		return nil
	}
	var found []rotation.Key
	for _, k := range seen.Keys {
		blocks := decision.Blocked != nil && decision.Blocked.Key == k.ID
		leaves := slices.ContainsFunc(decision.Steps, func(s rotation.Step) bool { return s.Key == k.ID })
		if !blocks && !leaves && !seen.Signs(k.ID) && record.IsOrphan(k) && k.LastUse.At.IsZero() {
			found = append(found, k)
		}
	}
	return found
}
