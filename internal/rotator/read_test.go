package rotator_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// describeReading is what a Read found out.
func (f *fixture) describeReading(r rotator.Reading) string {
	if r.Location.Outcome == rotator.UserGone {
		return r.Location.Outcome.String()
	}
	parts := []string{r.Location.Outcome.String(), f.describeKeys(r.Evidence.Seen.Keys)}
	if r.Evidence.Seen.Recreated {
		parts = append(parts, "recreated")
	}
	for _, s := range r.Evidence.Steps {
		parts = append(parts, strings.TrimSpace("step "+string(s.Kind)+" "+f.name(s.Key)))
	}
	if r.Evidence.Blocked != "" {
		parts = append(parts, "blocked "+string(r.Evidence.Blocked))
	}
	if r.Evidence.RetirementBlocked != "" {
		parts = append(parts, "retirement blocked "+string(r.Evidence.RetirementBlocked))
	}
	for _, k := range r.Orphans {
		parts = append(parts, "orphan "+f.name(k.ID))
	}
	if r.Unknown != nil {
		parts = append(parts, f.describeUnknown(r.Unknown))
	}
	return strings.TrimSpace(strings.Join(parts, " | "))
}

// readCase is a state of IAM, and what a Read makes of it.
type readCase struct {
	name string
	// given returns the record, after changes to the subject.
	given func(f *fixture, s *rotator.Subject) rotation.Record
	// signed reports that current has signed a call now that asked whose it is.
	signed    bool
	want, err string
	calls     []string
}

func (c readCase) run(t *testing.T) {
	t.Helper()
	f := newFixture(t)
	user, _ := f.sim.User("ci")
	subject := rotator.Subject{User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID}
	record := c.given(f, &subject)
	subject.Current = record.Current
	f.began = f.sim.Now()
	f.sim.ResetLog()
	known := rotator.Evidence{ChangedAt: start, Removed: []string{"AKIAGONE"}, Blocked: rotation.CauseYoung}
	if c.signed {
		known.SignedAt = f.sim.Now()
	}
	reading, err := f.client.Read(f.ctx(), subject, record, known)
	f.print(err)
	if reading.Unknown != nil {
		f.print(reading.Unknown.Err)
	}
	f.equal("error", f.describeError(err), c.err)
	f.calledExactly(c.calls...)
	if err != nil {
		return
	}
	f.equal("reading", f.describeReading(reading), c.want)
	if reading.Location.Outcome == rotator.UserGone {
		if !reflect.DeepEqual(reading, rotator.Reading{Location: reading.Location}) {
			t.Errorf("more than the location is set: %+v", reading)
		}
		return
	}
	if want := (rotator.User{AccountID: accountID, UniqueID: user.ID}); reading.User != want {
		t.Errorf("got user %+v, want %+v", reading.User, want)
	}
	if e := reading.Evidence; !e.ChangedAt.Equal(start) || len(e.Removed) != 1 || e.Removed[0] != "AKIAGONE" {
		t.Errorf("the evidence forgets the last apply: %+v", e)
	}
	if current := reading.Evidence.Seen.Find(record.Current.ID); current != nil && current.LastUse != nil && !besideActive(record, reading) {
		t.Errorf("the evidence has the last use of current: %+v", current.LastUse)
	}
}

// besideActive reports whether current was seen beside an Active previous.
func besideActive(record rotation.Record, reading rotator.Reading) bool {
	if record.Previous == nil {
		return false
	}
	p := reading.Evidence.Seen.Find(record.Previous.ID)
	return p != nil && p.Status == rotation.Active
}

// underPolicy returns the record of the key C, a day old, under a policy with that value of unmanaged_keys.
func underPolicy(f *fixture, unmanaged rotation.UnmanagedKeys) rotation.Record {
	record := f.single(day)
	record.Policy.UnmanagedKeys = unmanaged
	return record
}

