package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// locateFailure is the error where the keys of a user can't be found.
func locateFailure(user string, err error) diag.Diagnostic {
	if wrong, ok := errors.AsType[*rotator.WrongAccountError](err); ok {
		return problem{
			at: path.Root("account_id"), summary: "Wrong AWS account " + wrong.Credentials,
			truth: fmt.Sprintf("The keys of user %q are in account %s, but the credentials of this provider belong to account %s. "+
				"Nothing was concluded and nothing was changed.", user, wrong.Recorded, wrong.Credentials),
			next: fmt.Sprintf("Configure the provider for account %s.", wrong.Recorded),
		}.asError()
	}
	if failure, ok := errors.AsType[*rotator.ReadError](err); ok {
		return readFailure(failure).asError()
	}
	return readFailure(&rotator.ReadError{Read: rotator.ReadKeys, User: user, Err: err}).asError()
}

// refreshFailure is locateFailure for a Read, which also comes before a destroy.
func refreshFailure(user string, err error) diag.Diagnostic {
	failure, ok := errors.AsType[*rotator.ReadError](err)
	if !ok || !iamgate.IsKind(err, iamgate.KindAccessDenied) {
		return locateFailure(user, err)
	}
	p := readFailure(failure)
	p.next = "To destroy the resource without reading it, run terraform destroy -refresh=false."
	return p.asError()
}

// readFailure says what can't be read.
func readFailure(e *rotator.ReadError) problem {
	p := problem{cause: awsErrorDetail(e.Err), truth: nothingChanged}
	switch e.Read {
	case rotator.ReadKeys:
		p.summary = fmt.Sprintf("Access keys of user %q can't be read", e.User)
	case rotator.ReadLastUse:
		p.summary = fmt.Sprintf("Last use of the keys of user %q can't be read", e.User)
	case rotator.ReadUser:
		p.summary = fmt.Sprintf("User %q can't be read", e.User)
	}
	return p
}

// locationWarning says what became of a current key that is not listed under the recorded name; ok is false where it is.
func locationWarning(subject rotator.Subject, l rotator.Location) (w diag.Diagnostic, ok bool) {
	user, current := subject.RecordedUser, subject.Current.ID
	var p problem
	outcome := l.Outcome
	if outcome == rotator.UserRenamed && (rotation.Observation{Keys: l.Keys}).Find(current) == nil {
		outcome = rotator.CurrentGone
	}
	switch outcome {
	case rotator.CurrentListed, rotator.UserRenamed, rotator.NewUserMissing, rotator.NewUserAnother:
		return nil, false
	case rotator.UserGone:
		p = problem{
			summary: "IAM user no longer exists",
			truth:   fmt.Sprintf("Neither user %q nor its key %s exists any more, so the resource is removed from the state.", user, current),
		}
	case rotator.UserUnknown:
		p = userUnknown(user, current, l)
	case rotator.UserRecreated:
		p = problem{
			summary: "IAM user was deleted and created again",
			truth: fmt.Sprintf("The state knows unique id %s of user %q, IAM has %s. The old keys went with the old user, so a new key is due.",
				subject.UniqueID, user, l.UniqueID),
		}
	case rotator.CurrentGone:
		p = problem{
			summary: "Current access key is not listed by IAM",
			truth: fmt.Sprintf("Account and user are the right ones, so key %s of user %q was deleted, or it was created so recently that IAM "+
				"does not list it yet.", current, user),
		}
	}
	return p.asWarning(), true
}

// waitingSummaries are the summaries of warnings about a retirement that waits. A cause without one is what the configuration asks for.
var waitingSummaries = map[rotation.Cause]string{
	rotation.CauseUsed:          "Previous access key is still in use",
	rotation.CauseHandover:      "Previous access key waits for a use of the current one",
	rotation.CauseUnknownUse:    "Previous access key waits, since a last use is unknown",
	rotation.CauseSigner:        "Credentials of this provider depend on the previous access key",
	rotation.CauseRevokedActive: "Revoked access key is still Active",
}

