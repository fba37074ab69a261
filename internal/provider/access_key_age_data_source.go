package provider

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

var (
	_ datasource.DataSourceWithConfigure        = (*accessKeyAgeDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*accessKeyAgeDataSource)(nil)
)

func newAccessKeyAgeDataSource() datasource.DataSource { return &accessKeyAgeDataSource{} }

// accessKeyAgeDataSource is iamkeys_access_key_age: what the IAM console shows as "Active key age".
type accessKeyAgeDataSource struct{ client *Client }

type accessKeyAgeModel struct {
	keyAgeModel

	User   types.String  `tfsdk:"user"`
	MaxAge durationValue `tfsdk:"max_age"`
	Keys   []keyAgeModel `tfsdk:"keys"`
}

// keyAgeModel is one key.
type keyAgeModel struct {
	AccessKeyID types.String `tfsdk:"access_key_id"`
	AgeDays     types.Int64  `tfsdk:"age_days"`
	CreatedAt   types.String `tfsdk:"created_at"`
	Status      types.String `tfsdk:"status"`
	Overdue     types.Bool   `tfsdk:"overdue"`
	RotateBy    types.String `tfsdk:"rotate_by"`
}

func (d *accessKeyAgeDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_key_age"
}

func (d *accessKeyAgeDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How old access keys are: all keys of a user and the oldest Active one, as the IAM console's column \"Active key " +
			"age\", or one key by its id. The time is AWS's, not the clock of the machine that runs Terraform.\n\n" +
			"A user without an Active key, which the console shows as \"None\", is no error: what is said of the key is null, and `overdue` " +
			"is `false`.\n\n" +
			"`age_days` grows by one each day, so a plan with an output of it is not empty then. For a value that stays the same until " +
			"something must be done, use `overdue`.\n\n" +
			"Needs `iam:ListAccessKeys`; with `access_key_id` also `iam:GetAccessKeyLastUsed`, which says whose key it is.",
		Attributes: map[string]schema.Attribute{
			"user":          askedUser(),
			"access_key_id": askedAccessKeyID(),
			"max_age": schema.StringAttribute{
				MarkdownDescription: "How old a key may become, such as `90d` or `12w`: " + durationUnitsText + ". Sets `overdue` and `rotate_by`, " +
					"which are null without it.",
				CustomType: durationType{},
				Optional:   true,
				Validators: []validator.String{durationValidator{}},
			},
			"age_days":   computedNumber(ageDaysText + " Null for a user without an Active key."),
			"created_at": computedText(createdAtText + " Null for a user without an Active key."),
			"status":     computedText(statusText + " Null for a user without an Active key."),
			"overdue": computedBool(overdueText + " `false` for a user without an Active key. Null without " +
				"`max_age`."),
			"rotate_by": computedText(rotateByText + " Null for a user without an Active key, and without `max_age`."),
			"keys": schema.ListNestedAttribute{
				MarkdownDescription: "All keys of the user, Active and Inactive, oldest first; empty for a user without keys. Null with " +
					"`access_key_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"access_key_id": computedText("Id of the key. Never null."),
					"age_days":      computedNumber(ageDaysText + " Never null."),
					"created_at":    computedText(createdAtText + " Never null."),
					"status":        computedText(statusText + " Never null."),
					"overdue":       computedBool(overdueText + " An Inactive key can be overdue, too. Null without `max_age`."),
					"rotate_by":     computedText(rotateByText + " Null without `max_age`."),
				}},
			},
		},
	}
}

// What is the same of the one key and of each key in the list.
const (
	ageDaysText   = "Whole days of 24 hours since the key was created, rounded down."
	createdAtText = "When the key was created, in RFC 3339."
	statusText    = "Status of the key: `Active` or `Inactive`."
	overdueText   = "Whether the key is as old as `max_age` or older."
	rotateByText  = "When the key is as old as `max_age`, in RFC 3339."
)

func (d *accessKeyAgeDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyAgeDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{userOrKeyID{}}
}

func (d *accessKeyAgeDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyAgeModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	find := d.findOfUser
	if !model.AccessKeyID.IsNull() {
		find = d.findByID
	}
	resp.Diagnostics.Append(find(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// findOfUser sets the ages of the keys of a user.
func (d *accessKeyAgeDataSource) findOfUser(ctx context.Context, m *accessKeyAgeModel) diag.Diagnostics {
	keys, diags := d.client.userKeys(ctx, m.User.ValueString())
	if diags.HasError() {
		return diags
	}
	now := d.client.Gateway.Now() // the answer had AWS's time
	m.Keys = []keyAgeModel{}
	for _, key := range keys {
		m.Keys = append(m.Keys, newKeyAge(key, m.MaxAge, now))
	}
	if key := oldestActive(keys); key != nil {
		m.keyAgeModel = newKeyAge(*key, m.MaxAge, now)
	} else if !m.MaxAge.IsNull() {
		m.Overdue = types.BoolValue(false) // no key is not overdue
	}
	return diags
}

// findByID sets the age of one key, and its user.
func (d *accessKeyAgeDataSource) findByID(ctx context.Context, m *accessKeyAgeModel) diag.Diagnostics {
	id := m.AccessKeyID.ValueString()
	used, diags := d.client.accessKeyLastUsed(ctx, id)
	if diags.HasError() {
		return diags
	}
	keys, err := d.client.Gateway.ListAccessKeys(ctx, used.UserName)
	if err != nil {
		return diag.Diagnostics{keysUnlistable(path.Root("access_key_id"), used.UserName, d.client.lookupFailure(ctx, err))}
	}
	i := slices.IndexFunc(keys, func(k iamgate.AccessKey) bool { return k.ID == id })
	if i < 0 {
		return diag.Diagnostics{keyNotListed(id, used.UserName)}
	}
	m.User = types.StringValue(used.UserName)
	m.keyAgeModel = newKeyAge(keys[i], m.MaxAge, d.client.Gateway.Now())
	return diags
}

func newKeyAge(key iamgate.AccessKey, maxAge durationValue, now time.Time) keyAgeModel {
	m := keyAgeModel{
		AccessKeyID: types.StringValue(key.ID),
		AgeDays:     types.Int64Value(wholeDays(now.Sub(key.CreatedAt))),
		CreatedAt:   formatTime(key.CreatedAt),
		Status:      types.StringValue(key.Status),
	}
	if !maxAge.IsNull() {
		rotateBy := key.CreatedAt.Add(maxAge.Duration())
		m.Overdue = types.BoolValue(!now.Before(rotateBy))
		m.RotateBy = formatTime(rotateBy)
	}
	return m
}
