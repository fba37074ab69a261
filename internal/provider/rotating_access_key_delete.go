package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Delete implements resource.Resource.
func (r *rotatingAccessKeyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.SkipDestroy.ValueBool() {
		return
	}
	resp.Diagnostics.Append(r.refuseOwnKey(ctx, &state)...)
	record, d := state.record(ctx)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	user := state.User.ValueString()
	for _, id := range ownKeys(record) {
		owner, err := r.client.deleteWherever(ctx, user, id, state.AccountID.ValueString())
		if wrong := (*wrongAccountError)(nil); errors.As(err, &wrong) {
			resp.Diagnostics.Append(lookError(user, err))
			return
		}
		if err != nil {
			resp.Diagnostics.AddError(fmt.Sprintf("Key %s of user %q could not be deleted", id, user), awsErrorDetail(err)+
				"\n\nKeys that were already deleted are gone; the resource stays in the state. Destroy again.")
			return
		}
		if state.Description.ValueString() != "" {
			if err := r.client.Gateway.UntagUser(ctx, owner, id); err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
				resp.Diagnostics.AddWarning(fmt.Sprintf("Description of key %s could not be removed", id), awsErrorDetail(err))
			}
		}
	}
	if p := record.Previous; p != nil && p.Adopted {
		resp.Diagnostics.AddWarning(fmt.Sprintf("Adopted key %s of user %q was left in IAM", p.ID, user),
			"This resource did not make it. If nobody needs it, delete it:\n  "+strings.Join([]string{
				statusCommand(user, p.ID, rotation.Inactive), deleteCommand(user, p.ID),
			}, "\n  "))
	}
}

// deleteWherever deletes a key under the name of the user who owns it now, and returns that name. A key that does not exist
// in the account of the state is success.
func (c *Client) deleteWherever(ctx context.Context, user, id, accountID string) (string, error) {
	owner, gone, err := c.wherever(ctx, user, id, accountID, func(name string) error { return c.Gateway.DeleteAccessKey(ctx, name, id) })
	if gone || err != nil {
		return owner, err
	}
	_, err = c.Gateway.WaitDeleted(ctx, owner, id)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) || iamgate.IsKind(err, iamgate.KindNotSettled) {
		return owner, nil
	}
	return owner, err
}

// wherever changes a key under the recorded name of its user, or, where IAM knows no such user or key, under the name of who
// owns the key now, and returns the name. Gone tells that the key does not exist in the account of the state.
func (c *Client) wherever(ctx context.Context, user, id, accountID string, change func(user string) error) (owner string, gone bool, err error) {
	if err = change(user); !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return user, false, err
	}
	if err := c.checkAccount(ctx, accountID); err != nil {
		return user, false, err
	}
	owner, _, err = c.owner(ctx, id)
	if err != nil || owner == "" {
		return user, err == nil, err
	}
	err = change(owner)
	return owner, iamgate.IsKind(err, iamgate.KindNoSuchEntity), ignoreNoSuchEntity(err)
}

func ignoreNoSuchEntity(err error) error {
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return nil
	}
	return err
}
