package rotator_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestRead_calls counts the calls of a plan, which every user of a fleet costs at each of its plans.
func TestRead_calls(t *testing.T) {
	t.Parallel()
	inactive := func(ago time.Duration) func(f *fixture) rotation.Record {
		return func(f *fixture) rotation.Record {
			record := f.pair(20 * day)
			f.deactivate(record.Previous.ID)
			record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now().Add(-ago), true
			return record
		}
	}
	for _, c := range []struct {
		name  string
		given func(f *fixture) rotation.Record
		want  int
	}{
		{name: "current alone", given: func(f *fixture) rotation.Record { return f.single(day) }, want: 1},
		{name: "a rotation is due", given: func(f *fixture) rotation.Record { return f.single(90 * day) }, want: 1},
		{
			name: "current alone, whose user was found under another name",
			given: func(f *fixture) rotation.Record {
				record := f.single(day)
				record.User = "deploy"
				f.sim.RenameUser("ci", "deploy")
				return record
			},
			want: 2,
		},
		{name: "within the overlap", given: func(f *fixture) rotation.Record { return f.pair(day) }, want: 3},
		{name: "after the overlap", given: func(f *fixture) rotation.Record { return f.pair(8 * day) }, want: 3},
		{name: "within the grace", given: inactive(7*day - time.Second), want: 1},
		{name: "after the grace", given: inactive(7 * day), want: 2},
		{
			name: "an unmanaged key",
			given: func(f *fixture) rotation.Record {
				record := f.single(day)
				f.newKey("X")
				return record
			},
			want: 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := c.given(f)
			user, _ := f.sim.User(record.User)
			subject := f.subject(record)
			subject.User, subject.RecordedUser, subject.UniqueID = record.User, record.User, user.ID
			subject.Followed = record.User != "ci"
			f.sim.ResetLog()
			_, err := f.client.Read(f.ctx(), subject, record, rotator.Evidence{})
			f.fatal(err)
			if got := f.calls(); len(got) != c.want {
				t.Errorf("%d calls, want %d: %s", len(got), c.want, strings.Join(got, ", "))
			}
		})
	}
}

// TestUpdate_calls counts the calls of rotations. One that makes room costs one more than the two that its deletion and its creation
// need: the creation that asks whether there is room.
func TestUpdate_calls(t *testing.T) {
	t.Parallel()
	const rotation4 = "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci"
	for _, c := range []struct {
		name  string
		given func(f *fixture) rotator.Task
		want  string
	}{
		{name: "a free slot", given: rotating(), want: rotation4},
		{
			name: "an unmanaged key makes room",
			given: func(f *fixture) rotator.Task {
				task, _ := f.unmanagedTask()
				return task
			},
			want: "ListAccessKeys ci, GetAccessKeyLastUsed X, CreateAccessKey ci, DeleteAccessKey X, CreateAccessKey ci, " +
				"GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name: "an Inactive previous makes room",
			given: func(f *fixture) rotator.Task {
				record := f.pair(8 * day)
				f.deactivate(record.Previous.ID)
				record.Previous.DeactivatedAt = f.sim.Now()
				return f.requestTask(record, rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID})
			},
			want: "ListAccessKeys ci, CreateAccessKey ci, DeleteAccessKey P, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			// The plan has seen that somebody used current. Nothing takes that back, not even a later call of ours.
			name: "an Active previous makes room after the handover",
			given: func(f *fixture) rotator.Task {
				record := f.pair(8 * day)
				f.use(record.Current.ID)
				task := f.requestTask(record, rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID})
				f.sim.SetLastUsed(record.Current.ID, f.sim.Now(), "sts", "us-east-1")
				task.Known.SignedAt = f.sim.Now()
				return task
			},
			want: "ListAccessKeys ci, GetAccessKeyLastUsed P, CreateAccessKey ci, DeleteAccessKey P, CreateAccessKey ci, GetCallerIdentity, " +
				"ListAccessKeys ci",
		},
		{
			// Otherwise the last use of current is asked for beside every Active previous.
			name: "an Active previous makes room",
			given: func(f *fixture) rotator.Task {
				record := f.pair(8 * day)
				return f.requestTask(record, rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID})
			},
			want: "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, CreateAccessKey ci, DeleteAccessKey P, " +
				"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.reported(f.update(c.given(f)), "", "")
			f.equal("calls", strings.Join(f.calls(), ", "), c.want)
		})
	}
}

// requestTask rotates the current key of a record by request, after a deletion.
func (f *fixture) requestTask(record rotation.Record, deletion rotation.Step) rotator.Task {
	f.Helper()
	policy := standard()
	policy.RotateWhenChanged = map[string]string{"quarter": "1"}
	return f.task(record, policy, deletion,
		rotation.Step{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonChanged})
}

