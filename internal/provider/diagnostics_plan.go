package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// stalePlan says which planned step is no longer right, and why.
func stalePlan(user string, mode rotation.UnmanagedKeys, e *rotator.StaleError) problem {
	what := map[rotation.Kind]string{
		rotation.Adopt: "adopt key", rotation.RecordDeactivated: "record the deactivation of key",
		rotation.RecordReactivated: "record the reactivation of key", rotation.RecordDeleted: "record the deletion of key",
		rotation.RecordCurrentInactive: "record the deactivation of key", rotation.RecordCurrentActive: "record the reactivation of key",
		rotation.RecordRenamed: "record the new user name of key", rotation.RecordRequest: "record the request to rotate key",
		rotation.Reactivate: "reactivate key",
		rotation.Deactivate: "deactivate key", rotation.DeletePrevious: "delete key", rotation.DeleteCurrent: "delete key",
		rotation.DeleteUnmanaged: "delete key", rotation.Rotate: "rotate key",
	}[e.Step.Kind]
	why := "the keys in IAM have changed since the plan"
	if e.Obstacle.Cause != "" {
		why = obstacleFact(e.Obstacle)
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

// plainTextRemains says where the plain text of secrets stays that are encrypted from now on.
func plainTextRemains(ids []string) diag.Diagnostic {
	return problem{
		at: path.Root("encrypted_output"), summary: "Older state versions and this saved plan hold a secret in plain text",
		truth: "The secret of key " + strings.Join(ids, " and ") + " is encrypted from now on. The apply takes the plain text out " +
			"of the state, without a rotation. Versions and backups of the state that are older, and a " +
			"file that this plan is saved to, still have it:",
		next: "delete them, or rotate afterwards with rotate_when_changed so that they are worth nothing.",
	}.asWarning()
}

// userUnread says that it is not known whether another user name is the same user renamed.
func userUnread(from, to string, err error) diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: "User can't be read, so it is planned as a renaming", cause: awsErrorDetail(errors.Unwrap(err)),
		truth: fmt.Sprintf("If user %q is user %q renamed, its keys follow. If it is another user, the apply fails before it changes "+
			"anything.", to, from),
	}.asWarning()
}

// renamePlanned says that a user name which nobody has is taken for a renaming.
func renamePlanned(from, to string) diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: "Unknown user name is planned as a renaming",
		truth: fmt.Sprintf("User %q does not exist yet. If this apply renames user %q, its keys follow. If it creates another "+
			"user, this resource fails before it changes "+
			"anything, and the next plan replaces it.", to, from),
	}.asWarning()
}

// userRenamed says that the configuration has the old name of a renamed user.
func userRenamed(from, to string) diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: "IAM user was renamed",
		truth: fmt.Sprintf("User %q is called %q now, as its unique id shows. Its keys are looked up under the new name.", from, to),
		next:  fmt.Sprintf("Set user = %q.", to),
	}.asWarning()
}

// signerUnknown says that it is not known which key signs our own requests.
func signerUnknown(err error) diag.Diagnostic {
	return problem{summary: "Credentials of the provider can't be read", cause: awsErrorDetail(err), truth: nothingChanged}.asError()
}

// signerNotDestroyed refuses a destroy that would delete the key that signs our own requests.
func signerNotDestroyed(id string) diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: fmt.Sprintf("Credentials of this provider depend on key %s, so it is not destroyed", id),
		truth: nothingChanged,
		next: "Configure the provider with other credentials and destroy again, or set skip_destroy = true and apply first, to leave the " +
			"keys in IAM.",
	}.asError()
}

// neverRotated warns about a configuration that never rotates.
func neverRotated() diag.Diagnostic {
	return problem{
		at: path.Root("max_age"), summary: "Nothing ever rotates this access key",
		truth: "max_age, rotate_after and rotate_when_changed are all unset.",
		next: "Set max_age = \"90d\" so that no key is Active beyond that age, rotate_after to rotate at an age, or rotate_when_changed to " +
			"rotate when a value changes.",
	}.asWarning()
}

// intervalTooShort refuses an interval that previous can't leave within. Spelled has the configured texts.
func intervalTooShort(spelled, spread string, policy rotation.Policy) diag.Diagnostic {
	least := policy.MinimumInterval()
	p := problem{
		truth: fmt.Sprintf("The previous key must be gone before the next rotation, and it stays for the larger of overlap (%s) and "+
			"require_unused_for (%s), plus grace (%s).", duration.Format(policy.Overlap), duration.Format(policy.RequireUnusedFor),
			duration.Format(policy.Grace)),
	}
	more, shorten := duration.Format(least+policy.RotationSpread), "overlap, require_unused_for or grace"
	if s := policy.RotationSpread; s > 0 && policy.Interval() <= least {
		p.truth += fmt.Sprintf(" With rotation_spread (%s) the key is rotated up to that much earlier.", duration.Format(s))
		shorten = "rotation_spread, " + shorten
	}
	switch {
	case policy.Interval() > least:
		p.at = path.Root("rotation_spread")
		p.summary = fmt.Sprintf("rotation_spread %q is too long: it must be less than %s", spread, duration.Format(policy.Interval()-least))
		longer := "rotate_after"
		if policy.RotateAfter <= 0 {
			longer = "max_age"
		}
		p.next = fmt.Sprintf("Set rotation_spread to less than %s, or shorten %s, or set a longer %s.",
			duration.Format(policy.Interval()-least), shorten, longer)
	case policy.RotateAfter > 0:
		p.at = path.Root("rotate_after")
		p.summary = fmt.Sprintf("rotate_after %q is too short: it must be more than %s", spelled, more)
		p.next = fmt.Sprintf("Set rotate_after to more than %s, or shorten %s.", more, shorten)
	default:
		more = duration.Format(least + policy.RotationSpread + policy.MaxAge - policy.Interval())
		p.at = path.Root("max_age")
		p.summary = fmt.Sprintf("max_age %q is too short: it must be more than %s", spelled, more)
		p.truth += fmt.Sprintf(" With max_age the key is rotated overlap, require_unused_for and three times apply_every (%s) before that age.",
			duration.Format(policy.ApplyEvery))
		p.next = fmt.Sprintf("Set max_age to more than %s, or shorten apply_every, %s.", more, shorten)
	}
	return p.asError()
}

