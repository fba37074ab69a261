package rotator_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// recordingTest is a plan whose one step changes the record and nothing in IAM.
type recordingTest struct {
	// given prepares IAM and returns the task and the key that its step acts on.
	given func(f *fixture) (task rotator.Task, key string)
	// saved is the state after the step, and stale the error where the key is gone.
	saved, stale string
	// iam is what IAM has before and after, and asked the key whose last use the look before the step asks for.
	iam, asked string
}

// run meets each fault at the list that confirms the plan. Each ends the Update before the step, and none changes IAM.
func (r recordingTest) run(t *testing.T) {
	t.Helper()
	list, use := "ListAccessKeys ci", "GetAccessKeyLastUsed "+r.asked
	for _, row := range []struct {
		fault fault
		err   string
		calls []string
	}{
		{fault: none, calls: []string{list, use}},
		{fault: denied, err: "ReadError{keys ci}: ListAccessKeys AccessDenied", calls: []string{list, "GetAccessKeyLastUsed C"}},
		{fault: errorBeforeCommit, err: "ReadError{keys ci}: ListAccessKeys ServiceFailure", calls: []string{list, list}},
		{fault: errorAfterCommit, err: "ReadError{keys ci}: ListAccessKeys ServiceFailure", calls: []string{list, list}},
		{fault: answerLost, err: "ReadError{keys ci}: ListAccessKeys no answer", calls: []string{list, list}},
		{fault: answerLostOnce, calls: []string{list, list, use}},
		{fault: cutBeforeCommit, err: "ReadError{keys ci}: ListAccessKeys no answer", calls: []string{list, list}},
		{fault: empty200, err: "ReadError{keys ci}: ListAccessKeys bad answer", calls: []string{list}},
		{fault: throttled, err: "ReadError{keys ci}: ListAccessKeys Throttling", calls: []string{list, list}},
		{fault: keyDeleted, err: r.stale, calls: []string{list}},
		{
			fault: userRenamed, err: "UserChangedError{user renamed C}",
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy"},
		},
	} {
		t.Run(string(row.fault), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			task, key := r.given(f)
			f.inject(row.fault, "ListAccessKeys", key)
			report := f.update(task)
			f.reported(report, row.err, "")
			f.calledExactly(row.calls...)
			if row.fault == keyDeleted {
				f.equal("IAM", f.inIAM("ci"), "C Active")
			} else {
				f.equal("IAM", f.inIAM("ci")+f.inIAM("deploy"), r.iam)
			}
			if row.err != "" {
				f.savedLast(unsaved)
				f.equal("evidence", f.describeEvidence(report.Evidence), "none")
				return
			}
			f.savedLast(r.saved)
			f.equal("evidence", f.describeEvidence(report.Evidence), r.iam+" | changed now")
		})
	}
}

func TestUpdate_adopt(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.single(day)
			policy := standard()
			policy.UnmanagedKeys = rotation.RetireUnmanaged
			record.Policy = &policy
			x := f.newKey("X")
			return f.task(record, policy, rotation.Step{Kind: rotation.Adopt, Key: x}), x
		},
		saved: "current C; previous X replaced now adopted | C Active, X Active | configured, done",
		stale: "StaleError{adopt X | C Active}",
		iam:   "C Active, X Active",
		asked: "X",
	}.run(t)
}

func TestUpdate_recordDeactivated(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			f.deactivate(record.Previous.ID)
			return f.task(record, standard(), rotation.Step{Kind: rotation.RecordDeactivated, Key: record.Previous.ID}), record.Previous.ID
		},
		saved: "current C; previous P replaced -8d deactivated now | P Inactive, C Active | configured, done",
		stale: "StaleError{record_deactivated P | C Active}",
		iam:   "P Inactive, C Active",
		asked: "P",
	}.run(t)
}

func TestUpdate_recordReactivated(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now(), true
			return f.task(record, standard(), rotation.Step{Kind: rotation.RecordReactivated, Key: record.Previous.ID}), record.Previous.ID
		},
		saved: "current C; previous P replaced now | P Active, C Active | configured, done",
		stale: "StaleError{record_reactivated P | C Active}",
		iam:   "P Active, C Active",
		asked: "P",
	}.run(t)
}
