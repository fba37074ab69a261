package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// applyTexts turns what a rotator says of a Create, Update or Delete into diagnostics.
type applyTexts struct {
	// user is the configured name of the user, and recorded the one in the state.
	user, recorded string
	want           desired
	// creates reports that the texts are those of a Create.
	creates bool
	// madeRoom are the keys that were deleted to make room for a new one.
	madeRoom []string
}

// report is the diagnostics of a whole Report.
func (t applyTexts) report(r rotator.Report) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, n := range r.Notices {
		diags.Append(t.notice(n))
	}
	t.madeRoom = r.MadeRoom
	if r.Err != nil {
		diags.Append(t.failure(r.Err))
	}
	return diags
}

// notice is the warning for a Notice.
func (t applyTexts) notice(n rotator.Notice) diag.Diagnostic {
	switch n := n.(type) {
	case rotator.NotConfirmed:
		return t.notConfirmed(n)
	case rotator.DeletedMeanwhile:
		return problem{
			summary: "Access key was deleted before it could be made Inactive",
			truth:   fmt.Sprintf("Key %s of user %q no longer exists, so it works no more.", n.Key, t.user),
			next:    "The next plan records that.",
		}.asWarning()
	case rotator.NotDeleted:
		return t.keptBeside(n.Key, n.Err).asWarning()
	case rotator.LostKeyDeleted:
		return problem{
			summary: "New access key was deleted again, since the answer with its secret was lost",
			truth: fmt.Sprintf("It was key %s of user %q. ", n.Key, t.user) + "unmanaged_keys = \"delete_unused\" allows that. " +
				"Another key was asked for instead.",
		}.asWarning()
	case rotator.UnexpectedKeys:
		return problem{
			summary: "User has an access key that this apply did not expect",
			truth: fmt.Sprintf("User %q has %d keys, among them %s. ", t.user, n.Listed, describeKeys(n.Keys)) + "Somebody else " +
				"created it meanwhile. It was not touched; the next plan treats it by unmanaged_keys.",
		}.asWarning()
	case rotator.LastUseUnknown:
		return lastUseUnknown(t.user, n)
	case rotator.KeyLeft:
		return keyLeft(n.Err)
	case rotator.DescriptionNotWritten:
		return t.notDescribed("Description of an access key could not be written", n.Key, n.Err)
	case rotator.DescriptionNotRemoved:
		return t.notDescribed("Description of an access key could not be removed", n.Key, n.Err)
	}
	return problem{summary: fmt.Sprintf("Unknown notice %T", n), truth: "This is a bug in the provider."}.asWarning()
}

func (t applyTexts) notDescribed(summary, id string, err error) diag.Diagnostic {
	return problem{summary: summary, cause: awsErrorDetail(err), truth: fmt.Sprintf("It is key %s of user %q.", id, t.user)}.asWarning()
}

func (t applyTexts) notConfirmed(n rotator.NotConfirmed) diag.Diagnostic {
	now := map[rotator.Change]string{
		rotator.ChangeActivated: "is Active", rotator.ChangeDeactivated: "is Inactive", rotator.ChangeDeleted: "is gone",
	}[n.Change]
	p := problem{
		summary: "IAM has not confirmed a change yet", cause: awsErrorDetail(n.Err),
		truth: fmt.Sprintf("AWS accepted the change, but does not show yet that key %s of user %q %s.", n.Key, t.user, now),
	}
	if iamgate.IsKind(n.Err, iamgate.KindAccessDenied) {
		p.truth = fmt.Sprintf("AWS accepted the change. The list that shows that key %s of user %q %s can't be read.", n.Key, t.user, now)
	}
	if n.Change == rotator.ChangeCreated {
		p.summary = "IAM has not confirmed a new access key yet"
		p.truth = fmt.Sprintf("New key %s of user %q is safe in the state.", n.Key, t.user)
	}
	return p.asWarning()
}

