package rotation

import (
	"reflect"
	"testing"
	"time"
)

// The recipients before and after an edit.
const (
	alice = "age secret alice"
	bob   = "age secret bob"
)

// toAlice has the secret of current encrypted to alice.
func toAlice(s *setup) {
	set(recipients(alice))(s)
	sealedTo(alice)(s)
}

// Rule 5: other recipients for a secret of which only the ciphertext is known.
func TestDecide_recipientsChanged(t *testing.T) {
	t.Parallel()
	toBob, toNobody := edit(recipients(bob)), edit(recipients(""))
	rotates := does(rotate(ReasonRecipients))
	checkRows(t, []row{
		{"others", settled(toAlice, toBob), day(3), rotates},
		{"no longer sealed", settled(toAlice, toNobody), day(3), rotates},
		{"no longer sealed, and the old recipients are not known", settled(set(recipients(alice)), sealed, toNobody), day(3), rotates},
		{"others, and the old ones are not known", settled(set(recipients(alice)), sealed, toBob), day(3), rotates},
		{
			"those of the secret, after a request that is pending", settled(toAlice, set(recipients(bob)), edit(recipients(alice))), day(3),
			nothing(),
		},
		{"the same", settled(toAlice, edit(recipients(alice))), day(3), nothing()},
		{"the same, and they expire later", settled(toAlice, edit(sealableUntil(day(365)))), day(3), nothing()},
		{"the plaintext is known", settled(toBob), day(3), nothing()},
		{"imported and never rotated", settled(set(recipients(alice)), toBob), day(3), nothing()},
		{"imported and never rotated, no longer sealed", settled(set(recipients(alice)), toNobody), day(3), nothing()},
		{"the first apply after an import", settled(imported, toBob), day(3), nothing()},
		{"the first apply, whatever the record says", settled(sealed, imported, toBob), day(3), nothing()},
		{"seconds after current was created", settled(toAlice, toBob), day(0).Add(second), rotates},
		{"at the age of rotate_after", settled(toAlice, toBob), day(90), rotates},
		{"at the age of rotate_after, the plaintext is known", settled(toBob), day(90), nothing()},
		{"with another edit", settled(toAlice, edit(recipients(bob), overlap(0))), day(3), rotates},
		{"held, with a free slot", settled(toAlice, set(hold), toBob), day(3), rotates},
		{"paused", settled(toAlice, set(pause), toBob), day(3), rotates},
		{"paused by the same edit", settled(toAlice, edit(pause, recipients(bob))), day(3), rotates},
		{"current signs our requests", settled(toAlice, signedBy(cur), toBob), day(3), rotates},
		{"current is gone", settled(toAlice, gone(cur), toBob), day(3), does(createKey(ReasonRecipients))},
		{"another user by that name", settled(toAlice, gone(cur), recreated, toBob), day(3), does(createKey(ReasonRecipients))},
		{"current is Inactive", settled(toAlice, is(cur, inactive), toBob), day(3), does(rotateInactive(ReasonRecipients))},
		{
			"current is not listed, minutes after it was created", settled(toAlice, gone(cur), toBob), day(0).Add(minute),
			pendsRecipients(obstacleUntil(CauseYoung, cur, day(0).Add(5*minute))),
		},
		{"with rotate_when_changed, which has priority", settled(toAlice, edit(recipients(bob), quarter)), day(3), does(rotate(ReasonChanged))},
		{
			"with a revoke, which has priority", settled(toAlice, edit(recipients(bob), incident)), day(3),
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"with both, of which the revoke has priority", settled(toAlice, edit(recipients(bob), quarter, incident)), day(3),
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"beside a revoked key that is still Active", overlapping(toAlice, revoked, gone(cur), toBob), day(3),
			does(createKey(ReasonRecipients), deactivate(prev)),
		},
		{
			"with hold_previous, in a free slot", retiring(toAlice, gone(cur), edit(hold, recipients(bob))), day(8),
			does(reactivate(prev), createKey(ReasonRecipients)),
		},
	})
}

