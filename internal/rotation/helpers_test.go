package rotation

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"
)

// The keys of every story. Current was made on day 0; previous was made on day -90 and replaced on day 0.
const (
	cur   = "AKIACURRENT"
	prev  = "AKIAPREVIOUS"
	other = "AKIAOTHER"
	third = "AKIATHIRD"
	fresh = "AKIAFRESH"
)

const (
	active   = Active
	inactive = Inactive
	second   = time.Second
	minute   = time.Minute
)

// day is midnight of a day of the story.
func day(n int) time.Time { return time.Date(2026, time.March, 1+n, 0, 0, 0, 0, time.UTC) }

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// scene is a moment of a story: what is configured, what the state recorded and what IAM shows.
type scene struct {
	policy Policy
	record Record
	seen   Observation
}

// change makes one story out of another.
type change func(*scene)

// creating is a user without keys, and no state yet.
func creating(changes ...change) scene {
	return scene{policy: standard()}.with(changes...)
}

// settled is a user with the current key alone.
func settled(changes ...change) scene {
	policy := standard()
	return scene{
		policy: standard(),
		record: Record{Policy: &policy, Current: Current{ID: cur, CreatedAt: day(0)}},
		seen:   Observation{Keys: []Key{{ID: cur, Status: active, CreatedAt: day(0)}}},
	}.with(changes...)
}

// overlapping is a user whose previous key was replaced on day 0, is still Active, and was last used on day -3.
func overlapping(changes ...change) scene {
	return settled(func(s *scene) {
		s.record.Previous = &Previous{ID: prev, CreatedAt: day(-90), ReplacedAt: day(0)}
	}, listed(prev, active, day(-90)), used(prev, day(-3))).with(changes...)
}

// retiring is a user whose previous key this resource deactivated on day 7.
func retiring(changes ...change) scene {
	return overlapping(is(prev, inactive), deactivated(day(7))).with(changes...)
}

// interrupted is a user whose current this resource revoked on day 3: it made and proved the other key, deactivated current
// and was killed before the state was saved.
func interrupted(changes ...change) scene {
	return settled(cutRevoke).with(changes...)
}

func cutRevoke(s *scene) {
	set(unmanaged(DeleteUnused))(s)
	edit(incident)(s)
	is(cur, inactive)(s)
	listed(other, active, day(3))(s)
	usedBy(other, Use{At: day(3).Add(minute), Service: "sts"})(s)
}

func standard() Policy {
	return Policy{
		RotateAfter:       days(90),
		Overlap:           days(7),
		Grace:             days(7),
		RequireUnusedFor:  days(8),
		RotateWhenChanged: map[string]string{"quarter": "Q1"},
		RevokeWhenChanged: map[string]string{"incident": "none"},
		UnmanagedKeys:     RefuseUnmanaged,
	}
}

func (s scene) with(changes ...change) scene {
	s = s.clone()
	for _, c := range changes {
		c(&s)
	}
	return s
}

func (s scene) clone() scene {
	s.policy = clonePolicy(s.policy)
	if p := s.record.Policy; p != nil {
		policy := clonePolicy(*p)
		s.record.Policy = &policy
	}
	if p := s.record.Previous; p != nil {
		previous := *p
		s.record.Previous = &previous
	}
	s.seen.Keys = slices.Clone(s.seen.Keys)
	for i, k := range s.seen.Keys {
		if k.LastUse != nil {
			use := *k.LastUse
			s.seen.Keys[i].LastUse = &use
		}
	}
	return s
}

func clonePolicy(p Policy) Policy {
	p.RotateWhenChanged = maps.Clone(p.RotateWhenChanged)
	p.RevokeWhenChanged = maps.Clone(p.RevokeWhenChanged)
	return p
}

// after is the scene after an apply that took the steps at now.
func (s scene) after(steps []Step, now time.Time) scene {
	s = s.clone()
	s.record = s.record.Reconcile(s.seen, now)
	out := Outcome{
		At:     now,
		NewKey: Key{ID: fresh, Status: active, CreatedAt: now, LastUse: &Use{}},
		Sealed: s.policy.Recipients != "",
	}
	for _, step := range steps {
		s.record, s.seen = s.record.After(step, s.seen, out), s.seen.After(step, out)
	}
	policy := clonePolicy(s.policy)
	s.record.Policy = &policy
	return s
}

func listed(id string, status Status, made time.Time) change {
	return func(s *scene) {
		s.seen.Keys = append(s.seen.Keys, Key{ID: id, Status: status, CreatedAt: made})
	}
}

// foreign is an unmanaged key that somebody made on day -200 and used on day -100.
func foreign(status Status) change {
	return func(s *scene) {
		listed(other, status, day(-200))(s)
		used(other, day(-100))(s)
	}
}

func gone(ids ...string) change {
	return func(s *scene) {
		s.seen.Keys = slices.DeleteFunc(s.seen.Keys, func(k Key) bool { return slices.Contains(ids, k.ID) })
	}
}

func is(id string, status Status) change {
	return func(s *scene) { s.seen.Find(id).Status = status }
}

