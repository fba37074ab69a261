package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// unknownFrom is the first instant that stands for one not known yet: a plan takes its steps at plannedAt, and every date
// that follows from it lands beyond unknownFrom, however long the configured durations are (36500 days at most).
var (
	unknownFrom = time.Date(5000, 1, 1, 0, 0, 0, 0, time.UTC)
	plannedAt   = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// setComputed writes what the record and IAM say of the keys into the computed attributes. Dates and ids that the plan can't
// know become unknown. Secrets stay with their key.
func (m *rotatingAccessKeyModel) setComputed(
	ctx context.Context, r rotation.Record, seen rotation.Observation, policy rotation.Policy,
) diag.Diagnostics {
	secrets, diags := m.secrets(ctx)
	if r.Current.ID != m.AccessKeyID.ValueString() {
		m.Version = nextVersion(m.Version, r.Current.CreatedAt)
		m.SecretAccessKey, m.EncryptedSecret = types.StringUnknown(), types.StringNull()
		if !m.EncryptedOutput.IsNull() {
			m.SecretAccessKey, m.EncryptedSecret = types.StringNull(), types.StringUnknown()
		}
	}
	m.ID, m.RotationRequested = types.StringValue(r.User), types.StringNull()
	if r.Request != "" {
		m.RotationRequested = types.StringValue(string(r.Request))
	}
	m.AccessKeyID = keyID(r.Current.ID)
	m.Status = types.StringValue(statusMissing)
	if k := seen.Find(r.Current.ID); k != nil {
		m.Status = types.StringValue(string(k.Status))
	}
	m.CreatedAt, m.InactiveSince = formatTime(r.Current.CreatedAt), formatTime(r.Current.InactiveSince)
	m.ManagedSince, m.RotateAt = formatTime(r.ManagedSince), formatTime(r.RotateAt(policy))
	m.CompliantUntil = formatTime(r.CompliantUntil(policy, seen))

	p := r.Previous
	if p == nil {
		m.PreviousAccessKeyID, m.Previous = types.StringNull(), types.ObjectNull(previousType)
		return diags
	}
	m.PreviousAccessKeyID = keyID(p.ID)
	shown := previousModel{
		Status:      types.StringValue(statusMissing),
		AccessKeyID: keyID(p.ID), CreatedAt: formatTime(p.CreatedAt), ReplacedAt: formatTime(p.ReplacedAt),
		SecretAccessKey: secrets[p.ID].plain, EncryptedSecret: secrets[p.ID].sealed,
		DeactivateAt: formatTime(p.DeactivateAt(policy)), DeactivatedAt: formatTime(p.DeactivatedAt),
		Adopted: types.BoolValue(p.Adopted), Revoked: types.BoolValue(p.Revoked),
	}
	if status := p.StatusIn(seen); status != "" {
		shown.Status = types.StringValue(string(status))
	}
	if !p.DeactivatedAt.IsZero() {
		shown.DeactivatedBy = types.StringValue(deactivatedElse)
		if p.DeactivatedByUs {
			shown.DeactivatedBy = types.StringValue(deactivatedHere)
		}
		var use rotation.Use
		if k := seen.Find(p.ID); k != nil && k.LastUse != nil {
			use = *k.LastUse
		}
		shown.DeleteAt = formatTime(p.DeleteAt(policy, use))
	}
	object, d := types.ObjectValueFrom(ctx, previousType, shown)
	m.Previous = object
	return append(diags, d...)
}

// nextVersion is the version of a key created at createdAt that follows a key with version old.
func nextVersion(old types.Int64, createdAt time.Time) types.Int64 {
	if !createdAt.Before(unknownFrom) {
		return types.Int64Unknown()
	}
	return types.Int64Value(max(createdAt.Unix(), old.ValueInt64()+1))
}

// keyID is unknown for the key that an apply will create.
func keyID(id string) types.String {
	if id == plannedKeyID {
		return types.StringUnknown()
	}
	return types.StringValue(id)
}

// formatTime is an instant in RFC 3339, null when there is none and unknown when the plan can't know it.
func formatTime(t time.Time) types.String {
	switch {
	case t.IsZero():
		return types.StringNull()
	case !t.Before(unknownFrom):
		return types.StringUnknown()
	default:
		return types.StringValue(t.UTC().Format(time.RFC3339))
	}
}

// parseTime reads what formatTime wrote; null, unknown and anything else is the zero time.
func parseTime(s types.String) time.Time {
	t, err := time.Parse(time.RFC3339, s.ValueString())
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

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
func (r *rotatingAccessKeyResource) planSealing(
	ctx context.Context, plan *rotatingAccessKeyModel, user string, want desired,
) diag.Diagnostics {
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
	if !want.policy.SealableUntil.IsZero() && !r.client.Rotator.Synced() {
		// Whether a recipient has expired depends on the time, and an apply has not heard AWS's time yet.
		r.client.Rotator.SyncTime(ctx, user)
	}
	diags.Append(want.encryption.checkAtPlan(ctx, r.client.Rotator.Now())...)
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

// The keys of the private state. Persisted: what an older version wrote under them must stay readable.
const (
	// evidenceKey holds the rotator.Evidence of the last Read or apply.
	evidenceKey = "evidence"
	// lookKey reports, for Update, that ModifyPlan planned a look at IAM.
	lookKey = "look"
	// plannedKey holds the []rotation.Step that ModifyPlan showed, for Update.
	plannedKey = "planned"
)

// privateState is the private state of a request or response. The framework's own type can't be named here.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// getPrivate reads the value under key into v and reports whether there is one.
func getPrivate(ctx context.Context, private privateState, key string, v any) (bool, diag.Diagnostics) {
	data, diags := private.GetKey(ctx, key)
	if diags.HasError() || len(data) == 0 {
		return false, diags
	}
	if err := json.Unmarshal(data, v); err != nil {
		diags.Append(privateUnreadable(key, err))
		return false, diags
	}
	return true, diags
}

// setPrivate stores v under key.
func setPrivate(ctx context.Context, private privateState, key string, v any) diag.Diagnostics {
	data, err := json.Marshal(v)
	if err != nil {
		return diag.Diagnostics{privateUnwritable(key, err)}
	}
	return private.SetKey(ctx, key, data)
}