// Rule 6: a change of recipients is a request.
func TestDecide_recipientsChangedWithoutFreeSlot(t *testing.T) {
	t.Parallel()
	change := func(s *setup) {
		toAlice(s)
		edit(recipients(bob))(s)
	}
	makesRoom := does(deletePrevious(prev), rotate(ReasonRecipients))
	checkBoundaries(t, []boundary{
		{
			"previous past its overlap", overlapping(change), day(7),
			pendsRecipients(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(14))), makesRoom,
		},
		{
			"previous unused for require_unused_for", overlapping(change, used(prev, day(3))), day(11),
			pendsRecipients(inUse(prev, day(3), day(11))), makesRoom,
		},
		{
			"an adopted previous Inactive for the grace", retiring(adopted, change), day(14),
			pendsRecipients(obstacleUntil(CauseAdopted, prev, day(14))).next(obstacleUntil(CauseGrace, prev, day(14))), makesRoom,
		},
	})
	checkRows(t, []row{
		{"previous in its grace", retiring(change), day(8), makesRoom},
		{"previous in its grace, the plaintext is known", retiring(edit(recipients(bob))), day(8), nothing()},
		{"previous in its grace, paused", retiring(set(pause), change), day(8), makesRoom},
		{"previous held", retiring(set(hold), change), day(8), pendsRecipients(obstacle(CauseHeld, prev))},
		{
			"previous held by the same edit", retiring(change, edit(hold)), day(8),
			does(reactivate(prev), pend(byRecipients)).pending(obstacle(CauseHeld, prev)),
		},
		{
			"an adopted previous in its overlap", overlapping(adopted, change), day(3),
			pendsRecipients(obstacle(CauseAdopted, prev)).next(obstacleUntil(CauseOverlap, prev, day(14))),
		},
		{"an unmanaged key", settled(unmanagedKey(active), change), day(3), pendsRecipients(obstacle(CauseUnmanaged, other))},
		{
			"an unused key", settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other), change), day(3),
			does(deleteUnmanaged(other), rotate(ReasonRecipients)),
		},
		{
			"with a revoke", overlapping(change, edit(incident)), day(3),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
	})
}

// expiry is when alice's key has expired, in the tests below.
var expiry = day(95)

// expiring is a current that is sealed to alice, whose key expires.
func expiring(s *setup) {
	toAlice(s)
	set(sealableUntil(expiry))(s)
}

// unsealable is the obstacle of a rotation from then on.
func unsealable() Obstacle { return obstacle(CauseExpired, cur) }

// Rule 5: no key is created whose secret nobody could decrypt.
func TestDecide_expiredRecipients(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	create := set(recipients(alice), sealableUntil(expiry))
	retire := set(unmanagedKeys(RetireUnmanaged))
	checkBoundaries(t, []boundary{
		{"nothing is due", settled(expiring, set(rotateAfter(0))), expiry, nothing(), nothing()},
		{"by age", settled(expiring), expiry, does(rotate(ReasonAge)), block},
		{"current is gone", settled(expiring, gone(cur)), expiry, does(createKey(ReasonMissing)), block},
		{
			"current is Inactive", settled(expiring, is(cur, inactive)), expiry,
			does(rotateInactive(ReasonInactive)), does(recordCurrentInactive()).blocked(unsealable()),
		},
		{"another user by that name", settled(expiring, gone(cur), recreated), expiry, does(createKey(ReasonRecreated)), block},
		{"imported and never rotated", settled(create), expiry, does(rotate(ReasonAge)), block},
		{"create", creating(create), expiry, does(createKey(ReasonCreated)), refused(obstacle(CauseExpired, ""))},
		{
			"create that adopts", creating(create, retire, unmanagedKey(active)), expiry,
			does(adopt(other), createKey(ReasonCreated)), refused(obstacle(CauseExpired, "")),
		},
		{"rotate_when_changed", settled(expiring, edit(quarter)), expiry, does(rotate(ReasonChanged)), pends(unsealable())},
		{
			"revoke_when_changed", settled(expiring, edit(incident)), expiry,
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)), refuse,
		},
		{
			"changed to them", settled(expiring, set(recipients(bob)), sealedTo(bob), edit(recipients(alice))), expiry,
			does(rotate(ReasonRecipients)), pendsRecipients(unsealable()),
		},
		{
			"changed from them", settled(expiring, edit(recipients(bob), sealableUntil(time.Time{}))), expiry,
			does(rotate(ReasonRecipients)), does(rotate(ReasonRecipients)),
		},
		{
			"no longer sealed", settled(expiring, edit(recipients(""), sealableUntil(time.Time{}))), expiry,
			does(rotate(ReasonRecipients)), does(rotate(ReasonRecipients)),
		},
		{"a later expiry is an edit", settled(expiring, edit(sealableUntil(day(365)))), expiry, nothing(), nothing()},
		{"an earlier expiry is an edit", settled(set(sealableUntil(day(365))), edit(sealableUntil(expiry))), expiry, nothing(), nothing()},
		{"another edit", settled(expiring, edit(overlap(0))), expiry, nothing(), nothing()},
	})
}

