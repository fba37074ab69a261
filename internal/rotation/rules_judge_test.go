package rotation

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// Rule 9: what a request to rotate would get, as Read stores it for the plan.
func TestDecide_room(t *testing.T) {
	t.Parallel()
	room := func(cause Cause, key string) Room { return Room{Cause: cause, Key: key} }
	deletes := Room{Step: deletePrevious(prev)}
	tests := []struct {
		name  string
		given setup
		date  time.Time
		// before is what is found a second before the date, and from at it.
		before, from Room
	}{
		{"a free slot", settled(), day(90), Room{}, Room{}},
		{"previous in its overlap", overlapping(), day(7), room(CauseOverlap, prev), deletes},
		{"previous in use", overlapping(used(prev, day(4))), day(12), room(CauseUsed, prev), deletes},
		{"previous of unknown last use", overlapping(lastUseUnknown(prev)), day(7), room(CauseOverlap, prev), room(CauseUnknownUse, prev)},
		{"previous before the handover", handing(), day(7), room(CauseOverlap, prev), room(CauseHandover, prev)},
		{"current of unknown last use", handing(lastUseUnknown(cur)), day(7), room(CauseOverlap, prev), room(CauseUnknownUse, cur)},
		{"previous in its grace", retiring(), day(14), deletes, deletes},
		{"previous paused", retiring(set(pause)), day(14), deletes, deletes},
		{"previous held", retiring(set(hold)), day(14), room(CauseHeld, prev), room(CauseHeld, prev)},
		{"previous adopted", retiring(adopted), day(14), room(CauseAdopted, prev), deletes},
		{"previous signs our requests", overlapping(signedBy(prev)), day(7), room(CauseSigner, prev), room(CauseSigner, prev)},
		{"an unmanaged key", settled(unmanagedKey(active)), day(3), room(CauseUnmanaged, other), room(CauseUnmanaged, other)},
		{
			"an unused key", settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other)), day(3),
			Room{Step: deleteUnmanaged(other)},
			Room{Step: deleteUnmanaged(other)},
		},
		{
			"an Inactive current", overlapping(is(cur, inactive), inactiveSince(day(3))), day(10),
			room(CauseGrace, cur),
			Room{Step: deleteCurrent()},
		},
		{"current not listed yet", settled(gone(cur)), day(0).Add(5 * minute), room(CauseYoung, cur), Room{}},
		{"expired recipients", settled(expiring), expiry, Room{}, room(CauseExpired, cur)},
		{
			"a stale read of previous", overlapping(is(prev, inactive)), day(0).Add(5 * minute),
			Room{Cause: CauseSettling, Key: prev},
			deletes,
		},
		{
			"a stale read of previous, held", retiring(set(hold), is(prev, active)), day(7).Add(5 * minute),
			Room{Cause: CauseHeld, Key: prev},
			room(CauseHeld, prev),
		},
		{
			"a stale read of previous, beside an Inactive current",
			retiring(is(prev, active), is(cur, inactive), inactiveSince(day(0))), day(7).Add(5 * minute),
			Room{Step: deleteCurrent()},
			Room{Step: deleteCurrent()},
		},
		{"a policy that is edited", overlapping(edit(grace(0))), day(7), Room{}, Room{}},
		{"the first apply after an import", overlapping(imported), day(7), Room{}, Room{}},
	}
	for _, tt := range tests {
		for _, m := range []struct {
			now  time.Time
			want Room
		}{{tt.date.Add(-second), tt.before}, {tt.date, tt.from}, {tt.date.Add(second), tt.from}} {
			if got := Decide(tt.given.policy, tt.given.record, tt.given.lookedAt(m.now).seen, m.now).Room; got != m.want {
				t.Errorf("%s at %s: got %s, want %s", tt.name, m.now.Format(time.RFC3339), toJSON(t, got), toJSON(t, m.want))
			}
		}
	}
}