// maxAgeTooShort refuses a max_age that a key outlives which is rotated at rotate_after.
func maxAgeTooShort(spelled string, policy rotation.Policy) diag.Diagnostic {
	least := duration.Format(policy.MinimumMaxAge())
	return problem{
		at: path.Root("max_age"), summary: fmt.Sprintf("max_age %q is too short for rotate_after: it must be at least %s", spelled, least),
		truth: fmt.Sprintf("A key may stay Active for rotate_after (%s), overlap (%s), require_unused_for (%s) and three times apply_every (%s).",
			duration.Format(policy.RotateAfter), duration.Format(policy.Overlap), duration.Format(policy.RequireUnusedFor),
			duration.Format(policy.ApplyEvery)),
		next: fmt.Sprintf("Set max_age to %s or more, or remove rotate_after, so that it is counted backwards from max_age.", least),
	}.asError()
}

const importForms = "user, user/CURRENT or user/CURRENT/PREVIOUS"

// badImportID refuses an import id of another form, or with the id of temporary credentials.
func badImportID(id string) diag.Diagnostic {
	p := problem{
		summary: fmt.Sprintf("Import id %q is not of the form %s", id, importForms),
		next: "The import id is a user name, then the id of the current key, then that of the previous one. A key id has 16 to 128 upper " +
			"case letters and digits, such as AKIAIOSFODNN7EXAMPLE.",
	}
	if i := slices.IndexFunc(strings.Split(id, "/"), keyid.IsTemporary); i > 0 {
		p.summary = fmt.Sprintf("Import id %q names temporary credentials", id)
		p.truth = "No user owns them: they are those of a session, and expire by themselves."
		p.next = "Name a long-term access key of the user; aws iam list-access-keys shows its id."
	}
	return p.asError()
}

// importFailure says why an import id does not name keys of the user.
func importFailure(user string, err error) diag.Diagnostic {
	e, ok := errors.AsType[*rotator.ImportError](err)
	if !ok {
		return locateFailure(user, err)
	}
	p := problem{
		truth: "Nothing was imported. User " + user + " has: " + describeKeys(e.Seen.Keys) + ".",
		next: "The import id is " + importForms + "; a key that it does not name stays unmanaged. For example:" +
			commands(importCommand(user, e.Seen)),
	}
	switch e.Problem {
	case rotator.ImportNoKey:
		p.summary = fmt.Sprintf("User %q has no access key to import", user)
	case rotator.ImportAmbiguous:
		p.summary = fmt.Sprintf("User %q has %d access keys: name the current one", user, len(e.Seen.Keys))
		p.next = "The import id is " + importForms + "; a key that it does not name stays unmanaged. For example, with the key that was used " +
			"last as current, or with the newest where nobody has used one:" + commands(importCommand(user, e.Seen))
	case rotator.ImportUnknownKey:
		p.summary = fmt.Sprintf("User %q has no access key %s", user, e.Key)
	case rotator.ImportSameKey:
		p.summary = fmt.Sprintf("Key %s can't be both current and previous", e.Key)
	}
	return p.asError()
}

// requestRefused says that a revoke was asked for and is not possible.
func (t planTexts) requestRefused(o rotation.Obstacle) diag.Diagnostic {
	leaked := []string{t.record.Current.ID}
	if p := t.record.Previous; p != nil && p.DeactivatedAt.IsZero() {
		// A revoke is about every older key.
		leaked = append(leaked, p.ID)
	}
	return problem{
		at:      requestPath(t.policy, t.record),
		summary: fmt.Sprintf("Rotation of user %q was asked for and is not possible: %s", t.user, obstacleFact(o)),
		cause:   blockedRemedy(t.user, t.policy.UnmanagedKeys, o, t.record, t.seen),
		truth:   "Nothing was changed, and the request is not recorded as done.",
		next: "To cut off the leaked key at once, without a new one, run what is about it:" + t.statusCommands(rotation.Inactive, leaked...) +
			"\nTo go on without it, take the changed value back. To destroy the resource all the same, run terraform destroy -refresh=false.",
	}.asError()
}

// statusCommands give keys a status. While the user is unknown they name who has the current key if AWS told it, and find that out
// otherwise.
func (t planTexts) statusCommands(status rotation.Status, ids ...string) string {
	user, ask := t.user, t.seen.UserUnknown && t.owner == ""
	var lines []string
	switch {
	case ask:
		user, lines = "NAME", append(lines, ownerCommand(ids[0]))
	case t.seen.UserUnknown:
		user = t.owner
	}
	for _, id := range ids {
		lines = append(lines, statusCommand(user, id, status))
	}
	if ask {
		return commands(lines...) + "\nThe first one shows NAME."
	}
	return commands(lines...)
}
