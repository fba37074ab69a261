package rotation

import (
	"testing"
	"time"
)

// Rule 7 at create.
func TestUnmanagedAtCreate(t *testing.T) {
	t.Parallel()
	created := replaceGone(ReasonCreated)
	two := func(changes ...change) scene {
		return creating(listed(third, active, day(-10)), foreign(active), used(third, day(-5))).with(changes...)
	}
	checkRows(t, []row{
		{"no key", creating(), day(0), does(created)},
		{"no key, paused and held", creating(set(pause, hold)), day(0), does(created)},
		{"refuse, one key", creating(foreign(active)), day(0), does(created)},
		{"refuse, one Inactive key", creating(foreign(inactive)), day(0), does(created)},
		{"refuse, two keys: the older one is named", two(), day(0), refused(wait(CauseUnmanaged, other))},
		{
			"refuse, two keys that nobody ever used", two(neverUsed(other), neverUsed(third)), day(0),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"retire, one key", creating(set(unmanaged(RetireUnmanaged)), foreign(active)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one Inactive key", creating(set(unmanaged(RetireUnmanaged)), foreign(inactive)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one key, paused", creating(set(unmanaged(RetireUnmanaged), pause), foreign(active)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, one key, without overlap, grace and guard",
			creating(set(unmanaged(RetireUnmanaged), overlap(0), grace(0), guard(0)), foreign(inactive)), day(0),
			does(adopt(other), created),
		},
		{
			"retire, two keys: the one that is not adopted is named", two(set(unmanaged(RetireUnmanaged))), day(0),
			refused(wait(CauseUnmanaged, third)),
		},
		{
			"delete_unused, one key that nobody ever used",
			creating(set(unmanaged(DeleteUnused)), foreign(active), neverUsed(other)), day(0),
			does(created),
		},
		{
			"delete_unused, two keys that somebody used", two(set(unmanaged(DeleteUnused))), day(0),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"delete_unused, one of two that nobody ever used", two(set(unmanaged(DeleteUnused)), neverUsed(third)), day(0),
			does(deleteUnmanaged(third), created),
		},
		{
			"delete_unused, two that nobody ever used: one is enough",
			two(set(unmanaged(DeleteUnused)), neverUsed(third), neverUsed(other)), day(0),
			does(deleteUnmanaged(third), created),
		},
		{
			"delete_unused, the unused one is the only Active key",
			two(set(unmanaged(DeleteUnused)), neverUsed(third), is(other, inactive)), day(0),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"delete_unused, two Inactive keys, one of them unused",
			two(set(unmanaged(DeleteUnused)), neverUsed(third), is(other, inactive), is(third, inactive)), day(0),
			does(deleteUnmanaged(third), created),
		},
	})
}

// Rule 7, refuse: blocked only if the slot is needed.
func TestRefuseUnmanaged(t *testing.T) {
	t.Parallel()
	checkRows(t, []row{
		{"its slot is not needed", settled(foreign(active)), day(3), nothing()},
		{"by age", settled(foreign(active)), day(90), blocked(wait(CauseUnmanaged, other))},
		{"asked for", settled(foreign(active), edit(quarter)), day(3), refused(wait(CauseUnmanaged, other))},
		{"revoked", settled(foreign(active), edit(incident)), day(3), refused(wait(CauseUnmanaged, other))},
		{"one that nobody ever used", settled(foreign(active), neverUsed(other)), day(90), blocked(wait(CauseUnmanaged, other))},
		{"current gone: there is a free slot", settled(foreign(active), gone(cur)), day(3), does(replaceGone(ReasonMissing))},
		{"current gone, two keys", settled(listed(third, active, day(1)), foreign(active), gone(cur)), day(3), blocked(wait(CauseUnmanaged, other))},
	})
}

// Rule 7, retire: adopted as soon as it is seen with previous null.
func TestRetireUnmanaged(t *testing.T) {
	t.Parallel()
	retire := set(unmanaged(RetireUnmanaged))
	checkRows(t, []row{
		{"Active", settled(retire, foreign(active)), day(3), does(adopt(other))},
		{"Inactive", settled(retire, foreign(inactive)), day(3), does(adopt(other))},
		{"held", settled(retire, set(hold), foreign(active)), day(3), does(adopt(other))},
		{"paused", settled(retire, set(pause), foreign(active)), day(3), nothing()},
		{"by an edit: the next plan does", settled(edit(unmanaged(RetireUnmanaged)), foreign(active)), day(3), nothing()},
		{"the first apply after an import", settled(retire, imported, foreign(active)), day(3), nothing()},
		{"previous gone", overlapping(retire, gone(prev), foreign(active)), day(3), does(adopt(other))},
		{
			"without overlap, grace and guard it is not retired by the same plan",
			settled(retire, set(overlap(0), grace(0), guard(0)), foreign(active)), day(3), does(adopt(other)),
		},
		{
			"Inactive, without grace it is not deleted by the same plan",
			settled(retire, set(overlap(0), grace(0), guard(0)), foreign(inactive)), day(3), does(adopt(other)),
		},
		{
			"when a rotation is due", settled(retire, foreign(active)), day(90),
			does(adopt(other)).blocked(until(CauseOverlap, other, day(104))),
		},
		{
			"Inactive, when a rotation is due", settled(retire, foreign(inactive)), day(90),
			does(adopt(other)).blocked(until(CauseGrace, other, day(97))),
		},
		{
			"when a rotation is asked for", settled(retire, foreign(active), edit(quarter)), day(3),
			refused(wait(CauseUnmanaged, other)),
		},
		{
			"current gone", settled(retire, foreign(active), gone(cur)), day(3),
			does(adopt(other), replaceGone(ReasonMissing)),
		},
		{
			"current Inactive: the adopted key stays, and current makes room after its grace",
			settled(retire, foreign(active), is(cur, inactive)), day(3),
			does(adopt(other)).blocked(until(CauseGrace, cur, day(10))),
		},
		{
			"current gone, two keys: the older is adopted",
			settled(retire, listed(third, active, day(1)), foreign(active), gone(cur)), day(3),
			does(adopt(other)).blocked(wait(CauseUnmanaged, third)),
		},
		{
			"current gone, previous has its place", overlapping(retire, foreign(active), gone(cur)), day(3),
			blocked(wait(CauseUnmanaged, other)),
		},
	})
}

// Rule 7, delete_unused: only when its slot is needed, and only if nobody ever used it.
func TestDeleteUnused(t *testing.T) {
	t.Parallel()
	unused := func(changes ...change) scene {
		return settled(set(unmanaged(DeleteUnused)), foreign(active), neverUsed(other)).with(changes...)
	}
	proof := func(service string, offset time.Duration) change {
		return func(s *scene) {
			at := s.seen.Find(other).CreatedAt.Add(15*minute + offset)
			usedBy(other, Use{At: at, Service: service, Region: "us-east-1"})(s)
		}
	}
	gets := does(deleteUnmanaged(other), rotate(ReasonAge))
	stays := blocked(wait(CauseUnmanaged, other))
	checkDates(t, []date{
		{"never used", unused(), day(90), nothing(), gets},
		{"never used, Inactive", unused(is(other, inactive)), day(90), nothing(), gets},
		{"used once", unused(used(other, day(-199))), day(90), nothing(), stays},
		{"paused", unused(set(pause)), day(90), nothing(), blocked(wait(CausePaused, cur))},
		{"an edit", unused(edit(grace(0))), day(90), nothing(), nothing()},
	})
	checkRows(t, []row{
		{"its last use not asked for", unused(unasked(other)), day(90), stays},
		{"our own proof, a second before the end of its time", unused(proof("sts", -second)), day(90), gets},
		{"our own proof, at the end of its time", unused(proof("sts", 0)), day(90), gets},
		{"sts a second later", unused(proof("sts", second)), day(90), stays},
		{"another service within the time of the proof", unused(proof("iam", -second)), day(90), stays},
		{"signs our requests", unused(signedBy(other)), day(90), stays},
		{"the only Active key", unused(is(cur, inactive)), day(3), stays},
		{
			"not the only Active key: current and it are both Inactive", unused(is(cur, inactive), is(other, inactive)), day(3),
			does(deleteUnmanaged(other), replaceInactive(ReasonInactive)),
		},
		{"asked for", unused(edit(quarter)), day(3), does(deleteUnmanaged(other), rotate(ReasonChanged))},
		{"asked for, paused", unused(set(pause), edit(quarter)), day(3), does(deleteUnmanaged(other), rotate(ReasonChanged))},
		{
			"revoked", unused(edit(incident)), day(3),
			does(deleteUnmanaged(other), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"there is a free slot", unused(gone(cur)), day(3), does(replaceGone(ReasonMissing))},
		{
			"current gone, and previous keeps its place", overlapping(set(unmanaged(DeleteUnused)), gone(cur), foreign(active), neverUsed(other)),
			day(3), does(deleteUnmanaged(other), replaceGone(ReasonMissing)),
		},
		{
			"current gone, an Inactive previous goes before the only Active key",
			retiring(set(unmanaged(DeleteUnused)), gone(cur), foreign(active), neverUsed(other)), day(8),
			does(deletePrevious(prev), replaceGone(ReasonMissing)),
		},
		{"refuse by the same edit", unused(edit(unmanaged(RefuseUnmanaged), quarter)), day(3), refused(wait(CauseUnmanaged, other))},
	})
}

// Rule 7: the only Active key of the user goes if it is what an interrupted revoke left, and for nothing less.
func TestDeleteLeftByRevoke(t *testing.T) {
	t.Parallel()
	taken := func(p *Policy) { p.RevokeWhenChanged = map[string]string{"incident": "none"} }
	again := does(deleteUnmanaged(other), revoking(replaceInactive(ReasonRevoked)))
	stays := refused(wait(CauseUnmanaged, other))
	checkRows(t, []row{
		{"at once", interrupted(), day(3).Add(minute), again},
		{"a day later", interrupted(), day(4), again},
		{"at the age of rotate_after", interrupted(), day(90), again},
		{"never used", interrupted(neverUsed(other)), day(4), again},
		{"paused and held", interrupted(set(pause, hold)), day(4), again},
		{"with another request", interrupted(edit(quarter)), day(4), again},
		{"previous was deleted for it", overlapping(gone(prev), cutRevoke), day(4), again},
		{"delete_unused by the same edit", interrupted(set(unmanaged(RefuseUnmanaged)), edit(unmanaged(DeleteUnused))), day(4), again},
		{"its creation a second after that of current", interrupted(made(other, day(0).Add(second)), neverUsed(other)), day(4), again},
		{"its creation at that of current", interrupted(made(other, day(0)), neverUsed(other)), day(4), stays},
		{"its creation a second before that of current", interrupted(made(other, day(0).Add(-second)), neverUsed(other)), day(4), stays},
		{"refuse", interrupted(set(unmanaged(RefuseUnmanaged))), day(4), stays},
		{"retire", interrupted(set(unmanaged(RetireUnmanaged))), day(4), stays},
		{"used by somebody", interrupted(used(other, day(3))), day(4), stays},
		{"its last use not asked for", interrupted(unasked(other)), day(4), stays},
		{"signs our requests", interrupted(signedBy(other)), day(4), stays},
		{"the incident taken back", interrupted(edit(taken)), day(4), blocked(wait(CauseUnmanaged, other))},
		{"another request alone", interrupted(edit(taken, quarter)), day(4), stays},
		{
			"current gone, an older Inactive key in its place",
			interrupted(gone(cur), listed(third, inactive, day(-200)), used(third, day(-100))), day(4), refused(wait(CauseUnmanaged, third)),
		},
		{"current gone: there is a free slot", interrupted(gone(cur)), day(4), does(revoking(replaceGone(ReasonRevoked)))},
		{
			"current still Active: the key is not the only one", interrupted(is(cur, active)), day(4),
			does(deleteUnmanaged(other), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"it is Inactive, too", interrupted(is(other, inactive)), day(4), again},
	})
}

// Rule 7: an adopted key leaves only by rules 3 and 4.
func TestAdoptedKey(t *testing.T) {
	t.Parallel()
	checkDates(t, []date{
		{"is deactivated at the end of its overlap", overlapping(adopted), day(7), nothing(), does(deactivate(prev))},
		{"is deleted at the end of its grace", retiring(adopted), day(14), nothing(), does(deletePrevious(prev))},
		{
			"is deactivated when the guard has passed", overlapping(adopted, used(prev, day(3))), day(11),
			nothing().waiting(inUse(prev, day(3), day(11))), does(deactivate(prev)),
		},
	})
	checkRows(t, []row{
		{"stays in its overlap, whatever is asked", overlapping(adopted, edit(quarter)), day(3), refused(wait(CauseAdopted, prev))},
		{"stays in its grace, whatever is asked", retiring(adopted, edit(quarter)), day(8), refused(until(CauseAdopted, prev, day(14)))},
		{"stays in its overlap when revoked", overlapping(adopted, edit(incident)), day(3), refused(wait(CauseAdopted, prev))},
		{"stays in its grace when revoked", retiring(adopted, edit(incident)), day(8), refused(until(CauseAdopted, prev, day(14)))},
		{
			"goes by rule 4 when revoked", retiring(adopted, edit(incident)), day(14),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"stays beside a current that is gone", overlapping(adopted, gone(cur)), day(30), does(replaceGone(ReasonMissing))},
	})
}
