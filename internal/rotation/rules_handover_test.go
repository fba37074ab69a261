package rotation

import (
	"testing"
	"time"
)

// handing is a user whose previous was replaced on day 0 and waits for somebody to use current. Current rotates by age on day 90.
func handing(changes ...change) setup {
	return overlapping(set(waitForHandover, applyEvery(days(1))), neverUsed(cur)).with(changes...)
}

// previousCreated changes the recorded creation of previous.
func previousCreated(at time.Time) change { return func(s *setup) { s.record.Previous.CreatedAt = at } }

// signedAt is when this resource last signed a call to STS with current.
func signedAt(at time.Time) change { return func(s *setup) { s.seen.SignedAt = at } }

func sts(at time.Time) Use { return Use{At: at, Service: "sts", Region: "us-east-1"} }

// notHandedOver is a previous that waits, though its overlap is over.
func notHandedOver() expected { return nothing().kept(obstacle(CauseHandover, prev)) }

// Rule 3: previous is not deactivated before somebody has used current.
func TestDecide_handover(t *testing.T) {
	t.Parallel()
	deactivates, waits := does(deactivate(prev)), notHandedOver()
	checkBoundaries(t, []boundary{
		{"nobody used current", handing(), day(7), nothing(), waits},
		{"somebody used current in the overlap", handing(used(cur, day(3))), day(7), nothing(), deactivates},
		{"without wait_for_handover", overlapping(neverUsed(cur)), day(7), nothing(), deactivates},
		{
			"somebody used current, and previous after it", handing(used(cur, day(3)), used(prev, day(4))), day(12),
			nothing().kept(inUse(prev, day(4), day(12))), deactivates,
		},
		{
			"nobody used current, and somebody previous", handing(used(prev, day(4))), day(12),
			waits, waits,
		},
		{"the last use of current is unknown", handing(lastUseUnknown(cur)), day(7), nothing(), nothing().kept(obstacle(CauseUnknownUse, cur))},
		{
			"the last use of current is unknown, without wait_for_handover", overlapping(lastUseUnknown(cur)), day(7),
			nothing(), deactivates,
		},
		{"the last use of previous is unknown, too", handing(lastUseUnknown(prev)), day(7), nothing(), waits},
		{"an adopted one", handing(adopted), day(7), nothing(), waits},
		{
			"held", handing(set(hold)), day(7),
			nothing(), nothing().kept(obstacle(CauseHeld, prev)),
		},
		{"an edit", handing(edit(grace(0))), day(7), nothing(), nothing()},
	})
	checkRows(t, []row{
		{"years later, without rotation by age", handing(set(rotateAfter(0))), day(3650), waits},
		{"a revoked key does not wait", handing(revoked), day(3), deactivates},
		{
			"a revoke does not wait", handing(edit(incident)), day(30),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"an Inactive previous is deleted all the same", retiring(set(waitForHandover), neverUsed(cur)), day(14), does(deletePrevious(prev))},
		{"used before previous was replaced", handing(replaced(day(5)), used(cur, day(5).Add(-second))), day(30), waits},
		{"used at the replacement of previous", handing(replaced(day(5)), used(cur, day(5))), day(30), deactivates},
	})
}

