package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// rotatingAccessKeyModel is configuration, plan and state of the resource. It holds secrets: never log or print one.
type rotatingAccessKeyModel struct {
	User              types.String  `tfsdk:"user"`
	MaxAge            durationValue `tfsdk:"max_age"`
	ApplyEvery        durationValue `tfsdk:"apply_every"`
	RotateAfter       durationValue `tfsdk:"rotate_after"`
	RotationSpread    durationValue `tfsdk:"rotation_spread"`
	Overlap           durationValue `tfsdk:"overlap"`
	Grace             durationValue `tfsdk:"grace"`
	RequireUnusedFor  durationValue `tfsdk:"require_unused_for"`
	WaitForHandover   types.Bool    `tfsdk:"wait_for_handover"`
	RotateWhenChanged types.Map     `tfsdk:"rotate_when_changed"`
	RevokeWhenChanged types.Map     `tfsdk:"revoke_when_changed"`
	HoldPrevious      types.Bool    `tfsdk:"hold_previous"`
	Paused            types.Bool    `tfsdk:"paused"`
	UnmanagedKeys     types.String  `tfsdk:"unmanaged_keys"`
	WaitUntilUsable   types.Bool    `tfsdk:"wait_until_usable"`
	Description       types.String  `tfsdk:"description"`
	EncryptedOutput   types.Object  `tfsdk:"encrypted_output"`
	ExplainUsage      types.Bool    `tfsdk:"explain_usage"`
	SkipDestroy       types.Bool    `tfsdk:"skip_destroy"`

	ID                  types.String `tfsdk:"id"`
	AccountID           types.String `tfsdk:"account_id"`
	UserUniqueID        types.String `tfsdk:"user_unique_id"`
	AccessKeyID         types.String `tfsdk:"access_key_id"`
	SecretAccessKey     types.String `tfsdk:"secret_access_key"`
	EncryptedSecret     types.String `tfsdk:"encrypted_secret"`
	Status              types.String `tfsdk:"status"`
	CreatedAt           types.String `tfsdk:"created_at"`
	InactiveSince       types.String `tfsdk:"inactive_since"`
	ManagedSince        types.String `tfsdk:"managed_since"`
	RotateAt            types.String `tfsdk:"rotate_at"`
	CompliantUntil      types.String `tfsdk:"compliant_until"`
	LastChange          types.String `tfsdk:"last_change"`
	RotationRequested   types.String `tfsdk:"rotation_requested"`
	RotationBlocked     types.String `tfsdk:"rotation_blocked"`
	RetirementBlocked   types.String `tfsdk:"retirement_blocked"`
	Version             types.Int64  `tfsdk:"version"`
	PreviousAccessKeyID types.String `tfsdk:"previous_access_key_id"`
	Previous            types.Object `tfsdk:"previous"`
}

// previousModel is the nested object previous.
type previousModel struct {
	AccessKeyID     types.String `tfsdk:"access_key_id"`
	SecretAccessKey types.String `tfsdk:"secret_access_key"`
	EncryptedSecret types.String `tfsdk:"encrypted_secret"`
	Status          types.String `tfsdk:"status"`
	CreatedAt       types.String `tfsdk:"created_at"`
	ReplacedAt      types.String `tfsdk:"replaced_at"`
	DeactivateAt    types.String `tfsdk:"deactivate_at"`
	DeactivatedAt   types.String `tfsdk:"deactivated_at"`
	DeactivatedBy   types.String `tfsdk:"deactivated_by"`
	DeleteAt        types.String `tfsdk:"delete_at"`
	Adopted         types.Bool   `tfsdk:"adopted"`
	Revoked         types.Bool   `tfsdk:"revoked"`
}

const (
	statusMissing   = "Missing"
	deactivatedHere = "iamkeys"
	deactivatedElse = "other"
)

// previousType has the types of the attributes of previous.
var previousType = attributeTypes(previousAttribute().Attributes)

// previous is the nested object, or nil when it is null or unknown.
func (m *rotatingAccessKeyModel) previous(ctx context.Context) (*previousModel, diag.Diagnostics) {
	if m.Previous.IsNull() || m.Previous.IsUnknown() {
		return nil, nil
	}
	var p previousModel
	diags := m.Previous.As(ctx, &p, basetypes.ObjectAsOptions{})
	return &p, diags
}

