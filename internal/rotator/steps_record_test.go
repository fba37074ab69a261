package rotator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// recordingTest is a plan whose one step changes the record and nothing in IAM.
type recordingTest struct {
	// given prepares IAM and returns the task and the key that its step acts on.
	given func(f *fixture) (task rotator.Task, key string)
	// saved is the state after the step, iam what IAM has before and after, and blocked what the evidence says besides.
	saved, iam, blocked string
	// asked is what the look before the step asks for after the list.
	asked []string
	// change is what somebody does when the list that confirms the plan is asked for: nil deletes the key.
	change func(f *fixture, key string)
	// stale is the error then, empty where the step stays right, and the others are what is said and asked besides, and what IAM has.
	stale, changedNotices, changedIAM string
	changedAsked                      []string
}

// run meets each fault at the list that confirms the plan. Each ends the Update before the step, and none changes IAM.
func (r recordingTest) run(t *testing.T) {
	t.Helper()
	const list = "ListAccessKeys ci"
	change := r.change
	if change == nil {
		change = func(f *fixture, key string) { f.sim.DeleteAccessKey(key) }
	}
	// with adds what the look asks for after the list.
	with := func(calls ...string) []string { return slices.Concat(calls, r.asked) }
	for _, row := range []struct {
		fault fault
		err   string
		calls []string
	}{
		{fault: none, calls: with(list)},
		{fault: denied, err: "ReadError{keys ci}: ListAccessKeys AccessDenied", calls: []string{list, useC}},
		{fault: errorBeforeCommit, err: "ReadError{keys ci}: ListAccessKeys ServiceFailure", calls: []string{list, list}},
		{fault: errorAfterCommit, err: "ReadError{keys ci}: ListAccessKeys ServiceFailure", calls: []string{list, list}},
		{fault: answerLost, err: "ReadError{keys ci}: ListAccessKeys no answer", calls: []string{list, list}},
		{fault: answerLostOnce, calls: with(list, list)},
		{fault: cutBeforeCommit, err: "ReadError{keys ci}: ListAccessKeys no answer", calls: []string{list, list}},
		{fault: empty200, err: "ReadError{keys ci}: ListAccessKeys bad answer", calls: []string{list}},
		{fault: throttled, err: "ReadError{keys ci}: ListAccessKeys Throttling", calls: []string{list, list}},
		{fault: keyDeleted, err: r.stale, calls: slices.Concat([]string{list}, r.changedAsked)},
		{
			fault: userRenamed, err: "UserChangedError{user renamed C}",
			calls: []string{list, "GetCallerIdentity", useC, "GetUser deploy", "ListAccessKeys deploy"},
		},
	} {
		t.Run(string(row.fault), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			task, key := r.given(f)
			if row.fault == keyDeleted {
				f.before("ListAccessKeys", 1, func() { change(f, key) })
			} else {
				f.inject(row.fault, "ListAccessKeys", key)
			}
			report := f.update(task)
			notices := ""
			if row.fault == keyDeleted {
				notices = r.changedNotices
			}
			f.reported(report, row.err, notices)
			f.calledExactly(row.calls...)
			if row.fault == keyDeleted {
				f.equal("IAM", f.inIAM("ci"), r.changedIAM)
			} else {
				f.equal("IAM", f.inIAM("ci")+f.inIAM("deploy"), r.iam)
			}
			if row.err != "" {
				f.savedLast(unsaved)
				f.equal("evidence", f.describeEvidence(report.Evidence), "none")
				return
			}
			f.savedLast(r.saved)
			f.tookAll(task)
			f.equal("evidence", f.describeEvidence(report.Evidence), r.iam+" | changed now"+r.blocked)
		})
	}
}

// The questions for last uses.
const (
	useP = "GetAccessKeyLastUsed P"
	useC = "GetAccessKeyLastUsed C"
	useX = "GetAccessKeyLastUsed X"
)

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
		asked: []string{useX}, changedIAM: "C Active",
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
		asked: []string{useP}, changedIAM: "C Active",
	}.run(t)
}

func TestUpdate_recordReactivated(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now().Add(-day), true
			return f.task(record, standard(), rotation.Step{Kind: rotation.RecordReactivated, Key: record.Previous.ID}), record.Previous.ID
		},
		saved: "current C; previous P replaced now | P Active, C Active | configured, done",
		stale: "StaleError{record_reactivated P | C Active}",
		iam:   "P Active, C Active",
		asked: []string{useP, useC}, changedIAM: "C Active",
	}.run(t)
}

func TestUpdate_recordDeleted(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(day)
			f.sim.Advance(time.Minute)
			f.sim.DeleteAccessKey(record.Previous.ID)
			f.sim.Advance(time.Second)
			task := f.task(record, standard(), rotation.Step{Kind: rotation.RecordDeleted, Key: record.Previous.ID})
			return task, record.Previous.ID
		},
		saved: "current C | C Active | configured, done",
		iam:   "C Active",
		// A list from before the deletion.
		change:     func(f *fixture, _ string) { f.sim.SetReadLag(2*time.Second, 1) },
		stale:      "StaleError{record_deleted P | P Active, C Active}",
		changedIAM: "C Active",
		// AWS says AccessDenied of a key that does not exist.
		changedNotices: "LastUseUnknown{P}: GetAccessKeyLastUsed AccessDenied",
		changedAsked:   []string{useP, useC, "ListAccessKeys ci"},
	}.run(t)
}

