package rotation

import (
	"testing"
	"time"
)

// Rule 7 at create.
func TestDecide_unmanagedAtCreate(t *testing.T) {
	t.Parallel()
	created := createKey(ReasonCreated)
	two := func(changes ...change) setup {
		return creating(listed(third, active, day(-10)), unmanagedKey(active), used(third, day(-5))).with(changes...)
	}
	checkRows(t, []row{
		{"no key", creating(), day(0), does(created)},
		{"no key, paused and held", creating(set(pause, hold)), day(0), does(created)},
		{"refuse, one key", creating(unmanagedKey(active)), day(0), does(created)},
		{"refuse, one Inactive key", creating(unmanagedKey(inactive)), day(0), does(created)},
		{"refuse, two keys: the older one is named", two(), day(0), refused(obstacle(CauseUnmanaged, other))},
		{
			"refuse, two keys that nobody ever used", two(neverUsed(other), neverUsed(third)), day(0),
			refused(obstacle(CauseUnmanaged, other)),
		},
		{
			"retire, one key", creating(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one Inactive key", creating(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(inactive)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one key, paused", creating(set(unmanagedKeys(RetireUnmanaged), pause), unmanagedKey(active)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one key, without overlap, grace and require_unused_for",
			creating(set(unmanagedKeys(RetireUnmanaged), overlap(0), grace(0), unusedFor(0)), unmanagedKey(inactive)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, two keys: the one that is not adopted is named", two(set(unmanagedKeys(RetireUnmanaged))), day(0),
			refused(obstacle(CauseUnmanaged, third)),
		},
		{
			"delete_unused, one key that nobody ever used",
			creating(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other)), day(0),
			does(created),
		},
		{
			"delete_unused, two keys that somebody used", two(set(unmanagedKeys(DeleteUnused))), day(0),
			refused(obstacle(CauseUnmanaged, other)),
		},
		{
			"delete_unused, one of two that nobody ever used", two(set(unmanagedKeys(DeleteUnused)), neverUsed(third)), day(0),
			does(deleteUnmanaged(third), created),
		},
		{
			"delete_unused, two that nobody ever used: one is enough",
			two(set(unmanagedKeys(DeleteUnused)), neverUsed(third), neverUsed(other)), day(0),
			does(deleteUnmanaged(third), created),
		},
		{
			"delete_unused, one of two that was used by nothing but its proof",
			two(set(unmanagedKeys(DeleteUnused)), withLastUse(third, Use{At: day(-10).Add(minute), Service: "sts"})), day(0),
			refused(obstacle(CauseUnmanaged, other)),
		},
		{
			"delete_unused, the unused one is the only Active key",
			two(set(unmanagedKeys(DeleteUnused)), neverUsed(third), is(other, inactive)), day(0),
			refused(obstacle(CauseUnmanaged, other)),
		},
		{
			"delete_unused, two Inactive keys, one of them unused",
			two(set(unmanagedKeys(DeleteUnused)), neverUsed(third), is(other, inactive), is(third, inactive)), day(0),
			does(deleteUnmanaged(third), created),
		},
	})
}

// Rule 7, refuse: blocked only if the slot is needed.
func TestDecide_refuseUnmanaged(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{"its slot is not needed", settled(unmanagedKey(active)), day(3), nothing()},
		{"by age", settled(unmanagedKey(active)), day(90), blocked(obstacle(CauseUnmanaged, other))},
		{"requested", settled(unmanagedKey(active), edit(quarter)), day(3), pends(obstacle(CauseUnmanaged, other))},
		{"revoked", settled(unmanagedKey(active), edit(incident)), day(3), refused(obstacle(CauseUnmanaged, other))},
		{"one that nobody ever used", settled(unmanagedKey(active), neverUsed(other)), day(90), blocked(obstacle(CauseUnmanaged, other))},
		{"current gone: there is a free slot", settled(unmanagedKey(active), gone(cur)), day(3), does(createKey(ReasonMissing))},
		{
			"current gone, two keys", settled(listed(third, active, day(1)), unmanagedKey(active), gone(cur)), day(3),
			blocked(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 7, retire: adopted as soon as the key is seen while there is no previous.
func TestDecide_retireUnmanaged(t *testing.T) {
	t.Parallel()
	retire := set(unmanagedKeys(RetireUnmanaged))
	checkRows(t, []row{
		{"Active", settled(retire, unmanagedKey(active)), day(3), does(adopt(other))},
		{"Inactive", settled(retire, unmanagedKey(inactive)), day(3), does(adopt(other))},
		{"held", settled(retire, set(hold), unmanagedKey(active)), day(3), does(adopt(other))},
		{"paused", settled(retire, set(pause), unmanagedKey(active)), day(3), nothing()},
		{"by an edit: the next plan adopts it", settled(edit(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(3), nothing()},
		{"the first apply after an import", settled(retire, imported, unmanagedKey(active)), day(3), nothing()},
		{"previous gone", overlapping(retire, gone(prev), unmanagedKey(active)), day(3), does(recordDeleted(prev), adopt(other))},
		{
			"without overlap, grace and require_unused_for it is not retired by the same plan",
			settled(retire, set(overlap(0), grace(0), unusedFor(0)), unmanagedKey(active)), day(3), does(adopt(other)),
		},
		{
			"Inactive, without grace it is not deleted by the same plan",
			settled(retire, set(overlap(0), grace(0), unusedFor(0)), unmanagedKey(inactive)), day(3), does(adopt(other)),
		},
		{
			"when a rotation is due", settled(retire, unmanagedKey(active)), day(90),
			does(adopt(other)).blocked(obstacleUntil(CauseOverlap, other, day(104))),
		},
		{
			"Inactive, when a rotation is due", settled(retire, unmanagedKey(inactive)), day(90),
			does(adopt(other)).blocked(obstacleUntil(CauseGrace, other, day(97))),
		},
		{
			"when a rotation is requested", settled(retire, unmanagedKey(active), edit(quarter)), day(3),
			pends(obstacle(CauseUnmanaged, other)).next(obstacleUntil(CauseOverlap, other, day(17))),
		},
		{
			"current gone", settled(retire, unmanagedKey(active), gone(cur)), day(3),
			does(adopt(other), createKey(ReasonMissing)),
		},
		{
			"current Inactive: the adopted key stays, and current makes room after its grace",
			settled(retire, unmanagedKey(active), is(cur, inactive)), day(3),
			does(adopt(other), recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
		{
			"current gone, two keys: the older is adopted",
			settled(retire, listed(third, active, day(1)), unmanagedKey(active), gone(cur)), day(3),
			does(adopt(other)).blocked(obstacle(CauseUnmanaged, third)),
		},
		{
			"current gone, previous stays", overlapping(retire, unmanagedKey(active), gone(cur)), day(3),
			blocked(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 7, delete_unused: only when its slot is needed, and only if nobody ever used it.
func TestDecide_deleteUnused(t *testing.T) {
	t.Parallel()
	unused := func(changes ...change) setup {
		return settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other)).with(changes...)
	}
	proof := func(service string, offset time.Duration) change {
		return func(s *setup) {
			at := s.seen.Find(other).CreatedAt.Add(15*minute + offset)
			withLastUse(other, Use{At: at, Service: service, Region: "us-east-1"})(s)
		}
	}
	makesRoom := does(deleteUnmanaged(other), rotate(ReasonAge))
	stays := blocked(obstacle(CauseUnmanaged, other))
	checkBoundaries(t, []boundary{
		{"never used", unused(), day(90), nothing(), makesRoom},
		{"never used, Inactive", unused(is(other, inactive)), day(90), nothing(), makesRoom},
		{"used once", unused(used(other, day(-199))), day(90), nothing(), stays},
		{"paused", unused(set(pause)), day(90), nothing(), blocked(obstacle(CausePaused, cur))},
		{"an edit", unused(edit(grace(0))), day(90), nothing(), nothing()},
	})
	checkRows(t, []row{
		{"its last use unknown", unused(lastUseUnknown(other)), day(90), stays},
		{"our own proof, a second before the end of its time", unused(proof("sts", -second)), day(90), makesRoom},
		{"our own proof, at the end of its time", unused(proof("sts", 0)), day(90), makesRoom},
		{"sts a second later", unused(proof("sts", second)), day(90), stays},
		{"another service within the time of the proof", unused(proof("iam", -second)), day(90), stays},
		{"signs our requests", unused(signedBy(other)), day(90), stays},
		{
			"the only Active key", unused(is(cur, inactive)), day(3),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
		{
			"not the only Active key: current and it are both Inactive", unused(is(cur, inactive), is(other, inactive)), day(3),
			does(deleteUnmanaged(other), rotateInactive(ReasonInactive)),
		},
		{"requested", unused(edit(quarter)), day(3), does(deleteUnmanaged(other), rotate(ReasonChanged))},
		{"requested, paused", unused(set(pause), edit(quarter)), day(3), does(deleteUnmanaged(other), rotate(ReasonChanged))},
		{
			"revoked", unused(edit(incident)), day(3),
			does(deleteUnmanaged(other), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"there is a free slot", unused(gone(cur)), day(3), does(createKey(ReasonMissing))},
		{
			"current gone, and previous stays",
			overlapping(set(unmanagedKeys(DeleteUnused)), gone(cur), unmanagedKey(active), neverUsed(other)),
			day(3), does(deleteUnmanaged(other), createKey(ReasonMissing)),
		},
		{
			"current gone, an Inactive previous is deleted before the only Active key",
			retiring(set(unmanagedKeys(DeleteUnused)), gone(cur), unmanagedKey(active), neverUsed(other)), day(8),
			does(deletePrevious(prev), createKey(ReasonMissing)),
		},
		{"refuse by the same edit", unused(edit(unmanagedKeys(RefuseUnmanaged), quarter)), day(3), pends(obstacle(CauseUnmanaged, other))},
	})
}

// Rules 6 and 7: a revoke that was killed after it deactivated current, and before the state was saved, leaves current Inactive
// beside an Active key whose secret nobody has. Under the same revoke current makes room at once, whatever the other key is.
func TestDecide_orphanOfInterruptedRevoke(t *testing.T) {
	t.Parallel()
	taken := func(p *Policy) { p.RevokeWhenChanged = map[string]string{"incident": "none"} }
	again := does(deleteCurrent(), revoking(createKey(ReasonRevoked)))
	checkRows(t, []row{
		{"at once", interrupted(), day(3).Add(minute), again},
		{"at the age of rotate_after", interrupted(), day(90), again},
		{"paused and held", interrupted(set(pause, hold)), day(4), again},
		{"with another request", interrupted(edit(quarter)), day(4), again},
		{
			"previous was deleted for it", overlapping(gone(prev), interruptRevoke), day(4),
			does(append(plan(recordDeleted(prev)), again.Steps...)...),
		},
		{"refuse", interrupted(set(unmanagedKeys(RefuseUnmanaged))), day(4), again},
		{"retire", interrupted(set(unmanagedKeys(RetireUnmanaged))), day(4), again},
		{"used by somebody", interrupted(used(other, day(3))), day(4), again},
		{"its last use unknown", interrupted(lastUseUnknown(other)), day(4), again},
		{"signs our requests", interrupted(signedBy(other)), day(4), again},
		{"another resource manages it", interrupted(ofAnotherResource(other)), day(4), again},
		{"the key is Inactive, too", interrupted(is(other, inactive)), day(4), again},
		{"current signs our requests", interrupted(signedBy(cur)), day(4), refused(obstacle(CauseSigner, cur))},
		{
			"the incident no longer set", interrupted(edit(taken)), day(4),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(11))),
		},
		{
			"another request alone", interrupted(edit(taken, quarter)), day(4),
			does(recordCurrentInactive(), pend(byQuarter)).pending(obstacleUntil(CauseGrace, cur, day(11))).
				next(obstacleUntil(CauseGrace, cur, day(11))),
		},
		{
			"current gone, an older Inactive key in its slot",
			interrupted(gone(cur), listed(third, inactive, day(-200)), used(third, day(-100))), day(4), refused(obstacle(CauseUnmanaged, third)),
		},
		{"current gone: there is a free slot", interrupted(gone(cur)), day(4), does(revoking(createKey(ReasonRevoked)))},
		{
			"current still Active, and the key is unused", interrupted(is(cur, active)), day(4),
			does(deleteUnmanaged(other), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
	})
}

// Rule 7: only rules 3 and 4 retire an adopted key.
func TestDecide_adoptedKey(t *testing.T) {
	t.Parallel()
	checkBoundaries(t, []boundary{
		{"is deactivated at the end of its overlap", overlapping(adopted), day(7), nothing(), does(deactivate(prev))},
		{"is deleted at the end of its grace", retiring(adopted), day(14), nothing(), does(deletePrevious(prev))},
		{
			"is deactivated when require_unused_for has passed", overlapping(adopted, used(prev, day(3))), day(11),
			nothing().kept(inUse(prev, day(3), day(11))), does(deactivate(prev)),
		},
	})
	checkRows(t, []row{
		{
			"stays in its overlap when requested", overlapping(adopted, edit(quarter)), day(3),
			pends(obstacle(CauseAdopted, prev)).next(obstacleUntil(CauseOverlap, prev, day(14))),
		},
		{
			"stays in its grace when requested", retiring(adopted, edit(quarter)), day(8),
			pends(obstacleUntil(CauseAdopted, prev, day(14))).next(obstacleUntil(CauseGrace, prev, day(14))),
		},
		{"stays in its overlap when revoked", overlapping(adopted, edit(incident)), day(3), refused(obstacle(CauseAdopted, prev))},
		{
			"is deleted in its grace when revoked", retiring(adopted, edit(incident)), day(8),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"is deleted by rule 4 when revoked", retiring(adopted, edit(incident)), day(14),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"stays beside a current that is gone", overlapping(adopted, gone(cur)), day(30), does(createKey(ReasonMissing))},
	})
}
