package rotation

// KeysPerUser is AWS's quota; it can't be raised, and Inactive keys count.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const KeysPerUser = 2

// due is why the clock or drift calls for a rotation; empty when nothing does.
func (s *situation) due() Reason {
	c, k := s.record.Current, s.current()
	switch {
	case s.seen.Recreated:
		return ReasonRecreated
	case k == nil && s.young():
		return ""
	case k == nil && c.InactiveSince.IsZero():
		return ReasonMissing
	case k == nil:
		// This plan deletes it to make room.
		return ReasonInactive
	case k.Status != Active:
		return ReasonInactive
	case s.policy.RotateAfter > 0 && !s.now.Before(k.CreatedAt.Add(s.policy.RotateAfter)):
		return ReasonAge
	default:
		return ""
	}
}

// young reports whether current is so new that IAM may not list it yet. One that was seen Inactive has been listed.
func (s *situation) young() bool {
	c := s.record.Current
	return c.ID != "" && s.current() == nil && !s.seen.Recreated && c.InactiveSince.IsZero() &&
		s.now.Before(c.CreatedAt.Add(youngFor))
}

// reason is why a key is to be made now; empty when none is.
func (s *situation) reason() Reason {
	switch {
	case s.ask.create:
		return ReasonCreated
	case s.ask.revoke:
		return ReasonRevoked
	case s.ask.rotate:
		return ReasonChanged
	case s.ask.recipients:
		return ReasonRecipients
	case s.clock:
		return s.due()
	default:
		return ""
	}
}

// rotation is the next step towards a new key that is asked for or due: Rotate, or a deletion that makes room for it. The
// step is empty when no key is to be made, and the obstacle is set when none can be made now.
func (s *situation) rotation() (Step, *Obstacle) {
	reason := s.reason()
	if reason == "" {
		return Step{}, nil
	}
	if obstacle := s.forbidden(); obstacle != nil {
		return Step{}, obstacle
	}
	if len(s.seen.Keys) >= KeysPerUser {
		return s.makeRoom()
	}
	step := Step{Kind: Rotate, Reason: reason, Revoke: s.ask.revoke}
	if k := s.current(); k != nil {
		step.Key, step.Replaced = k.ID, k.Status
	}
	return step, nil
}

// forbidden is what stands against a new key even with a free slot; nil when nothing does. A young current comes first, since
// nothing is due as long as IAM may still list it; the signer comes last, since it stands against a revoke alone.
func (s *situation) forbidden() *Obstacle {
	if s.young() {
		return &Obstacle{Cause: CauseYoung, Key: s.record.Current.ID, Until: s.record.Current.CreatedAt.Add(youngFor)}
	}
	if until := s.policy.SealableUntil; !until.IsZero() && !s.now.Before(until) {
		return &Obstacle{Cause: CauseExpired, Key: s.record.Current.ID}
	}
	if !s.ask.revoke {
		return nil
	}
	for _, k := range []*Key{s.current(), s.previous()} {
		if k != nil && k.Status == Active && k.ID == s.seen.Signer {
			return &Obstacle{Cause: CauseSigner, Key: k.ID}
		}
	}
	return nil
}

// makeRoom is the deletion that gives a rotation its slot, or why there is none.
func (s *situation) makeRoom() (Step, *Obstacle) {
	p := s.record.Previous
	switch {
	case p != nil && (s.mayDeleteInactive() || s.mayDeleteActive()):
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case s.disposable() != nil:
		return Step{Kind: DeleteUnmanaged, Key: s.disposable().ID}, nil
	case p == nil:
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: s.oldestUnmanaged().ID}
	}
	switch obstacle := s.displacing(); {
	case obstacle == nil:
		return Step{Kind: DeletePrevious, Key: p.ID}, nil
	case obstacle.Cause == CauseOnlyActive && s.current() != nil:
		return s.displaceCurrent()
	case s.oldestUnmanaged() != nil:
		// Current is gone, and previous stays: the other key is the one that somebody can do something about.
		return Step{}, &Obstacle{Cause: CauseUnmanaged, Key: s.oldestUnmanaged().ID}
	default:
		return Step{}, obstacle
	}
}

