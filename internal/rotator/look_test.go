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
			func(f *fixture, _ *rotator.Evidence) rotation.Record { return f.single(89*day + time.Hour) }, "", []string{list},
		},
		{
			"a rotation",
			func(f *fixture, _ *rotator.Evidence) rotation.Record { return f.single(90 * day) }, "rotate C", []string{list},
		},
		{
			"a rotation, less than an hour after a look",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				known.LookedAt = f.sim.Now().Add(-time.Hour + time.Second)
				return record
			}, "", []string{list},
		},
		{
			"a rotation, an hour after a look",
			func(f *fixture, known *rotator.Evidence) rotation.Record {
				record := f.single(90 * day)
				known.LookedAt = f.sim.Now().Add(-time.Hour)
				return record
			}, "rotate C", []string{list},
		},
		{
			"a deactivation, though the key was in use at the last look",
			func(f *fixture, _ *rotator.Evidence) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			}, "deactivate P", []string{list},
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
			}, "handover P", []string{list},
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
			known.Seen = f.observe(record, *policyOf(record))
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
