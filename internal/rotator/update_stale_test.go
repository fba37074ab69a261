package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestUpdate_stale is about plans of which somebody has made a step wrong since. TestUpdate_adopt and its neighbours have
// the steps that change nothing in IAM.
func TestUpdate_stale(t *testing.T) {
	t.Parallel()
	const (
		look = "ListAccessKeys ci, GetAccessKeyLastUsed "
		both = look + "P, GetAccessKeyLastUsed C"
	)
	// reactivating has somebody else reactivate P, which we deactivated that long ago.
	reactivating := func(ago time.Duration) func(f *fixture) rotator.Task {
		return func(f *fixture) rotator.Task {
			record := f.pair(8 * day)
			p := record.Previous
			f.deactivate(p.ID)
			p.DeactivatedAt, p.DeactivatedByUs = f.sim.Now().Add(-ago), true
			policy := standard()
			policy.HoldPrevious = true
			task := f.task(record, policy, rotation.Step{Kind: rotation.Reactivate, Key: p.ID})
			f.sim.SetStatus(p.ID, "Active")
			return task
		}
	}
	runApplyCases(t, []applyCase{
		{
			name:     "reactivate",
			update:   reactivating(5 * time.Minute),
			err:      "StaleError{reactivate P | P Active, C Active}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    both,
		},
		{
			// The list may be a stale read.
			name:     "reactivate, minutes after the deactivation",
			update:   reactivating(5*time.Minute - time.Second),
			saved:    "current C; previous P replaced now | P Active, C Active | configured, done",
			iam:      "P Active, C Active",
			evidence: "P Active, C Active | changed now",
			calls:    both + ", UpdateAccessKey P, ListAccessKeys ci",
		},
		{
			name:     "deactivate",
			update:   deactivating(func(f *fixture, task *rotator.Task) { f.use(task.Record.Previous.ID) }),
			err:      "StaleError{deactivate P because used P | P Active, C Active}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    both,
		},
		{
			name:     "delete previous",
			update:   deleting(func(f *fixture, task *rotator.Task) { f.sim.SetStatus(task.Record.Previous.ID, "Active") }),
			err:      "StaleError{delete_previous P | P Active, C Active}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    both,
		},
		{
			name: "delete current",
			update: func(f *fixture) rotator.Task {
				task, c := f.currentTask()
				f.sim.SetStatus(c, "Active")
				return task
			},
			err:      "StaleError{delete_current C | P Active, C Active}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    both,
		},
		{
			name: "delete unmanaged",
			update: func(f *fixture) rotator.Task {
				task, x := f.unmanagedTask()
				f.use(x)
				return task
			},
			err:      "StaleError{delete_unmanaged X because unmanaged X | C Active, X Active}",
			saved:    unsaved,
			iam:      "C Active, X Active",
			evidence: "none",
			calls:    look + "X",
		},
		{
			name:     "rotate",
			update:   rotating(withKeys("X")),
			err:      "StaleError{rotate C because unmanaged X | C Active, X Active}",
			saved:    unsaved,
			iam:      "C Active, X Active",
			evidence: "none",
			calls:    look + "X",
		},
	})
}

