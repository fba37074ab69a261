package rotator_test

import (
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// answeredCreations are what a rotation does where the creation of the key has a clear answer, or did not reach AWS: there
// unmanaged_keys makes no difference.
var answeredCreations = []stepRow{
	{
		fault: none,
		saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
		iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now",
		calls: "CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
	},
	{
		fault: denied, err: "CreateError{keys [C Active]}: CreateAccessKey AccessDenied", saved: unsaved, iam: "C Active",
		evidence: "C Active | changed now", calls: "CreateAccessKey ci",
	},
	{
		fault: errorBeforeCommit, err: "CreateError{keys [C Active] lost[]}: CreateAccessKey ServiceFailure", saved: unsaved,
		iam: "C Active", evidence: "C Active | changed +10s", calls: "CreateAccessKey ci, ListAccessKeys ci",
	},
	{
		fault: cutBeforeCommit, err: "CreateError{keys [C Active] lost[]}: CreateAccessKey no answer", saved: unsaved, iam: "C Active",
		evidence: "C Active | changed +10s", calls: "CreateAccessKey ci, ListAccessKeys ci",
	},
	{
		fault: throttled, err: "CreateError{keys [C Active]}: CreateAccessKey Throttling", saved: unsaved, iam: "C Active",
		evidence: "C Active | changed now", calls: "CreateAccessKey ci",
	},
	{
		fault: keyDeleted,
		saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
		iam:   "new 1 Active", evidence: "C Active, new 1 Active | changed now",
		calls: "CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
	},
	{
		fault: userRenamed, err: "CreateError{keys [C Active]}: CreateAccessKey NoSuchEntity", saved: unsaved, iam: "C Active",
		evidence: "C Active | changed now", calls: "CreateAccessKey ci",
	},
}

func TestUpdate_rotate(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "CreateAccessKey",
		given:  func(f *fixture) (rotator.Task, string) { return f.rotationTask(rotation.RefuseUnmanaged) },
		rows: slices.Concat(answeredCreations, []stepRow{
			{
				fault: errorAfterCommit, err: "CreateError{keys [C Active] lost[unused new 1]}: CreateAccessKey ServiceFailure", saved: unsaved,
				iam: "C Active, new 1 Active", evidence: "C Active | changed now",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1",
			},
			{
				fault: answerLost, err: "CreateError{keys [C Active] lost[unused new 1]}: CreateAccessKey no answer", saved: unsaved,
				iam: "C Active, new 1 Active", evidence: "C Active | changed now",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1",
			},
			{
				fault: answerLostOnce, err: "CreateError{keys [C Active] lost[unused new 1]}: CreateAccessKey no answer", saved: unsaved,
				iam: "C Active, new 1 Active", evidence: "C Active | changed now",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1",
			},
			{
				fault: empty200, err: "CreateError{keys [C Active] lost[unused new 1]}: CreateAccessKey bad answer", saved: unsaved,
				iam: "C Active, new 1 Active", evidence: "C Active | changed now",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1",
			},
		}),
	}.run(t)
}

func TestUpdate_rotateDeletingUnused(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "CreateAccessKey",
		given:  func(f *fixture) (rotator.Task, string) { return f.rotationTask(rotation.DeleteUnused) },
		rows: slices.Concat(answeredCreations, []stepRow{
			{
				fault: errorAfterCommit, err: "CreateError{keys [C Active] lost[unused new 2]}: CreateAccessKey ServiceFailure",
				notices: "LostKeyDeleted{new 1}", saved: unsaved, iam: "C Active, new 2 Active",
				evidence: "C Active | changed now, removed new 1",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1, DeleteAccessKey new 1, ListAccessKeys ci, " +
					"CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 2",
			},
			{
				fault: answerLost, err: "CreateError{keys [C Active] lost[unused new 2]}: CreateAccessKey no answer",
				notices: "LostKeyDeleted{new 1}", saved: unsaved, iam: "C Active, new 2 Active",
				evidence: "C Active | changed now, removed new 1",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1, DeleteAccessKey new 1, ListAccessKeys ci, " +
					"CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 2",
			},
			{
				fault: answerLostOnce, notices: "LostKeyDeleted{new 1}",
				saved: "current new 2; previous C replaced now | C Active, new 2 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 2 Active", evidence: "C Active, new 2 Active | changed now, removed new 1",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1, DeleteAccessKey new 1, ListAccessKeys ci, " +
					"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: empty200, err: "CreateError{keys [C Active] lost[unused new 2]}: CreateAccessKey bad answer",
				notices: "LostKeyDeleted{new 1}", saved: unsaved, iam: "C Active, new 2 Active",
				evidence: "C Active | changed now, removed new 1",
				calls: "CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 1, DeleteAccessKey new 1, ListAccessKeys ci, " +
					"CreateAccessKey ci, ListAccessKeys ci, GetAccessKeyLastUsed new 2",
			},
		}),
	}.run(t)
}

// rotationTask rotates the key C, which is 90 days old and the only one.
func (f *fixture) rotationTask(unmanaged rotation.UnmanagedKeys) (task rotator.Task, key string) {
	f.Helper()
	record := f.single(90 * day)
	policy := standard()
	policy.UnmanagedKeys = unmanaged
	record.Policy = &policy
	step := rotation.Step{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge}
	return f.task(record, policy, step), record.Current.ID
}
