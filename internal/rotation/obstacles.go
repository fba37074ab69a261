package rotation

// newKeyObstacle returns what forbids a new key even with a free slot; nil when nothing does. A young current comes first, since
// nothing is due while IAM may still list it. The signer comes last, since it forbids a revoke alone.
func (e *evaluation) newKeyObstacle() *Obstacle {
	if e.currentYoung() {
		return &Obstacle{Cause: CauseYoung, Key: e.record.Current.ID, Until: e.record.Current.CreatedAt.Add(youngFor)}
	}
	if until := e.policy.SealableUntil; !until.IsZero() && !e.now.Before(until) {
		return &Obstacle{Cause: CauseExpired, Key: e.record.Current.ID}
	}
	if !e.requests.revoke {
		return nil
	}
	for _, k := range []*Key{e.currentKey(), e.previousKey()} {
		if k != nil && k.Status == Active && k.ID == e.seen.Signer {
			return &Obstacle{Cause: CauseSigner, Key: k.ID}
		}
	}
	return nil
}

// rotationBlocked returns why a rotation that is due does not happen; nil when none is due.
func (e *evaluation) rotationBlocked() *Obstacle {
	switch {
	case e.record.Policy == nil:
		return nil
	case e.currentYoung():
		return e.newKeyObstacle()
	case e.dueReason() == "":
		return nil
	case e.policy.Paused:
		return &Obstacle{Cause: CausePaused, Key: e.record.Current.ID}
	}
	_, obstacle := e.rotationStep()
	return obstacle
}

// waiting returns why previous is not deactivated, deleted or reactivated now, where that is worth a warning.
func (e *evaluation) waiting() []Obstacle {
	p, k := e.record.Previous, e.previousKey()
	if p == nil {
		return nil
	}
	var obstacles []Obstacle
	if p.Revoked && k.Status == Active && k.ID == e.seen.Signer {
		return append(obstacles, Obstacle{Cause: CauseSigner, Key: k.ID})
	}
	if e.clockDriven {
		if obstacle := e.deactivationObstacle(); obstacle != nil && (obstacle.Cause == CauseUsed || obstacle.Cause == CauseSigner) {
			obstacles = append(obstacles, *obstacle)
		}
		if k.Status == Inactive && k.ID == e.seen.Signer {
			obstacles = append(obstacles, Obstacle{Cause: CauseSigner, Key: k.ID})
		}
	}
	if e.requests.reactivate && k.Status == Inactive {
		cause := CauseNotOurs
		if p.Revoked {
			cause = CauseRevoked
		}
		obstacles = append(obstacles, Obstacle{Cause: cause, Key: k.ID})
	}
	return obstacles
}
