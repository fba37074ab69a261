package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// Read looks at IAM, takes the decision that only the clock calls for, and keeps it with its evidence in private state.
func (r *rotatingAccessKeyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before, diags := model.evidence(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	want := r.desired(&model)
	record, diags := model.record(ctx, want.policy)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	location, diags := r.locate(ctx, &model, record, before)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if location.Outcome == rotator.UserGone {
		// The framework asks for an identity even of a resource that is gone.
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(r.fillAccount(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	user, policy := model.User.ValueString(), recordedPolicy(record)
	seen, err := r.client.Rotator.Observe(ctx, user, location.Keys, record, policy)
	if err != nil {
		resp.Diagnostics.Append(locateFailure(user, err))
		return
	}
	seen.Recreated = location.Outcome == rotator.UserRecreated
	now := r.client.Rotator.Now()
	decision := rotator.Decide(ctx, user, policy, record, seen, now)
	record = decision.Record
	known := rotator.Evidence{Seen: seen, Steps: decision.Steps, ChangedAt: before.ChangedAt, Removed: before.Removed}
	model.RotationBlocked = types.StringNull()
	if decision.Blocked != nil {
		known.Blocked = decision.Blocked.Cause
		model.RotationBlocked = types.StringValue(obstacleFact(*decision.Blocked, seen))
	}
	if record.Policy != nil {
		resp.Diagnostics.Append(waitingWarnings(user, record, decision, seen)...)
		resp.Diagnostics.Append(orphanWarnings(user, policy, record, decision, seen)...)
		resp.Diagnostics.Append(r.unusedWarning(ctx, record, decision, seen)...)
		resp.Diagnostics.Append(expiredWarning(user, policy, decision, now)...)
	}
	resp.Diagnostics.Append(model.show(ctx, record, seen, policy)...)
	if other := r.client.Rotator.ClaimRead(user, record.Current.ID); other != "" {
		resp.Diagnostics.Append(sharedUser(user, other, record.Current.ID))
	}
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, known)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// locate finds the keys of the user, and follows a renamed user into the model.
func (r *rotatingAccessKeyResource) locate(
	ctx context.Context, model *rotatingAccessKeyModel, record rotation.Record, known rotator.Evidence,
) (rotator.Location, diag.Diagnostics) {
	var diags diag.Diagnostics
	user := model.User.ValueString()
	subject := rotator.Subject{
		User: user, RecordedUser: user, AccountID: model.AccountID.ValueString(), UniqueID: model.UserUniqueID.ValueString(),
		Current: record.Current,
	}
	location, err := r.client.Rotator.Locate(ctx, subject, known)
	if err != nil {
		diags.Append(locateFailure(user, err))
		return location, diags
	}
	if warning, ok := locationWarning(subject, location); ok {
		diags.Append(warning)
	}
	if location.Outcome == rotator.UserRenamed {
		model.User, model.ID = types.StringValue(location.User), types.StringValue(location.User)
	}
	return location, diags
}

// fillAccount fills in account and unique id after an import.
func (r *rotatingAccessKeyResource) fillAccount(ctx context.Context, model *rotatingAccessKeyModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if model.UserUniqueID.ValueString() != "" && model.AccountID.ValueString() != "" {
		return diags
	}
	name := model.User.ValueString()
	user, err := r.client.Rotator.GetUser(ctx, name)
	if err != nil {
		diags.Append(locateFailure(name, err))
		return diags
	}
	model.UserUniqueID, model.AccountID = types.StringValue(user.UniqueID), types.StringValue(user.AccountID)
	return diags
}

// unusedWarning warns before a deactivation when nobody but our own proof has used current so far.
func (r *rotatingAccessKeyResource) unusedWarning(
	ctx context.Context, record rotation.Record, decision rotation.Decision, seen rotation.Observation,
) diag.Diagnostics {
	current := seen.Find(record.Current.ID)
	if !decision.Has(rotation.Deactivate) || decision.Has(rotation.Rotate) || record.Previous.Revoked || current == nil {
		return nil
	}
	key := *current
	use, err := r.client.Rotator.LastUse(ctx, key.ID)
	if err != nil {
		return diag.Diagnostics{currentUseUnknown(key.ID, err)}
	}
	key.LastUse = use
	if !key.NeverUsed() {
		return nil
	}
	return diag.Diagnostics{unusedCurrent(key, record.Previous.ID)}
}