// Of several causes of a blocked rotation, expired recipients come before all but the signer. See TestDecide_rotationBlockedOrder.
func TestDecide_expiredRecipientsAmongCauses(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	young := obstacleUntil(CauseYoung, cur, expiry.Add(minute))
	recent := func(s *setup) { s.record.Current.CreatedAt = expiry.Add(-4 * minute) }
	checkBoundaries(t, []boundary{
		{"current is not listed yet", settled(expiring, recent, gone(cur)), expiry, blocked(young), block},
		{
			"current is not listed yet, requested", settled(expiring, recent, gone(cur), edit(quarter)), expiry, pends(young),
			pends(obstacleUntil(CauseYoung, cur, expiry.Add(minute))).next(unsealable()),
		},
		{"paused", settled(expiring, set(pause)), expiry, blocked(obstacle(CausePaused, cur)), block},
		{"paused, requested", settled(expiring, set(pause), edit(quarter)), expiry, does(rotate(ReasonChanged)), pends(unsealable())},
		{
			"current to revoke signs our requests", settled(expiring, signedBy(cur), edit(incident)), expiry,
			refused(obstacle(CauseSigner, cur)), refuse,
		},
		{
			"previous held", overlapping(expiring, set(hold)), expiry,
			blocked(obstacle(CauseHeld, prev)).kept(obstacle(CauseHeld, prev)), block.kept(obstacle(CauseHeld, prev)),
		},
		{
			"previous held, requested", overlapping(expiring, set(hold), edit(quarter)), expiry, pends(obstacle(CauseHeld, prev)),
			pends(unsealable()),
		},
		{"an unmanaged key", settled(expiring, unmanagedKey(active)), expiry, blocked(obstacle(CauseUnmanaged, other)), block},
		{
			"an unmanaged key, requested", settled(expiring, unmanagedKey(active), edit(quarter)), expiry,
			pends(obstacle(CauseUnmanaged, other)), pends(unsealable()),
		},
		{
			"an adopted previous, requested", overlapping(expiring, adopted, used(prev, day(94)), edit(quarter)), expiry,
			pends(obstacle(CauseAdopted, prev)).next(inUse(prev, day(94), day(102))), pends(unsealable()),
		},
		{
			"previous in use", overlapping(expiring, used(prev, day(94))), expiry,
			blocked(inUse(prev, day(94), day(102))).kept(inUse(prev, day(94), day(102))),
			block.kept(inUse(prev, day(94), day(102))),
		},
		{
			"previous in its overlap", overlapping(expiring, replaced(day(90))), expiry,
			blocked(obstacleUntil(CauseOverlap, prev, day(104))), block,
		},
	})
}

// Nothing is deleted for a rotation that is not possible. A previous whose retirement is due is still retired.
func TestDecide_expiredRecipientsMakeNoRoom(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	dispose := set(unmanagedKeys(DeleteUnused))
	checkBoundaries(t, []boundary{
		{
			"an Active previous is deactivated, and not deleted at once", overlapping(expiring), expiry,
			does(deletePrevious(prev), rotate(ReasonAge)), does(deactivate(prev)).blocked(unsealable()),
		},
		{
			"previous past its grace", retiring(expiring), expiry,
			does(deletePrevious(prev), rotate(ReasonAge)), does(deletePrevious(prev)).blocked(unsealable()),
		},
		{
			"previous in its grace, requested", retiring(expiring, deactivated(day(94)), edit(quarter)), expiry,
			does(deletePrevious(prev), rotate(ReasonChanged)), pends(unsealable()),
		},
		{
			"an Active previous, requested", overlapping(expiring, edit(quarter)), expiry,
			does(deletePrevious(prev), rotate(ReasonChanged)), pends(unsealable()),
		},
		{
			"previous, for a revoke", overlapping(expiring, edit(incident)), expiry,
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)), refuse,
		},
		{
			"current and previous Inactive", retiring(expiring, deactivated(day(94)), is(cur, inactive)), expiry,
			does(deletePrevious(prev), rotateInactive(ReasonInactive)), does(recordCurrentInactive()).blocked(unsealable()),
		},
		{
			"an Inactive current beside an Active previous", overlapping(expiring, is(cur, inactive), inactiveSince(day(3))), expiry,
			does(deleteCurrent(), createKey(ReasonInactive)), block,
		},
		{
			"an unused key", settled(expiring, dispose, unmanagedKey(active), neverUsed(other)), expiry,
			does(deleteUnmanaged(other), rotate(ReasonAge)), block,
		},
		{
			"an unused key, at create",
			creating(set(recipients(alice), sealableUntil(expiry)), dispose, unmanagedKey(active), neverUsed(other), listed(third, active, day(0))),
			expiry,
			does(deleteUnmanaged(other), createKey(ReasonCreated)), refused(obstacle(CauseExpired, "")),
		},
	})
}

