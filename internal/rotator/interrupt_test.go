package rotator_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestUpdate_interrupted is about Ctrl-C at each place of an Update that deletes the unmanaged key X and rotates C.
func TestUpdate_interrupted(t *testing.T) {
	t.Parallel()
	const (
		look   = "ListAccessKeys ci, GetAccessKeyLastUsed X"
		room   = ", CreateAccessKey ci, DeleteAccessKey X"
		create = room + ", CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci"
		done   = "current new 1 sealed; previous C replaced now | C Active, new 1 Active | " +
			"created with sealed new 1 for age (current C), configured, done"
		changed = "C Active, new 1 Active | changed now, removed X"
	)
	for _, c := range []struct {
		// during is the call at whose arrival the context ends, the first or the nth of its action, or "try": while the sealer is
		// tried.
		during               string
		nth                  int
		err                  string
		saved, iam, evidence string
		calls                string
	}{
		{
			during: "ListAccessKeys", err: "ReadError{keys ci}: ListAccessKeys canceled",
			saved: unsaved, iam: "C Active, X Active", evidence: "none", calls: "ListAccessKeys ci",
		},
		{
			during: "GetAccessKeyLastUsed", err: "ReadError{last use ci}: GetAccessKeyLastUsed canceled",
			saved: unsaved, iam: "C Active, X Active", evidence: "none", calls: look,
		},
		{
			during: "try", err: "InterruptedError{}",
			saved: unsaved, iam: "C Active, X Active", evidence: "C Active, X Active", calls: look,
		},
		{
			during: "DeleteAccessKey", err: "InterruptedError{begun}, made room X",
			saved: "current C | C Active | ", iam: "C Active", evidence: "C Active | changed now, removed X", calls: look + room,
		},
		{
			during: "CreateAccessKey", err: "InterruptedError{}",
			saved: unsaved, iam: "C Active, X Active", evidence: "C Active, X Active | changed now", calls: look + ", CreateAccessKey ci",
		},
		{
			during: "CreateAccessKey", nth: 2,
			saved: done, iam: "C Active, new 1 Active", evidence: changed, calls: look + create,
		},
		{
			during: "GetCallerIdentity",
			saved:  done, iam: "C Active, new 1 Active", evidence: changed, calls: look + create,
		},
	} {
		t.Run(fmt.Sprintf("during %s %d", c.during, max(c.nth, 1)), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ctx, cancel := context.WithCancel(f.ctx())
			defer cancel()
			task, _ := f.unmanagedTask()
			task.Sealer = f.sealer
			// A call that is answered before the client sees the end of the context would pass.
			f.before(c.during, max(c.nth, 1), func() {
				cancel()
				if c.err != "" && strings.HasPrefix(c.err, "ReadError") {
					f.sim.AddFault(iamsim.Fault{Action: c.during, Kind: iamsim.CutBeforeCommit})
				}
			})
			if c.during == "try" {
				f.sealer.onTry = cancel
			}
			report := f.run(ctx, f.client.Update, task)
			f.reported(report, c.err, "")
			f.savedLast(c.saved)
			f.equal("IAM", f.inIAM("ci"), c.iam)
			f.equal("evidence", f.describeEvidence(report.Evidence), c.evidence)
			f.equal("calls", strings.Join(f.calls(), ", "), c.calls)
		})
	}
}

// TestUpdate_interruptedRevocation shows that Ctrl-C after the creation of a key does not keep the revoked one Active.
func TestUpdate_interruptedRevocation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(f.ctx())
	defer cancel()
	task := f.revocationTask()
	f.before("CreateAccessKey", 1, cancel)
	f.reported(f.run(ctx, f.client.Update, task), "", "")
	f.equal("IAM", f.inIAM("ci"), "C Inactive, new 1 Active")
	if !f.saved().Done {
		t.Error("the update was not saved as done")
	}
}

// TestUpdate_interruptedWithoutSteps is about an Update that calls nothing, and whose context has ended before.
func TestUpdate_interruptedWithoutSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(f.ctx())
	task := steady()(f)
	cancel()
	report := f.run(ctx, f.client.Update, task)
	f.reported(report, "InterruptedError{}", "")
	f.savedLast(unsaved)
	f.calledExactly()
}

