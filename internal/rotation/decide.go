package rotation

import "time"

// newKeyID stands for the key that a planned rotation will create.
const newKeyID = "(new)"

// requests is what changed values ask for.
type requests struct {
	create, rotate, recipients, revoke, reactivate bool
}

// newKey reports whether some request needs a new key.
func (r requests) newKey() bool { return r.create || r.revoke || r.deferrable() }

// deferrable reports whether a new key is asked for that may wait: a request to rotate that can't be met becomes pending.
func (r requests) deferrable() bool { return r.rotate || r.recipients }

// evaluation applies the rules to a record and an observation, and changes its copies of both with each step.
type evaluation struct {
	policy   Policy
	record   Record
	seen     Observation
	now      time.Time
	requests requests
	// edited reports whether policy differs from the recorded one, and asked names the changed values that ask for a rotation.
	edited bool
	asked  Request
	// room is what a request to rotate gets, where a plan judges it by an earlier look; nil where this look counts.
	room *Room
	// pending is why a request to rotate became a recording.
	pending *Obstacle
	// clockDriven reports whether clock-driven steps are allowed.
	clockDriven bool
	// previousGone is the recorded previous if it is not listed. The record of the evaluation has no previous then.
	previousGone string
	// currentDeleted reports whether a step deletes the Inactive current.
	currentDeleted bool
	// roomMade reports whether a step deletes a key and the next one creates one. None comes between, so that the caller can create
	// first.
	roomMade bool
}

func newEvaluation(policy Policy, record Record, seen Observation, now time.Time) *evaluation {
	e := &evaluation{policy: policy, record: record, seen: seen, now: now}
	if p := record.Previous; p != nil && seen.Find(p.ID) == nil {
		e.previousGone, e.record.Previous = p.ID, nil
	}
	switch {
	case record.Current.ID == "":
		e.requests.create = true
	case record.Policy != nil:
		e.compare(*record.Policy, policy)
	}
	return e
}

