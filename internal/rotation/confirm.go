package rotation

import (
	"fmt"
	"time"
)

// StaleError tells that a planned step is no longer right.
type StaleError struct {
	Step Step
	// Obstacle is why, when the rules can tell; its Cause is empty when the step is simply no longer called for.
	Obstacle Obstacle
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("the planned step %s on key %q is no longer right (%s)", e.Step.Kind, e.Step.Key, e.Obstacle.Cause)
}

// Confirm checks steps that were planned earlier against a fresh look at now, under the rules that Decide follows, and
// returns those that are left to do: a key that was to be deleted and is already gone is done. It returns a *StaleError
// for the first step that is no longer right; no step may be taken then. Steps that have become due since the plan are
// not added.
func Confirm(policy Policy, record Record, seen Observation, now time.Time, planned []Step) ([]Step, error) {
	s := begin(policy, record, seen, now)
	var left []Step
	for _, step := range planned {
		if step.deletes() && seen.Find(step.Key) == nil {
			continue
		}
		if obstacle := s.permits(step); obstacle != nil {
			return nil, &StaleError{Step: step, Obstacle: *obstacle}
		}
		left = append(left, step)
		s.take(step)
	}
	return left, nil
}

func (s Step) deletes() bool {
	return s.Kind == DeletePrevious || s.Kind == DeleteCurrent || s.Kind == DeleteUnmanaged
}

// permits is nil when the rules allow the step now. It is wider than next, which picks one of the steps that are allowed:
// a deactivation that was planned stays right when, by now, the exception of rule 4 would allow a deletion.
func (s *situation) permits(step Step) *Obstacle {
	if p := s.record.Previous; step.onPrevious() && (p == nil || p.ID != step.Key) {
		return &Obstacle{}
	}
	ok := false
	switch step.Kind {
	case Adopt:
		ok = (s.clock || s.ask.create) && s.mayAdopt(step.Key)
	case RecordDeactivated, RecordReactivated:
		ok = s.clock && s.drift() == step.Kind
	case Reactivate:
		ok = s.mayReactivate()
	case Deactivate:
		if s.revocationPending() {
			return nil
		}
		if obstacle := s.deactivation(); obstacle != nil {
			return obstacle
		}
		ok = s.clock
	case DeletePrevious:
		if s.clock && s.drift() != "" {
			// Somebody changed its status since the plan, which the next plan records first.
			return &Obstacle{}
		}
		if s.clock && s.mayDeleteInactive() {
			return nil
		}
		return s.permitsRoom(step)
	case DeleteCurrent, DeleteUnmanaged:
		return s.permitsRoom(step)
	case Rotate:
		got, obstacle := s.rotation()
		if obstacle != nil {
			return obstacle
		}
		got.Reason = step.Reason
		ok = got == step
	}
	if !ok {
		return &Obstacle{}
	}
	return nil
}

func (s Step) onPrevious() bool {
	switch s.Kind {
	case RecordDeactivated, RecordReactivated, Reactivate, Deactivate, DeletePrevious:
		return true
	case Adopt, DeleteCurrent, DeleteUnmanaged, Rotate:
	}
	return false
}

// permitsRoom checks a deletion that makes room for a rotation. The unmanaged key that was to go may still go when, by now,
// the grace of previous is over and Decide would take that one.
func (s *situation) permitsRoom(step Step) *Obstacle {
	got, obstacle := s.rotation()
	if obstacle != nil {
		return obstacle
	}
	unused := s.disposable()
	if got != step && (!got.deletes() || unused == nil || step != (Step{Kind: DeleteUnmanaged, Key: unused.ID})) {
		return &Obstacle{}
	}
	return nil
}
