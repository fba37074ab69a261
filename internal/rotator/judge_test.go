package rotator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// describeJudgement is what an edit asks for.
func (f *fixture) describeJudgement(j rotator.Judgement) string {
	var parts []string
	for _, s := range j.Steps {
		part := string(s.Kind) + " " + f.name(s.Key)
		if s.Kind == rotation.RecordRequest {
			part += " [" + string(s.Request) + "]"
		}
		parts = append(parts, part)
	}
	obstacle := func(what string, o rotation.Obstacle) {
		parts = append(parts, what+" "+string(o.Cause)+" "+f.name(o.Key))
	}
	if j.Refused != nil {
		obstacle("refused", *j.Refused)
	}
	for _, o := range j.Waiting {
		obstacle("waiting", o)
	}
	if j.Pending != nil {
		obstacle("pending", *j.Pending)
	}
	if j.RotationUnblocked {
		parts = append(parts, "rotation unblocked")
	}
	if j.RetirementUnblocked {
		parts = append(parts, "retirement unblocked")
	}
	if !j.DueSince.IsZero() {
		parts = append(parts, "due since "+f.since(j.DueSince))
	}
	return strings.Join(parts, ", ")
}

// judgeCase is an edit of the policy, after a Read by the recorded one.
type judgeCase struct {
	name  string
	given func(f *fixture) rotation.Record
	edit  func(policy *rotation.Policy)
	// later is what happens between the Read and the plan.
	later func(f *fixture)
	want  string
	calls []string
}

func (c judgeCase) run(t *testing.T) {
	t.Helper()
	f := newFixture(t)
	record := c.given(f)
	f.began = f.sim.Now()
	reading, err := f.client.Read(f.ctx(), f.subject(record), record, rotator.Evidence{})
	f.fatal(err)
	if c.later != nil {
		c.later(f)
	}
	policy := record.LastPolicy()
	c.edit(&policy)
	f.sim.ResetLog()
	f.equal("judgement", f.describeJudgement(f.client.Judge(f.ctx(), "ci", policy, record, reading.Evidence)), c.want)
	f.calledExactly(c.calls...)
}

func askQuarter(p *rotation.Policy) { p.RotateWhenChanged = map[string]string{"quarter": "1"} }

// TestJudge_requests judges requests by the evidence of the Read. Only a revoke needs AWS's time.
func TestJudge_requests(t *testing.T) {
	t.Parallel()
	revoke := func(p *rotation.Policy) { p.RevokeWhenChanged = map[string]string{"incident": "1"} }
	const list = "ListAccessKeys ci"
	for _, c := range []judgeCase{
		{
			name:  "nothing is edited",
			given: func(f *fixture) rotation.Record { return f.single(day) },
			edit:  func(*rotation.Policy) {},
		},
		{
			name:  "a rotation with a free slot",
			given: func(f *fixture) rotation.Record { return f.single(day) },
			edit:  askQuarter, want: "rotate C",
		},
		{
			name:  "a rotation within the overlap",
			given: func(f *fixture) rotation.Record { return f.pair(7*day - time.Minute) },
			edit:  askQuarter, want: `record_request C [rotate_when_changed["quarter"]], pending overlap P`,
		},
		{
			// The plan is made again at apply, and must be the same.
			name:  "a rotation within the overlap, which ends after the Read",
			given: func(f *fixture) rotation.Record { return f.pair(7*day - time.Minute) },
			later: func(f *fixture) { f.sim.Advance(2 * time.Minute) },
			edit:  askQuarter, want: `record_request C [rotate_when_changed["quarter"]], pending overlap P`,
		},
		{
			name:  "a rotation after the overlap",
			given: func(f *fixture) rotation.Record { return f.pair(7 * day) },
			edit:  askQuarter, want: "delete_previous P, rotate C",
		},
		{
			name:  "a rotation after the overlap, together with a hold",
			given: func(f *fixture) rotation.Record { return f.pair(7 * day) },
			edit: func(p *rotation.Policy) {
				askQuarter(p)
				p.HoldPrevious = true
			},
			want: `record_request C [rotate_when_changed["quarter"]], pending held P`,
		},
		{
			name: "a rotation while P is in use",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			},
			edit: askQuarter, want: `record_request C [rotate_when_changed["quarter"]], pending used P`,
		},
		{
			name: "a rotation while nobody has used current",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				record.Policy.WaitForHandover = true
				return record
			},
			edit: askQuarter, want: `record_request C [rotate_when_changed["quarter"]], pending handover P`,
		},
		{
			name: "a rotation beside an unmanaged key, which the same edit allows to delete",
			given: func(f *fixture) rotation.Record {
				record := f.single(day)
				f.newKey("X")
				return record
			},
			edit: func(p *rotation.Policy) {
				askQuarter(p)
				p.UnmanagedKeys = rotation.DeleteUnused
			},
			want: "delete_unmanaged X, rotate C",
		},
		{
			name: "other recipients within the overlap",
			given: func(f *fixture) rotation.Record {
				record := f.pair(day)
				record.Policy.Recipients = "age1"
				record.Current.Sealed, record.Current.SealedTo = true, "age1"
				return record
			},
			edit: func(p *rotation.Policy) { p.Recipients = "age2" },
			want: "record_request C [encrypted_output], pending overlap P",
		},
		{
			name: "a pending request is withdrawn",
			given: func(f *fixture) rotation.Record {
				record := f.pair(day)
				askQuarter(record.Policy)
				record.Request = `rotate_when_changed["quarter"]`
				return record
			},
			edit: func(p *rotation.Policy) { p.RotateWhenChanged = nil },
			want: "record_request C []",
		},
		{
			name:  "a revoke",
			given: func(f *fixture) rotation.Record { return f.single(day) },
			edit:  revoke, want: "rotate C, deactivate C", calls: []string{list, "GetAccessKeyLastUsed C"},
		},
		{
			name: "a revoke of the key that signs",
			given: func(f *fixture) rotation.Record {
				record := f.single(day)
				id := record.Current.ID
				f.client = f.clientAs(iamsim.Credentials{AccessKeyID: id, Secret: f.sim.Secret(id)})
				return record
			},
			edit: revoke, want: "refused signer C", calls: []string{list},
		},
		{
			name: "a rollback of a key that somebody else deactivated",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				f.deactivate(record.Previous.ID)
				record.Previous.DeactivatedAt = f.sim.Now()
				return record
			},
			edit: func(p *rotation.Policy) { p.HoldPrevious = true },
			want: "waiting not_ours P",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestJudge_unblocks shows what an edit makes possible that the plan of the edit does not do yet.
