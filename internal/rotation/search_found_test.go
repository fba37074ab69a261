package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// The search found this: current is gone, previous is Inactive and in its grace, and an unused key is planned to be deleted. When
// the saved plan is applied after the grace, Decide would delete previous instead. The plan is still right.
func TestConfirm_deletesUnmanagedAfterGrace(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Grace: time.Hour, UnmanagedKeys: rotation.DeleteUnused}
	record := rotation.Record{
		Policy:  &policy,
		Current: rotation.Current{ID: "current", CreatedAt: now.Add(-9 * time.Hour)},
		Previous: &rotation.Previous{
			ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-9 * time.Hour), DeactivatedAt: now,
		},
	}
	seen := rotation.Observation{Keys: []rotation.Key{
		{ID: "previous", Status: rotation.Inactive, CreatedAt: now.Add(-18 * time.Hour), LastUse: &rotation.Use{}},
		{ID: "other", Status: rotation.Inactive, CreatedAt: now, LastUse: &rotation.Use{}},
	}}
	want := []rotation.Step{
		{Kind: rotation.DeleteUnmanaged, Key: "other"},
		{Kind: rotation.Rotate, Reason: rotation.ReasonMissing},
	}
	plan := rotation.Decide(policy, record, seen, now).Steps
	if !slices.Equal(plan, want) {
		t.Fatalf("plan %+v, want %+v", plan, want)
	}
	for _, late := range []time.Duration{time.Hour - time.Second, time.Hour, time.Hour + time.Second} {
		left, err := rotation.Confirm(policy, record, seen, seen, now.Add(late), plan)
		if err != nil || !slices.Equal(left, want) {
			t.Errorf("after %v: steps %+v, error %v, want the plan", late, left, err)
		}
	}
}

// The fuzzer found this: last uses are unknown, and the grace of previous is over. Until must not be in the past.
func TestDecide_graceNotInPast(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{RotateAfter: 3 * time.Hour, Grace: time.Hour}
	record := rotation.Record{
		Policy:   &policy,
		Current:  rotation.Current{ID: "current", CreatedAt: now.Add(-4 * time.Hour)},
		Previous: &rotation.Previous{ID: "previous", ReplacedAt: now.Add(-3 * time.Hour), DeactivatedAt: now.Add(-time.Hour)},
	}
	seen := rotation.Observation{Keys: []rotation.Key{
		{ID: "current", Status: rotation.Active, CreatedAt: now.Add(-4 * time.Hour)},
		{ID: "previous", Status: rotation.Inactive, CreatedAt: now.Add(-9 * time.Hour)},
	}}
	for _, late := range []time.Duration{-time.Second, 0, time.Second} {
		want := rotation.Obstacle{Cause: rotation.CauseUnknownUse, Key: "previous"}
		if late < 0 {
			want.Cause, want.Until = rotation.CauseGrace, now
		}
		got := rotation.Decide(policy, record, seen, now.Add(late))
		if len(got.Steps) > 0 || got.Blocked == nil || *got.Blocked != want {
			t.Errorf("%v after the grace: steps %+v, blocked %+v, want %+v", late, got.Steps, got.Blocked, want)
		}
	}
}

// The fuzzer found this: somebody had reactivated previous, no apply had recorded it, and current was gone at the rotation. The
// old deactivation must not count when previous becomes Inactive again.
func TestAfter_rotateForgetsOldDeactivation(t *testing.T) {
	t.Parallel()
	record := rotation.Record{
		Current:  rotation.Current{ID: "gone"},
		Previous: &rotation.Previous{ID: "previous", DeactivatedAt: now.Add(-9 * time.Hour), DeactivatedByUs: true},
	}
	out := rotation.Outcome{At: now, NewKey: rotation.Key{ID: "new", Status: rotation.Active, CreatedAt: now}}
	for _, c := range []struct {
		status rotation.Status
		want   rotation.Previous
	}{
		{rotation.Active, rotation.Previous{ID: "previous", ReplacedAt: now}},
		{rotation.Inactive, rotation.Previous{ID: "previous", ReplacedAt: now, DeactivatedAt: now, DeactivatedByUs: true}},
	} {
		seen := rotation.Observation{Keys: []rotation.Key{{ID: "previous", Status: c.status}}}
		got := record.After(rotation.Step{Kind: rotation.Rotate, Reason: rotation.ReasonMissing}, seen, out)
		if got.Previous == nil || *got.Previous != c.want {
			t.Errorf("%s: previous %+v, want %+v", c.status, got.Previous, c.want)
		}
	}
}