// isImported reports whether the state comes from an import and no configuration was applied to it yet.
func (m *rotatingAccessKeyModel) isImported() bool { return m.Overlap.IsNull() }

// policyKnown reports whether every value that the rules depend on is known.
func (m *rotatingAccessKeyModel) policyKnown(ctx context.Context) bool {
	for _, v := range []attr.Value{
		m.MaxAge, m.ApplyEvery, m.RotateAfter, m.RotationSpread, m.Overlap, m.Grace, m.RequireUnusedFor, m.WaitForHandover,
		m.RotateWhenChanged, m.RevokeWhenChanged, m.HoldPrevious, m.Paused, m.UnmanagedKeys, m.EncryptedOutput,
	} {
		if !fullyKnown(ctx, v) {
			return false
		}
	}
	return true
}

// policy is what the model asks of the rules. Recipients and until are encrypted_output in their words.
func (m *rotatingAccessKeyModel) policy(recipients string, until time.Time) rotation.Policy {
	return rotation.Policy{
		Recipients:        recipients,
		SealableUntil:     until,
		MaxAge:            m.MaxAge.Duration(),
		ApplyEvery:        m.ApplyEvery.Duration(),
		RotateAfter:       m.RotateAfter.Duration(),
		RotationSpread:    m.RotationSpread.Duration(),
		Overlap:           m.Overlap.Duration(),
		Grace:             m.Grace.Duration(),
		RequireUnusedFor:  m.RequireUnusedFor.Duration(),
		WaitForHandover:   m.WaitForHandover.ValueBool(),
		RotateWhenChanged: stringElements(m.RotateWhenChanged),
		RevokeWhenChanged: stringElements(m.RevokeWhenChanged),
		HoldPrevious:      m.HoldPrevious.ValueBool(),
		Paused:            m.Paused.ValueBool(),
		UnmanagedKeys:     rotation.UnmanagedKeys(m.UnmanagedKeys.ValueString()),
	}
}

// copyConfiguration takes over what the user configures, computed values aside.
func (m *rotatingAccessKeyModel) copyConfiguration(from *rotatingAccessKeyModel) {
	m.User = from.User
	m.MaxAge, m.ApplyEvery, m.RotateAfter, m.RotationSpread = from.MaxAge, from.ApplyEvery, from.RotateAfter, from.RotationSpread
	m.Overlap, m.Grace, m.RequireUnusedFor, m.WaitForHandover = from.Overlap, from.Grace, from.RequireUnusedFor, from.WaitForHandover
	m.RotateWhenChanged, m.RevokeWhenChanged = from.RotateWhenChanged, from.RevokeWhenChanged
	m.HoldPrevious, m.Paused, m.UnmanagedKeys = from.HoldPrevious, from.Paused, from.UnmanagedKeys
	m.WaitUntilUsable, m.Description, m.SkipDestroy = from.WaitUntilUsable, from.Description, from.SkipDestroy
	m.EncryptedOutput, m.ExplainUsage = from.EncryptedOutput, from.ExplainUsage
}

// stringElements are the elements of a map of strings; a null element counts as absent.
func stringElements(m types.Map) map[string]string {
	out := map[string]string{}
	for name, v := range m.Elements() {
		if s, ok := v.(types.String); ok && !s.IsNull() {
			out[name] = s.ValueString()
		}
	}
	return out
}

