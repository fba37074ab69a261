package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// deactivateFirst introduces the command for a key that may be in use after all: unlike a deletion, it can be taken back.
const deactivateFirst = "deactivate it, and delete it once nothing fails without it:"

// createRefused names the keys in the way of a create, and how to go on. Those that another resource of this process manages are
// told from the others, and no command for them is shown.
func createRefused(user string, seen rotation.Observation) problem {
	var managed, lines []string
	for _, k := range seen.Keys {
		switch {
		case k.Other:
			managed = append(managed, k.ID)
		case k.Status == rotation.Inactive:
			lines = append(lines, deleteCommand(user, k.ID))
		default:
			lines = append(lines, statusCommand(user, k.ID, rotation.Inactive))
		}
	}
	p := problem{
		at: path.Root("user"),
		summary: fmt.Sprintf("User %q already has %d access keys, and no slot is free: %s",
			user, len(seen.Keys), describeKeys(seen.Keys)),
		truth: "As long as both exist, no key is created.",
	}
	if len(managed) > 0 {
		p.truth += fmt.Sprintf(" Another resource manages %s, or the object does that this plan replaces. If this plan destroys it, the new "+
			"key is created once that is done, and consumers have no key in between; with create_before_destroy the apply fails instead.",
			strings.Join(managed, " and "))
		p.next = "To keep consumers running, do not replace: change rotate_when_changed, take back a taint with terraform untaint, or add " +
			"a moved block for an address that has changed. If two resources have this user, keep one of them."
	} else {
		p.next = "If this apply replaces or destroys a resource with these keys, leave them alone: a replacement with create_before_destroy " +
			"needs the slot of the previous key, and rotate_when_changed rotates without replacing; for an address that has changed, apply " +
			"again, or add a moved block.\n\nIf nothing manages them, import the keys of this user:" + commands(importCommand(user, seen)) +
			"\nor set unmanaged_keys = \"delete_unused\" if one of them was never used."
	}
	if len(lines) > 0 {
		p.next += "\n\nIf nobody needs a key, " + deactivateFirst + commands(lines...)
	}
	return p
}

// replacementKeepsKeys refuses a create for which skip_destroy leaves no slot.
func replacementKeepsKeys(user string, kept []string) diag.Diagnostic {
	return problem{
		at: path.Root("skip_destroy"),
		summary: fmt.Sprintf("Replacement of user %q is not possible: skip_destroy keeps %s, and no slot is free for a new key",
			user, strings.Join(kept, " and ")),
		truth: nothingChanged + " The apply would take these keys out of the state, and then fail to create another.",
		next: "To replace the key without replacing the resource, change rotate_when_changed. To go on, take back what replaces it: leave " +
			"out -replace, or run terraform untaint. Or set skip_destroy = false and apply, so that the replacement deletes the keys. To take " +
			"the resource out of the state and leave the keys in IAM, run terraform destroy -refresh=false.",
	}.asError()
}

// createFailure says why no key was created, and what is true of the others.
func (t applyTexts) createFailure(e *rotator.CreateError) problem {
	p := problem{summary: fmt.Sprintf("No new key for user %q", t.user), cause: awsErrorDetail(e.Err)}
	nothing := sentences(nothingCreated, t.roomMade())
	switch {
	case e.Lost != nil:
		p.truth = t.lost(*e.Lost)
	case e.Intruder != "":
		k := rotation.Observation{Keys: e.Keys}.Find(e.Intruder)
		if k != nil && k.Other {
			p.truth = fmt.Sprintf("%s The user has: %s. Another resource of this configuration created key %s.",
				nothing, describeKeys(e.Keys), e.Intruder)
			p.next = "A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources."
			break
		}
		p.truth = fmt.Sprintf("%s The user has: %s. Key %s was created meanwhile, by somebody else or another resource; it was not touched.",
			nothing, describeKeys(e.Keys), e.Intruder)
		p.next = "Plan again, and read the new plan. If neither another resource nor somebody else needs that key, delete it:" +
			commands(deleteCommand(t.user, e.Intruder))
	case len(e.Kept) > 0:
		p.truth = fmt.Sprintf("%s %d keys exist; none was deleted: %s.", nothingCreated, len(e.Keys), describeKeys(e.Keys))
		p.next = "Apply again once a key can be created."
	case len(e.Keys) > 0:
		p.truth = fmt.Sprintf("%s The user has: %s.", nothing, describeKeys(e.Keys))
	case e.Full || len(t.madeRoom) > 0:
		p.truth = nothing
	default:
		p.truth, p.next = "No key was created, and none was changed.", "Apply again."
	}
	if len(t.madeRoom) > 0 && p.next == "" && e.Lost == nil {
		p.next = "Apply again once a key can be created."
	}
	return p
}

