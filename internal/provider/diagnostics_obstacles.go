package provider

import (
	"fmt"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// obstacleFact is the short form of an obstacle, for rotation_blocked and for summaries.
func obstacleFact(o rotation.Obstacle, seen rotation.Observation) string {
	until := ""
	if !o.Until.IsZero() {
		until = " until " + formatDate(o.Until)
	}
	switch o.Cause {
	case rotation.CauseUsed:
		if o.Use.At.IsZero() {
			return fmt.Sprintf("key %s is not known to be unused for long enough%s", o.Key, until)
		}
		return fmt.Sprintf("key %s was used %s; require_unused_for keeps it%s", o.Key, describeUse(o.Use), until)
	case rotation.CauseOverlap:
		return fmt.Sprintf("the overlap of previous key %s is not over%s", o.Key, until)
	case rotation.CauseGrace:
		return fmt.Sprintf("Inactive key %s is in its grace%s", o.Key, until)
	case rotation.CauseHeld:
		return fmt.Sprintf("hold_previous keeps key %s", o.Key)
	case rotation.CausePaused:
		return "paused is set"
	case rotation.CauseUnmanaged:
		if k := seen.Find(o.Key); k != nil {
			return "the slot is taken by key " + describeKey(*k) + ", which this resource did not create"
		}
		return fmt.Sprintf("the slot is taken by key %s, which this resource did not create", o.Key)
	case rotation.CauseAdopted:
		return fmt.Sprintf("adopted key %s leaves only when its overlap, require_unused_for and grace have passed", o.Key)
	case rotation.CauseSigner:
		return fmt.Sprintf("key %s signs the requests of this provider", o.Key)
	case rotation.CauseOnlyActive:
		return fmt.Sprintf("key %s is the only Active key of the user", o.Key)
	case rotation.CauseYoung:
		return fmt.Sprintf("key %s was created minutes ago and IAM does not list it yet%s", o.Key, until)
	case rotation.CauseNotOurs:
		return fmt.Sprintf("key %s was deactivated by somebody else", o.Key)
	case rotation.CauseRevoked:
		return fmt.Sprintf("key %s was revoked", o.Key)
	case rotation.CauseExpired:
		return "a recipient of encrypted_output has expired"
	}
	return fmt.Sprintf("key %s can't be changed now", o.Key)
}

// obstacleRemedy is what a user can do about an obstacle.
func obstacleRemedy(o rotation.Obstacle, user string) string {
	switch o.Cause {
	case rotation.CauseUsed:
		return "Move the consumers that still use this key to the current one; or, if that use does not matter, lower require_unused_for."
	case rotation.CauseOverlap:
		return "Wait, or shorten overlap. For a leaked key change revoke_when_changed."
	case rotation.CauseGrace:
		return fmt.Sprintf("Wait, or shorten grace, or delete the key now:\n  %s", deleteCommand(user, o.Key))
	case rotation.CauseHeld:
		return "Set hold_previous = false once the rollback is over."
	case rotation.CausePaused:
		return "Set paused = false to let it happen."
	case rotation.CauseUnmanaged:
		return fmt.Sprintf("If nobody needs the key, delete it:\n  %s\n  %s\nOr set unmanaged_keys to \"retire\" (it is adopted and leaves "+
			"after overlap, require_unused_for and grace) or \"delete_unused\" (it is deleted if nobody ever used it).",
			statusCommand(user, o.Key, rotation.Inactive), deleteCommand(user, o.Key))
	case rotation.CauseAdopted:
		return fmt.Sprintf("Wait until it has left, or delete it by hand if nobody needs it:\n  %s", deleteCommand(user, o.Key))
	case rotation.CauseSigner:
		return "Configure this provider with other credentials, such as the new key of the user or a role, and apply again."
	case rotation.CauseOnlyActive:
		return "Reactivate or replace another key of the user first."
	case rotation.CauseExpired:
		return "Its owner can extend the OpenPGP key, which rotates nothing by itself: put the extended public key into encrypted_output. " +
			"Or name other recipients."
	case rotation.CauseYoung:
		return "Plan again in a few minutes."
	case rotation.CauseNotOurs, rotation.CauseRevoked:
		return fmt.Sprintf("If consumers need it back, reactivate it by hand:\n  %s", statusCommand(user, o.Key, rotation.Active))
	}
	return ""
}
