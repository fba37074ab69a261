package rotation

import (
	"testing"
	"time"
)

// Rule 9: a plan that changes the policy takes no clock-driven step, and the plan after it does.
func TestDecide_editedPolicy(t *testing.T) {
	t.Parallel()
	due := []struct {
		name  string
		given setup
		now   time.Time
		next  Kind
	}{
		{"rotation by age", settled(), day(90), Rotate},
		{"rotation without current", settled(gone(cur)), day(90), Rotate},
		{"rotation of an Inactive current", settled(is(cur, inactive), inactiveSince(day(80))), day(90), Rotate},
		{"rotation for a re-created user", settled(gone(cur), recreated), day(90), Rotate},
		{"deactivation", overlapping(), day(60), Deactivate},
		{"deletion", retiring(), day(60), DeletePrevious},
		{"deletion of an Active previous", overlapping(), day(90), DeletePrevious},
		{"deletion of an Inactive current", overlapping(is(cur, inactive), inactiveSince(day(3))), day(60), DeleteCurrent},
		{"an adoption", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(3), Adopt},
		{
			"deletion of an unused key", settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other)), day(90),
			DeleteUnmanaged,
		},
	}
	edits := []struct {
		name string
		edit setting
	}{
		{"rotate_after", rotateAfter(days(80))},
		{"overlap", overlap(days(6))},
		{"grace", grace(days(6))},
		{"require_unused_for", unusedFor(days(6))},
		{"a value of rotate_when_changed lost", func(p *Policy) { p.RotateWhenChanged = nil }},
		{"a value of revoke_when_changed lost", func(p *Policy) { p.RevokeWhenChanged = nil }},
	}
	for _, d := range due {
		for _, e := range edits {
			t.Run(d.name+", "+e.name, func(t *testing.T) {
				t.Parallel()
				edited := d.given.with(edit(e.edit))
				edited.check(t, d.now, nothing())
				applied := edited.after(nil, d.now)
				next := Decide(applied.policy, applied.record, applied.seen, d.now)
				if !next.Has(d.next) {
					t.Errorf("the plan after the edit: got %s, want a step %s", toJSON(t, next), d.next)
				}
			})
		}
	}
	checkRows(t, []row{
		{"hold_previous set", overlapping(edit(hold)), day(60), nothing()},
		{"hold_previous no longer set", overlapping(set(hold), edit(stopHolding)), day(60), nothing()},
		{"paused set", overlapping(edit(pause)), day(60), nothing()},
		{"paused set when a rotation is due", settled(edit(pause)), day(90), nothing()},
		{"paused no longer set", overlapping(set(pause), edit(resume)), day(60), nothing()},
		{"unmanaged_keys", overlapping(edit(unmanagedKeys(DeleteUnused))), day(60), nothing()},
		{"a value lost and previous in use, no warning", overlapping(edit(overlap(0)), used(prev, day(59))), day(60), nothing()},
		{"the same policy, other maps", overlapping(edit(func(p *Policy) { *p = standard() })), day(60), does(deactivate(prev))},
	})
}

// Rules 1, 5 and 9: before the first apply after an import nothing is due and nothing is requested, and recordings are taken.
func TestDecide_firstApplyAfterImport(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{"current alone", settled(imported), day(3), nothing()},
		{"every value is new", settled(imported, edit(quarter, incident, hold, pause)), day(3), nothing()},
		{"older than rotate_after", settled(imported), day(365), nothing()},
		{"current gone", settled(imported, gone(cur)), day(3), nothing()},
		{"current gone minutes after it was created", settled(imported, gone(cur)), day(0).Add(minute), nothing()},
		{"current Inactive", settled(imported, is(cur, inactive)), day(3), does(recordCurrentInactive())},
		{"another user by that name", settled(imported, gone(cur), recreated), day(3), nothing()},
		{"previous past its overlap", overlapping(imported), day(60), nothing()},
		{"previous in use", overlapping(imported, used(prev, day(59))), day(60), nothing()},
		{"previous past its grace", retiring(imported), day(60), nothing()},
		{"previous Inactive, not recorded", overlapping(imported, is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"an unmanaged key to retire", settled(imported, set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(3), nothing()},
	})
}

