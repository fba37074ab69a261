package rotation

import "testing"

// Rule 0: for five minutes a list that contradicts a step of ours proves nothing. Previous is neither recorded nor retired.
func TestDecide_settling(t *testing.T) {
	t.Parallel()
	atOnce := set(overlap(0), grace(0), unusedFor(0))
	replacedUntil, deactivatedUntil := day(0).Add(5*minute), day(7).Add(5*minute)
	checkBoundaries(t, []boundary{
		{
			"listed as Inactive, replaced minutes ago", overlapping(is(prev, inactive)), replacedUntil,
			nothing(), does(recordDeactivated(prev)),
		},
		{
			"listed as Inactive, adopted minutes ago", overlapping(adopted, is(prev, inactive)), replacedUntil,
			nothing(), does(recordDeactivated(prev)),
		},
		{
			"listed as Inactive, replaced minutes ago, which would be deleted", overlapping(atOnce, is(prev, inactive)), replacedUntil,
			nothing(), does(recordDeactivated(prev), deletePrevious(prev)),
		},
		{
			"listed as Active, deactivated minutes ago", retiring(is(prev, active)), deactivatedUntil,
			nothing(), does(recordReactivated(prev)),
		},
		{
			"listed as Active, deactivated minutes ago, paused", retiring(set(pause), is(prev, active)), deactivatedUntil,
			nothing(), does(recordReactivated(prev)),
		},
		{
			"listed as Active, deactivated minutes ago, beside an edit", retiring(edit(grace(0)), is(prev, active)), deactivatedUntil,
			nothing(), does(recordReactivated(prev)),
		},
		{
			"listed as Active, deactivated minutes ago for a revoke", retiring(revoked, is(prev, active)), deactivatedUntil,
			nothing(), does(deactivate(prev)),
		},
		{
			"a request", overlapping(is(prev, inactive), edit(quarter)), replacedUntil,
			pends(obstacle(CauseSettling, prev)), does(recordDeactivated(prev), deletePrevious(prev), rotate(ReasonChanged)),
		},
		{
			"a revoke, previous listed as Inactive", overlapping(is(prev, inactive), edit(incident)), replacedUntil,
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
			does(recordDeactivated(prev), deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"a revoke, previous listed as Active", retiring(is(prev, active), edit(incident)), deactivatedUntil,
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
			does(recordReactivated(prev), deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"a revoke, an adopted previous", overlapping(adopted, is(prev, inactive), edit(incident)), replacedUntil,
			refused(obstacle(CauseAdopted, prev)),
			does(recordDeactivated(prev), deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"a rollback, previous listed as Active minutes after we deactivated it", retiring(is(prev, active), edit(hold)), deactivatedUntil,
			does(reactivate(prev)), does(recordReactivated(prev)),
		},
		{
			"a rollback, previous listed as Inactive minutes after it was replaced", overlapping(is(prev, inactive), edit(hold)), replacedUntil,
			nothing(), does(recordDeactivated(prev)).waiting(obstacle(CauseNotOurs, prev)),
		},
	})
	checkRows(t, []row{
		{
			"deactivated by somebody else, and reactivated", retiring(deactivatedByOthers(day(7)), is(prev, active)), day(7).Add(minute),
			does(recordReactivated(prev)),
		},
		{"reactivated by us, listed as Inactive", overlapping(replaced(day(8)), is(prev, inactive)), day(8).Add(minute), nothing()},
		{
			"a rotation by age waits", retiring(deactivated(day(90)), is(prev, active)), day(90).Add(minute),
			blocked(obstacle(CauseSettling, prev)),
		},
		{
			"an Inactive current makes room all the same", retiring(is(prev, active), is(cur, inactive), inactiveSince(day(0))), day(7).Add(minute),
			does(deleteCurrent(), createKey(ReasonInactive)),
		},
		{"a revoked key is not rolled back", retiring(revoked, is(prev, active), edit(hold)), day(7).Add(minute), nothing()},
		{"what is listed as recorded is no contradiction", retiring(set(grace(0))), day(7).Add(minute), does(deletePrevious(prev))},
	})
}

// Rule 0: an unknown last use stops the clock-driven retirement of that key, and nothing else.
func TestDecide_unknownLastUse(t *testing.T) {
	t.Parallel()
	unknown := nothing().kept(obstacle(CauseUnknownUse, prev))
	nothingKnown := func(ids ...string) change {
		return func(s *setup) {
			for _, id := range ids {
				lastUseUnknown(id)(s)
			}
		}
	}
	dispose := set(unmanagedKeys(DeleteUnused))
	checkBoundaries(t, []boundary{
		{"an Active previous", overlapping(lastUseUnknown(prev)), day(7), nothing(), unknown},
		{"an Active previous, without require_unused_for", overlapping(set(unusedFor(0)), lastUseUnknown(prev)), day(7), nothing(), unknown},
		{"an Inactive previous", retiring(lastUseUnknown(prev)), day(14), nothing(), unknown},
		{"an adopted previous", overlapping(adopted, lastUseUnknown(prev)), day(7), nothing(), unknown},
		{"of previous alone", handing(used(cur, day(3)), lastUseUnknown(prev)), day(7), nothing(), unknown},
		{"of current alone", handing(lastUseUnknown(cur)), day(7), nothing(), nothing().kept(obstacle(CauseUnknownUse, cur))},
		{
			"of current alone, previous in use", handing(lastUseUnknown(cur), used(prev, day(6))), day(7), nothing(),
			nothing().kept(obstacle(CauseUnknownUse, cur)),
		},
		{
			"of current, with a previous in its grace", retiring(set(waitForHandover), nothingKnown(cur)), day(14), nothing(),
			does(deletePrevious(prev)),
		},
	})
	checkRows(t, []row{
		{"current alone rotates", settled(lastUseUnknown(cur)), day(90), does(rotate(ReasonAge))},
		{"a revoked key is deactivated", overlapping(revoked, nothingKnown(cur, prev)), day(3), does(deactivate(prev))},
		{
			"a request deletes an Inactive previous", retiring(nothingKnown(cur, prev), edit(quarter)), day(8),
			does(deletePrevious(prev), rotate(ReasonChanged)),
		},
		{"a request in a free slot", settled(nothingKnown(cur), edit(quarter)), day(8), does(rotate(ReasonChanged))},
		{
			"a revoke", overlapping(nothingKnown(cur, prev), edit(incident)), day(3),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"a create", creating(unmanagedKey(active), lastUseUnknown(other)), day(0), does(createKey(ReasonCreated))},
		{
			"an adoption", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active), lastUseUnknown(other)), day(3),
			does(adopt(other)),
		},
		{
			"an unmanaged key of unknown last use stays", settled(dispose, unmanagedKey(active), lastUseUnknown(other)), day(90),
			blocked(obstacle(CauseUnmanaged, other)),
		},
		{
			"of current alone, an unmanaged key that nobody used", settled(dispose, unmanagedKey(active), neverUsed(other), lastUseUnknown(cur)),
			day(90),
			does(deleteUnmanaged(other), rotate(ReasonAge)),
		},
		{"current is gone", overlapping(gone(cur), lastUseUnknown(prev)), day(3), does(createKey(ReasonMissing))},
		{
			"both are Inactive", retiring(is(cur, inactive), nothingKnown(cur, prev)), day(8),
			does(deletePrevious(prev), rotateInactive(ReasonInactive)),
		},
	})
}