// TestUpdate_userChanged is about users who are no longer where the plan found them.
func TestUpdate_userChanged(t *testing.T) {
	t.Parallel()
	named := func(name string) func(*fixture, *rotator.Task) {
		return func(_ *fixture, task *rotator.Task) { task.User = name }
	}
	runApplyCases(t, []applyCase{
		{
			name:     "the new name does not exist",
			update:   steady(named("deploy")),
			err:      "UserChangedError{new user missing C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
			calls:    "ListAccessKeys deploy",
		},
		{
			name: "the user was renamed to the new name a moment ago",
			update: steady(named("deploy"), func(f *fixture, _ *rotator.Task) {
				f.clock.onSleep = func(time.Duration) {
					if _, ok := f.sim.User("deploy"); !ok {
						f.sim.RenameUser("ci", "deploy")
					}
				}
			}),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active",
			calls:    "ListAccessKeys deploy, GetUser deploy",
		},
		{
			name:     "the new name belongs to another user",
			update:   steady(named("deploy"), func(f *fixture, _ *rotator.Task) { f.sim.CreateUser("deploy") }),
			err:      "UserChangedError{new user is another one C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
			calls:    "ListAccessKeys deploy",
		},
		{
			name:     "the user was renamed to the new name",
			update:   steady(named("deploy"), func(f *fixture, _ *rotator.Task) { f.sim.RenameUser("ci", "deploy") }),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active",
			calls:    "ListAccessKeys deploy, GetUser deploy",
		},
		{
			name:     "the user was renamed since the plan",
			update:   deactivating(func(f *fixture, _ *rotator.Task) { f.sim.RenameUser("ci", "deploy") }),
			err:      "UserChangedError{user renamed C}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser deploy, ListAccessKeys deploy",
		},
		{
			name:     "the user was deleted since the plan",
			update:   deactivating(func(f *fixture, _ *rotator.Task) { f.sim.DeleteUser("ci") }),
			err:      "UserChangedError{user gone C}",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, ListUsers",
		},
		{
			name: "the user was created again since the plan",
			update: deactivating(func(f *fixture, _ *rotator.Task) {
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
			}),
			err:      "StaleError{deactivate P | }",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity, GetUser ci, GetAccessKeyLastUsed C, ListUsers",
		},
		{
			// A key of that age that is not listed may still show, unless its user is another one.
			name: "the user was created again before the plan",
			update: func(f *fixture) rotator.Task {
				record := f.single(time.Minute)
				user, _ := f.sim.User("ci")
				f.sim.DeleteUser("ci")
				f.sim.CreateUser("ci")
				return rotator.Task{
					User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID, Record: record, Policy: standard(),
					Known:           rotator.Evidence{Seen: rotation.Observation{Recreated: true}},
					Planned:         []rotation.Step{{Kind: rotation.Rotate, Reason: rotation.ReasonRecreated}},
					WaitUntilUsable: true,
				}
			},
			saved:    "current new 1 | new 1 Active | created with secret for recreated (current C), configured, done",
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls: "ListAccessKeys ci, GetCallerIdentity, GetUser ci, GetAccessKeyLastUsed C, ListUsers, CreateAccessKey ci, " +
				"GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name: "the credentials belong to another account",
			update: deactivating(func(f *fixture, task *rotator.Task) {
				task.AccountID = "999999999999"
				f.sim.DeleteUser("ci")
			}),
			err:      "WrongAccountError{999999999999 123456789012}",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity",
		},
		{
			name:     "the last use can't be read",
			update:   deactivating(withDenied("GetAccessKeyLastUsed")),
			err:      "StaleError{deactivate P because unknown_use P | P Active, C Active}",
			notices:  "LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, ListAccessKeys ci",
		},
		{
			name:     "the last use of an Inactive key can't be read",
			update:   deleting(withDenied("GetAccessKeyLastUsed")),
			err:      "StaleError{delete_previous P because unknown_use P | P Inactive, C Active}",
			notices:  "LastUseUnknown{P}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "P Inactive, C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, ListAccessKeys ci",
		},
		{
			name: "the last use can't be read, and the key was reactivated",
			update: deleting(withDenied("GetAccessKeyLastUsed"), func(f *fixture, task *rotator.Task) {
				f.sim.SetStatus(task.Record.Previous.ID, "Active")
			}),
			err:      "StaleError{delete_previous P | P Active, C Active}",
			notices:  "LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, ListAccessKeys ci",
		},
		{
			// The first list does not know the user. The one that follows the question for the owner of C is up to date.
			name: "a stale read",
			update: deactivating(func(f *fixture, _ *rotator.Task) {
				f.sim.SetReadLag(1000*day, 1)
				f.before("GetAccessKeyLastUsed", 1, func() { f.sim.SetReadLag(0, 1) })
			}),
			saved:    "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed now",
			calls: "ListAccessKeys ci, GetCallerIdentity, GetAccessKeyLastUsed C, ListAccessKeys ci, GetAccessKeyLastUsed P, " +
				"GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci",
		},
	})
}

// TestUpdate_listedDates confirms a rotation by the date that IAM lists, and saves the one that the plan showed.
func TestUpdate_listedDates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task, _ := f.rotationTask(rotation.RefuseUnmanaged)
	edited := f.sim.Now()
	task.Record.Current.CreatedAt = edited
	f.reported(f.update(task), "", "")
	f.equal("IAM", f.inIAM("ci"), "C Active, new 1 Active")
	if got := f.saved().Record.Previous.CreatedAt; !got.Equal(edited) {
		t.Errorf("created %v, want %v as planned", got, edited)
	}
}

// TestUpdate_answerLostAndStale shows that a lost answer to a change of status is looked for in lists that show it late.
func TestUpdate_answerLostAndStale(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task := deactivating()(f)
	f.sim.AddFault(iamsim.Fault{Action: "UpdateAccessKey", Kind: iamsim.AnswerLost})
	f.before("UpdateAccessKey", 1, func() { f.sim.SetReadLag(time.Second, 1) })
	f.reported(f.update(task), "", "")
	f.savedLast("current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done")
}

// TestUpdate_forgetsSignedAt shows that a call that the old key signed says nothing of the use of the new one.
func TestUpdate_forgetsSignedAt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		update func(*fixture) rotator.Task
		want   string
	}{
		"a new key":   {rotating(signedNow), "C Active, new 1 Active | changed now"},
		"no new key":  {deactivating(signedNow), "P Inactive, C Active | changed now, signed now"},
		"no new step": {steady(signedNow), "C Active, signed now"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			report := f.update(c.update(f))
			f.equal("error", f.describeError(report.Err), "")
			f.equal("evidence", f.describeEvidence(report.Evidence), c.want)
		})
	}
}

// TestUpdate_remembersRemoved shows that the keys deleted by an earlier apply are remembered for five minutes, too.
func TestUpdate_remembersRemoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ago  time.Duration
		want string
	}{
		"for five minutes": {5*time.Minute - time.Second, "C Active | changed now, removed AKIAGONE, removed P"},
		"and then no more": {5 * time.Minute, "C Active | changed now, removed P"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			report := f.update(deleting(func(f *fixture, task *rotator.Task) {
				task.Known.ChangedAt, task.Known.Removed = f.sim.Now().Add(-c.ago), []string{"AKIAGONE"}
			})(f))
			f.equal("error", f.describeError(report.Err), "")
			f.equal("evidence", f.describeEvidence(report.Evidence), c.want)
		})
	}
}

func signedNow(f *fixture, task *rotator.Task) { task.Known.SignedAt = f.sim.Now() }
