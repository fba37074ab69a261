package rotation

import "time"

// Record is what the state holds about a user's keys.
type Record struct {
	// Policy is the policy of the last apply; nil before the first apply that follows a create or an import.
	Policy *Policy
	// User is the name under which the user was last found. UniqueID is the id that it keeps when it is renamed.
	User, UniqueID string
	// ManagedSince is when this resource created or imported its first key of the user.
	ManagedSince time.Time
	// Request is a rotation that was asked for and could not be done yet.
	Request Request
	// Current is the key that users should use; its ID is empty before create.
	Current Current
	// Previous is the key that Current replaced; nil when there is none.
	Previous *Previous
}

// Current is the recorded current key.
type Current struct {
	ID        string
	CreatedAt time.Time
	// InactiveSince is when it was recorded that the key is Inactive; zero while it is Active.
	InactiveSince time.Time
	// Sealed reports whether only the ciphertext of the secret is known, so that it can't be encrypted to other recipients. It is
	// false when the plaintext is known, and when the secret was never known.
	Sealed bool
	// SealedTo names whom the secret is encrypted to, as Policy.Recipients does; empty where that is not known.
	SealedTo string
}

// sealedToOthers reports whether the secret is encrypted to others than policy asks for, or to recipients that are not known.
func (c Current) sealedToOthers(policy Policy) bool {
	return c.Sealed && (c.SealedTo == "" || c.SealedTo != policy.Recipients)
}

// Previous is the recorded previous key.
type Previous struct {
	ID        string
	CreatedAt time.Time
	// ReplacedAt is when the overlap began: when the key was replaced, adopted or reactivated.
	ReplacedAt time.Time
	// DeactivatedAt is when the grace began; zero while the key is Active.
	DeactivatedAt time.Time
	// DeactivatedByUs reports whether this resource deactivated the key, and nobody else.
	DeactivatedByUs bool
	// Adopted reports whether the key was created by somebody else.
	Adopted bool
	// Revoked reports whether a revoke asked for the deactivation of the key.
	Revoked bool
}

// DeactivateAt returns the end of the overlap.
func (p Previous) DeactivateAt(policy Policy) time.Time { return p.ReplacedAt.Add(policy.Overlap) }

// DeleteAt returns the end of the grace of a deactivated previous, given its last use.
func (p Previous) DeleteAt(policy Policy, use Use) time.Time {
	from := p.DeactivatedAt
	if use.At.After(from) {
		from = use.At
	}
	return from.Add(policy.Grace)
}

// contradicted returns when this resource did what a list with that status contradicts; zero when it does not.
func (p Previous) contradicted(listed Status) time.Time {
	switch {
	case listed == Inactive && p.DeactivatedAt.IsZero():
		return p.ReplacedAt
	case listed == Active && p.DeactivatedByUs:
		return p.DeactivatedAt
	default:
		return time.Time{}
	}
}

// Settling reports whether the status of previous that IAM shows at that time may be a stale read, since it contradicts what this
// resource did to the key in the minutes before.
func (r Record) Settling(seen Observation, at time.Time) bool {
	if r.Previous == nil {
		return false
	}
	k := seen.Find(r.Previous.ID)
	if k == nil {
		return false
	}
	since := r.Previous.contradicted(k.Status)
	return !since.IsZero() && at.Before(since.Add(settlesWithin))
}

// Manages reports whether the key with that id is current or previous.
func (r Record) Manages(id string) bool {
	return id == r.Current.ID || r.Previous != nil && id == r.Previous.ID
}

// KeysNeedingLastUse returns the ids of the keys whose last use Decide needs: an Active previous and the current beside it, an
// Inactive previous whose grace is over or not recorded yet, and every unmanaged key. A user with a current key alone thus costs
// no request.
func (r Record) KeysNeedingLastUse(policy Policy, seen Observation, now time.Time) []string {
	var previous *Key
	if r.Previous != nil {
		previous = seen.Find(r.Previous.ID)
	}
	var ids []string
	for _, k := range seen.Keys {
		p := r.Previous
		switch {
		case k.ID == r.Current.ID && (previous == nil || previous.Status == Inactive):
		case p != nil && k.ID == p.ID && k.Status == Inactive && !p.DeactivatedAt.IsZero() && now.Before(p.DeactivatedAt.Add(policy.Grace)):
		default:
			ids = append(ids, k.ID)
		}
	}
	return ids
}
