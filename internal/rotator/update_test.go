package rotator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// deactivating is a plan that deactivates the previous key P, after changes to IAM and to the task.
func deactivating(changes ...func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		record := f.pair(8 * day)
		task := f.task(record, standard(), rotation.Step{Kind: rotation.Deactivate, Key: record.Previous.ID})
		for _, change := range changes {
			change(f, &task)
		}
		f.sim.ResetLog()
		return task
	}
}

// deleting is a plan that deletes the previous key P, after changes to IAM and to the task.
func deleting(changes ...func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		record := f.retired()
		task := f.task(record, standard(), rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID})
		for _, change := range changes {
			change(f, &task)
		}
		f.sim.ResetLog()
		return task
	}
}

// retired creates the keys P and C, of which P is Inactive and its grace is over.
func (f *fixture) retired() rotation.Record {
	f.Helper()
	record := f.pair(8 * day)
	f.deactivate(record.Previous.ID)
	record.Previous.DeactivatedAt, record.Previous.DeactivatedByUs = f.sim.Now(), true
	f.sim.Advance(7 * day)
	return record
}

// steady is a plan without steps for a user with the key C, after changes to IAM and to the task.
func steady(changes ...func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		task := f.task(f.single(day), standard())
		for _, change := range changes {
			change(f, &task)
		}
		f.sim.ResetLog()
		return task
	}
}

// rotating is a plan that rotates the key C, after changes to IAM and to the task.
func rotating(changes ...func(f *fixture, task *rotator.Task)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		task, _ := f.rotationTask(rotation.RefuseUnmanaged)
		for _, change := range changes {
			change(f, &task)
		}
		f.sim.ResetLog()
		return task
	}
}

// TestUpdate_unconfirmed is about changes that AWS accepts and its list does not show within thirty seconds.
func TestUpdate_unconfirmed(t *testing.T) {
	t.Parallel()
	// stale makes all lists stale from the first call of an action on, and unlisted denies them.
	stale := func(action string) func(*fixture, *rotator.Task) {
		return func(f *fixture, _ *rotator.Task) {
			f.sim.Advance(2 * time.Hour)
			f.before(action, 1, func() { f.sim.SetReadLag(time.Hour, 1) })
		}
	}
	unlisted := func(action string) func(*fixture, *rotator.Task) {
		return func(f *fixture, _ *rotator.Task) { f.before(action, 1, func() { f.deny("ListAccessKeys") }) }
	}
	const (
		deactivated = "deactivated now by us | P Inactive, C Active | configured, done"
		reactivate  = "ListAccessKeys ci, GetAccessKeyLastUsed P, UpdateAccessKey P, ListAccessKeys ci"
		deactivate  = "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci"
		deleteCalls = "ListAccessKeys ci, GetAccessKeyLastUsed P, DeleteAccessKey P, ListAccessKeys ci"
	)
	runApplyCases(t, []applyCase{
		{
			name:     "deactivated",
			update:   deactivating(unlisted("UpdateAccessKey")),
			notices:  "NotConfirmed{P deactivated}: UpdateAccessKey not settled",
			saved:    "current C; previous P replaced -8d " + deactivated,
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed now",
			calls:    deactivate,
		},
		{
			name:     "deactivated, after all waiting",
			update:   deactivating(stale("UpdateAccessKey")),
			notices:  "NotConfirmed{P deactivated}: UpdateAccessKey not settled",
			saved:    "current C; previous P replaced -194h0m0s deactivated +30s by us | P Inactive, C Active | configured, done",
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed +30s",
			calls:    deactivate,
		},
		{
			name: "reactivated",
			update: func(f *fixture) rotator.Task {
				record := f.retired()
				policy := standard()
				policy.HoldPrevious = true
				task := f.task(record, policy, rotation.Step{Kind: rotation.Reactivate, Key: record.Previous.ID})
				unlisted("UpdateAccessKey")(f, &task)
				return task
			},
			notices:  "NotConfirmed{P activated}: UpdateAccessKey not settled",
			saved:    "current C; previous P replaced now | P Active, C Active | configured, done",
			iam:      "P Active, C Active",
			evidence: "P Active, C Active | changed now",
			calls:    reactivate,
		},
		{
			name:     "deleted",
			update:   deleting(unlisted("DeleteAccessKey")),
			notices:  "NotConfirmed{P deleted}: ListAccessKeys AccessDenied",
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active | changed now, removed P",
			calls:    deleteCalls,
		},
		{
			name:     "deleted, after all waiting",
			update:   deleting(stale("DeleteAccessKey")),
			notices:  "NotConfirmed{P deleted}: ListAccessKeys not settled",
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active | changed +30s, removed P",
			calls:    deleteCalls,
		},
	})
}

