package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// keySecret is the secret of a key as the state holds it: in plain text, encrypted, or not at all.
type keySecret struct{ plain, sealed types.String }

// secrets are the secrets of both keys, by key id.
func (m *rotatingAccessKeyModel) secrets(ctx context.Context) (map[string]keySecret, diag.Diagnostics) {
	secrets := map[string]keySecret{m.AccessKeyID.ValueString(): {m.SecretAccessKey, m.EncryptedSecret}}
	p, diags := m.previous(ctx)
	if p != nil {
		secrets[p.AccessKeyID.ValueString()] = keySecret{p.SecretAccessKey, p.EncryptedSecret}
	}
	return secrets, diags
}

// replacePlain puts an encrypted secret in the place of each one in plain text.
func (m *rotatingAccessKeyModel) replacePlain(ctx context.Context, sealed func(id string) types.String) diag.Diagnostics {
	if !m.SecretAccessKey.IsNull() {
		m.SecretAccessKey, m.EncryptedSecret = types.StringNull(), sealed(m.AccessKeyID.ValueString())
	}
	p, diags := m.previous(ctx)
	if p == nil || p.SecretAccessKey.IsNull() {
		return diags
	}
	p.SecretAccessKey, p.EncryptedSecret = types.StringNull(), sealed(p.AccessKeyID.ValueString())
	object, d := types.ObjectValueFrom(ctx, previousType, p)
	m.Previous = object
	return append(diags, d...)
}

// planSealing plans the encryption of what the state holds in plain text, and checks the recipients that are new.
func (r *rotatingAccessKeyResource) planSealing(ctx context.Context, plan *rotatingAccessKeyModel, want desired) diag.Diagnostics {
	diags := want.problems
	if want.encryption == nil {
		return diags
	}
	var ids []string
	diags.Append(plan.replacePlain(ctx, func(id string) types.String {
		ids = append(ids, id)
		return types.StringUnknown()
	})...)
	if len(ids) == 0 {
		return diags
	}
	diags.Append(want.encryption.tryAtPlan(ctx, r.client.Rotator.Now())...)
	diags.Append(plainTextRemains(ids))
	return diags
}

// plainSecrets are the secrets that the state holds in plain text, by key id.
func (m *rotatingAccessKeyModel) plainSecrets(ctx context.Context) (map[string]secret.Secret, diag.Diagnostics) {
	secrets, diags := m.secrets(ctx)
	plain := map[string]secret.Secret{}
	for id, s := range secrets {
		if !s.plain.IsNull() {
			plain[id] = secret.New(s.plain.ValueString())
		}
	}
	return plain, diags
}
