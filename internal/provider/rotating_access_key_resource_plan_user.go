package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// planOtherUser reports whether a changed user name is another user, which replaces the resource, or the same user renamed.
func (r *rotatingAccessKeyResource) planOtherUser(
	ctx context.Context, state, plan *rotatingAccessKeyModel,
) (replace bool, diags diag.Diagnostics) {
	from, to := state.User.ValueString(), plan.User.ValueString()
	// An apply must show what its plan showed, and that was no replacement, which Terraform would not ask about with the old
	// state. Update finds out whether the user is the same.
	if plan.User.IsUnknown() || !r.client.Rotator.WasRead(from) {
		return false, diags
	}
	user, err := r.client.Rotator.GetUser(ctx, to)
	switch {
	case rotator.IsNoSuchUser(err):
		diags.Append(renamePlanned(from, to))
		return false, diags
	case err != nil:
		diags.Append(diag.WithPath(path.Root("user"), locateFailure(to, err)))
		return false, diags
	}
	return user.UniqueID != state.UserUniqueID.ValueString(), diags
}

// refuseOwnKey fails a destroy that would delete the key that signs our own requests.
func (r *rotatingAccessKeyResource) refuseOwnKey(ctx context.Context, state *rotatingAccessKeyModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if state.SkipDestroy.ValueBool() {
		return diags
	}
	signer, err := r.client.Rotator.SigningKeyID(ctx)
	if err != nil {
		diags.Append(signerUnknown(err))
		return diags
	}
	record, d := state.record(ctx, r.desired(state).policy)
	diags.Append(d...)
	if slices.Contains(rotator.OwnKeys(record), signer) {
		diags.Append(signerNotDestroyed(signer))
	}
	return diags
}
