package rotation

import (
	"fmt"
	"reflect"
	"testing"
)

// userUnknown has nothing prove what became of the user, while what is seen of the keys is from an earlier look.
func userUnknown(s *setup) { s.seen.UserUnknown = true }

// unknownUser is the obstacle of what waits for the user of a key.
func unknownUser(key string) Obstacle { return obstacle(CauseUnknownUser, key) }

// Rule 0: while the user is unknown, no clock-driven step and no recording is planned, and what is due is said to be blocked.
func TestDecide_unknownUser(t *testing.T) {
	t.Parallel()
	retires := nothing().kept(unknownUser(prev))
	waits := blocked(unknownUser(cur))
	checkBoundaries(t, []boundary{
		{"a rotation by age", settled(userUnknown), day(90), nothing(), waits},
		{"a deactivation", overlapping(userUnknown), day(7), nothing(), retires},
		{"a deletion", retiring(userUnknown), day(14), nothing(), retires},
		{"a rotation and a deletion", retiring(userUnknown, set(grace(days(83)))), day(90), nothing(), waits.kept(unknownUser(prev))},
	})
	checkRows(t, []row{
		{"current gone", settled(userUnknown, gone(cur)), day(3), waits},
		{"current gone, minutes after it was created", settled(userUnknown, gone(cur)), day(0).Add(minute), waits},
		{"current Inactive", settled(userUnknown, is(cur, inactive)), day(3), waits},
		{"current Active again", settled(userUnknown, inactiveSince(day(2))), day(3), nothing()},
		{"the user deleted and created again", settled(userUnknown, recreated), day(3), waits},
		{"the user renamed", settled(userUnknown, renamed), day(3), nothing()},
		{"previous gone", overlapping(userUnknown, gone(prev)), day(7), nothing()},
		{"previous deactivated by somebody", overlapping(userUnknown, is(prev, inactive)), day(7), nothing()},
		{"previous reactivated by somebody", retiring(userUnknown, is(prev, active)), day(14), nothing()},
		{"a revoked key still Active", overlapping(userUnknown, revoked), day(3), retires},
		{"an unmanaged key", settled(userUnknown, set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), day(3), nothing()},
		{"the first apply after an import", settled(userUnknown, imported), day(90), nothing()},
		{"a pending request", settled(userUnknown, requested(byQuarter)), day(3), waits},
	})
}

// Rules 0 and 6: a request to rotate is pending, whatever an earlier look showed, and is withdrawn as ever.
func TestDecide_requestOfUnknownUser(t *testing.T) {
	t.Parallel()
	pending := pends(unknownUser(cur))
	checkRows(t, []row{
		{"with a free slot", settled(userUnknown, edit(quarter)), day(3), pending},
		{"that previous could make room for", retiring(userUnknown, edit(quarter)), day(14), pending},
		{"in the overlap", overlapping(userUnknown, edit(quarter)), day(3), pending},
		{"current gone", settled(userUnknown, gone(cur), edit(quarter)), day(3), pending},
		{"current Inactive", settled(userUnknown, is(cur, inactive), edit(quarter)), day(3), pending},
		{"previous gone", overlapping(userUnknown, gone(prev), edit(quarter)), day(3), pending},
		{"the user renamed", settled(userUnknown, renamed, edit(quarter)), day(3), pending},
		{"paused", settled(userUnknown, set(pause), edit(quarter)), day(3), pending},
		{"expired recipients", settled(userUnknown, expiring, edit(quarter)), expiry, pending},
		{"for recipients", settled(userUnknown, toAlice, edit(recipients(bob))), day(3), pendsRecipients(unknownUser(cur))},
		{"with hold_previous", overlapping(userUnknown, edit(quarter, hold)), day(3), pending},
		{"withdrawn", settled(userUnknown, requested(byQuarter), edit(changedValues(nil))), day(3), does(pend(""))},
	})
}

// Rules 0 and 8: what needs the user now is refused, or said to wait. Other edits are only recorded.
func TestDecide_editOfUnknownUser(t *testing.T) {
	t.Parallel()
	no := refused(unknownUser(cur))
	checkRows(t, []row{
		{"a revoke", settled(userUnknown, edit(incident)), day(3), no},
		{"a revoke beside an Inactive previous", retiring(userUnknown, edit(incident)), day(8), no},
		{"a revoke with a request", settled(userUnknown, edit(incident, quarter)), day(3), no},
		{"a revoke of the key that signs", settled(userUnknown, signedBy(cur), edit(incident)), day(3), no},
		{"a revoke with expired recipients", settled(userUnknown, expiring, edit(incident)), expiry, no},
		{"a rollback", retiring(userUnknown, edit(hold)), day(8), nothing().waiting(unknownUser(prev))},
		{
			"a rollback of a key that somebody else deactivated", retiring(userUnknown, deactivatedByOthers(day(7)), edit(hold)), day(8),
			nothing().waiting(obstacle(CauseNotOurs, prev)),
		},
		{"a rollback of an Active previous", overlapping(userUnknown, edit(hold)), day(3), nothing()},
		{"a rollback without previous", settled(userUnknown, edit(hold)), day(3), nothing()},
		{"durations", overlapping(userUnknown, edit(overlap(0), grace(0), unusedFor(0), rotateAfter(days(1)))), day(3), nothing()},
		{"no pause any more", retiring(userUnknown, set(pause), edit(resume)), day(30), nothing()},
		{"unmanaged_keys", settled(userUnknown, unmanagedKey(active), edit(unmanagedKeys(RetireUnmanaged))), day(3), nothing()},
	})
}

