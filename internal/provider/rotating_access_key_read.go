package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Read implements resource.Resource.
func (r *rotatingAccessKeyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var model rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	before, diags := model.evidence(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	found, diags := r.locate(ctx, &model, before)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	if found.gone {
		// The framework asks for an identity even of a resource that is gone.
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(r.complete(ctx, &model)...)

	record, diags := model.record(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	policy := rotation.Policy{}
	if record.Policy != nil {
		policy = *record.Policy
	}
	seen, err := r.client.observe(ctx, found.keys, record, policy)
	if err != nil {
		resp.Diagnostics.AddError(fmt.Sprintf("Last use of the keys of user %q can't be read", model.User.ValueString()),
			awsErrorDetail(err)+"\n\nNothing was changed.")
		return
	}
	seen.Recreated = found.recreated
	now := r.client.Gateway.Now()
	record = record.Reconcile(seen, now)

	var decision rotation.Decision
	if record.Policy != nil {
		decision = rotation.Decide(policy, record, seen, now)
		resp.Diagnostics.Append(r.waitWarnings(model.User.ValueString(), record, decision, seen)...)
		resp.Diagnostics.Append(orphanWarnings(model.User.ValueString(), policy, record, decision, seen)...)
		resp.Diagnostics.Append(r.unusedWarning(ctx, record, decision, seen)...)
		resp.Diagnostics.Append(expiredWarning(model.User.ValueString(), policy, decision, now)...)
	}
	known := evidence{Seen: seen, Steps: decision.Steps, ChangedAt: before.ChangedAt, Removed: before.Removed}
	model.RotationBlocked = types.StringNull()
	if decision.Blocked != nil {
		known.Blocked = decision.Blocked.Cause
		model.RotationBlocked = types.StringValue(waitFact(*decision.Blocked, seen))
	}
	resp.Diagnostics.Append(model.show(ctx, record, seen, policy)...)
	resp.Diagnostics.Append(r.client.claim(model.User.ValueString(), record.Current.ID)...)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, known)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// locate lists the keys of the user, and finds out what happened when the current one is not among them. It follows a
// renamed user into the model.
func (r *rotatingAccessKeyResource) locate(ctx context.Context, model *rotatingAccessKeyModel, known evidence) (findings, diag.Diagnostics) {
	var diags diag.Diagnostics
	user := model.User.ValueString()
	fail := func(err error) (findings, diag.Diagnostics) {
		diags.Append(lookError(user, err))
		return findings{}, diags
	}

	keys, err := r.client.surely(ctx, user, instant(model.CreatedAt), known, r.client.list)
	exists := !iamgate.IsKind(err, iamgate.KindNoSuchEntity)
	if err != nil && exists {
		return fail(err)
	}
	listed := rotation.Observation{Keys: keys}
	current := model.AccessKeyID.ValueString()
	if listed.Find(current) != nil {
		return findings{user: user, keys: keys}, diags
	}

	found, err := r.client.find(ctx, subject{
		name: user, accountID: model.AccountID.ValueString(), uniqueID: model.UserUniqueID.ValueString(), keyID: current,
	}, keys, exists)
	if err != nil {
		return fail(err)
	}
	switch {
	case found.user == user && (rotation.Observation{Keys: found.keys}).Find(current) != nil:
	case found.gone:
		diags.AddWarning(fmt.Sprintf("IAM user %q no longer exists", user),
			fmt.Sprintf("Neither the user nor its key %s exists any more, so the resource is removed from the state.", current))
	case found.user != user:
		diags.AddWarning(fmt.Sprintf("IAM user %q is now called %q", user, found.user),
			fmt.Sprintf("Key %s belongs to user %q now: the user was renamed, and the state follows it. Set user = %q.", current, found.user, found.user))
		model.User, model.ID = types.StringValue(found.user), types.StringValue(found.user)
	case found.recreated:
		diags.AddWarning(fmt.Sprintf("IAM user %q was deleted and created again", user),
			fmt.Sprintf("The state knows unique id %s, IAM has %s. The old keys went with the old user, so a new key is due.",
				model.UserUniqueID.ValueString(), found.uniqueID))
	default:
		diags.AddWarning(fmt.Sprintf("Current key %s of user %q is not listed by IAM", current, user),
			"Account and user are the right ones, so somebody deleted the key, or it was made so recently that IAM does not list it yet.")
	}
	return found, diags
}

// complete fills in account and unique id after an import.
func (r *rotatingAccessKeyResource) complete(ctx context.Context, model *rotatingAccessKeyModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if model.UserUniqueID.ValueString() != "" && model.AccountID.ValueString() != "" {
		return diags
	}
	user, err := r.client.Gateway.GetUser(ctx, model.User.ValueString())
	if err != nil {
		diags.AddError(fmt.Sprintf("User %q can't be read", model.User.ValueString()), awsErrorDetail(err)+"\n\nNothing was changed.")
		return diags
	}
	model.UserUniqueID, model.AccountID = types.StringValue(user.ID), types.StringValue(user.AccountID)
	return diags
}

// waitWarnings tells what does not happen though its time has come.
func (r *rotatingAccessKeyResource) waitWarnings(user string, record rotation.Record, decision rotation.Decision, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	// A current that is not listed yet has had its warning already.
	if w := decision.Blocked; w != nil && w.Cause != rotation.CauseYoung {
		diags.AddAttributeWarning(path.Root("rotation_blocked"),
			fmt.Sprintf("Rotation of user %q is due and waits: %s", user, waitFact(*w, seen)), blockedDetail(user, *w, record, seen))
	}
	for _, w := range decision.Waiting {
		diags.AddAttributeWarning(path.Root("previous"),
			fmt.Sprintf("Previous key %s of user %q is not retired yet: %s", w.Key, user, waitFact(w, seen)), waitRemedy(w, user))
	}
	return diags
}

// expiredWarning tells that a rotation will have to wait for a recipient, while none is due yet.
func expiredWarning(user string, policy rotation.Policy, decision rotation.Decision, now time.Time) diag.Diagnostics {
	var diags diag.Diagnostics
	until := policy.SealableUntil
	if until.IsZero() || now.Before(until) || decision.Blocked != nil {
		return diags
	}
	diags.AddAttributeWarning(path.Root("encrypted_output"),
		fmt.Sprintf("A recipient of encrypted_output expired at %s: the next rotation of user %q will wait for another", date(until), user),
		waitRemedy(rotation.Obstacle{Cause: rotation.CauseExpired}, user))
	return diags
}

// unusedWarning warns before a deactivation when nobody but our own proof has used current so far.
func (r *rotatingAccessKeyResource) unusedWarning(ctx context.Context, record rotation.Record, decision rotation.Decision, seen rotation.Observation) diag.Diagnostics {
	var diags diag.Diagnostics
	current := seen.Find(record.Current.ID)
	if !decision.Has(rotation.Deactivate) || decision.Has(rotation.Rotate) || record.Previous.Revoked || current == nil {
		return diags
	}
	key := *current
	use, err := r.client.lastUse(ctx, key.ID)
	if err != nil {
		diags.AddWarning(fmt.Sprintf("Last use of current key %s can't be read", key.ID), awsErrorDetail(err))
		return diags
	}
	key.LastUse = use
	if key.NeverUsed() {
		diags.AddAttributeWarning(path.Root("access_key_id"),
			fmt.Sprintf("Current key %s has not been used yet, and previous key %s is due for deactivation", key.ID, record.Previous.ID),
			"Nothing but the proof that it works has used the current key since "+date(key.CreatedAt)+". If its consumers still wait for the "+
				"new secret, hand it over first, or set paused = true.")
	}
	return diags
}
