package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Create implements resource.Resource.
func (r *rotatingAccessKeyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan rotatingAccessKeyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	user, policy := plan.User.ValueString(), plan.policy()
	encryption, d := plan.encryption(r.client.KMS)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	if other := r.client.claims.create(user); other != "" {
		resp.Diagnostics.AddAttributeError(path.Root("user"), fmt.Sprintf("Another resource manages the access keys of user %q: current key %s", user, other),
			"No key was made. A user has two key slots, and one iamkeys_rotating_access_key needs both: keep one of the resources.")
		return
	}
	var keys []rotation.Key
	err := r.client.patiently(ctx, func() (err error) {
		keys, err = r.client.fresh(ctx, user)
		return err
	})
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("user"), fmt.Sprintf("Access keys of user %q can't be read", user), awsErrorDetail(err)+"\n\nNo key was made.")
		return
	}
	seen, err := r.client.observe(ctx, keys, rotation.Record{}, policy)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Last use of the keys of user %q can't be read", user), awsErrorDetail(err)+"\n\nNo key was made.")
		return
	}
	now := r.client.Gateway.Now()
	if encryption != nil {
		if resp.Diagnostics.Append(encryption.try(ctx, now)...); resp.Diagnostics.HasError() {
			return
		}
	}
	decision := rotation.Decide(policy, rotation.Record{}, seen, now)
	if decision.Refused != nil {
		resp.Diagnostics.AddAttributeError(path.Root("user"), createRefusedSummary(user, seen), createRefusedDetail(user, *decision.Refused, seen))
		return
	}

	model := plan
	model.Previous = types.ObjectNull(previousType)
	op := &operation{
		client: r.client, model: &model, configured: &plan, policy: policy, seen: seen, fresh: seen, encryption: encryption,
		save: func(ctx context.Context, m *rotatingAccessKeyModel) diag.Diagnostics {
			if m.AccessKeyID.ValueString() == "" {
				resp.State.RemoveResource(ctx)
				return nil
			}
			return append(resp.State.Set(ctx, m), setIdentity(ctx, resp.Identity, m)...)
		},
	}
	op.guard(ctx, func(ctx context.Context) { op.run(ctx, decision.Steps, decision.Steps) })
	resp.Diagnostics.Append(op.diags...)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, op.evidence())...)
}

// Update implements resource.Resource.
func (r *rotatingAccessKeyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var state, plan rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var steps []rotation.Step
	_, d := getPrivate(ctx, req.Private, plannedKey, &steps)
	resp.Diagnostics.Append(d...)
	record, d := state.record(ctx)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(clearPrivate(ctx, resp.Private, plannedKey)...)
	encryption, d := plan.encryption(r.client.KMS)
	resp.Diagnostics.Append(d...)
	seen, d := state.evidence(ctx, req.Private)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}

	model := state
	op := &operation{
		client: r.client, model: &model, configured: &plan, policy: plan.policy(), record: record, known: seen, seen: seen.Seen, encryption: encryption,
		save: func(ctx context.Context, m *rotatingAccessKeyModel) diag.Diagnostics {
			return append(resp.State.Set(ctx, m), setIdentity(ctx, resp.Identity, m)...)
		},
	}
	left := steps
	if len(steps) > 0 || !state.User.Equal(plan.User) {
		left, d = op.look(ctx, &state, steps)
		if resp.Diagnostics.Append(d...); d.HasError() {
			return
		}
	}
	if resp.Diagnostics.Append(op.prepareSecrets(ctx, left)...); resp.Diagnostics.HasError() {
		return
	}
	op.guard(ctx, func(ctx context.Context) {
		if op.run(ctx, steps, left); op.diags.HasError() {
			return
		}
		op.describe(ctx, &state)
		op.configure(ctx)
		model.RotationBlocked = plan.RotationBlocked
		op.diags.Append(op.model.show(ctx, op.record, op.seen, op.policy)...)
		op.diags.Append(op.save(ctx, op.model)...)
	})
	resp.Diagnostics.Append(op.diags...)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, op.evidence())...)
}

