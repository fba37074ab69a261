package rotator

import (
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Evidence is what the last Read or apply saw and decided. It does not hold the time of that Read: one would change the
// state at every apply.
//
// Persisted: it is kept as JSON in the private state and in saved plans. What an older version wrote must stay readable.
type Evidence struct {
	Seen  rotation.Observation `json:"seen"`
	Steps []rotation.Step      `json:"steps,omitempty"`
	// Blocked is why a rotation that is due does not happen, and RetirementBlocked why a retirement does not; empty when none is
	// blocked.
	Blocked           rotation.Cause `json:"blocked,omitempty"`
	RetirementBlocked rotation.Cause `json:"retirement_blocked,omitempty"`
	// Room is what a request to rotate would have got.
	Room rotation.Room `json:"room,omitzero"`
	// Owner is who has the current key if AWS told it, while Seen.UserUnknown.
	Owner string `json:"owner,omitempty"`
	// SealedTo names whom the current secret is encrypted to while a request for other recipients is pending; the state's policy does
	// otherwise.
	SealedTo string `json:"sealed_to,omitempty"`
	// ChangedAt is when the last apply that changed something ended, and Removed are the keys that it deleted.
	ChangedAt time.Time `json:"changed_at,omitzero"`
	Removed   []string  `json:"removed,omitempty"`
	// LookedAt is when an apply last looked at IAM because no plan had.
	LookedAt time.Time `json:"looked_at,omitzero"`
	// SignedAt is when the current key last signed a call of ours to prove whose it is. IAM counts that as a use.
	SignedAt time.Time `json:"signed_at,omitzero"`
	// HeldSince and PausedSince are since when hold_previous and paused are set: when an apply recorded it.
	HeldSince   time.Time `json:"held_since,omitzero"`
	PausedSince time.Time `json:"paused_since,omitzero"`
}

// RecordedEvidence returns what a record and the recorded statuses of its keys say of IAM, without any last use. A status other than
// those of IAM stands for a key that was not listed.
func RecordedEvidence(record rotation.Record, current, previous string) Evidence {
	var e Evidence
	add := func(id, status string, createdAt time.Time) {
		if s := rotation.Status(status); s == rotation.Active || s == rotation.Inactive {
			e.Seen.Keys = append(e.Seen.Keys, rotation.Key{ID: id, Status: s, CreatedAt: createdAt})
		}
	}
	add(record.Current.ID, current, record.Current.CreatedAt)
	if p := record.Previous; p != nil {
		add(p.ID, previous, p.CreatedAt)
	}
	return e
}

// shownBy reports whether a list shows what the last apply did. One that does not may be a stale read.
func (e Evidence) shownBy(keys []rotation.Key) bool {
	listed := rotation.Observation{Keys: keys}
	for _, k := range e.Seen.Keys {
		if now := listed.Find(k.ID); now == nil || now.Status != k.Status {
			return false
		}
	}
	return !slices.ContainsFunc(e.Removed, func(id string) bool { return listed.Find(id) != nil })
}

// recentlyRemoved are the keys that we deleted in the five minutes before now, which a list may still show.
func (e Evidence) recentlyRemoved(now time.Time) []string {
	if now.Sub(e.ChangedAt) >= listAgainFor {
		return nil
	}
	return e.Removed
}

// corrected takes out of a list what contradicts an apply of the last five minutes: a key that it deleted is absent, and a
// young previous key that it left is not gone.
func (e Evidence) corrected(keys []rotation.Key, s Subject, now time.Time) []rotation.Key {
	if now.Sub(e.ChangedAt) >= listAgainFor {
		return keys
	}
	removed := e.recentlyRemoved(now)
	keys = slices.DeleteFunc(slices.Clone(keys), func(k rotation.Key) bool { return slices.Contains(removed, k.ID) })
	p := e.Seen.Find(s.Previous)
	if p == nil || now.Sub(p.CreatedAt) >= listAgainFor || findKey(keys, p.ID) != nil {
		return keys
	}
	return append([]rotation.Key{{ID: p.ID, Status: p.Status, CreatedAt: p.CreatedAt}}, keys...)
}

// UnblockedBy reports whether an edit of the policy or a NameUser takes away what blocks a rotation, and what blocks a retirement, so
// that no condition on rotation_blocked or retirement_blocked forbids the remedy. It asks no clock, since ModifyPlan runs again at apply.
func (e Evidence) UnblockedBy(before, after rotation.Policy) (rotates, retires bool) {
	rescheduled := before.Interval() != after.Interval() || before.RotationSpread != after.RotationSpread
	return e.Blocked != "" && rescheduled || e.unblocked(e.Blocked, before, after), e.unblocked(e.RetirementBlocked, before, after)
}

func (e Evidence) unblocked(cause rotation.Cause, before, after rotation.Policy) bool {
	shorter := before.Overlap != after.Overlap || before.Grace != after.Grace || before.RequireUnusedFor != after.RequireUnusedFor
	switch cause {
	case rotation.CauseUnknownUser:
		return !e.Seen.UserUnknown
	case rotation.CausePaused:
		return !after.Paused
	case rotation.CauseHeld:
		return !after.HoldPrevious
	case rotation.CauseUnmanaged, rotation.CauseAdopted:
		return before.UnmanagedKeys != after.UnmanagedKeys
	case rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace:
		return shorter
	case rotation.CauseHandover, rotation.CauseUnknownUse:
		return shorter || before.WaitForHandover != after.WaitForHandover || before.MaxAge != after.MaxAge ||
			before.RotateAfter != after.RotateAfter || before.ApplyEvery != after.ApplyEvery
	case rotation.CauseExpired:
		return before.Recipients != after.Recipients || !before.SealableUntil.Equal(after.SealableUntil)
	case rotation.CauseSigner, rotation.CauseOnlyActive, rotation.CauseYoung, rotation.CauseNotOurs, rotation.CauseRevoked,
		rotation.CauseSettling, rotation.CauseRevokedActive:
	}
	return false
}

// NameUser sets the name that the configuration gives the user anew. An apply finds the user under it, or changes nothing.
func (e *Evidence) NameUser(name string) { e.Seen.User, e.Seen.UserUnknown = name, false }

// located sets whether the user was found, and who has the current key if not. Another user has no key of this resource.
func (e *Evidence) located(l Location) {
	e.Seen.UserUnknown, e.Owner = l.Outcome == UserUnknown, l.Owner
	if l.Foreign {
		e.Owner = ""
	}
}

// decided sets what a decision found, and what the record says of the recipients of a pending request.
func (e *Evidence) decided(record rotation.Record, d rotation.Decision) {
	e.Room, e.Blocked, e.RetirementBlocked, e.SealedTo = d.Room, "", "", ""
	if d.Blocked != nil {
		e.Blocked = d.Blocked.Cause
	}
	if d.RetirementBlocked != nil {
		e.RetirementBlocked = d.RetirementBlocked.Cause
	}
	if _, recipients := record.Request.Parts(); recipients {
		e.SealedTo = record.Current.SealedTo
	}
}

// decision is what Decide returns right after the task. Its steps are for the next Read.
func (a *application) decision() rotation.Decision {
	record := a.state.Record
	record.UniqueID = a.state.UniqueID
	if a.state.Configured {
		record.Policy = &a.task.Policy
	}
	d := rotation.Decide(record.LastPolicy(), record, a.state.Seen, a.client.gateway.Now())
	if o := d.RetirementBlocked; a.state.Created != nil && o != nil && o.Cause == rotation.CauseUnknownUse {
		// Nobody has asked for the last use of the key that was replaced.
		d.RetirementBlocked = nil
	}
	d.RetirementBlocked = retirementBlocked(d, record, a.state.Seen)
	return d
}
