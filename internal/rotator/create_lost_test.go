package rotator_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// losing rotates the key C, and loses the answer to the first creation.
func losing(unmanaged rotation.UnmanagedKeys, changes ...func(f *fixture)) func(f *fixture) rotator.Task {
	return func(f *fixture) rotator.Task {
		task, _ := f.rotationTask(unmanaged)
		f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
		for _, change := range changes {
			change(f)
		}
		return task
	}
}

// TestUpdate_lostAnswer is about a creation whose answer was lost. TestUpdate_rotate has the plain cases.
func TestUpdate_lostAnswer(t *testing.T) {
	t.Parallel()
	const (
		lost  = "CreateError{keys [C Active] lost[unused new 1]}: CreateAccessKey no answer"
		calls = "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1"
	)
	runApplyCases(t, []applyCase{
		{
			name: "the key shows in the second list",
			update: losing(rotation.RefuseUnmanaged, func(f *fixture) {
				f.before("CreateAccessKey", 1, func() {
					f.sim.SetReadLag(time.Hour, 1)
					f.before("ListAccessKeys", 2, func() { f.sim.SetReadLag(0, 1) })
				})
			}),
			err:      lost,
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed now",
			calls:    calls,
		},
		{
			name: "the key does not show within ten seconds",
			update: losing(rotation.DeleteUnused, func(f *fixture) {
				f.before("CreateAccessKey", 1, func() { f.sim.SetReadLag(time.Hour, 1) })
			}),
			err:      "CreateError{keys [C Active] lost[]}: CreateAccessKey no answer",
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed +10s",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci",
		},
		{
			name: "the keys can't be listed",
			update: losing(rotation.DeleteUnused, func(f *fixture) {
				f.before("CreateAccessKey", 1, func() { f.deny("ListAccessKeys") })
			}),
			err:      "CreateError{keys [C Active] lost[unlisted]}: CreateAccessKey no answer",
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed now",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci",
		},
		{
			name: "somebody uses the key that appeared",
			update: losing(rotation.DeleteUnused, func(f *fixture) {
				f.before("GetAccessKeyLastUsed", 1, func() { f.use(f.sim.Keys("ci")[1].ID) })
			}),
			err:      "CreateError{keys [C Active] lost[used new 1]}: CreateAccessKey no answer",
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed +10s",
			calls:    calls + ", ListAccessKeys ci",
		},
		{
			name:     "the last use of the key that appeared is denied",
			update:   losing(rotation.DeleteUnused, func(f *fixture) { f.deny("GetAccessKeyLastUsed") }),
			err:      lost,
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed now",
			calls:    calls,
		},
		{
			name:     "the key can't be deleted",
			update:   losing(rotation.DeleteUnused, func(f *fixture) { f.deny("DeleteAccessKey") }),
			err:      lost,
			saved:    unsaved,
			iam:      "C Active, new 1 Active",
			evidence: "C Active | changed now",
			calls:    calls + ", DeleteAccessKey new 1",
		},
		{
			name: "the key is deleted by somebody else",
			update: losing(rotation.DeleteUnused, func(f *fixture) {
				f.before("DeleteAccessKey", 1, func() { f.sim.DeleteAccessKey(f.sim.Keys("ci")[1].ID) })
			}),
			notices:  "LostKeyDeleted{new 1}",
			saved:    "current new 2; previous C replaced now | C Active, new 2 Active | created with secret for age (current C), configured, done",
			iam:      "C Active, new 2 Active",
			evidence: "C Active, new 2 Active | changed now, removed new 1",
			calls: calls + ", DeleteAccessKey new 1, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, " +
				"ListAccessKeys ci",
		},
		{
			name: "the second creation is denied",
			update: losing(rotation.DeleteUnused, func(f *fixture) {
				f.before("DeleteAccessKey", 1, func() { f.deny("CreateAccessKey") })
			}),
			err:      "CreateError{keys [C Active] lost[unused new 1 deleted]}: CreateAccessKey AccessDenied",
			notices:  "LostKeyDeleted{new 1}",
			saved:    unsaved,
			iam:      "C Active",
			evidence: "C Active | changed now, removed new 1",
			calls:    calls + ", DeleteAccessKey new 1, ListAccessKeys ci, CreateAccessKey ci",
		},
		{
			// The key is older than the creation: a stale read had left it out.
			name: "an older key appears",
			update: func(f *fixture) rotator.Task {
				task, _ := f.rotationTask(rotation.DeleteUnused)
				f.newKey("X")
				f.sim.Advance(3 * time.Second)
				f.sim.SetReadLag(time.Minute, 1)
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Kind: iamsim.ErrorBeforeCommit})
				f.before("CreateAccessKey", 1, func() { f.sim.SetReadLag(0, 1) })
				return task
			},
			err:      "CreateError{keys [C Active] lost[unused X]}: CreateAccessKey ServiceFailure",
			saved:    unsaved,
			iam:      "C Active, X Active",
			evidence: "C Active | changed +10s",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed X",
		},
		{
			// AWS's servers differ by up to two seconds.
			name: "a key that seems two seconds older appears",
			update: func(f *fixture) rotator.Task {
				task, _ := f.rotationTask(rotation.DeleteUnused)
				f.newKey("X")
				f.sim.Advance(2 * time.Second)
				f.sim.SetReadLag(time.Minute, 1)
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.ErrorBeforeCommit})
				f.before("CreateAccessKey", 1, func() { f.sim.SetReadLag(0, 1) })
				return task
			},
			notices:  "LostKeyDeleted{X}",
			saved:    "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed now, removed X",
			calls: "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed X, DeleteAccessKey X, " +
				"ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			// X shows before the key of the creation, which a stale read leaves out.
			name: "somebody else's used key appears first",
			create: creating(unmanaged(rotation.RefuseUnmanaged), func(f *fixture, _ *rotator.Task) {
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
				f.before("CreateAccessKey", 1, func() {
					f.use(f.newKey("X"))
					f.sim.Advance(time.Second)
					f.sim.SetReadLag(time.Second, 1)
					f.before("ListAccessKeys", 2, func() { f.sim.SetReadLag(0, 1) })
				})
			}),
			err:      "CreateError{keys [] lost[unused new 1 used X]}: CreateAccessKey no answer",
			saved:    unsaved,
			iam:      "X Active, new 1 Active",
			evidence: " | changed +2s",
			calls: "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed X, ListAccessKeys ci, " +
				"GetAccessKeyLastUsed new 1",
		},
		{
			name: "two keys appear",
			create: creating(unmanaged(rotation.DeleteUnused), func(f *fixture, _ *rotator.Task) {
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
				f.before("CreateAccessKey", 1, func() {
					f.newKey("X")
					f.sim.Advance(time.Second)
				})
			}),
			err:      "CreateError{keys [] lost[unused X unused new 1]}: CreateAccessKey no answer",
			saved:    unsaved,
			iam:      "X Active, new 1 Active",
			evidence: " | changed +2s",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed X, GetAccessKeyLastUsed new 1",
		},
	})
}

