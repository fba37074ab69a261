package rotation

import "testing"

// Rule 5: by age, counted from the recorded creation.
func TestDecide_rotateByAge(t *testing.T) {
	t.Parallel()
	rotates := does(rotate(ReasonAge))
	checkBoundaries(t, []boundary{
		{"alone", settled(), day(90), nothing(), rotates},
		{"held, with a free slot", settled(set(hold)), day(90), nothing(), rotates},
		{"after a short time", settled(set(rotateAfter(30 * second))), day(0).Add(30 * second), nothing(), rotates},
		{"the recorded date counts, as in rotate_at", settled(createdAt(cur, day(-1))), day(90), nothing(), rotates},
		{"paused", settled(set(pause)), day(90), nothing(), blocked(obstacle(CausePaused, cur))},
		{"paused by an edit", settled(edit(pause)), day(90), nothing(), nothing()},
		{"resumed by an edit", settled(set(pause), edit(resume)), day(90), nothing(), nothing()},
		{"an edit", settled(edit(overlap(0))), day(90), nothing(), nothing()},
		{"an edit that makes it due", settled(edit(rotateAfter(days(30)))), day(30), nothing(), nothing()},
		{"an edit that postpones it", settled(edit(rotateAfter(days(120)))), day(90), nothing(), nothing()},
		{"never by age", settled(set(rotateAfter(0))), day(90), nothing(), nothing()},
		{"the first apply after an import", settled(imported), day(90), nothing(), nothing()},
		{
			"previous is gone, nothing is deleted", overlapping(gone(prev)), day(90),
			does(recordDeleted(prev)), does(recordDeleted(prev), rotate(ReasonAge)),
		},
	})
	checkRows(t, []row{
		{"never by age, years later", settled(set(rotateAfter(0))), day(3650), nothing()},
		{
			"previous is deleted first if rule 4 allows it", retiring(), day(90),
			does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous that was never deactivated is deleted first", overlapping(), day(90),
			does(deletePrevious(prev), rotate(ReasonAge)),
		},
	})
}

// Rule 5: rotate_when_changed.
func TestDecide_rotateWhenChanged(t *testing.T) {
	t.Parallel()
	values := func(values map[string]string) setting {
		return func(p *Policy) { p.RotateWhenChanged = values }
	}
	rotates := does(rotate(ReasonChanged))
	checkRows(t, []row{
		{"a value changed", settled(edit(quarter)), day(3), rotates},
		{"a value was added", settled(edit(values(map[string]string{"quarter": "Q1", "team": "a"}))), day(3), rotates},
		{"the first value", settled(set(values(nil)), edit(quarter)), day(3), rotates},
		{"an empty value was added", settled(edit(values(map[string]string{"quarter": "Q1", "team": ""}))), day(3), rotates},
		{"one was lost and another added", settled(edit(values(map[string]string{"team": "a"}))), day(3), rotates},
		{"a value was lost", settled(edit(values(nil))), day(3), nothing()},
		{"the same values", settled(edit(values(map[string]string{"quarter": "Q1"}))), day(3), nothing()},
		{"the first apply after an import", settled(imported, edit(quarter)), day(3), nothing()},
		{"seconds after current was created", settled(edit(quarter)), day(0).Add(second), rotates},
		{"at the age of rotate_after", settled(edit(quarter)), day(90), rotates},
		{"a value was lost at the age of rotate_after", settled(edit(values(nil))), day(90), nothing()},
		{"without rotation by age", settled(set(rotateAfter(0)), edit(quarter)), day(3), rotates},
		{"paused", settled(set(pause), edit(quarter)), day(3), rotates},
		{"paused by the same edit", settled(edit(pause, quarter)), day(3), rotates},
		{"held, with a free slot", settled(set(hold), edit(quarter)), day(3), rotates},
		{"current is gone", settled(gone(cur), edit(quarter)), day(3), does(createKey(ReasonChanged))},
		{
			"current is gone and previous stays", overlapping(gone(cur), edit(quarter)), day(30),
			does(createKey(ReasonChanged)),
		},
		{"current is Inactive", settled(is(cur, inactive), edit(quarter)), day(3), does(rotateInactive(ReasonChanged))},
	})
}