// waitingWarnings say what does not happen though its time has come. Usage, unless it is empty, is added to the one about the key that
// usedKey returns.
func waitingWarnings(
	user string, record rotation.Record, decision rotation.Decision, seen rotation.Observation, usage string,
) diag.Diagnostics {
	var diags diag.Diagnostics
	mode := record.LastPolicy().UnmanagedKeys
	// A current that is not listed yet has had its warning already.
	if o := decision.Blocked; o != nil && o.Cause != rotation.CauseYoung {
		diags.Append(problem{
			at: path.Root("rotation_blocked"), summary: "Rotation is due and waits",
			truth: fmt.Sprintf("User %q%s: %s.", user, soFar, obstacleDetail(*o, seen)),
			next:  blockedRemedy(user, mode, *o, record, seen) + usageOf(o, decision, usage),
		}.asWarning())
	}
	if o := decision.RetirementBlocked; o != nil && waitingSummaries[o.Cause] != "" {
		diags.Append(problem{
			at: path.Root("retirement_blocked"), summary: waitingSummaries[o.Cause],
			truth: fmt.Sprintf("User %q%s: %s.", user, soFar, obstacleDetail(*o, seen)),
			next:  obstacleRemedy(*o, user, mode) + usageOf(o, decision, usage),
		}.asWarning())
	}
	return diags
}

// expiredWarning says that a rotation will have to wait for a recipient, while none is due yet.
func expiredWarning(user string, policy rotation.Policy, decision rotation.Decision, now time.Time) diag.Diagnostics {
	until := policy.SealableUntil
	if until.IsZero() || now.Before(until) || decision.Blocked != nil {
		return nil
	}
	return diag.Diagnostics{problem{
		at: path.Root("encrypted_output"), summary: "Recipient of encrypted_output has expired",
		truth: fmt.Sprintf("User %q%s: it expired at %s, and the next rotation will wait for another.", user, soFar, formatDate(until)),
		next:  obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseExpired}, user, policy.UnmanagedKeys),
	}.asWarning()}
}

// sharedUser says that two resources want the slots of one user.
func sharedUser(user, one, other string) diag.Diagnostic {
	return problem{
		summary: "Two resources manage the access keys of one user",
		truth: fmt.Sprintf("User %q, current keys %s and %s. A user has two key slots, and one iamkeys_rotating_access_key needs both.",
			user, one, other),
		next: "Keep one of the resources and remove the other with a removed block, or from the state. While a resource is being " +
			"replaced, this is expected. If its address has changed, add a moved block: without one, its keys are deleted.",
	}.asWarning()
}

// orphanLeft names a key that an interrupted apply has probably left.
func orphanLeft(user string, k rotation.Key) diag.Diagnostic {
	return problem{
		at: path.Root("unmanaged_keys"), summary: "Unmanaged access key was probably left by an interrupted apply",
		truth: orphanFact(user, k) + ".", next: orphanRemedy(user, k.ID),
	}.asWarning()
}

func orphanFact(user string, k rotation.Key) string {
	use := "never used"
	if !k.LastUse.At.IsZero() {
		use = "used by nothing but its proof"
	}
	return fmt.Sprintf("Key %s of user %q was probably left by an interrupted apply at %s, %s", k.ID, user, formatDate(k.CreatedAt), use)
}

func orphanRemedy(user, id string) string {
	return "It is not in this resource, so nobody has its secret from here. Set unmanaged_keys = \"delete_unused\", and the rotation that " +
		"needs its slot deletes it. Or, if neither another resource nor somebody else created it, delete it now:" +
		commands(deleteCommand(user, id))
}

// blockedRemedy is what can be done about a rotation that waits, and whether an orphan is in its way. Mode is the configured
// unmanaged_keys.
func blockedRemedy(
	user string, mode rotation.UnmanagedKeys, o rotation.Obstacle, record rotation.Record, seen rotation.Observation,
) string {
	if k := seen.Find(o.Key); o.Cause == rotation.CauseUnmanaged && k != nil && k.Other {
		return "A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources."
	}
	if k := seen.Find(o.Key); o.Cause == rotation.CauseUnmanaged && k != nil && record.IsOrphan(*k) {
		return orphanFact(user, *k) + ". " + obstacleRemedy(o, user, mode)
	}
	return obstacleRemedy(o, user, mode)
}
