package rotation

import (
	"testing"
	"time"
)

// Rule 1: a previous that is gone is removed from the record.
func TestDecide_previousGone(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{"in the overlap", overlapping(gone(prev)), day(3), does(recordDeleted(prev))},
		{"when it was to be deactivated", overlapping(gone(prev)), day(30), does(recordDeleted(prev))},
		{"when it was to be deleted", retiring(gone(prev)), day(14), does(recordDeleted(prev))},
		{"under hold", overlapping(set(hold), gone(prev)), day(3), does(recordDeleted(prev))},
		{"when hold asks to reactivate it", retiring(edit(hold), gone(prev)), day(8), does(recordDeleted(prev))},
		{"a revoked one", overlapping(revoked, gone(prev)), day(3), does(recordDeleted(prev))},
		{
			"its slot is free for the next rotation", overlapping(gone(prev)), day(90),
			does(recordDeleted(prev), rotate(ReasonAge)),
		},
		{
			"somebody else took its slot", overlapping(gone(prev), unmanagedKey(active)), day(90),
			does(recordDeleted(prev)).blocked(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 1: a current that is gone makes a rotation due; previous stays.
func TestDecide_currentGone(t *testing.T) {
	t.Parallel()
	missing := does(createKey(ReasonMissing))
	checkRows(t, []row{
		{"alone", settled(gone(cur)), day(3), missing},
		{"and as old as rotate_after", settled(gone(cur)), day(90), missing},
		{"without rotation by age", settled(set(rotateAfter(0)), gone(cur)), day(3), missing},
		{"previous in its overlap stays", overlapping(gone(cur)), day(3), missing},
		{"previous past its overlap stays", overlapping(gone(cur)), day(30), missing},
		{"previous in its grace stays", retiring(gone(cur)), day(8), missing},
		{"previous past its grace, which starts again", retiring(gone(cur)), day(30), missing},
		{"previous is held", overlapping(set(hold), gone(cur)), day(30), missing},
		{"previous is gone too", overlapping(gone(cur, prev)), day(30), does(recordDeleted(prev), createKey(ReasonMissing))},
		{"paused", settled(set(pause), gone(cur)), day(3), blocked(obstacle(CausePaused, cur))},
		{"the first apply after an import", settled(imported, gone(cur)), day(3), nothing()},
		{"an edit takes no clock-driven step", settled(edit(overlap(days(1))), gone(cur)), day(3), nothing()},
		{
			"a status of previous that changed is recorded first", overlapping(gone(cur), is(prev, inactive)), day(3),
			does(recordDeactivated(prev), createKey(ReasonMissing)),
		},
	})
}

// Rule 1: a current that was created less than five minutes ago and is not listed is never rotated.
func TestDecide_youngCurrent(t *testing.T) {
	t.Parallel()
	old := day(0).Add(5 * minute)
	young := obstacleUntil(CauseYoung, cur, old)
	checkBoundaries(t, []boundary{
		{"alone", settled(gone(cur)), old, blocked(young), does(createKey(ReasonMissing))},
		{
			"beside an Active previous without overlap", overlapping(set(overlap(0), unusedFor(0)), gone(cur)), old,
			blocked(young), does(createKey(ReasonMissing)),
		},
		{
			"beside an unmanaged key", settled(gone(cur), unmanagedKey(active)), old,
			blocked(young), does(createKey(ReasonMissing)),
		},
		{"paused", settled(set(pause), gone(cur)), old, blocked(young), blocked(obstacle(CausePaused, cur))},
		{"an edit", settled(edit(grace(0)), gone(cur)), old, nothing(), nothing()},
		{
			"rotate_when_changed", settled(edit(quarter), gone(cur)), old,
			pends(young), does(createKey(ReasonChanged)),
		},
		{
			"revoke_when_changed", settled(edit(incident), gone(cur)), old,
			refused(young), does(revoking(createKey(ReasonRevoked))),
		},
		{"the first apply after an import", settled(imported, gone(cur)), old, nothing(), nothing()},
		{"listed", settled(), old, nothing(), nothing()},
	})
	checkRows(t, []row{
		{
			"of a re-created user", settled(gone(cur), recreated), day(0).Add(minute),
			does(createKey(ReasonRecreated)),
		},
		{
			"an unmanaged key is adopted while it waits",
			settled(set(unmanagedKeys(RetireUnmanaged)), gone(cur), unmanagedKey(active)), day(0).Add(minute),
			does(adopt(other)).blocked(young),
		},
	})
}

// Rules 1 and 6: an Inactive current makes a rotation due, and is never reactivated.
func TestDecide_currentInactive(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{
			"alone", settled(is(cur, inactive)), day(3),
			does(rotateInactive(ReasonInactive)),
		},
		{
			"minutes after it was created", settled(is(cur, inactive)), day(0).Add(minute),
			does(rotateInactive(ReasonInactive)),
		},
		{
			"as old as rotate_after", settled(is(cur, inactive)), day(90),
			does(rotateInactive(ReasonInactive)),
		},
		{
			"under hold", settled(set(hold), is(cur, inactive)), day(3),
			does(rotateInactive(ReasonInactive)),
		},
		{"when hold is set", settled(edit(hold), is(cur, inactive)), day(3), does(recordCurrentInactive())},
		{"paused", settled(set(pause), is(cur, inactive)), day(3), does(recordCurrentInactive()).blocked(obstacle(CausePaused, cur))},
		{"the first apply after an import", settled(imported, is(cur, inactive)), day(3), does(recordCurrentInactive())},
		{
			"beside an unmanaged key", settled(is(cur, inactive), unmanagedKey(active)), day(3),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
		{
			"beside a previous in its grace, which is deleted at once", retiring(is(cur, inactive)), day(8),
			does(deletePrevious(prev), rotateInactive(ReasonInactive)),
		},
		{
			"beside a previous that somebody deactivated too", overlapping(is(cur, inactive), is(prev, inactive)), day(3),
			does(recordDeactivated(prev), deletePrevious(prev), rotateInactive(ReasonInactive)),
		},
		{
			"beside a held Inactive previous", retiring(set(hold), is(cur, inactive)), day(8),
			does(recordCurrentInactive()).blocked(obstacle(CauseHeld, prev)),
		},
		{
			"first seen Inactive beside an Active previous", overlapping(is(cur, inactive)), day(3),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
		{
			"first seen Inactive, without grace", overlapping(set(grace(0)), is(cur, inactive)), day(3),
			does(recordCurrentInactive(), deleteCurrent(), createKey(ReasonInactive)),
		},
		{
			"first seen Inactive, without grace, minutes after it was created",
			overlapping(set(grace(0)), is(cur, inactive)), day(0).Add(minute),
			does(recordCurrentInactive(), deleteCurrent(), createKey(ReasonInactive)),
		},
	})
}

// Rule 6: an Inactive current makes room once it has been Inactive for the grace, and an Active previous stays.
func TestDecide_inactiveCurrentMakesRoom(t *testing.T) {
	t.Parallel()
	waits := obstacleUntil(CauseGrace, cur, day(10))
	makesRoom := does(deleteCurrent(), createKey(ReasonInactive))
	checkBoundaries(t, []boundary{
		{
			"previous in its overlap", overlapping(set(overlap(days(20))), is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(waits), makesRoom,
		},
		{
			"previous past its overlap, which is not deactivated", overlapping(is(cur, inactive), inactiveSince(day(3))),
			day(10), blocked(waits), makesRoom,
		},
		{
			"previous held", overlapping(set(hold), is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(waits), makesRoom,
		},
		{
			"previous adopted", overlapping(adopted, is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(waits), makesRoom,
		},
		{
			"previous signs our requests", overlapping(signedBy(prev), is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(waits), makesRoom,
		},
		{
			"a request", overlapping(edit(quarter), is(cur, inactive), inactiveSince(day(3))), day(10),
			pends(waits), does(deleteCurrent(), createKey(ReasonChanged)),
		},
		{
			"paused", overlapping(set(pause), is(cur, inactive), inactiveSince(day(3))), day(10),
			blocked(obstacle(CausePaused, cur)), blocked(obstacle(CausePaused, cur)),
		},
	})
	checkRows(t, []row{
		{
			"a request when it is first seen Inactive", overlapping(edit(quarter), is(cur, inactive)), day(3),
			does(recordCurrentInactive(), pend(byQuarter)).pending(obstacleUntil(CauseGrace, cur, day(10))).
				next(obstacleUntil(CauseGrace, cur, day(10))),
		},
		{
			"Active again meanwhile", overlapping(inactiveSince(day(3)), used(prev, day(10))), day(10),
			does(recordCurrentActive()).kept(inUse(prev, day(10), day(18))),
		},
	})
}

// Rule 1: when somebody changed the status of previous, a step of its own records that.
func TestDecide_previousStatusChanged(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{"deactivated by somebody", overlapping(is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated past the overlap", overlapping(is(prev, inactive)), day(30), does(recordDeactivated(prev))},
		{"deactivated under hold", overlapping(set(hold), is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated, an adopted one", overlapping(adopted, is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated, a revoked one", overlapping(revoked, is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated while paused", overlapping(set(pause), is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated beside an edit", overlapping(edit(overlap(0)), is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{"deactivated before the first apply after an import", overlapping(imported, is(prev, inactive)), day(3), does(recordDeactivated(prev))},
		{
			"deactivated, without grace", overlapping(set(grace(0)), is(prev, inactive)), day(3),
			does(recordDeactivated(prev), deletePrevious(prev)),
		},
		{
			"deactivated, without grace, its last use unknown",
			overlapping(set(grace(0)), is(prev, inactive), lastUseUnknown(prev)), day(3),
			does(recordDeactivated(prev)).kept(obstacle(CauseUnknownUse, prev)),
		},
		{
			"deactivated when the next rotation is due", overlapping(is(prev, inactive)), day(90),
			does(recordDeactivated(prev)).blocked(obstacleUntil(CauseGrace, prev, day(97))),
		},
		{"reactivated in its grace", retiring(is(prev, active)), day(9), does(recordReactivated(prev))},
		{"reactivated past its grace", retiring(is(prev, active)), day(30), does(recordReactivated(prev))},
		{"reactivated under hold", retiring(set(hold), is(prev, active)), day(9), does(recordReactivated(prev))},
		{"reactivated, an adopted one", retiring(adopted, is(prev, active)), day(9), does(recordReactivated(prev))},
		{"reactivated while paused", retiring(set(pause), is(prev, active)), day(9), does(recordReactivated(prev))},
		{"reactivated beside an edit", retiring(edit(overlap(0)), is(prev, active)), day(9), does(recordReactivated(prev))},
		{
			"reactivated, without overlap, grace and require_unused_for",
			retiring(set(overlap(0), grace(0), unusedFor(0)), is(prev, active)), day(9),
			does(recordReactivated(prev)),
		},
		{
			"reactivated when the next rotation is due", retiring(is(prev, active)), day(90),
			does(recordReactivated(prev)).blocked(obstacleUntil(CauseOverlap, prev, day(104))),
		},
	})
	checkBoundaries(t, []boundary{
		{
			"the grace starts at the record", overlapping(is(prev, inactive), deactivatedByOthers(day(3))), day(10),
			nothing(), does(deletePrevious(prev)),
		},
		{
			"the overlap starts at the record", overlapping(replaced(day(9))), day(16),
			nothing(), does(deactivate(prev)),
		},
	})
}

// Rule 2: the same name, another user.
func TestDecide_recreatedUser(t *testing.T) {
	t.Parallel()
	creates := createKey(ReasonRecreated)
	checkRows(t, []row{
		{"without keys", settled(gone(cur), recreated), day(3), does(creates)},
		{"previous is gone, too", overlapping(gone(cur, prev), recreated), day(30), does(recordDeleted(prev), creates)},
		{"with a key of its own", settled(gone(cur), unmanagedKey(active), recreated), day(3), does(creates)},
		{
			"with a key of its own to retire",
			settled(set(unmanagedKeys(RetireUnmanaged)), gone(cur), unmanagedKey(active), recreated), day(3),
			does(adopt(other), creates),
		},
		{
			"with two keys of its own",
			settled(gone(cur), listed(third, active, day(2)), unmanagedKey(active), recreated), day(3),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{"paused", settled(set(pause), gone(cur), recreated), day(3), blocked(obstacle(CausePaused, cur))},
		{"before an edit", settled(edit(grace(0)), gone(cur), recreated), day(3), nothing()},
		{
			"with a request", settled(edit(quarter), gone(cur), recreated), day(3),
			does(createKey(ReasonChanged)),
		},
		{
			"with a request, seconds after current was created", settled(edit(quarter), gone(cur), recreated),
			day(0).Add(30 * time.Second), does(createKey(ReasonChanged)),
		},
	})
}
