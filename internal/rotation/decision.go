package rotation

import "time"

// Kind is what a step does.
type Kind string

// The kinds of steps. Only Reactivate, Deactivate, the deletions and Rotate change something in IAM.
const (
	// Adopt takes an unmanaged key in as previous.
	Adopt Kind = "adopt"
	// RecordDeactivated records that somebody else deactivated previous; its grace begins.
	RecordDeactivated Kind = "record_deactivated"
	// RecordReactivated records that somebody else reactivated previous; a new overlap begins.
	RecordReactivated Kind = "record_reactivated"
	// Reactivate makes previous Active again, for a rollback.
	Reactivate Kind = "reactivate"
	// Deactivate makes previous Inactive.
	Deactivate Kind = "deactivate"
	// DeletePrevious deletes previous.
	DeletePrevious Kind = "delete_previous"
	// DeleteCurrent deletes an Inactive current, to make room.
	DeleteCurrent Kind = "delete_current"
	// DeleteUnmanaged deletes an unmanaged key that nobody ever used, to make room.
	DeleteUnmanaged Kind = "delete_unmanaged"
	// Rotate makes a new key, which becomes current; current becomes previous.
	Rotate Kind = "rotate"
)

// Reason is why a key is made.
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
type Step struct {
	Kind Kind `json:"kind"`
	// Key is the id of the key that the step acts on. For Rotate it is the current that becomes previous; it is empty when
	// there is none.
	Key string `json:"key,omitempty"`
	// Replaced is, for Rotate, the status of Key.
	Replaced Status `json:"replaced,omitempty"`
	// Reason is, for Rotate, why.
	Reason Reason `json:"reason,omitempty"`
	// Revoke tells, for Rotate, that older keys are revoked.
	Revoke bool `json:"revoke,omitempty"`
}

// Cause is why something does not happen now.
type Cause string

// The causes of an Obstacle.
const (
	// CauseUsed: the key was used too recently.
	CauseUsed Cause = "used"
	// CauseOverlap: the overlap is not over.
	CauseOverlap Cause = "overlap"
	// CauseGrace: the grace is not over.
	CauseGrace Cause = "grace"
	// CauseHeld: hold_previous keeps the key.
	CauseHeld Cause = "held"
	// CausePaused: paused stops clock-driven steps.
	CausePaused Cause = "paused"
	// CauseUnmanaged: an unmanaged key has the slot.
	CauseUnmanaged Cause = "unmanaged"
	// CauseAdopted: an adopted key has the slot and leaves only in its own time.
	CauseAdopted Cause = "adopted"
	// CauseSigner: the key signs our own requests.
	CauseSigner Cause = "signer"
	// CauseOnlyActive: the key is the only Active key of the user.
	CauseOnlyActive Cause = "only_active"
	// CauseYoung: current was made minutes ago and IAM does not list it yet.
	CauseYoung Cause = "young"
	// CauseNotOurs: previous stays Inactive under hold, since somebody else deactivated it.
	CauseNotOurs Cause = "not_ours"
	// CauseRevoked: previous stays Inactive under hold, since it was revoked.
	CauseRevoked Cause = "revoked"
	// CauseExpired: a recipient has expired, and the secret of a new key could not be sealed. Key is current.
	CauseExpired Cause = "expired"
)

// Obstacle is something that does not happen now, and why.
type Obstacle struct {
	Cause Cause
	// Key is the id of the key that is in the way or that waits; empty before create when there is none.
	Key string
	// Until is the first instant at which it may change without anybody's doing; zero when time alone changes nothing.
	Until time.Time
	// Use is the use that an obstacle of CauseUsed is about.
	Use Use
}

// Decision is what an apply should do.
type Decision struct {
	// Steps are to be taken in this order.
	Steps []Step
	// Blocked tells why a rotation that is due is not among the steps; nil otherwise.
	Blocked *Obstacle
	// Refused tells why a request can't be met; Steps is empty then, and nothing may be recorded as done.
	Refused *Obstacle
	// Waiting are the other things that do not happen now: a deactivation that waits for use to end, a reactivation.
	Waiting []Obstacle
}

// Has reports whether a step of that kind is among the steps.
func (d Decision) Has(kind Kind) bool {
	for _, s := range d.Steps {
		if s.Kind == kind {
			return true
		}
	}
	return false
}
