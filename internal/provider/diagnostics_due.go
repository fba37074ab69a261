package provider

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// notLooked says that a date has passed and that nothing has looked at IAM for this plan. Looks reports whether the apply will.
func notLooked(user string, unseen rotator.Unseen, looks bool) diag.Diagnostic {
	what, key := "a step", unseen.Step.Key
	switch unseen.Step.Kind { //nolint:exhaustive // the other steps are not due by a date
	case rotation.Rotate:
		what = "its rotation"
	case rotation.Deactivate:
		what = "its deactivation"
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		what = "its deletion"
	case "":
		what, key = "a rotation or a deactivation", unseen.Obstacle.Key
	}
	p := problem{
		at: path.Root("rotation_blocked"), summary: "A step is due, and nothing has looked at IAM",
		truth: fmt.Sprintf("Key %s of user %q: %s is due, as far as the state tells. This plan was made without a refresh.", key, user, what),
		next:  "Plan with a refresh.",
	}
	if looks {
		p.next = "An apply of this plan looks at IAM and changes nothing there; the next plan shows what is due."
	}
	return p.asWarning()
}

// planTexts turns what a plan of an existing resource shows into diagnostics.
type planTexts struct {
	user   string
	policy rotation.Policy
	record rotation.Record
	seen   rotation.Observation
	// owner is who has the current key if AWS told it, while the user is unknown.
	owner string
	// stopped are the keys that a revoke stops, with their last uses.
	stopped []rotation.Key
}

// due warns about planned steps that take something from somebody. Those that only follow the plan of a rotation are in last_change.
func (t planTexts) due(steps []rotation.Step) diag.Diagnostics {
	var diags diag.Diagnostics
	record, seen := t.record, t.seen
	for i, step := range steps {
		c := change{policy: t.policy, record: record, seen: seen, step: step, rotates: hasStep(steps[i:], rotation.Rotate)}
		c.revokes = slices.ContainsFunc(steps, func(s rotation.Step) bool { return s.Revoke })
		if p, ok := t.dueStep(c); ok {
			diags.Append(p.asWarning())
		}
		if step.Kind == rotation.Rotate && step.Revoke {
			diags.Append(t.revoked(record)...)
		}
		record, seen = rotation.Project(t.policy, record, seen, steps[i:i+1], plannedOutcome)
	}
	return diags
}

// dueStep is the warning about one step; ok is false where it needs none.
func (t planTexts) dueStep(c change) (p problem, ok bool) {
	k := c.seen.Find(c.step.Key)
	if k == nil {
		return problem{}, false
	}
	described := "Key " + describeKey(*k) + fmt.Sprintf(" of user %q ", t.user)
	switch c.step.Kind { //nolint:exhaustive // the other steps need no warning
	case rotation.Adopt:
		p = problem{
			at: path.Root("unmanaged_keys"), summary: "Unmanaged access key is adopted",
			truth: described + "becomes the previous key: it is deactivated after overlap and require_unused_for, and deleted after grace.",
			next:  "If another resource or tool manages it, set unmanaged_keys = \"refuse\".",
		}
		if c.record.Current.ID == "" {
			p.truth += " If this apply replaces a resource, it is the key of the old object, and is deleted with that."
		}
		return p, true
	case rotation.Deactivate:
		used, known := c.record.HandedOver(c.seen)
		if used || !known || c.record.Previous.Revoked {
			return problem{}, false
		}
		current := fmt.Sprintf("Nothing but the proof that it works has used current key %s.", c.record.Current.ID)
		if k := c.usedCurrent(); k != nil {
			current = fmt.Sprintf("Current key %s was last used %s, before this overlap began at %s.",
				k.ID, describeUse(*k.LastUse), formatDate(c.record.Previous.ReplacedAt))
		}
		return problem{
			at: path.Root("access_key_id"), summary: "Previous access key is deactivated without a handover",
			truth: described + "is deactivated. " + current,
			next:  "If its consumers do not use the current key yet, hand it over first, or set paused = true.",
		}, true
	case rotation.DeleteUnmanaged:
		return unmanagedDeleted(described + "is deleted to make room for a new key. "), true
	case rotation.DeletePrevious, rotation.DeleteCurrent:
		return t.deleted(c, *k)
	}
	return problem{}, false
}

// revoked warns which keys stop working in the apply of a revoke, and who used them last.
func (t planTexts) revoked(record rotation.Record) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, k := range t.stopped {
		// One that was to make room has its warning already.
		if record.Manages(k.ID) {
			diags.Append(problem{
				at: path.Root("revoke_when_changed"), summary: "Access key is revoked",
				truth: fmt.Sprintf("Key %s of user %q stops working in this apply.", describeKey(k), t.user),
				next:  "Its consumers fail until they have the new key.",
			}.asWarning())
		}
	}
	return diags
}