// TestUpdate_owner is about keys whose owner can't be found, after the user was renamed during the apply.
func TestUpdate_owner(t *testing.T) {
	t.Parallel()
	renamed := func(action string) func(*fixture, *rotator.Task) {
		return func(f *fixture, _ *rotator.Task) { f.before(action, 1, func() { f.sim.RenameUser("ci", "deploy") }) }
	}
	otherAccount := func(_ *fixture, task *rotator.Task) { task.AccountID = "999999999999" }
	// failing has the nth question for a last use fail, which is the first one after the look.
	failing := func(nth int) func(*fixture, *rotator.Task) {
		return func(f *fixture, _ *rotator.Task) {
			f.sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Nth: nth, Times: 2, Kind: iamsim.ErrorBeforeCommit})
		}
	}
	const (
		look   = "ListAccessKeys ci, GetAccessKeyLastUsed P, "
		active = "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, "
	)
	runApplyCases(t, []applyCase{
		{
			name:     "deactivate in another account",
			update:   deactivating(otherAccount, renamed("UpdateAccessKey")),
			err:      "StatusError{P Inactive}: WrongAccountError{999999999999 123456789012}",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "P Active, C Active | changed now",
			calls:    active + "UpdateAccessKey P, GetCallerIdentity",
		},
		{
			name:     "deactivate while the last use fails",
			update:   deactivating(failing(3), renamed("UpdateAccessKey")),
			saved:    "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed now",
			calls: active + "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListUsers, " +
				"UpdateAccessKey P of deploy, ListAccessKeys deploy",
		},
		{
			name:     "deactivate where the owner can't be asked",
			update:   deactivating(withDenied("ListUsers"), failing(3), renamed("UpdateAccessKey")),
			err:      "StatusError{P Inactive}: OwnerError{P of ci}: GetAccessKeyLastUsed ServiceFailure; ListUsers AccessDenied",
			saved:    unsaved,
			iam:      "P Active, C Active",
			evidence: "P Active, C Active | changed now",
			calls:    active + "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListUsers",
		},
		{
			// The list of the same user still has the current key.
			name: "deleted by somebody, and AWS denies access to all else",
			update: deactivating(func(f *fixture, task *rotator.Task) {
				f.before("UpdateAccessKey", 1, func() {
					f.sim.DeleteAccessKey(task.Record.Previous.ID)
					f.deny("GetAccessKeyLastUsed", "GetUser", "ListUsers")
				})
			}),
			notices:  "DeletedMeanwhile{P}",
			saved:    "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
			iam:      "C Active",
			evidence: "P Inactive, C Active | changed now",
			calls:    active + "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListAccessKeys ci",
		},
		{
			name:     "delete in another account",
			update:   deleting(otherAccount, renamed("DeleteAccessKey")),
			err:      "DeleteError{P}: WrongAccountError{999999999999 123456789012}",
			saved:    unsaved,
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed now",
			calls:    look + "DeleteAccessKey P, GetCallerIdentity",
		},
		{
			name:     "delete while the last use fails",
			update:   deleting(failing(2), renamed("DeleteAccessKey")),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active | changed now, removed P",
			calls: look + "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListUsers, " +
				"DeleteAccessKey P of deploy, ListAccessKeys deploy",
		},
		{
			name:     "delete where the owner can't be asked",
			update:   deleting(withDenied("ListUsers"), failing(2), renamed("DeleteAccessKey")),
			err:      "DeleteError{P}: OwnerError{P of ci}: GetAccessKeyLastUsed ServiceFailure; ListUsers AccessDenied",
			saved:    unsaved,
			iam:      "P Inactive, C Active",
			evidence: "P Inactive, C Active | changed now",
			calls:    look + "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci, ListUsers",
		},
	})
}

