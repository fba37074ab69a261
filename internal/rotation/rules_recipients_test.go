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

// toAlice is a current whose secret is sealed to alice.
func toAlice(s *scene) {
	set(recipients(alice))(s)
	sealed(s)
}

// Rule 5: other recipients for a secret of which there is only the ciphertext.
func TestRecipientsChanged(t *testing.T) {
	t.Parallel()
	toBob, toNobody := edit(recipients(bob)), edit(recipients(""))
	gets := does(rotate(ReasonRecipients))
	checkRows(t, []row{
		{"others", settled(toAlice, toBob), day(3), gets},
		{"no longer sealed", settled(toAlice, toNobody), day(3), gets},
		{"the same", settled(toAlice, edit(recipients(alice))), day(3), nothing()},
		{"the same, and a longer life", settled(toAlice, edit(sealableUntil(day(365)))), day(3), nothing()},
		{"the plaintext is at hand", settled(toBob), day(3), nothing()},
		{"imported and never rotated", settled(set(recipients(alice)), toBob), day(3), nothing()},
		{"imported and never rotated, no longer sealed", settled(set(recipients(alice)), toNobody), day(3), nothing()},
		{"the first apply after an import", settled(imported, toBob), day(3), nothing()},
		{"the first apply, whatever the record says", settled(sealed, imported, toBob), day(3), nothing()},
		{"seconds after current was made", settled(toAlice, toBob), day(0).Add(second), gets},
		{"at the age of rotate_after", settled(toAlice, toBob), day(90), gets},
		{"at the age of rotate_after, the plaintext is at hand", settled(toBob), day(90), nothing()},
		{"with another edit", settled(toAlice, edit(recipients(bob), overlap(0))), day(3), gets},
		{"held, with a free slot", settled(toAlice, set(hold), toBob), day(3), gets},
		{"paused", settled(toAlice, set(pause), toBob), day(3), gets},
		{"paused by the same edit", settled(toAlice, edit(pause, recipients(bob))), day(3), gets},
		{"current signs our requests", settled(toAlice, signedBy(cur), toBob), day(3), gets},
		{"current is gone", settled(toAlice, gone(cur), toBob), day(3), does(replaceGone(ReasonRecipients))},
		{"another user by that name", settled(toAlice, gone(cur), recreated, toBob), day(3), does(replaceGone(ReasonRecipients))},
		{"current is Inactive", settled(toAlice, is(cur, inactive), toBob), day(3), does(replaceInactive(ReasonRecipients))},
		{
			"current is not listed, minutes after it was made", settled(toAlice, gone(cur), toBob), day(0).Add(minute),
			refused(until(CauseYoung, cur, day(0).Add(5*minute))),
		},
		{"with rotate_when_changed, which wins", settled(toAlice, edit(recipients(bob), quarter)), day(3), does(rotate(ReasonChanged))},
		{
			"with a revoke, which wins", settled(toAlice, edit(recipients(bob), incident)), day(3),
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"with both, of which the revoke wins", settled(toAlice, edit(recipients(bob), quarter, incident)), day(3),
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"beside a revoked key that is still Active", overlapping(toAlice, revoked, gone(cur), toBob), day(3),
			does(replaceGone(ReasonRecipients), deactivate(prev)),
		},
		{
			"with hold_previous, in a free slot", retiring(toAlice, gone(cur), edit(hold, recipients(bob))), day(8),
			does(reactivate(prev), replaceGone(ReasonRecipients)),
		},
	})
}

