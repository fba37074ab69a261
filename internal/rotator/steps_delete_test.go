package rotator_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

func TestUpdate_deletePrevious(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "DeleteAccessKey",
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			p := record.Previous
			f.deactivate(p.ID)
			p.DeactivatedAt, p.DeactivatedByUs = f.sim.Now(), true
			f.sim.Advance(7 * day)
			return f.task(record, standard(), rotation.Step{Kind: rotation.DeletePrevious, Key: p.ID}), p.ID
		},
		rows: []stepRow{
			{
				fault: none, saved: "current C | C Active | configured, done", iam: "C Active", evidence: "C Active | changed now, removed P",
				calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: denied, err: "DeleteError{P refused}: DeleteAccessKey AccessDenied", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now", calls: "DeleteAccessKey P",
			},
			{
				fault: errorBeforeCommit, err: "DeleteError{P, listed}: DeleteAccessKey ServiceFailure", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed +3s", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLost, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci",
			},
			{
				fault: lostThenDenied, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "DeleteError{P, listed}: DeleteAccessKey AccessDenied", saved: unsaved,
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed +3s", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "DeleteError{P, listed}: DeleteAccessKey no answer", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed +3s", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: empty200, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "DeleteError{P refused}: DeleteAccessKey Throttling", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now", calls: "DeleteAccessKey P",
			},
			{
				fault: keyDeleted, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P", calls: "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci",
			},
			{
				fault: userRenamed, saved: "current C | C Active | configured, done", iam: "C Active",
				evidence: "C Active | changed now, removed P",
				calls: "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, DeleteAccessKey P of deploy, " +
					"ListAccessKeys deploy",
			},
		},
	}.run(t)
}

func TestUpdate_deleteCurrent(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "DeleteAccessKey",
		given:  (*fixture).currentTask,
		rows: []stepRow{
			{
				fault: none,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: denied, err: "DeleteError{C refused}: DeleteAccessKey AccessDenied", saved: unsaved, iam: "P Active, C Inactive",
				evidence: "P Active, C Inactive | changed now", calls: "DeleteAccessKey C",
			},
			{
				fault: errorBeforeCommit, err: "DeleteError{C, listed}: DeleteAccessKey ServiceFailure", saved: unsaved, iam: "P Active, C Inactive",
				evidence: "P Active, C Inactive | changed +3s", calls: "DeleteAccessKey C, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: answerLost,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, " +
					"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: lostThenDenied,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "DeleteError{C, listed}: DeleteAccessKey AccessDenied", saved: unsaved,
				iam: "P Active, C Inactive", evidence: "P Active, C Inactive | changed +3s", calls: "DeleteAccessKey C, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "DeleteError{C, listed}: DeleteAccessKey no answer", saved: unsaved, iam: "P Active, C Inactive",
				evidence: "P Active, C Inactive | changed +3s", calls: "DeleteAccessKey C, ListAccessKeys ci",
			},
			{
				fault: empty200,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "DeleteError{C refused}: DeleteAccessKey Throttling", saved: unsaved, iam: "P Active, C Inactive",
				evidence: "P Active, C Inactive | changed now", calls: "DeleteAccessKey C",
			},
			{
				fault: keyDeleted,
				saved: "current new 1; previous P replaced now | P Active, new 1 Active" +
					" | created with secret for inactive (current C inactive since -7d; previous P replaced -15d), " +
					"configured, done",
				iam: "P Active, new 1 Active", evidence: "P Active, new 1 Active | changed now, removed C",
				calls: "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, " +
					"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: userRenamed, err: "CreateError{keys [P Active]}: CreateAccessKey NoSuchEntity, made room C",
				saved: "current C inactive since -7d; previous P replaced -15d | P Active | ", iam: "P Active",
				evidence: "P Active | changed now, removed C",
				calls: "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser deploy, DeleteAccessKey C of deploy, " +
					"CreateAccessKey ci",
			},
		},
	}.run(t)
}