// TestUpdate_panic has the clock panic at each look of an Update that rotates, one look per run. Whatever happens, each key
// in IAM is in the saved state or named by the report, and the current key of the saved state is in IAM.
func TestUpdate_panic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given func(f *fixture, task *rotator.Task)
	}{
		{name: "a key in plain text", given: func(*fixture, *rotator.Task) {}},
		{name: "a sealed key", given: withSealer(func(*fakeSealer) {})},
		{name: "a key that is proved at the second try", given: func(f *fixture, _ *rotator.Task) {
			f.sim.AddFault(iamsim.Fault{Action: "GetCallerIdentity", Nth: 1, Kind: iamsim.ErrorBeforeCommit})
		}},
		{name: "a key that is proved by GetUser", given: func(_ *fixture, task *rotator.Task) { task.WaitUntilUsable = false }},
		{name: "a key whose answer is lost", given: func(f *fixture, task *rotator.Task) {
			task.Policy.UnmanagedKeys = rotation.DeleteUnused
			record := *task.Record.Policy
			record.UnmanagedKeys = rotation.DeleteUnused
			task.Record.Policy = &record
			f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
		}},
		{name: "a key that is not proved", given: func(f *fixture, task *rotator.Task) {
			task.WaitUntilUsable = false
			f.deny("GetUser")
			f.before("DeleteAccessKey", 1, func() {
				f.sim.SetReadLag(30*time.Second, 1)
				f.before("ListAccessKeys", 2, func() { f.sim.SetReadLag(0, 1) })
			})
		}},
		{name: "a key for which another makes room", given: func(f *fixture, task *rotator.Task) {
			task.Policy.UnmanagedKeys = rotation.DeleteUnused
			policy := task.Policy
			task.Record.Policy = &policy
			task.Planned = append([]rotation.Step{{Kind: rotation.DeleteUnmanaged, Key: f.newKey("X")}}, task.Planned...)
		}},
		{name: "a key that is created beside the one that makes room", given: func(f *fixture, task *rotator.Task) {
			task.Policy.UnmanagedKeys = rotation.DeleteUnused
			policy := task.Policy
			task.Record.Policy = &policy
			task.Planned = append([]rotation.Step{{Kind: rotation.DeleteUnmanaged, Key: f.newKey("X")}}, task.Planned...)
			f.before("CreateAccessKey", 1, func() { f.sim.DeleteAccessKey(task.Record.Current.ID) })
		}},
		{name: "a key that can't be sealed", given: withSealer(func(s *fakeSealer) { s.failSeal = errSealer })},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			panics := map[string]int{}
			for look := 1; ; look++ {
				f := newFixture(t)
				task := rotating(c.given)(f)
				reached, outcome := f.updateWithPanic(task, look)
				panics[outcome]++
				if !reached {
					break
				}
			}
			if panics["saved"] == 0 && c.name != "a key that can't be sealed" {
				t.Errorf("no panic met a saved key: %v", panics)
			}
			if panics["named"]+panics["withdrawn"] == 0 {
				t.Errorf("no panic met a key that is not saved: %v", panics)
			}
		})
	}
}

