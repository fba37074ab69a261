package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestUpdate_makeRoom has the first CreateAccessKey fail where a rotation of C needs the slot of the unmanaged key X: nothing is
// deleted before IAM has answered that no slot is free.
func TestUpdate_makeRoom(t *testing.T) {
	t.Parallel()
	const (
		both    = "C Active, X Active"
		created = "current new 1; previous C replaced now | C Active, new 1 Active | " +
			"created with secret for age (current C), configured, done"
		room  = "CreateAccessKey ci, DeleteAccessKey X, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci"
		again = "CreateAccessKey ci, ListAccessKeys ci"
	)
	stepTest{
		action: "CreateAccessKey",
		given:  (*fixture).unmanagedTask,
		rows: []stepRow{
			{
				fault: none, saved: created, iam: "C Active, new 1 Active",
				evidence: "C Active, new 1 Active | changed now, removed X", calls: room,
			},
			{
				fault: denied, err: "CreateError{keys [C Active, X Active] kept X}: CreateAccessKey AccessDenied", saved: unsaved,
				iam: both, evidence: both + " | changed now", calls: "CreateAccessKey ci",
			},
			{
				fault: errorBeforeCommit, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey ServiceFailure",
				saved: unsaved, iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: cutBeforeCommit, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey no answer",
				saved: unsaved, iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: errorAfterCommit, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey ServiceFailure",
				saved: unsaved, iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: answerLost, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey no answer",
				saved: unsaved, iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: answerLostOnce, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey no answer",
				saved: unsaved, iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: empty200, err: "CreateError{keys [C Active, X Active] kept X lost[]}: CreateAccessKey bad answer", saved: unsaved,
				iam: both, evidence: both + " | changed +10s", calls: again,
			},
			{
				fault: throttled, err: "CreateError{keys [C Active, X Active] kept X}: CreateAccessKey Throttling", saved: unsaved,
				iam: both, evidence: both + " | changed now", calls: "CreateAccessKey ci",
			},
			// There was room, and the list after the new key shows that X is gone.
			{
				fault: keyDeleted, saved: created, iam: "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now",
				calls: "CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: userRenamed, err: "CreateError{keys [C Active, X Active] kept X}: CreateAccessKey NoSuchEntity", saved: unsaved,
				iam: both, evidence: both + " | changed now", calls: "CreateAccessKey ci",
			},
		},
	}.run(t)
}

// TestUpdate_madeRoom fails after the unmanaged key X was deleted to make room: the report names it.
func TestUpdate_madeRoom(t *testing.T) {
	t.Parallel()
	const (
		look  = "ListAccessKeys ci, GetAccessKeyLastUsed X, CreateAccessKey ci, DeleteAccessKey X, CreateAccessKey ci"
		saved = "current C | C Active | "
	)
	given := func(change func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
		return func(f *fixture) rotator.Task {
			task, _ := f.unmanagedTask()
			change(f, &task)
			return task
		}
	}
	runApplyCases(t, []applyCase{
		{
			name: "the second creation is denied", update: given(func(f *fixture, _ *rotator.Task) {
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 2, Kind: iamsim.Denied})
			}),
			err:   "CreateError{keys [C Active]}: CreateAccessKey AccessDenied, made room X",
			saved: saved, iam: "C Active", evidence: "C Active | changed now, removed X", calls: look,
		},
		{
			name: "the secret can't be encrypted", update: given(func(f *fixture, task *rotator.Task) {
				task.Sealer, f.sealer.failSeal = f.sealer, errSealer
			}),
			err:   "SealError{new 1 deleted}: the recipient has expired, made room X",
			saved: saved, iam: "C Active", evidence: "C Active | changed now, removed X, removed new 1",
			calls: look + ", DeleteAccessKey new 1, ListAccessKeys ci",
		},
		{
			name: "the new key does not work", update: given(func(f *fixture, _ *rotator.Task) {
				f.sim.SetNewKeyDelay(time.Hour)
			}),
			err:   "UnprovedError{new 1 deleted signed}: GetCallerIdentity not usable, made room X",
			saved: saved, iam: "C Active", evidence: "C Active | changed +2m0s, removed X, removed new 1",
			calls: look + ", GetCallerIdentity, DeleteAccessKey new 1, ListAccessKeys ci",
		},
	})
}

