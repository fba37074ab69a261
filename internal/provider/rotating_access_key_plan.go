package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// plannedKeyID stands for the id of a key that an apply will make.
const plannedKeyID = "(known after apply)"

// ModifyPlan implements resource.ResourceWithModifyPlan.
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

// planCreate plans what a create makes.
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
	// The look comes first: from its answer the provider has AWS's time.
	diags := r.lookForCreate(ctx, plan)
	encryption, d := plan.encryption(r.client.KMS)
	diags.Append(d...)
	diags.Append(r.tryAtPlan(ctx, encryption)...)
	return diags
}

// lookForCreate warns about keys in the way of a create.
func (r *rotatingAccessKeyResource) lookForCreate(ctx context.Context, plan *rotatingAccessKeyModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if plan.User.IsUnknown() || !plan.policyKnown() {
		return diags
	}
	user := plan.User.ValueString()
	other := r.client.claims.plan(user)
	if other != "" && other != creating {
		diags.Append(sharedUserWarning(user, other, creating))
	}
	keys, err := r.client.peek(ctx, user)
	if err != nil {
		// The user may be made in the same apply; and a plan role that may not look can still plan.
		if !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
			diags.AddWarning(fmt.Sprintf("Access keys of user %q can't be read", user), awsErrorDetail(err))
		}
		return diags
	}
	if len(keys) == 0 {
		return diags
	}
	seen, err := r.client.observe(ctx, keys, rotation.Record{}, plan.policy())
	if err != nil {
		diags.AddWarning(fmt.Sprintf("Last use of the keys of user %q can't be read", user), awsErrorDetail(err))
		return diags
	}
	d := rotation.Decide(plan.policy(), rotation.Record{}, seen, r.client.Gateway.Now())
	diags.Append(deletionWarnings(user, d.Steps, seen)...)
	if d.Refused != nil {
		diags.AddAttributeWarning(path.Root("user"), createRefusedSummary(user, seen), createRefusedDetail(user, *d.Refused, seen))
	} else if !r.client.claims.has(user) && plan.policy().UnmanagedKeys == rotation.RefuseUnmanaged {
		// Asked after the look: in an apply another resource may have made its key meanwhile.
		diags.Append(leftoverWarnings(user, seen)...)
	}
	return diags
}

// planUpdate plans from the state, since the framework has marked every computed attribute unknown if the configuration
// changed, and none if only time went by. It changes exactly what the steps change.
func (r *rotatingAccessKeyResource) planUpdate(ctx context.Context, state, plan *rotatingAccessKeyModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) diag.Diagnostics {
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

	record, d := state.record(ctx)
	diags.Append(d...)
	found, d := state.evidence(ctx, req.Private)
	diags.Append(d...)
	if diags.HasError() {
		return diags
	}

	policy := plan.policy()
	steps := found.Steps
	if record.Policy == nil || !record.Policy.Equal(policy) {
		var refused bool
		steps, refused, d = r.judgeRequests(ctx, plan, record, found.Seen)
		diags.Append(d...)
		if refused || diags.HasError() {
			return diags
		}
		if record.Policy != nil && found.lifts(*record.Policy, policy) {
			plan.RotationBlocked = types.StringNull()
		}
		if r.client.Gateway.Synced() {
			diags.Append(lateWarning(policy, record, found.Seen, r.client.Gateway.Now())...)
		}
	}
	diags.Append(r.planSealing(ctx, plan)...)
	diags.Append(plan.planSteps(ctx, record, found.Seen, steps)...)
	diags.Append(deletionWarnings(plan.User.ValueString(), steps, found.Seen)...)
	if len(steps) > 0 {
		diags.Append(setPrivate(ctx, resp.Private, plannedKey, steps)...)
	}
	return diags
}

