package rotation

import (
	"slices"
	"time"
)

// Kind is what a step does.
//
// Persisted: saved plans and private states hold these values, which must stay readable.
type Kind string

// The kinds of steps. Only Reactivate, Deactivate, Rotate and the deletions change something in IAM.
const (
	// Adopt records an unmanaged key as previous.
	Adopt Kind = "adopt"
	// RecordDeactivated records that somebody else deactivated previous; its grace begins.
	RecordDeactivated Kind = "record_deactivated"
	// RecordReactivated records that somebody else reactivated previous; a new overlap begins.
	RecordReactivated Kind = "record_reactivated"
	// RecordDeleted records that previous is gone.
	RecordDeleted Kind = "record_deleted"
	// RecordCurrentInactive records that somebody else deactivated current.
	RecordCurrentInactive Kind = "record_current_inactive"
	// RecordCurrentActive records that somebody else reactivated current.
	RecordCurrentActive Kind = "record_current_active"
	// RecordRenamed records the new name of a renamed user.
	RecordRenamed Kind = "record_renamed"
	// RecordRequest records what asks for a rotation that is pending, or that nothing does any more.
	RecordRequest Kind = "record_request"
	// Reactivate sets previous to Active again, for a rollback.
	Reactivate Kind = "reactivate"
	// Deactivate sets previous to Inactive.
	Deactivate Kind = "deactivate"
	// DeletePrevious deletes previous.
	DeletePrevious Kind = "delete_previous"
	// DeleteCurrent deletes an Inactive current, to make room for a new key.
	DeleteCurrent Kind = "delete_current"
	// DeleteUnmanaged deletes an unmanaged key that nobody ever used, to make room for a new key.
	DeleteUnmanaged Kind = "delete_unmanaged"
	// Rotate creates a key, which becomes current; the current until then becomes previous.
	Rotate Kind = "rotate"
)

// Reason is why a key is created.
//
// Persisted: saved plans and private states hold these values, which must stay readable.
type Reason string

// The reasons for a new key.
const (
	ReasonCreated    Reason = "created"
	ReasonAge        Reason = "age"
	ReasonMissing    Reason = "missing"
	ReasonInactive   Reason = "inactive"
	ReasonRecreated  Reason = "recreated"
	ReasonChanged    Reason = "changed"
	ReasonRecipients Reason = "recipients"
	ReasonRevoked    Reason = "revoked"
)

// Step is one thing that an apply does.
//
// Persisted: saved plans and private states hold it, so the JSON form must stay readable.
type Step struct {
	Kind Kind `json:"kind"`
	// Key is the id of the key that the step acts on. For Rotate it is the current that becomes previous; it is empty when
	// there is none.
	Key string `json:"key,omitempty"`
	// Replaced is, for Rotate, the status of Key.
	Replaced Status `json:"replaced,omitempty"`
	// Reason is, for Rotate, why the key is created.
	Reason Reason `json:"reason,omitempty"`
	// Revoke reports, for Rotate, whether the older keys are revoked.
	Revoke bool `json:"revoke,omitempty"`
	// Request is, for RecordRequest, the pending request; empty when it is withdrawn.
	Request Request `json:"request,omitempty"`
}

func (s Step) deletes() bool {
	return s.Kind == DeletePrevious || s.Kind == DeleteCurrent || s.Kind == DeleteUnmanaged
}

func (s Step) actsOnPrevious() bool {
	switch s.Kind {
	case RecordDeactivated, RecordReactivated, Reactivate, Deactivate, DeletePrevious:
		return true
	case Adopt, RecordDeleted, RecordCurrentInactive, RecordCurrentActive, RecordRenamed, RecordRequest, DeleteCurrent,
		DeleteUnmanaged, Rotate:
	}
	return false
}

// Records reports whether the step changes the record alone, and nothing in IAM.
func (s Step) Records() bool {
	switch s.Kind {
	case Adopt, RecordDeactivated, RecordReactivated, RecordDeleted, RecordCurrentInactive, RecordCurrentActive, RecordRenamed,
		RecordRequest:
		return true
	case Reactivate, Deactivate, DeletePrevious, DeleteCurrent, DeleteUnmanaged, Rotate:
	}
	return false
}

