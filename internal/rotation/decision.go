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

// Why is why something waits.
type Why string

// The causes of a wait.
const (
	// WhyUsed: the key was used too recently.
	WhyUsed Why = "used"
	// WhyOverlap: the overlap is not over.
	WhyOverlap Why = "overlap"
	// WhyGrace: the grace is not over.
	WhyGrace Why = "grace"
	// WhyHeld: hold_previous keeps the key.
	WhyHeld Why = "held"
	// WhyPaused: paused stops clock-driven steps.
	WhyPaused Why = "paused"
	// WhyUnmanaged: an unmanaged key has the slot.
	WhyUnmanaged Why = "unmanaged"
	// WhyAdopted: an adopted key has the slot and leaves only in its own time.
	WhyAdopted Why = "adopted"
	// WhySigner: the key signs our own requests.
	WhySigner Why = "signer"
	// WhyOnlyActive: the key is the only Active key of the user.
	WhyOnlyActive Why = "only_active"
	// WhyYoung: current was made minutes ago and IAM does not list it yet.
	WhyYoung Why = "young"
	// WhyNotOurs: previous stays Inactive under hold, since somebody else deactivated it.
	WhyNotOurs Why = "not_ours"
	// WhyRevoked: previous stays Inactive under hold, since it was revoked.
	WhyRevoked Why = "revoked"
	// WhyExpired: a recipient has expired, and the secret of a new key could not be sealed. Key is current.
	WhyExpired Why = "expired"
)

// Wait is something that does not happen now, and why.
type Wait struct {
	Why Why
	// Key is the id of the key that is in the way or that waits; empty before create when there is none.
	Key string
	// Until is the first instant at which it may change without anybody's doing; zero when time alone changes nothing.
	Until time.Time
	// Use is the use that a wait for WhyUsed is about.
	Use Use
}

// Decision is what an apply should do.
type Decision struct {
	// Steps are to be taken in this order.
	Steps []Step
	// Blocked tells why a rotation that is due is not among the steps; nil otherwise.
	Blocked *Wait
	// Refused tells why a request can't be met; Steps is empty then, and nothing may be recorded as done.
	Refused *Wait
	// Waiting are the other things that do not happen now: a deactivation that waits for use to end, a reactivation.
	Waiting []Wait
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
