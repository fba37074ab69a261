package rotation

import (
	"errors"
	"fmt"
	"testing"
)

func plan(steps ...Step) []Step { return steps }

// Rule 9: a plan that is applied late does exactly what it showed.
func TestConfirm_later(t *testing.T) {
	t.Parallel()
	retire := set(unmanagedKeys(RetireUnmanaged))
	dispose := set(unmanagedKeys(DeleteUnused))
	tests := []struct {
		name    string
		given   setup
		planned int
		applied int
		plan    []Step
	}{
		{"create", creating(), 0, 9, plan(createKey(ReasonCreated))},
		{"create that adopts", creating(retire, unmanagedKey(active)), 0, 9, plan(adopt(other), createKey(ReasonCreated))},
		{"nothing, though a rotation has become due", settled(), 89, 95, nil},
		{"nothing, though a deactivation has become due", overlapping(), 6, 9, nil},
		{"nothing, though a deletion has become due", retiring(), 13, 20, nil},
		{"rotation by age", settled(), 90, 120, plan(rotate(ReasonAge))},
		{"rotation without current", settled(gone(cur)), 3, 9, plan(createKey(ReasonMissing))},
		{"rotation without current, whose age has become due", settled(gone(cur)), 89, 95, plan(createKey(ReasonMissing))},
		{"rotation of an Inactive current", settled(is(cur, inactive)), 3, 9, plan(rotateInactive(ReasonInactive))},
		{"rotation for another user", settled(gone(cur), recreated), 3, 9, plan(createKey(ReasonRecreated))},
		{"rotation requested", settled(edit(quarter)), 3, 9, plan(rotate(ReasonChanged))},
		{"rotation requested, whose age has become due", settled(edit(quarter)), 89, 95, plan(rotate(ReasonChanged))},
		{"revoke", settled(edit(incident)), 3, 9, plan(revoking(rotate(ReasonRevoked)), deactivate(cur))},
		{
			"revoke beside previous", overlapping(edit(incident)), 3, 9,
			plan(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{"deactivation", overlapping(), 7, 20, plan(deactivate(prev))},
		{"deactivation, before the exception of rule 4 became possible", overlapping(), 89, 95, plan(deactivate(prev))},
		{"deactivation of a revoked key", overlapping(revoked), 3, 9, plan(deactivate(prev))},
		{"deactivation of a revoked key while paused", overlapping(revoked, set(pause)), 3, 9, plan(deactivate(prev))},
		{"deletion", retiring(), 14, 20, plan(deletePrevious(prev))},
		{"deletion, and a rotation has become due", retiring(), 89, 95, plan(deletePrevious(prev))},
		{"deletion and rotation", retiring(), 90, 99, plan(deletePrevious(prev), rotate(ReasonAge))},
		{"deletion of an Active previous", overlapping(), 90, 99, plan(deletePrevious(prev), rotate(ReasonAge))},
		{"deletion requested", overlapping(edit(quarter)), 7, 20, plan(deletePrevious(prev), rotate(ReasonChanged))},
		{"deletion requested in its grace", retiring(edit(quarter)), 8, 20, plan(deletePrevious(prev), rotate(ReasonChanged))},
		{
			"deletion of an Inactive current", overlapping(is(cur, inactive), inactiveSince(day(3))), 10, 20,
			plan(deleteCurrent(), createKey(ReasonInactive)),
		},
		{
			"deletion of an unused key", settled(dispose, unmanagedKey(active), neverUsed(other)), 90, 99,
			plan(deleteUnmanaged(other), rotate(ReasonAge)),
		},
		{
			"deletion of an Inactive current for a revoke", interrupted(), 4, 9,
			plan(deleteCurrent(), revoking(createKey(ReasonRevoked))),
		},
		{
			"deletion of an unused key, before the grace of previous was over",
			retiring(dispose, gone(cur), unmanagedKey(inactive), neverUsed(other)), 8, 20,
			plan(deleteUnmanaged(other), createKey(ReasonMissing)),
		},
		{"adoption", settled(retire, unmanagedKey(active)), 3, 9, plan(adopt(other))},
		{"adoption, and a rotation has become due", settled(retire, unmanagedKey(active)), 89, 95, plan(adopt(other))},
		{"recorded deactivation", overlapping(is(prev, inactive)), 3, 20, plan(recordDeactivated(prev))},
		{"recorded deletion", overlapping(gone(prev)), 3, 20, plan(recordDeleted(prev))},
		{"recorded status of current", settled(set(pause), is(cur, inactive)), 3, 20, plan(recordCurrentInactive())},
		{"recorded reactivation of current", settled(inactiveSince(day(1))), 3, 20, plan(recordCurrentActive())},
		{"recorded name", settled(renamed), 3, 20, plan(recordRenamed())},
		{"recorded request", settled(unmanagedKey(active), edit(quarter)), 3, 20, plan(pend(byQuarter))},
		{"recorded request, which could be met by now", overlapping(edit(quarter)), 3, 20, plan(pend(byQuarter))},
		{"withdrawn request", settled(unmanagedKey(active), requested(byRecipients)), 3, 20, plan(pend(""))},
		{"recorded reactivation", retiring(is(prev, active)), 9, 30, plan(recordReactivated(prev))},
		{"reactivation", retiring(edit(hold)), 8, 30, plan(reactivate(prev))},
		{
			"deactivation and deletion without overlap, grace and require_unused_for",
			overlapping(set(overlap(0), grace(0), unusedFor(0))), 1, 9, plan(deactivate(prev), deletePrevious(prev)),
		},
	}
	for _, tt := range tests {
		for _, applied := range []int{tt.planned, tt.applied} {
			t.Run(fmt.Sprintf("%s, on day %d", tt.name, applied), func(t *testing.T) {
				t.Parallel()
				lateApply{
					given: tt.given, planned: day(tt.planned), plan: tt.plan,
					applied: day(applied).Add(second), left: tt.plan,
				}.check(t)
			})
		}
	}
}

// Rule 9: a planned deletion is done when the key is already gone. Steps that became due since the plan are left to the next one.
func TestConfirm_alreadyDeleted(t *testing.T) {
	t.Parallel()
	checkLateApplies(t, []lateApply{
		{
			name:  "previous",
			given: retiring(), planned: day(14), plan: plan(deletePrevious(prev)),
			then: []change{gone(prev)}, applied: day(15),
		},
		{
			name:  "previous, before a rotation",
			given: retiring(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{gone(prev)}, applied: day(91), left: plan(rotate(ReasonAge)),
		},
		{
			name:  "previous, before a rotation that was requested",
			given: retiring(edit(quarter)), planned: day(8), plan: plan(deletePrevious(prev), rotate(ReasonChanged)),
			then: []change{gone(prev)}, applied: day(9), left: plan(rotate(ReasonChanged)),
		},
		{
			name:  "previous, before a revoke",
			given: overlapping(edit(incident)), planned: day(3),
			plan: plan(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
			then: []change{gone(prev)}, applied: day(4), left: plan(revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			name:  "an Inactive current",
			given: overlapping(is(cur, inactive), inactiveSince(day(3))), planned: day(10),
			plan: plan(deleteCurrent(), createKey(ReasonInactive)),
			then: []change{gone(cur)}, applied: day(11), left: plan(createKey(ReasonInactive)),
		},
		{
			name:  "an unused key",
			given: settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other)), planned: day(90),
			plan: plan(deleteUnmanaged(other), rotate(ReasonAge)),
			then: []change{gone(other)}, applied: day(91), left: plan(rotate(ReasonAge)),
		},
		{
			name:  "an Inactive current, before a revoke",
			given: interrupted(), planned: day(4), plan: plan(deleteCurrent(), revoking(createKey(ReasonRevoked))),
			then: []change{gone(cur)}, applied: day(5), left: plan(revoking(createKey(ReasonRevoked))),
		},
		{
			name:  "previous, and a rotation has become due",
			given: retiring(), planned: day(89), plan: plan(deletePrevious(prev)),
			then: []change{gone(prev)}, applied: day(95),
		},
	})
}

// Rule 9: a plan that is no longer right is refused before the first step.
func TestConfirm_stale(t *testing.T) {
	t.Parallel()
	retire := set(unmanagedKeys(RetireUnmanaged))
	dispose := set(unmanagedKeys(DeleteUnused))
	none := Obstacle{}
	checkLateApplies(t, []lateApply{
		{
			name:  "the previous to deactivate was used",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{used(prev, day(7))}, applied: day(8), stale: stale(deactivate(prev), inUse(prev, day(7), day(15))),
		},
		{
			name:  "the previous to deactivate is Inactive",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{is(prev, inactive)}, applied: day(8), stale: stale(deactivate(prev), none),
		},
		{
			name:  "the previous to deactivate is gone",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{gone(prev)}, applied: day(8), stale: stale(deactivate(prev), none),
		},
		{
			name:  "current is gone when previous is to be deactivated",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{gone(cur)}, applied: day(8), stale: stale(deactivate(prev), obstacle(CauseOnlyActive, prev)),
		},
		{
			name:  "current is Inactive when previous is to be deactivated",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{is(cur, inactive)}, applied: day(8), stale: stale(deactivate(prev), obstacle(CauseOnlyActive, prev)),
		},
		{
			name:  "the previous to deactivate signs our requests",
			given: overlapping(), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{signedBy(prev)}, applied: day(8), stale: stale(deactivate(prev), obstacle(CauseSigner, prev)),
		},
		{
			name:  "the revoked key to deactivate signs our requests",
			given: overlapping(revoked), planned: day(7), plan: plan(deactivate(prev)),
			then: []change{signedBy(prev)}, applied: day(8), stale: stale(deactivate(prev), obstacle(CauseSigner, prev)),
		},
		{
			name:  "the previous to delete is Active",
			given: retiring(), planned: day(14), plan: plan(deletePrevious(prev)),
			then: []change{is(prev, active)}, applied: day(15), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "the previous to delete before a rotation was reactivated",
			given: retiring(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{is(prev, active)}, applied: day(91), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "the previous to delete was used",
			given: retiring(), planned: day(14), plan: plan(deletePrevious(prev)),
			then: []change{used(prev, day(13))}, applied: day(15), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "the previous to delete signs our requests",
			given: retiring(), planned: day(14), plan: plan(deletePrevious(prev)),
			then: []change{signedBy(prev)}, applied: day(15), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "the Active previous to delete was used",
			given: overlapping(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{used(prev, day(90))}, applied: day(91),
			stale: stale(deletePrevious(prev), inUse(prev, day(90), day(98))),
		},
		{
			name:  "the Active previous to delete was used since its overlap, as IAM shows now",
			given: overlapping(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{used(prev, day(10))}, applied: day(91), stale: stale(deletePrevious(prev), obstacle(CauseGrace, prev)),
		},
		{
			name:  "the Active previous to delete was deactivated",
			given: overlapping(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{is(prev, inactive)}, applied: day(91), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "current is gone when previous is to be deleted for it",
			given: overlapping(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{gone(cur)}, applied: day(91), stale: stale(deletePrevious(prev), none),
		},
		{
			name:  "the previous to delete for a request was used",
			given: overlapping(edit(quarter)), planned: day(30), plan: plan(deletePrevious(prev), rotate(ReasonChanged)),
			then: []change{used(prev, day(30))}, applied: day(31),
			stale: stale(deletePrevious(prev), inUse(prev, day(30), day(38))),
		},
		{
			name:  "the current to delete is Active",
			given: overlapping(is(cur, inactive), inactiveSince(day(3))), planned: day(10),
			plan: plan(deleteCurrent(), createKey(ReasonInactive)),
			then: []change{is(cur, active)}, applied: day(11), stale: stale(deleteCurrent(), none),
		},
		{
			name:  "the unused key to delete was used",
			given: settled(dispose, unmanagedKey(active), neverUsed(other)), planned: day(90),
			plan: plan(deleteUnmanaged(other), rotate(ReasonAge)),
			then: []change{used(other, day(90))}, applied: day(91), stale: stale(deleteUnmanaged(other), obstacle(CauseUnmanaged, other)),
		},
		{
			name:  "the unused key to delete is the only Active key",
			given: settled(dispose, unmanagedKey(active), neverUsed(other)), planned: day(90),
			plan: plan(deleteUnmanaged(other), rotate(ReasonAge)),
			then: []change{is(cur, inactive)}, applied: day(91), stale: stale(deleteUnmanaged(other), obstacle(CauseGrace, cur)),
		},
		{
			name:  "the other key is gone when an Inactive current is to be deleted for a revoke",
			given: interrupted(), planned: day(4), plan: plan(deleteCurrent(), revoking(createKey(ReasonRevoked))),
			then: []change{gone(other)}, applied: day(5), stale: stale(deleteCurrent(), none),
		},
		{
			name:  "the Inactive current to delete for a revoke is Active",
			given: interrupted(), planned: day(4), plan: plan(deleteCurrent(), revoking(createKey(ReasonRevoked))),
			then: []change{is(cur, active)}, applied: day(5), stale: stale(deleteCurrent(), none),
		},
		{
			name:  "the Inactive current to delete for a revoke signs our requests",
			given: interrupted(), planned: day(4), plan: plan(deleteCurrent(), revoking(createKey(ReasonRevoked))),
			then: []change{signedBy(cur)}, applied: day(5), stale: stale(deleteCurrent(), obstacle(CauseSigner, cur)),
		},
		{
			name:  "the unused key to delete was used, and by now previous would be deleted",
			given: retiring(dispose, gone(cur), unmanagedKey(inactive), neverUsed(other)), planned: day(8),
			plan: plan(deleteUnmanaged(other), createKey(ReasonMissing)),
			then: []change{used(other, day(8))}, applied: day(15), stale: stale(deleteUnmanaged(other), none),
		},
		{
			name:  "an unused key took the slot of previous when current was to be deleted",
			given: overlapping(dispose, is(cur, inactive), inactiveSince(day(3))), planned: day(10),
			plan: plan(deleteCurrent(), createKey(ReasonInactive)),
			then: []change{gone(prev), unmanagedKey(inactive), neverUsed(other)}, applied: day(11), stale: stale(deleteCurrent(), none),
		},
		{
			name:  "somebody took the free slot",
			given: settled(), planned: day(90), plan: plan(rotate(ReasonAge)),
			then: []change{unmanagedKey(active)}, applied: day(91), stale: stale(rotate(ReasonAge), obstacle(CauseUnmanaged, other)),
		},
		{
			name:  "somebody took the slot of the previous that is gone",
			given: retiring(), planned: day(90), plan: plan(deletePrevious(prev), rotate(ReasonAge)),
			then: []change{gone(prev), unmanagedKey(active)}, applied: day(91),
			stale: stale(rotate(ReasonAge), obstacle(CauseUnmanaged, other)),
		},
		{
			name:  "the current that was gone is listed again",
			given: settled(gone(cur)), planned: day(3), plan: plan(createKey(ReasonMissing)),
			then: []change{listed(cur, active, day(0))}, applied: day(4), stale: stale(createKey(ReasonMissing), none),
		},
		{
			name:  "the current that was Inactive is Active",
			given: settled(is(cur, inactive)), planned: day(3), plan: plan(rotateInactive(ReasonInactive)),
			then: []change{is(cur, active)}, applied: day(4), stale: stale(rotateInactive(ReasonInactive), none),
		},
		{
			name:  "the current to rotate is Inactive",
			given: settled(), planned: day(90), plan: plan(rotate(ReasonAge)),
			then: []change{is(cur, inactive)}, applied: day(91), stale: stale(rotate(ReasonAge), none),
		},
		{
			name:  "the current to rotate is gone",
			given: settled(), planned: day(90), plan: plan(rotate(ReasonAge)),
			then: []change{gone(cur)}, applied: day(91), stale: stale(rotate(ReasonAge), none),
		},
		{
			name:  "the current to rotate is not listed any more, minutes after it was created",
			given: settled(edit(quarter)), planned: day(0).Add(minute), plan: plan(rotate(ReasonChanged)),
			then: []change{gone(cur)}, applied: day(0).Add(2 * minute),
			stale: stale(rotate(ReasonChanged), obstacleUntil(CauseYoung, cur, day(0).Add(5*minute))),
		},
		{
			name:  "the current to revoke signs our requests",
			given: settled(edit(incident)), planned: day(3), plan: plan(revoking(rotate(ReasonRevoked)), deactivate(cur)),
			then: []change{signedBy(cur)}, applied: day(4), stale: stale(revoking(rotate(ReasonRevoked)), obstacle(CauseSigner, cur)),
		},
		{
			name:  "a second key exists at create",
			given: creating(unmanagedKey(active)), planned: day(0), plan: plan(createKey(ReasonCreated)),
			then: []change{listed(third, active, day(0))}, applied: day(1),
			stale: stale(createKey(ReasonCreated), obstacle(CauseUnmanaged, other)),
		},
		{
			name:  "the key to adopt is gone",
			given: settled(retire, unmanagedKey(active)), planned: day(3), plan: plan(adopt(other)),
			then: []change{gone(other)}, applied: day(4), stale: stale(adopt(other), none),
		},
		{
			name:  "the key to adopt is another one",
			given: settled(retire, unmanagedKey(active)), planned: day(3), plan: plan(adopt(other)),
			then: []change{gone(other), listed(third, active, day(3))}, applied: day(4), stale: stale(adopt(other), none),
		},
		{
			name:  "the previous to record as Inactive is Active",
			given: overlapping(is(prev, inactive)), planned: day(3), plan: plan(recordDeactivated(prev)),
			then: []change{is(prev, active)}, applied: day(4), stale: stale(recordDeactivated(prev), none),
		},
		{
			name:  "the previous to record as Active is Inactive",
			given: retiring(is(prev, active)), planned: day(9), plan: plan(recordReactivated(prev)),
			then: []change{is(prev, inactive)}, applied: day(10), stale: stale(recordReactivated(prev), none),
		},
		{
			name:  "the previous to record is gone",
			given: overlapping(is(prev, inactive)), planned: day(3), plan: plan(recordDeactivated(prev)),
			then: []change{gone(prev)}, applied: day(4), stale: stale(recordDeactivated(prev), none),
		},
		{
			name:  "the previous to reactivate is Active",
			given: retiring(edit(hold)), planned: day(8), plan: plan(reactivate(prev)),
			then: []change{is(prev, active)}, applied: day(9), stale: stale(reactivate(prev), none),
		},
		{
			name:  "the previous to reactivate is gone",
			given: retiring(edit(hold)), planned: day(8), plan: plan(reactivate(prev)),
			then: []change{gone(prev)}, applied: day(9), stale: stale(reactivate(prev), none),
		},
	})
}

// Rule 9: recordings are neither requests nor clock-driven. They stay right beside an edit.
func TestConfirm_recordingBesideEdit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given setup
		plan  []Step
	}{
		"deactivation":            {overlapping(is(prev, inactive)), plan(recordDeactivated(prev))},
		"reactivation":            {retiring(is(prev, active)), plan(recordReactivated(prev))},
		"deletion":                {overlapping(gone(prev)), plan(recordDeleted(prev))},
		"deactivation of current": {overlapping(is(cur, inactive)), plan(recordCurrentInactive())},
		"reactivation of current": {settled(inactiveSince(day(1))), plan(recordCurrentActive())},
		"name":                    {settled(renamed), plan(recordRenamed())},
	} {
		for edited, change := range map[string][]change{"paused": {edit(pause)}, "edited": {edit(overlap(0))}} {
			t.Run(name+", "+edited, func(t *testing.T) {
				t.Parallel()
				lateApply{given: tt.given, planned: day(9), plan: tt.plan, then: change, applied: day(10), left: tt.plan}.check(t)
			})
		}
	}
}

// Rule 9: clock-driven steps are not confirmed under a policy that was edited or paused since.
func TestConfirm_editedPolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		given setup
		now   int
		plan  []Step
	}{
		{"adoption", settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)), 3, plan(adopt(other))},
		{"deactivation", overlapping(), 7, plan(deactivate(prev))},
		{"deletion", retiring(), 14, plan(deletePrevious(prev))},
		{"deletion of an Active previous", overlapping(), 90, plan(deletePrevious(prev), rotate(ReasonAge))},
		{"rotation", settled(), 90, plan(rotate(ReasonAge))},
	}
	for _, tt := range tests {
		for name, edited := range map[string]change{"paused": edit(pause), "edited": edit(overlap(0))} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				t.Parallel()
				lateApply{
					given: tt.given, planned: day(tt.now), plan: tt.plan,
					then: []change{edited}, applied: day(tt.now).Add(second), stale: stale(tt.plan[0], Obstacle{}),
				}.check(t)
			})
		}
	}
}

