package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// deleted is the warning about the deletion of a managed key. K is the key as it is when the deletion comes.
func (t planTexts) deleted(c change, k rotation.Key) (p problem, ok bool) {
	revoked := ""
	if p := c.record.Previous; p != nil && p.ID == k.ID && p.Revoked {
		revoked = " It was revoked."
	}
	described := func(k rotation.Key) string { return fmt.Sprintf("Key %s of user %q ", describeKey(k), t.user) }
	switch now := t.seen.Find(k.ID); {
	case k.Status == rotation.Active:
		p = problem{
			summary: "Active access key is deleted to make room for a new one",
			truth:   described(k) + "is deleted without having been Inactive, since a rotation needs its slot.",
		}
		if !c.revokes {
			p.next = "If a consumer still needs it, set hold_previous = true."
		}
	case !strings.HasSuffix(c.deletion(), "to make room"):
		return problem{}, false
	case now != nil && now.Status == rotation.Active:
		p = problem{
			summary: "Access key is deactivated and deleted to make room for a new one",
			truth:   described(*now) + "is deactivated and then deleted, since a rotation needs its slot." + revoked,
		}
	case revoked != "":
		p = problem{
			summary: "Inactive access key is deleted to make room for a new one", truth: described(k) + "is deleted." + revoked,
		}
	default:
		p = problem{
			summary: "Inactive access key is deleted to make room for a new one",
			truth:   described(k) + "is deleted, so that a rollback to it is no longer possible.",
		}
	}
	return p, true
}

// unmanagedDeleted is about an unmanaged key that is deleted, or may be.
func unmanagedDeleted(what string) problem {
	return problem{
		at: path.Root("unmanaged_keys"), summary: "Unmanaged access key is deleted to make room for a new one",
		truth: what + "unmanaged_keys = \"delete_unused\" allows that, since nobody has used the key.",
		next:  "If it is about to be used, set unmanaged_keys = \"refuse\".",
	}
}

// mayDeleteWarnings name the unmanaged keys that an apply may delete whose trigger is not known yet.
func mayDeleteWarnings(mode types.String, user string, record rotation.Record, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, k := range seen.Keys {
		if mode.ValueString() == string(rotation.DeleteUnused) && !record.Manages(k.ID) && k.NeverUsed() && !k.Other {
			diags.Append(unmanagedDeleted("A value that may ask for a rotation is not known yet. Should it, key " + describeKey(k) +
				fmt.Sprintf(" of user %q is deleted to make room for a new key. ", user)).asWarning())
		}
	}
	return diags
}