// aged returns a key that IAM lists, created that long ago and never used.
func aged(id string, status rotation.Status, created time.Duration) rotation.Key {
	return rotation.Key{ID: id, Status: status, CreatedAt: now.Add(-created), LastUse: &rotation.Use{}}
}

func wantSteps(t *testing.T, what string, got, want []rotation.Step) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: steps %+v, want %+v", what, got, want)
	}
}

// settling is a previous that we deactivated a minute ago and that the list shows as Active, beside an Active current.
func settling(policy rotation.Policy) (rotation.Record, rotation.Observation) {
	record := rotation.Record{
		Policy:  &policy,
		Current: rotation.Current{ID: "current", CreatedAt: now.Add(-9 * time.Hour)},
		Previous: &rotation.Previous{
			ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-9 * time.Hour), DeactivatedAt: now.Add(-time.Minute),
			DeactivatedByUs: true,
		},
	}
	return record, rotation.Observation{Settling: true, Keys: []rotation.Key{
		aged("current", rotation.Active, 9*time.Hour), aged("previous", rotation.Active, 18*time.Hour),
	}}
}

// The search found this: a plan of an edited policy, made again at apply from the same look, recorded a change of status minutes later
// that it had not recorded before.
func TestJudge_settlingIsTimeless(t *testing.T) {
	t.Parallel()
	before := rotation.Policy{Overlap: time.Hour, Grace: time.Hour}
	record, seen := settling(before)
	room := rotation.Decide(before, record, seen, now).Room
	edited := before
	edited.Grace = 2 * time.Hour
	for _, late := range []time.Duration{0, 4 * time.Minute, time.Hour} {
		wantSteps(t, late.String(), rotation.Judge(edited, record, seen, room, now.Add(late)).Steps, nil)
	}
}

// The search found this: current is gone, and the list shows a revoked previous as Active, a minute after we deactivated it. A plan of
// a request, made again later, deactivated previous, too. What the plan shows of previous is what the apply records, whenever it comes.
func TestJudge_settlingWithoutCurrentIsTimeless(t *testing.T) {
	t.Parallel()
	before := rotation.Policy{Overlap: time.Hour, Grace: time.Hour}
	record, seen := settling(before)
	record.Previous.Revoked = true
	seen.Keys = seen.Keys[1:]
	edited := before
	edited.RotateWhenChanged = map[string]string{"quarter": "Q2"}
	want := []rotation.Step{{Kind: rotation.Rotate, Reason: rotation.ReasonChanged}}
	for _, late := range []time.Duration{0, 4 * time.Minute, time.Hour} {
		wantSteps(t, late.String(), rotation.Judge(edited, record, seen, rotation.Room{}, now.Add(late)).Steps, want)
		out := rotation.Outcome{At: now.Add(late), NewKey: aged("new", rotation.Active, 0)}
		after, _ := rotation.Project(edited, record, seen, want, out)
		if p := after.Previous; !p.DeactivatedAt.Equal(out.At) || !p.DeactivatedByUs {
			t.Errorf("after %v: previous %+v, want it as deactivated by us then", late, *p)
		}
	}
}

// The search found this: an adopted previous was revoked and could not be deactivated. A request then planned to delete it for its
// room, after the deactivation that comes first, and the rules delete an adopted key that is Inactive only after the grace.
func TestDecide_roomAfterPendingRevocation(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour}
	record, seen := settling(policy)
	record.Previous = &rotation.Previous{
		ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-9 * time.Hour), Adopted: true, Revoked: true,
	}
	seen.Settling, seen.Keys[1].LastUse = false, &rotation.Use{}
	got := rotation.Decide(policy, record, seen, now).Room
	if want := (rotation.Room{Cause: rotation.CauseAdopted, Key: "previous"}); got != want {
		t.Errorf("room %+v, want %+v", got, want)
	}
}