// Rule 6 for a change of recipients: it is a request.
func TestRecipientsChangedWithoutFreeSlot(t *testing.T) {
	t.Parallel()
	change := func(s *scene) {
		toAlice(s)
		edit(recipients(bob))(s)
	}
	gets := does(deletePrevious(prev), rotate(ReasonRecipients))
	checkDates(t, []date{
		{"previous past its overlap", overlapping(change), day(7), refused(until(CauseOverlap, prev, day(7))), gets},
		{
			"previous unused for the guard", overlapping(change, used(prev, day(3))), day(11),
			refused(inUse(prev, day(3), day(11))), gets,
		},
		{
			"an adopted previous Inactive for the grace", retiring(adopted, change), day(14),
			refused(until(CauseAdopted, prev, day(14))), gets,
		},
	})
	checkRows(t, []row{
		{"previous in its grace", retiring(change), day(8), gets},
		{"previous in its grace, the plaintext is at hand", retiring(edit(recipients(bob))), day(8), nothing()},
		{"previous in its grace, paused", retiring(set(pause), change), day(8), gets},
		{"previous held", retiring(set(hold), change), day(8), refused(wait(CauseHeld, prev))},
		{"previous held by the same edit", retiring(change, edit(hold)), day(8), refused(wait(CauseHeld, prev))},
		{"an adopted previous in its overlap", overlapping(adopted, change), day(3), refused(wait(CauseAdopted, prev))},
		{"an unmanaged key", settled(foreign(active), change), day(3), refused(wait(CauseUnmanaged, other))},
		{
			"an unused key", settled(set(unmanaged(DeleteUnused)), foreign(active), neverUsed(other), change), day(3),
			does(deleteUnmanaged(other), rotate(ReasonRecipients)),
		},
		{
			"with a revoke", overlapping(change, edit(incident)), day(3),
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
	})
}

// expiry is the day on which alice's key has expired, in the tests below.
var expiry = day(95)

// expiring is a current that is sealed to alice, whose key expires.
func expiring(s *scene) {
	toAlice(s)
	set(sealableUntil(expiry))(s)
}

// unsealable is the wait of a rotation from then on.
func unsealable() Obstacle { return wait(CauseExpired, cur) }

// Rule 5: no key is made that nobody could get the secret of.
func TestExpiredRecipients(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	create := set(recipients(alice), sealableUntil(expiry))
	retire := set(unmanaged(RetireUnmanaged))
	checkDates(t, []date{
		{"nothing is due", settled(expiring, set(rotateAfter(0))), expiry, nothing(), nothing()},
		{"by age", settled(expiring), expiry, does(rotate(ReasonAge)), block},
		{"current is gone", settled(expiring, gone(cur)), expiry, does(replaceGone(ReasonMissing)), block},
		{"current is Inactive", settled(expiring, is(cur, inactive)), expiry, does(replaceInactive(ReasonInactive)), block},
		{"another user by that name", settled(expiring, gone(cur), recreated), expiry, does(replaceGone(ReasonRecreated)), block},
		{"imported and never rotated", settled(create), expiry, does(rotate(ReasonAge)), block},
		{"create", creating(create), expiry, does(replaceGone(ReasonCreated)), refused(wait(CauseExpired, ""))},
		{
			"create that adopts", creating(create, retire, foreign(active)), expiry,
			does(adopt(other), replaceGone(ReasonCreated)), refused(wait(CauseExpired, "")),
		},
		{"rotate_when_changed", settled(expiring, edit(quarter)), expiry, does(rotate(ReasonChanged)), refuse},
		{
			"revoke_when_changed", settled(expiring, edit(incident)), expiry,
			does(revoking(rotate(ReasonRevoked)), deactivate(cur)), refuse,
		},
		{"changed to them", settled(expiring, set(recipients(bob)), edit(recipients(alice))), expiry, does(rotate(ReasonRecipients)), refuse},
		{
			"changed from them", settled(expiring, edit(recipients(bob), sealableUntil(time.Time{}))), expiry,
			does(rotate(ReasonRecipients)), does(rotate(ReasonRecipients)),
		},
		{
			"no longer sealed", settled(expiring, edit(recipients(""), sealableUntil(time.Time{}))), expiry,
			does(rotate(ReasonRecipients)), does(rotate(ReasonRecipients)),
		},
		{"a longer life is an edit", settled(expiring, edit(sealableUntil(day(365)))), expiry, nothing(), nothing()},
		{"a shorter life is an edit", settled(set(sealableUntil(day(365))), edit(sealableUntil(expiry))), expiry, nothing(), nothing()},
		{"another edit", settled(expiring, edit(overlap(0))), expiry, nothing(), nothing()},
	})
}

// Where several causes stand against a key, a current that is not listed yet and paused come first, and then expired
// recipients.
func TestExpiredRecipientsAmongOtherCauses(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	young := until(CauseYoung, cur, expiry.Add(minute))
	recent := func(s *scene) { s.record.Current.CreatedAt = expiry.Add(-4 * minute) }
	checkDates(t, []date{
		{"current is not listed yet", settled(expiring, recent, gone(cur)), expiry, blocked(young), blocked(young)},
		{"current is not listed yet, asked for", settled(expiring, recent, gone(cur), edit(quarter)), expiry, refused(young), refused(young)},
		{"paused", settled(expiring, set(pause)), expiry, blocked(wait(CausePaused, cur)), blocked(wait(CausePaused, cur))},
		{"paused, asked for", settled(expiring, set(pause), edit(quarter)), expiry, does(rotate(ReasonChanged)), refuse},
		{"current to revoke signs our requests", settled(expiring, signedBy(cur), edit(incident)), expiry, refused(wait(CauseSigner, cur)), refuse},
		{"previous held", overlapping(expiring, set(hold)), expiry, blocked(wait(CauseHeld, prev)), block},
		{"previous held, asked for", overlapping(expiring, set(hold), edit(quarter)), expiry, refused(wait(CauseHeld, prev)), refuse},
		{"an unmanaged key", settled(expiring, foreign(active)), expiry, blocked(wait(CauseUnmanaged, other)), block},
		{"an unmanaged key, asked for", settled(expiring, foreign(active), edit(quarter)), expiry, refused(wait(CauseUnmanaged, other)), refuse},
		{
			"an adopted previous, asked for", overlapping(expiring, adopted, used(prev, day(94)), edit(quarter)), expiry,
			refused(wait(CauseAdopted, prev)), refuse,
		},
		{
			"previous in use", overlapping(expiring, used(prev, day(94))), expiry,
			blocked(inUse(prev, day(94), day(102))).waiting(inUse(prev, day(94), day(102))),
			block.waiting(inUse(prev, day(94), day(102))),
		},
		{
			"previous in its overlap", overlapping(expiring, replaced(day(90))), expiry,
			blocked(until(CauseOverlap, prev, day(104))), block,
		},
	})
}

// Nothing is deleted for a rotation that can't be; what leaves anyway, leaves.
func TestExpiredRecipientsMakeNoRoom(t *testing.T) {
	t.Parallel()
	block, refuse := blocked(unsealable()), refused(unsealable())
	dispose := set(unmanaged(DeleteUnused))
	checkDates(t, []date{
		{
			"an Active previous is deactivated, and not deleted at once", overlapping(expiring), expiry,
			does(deletePrevious(prev), rotate(ReasonAge)), does(deactivate(prev)).blocked(unsealable()),
		},
		{
			"previous past its grace", retiring(expiring), expiry,
			does(deletePrevious(prev), rotate(ReasonAge)), does(deletePrevious(prev)).blocked(unsealable()),
		},
		{
			"previous in its grace, asked for", retiring(expiring, deactivated(day(94)), edit(quarter)), expiry,
			does(deletePrevious(prev), rotate(ReasonChanged)), refuse,
		},
		{
			"an Active previous, asked for", overlapping(expiring, edit(quarter)), expiry,
			does(deletePrevious(prev), rotate(ReasonChanged)), refuse,
		},
		{
			"previous, for a revoke", overlapping(expiring, edit(incident)), expiry,
			does(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)), refuse,
		},
		{
			"current and previous Inactive", retiring(expiring, deactivated(day(94)), is(cur, inactive)), expiry,
			does(deletePrevious(prev), replaceInactive(ReasonInactive)), block,
		},
		{
			"an Inactive current beside an Active previous", overlapping(expiring, is(cur, inactive), inactiveSince(day(3))), expiry,
			does(deleteCurrent(), replaceGone(ReasonInactive)), block,
		},
		{
			"an unused key", settled(expiring, dispose, foreign(active), neverUsed(other)), expiry,
			does(deleteUnmanaged(other), rotate(ReasonAge)), block,
		},
		{
			"an unused key, at create",
			creating(set(recipients(alice), sealableUntil(expiry)), dispose, foreign(active), neverUsed(other), listed(third, active, day(0))), expiry,
			does(deleteUnmanaged(other), replaceGone(ReasonCreated)), refused(wait(CauseExpired, "")),
		},
	})
}