// Rule 9: a plan judges a request by what Read found, and by what the configuration says of previous and of unmanaged keys.
func TestJudge(t *testing.T) {
	t.Parallel()
	asks := edit(quarter)
	makesRoom := plan(deletePrevious(prev), rotate(ReasonChanged))
	unmanaged := Room{Cause: CauseUnmanaged, Key: other}
	deletes := Room{Step: deletePrevious(prev)}
	twoUnmanaged := func(s *setup) {
		unmanagedKey(active)(s)
		listed(third, active, day(-9))(s)
	}
	tests := []struct {
		name  string
		given setup
		room  Room
		want  []Step
	}{
		{"a free slot", settled(asks), Room{}, plan(rotate(ReasonChanged))},
		{"a free slot, held", settled(set(hold), asks), Room{}, plan(rotate(ReasonChanged))},
		{"previous makes room", overlapping(asks), deletes, makesRoom},
		{
			"previous makes room, for recipients", overlapping(toAlice, edit(recipients(bob))), deletes,
			plan(deletePrevious(prev), rotate(ReasonRecipients)),
		},
		{"previous stays", overlapping(asks), Room{Cause: CauseUsed, Key: prev}, plan(pend(byQuarter))},
		{"hold set by the same edit", overlapping(edit(quarter, hold)), deletes, plan(pend(byQuarter))},
		{"hold set by the same edit, in its grace", retiring(edit(quarter, hold)), deletes, plan(reactivate(prev), pend(byQuarter))},
		{
			"hold given up by the same edit", retiring(set(hold), edit(quarter, stopHolding)),
			Room{Cause: CauseHeld, Key: prev},
			plan(pend(byQuarter)),
		},
		{"an edited overlap does not count", overlapping(edit(quarter, overlap(0))), Room{Cause: CauseOverlap, Key: prev}, plan(pend(byQuarter))},
		{"no evidence, previous in the slot", overlapping(asks), Room{}, plan(pend(byQuarter))},
		{"no evidence, an unmanaged key in the slot", settled(unmanagedKey(active), asks), Room{}, plan(pend(byQuarter))},
		{"no evidence, current is gone", overlapping(gone(cur), asks), Room{}, plan(createKey(ReasonChanged))},
		{"evidence of a previous that is gone", overlapping(gone(prev), asks), deletes, plan(recordDeleted(prev), rotate(ReasonChanged))},
		{
			"an Inactive current makes room", overlapping(is(cur, inactive), asks),
			Room{Step: deleteCurrent()},
			plan(deleteCurrent(), createKey(ReasonChanged)),
		},
		{
			// AWS's quota is not strict: more than two keys were seen.
			"an Inactive current makes room, once, though a third key is left",
			overlapping(is(cur, inactive), unmanagedKey(active), asks),
			Room{Step: deleteCurrent()},
			plan(deleteCurrent(), pend(byQuarter)),
		},
		{"an unmanaged key stays", settled(unmanagedKey(active), asks), unmanaged, plan(pend(byQuarter))},
		{
			"unmanaged_keys by the same edit, a used key", settled(unmanagedKey(active), edit(quarter, unmanagedKeys(DeleteUnused))), unmanaged,
			plan(pend(byQuarter)),
		},
		{
			"unmanaged_keys by the same edit, an unused key",
			settled(unmanagedKey(active), neverUsed(other), edit(quarter, unmanagedKeys(DeleteUnused))), unmanaged,
			plan(deleteUnmanaged(other), rotate(ReasonChanged)),
		},
		{
			"unmanaged_keys taken back by the same edit",
			settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other), edit(quarter, unmanagedKeys(RefuseUnmanaged))),
			Room{Step: deleteUnmanaged(other)},
			plan(pend(byQuarter)),
		},
		{"current not listed yet", settled(gone(cur), asks), Room{Cause: CauseYoung, Key: cur}, plan(pend(byQuarter))},
		{
			"current not listed yet, two unmanaged keys", settled(gone(cur), twoUnmanaged, asks),
			Room{Cause: CauseYoung, Key: cur},
			plan(pend(byQuarter)),
		},
		{"current gone, two unmanaged keys", settled(gone(cur), twoUnmanaged, asks), unmanaged, plan(pend(byQuarter))},
		{"expired recipients", settled(expiring, asks), Room{Cause: CauseExpired, Key: cur}, plan(pend(byQuarter))},
		{
			"expired recipients, edited", settled(expiring, edit(recipients(bob), sealableUntil(time.Time{}))),
			Room{Cause: CauseExpired, Key: cur},
			plan(rotate(ReasonRecipients)),
		},
		{
			"expired recipients that expire later by an edit", settled(expiring, edit(quarter, sealableUntil(day(365)))),
			Room{Cause: CauseExpired, Key: cur},
			plan(rotate(ReasonChanged)),
		},
		{"a stale read is not recorded", overlapping(is(prev, inactive), edit(grace(0))).lookedAt(day(0)), Room{}, nil},
		{"a change by hand is recorded", overlapping(is(prev, inactive), edit(grace(0))), Room{}, plan(recordDeactivated(prev))},
		{
			"a stale read is rolled back", retiring(is(prev, active), edit(hold)).lookedAt(day(7)),
			Room{Cause: CauseHeld, Key: prev},
			plan(reactivate(prev)),
		},
		{"an edit alone", overlapping(edit(grace(0))), deletes, nil},
		{"a withdrawal", overlapping(requested(byQuarter), edit(changedValues(nil))), deletes, plan(pend(""))},
		{
			"a revoke needs no evidence", overlapping(edit(incident)),
			Room{},
			plan(deletePrevious(prev), revoking(rotate(ReasonRevoked)), deactivate(cur)),
		},
		{
			"a revoke beside an Inactive current", overlapping(is(cur, inactive), edit(incident)),
			Room{Cause: CauseGrace, Key: cur},
			plan(deleteCurrent(), revoking(createKey(ReasonRevoked)), deactivate(prev)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := tt.given.clone()
			got := Judge(tt.given.policy, tt.given.record, tt.given.seen, tt.room, day(60))
			if !reflect.DeepEqual(got.Steps, tt.want) || got.Refused != nil {
				t.Errorf("got %s, want %s", toJSON(t, got), toJSON(t, tt.want))
			}
			if got.Room != tt.room {
				t.Errorf("room: got %s, want the given %s", toJSON(t, got.Room), toJSON(t, tt.room))
			}
			if !reflect.DeepEqual(tt.given, before) {
				t.Error("Judge changed its arguments")
			}
		})
	}
}

