package rotation

import (
	"testing"
	"time"
)

// Rule 3: Active, past the overlap, unused for the guard, and current Active.
func TestDeactivatePrevious(t *testing.T) {
	t.Parallel()
	gets := does(deactivate(prev))
	checkDates(t, []date{
		{"at the end of the overlap", overlapping(), day(7), nothing(), gets},
		{"an adopted one", overlapping(adopted), day(7), nothing(), gets},
		{"by a shorter overlap that was applied", overlapping(set(overlap(days(2)), guard(days(1)))), day(2), nothing(), gets},
		{
			"when the guard has passed since the last use", overlapping(used(prev, day(3))), day(11),
			nothing().waiting(inUse(prev, day(3), day(11))), gets,
		},
		{
			"used in the overlap, which is no news yet", overlapping(used(prev, day(6))), day(7),
			nothing(), nothing().waiting(inUse(prev, day(6), day(14))),
		},
		{
			"when the guard has passed since the creation of a key that nobody used",
			overlapping(set(guard(days(10))), neverUsed(prev), made(prev, day(-1))), day(9),
			nothing().waiting(until(CauseUsed, prev, day(9))), gets,
		},
		{
			"our own proof counts as a use of its time",
			overlapping(set(guard(days(10))), made(prev, day(-1)),
				usedBy(prev, Use{At: day(-1).Add(minute), Service: "sts", Region: "us-east-1"})),
			day(9).Add(minute),
			nothing().waiting(Obstacle{
				Cause: CauseUsed, Key: prev, Until: day(9).Add(minute),
				Use: Use{At: day(-1).Add(minute), Service: "sts", Region: "us-east-1"},
			}),
			gets,
		},
		{"without guard", overlapping(set(guard(0)), used(prev, day(7).Add(-second))), day(7), nothing(), gets},
		{"without guard, its last use not asked for", overlapping(set(guard(0)), unasked(prev)), day(7), nothing(), gets},
		{
			"its last use not asked for", overlapping(unasked(prev)), day(7),
			nothing(), nothing().waiting(wait(CauseUsed, prev)),
		},
		{"held", overlapping(set(hold)), day(7), nothing(), nothing()},
		{"held, in use", overlapping(set(hold), used(prev, day(6))), day(7), nothing(), nothing()},
		{"paused", overlapping(set(pause)), day(7), nothing(), nothing()},
		{"paused, in use", overlapping(set(pause), used(prev, day(6))), day(7), nothing(), nothing()},
		{"an edit", overlapping(edit(grace(0))), day(7), nothing(), nothing()},
		{"the first apply after an import", overlapping(imported), day(7), nothing(), nothing()},
		{
			"current not Active", overlapping(is(cur, inactive), inactiveSince(day(3))), day(7),
			blocked(until(CauseGrace, cur, day(10))), blocked(until(CauseGrace, cur, day(10))),
		},
	})
	checkRows(t, []row{
		{"never at the instant of its replacement", overlapping(set(overlap(0), guard(0))), day(0), nothing()},
		{"a second after its replacement", overlapping(set(overlap(0), guard(0))), day(0).Add(second), gets},
		{
			"in use without overlap", overlapping(set(overlap(0)), used(prev, day(0))), day(0).Add(second),
			nothing().waiting(inUse(prev, day(0), day(8))),
		},
		{
			"without overlap and grace, deleted by the same plan",
			overlapping(set(overlap(0), grace(0), guard(0))), day(0).Add(second),
			does(deactivate(prev), deletePrevious(prev)),
		},
		{
			"current unlisted since minutes",
			overlapping(set(overlap(0), guard(0)), gone(cur)), day(0).Add(minute),
			blocked(until(CauseYoung, cur, day(0).Add(5*minute))),
		},
	})
}