func TestRead_outcomes(t *testing.T) {
	t.Parallel()
	const list = "ListAccessKeys ci"
	for _, c := range []readCase{
		{
			name:  "steady",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return f.single(day) },
			want:  "current listed | C Active",
			calls: []string{list},
		},
		{
			name:  "a rotation is due",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return f.single(90 * day) },
			want:  "current listed | C Active | step rotate C",
			calls: []string{list},
		},
		{
			name: "a rotation is blocked",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.single(90 * day)
				f.newKey("X")
				return record
			},
			want:  "current listed | C Active, X Active | blocked unmanaged",
			calls: []string{list, useX},
		},
		{
			name: "previous is gone",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.pair(day)
				f.sim.DeleteAccessKey(record.Previous.ID)
				return record
			},
			want:  "current listed | C Active | step record_deleted P",
			calls: []string{list},
		},
		{
			name: "current is seen Inactive for the first time",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.single(day)
				f.deactivate(record.Current.ID)
				return record
			},
			want:  "current listed | C Inactive | step rotate C",
			calls: []string{list},
		},
		{
			name: "current was seen Inactive before",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.single(2 * day)
				f.deactivate(record.Current.ID)
				record.Current.InactiveSince = f.sim.Now().Add(-day)
				return record
			},
			want:  "current listed | C Inactive | step rotate C",
			calls: []string{list},
		},
		{
			name: "current is gone",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.single(day)
				f.sim.DeleteAccessKey(record.Current.ID)
				return record
			},
			want:  "current gone |  | step rotate",
			calls: []string{list, "GetCallerIdentity", "GetUser ci"},
		},
		{
			name: "another account",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.AccountID = "999999999999"
				return deletedUser(f)
			},
			err:   "WrongAccountError{999999999999 123456789012}",
			calls: []string{list, "GetCallerIdentity"},
		},
		{
			name:  "the user is gone",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return deletedUser(f) },
			want:  "user gone",
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name: "the user was renamed",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.pair(day)
				f.sim.RenameUser("ci", "deploy")
				return record
			},
			want:  "user renamed | P Active, C Active | step record_renamed C",
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy", useP, useC},
		},
		{
			name: "the user was created again",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := deletedUser(f)
				f.sim.CreateUser("ci")
				return record
			},
			want:  "user recreated |  | recreated | step rotate",
			calls: []string{list, "GetCallerIdentity", "GetUser ci", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name: "account and unique id unknown after an import, and no policy",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.AccountID, s.UniqueID = "", ""
				record := f.single(100 * day)
				record.Policy = nil
				f.newKey("X")
				return record
			},
			want:  "current listed | C Active, X Active",
			calls: []string{list, "GetUser ci", useX},
		},
		{
			name: "account unknown",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.AccountID = ""
				return f.single(day)
			},
			want:  "current listed | C Active",
			calls: []string{list, "GetUser ci"},
		},
		{
			name: "unique id unknown",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.UniqueID = ""
				return f.single(day)
			},
			want:  "current listed | C Active",
			calls: []string{list, "GetUser ci"},
		},
		{
			name: "account unknown, and the user was renamed",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.AccountID = ""
				record := f.single(day)
				f.sim.RenameUser("ci", "deploy")
				return record
			},
			want:  "user renamed | C Active | step record_renamed C",
			calls: []string{list, "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy", "GetUser deploy"},
		},
		{
			name: "unique id unknown, and GetUser denied",
			given: func(f *fixture, s *rotator.Subject) rotation.Record {
				s.UniqueID = ""
				f.deny("GetUser")
				return f.single(day)
			},
			err:   "ReadError{user ci}: GetUser AccessDenied",
			calls: []string{list, "GetUser ci"},
		},
		{
			name: "list denied",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				f.deny("ListAccessKeys")
				return f.single(day)
			},
			err:   "ReadError{keys ci}: ListAccessKeys AccessDenied",
			calls: []string{list, "GetAccessKeyLastUsed C"},
		},
		{
			name: "last use denied",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				f.deny("GetAccessKeyLastUsed")
				return f.pair(day)
			},
			want:  "current listed | P Active, C Active | LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			calls: []string{list, useP, useC, list},
		},
		{
			name: "last use denied after the user was renamed",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.pair(day)
				f.sim.RenameUser("ci", "deploy")
				f.before("GetAccessKeyLastUsed", 2, func() { f.deny("GetAccessKeyLastUsed") })
				return record
			},
			want: "user renamed | P Active, C Active | step record_renamed C | LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			calls: []string{
				list, "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy", useP, useC, "ListAccessKeys deploy",
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// deletedUser is the record of the key C of a user who was deleted.
func deletedUser(f *fixture) rotation.Record {
	record := f.single(day)
	f.sim.DeleteUser("ci")
	return record
}

