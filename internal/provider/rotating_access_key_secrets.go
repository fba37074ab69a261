package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
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

// tryAtPlan tries whether a secret could be encrypted. AWS KMS is left to the apply: a plan role need not be allowed to
// encrypt.
func (r *rotatingAccessKeyResource) tryAtPlan(ctx context.Context, e *encryption) diag.Diagnostics {
	if e == nil || e.method == sealing.KMS {
		return nil
	}
	return e.try(ctx, r.client.Gateway.Now())
}

// planSealing plans the encryption of what the state holds in plain text, and checks the recipients that are new.
func (r *rotatingAccessKeyResource) planSealing(ctx context.Context, plan *rotatingAccessKeyModel) diag.Diagnostics {
	e, diags := plan.encryption(r.client.KMS)
	if e == nil {
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
	diags.Append(r.tryAtPlan(ctx, e)...)
	diags.AddAttributeWarning(path.Root("encrypted_output"),
		fmt.Sprintf("Secret of key %s is encrypted from now on, but older state versions and this saved plan hold it in plain text", strings.Join(ids, " and ")),
		"The apply takes the plain text out of the state, without a rotation. Versions and backups of the state that are older, and a file that this plan is "+
			"saved to, still have it: delete them, or rotate afterwards with rotate_when_changed so that they are worth nothing.")
	return diags
}

// prepareSecrets encrypts what the state holds in plain text, and finds out whether the secret of a new key can be
// encrypted. Nothing has been changed yet.
func (o *operation) prepareSecrets(ctx context.Context, steps []rotation.Step) diag.Diagnostics {
	if o.encryption == nil {
		return nil
	}
	now := o.client.Gateway.Now()
	secrets, diags := o.model.secrets(ctx)
	o.sealed = map[string]types.String{}
	for id, s := range secrets {
		if s.plain.IsNull() {
			continue
		}
		sealed, err := o.encryption.seal(ctx, now, id, secret.New(s.plain.ValueString()))
		if err != nil {
			diags.Append(recipientError(recipientsPath(o.encryption.method), err))
			return diags
		}
		o.sealed[id] = sealed
	}
	rotates := slices.ContainsFunc(steps, func(s rotation.Step) bool { return s.Kind == rotation.Rotate })
	if rotates && len(o.sealed) == 0 {
		diags.Append(o.encryption.try(ctx, now)...)
	}
	return diags
}

// configure takes the new configuration into the model, and the encrypted secrets with it.
func (o *operation) configure(ctx context.Context) {
	o.model.copyConfiguration(o.configured)
	if o.encryption != nil {
		o.diags.Append(o.model.replacePlain(ctx, func(id string) types.String { return o.sealed[id] })...)
	}
}

// seal encrypts the secret of a new key; null without encrypted_output.
func (o *operation) seal(ctx context.Context, key iamgate.NewAccessKey) (types.String, error) {
	if o.encryption == nil {
		return types.StringNull(), nil
	}
	return o.encryption.seal(ctx, o.client.Gateway.Now(), key.ID, key.Secret)
}
