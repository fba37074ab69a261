package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

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
	resp.Diagnostics.Append(model.show(ctx, record, seen, rotation.Policy{})...)
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
