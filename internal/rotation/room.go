package rotation

// makeRoom returns the deletion that frees a slot for a rotation, or why there is none.
func (e *evaluation) makeRoom() (Step, *Obstacle) {
	p := e.record.Previous
	switch {
	case p != nil && (e.mayDeleteInactive() || e.mayDeleteActive()):
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case e.deletableUnmanaged() != nil:
		return Step{Kind: DeleteUnmanaged, Key: e.deletableUnmanaged().ID}, nil
	case p == nil:
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: e.oldestUnmanaged().ID}
	}
	switch obstacle := e.earlyDeletionObstacle(); {
	case obstacle == nil:
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case obstacle.Cause == CauseOnlyActive && e.currentKey() != nil:
		return e.deleteInactiveCurrent()
	case e.oldestUnmanaged() != nil:
		// Current is gone and previous stays, so the unmanaged key is the one that somebody can do something about.
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: e.oldestUnmanaged().ID}
	default:
		return Step{}, obstacle
	}
}

// earlyDeletionObstacle returns why rules 6 and 8 do not allow to delete previous before rule 4 does; nil when they allow it.
func (e *evaluation) earlyDeletionObstacle() *Obstacle {
	p, k := e.record.Previous, e.previousKey()
	requested := e.requests.newKey()
	switch {
	case k.Status == Active && !e.currentActive() && (!requested || !e.otherKeyActive(k.ID)):
		return &Obstacle{Cause: CauseOnlyActive, Key: k.ID}
	case k.ID == e.seen.Signer:
		return &Obstacle{Cause: CauseSigner, Key: k.ID}
	case e.held():
		return &Obstacle{Cause: CauseHeld, Key: k.ID}
	case p.Adopted && (requested || !e.currentActive()):
		at, _ := e.graceEnd()
		return &Obstacle{Cause: CauseAdopted, Key: k.ID, Until: at}
	case e.requests.revoke:
		return nil
	case k.Status == Inactive && (requested || !e.currentActive()):
		return nil
	case k.Status == Inactive:
		at, _ := e.graceEnd()
		return &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	case !e.overlapOver():
		obstacle := e.overlapObstacle()
		if !requested {
			obstacle.Until = obstacle.Until.Add(e.policy.Grace)
		}
		return obstacle
	case requested && e.unused(k):
		return nil
	default:
		return e.useObstacle(k)
	}
}

// deleteInactiveCurrent deletes a current that has been Inactive for the grace, so that an Active previous can stay.
func (e *evaluation) deleteInactiveCurrent() (Step, *Obstacle) {
	k := e.currentKey()
	if k.ID == e.seen.Signer {
		return Step{}, &Obstacle{Cause: CauseSigner, Key: k.ID}
	}
	if at := e.record.Current.InactiveSince.Add(e.policy.Grace); e.now.Before(at) {
		return Step{}, &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	}
	return Step{Kind: DeleteCurrent, Key: k.ID}, nil
}

// deletableUnmanaged returns an unmanaged key that delete_unused allows to delete, or nil. The only Active key of the user stays
// even if nobody has used it yet, since somebody may be about to. The exception is a key that an interrupted revoke left.
func (e *evaluation) deletableUnmanaged() *Key {
	if e.policy.UnmanagedKeys != DeleteUnused {
		return nil
	}
	for i := range e.seen.Keys {
		k := &e.seen.Keys[i]
		if e.record.Manages(k.ID) || k.Other || !k.NeverUsed() || k.ID == e.seen.Signer {
			continue
		}
		if k.Status == Inactive || e.otherKeyActive(k.ID) || e.leftByRevoke(k) {
			return k
		}
	}
	return nil
}

// leftByRevoke reports whether the only Active key of the user is one that an interrupted revoke left: it created the key and
// deactivated current, and the state was never saved. The revoke is still requested then, and current is listed and older than the
// key. Nobody has the secret of such a key, and as long as it stays the revoke is refused.
func (e *evaluation) leftByRevoke(k *Key) bool {
	return e.requests.revoke && e.currentKey() != nil && k.CreatedAt.After(e.record.Current.CreatedAt)
}