// Cause is why something does not happen now.
//
// Persisted: private states hold these values, which must stay readable.
type Cause string

// The causes of an Obstacle.
const (
	// CauseUnknownUser: nothing proves what became of the user of the key.
	CauseUnknownUser Cause = "unknown_user"
	// CauseUsed: the key was used too recently.
	CauseUsed Cause = "used"
	// CauseUnknownUse: the last use of the key is unknown.
	CauseUnknownUse Cause = "unknown_use"
	// CauseHandover: nobody has used current since it replaced the key.
	CauseHandover Cause = "handover"
	// CauseSettling: the list contradicts what this resource did to the key minutes ago, so it may be a stale read.
	CauseSettling Cause = "settling"
	// CauseRevokedActive: the key was revoked and is Active all the same.
	CauseRevokedActive Cause = "revoked_active"
	// CauseOverlap: the overlap is not over.
	CauseOverlap Cause = "overlap"
	// CauseGrace: the grace is not over.
	CauseGrace Cause = "grace"
	// CauseHeld: hold_previous keeps the key.
	CauseHeld Cause = "held"
	// CausePaused: paused stops clock-driven steps.
	CausePaused Cause = "paused"
	// CauseUnmanaged: an unmanaged key occupies the slot.
	CauseUnmanaged Cause = "unmanaged"
	// CauseAdopted: an adopted key occupies the slot, and only rules 3 and 4 remove it.
	CauseAdopted Cause = "adopted"
	// CauseSigner: the key signs our own requests.
	CauseSigner Cause = "signer"
	// CauseOnlyActive: the key is the only Active key of the user.
	CauseOnlyActive Cause = "only_active"
	// CauseYoung: current was created minutes ago and IAM does not list it yet.
	CauseYoung Cause = "young"
	// CauseNotOurs: hold_previous does not reactivate previous, since somebody else deactivated it.
	CauseNotOurs Cause = "not_ours"
	// CauseRevoked: hold_previous does not reactivate previous, since it was revoked.
	CauseRevoked Cause = "revoked"
	// CauseExpired: a recipient has expired, so that the secret of a new key could not be encrypted. Key is current.
	CauseExpired Cause = "expired"
)

// Obstacle says what prevents a step, and how long.
type Obstacle struct {
	Cause Cause
	// Key is the id of the key that is in the way or that waits; empty before create when there is none.
	Key string
	// Until is the first instant at which the obstacle may be gone without anybody's doing; zero when waiting alone changes nothing.
	Until time.Time
	// Use is, for CauseUsed, the last use of the key.
	Use Use
}

// Room is what a rotation that is asked for would get, by the policy and at the time of a look. It holds no time. Step and Cause
// are empty when a slot is free.
//
// Persisted: private states hold it, so the JSON form must stay readable.
type Room struct {
	// Step is the deletion that makes room.
	Step Step `json:"step,omitzero"`
	// Cause and Key are why there is no room.
	Cause Cause  `json:"cause,omitempty"`
	Key   string `json:"key,omitempty"`
}

// Decision is what an apply should do.
type Decision struct {
	// Steps are the steps to take, in order.
	Steps []Step
	// Blocked is why a rotation that is due is not among the steps; nil when none is due, and when Steps has it.
	Blocked *Obstacle
	// RetirementBlocked is why a deactivation or deletion of previous that is due is not among the steps; nil when none is due, and
	// when Steps has it.
	RetirementBlocked *Obstacle
	// Refused is why a create or a revoke can't be done; nil when it can, and when none is asked for. If it is set, Steps is empty,
	// and the caller must not record the changed values.
	Refused *Obstacle
	// Pending is why a rotation that a changed value asks for is recorded instead of done; nil when none is.
	Pending *Obstacle
	// Waiting is what a changed value asks for about previous and does not get.
	Waiting []Obstacle
	// Room is what a request to rotate would get now; only for a policy that is not edited.
	Room Room
}

// Has reports whether a step of that kind is among the steps.
func (d Decision) Has(kind Kind) bool {
	return slices.ContainsFunc(d.Steps, func(s Step) bool { return s.Kind == kind })
}
