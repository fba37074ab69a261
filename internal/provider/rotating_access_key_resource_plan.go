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
			resp.Diagnostics.Append(r.planDestroy(ctx, &state, req.Private)...)
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

// planDestroy refuses a destroy of the key that signs our own requests, and warns about one of keys in use.
func (r *rotatingAccessKeyResource) planDestroy(
	ctx context.Context, state *rotatingAccessKeyModel, private privateState,
) diag.Diagnostics {
	record, diags := r.refuseOwnKey(ctx, state)
	if diags.HasError() || state.SkipDestroy.ValueBool() {
		return diags
	}
	known, d := state.evidence(ctx, private)
	diags.Append(d...)
	for _, k := range r.client.Rotator.OwnKeysInUse(ctx, record, known) {
		diags.Append(destroyInUse(record.User, k))
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

	before := r.desired(ctx, state)
	known, d := state.evidence(ctx, req.Private)
	diags.Append(d...)
	record, d := state.record(ctx, before.policy, known.SealedTo)
	diags.Append(d...)
	if diags.HasError() {
		return diags
	}
	replace, d := r.planUser(ctx, state, plan, &record, &known)
	diags.Append(d...)
	if replace {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("user"))
		plan.unknownKeys()
		plan.ID, plan.ManagedSince = plan.User, types.StringUnknown()
		diags.Append(r.planReplacement(ctx, state, plan, req.Private)...)
	}
	if replace || diags.HasError() {
		return diags
	}
	diags.Append(resp.Private.SetKey(ctx, plannedKey, nil)...)
	diags.Append(resp.Private.SetKey(ctx, lookKey, nil)...)
	if !plan.policyKnown(ctx) {
		plan.unknownKeys()
		if plan.ID = types.StringValue(foundUser(record, known.Seen)); plan.User.IsUnknown() {
			plan.ID = types.StringUnknown()
		}
		if known.Seen.UserUnknown {
			return diags
		}
		texts := planTexts{user: foundUser(record, known.Seen), policy: before.policy, record: record, seen: known.Seen}
		diags.Append(texts.unknown(known.Steps, !fullyKnown(ctx, plan.RevokeWhenChanged))...)
		diags.Append(mayDeleteWarnings(plan.UnmanagedKeys, texts.user, record, known.Seen)...)
		diags.Append(r.claimPlan(texts.user, record, known.Steps)...)
		return diags
	}

	want := r.desiredAfter(ctx, state, before, plan)
	steps, asked := known.Steps, rotator.Judgement{}
	texts := planTexts{user: foundUser(record, known.Seen), policy: want.policy, record: record, seen: known.Seen, owner: known.Owner}
	if record.Policy == nil || !record.Policy.Equal(want.policy) {
		asked = r.client.Rotator.Judge(ctx, texts.user, want.policy, record, known)
		texts.stopped = asked.Revoked
		diags.Append(texts.judgement(asked, known.Steps)...)
		if asked.Refused != nil {
			return diags
		}
		steps = asked.Steps
	} else {
		asked.RotationUnblocked, asked.RetirementUnblocked = known.UnblockedBy(want.policy, want.policy)
	}
	if diags.Append(r.claimPlan(texts.user, record, steps)...); diags.HasError() {
		return diags
	}
	diags.Append(r.planSealing(ctx, plan, texts.user, want)...)
	diags.Append(plan.planSteps(ctx, want.policy, record, known.Seen, steps)...)
	plan.planBlocked(steps, asked)
	if configured.User.IsUnknown() {
		plan.ID = types.StringUnknown()
	}
	diags.Append(texts.due(steps)...)
	switch {
	case len(steps) > 0:
		diags.Append(setPrivate(ctx, resp.Private, plannedKey, steps)...)
	case req.Plan.Raw.Equal(req.State.Raw):
		diags.Append(r.planLook(ctx, plan, texts, known, resp.Private)...)
	}
	return diags
}

// planReplacement is planDestroy where another user replaces the resource. A skip_destroy of the same plan keeps nothing: a destroy goes
// by the state.
func (r *rotatingAccessKeyResource) planReplacement(
	ctx context.Context, state, plan *rotatingAccessKeyModel, private privateState,
) diag.Diagnostics {
	record, diags := r.refuseOwnKey(ctx, state)
	if diags.HasError() || state.SkipDestroy.ValueBool() {
		return diags
	}
	known, d := state.evidence(ctx, private)
	diags.Append(d...)
	for _, k := range r.client.Rotator.OwnKeysInUse(ctx, record, known) {
		diags.Append(replacedInUse(record.User, plan.User.ValueString(), k))
	}
	if plan.SkipDestroy.ValueBool() {
		diags.Append(skipDestroyTooLate(record.User, rotator.OwnKeys(record), true))
	}
	return diags
}

