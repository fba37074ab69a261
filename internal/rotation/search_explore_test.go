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
	appliesBeside
)

func (k moveKind) String() string {
	return [...]string{
		"start", "event", "apply", "apply of a saved plan", "refused apply of a saved plan", "apply that fails after steps",
		"apply that is killed before the state has its last step", "apply that is killed before the state has any step",
		"apply during which somebody makes room by deleting key",
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
	case stops, crashes, crashesWhole, appliesBeside:
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
	if d.RetirementBlocked != nil {
		t.add("retirement blocked", d.RetirementBlocked.Cause)
	}
	if d.Refused != nil {
		t.add("refused", d.Refused.Cause)
	}
	for _, o := range d.Waiting {
		t.add("waiting", o.Cause)
	}
	if d.Room.Cause != "" {
		t.add("no room", d.Room.Cause)
	}
	if d.Room.Step.Kind != "" {
		t.add("room", d.Room.Step.Kind)
	}
}

func (x *explorer) emit(sim simulation, m move) {
	x.tally.transitions++
	x.visit(x.env.normalize(sim), m)
}

// expand judges sim and calls visit for everything that can follow. The move is the one that led to the violation, if any.
func (x *explorer) expand(sim simulation) (move, violation) {
	a, read := x.env.read(sim)
	d := a.plan(read)
	x.tally.decision(d)
	judged := a.judgePlan(d).and(a.judgeTime(read, d)).and(a.judgeShown(d.Steps)).and(a.clone().judgeFuture()).and(a.judgeAges(d))
	judged = judged.and(a.judgeUnknown(read, d))
	for _, e := range x.events(&sim) {
		x.emit(sim.after(e), move{kind: happens, event: e})
	}
	if d.Refused != nil || a.cannotSeal(d.Steps) {
		return move{kind: applies}, judged
	}
	a.planned, a.decided = d.Steps, d
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
	for i := range a.sim.keys {
		if v := x.applyBeside(a.clone(), i); v != (violation{}) {
			return move{kind: appliesBeside, steps: i}, v
		}
	}
	return move{}, violation{}
}

// applyNow applies at the instant of the plan. It also follows each way to fail after each step.
func (x *explorer) applyNow(a *apply) violation {
	x.tally.applies++
	a.observe(a.policy, now)
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, a.seen, now, a.planned)
	if err != nil || !slices.Equal(left, a.planned) {
		return violated(planEqualsApply, "planned %+v, left at the same instant %+v: %v", a.planned, left, err)
	}
	edited := a.sim.edited()
	run := &run{explorer: x, apply: a, start: a.clone(), follow: true, freed: -1}
	if v := run.steps(left).and(a.judgeEnd(false)).and(a.judgeRecorded()); v != (violation{}) {
		return v
	}
	a.sim = a.finish()
	if v := a.judgePending(); v != (violation{}) {
		return v
	}
	if !edited {
		if _, again := x.env.read(a.sim); len(again.Steps) > 0 {
			return violated(fixedPoint, "after %+v still %+v", left, again.Steps)
		}
	}
	x.emit(a.sim, move{kind: applies})
	return violation{}
}

// applyLate applies after an event that follows the plan.
func (x *explorer) applyLate(a *apply, e event) violation {
	a.sim = a.sim.after(e)
	planned := a.seen
	a.observe(a.policy, now)
	if !a.sim.rec.exists {
		planned = a.seen
	}
	a.policy = a.env.policy(a.sim.config)
	x.tally.applies++
	left, err := rotation.Confirm(a.policy, a.rec, planned, a.seen, now, a.planned)
	// The record moves on from what the plan has seen, so that it is what the plan showed. A create decides anew.
	a.seen.Settling = planned.Settling
	for i, k := range a.seen.Keys {
		if before := planned.Find(k.ID); before != nil {
			a.seen.Keys[i].Status = before.Status
		}
	}
	if stale, ok := errors.AsType[*rotation.StaleError](err); ok {
		x.tally.add("stale", stale.Step.Kind)
		if e.kind == waits && !a.mayBeTooLate() || stale.Error() == "" {
			return violated(planEqualsApply, "time alone: %v", stale)
		}
		x.emit(a.sim, move{kind: refusesLate, event: e})
		return violation{}
	}
	if a.cannotSeal(left) {
		x.emit(a.sim, move{kind: refusesLate, event: e})
		return violation{}
	}
	run := &run{explorer: x, apply: a, start: a.clone(), freed: -1}
	if v := a.judgeLeft(left).and(run.steps(left)).and(a.judgeEnd(true)); v != (violation{}) {
		return v
	}
	a.sim = a.finish()
	if v := a.judgePending(); v != (violation{}) {
		return v
	}
	x.emit(a.sim, move{kind: appliesLate, event: e})
	return violation{}
}

// mayBeTooLate reports whether time alone makes the plan stale: a recipient has expired, or the plan was made when a list could not be
// believed.
func (a *apply) mayBeTooLate() bool {
	prev := a.before.find(previous)
	return a.sim.config.expired() && a.plans(rotation.Rotate) || prev != nil && a.before.settles(*prev)
}

// applyBeside applies while somebody deletes that key between our look and our creation. If there is room then without a deletion, the
// planned one follows the proof of the new key.
func (x *explorer) applyBeside(a *apply, freed int) violation {
	if a.sim.free() >= 0 || !a.plans(rotation.Rotate) {
		return violation{}
	}
	x.tally.applies++
	a.observe(a.policy, now)
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, a.seen, now, a.planned)
	if err != nil {
		return violated(planEqualsApply, "planned %+v: %v", a.planned, err)
	}
	run := &run{explorer: x, apply: a, start: a.clone(), follow: true, freed: freed}
	if v := run.steps(left).and(a.judgeEnd(true)); v != (violation{}) {
		return v
	}
	x.emit(a.finish(), move{kind: appliesBeside, steps: freed})
	return violation{}
}

// judgeLeft allows Confirm to leave out deletions of keys that are gone, and nothing else.
func (a *apply) judgeLeft(left []rotation.Step) violation {
	var want []rotation.Step
	for _, s := range a.planned {
		if !deletes(s) || a.seen.Find(s.Key) != nil {
			want = append(want, s)
		}
	}
	if !slices.Equal(left, want) {
		return violated(planEqualsApply, "planned %+v, left %+v", a.planned, left)
	}
	return violation{}
}
