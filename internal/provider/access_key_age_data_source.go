package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/datasourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

var (
	_ datasource.DataSourceWithConfigure        = (*accessKeyAgeDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*accessKeyAgeDataSource)(nil)
)

func newAccessKeyAgeDataSource() datasource.DataSource { return &accessKeyAgeDataSource{} }

// accessKeyAgeDataSource is iamkeys_access_key_age: what the IAM console shows as "Active key age".
type accessKeyAgeDataSource struct{ client *Client }

type accessKeyAgeModel struct {
	User        types.String  `tfsdk:"user"`
	AccessKeyID types.String  `tfsdk:"access_key_id"`
	MaxAge      durationValue `tfsdk:"max_age"`
	AgeDays     types.Int64   `tfsdk:"age_days"`
	CreatedAt   types.String  `tfsdk:"created_at"`
	Status      types.String  `tfsdk:"status"`
	Overdue     types.Bool    `tfsdk:"overdue"`
	RotateBy    types.String  `tfsdk:"rotate_by"`
}

func (d *accessKeyAgeDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_key_age"
}

func (d *accessKeyAgeDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How old an access key is: that of a user, as the IAM console's column \"Active key age\", or one key by its id. " +
			"The time is AWS's, not the clock of the machine that runs Terraform.\n\n" +
			"`age_days` grows by one each day, so a plan with an output of it is not empty then. For a value that stays the same until " +
			"something must be done, use `overdue`.\n\n" +
			"Needs `iam:ListAccessKeys`; with `access_key_id` also `iam:GetAccessKeyLastUsed`, which says whose key it is.",
		Attributes: map[string]schema.Attribute{
			"user": schema.StringAttribute{
				MarkdownDescription: "Name of the IAM user whose oldest Active key is wanted. With `access_key_id`: the user that the key " +
					"belongs to. Exactly one of `user` and `access_key_id` must be set.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.String{userNameValidator()},
			},
			"access_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key that is wanted, Active or Inactive. With `user`: the id of that user's oldest Active key, " +
					"null without one.",
				Optional:   true,
				Computed:   true,
				Validators: []validator.String{accessKeyIDValidator()},
			},
			"max_age": schema.StringAttribute{
				MarkdownDescription: "How old the key may become, such as `90d` or `12w`. Sets `overdue` and `rotate_by`.",
				CustomType:          durationType{},
				Optional:            true,
				Validators:          []validator.String{durationValidator{}},
			},
			"age_days": schema.Int64Attribute{
				MarkdownDescription: "Whole days since the key was created, rounded down. Null for a user without an Active key.",
				Computed:            true,
			},
			"created_at": computedText("When the key was created, in RFC 3339. Null for a user without an Active key."),
			"status":     computedText("Status of the key: `Active` or `Inactive`. Null for a user without an Active key."),
			"overdue": schema.BoolAttribute{
				MarkdownDescription: "Whether the key is as old as `max_age` or older. `false` for a user without an Active key. Null without " +
					"`max_age`.",
				Computed: true,
			},
			"rotate_by": computedText("When the key is as old as `max_age`, in RFC 3339. Null without an Active key, and without `max_age`."),
		},
	}
}

func (d *accessKeyAgeDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyAgeDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{datasourcevalidator.ExactlyOneOf(path.MatchRoot("user"), path.MatchRoot("access_key_id"))}
}

func (d *accessKeyAgeDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyAgeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	key, diags := d.find(ctx, &model)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	// The answer that key comes from has told AWS's time.
	model.setAge(key, d.client.Gateway.Now())
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// find returns the key that m asks for, nil for a user without an Active key, and sets the user of m.
func (d *accessKeyAgeDataSource) find(ctx context.Context, m *accessKeyAgeModel) (*iamgate.AccessKey, diag.Diagnostics) {
	asked := path.Root("user")
	wanted := func(k iamgate.AccessKey) bool { return k.Status == string(rotation.Active) }
	if id := m.AccessKeyID.ValueString(); id != "" {
		asked = path.Root("access_key_id")
		wanted = func(k iamgate.AccessKey) bool { return k.ID == id }
		used, diags := d.client.accessKeyLastUsed(ctx, id)
		if diags.HasError() {
			return nil, diags
		}
		m.User = types.StringValue(used.UserName)
	}

	var diags diag.Diagnostics
	keys, err := d.client.Gateway.ListAccessKeys(ctx, m.User.ValueString())
	if err != nil {
		diags.AddAttributeError(asked, fmt.Sprintf("Unable to list the access keys of IAM user %q", m.User.ValueString()),
			d.client.lookupErrorDetail(ctx, err))
		return nil, diags
	}
	i := slices.IndexFunc(keys, wanted)
	if i >= 0 {
		return &keys[i], diags
	}
	if id := m.AccessKeyID.ValueString(); id != "" {
		diags.AddAttributeError(asked, fmt.Sprintf("Access key not found: %s", id),
			fmt.Sprintf("IAM says that the key belongs to user %q, but does not list it there. It may have been deleted just now: plan again.",
				m.User.ValueString()))
	}
	return nil, diags
}

// setAge sets what depends on the key and the time. No key is neither old nor overdue.
func (m *accessKeyAgeModel) setAge(key *iamgate.AccessKey, now time.Time) {
	limited := !m.MaxAge.IsNull()
	if key == nil {
		if limited {
			m.Overdue = types.BoolValue(false)
		}
		return
	}
	m.AccessKeyID = types.StringValue(key.ID)
	m.AgeDays = types.Int64Value(wholeDays(now.Sub(key.CreatedAt)))
	m.CreatedAt = formatTime(key.CreatedAt)
	m.Status = types.StringValue(key.Status)
	if limited {
		rotateBy := key.CreatedAt.Add(m.MaxAge.Duration())
		m.Overdue = types.BoolValue(!now.Before(rotateBy))
		m.RotateBy = formatTime(rotateBy)
	}
}

// wholeDays is d in days of 24 hours, rounded down. It is zero for a key that seems to be from the future.
func wholeDays(d time.Duration) int64 { return int64(max(d, 0) / duration.Day) }
