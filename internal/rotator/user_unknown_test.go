package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// loseUser renames the user ci while the policy of our credentials covers the old name alone.
func (f *fixture) loseUser() {
	f.sim.RenameUser("ci", "deploy")
	f.allowOnly("ci")
}

// TestRead_unknownUser shows that a Read that proves nothing leaves all as it is and plans no step. It says what is due.
func TestRead_unknownUser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		given  func(f *fixture) rotation.Record
		signed bool
		want   string
	}{
		{
			name:  "nothing is due",
			given: func(f *fixture) rotation.Record { return f.single(day) },
			want:  "C Active | changed -1d, removed AKIAGONE, user unknown",
		},
		{
			name:  "a rotation is due",
			given: func(f *fixture) rotation.Record { return f.single(90 * day) },
			want:  "C Active | changed -1d, removed AKIAGONE, blocked unknown_user, user unknown",
		},
		{
			name:  "a rotation is due, and the key says whose it is",
			given: func(f *fixture) rotation.Record { return f.single(90 * day) }, signed: true,
			want: "C Active | changed -1d, removed AKIAGONE, blocked unknown_user, user unknown deploy, signed now",
		},
		{
			name:  "a deactivation is due",
			given: func(f *fixture) rotation.Record { return f.pair(7 * day) },
			want:  "P Active, C Active | changed -1d, removed AKIAGONE, retirement blocked unknown_user, user unknown",
		},
		{
			name: "a revoked key is Active",
			given: func(f *fixture) rotation.Record {
				record := f.pair(day)
				p := record.Previous
				p.Revoked, p.DeactivatedByUs, p.DeactivatedAt = true, true, f.sim.Now().Add(-5*time.Minute)
				return record
			},
			want: "P Active, C Active | changed -1d, removed AKIAGONE, retirement blocked unknown_user, user unknown",
		},
		{
			name: "a request is pending",
			given: func(f *fixture) rotation.Record {
				record := f.single(day)
				askQuarter(record.Policy)
				record.Request = `rotate_when_changed["quarter"]`
				return record
			},
			want: "C Active | changed -1d, removed AKIAGONE, blocked unknown_user, user unknown",
		},
		{
			name: "the first apply after an import is to come",
			given: func(f *fixture) rotation.Record {
				record := f.single(90 * day)
				record.Policy = nil
				return record
			},
			want: "C Active | changed -1d, removed AKIAGONE, user unknown",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := c.given(f)
			subject := f.subject(record)
			if c.signed {
				withSecret(f, &subject)
			}
			f.began = f.sim.Now()
			known := rotator.Evidence{
				Seen: f.observe(record, standard()), ChangedAt: f.sim.Now().Add(-day), Removed: []string{"AKIAGONE"},
				Blocked: rotation.CausePaused, RetirementBlocked: rotation.CauseHeld,
				Steps: []rotation.Step{{Kind: rotation.Rotate, Key: record.Current.ID}},
			}
			// What could be a stale read days ago is none any more.
			known.Seen.Settling = true
			// An earlier Read may have found the user under a name that no apply has recorded.
			known.Seen.User = "web"
			f.loseUser()
			reading, err := f.client.Read(f.ctx(), subject, record, known)
			f.fatal(err)
			f.equal("outcome", reading.Location.Outcome.String(), "user unknown")
			f.equal("name", reading.Evidence.Seen.User, "ci")
			f.equal("evidence", f.describeEvidence(&reading.Evidence), c.want)
			f.equal("room", f.describeRoom(reading.Evidence.Room), roomOfUnknownUser(record))
			if len(reading.Decision.Steps) > 0 || len(reading.Orphans) > 0 || reading.Unknown != nil {
				t.Errorf("something was concluded: %+v", reading)
			}
		})
	}
}

// roomOfUnknownUser is what a request would get. Before the first apply after an import there is none.
func roomOfUnknownUser(record rotation.Record) string {
	if record.Policy == nil {
		return "free"
	}
	return "unknown_user C"
}

// TestRead_findsUserAgain shows that a user who is found is unknown no more.
func TestRead_findsUserAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(90 * day)
	subject := f.subject(record)
	withSecret(f, &subject)
	known := rotator.Evidence{Seen: f.observe(record, standard())}
	f.began = f.sim.Now()
	f.loseUser()
	first, err := f.client.Read(f.ctx(), subject, record, known)
	f.fatal(err)
	f.equal("evidence", f.describeEvidence(&first.Evidence), "C Active, blocked unknown_user, user unknown deploy, signed now")
	f.sim.OnCall(nil)
	f.sim.ClearDenials()
	second, err := f.client.Read(f.ctx(), subject, record, first.Evidence)
	f.fatal(err)
	f.equal("evidence", f.describeEvidence(&second.Evidence), "C Active, step record_renamed, step rotate, signed now")
}

// recordRequest plans the recording of a request.
func recordRequest(_ *fixture, task *rotator.Task) {
	askQuarter(&task.Policy)
	task.Planned = []rotation.Step{
		{Kind: rotation.RecordRequest, Key: task.Record.Current.ID, Request: `rotate_when_changed["quarter"]`},
	}
}

