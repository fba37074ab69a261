package rotation

import "testing"

// Rule 8: hold_previous exempts previous from rules 3, 4 and 6.
func TestDecide_holdPrevious(t *testing.T) {
	t.Parallel()
	held := set(hold)
	kept := nothing().kept(obstacle(CauseHeld, prev))
	both := kept.blocked(obstacle(CauseHeld, prev))
	checkBoundaries(t, []boundary{
		{"not deactivated at the end of its overlap", overlapping(held), day(7), nothing(), kept},
		{"not deleted at the end of its grace", retiring(held), day(14), nothing(), kept},
		{"not deleted by the exception of rule 4", overlapping(held), day(90), kept, both},
		{"rotation goes on with a free slot", settled(held), day(90), nothing(), does(rotate(ReasonAge))},
	})
	checkRows(t, []row{
		{"no room for a clock-driven rotation in its grace", retiring(held), day(90), both},
		{
			"no room for a clock-driven rotation beside an Inactive current", retiring(held, is(cur, inactive)), day(8),
			does(recordCurrentInactive()).blocked(obstacle(CauseHeld, prev)),
		},
		{"no room for a request", overlapping(held, edit(quarter)), day(30), pends(obstacle(CauseHeld, prev))},
		{"no room for a request in its grace", retiring(held, edit(quarter)), day(8), pends(obstacle(CauseHeld, prev))},
		{"it stays when current is gone", overlapping(held, gone(cur)), day(30), does(createKey(ReasonMissing))},
		{"no longer held is an edit", overlapping(held, edit(stopHolding)), day(30), nothing()},
		{"no longer held, in its grace, is an edit", retiring(held, edit(stopHolding)), day(30), nothing()},
		{"a revoked previous that is Inactive stays Inactive", retiring(held, revoked), day(30), kept},
	})
}

// Rule 8: setting hold_previous reactivates previous once, if this resource had deactivated it.
func TestDecide_holdReactivates(t *testing.T) {
	t.Parallel()
	theirs := deactivatedByOthers(day(7))
	checkRows(t, []row{
		{"ours", retiring(edit(hold)), day(8), does(reactivate(prev))},
		{"ours, past its grace", retiring(edit(hold)), day(30), does(reactivate(prev))},
		{"ours, with another edit", retiring(edit(hold, grace(0))), day(8), does(reactivate(prev))},
		{"ours, paused", retiring(set(pause), edit(hold)), day(8), does(reactivate(prev))},
		{"ours, paused by the same edit", retiring(edit(hold, pause)), day(8), does(reactivate(prev))},
		{"ours, adopted", retiring(adopted, edit(hold)), day(8), does(reactivate(prev))},
		{"ours, in use by our own requests", retiring(signedBy(cur), edit(hold)), day(8), does(reactivate(prev))},
		{"ours, with current gone", retiring(gone(cur), edit(hold)), day(8), does(reactivate(prev))},
		{
			"ours, when a rotation is due", retiring(edit(hold)), day(90),
			does(reactivate(prev)),
		},
		{"once only", retiring(set(hold)), day(8), nothing()},
		{"once only, whatever else is edited", retiring(set(hold), edit(grace(0))), day(8), nothing()},
		{"already Active", overlapping(edit(hold)), day(8), nothing()},
		{"already Active again", retiring(is(prev, active), edit(hold)), day(8), does(recordReactivated(prev))},
		{"no previous", settled(edit(hold)), day(8), nothing()},
		{"an Inactive current stays Inactive", settled(is(cur, inactive), edit(hold)), day(8), does(recordCurrentInactive())},
		{"the first apply after an import", retiring(imported, edit(hold)), day(8), nothing()},
		{"somebody else's", retiring(theirs, edit(hold)), day(8), nothing().waiting(obstacle(CauseNotOurs, prev))},
		{
			"somebody else's, not recorded yet", overlapping(is(prev, inactive), edit(hold)), day(3),
			does(recordDeactivated(prev)).waiting(obstacle(CauseNotOurs, prev)),
		},
		{"somebody else's, paused", retiring(theirs, set(pause), edit(hold)), day(8), nothing().waiting(obstacle(CauseNotOurs, prev))},
		{"revoked", retiring(revoked, edit(hold)), day(8), nothing().waiting(obstacle(CauseRevoked, prev))},
		{"revoked, somebody else's", retiring(revoked, theirs, edit(hold)), day(8), nothing().waiting(obstacle(CauseRevoked, prev))},
		{
			"with a request that needs its slot", retiring(edit(hold, quarter)), day(8),
			does(reactivate(prev), pend(byQuarter)).pending(obstacle(CauseHeld, prev)),
		},
		{
			"with a request that finds a free slot", retiring(gone(cur), edit(hold, quarter)), day(8),
			does(reactivate(prev), createKey(ReasonChanged)),
		},
		{
			"with a revoke, which has priority", retiring(edit(hold, incident)), day(8),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"with a revoke that finds a free slot", retiring(gone(cur), edit(hold, incident)), day(8),
			does(revoking(createKey(ReasonRevoked))),
		},
	})
}

// Rule 8: paused stops clock-driven steps and not requests.
func TestDecide_paused(t *testing.T) {
	t.Parallel()
	paused := set(pause)
	kept := nothing().kept(obstacle(CausePaused, prev))
	checkBoundaries(t, []boundary{
		{"the end of the overlap", overlapping(paused), day(7), nothing(), kept},
		{"the end of the grace", retiring(paused), day(14), nothing(), kept},
		{"the age of current", settled(paused), day(90), nothing(), blocked(obstacle(CausePaused, cur))},
		{"the age of current beside previous", retiring(paused), day(90), kept, kept.blocked(obstacle(CausePaused, cur))},
	})
	checkRows(t, []row{
		{"current gone", settled(paused, gone(cur)), day(3), blocked(obstacle(CausePaused, cur))},
		{"current Inactive", settled(paused, is(cur, inactive)), day(3), does(recordCurrentInactive()).blocked(obstacle(CausePaused, cur))},
		{"both Inactive", retiring(paused, is(cur, inactive)), day(8), does(recordCurrentInactive()).blocked(obstacle(CausePaused, cur))},
		{"an unmanaged key to retire", settled(paused, set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(3), nothing()},
		{"previous in use: paused comes first", overlapping(paused, used(prev, day(29))), day(30), kept},
		{"resuming is an edit", retiring(paused, edit(resume)), day(30), nothing()},
		{"rotate_when_changed", settled(paused, edit(quarter)), day(3), does(rotate(ReasonChanged))},
		{
			"revoke_when_changed", overlapping(paused, edit(incident)), day(3),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"hold_previous", retiring(paused, edit(hold)), day(8), does(reactivate(prev))},
		{"a revoked key that is still Active", overlapping(paused, revoked), day(3), does(deactivate(prev))},
	})
}
