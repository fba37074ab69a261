package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestLocate_unknown is about a current key that is not listed, while AWS denies access to some of what could be asked.
func TestLocate_unknown(t *testing.T) {
	t.Parallel()
	const (
		list, account, owner, user = "ListAccessKeys ci", "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser ci"
		signed, users              = "GetCallerIdentity", "ListUsers"
		denied                     = "GetAccessKeyLastUsed AccessDenied"
		usersDenied                = "ListUsers AccessDenied"
	)
	type given = func(f *fixture, s *rotator.Subject, known *rotator.Evidence)
	all := func(steps ...given) given {
		return func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
			for _, step := range steps {
				step(f, s, known)
			}
		}
	}
	renamed := func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.sim.RenameUser("ci", "deploy") }
	deleted := func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.sim.DeleteUser("ci") }
	recreated := func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
		f.sim.DeleteUser("ci")
		f.sim.CreateUser("ci")
	}
	keyDeleted := func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) { f.sim.DeleteAccessKey(s.Current.ID) }
	secret := func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) { withSecret(f, s) }
	only := func(users ...string) given {
		return func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.allowOnly(users...) }
	}
	without := func(actions ...string) given {
		return func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.deny(actions...) }
	}
	for _, c := range []locateCase{
		{
			name:  "renamed under a policy for the old name",
			given: all(renamed, only("ci")),
			want:  `user unknown,  under "ci", recorded id; ` + denied + "; " + usersDenied,
			calls: []string{list, account, owner, users},
		},
		{
			name:  "renamed under a policy for the old name, and the key says so",
			given: all(renamed, secret, only("ci")),
			want:  `user unknown,  under "ci", recorded id; owner deploy; signed; ` + denied + "; ListAccessKeys AccessDenied",
			calls: []string{list, account, owner, signed, "ListAccessKeys deploy"},
		},
		{
			name:  "renamed, and the key says so",
			given: all(renamed, secret, without("GetAccessKeyLastUsed", "GetUser", "ListUsers")),
			want:  `user renamed, C Active under "deploy", recorded id; signed`,
			calls: []string{list, account, owner, signed, "ListAccessKeys deploy"},
		},
		{
			name: "a key is not asked while another one may be meant",
			given: all(renamed, secret, only("ci"), func(_ *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.Previous = "AKIAPREVIOUS"
			}),
			want:  `user unknown,  under "ci", recorded id; ` + denied + "; " + usersDenied,
			calls: []string{list, account, owner, users},
		},
		{
			name:  "renamed, and found among all users",
			given: all(renamed, without("GetAccessKeyLastUsed")),
			want:  `user renamed, C Active under "deploy", recorded id`,
			calls: []string{list, account, owner, users, "ListAccessKeys deploy"},
		},
		{
			name:  "renamed without the key, and found among all users",
			given: all(keyDeleted, renamed),
			want:  `user renamed,  under "deploy", recorded id`,
			calls: []string{list, account, owner, users, "ListAccessKeys deploy"},
		},
		{
			name:  "renamed, and the unique id of the owner can't be read",
			given: all(renamed, without("GetUser", "ListUsers")),
			want:  `user unknown,  under "ci", recorded id; owner deploy; GetUser AccessDenied; ` + usersDenied,
			calls: []string{list, account, owner, "GetUser deploy", users},
		},
		{
			name:  "renamed with the policy",
			given: all(renamed, only("deploy")),
			want:  `user renamed, C Active under "deploy", recorded id`,
			calls: []string{list, owner, "GetUser deploy", "ListAccessKeys deploy"},
		},
		{
			name: "the key belongs to another user",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.CreateUser("other")
				s.Current.ID = f.newKeyOf("other", "X")
				f.sim.DeleteUser("ci")
			},
			want:  `user unknown,  under "ci", recorded id; owner other; user "other" has the unique id AIDA..., and the state has AIDA...`,
			calls: []string{list, account, "GetAccessKeyLastUsed X", "GetUser other"},
		},
		{
			name:  "deleted under a policy for the name",
			given: all(deleted, only("ci")),
			want:  `user unknown,  under "ci", recorded id; ` + denied + "; " + usersDenied,
			calls: []string{list, account, owner, users},
		},
		{
			name:  "deleted, and the key no longer signs",
			given: all(deleted, secret, only("ci")),
			want:  `user unknown,  under "ci", recorded id; ` + denied + "; GetCallerIdentity InvalidClientTokenId; " + usersDenied,
			calls: []string{list, account, owner, signed, users},
		},
		{
			name:  "deleted, the key no longer signs, and not found among all users",
			given: all(deleted, secret, without("GetAccessKeyLastUsed")),
			want:  `user gone,  under "ci", recorded id`,
			calls: []string{list, account, owner, signed, users},
		},
		{
			name: "deleted, and the owner can't be asked for now",
			given: all(deleted, without("ListUsers"), func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.ErrorBeforeCommit})
			}),
			want:  `user unknown,  under "ci", recorded id; GetAccessKeyLastUsed ServiceFailure; ` + usersDenied,
			calls: []string{list, account, owner, owner, users},
		},
		{
			name:  "created again, and AWS denies access to all users",
			given: all(recreated, without("ListUsers")),
			want:  `user unknown,  under "ci", recorded id; ` + denied + "; " + usersDenied,
			calls: []string{list, account, user, owner, users},
		},
		{
			name:  "created again, and the key no longer signs",
			given: all(recreated, secret, without("ListUsers")),
			want:  `user recreated,  under "ci", id of another user`,
			calls: []string{list, account, user, owner, signed, users},
		},
		{
			name:  "key deleted, and GetUser denied",
			given: all(keyDeleted, without("GetUser")),
			want:  `current gone,  under "ci", recorded id`,
			calls: []string{list, account, user, owner, users, list},
		},
		{
			name:  "key deleted, and all denied that tells whose name it is",
			given: all(keyDeleted, without("GetUser", "ListUsers")),
			want:  `user unknown,  under "ci", recorded id; GetUser AccessDenied; ` + denied + "; " + usersDenied,
			calls: []string{list, account, user, owner, users},
		},
		{
			name: "key deleted, and GetUser fails",
			given: all(keyDeleted, without("ListUsers"), func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.AddFault(iamsim.Fault{Action: "GetUser", Kind: iamsim.Throttled})
			}),
			want:  `user unknown,  under "ci", recorded id; GetUser Throttling; ` + denied + "; " + usersDenied,
			calls: []string{list, account, user, user, owner, users},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestLocate_youngUser shows that a user whose key was created less than five minutes ago is not gone because lists lack it.
