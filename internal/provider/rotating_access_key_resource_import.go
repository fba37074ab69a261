package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// accessKeyID is the form of a long-term access key id, as far as AWS says:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html and reference_identifiers.html.
var accessKeyID = regexp.MustCompile(`^AKIA[A-Z0-9]{12,124}$`)

const importForms = "user, user/AKIA-CURRENT or user/AKIA-CURRENT/AKIA-PREVIOUS"

func (r *rotatingAccessKeyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id, accountID := req.ID, types.StringNull()
	if id == "" && req.Identity != nil {
		var user types.String
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("user"), &user)...)
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("account_id"), &accountID)...)
		id = user.ValueString()
	}
	user, ids, ok := splitImportID(id)
	if !ok {
		resp.Diagnostics.Append(badImportID(id))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.client.Rotator.CheckAccount(ctx, accountID.ValueString()); err != nil {
		resp.Diagnostics.Append(locateFailure(user, err))
		return
	}
	keys, err := r.client.Rotator.List(ctx, user)
	if err != nil {
		resp.Diagnostics.Append(locateFailure(user, err))
		return
	}
	seen := rotation.Observation{Keys: keys}
	current, previous, refusal := chooseImport(user, ids, seen)
	if refusal != "" {
		resp.Diagnostics.Append(importRefused(refusal, user, seen))
		return
	}

	now := r.client.Rotator.Now()
	model := importedModel(user, accountID, current)
	record := rotation.Record{Current: rotation.Current{ID: current.ID, CreatedAt: current.CreatedAt}}
	if previous != nil {
		record.Previous = &rotation.Previous{ID: previous.ID, CreatedAt: previous.CreatedAt, ReplacedAt: now}
		if previous.Status == rotation.Inactive {
			record.Previous.DeactivatedAt = now
		}
	}
	resp.Diagnostics.Append(model.show(ctx, record.Reconcile(seen, now), seen, rotation.Policy{})...)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, &model)...)
}

// importedModel is the state of a key that was imported: its secret is unknown to us, and its policy is not configured yet.
func importedModel(user string, accountID types.String, current *rotation.Key) rotatingAccessKeyModel {
	return rotatingAccessKeyModel{
		User: types.StringValue(user), ID: types.StringValue(user), AccountID: accountID,
		RotateAfter: nullDuration(), Overlap: nullDuration(), Grace: nullDuration(), RequireUnusedFor: nullDuration(),
		EncryptedOutput:   types.ObjectNull(encryptedOutputType),
		RotateWhenChanged: types.MapNull(types.StringType), RevokeWhenChanged: types.MapNull(types.StringType),
		AccessKeyID: types.StringValue(current.ID), Version: nextVersion(types.Int64Null(), current.CreatedAt),
		RotationReason: types.StringValue("imported"), Previous: types.ObjectNull(previousType),
	}
}

func nullDuration() durationValue { return durationValue{StringValue: types.StringNull()} }

// splitImportID reads user, user/AKIA1 or user/AKIA1/AKIA2.
func splitImportID(id string) (user string, ids []string, ok bool) {
	parts := strings.Split(id, "/")
	if parts[0] == "" || len(parts) > 3 {
		return "", nil, false
	}
	for _, part := range parts[1:] {
		if !accessKeyID.MatchString(part) {
			return "", nil, false
		}
	}
	return parts[0], parts[1:], true
}

// chooseImport finds the keys that an import means. The refusal says why it can't.
func chooseImport(user string, ids []string, seen rotation.Observation) (current, previous *rotation.Key, refusal string) {
	if len(ids) == 0 {
		switch len(seen.Keys) {
		case 0:
			return nil, nil, fmt.Sprintf("User %q has no access key to import", user)
		case 1:
			return &seen.Keys[0], nil, ""
		default:
			return nil, nil, fmt.Sprintf("User %q has %d access keys: name the current one", user, len(seen.Keys))
		}
	}
	for _, id := range ids {
		if seen.Find(id) == nil {
			return nil, nil, fmt.Sprintf("User %q has no access key %s", user, id)
		}
	}
	current = seen.Find(ids[0])
	if len(ids) == 2 {
		if ids[0] == ids[1] {
			return nil, nil, fmt.Sprintf("Key %s can't be both current and previous", ids[0])
		}
		previous = seen.Find(ids[1])
	}
	return current, previous, ""
}

// importExample is the import id of all keys of a user, the newest as current.
func importExample(user string, seen rotation.Observation) string {
	var newest, other string
	var at time.Time
	for _, k := range seen.Keys {
		if newest == "" || !k.CreatedAt.Before(at) {
			newest, other, at = k.ID, newest, k.CreatedAt
		} else {
			other = k.ID
		}
	}
	switch {
	case newest == "":
		return user
	case other == "":
		return user + "/" + newest
	default:
		return user + "/" + newest + "/" + other
	}
}
