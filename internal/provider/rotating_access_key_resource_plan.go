package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
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
			resp.Diagnostics.Append(r.refuseOwnKey(ctx, &state)...)
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
	want := r.desired(plan)
	var diags diag.Diagnostics
	// The look comes first: its answer has AWS's time, by which recipients are judged.
	if !plan.User.IsUnknown() && plan.policyKnown() {
		diags.Append(r.previewCreate(ctx, plan.User.ValueString(), want.policy)...)
	}
	diags.Append(want.problems...)
	diags.Append(want.encryption.tryAtPlan(ctx, r.client.Rotator.Now())...)
	return diags
}

// previewCreate warns about keys in the way of a create.
func (r *rotatingAccessKeyResource) previewCreate(ctx context.Context, user string, policy rotation.Policy) diag.Diagnostics {
	var diags diag.Diagnostics
	preview, err := r.client.Rotator.PreviewCreate(ctx, user, policy)
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
		diags.Append(createRefused(user, *preview.Decision.Refused, preview.Seen).asWarning())
	case !preview.Managed && policy.UnmanagedKeys == rotation.RefuseUnmanaged:
		diags.Append(leftoverWarnings(user, preview.Seen)...)
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
	diags.Append(clearPrivate(ctx, resp.Private, plannedKey)...)
	if !plan.policyKnown() {
		plan.unknownKeys()
		return diags
	}

	before := r.desired(state)
	want := r.desiredAfter(state, before, plan)
	record, d := state.record(ctx, before.policy)
	diags.Append(d...)
	known, d := state.evidence(ctx, req.Private)
	diags.Append(d...)
	if diags.HasError() {
		return diags
	}

	steps := known.Steps
	if record.Policy == nil || !record.Policy.Equal(want.policy) {
		var refused bool
		steps, refused, d = r.judgeRequests(ctx, plan.User.ValueString(), want.policy, record, known.Seen)
		diags.Append(d...)
		if refused {
			return diags
		}
		if record.Policy != nil && known.UnblockedBy(*record.Policy, want.policy) {
			plan.RotationBlocked = types.StringNull()
		}
		if r.client.Rotator.Synced() {
			diags.Append(r.dueAtOnceWarning(want.policy, record, known.Seen)...)
		}
	}
	diags.Append(r.planSealing(ctx, plan, want)...)
	diags.Append(plan.showSteps(ctx, want.policy, record, known.Seen, steps)...)
	diags.Append(deletionWarnings(plan.User.ValueString(), steps, known.Seen)...)
	if len(steps) > 0 {
		diags.Append(setPrivate(ctx, resp.Private, plannedKey, steps)...)
	}
	return diags
}

// judgeRequests is what the changed configuration asks for, judged by the configured policy on what Read saw.
func (r *rotatingAccessKeyResource) judgeRequests(
	ctx context.Context, user string, policy rotation.Policy, record rotation.Record, seen rotation.Observation,
) (steps []rotation.Step, refused bool, diags diag.Diagnostics) {
	expires := !policy.SealableUntil.IsZero() && !r.client.Rotator.Synced()
	if record.Policy != nil && (expires || len(seen.Keys) > 1 || seen.Find(record.Current.ID) == nil) {
		// Whether a recipient has expired, a key can make room, or is missing for good, depends on the time, and an apply has
		// not heard AWS's time yet.
		r.client.Rotator.SyncTime(ctx, user)
	}
	decision := rotator.Decide(ctx, user, policy, record, seen, r.client.Rotator.Now())
	if o := decision.Refused; o != nil {
		diags.Append(requestRefused(requestPath(policy, record), user, *o, record, seen))
		return nil, true, diags
	}
	for _, o := range decision.Waiting {
		diags.Append(notReactivated(user, o, seen))
	}
	return decision.Steps, false, diags
}

// requestPath is the attribute whose change asks for a rotation.
func requestPath(policy rotation.Policy, record rotation.Record) path.Path {
	before := record.LastPolicy()
	switch {
	case len(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0:
		return path.Root("revoke_when_changed")
	case len(rotation.Changed(before.RotateWhenChanged, policy.RotateWhenChanged)) > 0:
		return path.Root("rotate_when_changed")
	default:
		return path.Root("encrypted_output")
	}
}

// showSteps shows what the steps change, starting from the state.
func (m *rotatingAccessKeyModel) showSteps(
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
	return m.show(ctx, record, seen, policy)
}

// rotationReason is rotation_reason: why a step creates a key.
func rotationReason(step rotation.Step, policy rotation.Policy, record rotation.Record) string {
	before := record.LastPolicy()
	id := record.Current.ID
	switch step.Reason {
	case rotation.ReasonCreated:
		return "created"
	case rotation.ReasonAge:
		return fmt.Sprintf("key %s of %s reached rotate_after %s", id, formatDate(record.Current.CreatedAt), duration.Format(policy.RotateAfter))
	case rotation.ReasonMissing:
		return fmt.Sprintf("key %s is gone from IAM", id)
	case rotation.ReasonInactive:
		return fmt.Sprintf("key %s was deactivated by somebody else", id)
	case rotation.ReasonRecreated:
		return "the user was deleted and created again"
	case rotation.ReasonChanged:
		return "rotate_when_changed: " + strings.Join(rotation.Changed(before.RotateWhenChanged, policy.RotateWhenChanged), ", ")
	case rotation.ReasonRecipients:
		return "encrypted_output: " + sealingChange(before.Recipients, policy.Recipients)
	case rotation.ReasonRevoked:
		return "revoke_when_changed: " + strings.Join(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged), ", ")
	}
	return string(step.Reason)
}

// dueAtOnceWarning warns that a changed rotate_after makes a rotation due at once: this plan takes no such step, the next
// one does. It changes nothing of the plan, so it may ask for the time.
func (r *rotatingAccessKeyResource) dueAtOnceWarning(
	policy rotation.Policy, record rotation.Record, seen rotation.Observation,
) diag.Diagnostics {
	key := seen.Find(record.Current.ID)
	if key == nil || policy.RotateAfter == 0 || record.Policy != nil && record.Policy.RotateAfter == policy.RotateAfter {
		return nil
	}
	since := key.CreatedAt.Add(policy.RotateAfter)
	if r.client.Rotator.Now().Before(since) {
		return nil
	}
	return diag.Diagnostics{dueAtOnce(duration.Format(policy.RotateAfter), key.ID, since)}
}