// Everything that makes no key goes on.
func TestExpiredRecipientsStopNothingElse(t *testing.T) {
	t.Parallel()
	young := func(s *scene) {
		expiring(s)
		set(rotateAfter(days(365)))(s)
	}
	always := func(name string, given scene, steps ...Step) date {
		return date{name, given, expiry, does(steps...), does(steps...)}
	}
	checkDates(t, []date{
		always("deactivation", overlapping(young), deactivate(prev)),
		always("deletion", retiring(young), deletePrevious(prev)),
		always("a revoked key that is still Active", overlapping(young, revoked), deactivate(prev)),
		always("a revoked key that is still Active, paused", overlapping(young, set(pause), revoked), deactivate(prev)),
		always("an adoption", settled(young, set(unmanaged(RetireUnmanaged)), foreign(active)), adopt(other)),
		always("a recorded deactivation", overlapping(young, is(prev, inactive)), recordDeactivated(prev)),
		always("a recorded reactivation", retiring(young, is(prev, active)), recordReactivated(prev)),
		always("a reactivation", retiring(young, edit(hold)), reactivate(prev)),
		{
			"a revoked key that is still Active, when a rotation is due", overlapping(expiring, revoked), expiry,
			does(deactivate(prev)).blocked(until(CauseGrace, prev, expiry.Add(days(7)-second))), does(deactivate(prev)).blocked(unsealable()),
		},
	})
}

