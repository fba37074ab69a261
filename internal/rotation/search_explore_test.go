package rotation_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// how is a way in which one state becomes the next.
type how uint8

const (
	starts how = iota
	happens
	applies
	appliesLate
	refusesLate
	stops
	crashes
	crashesWhole
)

func (h how) String() string {
	return [...]string{
		"start", "event", "apply", "apply of a saved plan", "refused apply of a saved plan", "apply that fails after steps",
		"apply that dies before the state has its last step", "apply that dies before the state has any step",
	}[h]
}

// move is an action: what it does, with which event, after how many steps.
type move struct {
	how   how
	event event
	steps int
}

func (m move) String() string {
	switch m.how {
	case happens:
		return m.event.String()
	case appliesLate, refusesLate:
		return fmt.Sprintf("%v after: %v", m.how, m.event)
	case stops, crashes, crashesWhole:
		return fmt.Sprintf("%v (%d)", m.how, m.steps)
	case starts, applies:
	}
	return m.how.String()
}

// explorer finds what can follow a world, and judges it.
type explorer struct {
	laws   *laws
	events func(*world) []event
	// visit takes each world that follows. It may be nil.
	visit func(world, move)
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

// String is a table of how often each branch was taken.
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
	for _, w := range d.Waiting {
		t.add("waiting", w.Cause)
	}
}

func (x *explorer) emit(w world, m move) {
	x.tally.transitions++
	x.visit(x.laws.normal(w), m)
}

// expand judges w and gives everything that can follow to visit. The move is the one in which the violation, if any, lies.
func (x *explorer) expand(w world) (move, violation) {
	a := x.laws.look(w)
	d := rotation.Decide(a.policy, a.rec, a.seen, now)
	x.tally.decision(d)
	judged := a.judgePlan(d).and(a.clone().judgeFuture())
	for _, e := range x.events(&w) {
		x.emit(w.after(e), move{how: happens, event: e})
	}
	if d.Refused != nil || a.cannotSeal() {
		return move{how: applies}, judged
	}
	a.planned = d.Steps
	a.refresh()
	judged = judged.and(x.applyNow(a.clone()))
	if judged != (violation{}) || len(a.planned) == 0 {
		return move{how: applies}, judged
	}
	for _, e := range x.events(&a.w) {
		if e.deed == edits {
			continue
		}
		if v := x.applyLate(a.clone(), e); v != (violation{}) {
			return move{how: appliesLate, event: e}, v
		}
	}
	return move{}, violation{}
}

func (a *apply) clone() *apply {
	b := *a
	return &b
}

// applyNow applies at the instant of the plan, and fails after each step in each way.
func (x *explorer) applyNow(a *apply) violation {
	x.tally.applies++
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, now, a.planned)
	if err != nil || !slices.Equal(left, a.planned) {
		return broken(planEqualsApply, "planned %+v, left at the same instant %+v: %v", a.planned, left, err)
	}
	start := a.clone()
	for i, step := range left {
		if i > 0 {
			x.emit(a.stop(), move{how: stops, steps: i})
		}
		last := a.clone()
		if v := a.take(step); v != (violation{}) {
			return v
		}
		dead, deadWhole := a.crash(last), a.crash(start)
		if v := a.judgeCrash(dead).and(a.judgeCrash(deadWhole)); v != (violation{}) {
			return v
		}
		x.emit(dead, move{how: crashes, steps: i + 1})
		if i > 0 {
			x.emit(deadWhole, move{how: crashesWhole, steps: i + 1})
		}
	}
	edited := a.w.edited()
	if v := a.judgeEnd(false); v != (violation{}) {
		return v
	}
	a.w = a.succeed()
	if !edited {
		again := x.laws.look(a.w)
		if d := rotation.Decide(again.policy, again.rec, again.seen, now); len(d.Steps) > 0 {
			return broken(fixedPoint, "after %+v still %+v", left, d.Steps)
		}
	}
	x.emit(a.w, move{how: applies})
	return violation{}
}

// applyLate lets an event happen between the plan and the apply.
func (x *explorer) applyLate(a *apply, e event) violation {
	a.w = a.w.after(e)
	a.reload(now)
	x.tally.applies++
	left, err := rotation.Confirm(a.policy, a.rec, a.seen, now, a.planned)
	if stale, ok := errors.AsType[*rotation.StaleError](err); ok {
		x.tally.add("stale", stale.Step.Kind)
		tooLate := a.w.want.expired() && a.plans(rotation.Rotate)
		if e.deed == waits && !tooLate || stale.Error() == "" {
			return broken(planEqualsApply, "time alone: %v", stale)
		}
		x.emit(a.w, move{how: refusesLate, event: e})
		return violation{}
	}
	if a.cannotSeal() {
		x.emit(a.w, move{how: refusesLate, event: e})
		return violation{}
	}
	if v := a.judgeLeft(left); v != (violation{}) {
		return v
	}
	a.refresh()
	for _, step := range left {
		if v := a.take(step); v != (violation{}) {
			return v
		}
	}
	if v := a.judgeEnd(true); v != (violation{}) {
		return v
	}
	x.emit(a.succeed(), move{how: appliesLate, event: e})
	return violation{}
}

// judgeLeft allows what Confirm leaves out: deletions of keys that are gone.
func (a *apply) judgeLeft(left []rotation.Step) violation {
	var want []rotation.Step
	for _, s := range a.planned {
		deletes := s.Kind == rotation.DeletePrevious || s.Kind == rotation.DeleteCurrent || s.Kind == rotation.DeleteUnmanaged
		if !deletes || a.seen.Find(s.Key) != nil {
			want = append(want, s)
		}
	}
	if !slices.Equal(left, want) {
		return broken(planEqualsApply, "planned %+v, left %+v", a.planned, left)
	}
	return violation{}
}