// Rule 9: why the request became pending, as far as the evidence says. It has no date.
func TestJudge_pending(t *testing.T) {
	t.Parallel()
	asks := edit(quarter)
	tests := []struct {
		name  string
		given setup
		room  Room
		want  Obstacle
	}{
		{"what Read found", overlapping(asks), Room{Cause: CauseUsed, Key: prev}, obstacle(CauseUsed, prev)},
		{"current not listed yet", settled(gone(cur), asks), Room{Cause: CauseYoung, Key: cur}, obstacle(CauseYoung, cur)},
		{"expired recipients", settled(expiring, asks), Room{Cause: CauseExpired, Key: cur}, unsealable()},
		{"held by the same edit", overlapping(edit(quarter, hold)), Room{Step: deletePrevious(prev)}, obstacle(CauseHeld, prev)},
		{"no evidence of previous", overlapping(asks), Room{}, obstacle(CauseUnknownUse, prev)},
		{"evidence of another previous", settled(unmanagedKey(active), asks), Room{Step: deletePrevious(prev)}, obstacle(CauseUnmanaged, other)},
		{"no evidence of an unmanaged key", settled(unmanagedKey(active), asks), Room{}, obstacle(CauseUnmanaged, other)},
		{
			"an unmanaged key that may no longer be deleted",
			settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other), edit(quarter, unmanagedKeys(RefuseUnmanaged))),
			Room{Step: deleteUnmanaged(other)},
			obstacle(CauseUnmanaged, other),
		},
	}
	for _, tt := range tests {
		got := Judge(tt.given.policy, tt.given.record, tt.given.seen, tt.room, day(60)).Pending
		if got == nil || *got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, toJSON(t, got), toJSON(t, tt.want))
		}
	}
	met := overlapping(asks)
	if got := Judge(met.policy, met.record, met.seen, Room{Step: deletePrevious(prev)}, day(60)).Pending; got != nil {
		t.Errorf("a request that is met: got %s", toJSON(t, got))
	}
}