func TestLocate_youngUser(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		age  time.Duration
		want string
	}{
		{
			name: "within five minutes", age: 5*time.Minute - 10*time.Second,
			want: "user unknown; GetAccessKeyLastUsed AccessDenied; the key was created less than five minutes ago, and IAM may not list " +
				"its user yet",
		},
		{name: "after five minutes", age: 5 * time.Minute, want: "user gone; "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.single(c.age)
			subject := f.subject(record)
			f.sim.DeleteUser("ci")
			location, err := f.client.Locate(f.ctx(), subject, rotator.Evidence{})
			f.fatal(err)
			f.equal("location", location.Outcome.String()+"; "+f.describeCauses(location.Unproved), c.want)
		})
	}
}

// TestLocate_contradiction is about lists that still contradict the last apply after they were asked for again.
func TestLocate_contradiction(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		// ago is when the last apply ended, which has deleted X, and previous the age of P, which nothing lists.
		ago, previous time.Duration
		want          string
	}{
		{name: "a deleted key is absent", ago: time.Minute, previous: time.Hour, want: "C Active"},
		{name: "a deleted key is absent for five minutes", ago: 5*time.Minute - 4*time.Second, previous: time.Hour, want: "C Active"},
		{name: "after five minutes a deleted key is there", ago: 5 * time.Minute, previous: time.Hour, want: "X Active, C Active"},
		{name: "a young previous key is not gone", ago: time.Minute, previous: 2 * time.Minute, want: "P Inactive, C Active"},
		{name: "a previous key is gone after five minutes", ago: time.Minute, previous: 5 * time.Minute, want: "C Active"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			x := f.newKey("X")
			record := f.single(day)
			subject := f.subject(record)
			subject.Previous = "AKIAPREVIOUS"
			f.names[subject.Previous] = "P"
			known := rotator.Evidence{ChangedAt: f.sim.Now().Add(-c.ago), Removed: []string{x}}
			known.Seen.Keys = []rotation.Key{
				{ID: subject.Previous, Status: rotation.Inactive, CreatedAt: f.sim.Now().Add(-c.previous), LastUse: &rotation.Use{}},
				{ID: record.Current.ID, Status: rotation.Active, CreatedAt: record.Current.CreatedAt},
			}
			location, err := f.client.Locate(f.ctx(), subject, known)
			f.fatal(err)
			f.equal("keys", f.describeKeys(location.Keys), c.want)
			f.equal("last uses", f.describeUses(rotation.Observation{Keys: location.Keys}), "")
		})
	}
}
