package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
)

var _ datasource.DataSourceWithConfigure = (*accessKeyOwnerDataSource)(nil)

func newAccessKeyOwnerDataSource() datasource.DataSource { return &accessKeyOwnerDataSource{} }

// accessKeyOwnerDataSource is iamkeys_access_key_owner: the account and the user that a key id belongs to.
type accessKeyOwnerDataSource struct{ client *Client }

type accessKeyOwnerModel struct {
	AccessKeyID types.String `tfsdk:"access_key_id"`
	AccountID   types.String `tfsdk:"account_id"`
	SameAccount types.Bool   `tfsdk:"same_account"`
	Type        types.String `tfsdk:"type"`
	User        types.String `tfsdk:"user"`
}

// The values of the attribute type.
const (
	keyTypeLongTerm  = "long_term"
	keyTypeTemporary = "temporary"
)

func (d *accessKeyOwnerDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_key_owner"
}

func (d *accessKeyOwnerDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Which account and which IAM user an access key id belongs to, and whether the key is long-term or temporary. " +
			"It needs the id alone, such as one from a log or from a public repository.\n\n" +
			"AWS returns the account of any key id, also of a key of another account. The key may be Active, Inactive or deleted: AWS does not " +
			"say which. For a deleted key it may also return an error, which is an error here.\n\n" +
			"AWS returns the user only of a key that exists in the account of the credentials. For another long-term key of that account, " +
			"`user` is null, and a warning gives the possible reasons: the key was deleted, it is a key of the root user, or " +
			"`iam:GetAccessKeyLastUsed` is not allowed on its user. AWS does not distinguish the first from the last.\n\n" +
			"Needs `sts:GetAccessKeyInfo` and, for a long-term key of the same account, `iam:GetAccessKeyLastUsed`.",
		Attributes: map[string]schema.Attribute{
			"access_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key, of any account, long-term or temporary.",
				Required:            true,
				Validators:          []validator.String{accessKeyIDValidator{allowTemporary: true}},
			},
			"account_id": computedText("Id of the AWS account that the key belongs or belonged to. Never null."),
			"same_account": computedBool("Whether that is the account of the credentials of this provider, so that the key can be deactivated " +
				"with them. Never null."),
			"type": computedText("`" + keyTypeLongTerm + "` for the key of an IAM user or of the root user (`AKIA`), which works until it is " +
				"deactivated or deleted; `" + keyTypeTemporary + "` for temporary credentials (`ASIA`), which expire by themselves and can't be " +
				"deactivated one by one. Null for a prefix that AWS does not document as either."),
			"user": computedText("Name of the IAM user that the key belongs to now, after a rename the new one. Null for a temporary key, for a " +
				"key of another account, and where AWS names no user."),
		},
	}
}

func (d *accessKeyOwnerDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyOwnerDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyOwnerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(d.find(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find sets what AWS says of the key. IAM is not asked about a key of another account: the answer is AccessDenied for every one.
func (d *accessKeyOwnerDataSource) find(ctx context.Context, m *accessKeyOwnerModel) diag.Diagnostics {
	id := m.AccessKeyID.ValueString()
	account, err := d.client.Gateway.KeyAccount(ctx, id)
	if err != nil {
		return diag.Diagnostics{accountUnknown(id, err)}
	}
	caller, err := d.client.Gateway.CallerIdentity(ctx)
	if err != nil {
		return diag.Diagnostics{callerUnknown(err)}
	}
	m.AccountID, m.SameAccount = types.StringValue(account), types.BoolValue(account == caller.AccountID)
	switch {
	case keyid.IsTemporary(id):
		m.Type = types.StringValue(keyTypeTemporary)
		return nil
	case keyid.HasLongTermPrefix(id):
		m.Type = types.StringValue(keyTypeLongTerm)
	}
	if account != caller.AccountID {
		return nil
	}
	used, err := d.client.Gateway.LastUsed(ctx, id)
	switch {
	case err != nil && !iamgate.IsKind(err, iamgate.KindAccessDenied) && !iamgate.IsKind(err, iamgate.KindNoSuchEntity):
		return diag.Diagnostics{keyNotFound(id, err, awsErrorDetail(err))}
	case err != nil || used.UserName == "":
		return diag.Diagnostics{ownerUnknown(id, account, err)}
	}
	m.User = types.StringValue(used.UserName)
	return nil
}
