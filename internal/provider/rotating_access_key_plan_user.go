package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// planOtherUser tells whether a changed user name is another user, which replaces the resource, or the same user renamed.
func (r *rotatingAccessKeyResource) planOtherUser(ctx context.Context, state, plan *rotatingAccessKeyModel) (replace bool, diags diag.Diagnostics) {
	from, to := state.User.ValueString(), plan.User.ValueString()
	// Without a Read in this process this is an apply, and what it shows must be what the plan showed: no replacement, which
	// Terraform would not ask about with the old state. Update finds out whether the user is the same.
	if plan.User.IsUnknown() || !r.client.claims.has(from) {
		return false, diags
	}
	user, err := r.client.Gateway.GetUser(ctx, to)
	switch {
	case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
		diags.AddAttributeWarning(path.Root("user"), fmt.Sprintf("User %q does not exist yet: planned as a renaming of %q", to, from),
			fmt.Sprintf("If this apply renames user %q, its keys follow. If it creates another user, this resource fails before it changes anything, "+
				"and the next plan replaces it.", from))
		return false, diags
	case err != nil:
		diags.AddAttributeError(path.Root("user"), fmt.Sprintf("User %q can't be read", to), awsErrorDetail(err)+"\n\nNothing was changed.")
		return false, diags
	}
	return user.ID != state.UserUniqueID.ValueString(), diags
}

// refuseOwnKey fails a destroy that would delete the key that signs our own requests.
func (r *rotatingAccessKeyResource) refuseOwnKey(ctx context.Context, state *rotatingAccessKeyModel) diag.Diagnostics {
	var diags diag.Diagnostics
	if state.SkipDestroy.ValueBool() {
		return diags
	}
	signer, err := r.client.Gateway.SigningKeyID(ctx)
	if err != nil {
		diags.AddError("Credentials of the provider can't be read", awsErrorDetail(err)+"\n\nNothing was changed.")
		return diags
	}
	record, d := state.record(ctx)
	diags.Append(d...)
	for _, id := range ownKeys(record) {
		if id == signer {
			diags.AddAttributeError(path.Root("access_key_id"),
				fmt.Sprintf("Key %s signs the requests of this provider, so it is not destroyed", id),
				"Nothing was changed. Configure the provider with other credentials and destroy again, or set skip_destroy = true and apply first, to leave the keys in IAM.")
		}
	}
	return diags
}

// ownKeys are the ids that a destroy deletes, previous first. An adopted key was not made here and stays.
func ownKeys(record rotation.Record) []string {
	var ids []string
	if p := record.Previous; p != nil && !p.Adopted {
		ids = append(ids, p.ID)
	}
	return append(ids, record.Current.ID)
}
