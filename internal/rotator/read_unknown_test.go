package rotator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestRead_anotherName shows that a Read under a name that is not the recorded one, and is not that of the recorded user, concludes
// nothing either.
func TestRead_anotherName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, outcome string
		given         func(f *fixture)
	}{
		{name: "nobody has it", outcome: "new user missing", given: func(*fixture) {}},
		{
			name: "another user has it", outcome: "new user is another one", given: func(f *fixture) {
				f.sim.CreateUser("deploy")
				f.newKeyOf("deploy", "X")
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.single(90 * day)
			seen := f.observe(record, standard())
			c.given(f)
			subject := f.subject(record)
			subject.User = "deploy"
			f.sim.ResetLog()
			reading, err := f.client.Read(f.ctx(), subject, record, rotator.Evidence{Seen: seen, Blocked: rotation.CausePaused})
			f.fatal(err)
			f.equal("reading", f.describeReading(reading), c.outcome+" | C Active")
			if i := slices.IndexFunc(f.calls(), func(call string) bool { return call != "ListAccessKeys deploy" }); i >= 0 {
				t.Errorf("%s was called", f.calls()[i])
			}
		})
	}
}

// TestRead_keepsSignedAt shows that the time of a call that the current key signed stays in the evidence.
func TestRead_keepsSignedAt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	subject := f.subject(record)
	withSecret(f, &subject)
	f.sim.RenameUser("ci", "deploy")
	f.deny("GetAccessKeyLastUsed")
	f.began = f.sim.Now()
	first, err := f.client.Read(f.ctx(), subject, record, rotator.Evidence{})
	f.fatal(err)
	f.equal("outcome", first.Location.Outcome.String(), "user renamed")
	f.equal("evidence", f.describeEvidence(&first.Evidence), "C Active, step record_renamed, signed now")

	record.User, subject.User, subject.RecordedUser = "deploy", "deploy", "deploy"
	f.sim.Advance(day)
	second, err := f.client.Read(f.ctx(), subject, record, first.Evidence)
	f.fatal(err)
	f.equal("evidence", f.describeEvidence(&second.Evidence), "C Active, signed now")
}

// TestRead_staleList is about lists that name a key which was deleted a moment ago, for longer than they are repeated.
func TestRead_staleList(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// change deletes a key, by an apply of ours, whose evidence it returns, or by hand.
		change func(f *fixture, record rotation.Record) rotator.Evidence
		want   string
	}{
		{
			name: "previous, by us",
			change: func(f *fixture, record rotation.Record) rotator.Evidence {
				f.sim.DeleteAccessKey(record.Previous.ID)
				return rotator.Evidence{ChangedAt: f.sim.Now(), Removed: []string{record.Previous.ID}}
			},
			want: "current listed | C Active | step record_deleted P",
		},
		{
			name: "previous, by hand",
			change: func(f *fixture, record rotation.Record) rotator.Evidence {
				f.sim.DeleteAccessKey(record.Previous.ID)
				return rotator.Evidence{}
			},
			want: "current listed | P Active, C Active | retirement blocked unknown_use" +
				" | LastUseUnknown{P}: GetAccessKeyLastUsed AccessDenied",
		},
		{
			name: "previous, by hand, and the next list shows it",
			change: func(f *fixture, record rotation.Record) rotator.Evidence {
				f.sim.DeleteAccessKey(record.Previous.ID)
				f.before("ListAccessKeys", 2, func() { f.sim.SetReadLag(0, 1) })
				return rotator.Evidence{}
			},
			want: "current listed | C Active | step record_deleted P",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.pair(8 * day)
			subject := f.subject(record)
			f.began = f.sim.Now()
			f.sim.SetReadLag(time.Minute, 1)
			known := c.change(f, record)
			reading, err := f.client.Read(f.ctx(), subject, record, known)
			f.fatal(err)
			f.equal("reading", f.describeReading(reading), c.want)
		})
	}
}

// TestRead_unknownUse shows that an orphan is not told from a key that somebody uses without its last use.
func TestRead_unknownUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	f.newKey("X")
	f.deny("GetAccessKeyLastUsed")
	reading, err := f.client.Read(f.ctx(), f.subject(record), record, rotator.Evidence{})
	f.fatal(err)
	f.equal("reading", f.describeReading(reading),
		"current listed | C Active, X Active | LastUseUnknown{X}: GetAccessKeyLastUsed AccessDenied")
}

// TestRead_youngPreviousUnlisted has AWS deny the last use of a previous key that is a minute old, and the list that follows lack it. That
// list is a stale read: a key that an apply has left a moment ago is not gone.
func TestRead_youngPreviousUnlisted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		ago  time.Duration
		// deleted reports that somebody deletes the key, and that nothing is denied or stale.
		deleted bool
		want    string
	}{
		{
			"after the apply", time.Minute, false,
			"current listed | P Active, C Active | retirement blocked unknown_use | LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
		},
		{
			"five minutes later", 5 * time.Minute, false,
			"current listed | C Active | step record_deleted P | LastUseUnknown{C}: GetAccessKeyLastUsed AccessDenied",
		},
		{"deleted", time.Minute, true, "current listed | C Active | step record_deleted P"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.began = f.sim.Now()
			policy := standard()
			policy.Overlap = 0
			record := rotation.Record{Policy: &policy, User: "ci"}
			p := f.newKey("P")
			record.Previous = &rotation.Previous{ID: p, CreatedAt: f.sim.Now()}
			record.Current = rotation.Current{ID: f.newKey("C"), CreatedAt: f.sim.Now()}
			record.Previous.ReplacedAt = f.sim.Now()
			seen := f.observe(record, policy)
			known := rotator.Evidence{Seen: seen, ChangedAt: f.sim.Now()}
			f.sim.Advance(c.ago)
			if c.deleted {
				f.sim.DeleteAccessKey(p)
			} else {
				f.deny("GetAccessKeyLastUsed")
				f.before("ListAccessKeys", 2, func() { f.sim.SetReadLag(f.sim.Now().Sub(start), 1) })
			}
			reading, err := f.client.Read(f.ctx(), f.subject(record), record, known)
			f.fatal(err)
			f.equal("reading", f.describeReading(reading), c.want)
		})
	}
}