func TestUpdate_recordCurrentInactive(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			c := record.Current.ID
			f.deactivate(c)
			return f.task(record, standard(), rotation.Step{Kind: rotation.RecordCurrentInactive, Key: c}), c
		},
		saved:        "current C inactive since now; previous P replaced -8d | P Active, C Inactive | configured, done",
		iam:          "P Active, C Inactive",
		blocked:      ", blocked grace",
		asked:        []string{useP, useC},
		change:       func(f *fixture, c string) { f.sim.SetStatus(c, "Active") },
		stale:        "StaleError{record_current_inactive C | P Active, C Active}",
		changedIAM:   "P Active, C Active",
		changedAsked: []string{useP, useC},
	}.run(t)
}

func TestUpdate_recordCurrentActive(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(day)
			record.Current.InactiveSince = f.sim.Now().Add(-time.Hour)
			return f.task(record, standard(), rotation.Step{Kind: rotation.RecordCurrentActive, Key: record.Current.ID}), record.Current.ID
		},
		saved:        "current C; previous P replaced -1d | P Active, C Active | configured, done",
		iam:          "P Active, C Active",
		asked:        []string{useP, useC},
		change:       (*fixture).deactivate,
		stale:        "StaleError{record_current_active C | P Active, C Inactive}",
		changedIAM:   "P Active, C Inactive",
		changedAsked: []string{useP, useC},
	}.run(t)
}

// TestUpdate_recordRequest records a request to rotate within the overlap. It stays right where a slot has become free: the next plan
// meets it.
func TestUpdate_recordRequest(t *testing.T) {
	t.Parallel()
	recordingTest{
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(day)
			policy := standard()
			policy.RotateWhenChanged = map[string]string{"quarter": "1"}
			step := rotation.Step{Kind: rotation.RecordRequest, Key: record.Current.ID, Request: `rotate_when_changed["quarter"]`}
			return f.task(record, policy, step), record.Previous.ID
		},
		saved:      `current C, asked by rotate_when_changed["quarter"]; previous P replaced -1d | P Active, C Active | configured, done`,
		iam:        "P Active, C Active",
		blocked:    ", blocked overlap",
		asked:      []string{useP, useC},
		changedIAM: "C Active",
	}.run(t)
}

// TestUpdate_recordRenamed follows a user whom a Read found under another name, while the configuration and the state still have the
// old one.
func TestUpdate_recordRenamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given func(f *fixture) rotation.Record
		// steps follow the recording.
		steps func(record rotation.Record) []rotation.Step
		saved string
		calls []string
	}{
		{
			name:  "alone",
			given: func(f *fixture) rotation.Record { return f.single(day) },
			steps: func(rotation.Record) []rotation.Step { return nil },
			saved: "current C of deploy | C Active | configured, done",
			calls: []string{"ListAccessKeys deploy"},
		},
		{
			name:  "before a rotation",
			given: func(f *fixture) rotation.Record { return f.single(90 * day) },
			steps: func(record rotation.Record) []rotation.Step {
				return []rotation.Step{
					{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge},
				}
			},
			saved: "current new 1 of deploy; previous C replaced now | C Active, new 1 Active | " +
				"created with secret for age (current C of deploy), configured, done",
			calls: []string{"ListAccessKeys deploy", "CreateAccessKey deploy", "GetCallerIdentity", "ListAccessKeys deploy"},
		},
		{
			name:  "before a deactivation",
			given: func(f *fixture) rotation.Record { return f.pair(8 * day) },
			steps: func(record rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.Deactivate, Key: record.Previous.ID}}
			},
			saved: "current C of deploy; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
			calls: []string{
				"ListAccessKeys deploy", useP, useC, "UpdateAccessKey P of deploy",
				"ListAccessKeys deploy",
			},
		},
		{
			name:  "before a deletion",
			given: func(f *fixture) rotation.Record { return f.retired() },
			steps: func(record rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.DeletePrevious, Key: record.Previous.ID}}
			},
			saved: "current C of deploy | C Active | configured, done",
			calls: []string{
				"ListAccessKeys deploy", useP, "DeleteAccessKey P of deploy", "ListAccessKeys deploy",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := c.given(f)
			subject := f.subject(record)
			f.sim.RenameUser("ci", "deploy")
			reading, err := f.client.Read(f.ctx(), subject, record, rotator.Evidence{})
			f.fatal(err)
			want := append([]rotation.Step{{Kind: rotation.RecordRenamed, Key: record.Current.ID}}, c.steps(record)...)
			if got := reading.Evidence.Steps; !slices.Equal(got, want) {
				t.Fatalf("the plan has the steps %v, want %v", got, want)
			}
			task := rotator.Task{
				User: "deploy", RecordedUser: "deploy", AccountID: accountID, UniqueID: subject.UniqueID, Record: record, Policy: standard(),
				Known: reading.Evidence, Planned: want, WaitUntilUsable: true,
			}
			f.sim.ResetLog()
			f.reported(f.update(task), "", "")
			f.savedLast(c.saved)
			f.tookAll(task)
			f.calledExactly(c.calls...)
		})
	}
}