// TestUpdate_roomLeft has somebody delete another key just before the new one is created: there is room then, and the key that the
// plan deletes goes after the proof.
func TestUpdate_roomLeft(t *testing.T) {
	t.Parallel()
	// freed deletes the key of that name at the creation.
	freed := func(f *fixture, name string) {
		f.before("CreateAccessKey", 1, func() {
			for id, n := range f.names {
				if n == name {
					f.sim.DeleteAccessKey(id)
				}
			}
		})
	}
	unmanaged := func(changes ...func(f *fixture)) func(f *fixture) rotator.Task {
		return func(f *fixture) rotator.Task {
			task, _ := f.unmanagedTask()
			freed(f, "C")
			for _, change := range changes {
				change(f)
			}
			return task
		}
	}
	// previousTask deletes the Inactive previous key P beside the unmanaged key X, while the current key C is gone.
	previousTask := func(f *fixture) rotator.Task {
		record := f.pair(8 * day)
		f.deactivate(record.Previous.ID)
		record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now(), true
		f.sim.DeleteAccessKey(record.Current.ID)
		f.newKey("X")
		task := f.task(record, standard(), rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID},
			rotation.Step{Kind: rotation.Rotate, Reason: rotation.ReasonMissing})
		freed(f, "X")
		return task
	}
	denied := func(f *fixture) { f.deny("DeleteAccessKey") }
	const (
		look    = "ListAccessKeys ci, GetAccessKeyLastUsed X, "
		create  = "CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, "
		created = " | created with secret for age (current C), configured"
	)
	runApplyCases(t, []applyCase{
		{
			name: "deleted", update: unmanaged(),
			saved: "current new 1; previous C replaced now | C Active, new 1 Active" + created + ", done",
			iam:   "new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
			calls: look + create + "DeleteAccessKey X, ListAccessKeys ci",
		},
		{
			name: "not deleted", update: unmanaged(denied),
			err:   "DeleteError{X refused replaced}: DeleteAccessKey AccessDenied",
			saved: "current new 1; previous C replaced now | C Active, X Active, new 1 Active" + created,
			iam:   "X Active, new 1 Active", evidence: "C Active, X Active, new 1 Active | changed now",
			calls: look + create + "DeleteAccessKey X",
		},
		{
			name: "unlisted", update: unmanaged(func(f *fixture) {
				f.sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 2, Times: 2, Kind: iamsim.ErrorBeforeCommit})
			}),
			notices: "NotConfirmed{new 1 created}: ListAccessKeys ServiceFailure",
			saved:   "current new 1; previous C replaced now | C Active, new 1 Active" + created + ", done",
			iam:     "new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
			calls: look + create + "DeleteAccessKey X, ListAccessKeys ci",
		},
		{
			// As long as previous exists the state has it.
			name: "previous not deleted", update: func(f *fixture) rotator.Task {
				task := previousTask(f)
				denied(f)
				f.sim.ResetLog()
				return task
			},
			err: "DeleteError{P refused replaced}: DeleteAccessKey AccessDenied",
			saved: "current new 1; previous P replaced now deactivated now by us | P Inactive, X Active, new 1 Active | " +
				"created with secret for missing (current C; previous P replaced -192h0m1s deactivated -1s by us), configured",
			iam: "P Inactive, new 1 Active", evidence: "P Inactive, X Active, new 1 Active | changed now",
			calls: "ListAccessKeys ci, GetCallerIdentity, GetUser ci, GetAccessKeyLastUsed X, " + create + "DeleteAccessKey P",
		},
	})
}

// TestCreate_roomLeft is that at a create, where an error would taint the resource and so destroy the new key.
func TestCreate_roomLeft(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.newKey("X")
	y := f.newKey("Y")
	f.use(y)
	policy := standard()
	policy.UnmanagedKeys = rotation.DeleteUnused
	f.before("CreateAccessKey", 1, func() {
		f.sim.DeleteAccessKey(y)
		f.deny("DeleteAccessKey")
	})
	f.reported(f.create(createTask(policy)), "", "NotDeleted{X}: DeleteAccessKey AccessDenied")
	f.equal("IAM", f.inIAM("ci"), "X Active, new 1 Active")
	if !f.saved().Done {
		t.Error("the create was not saved as done")
	}
}

// TestUpdate_roomLeftRevoke shows that a revoke goes on to the leaked key though another could not be deleted.
func TestUpdate_roomLeftRevoke(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, err, notices, iam string
		deny                    []string
	}{
		{
			name: "deactivated", deny: []string{"DeleteAccessKey"},
			err:     "DeleteError{X refused replaced}: DeleteAccessKey AccessDenied",
			notices: "DeletedMeanwhile{C}", iam: "X Active, new 1 Active",
		},
		{
			name: "not deactivated", deny: []string{"DeleteAccessKey", "UpdateAccessKey"},
			err:     "StatusError{C Inactive refused revoked for new 1}: UpdateAccessKey AccessDenied",
			notices: "NotDeleted{X}: DeleteAccessKey AccessDenied", iam: "X Active, new 1 Active",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.single(day)
			policy := standard()
			policy.UnmanagedKeys = rotation.DeleteUnused
			record.Policy = &policy
			asked := policy
			asked.RevokeWhenChanged = map[string]string{"incident": "1"}
			x := f.newKey("X")
			task := f.task(record, asked,
				rotation.Step{Kind: rotation.DeleteUnmanaged, Key: x},
				rotation.Step{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonRevoked, Revoke: true},
				rotation.Step{Kind: rotation.Deactivate, Key: record.Current.ID})
			f.before("CreateAccessKey", 1, func() { f.sim.DeleteAccessKey(record.Current.ID) })
			f.deny(c.deny...)
			f.reported(f.update(task), c.err, c.notices)
			f.equal("IAM", f.inIAM("ci"), c.iam)
		})
	}
}