// Rule 6, clock-driven: nothing is planned, and Blocked says why and until when.
func TestDecide_noFreeSlot(t *testing.T) {
	t.Parallel()
	held := nothing().kept(obstacle(CauseHeld, prev))
	checkBoundaries(t, []boundary{
		{
			"previous in its grace", retiring(deactivated(day(85))), day(92),
			blocked(obstacleUntil(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous in the grace after its last use", retiring(used(prev, day(85))), day(92),
			blocked(obstacleUntil(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"an adopted previous in its grace", retiring(adopted, deactivated(day(85))), day(92),
			blocked(obstacleUntil(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous held past its grace", retiring(set(hold)), day(90), held, held.blocked(obstacle(CauseHeld, prev)),
		},
		{
			"an adopted previous held", overlapping(set(hold), adopted), day(90), held, held.blocked(obstacle(CauseHeld, prev)),
		},
		{
			"an unmanaged key", settled(unmanagedKey(active)), day(90),
			nothing(), blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"an Inactive unmanaged key", settled(unmanagedKey(inactive)), day(90),
			nothing(), blocked(obstacle(CauseUnmanaged, other)),
		},
	})
	checkRows(t, []row{
		{
			"previous in its overlap", overlapping(replaced(day(85))), day(90),
			blocked(obstacleUntil(CauseOverlap, prev, day(99))),
		},
		{
			"an adopted previous in its overlap", overlapping(adopted, replaced(day(85))), day(90),
			blocked(obstacleUntil(CauseOverlap, prev, day(99))),
		},
		{
			"previous in use", overlapping(used(prev, day(89))), day(90),
			blocked(inUse(prev, day(89), day(97))).kept(inUse(prev, day(89), day(97))),
		},
		{
			"an adopted previous in use", overlapping(adopted, used(prev, day(89))), day(90),
			blocked(inUse(prev, day(89), day(97))).kept(inUse(prev, day(89), day(97))),
		},
		{
			"the last use of an Inactive previous is unknown", retiring(lastUseUnknown(prev)), day(90),
			blocked(obstacle(CauseUnknownUse, prev)).kept(obstacle(CauseUnknownUse, prev)),
		},
		{
			"previous in its grace, paused", retiring(set(pause), deactivated(day(85))), day(90),
			blocked(obstacle(CausePaused, cur)),
		},
		{
			"previous in its grace, an edit", retiring(deactivated(day(85)), edit(overlap(0))), day(90), nothing(),
		},
	})
}

// Rule 6: with current Inactive or gone, an Inactive previous may be deleted at once, and an Active one stays.
func TestDecide_noFreeSlotWithoutCurrent(t *testing.T) {
	t.Parallel()
	creates := createKey(ReasonMissing)
	checkRows(t, []row{
		{
			"an Inactive previous", retiring(gone(cur), unmanagedKey(active)), day(8),
			does(deletePrevious(prev), creates),
		},
		{
			"an Inactive previous beside an Inactive unmanaged key", retiring(gone(cur), unmanagedKey(inactive)), day(8),
			does(deletePrevious(prev), creates),
		},
		{
			"a held Inactive previous", retiring(set(hold), gone(cur), unmanagedKey(active)), day(8),
			blocked(obstacle(CauseHeld, prev)),
		},
		{
			"an Active previous", overlapping(gone(cur), unmanagedKey(active)), day(3),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"an Active previous past its overlap", overlapping(gone(cur), unmanagedKey(active)), day(90),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"the only Active key", overlapping(gone(cur), unmanagedKey(inactive)), day(90),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"the only Active key, requested", overlapping(gone(cur), unmanagedKey(inactive), edit(quarter)), day(90),
			pends(obstacle(CauseUnmanaged, other)),
		},
		{
			"the only Active key, revoked", overlapping(gone(cur), unmanagedKey(inactive), edit(incident)), day(90),
			refused(obstacle(CauseUnmanaged, other)),
		},
		{
			"an Active previous in its overlap, requested", overlapping(gone(cur), unmanagedKey(active), edit(quarter)), day(3),
			pends(obstacle(CauseUnmanaged, other)),
		},
		{
			"an Active previous past its overlap and unused, requested, beside another Active key",
			overlapping(gone(cur), unmanagedKey(active), edit(quarter)), day(90),
			does(deletePrevious(prev), createKey(ReasonChanged)),
		},
	})
	checkBoundaries(t, []boundary{
		{
			"an adopted Inactive previous beside an unmanaged key",
			retiring(adopted, gone(cur), unmanagedKey(active)), day(14),
			blocked(obstacle(CauseUnmanaged, other)), does(deletePrevious(prev), creates),
		},
		{
			"an adopted Inactive previous beside an Inactive current", retiring(adopted, is(cur, inactive)), day(14),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseAdopted, prev, day(14))),
			does(deletePrevious(prev), rotateInactive(ReasonInactive)),
		},
	})
}

// Rule 6, requested: previous makes room, or the request becomes pending, and is due from then on like a rotation by age.
func TestDecide_requestWithoutFreeSlot(t *testing.T) {
	t.Parallel()
	makesRoom := does(deletePrevious(prev), rotate(ReasonChanged))
	checkBoundaries(t, []boundary{
		{
			"previous past its overlap", overlapping(edit(quarter)), day(7),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(14))), makesRoom,
		},
		{
			"previous unused for require_unused_for", overlapping(edit(quarter), used(prev, day(3))), day(11),
			pends(inUse(prev, day(3), day(11))), makesRoom,
		},
		{
			"an edited overlap counts from the next plan on", overlapping(edit(quarter, overlap(days(10)))), day(7),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(17))), makesRoom,
		},
		{
			"an edited require_unused_for counts from the next plan on",
			overlapping(edit(quarter, unusedFor(days(12))), used(prev, day(3))), day(11),
			pends(inUse(prev, day(3), day(11))).next(inUse(prev, day(3), day(15))), makesRoom,
		},
		{
			"paused", overlapping(set(pause), edit(quarter)), day(7),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacle(CausePaused, cur)), makesRoom,
		},
		{
			"an adopted previous Inactive for the grace", retiring(adopted, edit(quarter)), day(14),
			pends(obstacleUntil(CauseAdopted, prev, day(14))).next(obstacleUntil(CauseGrace, prev, day(14))), makesRoom,
		},
		{
			"an adopted previous Active past overlap and grace", overlapping(adopted, edit(quarter)), day(14),
			pends(obstacle(CauseAdopted, prev)).next(obstacleUntil(CauseGrace, prev, day(21).Add(-second))), makesRoom,
		},
		{
			"a held previous", retiring(set(hold), edit(quarter)), day(14),
			pends(obstacle(CauseHeld, prev)), pends(obstacle(CauseHeld, prev)),
		},
	})
	checkRows(t, []row{
		{"previous in its grace", retiring(edit(quarter)), day(8), makesRoom},
		{"previous in its grace, used since", retiring(edit(quarter), used(prev, day(8))), day(8), makesRoom},
		{"previous in its grace, its last use unknown", retiring(edit(quarter), lastUseUnknown(prev)), day(8), makesRoom},
		{"previous in its grace, paused", retiring(set(pause), edit(quarter)), day(8), makesRoom},
		{
			"previous that somebody deactivated", overlapping(edit(quarter), is(prev, inactive)), day(3),
			does(recordDeactivated(prev), deletePrevious(prev), rotate(ReasonChanged)),
		},
		{
			"previous past its overlap, its last use unknown", overlapping(edit(quarter), lastUseUnknown(prev)), day(30),
			pends(obstacle(CauseUnknownUse, prev)),
		},
		{
			"without require_unused_for, its last use unknown", overlapping(set(unusedFor(0)), edit(quarter), lastUseUnknown(prev)),
			day(30), pends(obstacle(CauseUnknownUse, prev)),
		},
		{
			"previous reactivated by somebody, whose new overlap has not begun",
			retiring(is(prev, active), edit(quarter)), day(60),
			does(recordReactivated(prev), pend(byQuarter)).
				pending(obstacleUntil(CauseOverlap, prev, day(67))).next(obstacleUntil(CauseOverlap, prev, day(74))),
		},
		{"previous in use, without require_unused_for", overlapping(set(unusedFor(0)), edit(quarter), used(prev, day(29))), day(30), makesRoom},
		{"previous in use", overlapping(edit(quarter), used(prev, day(29))), day(30), pends(inUse(prev, day(29), day(37)))},
		{
			"never at the instant of its replacement", overlapping(set(overlap(0), unusedFor(0)), edit(quarter)), day(0),
			pends(obstacleUntil(CauseOverlap, prev, day(0))).next(obstacleUntil(CauseOverlap, prev, day(7))),
		},
		{"a second after its replacement", overlapping(set(overlap(0), unusedFor(0)), edit(quarter)), day(0).Add(second), makesRoom},
		{
			"an adopted previous in use", overlapping(adopted, edit(quarter), used(prev, day(29))), day(30),
			pends(obstacle(CauseAdopted, prev)).next(inUse(prev, day(29), day(37))),
		},
		{
			"an adopted previous in its overlap", overlapping(adopted, edit(quarter)), day(3),
			pends(obstacle(CauseAdopted, prev)).next(obstacleUntil(CauseOverlap, prev, day(14))),
		},
		{
			"an adopted previous that somebody reactivated", retiring(adopted, is(prev, active), edit(quarter)), day(9),
			does(recordReactivated(prev), pend(byQuarter)).pending(obstacle(CauseAdopted, prev)).next(obstacleUntil(CauseOverlap, prev, day(23))),
		},
		{
			"an adopted previous in its grace, its last use unknown", retiring(adopted, lastUseUnknown(prev), edit(quarter)), day(8),
			pends(obstacleUntil(CauseAdopted, prev, day(14))).next(obstacleUntil(CauseGrace, prev, day(14))),
		},
		{"a held adopted previous", retiring(adopted, set(hold), edit(quarter)), day(8), pends(obstacle(CauseHeld, prev))},
		{"a held previous in its overlap", overlapping(set(hold), edit(quarter)), day(3), pends(obstacle(CauseHeld, prev))},
		{"a held previous past its overlap", overlapping(set(hold), edit(quarter)), day(30), pends(obstacle(CauseHeld, prev))},
		{"a previous that the same edit holds", overlapping(edit(hold, quarter)), day(30), pends(obstacle(CauseHeld, prev))},
		{
			"a previous in its grace that the same edit holds", retiring(edit(hold, quarter)), day(8),
			does(reactivate(prev), pend(byQuarter)).pending(obstacle(CauseHeld, prev)),
		},
		{"a previous that the same edit no longer holds", retiring(set(hold), edit(stopHolding, quarter)), day(8), makesRoom},
		{
			"current and previous Inactive", retiring(is(cur, inactive), edit(quarter)), day(8),
			does(deletePrevious(prev), rotateInactive(ReasonChanged)),
		},
		{"an unmanaged key", settled(unmanagedKey(active), edit(quarter)), day(3), pends(obstacle(CauseUnmanaged, other))},
		{
			"current gone, an Inactive previous and an unmanaged key", retiring(gone(cur), unmanagedKey(active), edit(quarter)), day(8),
			does(deletePrevious(prev), createKey(ReasonChanged)),
		},
	})
}