// Steps that create no key are still taken.
func TestDecide_expiredRecipientsStopNothingElse(t *testing.T) {
	t.Parallel()
	young := func(s *setup) {
		expiring(s)
		set(rotateAfter(days(365)))(s)
	}
	always := func(name string, given setup, steps ...Step) boundary {
		return boundary{name, given, expiry, does(steps...), does(steps...)}
	}
	checkBoundaries(t, []boundary{
		always("deactivation", overlapping(young), deactivate(prev)),
		always("deletion", retiring(young), deletePrevious(prev)),
		always("a revoked key that is still Active", overlapping(young, revoked), deactivate(prev)),
		always("a revoked key that is still Active, paused", overlapping(young, set(pause), revoked), deactivate(prev)),
		always("an adoption", settled(young, set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), adopt(other)),
		always("a recorded deactivation", overlapping(young, is(prev, inactive)), recordDeactivated(prev)),
		always("a recorded reactivation", retiring(young, is(prev, active)), recordReactivated(prev)),
		always("a reactivation", retiring(young, edit(hold)), reactivate(prev)),
		{
			"a revoked key that is still Active, when a rotation is due", overlapping(expiring, revoked), expiry,
			does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, expiry.Add(days(7)-second))),
			does(deactivate(prev)).blocked(unsealable()),
		},
	})
}

// Rule 9: a planned key is not created once a recipient has expired, and the key that was to make room for it stays.
func TestConfirm_expiredRecipients(t *testing.T) {
	t.Parallel()
	dispose := set(unmanagedKeys(DeleteUnused))
	create := creating(set(recipients(alice), sealableUntil(expiry)))
	tests := []struct {
		name  string
		given setup
		plan  []Step
		// stale is the step that is refused, and key the key that its obstacle names.
		stale Step
		key   string
	}{
		{"create", create, plan(createKey(ReasonCreated)), createKey(ReasonCreated), ""},
		{"rotation by age", settled(expiring), plan(rotate(ReasonAge)), rotate(ReasonAge), cur},
		{"rotation without current", settled(expiring, gone(cur)), plan(createKey(ReasonMissing)), createKey(ReasonMissing), cur},
		{"rotation requested", settled(expiring, edit(quarter)), plan(rotate(ReasonChanged)), rotate(ReasonChanged), cur},
		{
			"rotation to them", settled(expiring, set(recipients(bob)), sealedTo(bob), edit(recipients(alice))),
			plan(rotate(ReasonRecipients)), rotate(ReasonRecipients), cur,
		},
		{
			"revoke", settled(expiring, edit(incident)), plan(revoking(rotate(ReasonRevoked)), deactivate(cur)),
			revoking(rotate(ReasonRevoked)), cur,
		},
		{
			"revoke beside previous", overlapping(expiring, edit(incident)),
			plan(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)), deletePrevious(prev), cur,
		},
		{
			"deletion of an Active previous", overlapping(expiring),
			plan(deletePrevious(prev), rotate(ReasonAge)), deletePrevious(prev), cur,
		},
		{
			"deletion requested", retiring(expiring, deactivated(day(94)), edit(quarter)),
			plan(deletePrevious(prev), rotate(ReasonChanged)), deletePrevious(prev), cur,
		},
		{
			"deletion of a previous past its grace, which rule 4 allows", retiring(expiring),
			plan(deletePrevious(prev), rotate(ReasonAge)), rotate(ReasonAge), cur,
		},
		{
			"deletion of an Inactive current", overlapping(expiring, is(cur, inactive), inactiveSince(day(3))),
			plan(deleteCurrent(), createKey(ReasonInactive)), deleteCurrent(), cur,
		},
		{
			"deletion of an unused key", settled(expiring, dispose, unmanagedKey(active), neverUsed(other)),
			plan(deleteUnmanaged(other), rotate(ReasonAge)), deleteUnmanaged(other), cur,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			planned := expiry.Add(-2 * second)
			refused := stale(tt.stale, obstacle(CauseExpired, tt.key))
			lateApply{given: tt.given, planned: planned, plan: tt.plan, applied: expiry.Add(-second), left: tt.plan}.check(t)
			lateApply{given: tt.given, planned: planned, plan: tt.plan, applied: expiry, stale: refused}.check(t)
		})
	}
}