// displacing is nil when rules 6 and 8 let previous go before its time, and tells otherwise why not.
func (s *situation) displacing() *Obstacle {
	p, k := s.record.Previous, s.previous()
	asked := s.ask.key()
	switch {
	case k.Status == Active && !s.currentActive() && (!asked || !s.otherActive(k.ID)):
		return &Obstacle{Cause: CauseOnlyActive, Key: k.ID}
	case k.ID == s.seen.Signer:
		return &Obstacle{Cause: CauseSigner, Key: k.ID}
	case s.held():
		return &Obstacle{Cause: CauseHeld, Key: k.ID}
	case p.Adopted && (asked || !s.currentActive()):
		at, _ := s.deleteAt()
		return &Obstacle{Cause: CauseAdopted, Key: k.ID, Until: at}
	case s.ask.revoke:
		return nil
	case k.Status == Inactive && (asked || !s.currentActive()):
		return nil
	case k.Status == Inactive:
		at, _ := s.deleteAt()
		return &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	case !s.overlapOver():
		w := s.waitForOverlap()
		if !asked {
			w.Until = w.Until.Add(s.policy.Grace)
		}
		return w
	case asked && s.unused(k):
		return nil
	default:
		return s.waitForUse(k)
	}
}

// displaceCurrent deletes an Inactive current once its own grace is over, so that an Active previous can stay.
func (s *situation) displaceCurrent() (Step, *Obstacle) {
	k := s.current()
	if k.ID == s.seen.Signer {
		return Step{}, &Obstacle{Cause: CauseSigner, Key: k.ID}
	}
	if at := s.record.Current.InactiveSince.Add(s.policy.Grace); s.now.Before(at) {
		return Step{}, &Obstacle{Cause: CauseGrace, Key: k.ID, Until: at}
	}
	return Step{Kind: DeleteCurrent, Key: k.ID}, nil
}

// disposable is an unmanaged key that delete_unused allows to delete, or nil. The only Active key of the user stays even
// if nobody used it yet, since somebody may be about to; the exception is one that an interrupted revoke left.
func (s *situation) disposable() *Key {
	if s.policy.UnmanagedKeys != DeleteUnused {
		return nil
	}
	for i := range s.seen.Keys {
		k := &s.seen.Keys[i]
		if s.record.Manages(k.ID) || !k.NeverUsed() || k.ID == s.seen.Signer {
			continue
		}
		if k.Status == Inactive || s.otherActive(k.ID) || s.leftByRevoke(k) {
			return k
		}
	}
	return nil
}

// leftByRevoke reports whether the user's only Active key is one that a revoke made before it deactivated current and was
// killed: the revoke is still asked for, and current, which is Inactive if IAM lists it, is older than the key. Nobody has the
// secret of such a key, and to keep it would refuse the revoke for ever.
func (s *situation) leftByRevoke(k *Key) bool {
	return s.ask.revoke && s.current() != nil && k.CreatedAt.After(s.record.Current.CreatedAt)
}

func (s *situation) otherActive(id string) bool {
	for _, k := range s.seen.Keys {
		if k.ID != id && k.Status == Active {
			return true
		}
	}
	return false
}

// blocked is why a rotation that is due does not happen.
func (s *situation) blocked() *Obstacle {
	switch {
	case s.record.Policy == nil:
		return nil
	case s.young():
		return s.forbidden()
	case s.due() == "":
		return nil
	case s.policy.Paused:
		return &Obstacle{Cause: CausePaused, Key: s.record.Current.ID}
	}
	_, obstacle := s.rotation()
	return obstacle
}

// waiting are the things beside a rotation that do not happen now.
func (s *situation) waiting() []Obstacle {
	p, k := s.record.Previous, s.previous()
	if p == nil {
		return nil
	}
	var obstacles []Obstacle
	if p.Revoked && k.Status == Active && k.ID == s.seen.Signer {
		return append(obstacles, Obstacle{Cause: CauseSigner, Key: k.ID})
	}
	if s.clock {
		if w := s.deactivation(); w != nil && (w.Cause == CauseUsed || w.Cause == CauseSigner) {
			obstacles = append(obstacles, *w)
		}
		if k.Status == Inactive && k.ID == s.seen.Signer {
			obstacles = append(obstacles, Obstacle{Cause: CauseSigner, Key: k.ID})
		}
	}
	if s.ask.reactivate && k.Status == Inactive {
		cause := CauseNotOurs
		if p.Revoked {
			cause = CauseRevoked
		}
		obstacles = append(obstacles, Obstacle{Cause: cause, Key: k.ID})
	}
	return obstacles
}
