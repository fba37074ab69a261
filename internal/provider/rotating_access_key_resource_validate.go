package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ValidateConfig refuses what can't be right whatever IAM says, as far as values are known.
func (r *rotatingAccessKeyResource) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var config rotatingAccessKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(validateEncryptedOutput(&config)...)
	if config.RotateAfter.IsNull() && config.RotateWhenChanged.IsNull() {
		resp.Diagnostics.Append(neverRotated())
	}
	if config.RotateAfter.IsNull() {
		return
	}
	for _, d := range []durationValue{config.RotateAfter, config.Overlap, config.Grace, config.RequireUnusedFor} {
		if d.IsUnknown() {
			return
		}
	}
	policy := config.policy("", time.Time{})
	for _, d := range []struct {
		value   durationValue
		field   *time.Duration
		initial string
	}{
		{config.Overlap, &policy.Overlap, defaultOverlap},
		{config.Grace, &policy.Grace, defaultGrace},
		{config.RequireUnusedFor, &policy.RequireUnusedFor, defaultRequireUnusedFor},
	} {
		if d.value.IsNull() {
			*d.field = durationValue{StringValue: types.StringValue(d.initial)}.Duration()
		}
	}
	if policy.RotateAfter > 0 && policy.RotateAfter <= policy.MinimumRotateAfter() {
		resp.Diagnostics.Append(rotateAfterTooShort(config.RotateAfter.ValueString(), policy))
	}
}
