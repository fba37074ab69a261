package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Delete deletes the keys that this resource created, and leaves an adopted one.
func (r *rotatingAccessKeyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state rotatingAccessKeyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || state.SkipDestroy.ValueBool() {
		return
	}
	resp.Diagnostics.Append(r.refuseOwnKey(ctx, &state)...)
	record, d := state.record(ctx, r.desired(&state).policy)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	user := state.User.ValueString()
	notices, err := r.client.Rotator.Destroy(ctx, user, state.AccountID.ValueString(), record, state.Description.ValueString() != "")
	for _, n := range notices {
		resp.Diagnostics.Append(applyTexts{user: user}.notice(n))
	}
	if err != nil {
		resp.Diagnostics.Append(destroyFailure(user, err))
		return
	}
	if p := record.Previous; p != nil && p.Adopted {
		resp.Diagnostics.Append(adoptedKeyLeft(user, p.ID))
	}
}