// record is what the state holds, in the words of the rules. Policy is the state's own. SealedTo names whom the secret is encrypted
// to while a request for other recipients is pending.
func (m *rotatingAccessKeyModel) record(
	ctx context.Context, policy rotation.Policy, sealedTo string,
) (rotation.Record, diag.Diagnostics) {
	r := rotation.Record{
		User: m.ID.ValueString(), UniqueID: m.UserUniqueID.ValueString(), ManagedSince: parseTime(m.ManagedSince),
		Request: rotation.Request(m.RotationRequested.ValueString()),
		Current: rotation.Current{
			ID: m.AccessKeyID.ValueString(), CreatedAt: parseTime(m.CreatedAt), InactiveSince: parseTime(m.InactiveSince),
			Sealed: m.SecretAccessKey.IsNull() && !m.EncryptedSecret.IsNull(),
		},
	}
	if !m.isImported() {
		r.Policy = &policy
	}
	if r.Current.Sealed {
		r.Current.SealedTo = policy.Recipients
		if _, pending := r.Request.Parts(); pending {
			r.Current.SealedTo = sealedTo
		}
	}
	p, diags := m.previous(ctx)
	if p != nil {
		r.Previous = &rotation.Previous{
			ID: p.AccessKeyID.ValueString(), CreatedAt: parseTime(p.CreatedAt), ReplacedAt: parseTime(p.ReplacedAt),
			DeactivatedAt: parseTime(p.DeactivatedAt), DeactivatedByUs: p.DeactivatedBy.ValueString() == deactivatedHere,
			Adopted: p.Adopted.ValueBool(), Revoked: p.Revoked.ValueBool(),
		}
	}
	return r, diags
}

// evidence is what the last Read or apply saw. Where the private state has none, or one of other keys since the state was edited, it is
// what the state remembers.
func (m *rotatingAccessKeyModel) evidence(ctx context.Context, private privateState) (rotator.Evidence, diag.Diagnostics) {
	var found rotator.Evidence
	ok, diags := getPrivate(ctx, private, evidenceKey, &found)
	listed := found.Seen.Find(m.AccessKeyID.ValueString()) != nil || m.Status.ValueString() == statusMissing
	if ok && listed || diags.HasError() {
		return found, diags
	}
	// It knows no last use, so that it allows nothing that depends on one.
	record, d := m.record(ctx, rotation.Policy{}, "")
	diags.Append(d...)
	p, d := m.previous(ctx)
	if p == nil {
		p = &previousModel{}
	}
	return rotator.RecordedEvidence(record, m.Status.ValueString(), p.Status.ValueString()), append(diags, d...)
}

// unknownKeys sets every attribute unknown that a rotation may change.
func (m *rotatingAccessKeyModel) unknownKeys() {
	for _, s := range []*types.String{
		&m.AccountID, &m.UserUniqueID, &m.AccessKeyID, &m.SecretAccessKey, &m.EncryptedSecret, &m.Status, &m.CreatedAt,
		&m.InactiveSince, &m.RotateAt, &m.CompliantUntil, &m.LastChange, &m.RotationRequested, &m.RotationBlocked, &m.RetirementBlocked,
		&m.PreviousAccessKeyID,
	} {
		*s = types.StringUnknown()
	}
	m.Version = types.Int64Unknown()
	m.Previous = types.ObjectUnknown(previousType)
}

// desired is what a configuration, plan or state asks for, parsed once.
type desired struct {
	policy rotation.Policy
	// encryption is how secrets are encrypted, and method its method; nil for plain text, and where problems say why it
	// can't be.
	encryption *encryption
	method     *sealingMethod
	problems   diag.Diagnostics
}

// desired parses what m asks for. Values that are not known yet count as not set.
func (r *rotatingAccessKeyResource) desired(ctx context.Context, m *rotatingAccessKeyModel) desired {
	e, problems := parseEncryptedOutput(ctx, m.EncryptedOutput, r.client.KMS)
	d := desired{policy: m.policy(e.sealedTo()), problems: problems}
	if e != nil && !problems.HasError() {
		d.encryption, d.method = e, e.method
	}
	return d
}

// desiredAfter is what an edited model asks for, given what it asked for before the edit. It parses encrypted_output again only
// if the edit has changed it.
func (r *rotatingAccessKeyResource) desiredAfter(
	ctx context.Context, before *rotatingAccessKeyModel, parsed desired, edited *rotatingAccessKeyModel,
) desired {
	if !edited.EncryptedOutput.Equal(before.EncryptedOutput) {
		return r.desired(ctx, edited)
	}
	parsed.policy = edited.policy(parsed.policy.Recipients, parsed.policy.SealableUntil)
	return parsed
}
