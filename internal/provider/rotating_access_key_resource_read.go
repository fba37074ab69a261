package provider

import (
	"context"

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
	record, diags := model.record(ctx, r.desired(ctx, &model).policy)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	subject := model.subject(record)
	found, err := r.client.Rotator.Read(ctx, subject, record, known)
	if warning, ok := locationWarning(subject, found.Location); ok {
		resp.Diagnostics.Append(warning)
	}
	if err != nil {
		resp.Diagnostics.Append(locateFailure(subject.User, err))
		return
	}
	if found.Location.Outcome == rotator.UserGone {
		// The framework asks for an identity even of a resource that is gone.
		resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
		resp.State.RemoveResource(ctx)
		return
	}
	resp.Diagnostics.Append(r.readingWarnings(found)...)
	if model.SkipDestroy.ValueBool() {
		r.client.Rotator.ClaimKept(found.Location.User, record.Current.ID)
	}
	resp.Diagnostics.Append(model.setReading(ctx, found)...)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, found.Evidence)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// readingWarnings say what a Read found out that a user must know.
func (r *rotatingAccessKeyResource) readingWarnings(found rotator.Reading) diag.Diagnostics {
	user, record, seen := found.Location.User, found.Decision.Record, found.Evidence.Seen
	diags := waitingWarnings(user, found.Decision, seen)
	for _, k := range found.Orphans {
		diags.Append(orphanLeft(user, k))
	}
	switch {
	case found.UseErr != nil:
		diags.Append(currentUseUnknown(record.Current.ID, found.UseErr))
	case found.UnusedCurrent != nil:
		diags.Append(unusedCurrent(*found.UnusedCurrent, record.Previous.ID))
	}
	diags.Append(expiredWarning(user, record.LastPolicy(), found.Decision, r.client.Rotator.Now())...)
	if other := r.client.Rotator.ClaimRead(user, record.Current.ID); other != "" {
		diags.Append(sharedUser(user, other, record.Current.ID))
	}
	return diags
}

// setReading stores what a Read found out, and follows a renamed user.
func (m *rotatingAccessKeyModel) setReading(ctx context.Context, found rotator.Reading) diag.Diagnostics {
	if found.Location.Outcome == rotator.UserRenamed {
		m.User, m.ID = types.StringValue(found.Location.User), types.StringValue(found.Location.User)
	}
	m.AccountID, m.UserUniqueID = types.StringValue(found.User.AccountID), types.StringValue(found.User.UniqueID)
	m.RotationBlocked = types.StringNull()
	if found.Decision.Blocked != nil {
		m.RotationBlocked = types.StringValue(obstacleFact(*found.Decision.Blocked, found.Evidence.Seen))
	}
	return m.setComputed(ctx, found.Decision.Record, found.Evidence.Seen, found.Decision.Record.LastPolicy())
}

// subject is the user that the state speaks of.
func (m *rotatingAccessKeyModel) subject(record rotation.Record) rotator.Subject {
	user := m.User.ValueString()
	return rotator.Subject{
		User: user, RecordedUser: user, AccountID: m.AccountID.ValueString(), UniqueID: m.UserUniqueID.ValueString(),
		Current: record.Current,
	}
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
	model := importedModel(id.User, accountID, record.Current)
	resp.Diagnostics.Append(model.setComputed(ctx, record, seen, rotation.Policy{})...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// importedModel is the state of a key that was imported: its secret is unknown to us, and its policy is not configured yet.
func importedModel(user string, accountID types.String, current rotation.Current) rotatingAccessKeyModel {
	return rotatingAccessKeyModel{
		User: types.StringValue(user), ID: types.StringValue(user), AccountID: accountID,
		EncryptedOutput:   types.ObjectNull(encryptedOutputType),
		RotateWhenChanged: types.MapNull(types.StringType), RevokeWhenChanged: types.MapNull(types.StringType),
		AccessKeyID: types.StringValue(current.ID), Version: nextVersion(types.Int64Null(), current.CreatedAt),
		RotationReason: types.StringValue("imported"), Previous: types.ObjectNull(previousType),
	}
}
