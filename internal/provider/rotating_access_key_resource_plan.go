package provider

import (
	"context"
	"errors"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// plannedKeyID stands for the id of a key that an apply will create.
const plannedKeyID = "(known after apply)"

// ModifyPlan shows the steps that Read has decided, and those that changed values ask for.
func (r *rotatingAccessKeyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if r.client == nil {
		return
	}
	var state, plan rotatingAccessKeyModel
	if !req.State.Raw.IsNull() {
		resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		if !resp.Diagnostics.HasError() {
			_, diags := r.refuseOwnKey(ctx, &state)
			resp.Diagnostics.Append(diags...)
		}
		return
	}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.planCreate(ctx, &plan)...)
	} else {
		resp.Diagnostics.Append(r.planUpdate(ctx, &state, &plan, req, resp)...)
	}
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, &plan)...)
	}
}

// planCreate plans what a create will do.
func (r *rotatingAccessKeyResource) planCreate(ctx context.Context, plan *rotatingAccessKeyModel) diag.Diagnostics {
	plan.unknownKeys()
	plan.ID = plan.User
	plan.Status = types.StringValue(string(rotation.Active))
	plan.InactiveSince, plan.RotationBlocked = types.StringNull(), types.StringNull()
	plan.RotationReason = types.StringValue("created")
	if plan.RotateAfter.IsNull() {
		plan.RotateAt = types.StringNull()
	}
	if !plan.UnmanagedKeys.IsUnknown() && plan.UnmanagedKeys.ValueString() != string(rotation.RetireUnmanaged) {
		plan.Previous = types.ObjectNull(previousType)
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
		diags.Append(r.previewCreate(ctx, plan.User.ValueString(), want.policy)...)
	}
	diags.Append(want.problems...)
	diags.Append(want.encryption.checkAtPlan(ctx, r.client.Rotator.Now())...)
	return diags
}

// previewCreate warns about keys in the way of a create.
func (r *rotatingAccessKeyResource) previewCreate(ctx context.Context, user string, policy rotation.Policy) diag.Diagnostics {
	var diags diag.Diagnostics
	preview, err := r.client.Rotator.PreviewCreate(ctx, user, policy)
	if n := len(preview.Kept); n >= rotation.KeysPerUser || n > 0 && preview.Decision.Refused != nil {
		diags.Append(replacementKeepsKeys(user, preview.Kept))
		return diags
	}
	if preview.Other != "" {
		diags.Append(sharedUser(user, preview.Other, rotator.Creating))
	}
	if failure, ok := errors.AsType[*rotator.ReadError](err); ok {
		// A plan role that may not look can still plan.
		diags.Append(previewFailure(failure))
		return diags
	}
	diags.Append(deletionWarnings(user, preview.Decision.Steps, preview.Seen)...)
	switch {
	case preview.Decision.Refused != nil:
		diags.Append(createRefused(user, preview.Seen).asWarning())
	case !preview.Managed && policy.UnmanagedKeys == rotation.RefuseUnmanaged:
		diags.Append(foundKeys(user, policy, preview.Seen, r.client.Rotator.Now())...)
	}
	return diags
}