// failure is the error for what ended a Create or Update.
func (t applyTexts) failure(err error) diag.Diagnostic {
	switch e := err.(type) { //nolint:errorlint // a Report holds these types unwrapped
	case *rotator.ReadError:
		return t.readFailure(e).asError()
	case *rotator.ManagedError:
		return problem{
			at: path.Root("user"), summary: fmt.Sprintf("Another resource manages the access keys of user %q: current key %s", t.user, e.Other),
			truth: nothingCreated, next: "A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources.",
		}.asError()
	case *rotator.TakenError:
		return t.keyTaken(e).asError()
	case *rotator.RefusedError:
		return createRefused(t.user, e.Seen).asError()
	case *rotator.UserChangedError:
		return t.userChanged(e).asError()
	case *rotator.StaleError:
		return stalePlan(t.user, t.want.policy.UnmanagedKeys, e).asError()
	case *rotator.TrialError:
		return recipientError(t.want.method, e.Err)
	case *rotator.InterruptedError:
		return t.interrupted(e).asError()
	case *rotator.StatusError:
		return t.statusFailure(e).asError()
	case *rotator.DeleteError:
		return t.deleteFailure(e).asError()
	case *rotator.CreateError:
		return t.createFailure(e).asError()
	case *rotator.SealError:
		summary, detail := recipientProblem(t.want.method, e.Err)
		return problem{
			summary: fmt.Sprintf("Secret of new key %s of user %q could not be encrypted", e.Withdrawal.Key, t.user),
			cause:   summary + ". " + detail, truth: t.withdrawn(e.Withdrawal), next: "Apply again.",
		}.asError()
	case *rotator.UnprovedError:
		return t.unproved(e).asError()
	case *rotator.PanicError:
		return t.panicked(e).asError()
	}
	return locateFailure(t.user, err)
}

func (t applyTexts) readFailure(e *rotator.ReadError) problem {
	p := readFailure(e)
	if t.creates {
		p.truth = nothingCreated
		if e.Read == rotator.ReadKeys {
			p.at = path.Root("user")
		}
	}
	return p
}

// keyTaken says that a plan takes the key of another resource.
func (t applyTexts) keyTaken(e *rotator.TakenError) problem {
	by := "the resource with current key " + e.By
	if e.By == "" {
		by = "the resource that is created"
	}
	return problem{
		at:      path.Root("user"),
		summary: fmt.Sprintf("Key %s of user %q belongs to another resource, and the plan of %s would take it", e.Key, t.user, by),
		cause:   fmt.Sprintf("The resource with current key %s manages it, so it is neither adopted nor deactivated nor deleted.", e.Owner),
		truth:   nothingChanged,
		next: "A user has two key slots, and one iamkeys_rotating_access_key needs both. Keep one of the resources: remove the other with a " +
			"removed block, or from the state. To destroy one of them, run terraform destroy -refresh=false with its address in -target.",
	}
}

// userChanged says that the user is no longer where the plan found it.
func (t applyTexts) userChanged(e *rotator.UserChangedError) problem {
	switch e.Outcome { //nolint:exhaustive // the other outcomes are the default
	case rotator.NewUserMissing:
		return problem{
			at: path.Root("user"), summary: fmt.Sprintf("User %q does not exist", t.user),
			cause: fmt.Sprintf("Key %s belongs to user %q.", e.Key, t.recorded), truth: nothingChanged,
			next: fmt.Sprintf("Set user = %q, or rename that user first.", t.recorded),
		}
	case rotator.NewUserAnother:
		return problem{
			at: path.Root("user"), summary: fmt.Sprintf("User %q is not user %q renamed", t.user, t.recorded),
			cause: fmt.Sprintf("It does not own key %s.", e.Key), truth: nothingChanged,
			next: "Plan again, with a refresh: a replacement will be planned.",
		}
	case rotator.UserUnknown:
		p := userUnknown(t.recorded, e.Key, e.Location)
		p.summary, p.truth = fmt.Sprintf("User %q is not found under its name", t.recorded), p.truth+" "+nothingChanged
		switch {
		case e.Location.Foreign:
			p.summary = fmt.Sprintf("Key %s belongs to user %q, who is not the user that the state speaks of", e.Key, e.Location.Owner)
		case e.Location.Listed:
			p.summary = fmt.Sprintf("User %q can't be compared with the state", t.recorded)
		}
		return p
	default:
		return problem{
			summary: fmt.Sprintf("Plan for user %q is out of date: the user was renamed or deleted", t.user),
			truth:   nothingChanged, next: "Plan again, and read the new plan.",
		}
	}
}