// TestUpdate_withoutSteps is about updates that change nothing in IAM.
func TestUpdate_withoutSteps(t *testing.T) {
	t.Parallel()
	runApplyCases(t, []applyCase{
		{
			name:     "nothing planned",
			update:   steady(),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active",
		},
		{
			name: "nothing planned, and the evidence of a Read is there",
			update: steady(func(f *fixture, task *rotator.Task) {
				task.Known.ChangedAt, task.Known.Removed = f.sim.Now().Add(-day), []string{"AKIAGONE"}
				task.Known.Blocked = rotation.CausePaused
				task.Known.Steps = []rotation.Step{{Kind: rotation.Rotate}}
			}),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active | changed -1d, removed AKIAGONE",
		},
		{
			name:     "somebody has deleted previous since the plan",
			update:   deleting(func(f *fixture, task *rotator.Task) { f.sim.DeleteAccessKey(task.Record.Previous.ID) }),
			saved:    "current C | C Active | configured, done",
			iam:      "C Active",
			evidence: "C Active",
			calls:    "ListAccessKeys ci",
		},
		{
			name: "somebody has deleted an unmanaged key since the plan",
			update: func(f *fixture) rotator.Task {
				task, x := f.unmanagedTask()
				f.sim.DeleteAccessKey(x)
				return task
			},
			saved:    "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
	})
}

// TestUpdate_saves shows what a revocation saves, and after which calls.
func TestUpdate_saves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task := f.revocationTask()
	var saves []string
	f.onSave = func(s rotator.State) {
		saves = append(saves, strings.Join(f.calls(), ", ")+" -> "+f.describeState(s))
		f.sim.ResetLog()
	}
	f.reported(f.update(task), "", "")
	created := "created with secret for revoked (current C), configured"
	want := []string{
		"ListAccessKeys ci, CreateAccessKey ci -> current new 1; previous C replaced now revoked | C Active, new 1 Active | " + created,
		"GetCallerIdentity, ListAccessKeys ci -> current new 1; previous C replaced now revoked | C Active, new 1 Active | " + created,
		"UpdateAccessKey C, ListAccessKeys ci -> current new 1; previous C replaced now deactivated now by us revoked | " +
			"C Inactive, new 1 Active | " + created,
		" -> current new 1; previous C replaced now deactivated now by us revoked | C Inactive, new 1 Active | " + created + ", done",
	}
	if !slices.Equal(saves, want) {
		t.Errorf("saved\n%s\nwant\n%s", strings.Join(saves, "\n"), strings.Join(want, "\n"))
	}
}

// revocationTask creates a key in the place of C and deactivates C.
func (f *fixture) revocationTask() rotator.Task {
	f.Helper()
	record := f.single(day)
	policy := standard()
	policy.RevokeWhenChanged = map[string]string{"incident": "1"}
	return f.task(record, policy,
		rotation.Step{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonRevoked, Revoke: true},
		rotation.Step{Kind: rotation.Deactivate, Key: record.Current.ID})
}

// TestUpdate_ended shows what a task that fails after a step saves of what is due and what waits: the same as the next Read finds, by the
// policy that the state has then.
func TestUpdate_ended(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		task func(f *fixture) rotator.Task
		want string
	}{
		{
			name: "a revoked key can't be deactivated",
			task: func(f *fixture) rotator.Task {
				task := f.revocationTask()
				f.deny("UpdateAccessKey")
				return task
			},
			want: "retirement blocked revoked_active, room delete_previous C",
		},
		{
			// The edit takes paused away, and does not count before a new key exists.
			name: "no key can be created",
			task: func(f *fixture) rotator.Task {
				record := f.pair(90 * day)
				record.Policy.Paused = true
				f.deactivate(record.Previous.ID)
				record.Previous.DeactivatedAt = f.sim.Now()
				task := f.requestTask(record, rotation.Step{Kind: rotation.DeletePrevious, Key: record.Previous.ID})
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 2, Kind: iamsim.Denied})
				return task
			},
			want: "blocked paused, room free",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			report := f.update(c.task(f))
			saved := f.saved()
			if report.Err == nil || !saved.Ended || saved.Done {
				t.Fatalf("error %v, ended %v, done %v", report.Err, saved.Ended, saved.Done)
			}
			f.equal("findings", f.describeFindings(*report.Evidence), c.want)
			var causes [2]rotation.Cause
			for i, o := range []*rotation.Obstacle{saved.Decision.Blocked, saved.Decision.RetirementBlocked} {
				if o != nil {
					causes[i] = o.Cause
				}
			}
			if causes != [2]rotation.Cause{report.Evidence.Blocked, report.Evidence.RetirementBlocked} {
				t.Errorf("saved %v, want what the evidence has", causes)
			}
			record := saved.Record
			if saved.Configured {
				policy := standard()
				policy.RevokeWhenChanged = map[string]string{"incident": "1"}
				record.Policy = &policy
			}
			reading, err := f.client.Read(f.ctx(), f.subject(record), record, *report.Evidence)
			f.fatal(err)
			if e := reading.Evidence; causes != [2]rotation.Cause{e.Blocked, e.RetirementBlocked} {
				t.Errorf("saved %v, and a Read finds %v and %v", causes, e.Blocked, e.RetirementBlocked)
			}
		})
	}
}

