package rotation

import "time"

// youngFor is how long after its creation IAM may not list a key yet.
const youngFor = 5 * time.Minute

// settlesWithin is how long after a step a list may be a stale read that does not show it.
const settlesWithin = 5 * time.Minute

// dueReason returns why a clock-driven rotation is due; empty when none is.
func (e *evaluation) dueReason() Reason {
	k := e.currentKey()
	switch {
	case e.seen.Recreated:
		return ReasonRecreated
	case k == nil && e.currentDeleted:
		return ReasonInactive
	case e.currentYoung():
		return ""
	case k == nil:
		return ReasonMissing
	case k.Status != Active:
		return ReasonInactive
	}
	if asked := e.record.Request.remaining(e.policy, e.record.Current); asked != "" {
		return asked.reason()
	}
	if at := e.record.RotateAt(e.policy); !at.IsZero() && !e.now.Before(at) {
		return ReasonAge
	}
	return ""
}

// currentYoung reports whether current is so new that IAM may not list it yet. IAM has listed a current that was recorded as Inactive.
func (e *evaluation) currentYoung() bool {
	c := e.record.Current
	return c.ID != "" && e.currentKey() == nil && !e.seen.Recreated && c.InactiveSince.IsZero() && !e.currentDeleted &&
		e.now.Before(c.CreatedAt.Add(youngFor))
}

// rotationReason returns why a key is to be created now; empty when none is.
func (e *evaluation) rotationReason() Reason {
	switch {
	case e.requests.create:
		return ReasonCreated
	case e.requests.revoke:
		return ReasonRevoked
	case e.requests.rotate:
		return ReasonChanged
	case e.requests.recipients:
		return ReasonRecipients
	case e.clockDriven:
		return e.dueReason()
	default:
		return ""
	}
}

// rotationStep returns the next step towards a new key that is requested or due: Rotate, or a deletion that makes room for it.
// The step is empty when no key is to be created. The obstacle is set when one is to be created and can't be now.
func (e *evaluation) rotationStep() (Step, *Obstacle) {
	reason := e.rotationReason()
	if reason == "" {
		return Step{}, nil
	}
	if obstacle := e.newKeyObstacle(); obstacle != nil {
		return Step{}, obstacle
	}
	if len(e.seen.Keys) >= KeysPerUser {
		if e.room != nil && e.requests.deferrable() && !e.requests.revoke {
			return e.roomByEarlierLook()
		}
		return e.makeRoom()
	}
	step := Step{Kind: Rotate, Reason: reason, Revoke: e.requests.revoke}
	if k := e.currentKey(); k != nil {
		step.Key, step.Replaced = k.ID, k.Status
	}
	return step, nil
}

// rotates reports whether the next step towards a new key is to create it.
func (e *evaluation) rotates() bool {
	step, _ := e.rotationStep()
	return step.Kind == Rotate
}

// roomForRequest returns what a request to rotate would get now, by the recorded policy.
func (e *evaluation) roomForRequest() Room {
	room := Room{}
	if e.record.Policy == nil || e.edited {
		return room
	}
	probe := *e
	probe.requests = requests{rotate: true}
	if probe.revocationPending() {
		// This step comes before any rotation.
		probe.advance(Step{Kind: Deactivate, Key: e.record.Previous.ID})
	}
	switch step, obstacle := probe.rotationStep(); {
	case obstacle != nil:
		room.Cause, room.Key = obstacle.Cause, obstacle.Key
	case step.deletes():
		room.Step = step
	}
	return room
}