// judgement says what an edited configuration asks for and does not get. Due are the steps of the last Read.
func (t planTexts) judgement(asked rotator.Judgement, due []rotation.Step) diag.Diagnostics {
	if asked.Refused != nil {
		return diag.Diagnostics{t.requestRefused(*asked.Refused)}
	}
	var diags diag.Diagnostics
	for _, o := range asked.Waiting {
		diags.Append(t.notReactivated(o).asWarning())
	}
	if o := asked.Pending; o != nil {
		diags.Append(problem{
			at: requestPath(t.policy, t.record), summary: "Rotation was asked for and has to wait",
			truth: fmt.Sprintf("User %q: %s. The apply records the request in rotation_requested, and a later one rotates.",
				t.user, obstacleDetail(*o, t.seen)),
			next: blockedRemedy(t.user, t.policy.UnmanagedKeys, *o, t.record, t.seen),
		}.asWarning())
	}
	if t.record.Policy == nil {
		diags.Append(t.revokeBaseline()...)
		at := t.record.RotateAt(t.policy)
		if !asked.DueSince.IsZero() {
			at = time.Time{}
		}
		diags.Append(keysInTheWay(t.user, t.policy.UnmanagedKeys, asked.InTheWay, at, "")...)
	}
	left := slices.DeleteFunc(clockDriven(due), func(s rotation.Step) bool {
		return slices.ContainsFunc(asked.Steps, func(a rotation.Step) bool { return a.Key == s.Key && (a.Kind == s.Kind || !a.Records()) })
	})
	switch {
	case len(left) > 0 && !hasStep(asked.Steps, rotation.Rotate):
		diags.Append(t.leftToNextPlan(left))
	case len(left) == 0 && !asked.DueSince.IsZero() && !hasStep(asked.Steps, rotation.Rotate):
		diags.Append(t.dueAtOnce(asked))
	}
	return diags
}

// notReactivated says that hold_previous does not reactivate the previous key.
func (t planTexts) notReactivated(o rotation.Obstacle) problem {
	p := problem{
		at: path.Root("hold_previous"), summary: "Previous access key is not reactivated",
		truth: fmt.Sprintf("User %q: %s.", t.user, obstacleDetail(o, t.seen)),
		next:  "If consumers need it back, reactivate it by hand:" + t.statusCommands(rotation.Active, o.Key),
	}
	if o.Cause != rotation.CauseRevoked {
		return p
	}
	p.summary = "hold_previous does not bring back a revoked access key"
	p.next = "If somebody reactivates it, the next apply deactivates it again. Give its consumers the current key."
	if k := t.seen.Find(o.Key); k != nil && k.Status == rotation.Active {
		p.truth += " It is still Active, and this apply deactivates it."
		p.next = "Give its consumers the current key."
	}
	return p
}

// leftToNextPlan says that a plan which changes the policy takes none of the steps that only time calls for.
func (t planTexts) leftToNextPlan(left []rotation.Step) diag.Diagnostic {
	next := "The next plan takes what the new configuration still calls for."
	if t.policy.Paused {
		next = "While paused is set, no plan takes it."
	}
	return problem{
		summary: "Due step is left to the next plan",
		truth: fmt.Sprintf("User %q: a plan that changes the configuration takes no step that only time calls for, and this is due: %s.",
			t.user, lastChange(t.record.LastPolicy(), t.record, t.seen, left, plannedKeyID)),
		next: next,
	}.asWarning()
}

// dueAtOnce says that a changed interval makes a rotation due at once, and that the next plan shows it.
func (t planTexts) dueAtOnce(asked rotator.Judgement) diag.Diagnostic {
	at := duration.Format(t.policy.Interval())
	if s := t.policy.RotationSpread; s > 0 {
		at += fmt.Sprintf(", or up to %s earlier by rotation_spread", duration.Format(s))
	}
	return problem{
		summary: "Changed configuration makes a rotation due",
		truth: fmt.Sprintf("Key %s of user %q is rotated at %s, so it is due since %s. An apply that changes the configuration takes no step "+
			"that only time calls for.", t.record.Current.ID, t.user, at, formatDate(asked.DueSince)),
		next: "The next plan rotates it.",
	}.asWarning()
}

// revokeBaseline says that a revoke_when_changed revokes nothing at the first apply after an import.
func (t planTexts) revokeBaseline() diag.Diagnostics {
	k := t.seen.Find(t.record.Current.ID)
	if len(t.policy.RevokeWhenChanged) == 0 || k == nil || k.Status != rotation.Active {
		return nil
	}
	return diag.Diagnostics{problem{
		at: path.Root("revoke_when_changed"), summary: "revoke_when_changed revokes nothing at the first apply after an import",
		truth: fmt.Sprintf("Its values are taken as they are, and key %s of user %q stays Active.", describeKey(*k), t.user),
		next: "If that key has leaked, change a value in the next plan, which rotates first; or deactivate it now:" +
			commands(statusCommand(t.user, k.ID, rotation.Inactive)),
	}.asWarning()}
}

// unknown names the managed keys that an apply may stop or delete whose configuration is not known yet. Due are the steps of the last
// Read, and revokes reports whether a revoke may be asked for.
func (t planTexts) unknown(due []rotation.Step, revokes bool) diag.Diagnostics {
	var may []string
	if p := t.record.Previous; p != nil {
		if k := t.seen.Find(p.ID); k != nil {
			may = append(may, "deactivate, reactivate or delete previous key "+describeKey(*k))
		}
	}
	if k := t.seen.Find(t.record.Current.ID); k != nil && k.Status == rotation.Active && revokes {
		may = append(may, "stop current key "+k.ID)
	}
	var truth []string
	if len(may) > 0 {
		truth = append(truth, "depending on it, the apply may "+strings.Join(may, "; or "))
	}
	if steps := clockDriven(due); len(steps) > 0 {
		truth = append(truth, "if it turns out to be what it was, the apply does what is due: "+
			lastChange(t.policy, t.record, t.seen, steps, plannedKeyID))
	}
	if len(truth) == 0 {
		return nil
	}
	return diag.Diagnostics{problem{
		summary: "What happens to the access keys depends on a value that is not known yet",
		truth:   fmt.Sprintf("User %q: %s.", t.user, strings.Join(truth, "; ")),
		next:    "To see it in a plan, first apply what the value comes from, with -target.",
	}.asWarning()}
}
