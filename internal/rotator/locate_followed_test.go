package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestLocate_followed is about a user who was followed to another name than the configured one, and about a state that was edited so
// that it says so of another user.
func TestLocate_followed(t *testing.T) {
	t.Parallel()
	const (
		list, user, users = "ListAccessKeys web", "GetUser web", "ListUsers"
		otherID           = `user "web" has the unique id AIDA..., and the state has AIDA...`
		listed            = `current listed, C Active under "web", recorded id`
	)
	// renamed follows the user to the name web.
	renamed := func(f *fixture, s *rotator.Subject) {
		f.sim.RenameUser("ci", "web")
		s.User, s.RecordedUser, s.Followed = "web", "web", true
	}
	// edited puts name and key of the user web into the state.
	edited := func(f *fixture, s *rotator.Subject) {
		f.sim.CreateUser("web")
		s.Current.ID = f.newKeyOf("web", "W")
		f.sim.Advance(day)
		s.User, s.RecordedUser, s.Followed = "web", "web", true
	}
	for _, c := range []struct {
		name  string
		given func(f *fixture, s *rotator.Subject)
		want  string
		// foreign reports whether the key is proved to belong to another user.
		foreign bool
		// unlisted reports whether the list lacked the key.
		unlisted bool
		calls    []string
	}{
		{name: "renamed", given: renamed, want: listed, calls: []string{list, user}},
		{
			name:  "renamed, and the configuration names the new name by now",
			given: func(f *fixture, s *rotator.Subject) { renamed(f, s); s.Followed = false },
			want:  listed, calls: []string{list},
		},
		{
			name:  "renamed, and the state has no unique id",
			given: func(f *fixture, s *rotator.Subject) { renamed(f, s); s.UniqueID = "" },
			want:  `current listed, C Active under "web", unknown id`, calls: []string{list},
		},
		{
			name:  "renamed, and the user can't be read",
			given: func(f *fixture, s *rotator.Subject) { renamed(f, s); f.deny("GetUser", "ListUsers") },
			want:  `user unknown,  under "web", recorded id; owner web; GetUser AccessDenied; ListUsers AccessDenied`,
			calls: []string{list, user, users},
		},
		{
			name:  "renamed, the user can't be read, and is found among all users",
			given: func(f *fixture, s *rotator.Subject) { renamed(f, s); f.deny("GetUser") },
			want:  listed, calls: []string{list, user, users},
		},
		{
			name: "renamed, the user can't be read, and the key says whose it is",
			given: func(f *fixture, s *rotator.Subject) {
				renamed(f, s)
				withSecret(f, s)
				f.deny("GetUser", "ListUsers")
			},
			want: listed + "; signed", calls: []string{list, user, "GetCallerIdentity"},
		},
		{
			name: "renamed, and the user can't be read for now",
			given: func(f *fixture, s *rotator.Subject) {
				renamed(f, s)
				f.sim.AddFault(iamsim.Fault{Action: "GetUser", Kind: iamsim.ErrorBeforeCommit})
				f.deny("ListUsers")
			},
			want:  `user unknown,  under "web", recorded id; owner web; GetUser ServiceFailure; ListUsers AccessDenied`,
			calls: []string{list, user, user, users},
		},
		{
			name: "edited", given: edited, foreign: true,
			want:  `user unknown,  under "web", recorded id; owner web; ` + otherID,
			calls: []string{list, user},
		},
		{
			name:  "edited, and the user can't be read",
			given: func(f *fixture, s *rotator.Subject) { edited(f, s); f.deny("GetUser", "ListUsers") },
			want:  `user unknown,  under "web", recorded id; owner web; GetUser AccessDenied; ListUsers AccessDenied`,
			calls: []string{list, user, users},
		},
		{
			name:    "edited, the user can't be read, and the recorded one has another name",
			given:   func(f *fixture, s *rotator.Subject) { edited(f, s); f.deny("GetUser") },
			foreign: true,
			want: `user unknown,  under "web", recorded id; owner web; GetUser AccessDenied; the user with the recorded unique id is called ` +
				`"ci"`,
			calls: []string{list, user, users},
		},
		{
			name: "edited, and the list lacks the key for a moment",
			given: func(f *fixture, s *rotator.Subject) {
				edited(f, s)
				f.sim.Advance(day)
				// The first read is up to date, the second, by Locate, is not.
				f.sim.SetReadLag(3*day, 2)
				_, err := f.client.List(f.ctx(), "ci")
				f.fatal(err)
				f.sim.ResetLog()
			},
			foreign: true, unlisted: true,
			want:  `user unknown,  under "web", recorded id; owner web; ` + otherID,
			calls: []string{list, "GetCallerIdentity", "GetAccessKeyLastUsed W", user},
		},
		{
			name: "edited, and the configuration names the other user by now",
			given: func(f *fixture, s *rotator.Subject) {
				edited(f, s)
				s.RecordedUser, s.Followed = "ci", false
			},
			want: `new user is another one, W Active under "web", recorded id`, calls: []string{list, user},
		},
		{
			name: "renamed, the configuration names the new name by now, and the user can't be read",
			given: func(f *fixture, s *rotator.Subject) {
				renamed(f, s)
				s.RecordedUser, s.Followed = "ci", false
				f.deny("GetUser", "ListUsers")
			},
			want: listed, calls: []string{list, user},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.single(day)
			subject := f.subject(record)
			unique := subject.UniqueID
			c.given(f, &subject)
			f.sim.ResetLog()
			location, err := f.client.Locate(f.ctx(), subject, rotator.Evidence{})
			f.fatal(err)
			f.equal("location", f.describeLocation(location, unique), c.want)
			if location.Foreign != c.foreign {
				t.Errorf("foreign %v, want %v", location.Foreign, c.foreign)
			}
			if listed := location.Outcome == rotator.UserUnknown && !c.unlisted; location.Listed != listed {
				t.Errorf("listed %v, want %v", location.Listed, listed)
			}
			f.calledExactly(c.calls...)
		})
	}
}

