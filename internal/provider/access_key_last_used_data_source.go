package provider

import (
	"context"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

var _ datasource.DataSourceWithConfigure = (*accessKeyLastUsedDataSource)(nil)

func newAccessKeyLastUsedDataSource() datasource.DataSource { return &accessKeyLastUsedDataSource{} }

// accessKeyLastUsedDataSource is iamkeys_access_key_last_used: IAM's record of the last use of one key.
type accessKeyLastUsedDataSource struct{ client *Client }

type accessKeyLastUsedModel struct {
	AccessKeyID       types.String `tfsdk:"access_key_id"`
	User              types.String `tfsdk:"user"`
	NeverUsed         types.Bool   `tfsdk:"never_used"`
	LastUsedAt        types.String `tfsdk:"last_used_at"`
	DaysSinceLastUsed types.Int64  `tfsdk:"days_since_last_used"`
	ServiceName       types.String `tfsdk:"service_name"`
	Region            types.String `tfsdk:"region"`
}

func (d *accessKeyLastUsedDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_key_last_used"
}

func (d *accessKeyLastUsedDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "When, where and for which AWS service an access key was last used, and whose key it is. " +
			"IAM records a use about once in 15 minutes, so a use of the last minutes may be missing.\n\n" +
			"`days_since_last_used` grows by one each day, so a plan with an output of it is not empty then.\n\n" +
			"Needs `iam:GetAccessKeyLastUsed`.",
		Attributes: map[string]schema.Attribute{
			"access_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key, Active or Inactive.",
				Required:            true,
				Validators:          []validator.String{accessKeyIDValidator()},
			},
			"user": computedText("Name of the IAM user that the key belongs to."),
			"never_used": schema.BoolAttribute{
				MarkdownDescription: "Whether IAM has no record of any use of the key.",
				Computed:            true,
			},
			"last_used_at": computedText("When the key was last used, in RFC 3339. Null if it was never used."),
			"days_since_last_used": schema.Int64Attribute{
				MarkdownDescription: "Whole days since the key was last used, rounded down. Null if it was never used.",
				Computed:            true,
			},
			"service_name": computedText("AWS service that the key was last used for, such as `s3`. Null if it was never used."),
			"region":       computedText("AWS Region that the key was last used in; `N/A` for some global services. Null if it was never used."),
		},
	}
}

func (d *accessKeyLastUsedDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyLastUsedDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyLastUsedModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	used, diags := d.client.accessKeyLastUsed(ctx, model.AccessKeyID.ValueString())
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.User = types.StringValue(used.UserName)
	model.NeverUsed = types.BoolValue(used.At.IsZero())
	if !used.At.IsZero() {
		model.LastUsedAt = formatTime(used.At)
		model.DaysSinceLastUsed = types.Int64Value(wholeDays(d.client.Gateway.Now().Sub(used.At)))
		model.ServiceName = types.StringValue(used.Service)
		model.Region = types.StringValue(used.Region)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func computedText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Computed: true}
}

// accessKeyLastUsed asks for the last use of the key that the attribute access_key_id names. The owner in the answer is
// never empty.
func (c *Client) accessKeyLastUsed(ctx context.Context, id string) (iamgate.LastUsed, diag.Diagnostics) {
	var diags diag.Diagnostics
	used, err := c.Gateway.LastUsed(ctx, id)
	switch {
	case iamgate.IsKind(err, iamgate.KindAccessDenied):
		diags.AddAttributeError(path.Root("access_key_id"), fmt.Sprintf("Access key not found, or access denied: %s", id),
			c.lookupErrorDetail(ctx, err)+"\n\nAWS also answers so for a key id that the account does not have: check access_key_id "+
				"and the account of the credentials.")
	case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
		diags.AddAttributeError(path.Root("access_key_id"), fmt.Sprintf("Access key not found: %s", id), c.lookupErrorDetail(ctx, err))
	case err != nil:
		diags.AddAttributeError(path.Root("access_key_id"), fmt.Sprintf("Unable to look up access key %s", id), c.lookupErrorDetail(ctx, err))
	case used.UserName == "":
		diags.AddAttributeError(path.Root("access_key_id"), fmt.Sprintf("Access key of no IAM user: %s", id),
			"IAM names no user for this key. Set access_key_id to the key of an IAM user.")
	}
	return used, diags
}

// lookupErrorDetail is awsErrorDetail and, where the wrong account could be the cause, the account that was asked.
func (c *Client) lookupErrorDetail(ctx context.Context, err error) string {
	detail := awsErrorDetail(err)
	if !iamgate.IsKind(err, iamgate.KindNoSuchEntity) && !iamgate.IsKind(err, iamgate.KindAccessDenied) {
		return detail
	}
	identity, err := c.Gateway.CallerIdentity(ctx)
	if err != nil {
		return detail
	}
	return fmt.Sprintf("%s\n\nThe credentials are those of %s in account %s.", detail, identity.ARN, identity.AccountID)
}

// userNameValidator refuses what can't be the name of an IAM user.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html.
func userNameValidator() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^[\w+=,.@-]{1,128}$`),
		"must be the name of an IAM user: 1 to 128 letters, digits and characters of _+=,.@-")
}

// accessKeyIDValidator refuses what can't be an access key id.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html.
func accessKeyIDValidator() validator.String {
	return stringvalidator.RegexMatches(regexp.MustCompile(`^\w{16,128}$`),
		"must be an access key id: 16 to 128 letters and digits, such as AKIAIOSFODNN7EXAMPLE")
}
