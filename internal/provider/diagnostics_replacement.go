package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// destroyInUse warns that a destroy deletes a key which was used a short time ago.
func destroyInUse(user string, k rotation.Key) diag.Diagnostic {
	return inUse(user, k, "It is deleted, and its consumers fail from then on.",
		"If they still need it, set skip_destroy = true and apply first, which leaves the keys in IAM.")
}

// replacedInUse warns that a replacement by the key of user to deletes a key which was used a short time ago.
func replacedInUse(user, to string, k rotation.Key) diag.Diagnostic {
	return inUse(user, k, fmt.Sprintf("The resource is replaced, since user is %q now. The key is deleted, and consumers that still have it "+
		"fail from then on.", to),
		fmt.Sprintf("If they still need it, set user = %q and skip_destroy = true and apply first, which leaves the keys in IAM.", user))
}

func inUse(user string, k rotation.Key, truth, next string) diag.Diagnostic {
	return problem{
		at: path.Root("access_key_id"), summary: "Access key in use is destroyed",
		truth: fmt.Sprintf("Key %s of user %q was last used %s. %s", k.ID, user, describeUse(*k.LastUse), truth), next: next,
	}.asWarning()
}

// skipDestroyTooLate says that a replacement deletes keys though its plan sets skip_destroy. Replaces reports whether the plan surely
// replaces the resource with these keys.
func skipDestroyTooLate(user string, keys []string, replaces bool) diag.Diagnostic {
	what := "If this plan replaces or destroys the resource that manages them, it deletes"
	if replaces {
		what = "This plan replaces the resource, which deletes"
	}
	return problem{
		at: path.Root("skip_destroy"), summary: "skip_destroy keeps no key in the plan that sets it",
		truth: fmt.Sprintf("%s %s of user %q all the same: skip_destroy counts from the apply on that records it.", what,
			describeIDs(keys), user),
		next: "To keep the keys, apply skip_destroy = true first, without the replacement.",
	}.asWarning()
}

// replaceableWarnings say what becomes of the keys of a resource that was read for the same plan, should the create replace it. Whether it
// does, nothing shows here.
func replaceableWarnings(user string, preview rotator.Preview, skipDestroy bool) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, k := range preview.InUse {
		diags.Append(problem{
			at: path.Root("access_key_id"), summary: "Access key in use is deleted if its resource is replaced",
			truth: fmt.Sprintf("Key %s of user %q was last used %s. If this plan replaces or destroys the resource that manages it, the key "+
				"is deleted, and consumers that still have it fail from then on.", k.ID, user, describeUse(*k.LastUse)),
			next: "If they still need it, do not replace: take back a taint with terraform untaint, and change rotate_when_changed for a new key.",
		}.asWarning())
	}
	if skipDestroy && len(preview.Replaceable) > 0 {
		diags.Append(skipDestroyTooLate(user, preview.Replaceable, false))
	}
	return diags
}

// mayTakeWarnings name the keys of other resources that the apply of a create takes where it does not know of them.
func mayTakeWarnings(user string, mode rotation.UnmanagedKeys, preview rotator.Preview) diag.Diagnostics {
	takes := map[rotation.UnmanagedKeys]string{
		rotation.RetireUnmanaged: "adopts it", rotation.DeleteUnused: "deletes it to make room, if it was never used",
	}[mode]
	var diags diag.Diagnostics
	for _, id := range preview.MayTake {
		diags.Append(problem{
			at: path.Root("unmanaged_keys"), summary: "Access key of another resource may be taken",
			truth: fmt.Sprintf("Another resource manages key %s of user %q. An apply knows only the resources that it changes: if that one has "+
				"no change in it, unmanaged_keys = %q %s. That is no conflict if this plan replaces that resource.",
				id, user, mode, takes),
			next: "If this is another resource, keep one of the two, or set unmanaged_keys = \"refuse\".",
		}.asWarning())
	}
	return diags
}

// keyAdopted says that a resource has adopted the current key of another one.
func keyAdopted(user string, e *rotator.TakenError) diag.Diagnostic {
	return problem{
		at: path.Root("user"), summary: fmt.Sprintf("Key %s of user %q is managed by two resources: it is current in one of them, and the one "+
			"with current key %s has adopted it as previous", e.Key, user, e.By),
		truth: fmt.Sprintf("An apply that did not change the resource with current key %s did not know of it. %s No plan with both of them "+
			"deactivates or deletes the key.", e.Owner, nothingChanged),
		next: fmt.Sprintf("A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources. To keep the one "+
			"with current key %s, remove the other from the configuration: its destroy deletes key %s and leaves the adopted key %s. To keep "+
			"the key %s, too, remove it with a removed block, or with terraform state rm and from the configuration.",
			e.Owner, e.By, e.Key, e.By),
	}.asError()
}

func describeIDs(ids []string) string {
	if len(ids) == 1 {
		return "key " + ids[0]
	}
	return "keys " + strings.Join(ids, " and ")
}