// The search found this: somebody reactivated a key between a plan that shows it as Inactive and its apply. Its grace began with the
// apply all the same.
func TestConfirm_reactivatedSince(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour, UnmanagedKeys: rotation.RetireUnmanaged}
	record, seen := settling(policy)
	record.Previous.DeactivatedAt = now.Add(-time.Minute)
	seen.Keys, seen.Settling = []rotation.Key{aged("previous", rotation.Inactive, 18*time.Hour)}, false
	alone := record
	alone.Previous, alone.Current.ID = nil, "previous"
	foreign := rotation.Observation{Keys: []rotation.Key{
		aged("previous", rotation.Active, 18*time.Hour), aged("foreign", rotation.Inactive, 9*time.Hour),
	}}
	for _, c := range []struct {
		step   rotation.Step
		record rotation.Record
		seen   rotation.Observation
	}{
		{rotation.Step{Kind: rotation.Rotate, Reason: rotation.ReasonMissing}, record, seen},
		{rotation.Step{Kind: rotation.Adopt, Key: "foreign"}, alone, foreign},
	} {
		plan := []rotation.Step{c.step}
		wantSteps(t, "plan", rotation.Decide(policy, c.record, c.seen, now).Steps, plan)
		later := rotation.Observation{Keys: slices.Clone(c.seen.Keys)}
		later.Keys[len(later.Keys)-1].Status = rotation.Active
		_, err := rotation.Confirm(policy, c.record, c.seen, later, now.Add(time.Second), plan)
		if stale, ok := err.(*rotation.StaleError); !ok || stale.Step != c.step { //nolint:errorlint // it is never wrapped
			t.Errorf("%s: error %v, want a stale plan", c.step.Kind, err)
		}
	}
	// A list that contradicted a deactivation of ours, and was right.
	record, seen = settling(policy)
	seen.Keys = seen.Keys[1:]
	plan := rotation.Decide(policy, record, seen, now).Steps
	wantSteps(t, "plan", plan, []rotation.Step{{Kind: rotation.Rotate, Reason: rotation.ReasonMissing}})
	settled := seen
	settled.Settling = false
	if left, err := rotation.Confirm(policy, record, seen, settled, now.Add(time.Hour), plan); err == nil {
		t.Errorf("a reactivation that the plan took for a stale read: steps %+v, want a stale plan", left)
	}
}

// The search found this: a rollback that is asked for while the list still shows previous as Active, minutes after its
// deactivation, was recorded as done, and previous stayed Inactive.
func TestDecide_holdReactivatesWhileListIsStale(t *testing.T) {
	t.Parallel()
	before := rotation.Policy{Overlap: time.Hour, Grace: time.Hour}
	record, seen := settling(before)
	hold := before
	hold.HoldPrevious = true
	want := []rotation.Step{{Kind: rotation.Reactivate, Key: "previous"}}
	wantSteps(t, "minutes after", rotation.Judge(hold, record, seen, rotation.Decide(before, record, seen, now).Room, now).Steps, want)
	wantSteps(t, "confirmed by a list that is not behind", func() []rotation.Step {
		fresh := seen
		fresh.Keys = slices.Clone(seen.Keys)
		fresh.Keys[1].Status = rotation.Inactive
		left, err := rotation.Confirm(hold, record, seen, fresh, now.Add(time.Minute), want)
		if err != nil {
			t.Error(err)
		}
		return left
	}(), want)
}

// The search found this: current and previous are Inactive, and the list may be a stale read about previous. A revoke planned then deletes
// current, which stays right when the list can be believed and Decide would delete previous instead.
func TestConfirm_revokeDeletesCurrentWhenListSettles(t *testing.T) {
	t.Parallel()
	before := rotation.Policy{Overlap: time.Hour, Grace: time.Hour}
	record := rotation.Record{
		Policy:   &before,
		Current:  rotation.Current{ID: "current", CreatedAt: now.Add(-9 * time.Hour), InactiveSince: now},
		Previous: &rotation.Previous{ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-time.Minute)},
	}
	seen := rotation.Observation{Settling: true, Keys: []rotation.Key{
		aged("current", rotation.Inactive, 9*time.Hour), aged("previous", rotation.Inactive, 18*time.Hour),
	}}
	revoke := before
	revoke.RevokeWhenChanged = map[string]string{"incident": "1"}
	want := []rotation.Step{
		{Kind: rotation.DeleteCurrent, Key: "current"},
		{Kind: rotation.Rotate, Reason: rotation.ReasonRevoked, Revoke: true},
	}
	plan := rotation.Judge(revoke, record, seen, rotation.Decide(before, record, seen, now).Room, now).Steps
	wantSteps(t, "plan", plan, want)
	for _, late := range []time.Duration{0, time.Hour} {
		seen.Settling = record.Settling(seen, now.Add(late))
		left, err := rotation.Confirm(revoke, record, seen, seen, now.Add(late), want)
		if err != nil {
			t.Errorf("after %v: %v", late, err)
		}
		wantSteps(t, late.String(), left, want)
	}
}

