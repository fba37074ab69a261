package rotation

import "testing"

// Rule 5: by age, on IAM's date of the key.
func TestRotateByAge(t *testing.T) {
	t.Parallel()
	gets := does(rotate(ReasonAge))
	checkDates(t, []date{
		{"alone", settled(), day(90), nothing(), gets},
		{"held, with a free slot", settled(set(hold)), day(90), nothing(), gets},
		{"after a short time", settled(set(rotateAfter(30 * second))), day(0).Add(30 * second), nothing(), gets},
		{"IAM's date counts, and not the recorded one", settled(made(cur, day(-1))), day(89), nothing(), gets},
		{"paused", settled(set(pause)), day(90), nothing(), blocked(wait(CausePaused, cur))},
		{"paused by an edit", settled(edit(pause)), day(90), nothing(), blocked(wait(CausePaused, cur))},
		{"resumed by an edit", settled(set(pause), edit(resume)), day(90), nothing(), nothing()},
		{"an edit", settled(edit(overlap(0))), day(90), nothing(), nothing()},
		{"an edit that makes it due", settled(edit(rotateAfter(days(30)))), day(30), nothing(), nothing()},
		{"an edit that puts it off", settled(edit(rotateAfter(days(120)))), day(90), nothing(), nothing()},
		{"never by age", settled(set(rotateAfter(0))), day(90), nothing(), nothing()},
		{"the first apply after an import", settled(imported), day(90), nothing(), nothing()},
		{"previous is gone, nothing is deleted", overlapping(gone(prev)), day(90), nothing(), gets},
	})
	checkRows(t, []row{
		{"never by age, years later", settled(set(rotateAfter(0))), day(3650), nothing()},
		{
			"previous goes first if rule 4 allows", retiring(), day(90),
			does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous that was never deactivated goes first", overlapping(), day(90),
			does(deletePrevious(prev), rotate(ReasonAge)),
		},
	})
}

// Rule 5: rotate_when_changed.
func TestRotateWhenChanged(t *testing.T) {
	t.Parallel()
	values := func(values map[string]string) setting {
		return func(p *Policy) { p.RotateWhenChanged = values }
	}
	gets := does(rotate(ReasonChanged))
	checkRows(t, []row{
		{"a value changed", settled(edit(quarter)), day(3), gets},
		{"a value was added", settled(edit(values(map[string]string{"quarter": "Q1", "team": "a"}))), day(3), gets},
		{"the first value", settled(set(values(nil)), edit(quarter)), day(3), gets},
		{"an empty value was added", settled(edit(values(map[string]string{"quarter": "Q1", "team": ""}))), day(3), gets},
		{"one was lost and another added", settled(edit(values(map[string]string{"team": "a"}))), day(3), gets},
		{"a value was lost", settled(edit(values(nil))), day(3), nothing()},
		{"the same values", settled(edit(values(map[string]string{"quarter": "Q1"}))), day(3), nothing()},
		{"the first apply after an import", settled(imported, edit(quarter)), day(3), nothing()},
		{"seconds after current was made", settled(edit(quarter)), day(0).Add(second), gets},
		{"at the age of rotate_after", settled(edit(quarter)), day(90), gets},
		{"a value was lost at the age of rotate_after", settled(edit(values(nil))), day(90), nothing()},
		{"without rotation by age", settled(set(rotateAfter(0)), edit(quarter)), day(3), gets},
		{"paused", settled(set(pause), edit(quarter)), day(3), gets},
		{"paused by the same edit", settled(edit(pause, quarter)), day(3), gets},
		{"held, with a free slot", settled(set(hold), edit(quarter)), day(3), gets},
		{"current is gone", settled(gone(cur), edit(quarter)), day(3), does(replaceGone(ReasonChanged))},
		{
			"current is gone and previous stays", overlapping(gone(cur), edit(quarter)), day(30),
			does(replaceGone(ReasonChanged)),
		},
		{"current is Inactive", settled(is(cur, inactive), edit(quarter)), day(3), does(replaceInactive(ReasonChanged))},
	})
}

