package rotation

import "testing"

// Rule 7: a key that another resource manages is never adopted or deleted, whatever unmanaged_keys says.
func TestDecide_keyOfAnotherResource(t *testing.T) {
	t.Parallel()
	retire, dispose := set(unmanagedKeys(RetireUnmanaged)), set(unmanagedKeys(DeleteUnused))
	foreign := func(s *setup) {
		unmanagedKey(active)(s)
		neverUsed(other)(s)
		ofAnotherResource(other)(s)
	}
	blocks := blocked(obstacle(CauseUnmanaged, other))
	free := listed(third, active, day(-10))
	checkRows(t, []row{
		{"retire", settled(retire, foreign), day(3), nothing()},
		{"retire, when a rotation is due", settled(retire, foreign), day(90), blocks},
		{"retire, requested", settled(retire, foreign, edit(quarter)), day(3), pends(obstacle(CauseUnmanaged, other))},
		{"retire, revoked", settled(retire, foreign, edit(incident)), day(3), refused(obstacle(CauseUnmanaged, other))},
		{"retire, at create", creating(retire, foreign), day(0), does(createKey(ReasonCreated))},
		{"retire, at create beside a key of nobody", creating(retire, foreign, free), day(0), refused(obstacle(CauseUnmanaged, other))},
		{
			"retire, beside a key of nobody that is newer", settled(retire, foreign, free, gone(cur)), day(3),
			does(adopt(third)).blocked(obstacle(CauseUnmanaged, other)),
		},
		{"delete_unused, Inactive", settled(dispose, foreign, is(other, inactive)), day(90), blocks},
		{"delete_unused", settled(dispose, foreign), day(90), blocks},
		{"delete_unused, requested", settled(dispose, foreign, edit(quarter)), day(3), pends(obstacle(CauseUnmanaged, other))},
		{"delete_unused, revoked", settled(dispose, foreign, edit(incident)), day(3), refused(obstacle(CauseUnmanaged, other))},
		{
			"delete_unused, at create beside an unused key of nobody", creating(dispose, foreign, free, neverUsed(third)), day(0),
			does(deleteUnmanaged(third), createKey(ReasonCreated)),
		},
		{
			"delete_unused, at create beside a used key of nobody", creating(dispose, foreign, free, used(third, day(-1))), day(0),
			refused(obstacle(CauseUnmanaged, other)),
		},
	})
	checkLateApplies(t, []lateApply{
		{
			name:  "another resource manages the key to adopt, as is known by now",
			given: settled(retire, unmanagedKey(active)), planned: day(3), plan: plan(adopt(other)),
			then: []change{ofAnotherResource(other)}, applied: day(4), stale: stale(adopt(other), Obstacle{}),
		},
		{
			name:  "another resource manages the key to delete, as is known by now",
			given: settled(dispose, unmanagedKey(active), neverUsed(other)), planned: day(90),
			plan: plan(deleteUnmanaged(other), rotate(ReasonAge)),
			then: []change{ofAnotherResource(other)}, applied: day(91), stale: stale(deleteUnmanaged(other), obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 6: an Inactive current makes room beside an unmanaged key, too, once it has been Inactive for the grace.
func TestDecide_inactiveCurrentBesideUnmanaged(t *testing.T) {
	t.Parallel()
	dead := func(changes ...change) setup {
		return settled(unmanagedKey(active), is(cur, inactive), inactiveSince(day(3))).with(changes...)
	}
	waits := blocked(obstacleUntil(CauseGrace, cur, day(10)))
	makesRoom := does(deleteCurrent(), createKey(ReasonInactive))
	checkBoundaries(t, []boundary{
		{"an Active unmanaged key", dead(), day(10), waits, makesRoom},
		{"an Inactive unmanaged key", dead(is(other, inactive)), day(10), waits, makesRoom},
		{"an unmanaged key of unknown last use", dead(lastUseUnknown(other)), day(10), waits, makesRoom},
		{"a key of another resource", dead(ofAnotherResource(other)), day(10), waits, makesRoom},
		{"held", dead(set(hold)), day(10), waits, makesRoom},
		{"paused", dead(set(pause)), day(10), blocked(obstacle(CausePaused, cur)), blocked(obstacle(CausePaused, cur))},
		{
			"requested", dead(edit(quarter)), day(10), pends(obstacleUntil(CauseGrace, cur, day(10))),
			does(deleteCurrent(), createKey(ReasonChanged)),
		},
		{"current signs our requests", dead(signedBy(cur)), day(10), blocked(obstacle(CauseSigner, cur)), blocked(obstacle(CauseSigner, cur))},
		{"the unmanaged key signs our requests", dead(signedBy(other)), day(10), waits, makesRoom},
	})
	checkRows(t, []row{
		{
			"an unused key that may be deleted goes first", dead(set(unmanagedKeys(DeleteUnused)), neverUsed(other), is(other, inactive)), day(4),
			does(deleteUnmanaged(other), rotateInactive(ReasonInactive)),
		},
		{
			"first seen Inactive: it is recorded, and its grace begins", settled(unmanagedKey(active), is(cur, inactive)), day(3),
			does(recordCurrentInactive()).blocked(obstacleUntil(CauseGrace, cur, day(10))),
		},
	})
}

// Rules 6 and 8: somebody deactivated the leaked current before the revoke is asked for. It makes room at once.
func TestDecide_revokeAfterDeactivation(t *testing.T) {
	t.Parallel()
	leaked := func(s *setup) {
		is(cur, inactive)(s)
		edit(incident)(s)
	}
	alone := does(deleteCurrent(), revoking(createKey(ReasonRevoked)))
	contains := does(deleteCurrent(), revoking(createKey(ReasonRevoked)), deactivate(prev))
	checkRows(t, []row{
		{"no other key", settled(leaked), day(3), does(revoking(rotateInactive(ReasonRevoked)))},
		{"beside an Active previous", overlapping(leaked), day(3), contains},
		{"beside an Active previous, recorded", overlapping(leaked, inactiveSince(day(2))), day(3), contains},
		{"beside an Active previous in use", overlapping(leaked, used(prev, day(3))), day(3), contains},
		{"beside a held previous, paused", overlapping(set(hold, pause), leaked), day(3), contains},
		{"beside an adopted previous", overlapping(adopted, leaked), day(3), contains},
		{"beside an Inactive previous", retiring(leaked), day(8), does(deletePrevious(prev), revoking(rotateInactive(ReasonRevoked)))},
		{
			"beside an Inactive adopted previous", retiring(adopted, leaked), day(8),
			does(deletePrevious(prev), revoking(rotateInactive(ReasonRevoked))),
		},
		{"beside an unmanaged key in use", settled(unmanagedKey(active), used(other, day(2)), leaked), day(3), alone},
		{"beside an unmanaged key of unknown last use", settled(unmanagedKey(active), lastUseUnknown(other), leaked), day(3), alone},
		{"beside an unmanaged key to retire", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active), leaked), day(3), alone},
		{"current signs our requests", settled(unmanagedKey(active), signedBy(cur), leaked), day(3), refused(obstacle(CauseSigner, cur))},
		{"previous signs our requests", overlapping(signedBy(prev), leaked), day(3), refused(obstacle(CauseSigner, prev))},
		{
			"the leaked current is still Active, beside an adopted previous", overlapping(adopted, edit(incident)), day(3),
			refused(obstacle(CauseAdopted, prev)),
		},
		{
			"the leaked current is still Active, beside an unmanaged key in use",
			settled(unmanagedKey(active), used(other, day(2)), edit(incident)), day(3),
			refused(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 11: every key of the chain that signs our requests stays.
func TestDecide_severalSigners(t *testing.T) {
	t.Parallel()
	chain := func(ids ...string) change { return func(s *setup) { s.seen.Signers = ids } }
	signer := nothing().kept(obstacle(CauseSigner, prev))
	checkBoundaries(t, []boundary{
		{"the first of the chain", overlapping(chain(prev, "AKIASOURCE")), day(7), nothing(), signer},
		{"the last of the chain", overlapping(chain("AKIASOURCE", "AKIAMIDDLE", prev)), day(7), nothing(), signer},
		{"none of the chain", overlapping(chain("AKIASOURCE", "AKIAMIDDLE")), day(7), nothing(), does(deactivate(prev))},
		{"no chain", overlapping(chain()), day(7), nothing(), does(deactivate(prev))},
		{"current and previous", overlapping(chain(cur, prev)), day(7), nothing(), signer},
	})
	checkRows(t, []row{
		{
			"current is the source of a role, revoked", settled(chain("AKIAROLE", cur), edit(incident)), day(3),
			refused(obstacle(CauseSigner, cur)),
		},
		{
			"previous is the source of a role, revoked", overlapping(chain("AKIAROLE", prev), edit(incident)), day(3),
			refused(obstacle(CauseSigner, prev)),
		},
		{"both, revoked: current is named", overlapping(chain(prev, cur), edit(incident)), day(3), refused(obstacle(CauseSigner, cur))},
		{"current is the source of a role, rotated", settled(chain("AKIAROLE", cur)), day(90), does(rotate(ReasonAge))},
	})
	seen := Observation{Signers: []string{prev, other}}
	for id, want := range map[string]bool{prev: true, other: true, cur: false, "": false} {
		if got := seen.Signs(id); got != want {
			t.Errorf("Signs(%q): got %t, want %t", id, got, want)
		}
	}
}
