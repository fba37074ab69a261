package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

type accessKeysModel struct {
	Users              types.Set     `tfsdk:"users"`
	PathPrefix         types.String  `tfsdk:"path_prefix"`
	Status             types.String  `tfsdk:"status"`
	OlderThan          durationValue `tfsdk:"older_than"`
	UnusedFor          durationValue `tfsdk:"unused_for"`
	TrustReport        types.Bool    `tfsdk:"trust_report"`
	Include            types.Set     `tfsdk:"include"`
	Keys               types.List    `tfsdk:"keys"`
	ServiceCredentials types.List    `tfsdk:"service_specific_credentials"`
	Method             types.String  `tfsdk:"method"`
	ListingReason      types.String  `tfsdk:"listing_reason"`
	ReportGeneratedAt  types.String  `tfsdk:"report_generated_at"`
	ReportAge          types.String  `tfsdk:"report_age"`
	UsersListed        types.Int64   `tfsdk:"users_listed"`
}

// The types of the lists, as the schema declares them.
var (
	auditedKeyType        = objectType(auditedKeyAttributes())
	auditedCredentialType = objectType(auditedCredentialAttributes())
)

// query returns what the configuration asks for. No set of users is nil, and an empty one is not.
func (m *accessKeysModel) query(ctx context.Context) (audit.Query, diag.Diagnostics) {
	var users, include []string
	diags := m.Users.ElementsAs(ctx, &users, false)
	diags.Append(m.Include.ElementsAs(ctx, &include, false)...)
	return audit.Query{
		Users:              users,
		PathPrefix:         m.PathPrefix.ValueString(),
		Status:             m.Status.ValueString(),
		OlderThan:          m.OlderThan.Duration(),
		UnusedFor:          m.UnusedFor.Duration(),
		TrustReport:        m.TrustReport.ValueBool(),
		Descriptions:       slices.Contains(include, includeDescriptions),
		ServiceCredentials: slices.Contains(include, includeServiceCredentials),
	}, diags
}

// setResult sets all but the keys, for which see setKeys.
func (m *accessKeysModel) setResult(query audit.Query, result audit.Result) {
	m.Keys = types.ListNull(auditedKeyType)
	m.ServiceCredentials = types.ListNull(auditedCredentialType)
	if query.ServiceCredentials {
		credentials := make([]attr.Value, len(result.ServiceCredentials))
		for i, c := range result.ServiceCredentials {
			credentials[i] = auditedCredential(c, result.At)
		}
		m.ServiceCredentials = types.ListValueMust(auditedCredentialType, credentials)
	}
	m.Method = types.StringValue(string(result.Method))
	m.ListingReason = textOrNull(listingReason(result))
	if result.Method == audit.ByReport {
		m.ReportGeneratedAt = formatTime(result.ReportedAt)
		m.ReportAge = types.StringValue(duration.Format(max(result.At.Sub(result.ReportedAt), 0).Truncate(time.Minute)))
	}
	m.UsersListed = types.Int64Value(int64(result.UsersListed))
}

func auditedCredential(c iamgate.ServiceCredential, now time.Time) attr.Value {
	return types.ObjectValueMust(auditedCredentialType.AttrTypes, map[string]attr.Value{
		"id":           types.StringValue(c.ID),
		"user":         types.StringValue(c.UserName),
		"service_name": types.StringValue(c.Service),
		"status":       types.StringValue(c.Status),
		"created_at":   formatTime(c.CreatedAt),
		"age_days":     types.Int64Value(wholeDays(now.Sub(c.CreatedAt))),
		"expires_at":   formatTime(c.ExpiresAt),
	})
}
