package rotator_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// editedUser puts the name of another user into the state.
func editedUser(f *fixture, s *rotator.Subject) {
	f.sim.CreateUser("other")
	s.User, s.RecordedUser = "other", "other"
}

// withSecret puts the secret of the current key at hand.
func withSecret(f *fixture, s *rotator.Subject) { s.Secret = f.sim.Secret(s.Current.ID) }

// renamedAlone renames the user of a record without a previous key, and denies actions.
func renamedAlone(denied ...string) func(*fixture, *rotation.Record) {
	return func(f *fixture, record *rotation.Record) {
		record.Previous = nil
		f.sim.RenameUser("ci", "deploy")
		f.deny(denied...)
	}
}

// otherKeys puts the user other and two keys of theirs into the state, but for the unique id.
func otherKeys(f *fixture, record *rotation.Record) {
	f.sim.CreateUser("other")
	record.Previous.ID, record.Current.ID = f.newKeyOf("other", "OP"), f.newKeyOf("other", "OC")
}

// TestDestroy_outcomes destroys a record with the previous key P and the current key C.
func TestDestroy_outcomes(t *testing.T) {
	t.Parallel()
	const (
		deleteP = "DeleteAccessKey P, ListAccessKeys ci, "
		deleteC = "DeleteAccessKey C, ListAccessKeys ci"
		missing = "DeleteAccessKey P, DeleteAccessKey C, GetCallerIdentity, "
		ask     = "GetAccessKeyLastUsed P, "
	)
	for _, c := range []struct {
		name string
		// given changes IAM and the record.
		given func(f *fixture, record *rotation.Record)
		// subject changes what the state says of the user.
		subject func(f *fixture, s *rotator.Subject)
		// account is the recorded account, "none" for none; empty for the simulator's.
		account      string
		described    bool
		err, notices string
		iam, tags    string
		// calls are all calls after the GetUser that compares the user, adjacent equal ones once.
		calls string
	}{
		{
			name:  "previous and current",
			calls: deleteP + deleteC,
		},
		{
			name:  "no previous",
			given: func(_ *fixture, record *rotation.Record) { record.Previous = nil },
			iam:   "P Active",
			calls: deleteC,
		},
		{
			name:  "an adopted previous stays",
			given: func(_ *fixture, record *rotation.Record) { record.Previous.Adopted = true },
			iam:   "P Active",
			calls: deleteC,
		},
		{
			name:      "with descriptions",
			described: true,
			tags:      "other=kept",
			calls:     deleteP + "UntagUser ci, " + deleteC + ", UntagUser ci",
		},
		{
			name:      "with descriptions that can't be removed",
			given:     func(f *fixture, _ *rotation.Record) { f.deny("UntagUser") },
			described: true,
			notices:   "DescriptionNotRemoved{P}: UntagUser AccessDenied, DescriptionNotRemoved{C}: UntagUser AccessDenied",
			tags:      "C=described, P=described, other=kept",
			calls:     deleteP + "UntagUser ci, " + deleteC + ", UntagUser ci",
		},
		{
			name:  "previous is gone already",
			given: func(f *fixture, record *rotation.Record) { f.sim.DeleteAccessKey(record.Previous.ID) },
			// Keys do not move between users, and current is deleted under this name.
			calls: "DeleteAccessKey P, " + deleteC,
		},
		{
			name: "previous is gone already, and AWS denies access to all else",
			given: func(f *fixture, record *rotation.Record) {
				f.sim.DeleteAccessKey(record.Previous.ID)
				f.deny("GetAccessKeyLastUsed", "GetUser", "ListUsers")
			},
			calls: "DeleteAccessKey P, " + deleteC,
		},
		{
			name:      "the user is gone already",
			given:     func(f *fixture, _ *rotation.Record) { f.sim.DeleteUser("ci") },
			described: true,
			calls: "DeleteAccessKey P, DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListUsers, " +
				"GetAccessKeyLastUsed C, GetUser ci, ListUsers",
		},
		{
			name:      "the user was renamed",
			given:     func(f *fixture, _ *rotation.Record) { f.sim.RenameUser("ci", "deploy") },
			described: true,
			tags:      "other=kept",
			calls: "DeleteAccessKey P, DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, " +
				"DeleteAccessKey P of deploy, ListAccessKeys deploy, UntagUser deploy, GetAccessKeyLastUsed C, GetUser deploy, " +
				"DeleteAccessKey C of deploy, ListAccessKeys deploy, UntagUser deploy",
		},
		{
			name:    "the credentials belong to another account",
			account: "999999999999",
			given:   func(f *fixture, _ *rotation.Record) { f.sim.RenameUser("ci", "deploy") },
			err:     "WrongAccountError{999999999999 123456789012}",
			iam:     "P Active, C Active",
			calls:   "DeleteAccessKey P, DeleteAccessKey C, GetCallerIdentity",
		},
		{
			name: "no account is recorded",
			given: func(f *fixture, record *rotation.Record) {
				f.sim.DeleteAccessKey(record.Previous.ID)
			},
			account: "none",
			calls:   "DeleteAccessKey P, " + deleteC,
		},
		{
			name:  "denied",
			given: func(f *fixture, _ *rotation.Record) { f.deny("DeleteAccessKey") },
			err:   "DeleteError{P refused}: DeleteAccessKey AccessDenied",
			iam:   "P Active, C Active",
			calls: "DeleteAccessKey P",
		},
		{
			name: "current denied after previous is gone",
			given: func(f *fixture, _ *rotation.Record) {
				f.before("DeleteAccessKey", 2, func() { f.deny("DeleteAccessKey") })
			},
			err:   "DeleteError{C refused}: DeleteAccessKey AccessDenied",
			iam:   "C Active",
			calls: deleteP + "DeleteAccessKey C",
		},
		{
			name:  "answers lost",
			given: func(f *fixture, _ *rotation.Record) { f.inject(answerLost, "DeleteAccessKey", "") },
			calls: deleteP + deleteC,
		},
		{
			name:      "an answer lost, and the second attempt denied",
			given:     func(f *fixture, _ *rotation.Record) { f.inject(lostThenDenied, "DeleteAccessKey", "") },
			described: true,
			tags:      "other=kept",
			calls:     deleteP + "UntagUser ci, " + deleteC + ", UntagUser ci",
		},
		{
			name:  "not sent, and the second attempt denied",
			given: func(f *fixture, _ *rotation.Record) { f.inject(cutThenDenied, "DeleteAccessKey", "") },
			err:   "DeleteError{P, listed}: DeleteAccessKey AccessDenied",
			iam:   "P Active, C Active",
			calls: "DeleteAccessKey P, ListAccessKeys ci",
		},
		{
			// A list that lacks the key proves nothing under a name that may be another user's.
			name: "an answer lost, the second attempt denied, and the user can't be read",
			given: func(f *fixture, _ *rotation.Record) {
				f.deny("GetUser")
				f.inject(lostThenDenied, "DeleteAccessKey", "")
			},
			err:   "DeleteError{P}: DeleteAccessKey AccessDenied",
			iam:   "C Active",
			calls: "DeleteAccessKey P",
		},
		{
			name: "the answer for current lost, the second attempt denied, and the user can't be read",
			given: func(f *fixture, _ *rotation.Record) {
				f.deny("GetUser")
				f.sim.AddFault(iamsim.Fault{Action: "DeleteAccessKey", Nth: 2, Kind: iamsim.AnswerLost})
				f.sim.AddFault(iamsim.Fault{Action: "DeleteAccessKey", Nth: 3, Kind: iamsim.Denied})
			},
			calls: deleteP + deleteC,
		},
		{
			name:  "an answer lost once",
			given: func(f *fixture, _ *rotation.Record) { f.inject(answerLostOnce, "DeleteAccessKey", "") },
			calls: "DeleteAccessKey P, " + deleteC,
		},
		{
			name: "the list shows the keys for ever",
			given: func(f *fixture, _ *rotation.Record) {
				f.sim.Advance(2 * time.Hour)
				f.sim.SetReadLag(time.Hour, 1)
			},
			notices: "NotConfirmed{P deleted}: ListAccessKeys not settled, NotConfirmed{C deleted}: ListAccessKeys not settled",
			calls:   deleteP + deleteC,
		},
		{
			name: "the user is deleted before the list",
			given: func(f *fixture, record *rotation.Record) {
				record.Previous = nil
				f.before("ListAccessKeys", 1, func() { f.sim.DeleteUser("ci") })
			},
			calls: deleteC,
		},
		{
			name:      "the list is denied",
			given:     func(f *fixture, _ *rotation.Record) { f.deny("ListAccessKeys") },
			described: true,
			notices:   "NotConfirmed{P deleted}: ListAccessKeys AccessDenied, NotConfirmed{C deleted}: ListAccessKeys AccessDenied",
			tags:      "other=kept",
			calls:     deleteP + "UntagUser ci, " + deleteC + ", UntagUser ci",
		},
		{
			name: "the user was renamed, and the owner can't be asked",
			given: func(f *fixture, _ *rotation.Record) {
				f.sim.RenameUser("ci", "deploy")
				f.sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.ErrorBeforeCommit})
			},
			calls: missing + ask + "GetUser ci, ListUsers, DeleteAccessKey P of deploy, ListAccessKeys deploy, " +
				"GetAccessKeyLastUsed C, GetUser ci, ListUsers, DeleteAccessKey C of deploy, ListAccessKeys deploy",
		},
		{
			name: "the user was renamed, and nothing can be asked for now",
			given: func(f *fixture, _ *rotation.Record) {
				f.sim.RenameUser("ci", "deploy")
				f.sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.ErrorBeforeCommit})
				f.deny("ListUsers")
			},
			err:   "DeleteError{P}: OwnerError{P of ci}: GetAccessKeyLastUsed ServiceFailure; ListUsers AccessDenied",
			iam:   "P Active, C Active",
			calls: missing + ask + "GetUser ci, ListUsers",
		},
		{
			name: "the user was renamed, and AWS denies access to the new name",
			given: func(f *fixture, record *rotation.Record) {
				record.Previous = nil
				f.sim.RenameUser("ci", "deploy")
				f.allowOnly("ci")
			},
			notices: "KeyLeft{C}: OwnerError{C of ci, denied}: GetAccessKeyLastUsed AccessDenied; ListUsers AccessDenied",
			iam:     "P Active, C Active",
			calls:   "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, ListUsers",
		},
		{
			name: "the user was renamed, and the unique id of the owner can't be read",
			given: func(f *fixture, _ *rotation.Record) {
				f.sim.RenameUser("ci", "deploy")
				f.deny("GetUser", "ListUsers")
			},
			err:   "DeleteError{P refused}: OwnerError{P of ci, owner deploy, denied}: GetUser AccessDenied; ListUsers AccessDenied",
			iam:   "P Active, C Active",
			calls: missing + ask + "GetUser deploy, ListUsers",
		},
		{
			name:    "the name in the state was edited",
			subject: editedUser,
			given:   func(f *fixture, _ *rotation.Record) { f.deny("GetUser") },
			calls: "DeleteAccessKey P of other, DeleteAccessKey C of other, GetCallerIdentity, " + ask + "GetUser ci, ListUsers, " +
				deleteP + "GetAccessKeyLastUsed C, GetUser ci, ListUsers, " + deleteC,
		},
		{
			name:    "the name in the state was edited, and the unique id of the owner can't be read",
			subject: editedUser,
			given:   func(f *fixture, _ *rotation.Record) { f.deny("GetUser", "ListUsers") },
			err:     "DeleteError{P refused}: OwnerError{P of other, owner ci, denied}: GetUser AccessDenied; ListUsers AccessDenied",
			iam:     "P Active, C Active",
			calls:   "DeleteAccessKey P of other, DeleteAccessKey C of other, GetCallerIdentity, " + ask + "GetUser ci, ListUsers",
		},
		{
			name:    "the unique id in the state was edited, so that the keys belong to another user",
			subject: func(f *fixture, s *rotator.Subject) { editedUser(f, s); s.UniqueID = f.sim.CreateUser("third").ID },
			notices: "KeyLeft{P}: OwnerError{P of other, owner ci, foreign, name reused, denied}: user \"ci\" has the unique id AIDA..., and " +
				"the state has AIDA..., KeyLeft{C}: OwnerError{C of other, owner ci, foreign, name reused, denied}: user \"ci\" has the unique " +
				"id AIDA..., and the state has AIDA...",
			iam:   "P Active, C Active",
			calls: "GetCallerIdentity, " + ask + "GetUser ci, GetAccessKeyLastUsed C, GetUser ci",
		},
		{
			name:    "the name and the keys in the state were edited to those of another user",
			given:   otherKeys,
			subject: func(_ *fixture, s *rotator.Subject) { s.User, s.RecordedUser = "other", "other" },
			notices: "KeyLeft{OP}: OwnerError{OP of other, owner other, foreign, name reused, denied}: user \"other\" has the unique id " +
				"AIDA..., and the state has AIDA..., KeyLeft{OC}: OwnerError{OC of other, owner other, foreign, name reused, denied}: user " +
				"\"other\" has the unique id AIDA..., and the state has AIDA...",
			iam:   "P Active, C Active",
			calls: "GetCallerIdentity, GetAccessKeyLastUsed OP, GetAccessKeyLastUsed OC",
		},
		{
			name: "the name and the keys in the state were edited to those of another user, and AWS does not say whose they are",
			given: func(f *fixture, record *rotation.Record) {
				otherKeys(f, record)
				f.deny("GetAccessKeyLastUsed", "ListUsers")
			},
			subject: func(_ *fixture, s *rotator.Subject) { s.User, s.RecordedUser = "other", "other" },
			notices: "KeyLeft{OP}: OwnerError{OP of other, name reused, denied}: GetAccessKeyLastUsed AccessDenied; ListUsers AccessDenied, " +
				"KeyLeft{OC}: OwnerError{OC of other, name reused, denied}: GetAccessKeyLastUsed AccessDenied; ListUsers AccessDenied",
			iam:   "P Active, C Active",
			calls: "GetCallerIdentity, GetAccessKeyLastUsed OP, ListUsers, GetAccessKeyLastUsed OC, ListUsers",
		},
		{
			name:  "the keys in the state were edited to those of another user",
			given: otherKeys,
			notices: "KeyLeft{OP}: OwnerError{OP of ci, owner other, foreign, denied}: user \"other\" has the unique id AIDA..., and the state " +
				"has AIDA..., KeyLeft{OC}: OwnerError{OC of ci, owner other, foreign, denied}: user \"other\" has the unique id AIDA..., and " +
				"the state has AIDA...",
			iam: "P Active, C Active",
			calls: "DeleteAccessKey OP, DeleteAccessKey OC, GetCallerIdentity, GetAccessKeyLastUsed OP, GetUser other, " +
				"GetAccessKeyLastUsed OC, GetUser other",
		},
		{
			name:  "the user was renamed, AWS denies access to all else, and the key itself says whose it is",
			given: renamedAlone("GetAccessKeyLastUsed", "GetUser", "ListUsers"), subject: withSecret,
			iam: "P Active",
			calls: "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, GetCallerIdentity, " +
				"DeleteAccessKey C of deploy, ListAccessKeys deploy",
		},
		{
			name: "the key does not say whose it is while it is Inactive",
			given: func(f *fixture, record *rotation.Record) {
				f.deactivate(record.Current.ID)
				renamedAlone("GetAccessKeyLastUsed", "GetUser", "ListUsers")(f, record)
			},
			subject: withSecret,
			notices: "KeyLeft{C}: OwnerError{C of ci, denied}: GetAccessKeyLastUsed AccessDenied; GetUser AccessDenied; " +
				"GetCallerIdentity InvalidClientTokenId; ListUsers AccessDenied",
			iam:   "P Active, C Inactive",
			calls: "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, GetCallerIdentity, ListUsers",
		},
		{
			name: "the user was deleted and created again, and AWS denies access to all users",
			given: func(f *fixture, _ *rotation.Record) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				f.deny("ListUsers")
			},
			notices: "KeyLeft{P}: OwnerError{P of ci, name reused, denied}: GetAccessKeyLastUsed AccessDenied; ListUsers AccessDenied, " +
				"KeyLeft{C}: OwnerError{C of ci, name reused, denied}: GetAccessKeyLastUsed AccessDenied; ListUsers AccessDenied",
			calls: "GetCallerIdentity, " + ask + "ListUsers, GetAccessKeyLastUsed C, ListUsers",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.pair(day)
			f.tag("other", "kept")
			f.tag(record.Previous.ID, "described")
			f.tag(record.Current.ID, "described")
			f.sim.ResetLog()
			subject := f.subject(record)
			if c.account != "" {
				subject.AccountID = strings.TrimPrefix(c.account, "none")
			}
			if c.given != nil {
				c.given(f, &record)
			}
			if record.Previous == nil {
				subject.Previous = ""
			}
			if c.subject != nil {
				c.subject(f, &subject)
			}
			notices, err := f.client.Destroy(f.ctx(), subject, record, c.described)
			f.reported(rotator.Report{Err: err, Notices: notices}, c.err, c.notices)
			f.equal("IAM", f.inIAM("ci")+f.inIAM("deploy"), c.iam)
			f.equal("calls", strings.Join(slices.Compact(f.calls()), ", "), "GetUser "+subject.User+", "+c.calls)
			if c.described {
				f.equal("tags", f.tags("ci")+f.tags("deploy"), c.tags)
			}
		})
	}
}