// TestUpdate_roomUnknownUse has the last uses denied between plan and apply: no key of unknown use is deleted to make room, except
// one that is Inactive already, or under a revoke.
func TestUpdate_roomUnknownUse(t *testing.T) {
	t.Parallel()
	asked := func(p *rotation.Policy) { p.RotateWhenChanged = map[string]string{"quarter": "1"} }
	// previousTask deletes P, for which given is called, to make room for an edit of the policy.
	previousTask := func(
		given func(f *fixture, record *rotation.Record), edit func(*rotation.Policy), rotate rotation.Step, after ...rotation.Step,
	) func(f *fixture) rotator.Task {
		return func(f *fixture) rotator.Task {
			record := f.pair(8 * day)
			given(f, &record)
			policy := standard()
			edit(&policy)
			rotate.Kind, rotate.Key, rotate.Replaced = rotation.Rotate, record.Current.ID, rotation.Active
			steps := []rotation.Step{{Kind: rotation.DeletePrevious, Key: record.Previous.ID}, rotate}
			for _, step := range after {
				step.Key = record.Current.ID
				steps = append(steps, step)
			}
			task := f.task(record, policy, steps...)
			f.deny("GetAccessKeyLastUsed")
			return task
		}
	}
	inactive := func(f *fixture, record *rotation.Record) {
		f.deactivate(record.Previous.ID)
		record.Previous.DeactivatedAt = f.sim.Now()
	}
	active := func(*fixture, *rotation.Record) {}
	const room = "CreateAccessKey ci, DeleteAccessKey P, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci"
	runApplyCases(t, []applyCase{
		{
			name: "unmanaged",
			update: func(f *fixture) rotator.Task {
				task, _ := f.unmanagedTask()
				f.deny("GetAccessKeyLastUsed")
				return task
			},
			err:      "StaleError{delete_unmanaged X because unknown_use X | C Active, X Active}",
			notices:  "LastUseUnknown{X}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "C Active, X Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed X, ListAccessKeys ci",
		},
		{
			name: "unmanaged, beside a previous key",
			update: func(f *fixture) rotator.Task {
				record := f.pair(8 * day)
				f.use(record.Previous.ID)
				f.sim.DeleteAccessKey(record.Current.ID)
				x := f.newKey("X")
				policy := standard()
				policy.UnmanagedKeys = rotation.DeleteUnused
				record.Policy = &policy
				task := f.task(record, policy, rotation.Step{Kind: rotation.DeleteUnmanaged, Key: x},
					rotation.Step{Kind: rotation.Rotate, Reason: rotation.ReasonMissing})
				f.deny("GetAccessKeyLastUsed")
				f.sim.ResetLog()
				return task
			},
			err:      "StaleError{delete_unmanaged X because unknown_use X | P Active, X Active}",
			notices:  "LastUseUnknown{P X}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "P Active, X Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetCallerIdentity, GetUser ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed X, ListAccessKeys ci",
		},
		{
			name:     "a request, and P is Active",
			update:   previousTask(active, asked, rotation.Step{Reason: rotation.ReasonChanged}),
			err:      "StaleError{delete_previous P because unknown_use P | P Active, C Active}",
			notices:  "LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "none",
			calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, ListAccessKeys ci",
		},
		{
			name:   "a request, and P is Inactive",
			update: previousTask(inactive, asked, rotation.Step{Reason: rotation.ReasonChanged}),
			saved: "current new 1; previous C replaced now | C Active, new 1 Active | " +
				"created with secret for changed (current C), configured, done",
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed now, removed P",
			calls:    "ListAccessKeys ci, " + room,
		},
		{
			name: "a revoke, and P is Active",
			update: previousTask(active, func(p *rotation.Policy) { p.RevokeWhenChanged = map[string]string{"incident": "1"} },
				rotation.Step{Reason: rotation.ReasonRevoked, Revoke: true}, rotation.Step{Kind: rotation.Deactivate}),
			notices: "LastUseUnknown{P C}: GetAccessKeyLastUsed AccessDenied",
			saved: "current new 1; previous C replaced now deactivated now by us revoked | C Inactive, new 1 Active | " +
				"created with secret for revoked (current C), configured, done",
			iam:      "C Inactive, new 1 Active",
			evidence: "C Inactive, new 1 Active | changed now, removed P",
			calls: "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, ListAccessKeys ci, " + room +
				", UpdateAccessKey C, ListAccessKeys ci",
		},
	})
}
