package provider

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// planCreate plans what a create will do.
func (r *rotatingAccessKeyResource) planCreate(ctx context.Context, plan *rotatingAccessKeyModel) diag.Diagnostics {
	plan.unknownKeys()
	plan.ID = plan.User
	plan.Status = types.StringValue(string(rotation.Active))
	plan.ManagedSince = types.StringUnknown()
	for _, s := range []*types.String{&plan.InactiveSince, &plan.RotationRequested, &plan.RotationBlocked, &plan.RetirementBlocked} {
		*s = types.StringNull()
	}
	if plan.MaxAge.IsNull() {
		plan.CompliantUntil = types.StringNull()
		if plan.RotateAfter.IsNull() {
			plan.RotateAt = types.StringNull()
		}
	}
	if !plan.UnmanagedKeys.IsUnknown() && plan.UnmanagedKeys.ValueString() != string(rotation.RetireUnmanaged) {
		plan.PreviousAccessKeyID, plan.Previous = types.StringNull(), types.ObjectNull(previousType)
	}
	switch {
	case plan.EncryptedOutput.IsNull():
		plan.EncryptedSecret = types.StringNull()
	case !plan.EncryptedOutput.IsUnknown():
		plan.SecretAccessKey = types.StringNull()
	}
	want := r.desired(ctx, plan)
	var diags diag.Diagnostics
	// The look comes first: its answer has AWS's time, by which recipients are judged.
	if !plan.User.IsUnknown() && plan.policyKnown(ctx) {
		diags.Append(r.previewCreate(ctx, plan, want.policy)...)
	}
	diags.Append(want.problems...)
	diags.Append(want.encryption.checkAtPlan(ctx, r.client.Rotator.Now())...)
	return diags
}

// previewCreate warns about keys in the way of a create, and about those that it deletes if it is the second half of a replacement.
func (r *rotatingAccessKeyResource) previewCreate(
	ctx context.Context, plan *rotatingAccessKeyModel, policy rotation.Policy,
) diag.Diagnostics {
	var diags diag.Diagnostics
	user := plan.User.ValueString()
	preview, err := r.client.Rotator.PreviewCreate(ctx, user, policy)
	if n := len(preview.Kept); n >= rotation.KeysPerUser || n > 0 && preview.Decision.Refused != nil {
		diags.Append(replacementKeepsKeys(user, preview.Kept))
		return diags
	}
	if preview.Other != "" {
		diags.Append(sharedUser(user, preview.Other, rotator.Creating))
	}
	diags.Append(replaceableWarnings(user, preview, plan.SkipDestroy.ValueBool())...)
	if taken, ok := errors.AsType[*rotator.TakenError](err); ok {
		diags.Append(applyTexts{user: user}.keyTaken(taken).asError())
		return diags
	}
	if failure, ok := errors.AsType[*rotator.ReadError](err); ok {
		// A plan role that may not look can still plan.
		diags.Append(previewFailure(failure))
		return diags
	}
	if preview.Unknown != nil {
		diags.Append(lastUseUnknown(user, *preview.Unknown))
	}
	diags.Append(planTexts{user: user, policy: policy, seen: preview.Seen}.due(preview.Decision.Steps)...)
	diags.Append(mayTakeWarnings(user, policy.UnmanagedKeys, preview)...)
	switch {
	case preview.Decision.Refused != nil:
		diags.Append(createRefused(user, preview.Seen).asWarning())
	case !preview.Managed && policy.UnmanagedKeys == rotation.RefuseUnmanaged:
		diags.Append(foundKeys(user, policy, preview.Seen, r.client.Rotator.Now())...)
	}
	return diags
}
