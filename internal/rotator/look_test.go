package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// A plan that did not look says what is due as far as the state tells, by AWS's time, and asks for it once.
func TestDueUnseen(t *testing.T) {
	t.Parallel()
	const list = "ListAccessKeys ci"
	tests := []struct {
		name string
		// given returns the record, after changes to the evidence.
		given func(f *fixture, known *rotator.Evidence) rotation.Record
		want  string
		calls []string
	}{
		{
			"nothing is near",
			func(f *fixture, _ *rotator.Evidence) rotation.Record { return f.single(80 * day) }, "", nil,
		},
		{
			"within a day of a rotation, which the machine's clock can't tell from the date",
			func(f *fixture, _ *rotator.Evidence) rotation.Record { return f.single(89*day + time.Hour) }, "",
			[]string{list},
		},
		{
			"a rotation",
			func(f *fixture, _ *rotator.Evidence) rotation.Record { return f.single(90 * day) }, "rotate C",
			[]string{list},
		},
		{
			"a rotation, less than an hour after a look",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				known.LookedAt = f.sim.Now().Add(-time.Hour + time.Second)
				return record
			}, "",
			[]string{list},
		},
		{
			"a rotation, an hour after a look",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				known.LookedAt = f.sim.Now().Add(-time.Hour)
				return record
			}, "rotate C",
			[]string{list},
		},
		{
			"a deactivation, though the key was in use at the last look",
			func(f *fixture, _ *rotator.Evidence) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			}, "deactivate P",
			[]string{list},
		},
		{
			"a deactivation that the state shows to wait",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				known.RetirementBlocked = rotation.CauseHandover
				record := f.pair(8 * day)
				record.Policy.WaitForHandover = true
				return record
			}, "", nil,
		},
		{
			"a deactivation that waits, which the state does not show",
			func(f *fixture, _ *rotator.Evidence) rotation.Record {
				record := f.pair(8 * day)
				record.Policy.WaitForHandover = true
				return record
			}, "handover P",
			[]string{list},
		},
		{
			"a rotation that is blocked, which the state does not show",
			func(f *fixture, _ *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				f.use(f.newKey("X"))
				return record
			}, "unmanaged X",
			[]string{list},
		},
		{
			"a rotation that the state shows to be blocked",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				known.Blocked = rotation.CauseUnmanaged
				record := f.single(90 * day)
				f.use(f.newKey("X"))
				return record
			}, "", nil,
		},
		{
			"a rotation whose user is unknown, which the state does not show",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				known.Seen.UserUnknown = true
				return f.single(90 * day)
			}, "unknown_user C",
			[]string{list},
		},
		{
			"a rotation whose user the state shows to be unknown",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				known.Seen.UserUnknown, known.Blocked = true, rotation.CauseUnknownUser
				return f.single(90 * day)
			}, "", nil,
		},
		{
			"before the first apply after an import",
			func(f *fixture, _ *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				record.Policy = nil
				return record
			}, "", nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			var known rotator.Evidence
			record := tt.given(f, &known)
			unknown := known.Seen.UserUnknown
			known.Seen = f.observe(record, *policyOf(record))
			known.Seen.UserUnknown = unknown
			f.newClient()
			f.sim.ResetLog()
			got := ""
			if unseen := f.client.DueUnseen(f.ctx(), "ci", record, known); unseen != nil {
				got = string(unseen.Step.Kind) + " " + f.name(unseen.Step.Key)
				if unseen.Step.Kind == "" {
					got = string(unseen.Obstacle.Cause) + " " + f.name(unseen.Obstacle.Key)
				}
			}
			f.equal("unseen", got, tt.want)
			f.calledExactly(tt.calls...)
		})
	}
}

func policyOf(record rotation.Record) *rotation.Policy {
	policy := record.LastPolicy()
	return &policy
}

// TestDueUnseen_neverRan is about a record whose private state holds no evidence, as after an import, or of a version that had none: the
// state's own columns stand for a look.
func TestDueUnseen_neverRan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(8 * day)
	f.newClient()
	f.sim.ResetLog()
	for _, c := range []struct {
		name, current, previous, want string
	}{
		{"both Active", "Active", "Active", "deactivate P"},
		{"previous gone", "Active", "", "record_deleted P"},
		{"current Inactive", "Inactive", "Active", "record_current_inactive C"},
		{"no status", "", "unknown", "record_deleted P"},
	} {
		known := rotator.RecordedEvidence(record, c.current, c.previous)
		unseen := f.client.DueUnseen(f.ctx(), "ci", record, known)
		if unseen == nil {
			t.Errorf("%s: nothing is due, want %s", c.name, c.want)
			continue
		}
		f.equal(c.name, string(unseen.Step.Kind)+" "+f.name(unseen.Step.Key), c.want)
	}
	f.calledExactly("ListAccessKeys ci")
}

func TestRecordedEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(8 * day)
	for _, c := range []struct{ current, previous, want string }{
		{"Active", "Inactive", "C Active, P Inactive"},
		{"Inactive", "Active", "C Inactive, P Active"},
		{"Active", "", "C Active"},
		{"", "Deleted", ""},
	} {
		seen := rotator.RecordedEvidence(record, c.current, c.previous).Seen
		f.equal("keys", f.describeKeys(seen.Keys), c.want)
		f.equal("last uses", f.describeUses(seen), "")
		if k := seen.Find(record.Current.ID); k != nil && !k.CreatedAt.Equal(record.Current.CreatedAt) {
			t.Errorf("current was created at %s, want %s", k.CreatedAt, record.Current.CreatedAt)
		}
	}
	record.Previous = nil
	f.equal("without previous", f.describeKeys(rotator.RecordedEvidence(record, "Active", "Active").Seen.Keys), "C Active")
}
