package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// formatDate prints an instant for a person.
func formatDate(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// describeLastUse prints the last use of a key, which is known, for a person.
func describeLastUse(k rotation.Key) string {
	switch {
	case k.LastUse.At.IsZero():
		return "never used"
	case k.NeverUsed():
		return fmt.Sprintf("used only by %s at %s, to prove that it works", k.LastUse.Service, formatDate(k.LastUse.At))
	default:
		return "last used " + describeUse(*k.LastUse)
	}
}

func describeUse(u rotation.Use) string {
	return fmt.Sprintf("at %s by %s in %s", formatDate(u.At), u.Service, u.Region)
}

// describeKey says what an operator asks first about a key that is in the way.
func describeKey(k rotation.Key) string {
	return fmt.Sprintf("%s (%s)", k.ID, describeState(k))
}

// describeState leaves out a last use that is not known. Nobody may have asked for it, and where it can't be read a diagnostic of its own
// says so.
func describeState(k rotation.Key) string {
	state := fmt.Sprintf("%s, created %s", k.Status, formatDate(k.CreatedAt))
	if k.LastUse != nil {
		state += ", " + describeLastUse(k)
	}
	return state
}

func describeKeys(keys []rotation.Key) string {
	if len(keys) == 0 {
		return "no keys"
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = describeKey(k)
	}
	return strings.Join(texts, "; ")
}

func deleteCommand(user, id string) string {
	return fmt.Sprintf("aws iam delete-access-key --user-name %s --access-key-id %s", user, id)
}

func statusCommand(user, id string, status rotation.Status) string {
	return fmt.Sprintf("aws iam update-access-key --user-name %s --access-key-id %s --status %s", user, id, status)
}

func listCommand(user string) string { return "aws iam list-access-keys --user-name " + user }

// ownerCommand shows who has a key.
func ownerCommand(id string) string { return "aws iam get-access-key-last-used --access-key-id " + id }

func importCommand(user string, seen rotation.Observation) string {
	return "terraform import ADDRESS " + rotator.ExampleImportID(user, seen).String()
}

// commands shows commands, each on a line of its own.
func commands(lines ...string) string { return "\n  " + strings.Join(lines, "\n  ") }

// obstacleFact says what an obstacle is: a cause and a key id, nothing that changes while the cause stays.
func obstacleFact(o rotation.Obstacle) string {
	switch o.Cause {
	case rotation.CauseUnknownUser:
		return fmt.Sprintf("nobody who could be asked said what became of the user of key %s", o.Key)
	case rotation.CauseUsed:
		return fmt.Sprintf("key %s is still in use", o.Key)
	case rotation.CauseUnknownUse:
		return fmt.Sprintf("the last use of key %s is unknown", o.Key)
	case rotation.CauseHandover:
		return fmt.Sprintf("nobody has used the current key since the overlap of key %s began", o.Key)
	case rotation.CauseSettling:
		return fmt.Sprintf("IAM does not show yet what was done to key %s", o.Key)
	case rotation.CauseRevokedActive:
		return fmt.Sprintf("revoked key %s is still Active", o.Key)
	case rotation.CauseOverlap:
		return fmt.Sprintf("the overlap of previous key %s is not over", o.Key)
	case rotation.CauseGrace:
		return fmt.Sprintf("the grace of key %s is not over", o.Key)
	case rotation.CauseHeld:
		return fmt.Sprintf("hold_previous keeps key %s", o.Key)
	case rotation.CausePaused:
		return "paused is set"
	case rotation.CauseUnmanaged:
		return fmt.Sprintf("the slot is taken by key %s, which this resource does not manage", o.Key)
	case rotation.CauseAdopted:
		return fmt.Sprintf("adopted key %s leaves only when its overlap, require_unused_for and grace have passed", o.Key)
	case rotation.CauseSigner:
		return fmt.Sprintf("the credentials of this provider depend on key %s", o.Key)
	case rotation.CauseOnlyActive:
		return fmt.Sprintf("key %s is the only Active key of the user", o.Key)
	case rotation.CauseYoung:
		return fmt.Sprintf("key %s was created minutes ago and IAM does not list it yet", o.Key)
	case rotation.CauseNotOurs:
		return fmt.Sprintf("key %s was deactivated by somebody else", o.Key)
	case rotation.CauseRevoked:
		return fmt.Sprintf("key %s was revoked", o.Key)
	case rotation.CauseExpired:
		return "a recipient of encrypted_output has expired"
	}
	return fmt.Sprintf("key %s can't be changed now", o.Key)
}

// obstacleDetail is obstacleFact with what a person wants to know besides: the key, its last use, and until when.
func obstacleDetail(o rotation.Obstacle, seen rotation.Observation) string {
	detail := obstacleFact(o)
	about := o.Cause != rotation.CausePaused && o.Cause != rotation.CauseExpired && o.Cause != rotation.CauseUnknownUser
	switch k := seen.Find(o.Key); {
	case k == nil || !about:
	case o.Cause == rotation.CauseHandover:
		// The fact is about another key.
		detail += "; key " + k.ID + " is " + describeState(*k)
	default:
		detail += " (" + describeState(*k) + ")"
	}
	if !o.Until.IsZero() {
		detail += ", not before " + formatDate(o.Until)
	}
	return detail
}

// blockedText is rotation_blocked or retirement_blocked.
func blockedText(o *rotation.Obstacle) types.String {
	if o == nil {
		return types.StringNull()
	}
	return types.StringValue(obstacleFact(*o))
}

// unmanagedChoice is what unmanaged_keys does about a key in the way, or could do.
var unmanagedChoice = map[rotation.UnmanagedKeys]string{
	rotation.RefuseUnmanaged: "Or set unmanaged_keys to \"retire\" (it is adopted and leaves after overlap, require_unused_for and grace) " +
		"or \"delete_unused\" (it is deleted if it was never used).",
	rotation.RetireUnmanaged: "unmanaged_keys = \"retire\" adopts it once there is no previous key.",
	rotation.DeleteUnused:    "unmanaged_keys = \"delete_unused\" leaves it, since it was used, or is the only Active key.",
}

// obstacleRemedy is what a user can do about an obstacle. Mode is the configured unmanaged_keys.
func obstacleRemedy(o rotation.Obstacle, user string, mode rotation.UnmanagedKeys) string {
	switch o.Cause {
	case rotation.CauseUnknownUser:
		return "Allow iam:ListAccessKeys, iam:GetAccessKeyLastUsed and iam:GetUser on the present name of the user for the credentials of " +
			"this provider, and plan again. If you know the name, set user to it."
	case rotation.CauseUsed:
		return "Move the consumers that still use this key to the current one; or, if that use does not matter, lower require_unused_for."
	case rotation.CauseOverlap:
		return "Wait until it is over. A shorter overlap counts only from the plan after the apply that sets it. For a leaked key change " +
			"revoke_when_changed, which does not wait."
	case rotation.CauseGrace:
		return fmt.Sprintf("Wait, or shorten grace, or delete the key now:\n  %s", deleteCommand(user, o.Key))
	case rotation.CauseHeld:
		return "Set hold_previous = false once the rollback is over."
	case rotation.CausePaused:
		return "Set paused = false to let it happen."
	case rotation.CauseUnmanaged:
		return "If nobody needs the key, delete it:" + commands(statusCommand(user, o.Key, rotation.Inactive), deleteCommand(user, o.Key)) +
			"\n" + unmanagedChoice[mode]
	case rotation.CauseAdopted:
		return fmt.Sprintf("Wait until it has left, or delete it by hand if nobody needs it:\n  %s", deleteCommand(user, o.Key))
	case rotation.CauseSigner:
		return "Configure this provider with other credentials, such as the new key of the user or a role that does not depend on this key, " +
			"and apply again."
	case rotation.CauseOnlyActive:
		return "Reactivate or replace another key of the user first."
	case rotation.CauseExpired:
		return "Its owner can extend the OpenPGP key, which rotates nothing by itself: put the extended public key into encrypted_output. " +
			"Or name other recipients."
	case rotation.CauseYoung:
		return "Plan again in a few minutes."
	case rotation.CauseHandover:
		return "Hand the current key over to its consumers. If there are none, set wait_for_handover = false. Where consumers can't use the " +
			"current key because its secret is lost, delete that key."
	case rotation.CauseUnknownUse:
		return fmt.Sprintf("Allow iam:GetAccessKeyLastUsed on user %q for the credentials of this provider.", user)
	case rotation.CauseSettling:
		return "Plan again in a few minutes."
	case rotation.CauseRevokedActive:
		return "The next apply tries to deactivate it; or run now:" + commands(statusCommand(user, o.Key, rotation.Inactive))
	case rotation.CauseNotOurs, rotation.CauseRevoked:
		// They stop a rollback alone, which gives a command.
	}
	return ""
}
