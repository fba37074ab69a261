package provider

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// stalePlan says which planned step is no longer right, and why.
func stalePlan(user string, mode rotation.UnmanagedKeys, e *rotator.StaleError) problem {
	what := map[rotation.Kind]string{
		rotation.Adopt: "adopt key", rotation.RecordDeactivated: "record the deactivation of key",
		rotation.RecordReactivated: "record the reactivation of key", rotation.Reactivate: "reactivate key",
		rotation.Deactivate: "deactivate key", rotation.DeletePrevious: "delete key", rotation.DeleteCurrent: "delete key",
		rotation.DeleteUnmanaged: "delete key", rotation.Rotate: "rotate key",
	}[e.Step.Kind]
	why := "the keys in IAM have changed since the plan"
	if e.Obstacle.Cause != "" {
		why = obstacleFact(e.Obstacle, e.Seen)
	}
	p := problem{
		summary: fmt.Sprintf("Plan for user %q is out of date: it would %s %s, but %s", user, what, e.Step.Key, why),
		truth:   fmt.Sprintf("User %q has now: %s. %s", user, describeKeys(e.Seen.Keys), nothingChanged),
		next:    "Plan again, and read the new plan.",
	}
	if remedy := obstacleRemedy(e.Obstacle, user, mode); remedy != "" {
		p.next += "\n\n" + remedy
	}
	return p
}

// previewFailure warns that a plan for a create could not look.
func previewFailure(e *rotator.ReadError) diag.Diagnostic {
	p := readFailure(e)
	p.truth = ""
	return p.asWarning()
}

// deletionWarnings name the unmanaged keys that steps delete: nothing else in a plan does.
func deletionWarnings(user string, steps []rotation.Step, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, step := range steps {
		if k := seen.Find(step.Key); step.Kind == rotation.DeleteUnmanaged && k != nil {
			diags.Append(problem{
				at:      path.Root("unmanaged_keys"),
				summary: fmt.Sprintf("Unmanaged key %s of user %q is deleted to make room for a new one", describeKey(*k), user),
				truth:   "unmanaged_keys = \"delete_unused\" allows that, since nobody has used the key.",
				next:    "If somebody is about to, set unmanaged_keys = \"refuse\".",
			}.asWarning())
		}
	}
	return diags
}

// judgementTexts say what an edited configuration asks for and does not get.
func judgementTexts(
	user string, policy rotation.Policy, record rotation.Record, seen rotation.Observation, asked rotator.Judgement,
) diag.Diagnostics {
	if asked.Refused != nil {
		at := requestPath(policy, record)
		// The advice is for the configuration of now.
		record.Policy = &policy
		return diag.Diagnostics{requestRefused(at, user, *asked.Refused, record, seen)}
	}
	var diags diag.Diagnostics
	for _, o := range asked.Waiting {
		diags.Append(notReactivated(user, o, seen))
	}
	if !asked.DueSince.IsZero() {
		diags.Append(dueAtOnce(duration.Format(policy.RotateAfter), record.Current.ID, asked.DueSince))
	}
	return diags
}

// requestPath is the attribute whose change asks for a rotation.
func requestPath(policy rotation.Policy, record rotation.Record) path.Path {
	before := record.LastPolicy()
	switch {
	case len(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0:
		return path.Root("revoke_when_changed")
	case len(rotation.Changed(before.RotateWhenChanged, policy.RotateWhenChanged)) > 0:
		return path.Root("rotate_when_changed")
	default:
		return path.Root("encrypted_output")
	}
}

// requestRefused says that a rotation was asked for and is not possible. At is the attribute that asks for it.
func requestRefused(at path.Path, user string, o rotation.Obstacle, record rotation.Record, seen rotation.Observation) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("Rotation of user %q was asked for and is not possible: %s", user, obstacleFact(o, seen)),
		cause: blockedRemedy(user, o, record, seen),
		truth: "Nothing was changed, and the request is not recorded as done.",
		next: "To go on without it, take the changed value back. To destroy the resource all the same, run terraform destroy " +
			"-refresh=false.",
	}.asError()
}

// notReactivated says that hold_previous does not bring the previous key back.
func notReactivated(user string, o rotation.Obstacle, seen rotation.Observation) diag.Diagnostic {
	return problem{
		at: path.Root("hold_previous"), summary: fmt.Sprintf("Previous key %s is not reactivated: %s", o.Key, obstacleFact(o, seen)),
		next: obstacleRemedy(o, user, ""),
	}.asWarning()
}

// dueAtOnce says that a changed rotate_after makes a rotation due at once, and that the next plan shows it.
func dueAtOnce(rotateAfter, id string, since time.Time) diag.Diagnostic {
	return problem{
		at:      path.Root("rotate_after"),
		summary: fmt.Sprintf("rotate_after %s makes key %s due since %s: the next plan rotates it", rotateAfter, id, formatDate(since)),
		truth:   "An apply that changes the configuration takes no step that only time calls for.",
	}.asWarning()
}

