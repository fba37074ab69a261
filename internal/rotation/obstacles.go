package rotation

import "slices"

// newKeyObstacle returns what forbids a new key even with a free slot; nil when nothing does. An unknown user comes first, since
// nothing else is known then, and a young current before the others, since nothing is due while IAM may still list it. The signer
// comes last, since it forbids a revoke alone.
func (e *evaluation) newKeyObstacle() *Obstacle {
	if e.seen.UserUnknown {
		return e.unknownUser()
	}
	if e.room != nil && e.requests.deferrable() && !e.requests.revoke {
		return e.newKeyObstacleByEarlierLook()
	}
	if e.currentYoung() {
		return &Obstacle{Cause: CauseYoung, Key: e.record.Current.ID, Until: e.record.Current.CreatedAt.Add(youngFor)}
	}
	if e.recipientsExpired() {
		return &Obstacle{Cause: CauseExpired, Key: e.record.Current.ID}
	}
	if !e.requests.revoke {
		return nil
	}
	for _, k := range []*Key{e.currentKey(), e.previousKey()} {
		if k != nil && k.Status == Active && e.seen.Signs(k.ID) {
			return &Obstacle{Cause: CauseSigner, Key: k.ID}
		}
	}
	return nil
}

// unknownUser is the obstacle of all that needs to know what became of the user.
func (e *evaluation) unknownUser() *Obstacle {
	return &Obstacle{Cause: CauseUnknownUser, Key: e.record.Current.ID}
}

// recipientsExpired reports whether the secret of a new key could not be encrypted.
func (e *evaluation) recipientsExpired() bool {
	until := e.policy.SealableUntil
	return !until.IsZero() && !e.now.Before(until)
}

// newKeyObstacleByEarlierLook returns what newKeyObstacle does, by what an earlier look found. Whether edited recipients have
// expired is for those who encrypt to them.
func (e *evaluation) newKeyObstacleByEarlierLook() *Obstacle {
	obstacle := &Obstacle{Cause: e.room.Cause, Key: e.room.Key}
	before := e.record.Policy
	switch e.room.Cause {
	case CauseYoung:
		return obstacle
	case CauseExpired:
		if before.Recipients == e.policy.Recipients && before.SealableUntil.Equal(e.policy.SealableUntil) {
			return obstacle
		}
	case CauseUsed, CauseUnknownUse, CauseHandover, CauseOverlap, CauseGrace, CauseHeld, CausePaused, CauseUnmanaged, CauseAdopted,
		CauseSigner, CauseOnlyActive, CauseSettling, CauseRevokedActive, CauseNotOurs, CauseRevoked, CauseUnknownUser:
	}
	return nil
}

// rotationCauses are the causes of a blocked rotation, in the order in which they are reported.
var rotationCauses = []Cause{
	CauseUnknownUser, CauseSigner, CauseExpired, CauseYoung, CauseOnlyActive, CauseHeld, CausePaused, CauseUnmanaged, CauseAdopted,
	CauseOverlap, CauseSettling, CauseGrace, CauseUnknownUse, CauseUsed, CauseHandover,
}

// rotationBlocked returns why a rotation that is due does not happen; nil when none is due. Of several causes it returns the first of
// rotationCauses.
func (e *evaluation) rotationBlocked() *Obstacle {
	if e.record.Policy == nil || e.edited || e.dueReason() == "" && !e.currentYoung() {
		return nil
	}
	var unknown, expired, young, paused, room *Obstacle
	if e.seen.UserUnknown {
		unknown = e.unknownUser()
	}
	if e.recipientsExpired() {
		expired = &Obstacle{Cause: CauseExpired, Key: e.record.Current.ID}
	}
	if e.currentYoung() {
		young = e.newKeyObstacle()
	}
	if e.policy.Paused {
		paused = &Obstacle{Cause: CausePaused, Key: e.record.Current.ID}
	}
	if len(e.seen.Keys) >= KeysPerUser {
		_, room = e.makeRoom()
	}
	return firstOfRotation(unknown, expired, young, paused, room)
}

// firstOfRotation returns the obstacle whose cause comes first in rotationCauses; nil when there is none.
func firstOfRotation(obstacles ...*Obstacle) *Obstacle {
	var first *Obstacle
	for _, o := range obstacles {
		if o != nil && (first == nil || slices.Index(rotationCauses, o.Cause) < slices.Index(rotationCauses, first.Cause)) {
			first = o
		}
	}
	return first
}

// retirementBlocked returns why previous is neither deactivated nor deleted though its time has come; nil when it is, and before.
func (e *evaluation) retirementBlocked() *Obstacle {
	if e.record.Policy == nil || e.edited || e.record.Previous == nil || e.settling() {
		return nil
	}
	p, k := e.record.Previous, e.previousKey()
	deactivates := k.Status == Active && (p.Revoked || e.currentActive() && e.overlapOver())
	deletes := k.Status == Inactive && e.deletionDated()
	if at, ok := e.graceEnd(); ok && e.now.Before(at) {
		deletes = false
	}
	switch {
	case !deactivates && !deletes:
		return nil
	case e.seen.UserUnknown:
		return &Obstacle{Cause: CauseUnknownUser, Key: p.ID}
	case e.seen.Signs(p.ID):
		return &Obstacle{Cause: CauseSigner, Key: p.ID}
	case e.revokedActive():
		return &Obstacle{Cause: CauseRevokedActive, Key: p.ID}
	case e.policy.HoldPrevious:
		return &Obstacle{Cause: CauseHeld, Key: p.ID}
	case e.policy.Paused:
		return &Obstacle{Cause: CausePaused, Key: p.ID}
	case deletes && k.LastUse == nil:
		return &Obstacle{Cause: CauseUnknownUse, Key: p.ID}
	case deletes:
		return nil
	default:
		return e.deactivationObstacle()
	}
}

// waiting returns what a user asked for about previous and does not get.
func (e *evaluation) waiting() []Obstacle {
	p, k := e.record.Previous, e.previousKey()
	switch {
	case e.mayReactivate():
		// Only an unknown user keeps it from being a step.
		return []Obstacle{{Cause: CauseUnknownUser, Key: k.ID}}
	case p == nil || !e.requests.reactivate || k.Status != Inactive || e.settling():
		return nil
	case p.Revoked:
		return []Obstacle{{Cause: CauseRevoked, Key: k.ID}}
	default:
		return []Obstacle{{Cause: CauseNotOurs, Key: k.ID}}
	}
}