// Rule 9: Read stores that a request would have to wait, and a plan judges by the user, whatever an earlier look found room for.
func TestJudge_unknownUser(t *testing.T) {
	t.Parallel()
	given := overlapping(userUnknown, edit(quarter))
	read := *given.record.Policy
	if got, want := Decide(read, given.record, given.seen, day(60)).Room, (Room{Cause: CauseUnknownUser, Key: cur}); got != want {
		t.Errorf("room: got %s, want %s", toJSON(t, got), toJSON(t, want))
	}
	for _, room := range []Room{{}, {Step: deletePrevious(prev)}, {Cause: CauseYoung, Key: cur}, {Cause: CauseUnknownUser, Key: cur}} {
		got := Judge(given.policy, given.record, given.seen, room, day(60))
		if !reflect.DeepEqual(got.Steps, plan(pend(byQuarter))) || got.Pending == nil || *got.Pending != unknownUser(cur) {
			t.Errorf("with room %s: got %s, want the request to wait for the user", toJSON(t, room), toJSON(t, got))
		}
	}
}

// Rule 9: a user whom the configuration names anew is not unknown any more. What an earlier look found then counts, as far as it
// knows.
func TestJudge_userNamedAnew(t *testing.T) {
	t.Parallel()
	room := Room{Cause: CauseUnknownUser, Key: cur}
	free, taken := settled(edit(quarter)), overlapping(edit(quarter))
	if got := Judge(free.policy, free.record, free.seen, room, day(60)); !reflect.DeepEqual(got.Steps, plan(rotate(ReasonChanged))) {
		t.Errorf("a free slot: got %s, want a rotation", toJSON(t, got))
	}
	got := Judge(taken.policy, taken.record, taken.seen, room, day(60))
	if !reflect.DeepEqual(got.Steps, plan(pend(byQuarter))) || got.Pending == nil || *got.Pending != unknownUser(cur) {
		t.Errorf("no free slot: got %s, want a pending request", toJSON(t, got))
	}
}

// Rule 9: of the steps of a plan only the recording of a request stays right when the user is unknown at apply, and no deletion
// counts as done because an earlier look did not show the key.
func TestConfirm_unknownUser(t *testing.T) {
	t.Parallel()
	retire, dispose := set(unmanagedKeys(RetireUnmanaged)), set(unmanagedKeys(DeleteUnused))
	for _, tt := range []struct {
		given setup
		day   int
		plan  []Step
	}{
		{settled(retire, unmanagedKey(active)), 3, plan(adopt(other))},
		{overlapping(is(prev, inactive)), 7, plan(recordDeactivated(prev))},
		{retiring(is(prev, active)), 8, plan(recordReactivated(prev))},
		{overlapping(gone(prev)), 3, plan(recordDeleted(prev))},
		{overlapping(is(cur, inactive)), 3, plan(recordCurrentInactive())},
		{settled(inactiveSince(day(2))), 3, plan(recordCurrentActive())},
		{settled(renamed), 3, plan(recordRenamed())},
		{retiring(edit(hold)), 8, plan(reactivate(prev))},
		{overlapping(), 7, plan(deactivate(prev))},
		{overlapping(revoked), 3, plan(deactivate(prev))},
		{retiring(), 14, plan(deletePrevious(prev))},
		{overlapping(is(cur, inactive), inactiveSince(day(3))), 10, plan(deleteCurrent(), createKey(ReasonInactive))},
		{settled(dispose, unmanagedKey(active), neverUsed(other)), 90, plan(deleteUnmanaged(other), rotate(ReasonAge))},
		{settled(), 90, plan(rotate(ReasonAge))},
		{settled(edit(incident)), 3, plan(revoking(rotate(ReasonRevoked)), deactivate(cur))},
	} {
		refused := stale(tt.plan[0], unknownUser(tt.plan[0].Key))
		for _, then := range [][]change{{userUnknown}, {userUnknown, gone(cur, prev, other)}} {
			t.Run(fmt.Sprintf("%s, %d keys seen", tt.plan[0].Kind, len(tt.given.with(then...).seen.Keys)), func(t *testing.T) {
				t.Parallel()
				lateApply{given: tt.given, planned: day(tt.day), plan: tt.plan, then: then, applied: day(tt.day), stale: refused}.check(t)
			})
		}
	}
	pending := plan(pend(byQuarter))
	checkLateApplies(t, []lateApply{
		{
			name: "a request", given: overlapping(edit(quarter)), planned: day(3), plan: pending,
			then: []change{userUnknown}, applied: day(3), left: pending,
		},
		{
			name: "a request, from an earlier look without keys", given: overlapping(edit(quarter)), planned: day(3), plan: pending,
			then: []change{userUnknown, gone(cur, prev)}, applied: day(3), left: pending,
		},
		{
			name: "a request, whose user is found", given: settled(userUnknown, edit(quarter)), planned: day(3), plan: pending,
			then: []change{func(s *setup) { s.seen.UserUnknown = false }}, applied: day(3), left: pending,
		},
	})
}