// Rule 9: ModifyPlan runs again at apply, so that Judge must return the same at any later instant. Only whether a revoke is refused
// for a young current or expired recipients may depend on the time, since its plan fails then.
func TestJudge_neverDependsOnTime(t *testing.T) {
	t.Parallel()
	dispose := set(unmanagedKeys(DeleteUnused))
	setups := map[string]setup{
		"settled":               settled(),
		"current gone":          settled(gone(cur)),
		"current Inactive":      settled(is(cur, inactive), unmanagedKey(active)),
		"overlapping":           overlapping(),
		"overlapping, stale":    overlapping(is(prev, inactive)),
		"overlapping, in use":   overlapping(used(prev, day(6))),
		"overlapping, adopted":  overlapping(adopted),
		"handing":               handing(),
		"retiring":              retiring(),
		"retiring, stale":       retiring(is(prev, active)),
		"retiring, revoked":     retiring(revoked, is(prev, active)),
		"retiring, held":        retiring(set(hold)),
		"retiring, cur gone":    retiring(gone(cur), unmanagedKey(active)),
		"previous gone":         retiring(gone(prev), unmanagedKey(active)),
		"both Inactive":         retiring(is(cur, inactive)),
		"Inactive and Active":   overlapping(is(cur, inactive), inactiveSince(day(3))),
		"unused key":            settled(dispose, unmanagedKey(active), neverUsed(other)),
		"pending":               overlapping(requested(byQuarter)),
		"sealed, expiring":      overlapping(expiring),
		"sealed, expiring, one": settled(expiring),
		"renamed":               settled(renamed),
		"unknown user":          retiring(userUnknown),
		"retire":                settled(set(unmanagedKeys(RetireUnmanaged)), unmanagedKey(active)),
	}
	edits := map[string]change{
		"quarter":             edit(quarter),
		"recipients":          edit(recipients(bob)),
		"hold":                edit(hold),
		"hold and quarter":    edit(hold, quarter),
		"no hold and quarter": edit(stopHolding, quarter),
		"durations":           edit(quarter, overlap(0), grace(0), unusedFor(0), rotateAfter(days(1))),
		"unmanaged_keys":      edit(quarter, unmanagedKeys(DeleteUnused)),
		"paused":              edit(pause),
		"a value lost":        edit(changedValues(nil)),
		"revoke":              edit(incident),
	}
	looks := []time.Time{day(0).Add(minute), day(3), day(7).Add(minute), day(8), day(15), day(60), day(100)}
	for name, given := range setups {
		for edited, change := range edits {
			if s := given.with(change); s.policy.Equal(*s.record.Policy) {
				continue // It is no edit of this setup.
			}
			t.Run(name+", "+edited, func(t *testing.T) {
				t.Parallel()
				for _, look := range looks {
					given := given.lookedAt(look)
					s := given.with(change)
					room := Decide(given.policy, given.record, given.seen, look).Room
					first := Judge(s.policy, s.record, s.seen, room, look)
					if edited == "revoke" && (first.Refused != nil || room.Cause == CauseYoung || !s.policy.SealableUntil.IsZero()) {
						continue
					}
					for _, now := range slices.Concat(looks, []time.Time{look.Add(-days(400)), look.Add(days(4000))}) {
						if edited == "revoke" && now.Before(look) {
							continue
						}
						got := Judge(s.policy, s.record, s.seen, room, now)
						if !reflect.DeepEqual(got, first) {
							t.Fatalf("%s:\nat %s %s\nat %s %s", fmt.Sprint(room), look, toJSON(t, first), now, toJSON(t, got))
						}
					}
				}
			})
		}
	}
}
