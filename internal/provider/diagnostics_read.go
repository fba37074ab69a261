package provider

import (
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

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
	switch l.Outcome {
	case rotator.CurrentListed, rotator.NewUserMissing, rotator.NewUserAnother:
		return nil, false
	case rotator.UserGone:
		p = problem{
			summary: fmt.Sprintf("IAM user %q no longer exists", user),
			truth:   fmt.Sprintf("Neither the user nor its key %s exists any more, so the resource is removed from the state.", current),
		}
	case rotator.UserRenamed:
		p = problem{
			summary: fmt.Sprintf("IAM user %q is now called %q", user, l.User),
			truth:   fmt.Sprintf("Key %s belongs to user %q now: the user was renamed, and the state follows it.", current, l.User),
			next:    fmt.Sprintf("Set user = %q.", l.User),
		}
	case rotator.UserRecreated:
		p = problem{
			summary: fmt.Sprintf("IAM user %q was deleted and created again", user),
			truth: fmt.Sprintf("The state knows unique id %s, IAM has %s. The old keys went with the old user, so a new key is due.",
				subject.UniqueID, l.UniqueID),
		}
	case rotator.CurrentGone:
		p = problem{
			summary: fmt.Sprintf("Current key %s of user %q is not listed by IAM", current, user),
			truth: "Account and user are the right ones, so somebody deleted the key, or it was created so recently that IAM does not " +
				"list it yet.",
		}
	}
	return p.asWarning(), true
}

// waitingWarnings say what does not happen though its time has come.
func waitingWarnings(user string, decision rotation.Decision, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	// A current that is not listed yet has had its warning already.
	if o := decision.Blocked; o != nil && o.Cause != rotation.CauseYoung {
		diags.Append(problem{
			at: path.Root("rotation_blocked"), summary: fmt.Sprintf("Rotation of user %q is due and waits: %s", user, obstacleFact(*o, seen)),
			next: blockedRemedy(user, *o, decision.Record, seen),
		}.asWarning())
	}
	for _, o := range decision.Waiting {
		diags.Append(problem{
			at: path.Root("previous"), summary: fmt.Sprintf("Previous key %s of user %q is not retired yet: %s", o.Key, user, obstacleFact(o, seen)),
			next: obstacleRemedy(o, user, decision.Record.LastPolicy().UnmanagedKeys),
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
		at: path.Root("encrypted_output"),
		summary: fmt.Sprintf("A recipient of encrypted_output expired at %s: the next rotation of user %q will wait for another",
			formatDate(until), user),
		next: obstacleRemedy(rotation.Obstacle{Cause: rotation.CauseExpired}, user, policy.UnmanagedKeys),
	}.asWarning()}
}

// unusedCurrent warns before a deactivation that nobody but our own proof has used current so far.
func unusedCurrent(current rotation.Key, previous string) diag.Diagnostic {
	return problem{
		at:      path.Root("access_key_id"),
		summary: fmt.Sprintf("Current key %s has not been used yet, and previous key %s is due for deactivation", current.ID, previous),
		truth:   fmt.Sprintf("Nothing but the proof that it works has used the current key since %s.", formatDate(current.CreatedAt)),
		next:    "If its consumers still wait for the new secret, hand it over first, or set paused = true.",
	}.asWarning()
}

// currentUseUnknown says that the check for unusedCurrent was not possible.
func currentUseUnknown(id string, err error) diag.Diagnostic {
	return problem{summary: fmt.Sprintf("Last use of current key %s can't be read", id), cause: awsErrorDetail(err)}.asWarning()
}

// sharedUser says that two resources want the slots of one user.
func sharedUser(user, one, other string) diag.Diagnostic {
	return problem{
		summary: fmt.Sprintf("Two resources manage the access keys of user %q: current keys %s and %s", user, one, other),
		truth:   "A user has two key slots, and one iamkeys_rotating_access_key needs both.",
		next: "Keep one of the resources and remove the other with a removed block, or from the state. While a resource is being " +
			"replaced, this is expected. If its address has changed, add a moved block: without one, its keys are deleted.",
	}.asWarning()
}

// orphanLeft names a key that an interrupted apply has probably left.
func orphanLeft(user string, k rotation.Key) diag.Diagnostic {
	return problem{at: path.Root("unmanaged_keys"), summary: orphanFact(user, k), next: orphanRemedy(user, k.ID)}.asWarning()
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

// blockedRemedy is what can be done about a rotation that waits, and whether an orphan is in its way.
func blockedRemedy(user string, o rotation.Obstacle, record rotation.Record, seen rotation.Observation) string {
	mode := record.LastPolicy().UnmanagedKeys
	if k := seen.Find(o.Key); o.Cause == rotation.CauseUnmanaged && k != nil && k.Other {
		return "A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources."
	}
	if k := seen.Find(o.Key); o.Cause == rotation.CauseUnmanaged && k != nil && record.IsOrphan(*k) {
		return orphanFact(user, *k) + ". " + obstacleRemedy(o, user, mode)
	}
	return obstacleRemedy(o, user, mode)
}