// Rule 9: a step that creates no key is confirmed before and after the expiry, unless the recipients were edited since.
func TestConfirm_aroundExpiry(t *testing.T) {
	t.Parallel()
	steady := set(rotateAfter(days(365)))
	checkLateApplies(t, []lateApply{
		{
			name: "deactivation", given: overlapping(expiring, steady), planned: day(94), plan: plan(deactivate(prev)),
			applied: expiry, left: plan(deactivate(prev)),
		},
		{
			name: "deletion", given: retiring(expiring, steady), planned: day(94), plan: plan(deletePrevious(prev)),
			applied: expiry, left: plan(deletePrevious(prev)),
		},
		{
			name: "deactivation of a revoked key", given: overlapping(expiring, steady, revoked), planned: day(94), plan: plan(deactivate(prev)),
			applied: expiry, left: plan(deactivate(prev)),
		},
		{
			name: "deactivation, and other recipients since", given: overlapping(expiring, steady), planned: day(90), plan: plan(deactivate(prev)),
			then: []change{edit(recipients(bob))}, applied: day(91), stale: stale(deactivate(prev), Obstacle{}),
		},
		{
			name: "deactivation, and another expiry of the recipients since", given: overlapping(expiring, steady), planned: day(90),
			plan: plan(deactivate(prev)),
			then: []change{edit(sealableUntil(day(365)))}, applied: day(91), stale: stale(deactivate(prev), Obstacle{}),
		},
		{
			name: "rotation to other recipients, and the plaintext is known since", given: settled(expiring, edit(recipients(bob))), planned: day(3),
			plan: plan(rotate(ReasonRecipients)), then: []change{func(s *setup) { s.record.Current.Sealed = false }}, applied: day(4),
			stale: stale(rotate(ReasonRecipients), Obstacle{}),
		},
	})
}

// After records for the new key whether only the ciphertext of its secret is known. Other steps change nothing about that.
func TestAfter_sealed(t *testing.T) {
	t.Parallel()
	steps := []Step{adopt(prev), deactivate(prev), reactivate(prev), deletePrevious(prev), recordDeactivated(prev), recordReactivated(prev)}
	for _, before := range []bool{false, true} {
		s := overlapping()
		s.record.Current.Sealed = before
		for _, step := range steps {
			if got := s.record.After(step, s.seen, Outcome{At: day(3), Sealed: !before}).Current.Sealed; got != before {
				t.Errorf("%s: got sealed %t, want %t", step.Kind, got, before)
			}
		}
		out := Outcome{At: day(3), NewKey: Key{ID: newest, CreatedAt: day(3)}, Sealed: !before}
		want := Current{ID: newest, CreatedAt: day(3), Sealed: !before}
		if got := s.record.After(rotate(ReasonAge), s.seen, out).Current; !reflect.DeepEqual(got, want) {
			t.Errorf("rotate: got %+v, want %+v", got, want)
		}
	}
}

// A change of recipients is met by one rotation.
func TestDecide_recipientsChangedOnce(t *testing.T) {
	t.Parallel()
	for _, names := range []string{bob, ""} {
		s := settled(toAlice, edit(recipients(names)))
		s = s.after(plan(rotate(ReasonRecipients)), day(3))
		if got, want := s.record.Current.Sealed, names != ""; got != want {
			t.Errorf("to %q: got sealed %t, want %t", names, got, want)
		}
		s.check(t, day(3), nothing())
		s.check(t, day(4), nothing())
	}
}
