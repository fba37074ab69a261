package provider

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// orphanWarnings name the keys that an interrupted apply has probably left: made after the current key, managed by nobody
// here, and never used, not even for a proof, as another resource that is about to replace this one would. One that blocks
// a rotation has had its warning, and delete_unused needs none.
func orphanWarnings(user string, policy rotation.Policy, record rotation.Record, decision rotation.Decision, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	if policy.UnmanagedKeys == rotation.DeleteUnused {
		return diags
	}
	for _, k := range seen.Keys {
		blocks := decision.Blocked != nil && decision.Blocked.Key == k.ID
		leaves := slices.ContainsFunc(decision.Steps, func(s rotation.Step) bool { return s.Key == k.ID })
		if blocks || leaves || k.ID == seen.Signer || !isOrphan(record, k) || !k.LastUse.At.IsZero() {
			continue
		}
		diags.AddAttributeWarning(path.Root("unmanaged_keys"), orphanSummary(user, k), orphanRemedy(user, k.ID))
	}
	return diags
}

// leftoverWarnings name the keys that nobody has used and that a create finds: an interrupted create may have left them. One may
// also be the key of an object that is being replaced: in the apply of a replacement nothing tells which.
func leftoverWarnings(user string, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, k := range seen.Keys {
		if k.NeverUsed() && k.ID != seen.Signer {
			diags.AddAttributeWarning(path.Root("unmanaged_keys"),
				fmt.Sprintf("User %q already has key %s, which an interrupted create may have left", user, describeKey(k)),
				"While this resource is being replaced, it is the key of the old object, which deletes it. "+orphanRemedy(user, k.ID))
		}
	}
	return diags
}

// deletionWarnings name the unmanaged keys that steps delete: nothing else in a plan does.
func deletionWarnings(user string, steps []rotation.Step, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, step := range steps {
		if k := seen.Find(step.Key); step.Kind == rotation.DeleteUnmanaged && k != nil {
			diags.AddAttributeWarning(path.Root("unmanaged_keys"), fmt.Sprintf("Unmanaged key %s of user %q is deleted to make room for a new one", describeKey(*k), user),
				"unmanaged_keys = \"delete_unused\" allows that, since nobody has used the key. If somebody is about to, set unmanaged_keys = \"refuse\".")
		}
	}
	return diags
}

// blockedDetail is what can be done about a rotation that waits, and whether an orphan is in its way.
func blockedDetail(user string, w rotation.Obstacle, record rotation.Record, seen rotation.Observation) string {
	if k := seen.Find(w.Key); w.Cause == rotation.CauseUnmanaged && k != nil && isOrphan(record, *k) {
		return orphanSummary(user, *k) + ". " + waitRemedy(w, user)
	}
	return waitRemedy(w, user)
}

// isOrphan reports whether an interrupted apply has probably left the key.
func isOrphan(record rotation.Record, k rotation.Key) bool {
	return !record.Manages(k.ID) && k.NeverUsed() && k.CreatedAt.After(record.Current.CreatedAt)
}

func orphanSummary(user string, k rotation.Key) string {
	use := "never used"
	if !k.LastUse.At.IsZero() {
		use = "used by nothing but its proof"
	}
	return fmt.Sprintf("Key %s of user %q was probably left by an interrupted apply at %s, %s", k.ID, user, date(k.CreatedAt), use)
}

func orphanRemedy(user, id string) string {
	return fmt.Sprintf("It is not in this resource, so nobody has its secret from here. Set unmanaged_keys = \"delete_unused\", and the rotation that needs its slot "+
		"deletes it. Or, if neither another resource nor somebody else made it, delete it now:\n  %s", deleteCommand(user, id))
}