func made(id string, at time.Time) change {
	return func(s *scene) { s.seen.Find(id).CreatedAt = at }
}

func use(at time.Time) Use { return Use{At: at, Service: "s3", Region: "eu-west-1"} }

func used(id string, at time.Time) change { return usedBy(id, use(at)) }

func usedBy(id string, last Use) change {
	return func(s *scene) { s.seen.Find(id).LastUse = &last }
}

func neverUsed(id string) change { return usedBy(id, Use{}) }

// unasked is a key whose last use IAM was not asked for.
func unasked(id string) change {
	return func(s *scene) { s.seen.Find(id).LastUse = nil }
}

func signedBy(id string) change { return func(s *scene) { s.seen.Signer = id } }

func recreated(s *scene) { s.seen.Recreated = true }

func imported(s *scene) { s.record.Policy = nil }

func adopted(s *scene) { s.record.Previous.Adopted = true }

func revoked(s *scene) { s.record.Previous.Revoked = true }

func replaced(at time.Time) change { return func(s *scene) { s.record.Previous.ReplacedAt = at } }

func deactivated(at time.Time) change {
	return func(s *scene) { s.record.Previous.DeactivatedAt, s.record.Previous.DeactivatedByUs = at, true }
}

func deactivatedByOthers(at time.Time) change {
	return func(s *scene) { s.record.Previous.DeactivatedAt, s.record.Previous.DeactivatedByUs = at, false }
}

// sealed is a current whose secret is at hand as a ciphertext alone.
func sealed(s *scene) { s.record.Current.Sealed = true }

func inactiveSince(at time.Time) change {
	return func(s *scene) { s.record.Current.InactiveSince = at }
}

// setting is one attribute of the policy.
type setting func(*Policy)

// set is in the configuration and was there at the last apply.
func set(settings ...setting) change {
	return func(s *scene) {
		for _, f := range settings {
			f(&s.policy)
			if s.record.Policy != nil {
				f(s.record.Policy)
			}
		}
	}
}

// edit is new in the configuration.
func edit(settings ...setting) change {
	return func(s *scene) {
		for _, f := range settings {
			f(&s.policy)
		}
	}
}

func hold(p *Policy)   { p.HoldPrevious = true }
func letGo(p *Policy)  { p.HoldPrevious = false }
func pause(p *Policy)  { p.Paused = true }
func resume(p *Policy) { p.Paused = false }

func rotateAfter(d time.Duration) setting { return func(p *Policy) { p.RotateAfter = d } }
func overlap(d time.Duration) setting     { return func(p *Policy) { p.Overlap = d } }
func grace(d time.Duration) setting       { return func(p *Policy) { p.Grace = d } }
func guard(d time.Duration) setting       { return func(p *Policy) { p.RequireUnusedFor = d } }

func unmanaged(do UnmanagedKeys) setting {
	return func(p *Policy) { p.UnmanagedKeys = do }
}

func recipients(names string) setting { return func(p *Policy) { p.Recipients = names } }

// sealableUntil is the day on which the first recipient has expired.
func sealableUntil(at time.Time) setting { return func(p *Policy) { p.SealableUntil = at } }

// quarter changes a value that rotates, incident one that revokes.
func quarter(p *Policy)  { p.RotateWhenChanged = map[string]string{"quarter": "Q2"} }
func incident(p *Policy) { p.RevokeWhenChanged = map[string]string{"incident": "leak"} }

func adopt(key string) Step { return Step{Kind: Adopt, Key: key} }

func recordDeactivated(key string) Step {
	return Step{Kind: RecordDeactivated, Key: key}
}

func recordReactivated(key string) Step {
	return Step{Kind: RecordReactivated, Key: key}
}

func reactivate(key string) Step { return Step{Kind: Reactivate, Key: key} }

func deactivate(key string) Step { return Step{Kind: Deactivate, Key: key} }

func deletePrevious(key string) Step {
	return Step{Kind: DeletePrevious, Key: key}
}

func deleteCurrent() Step { return Step{Kind: DeleteCurrent, Key: cur} }

func deleteUnmanaged(key string) Step {
	return Step{Kind: DeleteUnmanaged, Key: key}
}

// rotate replaces an Active current, replaceInactive an Inactive one, and replaceGone has none to replace.
func rotate(why Reason) Step {
	return Step{Kind: Rotate, Key: cur, Replaced: active, Reason: why}
}

func replaceInactive(why Reason) Step {
	return Step{Kind: Rotate, Key: cur, Replaced: inactive, Reason: why}
}

func replaceGone(why Reason) Step {
	return Step{Kind: Rotate, Reason: why}
}

// revoking is a rotation that revokes every older key.
func revoking(step Step) Step {
	step.Revoke = true
	return step
}

func wait(cause Cause, key string) Obstacle { return Obstacle{Cause: cause, Key: key} }

func until(cause Cause, key string, at time.Time) Obstacle {
	return Obstacle{Cause: cause, Key: key, Until: at}
}

// inUse is a wait for the end of the use that was last seen at that time.
func inUse(key string, last, end time.Time) Obstacle {
	return Obstacle{Cause: CauseUsed, Key: key, Until: end, Use: use(last)}
}

