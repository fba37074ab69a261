package rotation

import "time"

// revocationPending reports whether a revoked key is still Active and can be deactivated.
func (e *evaluation) revocationPending() bool {
	return e.revokedActive() && e.currentActive() && !e.settling() && !e.seen.Signs(e.record.Previous.ID)
}

// revokedActive reports whether previous was revoked and is Active all the same.
func (e *evaluation) revokedActive() bool {
	p := e.record.Previous
	return p != nil && p.Revoked && e.previousKey().Status == Active
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
	case e.settling():
		return &Obstacle{Cause: CauseSettling, Key: p.ID}
	case !e.overlapOver():
		return e.overlapObstacle()
	case e.seen.Signs(p.ID):
		// Before the check of use: our own requests are uses, and CauseUsed would blame the consumers.
		return &Obstacle{Cause: CauseSigner, Key: p.ID}
	}
	if obstacle := e.handoverObstacle(); obstacle != nil && !e.nextRotationNear() && !e.reachesMaxAge() {
		return obstacle
	}
	return e.useObstacle()
}

// mayDeleteInactive reports whether rule 4, without its exception, deletes previous now.
func (e *evaluation) mayDeleteInactive() bool {
	p, k := e.record.Previous, e.previousKey()
	if p == nil || k.Status != Inactive || e.held() || e.settling() || e.seen.Signs(p.ID) {
		return false
	}
	at, ok := e.graceEnd()
	return ok && !e.now.Before(at) && e.now.After(p.ReplacedAt)
}

// mayDeleteActive reports whether the exception of rule 4 deletes previous now. The caller has checked that a rotation is due.
func (e *evaluation) mayDeleteActive() bool {
	p, k := e.record.Previous, e.previousKey()
	if p == nil || k.Status != Active || !e.currentActive() || e.held() || e.settling() || e.seen.Signs(p.ID) {
		return false
	}
	end := p.DeactivateAt(e.policy)
	return e.overlapOver() && !e.now.Before(end.Add(e.policy.Grace)) &&
		k.LastUse != nil && !k.LastUse.At.After(end) && e.unusedFor(max(e.policy.RequireUnusedFor, e.policy.Grace)) &&
		e.handoverObstacle() == nil
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

// deletionDated reports whether the grace of an Inactive previous is over, its last use aside.
func (e *evaluation) deletionDated() bool {
	p := e.record.Previous
	return !p.DeactivatedAt.IsZero() && !e.now.Before(p.DeleteAt(e.policy, Use{}))
}

// graceEnd returns the end of the grace of an Inactive previous, as far as it is known; ok is false when it may be later.
func (e *evaluation) graceEnd() (at time.Time, ok bool) {
	p, k := e.record.Previous, e.previousKey()
	switch {
	case k.Status != Inactive || p.DeactivatedAt.IsZero():
		return time.Time{}, false
	case k.LastUse != nil:
		return p.DeleteAt(e.policy, *k.LastUse), true
	case e.deletionDated():
		// The grace is over unless the key was used since, and its last use is unknown.
		return time.Time{}, false
	}
	return p.DeleteAt(e.policy, Use{}), false
}

// unusedFor reports whether previous is unused for that long. It is not when its last use is unknown.
func (e *evaluation) unusedFor(d time.Duration) bool {
	since, ok := e.previousKey().unusedSince()
	return ok && (d == 0 || !e.now.Before(since.Add(d)))
}

// overlapObstacle has the end of the overlap, if the overlap has begun.
func (e *evaluation) overlapObstacle() *Obstacle {
	obstacle := &Obstacle{Cause: CauseOverlap, Key: e.record.Previous.ID}
	if e.unrecordedChange() == "" {
		obstacle.Until = e.record.Previous.DeactivateAt(e.policy)
	}
	return obstacle
}

// useObstacle returns what the last use of previous stands in the way of; nil when previous is unused for RequireUnusedFor.
func (e *evaluation) useObstacle() *Obstacle {
	k := e.previousKey()
	since, ok := k.unusedSince()
	switch {
	case !ok:
		return &Obstacle{Cause: CauseUnknownUse, Key: k.ID}
	case e.unusedFor(e.policy.RequireUnusedFor):
		return nil
	default:
		return &Obstacle{Cause: CauseUsed, Key: k.ID, Until: since.Add(e.policy.RequireUnusedFor), Use: *k.LastUse}
	}
}

// handoverObstacle returns why previous waits for somebody to use current; nil when it does not. The exceptions of rule 3 are not in
// it.
func (e *evaluation) handoverObstacle() *Obstacle {
	if !e.policy.WaitForHandover {
		return nil
	}
	switch handedOver, known := e.record.HandedOver(e.seen); {
	case !known:
		return &Obstacle{Cause: CauseUnknownUse, Key: e.record.Current.ID}
	case !handedOver:
		return &Obstacle{Cause: CauseHandover, Key: e.record.Previous.ID}
	default:
		return nil
	}
}
