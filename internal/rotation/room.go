package rotation

// makeRoom returns the deletion that frees a slot for a rotation, or why there is none.
func (e *evaluation) makeRoom() (Step, *Obstacle) {
	p := e.record.Previous
	switch {
	case e.requests.revoke && p != nil && e.previousKey().Status == Inactive && !e.settling() && !e.seen.Signs(p.ID):
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case e.revokeDeletesCurrent():
		return Step{Kind: DeleteCurrent, Key: e.record.Current.ID}, nil
	case p != nil && (e.mayDeleteInactive() || e.mayDeleteActive()):
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case e.deletableUnmanaged() != nil:
		return Step{Kind: DeleteUnmanaged, Key: e.deletableUnmanaged().ID}, nil
	case p == nil && e.currentInactive():
		return e.deleteInactiveCurrent()
	case p == nil:
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: e.oldestUnmanaged().ID}
	}
	switch obstacle := e.earlyDeletionObstacle(); {
	case obstacle == nil:
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case obstacle.Cause == CauseOnlyActive && e.currentKey() != nil:
		return e.deleteInactiveCurrent()
	case obstacle.Cause == CauseSigner, obstacle.Cause == CauseHeld, e.oldestUnmanaged() == nil:
		return Step{}, obstacle
	default:
		// Current is gone and previous stays, so the unmanaged key is the one that somebody can do something about.
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: e.oldestUnmanaged().ID}
	}
}

// revokeDeletesCurrent reports whether a revoke deletes an Inactive current at once.
func (e *evaluation) revokeDeletesCurrent() bool {
	return e.requests.revoke && e.currentInactive() && !e.seen.Signs(e.record.Current.ID)
}

// roomByEarlierLook returns what makeRoom does, by what an earlier look found. Only what the configuration says of previous
// and of unmanaged keys is judged anew, since none of it depends on the time.
func (e *evaluation) roomByEarlierLook() (Step, *Obstacle) {
	step, p := e.room.Step, e.record.Previous
	switch {
	case step.Kind == DeletePrevious && p != nil && step.Key == p.ID && e.held():
		return Step{}, &Obstacle{Cause: CauseHeld, Key: step.Key}
	case step.Kind == DeletePrevious && p != nil && step.Key == p.ID, step.Kind == DeleteCurrent && e.currentInactive():
		return step, nil
	case e.deletableUnmanaged() != nil:
		return Step{Kind: DeleteUnmanaged, Key: e.deletableUnmanaged().ID}, nil
	case e.room.Cause != "":
		return Step{}, &Obstacle{Cause: e.room.Cause, Key: e.room.Key}
	case e.oldestUnmanaged() != nil:
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: e.oldestUnmanaged().ID}
	default:
		return Step{}, &Obstacle{Cause: CauseUnknownUse, Key: e.record.Previous.ID}
	}
}

// earlyDeletionObstacle returns why rules 6 and 8 do not allow to delete previous before rule 4 does; nil when they allow it.
func (e *evaluation) earlyDeletionObstacle() *Obstacle {
	p, k := e.record.Previous, e.previousKey()
	requested := e.requests.newKey()
	switch {
	case k.Status == Active && !e.currentActive() && (!requested || !e.otherKeyActive(k.ID)):
		return &Obstacle{Cause: CauseOnlyActive, Key: k.ID}
	case e.seen.Signs(k.ID):
		return &Obstacle{Cause: CauseSigner, Key: k.ID}
	case e.held():
		return &Obstacle{Cause: CauseHeld, Key: k.ID}
	case p.Adopted && (requested || !e.currentActive()):
		at, _ := e.graceEnd()
		return &Obstacle{Cause: CauseAdopted, Key: k.ID, Until: at}
	case e.requests.revoke:
		return nil
	case e.settling():
		return &Obstacle{Cause: CauseSettling, Key: k.ID}
	case k.Status == Inactive && (requested || !e.currentActive()):
		return nil
	case k.Status == Inactive && k.LastUse == nil && e.deletionDated():
		return &Obstacle{Cause: CauseUnknownUse, Key: k.ID}
	case k.Status == Inactive:
		at, _ := e.graceEnd()
		return &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	case !e.overlapOver():
		obstacle := e.overlapObstacle()
		if !requested {
			obstacle.Until = obstacle.Until.Add(e.policy.Grace)
		}
		return obstacle
	}
	switch use, handover := e.useObstacle(), e.handoverObstacle(); {
	case use != nil:
		return use
	case handover != nil:
		return handover
	case !requested:
		// It is deactivated first.
		return &Obstacle{Cause: CauseGrace, Key: k.ID}
	default:
		return nil
	}
}

// deleteInactiveCurrent deletes a current that has been Inactive for the grace, so that an Active key can stay.
func (e *evaluation) deleteInactiveCurrent() (Step, *Obstacle) {
	k := e.currentKey()
	if e.seen.Signs(k.ID) {
		return Step{}, &Obstacle{Cause: CauseSigner, Key: k.ID}
	}
	since := e.record.Current.InactiveSince
	if since.IsZero() {
		// The grace begins when a step has recorded the status.
		return Step{}, &Obstacle{Cause: CauseGrace, Key: k.ID}
	}
	if at := since.Add(e.policy.Grace); e.now.Before(at) {
		return Step{}, &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	}
	return Step{Kind: DeleteCurrent, Key: k.ID}, nil
}

// deletableUnmanaged returns an unmanaged key that delete_unused allows to delete, or nil. The only Active key of the user stays
// even if nobody has used it yet, since somebody may be about to. A key that another resource manages stays, too, and at create one
// that was proved: a create does not know all resources of its apply.
func (e *evaluation) deletableUnmanaged() *Key {
	if e.policy.UnmanagedKeys != DeleteUnused {
		return nil
	}
	for i := range e.seen.Keys {
		k := &e.seen.Keys[i]
		if e.record.Manages(k.ID) || k.Other || !k.NeverUsed() || e.seen.Signs(k.ID) {
			continue
		}
		if e.requests.create && k.usedAtAll() {
			// A proof may be that of another resource, whose current nobody has used yet.
			continue
		}
		if k.Status == Inactive || e.otherKeyActive(k.ID) {
			return k
		}
	}
	return nil
}