// TestRead_orphans shows which keys beside the current one are taken for the leftovers of an interrupted apply.
func TestRead_orphans(t *testing.T) {
	t.Parallel()
	calls := []string{"ListAccessKeys ci", "GetAccessKeyLastUsed X"}
	const seen = "current listed | C Active, X Active"
	for _, c := range []readCase{
		{
			name: "never used",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.RefuseUnmanaged)
				f.newKey("X")
				return record
			},
			want: seen + " | orphan X",
		},
		{
			name: "used",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.RefuseUnmanaged)
				f.use(f.newKey("X"))
				return record
			},
			want: seen,
		},
		{
			name: "used by its proof",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.RefuseUnmanaged)
				f.sim.SetLastUsed(f.newKey("X"), f.sim.Now(), "sts", "us-east-1")
				return record
			},
			want: seen,
		},
		{
			name: "older than current",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				f.newKey("X")
				return underPolicy(f, rotation.RefuseUnmanaged)
			},
			want: "current listed | X Active, C Active",
		},
		{
			name: "deleted when its slot is needed",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.DeleteUnused)
				f.newKey("X")
				return record
			},
			want: seen,
		},
		{
			name: "adopted by the next apply",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.RetireUnmanaged)
				f.newKey("X")
				return record
			},
			want: seen + " | step adopt X",
		},
		{
			name: "in the way of a rotation",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := f.single(90 * day)
				f.newKey("X")
				return record
			},
			want: seen + " | blocked unmanaged",
		},
		{
			name: "the key that signs",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := underPolicy(f, rotation.RefuseUnmanaged)
				x := f.newKey("X")
				// IAM shows the uses that X signs with a delay.
				neverUsed := "<GetAccessKeyLastUsedResponse><GetAccessKeyLastUsedResult><UserName>ci</UserName><AccessKeyLastUsed>" +
					"</AccessKeyLastUsed></GetAccessKeyLastUsedResult></GetAccessKeyLastUsedResponse>"
				f.client = f.clientAs(iamsim.Credentials{AccessKeyID: x, Secret: f.sim.Secret(x)}, func(cfg *aws.Config) {
					cfg.HTTPClient = cannedLastUse{status: http.StatusOK, body: neverUsed}
				})
				return record
			},
			want:  seen,
			calls: []string{"ListAccessKeys ci"},
		},
	} {
		if c.calls == nil {
			c.calls = calls
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestRead_handover shows what the last use of current decides of a previous that is due for deactivation.
func TestRead_handover(t *testing.T) {
	t.Parallel()
	const (
		both  = "current listed | P Active, C Active"
		waits = both + " | retirement blocked handover"
	)
	// waiting has P wait for the handover to C, which replaced it that long ago.
	waiting := func(f *fixture, ago time.Duration) rotation.Record {
		record := f.pair(ago)
		record.Policy.WaitForHandover = true
		return record
	}
	for _, c := range []readCase{
		{
			name:  "nobody has used it",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return waiting(f, 8*day) },
			want:  waits,
		},
		{
			name:  "nobody has used it, which does not count",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return f.pair(8 * day) },
			want:  both + " | step deactivate P",
		},
		{
			name: "its proof alone has used it",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := waiting(f, 8*day)
				f.sim.SetLastUsed(record.Current.ID, record.Current.CreatedAt, "sts", "us-east-1")
				return record
			},
			want: waits,
		},
		{
			name: "a call that proved whose it is has used it",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := waiting(f, 8*day)
				f.sim.SetLastUsed(record.Current.ID, f.sim.Now(), "sts", "us-east-1")
				return record
			},
			signed: true,
			want:   waits,
		},
		{
			name: "somebody has used it",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := waiting(f, 8*day)
				f.use(record.Current.ID)
				return record
			},
			want: both + " | step deactivate P",
		},
		{
			name: "its last use can't be read",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				f.before("GetAccessKeyLastUsed", 2, func() { f.deny("GetAccessKeyLastUsed") })
				return waiting(f, 8*day)
			},
			want:  both + " | retirement blocked unknown_use | LastUseUnknown{C}: GetAccessKeyLastUsed AccessDenied",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed P", "GetAccessKeyLastUsed C", "ListAccessKeys ci"},
		},
		{
			name:  "the overlap is not over",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record { return waiting(f, 6*day) },
			want:  both,
		},
		{
			name: "a rotation follows the deactivation",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				// P was used after its overlap, so that it is deactivated before it is deleted.
				record := waiting(f, 90*day)
				record.Policy.Grace = 0
				f.sim.SetLastUsed(record.Previous.ID, f.sim.Now().Add(-2*day), "s3", "eu-west-1")
				f.use(record.Current.ID)
				return record
			},
			want: both + " | step deactivate P | step delete_previous P | step rotate C",
		},
		{
			name: "a revoked previous does not wait for anybody",
			given: func(f *fixture, _ *rotator.Subject) rotation.Record {
				record := waiting(f, 8*day)
				record.Previous.Revoked = true
				return record
			},
			want: both + " | step deactivate P | retirement blocked revoked_active",
		},
	} {
		if c.calls == nil {
			c.calls = []string{"ListAccessKeys ci", "GetAccessKeyLastUsed P", "GetAccessKeyLastUsed C"}
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestRead_listedDates takes the dates of keys from IAM and not from a state, which may have been edited.
func TestRead_listedDates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(90 * day)
	current, previous := record.Current.CreatedAt, record.Previous.CreatedAt
	edited := record
	edited.Current.CreatedAt = f.sim.Now()
	p := *record.Previous
	p.CreatedAt = f.sim.Now()
	edited.Previous = &p
	reading, err := f.client.Read(f.ctx(), f.subject(edited), edited, rotator.Evidence{})
	f.fatal(err)
	if got := reading.Record; !got.Current.CreatedAt.Equal(current) || !got.Previous.CreatedAt.Equal(previous) {
		t.Errorf("created %v and %v, want %v and %v", got.Current.CreatedAt, got.Previous.CreatedAt, current, previous)
	}
	if !edited.Previous.CreatedAt.Equal(p.CreatedAt) {
		t.Error("the record of the caller has changed")
	}
	// It is due by the listed date, and by the edited one not for a long time.
	if steps := reading.Decision.Steps; len(steps) != 2 || steps[1].Kind != rotation.Rotate {
		t.Errorf("steps %v, want a rotation", steps)
	}
}
