package rotator_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// fault is what goes wrong at the action that a step calls.
type fault string

const (
	none              fault = "none"
	denied            fault = "denied"
	errorBeforeCommit fault = "error before commit"
	errorAfterCommit  fault = "error after commit"
	answerLost        fault = "answer lost"
	answerLostOnce    fault = "answer lost once"
	lostThenDenied    fault = "answer lost, then denied"
	cutThenDenied     fault = "cut before commit, then denied"
	cutBeforeCommit   fault = "cut before commit"
	empty200          fault = "empty 200"
	throttled         fault = "throttled"
	keyDeleted        fault = "key deleted meanwhile"
	userRenamed       fault = "user renamed meanwhile"
)

// allFaults are the faults that each step meets.
var allFaults = []fault{
	none, denied, errorBeforeCommit, errorAfterCommit, answerLost, answerLostOnce, cutBeforeCommit, empty200, throttled,
	keyDeleted, userRenamed,
}

// retryFaults are the faults of an action that the SDK sends again, unlike CreateAccessKey: what the last attempt is answered says
// nothing of the first.
var retryFaults = []fault{lostThenDenied, cutThenDenied}

// inject makes an action go wrong: at every call, where the fault does not say otherwise. Key is the key that the step
// acts on.
func (f *fixture) inject(what fault, action, key string) {
	f.Helper()
	kinds := map[fault]iamsim.FaultKind{
		errorBeforeCommit: iamsim.ErrorBeforeCommit, errorAfterCommit: iamsim.ErrorAfterCommit, answerLost: iamsim.AnswerLost,
		cutBeforeCommit: iamsim.CutBeforeCommit, empty200: iamsim.Empty200, throttled: iamsim.Throttled,
	}
	if kind, ok := kinds[what]; ok {
		f.sim.AddFault(iamsim.Fault{Action: action, Kind: kind})
		return
	}
	switch what { //nolint:exhaustive // the other faults have a kind
	case none:
	case denied:
		f.deny(action)
	case answerLostOnce:
		f.sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Kind: iamsim.AnswerLost})
	case lostThenDenied, cutThenDenied:
		first := map[fault]iamsim.FaultKind{lostThenDenied: iamsim.AnswerLost, cutThenDenied: iamsim.CutBeforeCommit}[what]
		f.sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Kind: first})
		f.sim.AddFault(iamsim.Fault{Action: action, Nth: 2, Kind: iamsim.Denied})
	case keyDeleted:
		f.before(action, 1, func() { f.sim.DeleteAccessKey(key) })
	case userRenamed:
		f.before(action, 1, func() { f.sim.RenameUser("ci", "deploy") })
	default:
		f.Fatalf("no such fault: %s", what)
	}
}

// stepTest is a plan that begins with a step of one kind, and how an Update ends with each fault.
type stepTest struct {
	// action is the action that the faults meet.
	action string
	// given prepares IAM and returns the task and the key that its first step acts on.
	given func(f *fixture) (task rotator.Task, key string)
	rows  []stepRow
}

// stepRow is what an Update with a fault ends with.
type stepRow struct {
	fault        fault
	err, notices string
	// saved is the state that was saved last, iam what IAM has, and evidence what the next Read finds.
	saved, iam, evidence string
	// calls are the calls from the step on, adjacent equal ones once.
	calls string
}

func (s stepTest) run(t *testing.T) {
	t.Helper()
	rows := map[fault]stepRow{}
	for _, row := range s.rows {
		rows[row.fault] = row
	}
	faults := allFaults
	if s.action != "CreateAccessKey" {
		faults = slices.Concat(allFaults, retryFaults)
	}
	for _, what := range faults {
		t.Run(string(what), func(t *testing.T) {
			t.Parallel()
			want, ok := rows[what]
			if !ok {
				t.Fatal("no row for this fault")
			}
			f := newFixture(t)
			task, key := s.given(f)
			f.inject(what, s.action, key)
			report := f.update(task)
			f.reported(report, want.err, want.notices)
			f.savedLast(want.saved)
			f.tookAll(task)
			f.equal("IAM", f.inIAM("ci")+f.inIAM("deploy"), want.iam)
			f.equal("evidence", f.describeEvidence(report.Evidence), want.evidence)
			f.equal("calls", f.callsFrom(s.action), want.calls)
		})
	}
}

// callsFrom are the calls from the first one of an action on, adjacent equal ones once.
func (f *fixture) callsFrom(action string) string {
	calls := f.calls()
	first := slices.IndexFunc(calls, func(call string) bool { return strings.HasPrefix(call, action) })
	return strings.Join(slices.Compact(calls[max(first, 0):]), ", ")
}

// reported compares error and notices of a report.
func (f *fixture) reported(report rotator.Report, err, notices string) {
	f.Helper()
	got := f.describeError(report.Err)
	for _, id := range report.MadeRoom {
		if got != "" {
			got += ", made room " + f.name(id)
		}
	}
	f.equal("error", got, err)
	f.equal("notices", f.describeNotices(report.Notices), notices)
}

// tookAll checks that a task that was done took all of its planned steps, in whatever order.
func (f *fixture) tookAll(task rotator.Task) {
	f.Helper()
	if !f.saved().Done {
		return
	}
	taken := slices.Clone(f.saved().Taken)
	for _, step := range task.Planned {
		i := slices.Index(taken, step)
		if i < 0 {
			f.Errorf("%s of %s is not among the steps taken", step.Kind, f.name(step.Key))
			continue
		}
		taken = slices.Delete(taken, i, i+1)
	}
	if len(taken) > 0 {
		f.Errorf("took %v, which was not planned", taken)
	}
}

// unsaved stands for a task that saved nothing.
const unsaved = "unsaved"

// savedLast compares the state that was saved last.
func (f *fixture) savedLast(want string) {
	f.Helper()
	got := unsaved
	if len(f.saves) > 0 {
		got = f.describeState(f.saved())
	}
	f.equal("saved", got, want)
}
