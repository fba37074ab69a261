package rotator_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// locateCase is a state of IAM, and what Locate makes of it.
type locateCase struct {
	name string
	// given changes IAM, the subject and the evidence. The user ci has the current key C, which is a day old.
	given func(f *fixture, s *rotator.Subject, known *rotator.Evidence)
	// want is the outcome, the name that the keys are listed under, the keys, and whose unique id it is.
	want string
	err  string
	// calls are all calls that Locate makes.
	calls []string
	slept time.Duration
}

func (c locateCase) run(t *testing.T) {
	t.Helper()
	f := newFixture(t)
	id := f.newKey("C")
	user, _ := f.sim.User("ci")
	subject := rotator.Subject{
		User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID,
		Current: rotation.Current{ID: id, CreatedAt: f.sim.Now()},
	}
	f.sim.Advance(day)
	var known rotator.Evidence
	c.given(f, &subject, &known)
	f.sim.ResetLog()
	location, err := f.client.Locate(f.ctx(), subject, known)
	f.print(err)
	f.equal("error", f.describeError(err), c.err)
	if err == nil {
		f.equal("location", f.describeLocation(location, user.ID), c.want)
	}
	f.calledExactly(c.calls...)
	if f.clock.slept != c.slept {
		t.Errorf("slept %v, want %v", f.clock.slept, c.slept)
	}
}

func (f *fixture) describeLocation(l rotator.Location, recordedID string) string {
	whose := "unknown id"
	switch user, _ := f.sim.User("ci"); l.UniqueID {
	case "":
	case recordedID:
		whose = "recorded id"
	case user.ID:
		whose = "id of another user"
	default:
		f.Errorf("unique id %s is neither recorded nor in IAM", l.UniqueID)
	}
	text := fmt.Sprintf("%v, %s under %q, %s", l.Outcome, f.describeKeys(l.Keys), l.User, whose)
	if l.Owner != "" {
		text += "; owner " + l.Owner
	}
	if !l.SignedAt.IsZero() {
		text += "; signed"
	}
	if len(l.Unproved) > 0 {
		text += "; " + f.describeCauses(l.Unproved)
	}
	return text
}

