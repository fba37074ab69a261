package rotator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// creating returns a Create of the user ci after changes to IAM and to the task.
func creating(changes ...func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		task := createTask(standard())
		for _, change := range changes {
			change(f, &task)
		}
		f.sim.ResetLog()
		return task
	}
}

func unmanaged(keys rotation.UnmanagedKeys) func(*fixture, *rotator.Task) {
	return func(_ *fixture, task *rotator.Task) { task.Policy.UnmanagedKeys = keys }
}

func withKeys(names ...string) func(*fixture, *rotator.Task) {
	return func(f *fixture, _ *rotator.Task) {
		for _, name := range names {
			f.newKey(name)
		}
	}
}

func withSealer(change func(*fakeSealer)) func(*fixture, *rotator.Task) {
	return func(f *fixture, task *rotator.Task) {
		change(f.sealer)
		task.Sealer = f.sealer
	}
}

func withDescription(_ *fixture, task *rotator.Task) {
	task.Description = "deployer"
}

func withDenied(actions ...string) func(*fixture, *rotator.Task) {
	return func(f *fixture, _ *rotator.Task) { f.deny(actions...) }
}

func TestCreate_outcomes(t *testing.T) {
	t.Parallel()
	runApplyCases(t, []applyCase{
		{
			name:     "no keys",
			create:   creating(),
			saved:    "current new 1 | new 1 Active | created with secret for created (no current), configured, done",
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name:     "a free slot",
			create:   creating(withKeys("A")),
			saved:    "current new 1 | A Active, new 1 Active | created with secret for created (no current), configured, done",
			iam:      "A Active, new 1 Active",
			evidence: "A Active, new 1 Active | changed now",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed A, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name:     "no free slot",
			create:   creating(withKeys("A", "B")),
			err:      "RefusedError{unmanaged A, A Active, B Active}",
			saved:    unsaved,
			iam:      "A Active, B Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed A, GetAccessKeyLastUsed B, ListAccessKeys ci",
		},
		{
			name:     "an unused key is deleted, and its description with it",
			create:   creating(withKeys("A", "B"), unmanaged(rotation.DeleteUnused), withDescription),
			saved:    "current new 1 | B Active, new 1 Active | created with secret for created (no current), configured, done",
			iam:      "B Active, new 1 Active",
			evidence: "B Active, new 1 Active | changed now, removed A",
			calls: "ListAccessKeys ci, GetAccessKeyLastUsed A, GetAccessKeyLastUsed B, CreateAccessKey ci, DeleteAccessKey A, UntagUser ci, " +
				"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, TagUser ci",
		},
		{
			name:   "a key is adopted, and keeps the description that it has",
			create: creating(withKeys("A"), unmanaged(rotation.RetireUnmanaged), withDescription),
			saved: "current new 1; previous A replaced now adopted | A Active, new 1 Active | " +
				"created with secret for created (no current; previous A replaced now adopted), configured, done",
			iam:      "A Active, new 1 Active",
			evidence: "A Active, new 1 Active | changed now",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed A, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, TagUser ci",
		},
		{
			name:     "the description is refused",
			create:   creating(withDescription, withDenied("TagUser")),
			notices:  "DescriptionNotWritten{new 1}: TagUser AccessDenied",
			saved:    "current new 1 | new 1 Active | created with secret for created (no current), configured, done",
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, TagUser ci",
		},
		{
			name:     "sealed",
			create:   creating(withSealer(func(*fakeSealer) {})),
			saved:    "current new 1 sealed | new 1 Active | created with sealed new 1 for created (no current), configured, done",
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name:     "the trial of the sealer fails",
			create:   creating(withSealer(func(s *fakeSealer) { s.failTry = errSealer })),
			err:      "TrialError{}: the recipient has expired",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci",
		},
		{
			name:     "the new secret can't be sealed",
			create:   creating(withSealer(func(s *fakeSealer) { s.failSeal = errSealer })),
			err:      "SealError{new 1 deleted}: the recipient has expired",
			saved:    unsaved,
			evidence: " | changed now, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "the new secret can't be sealed, and its key not deleted",
			create:   creating(withSealer(func(s *fakeSealer) { s.failSeal = errSealer }), withDenied("DeleteAccessKey")),
			err:      "SealError{new 1 not deleted (DeleteAccessKey AccessDenied)}: the recipient has expired",
			saved:    unsaved,
			iam:      "new 1 Active",
			evidence: " | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, DeleteAccessKey new 1",
		},
		{
			name: "another resource manages the user",
			create: creating(func(f *fixture, _ *rotator.Task) {
				f.client.ClaimRead("ci", f.newKey("C"))
			}),
			err:      "ManagedError{C}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "none",
		},
		{
			name: "another resource was created for the user",
			create: creating(func(f *fixture, _ *rotator.Task) {
				f.create(createTask(standard()))
				f.saves = nil
			}),
			err:      "ManagedError{new 1}",
			saved:    unsaved,
			iam:      "new 1 Active",
			evidence: "none",
		},
		{
			name: "another resource could not create its key",
			create: creating(func(f *fixture, task *rotator.Task) {
				f.deny("ListAccessKeys")
				f.create(*task)
				f.sim.ClearDenials()
			}),
			saved:    "current new 1 | new 1 Active | created with secret for created (no current), configured, done",
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name:     "list denied",
			create:   creating(withDenied("ListAccessKeys")),
			err:      "ReadError{keys ci}: ListAccessKeys AccessDenied",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci",
		},
		{
			name:     "last use denied",
			create:   creating(withKeys("A"), withDenied("GetAccessKeyLastUsed")),
			saved:    "current new 1 | A Active, new 1 Active | created with secret for created (no current), configured, done",
			iam:      "A Active, new 1 Active",
			evidence: "A Active, new 1 Active | changed now",
			calls: "ListAccessKeys ci, GetAccessKeyLastUsed A, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, " +
				"ListAccessKeys ci",
		},
		{
			name:     "no such user",
			create:   creating(func(f *fixture, _ *rotator.Task) { f.sim.DeleteUser("ci") }),
			err:      "ReadError{keys ci}: ListAccessKeys NoSuchEntity",
			saved:    unsaved,
			evidence: "none",
			calls:    "ListAccessKeys ci",
		},
	})
}

