package rotation

import "time"

// youngFor is how long after its creation IAM may not list a key yet.
const youngFor = 5 * time.Minute

// dueReason returns why a clock-driven rotation is due; empty when none is.
func (e *evaluation) dueReason() Reason {
	c, k := e.record.Current, e.currentKey()
	switch {
	case e.seen.Recreated:
		return ReasonRecreated
	case k == nil && e.currentYoung():
		return ""
	case k == nil && c.InactiveSince.IsZero():
		return ReasonMissing
	case k == nil:
		// This plan deletes it to make room.
		return ReasonInactive
	case k.Status != Active:
		return ReasonInactive
	case e.policy.RotateAfter > 0 && !e.now.Before(k.CreatedAt.Add(e.policy.RotateAfter)):
		return ReasonAge
	default:
		return ""
	}
}

// currentYoung reports whether current is so new that IAM may not list it yet. IAM has listed a current that was seen Inactive.
func (e *evaluation) currentYoung() bool {
	c := e.record.Current
	return c.ID != "" && e.currentKey() == nil && !e.seen.Recreated && c.InactiveSince.IsZero() &&
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
		return e.makeRoom()
	}
	step := Step{Kind: Rotate, Reason: reason, Revoke: e.requests.revoke}
	if k := e.currentKey(); k != nil {
		step.Key, step.Replaced = k.ID, k.Status
	}
	return step, nil
}
