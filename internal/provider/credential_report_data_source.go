package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

var _ datasource.DataSourceWithConfigure = (*credentialReportDataSource)(nil)

func newCredentialReportDataSource() datasource.DataSource { return &credentialReportDataSource{} }

// credentialReportDataSource is iamkeys_credential_report: AWS's report about the credentials of all users of the account.
type credentialReportDataSource struct{ client *Client }

type credentialReportModel struct {
	GeneratedAt    types.String `tfsdk:"generated_at"`
	ReportAge      types.String `tfsdk:"report_age"`
	Users          types.List   `tfsdk:"users"`
	UnknownColumns types.List   `tfsdk:"unknown_columns"`
}

func (d *credentialReportDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_credential_report"
}

func (d *credentialReportDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = credentialReportSchema()
}

func (d *credentialReportDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *credentialReportDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	content, generatedAt, err := d.client.Gateway.CredentialReport(ctx)
	if err != nil {
		resp.Diagnostics.Append(reportNotRead(err, d.client.lookupFailure(ctx, err)))
		return
	}
	report, err := credreport.Parse(content)
	if err != nil {
		resp.Diagnostics.Append(reportNotUsable(err, generatedAt))
		return
	}
	if len(report.MissingColumns) > 0 {
		resp.Diagnostics.Append(reportLacksColumns(report.MissingColumns))
	}
	tflog.Debug(ctx, "read the credential report", map[string]any{
		"generated_at": generatedAt.Format(time.RFC3339), "users": len(report.Users), "unknown_columns": report.UnknownColumns,
	})
	age := max(d.client.Gateway.Now().Sub(generatedAt), 0)
	resp.Diagnostics.Append(resp.State.Set(ctx, credentialReportModel{
		GeneratedAt:    formatTime(generatedAt),
		ReportAge:      types.StringValue(duration.Format(age.Truncate(time.Minute))),
		Users:          reportUsers(report.Users),
		UnknownColumns: textList(report.UnknownColumns),
	})...)
}

func textList(texts []string) types.List {
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.ListValueMust(types.StringType, values)
}

// The types of a user of the report and of what users have, as the schema declares them.
var (
	reportUserType        = objectType(reportUserAttributes())
	reportKeyType         = objectType(reportKeyAttributes())
	reportCertificateType = objectType(reportCertificateAttributes())
)

func objectType(attributes map[string]schema.Attribute) types.ObjectType {
	fields := make(map[string]attr.Type, len(attributes))
	for name, attribute := range attributes {
		fields[name] = attribute.GetType()
	}
	return types.ObjectType{AttrTypes: fields}
}

// reportUsers builds the value itself: the framework needs seconds to turn the structs of ten thousand users into it.
func reportUsers(users []credreport.User) types.List {
	values := make([]attr.Value, len(users))
	for i, u := range users {
		values[i] = types.ObjectValueMust(reportUserType.AttrTypes, map[string]attr.Value{
			"user":                        types.StringValue(u.Name),
			"arn":                         types.StringValue(u.ARN),
			"is_root":                     types.BoolValue(u.Root),
			"created_at":                  formatTime(u.CreatedAt),
			"password_enabled":            flagValue(u.Password.Enabled),
			"password_last_used_at":       formatTime(u.Password.LastUsed),
			"password_last_changed_at":    formatTime(u.Password.LastChanged),
			"password_next_rotation_at":   formatTime(u.Password.NextRotation),
			"mfa_active":                  flagValue(u.MFAActive),
			"access_keys":                 reportKeys(u.Keys),
			"certificates":                reportCertificates(u.Certificates),
			"additional_credentials_info": textOrNull(u.Additional),
		})
	}
	return types.ListValueMust(reportUserType, values)
}

func reportKeys(keys [2]credreport.Key) types.List {
	values := []attr.Value{}
	for i, k := range keys {
		if !k.Exists() {
			continue
		}
		values = append(values, types.ObjectValueMust(reportKeyType.AttrTypes, map[string]attr.Value{
			"slot":              types.Int64Value(int64(i + 1)),
			"status":            statusValue(k.Active),
			"last_rotated_at":   formatTime(k.LastRotated),
			"last_used_at":      formatTime(k.LastUsed),
			"last_used_region":  textOrNull(k.LastUsedRegion),
			"last_used_service": textOrNull(k.LastUsedService),
		}))
	}
	return types.ListValueMust(reportKeyType, values)
}

func reportCertificates(certificates [2]credreport.Certificate) types.List {
	values := []attr.Value{}
	for i, c := range certificates {
		if c.Active != credreport.True && c.LastRotated.IsZero() {
			continue
		}
		status := types.StringNull()
		if c.Active != credreport.Unknown {
			status = statusValue(c.Active == credreport.True)
		}
		values = append(values, types.ObjectValueMust(reportCertificateType.AttrTypes, map[string]attr.Value{
			"slot":            types.Int64Value(int64(i + 1)),
			"status":          status,
			"last_rotated_at": formatTime(c.LastRotated),
		}))
	}
	return types.ListValueMust(reportCertificateType, values)
}

func flagValue(f credreport.Flag) types.Bool {
	if f == credreport.Unknown {
		return types.BoolNull()
	}
	return types.BoolValue(f == credreport.True)
}

func statusValue(active bool) types.String {
	if active {
		return types.StringValue(string(rotation.Active))
	}
	return types.StringValue(string(rotation.Inactive))
}

func textOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}
