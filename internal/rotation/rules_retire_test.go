package rotation

import (
	"testing"
	"time"
)

// Rule 3: Active, past the overlap, unused for require_unused_for, and current Active.
func TestDecide_deactivate(t *testing.T) {
	t.Parallel()
	deactivates := does(deactivate(prev))
	held, paused := nothing().kept(obstacle(CauseHeld, prev)), nothing().kept(obstacle(CausePaused, prev))
	checkBoundaries(t, []boundary{
		{"at the end of the overlap", overlapping(), day(7), nothing(), deactivates},
		{"an adopted one", overlapping(adopted), day(7), nothing(), deactivates},
		{"by a shorter overlap that was applied", overlapping(set(overlap(days(2)), unusedFor(days(1)))), day(2), nothing(), deactivates},
		{
			"when require_unused_for has passed since the last use", overlapping(used(prev, day(3))), day(11),
			nothing().kept(inUse(prev, day(3), day(11))), deactivates,
		},
		{
			"used in the overlap, which is not reported before its end", overlapping(used(prev, day(6))), day(7),
			nothing(), nothing().kept(inUse(prev, day(6), day(14))),
		},
		{
			"when require_unused_for has passed since the creation of a key that nobody used",
			overlapping(set(unusedFor(days(10))), neverUsed(prev), createdAt(prev, day(-1))), day(9),
			nothing().kept(obstacleUntil(CauseUsed, prev, day(9))), deactivates,
		},
		{
			"our own proof counts as a use",
			overlapping(set(unusedFor(days(10))), createdAt(prev, day(-1)),
				withLastUse(prev, Use{At: day(-1).Add(minute), Service: "sts", Region: "us-east-1"})),
			day(9).Add(minute),
			nothing().kept(Obstacle{
				Cause: CauseUsed, Key: prev, Until: day(9).Add(minute),
				Use: Use{At: day(-1).Add(minute), Service: "sts", Region: "us-east-1"},
			}),
			deactivates,
		},
		{"without require_unused_for", overlapping(set(unusedFor(0)), used(prev, day(7).Add(-second))), day(7), nothing(), deactivates},
		{
			"without require_unused_for, its last use unknown", overlapping(set(unusedFor(0)), lastUseUnknown(prev)), day(7), nothing(),
			nothing().kept(obstacle(CauseUnknownUse, prev)),
		},
		{
			"its last use unknown", overlapping(lastUseUnknown(prev)), day(7),
			nothing(), nothing().kept(obstacle(CauseUnknownUse, prev)),
		},
		{"held", overlapping(set(hold)), day(7), nothing(), held},
		{"held, in use", overlapping(set(hold), used(prev, day(6))), day(7), nothing(), held},
		{"paused", overlapping(set(pause)), day(7), nothing(), paused},
		{"paused, in use", overlapping(set(pause), used(prev, day(6))), day(7), nothing(), paused},
		{"an edit", overlapping(edit(grace(0))), day(7), nothing(), nothing()},
		{"the first apply after an import", overlapping(imported), day(7), nothing(), nothing()},
		{
			"current not Active", overlapping(is(cur, inactive), inactiveSince(day(3))), day(7),
			blocked(obstacleUntil(CauseGrace, cur, day(10))), blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
	})
	checkRows(t, []row{
		{"never at the instant of its replacement", overlapping(set(overlap(0), unusedFor(0))), day(0), nothing()},
		{"a second after its replacement", overlapping(set(overlap(0), unusedFor(0))), day(0).Add(second), deactivates},
		{
			"in use without overlap", overlapping(set(overlap(0)), used(prev, day(0))), day(0).Add(second),
			nothing().kept(inUse(prev, day(0), day(8))),
		},
		{
			"without overlap and grace, deleted by the same plan",
			overlapping(set(overlap(0), grace(0), unusedFor(0))), day(0).Add(second),
			does(deactivate(prev), deletePrevious(prev)),
		},
		{
			"current not listed, minutes after it was created",
			overlapping(set(overlap(0), unusedFor(0)), gone(cur)), day(0).Add(minute),
			blocked(obstacleUntil(CauseYoung, cur, day(0).Add(5*minute))),
		},
	})
}

// Rule 4: Inactive, and the grace has passed since its deactivation and its last use.
func TestDecide_delete(t *testing.T) {
	t.Parallel()
	deletes := does(deletePrevious(prev))
	noon := day(7).Add(12 * time.Hour)
	checkBoundaries(t, []boundary{
		{"the grace after its deactivation", retiring(), day(14), nothing(), deletes},
		{"deactivated by somebody else", retiring(deactivatedByOthers(day(5))), day(12), nothing(), deletes},
		{"an adopted one", retiring(adopted), day(14), nothing(), deletes},
		{"a revoked one", retiring(revoked), day(14), nothing(), deletes},
		{"never used", retiring(neverUsed(prev)), day(14), nothing(), deletes},
		{"the grace after a use that IAM recorded late", retiring(used(prev, noon)), noon.Add(days(7)), nothing(), deletes},
		{"used just before its deactivation", retiring(used(prev, day(7).Add(-second))), day(14), nothing(), deletes},
		{"without grace", retiring(set(grace(0))), day(7), nothing(), deletes},
		{"held", retiring(set(hold)), day(14), nothing(), nothing().kept(obstacle(CauseHeld, prev))},
		{"paused", retiring(set(pause)), day(14), nothing(), nothing().kept(obstacle(CausePaused, prev))},
		{"an edit", retiring(edit(overlap(0))), day(14), nothing(), nothing()},
		{"the first apply after an import", retiring(imported), day(14), nothing(), nothing()},
		{
			"its last use unknown", retiring(lastUseUnknown(prev)), day(14),
			nothing(), nothing().kept(obstacle(CauseUnknownUse, prev)),
		},
	})
	checkRows(t, []row{
		{
			"never at the instant of its replacement",
			overlapping(set(grace(0)), is(prev, inactive), deactivatedByOthers(day(0))), day(0), nothing(),
		},
		{
			"a second after its replacement",
			overlapping(set(grace(0)), is(prev, inactive), deactivatedByOthers(day(0))), day(0).Add(second), deletes,
		},
	})
}

// Rule 4, the exception for those who apply rarely: a rotation is due and previous is Active past its overlap and the grace.
func TestDecide_deleteActive(t *testing.T) {
	t.Parallel()
	goesAtOnce := does(deletePrevious(prev), rotate(ReasonAge))
	waitsFor := func(last, end time.Time) expected {
		return blocked(inUse(prev, last, end)).kept(inUse(prev, last, end))
	}
	rare := func(changes ...change) setup {
		return overlapping(set(rotateAfter(days(10)))).with(changes...)
	}
	checkBoundaries(t, []boundary{
		{"when current is as old as rotate_after", overlapping(), day(90), does(deactivate(prev)), goesAtOnce},
		{"an adopted one", overlapping(adopted), day(90), does(deactivate(prev)), goesAtOnce},
		{
			"when require_unused_for has passed since a use in the overlap", rare(used(prev, day(7))), day(15),
			waitsFor(day(7), day(15)), goesAtOnce,
		},
		{
			"held", overlapping(set(hold)), day(90),
			nothing().kept(obstacle(CauseHeld, prev)),
			blocked(obstacle(CauseHeld, prev)).kept(obstacle(CauseHeld, prev)),
		},
		{
			"paused", overlapping(set(pause)), day(90),
			nothing().kept(obstacle(CausePaused, prev)),
			blocked(obstacle(CausePaused, cur)).kept(obstacle(CausePaused, prev)),
		},
		{
			"its last use unknown", overlapping(lastUseUnknown(prev)), day(90),
			nothing().kept(obstacle(CauseUnknownUse, prev)),
			blocked(obstacle(CauseUnknownUse, prev)).kept(obstacle(CauseUnknownUse, prev)),
		},
	})
	end := day(14)
	checkRows(t, []row{
		{
			"a second before the end of overlap and grace", rare(), end.Add(-second),
			does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, day(21).Add(-second))),
		},
		{"at the end of overlap and grace", rare(), end, goesAtOnce},
		{"a second after the end of overlap and grace", rare(), end.Add(second), goesAtOnce},
		{"never used", overlapping(neverUsed(prev)), day(90), goesAtOnce},
		{"last used a second before the end of its overlap", overlapping(used(prev, day(7).Add(-second))), day(90), goesAtOnce},
		{"last used at the end of its overlap", overlapping(used(prev, day(7))), day(90), goesAtOnce},
		{
			"last used a second after the end of its overlap", overlapping(used(prev, day(7).Add(second))), day(90),
			does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, day(97))),
		},
		{"still in use", overlapping(used(prev, day(89))), day(90), waitsFor(day(89), day(97))},
		{
			"its last use unknown, without require_unused_for", overlapping(set(unusedFor(0)), lastUseUnknown(prev)), day(90),
			blocked(obstacle(CauseUnknownUse, prev)).kept(obstacle(CauseUnknownUse, prev)),
		},
		{
			"never at the instant of its replacement",
			overlapping(set(rotateAfter(days(1)), overlap(0), grace(0), unusedFor(0)), replaced(day(3))), day(3),
			blocked(obstacleUntil(CauseOverlap, prev, day(3))),
		},
		{
			"a second after its replacement",
			overlapping(set(rotateAfter(days(1)), overlap(0), grace(0), unusedFor(0)), replaced(day(3))), day(3).Add(second),
			goesAtOnce,
		},
		{
			"without grace, used since its overlap: all three steps in one plan",
			overlapping(set(overlap(0), grace(0), unusedFor(0)), used(prev, day(80))), day(90),
			does(deactivate(prev), deletePrevious(prev), rotate(ReasonAge)),
		},
	})
}
