package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ValidateConfig implements resource.ResourceWithValidateConfig.
func (r *rotatingAccessKeyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config rotatingAccessKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(validateEncryptedOutput(&config)...)
	if config.RotateAfter.IsNull() && config.RotateWhenChanged.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("rotate_after"), "Nothing would ever rotate this key: rotate_after and rotate_when_changed are both unset",
			"Set rotate_after, such as \"90d\", to rotate by age, or rotate_when_changed to rotate when a value changes, or both.")
	}
	if config.RotateAfter.IsNull() || config.RotateAfter.IsUnknown() || config.Overlap.IsUnknown() || config.Grace.IsUnknown() || config.RequireUnusedFor.IsUnknown() {
		return
	}
	policy := config.policy()
	for _, d := range []struct {
		value   durationValue
		field   *time.Duration
		initial string
	}{{config.Overlap, &policy.Overlap, defaultOverlap}, {config.Grace, &policy.Grace, defaultGrace}, {config.RequireUnusedFor, &policy.RequireUnusedFor, defaultRequireUnusedFor}} {
		if d.value.IsNull() {
			*d.field = durationValue{StringValue: types.StringValue(d.initial)}.Duration()
		}
	}
	if least := policy.MinimumRotateAfter(); policy.RotateAfter > 0 && policy.RotateAfter <= least {
		resp.Diagnostics.AddAttributeError(path.Root("rotate_after"),
			fmt.Sprintf("rotate_after %q is too short: it must be more than %s", config.RotateAfter.ValueString(), formatDuration(least)),
			fmt.Sprintf("The previous key must be gone before the next rotation, and it stays for the larger of overlap (%s) and require_unused_for "+
				"(%s), plus grace (%s). Set rotate_after to more than %s, or shorten overlap, require_unused_for or grace.",
				formatDuration(policy.Overlap), formatDuration(policy.RequireUnusedFor), formatDuration(policy.Grace), formatDuration(least)))
	}
}