// Rule 3: a use that is our own proof is nobody's.
func TestDecide_handoverProof(t *testing.T) {
	t.Parallel()
	late := 15 * minute
	proved := func(last Use, changes ...change) setup { return handing(withLastUse(cur, last)).with(changes...) }
	deactivates, waits := does(deactivate(prev)), notHandedOver()
	tests := []row{
		{"sts at the creation", proved(sts(day(0))), day(9), waits},
		{"sts a second before 15 minutes", proved(sts(day(0).Add(late - second))), day(9), waits},
		{"sts 15 minutes after the creation", proved(sts(day(0).Add(late))), day(9), waits},
		{"sts a second later", proved(sts(day(0).Add(late + second))), day(9), deactivates},
		{"another service within 15 minutes", proved(Use{At: day(0).Add(minute), Service: "s3"}), day(9), deactivates},
		{"a later call of ours", proved(sts(day(5)), signedAt(day(5))), day(9), waits},
		{"a later call of ours, a minute earlier by IAM's clock", proved(sts(day(5).Add(-minute)), signedAt(day(5))), day(9), waits},
		{"a second before that", proved(sts(day(5).Add(-minute-second)), signedAt(day(5))), day(9), deactivates},
		{"a later call of ours, recorded 15 minutes later", proved(sts(day(5).Add(late)), signedAt(day(5))), day(9), waits},
		{"a second after that", proved(sts(day(5).Add(late+second)), signedAt(day(5))), day(9), deactivates},
		{"another service at a later call of ours", proved(use(day(5)), signedAt(day(5))), day(9), deactivates},
		{"sts, and no later call of ours", proved(sts(day(5))), day(9), deactivates},
	}
	checkRows(t, tests)
}

// Rule 3: previous does not wait for the handover when the next rotation by age is no further off than the grace and two applies.
func TestDecide_handoverNearRotation(t *testing.T) {
	t.Parallel()
	deactivates, waits := does(deactivate(prev)), notHandedOver()
	checkBoundaries(t, []boundary{
		{"by rotate_after", handing(), day(81), waits, deactivates},
		{"by max_age", handing(set(rotateAfter(0), maxAge(days(300))), previousCreated(day(-1))), day(282 - 9), waits, deactivates},
		{"by a longer grace", handing(set(grace(days(20)))), day(68), waits, deactivates},
		{"by a longer apply_every", handing(set(applyEvery(days(7)))), day(69), waits, deactivates},
		{"less the spread", handing(set(rotationSpread(days(14)))), day(81).Add(-spread14), waits, deactivates},
		{
			"the last use of current is unknown", handing(lastUseUnknown(cur)), day(81), nothing().kept(obstacle(CauseUnknownUse, cur)),
			deactivates,
		},
		{
			"previous in use waits all the same", handing(used(prev, day(80))), day(81),
			waits, nothing().kept(inUse(prev, day(80), day(88))),
		},
		{
			"the last use of previous is unknown", handing(lastUseUnknown(prev)), day(81),
			waits, nothing().kept(obstacle(CauseUnknownUse, prev)),
		},
	})
	checkRows(t, []row{
		{
			"a pending request is no rotation by age", handing(requested(byQuarter)), day(30),
			waits.blocked(obstacle(CauseHandover, prev)),
		},
	})
}

// Rule 3: previous does not wait for the handover when it comes near max_age, unless it was so near when its overlap began.
func TestDecide_handoverMaxAge(t *testing.T) {
	t.Parallel()
	deactivates, waits := does(deactivate(prev)), notHandedOver()
	// Previous was created on day -90, so it is two applies below max_age on day 58.
	aging := func(changes ...change) setup { return handing(set(rotateAfter(0), maxAge(days(150)))).with(changes...) }
	unknown := nothing().kept(obstacle(CauseUnknownUse, cur))
	checkBoundaries(t, []boundary{
		{"two applies below max_age", aging(), day(58), waits, deactivates},
		{"two longer applies below max_age", aging(set(applyEvery(days(3)))), day(54), waits, deactivates},
		{"an adopted one", aging(adopted), day(58), waits, deactivates},
		{"beside rotate_after", aging(set(rotateAfter(days(100)))), day(58), waits, deactivates},
		{"no max_age", aging(set(rotateAfter(days(200)), maxAge(0))), day(58), waits, waits},
		{"the last use of current is unknown", aging(lastUseUnknown(cur)), day(58), unknown, deactivates},
		{"not yet so when it was replaced", aging(previousCreated(day(-148).Add(second))), day(7), nothing(), deactivates},
		{"so when it was replaced", aging(previousCreated(day(-148))), day(7), nothing(), waits},
		{"so when it was adopted", aging(adopted, previousCreated(day(-149))), day(7), nothing(), waits},
		{"so when it was replaced: the next rotation is near", aging(previousCreated(day(-148))), day(123), waits, deactivates},
		{
			"previous in use waits all the same", aging(used(prev, day(57))), day(58),
			waits, nothing().kept(inUse(prev, day(57), day(65))),
		},
	})
}

