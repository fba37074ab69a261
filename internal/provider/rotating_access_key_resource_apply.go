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
	want := r.desired(ctx, &plan)
	resp.Diagnostics.Append(want.problems...)
	if resp.Diagnostics.HasError() {
		return
	}
	state := plan
	state.Previous = types.ObjectNull(previousType)
	// The plan holds these as unknown, and they are known only once the first key is proved.
	state.AccountID, state.UserUniqueID = types.StringNull(), types.StringNull()
	run(ctx, r.client.Rotator.Create, r.task(&plan, want), application{
		state: &state, plan: &plan, want: want, creates: true,
		out: &resp.State, identity: resp.Identity, private: resp.Private, diags: &resp.Diagnostics,
	})
}

// Update takes the steps that the plan showed.
func (r *rotatingAccessKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before := r.desired(ctx, &state)
	want := r.desiredAfter(ctx, &state, before, &plan)
	task, diags := r.updateTask(ctx, &state, &plan, before, want, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	var looks bool
	_, diags = getPrivate(ctx, req.Private, lookKey, &looks)
	resp.Diagnostics.Append(diags...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, plannedKey, nil)...)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, lookKey, nil)...)
	if looks {
		r.look(ctx, &state, task.Record, task.Known, resp)
		return
	}
	resp.Diagnostics.Append(want.problems...)
	if resp.Diagnostics.HasError() {
		return
	}
	run(ctx, r.client.Rotator.Update, task, application{
		state: &state, plan: &plan, want: want,
		out: &resp.State, identity: resp.Identity, private: resp.Private, diags: &resp.Diagnostics,
	})
}

// application is one Create or Update: what was, what the plan asks for, and where the outcome goes.
type application struct {
	state, plan *rotatingAccessKeyModel
	want        desired
	creates     bool
	out         *tfsdk.State
	identity    *tfsdk.ResourceIdentity
	private     privateState
	diags       *diag.Diagnostics
}

// run does a task, writes each state that it reports, and says how it ended.
func run(ctx context.Context, do func(context.Context, rotator.Task) rotator.Report, task rotator.Task, a application) {
	task.Save = func(ctx context.Context, s rotator.State) {
		if s.Record.Current.ID == "" {
			a.out.RemoveResource(ctx)
			return
		}
		if s.Record.User == "" {
			s.Record.User = task.User
		}
		model, diags := modelAfter(ctx, a.state, a.plan, task, s)
		a.diags.Append(diags...)
		a.diags.Append(a.out.Set(ctx, model)...)
		a.diags.Append(setIdentity(ctx, a.identity, model)...)
	}
	report := do(ctx, task)
	texts := applyTexts{user: task.User, recorded: task.RecordedUser, want: a.want, creates: a.creates}
	a.diags.Append(texts.report(report)...)
	if report.Evidence != nil {
		a.diags.Append(setPrivate(ctx, a.private, evidenceKey, report.Evidence)...)
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
	task.RecordedDescription = state.Description.ValueString()
	task.AccountID, task.UniqueID = state.AccountID.ValueString(), state.UserUniqueID.ValueString()
	var diags, d diag.Diagnostics
	_, d = getPrivate(ctx, private, plannedKey, &task.Planned)
	diags.Append(d...)
	task.Known, d = state.evidence(ctx, private)
	diags.Append(d...)
	task.Record, d = state.record(ctx, before.policy, task.Known.SealedTo)
	diags.Append(d...)
	task.RecordedUser = foundUser(task.Record, task.Known.Seen)
	task.User = task.RecordedUser
	configured := plan.User.ValueString()
	if !plan.User.Equal(state.User) && configured != task.Record.User && configured != task.User {
		// The configuration has a new name. Before the first step Update finds out whether the user is the same.
		task.User, task.Record.User = configured, configured
		task.Known.NameUser(configured)
	}
	task.Followed = task.User != configured
	task.Secrets, d = state.plainSecrets(ctx)
	return task, append(diags, d...)
}

// modelAfter is what the state must say of s. State is the state before, and configured the plan.
func modelAfter(
	ctx context.Context, state, configured *rotatingAccessKeyModel, task rotator.Task, s rotator.State,
) (*rotatingAccessKeyModel, diag.Diagnostics) {
	var diags diag.Diagnostics
	policy := task.Policy
	model := *state
	if s.Configured {
		model.copyConfiguration(configured)
		if s.Sealed != nil {
			diags.Append(model.replacePlain(ctx, func(id string) types.String { return types.StringValue(s.Sealed[id]) })...)
		}
	}
	if s.AccountID != "" {
		model.AccountID, model.UserUniqueID = types.StringValue(s.AccountID), types.StringValue(s.UniqueID)
		s.Record.UniqueID = s.UniqueID
	}
	diags.Append(model.setComputed(ctx, s.Record, s.Seen, policy)...)
	if c := s.Created; c != nil {
		model.SecretAccessKey, model.EncryptedSecret = types.StringNull(), types.StringNull()
		if c.Sealed != "" {
			model.EncryptedSecret = types.StringValue(c.Sealed)
		} else {
			model.SecretAccessKey = types.StringValue(c.Secret.Reveal())
		}
	}
	if len(s.Taken) > 0 {
		model.LastChange = types.StringValue(lastChange(policy, task.Record, s.Before, s.Taken, s.Record.Current.ID))
	}
	switch {
	case s.Ended:
		model.RotationBlocked, model.RetirementBlocked = blockedText(s.Decision.Blocked), blockedText(s.Decision.RetirementBlocked)
	case s.Done:
		model.RotationBlocked = blockedAfter(configured.RotationBlocked, s.Decision.Blocked)
		model.RetirementBlocked = blockedAfter(configured.RetirementBlocked, s.Decision.RetirementBlocked)
	}
	return &model, diags
}

// blockedAfter is rotation_blocked or retirement_blocked after an apply: what the plan showed, or else what is true then.
func blockedAfter(planned types.String, o *rotation.Obstacle) types.String {
	if planned.IsUnknown() {
		return blockedText(o)
	}
	return planned
}

// setIdentity writes the identity of the resource.
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, m *rotatingAccessKeyModel) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	diags := identity.SetAttribute(ctx, path.Root("user"), m.ID)
	account := m.AccountID
	if account.IsUnknown() {
		account = types.StringNull()
	}
	return append(diags, identity.SetAttribute(ctx, path.Root("account_id"), account)...)
}

// Delete deletes the keys that this resource created, and leaves an adopted one.
func (r *rotatingAccessKeyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.SkipDestroy.ValueBool() {
		return
	}
	record, diags := r.refuseOwnKey(ctx, &state)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	user := record.User
	subject, diags := state.subject(ctx, record)
	resp.Diagnostics.Append(diags...)
	notices, err := r.client.Rotator.Destroy(ctx, subject, record, state.Description.ValueString() != "")
	for _, n := range notices {
		resp.Diagnostics.Append(applyTexts{user: user}.notice(n))
	}
	if err != nil {
		resp.Diagnostics.Append(destroyFailure(user, err))
		return
	}
	if p := record.Previous; p != nil && p.Adopted {
		resp.Diagnostics.Append(adoptedKeyLeft(user, p.ID))
	}
}