// TestUpdate_noSlot is about creations that IAM refuses for want of a slot. The plan deletes the unmanaged key X for
// the second one.
func TestUpdate_noSlot(t *testing.T) {
	t.Parallel()
	// deleting is a plan that deletes X and rotates C. Another key, I, takes the slot before the second creation.
	deleting := func(change func(f *fixture, intruder func() string)) func(f *fixture) rotator.Task {
		return func(f *fixture) rotator.Task {
			task, _ := f.unmanagedTask()
			f.sim.Advance(day)
			change(f, func() string { return f.newKey("I") })
			return task
		}
	}
	const (
		calls = "ListAccessKeys ci, GetAccessKeyLastUsed X, CreateAccessKey ci, DeleteAccessKey X, CreateAccessKey ci, " +
			"ListAccessKeys ci"
		deleted = "current C | C Active | "
	)
	runApplyCases(t, []applyCase{
		{
			name: "somebody else has taken the slot",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() { intruder() })
			}),
			err:      "CreateError{keys [C Active, I Active] full intruder I}: CreateAccessKey LimitExceeded, made room X",
			saved:    deleted,
			iam:      "C Active, I Active",
			evidence: "C Active | changed +1s, removed X",
			calls:    calls,
		},
		{
			name: "another resource has taken the slot",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() { f.client.ClaimRead("ci", intruder()) })
			}),
			err:      "CreateError{keys [C Active, I Active of another] full intruder I}: CreateAccessKey LimitExceeded, made room X",
			saved:    deleted,
			iam:      "C Active, I Active",
			evidence: "C Active | changed +1s, removed X",
			calls:    calls,
		},
		{
			name: "the keys can't be listed",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() {
					intruder()
					f.deny("ListAccessKeys")
				})
			}),
			err:      "CreateError{keys [] full}: CreateAccessKey LimitExceeded, made room X",
			saved:    deleted,
			iam:      "C Active, I Active",
			evidence: "C Active | changed +1s, removed X",
			calls:    calls,
		},
		{
			// The key I stands for X, which IAM still counts and the list shows no more.
			name: "IAM counts a deleted key for a while",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() {
					id := intruder()
					f.before("ListAccessKeys", 1, func() { f.sim.DeleteAccessKey(id) })
				})
			}),
			saved: "current new 1; previous C replaced +1s | C Active, new 1 Active | " +
				"created with secret for age (current C), configured, done",
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed +1s, removed X",
			calls:    calls + ", CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name: "IAM lists a deleted key for a while",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() {
					id := intruder()
					f.sim.SetReadLag(time.Hour, 1)
					f.before("ListAccessKeys", 2, func() {
						f.sim.DeleteAccessKey(id)
						f.sim.SetReadLag(0, 1)
					})
				})
			}),
			saved: "current new 1; previous C replaced +1s | C Active, new 1 Active | " +
				"created with secret for age (current C), configured, done",
			iam:      "C Active, new 1 Active",
			evidence: "C Active, new 1 Active | changed +1s, removed X",
			calls:    calls + ", CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
		{
			name: "IAM lists a deleted key for too long",
			update: deleting(func(f *fixture, intruder func() string) {
				f.before("CreateAccessKey", 2, func() {
					intruder()
					f.sim.SetReadLag(time.Hour, 1)
				})
			}),
			err:      "CreateError{keys [C Active, X Active] full}: CreateAccessKey LimitExceeded, made room X",
			saved:    deleted,
			iam:      "C Active, I Active",
			evidence: "C Active | changed +31s, removed X",
			calls:    calls,
		},
		{
			name: "IAM refuses twice",
			update: func(f *fixture) rotator.Task {
				task, _ := f.rotationTask(rotation.RefuseUnmanaged)
				f.before("CreateAccessKey", 1, func() {
					f.newKey("I")
					f.sim.SetReadLag(time.Hour, 1)
				})
				return task
			},
			err:      "CreateError{keys [C Active] full}: CreateAccessKey LimitExceeded",
			saved:    unsaved,
			iam:      "C Active, I Active",
			evidence: "C Active | changed +1s",
			calls:    "ListAccessKeys ci, CreateAccessKey ci, ListAccessKeys ci, CreateAccessKey ci",
		},
		{
			name: "the answer to the third creation is lost",
			update: deleting(func(f *fixture, intruder func() string) {
				f.sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 3, Kind: iamsim.AnswerLost})
				f.before("CreateAccessKey", 2, func() {
					id := intruder()
					f.before("ListAccessKeys", 1, func() { f.sim.DeleteAccessKey(id) })
				})
			}),
			notices: "LostKeyDeleted{new 1}",
			saved: "current new 2; previous C replaced +1s | C Active, new 2 Active | " +
				"created with secret for age (current C), configured, done",
			iam:      "C Active, new 2 Active",
			evidence: "C Active, new 2 Active | changed +1s, removed X, removed new 1",
			calls: calls + ", CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1, DeleteAccessKey new 1, " +
				"ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
		},
	})
}