// plainTextRemains says where the plain text of secrets stays that are encrypted from now on.
func plainTextRemains(ids []string) diag.Diagnostic {
	return problem{
		at: path.Root("encrypted_output"),
		summary: fmt.Sprintf("Secret of key %s is encrypted from now on, but older state versions and this saved plan hold it in plain text",
			strings.Join(ids, " and ")),
		truth: "The apply takes the plain text out of the state, without a rotation. Versions and backups of the state that are older, and a " +
			"file that this plan is saved to, still have it:",
		next: "delete them, or rotate afterwards with rotate_when_changed so that they are worth nothing.",
	}.asWarning()
}

// renamePlanned says that a user name which nobody has is taken for a renaming.
func renamePlanned(from, to string) diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: fmt.Sprintf("User %q does not exist yet: planned as a renaming of %q", to, from),
		truth: fmt.Sprintf("If this apply renames user %q, its keys follow. If it creates another user, this resource fails before it changes "+
			"anything, and the next plan replaces it.", from),
	}.asWarning()
}

// signerUnknown says that it is not known which key signs our own requests.
func signerUnknown(err error) diag.Diagnostic {
	return problem{summary: "Credentials of the provider can't be read", cause: awsErrorDetail(err), truth: nothingChanged}.asError()
}

// signerNotDestroyed refuses a destroy that would delete the key that signs our own requests.
func signerNotDestroyed(id string) diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: fmt.Sprintf("Key %s signs the requests of this provider, so it is not destroyed", id),
		truth: nothingChanged,
		next: "Configure the provider with other credentials and destroy again, or set skip_destroy = true and apply first, to leave the " +
			"keys in IAM.",
	}.asError()
}

// neverRotated refuses a configuration that never rotates.
func neverRotated() diag.Diagnostic {
	return problem{
		at: path.Root("rotate_after"), summary: "Nothing would ever rotate this key: rotate_after and rotate_when_changed are both unset",
		next: "Set rotate_after, such as \"90d\", to rotate by age, or rotate_when_changed to rotate when a value changes, or both.",
	}.asError()
}

// rotateAfterTooShort refuses a rotate_after that previous can't leave within. Spelled is the configured text.
func rotateAfterTooShort(spelled string, policy rotation.Policy) diag.Diagnostic {
	least := duration.Format(policy.MinimumRotateAfter())
	return problem{
		at: path.Root("rotate_after"), summary: fmt.Sprintf("rotate_after %q is too short: it must be more than %s", spelled, least),
		truth: fmt.Sprintf("The previous key must be gone before the next rotation, and it stays for the larger of overlap (%s) and "+
			"require_unused_for (%s), plus grace (%s).", duration.Format(policy.Overlap), duration.Format(policy.RequireUnusedFor),
			duration.Format(policy.Grace)),
		next: fmt.Sprintf("Set rotate_after to more than %s, or shorten overlap, require_unused_for or grace.", least),
	}.asError()
}

const importForms = "user, user/AKIA-CURRENT or user/AKIA-CURRENT/AKIA-PREVIOUS"

// badImportID refuses an import id of another form.
func badImportID(id string) diag.Diagnostic {
	return problem{
		summary: fmt.Sprintf("Import id %q is not of the form user, user/AKIA1 or user/AKIA1/AKIA2", id),
		next:    "The import id is " + importForms + ": a user name, then the id of the current key, then that of the previous one.",
	}.asError()
}

// importFailure says why an import id does not name keys of the user.
func importFailure(user string, err error) diag.Diagnostic {
	e, ok := errors.AsType[*rotator.ImportError](err)
	if !ok {
		return locateFailure(user, err)
	}
	p := problem{
		truth: "Nothing was imported. User " + user + " has: " + describeKeysBriefly(e.Seen.Keys) + ".",
		next: "The import id is " + importForms + "; a key that it does not name stays unmanaged. For example:" +
			commands(importCommand(user, e.Seen)),
	}
	switch e.Problem {
	case rotator.ImportNoKey:
		p.summary = fmt.Sprintf("User %q has no access key to import", user)
	case rotator.ImportAmbiguous:
		p.summary = fmt.Sprintf("User %q has %d access keys: name the current one", user, len(e.Seen.Keys))
	case rotator.ImportUnknownKey:
		p.summary = fmt.Sprintf("User %q has no access key %s", user, e.Key)
	case rotator.ImportSameKey:
		p.summary = fmt.Sprintf("Key %s can't be both current and previous", e.Key)
	}
	return p.asError()
}