// Rule 6, driven by the clock: nothing is planned, and Blocked says why and until when.
func TestNoFreeSlot(t *testing.T) {
	t.Parallel()
	checkDates(t, []date{
		{
			"previous in its grace", retiring(deactivated(day(85))), day(92),
			blocked(until(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous in the grace after its last use", retiring(used(prev, day(85))), day(92),
			blocked(until(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"an adopted previous in its grace", retiring(adopted, deactivated(day(85))), day(92),
			blocked(until(CauseGrace, prev, day(92))), does(deletePrevious(prev), rotate(ReasonAge)),
		},
		{
			"previous held past its grace", retiring(set(hold)), day(90),
			nothing(), blocked(wait(CauseHeld, prev)),
		},
		{
			"an adopted previous held", overlapping(set(hold), adopted), day(90),
			nothing(), blocked(wait(CauseHeld, prev)),
		},
		{
			"an unmanaged key", settled(foreign(active)), day(90),
			nothing(), blocked(wait(CauseUnmanaged, other)),
		},
		{
			"an Inactive unmanaged key", settled(foreign(inactive)), day(90),
			nothing(), blocked(wait(CauseUnmanaged, other)),
		},
	})
	checkRows(t, []row{
		{
			"previous in its overlap", overlapping(replaced(day(85))), day(90),
			blocked(until(CauseOverlap, prev, day(99))),
		},
		{
			"an adopted previous in its overlap", overlapping(adopted, replaced(day(85))), day(90),
			blocked(until(CauseOverlap, prev, day(99))),
		},
		{
			"previous in use", overlapping(used(prev, day(89))), day(90),
			blocked(inUse(prev, day(89), day(97))).waiting(inUse(prev, day(89), day(97))),
		},
		{
			"an adopted previous in use", overlapping(adopted, used(prev, day(89))), day(90),
			blocked(inUse(prev, day(89), day(97))).waiting(inUse(prev, day(89), day(97))),
		},
		{
			"the last use of an Inactive previous was not asked for", retiring(unasked(prev)), day(90),
			blocked(wait(CauseGrace, prev)),
		},
		{
			"previous in its grace, paused", retiring(set(pause), deactivated(day(85))), day(90),
			blocked(wait(CausePaused, cur)),
		},
		{
			"previous in its grace, an edit", retiring(deactivated(day(85)), edit(overlap(0))), day(90), nothing(),
		},
	})
}

// Rule 6: with current Inactive or gone an Inactive previous may go at once, and an Active one stays.
func TestNoFreeSlotWithoutCurrent(t *testing.T) {
	t.Parallel()
	anew := replaceGone(ReasonMissing)
	checkRows(t, []row{
		{
			"an Inactive previous", retiring(gone(cur), foreign(active)), day(8),
			does(deletePrevious(prev), anew),
		},
		{
			"an Inactive previous beside an Inactive unmanaged key", retiring(gone(cur), foreign(inactive)), day(8),
			does(deletePrevious(prev), anew),
		},
		{
			"a held Inactive previous", retiring(set(hold), gone(cur), foreign(active)), day(8),
			blocked(wait(CauseUnmanaged, other)),
		},
		{
			"an Active previous", overlapping(gone(cur), foreign(active)), day(3),
			blocked(wait(CauseUnmanaged, other)),
		},
		{
			"an Active previous past its overlap", overlapping(gone(cur), foreign(active)), day(90),
			blocked(wait(CauseUnmanaged, other)),
		},
		{
			"the only Active key", overlapping(gone(cur), foreign(inactive)), day(90),
			blocked(wait(CauseUnmanaged, other)),
		},
		{
			"the only Active key, asked for", overlapping(gone(cur), foreign(inactive), edit(quarter)), day(90),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"the only Active key, revoked", overlapping(gone(cur), foreign(inactive), edit(incident)), day(90),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"an Active previous in its overlap, asked for", overlapping(gone(cur), foreign(active), edit(quarter)), day(3),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"an Active previous past its overlap and unused, asked for, beside another Active key",
			overlapping(gone(cur), foreign(active), edit(quarter)), day(90),
			does(deletePrevious(prev), replaceGone(ReasonChanged)),
		},
	})
	checkDates(t, []date{
		{
			"an adopted Inactive previous beside an unmanaged key",
			retiring(adopted, gone(cur), foreign(active)), day(14),
			blocked(wait(CauseUnmanaged, other)), does(deletePrevious(prev), anew),
		},
		{
			"an adopted Inactive previous beside an Inactive current", retiring(adopted, is(cur, inactive)), day(14),
			blocked(until(CauseAdopted, prev, day(14))), does(deletePrevious(prev), replaceInactive(ReasonInactive)),
		},
	})
}

// Rule 6, asked for: previous makes room, or the plan fails.
func TestRequestWithoutFreeSlot(t *testing.T) {
	t.Parallel()
	gets := does(deletePrevious(prev), rotate(ReasonChanged))
	checkDates(t, []date{
		{
			"previous past its overlap", overlapping(edit(quarter)), day(7),
			refused(until(CauseOverlap, prev, day(7))), gets,
		},
		{
			"previous unused for the guard", overlapping(edit(quarter), used(prev, day(3))), day(11),
			refused(inUse(prev, day(3), day(11))), gets,
		},
		{
			"the edited overlap counts", overlapping(edit(quarter, overlap(days(10)))), day(10),
			refused(until(CauseOverlap, prev, day(10))), gets,
		},
		{
			"the edited guard counts", overlapping(edit(quarter, guard(days(12))), used(prev, day(3))), day(15),
			refused(inUse(prev, day(3), day(15))), gets,
		},
		{
			"paused", overlapping(set(pause), edit(quarter)), day(7),
			refused(until(CauseOverlap, prev, day(7))), gets,
		},
		{
			"an adopted previous Inactive for the grace", retiring(adopted, edit(quarter)), day(14),
			refused(until(CauseAdopted, prev, day(14))), gets,
		},
		{
			"an adopted previous Active past overlap and grace", overlapping(adopted, edit(quarter)), day(14),
			refused(wait(CauseAdopted, prev)), gets,
		},
		{
			"a held previous", retiring(set(hold), edit(quarter)), day(14),
			refused(wait(CauseHeld, prev)), refused(wait(CauseHeld, prev)),
		},
	})
	checkRows(t, []row{
		{"previous in its grace", retiring(edit(quarter)), day(8), gets},
		{"previous in its grace, used since", retiring(edit(quarter), used(prev, day(8))), day(8), gets},
		{"previous in its grace, its last use not asked for", retiring(edit(quarter), unasked(prev)), day(8), gets},
		{"previous in its grace, paused", retiring(set(pause), edit(quarter)), day(8), gets},
		{"previous that somebody deactivated", overlapping(edit(quarter), is(prev, inactive)), day(3), gets},
		{"previous past its overlap, its last use not asked for", overlapping(edit(quarter), unasked(prev)), day(30), refused(wait(CauseUsed, prev))},
		{"without guard, its last use not asked for", overlapping(set(guard(0)), edit(quarter), unasked(prev)), day(30), gets},
		{
			"previous reactivated by somebody, whose new overlap has still to begin",
			retiring(is(prev, active), edit(quarter)), day(60), refused(wait(CauseOverlap, prev)),
		},
		{"previous in use, without guard", overlapping(set(guard(0)), edit(quarter), used(prev, day(29))), day(30), gets},
		{"previous in use", overlapping(edit(quarter), used(prev, day(29))), day(30), refused(inUse(prev, day(29), day(37)))},
		{
			"never at the instant of its replacement", overlapping(set(overlap(0), guard(0)), edit(quarter)), day(0),
			refused(until(CauseOverlap, prev, day(0))),
		},
		{"a second after its replacement", overlapping(set(overlap(0), guard(0)), edit(quarter)), day(0).Add(second), gets},
		{"an adopted previous in use", overlapping(adopted, edit(quarter), used(prev, day(29))), day(30), refused(wait(CauseAdopted, prev))},
		{"an adopted previous in its overlap", overlapping(adopted, edit(quarter)), day(3), refused(wait(CauseAdopted, prev))},
		{"an adopted previous that somebody reactivated", retiring(adopted, is(prev, active), edit(quarter)), day(9), refused(wait(CauseAdopted, prev))},
		{"an adopted previous in its grace, its last use not asked for", retiring(adopted, unasked(prev), edit(quarter)), day(8), refused(until(CauseAdopted, prev, day(14)))},
		{"a held adopted previous", retiring(adopted, set(hold), edit(quarter)), day(8), refused(wait(CauseHeld, prev))},
		{"a held previous in its overlap", overlapping(set(hold), edit(quarter)), day(3), refused(wait(CauseHeld, prev))},
		{"a held previous past its overlap", overlapping(set(hold), edit(quarter)), day(30), refused(wait(CauseHeld, prev))},
		{"a previous that the same edit holds", overlapping(edit(hold, quarter)), day(30), refused(wait(CauseHeld, prev))},
		{"a previous in its grace that the same edit holds", retiring(edit(hold, quarter)), day(8), refused(wait(CauseHeld, prev))},
		{"a previous that the same edit lets go", retiring(set(hold), edit(letGo, quarter)), day(8), gets},
		{
			"current and previous Inactive", retiring(is(cur, inactive), edit(quarter)), day(8),
			does(deletePrevious(prev), replaceInactive(ReasonChanged)),
		},
		{"an unmanaged key", settled(foreign(active), edit(quarter)), day(3), refused(wait(CauseUnmanaged, other))},
		{
			"current gone, an Inactive previous and an unmanaged key", retiring(gone(cur), foreign(active), edit(quarter)), day(8),
			does(deletePrevious(prev), replaceGone(ReasonChanged)),
		},
	})
}
