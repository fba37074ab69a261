package rotation

import "time"

// newKeyID stands for the key that a planned rotation will make.
const newKeyID = "(new)"

// youngFor is how long after its creation a current that IAM does not list is taken for a key that IAM will still list.
const youngFor = 5 * time.Minute

// request is what changed values ask for.
type request struct {
	create, rotate, recipients, revoke, reactivate bool
}

func (r request) key() bool { return r.create || r.rotate || r.recipients || r.revoke }

// situation is a world in which steps are taken one after the other.
type situation struct {
	policy Policy
	record Record
	seen   Observation
	now    time.Time
	ask    request
	// clock allows clock-driven steps.
	clock bool
}

func begin(policy Policy, record Record, seen Observation, now time.Time) *situation {
	s := &situation{policy: policy, record: record.Reconcile(seen, now), seen: seen, now: now}
	switch {
	case record.Current.ID == "":
		s.ask.create = true
	case record.Policy == nil:
	default:
		before := *record.Policy
		s.clock = before.Equal(policy) && !policy.Paused
		s.ask.rotate = len(Changed(before.RotateWhenChanged, policy.RotateWhenChanged)) > 0
		s.ask.recipients = record.Current.Sealed && before.Recipients != policy.Recipients
		s.ask.revoke = len(Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0
		s.ask.reactivate = policy.HoldPrevious && !before.HoldPrevious && !s.ask.revoke
	}
	return s
}

// Decide returns what an apply should do under policy, given the record and what IAM showed at now. It changes none of
// its arguments.
func Decide(policy Policy, record Record, seen Observation, now time.Time) Decision {
	s := begin(policy, record, seen, now)
	var d Decision
	for {
		step, ok := s.next()
		if !ok {
			break
		}
		d.Steps = append(d.Steps, step)
		s.take(step)
	}
	if s.ask.key() {
		_, obstacle := s.rotation()
		return Decision{Refused: obstacle}
	}
	d.Blocked = s.blocked()
	d.Waiting = s.waiting()
	return d
}

func (s *situation) take(step Step) {
	out := Outcome{
		At: s.now, NewKey: Key{ID: newKeyID, Status: Active, CreatedAt: s.now, LastUse: &Use{}}, Sealed: s.policy.Recipients != "",
	}
	s.record, s.seen = s.record.After(step, s.seen, out), s.seen.After(step, out)
	switch step.Kind {
	case Rotate:
		s.ask = request{reactivate: s.ask.reactivate}
	case Reactivate:
		s.ask.reactivate = false
	case Adopt, RecordDeactivated, RecordReactivated, Deactivate, DeletePrevious, DeleteCurrent, DeleteUnmanaged:
	}
}

// next is the first step to take, if any.
func (s *situation) next() (Step, bool) {
	if step, ok := s.bookkeeping(); ok {
		return step, true
	}
	if s.mayReactivate() {
		return Step{Kind: Reactivate, Key: s.record.Previous.ID}, true
	}
	if s.revocationPending() {
		return Step{Kind: Deactivate, Key: s.record.Previous.ID}, true
	}
	// With a free slot a rotation comes before any retirement, so that nothing is deleted for it.
	if step, obstacle := s.rotation(); obstacle == nil && step.Kind == Rotate {
		return step, true
	}
	// The exception for rare applies comes before a deactivation: it is what makes room at once.
	if s.clock && s.due() != "" && s.forbidden() == nil && s.mayDeleteActive() {
		return Step{Kind: DeletePrevious, Key: s.record.Previous.ID}, true
	}
	if s.clock && s.deactivation() == nil {
		return Step{Kind: Deactivate, Key: s.record.Previous.ID}, true
	}
	if s.clock && s.mayDeleteInactive() {
		return Step{Kind: DeletePrevious, Key: s.record.Previous.ID}, true
	}
	if step, obstacle := s.rotation(); obstacle == nil && step.Kind != "" {
		return step, true
	}
	return Step{}, false
}

// bookkeeping is a step that changes the record alone.
func (s *situation) bookkeeping() (Step, bool) {
	if !s.clock && !s.ask.create {
		return Step{}, false
	}
	if s.mayAdopt("") {
		return Step{Kind: Adopt, Key: s.oldestUnmanaged().ID}, true
	}
	if kind := s.drift(); kind != "" {
		return Step{Kind: kind, Key: s.record.Previous.ID}, true
	}
	return Step{}, false
}

// mayAdopt reports whether the unmanaged key with that id, or any with an empty id, becomes previous.
func (s *situation) mayAdopt(id string) bool {
	if s.policy.UnmanagedKeys != RetireUnmanaged || s.record.Previous != nil {
		return false
	}
	k := s.oldestUnmanaged()
	return k != nil && (id == "" || k.ID == id)
}

// drift is the kind of step that records what somebody else did to the status of previous; empty when nobody did.
func (s *situation) drift() Kind {
	p, k := s.record.Previous, s.previous()
	switch {
	case p == nil:
		return ""
	case k.Status == Inactive && p.DeactivatedAt.IsZero():
		return RecordDeactivated
	case k.Status == Active && !p.DeactivatedAt.IsZero() && !p.Revoked:
		return RecordReactivated
	default:
		return ""
	}
}

func (s *situation) mayReactivate() bool {
	p, k := s.record.Previous, s.previous()
	return s.ask.reactivate && p != nil && k.Status == Inactive && p.DeactivatedByUs && !p.Revoked
}

// revocationPending reports whether a revoked key is still Active and can be deactivated.
func (s *situation) revocationPending() bool {
	p, k := s.record.Previous, s.previous()
	return p != nil && p.Revoked && k.Status == Active && s.currentActive() && k.ID != s.seen.Signer
}

// deactivation is nil when rule 3 deactivates previous now, and tells otherwise why not.
func (s *situation) deactivation() *Obstacle {
	p, k := s.record.Previous, s.previous()
	switch {
	case p == nil || k.Status != Active:
		return &Obstacle{}
	case !s.currentActive():
		return &Obstacle{Cause: CauseOnlyActive, Key: p.ID}
	case s.policy.HoldPrevious:
		return &Obstacle{Cause: CauseHeld, Key: p.ID}
	case !s.overlapOver():
		return s.waitForOverlap()
	case k.ID == s.seen.Signer:
		// Before the check of use: our own requests are uses, and CauseUsed would blame the consumers.
		return &Obstacle{Cause: CauseSigner, Key: p.ID}
	case !s.unused(k):
		return s.waitForUse(k)
	default:
		return nil
	}
}

// mayDeleteInactive is rule 4 without its exception.
func (s *situation) mayDeleteInactive() bool {
	p, k := s.record.Previous, s.previous()
	if p == nil || k.Status != Inactive || s.held() || k.ID == s.seen.Signer {
		return false
	}
	at, ok := s.deleteAt()
	return ok && !s.now.Before(at) && s.now.After(p.ReplacedAt)
}

// held reports whether hold_previous keeps previous; a revoke beats it.
func (s *situation) held() bool { return s.policy.HoldPrevious && !s.ask.revoke }

// deleteAt is the end of the grace of an Inactive previous, as far as it is known; ok is false when it may end later.
func (s *situation) deleteAt() (at time.Time, ok bool) {
	p, k := s.record.Previous, s.previous()
	switch {
	case k.Status != Inactive || p.DeactivatedAt.IsZero():
		return time.Time{}, false
	case k.LastUse != nil:
		return p.DeleteAt(s.policy, *k.LastUse), true
	}
	if at = p.DeleteAt(s.policy, Use{}); !at.After(s.now) {
		// The grace is over, and only IAM's answer about the last use could tell more.
		return time.Time{}, false
	}
	return at, false
}

// mayDeleteActive is the exception of rule 4; the caller has found that a rotation is due.
func (s *situation) mayDeleteActive() bool {
	p, k := s.record.Previous, s.previous()
	if p == nil || k.Status != Active || !s.currentActive() || s.held() || k.ID == s.seen.Signer {
		return false
	}
	end := p.DeactivateAt(s.policy)
	return s.overlapOver() && !s.now.Before(end.Add(s.policy.Grace)) &&
		k.LastUse != nil && !k.LastUse.At.After(end) && s.unused(k)
}

// overlapOver reports whether the overlap of previous has ended. It never ends at the instant at which it began, whatever
// its length: an apply that makes a key does not retire the key that it replaces. One that somebody reactivated has a new
// overlap, which begins when that is recorded.
func (s *situation) overlapOver() bool {
	p := s.record.Previous
	return s.drift() != RecordReactivated && !s.now.Before(p.DeactivateAt(s.policy)) && s.now.After(p.ReplacedAt)
}

// unused reports whether k is unused for RequireUnusedFor. Without knowledge of its last use it is not.
func (s *situation) unused(k *Key) bool {
	if s.policy.RequireUnusedFor == 0 {
		return true
	}
	since, ok := k.unusedSince()
	return ok && !s.now.Before(since.Add(s.policy.RequireUnusedFor))
}

// waitForOverlap names the end of the overlap, unless the overlap has still to begin.
func (s *situation) waitForOverlap() *Obstacle {
	w := &Obstacle{Cause: CauseOverlap, Key: s.record.Previous.ID}
	if s.drift() == "" {
		w.Until = s.record.Previous.DeactivateAt(s.policy)
	}
	return w
}

func (s *situation) waitForUse(k *Key) *Obstacle {
	w := &Obstacle{Cause: CauseUsed, Key: k.ID}
	if since, ok := k.unusedSince(); ok {
		w.Until, w.Use = since.Add(s.policy.RequireUnusedFor), *k.LastUse
	}
	return w
}

// current is the recorded current as IAM listed it, or nil.
func (s *situation) current() *Key { return s.seen.Find(s.record.Current.ID) }

func (s *situation) currentActive() bool {
	k := s.current()
	return k != nil && k.Status == Active
}

// previous is the recorded previous as IAM listed it, or nil. It is never nil when the record has one, since Reconcile
// forgot a previous that is gone.
func (s *situation) previous() *Key {
	if s.record.Previous == nil {
		return nil
	}
	return s.seen.Find(s.record.Previous.ID)
}

// oldestUnmanaged is the oldest key that is neither current nor previous, or nil.
func (s *situation) oldestUnmanaged() *Key {
	var oldest *Key
	for i := range s.seen.Keys {
		k := &s.seen.Keys[i]
		if s.record.Manages(k.ID) {
			continue
		}
		if oldest == nil || k.CreatedAt.Before(oldest.CreatedAt) {
			oldest = k
		}
	}
	return oldest
}
