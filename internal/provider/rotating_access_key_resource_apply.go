package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// Create creates the first key of a user.
func (r *rotatingAccessKeyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan rotatingAccessKeyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	want := r.desired(&plan)
	resp.Diagnostics.Append(want.problems...)
	if resp.Diagnostics.HasError() {
		return
	}
	state := plan
	state.Previous = types.ObjectNull(previousType)
	// Nothing of these is known before the first key: the plan holds them as unknown.
	state.AccountID, state.UserUniqueID = types.StringNull(), types.StringNull()
	task := r.task(&plan, want)
	task.RecordedDescription = task.Description
	task.Save = func(ctx context.Context, s rotator.State) {
		if s.Record.Current.ID == "" {
			resp.State.RemoveResource(ctx)
			return
		}
		model, diags := modelAfter(ctx, &state, &plan, want.policy, s)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, model)...)
	}
	report := r.client.Rotator.Create(ctx, task)
	texts := applyTexts{user: task.User, recorded: task.User, method: want.method(), creates: true}
	resp.Diagnostics.Append(texts.report(report)...)
	if report.Evidence != nil {
		resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, report.Evidence)...)
	}
}

// Update takes the steps that the plan showed.
func (r *rotatingAccessKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before, want := r.desired(&state), r.desired(&plan)
	task, diags := r.updateTask(ctx, &state, &plan, before, want, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(clearPrivate(ctx, resp.Private, plannedKey)...)
	resp.Diagnostics.Append(want.problems...)
	if resp.Diagnostics.HasError() {
		return
	}
	task.Save = func(ctx context.Context, s rotator.State) {
		model, diags := modelAfter(ctx, &state, &plan, want.policy, s)
		resp.Diagnostics.Append(diags...)
		resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, model)...)
	}
	report := r.client.Rotator.Update(ctx, task)
	texts := applyTexts{user: task.User, recorded: task.RecordedUser, method: want.method()}
	resp.Diagnostics.Append(texts.report(report)...)
	if report.Evidence != nil {
		resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, report.Evidence)...)
	}
}

// task is what the configuration asks for.
func (r *rotatingAccessKeyResource) task(plan *rotatingAccessKeyModel, want desired) rotator.Task {
	task := rotator.Task{
		User: plan.User.ValueString(), Policy: want.policy,
		WaitUntilUsable: plan.WaitUntilUsable.ValueBool(), Description: plan.Description.ValueString(),
	}
	if want.encryption != nil {
		task.Sealer = want.encryption
	}
	return task
}

func (r *rotatingAccessKeyResource) updateTask(
	ctx context.Context, state, plan *rotatingAccessKeyModel, before, want desired, private privateState,
) (rotator.Task, diag.Diagnostics) {
	task := r.task(plan, want)
	task.RecordedUser, task.RecordedDescription = state.User.ValueString(), state.Description.ValueString()
	task.AccountID, task.UniqueID = state.AccountID.ValueString(), state.UserUniqueID.ValueString()
	var diags, d diag.Diagnostics
	_, d = getPrivate(ctx, private, plannedKey, &task.Planned)
	diags.Append(d...)
	task.Record, d = state.record(ctx, before.policy)
	diags.Append(d...)
	task.Known, d = state.evidence(ctx, private)
	diags.Append(d...)
	task.Secrets, d = state.plainSecrets(ctx)
	return task, append(diags, d...)
}

// modelAfter is what the state must say of s. State is the state before, and configured the plan.
func modelAfter(
	ctx context.Context, state, configured *rotatingAccessKeyModel, policy rotation.Policy, s rotator.State,
) (*rotatingAccessKeyModel, diag.Diagnostics) {
	var diags diag.Diagnostics
	model := *state
	if s.Configured {
		model.copyConfiguration(configured)
		if s.Sealed != nil {
			diags.Append(model.replacePlain(ctx, func(id string) types.String { return types.StringValue(s.Sealed[id]) })...)
		}
	}
	if s.AccountID != "" {
		model.AccountID, model.UserUniqueID = types.StringValue(s.AccountID), types.StringValue(s.UniqueID)
	}
	diags.Append(model.show(ctx, s.Record, s.Seen, policy)...)
	if c := s.Created; c != nil {
		model.SecretAccessKey, model.EncryptedSecret = types.StringNull(), types.StringNull()
		if c.Sealed != "" {
			model.EncryptedSecret = types.StringValue(c.Sealed)
		} else {
			model.SecretAccessKey = types.StringValue(c.Secret.Reveal())
		}
		model.RotationReason = types.StringValue(rotationReason(c.Step, policy, c.Before))
		model.RotationBlocked = types.StringNull()
	}
	if s.Done {
		model.RotationBlocked = configured.RotationBlocked
	}
	return &model, diags
}

// setIdentity writes the identity of the resource.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, m *rotatingAccessKeyModel) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	diags := identity.SetAttribute(ctx, path.Root("user"), m.User)
	account := m.AccountID
	if account.IsUnknown() {
		account = types.StringNull()
	}
	return append(diags, identity.SetAttribute(ctx, path.Root("account_id"), account)...)
}