// The search found this: current is gone, and the list is a stale read about previous. A rotation recorded that read as the status of
// previous, so that its grace began while it was Active, or a rollback was refused later.
func TestAfter_rotateKeepsStatusThatSettles(t *testing.T) {
	t.Parallel()
	out := rotation.Outcome{At: now, NewKey: rotation.Key{ID: "new", Status: rotation.Active, CreatedAt: now}}
	const minutesAgo = -time.Minute
	for _, c := range []struct {
		name   string
		status rotation.Status
		step   rotation.Step
		given  rotation.Previous
		want   rotation.Previous
	}{
		{
			"listed as Inactive, and Active by us", rotation.Inactive,
			rotation.Step{Kind: rotation.Rotate},
			rotation.Previous{ID: "previous", ReplacedAt: now.Add(minutesAgo)},
			rotation.Previous{ID: "previous", ReplacedAt: now},
		},
		{
			"listed as Active, and Inactive by us", rotation.Active,
			rotation.Step{Kind: rotation.Rotate},
			rotation.Previous{ID: "previous", DeactivatedAt: now.Add(minutesAgo), DeactivatedByUs: true},
			rotation.Previous{ID: "previous", ReplacedAt: now, DeactivatedAt: now, DeactivatedByUs: true},
		},
		{
			"revoked: deactivated once more", rotation.Active,
			rotation.Step{Kind: rotation.Rotate, Revoke: true},
			rotation.Previous{ID: "previous", DeactivatedAt: now.Add(minutesAgo), DeactivatedByUs: true},
			rotation.Previous{ID: "previous", ReplacedAt: now, Revoked: true},
		},
	} {
		seen := rotation.Observation{Keys: []rotation.Key{{ID: "previous", Status: c.status}}, Settling: true}
		got := rotation.Record{Current: rotation.Current{ID: "gone"}, Previous: &c.given}.After(c.step, seen, out)
		if got.Previous == nil || *got.Previous != c.want {
			t.Errorf("%s: previous %+v, want %+v", c.name, got.Previous, c.want)
		}
	}
}

// The search found this: the older of two unmanaged keys is of another resource, so the other one was never adopted and blocked the
// rotation for ever.
func TestDecide_adoptsBesideKeyOfAnotherResource(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour, UnmanagedKeys: rotation.RetireUnmanaged}
	record := rotation.Record{Policy: &policy, Current: rotation.Current{ID: "gone", CreatedAt: now.Add(-9 * time.Hour)}}
	seen := rotation.Observation{Keys: []rotation.Key{
		aged("theirs", rotation.Active, 9*time.Hour), aged("nobody's", rotation.Active, time.Hour),
	}}
	seen.Keys[0].Other = true
	wantSteps(t, "plan", rotation.Decide(policy, record, seen, now).Steps, []rotation.Step{{Kind: rotation.Adopt, Key: "nobody's"}})
}

// The search found this: an adoption came between the deletion that makes room and the rotation, so that the caller, who creates
// first if a deletion is followed by a rotation, deleted first.
func TestDecide_rotatesRightAfterRoomIsMade(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour, UnmanagedKeys: rotation.RetireUnmanaged}
	record := rotation.Record{
		Policy:  &policy,
		Current: rotation.Current{ID: "gone", CreatedAt: now.Add(-9 * time.Hour)},
		Previous: &rotation.Previous{
			ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-9 * time.Hour), DeactivatedAt: now.Add(-time.Minute),
		},
	}
	seen := rotation.Observation{Keys: []rotation.Key{
		aged("previous", rotation.Inactive, 18*time.Hour), aged("unmanaged", rotation.Active, time.Hour),
	}}
	wantSteps(t, "plan", rotation.Decide(policy, record, seen, now).Steps, []rotation.Step{
		{Kind: rotation.DeletePrevious, Key: "previous"},
		{Kind: rotation.Rotate, Reason: rotation.ReasonMissing},
		{Kind: rotation.Adopt, Key: "unmanaged"},
	})
}

