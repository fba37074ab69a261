package rotation

import "time"

// newKeyID stands for the key that a planned rotation will create.
const newKeyID = "(new)"

// requests is what changed values ask for.
type requests struct {
	create, rotate, recipients, revoke, reactivate bool
}

// newKey reports whether some request needs a new key.
func (r requests) newKey() bool { return r.create || r.rotate || r.recipients || r.revoke }

// evaluation applies the rules to a record and an observation, and changes its copies of both with each step.
type evaluation struct {
	policy   Policy
	record   Record
	seen     Observation
	now      time.Time
	requests requests
	// clockDriven reports whether clock-driven steps are allowed.
	clockDriven bool
}

func newEvaluation(policy Policy, record Record, seen Observation, now time.Time) *evaluation {
	e := &evaluation{policy: policy, record: record.Reconcile(seen, now), seen: seen, now: now}
	switch {
	case record.Current.ID == "":
		e.requests.create = true
	case record.Policy == nil:
	default:
		before := *record.Policy
		e.clockDriven = before.Equal(policy) && !policy.Paused
		e.requests.rotate = len(Changed(before.RotateWhenChanged, policy.RotateWhenChanged)) > 0
		e.requests.recipients = record.Current.Sealed && before.Recipients != policy.Recipients
		e.requests.revoke = len(Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0
		e.requests.reactivate = policy.HoldPrevious && !before.HoldPrevious && !e.requests.revoke
	}
	return e
}

// Decide returns what an apply should do under policy, given the record and what IAM showed at now. It changes none of
// its arguments.
func Decide(policy Policy, record Record, seen Observation, now time.Time) Decision {
	e := newEvaluation(policy, record, seen, now)
	d := Decision{Record: e.record}
	for {
		step, ok := e.nextStep()
		if !ok {
			break
		}
		d.Steps = append(d.Steps, step)
		e.advance(step)
	}
	if e.requests.newKey() {
		_, obstacle := e.rotationStep()
		return Decision{Record: d.Record, Refused: obstacle}
	}
	d.Blocked = e.rotationBlocked()
	d.Waiting = e.waiting()
	return d
}

// advance changes the record and the observation as the step will.
func (e *evaluation) advance(step Step) {
	out := Outcome{
		At: e.now, NewKey: Key{ID: newKeyID, Status: Active, CreatedAt: e.now, LastUse: &Use{}}, Sealed: e.policy.Recipients != "",
	}
	e.record, e.seen = e.record.After(step, e.seen, out), e.seen.After(step, out)
	switch step.Kind {
	case Rotate:
		e.requests = requests{reactivate: e.requests.reactivate}
	case Reactivate:
		e.requests.reactivate = false
	case Adopt, RecordDeactivated, RecordReactivated, Deactivate, DeletePrevious, DeleteCurrent, DeleteUnmanaged:
	}
}

// nextStep returns the first step to take, if any.
func (e *evaluation) nextStep() (Step, bool) {
	if step, ok := e.recordOnlyStep(); ok {
		return step, true
	}
	if e.mayReactivate() {
		return Step{Kind: Reactivate, Key: e.record.Previous.ID}, true
	}
	if e.revocationPending() {
		return Step{Kind: Deactivate, Key: e.record.Previous.ID}, true
	}
	// With a free slot a rotation comes before any retirement, so that nothing is deleted for it.
	if step, obstacle := e.rotationStep(); obstacle == nil && step.Kind == Rotate {
		return step, true
	}
	// The exception of rule 4 comes before a deactivation, since only a deletion makes room at once.
	if e.clockDriven && e.dueReason() != "" && e.newKeyObstacle() == nil && e.mayDeleteActive() {
		return Step{Kind: DeletePrevious, Key: e.record.Previous.ID}, true
	}
	if e.clockDriven && e.deactivationObstacle() == nil {
		return Step{Kind: Deactivate, Key: e.record.Previous.ID}, true
	}
	if e.clockDriven && e.mayDeleteInactive() {
		return Step{Kind: DeletePrevious, Key: e.record.Previous.ID}, true
	}
	if step, obstacle := e.rotationStep(); obstacle == nil && step.Kind != "" {
		return step, true
	}
	return Step{}, false
}

// recordOnlyStep returns a step that changes the record and nothing in IAM, if there is one to take.
func (e *evaluation) recordOnlyStep() (Step, bool) {
	if !e.clockDriven && !e.requests.create {
		return Step{}, false
	}
	if e.mayAdopt("") {
		return Step{Kind: Adopt, Key: e.oldestUnmanaged().ID}, true
	}
	if kind := e.unrecordedChange(); kind != "" {
		return Step{Kind: kind, Key: e.record.Previous.ID}, true
	}
	return Step{}, false
}

// mayAdopt reports whether the unmanaged key with that id becomes previous. An empty id stands for any.
func (e *evaluation) mayAdopt(id string) bool {
	if e.policy.UnmanagedKeys != RetireUnmanaged || e.record.Previous != nil {
		return false
	}
	k := e.oldestUnmanaged()
	return k != nil && !k.Other && (id == "" || k.ID == id)
}

// unrecordedChange returns the kind of step that records how somebody else changed the status of previous. It is empty when nobody
// did.
func (e *evaluation) unrecordedChange() Kind {
	p, k := e.record.Previous, e.previousKey()
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

// mayReactivate reports whether hold_previous reactivates previous.
func (e *evaluation) mayReactivate() bool {
	p, k := e.record.Previous, e.previousKey()
	return e.requests.reactivate && p != nil && k.Status == Inactive && p.DeactivatedByUs && !p.Revoked
}

// currentKey returns the recorded current as IAM listed it, or nil.
func (e *evaluation) currentKey() *Key { return e.seen.Find(e.record.Current.ID) }

func (e *evaluation) currentActive() bool {
	k := e.currentKey()
	return k != nil && k.Status == Active
}

// previousKey returns the recorded previous as IAM listed it, or nil. It is never nil when the record has a previous, since
// Reconcile removed one that is gone.
func (e *evaluation) previousKey() *Key {
	if e.record.Previous == nil {
		return nil
	}
	return e.seen.Find(e.record.Previous.ID)
}

// oldestUnmanaged returns the oldest key that is neither current nor previous, or nil.
func (e *evaluation) oldestUnmanaged() *Key {
	var oldest *Key
	for i := range e.seen.Keys {
		k := &e.seen.Keys[i]
		if e.record.Manages(k.ID) {
			continue
		}
		if oldest == nil || k.CreatedAt.Before(oldest.CreatedAt) {
			oldest = k
		}
	}
	return oldest
}

// otherKeyActive reports whether a key other than the one with that id is Active.
func (e *evaluation) otherKeyActive(id string) bool {
	for _, k := range e.seen.Keys {
		if k.ID != id && k.Status == Active {
			return true
		}
	}
	return false
}