func TestUpdate_deleteUnmanaged(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "DeleteAccessKey",
		given:  (*fixture).unmanagedTask,
		rows: []stepRow{
			{
				fault: none,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: denied, err: "DeleteError{X refused}: DeleteAccessKey AccessDenied", saved: unsaved, iam: "C Active, X Active",
				evidence: "C Active, X Active | changed now", calls: "DeleteAccessKey X",
			},
			{
				fault: errorBeforeCommit, err: "DeleteError{X, listed}: DeleteAccessKey ServiceFailure", saved: unsaved, iam: "C Active, X Active",
				evidence: "C Active, X Active | changed +3s", calls: "DeleteAccessKey X, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: answerLost,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, GetCallerIdentity, GetAccessKeyLastUsed X, GetUser ci, " +
					"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: lostThenDenied,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "DeleteError{X, listed}: DeleteAccessKey AccessDenied", saved: unsaved,
				iam: "C Active, X Active", evidence: "C Active, X Active | changed +3s", calls: "DeleteAccessKey X, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "DeleteError{X, listed}: DeleteAccessKey no answer", saved: unsaved, iam: "C Active, X Active",
				evidence: "C Active, X Active | changed +3s", calls: "DeleteAccessKey X, ListAccessKeys ci",
			},
			{
				fault: empty200,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "DeleteError{X refused}: DeleteAccessKey Throttling", saved: unsaved, iam: "C Active, X Active",
				evidence: "C Active, X Active | changed now", calls: "DeleteAccessKey X",
			},
			{
				fault: keyDeleted,
				saved: "current new 1; previous C replaced now | C Active, new 1 Active | created with secret for age (current C), configured, done",
				iam:   "C Active, new 1 Active", evidence: "C Active, new 1 Active | changed now, removed X",
				calls: "DeleteAccessKey X, GetCallerIdentity, GetAccessKeyLastUsed X, GetUser ci, " +
					"CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci",
			},
			{
				fault: userRenamed, err: "CreateError{keys [C Active]}: CreateAccessKey NoSuchEntity, made room X", saved: "current C | C Active | ",
				iam: "C Active", evidence: "C Active | changed now, removed X",
				calls: "DeleteAccessKey X, GetCallerIdentity, GetAccessKeyLastUsed X, GetUser deploy, DeleteAccessKey X of deploy, " +
					"CreateAccessKey ci",
			},
		},
	}.run(t)
}

// TestUpdate_deleteLostOwnerDenied loses the answer to the deletion of C, and AWS denies all that says whose C was when IAM does not know
// it at the second attempt: the list of its user shows that it is gone.
func TestUpdate_deleteLostOwnerDenied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task, key := f.currentTask()
	f.inject(answerLostOnce, "DeleteAccessKey", key)
	f.before("DeleteAccessKey", 1, func() { f.deny("GetAccessKeyLastUsed", "GetUser", "ListUsers") })
	f.reported(f.update(task), "", "")
	f.tookAll(task)
	f.equal("IAM", f.inIAM("ci"), "P Active, new 1 Active")
	f.equal("calls", f.callsFrom("DeleteAccessKey"), "DeleteAccessKey C, GetCallerIdentity, GetAccessKeyLastUsed C, GetUser ci, ListUsers, "+
		"ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci")
}

// unmanagedTask deletes the unmanaged key X, which nobody has used, and rotates the key C.
func (f *fixture) unmanagedTask() (task rotator.Task, key string) {
	f.Helper()
	record := f.single(90 * day)
	policy := standard()
	policy.UnmanagedKeys = rotation.DeleteUnused
	record.Policy = &policy
	x := f.newKey("X")
	return f.task(record, policy,
		rotation.Step{Kind: rotation.DeleteUnmanaged, Key: x},
		rotation.Step{Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonAge},
	), x
}

// currentTask deletes the current key C, which is Inactive beside the previous key P, and rotates.
func (f *fixture) currentTask() (task rotator.Task, key string) {
	f.Helper()
	record := f.pair(8 * day)
	f.deactivate(record.Current.ID)
	record.Current.InactiveSince = f.sim.Now()
	f.sim.Advance(7 * day)
	return f.task(record, standard(),
		rotation.Step{Kind: rotation.DeleteCurrent, Key: record.Current.ID},
		rotation.Step{Kind: rotation.Rotate, Reason: rotation.ReasonInactive},
	), record.Current.ID
}