// TestLocate_reusedNameOwnsKey has a state that was edited to the key of the user who has the recorded name now, while a stale list
// lacks that key: AWS names the owner, and that proves nothing.
func TestLocate_reusedNameOwnsKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	subject := f.subject(record)
	f.sim.RenameUser("ci", "web")
	f.sim.CreateUser("ci")
	f.sim.Advance(day)
	subject.Current.ID = f.newKey("X")
	f.sim.Advance(10 * time.Minute)
	f.sim.SetReadLag(20*time.Minute, 1)
	f.sim.ResetLog()
	location, err := f.client.Locate(f.ctx(), subject, rotator.Evidence{})
	f.fatal(err)
	f.equal("outcome", location.Outcome.String(), rotator.UserUnknown.String())
	if !location.Foreign || location.Owner != "ci" {
		t.Errorf("foreign %v and owner %q, want the other user ci", location.Foreign, location.Owner)
	}
	f.calledExactly("ListAccessKeys ci", "GetCallerIdentity", "GetUser ci", "GetAccessKeyLastUsed X")
}

// TestUpdate_followed shows that an Update compares the user, too: a plan without a refresh has compared nothing.
func TestUpdate_followed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(90 * day)
	task := f.task(record, standard(), rotation.Step{
		Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge,
	})
	f.sim.CreateUser("web")
	w := f.newKeyOf("web", "W")
	task.User, task.RecordedUser, task.Followed = "web", "web", true
	task.Record.User, task.Record.Current.ID, task.Planned[0].Key = "web", w, w
	f.sim.ResetLog()
	report := f.update(task)
	f.reported(report, "UserChangedError{user unknown W}", "")
	f.savedLast(unsaved)
	f.equal("IAM", f.inIAM("web"), "W Active")
	f.calledExactly("ListAccessKeys web", "GetUser web")
}