// TestUpdate_unknownUser is about an apply that can't tell what became of the user. It changes nothing, and refuses every plan but that
// of a recorded request.
func TestUpdate_unknownUser(t *testing.T) {
	t.Parallel()
	lost := func(f *fixture, _ *rotator.Task) { f.loseUser() }
	rotates := func(_ *fixture, task *rotator.Task) {
		task.Planned = []rotation.Step{{Kind: rotation.Rotate, Key: task.Record.Current.ID, Reason: rotation.ReasonAge}}
	}
	secretKnown := func(f *fixture, task *rotator.Task) {
		id := task.Record.Current.ID
		task.Secrets = map[string]secret.Secret{id: f.sim.Secret(id)}
	}
	wasUnknown := func(_ *fixture, task *rotator.Task) { task.Known.Seen.UserUnknown, task.Known.Owner = true, "web" }
	const (
		asked   = "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, ListUsers"
		signed  = "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, GetCallerIdentity, ListAccessKeys deploy"
		pending = `current C, asked by rotate_when_changed["quarter"] | C Active | configured, done`
	)
	runApplyCases(t, []applyCase{
		{
			name:     "renamed under a policy for the old name",
			update:   steady(lost, rotates),
			err:      "UserChangedError{user unknown C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
			calls:    asked,
		},
		{
			name:     "renamed under a policy for the old name, and the key says so",
			update:   steady(lost, rotates, secretKnown),
			err:      "UserChangedError{user unknown C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "C Active, signed now",
			calls:    signed,
		},
		{
			name:     "a request",
			update:   steady(lost, recordRequest, wasUnknown),
			saved:    pending,
			iam:      "C Active",
			evidence: "C Active | changed now, blocked unknown_user, user unknown",
			calls:    asked,
		},
		{
			name:     "a request, and the user was known when it was planned",
			update:   steady(lost, recordRequest),
			saved:    pending,
			iam:      "C Active",
			evidence: "C Active | changed now, blocked unknown_user, user unknown",
			calls:    asked,
		},
		{
			name:     "a request, and the key says whose it is",
			update:   steady(lost, recordRequest, wasUnknown, secretKnown),
			saved:    pending,
			iam:      "C Active",
			evidence: "C Active | changed now, blocked unknown_user, user unknown deploy, signed now",
			calls:    signed,
		},
		{
			name: "a request beside another recording",
			update: steady(lost, recordRequest, func(_ *fixture, task *rotator.Task) {
				other := rotation.Step{Kind: rotation.RecordCurrentInactive, Key: task.Record.Current.ID}
				task.Planned = append([]rotation.Step{other}, task.Planned...)
			}),
			err:      "UserChangedError{user unknown C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
			calls:    asked,
		},
		{
			name:     "a request, and the user is found under its name",
			update:   steady(recordRequest, wasUnknown),
			saved:    pending,
			iam:      "C Active",
			evidence: "C Active | changed now",
			calls:    "ListAccessKeys ci",
		},
		{
			name: "a request, and the user is found under another name",
			update: steady(recordRequest, wasUnknown, func(f *fixture, _ *rotator.Task) {
				f.sim.RenameUser("ci", "deploy")
			}),
			err:      "UserChangedError{user renamed C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser deploy, ListAccessKeys deploy",
		},
		{
			name: "an edit without a step",
			update: steady(lost, wasUnknown, func(_ *fixture, task *rotator.Task) {
				task.Policy.Overlap = 3 * day
			}),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active, user unknown web",
		},
	})
}

// TestJudge_unknownUser judges edits while nothing proves what became of the user.
func TestJudge_unknownUser(t *testing.T) {
	t.Parallel()
	single := func(f *fixture) rotation.Record { return f.single(day) }
	for _, c := range []struct {
		name  string
		given func(f *fixture) rotation.Record
		edit  func(policy *rotation.Policy)
		want  string
		calls []string
	}{
		{
			name: "a rotation", given: single, edit: askQuarter,
			want: `record_request C [rotate_when_changed["quarter"]], pending unknown_user C`,
		},
		{
			name: "a rotation that P could make room for", given: (*fixture).retired, edit: askQuarter,
			want: `record_request C [rotate_when_changed["quarter"]], pending unknown_user C`,
		},
		{
			name: "a revoke", given: single,
			edit: func(p *rotation.Policy) { p.RevokeWhenChanged = map[string]string{"incident": "1"} },
			want: "refused unknown_user C", calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "a rollback", given: (*fixture).retired, edit: func(p *rotation.Policy) { p.HoldPrevious = true },
			want: "waiting unknown_user P",
		},
		{
			// No next plan rotates it.
			name: "an interval by which C is due", given: single, edit: func(p *rotation.Policy) { p.RotateAfter = time.Hour },
		},
		{
			name: "an edit of something else", given: (*fixture).retired, edit: func(p *rotation.Policy) { p.WaitForHandover = true },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := c.given(f)
			subject, known := f.subject(record), rotator.Evidence{Seen: f.observe(record, standard())}
			f.loseUser()
			reading, err := f.client.Read(f.ctx(), subject, record, known)
			f.fatal(err)
			policy := record.LastPolicy()
			c.edit(&policy)
			f.sim.ResetLog()
			f.equal("judgement", f.describeJudgement(f.client.Judge(f.ctx(), "ci", policy, record, reading.Evidence)), c.want)
			f.calledExactly(c.calls...)
		})
	}
}