// planUpdate plans from the state, since the framework has marked every computed attribute unknown if the configuration
// changed, and none if only time went by. It changes exactly what the steps change.
func (r *rotatingAccessKeyResource) planUpdate(
	ctx context.Context, state, plan *rotatingAccessKeyModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) diag.Diagnostics {
	var diags diag.Diagnostics
	// Terraform plans a change of a null value to a default as a change of configuration: that is how an import settles.
	configured := *plan
	*plan = *state
	plan.copyConfiguration(&configured)

	if !state.User.Equal(configured.User) {
		replace, d := r.planOtherUser(ctx, state, &configured)
		diags.Append(d...)
		if replace {
			resp.RequiresReplace = append(resp.RequiresReplace, path.Root("user"))
			plan.unknownKeys()
		}
		if replace || diags.HasError() {
			return diags
		}
	}
	diags.Append(resp.Private.SetKey(ctx, plannedKey, nil)...)
	if !plan.policyKnown(ctx) {
		plan.unknownKeys()
		return diags
	}

	before := r.desired(ctx, state)
	want := r.desiredAfter(ctx, state, before, plan)
	record, d := state.record(ctx, before.policy)
	diags.Append(d...)
	known, d := state.evidence(ctx, req.Private)
	diags.Append(d...)
	if diags.HasError() {
		return diags
	}

	steps := known.Steps
	if record.Policy == nil || !record.Policy.Equal(want.policy) {
		asked := r.client.Rotator.Judge(ctx, plan.User.ValueString(), want.policy, record, known)
		diags.Append(judgementTexts(plan.User.ValueString(), want.policy, record, known.Seen, asked)...)
		if asked.Refused != nil {
			return diags
		}
		if asked.Unblocked {
			plan.RotationBlocked = types.StringNull()
		}
		steps = asked.Steps
	}
	if err := r.client.Rotator.ClaimPlan(plan.User.ValueString(), record, steps); err != nil {
		diags.Append(applyTexts{user: plan.User.ValueString()}.failure(err))
		return diags
	}
	diags.Append(r.planSealing(ctx, plan, want)...)
	diags.Append(plan.planSteps(ctx, want.policy, record, known.Seen, steps)...)
	diags.Append(deletionWarnings(plan.User.ValueString(), steps, known.Seen)...)
	if len(steps) > 0 {
		diags.Append(setPrivate(ctx, resp.Private, plannedKey, steps)...)
	}
	return diags
}

// planSteps plans what the steps change, starting from the state.
func (m *rotatingAccessKeyModel) planSteps(
	ctx context.Context, policy rotation.Policy, record rotation.Record, seen rotation.Observation, steps []rotation.Step,
) diag.Diagnostics {
	if i := slices.IndexFunc(steps, func(s rotation.Step) bool { return s.Kind == rotation.Rotate }); i >= 0 {
		m.RotationReason, m.RotationBlocked = types.StringValue(rotationReason(steps[i], policy, record)), types.StringNull()
		if seen.Recreated {
			m.UserUniqueID = types.StringUnknown()
		}
	}
	record, seen = rotation.Project(policy, record, seen, steps, rotation.Outcome{
		At: plannedAt, NewKey: rotation.Key{ID: plannedKeyID, Status: rotation.Active, CreatedAt: plannedAt},
	})
	return m.setComputed(ctx, record, seen, policy)
}

// planOtherUser reports whether a changed user name is another user, which replaces the resource, or the same user renamed.
func (r *rotatingAccessKeyResource) planOtherUser(
	ctx context.Context, state, plan *rotatingAccessKeyModel,
) (replace bool, diags diag.Diagnostics) {
	from, to := state.User.ValueString(), plan.User.ValueString()
	// An apply must show what its plan showed, and that was no replacement, which Terraform would not ask about with the old
	// state. Update finds out whether the user is the same.
	if plan.User.IsUnknown() || !r.client.Rotator.WasRead(from) {
		return false, diags
	}
	user, err := r.client.Rotator.GetUser(ctx, to)
	switch {
	case rotator.IsNoSuchUser(err):
		diags.Append(renamePlanned(from, to))
	case err != nil:
		diags.Append(diag.WithPath(path.Root("user"), locateFailure(to, err)))
	default:
		replace = user.UniqueID != state.UserUniqueID.ValueString()
	}
	return replace, diags
}

// refuseOwnKey fails a destroy that would delete the key that signs our own requests. It returns the record.
func (r *rotatingAccessKeyResource) refuseOwnKey(ctx context.Context, state *rotatingAccessKeyModel) (rotation.Record, diag.Diagnostics) {
	// No rule is asked, so the policy does not matter, and recipients need no parsing.
	record, diags := state.record(ctx, rotation.Policy{})
	if state.SkipDestroy.ValueBool() {
		return record, diags
	}
	signer, err := r.client.Rotator.SigningKeyID(ctx)
	switch {
	case err != nil:
		diags.Append(signerUnknown(err))
	case slices.Contains(rotator.OwnKeys(record), signer):
		diags.Append(signerNotDestroyed(signer))
	}
	return record, diags
}