// Rule 4: the exception for those who apply rarely waits for the handover, without the exceptions of rule 3.
func TestDecide_deleteActiveAfterHandover(t *testing.T) {
	t.Parallel()
	rare := func(changes ...change) setup { return handing(set(rotateAfter(days(10)))).with(changes...) }
	atOnce := does(deletePrevious(prev), rotate(ReasonAge))
	deactivates := func(at time.Time) expected {
		return does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, at.Add(days(7))))
	}
	checkRows(t, []row{
		{
			"handed over, a second before the end of overlap and grace", rare(used(cur, day(3))), day(14).Add(-second),
			deactivates(day(14).Add(-second)),
		},
		{"handed over, at the end of overlap and grace", rare(used(cur, day(3))), day(14), atOnce},
		{"handed over, a second later", rare(used(cur, day(3))), day(14).Add(second), atOnce},
		{"handed over, with a longer grace", rare(set(grace(days(20))), used(cur, day(3))), day(27), atOnce},
		{"nobody used current", rare(), day(90), deactivates(day(90))},
		{"our own proof", rare(withLastUse(cur, sts(day(0).Add(minute)))), day(90), deactivates(day(90))},
		{"the last use of current is unknown", rare(lastUseUnknown(cur)), day(90), deactivates(day(90))},
		{
			"previous used within require_unused_for", rare(used(cur, day(3)), used(prev, day(7)), set(unusedFor(days(30)))), day(36),
			blocked(inUse(prev, day(7), day(37))).kept(inUse(prev, day(7), day(37))),
		},
		{
			"previous unused for require_unused_for", rare(used(cur, day(3)), used(prev, day(7)), set(unusedFor(days(30)))), day(37),
			atOnce,
		},
		{"a pending request", handing(used(cur, day(3)), requested(byQuarter)), day(30), does(deletePrevious(prev), rotate(ReasonChanged))},
	})
}

// Rule 6: a request deletes an Active previous only after the handover, and none of the exceptions of rule 3 counts.
func TestDecide_requestAfterHandover(t *testing.T) {
	t.Parallel()
	asked := func(changes ...change) setup { return handing(edit(quarter)).with(changes...) }
	makesRoom := does(deletePrevious(prev), rotate(ReasonChanged))
	checkBoundaries(t, []boundary{
		{
			"handed over", asked(used(cur, day(3))), day(7),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(14))), makesRoom,
		},
		{
			"handed over, previous unused for require_unused_for", asked(used(cur, day(3)), used(prev, day(6))), day(14),
			pends(inUse(prev, day(6), day(14))), makesRoom,
		},
	})
	checkRows(t, []row{
		{"nobody used current", asked(), day(30), pends(obstacle(CauseHandover, prev))},
		{
			"nobody used current, the next rotation is near", asked(), day(85),
			pends(obstacle(CauseHandover, prev)).next(obstacleUntil(CauseGrace, prev, day(92))),
		},
		{
			"nobody used current, previous comes near max_age", asked(set(rotateAfter(0), maxAge(days(150)))), day(60),
			pends(obstacle(CauseHandover, prev)).next(obstacleUntil(CauseGrace, prev, day(67))),
		},
		{"the last use of current is unknown", asked(lastUseUnknown(cur)), day(30), pends(obstacle(CauseUnknownUse, cur))},
		{"the last use of previous is unknown", asked(used(cur, day(3)), lastUseUnknown(prev)), day(30), pends(obstacle(CauseUnknownUse, prev))},
		{"nobody used current, and previous is Inactive", retiring(set(waitForHandover), neverUsed(cur), edit(quarter)), day(8), makesRoom},
		{
			"wait_for_handover given up by the same edit counts from the next plan on", asked(set(grace(days(40))), edit(noHandover)), day(30),
			pends(obstacle(CauseHandover, prev)).next(obstacleUntil(CauseGrace, prev, day(70))),
		},
	})
}
