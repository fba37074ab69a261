package rotation

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// expected is the whole decision that a row expects.
type expected struct {
	Decision
	// pendingFor is why the plan after the apply, at the same instant, does not rotate for the request that became pending.
	pendingFor *Obstacle
}

// nothing is a decision without steps and obstacles.
func nothing() expected { return expected{} }

func does(steps ...Step) expected { return expected{Decision: Decision{Steps: steps}} }

func blocked(o Obstacle) expected { return expected{Decision: Decision{Blocked: &o}} }

func refused(o Obstacle) expected { return expected{Decision: Decision{Refused: &o}} }

// pends expects that the changed quarter becomes a pending request, because of o, which keeps it waiting in the next plan, too.
func pends(o Obstacle) expected { return does(pend(byQuarter)).pending(o) }

// pendsRecipients expects the same of the changed recipients.
func pendsRecipients(o Obstacle) expected { return does(pend(byRecipients)).pending(o) }

func (e expected) pending(o Obstacle) expected {
	e.Pending, e.pendingFor = &o, &o
	return e
}

// next expects that the plan after the apply, at the same instant, names another obstacle than the one that made the request pending.
func (e expected) next(o Obstacle) expected {
	e.pendingFor = &o
	return e
}

func (e expected) blocked(o Obstacle) expected {
	e.Blocked = &o
	return e
}

// kept expects that a due retirement of previous waits.
func (e expected) kept(o Obstacle) expected {
	e.RetirementBlocked = &o
	return e
}

func (e expected) waiting(obstacles ...Obstacle) expected {
	e.Waiting = obstacles
	return e
}

// row is what is decided at one instant.
type row struct {
	name  string
	given setup
	now   time.Time
	want  expected
}

// boundary is what is decided a second before a date, and from that date on.
type boundary struct {
	name   string
	given  setup
	date   time.Time
	before expected
	from   expected
}

func checkRows(t *testing.T, rows []row) {
	t.Helper()
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.given.check(t, r.now, r.want)
		})
	}
}

func checkBoundaries(t *testing.T, boundaries []boundary) {
	t.Helper()
	for _, b := range boundaries {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			for _, moment := range []struct {
				name string
				now  time.Time
				want expected
			}{
				{"a second before", b.date.Add(-second), b.before},
				{"at the date", b.date, b.from},
				{"a second after", b.date.Add(second), b.from},
			} {
				t.Run(moment.name, func(t *testing.T) {
					t.Parallel()
					b.given.check(t, moment.now, moment.want)
				})
			}
		})
	}
}

// check asserts the whole decision, and what must hold for every decision: the arguments are unchanged, Confirm accepts the steps at
// the same instant, they need no last use that KeysNeedingLastUse does not list, and after them Decide at the same instant returns no
// step.
func (s setup) check(t *testing.T, now time.Time, want expected) {
	t.Helper()
	s = s.lookedAt(now)
	before := s.clone()
	got := Decide(s.policy, s.record, s.seen, now)
	// Room has tables of its own.
	got.Room = Room{}
	if !reflect.DeepEqual(got, want.Decision) {
		t.Fatalf("Decide at %s:\n got %s\nwant %s", now.Format(time.RFC3339), toJSON(t, got), toJSON(t, want.Decision))
	}
	left, err := Confirm(s.policy, s.record, s.seen, s.seen, now, got.Steps)
	if err != nil || !reflect.DeepEqual(left, got.Steps) {
		t.Errorf("Confirm of the plan at the same instant: got %s, %v, want the plan", toJSON(t, left), err)
	}
	if !reflect.DeepEqual(s, before) {
		t.Errorf("Decide or Confirm changed its arguments:\nbefore %+v\n after %+v", before, s)
	}
	needed := s.withNeededLastUses(now)
	if steps := Decide(needed.policy, needed.record, needed.seen, now).Steps; !reflect.DeepEqual(steps, got.Steps) {
		t.Errorf("Decide with the last uses that KeysNeedingLastUse lists: got %s, want %s", toJSON(t, steps), toJSON(t, got.Steps))
	}
	next := s.after(got.Steps, now).lookedAt(now)
	if want.pendingFor != nil {
		if then := Decide(next.policy, next.record, next.seen, now).Blocked; !reflect.DeepEqual(then, want.pendingFor) {
			t.Errorf("the pending request waits for %s, want %s", toJSON(t, then), toJSON(t, want.pendingFor))
		}
	}
	if s.record.Policy == nil || !s.record.Policy.Equal(s.policy) {
		return
	}
	if again := Decide(next.policy, next.record, next.seen, now); again.Steps != nil || again.Refused != nil {
		t.Errorf("Decide right after the apply: got %s, want no step", toJSON(t, again))
	}
}

// lookedAt returns the setup as a look at that time sees it.
func (s setup) lookedAt(now time.Time) setup {
	s.seen.Settling = s.record.Settling(s.seen, now)
	return s
}

// withNeededLastUses returns the setup without the last uses that KeysNeedingLastUse does not list.
func (s setup) withNeededLastUses(now time.Time) setup {
	s = s.clone()
	needed := s.record.KeysNeedingLastUse(s.policy, s.seen, now)
	for i, k := range s.seen.Keys {
		if !slices.Contains(needed, k.ID) {
			s.seen.Keys[i].LastUse = nil
		}
	}
	return s
}

// lateApply is a plan that is applied after something changed.
type lateApply struct {
	name    string
	given   setup
	planned time.Time
	plan    []Step
	then    []change
	applied time.Time
	// left are the steps that the apply takes. If stale is set, the apply is refused with it and takes none.
	left  []Step
	stale *StaleError
}

func checkLateApplies(t *testing.T, applies []lateApply) {
	t.Helper()
	for _, l := range applies {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.check(t)
		})
	}
}

func (l lateApply) check(t *testing.T) {
	t.Helper()
	plan := Decide(l.given.policy, l.given.record, l.given.lookedAt(l.planned).seen, l.planned).Steps
	if !reflect.DeepEqual(plan, l.plan) {
		t.Fatalf("plan:\n got %s\nwant %s", toJSON(t, plan), toJSON(t, l.plan))
	}
	s := l.given.with(l.then...).lookedAt(l.applied)
	before, planBefore := s.clone(), slices.Clone(plan)
	left, err := Confirm(s.policy, s.record, l.given.seen, s.seen, l.applied, plan)
	if !reflect.DeepEqual(s, before) || !reflect.DeepEqual(plan, planBefore) {
		t.Errorf("Confirm changed its arguments:\nbefore %+v\n after %+v", before, s)
	}
	got, ok := errors.AsType[*StaleError](err)
	if !ok && err != nil {
		t.Fatalf("error %v is no StaleError", err)
	}
	if !reflect.DeepEqual(got, l.stale) {
		t.Errorf("refusal: got %s, want %s", toJSON(t, got), toJSON(t, l.stale))
	}
	if !reflect.DeepEqual(left, l.left) {
		t.Errorf("steps left: got %s, want %s", toJSON(t, left), toJSON(t, l.left))
	}
}

func stale(step Step, o Obstacle) *StaleError {
	return &StaleError{Step: step, Obstacle: o}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