// TestCreate_newUser is about a user who was created a moment ago, and whom the reads do not know for a while.
func TestCreate_newUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.sim.SetReadLag(6*time.Second, 1)
	f.before("CreateAccessKey", 1, func() { f.sim.SetReadLag(9*time.Second, 1) })
	task := createTask(standard())
	task.WaitUntilUsable = false
	f.reported(f.create(task), "", "")
	f.equal("IAM", f.inIAM("ci"), "new 1 Active")
	// The pauses are 0.25, 0.5, 1, 2 and 4 seconds for the list, and then 0.25, 0.5 and 1 second for GetUser.
	calls := slices.Concat(slices.Repeat([]string{"ListAccessKeys ci"}, 6), []string{"CreateAccessKey ci"},
		slices.Repeat([]string{"GetUser ci"}, 4), []string{"ListAccessKeys ci"})
	if got := f.calls(); !slices.Equal(got[:min(len(got), len(calls))], calls) {
		t.Errorf("got calls %v, want first %v", got, calls)
	}
}

// TestCreate_state shows what a Create saves, and when.
func TestCreate_state(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task := creating(withSealer(func(*fakeSealer) {}))(f)
	var calls [][]string
	f.onSave = func(rotator.State) { calls = append(calls, f.calls()) }
	f.reported(f.create(task), "", "")

	created := "current new 1 sealed | new 1 Active | created with sealed new 1 for created (no current), configured"
	var saves []string
	for _, s := range f.saves {
		saves = append(saves, f.describeState(s))
	}
	if want := []string{created, created, created + ", done"}; !slices.Equal(saves, want) {
		t.Errorf("saved %q, want %q", saves, want)
	}
	if want := []string{"ListAccessKeys ci", "CreateAccessKey ci"}; !slices.Equal(calls[0], want) {
		t.Errorf("the first save follows the calls %v, want %v", calls[0], want)
	}
	if got := f.saves[0]; got.AccountID != "" || got.UniqueID != "" {
		t.Errorf("before the proof the state has account %q and unique id %q", got.AccountID, got.UniqueID)
	}
	user, _ := f.sim.User("ci")
	if got := f.saved(); got.AccountID != accountID || got.UniqueID != user.ID {
		t.Errorf("the state has account %q and unique id %q, want %q and %q", got.AccountID, got.UniqueID, accountID, user.ID)
	}
	id := f.saved().Record.Current.ID
	if want := []string{"try", "seal " + id}; !slices.Equal(f.sealer.calls, want) {
		t.Errorf("the sealer was asked to %v, want %v", f.sealer.calls, want)
	}
}

// TestCreate_secret shows that the secret which is saved is the one of the key.
func TestCreate_secret(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.reported(f.create(createTask(standard())), "", "")
	saved := f.saved()
	if !f.sim.Authenticates(saved.Record.Current.ID, saved.Created.Secret) {
		t.Error("the saved secret is not the one of the saved key")
	}
	if got := f.sim.Keys("ci")[0]; !saved.Record.Current.CreatedAt.Equal(got.CreatedAt) {
		t.Errorf("the key is recorded as of %v, want %v", saved.Record.Current.CreatedAt, got.CreatedAt)
	}
}

