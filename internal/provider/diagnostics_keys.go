package provider

import (
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// formatDate prints an instant for a person.
func formatDate(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// describeLastUse prints the last use of a key for a person.
func describeLastUse(k rotation.Key) string {
	switch {
	case k.LastUse == nil:
		return "last use unknown"
	case k.LastUse.At.IsZero():
		return "never used"
	default:
		return "last used " + describeUse(*k.LastUse)
	}
}

func describeUse(u rotation.Use) string {
	return fmt.Sprintf("at %s by %s in %s", formatDate(u.At), u.Service, u.Region)
}

// describeKey says what an operator asks first about a key that is in the way.
func describeKey(k rotation.Key) string {
	return fmt.Sprintf("%s (%s, created %s, %s)", k.ID, k.Status, formatDate(k.CreatedAt), describeLastUse(k))
}

func describeKeys(keys []rotation.Key) string { return joinKeys(keys, describeKey) }

// describeKeysBriefly leaves out the last use, where nobody has asked for it.
func describeKeysBriefly(keys []rotation.Key) string {
	return joinKeys(keys, func(k rotation.Key) string {
		return fmt.Sprintf("%s (%s, created %s)", k.ID, k.Status, formatDate(k.CreatedAt))
	})
}

func joinKeys(keys []rotation.Key, describe func(rotation.Key) string) string {
	if len(keys) == 0 {
		return "no keys"
	}
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = describe(k)
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

func importCommand(user string, seen rotation.Observation) string {
	return "terraform import ADDRESS " + rotator.ExampleImportID(user, seen).String()
}

// commands shows commands, each on a line of its own.
func commands(lines ...string) string { return "\n  " + strings.Join(lines, "\n  ") }

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
		if k := seen.Find(o.Key); k != nil && k.Other {
			return "the slot is taken by key " + describeKey(*k) + ", which another resource manages"
		} else if k != nil {
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

// unmanagedChoice is what unmanaged_keys does about a key in the way, or could do.
var unmanagedChoice = map[rotation.UnmanagedKeys]string{
	rotation.RefuseUnmanaged: "Or set unmanaged_keys to \"retire\" (it is adopted and leaves after overlap, require_unused_for and grace) " +
		"or \"delete_unused\" (it is deleted if nobody ever used it).",
	rotation.RetireUnmanaged: "unmanaged_keys = \"retire\" adopts it once there is no previous key.",
	rotation.DeleteUnused:    "unmanaged_keys = \"delete_unused\" leaves it, since somebody has used it or it is the only Active key.",
}

// obstacleRemedy is what a user can do about an obstacle. Mode is the configured unmanaged_keys.
func obstacleRemedy(o rotation.Obstacle, user string, mode rotation.UnmanagedKeys) string {
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
		return "If nobody needs the key, delete it:" + commands(statusCommand(user, o.Key, rotation.Inactive), deleteCommand(user, o.Key)) +
			"\n" + unmanagedChoice[mode]
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

// rotationReason is rotation_reason: why a step creates a key.
func rotationReason(step rotation.Step, policy rotation.Policy, record rotation.Record) string {
	before := record.LastPolicy()
	id := record.Current.ID
	switch step.Reason {
	case rotation.ReasonCreated:
		return "created"
	case rotation.ReasonAge:
		return fmt.Sprintf("key %s of %s reached rotate_after %s", id, formatDate(record.Current.CreatedAt), duration.Format(policy.RotateAfter))
	case rotation.ReasonMissing:
		return fmt.Sprintf("key %s is gone from IAM", id)
	case rotation.ReasonInactive:
		return fmt.Sprintf("key %s was deactivated by somebody else", id)
	case rotation.ReasonRecreated:
		return "the user was deleted and created again"
	case rotation.ReasonChanged:
		return "rotate_when_changed: " + strings.Join(rotation.Changed(before.RotateWhenChanged, policy.RotateWhenChanged), ", ")
	case rotation.ReasonRecipients:
		return "encrypted_output: " + sealingChange(before.Recipients, policy.Recipients)
	case rotation.ReasonRevoked:
		return "revoke_when_changed: " + strings.Join(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged), ", ")
	}
	return string(step.Reason)
}
