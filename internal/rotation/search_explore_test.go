package rotation_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// moveKind is how one simulation becomes the next.
type moveKind uint8

const (
	starts moveKind = iota
	happens
	applies
	appliesLate
	refusesLate
	stops
	crashes
	crashesWhole
)

func (k moveKind) String() string {
	return [...]string{
		"start", "event", "apply", "apply of a saved plan", "refused apply of a saved plan", "apply that fails after steps",
		"apply that is killed before the state has its last step", "apply that is killed before the state has any step",
	}[k]
}

// move is what happened: with which event, after how many steps.
type move struct {
	kind  moveKind
	event event
	steps int
}

func (m move) String() string {
	switch m.kind {
	case happens:
		return m.event.String()
	case appliesLate, refusesLate:
		return fmt.Sprintf("%v after: %v", m.kind, m.event)
	case stops, crashes, crashesWhole:
		return fmt.Sprintf("%v (%d)", m.kind, m.steps)
	case starts, applies:
	}
	return m.kind.String()
}

// explorer finds what can follow a simulation, and judges it.
type explorer struct {
	env    *environment
	events func(*simulation) []event
	// visit is called for each simulation that follows.
	visit func(simulation, move)
	tally tally
}

// tally counts which branches were taken.
type tally struct {
	decisions, applies, transitions int
	taken                           map[string]int
}

func branch(role string, what any) string { return fmt.Sprintf("%s %v", role, what) }

func (t *tally) add(role string, what any) {
	if t.taken == nil {
		t.taken = make(map[string]int)
	}
	t.taken[branch(role, what)]++
}

func (t *tally) merge(other tally) {
	t.decisions, t.applies, t.transitions = t.decisions+other.decisions, t.applies+other.applies, t.transitions+other.transitions
	if t.taken == nil {
		t.taken = make(map[string]int)
	}
	for name, n := range other.taken {
		t.taken[name] += n
	}
}

// String returns a table of how often each branch was taken.
func (t tally) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.taken)) {
		fmt.Fprintf(&b, "%10d  %s\n", t.taken[name], name)
	}
	return b.String()
}

func (t *tally) decision(d rotation.Decision) {
	t.decisions++
	for _, s := range d.Steps {
		t.add("step", s.Kind)
		if s.Kind == rotation.Rotate {
			t.add("reason", s.Reason)
		}
	}
	if d.Blocked != nil {
		t.add("blocked", d.Blocked.Cause)
	}
	if d.Refused != nil {
		t.add("refused", d.Refused.Cause)
	}
	for _, o := range d.Waiting {
		t.add("waiting", o.Cause)
	}
}

func (x *explorer) emit(sim simulation, m move) {
	x.tally.transitions++
	x.visit(x.env.normalize(sim), m)
}

// expand judges sim and calls visit for everything that can follow. The move is the one that led to the violation, if any.
func (x *explorer) expand(sim simulation) (move, violation) {
	a := x.env.newApply(sim)
	d := rotation.Decide(a.policy, a.rec, a.seen, now)
	x.tally.decision(d)
	judged := a.judgePlan(d).and(a.clone().judgeFuture())
	for _, e := range x.events(&sim) {
		x.emit(sim.after(e), move{kind: happens, event: e})
	}
	if d.Refused != nil || a.cannotSeal() {
		return move{kind: applies}, judged
	}
	a.planned = d.Steps
	a.refresh()
	judged = judged.and(x.applyNow(a.clone()))
	if judged != (violation{}) || len(a.planned) == 0 {
		return move{kind: applies}, judged
	}
	for _, e := range x.events(&a.sim) {
		if e.kind == edits {
			continue
		}
		if v := x.applyLate(a.clone(), e); v != (violation{}) {
			return move{kind: appliesLate, event: e}, v
		}
	}
	return move{}, violation{}
}

func (a *apply) clone() *apply {
	b := *a
	return &b
}

// applyNow applies at the instant of the plan. It also follows each way to fail after each step.
func (x *explorer) applyNow(a *apply) violation {
	x.tally.applies++
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, now, a.planned)
	if err != nil || !slices.Equal(left, a.planned) {
		return violated(planEqualsApply, "planned %+v, left at the same instant %+v: %v", a.planned, left, err)
	}
	start := a.clone()
	for i, step := range left {
		if i > 0 {
			x.emit(a.fail(), move{kind: stops, steps: i})
		}
		last := a.clone()
		if v := a.carryOut(step); v != (violation{}) {
			return v
		}
		crashed, crashedWhole := a.crash(last), a.crash(start)
		if v := a.judgeCrash(crashed).and(a.judgeCrash(crashedWhole)); v != (violation{}) {
			return v
		}
		x.emit(crashed, move{kind: crashes, steps: i + 1})
		if i > 0 {
			x.emit(crashedWhole, move{kind: crashesWhole, steps: i + 1})
		}
	}
	edited := a.sim.edited()
	if v := a.judgeEnd(false); v != (violation{}) {
		return v
	}
	a.sim = a.finish()
	if !edited {
		again := x.env.newApply(a.sim)
		if d := rotation.Decide(again.policy, again.rec, again.seen, now); len(d.Steps) > 0 {
			return violated(fixedPoint, "after %+v still %+v", left, d.Steps)
		}
	}
	x.emit(a.sim, move{kind: applies})
	return violation{}
}

// applyLate applies after an event that follows the plan.
func (x *explorer) applyLate(a *apply, e event) violation {
	a.sim = a.sim.after(e)
	a.observe(now)
	x.tally.applies++
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, now, a.planned)
	if stale, ok := errors.AsType[*rotation.StaleError](err); ok {
		x.tally.add("stale", stale.Step.Kind)
		tooLate := a.sim.config.expired() && a.plans(rotation.Rotate)
		if e.kind == waits && !tooLate || stale.Error() == "" {
			return violated(planEqualsApply, "time alone: %v", stale)
		}
		x.emit(a.sim, move{kind: refusesLate, event: e})
		return violation{}
	}
	if a.cannotSeal() {
		x.emit(a.sim, move{kind: refusesLate, event: e})
		return violation{}
	}
	if v := a.judgeLeft(left); v != (violation{}) {
		return v
	}
	a.refresh()
	for _, step := range left {
		if v := a.carryOut(step); v != (violation{}) {
			return v
		}
	}
	if v := a.judgeEnd(true); v != (violation{}) {
		return v
	}
	x.emit(a.finish(), move{kind: appliesLate, event: e})
	return violation{}
}

// judgeLeft allows Confirm to leave out deletions of keys that are gone, and nothing else.
func (a *apply) judgeLeft(left []rotation.Step) violation {
	var want []rotation.Step
	for _, s := range a.planned {
		deletes := s.Kind == rotation.DeletePrevious || s.Kind == rotation.DeleteCurrent || s.Kind == rotation.DeleteUnmanaged
		if !deletes || a.seen.Find(s.Key) != nil {
			want = append(want, s)
		}
	}
	if !slices.Equal(left, want) {
		return violated(planEqualsApply, "planned %+v, left %+v", a.planned, left)
	}
	return violation{}
}
