package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
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
	known, diags := model.evidence(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	record, diags := model.record(ctx, r.desired(ctx, &model).policy, known.SealedTo)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	subject, diags := model.subject(ctx, record)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, err := r.client.Rotator.Read(ctx, subject, record, known)
	if warning, ok := locationWarning(subject, found.Location); ok {
		resp.Diagnostics.Append(warning)
	}
	if err != nil {
		resp.Diagnostics.Append(refreshFailure(subject.User, err))
		return
	}
	switch found.Location.Outcome { //nolint:exhaustive // the others are the rest of this function
	case rotator.UserGone:
		// The framework asks for an identity even of a resource that is gone.
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
		resp.State.RemoveResource(ctx)
		return
	case rotator.UserUnknown:
		resp.Diagnostics.Append(r.claim(subject.User, record.Current.ID)...)
		model.setBlocked(found.Decision)
		resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, found.Evidence)...)
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
		return
	}
	record = found.Record
	if model.SkipDestroy.ValueBool() {
		r.client.Rotator.ClaimKept(found.Location.User, record.Current.ID)
	}
	resp.Diagnostics.Append(r.readingWarnings(record, found, r.explainUsage(ctx, &model, record, found.Decision))...)
	resp.Diagnostics.Append(model.setReading(ctx, record, found)...)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, found.Evidence)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// readingWarnings say what a Read found out that a user must know. Usage is what CloudTrail shows of a key that is still in use.
func (r *rotatingAccessKeyResource) readingWarnings(record rotation.Record, found rotator.Reading, usage string) diag.Diagnostics {
	user, seen := found.Location.User, found.Evidence.Seen
	policy, now := record.LastPolicy(), r.client.Rotator.Now()
	diags := waitingWarnings(user, record, found.Decision, seen, usage)
	for _, k := range found.Orphans {
		diags.Append(orphanLeft(user, k))
	}
	if found.Unknown != nil {
		diags.Append(lastUseUnknown(user, *found.Unknown))
	}
	at := record.RotateAt(policy)
	if !now.Before(at) {
		at = time.Time{}
	}
	diags.Append(keysInTheWay(user, policy.UnmanagedKeys, found.InTheWay, at, soFar)...)
	diags.Append(freezeWarnings(user, record, found.Evidence, now)...)
	diags.Append(expiredWarning(user, policy, found.Decision, now)...)
	return append(diags, r.claim(user, record.Current.ID)...)
}

// claim records that this resource manages a user, and warns if another one does, too.
func (r *rotatingAccessKeyResource) claim(user, current string) diag.Diagnostics {
	if other := r.client.Rotator.ClaimRead(user, current); other != "" {
		return diag.Diagnostics{sharedUser(user, other, current)}
	}
	return nil
}

// setReading stores what a Read found out. What must last is left to a planned step.
func (m *rotatingAccessKeyModel) setReading(ctx context.Context, record rotation.Record, found rotator.Reading) diag.Diagnostics {
	m.AccountID, m.UserUniqueID = types.StringValue(found.User.AccountID), types.StringValue(found.User.UniqueID)
	m.setBlocked(found.Decision)
	record.UniqueID = found.User.UniqueID
	return m.setComputed(ctx, record, found.Evidence.Seen, record.LastPolicy())
}

// setBlocked stores what a decision says to be blocked.
func (m *rotatingAccessKeyModel) setBlocked(d rotation.Decision) {
	m.RotationBlocked, m.RetirementBlocked = blockedText(d.Blocked), blockedText(d.RetirementBlocked)
}

// subject is the user that the state speaks of.
func (m *rotatingAccessKeyModel) subject(ctx context.Context, record rotation.Record) (rotator.Subject, diag.Diagnostics) {
	plain, diags := m.plainSecrets(ctx)
	s := rotator.Subject{
		User: record.User, RecordedUser: record.User, Followed: m.User.ValueString() != record.User,
		AccountID: m.AccountID.ValueString(), UniqueID: m.UserUniqueID.ValueString(),
	}
	return s.WithKeys(record, plain), diags
}

// ImportState takes over keys that exist, by an import id or by the identity.
func (r *rotatingAccessKeyResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	text, accountID := req.ID, types.StringNull()
	if text == "" && req.Identity != nil {
		var user types.String
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("user"), &user)...)
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("account_id"), &accountID)...)
		text = user.ValueString()
	}
	id, ok := rotator.ParseImportID(text)
	if !ok {
		resp.Diagnostics.Append(badImportID(text))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	record, seen, err := r.client.Rotator.Import(ctx, id, accountID.ValueString())
	if err != nil {
		resp.Diagnostics.Append(importFailure(id.User, err))
		return
	}
	model := importedModel(id.User, accountID, record)
	resp.Diagnostics.Append(model.setComputed(ctx, record, seen, rotation.Policy{})...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// importedModel is the state of a key that was imported: its secret is unknown to us, and its policy is not configured yet.
func importedModel(user string, accountID types.String, record rotation.Record) rotatingAccessKeyModel {
	current := record.Current
	return rotatingAccessKeyModel{
		User: types.StringValue(user), ID: types.StringValue(user), AccountID: accountID,
		EncryptedOutput:   types.ObjectNull(encryptedOutputType),
		RotateWhenChanged: types.MapNull(types.StringType), RevokeWhenChanged: types.MapNull(types.StringType),
		AccessKeyID: types.StringValue(current.ID), Version: nextVersion(types.Int64Null(), current.CreatedAt),
		LastChange: types.StringValue(importChange(record)), Previous: types.ObjectNull(previousType),
	}
}