// want is the decision that a row expects, in full.
type want Decision

// nothing is a decision without steps, blocks, refusals and waits.
func nothing() want { return want{} }

func does(steps ...Step) want { return want{Steps: steps} }

func blocked(w Obstacle) want { return want{Blocked: &w} }

func refused(w Obstacle) want { return want{Refused: &w} }

func (w want) blocked(obstacle Obstacle) want {
	w.Blocked = &obstacle
	return w
}

func (w want) waiting(waits ...Obstacle) want {
	w.Waiting = waits
	return w
}

// lean is the scene with no last use but those that KeysNeedingLastUse lists.
func (s scene) lean(now time.Time) scene {
	s = s.clone()
	asked := s.record.Reconcile(s.seen, now).KeysNeedingLastUse(s.policy, s.seen, now)
	for i, k := range s.seen.Keys {
		if !slices.Contains(asked, k.ID) {
			s.seen.Keys[i].LastUse = nil
		}
	}
	return s
}

// row is what is decided at one instant.
type row struct {
	name  string
	given scene
	now   time.Time
	want  want
}

// date is what is decided a second before a date, and from that date on.
type date struct {
	name   string
	given  scene
	date   time.Time
	before want
	from   want
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

func checkDates(t *testing.T, dates []date) {
	t.Helper()
	for _, d := range dates {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			for _, moment := range []struct {
				name string
				now  time.Time
				want want
			}{
				{"a second before", d.date.Add(-second), d.before},
				{"at the date", d.date, d.from},
				{"a second after", d.date.Add(second), d.from},
			} {
				t.Run(moment.name, func(t *testing.T) {
					t.Parallel()
					d.given.check(t, moment.now, moment.want)
				})
			}
		})
	}
}

// check asserts the whole decision, and what holds of any decision: the arguments stay as they were, the steps are confirmed
// by the same look, they need no last use that KeysNeedingLastUse does not list, and after them there is nothing left to do at the
// same instant.
func (s scene) check(t *testing.T, now time.Time, expected want) {
	t.Helper()
	before := s.clone()
	got := Decide(s.policy, s.record, s.seen, now)
	if !reflect.DeepEqual(got, Decision(expected)) {
		t.Fatalf("Decide at %s:\n got %s\nwant %s", now.Format(time.RFC3339), text(t, got), text(t, Decision(expected)))
	}
	left, err := Confirm(s.policy, s.record, s.seen, now, got.Steps)
	if err != nil || !reflect.DeepEqual(left, got.Steps) {
		t.Errorf("Confirm of the plan at the same instant: got %s, %v, want the plan", text(t, left), err)
	}
	if !reflect.DeepEqual(s, before) {
		t.Errorf("Decide or Confirm changed its arguments:\nbefore %+v\n after %+v", before, s)
	}
	if lean := s.lean(now); !reflect.DeepEqual(Decide(lean.policy, lean.record, lean.seen, now).Steps, got.Steps) {
		t.Error("Decide takes other steps when IAM was asked for no more than KeysNeedingLastUse lists")
	}
	if s.record.Policy == nil || !s.record.Policy.Equal(s.policy) {
		return
	}
	next := s.after(got.Steps, now)
	if again := Decide(next.policy, next.record, next.seen, now); again.Steps != nil || again.Refused != nil {
		t.Errorf("Decide right after the apply: got %s, want no step", text(t, again))
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stale is the StaleError that a late apply expects.
func stale(step Step, w Obstacle) *StaleError {
	return &StaleError{Step: step, Obstacle: w}
}

// late is a plan that is applied after something happened.
type late struct {
	name    string
	given   scene
	planned time.Time
	plan    []Step
	then    []change
	applied time.Time
	// left is what the apply does; stale is why it refuses, then it does nothing.
	left  []Step
	stale *StaleError
}

func checkLate(t *testing.T, applies []late) {
	t.Helper()
	for _, l := range applies {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.check(t)
		})
	}
}

func (l late) check(t *testing.T) {
	t.Helper()
	plan := Decide(l.given.policy, l.given.record, l.given.seen, l.planned).Steps
	if !reflect.DeepEqual(plan, l.plan) {
		t.Fatalf("plan:\n got %s\nwant %s", text(t, plan), text(t, l.plan))
	}
	world := l.given.with(l.then...)
	before, planBefore := world.clone(), slices.Clone(plan)
	left, err := Confirm(world.policy, world.record, world.seen, l.applied, plan)
	if !reflect.DeepEqual(world, before) || !reflect.DeepEqual(plan, planBefore) {
		t.Errorf("Confirm changed its arguments:\nbefore %+v\n after %+v", before, world)
	}
	var got *StaleError
	if !errors.As(err, &got) && err != nil {
		t.Fatalf("error %v is no StaleError", err)
	}
	if !reflect.DeepEqual(got, l.stale) {
		t.Errorf("refusal: got %s, want %s", text(t, got), text(t, l.stale))
	}
	if !reflect.DeepEqual(left, l.left) {
		t.Errorf("steps left: got %s, want %s", text(t, left), text(t, l.left))
	}
}