// TestCreate_proof is about new keys that are not proved.
func TestCreate_proof(t *testing.T) {
	t.Parallel()
	neverUsable := func(f *fixture, _ *rotator.Task) { f.sim.SetNewKeyDelay(time.Hour) }
	byGetUser := func(_ *fixture, task *rotator.Task) { task.WaitUntilUsable = false }
	recreated := func(f *fixture, _ *rotator.Task) {
		f.before("CreateAccessKey", 1, func() {
			f.sim.DeleteUser("ci")
			f.sim.CreateUser("ci")
		})
	}
	const (
		before  = "current C | C Active | "
		created = "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done"
	)
	runApplyCases(t, []applyCase{
		{
			name:     "the key never authenticates",
			update:   rotating(neverUsable),
			err:      "UnprovedError{new 1 deleted signed}: GetCallerIdentity not usable",
			saved:    before,
			iam:      "C Active",
			evidence: "C Active | changed +2m0s, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "the key never authenticates and can't be deleted",
			update:   rotating(neverUsable, withDenied("DeleteAccessKey")),
			err:      "UnprovedError{new 1 not deleted (DeleteAccessKey AccessDenied) signed}: GetCallerIdentity not usable",
			saved:    before,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed +2m0s",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, DeleteAccessKey new 1",
		},
		{
			name: "somebody deletes the key while it is proved",
			update: rotating(func(f *fixture, _ *rotator.Task) {
				f.before("GetCallerIdentity", 1, func() { f.sim.DeleteAccessKey(f.sim.Keys("ci")[1].ID) })
			}),
			err:      "UnprovedError{new 1 deleted signed}: GetCallerIdentity not usable",
			saved:    before,
			iam:      "C Active",
			evidence: "C Active | changed +2m0s, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "the name belongs to another user, as the key says",
			update:   rotating(recreated),
			err:      "UnprovedError{new 1 deleted another user signed}: the state knows unique id AIDA..., IAM has AIDA... now",
			saved:    before,
			evidence: "C Active | changed now, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "the name belongs to another user, as GetUser says",
			update:   rotating(byGetUser, recreated),
			err:      "UnprovedError{new 1 deleted another user}: the state knows unique id AIDA..., IAM has AIDA... now",
			saved:    before,
			evidence: "C Active | changed now, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetUser ci, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "GetUser denied",
			update:   rotating(byGetUser, withDenied("GetUser")),
			err:      "UnprovedError{new 1 deleted}: GetUser AccessDenied",
			saved:    before,
			iam:      "C Active",
			evidence: "C Active | changed now, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetUser ci, DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name:     "proved by GetUser",
			update:   rotating(byGetUser, neverUsable),
			saved:    created,
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetUser ci, ListAccessKeys ci",
		},
		{
			name: "a unique id that is not known yet is learned",
			update: rotating(func(_ *fixture, task *rotator.Task) {
				task.AccountID, task.UniqueID = "", ""
			}),
			saved:    created,
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name:     "a first key that never authenticates",
			create:   creating(neverUsable),
			err:      "UnprovedError{new 1 deleted signed}: GetCallerIdentity not usable",
			saved:    "no current |  | ",
			evidence: " | changed +2m0s, removed new 1",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, DeleteAccessKey new 1, ListAccessKeys ci",
		},
	})
}

// TestCreate_recount is about the list that follows a proved key.
func TestCreate_recount(t *testing.T) {
	t.Parallel()
	created := "current new 1 | new 1 Active | created with secret for created (no current), configured, done"
	atCreation := func(change func(f *fixture)) func(*fixture, *rotator.Task) {
		return func(f *fixture, _ *rotator.Task) { f.before("CreateAccessKey", 1, func() { change(f) }) }
	}
	calls := "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci"
	runApplyCases(t, []applyCase{
		{
			name:     "somebody else has created a key",
			create:   creating(atCreation(func(f *fixture) { f.newKey("X") })),
			notices:  "UnexpectedKeys{X Active of 2}",
			saved:    created,
			iam:      "X Active, new 1 Active",
			evidence: "new 1 Active | changed +1s",
			calls:    calls,
		},
		{
			name: "the list never shows the new key",
			create: creating(
				func(f *fixture, _ *rotator.Task) { f.sim.Advance(day) },
				atCreation(func(f *fixture) { f.sim.SetReadLag(time.Hour, 1) }),
			),
			notices:  "NotConfirmed{new 1 created}: ListAccessKeys not settled",
			saved:    created,
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed +30s",
			calls:    calls,
		},
		{
			name:     "the list is denied",
			create:   creating(atCreation(func(f *fixture) { f.deny("ListAccessKeys") })),
			notices:  "NotConfirmed{new 1 created}: ListAccessKeys AccessDenied",
			saved:    created,
			iam:      "new 1 Active",
			evidence: "new 1 Active | changed now",
			calls:    calls,
		},
	})
}
