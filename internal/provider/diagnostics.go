package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// awsErrorDetail is what a diagnostic says of a failed call: AWS's own words, and what to do about it.
func awsErrorDetail(err error) string {
	var failure *iamgate.Error
	if !errors.As(err, &failure) {
		return err.Error()
	}
	hint := awsErrorHint(failure)
	if hint == "" {
		return failure.Error()
	}
	return failure.Error() + "\n\n" + hint
}

func awsErrorHint(failure *iamgate.Error) string {
	switch failure.Kind {
	case iamgate.KindAccessDenied:
		if failure.Action == "iam:CreateAccessKey" {
			return fmt.Sprintf("Allow %s on user %q. If a policy does allow it, look for an explicit deny: AWS attaches "+
				"AWSCompromisedKeyQuarantine policies to a user whose key was found in public, and they deny it.", failure.Action, failure.Resource)
		}
		if accessKeyID.MatchString(failure.Resource) {
			return fmt.Sprintf("Allow %s on the user of key %s for the credentials of this provider.", failure.Action, failure.Resource)
		}
		return fmt.Sprintf("Allow %s on %q for the credentials of this provider.", failure.Action, failure.Resource)
	case iamgate.KindNoSuchEntity:
		return fmt.Sprintf("Check that %q exists in the account that the credentials of this provider belong to.", failure.Resource)
	case iamgate.KindLimitExceeded:
		return "AWS allows two access keys for a user, Active or Inactive, and this quota can't be raised."
	case iamgate.KindThrottled:
		return "AWS asked for fewer requests. Run again, with a lower -parallelism or a larger max_retries."
	case iamgate.KindInvalidCredentials:
		return "AWS does not accept the credentials of this provider. Check that the key exists and is Active, that its secret is " +
			"complete, and that region and endpoints belong to the partition of the account."
	case iamgate.KindNoCredentials:
		return "Set credentials for this provider: profile, access_key and secret_key, assume_role, or the AWS_* environment variables."
	case iamgate.KindUnreachable:
		return "No answer came. Check the network, proxy settings, region and the endpoints block of this provider."
	case iamgate.KindInvalidInput:
		return "AWS refused a value as malformed. Check the value against the IAM API."
	case iamgate.KindOther, iamgate.KindServiceFailure, iamgate.KindBadAnswer, iamgate.KindNotSettled, iamgate.KindNotUsable, iamgate.KindCanceled:
	}
	return ""
}

// date prints an instant for a person.
func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// lastUse prints the last use of a key for a person.
func lastUse(k rotation.Key) string {
	switch {
	case k.LastUse == nil:
		return "last use unknown"
	case k.LastUse.At.IsZero():
		return "never used"
	default:
		return "last used " + useText(*k.LastUse)
	}
}

func useText(u rotation.Use) string {
	return fmt.Sprintf("at %s by %s in %s", date(u.At), u.Service, u.Region)
}

// describeKey says what an operator asks first about a key that is in the way.
func describeKey(k rotation.Key) string {
	return fmt.Sprintf("%s (%s, created %s, %s)", k.ID, k.Status, date(k.CreatedAt), lastUse(k))
}

func describeKeys(keys []rotation.Key) string {
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

// waitFact is the short form of a wait, for rotation_blocked and for summaries.
func waitFact(w rotation.Obstacle, seen rotation.Observation) string {
	until := ""
	if !w.Until.IsZero() {
		until = " until " + date(w.Until)
	}
	switch w.Cause {
	case rotation.CauseUsed:
		if w.Use.At.IsZero() {
			return fmt.Sprintf("key %s is not known to be unused for long enough%s", w.Key, until)
		}
		return fmt.Sprintf("key %s was used %s; require_unused_for keeps it%s", w.Key, useText(w.Use), until)
	case rotation.CauseOverlap:
		return fmt.Sprintf("previous key %s still has its place%s", w.Key, until)
	case rotation.CauseGrace:
		return fmt.Sprintf("Inactive key %s is in its grace%s", w.Key, until)
	case rotation.CauseHeld:
		return fmt.Sprintf("hold_previous keeps key %s", w.Key)
	case rotation.CausePaused:
		return "paused is set"
	case rotation.CauseUnmanaged:
		if k := seen.Find(w.Key); k != nil {
			return "the slot is taken by key " + describeKey(*k) + ", which this resource did not make"
		}
		return fmt.Sprintf("the slot is taken by key %s, which this resource did not make", w.Key)
	case rotation.CauseAdopted:
		return fmt.Sprintf("adopted key %s leaves only when its overlap, guard and grace have passed", w.Key)
	case rotation.CauseSigner:
		return fmt.Sprintf("key %s signs the requests of this provider", w.Key)
	case rotation.CauseOnlyActive:
		return fmt.Sprintf("key %s is the only Active key of the user", w.Key)
	case rotation.CauseYoung:
		return fmt.Sprintf("key %s was made minutes ago and IAM does not list it yet%s", w.Key, until)
	case rotation.CauseNotOurs:
		return fmt.Sprintf("key %s was deactivated by somebody else", w.Key)
	case rotation.CauseRevoked:
		return fmt.Sprintf("key %s was revoked", w.Key)
	case rotation.CauseExpired:
		return "a recipient of encrypted_output has expired"
	}
	return fmt.Sprintf("key %s can't be changed now", w.Key)
}

// waitRemedy is what a user can do about a wait.
func waitRemedy(w rotation.Obstacle, user string) string {
	switch w.Cause {
	case rotation.CauseUsed:
		return "Move the consumers that still use this key to the current one; or, if that use does not matter, lower require_unused_for."
	case rotation.CauseOverlap:
		return "Wait, or shorten overlap. For a leaked key change revoke_when_changed."
	case rotation.CauseGrace:
		return fmt.Sprintf("Wait, or shorten grace, or delete the key now:\n  %s", deleteCommand(user, w.Key))
	case rotation.CauseHeld:
		return "Set hold_previous = false once the rollback is over."
	case rotation.CausePaused:
		return "Set paused = false to let it happen."
	case rotation.CauseUnmanaged:
		return fmt.Sprintf("If nobody needs the key, delete it:\n  %s\n  %s\nOr set unmanaged_keys to \"retire\" (it is adopted and leaves "+
			"after overlap, guard and grace) or \"delete_unused\" (it is deleted if nobody ever used it).",
			statusCommand(user, w.Key, rotation.Inactive), deleteCommand(user, w.Key))
	case rotation.CauseAdopted:
		return fmt.Sprintf("Wait until it has left, or delete it by hand if nobody needs it:\n  %s", deleteCommand(user, w.Key))
	case rotation.CauseSigner:
		return "Configure this provider with other credentials, such as the new key of the user or a role, and apply again."
	case rotation.CauseOnlyActive:
		return "Reactivate or replace another key of the user first."
	case rotation.CauseExpired:
		return "Its owner can prolong the OpenPGP key, which rotates nothing by itself: put the prolonged public key into encrypted_output. Or name other recipients."
	case rotation.CauseYoung:
		return "Plan again in a few minutes."
	case rotation.CauseNotOurs, rotation.CauseRevoked:
		return fmt.Sprintf("If consumers need it back, reactivate it by hand:\n  %s", statusCommand(user, w.Key, rotation.Active))
	}
	return ""
}