func TestJudge_unblocks(t *testing.T) {
	t.Parallel()
	for _, c := range []judgeCase{
		{
			name: "no pause any more",
			given: func(f *fixture) rotation.Record {
				record := f.single(90 * day)
				record.Policy.Paused = true
				return record
			},
			edit: func(p *rotation.Policy) { p.Paused = false },
			want: "rotation unblocked",
		},
		{
			name: "no pause any more, for both",
			given: func(f *fixture) rotation.Record {
				record := f.pair(90 * day)
				record.Policy.Paused = true
				return record
			},
			edit: func(p *rotation.Policy) { p.Paused = false },
			want: "rotation unblocked, retirement unblocked",
		},
		{
			name: "a use that does not count any more",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			},
			edit: func(p *rotation.Policy) { p.RequireUnusedFor = 0 },
			want: "retirement unblocked",
		},
		{
			name: "no handover any more",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				record.Policy.WaitForHandover = true
				return record
			},
			edit: func(p *rotation.Policy) { p.WaitForHandover = false },
			want: "retirement unblocked",
		},
		{
			name: "an edit of something else",
			given: func(f *fixture) rotation.Record {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				return record
			},
			edit: func(p *rotation.Policy) { p.UnmanagedKeys = rotation.RetireUnmanaged },
		},
		{
			// There is no policy to compare with.
			name: "the first apply after an import",
			given: func(f *fixture) rotation.Record {
				record := f.single(90 * day)
				record.Policy = nil
				return record
			},
			edit: func(p *rotation.Policy) { *p = standard() },
			want: "due since now",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestJudge_dueSince is about keys that are too old for an edited interval. With the standard policy and applies once a day, max_age =
// "40d" rotates at an age of 40 - 7 - 1 - 3 = 29 days.
func TestJudge_dueSince(t *testing.T) {
	t.Parallel()
	single := func(age time.Duration) func(*fixture) rotation.Record {
		return func(f *fixture) rotation.Record {
			record := f.single(age)
			record.Policy.RotateAfter, record.Policy.MaxAge, record.Policy.ApplyEvery = 0, 60*day, day
			return record
		}
	}
	maxAge := func(d time.Duration) func(*rotation.Policy) {
		return func(p *rotation.Policy) { p.MaxAge = d }
	}
	for _, c := range []judgeCase{
		{name: "a second before", given: single(29*day - time.Second), edit: maxAge(40 * day)},
		{name: "at once", given: single(29 * day), edit: maxAge(40 * day), want: "due since now"},
		{name: "days after", given: single(31 * day), edit: maxAge(40 * day), want: "due since -2d"},
		{name: "due before the edit, too", given: single(50 * day), edit: func(p *rotation.Policy) { p.Grace = 0 }, want: ""},
		{
			// AWS's time is not known, as in the plan that is made again at apply.
			name: "in a process without an answer of AWS", given: single(31 * day), edit: maxAge(40 * day),
			later: (*fixture).newClient,
		},
		{
			name: "current is not listed",
			given: func(f *fixture) rotation.Record {
				record := single(31 * day)(f)
				f.sim.DeleteAccessKey(record.Current.ID)
				return record
			},
			edit: maxAge(40 * day),
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}
