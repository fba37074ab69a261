package rotator_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

func TestUpdate_reactivate(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "UpdateAccessKey",
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			p := record.Previous
			f.deactivate(p.ID)
			p.DeactivatedAt, p.DeactivatedByUs = f.sim.Now(), true
			policy := standard()
			policy.HoldPrevious = true
			return f.task(record, policy, rotation.Step{Kind: rotation.Reactivate, Key: p.ID}), p.ID
		},
		rows: []stepRow{
			{
				fault: none, saved: "current C; previous P replaced now | P Active, C Active | configured, done", iam: "P Active, C Active",
				evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: denied, err: "StatusError{P Active refused}: UpdateAccessKey AccessDenied", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P",
			},
			{
				fault: errorBeforeCommit, err: "StatusError{P Active, listed Inactive}: UpdateAccessKey ServiceFailure", saved: unsaved,
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit,
				saved: "current C; previous P replaced now | P Active, C Active | configured, done",
				iam:   "P Active, C Active", evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLost,
				saved: "current C; previous P replaced now | P Active, C Active | configured, done",
				iam:   "P Active, C Active", evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce, saved: "current C; previous P replaced now | P Active, C Active | configured, done",
				iam: "P Active, C Active", evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: lostThenDenied, saved: "current C; previous P replaced now | P Active, C Active | configured, done",
				iam: "P Active, C Active", evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "StatusError{P Active, listed Inactive}: UpdateAccessKey AccessDenied", saved: unsaved,
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "StatusError{P Active, listed Inactive}: UpdateAccessKey no answer", saved: unsaved,
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: empty200, saved: "current C; previous P replaced now | P Active, C Active | configured, done", iam: "P Active, C Active",
				evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "StatusError{P Active refused}: UpdateAccessKey Throttling", saved: unsaved, iam: "P Inactive, C Active",
				evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P",
			},
			{
				fault: keyDeleted, err: "StatusError{P Active gone}", saved: unsaved, iam: "C Active",
				evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci",
			},
			{
				fault: userRenamed, saved: "current C; previous P replaced now | P Active, C Active | configured, done",
				iam: "P Active, C Active", evidence: "P Active, C Active | changed now",
				calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, UpdateAccessKey P of deploy, " +
					"ListAccessKeys deploy",
			},
		},
	}.run(t)
}

func TestUpdate_deactivate(t *testing.T) {
	t.Parallel()
	stepTest{
		action: "UpdateAccessKey",
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(8 * day)
			return f.task(record, standard(), rotation.Step{Kind: rotation.Deactivate, Key: record.Previous.ID}), record.Previous.ID
		},
		rows: []stepRow{
			{
				fault: none, saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: denied, err: "StatusError{P Inactive refused}: UpdateAccessKey AccessDenied", saved: unsaved, iam: "P Active, C Active",
				evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P",
			},
			{
				fault: errorBeforeCommit, err: "StatusError{P Inactive, listed Active}: UpdateAccessKey ServiceFailure", saved: unsaved,
				iam: "P Active, C Active", evidence: "P Active, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit,
				saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLost,
				saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce,
				saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: lostThenDenied,
				saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "StatusError{P Inactive, listed Active}: UpdateAccessKey AccessDenied", saved: unsaved,
				iam: "P Active, C Active", evidence: "P Active, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "StatusError{P Inactive, listed Active}: UpdateAccessKey no answer", saved: unsaved,
				iam: "P Active, C Active", evidence: "P Active, C Active | changed +3s", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: empty200, saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "StatusError{P Inactive refused}: UpdateAccessKey Throttling", saved: unsaved, iam: "P Active, C Active",
				evidence: "P Active, C Active | changed now", calls: "UpdateAccessKey P",
			},
			{
				fault: keyDeleted, notices: "DeletedMeanwhile{P}",
				saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done", iam: "C Active",
				evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci",
			},
			{
				fault: userRenamed, saved: "current C; previous P replaced -8d deactivated now by us | P Inactive, C Active | configured, done",
				iam: "P Inactive, C Active", evidence: "P Inactive, C Active | changed now",
				calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, UpdateAccessKey P of deploy, " +
					"ListAccessKeys deploy",
			},
		},
	}.run(t)
}

func TestUpdate_deactivateRevoked(t *testing.T) {
	t.Parallel()
	const (
		failed      = "P Active, C Active | changed now, retirement blocked revoked_active"
		failedLater = "P Active, C Active | changed +3s, retirement blocked revoked_active"
	)
	stepTest{
		action: "UpdateAccessKey",
		given: func(f *fixture) (rotator.Task, string) {
			record := f.pair(day)
			record.Previous.Revoked = true
			return f.task(record, standard(), rotation.Step{Kind: rotation.Deactivate, Key: record.Previous.ID}), record.Previous.ID
		},
		rows: []stepRow{
			{
				fault: none,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: denied, err: "StatusError{P Inactive refused revoked for C}: UpdateAccessKey AccessDenied", saved: unsaved,
				iam: "P Active, C Active", evidence: failed, calls: "UpdateAccessKey P",
			},
			{
				fault: errorBeforeCommit, err: "StatusError{P Inactive, listed Active revoked for C}: UpdateAccessKey ServiceFailure", saved: unsaved,
				iam: "P Active, C Active", evidence: failedLater, calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: errorAfterCommit,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLost,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: answerLostOnce,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: lostThenDenied,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutThenDenied, err: "StatusError{P Inactive, listed Active revoked for C}: UpdateAccessKey AccessDenied", saved: unsaved,
				iam: "P Active, C Active", evidence: failedLater, calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: cutBeforeCommit, err: "StatusError{P Inactive, listed Active revoked for C}: UpdateAccessKey no answer", saved: unsaved,
				iam: "P Active, C Active", evidence: failedLater, calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: empty200,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now", calls: "UpdateAccessKey P, ListAccessKeys ci",
			},
			{
				fault: throttled, err: "StatusError{P Inactive refused revoked for C}: UpdateAccessKey Throttling", saved: unsaved,
				iam: "P Active, C Active", evidence: failed, calls: "UpdateAccessKey P",
			},
			{
				fault: keyDeleted, notices: "DeletedMeanwhile{P}",
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "C Active", evidence: "P Inactive, C Active | changed now",
				calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser ci",
			},
			{
				fault: userRenamed,
				saved: "current C; previous P replaced -1d deactivated now by us revoked | P Inactive, C Active | configured, done",
				iam:   "P Inactive, C Active", evidence: "P Inactive, C Active | changed now",
				calls: "UpdateAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, UpdateAccessKey P of deploy, " +
					"ListAccessKeys deploy",
			},
		},
	}.run(t)
}