// TestUpdate_sealing is about secrets that the state holds in plain text, and about the trial before a rotation.
func TestUpdate_sealing(t *testing.T) {
	t.Parallel()
	plain := func(f *fixture, task *rotator.Task) {
		task.Secrets = map[string]secret.Secret{task.Record.Current.ID: f.sim.Secret(task.Record.Current.ID)}
		if p := task.Record.Previous; p != nil {
			task.Secrets[p.ID] = f.sim.Secret(p.ID)
		}
	}
	sealer := withSealer(func(*fakeSealer) {})
	for _, c := range []struct {
		applyCase

		// sealer is what the sealer was asked for.
		sealer string
	}{
		{
			applyCase: applyCase{
				name:     "without a rotation",
				update:   steady(sealer, plain),
				saved:    "current C | C Active | C=sealed C, configured, done",
				iam:      "C Active",
				evidence: "C Active",
			},
			sealer: "seal C",
		},
		{
			applyCase: applyCase{
				name:     "nothing in plain text",
				update:   steady(sealer),
				saved:    "current C | C Active | configured, done",
				iam:      "C Active",
				evidence: "C Active",
			},
		},
		{
			applyCase: applyCase{
				name:     "both keys, with a step",
				update:   deactivating(sealer, plain),
				saved:    "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | C=sealed C, P=sealed P, configured, done",
				iam:      "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now",
				calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci",
			},
			sealer: "seal C, seal P",
		},
		{
			applyCase: applyCase{
				name:   "with a rotation",
				update: rotating(sealer, plain),
				saved: "current new 1 sealed; previous C replaced now | C Active, new 1 Active | " +
					"created with sealed new 1 for age (current C), C=sealed C, configured, done",
				iam:      "C Active, new 1 Active",
				evidence: "C Active, new 1 Active | changed now",
				calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			sealer: "seal C, seal new 1",
		},
		{
			applyCase: applyCase{
				name:   "a rotation with nothing in plain text",
				update: rotating(sealer),
				saved: "current new 1 sealed; previous C replaced now | C Active, new 1 Active | " +
					"created with sealed new 1 for age (current C), configured, done",
				iam:      "C Active, new 1 Active",
				evidence: "C Active, new 1 Active | changed now",
				calls:    "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			sealer: "seal new 1, try",
		},
		{
			applyCase: applyCase{
				name:     "a step that needs no sealer",
				update:   deactivating(withSealer(func(s *fakeSealer) { s.failTry, s.failSeal = errSealer, errSealer })),
				saved:    "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam:      "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now",
				calls:    "ListAccessKeys ci, GetAccessKeyLastUsed P, GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci",
			},
		},
		{
			applyCase: applyCase{
				name:     "the sealer fails",
				update:   steady(withSealer(func(s *fakeSealer) { s.failSeal = errSealer }), plain),
				err:      "TrialError{}: the recipient has expired",
				saved:    unsaved,
				iam:      "C Active",
				evidence: "none",
			},
			sealer: "seal C",
		},
		{
			applyCase: applyCase{
				name:     "the sealer fails before a rotation",
				update:   rotating(withSealer(func(s *fakeSealer) { s.failTry = errSealer })),
				err:      "TrialError{}: the recipient has expired",
				saved:    unsaved,
				iam:      "C Active",
				evidence: "none",
				calls:    "ListAccessKeys ci",
			},
			sealer: "try",
		},
	} {
		update := c.update
		c.update = func(f *fixture) rotator.Task {
			f.Cleanup(func() {
				asked := slices.Clone(f.sealer.calls)
				for i, call := range asked {
					if action, id, ok := strings.Cut(call, " "); ok {
						asked[i] = action + " " + f.name(id)
					}
				}
				f.equal("sealer", strings.Join(slices.Sorted(slices.Values(asked)), ", "), c.sealer)
			})
			return update(f)
		}
		runApplyCases(t, []applyCase{c.applyCase})
	}
}