func (t applyTexts) interrupted(e *rotator.InterruptedError) problem {
	if !e.Begun {
		return problem{summary: "Interrupted", truth: nothingChanged, next: "Apply again."}
	}
	return problem{
		summary: fmt.Sprintf("Interrupted before a new key was created for user %q", t.user),
		truth:   sentences(t.roomMade(), "What was done until then is in the state."), next: "Apply again.",
	}
}

// planShows is the next step where it is not known whether a change took effect.
const planShows = "The next plan shows what is true."

func (t applyTexts) statusFailure(e *rotator.StatusError) problem {
	if e.Gone {
		return problem{
			summary: fmt.Sprintf("Key %s of user %q is gone, so it can't be reactivated", e.Key, t.user),
			truth:   "It was deleted after the plan.", next: "Plan again, and read the new plan.",
		}
	}
	p := problem{
		summary: fmt.Sprintf("Key %s of user %q could not be made %s", e.Key, t.user, e.Status), cause: awsErrorDetail(e.Err),
		truth: fmt.Sprintf("Key %s was not changed.", e.Key), next: "Apply again.",
	}
	revoked := fmt.Sprintf("the revoked key %s is still Active", e.Key)
	switch {
	case e.Refused:
	case e.Listed == "":
		p.truth, p.next = fmt.Sprintf("Key %s may have been changed all the same.", e.Key), planShows
		revoked = fmt.Sprintf("the revoked key %s may still be Active", e.Key)
	default:
		p.truth, p.next = fmt.Sprintf("An attempt may have taken effect. IAM lists key %s as %s, and may be behind.", e.Key, e.Listed), planShows
		revoked = fmt.Sprintf("IAM lists the revoked key %s as %s", e.Key, e.Listed)
	}
	if e.Revoked {
		p.truth = fmt.Sprintf("The new key %s is safe in the state, but %s.", e.NewKey, revoked)
		p.next = "Every next apply tries again; or run now:" + commands(statusCommand(t.user, e.Key, rotation.Inactive))
	}
	return p
}

// keptBeside says that a key which was to make room still exists beside the new one.
func (t applyTexts) keptBeside(id string, err error) problem {
	return problem{
		summary: fmt.Sprintf("Key %s of user %q could not be deleted", id, t.user), cause: awsErrorDetail(err),
		truth: fmt.Sprintf("The new key is safe in the state: IAM created it beside key %s, which the plan deletes to make room.", id),
		next:  "Until it is gone it is in the way of the next rotation. If nobody needs it, delete it:" + commands(deleteCommand(t.user, id)),
	}
}

func (t applyTexts) deleteFailure(e *rotator.DeleteError) problem {
	if e.Replaced {
		return t.keptBeside(e.Key, e.Err)
	}
	p := problem{
		summary: fmt.Sprintf("Key %s of user %q could not be deleted", e.Key, t.user), cause: awsErrorDetail(e.Err),
		truth: fmt.Sprintf("Key %s was not deleted.", e.Key), next: "Apply again.",
	}
	switch {
	case e.Refused:
	case e.Listed:
		p.truth, p.next = fmt.Sprintf("An attempt may have taken effect. IAM still lists key %s, and may be behind.", e.Key), planShows
	default:
		p.truth, p.next = fmt.Sprintf("Key %s may be gone all the same.", e.Key), planShows
	}
	p.truth = sentences(p.truth, t.roomMade())
	return p
}

func (t applyTexts) panicked(e *rotator.PanicError) problem {
	truth := sentences(t.roomMade(), "What was done until then is in the state. Plan again, and read the new plan.")
	switch {
	case e.Lost != nil:
		truth = t.lost(*e.Lost)
	case e.Withdrawal != nil:
		truth = fmt.Sprintf("New key %s was not in the state yet. %s", e.Withdrawal.Key, t.withdrawn(*e.Withdrawal))
	}
	return problem{
		summary: fmt.Sprintf("The provider failed while it changed the keys of user %q", t.user), cause: truth,
		truth: fmt.Sprintf("This is a bug in the provider (%s). Please report it with:\n%s", e.Type, e.Stack),
	}
}