// Rule 4: Inactive, and the grace has passed since the later of its deactivation and its last use.
func TestDeletePrevious(t *testing.T) {
	t.Parallel()
	gets := does(deletePrevious(prev))
	noon := day(7).Add(12 * time.Hour)
	checkDates(t, []date{
		{"the grace after its deactivation", retiring(), day(14), nothing(), gets},
		{"deactivated by somebody else", retiring(deactivatedByOthers(day(5))), day(12), nothing(), gets},
		{"an adopted one", retiring(adopted), day(14), nothing(), gets},
		{"a revoked one", retiring(revoked), day(14), nothing(), gets},
		{"never used", retiring(neverUsed(prev)), day(14), nothing(), gets},
		{"the grace after a use that IAM recorded late", retiring(used(prev, noon)), noon.Add(days(7)), nothing(), gets},
		{"used just before its deactivation", retiring(used(prev, day(7).Add(-second))), day(14), nothing(), gets},
		{"without grace", retiring(set(grace(0))), day(7), nothing(), gets},
		{"held", retiring(set(hold)), day(14), nothing(), nothing()},
		{"paused", retiring(set(pause)), day(14), nothing(), nothing()},
		{"an edit", retiring(edit(overlap(0))), day(14), nothing(), nothing()},
		{"the first apply after an import", retiring(imported), day(14), nothing(), nothing()},
		{"its last use not asked for", retiring(unasked(prev)), day(14), nothing(), nothing()},
	})
	checkRows(t, []row{
		{
			"never at the instant of its replacement",
			overlapping(set(grace(0)), is(prev, inactive), deactivatedByOthers(day(0))), day(0), nothing(),
		},
		{
			"a second after its replacement",
			overlapping(set(grace(0)), is(prev, inactive), deactivatedByOthers(day(0))), day(0).Add(second), gets,
		},
	})
}

// Rule 4, the exception for those who apply rarely: a rotation is due and previous is Active past overlap and grace.
func TestDeleteActivePrevious(t *testing.T) {
	t.Parallel()
	goesAtOnce := does(deletePrevious(prev), rotate(ReasonAge))
	waitsFor := func(last, end time.Time) want {
		return blocked(inUse(prev, last, end)).waiting(inUse(prev, last, end))
	}
	rare := func(changes ...change) scene {
		return overlapping(set(rotateAfter(days(10)))).with(changes...)
	}
	checkDates(t, []date{
		{"from the age of current on", overlapping(), day(90), does(deactivate(prev)), goesAtOnce},
		{"an adopted one", overlapping(adopted), day(90), does(deactivate(prev)), goesAtOnce},
		{
			"when the guard has passed since a use in the overlap", rare(used(prev, day(7))), day(15),
			waitsFor(day(7), day(15)), goesAtOnce,
		},
		{
			"held", overlapping(set(hold)), day(90),
			nothing(), blocked(wait(CauseHeld, prev)),
		},
		{
			"paused", overlapping(set(pause)), day(90),
			nothing(), blocked(wait(CausePaused, cur)),
		},
		{
			"its last use not asked for", overlapping(unasked(prev)), day(90),
			nothing().waiting(wait(CauseUsed, prev)),
			blocked(wait(CauseUsed, prev)).waiting(wait(CauseUsed, prev)),
		},
	})
	end := day(14)
	checkRows(t, []row{
		{
			"a second before the end of overlap and grace", rare(), end.Add(-second),
			does(deactivate(prev)).blocked(until(CauseGrace, prev, day(21).Add(-second))),
		},
		{"at the end of overlap and grace", rare(), end, goesAtOnce},
		{"a second after the end of overlap and grace", rare(), end.Add(second), goesAtOnce},
		{"never used", overlapping(neverUsed(prev)), day(90), goesAtOnce},
		{"last used a second before the end of its overlap", overlapping(used(prev, day(7).Add(-second))), day(90), goesAtOnce},
		{"last used at the end of its overlap", overlapping(used(prev, day(7))), day(90), goesAtOnce},
		{
			"last used a second after the end of its overlap", overlapping(used(prev, day(7).Add(second))), day(90),
			does(deactivate(prev)).blocked(until(CauseGrace, prev, day(97))),
		},
		{"still in use", overlapping(used(prev, day(89))), day(90), waitsFor(day(89), day(97))},
		{
			"its last use not asked for, without guard", overlapping(set(guard(0)), unasked(prev)), day(90),
			does(deactivate(prev)).blocked(until(CauseGrace, prev, day(97))),
		},
		{
			"never at the instant of its replacement",
			overlapping(set(rotateAfter(days(1)), overlap(0), grace(0), guard(0)), replaced(day(3))), day(3),
			blocked(until(CauseOverlap, prev, day(3))),
		},
		{
			"a second after its replacement",
			overlapping(set(rotateAfter(days(1)), overlap(0), grace(0), guard(0)), replaced(day(3))), day(3).Add(second),
			goesAtOnce,
		},
		{
			"without grace, used since its overlap: all three steps in one plan",
			overlapping(set(overlap(0), grace(0), guard(0)), used(prev, day(80))), day(90),
			does(deactivate(prev), deletePrevious(prev), rotate(ReasonAge)),
		},
	})
}
