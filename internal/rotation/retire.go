package rotation

import "time"

// revocationPending reports whether a revoked key is still Active and can be deactivated.
func (e *evaluation) revocationPending() bool {
	p, k := e.record.Previous, e.previousKey()
	return p != nil && p.Revoked && k.Status == Active && e.currentActive() && k.ID != e.seen.Signer
}

// deactivationObstacle returns why rule 3 does not deactivate previous now; nil when it does. The cause is empty when there is no
// Active previous.
func (e *evaluation) deactivationObstacle() *Obstacle {
	p, k := e.record.Previous, e.previousKey()
	switch {
	case p == nil || k.Status != Active:
		return &Obstacle{}
	case !e.currentActive():
		return &Obstacle{Cause: CauseOnlyActive, Key: p.ID}
	case e.policy.HoldPrevious:
		return &Obstacle{Cause: CauseHeld, Key: p.ID}
	case !e.overlapOver():
		return e.overlapObstacle()
	case k.ID == e.seen.Signer:
		// Before the check of use: our own requests are uses, and CauseUsed would blame the consumers.
		return &Obstacle{Cause: CauseSigner, Key: p.ID}
	case !e.unused(k):
		return e.useObstacle(k)
	default:
		return nil
	}
}

// mayDeleteInactive reports whether rule 4, without its exception, deletes previous now.
func (e *evaluation) mayDeleteInactive() bool {
	p, k := e.record.Previous, e.previousKey()
	if p == nil || k.Status != Inactive || e.held() || k.ID == e.seen.Signer {
		return false
	}
	at, ok := e.graceEnd()
	return ok && !e.now.Before(at) && e.now.After(p.ReplacedAt)
}

// mayDeleteActive reports whether the exception of rule 4 deletes previous now. The caller has checked that a rotation is due.
func (e *evaluation) mayDeleteActive() bool {
	p, k := e.record.Previous, e.previousKey()
	if p == nil || k.Status != Active || !e.currentActive() || e.held() || k.ID == e.seen.Signer {
		return false
	}
	end := p.DeactivateAt(e.policy)
	return e.overlapOver() && !e.now.Before(end.Add(e.policy.Grace)) &&
		k.LastUse != nil && !k.LastUse.At.After(end) && e.unused(k)
}

// held reports whether hold_previous keeps previous. A revoke overrides it.
func (e *evaluation) held() bool { return e.policy.HoldPrevious && !e.requests.revoke }

// overlapOver reports whether the overlap of previous has ended. Whatever its length, it never ends at the instant at which it
// began: an apply that creates a key does not retire the key that it replaces. The overlap of a previous that somebody reactivated
// begins when that is recorded.
func (e *evaluation) overlapOver() bool {
	p := e.record.Previous
	return e.unrecordedChange() != RecordReactivated && !e.now.Before(p.DeactivateAt(e.policy)) && e.now.After(p.ReplacedAt)
}

// graceEnd returns the end of the grace of an Inactive previous, as far as it is known; ok is false when it may be later.
func (e *evaluation) graceEnd() (at time.Time, ok bool) {
	p, k := e.record.Previous, e.previousKey()
	switch {
	case k.Status != Inactive || p.DeactivatedAt.IsZero():
		return time.Time{}, false
	case k.LastUse != nil:
		return p.DeleteAt(e.policy, *k.LastUse), true
	}
	if at = p.DeleteAt(e.policy, Use{}); !at.After(e.now) {
		// The grace is over unless the key was used since, and its last use is unknown.
		return time.Time{}, false
	}
	return at, false
}

// unused reports whether k is unused for RequireUnusedFor. It is not when its last use is unknown.
func (e *evaluation) unused(k *Key) bool {
	if e.policy.RequireUnusedFor == 0 {
		return true
	}
	since, ok := k.unusedSince()
	return ok && !e.now.Before(since.Add(e.policy.RequireUnusedFor))
}

// overlapObstacle has the end of the overlap, if the overlap has begun.
func (e *evaluation) overlapObstacle() *Obstacle {
	obstacle := &Obstacle{Cause: CauseOverlap, Key: e.record.Previous.ID}
	if e.unrecordedChange() == "" {
		obstacle.Until = e.record.Previous.DeactivateAt(e.policy)
	}
	return obstacle
}

// useObstacle has the last use of k and when it no longer counts, if the last use is known.
func (e *evaluation) useObstacle(k *Key) *Obstacle {
	obstacle := &Obstacle{Cause: CauseUsed, Key: k.ID}
	if since, ok := k.unusedSince(); ok {
		obstacle.Until, obstacle.Use = since.Add(e.policy.RequireUnusedFor), *k.LastUse
	}
	return obstacle
}