// Rule 9: steps are planned to a fixed point. Each row follows a key through the applies of its life.
func TestDecide_lifeOfKey(t *testing.T) {
	t.Parallel()
	type moment struct {
		now  time.Time
		want expected
	}
	zero := set(overlap(0), grace(0), unusedFor(0))
	tests := []struct {
		name  string
		given setup
		life  []moment
	}{
		{"three applies", settled(neverUsed(cur)), []moment{
			{day(90).Add(-second), nothing()},
			{day(90), does(rotate(ReasonAge))},
			{day(90), nothing()},
			{day(97).Add(-second), nothing()},
			{day(97), does(deactivate(cur))},
			{day(97), nothing()},
			{day(104).Add(-second), nothing()},
			{day(104), does(deletePrevious(cur))},
			{day(104), nothing()},
		}},
		{"late applies", settled(neverUsed(cur)), []moment{
			{day(92), does(rotate(ReasonAge))},
			{day(98), nothing()},
			{day(100), does(deactivate(cur))},
			{day(107).Add(-second), nothing()},
			{day(110), does(deletePrevious(cur))},
		}},
		{"one apply per rotation", settled(neverUsed(cur)), []moment{
			{day(90), does(rotate(ReasonAge))},
			{day(180), does(deletePrevious(cur), Step{Kind: Rotate, Key: newest, Replaced: active, Reason: ReasonAge})},
		}},
		{"without overlap, grace and require_unused_for", settled(zero, neverUsed(cur)), []moment{
			{day(90), does(rotate(ReasonAge))},
			{day(90), nothing()},
			{day(90).Add(second), does(deactivate(cur), deletePrevious(cur))},
			{day(90).Add(second), nothing()},
		}},
		{"an Inactive current", settled(neverUsed(cur), is(cur, inactive)), []moment{
			{day(3), does(rotateInactive(ReasonInactive))},
			{day(10).Add(-second), nothing()},
			{day(10), does(deletePrevious(cur))},
		}},
		{"an Inactive current, without overlap, grace and require_unused_for", settled(zero, neverUsed(cur), is(cur, inactive)), []moment{
			{day(3), does(rotateInactive(ReasonInactive))},
			{day(3), nothing()},
			{day(3).Add(second), does(deletePrevious(cur))},
		}},
		{"a current that is gone: the overlap of previous starts again", overlapping(gone(cur)), []moment{
			{day(30), does(createKey(ReasonMissing))},
			{day(37).Add(-second), nothing()},
			{day(37), does(deactivate(prev))},
		}},
		{"a current that is gone: the grace of previous starts again", retiring(gone(cur)), []moment{
			{day(30), does(createKey(ReasonMissing))},
			{day(37).Add(-second), nothing()},
			{day(37), does(deletePrevious(prev))},
		}},
		{"a leaked key", overlapping(neverUsed(cur), edit(incident)), []moment{
			{day(3), does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur))},
			{day(3), nothing()},
			{day(10).Add(-second), nothing()},
			{day(10), does(deletePrevious(cur))},
		}},
		{"a rollback, and back again", retiring(edit(hold)), []moment{
			{day(8), does(reactivate(prev))},
			{day(8), nothing()},
			{day(15).Add(-second), nothing()},
			{day(60), nothing().kept(obstacle(CauseHeld, prev))},
		}},
		{"an adopted key", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), []moment{
			{day(3), does(adopt(other))},
			{day(10).Add(-second), nothing()},
			{day(10), does(deactivate(other))},
			{day(17).Add(-second), nothing()},
			{day(17), does(deletePrevious(other))},
		}},
		{"an adopted Inactive key", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(inactive)), []moment{
			{day(3), does(adopt(other))},
			{day(10).Add(-second), nothing()},
			{day(10), does(deletePrevious(other))},
		}},
		{"a key that somebody reactivated", retiring(is(prev, active)), []moment{
			{day(9), does(recordReactivated(prev))},
			{day(16).Add(-second), nothing()},
			{day(16), does(deactivate(prev))},
		}},
		{"a key that somebody deactivated", overlapping(is(prev, inactive)), []moment{
			{day(3), does(recordDeactivated(prev))},
			{day(10).Add(-second), nothing()},
			{day(10), does(deletePrevious(prev))},
		}},
		{"an Inactive current beside an Active previous", overlapping(is(cur, inactive)), []moment{
			{day(3), does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10)))},
			{day(3), blocked(obstacleUntil(CauseGrace, cur, day(10)))},
			{day(10).Add(-second), blocked(obstacleUntil(CauseGrace, cur, day(10)))},
			{day(10), does(deleteCurrent(), createKey(ReasonInactive))},
			{day(17).Add(-second), nothing()},
			{day(17), does(deactivate(prev))},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := tt.given
			for _, m := range tt.life {
				s.check(t, m.now, m.want)
				s = s.after(m.want.Steps, m.now)
			}
		})
	}
}