// updateWithPanic runs an Update whose clock panics at a look, and reports whether it came that far, and what became of
// the new key.
func (f *fixture) updateWithPanic(task rotator.Task, look int) (reached bool, outcome string) {
	f.Helper()
	before := f.inIAM("ci")
	f.clock.mu.Lock()
	f.clock.looks, f.clock.panicAt = 0, look
	f.clock.mu.Unlock()
	var report rotator.Report
	var recovered any
	func() {
		defer func() { recovered = recover() }()
		report = f.update(task)
	}()
	failure, panicked := errors.AsType[*rotator.PanicError](report.Err)
	switch {
	case recovered != nil:
		// Before the first change nobody recovers: the framework does.
		cause, _ := recovered.(error)
		if f.inIAM("ci") != before || !errors.Is(cause, errPanic) {
			f.Errorf("look %d: recovered %T with the keys %s", look, recovered, f.inIAM("ci"))
		}
		return true, "before"
	case panicked:
		f.equal("type", failure.Type, "*errors.errorString")
		f.equal("text", failure.Error(), "panic: *errors.errorString")
		if !strings.Contains(failure.Stack, "simClock") {
			f.Errorf("look %d: the stack does not name the clock: %s", look, failure.Stack)
		}
	}
	saved := f.saved().Record.Current.ID
	if len(f.saves) > 0 && !slices.ContainsFunc(f.sim.Keys("ci"), func(k iamsim.Key) bool { return k.ID == saved }) {
		f.Errorf("look %d: the current key of the state, %s, does not exist: %s", look, f.name(saved), f.describeError(report.Err))
	}
	known := f.savedKeys()
	for _, k := range f.sim.Keys("ci") {
		switch id := k.ID; {
		case id == task.Record.Current.ID:
		case f.name(id) == "X":
		case known[id]:
			outcome = "saved"
		case panicked && strings.Contains(f.describeError(failure), f.name(id)):
			outcome = "named"
		default:
			f.Errorf("look %d: key %s is neither saved nor named: %s", look, f.name(id), f.describeError(report.Err))
		}
	}
	if outcome == "" {
		outcome = "none"
		if panicked && failure.Withdrawal != nil {
			outcome = "withdrawn"
		}
	}
	return panicked, outcome
}

// savedKeys are the new keys whose secret is in the state that was saved last.
func (f *fixture) savedKeys() map[string]bool {
	keys := map[string]bool{}
	saved := f.saved()
	if c := saved.Created; c != nil {
		id := saved.Record.Current.ID
		keys[id] = c.Sealed == "sealed "+id || c.Secret.Reveal() == f.sim.Secret(id).Reveal()
	}
	return keys
}

// TestUpdate_panicPlaces has panics at chosen places, and what the report says of each.
func TestUpdate_panicPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// given makes the Update panic.
		given     func(f *fixture, task *rotator.Task)
		err       string
		saved     string
		iam, ends string
	}{
		{
			name:  "while the answer to the creation is read",
			given: func(f *fixture, _ *rotator.Task) { f.before("CreateAccessKey", 1, f.clock.panicNext) },
			err:   "PanicError{*errors.errorString lost[unused new 1]}",
			saved: unsaved,
			iam:   "C Active, new 1 Active",
			ends:  "C Active | changed now",
		},
		{
			name: "while the secret is sealed",
			given: func(f *fixture, task *rotator.Task) {
				task.Sealer = f.sealer
				f.sealer.onSeal = func() { panic(fmt.Sprint("secret ", f.sim.Secret(f.sim.Keys("ci")[1].ID).Reveal())) }
			},
			err:   "PanicError{string new 1 deleted}",
			saved: unsaved,
			iam:   "C Active",
			ends:  "C Active | changed now, removed new 1",
		},
		{
			name: "while the secret is sealed, and the key can't be deleted",
			given: func(f *fixture, task *rotator.Task) {
				task.Sealer = f.sealer
				f.sealer.onSeal = func() { panic("no more") }
				f.deny("DeleteAccessKey")
			},
			err:   "PanicError{string new 1 not deleted (DeleteAccessKey AccessDenied)}",
			saved: unsaved,
			iam:   "C Active, new 1 Active",
			ends:  "C Active | changed now",
		},
		{
			name:  "while the key is proved",
			given: func(f *fixture, _ *rotator.Task) { f.before("GetCallerIdentity", 1, f.clock.panicNext) },
			err:   "PanicError{*errors.errorString}",
			saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured",
			iam:   "C Active, new 1 Active",
			ends:  "C Active | changed now",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			report := f.update(rotating(c.given)(f))
			f.reported(report, c.err, "")
			f.savedLast(c.saved)
			f.equal("IAM", f.inIAM("ci"), c.iam)
			f.equal("evidence", f.describeEvidence(report.Evidence), c.ends)
		})
	}
}