// judgeRequests is what the changed configuration asks for, judged by the configured policy on what Read saw.
func (r *rotatingAccessKeyResource) judgeRequests(ctx context.Context, plan *rotatingAccessKeyModel, record rotation.Record, seen rotation.Observation) (steps []rotation.Step, refused bool, diags diag.Diagnostics) {
	user := plan.User.ValueString()
	now := r.client.Gateway.Now()
	if record.Policy != nil && (len(seen.Keys) > 1 || seen.Find(record.Current.ID) == nil) {
		// Whether a key can make room, or is missing for good, depends on the time, and this process may not have heard AWS's
		// time yet.
		if _, err := r.client.peek(ctx, user); err == nil {
			now = r.client.Gateway.Now()
		}
	}
	decision := rotation.Decide(plan.policy(), record, seen, now)
	if w := decision.Refused; w != nil {
		diags.AddAttributeError(requestPath(plan.policy(), record), fmt.Sprintf("Rotation of user %q was asked for and is not possible: %s", user, waitFact(*w, seen)),
			blockedDetail(user, *w, record, seen)+"\n\nNothing was changed, and the request is not recorded as done. To go on without it, take the changed value back. "+
				"To destroy the resource all the same, run terraform destroy -refresh=false.")
		return nil, true, diags
	}
	for _, w := range decision.Waiting {
		diags.AddAttributeWarning(path.Root("hold_previous"), fmt.Sprintf("Previous key %s is not reactivated: %s", w.Key, waitFact(w, seen)), waitRemedy(w, user))
	}
	return decision.Steps, false, diags
}

// requestPath is the attribute whose change asks for a rotation.
func requestPath(policy rotation.Policy, record rotation.Record) path.Path {
	before := rotation.Policy{}
	if record.Policy != nil {
		before = *record.Policy
	}
	switch {
	case len(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0:
		return path.Root("revoke_when_changed")
	case len(rotation.Changed(before.RotateWhenChanged, policy.RotateWhenChanged)) > 0:
		return path.Root("rotate_when_changed")
	default:
		return path.Root("encrypted_output")
	}
}

// planSteps shows what the steps change, starting from the state.
func (m *rotatingAccessKeyModel) planSteps(ctx context.Context, record rotation.Record, seen rotation.Observation, steps []rotation.Step) diag.Diagnostics {
	policy, recreated := m.policy(), seen.Recreated
	for _, step := range steps {
		out := rotation.Outcome{At: plannedAt, Sealed: policy.Recipients != "", NewKey: rotation.Key{ID: plannedKeyID, Status: rotation.Active, CreatedAt: plannedAt}}
		if step.Kind == rotation.Rotate {
			m.RotationReason = types.StringValue(reasonText(step, policy, record))
			m.RotationBlocked = types.StringNull()
			if recreated {
				m.UserUniqueID = types.StringUnknown()
			}
		}
		record, seen = record.After(step, seen, out), seen.After(step, out)
	}
	return m.show(ctx, record, seen, policy)
}

// reasonText is rotation_reason: why a step makes a key.
func reasonText(step rotation.Step, policy rotation.Policy, record rotation.Record) string {
	before := rotation.Policy{}
	if record.Policy != nil {
		before = *record.Policy
	}
	id := record.Current.ID
	switch step.Reason {
	case rotation.ReasonCreated:
		return "created"
	case rotation.ReasonAge:
		return fmt.Sprintf("key %s of %s reached rotate_after %s", id, date(record.Current.CreatedAt), formatDuration(policy.RotateAfter))
	case rotation.ReasonMissing:
		return fmt.Sprintf("key %s is gone from IAM", id)
	case rotation.ReasonInactive:
		return fmt.Sprintf("key %s was deactivated by somebody else", id)
	case rotation.ReasonRecreated:
		return "the user was deleted and created again"
	case rotation.ReasonChanged:
		return "rotate_when_changed: " + strings.Join(changedNames(before.RotateWhenChanged, policy.RotateWhenChanged), ", ")
	case rotation.ReasonRecipients:
		return "encrypted_output: " + sealingChange(before.Recipients, policy.Recipients)
	case rotation.ReasonRevoked:
		return "revoke_when_changed: " + strings.Join(changedNames(before.RevokeWhenChanged, policy.RevokeWhenChanged), ", ")
	}
	return string(step.Reason)
}

// lateWarning tells that a changed rotate_after makes a rotation due at once: this plan takes no such step, the next one
// does. It changes nothing of the plan, so it may ask for the time.
func lateWarning(policy rotation.Policy, record rotation.Record, seen rotation.Observation, now time.Time) diag.Diagnostics {
	var diags diag.Diagnostics
	key := seen.Find(record.Current.ID)
	if key == nil || policy.RotateAfter == 0 || record.Policy != nil && record.Policy.RotateAfter == policy.RotateAfter {
		return diags
	}
	if at := key.CreatedAt.Add(policy.RotateAfter); !now.Before(at) {
		diags.AddAttributeWarning(path.Root("rotate_after"),
			fmt.Sprintf("rotate_after %s makes key %s due since %s: the next plan rotates it", formatDuration(policy.RotateAfter), key.ID, date(at)),
			"An apply that changes the configuration takes no step that only time calls for.")
	}
	return diags
}