// TestDestroy_withoutUniqueID compares no user where the state has no unique id, as after an import that was not refreshed.
func TestDestroy_withoutUniqueID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(day)
	subject := f.subject(record)
	subject.UniqueID = ""
	f.sim.ResetLog()
	notices, err := f.client.Destroy(f.ctx(), subject, record, false)
	f.reported(rotator.Report{Err: err, Notices: notices}, "", "")
	f.calledExactly("DeleteAccessKey P", "ListAccessKeys ci", "DeleteAccessKey C", "ListAccessKeys ci")
}

// TestDestroy_youngKey takes no key of the last minutes for deleted because a list lacks it.
func TestDestroy_youngKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.sim.Advance(2 * time.Hour)
	record := f.single(5*time.Minute - time.Second)
	f.sim.SetReadLag(time.Hour, 1)
	f.inject(cutThenDenied, "DeleteAccessKey", "")
	_, err := f.client.Destroy(f.ctx(), f.subject(record), record, false)
	f.equal("error", f.describeError(err), "DeleteError{C}: DeleteAccessKey AccessDenied")
	f.equal("IAM", f.inIAM("ci"), "C Active")
}

// tag sets a tag of the user ci, as another tool would.
func (f *fixture) tag(key, value string) {
	f.Helper()
	f.fatal(iamgate.New(f.config(f.sim.Root()), iamgate.Options{Clock: f.clock}).TagUser(f.ctx(), "ci", key, value))
}

// TestDestroy_interrupted shows that Ctrl-C does not end a Destroy.
func TestDestroy_interrupted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(day)
	ctx, cancel := context.WithCancel(f.ctx())
	cancel()
	notices, err := f.client.Destroy(ctx, f.subject(record), record, false)
	f.reported(rotator.Report{Err: err, Notices: notices}, "", "")
	f.equal("IAM", f.inIAM("ci"), "")
}

func TestOwnKeys_order(t *testing.T) {
	t.Parallel()
	current := rotation.Current{ID: "C"}
	for _, c := range []struct {
		name   string
		record rotation.Record
		want   []string
	}{
		{name: "current", record: rotation.Record{Current: current}, want: []string{"C"}},
		{
			name:   "previous first",
			record: rotation.Record{Current: current, Previous: &rotation.Previous{ID: "P"}}, want: []string{"P", "C"},
		},
		{
			name:   "not an adopted previous",
			record: rotation.Record{Current: current, Previous: &rotation.Previous{ID: "P", Adopted: true}}, want: []string{"C"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rotator.OwnKeys(c.record); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