// Only a deletion goes together with the rotation after it. Without one an adoption comes first, so that the key is retired as previous
// even if the rotation fails.
func TestDecide_adoptsBeforeRotationWithoutDeletion(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour, UnmanagedKeys: rotation.RetireUnmanaged}
	record := rotation.Record{
		Policy:   &policy,
		Current:  rotation.Current{ID: "gone", CreatedAt: now.Add(-9 * time.Hour)},
		Previous: &rotation.Previous{ID: "previous", CreatedAt: now.Add(-18 * time.Hour), ReplacedAt: now.Add(-9 * time.Hour)},
	}
	seen := rotation.Observation{Keys: []rotation.Key{aged("unmanaged", rotation.Active, time.Hour)}}
	wantSteps(t, "plan", rotation.Decide(policy, record, seen, now).Steps, []rotation.Step{
		{Kind: rotation.RecordDeleted, Key: "previous"},
		{Kind: rotation.Adopt, Key: "unmanaged"},
		{Kind: rotation.Rotate, Reason: rotation.ReasonMissing},
	})
}

// The search found this: an apply that withdraws a request and fails later lost the request when the configuration was taken back, since
// the policy is not recorded then. So the request is recorded last.
func TestDecide_recordsRequestLast(t *testing.T) {
	t.Parallel()
	before := rotation.Policy{Recipients: "b"}
	record := rotation.Record{
		Policy: &before, Request: "encrypted_output",
		Current: rotation.Current{ID: "current", CreatedAt: now.Add(-9 * time.Hour), Sealed: true, SealedTo: "a"},
	}
	seen := rotation.Observation{Keys: []rotation.Key{
		aged("current", rotation.Inactive, 9*time.Hour), aged("unmanaged", rotation.Active, time.Hour),
	}}
	back := rotation.Policy{Recipients: "a"}
	room := rotation.Decide(before, record, seen, now).Room
	wantSteps(t, "withdrawn", rotation.Judge(back, record, seen, room, now).Steps, []rotation.Step{
		{Kind: rotation.RecordCurrentInactive, Key: "current"}, {Kind: rotation.RecordRequest, Key: "current"},
	})
}

// The search found this: previous was used after its recorded deactivation, so that its grace is not over, and its deletion was
// reported as blocked all the same.
func TestDecide_retirementNotBlockedBeforeItIsDue(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Overlap: time.Hour, Grace: time.Hour, HoldPrevious: true}
	record, seen := settling(policy)
	record.Previous.DeactivatedAt = now.Add(-time.Hour)
	seen.Keys[1].Status, seen.Settling = rotation.Inactive, false
	for _, c := range []struct {
		used time.Time
		want *rotation.Obstacle
	}{
		{now.Add(-time.Hour), &rotation.Obstacle{Cause: rotation.CauseHeld, Key: "previous"}},
		{now.Add(-time.Hour + time.Second), nil},
	} {
		seen.Keys[1].LastUse = &rotation.Use{At: c.used}
		got := rotation.Decide(policy, record, seen, now).RetirementBlocked
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("used at %v: retirement blocked %+v, want %+v", c.used, got, c.want)
		}
	}
}

// The search found this: a revoking apply made previous Inactive and was killed before it had saved its new key. A list that still showed
// previous as Active made that key, which is unmanaged now, look like one that may be deleted. It was the only Active key.
func TestDecide_settlingIsNoOtherActiveKey(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Grace: time.Hour, UnmanagedKeys: rotation.DeleteUnused}
	record, seen := settling(policy)
	record.Previous.Revoked = true
	seen.Keys = []rotation.Key{*seen.Find("previous"), aged("unmanaged", rotation.Active, time.Minute)}
	unmanaged := seen.Find("unmanaged")
	unmanaged.LastUse = &rotation.Use{}
	asked := policy
	asked.RotateWhenChanged = map[string]string{"a": "1"}
	for _, c := range []struct {
		settling bool
		status   rotation.Status
		want     []rotation.Step
	}{
		{true, rotation.Active, []rotation.Step{{Kind: rotation.RecordRequest, Key: "current", Request: `rotate_when_changed["a"]`}}},
		{false, rotation.Active, []rotation.Step{
			{Kind: rotation.DeleteUnmanaged, Key: "unmanaged"},
			{Kind: rotation.Rotate, Reason: rotation.ReasonChanged},
			{Kind: rotation.Deactivate, Key: "previous"},
		}},
		{true, rotation.Inactive, []rotation.Step{
			{Kind: rotation.DeletePrevious, Key: "previous"}, {Kind: rotation.Rotate, Reason: rotation.ReasonChanged},
		}},
	} {
		seen.Settling, seen.Find("previous").Status = c.settling, c.status
		wantSteps(t, fmt.Sprintf("previous %s, settling %t", c.status, c.settling), rotation.Decide(asked, record, seen, now).Steps, c.want)
	}
}
