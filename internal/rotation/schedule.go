package rotation

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// marginApplies is how many applies may lie between the age of a rotation and MaxAge, besides Overlap and RequireUnusedFor: one
// until the rotation is seen to be due, one until previous is seen unused, and one in reserve.
const marginApplies = 3

// nearApplies is how many applies before a date something that must be done by it is begun.
const nearApplies = 2

// Interval returns the age at which current is rotated, before the spread: RotateAfter, or what MaxAge leaves for the overlap,
// RequireUnusedFor and three applies. Zero means never by age.
func (p Policy) Interval() time.Duration {
	if p.RotateAfter > 0 || p.MaxAge <= 0 {
		return p.RotateAfter
	}
	return p.MaxAge - p.afterRotation()
}

// afterRotation is how long previous may stay Active after a rotation, if its consumers move within the overlap.
func (p Policy) afterRotation() time.Duration {
	return p.Overlap + p.RequireUnusedFor + marginApplies*p.ApplyEvery
}

// MinimumInterval returns the age that Interval less RotationSpread must exceed, so that previous can be deleted before the next
// rotation.
func (p Policy) MinimumInterval() time.Duration { return max(p.Overlap, p.RequireUnusedFor) + p.Grace }

// MinimumMaxAge returns the least MaxAge that RotateAfter allows: an older previous would still be Active.
func (p Policy) MinimumMaxAge() time.Duration { return p.RotateAfter + p.afterRotation() }

// RotateAt returns when current is due for rotation by age; zero means never. Each user has a place of its own within
// RotationSpread. A key that was due before it was managed is spread over the time after that.
func (r Record) RotateAt(policy Policy) time.Time {
	interval := policy.Interval()
	if interval <= 0 {
		return time.Time{}
	}
	latest := r.Current.CreatedAt.Add(interval)
	at := latest.Add(-spread(r.UniqueID, policy.RotationSpread))
	if !at.Before(r.ManagedSince) {
		return at
	}
	left := latest.Sub(r.ManagedSince)
	if left <= 0 {
		left = policy.RotationSpread
	}
	return r.ManagedSince.Add(spread(r.UniqueID, left))
}

// spread returns the place of a user within a duration, in whole seconds. It depends on nothing but the unique id, so that it is the
// same in every plan.
func spread(uniqueID string, within time.Duration) time.Duration {
	seconds := uint64(max(within, 0) / time.Second)
	if seconds == 0 {
		return 0
	}
	sum := sha256.Sum256([]byte(uniqueID))
	return time.Duration(binary.BigEndian.Uint64(sum[:8])%seconds) * time.Second //nolint:gosec // it is less than within
}

// nextRotationNear reports whether the next rotation by age is so near that previous must be retired to leave its slot.
func (e *evaluation) nextRotationNear() bool {
	at := e.record.RotateAt(e.policy)
	return !at.IsZero() && at.Sub(e.now) <= e.policy.Grace+nearApplies*e.policy.ApplyEvery
}

// reachesMaxAge reports whether previous is about to be as old as MaxAge. A key that already was so when its overlap began
// does not count: nothing would be left of the overlap.
func (e *evaluation) reachesMaxAge() bool {
	p := e.record.Previous
	if e.policy.MaxAge <= 0 {
		return false
	}
	at := p.CreatedAt.Add(e.policy.MaxAge - nearApplies*e.policy.ApplyEvery)
	return p.ReplacedAt.Before(at) && !e.now.Before(at)
}