// roomMade says which keys were deleted to make room for a key that does not exist; empty where none was.
func (t applyTexts) roomMade() string {
	switch len(t.madeRoom) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("Key %s was deleted before, to make room.", t.madeRoom[0])
	default:
		return fmt.Sprintf("Keys %s were deleted before, to make room.", strings.Join(t.madeRoom, " and "))
	}
}

// sentences joins those that are not empty.
func sentences(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), " ")
}

// untouched says which keys a failed creation has left alone. The object that a Create replaces may be gone with its keys.
func (t applyTexts) untouched() string {
	if len(t.madeRoom) > 0 {
		return t.roomMade() + " No other key was touched."
	}
	if t.creates {
		return "The failed creation changed no other key."
	}
	return "The current key was not touched."
}

// lost says what is true after a creation whose answer was lost.
func (t applyTexts) lost(l rotator.LostAnswer) string {
	untouched := t.untouched()
	switch {
	case l.Deleted:
		return "The answer to the creation was lost. " + t.deletedAgain("The key that it had created") + " Apply again."
	case l.Unlisted:
		return "A key may have been created all the same, and nobody has its secret. " + untouched + " Look with:" + commands(listCommand(t.user))
	}
	var truth []string
	if len(l.Unused) > 0 {
		lines := make([]string, 0, 2*len(l.Unused))
		for _, k := range l.Unused {
			lines = append(lines, describeKey(k), deleteCommand(t.user, k.ID))
		}
		truth = append(truth, "The answer was lost, and this appeared meanwhile; nobody has the secret of a key that this apply created. "+
			"Unless somebody else created it, delete it with:"+commands(lines...)+"\nor set unmanaged_keys = \"delete_unused\" and apply again.")
	}
	for _, id := range l.Used {
		truth = append(truth, fmt.Sprintf("Key %s appeared meanwhile and is used already, so somebody else created it; it was not touched.", id))
	}
	if len(truth) == 0 {
		truth = append(truth, "IAM lists no new key. Should one appear later, the next plan names it. Apply again.")
	}
	return strings.Join(append(truth, untouched), "\n")
}

// unproved says that a new key could not be proved.
func (t applyTexts) unproved(e *rotator.UnprovedError) problem {
	p := problem{
		summary: fmt.Sprintf("New key %s of user %q does not work", e.Withdrawal.Key, t.user), cause: awsErrorDetail(e.Err),
		truth: t.withdrawn(e.Withdrawal), next: "Apply again, or set wait_until_usable = false if STS can't be reached from here.",
	}
	switch {
	case e.AnotherUser:
		p.summary = fmt.Sprintf("User %q was deleted and created again meanwhile: new key %s is not kept", t.user, e.Withdrawal.Key)
		p.next = "Plan again, and read the new plan."
	case !e.Signed:
		p.summary, p.next = fmt.Sprintf("User %q can't be read, so its new key %s is not kept", t.user, e.Withdrawal.Key), "Apply again."
	}
	return p
}

// deletedAgain says that a key was deleted again, and what became of the others.
func (t applyTexts) deletedAgain(key string) string {
	if len(t.madeRoom) > 0 {
		return sentences(key+" was deleted again.", t.roomMade(), "No other key was touched.")
	}
	return key + " was deleted again, and no other key was touched."
}

// withdrawn says what became of a new key that was not kept.
func (t applyTexts) withdrawn(w rotator.Withdrawal) string {
	if w.Err == nil {
		return t.deletedAgain("The new key")
	}
	return fmt.Sprintf("The new key could not be deleted again (%s). Delete it with:%s\n%s",
		w.Err, commands(deleteCommand(t.user, w.Key)), t.untouched())
}