// Changes that a planned step does not depend on do not stop it.
func TestConfirm_irrelevantChange(t *testing.T) {
	t.Parallel()
	checkLateApplies(t, []lateApply{
		{
			name:  "previous was deactivated before a rotation without current",
			given: overlapping(gone(cur)), planned: day(3), plan: plan(createKey(ReasonMissing)),
			then: []change{is(prev, inactive)}, applied: day(4), left: plan(createKey(ReasonMissing)),
		},
		{
			name:  "previous was deactivated before a request deletes it",
			given: overlapping(edit(quarter)), planned: day(30), plan: plan(deletePrevious(prev), rotate(ReasonChanged)),
			then: []change{is(prev, inactive)}, applied: day(31), left: plan(deletePrevious(prev), rotate(ReasonChanged)),
		},
		{
			name:  "the user was re-created before a rotation without current",
			given: settled(gone(cur)), planned: day(3), plan: plan(createKey(ReasonMissing)),
			then: []change{recreated}, applied: day(4), left: plan(createKey(ReasonMissing)),
		},
		{
			name:  "current signs our requests when it is rotated",
			given: settled(), planned: day(90), plan: plan(rotate(ReasonAge)),
			then: []change{signedBy(cur)}, applied: day(91), left: plan(rotate(ReasonAge)),
		},
		{
			name:  "an unmanaged key in a free slot that nobody needs",
			given: settled(), planned: day(3),
			then: []change{unmanagedKey(active)}, applied: day(4),
		},
	})
}

func TestStaleError(t *testing.T) {
	t.Parallel()
	s := overlapping(used(prev, day(7)))
	_, err := Confirm(s.policy, s.record, s.seen, s.seen, day(8), plan(deactivate(prev)))
	got, ok := errors.AsType[*StaleError](fmt.Errorf("apply: %w", err))
	if !ok {
		t.Fatalf("got %v, want a StaleError", err)
	}
	if want := stale(deactivate(prev), inUse(prev, day(7), day(15))); *got != *want {
		t.Errorf("got %s, want %s", toJSON(t, got), toJSON(t, want))
	}
	if got, want := got.Error(), `the planned step deactivate on key "AKIAPREVIOUS" is no longer right (used)`; got != want {
		t.Errorf("message: got %q, want %q", got, want)
	}
	got = stale(rotate(ReasonAge), Obstacle{})
	if got, want := got.Error(), `the planned step rotate on key "AKIACURRENT" is no longer right`; got != want {
		t.Errorf("message without a cause: got %q, want %q", got, want)
	}
}
