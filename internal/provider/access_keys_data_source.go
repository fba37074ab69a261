package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
)

var (
	_ datasource.DataSourceWithConfigure        = (*accessKeysDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*accessKeysDataSource)(nil)
)

func newAccessKeysDataSource() datasource.DataSource { return &accessKeysDataSource{} }

// accessKeysDataSource is iamkeys_access_keys: the access keys of many users that pass some filters.
type accessKeysDataSource struct{ client *Client }

func (d *accessKeysDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_keys"
}

func (d *accessKeysDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = accessKeysSchema()
}

func (d *accessKeysDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeysDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{usersOrPath{}}
}

func (d *accessKeysDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeysModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	query, diags := model.query(ctx)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	result, err := audit.Run(ctx, d.client.Gateway, query)
	if err != nil {
		resp.Diagnostics.Append(auditFailed(err, func(err error) string { return d.client.lookupFailure(ctx, err) }))
		return
	}
	if result.Reason == audit.ReportFailed {
		resp.Diagnostics.Append(reportNotUsed(result.ReportErr))
	}
	tflog.Debug(ctx, "audited access keys", map[string]any{
		"method": result.Method, "report_generated_at": result.ReportedAt.Format(time.RFC3339), "users_listed": result.UsersListed,
		"keys": len(result.Keys), "service_specific_credentials": len(result.ServiceCredentials),
	})
	model.setResult(query, result)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(setKeys(ctx, &resp.State, result)...)
	}
}
