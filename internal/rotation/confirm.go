package rotation

import (
	"fmt"
	"time"
)

// StaleError reports that the rules no longer allow a planned step.
type StaleError struct {
	// Step is the first such step.
	Step Step
	// Obstacle is why; its Cause is empty when the step is no longer called for.
	Obstacle Obstacle
}

// Error names the step, its key and the cause, if there is one.
func (e *StaleError) Error() string {
	text := fmt.Sprintf("the planned step %s on key %q is no longer right", e.Step.Kind, e.Step.Key)
	if e.Obstacle.Cause != "" {
		text += fmt.Sprintf(" (%s)", e.Obstacle.Cause)
	}
	return text
}

// Confirm checks steps that were planned by an earlier look against what IAM shows at now, under the rules of Decide, and returns
// those that are left to do: a step that was to delete a key is done when the key is already gone. Confirm returns a *StaleError when
// the rules no longer allow some step, and the caller must take no step then. It adds no steps that became due since the plan.
func Confirm(policy Policy, record Record, earlier, seen Observation, now time.Time, planned []Step) ([]Step, error) {
	e := newEvaluation(policy, record, seen, now)
	var left []Step
	for _, step := range planned {
		if step.deletes() && !seen.UserUnknown && seen.Find(step.Key) == nil {
			continue
		}
		if e.beginsGrace(step, earlier, seen) {
			return nil, &StaleError{Step: step}
		}
		if obstacle := e.stepObstacle(step); obstacle != nil {
			return nil, &StaleError{Step: step, Obstacle: *obstacle}
		}
		left = append(left, step)
		e.advance(step)
	}
	return left, nil
}

// beginsGrace reports whether the step records a key as Inactive, by the earlier look, that is Active now: its grace would begin with
// the step.
func (e *evaluation) beginsGrace(step Step, earlier, seen Observation) bool {
	inactive := func(o Observation) bool {
		p := e.record.After(step, o, Outcome{At: e.now}).Previous
		return p != nil && !p.DeactivatedAt.IsZero()
	}
	return inactive(earlier) && !inactive(seen)
}

// stepObstacle returns why the rules do not allow the step now; nil when they do. They allow more steps than nextStep returns, which
// chooses one: a planned deactivation, for example, stays right when the exception of rule 4 allows a deletion by now.
func (e *evaluation) stepObstacle(step Step) *Obstacle {
	if e.seen.UserUnknown && step.Kind != RecordRequest {
		return &Obstacle{Cause: CauseUnknownUser, Key: step.Key}
	}
	if p := e.record.Previous; step.actsOnPrevious() && (p == nil || p.ID != step.Key) {
		return &Obstacle{}
	}
	ok := false
	switch step.Kind {
	case Adopt:
		ok = (e.clockDriven || e.requests.create) && e.mayAdopt(step.Key)
	case RecordDeactivated, RecordReactivated:
		ok = e.unrecordedChange() == step.Kind
	case RecordDeleted:
		ok = e.previousGone == step.Key
	case RecordCurrentInactive, RecordCurrentActive:
		ok = e.unrecordedCurrent() == step.Kind
	case RecordRenamed:
		ok = e.renamed()
	case RecordRequest:
		// It stays right if the request could be met by now: the next plan does so.
		ok = e.wantedRequest() == step.Request
	case Reactivate:
		ok = e.mayReactivate()
	case Deactivate:
		if e.revocationPending() {
			return nil
		}
		if obstacle := e.deactivationObstacle(); obstacle != nil {
			return obstacle
		}
		ok = e.clockDriven
	case DeletePrevious:
		if e.clockDriven && e.unrecordedChange() != "" {
			// Somebody changed its status since the plan, which the next plan records first.
			return &Obstacle{}
		}
		if e.clockDriven && e.mayDeleteInactive() {
			return nil
		}
		return e.roomObstacle(step)
	case DeleteCurrent, DeleteUnmanaged:
		return e.roomObstacle(step)
	case Rotate:
		allowed, obstacle := e.rotationStep()
		if obstacle != nil {
			return obstacle
		}
		allowed.Reason = step.Reason
		ok = allowed == step
	}
	if !ok {
		return &Obstacle{}
	}
	return nil
}

// roomObstacle returns why a deletion that makes room for a rotation is not allowed now; nil when it is. It stays allowed when
// Decide would delete another key instead by now, since time alone may do that: the grace of previous is over, or a list can be believed.
func (e *evaluation) roomObstacle(step Step) *Obstacle {
	allowed, obstacle := e.rotationStep()
	switch unused := e.deletableUnmanaged(); {
	case obstacle != nil:
		return obstacle
	case allowed == step:
		return nil
	case allowed.deletes() && unused != nil && step == Step{Kind: DeleteUnmanaged, Key: unused.ID}:
		return nil
	case allowed.deletes() && e.revokeDeletesCurrent() && step == Step{Kind: DeleteCurrent, Key: e.record.Current.ID}:
		return nil
	default:
		return &Obstacle{}
	}
}