// look looks at IAM again and returns the planned steps that are left to do. It refuses all of them if one is no longer
// right: nothing was changed yet.
func (o *operation) look(ctx context.Context, state *rotatingAccessKeyModel, planned []rotation.Step) ([]rotation.Step, diag.Diagnostics) {
	var diags diag.Diagnostics
	user := o.user()
	keys, err := o.client.surely(ctx, user, o.record.Current.CreatedAt, o.known, o.client.fresh)
	exists := !iamgate.IsKind(err, iamgate.KindNoSuchEntity)
	if err != nil && exists {
		diags.Append(lookError(user, err))
		return nil, diags
	}
	recreated := false
	if listed := (rotation.Observation{Keys: keys}); listed.Find(o.record.Current.ID) == nil {
		if !state.User.Equal(o.configured.User) && !exists {
			diags.AddAttributeError(path.Root("user"), fmt.Sprintf("User %q does not exist", user),
				fmt.Sprintf("Key %s belongs to user %q. Nothing was changed. Set user = %q, or rename that user first.",
					o.record.Current.ID, state.User.ValueString(), state.User.ValueString()))
			return nil, diags
		}
		if !state.User.Equal(o.configured.User) {
			diags.AddAttributeError(path.Root("user"), fmt.Sprintf("User %q is not user %q renamed", user, state.User.ValueString()),
				fmt.Sprintf("It does not own key %s. Nothing was changed. Plan again, with a refresh: a replacement will be planned.", o.record.Current.ID))
			return nil, diags
		}
		found, err := o.client.find(ctx, subject{
			name: user, accountID: state.AccountID.ValueString(), uniqueID: state.UserUniqueID.ValueString(), keyID: o.record.Current.ID,
		}, keys, exists)
		if err != nil {
			diags.Append(lookError(user, err))
			return nil, diags
		}
		if found.gone || found.user != user {
			diags.AddError(fmt.Sprintf("Plan for user %q is out of date: the user was renamed or deleted", user), "Nothing was changed. Plan again, and read the new plan.")
			return nil, diags
		}
		recreated = found.recreated
	}
	seen, err := o.client.observe(ctx, keys, o.record, o.policy)
	if err != nil {
		diags.AddError(fmt.Sprintf("Last use of the keys of user %q can't be read", user), awsErrorDetail(err)+"\n\nNothing was changed.")
		return nil, diags
	}
	seen.Recreated = recreated

	left, err := rotation.Confirm(o.policy, o.record, seen, o.client.Gateway.Now(), planned)
	if stale := (*rotation.StaleError)(nil); errors.As(err, &stale) {
		diags.AddError(staleSummary(user, stale, seen), staleDetail(user, stale, seen))
		return nil, diags
	}
	o.fresh = seen
	return left, diags
}

// evidence is what the next Read finds.
func (o *operation) evidence() evidence {
	known := o.known
	known.Seen, known.Steps, known.Blocked = o.seen, nil, ""
	if !o.changedAt.IsZero() {
		known.ChangedAt, known.Removed = o.changedAt, o.removed
	}
	return known
}

// describe brings the descriptions of the managed keys in line with a changed configuration.
func (o *operation) describe(ctx context.Context, state *rotatingAccessKeyModel) {
	if state.Description.Equal(o.configured.Description) {
		return
	}
	var ids []string
	// A key that this apply made has its description already.
	if o.record.Current.ID == state.AccessKeyID.ValueString() {
		ids = append(ids, o.record.Current.ID)
	}
	if o.record.Previous != nil {
		ids = append(ids, o.record.Previous.ID)
	}
	for _, id := range ids {
		if o.configured.Description.ValueString() != "" {
			o.tag(ctx, id)
		} else {
			o.untag(ctx, id)
		}
	}
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