// compare finds out what policy asks for that the recorded one did not. The durations of an edited policy count from the next plan
// on, so that ModifyPlan, which runs again at apply, does not have to ask for the time.
func (e *evaluation) compare(before, policy Policy) {
	e.edited = !before.Equal(policy)
	e.clockDriven = !e.edited && !policy.Paused
	changed := Changed(before.RotateWhenChanged, policy.RotateWhenChanged)
	e.requests.rotate = len(changed) > 0
	e.requests.recipients = before.Recipients != policy.Recipients && e.record.Current.sealedToOthers(policy)
	e.requests.revoke = len(Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0
	e.requests.reactivate = policy.HoldPrevious && !before.HoldPrevious && !e.requests.revoke
	e.asked = newRequest(changed, e.requests.recipients)
	if e.edited {
		e.policy.RotateAfter, e.policy.MaxAge, e.policy.ApplyEvery = before.RotateAfter, before.MaxAge, before.ApplyEvery
		e.policy.RotationSpread, e.policy.WaitForHandover = before.RotationSpread, before.WaitForHandover
		e.policy.Overlap, e.policy.Grace, e.policy.RequireUnusedFor = before.Overlap, before.Grace, before.RequireUnusedFor
	}
}

// Decide returns what an apply should do under policy, given the record and what IAM showed at now. It changes none of
// its arguments.
func Decide(policy Policy, record Record, seen Observation, now time.Time) Decision {
	e := newEvaluation(policy, record, seen, now)
	d := Decision{Room: e.roomForRequest()}
	e.decide(&d)
	return d
}

// Judge returns what Decide does, but judges a request to rotate by what an earlier look found. So it returns the same at any
// later instant, as a plan must that is made again at apply.
func Judge(policy Policy, record Record, seen Observation, room Room, now time.Time) Decision {
	e := newEvaluation(policy, record, seen, now)
	e.room = &room
	d := Decision{Room: room}
	e.decide(&d)
	return d
}

func (e *evaluation) decide(d *Decision) {
	for {
		step, ok := e.nextStep()
		if !ok {
			break
		}
		d.Steps = append(d.Steps, step)
		e.advance(step)
	}
	if e.requests.create || e.requests.revoke {
		_, obstacle := e.rotationStep()
		d.Steps, d.Refused = nil, obstacle
		return
	}
	d.Blocked = e.rotationBlocked()
	d.RetirementBlocked, d.Pending = e.retirementBlocked(), e.pending
	d.Waiting = e.waiting()
}

// advance changes the record and the observation as the step will.
func (e *evaluation) advance(step Step) {
	out := Outcome{At: e.now, NewKey: Key{ID: newKeyID, Status: Active, CreatedAt: e.now, LastUse: &Use{}}}
	e.record, e.seen = e.record.After(step, e.seen, out), e.seen.After(step, out)
	e.roomMade = step.deletes() && e.rotates()
	switch step.Kind {
	case Rotate:
		e.requests = requests{reactivate: e.requests.reactivate}
		e.asked = ""
	case Reactivate:
		e.requests.reactivate = false
	case RecordRequest:
		e.requests.rotate, e.requests.recipients, e.asked = false, false, ""
	case RecordDeleted:
		e.previousGone = ""
	case DeleteCurrent:
		e.currentDeleted = true
	case Adopt, RecordDeactivated, RecordReactivated, RecordCurrentInactive, RecordCurrentActive, RecordRenamed, Deactivate,
		DeletePrevious, DeleteUnmanaged:
	}
}

// nextStep returns the first step to take, if any.
func (e *evaluation) nextStep() (Step, bool) {
	if e.seen.UserUnknown {
		return e.requestStep(e.unknownUser())
	}
	if step, ok := e.recording(); ok {
		return step, true
	}
	if (e.clockDriven || e.requests.create) && !e.roomMade && e.mayAdopt("") {
		return Step{Kind: Adopt, Key: e.oldestAdoptable().ID}, true
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
	step, obstacle := e.rotationStep()
	if obstacle == nil && step.Kind != "" {
		return step, true
	}
	if kind := e.unrecordedCurrent(); kind != "" {
		return Step{Kind: kind, Key: e.record.Current.ID}, true
	}
	return e.requestStep(obstacle)
}

// requestStep returns the step that records what asks for a rotation from now on, if it is not recorded so. Obstacle is why a rotation
// that is asked for can't be done. The step comes last: if one before it fails, the record still has what it was compared with.
func (e *evaluation) requestStep(obstacle *Obstacle) (Step, bool) {
	step := Step{Kind: RecordRequest, Key: e.record.Current.ID, Request: e.wantedRequest()}
	if e.requests.deferrable() {
		e.pending = obstacle
		return step, true
	}
	return step, step.Request != e.record.Request
}

// recording returns a step that writes down what IAM or the configuration shows, and changes nothing in IAM, if there is one to
// take. It needs neither a request nor the clock.
func (e *evaluation) recording() (Step, bool) {
	switch kind := e.unrecordedChange(); {
	case e.record.Current.ID == "":
		return Step{}, false
	case e.previousGone != "":
		return Step{Kind: RecordDeleted, Key: e.previousGone}, true
	case kind != "":
		return Step{Kind: kind, Key: e.record.Previous.ID}, true
	case e.renamed():
		return Step{Kind: RecordRenamed, Key: e.record.Current.ID}, true
	default:
		return Step{}, false
	}
}

// renamed reports whether the user was found under another name than the recorded one.
func (e *evaluation) renamed() bool {
	return e.record.User != "" && e.seen.User != "" && e.seen.User != e.record.User
}

// wantedRequest returns the request that is pending from now on if it is not met: what is left of the recorded one, and what
// is asked for anew.
func (e *evaluation) wantedRequest() Request {
	return e.record.Request.remaining(e.policy, e.record.Current).with(e.asked)
}

// mayAdopt reports whether the unmanaged key with that id becomes previous. An empty id stands for any.
func (e *evaluation) mayAdopt(id string) bool {
	if e.policy.UnmanagedKeys != RetireUnmanaged || e.record.Previous != nil {
		return false
	}
	k := e.oldestAdoptable()
	return k != nil && (id == "" || k.ID == id)
}

// unrecordedChange returns the kind of step that records how somebody else changed the status of previous. It is empty when nobody
// did.
func (e *evaluation) unrecordedChange() Kind {
	p, k := e.record.Previous, e.previousKey()
	switch {
	case p == nil || e.settling():
		return ""
	case k.Status == Inactive && p.DeactivatedAt.IsZero():
		return RecordDeactivated
	case k.Status == Active && !p.DeactivatedAt.IsZero() && !p.Revoked:
		return RecordReactivated
	default:
		return ""
	}
}

// settling reports whether the listed status of previous may be a stale read.
func (e *evaluation) settling() bool {
	return e.record.Previous != nil && e.seen.settling(*e.record.Previous)
}

// unrecordedCurrent returns the kind of step that records how somebody else changed the status of current. It is empty when nobody
// did.
func (e *evaluation) unrecordedCurrent() Kind {
	since := e.record.Current.InactiveSince
	switch k := e.currentKey(); {
	case k == nil:
		return ""
	case k.Status == Inactive && since.IsZero():
		return RecordCurrentInactive
	case k.Status == Active && !since.IsZero():
		return RecordCurrentActive
	default:
		return ""
	}
}

// mayReactivate reports whether hold_previous reactivates previous. A list that still shows it as Active, minutes after it was
// deactivated, does not count.
func (e *evaluation) mayReactivate() bool {
	p, k := e.record.Previous, e.previousKey()
	return e.requests.reactivate && p != nil && p.DeactivatedByUs && !p.Revoked && (k.Status == Inactive || e.settling())
}