// claimPlan records what is planned for a resource that the plan keeps.
func (r *rotatingAccessKeyResource) claimPlan(user string, record rotation.Record, steps []rotation.Step) diag.Diagnostics {
	err := r.client.Rotator.ClaimPlan(user, record, steps)
	taken, ok := errors.AsType[*rotator.TakenError](err)
	switch {
	case err == nil:
		return nil
	case ok && taken.Adopted:
		return diag.Diagnostics{keyAdopted(user, taken)}
	default:
		return diag.Diagnostics{applyTexts{user: user}.failure(err)}
	}
}

// planSteps plans what the steps change, starting from the state.
func (m *rotatingAccessKeyModel) planSteps(
	ctx context.Context, policy rotation.Policy, record rotation.Record, seen rotation.Observation, steps []rotation.Step,
) diag.Diagnostics {
	if len(steps) > 0 {
		m.LastChange = types.StringValue(lastChange(policy, record, seen, steps, plannedKeyID))
	}
	if seen.Recreated && hasStep(steps, rotation.Rotate) {
		m.UserUniqueID = types.StringUnknown()
	}
	record, seen = rotation.Project(policy, record, seen, steps, plannedOutcome)
	return m.setComputed(ctx, record, seen, policy)
}

// plannedOutcome is what a plan assumes of each step.
var plannedOutcome = rotation.Outcome{
	At: plannedAt, NewKey: rotation.Key{ID: plannedKeyID, Status: rotation.Active, CreatedAt: plannedAt},
}

func hasStep(steps []rotation.Step, kind rotation.Kind) bool {
	return rotation.Decision{Steps: steps}.Has(kind)
}

// planBlocked plans rotation_blocked and retirement_blocked: unknown where the plan may take away what blocks, so that no condition
// on them forbids the remedy, and where it records a request that waits.
func (m *rotatingAccessKeyModel) planBlocked(steps []rotation.Step, asked rotator.Judgement) {
	acts := slices.ContainsFunc(steps, func(s rotation.Step) bool { return !s.Records() || s.Kind == rotation.RecordRequest })
	for _, b := range []struct {
		text                *types.String
		unblocked, mayBlock bool
	}{
		{&m.RotationBlocked, asked.RotationUnblocked, hasStep(steps, rotation.RecordRequest)},
		{&m.RetirementBlocked, asked.RetirementUnblocked, false},
	} {
		if b.mayBlock || !b.text.IsNull() && (acts || b.unblocked) {
			*b.text = types.StringUnknown()
		}
	}
}

// foundUser is the name under which the user was found last.
func foundUser(record rotation.Record, seen rotation.Observation) string {
	if seen.User != "" {
		return seen.User
	}
	return record.User
}

// planUser compares the configured name with the one under which the user was found. It reports whether another user is named, which
// replaces the resource. Where the configuration names the same user anew, record and known follow it.
func (r *rotatingAccessKeyResource) planUser(
	ctx context.Context, state, plan *rotatingAccessKeyModel, record *rotation.Record, known *rotator.Evidence,
) (replace bool, diags diag.Diagnostics) {
	found, to := foundUser(*record, known.Seen), plan.User.ValueString()
	switch {
	case plan.User.IsUnknown() || to == found:
		return false, nil
	case plan.User.Equal(state.User) || to == record.User:
		// Where nothing proves who that user is now, Read has said so.
		if !known.Seen.UserUnknown {
			diags.Append(userRenamed(to, found))
		}
		return false, diags
	}
	// An apply must show what its plan showed, and that was no replacement, which Terraform would not ask about with the old
	// state. Update finds out whether the user is the same.
	if r.client.Rotator.WasRead(found) {
		user, err := r.client.Rotator.GetUser(ctx, to)
		switch {
		case rotator.IsNoSuchUser(err):
			diags.Append(renamePlanned(found, to))
		case err != nil:
			// Update finds out before its first change, and an error here would also stop a destroy.
			diags.Append(userUnread(found, to, err))
		case user.UniqueID != state.UserUniqueID.ValueString():
			return true, diags
		}
	}
	record.User = to
	known.NameUser(to)
	return false, diags
}

// refuseOwnKey fails a destroy that would delete the key that signs our own requests. It returns the record.
func (r *rotatingAccessKeyResource) refuseOwnKey(ctx context.Context, state *rotatingAccessKeyModel) (rotation.Record, diag.Diagnostics) {
	// No rule is asked, so the policy does not matter, and recipients need no parsing.
	record, diags := state.record(ctx, rotation.Policy{}, "")
	if state.SkipDestroy.ValueBool() {
		return record, diags
	}
	signers, err := r.client.Rotator.SigningKeyIDs(ctx)
	if err != nil {
		diags.Append(signerUnknown(err))
	}
	for _, id := range rotator.OwnKeys(record) {
		if slices.Contains(signers, id) {
			diags.Append(signerNotDestroyed(id))
		}
	}
	return record, diags
}
