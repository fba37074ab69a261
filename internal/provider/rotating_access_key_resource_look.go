package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// planLook plans a look at IAM where the plan would be empty, nothing has looked, and a date in the state has passed. Terraform calls
// Read before such a plan unless it was told not to refresh, or to refresh only what changes.
//
// A look makes rotation_blocked unknown: under -minimal-refresh that is what makes Terraform read. Older CLIs have no such mode, and a
// plan that changes nothing but a sensitivity mark could not be applied after a date. They get the warning alone.
func (r *rotatingAccessKeyResource) planLook(
	ctx context.Context, plan *rotatingAccessKeyModel, texts planTexts, known rotator.Evidence, private privateState,
) diag.Diagnostics {
	client := r.client.Rotator
	if client.WasRead(texts.user) {
		return nil
	}
	unseen := client.DueUnseen(ctx, texts.user, texts.record, known)
	if unseen == nil {
		return nil
	}
	// Without AWS's time the apply might find that nothing is due, and show another plan.
	if !r.client.MinimalRefresh || !client.Synced() {
		return diag.Diagnostics{notLooked(texts.user, *unseen, false)}
	}
	plan.RotationBlocked = types.StringUnknown()
	return append(setPrivate(ctx, private, lookKey, true), notLooked(texts.user, *unseen, true))
}

// look looks at IAM and keeps what it finds for the next plan, which shows it. It changes nothing in IAM.
func (r *rotatingAccessKeyResource) look(
	ctx context.Context, state *rotatingAccessKeyModel, record rotation.Record, known rotator.Evidence, resp *resource.UpdateResponse,
) {
	subject, diags := state.subject(ctx, record)
	resp.Diagnostics.Append(diags...)
	found, err := r.client.Rotator.Read(ctx, subject, record, known)
	if err != nil {
		resp.Diagnostics.Append(locateFailure(subject.User, err))
		return
	}
	if warning, ok := locationWarning(subject, found.Location); ok {
		resp.Diagnostics.Append(warning)
	}
	evidence := found.Evidence
	if found.Location.Outcome == rotator.UserGone {
		// The next plan with a refresh takes the resource out of the state.
		evidence = known
	}
	evidence.LookedAt = r.client.Rotator.Now()
	state.RotationBlocked = blockedText(found.Decision.Blocked)
	resp.Diagnostics.Append(setPrivate(ctx, resp.Private, evidenceKey, evidence)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, state)...)
}