func TestLocate_outcomes(t *testing.T) {
	t.Parallel()
	cases := []locateCase{
		{
			name:  "listed",
			given: func(*fixture, *rotator.Subject, *rotator.Evidence) {},
			want:  `current listed, C Active under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "current key deleted",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteAccessKey(s.Current.ID)
				f.newKey("X")
			},
			want:  `current gone, X Active under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetUser ci"},
		},
		{
			name:  "user deleted",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.sim.DeleteUser("ci") },
			want:  `user gone,  under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name: "user deleted, and GetAccessKeyLastUsed is denied",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.deny("GetAccessKeyLastUsed")
			},
			want:  `user gone,  under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name:  "user renamed",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.sim.RenameUser("ci", "deploy") },
			want:  `user renamed, C Active under "deploy", recorded id`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy"},
		},
		{
			name: "user renamed, and the list of the new name fails",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.RenameUser("ci", "deploy")
				f.sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 2, Times: 2, Kind: iamsim.ErrorBeforeCommit})
			},
			want: `user unknown,  under "ci", recorded id; owner deploy; ListAccessKeys ServiceFailure`,
			calls: []string{
				"ListAccessKeys ci", "GetCallerIdentity", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy",
				"ListAccessKeys deploy",
			},
		},
		{
			name: "user renamed, and another user has the old name",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.RenameUser("ci", "deploy")
				f.sim.CreateUser("ci")
				f.newKey("X")
			},
			want: `user renamed, C Active under "deploy", recorded id`,
			calls: []string{
				"ListAccessKeys ci", "GetCallerIdentity", "GetUser ci", "GetAccessKeyLastUsed C", "GetUser deploy", "ListAccessKeys deploy",
			},
		},
		{
			name: "user deleted and created again",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				f.newKey("X")
			},
			want:  `user recreated, X Active under "ci", id of another user`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetUser ci", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name: "user deleted between the list and GetUser",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteAccessKey(s.Current.ID)
				f.before("GetUser", 1, func() { f.sim.DeleteUser("ci") })
			},
			want:  `user gone,  under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetUser ci", "GetAccessKeyLastUsed C", "ListUsers"},
		},
		{
			name: "wrong account",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.AccountID = "999999999999"
				f.sim.DeleteUser("ci")
			},
			err:   "WrongAccountError{999999999999 123456789012}",
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity"},
		},
		{
			name:  "a listed key needs no check of the account",
			given: func(_ *fixture, s *rotator.Subject, _ *rotator.Evidence) { s.AccountID = "999999999999" },
			want:  `current listed, C Active under "ci", recorded id`,
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "account and unique id unknown after an import",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.AccountID, s.UniqueID = "", ""
				f.sim.DeleteAccessKey(s.Current.ID)
			},
			want:  `current gone,  under "ci", unknown id`,
			calls: []string{"ListAccessKeys ci", "GetUser ci"},
		},
		{
			name: "another name in the configuration, which nobody has",
			given: func(_ *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.User = "deploy"
			},
			want: `new user missing,  under "deploy", recorded id`,
			// IAM may not know a new name everywhere yet.
			calls: slices.Repeat([]string{"ListAccessKeys deploy"}, 6),
			slept: 7750 * time.Millisecond,
		},
		{
			name: "another name in the configuration, of another user",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.User = "deploy"
				f.sim.CreateUser("deploy")
			},
			want:  `new user is another one,  under "deploy", recorded id`,
			calls: []string{"ListAccessKeys deploy"},
		},
		{
			name: "another name in the configuration, which the user has by now",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				s.User = "deploy"
				f.sim.RenameUser("ci", "deploy")
			},
			want:  `current listed, C Active under "deploy", recorded id`,
			calls: []string{"ListAccessKeys deploy", "GetUser deploy"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestLocate_errors(t *testing.T) {
	t.Parallel()
	cases := []locateCase{
		{
			name:  "list denied",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) { f.deny("ListAccessKeys") },
			err:   "ReadError{keys ci}: ListAccessKeys AccessDenied",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed C"},
		},
		{
			name: "an empty answer is not an empty list",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Empty200})
			},
			err:   "ReadError{keys ci}: ListAccessKeys bad answer",
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "account unknown",
			given: func(f *fixture, _ *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.sim.AddFault(iamsim.Fault{Action: "GetCallerIdentity", Kind: iamsim.ErrorBeforeCommit})
			},
			err:   "ReadError{keys ci}: GetCallerIdentity ServiceFailure",
			calls: []string{"ListAccessKeys ci", "GetCallerIdentity", "GetCallerIdentity"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// TestLocate_staleReads is about lists that do not show what an apply did a moment ago: they are asked for again after
// 0.25, 0.5, 1 and 2 seconds.
func TestLocate_staleReads(t *testing.T) {
	t.Parallel()
	// changed is the evidence of an apply that has created C and deleted P, and ended a while ago.
	changed := func(f *fixture, s *rotator.Subject, known *rotator.Evidence, ago time.Duration) {
		known.ChangedAt = f.sim.Now().Add(-ago)
		known.Seen.Keys = []rotation.Key{{ID: s.Current.ID, Status: rotation.Active, CreatedAt: s.Current.CreatedAt}}
	}
	list := "ListAccessKeys ci"
	cases := []locateCase{
		{
			name: "the new key shows after a second",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				s.Current.ID = f.newKey("N")
				changed(f, s, known, 0)
				f.sim.SetReadLag(time.Second, 1)
			},
			want:  `current listed, C Active, N Active under "ci", recorded id`,
			calls: []string{list, list, list, list},
			slept: 1750 * time.Millisecond,
		},
		{
			name: "the new key never shows",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				s.Current.ID = f.newKey("N")
				changed(f, s, known, 0)
				f.sim.SetReadLag(time.Hour, 1)
			},
			want:  `current gone, C Active under "ci", recorded id`,
			calls: []string{list, list, list, list, list, "GetCallerIdentity", "GetUser ci"},
			slept: 3750 * time.Millisecond,
		},
		{
			name: "the new key is waited for until five minutes after the apply",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				s.Current.ID = f.newKey("N")
				f.sim.Advance(5*time.Minute - time.Second)
				changed(f, s, known, 5*time.Minute-time.Second)
				f.sim.SetReadLag(5*time.Minute, 1)
			},
			want:  `current listed, C Active, N Active under "ci", recorded id`,
			calls: []string{list, list, list, list},
			slept: 1750 * time.Millisecond,
		},
		{
			name: "five minutes after the apply the first list counts",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				s.Current.ID = f.newKey("N")
				f.sim.Advance(5 * time.Minute)
				changed(f, s, known, 5*time.Minute)
				f.sim.SetReadLag(6*time.Minute, 1)
			},
			want:  `current gone, C Active under "ci", recorded id`,
			calls: []string{list, "GetCallerIdentity", "GetUser ci"},
		},
		{
			name: "a deleted key is listed for a second",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				p := f.newKey("P")
				f.sim.Advance(time.Minute)
				f.sim.DeleteAccessKey(p)
				changed(f, s, known, 0)
				known.Removed = []string{p}
				f.sim.SetReadLag(time.Second, 1)
			},
			want:  `current listed, C Active under "ci", recorded id`,
			calls: []string{list, list, list, list},
			slept: 1750 * time.Millisecond,
		},
		{
			name: "an old status is listed for a second",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				f.deactivate(s.Current.ID)
				changed(f, s, known, 0)
				known.Seen.Keys[0].Status = rotation.Inactive
				f.sim.SetReadLag(time.Second, 1)
			},
			want:  `current listed, C Inactive under "ci", recorded id`,
			calls: []string{list, list, list, list},
			slept: 1750 * time.Millisecond,
		},
		{
			name: "a list that shows the last change is not asked for again",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				changed(f, s, known, 0)
				known.Removed = []string{"AKIAGONE"}
			},
			want:  `current listed, C Active under "ci", recorded id`,
			calls: []string{list},
		},
		{
			name: "a user who was created a moment ago",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				s.Current = rotation.Current{ID: f.newKey("N"), CreatedAt: f.sim.Now()}
				f.sim.SetReadLag(3*time.Second, 1)
			},
			want:  `current listed, N Active under "ci", recorded id`,
			calls: []string{list, list, list, list, list},
			slept: 3750 * time.Millisecond,
		},
		{
			name: "a user whom IAM forgets for a while, long after the apply",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				s.Current = rotation.Current{ID: f.newKey("N"), CreatedAt: f.sim.Now()}
				f.sim.Advance(time.Hour)
				// The first read is up to date, the second, by Locate, is not.
				f.sim.SetReadLag(2*time.Hour, 2)
				_, err := f.client.List(f.ctx(), "ci")
				f.fatal(err)
			},
			want:  `current listed, N Active under "ci", recorded id`,
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed N", list},
		},
		{
			name: "a key that has an owner is not gone with its user",
			given: func(f *fixture, s *rotator.Subject, _ *rotator.Evidence) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				s.Current = rotation.Current{ID: f.newKey("N"), CreatedAt: f.sim.Now()}
				f.sim.Advance(time.Hour)
				f.sim.SetReadLag(2*time.Hour, 1)
			},
			want:  `user unknown,  under "ci", recorded id; owner ci; ListAccessKeys NoSuchEntity`,
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed N", list},
		},
		{
			name: "the list fails when it is asked for again",
			given: func(f *fixture, s *rotator.Subject, known *rotator.Evidence) {
				s.Current.ID = f.newKey("N")
				changed(f, s, known, 0)
				f.sim.SetReadLag(time.Hour, 1)
				f.sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 2, Times: 2, Kind: iamsim.CutBeforeCommit})
			},
			err:   "ReadError{keys ci}: ListAccessKeys no answer",
			calls: []string{list, list, list},
			slept: 250 * time.Millisecond,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

func TestLocate_interrupted(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]func(*fixture, *rotator.Evidence){
		"while a list is stale": func(_ *fixture, known *rotator.Evidence) {
			known.Seen.Keys = []rotation.Key{{ID: "AKIANEW", Status: rotation.Active}}
		},
		"while a user is not known yet": func(f *fixture, _ *rotator.Evidence) { f.sim.DeleteUser("ci") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			known := rotator.Evidence{ChangedAt: f.sim.Now()}
			given(f, &known)
			ctx, cancel := context.WithCancel(f.ctx())
			f.clock.onSleep = func(time.Duration) { cancel() }
			_, err := f.client.Locate(ctx, rotator.Subject{User: "ci", RecordedUser: "ci"}, known)
			f.equal("error", f.describeError(err), "ReadError{keys ci}: context canceled")
		})
	}
}

func TestGetUser_outcomes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, user string
		deny       bool
		err        string
		noSuchUser bool
	}{
		{name: "exists", user: "ci"},
		{name: "does not exist", user: "nobody", err: "ReadError{user nobody}: GetUser NoSuchEntity", noSuchUser: true},
		{name: "denied", user: "ci", deny: true, err: "ReadError{user ci}: GetUser AccessDenied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			if c.deny {
				f.deny("GetUser")
			}
			got, err := f.client.GetUser(f.ctx(), c.user)
			f.equal("error", f.describeError(err), c.err)
			if rotator.IsNoSuchUser(err) != c.noSuchUser {
				t.Errorf("IsNoSuchUser = %v, want %v", !c.noSuchUser, c.noSuchUser)
			}
			var want rotator.User
			if err == nil {
				user, _ := f.sim.User("ci")
				want = rotator.User{AccountID: accountID, UniqueID: user.ID}
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			f.calledExactly("GetUser " + c.user)
		})
	}
}