// Rule 9: a key that was planned is not made once a recipient has expired, and what was to make room for it stays.
func TestConfirmWithExpiredRecipients(t *testing.T) {
	t.Parallel()
	dispose := set(unmanaged(DeleteUnused))
	create := creating(set(recipients(alice), sealableUntil(expiry)))
	tests := []struct {
		name  string
		given scene
		plan  []Step
		// stale is the step that is refused, and key what it waits for.
		stale Step
		key   string
	}{
		{"create", create, plan(replaceGone(ReasonCreated)), replaceGone(ReasonCreated), ""},
		{"rotation by age", settled(expiring), plan(rotate(ReasonAge)), rotate(ReasonAge), cur},
		{"rotation without current", settled(expiring, gone(cur)), plan(replaceGone(ReasonMissing)), replaceGone(ReasonMissing), cur},
		{"rotation asked for", settled(expiring, edit(quarter)), plan(rotate(ReasonChanged)), rotate(ReasonChanged), cur},
		{
			"rotation to them", settled(expiring, set(recipients(bob)), edit(recipients(alice))),
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
			"deletion asked for", retiring(expiring, deactivated(day(94)), edit(quarter)),
			plan(deletePrevious(prev), rotate(ReasonChanged)), deletePrevious(prev), cur,
		},
		{
			"deletion of a previous past its grace, which may go", retiring(expiring),
			plan(deletePrevious(prev), rotate(ReasonAge)), rotate(ReasonAge), cur,
		},
		{
			"deletion of an Inactive current", overlapping(expiring, is(cur, inactive), inactiveSince(day(3))),
			plan(deleteCurrent(), replaceGone(ReasonInactive)), deleteCurrent(), cur,
		},
		{
			"deletion of an unused key", settled(expiring, dispose, foreign(active), neverUsed(other)),
			plan(deleteUnmanaged(other), rotate(ReasonAge)), deleteUnmanaged(other), cur,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			planned := expiry.Add(-2 * second)
			refused := stale(tt.stale, wait(CauseExpired, tt.key))
			late{given: tt.given, planned: planned, plan: tt.plan, applied: expiry.Add(-second), left: tt.plan}.check(t)
			late{given: tt.given, planned: planned, plan: tt.plan, applied: expiry, stale: refused}.check(t)
		})
	}
}

// Rule 9: what makes no key is confirmed whenever it is applied, unless the recipients were edited since.
func TestConfirmAroundExpiry(t *testing.T) {
	t.Parallel()
	steady := set(rotateAfter(days(365)))
	checkLate(t, []late{
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
			name: "deactivation, and another life of the recipients since", given: overlapping(expiring, steady), planned: day(90), plan: plan(deactivate(prev)),
			then: []change{edit(sealableUntil(day(365)))}, applied: day(91), stale: stale(deactivate(prev), Obstacle{}),
		},
		{
			name: "rotation to others, and the secret came to hand since", given: settled(expiring, edit(recipients(bob))), planned: day(3),
			plan: plan(rotate(ReasonRecipients)), then: []change{func(s *scene) { s.record.Current.Sealed = false }}, applied: day(4),
			stale: stale(rotate(ReasonRecipients), Obstacle{}),
		},
	})
}

// After tells what is at hand of the new secret, and keeps what is known of the old one.
func TestSealedAfter(t *testing.T) {
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
		if got := s.record.Reconcile(s.seen, day(3)).Current.Sealed; got != before {
			t.Errorf("Reconcile: got sealed %t, want %t", got, before)
		}
		out := Outcome{At: day(3), NewKey: Key{ID: fresh, CreatedAt: day(3)}, Sealed: !before}
		want := Current{ID: fresh, CreatedAt: day(3), Sealed: !before}
		if got := s.record.After(rotate(ReasonAge), s.seen, out).Current; !reflect.DeepEqual(got, want) {
			t.Errorf("rotate: got %+v, want %+v", got, want)
		}
	}
}

// A change of recipients is met by one rotation.
func TestRecipientsChangedOnce(t *testing.T) {
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