// TestUpdate_evidence shows what an Update leaves for the next plan: the same as a Read right after it.
func TestUpdate_evidence(t *testing.T) {
	t.Parallel()
	quarter := func(p *rotation.Policy) { p.RotateWhenChanged = map[string]string{"quarter": "1"} }
	sealed := func(record *rotation.Record) {
		record.Policy.Recipients = "age1"
		record.Current.Sealed, record.Current.SealedTo = true, "age1"
	}
	for _, c := range []struct {
		name  string
		given func(f *fixture) rotation.Record
		edit  func(*rotation.Policy)
		// steps are those of the plan.
		steps func(record rotation.Record) []rotation.Step
		want  string
		// read is what the Read finds, where that is more: it asks for the last use of the key that was replaced.
		read string
	}{
		{
			name:  "a pending request",
			given: func(f *fixture) rotation.Record { return f.pair(day) },
			edit:  quarter,
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.RecordRequest, Key: r.Current.ID, Request: `rotate_when_changed["quarter"]`}}
			},
			want: "blocked overlap, room overlap P",
		},
		{
			name: "a pending request behind a key in use",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			},
			edit: quarter,
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.RecordRequest, Key: r.Current.ID, Request: `rotate_when_changed["quarter"]`}}
			},
			want: "blocked used, retirement blocked used, room used P",
		},
		{
			name: "a pending request for other recipients",
			given: func(f *fixture) rotation.Record {
				record := f.pair(day)
				sealed(&record)
				return record
			},
			edit: func(p *rotation.Policy) { p.Recipients = "age2" },
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.RecordRequest, Key: r.Current.ID, Request: "encrypted_output"}}
			},
			want: "blocked overlap, sealed to age1, room overlap P",
		},
		{
			name: "a request for other recipients that is withdrawn",
			given: func(f *fixture) rotation.Record {
				record := f.pair(day)
				sealed(&record)
				record.Policy.Recipients, record.Request = "age2", "encrypted_output"
				return record
			},
			edit: func(p *rotation.Policy) { p.Recipients = "age1" },
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.RecordRequest, Key: r.Current.ID}}
			},
			want: "room overlap P",
		},
		{
			name:  "a deactivation",
			given: func(f *fixture) rotation.Record { return f.pair(8 * day) },
			edit:  func(*rotation.Policy) {},
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.Deactivate, Key: r.Previous.ID}}
			},
			want: "room delete_previous P",
		},
		{
			name:  "a rotation",
			given: func(f *fixture) rotation.Record { return f.single(90 * day) },
			edit:  func(*rotation.Policy) {},
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.Rotate, Key: r.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge}}
			},
			want: "room overlap C",
		},
		{
			name: "a rotation without an overlap",
			given: func(f *fixture) rotation.Record {
				record := f.single(90 * day)
				record.Policy.Overlap, record.Policy.WaitForHandover = 0, true
				return record
			},
			edit: func(*rotation.Policy) {},
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.Rotate, Key: r.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge}}
			},
			want: "retirement blocked handover, room unknown_use C",
			read: "retirement blocked handover, room handover C",
		},
		{
			name: "a rotation without an overlap, and the handover does not count",
			given: func(f *fixture) rotation.Record {
				record := f.single(90 * day)
				record.Policy.Overlap = 0
				return record
			},
			edit: func(*rotation.Policy) {},
			steps: func(r rotation.Record) []rotation.Step {
				return []rotation.Step{{Kind: rotation.Rotate, Key: r.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge}}
			},
			want: "room unknown_use C",
			read: "step deactivate, room delete_previous C",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := c.given(f)
			// Time goes on between the date of a new key and the end of the apply.
			f.onSave = func(rotator.State) { f.sim.Advance(time.Second) }
			policy := *record.Policy
			c.edit(&policy)
			task := f.task(record, policy, c.steps(record)...)
			report := f.update(task)
			f.reported(report, "", "")
			f.equal("evidence", f.describeFindings(*report.Evidence), c.want)

			record = f.saved().Record
			record.Policy = &policy
			reading, err := f.client.Read(f.ctx(), f.subject(record), record, *report.Evidence)
			f.fatal(err)
			f.equal("evidence of a Read", f.describeFindings(reading.Evidence), cmp.Or(c.read, c.want))
		})
	}
}

// describeFindings is what an Evidence says besides the keys.
func (f *fixture) describeFindings(e rotator.Evidence) string {
	var parts []string
	for _, step := range e.Steps {
		parts = append(parts, "step "+string(step.Kind))
	}
	if e.Blocked != "" {
		parts = append(parts, "blocked "+string(e.Blocked))
	}
	if e.RetirementBlocked != "" {
		parts = append(parts, "retirement blocked "+string(e.RetirementBlocked))
	}
	if e.SealedTo != "" {
		parts = append(parts, "sealed to "+e.SealedTo)
	}
	return strings.Join(append(parts, "room "+f.describeRoom(e.Room)), ", ")
}

// TestUpdate_callsOfEditedGrace asks for the last uses that the recorded grace needs, as the plan did: an edited one counts from the
// next plan on.
func TestUpdate_callsOfEditedGrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(20 * day)
	f.deactivate(record.Previous.ID)
	record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now().Add(-3*day), true
	policy := *record.Policy
	policy.Grace, policy.RotateWhenChanged = 0, map[string]string{"release": "1"}
	known := f.readKnown(record, rotator.Evidence{}).Evidence
	judged := f.client.Judge(f.ctx(), "ci", policy, record, known)
	f.sim.ResetLog()
	report := f.update(rotator.Task{
		User: "ci", RecordedUser: "ci", Record: record, Policy: policy, Known: known, Planned: judged.Steps, WaitUntilUsable: true,
	})
	f.equal("error", f.describeError(report.Err), "")
	f.calledExactly("ListAccessKeys ci", "CreateAccessKey ci", "DeleteAccessKey P", "CreateAccessKey ci", "GetCallerIdentity",
		"ListAccessKeys ci")
}
