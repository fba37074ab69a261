package rotation_test

import (
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
		left, err := rotation.Confirm(policy, record, seen, now.Add(late), plan)
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
		want := rotation.Obstacle{Cause: rotation.CauseGrace, Key: "previous"}
		if late < 0 {
			want.Until = now
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
