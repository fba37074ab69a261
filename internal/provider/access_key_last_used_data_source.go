package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

var (
	_ datasource.DataSourceWithConfigure        = (*accessKeyLastUsedDataSource)(nil)
	_ datasource.DataSourceWithConfigValidators = (*accessKeyLastUsedDataSource)(nil)
)

func newAccessKeyLastUsedDataSource() datasource.DataSource { return &accessKeyLastUsedDataSource{} }

// accessKeyLastUsedDataSource is iamkeys_access_key_last_used: IAM's record of the last use of the keys of a user, or of one key.
type accessKeyLastUsedDataSource struct{ client *Client }

type accessKeyLastUsedModel struct {
	keyUseModel

	AccessKeyID types.String   `tfsdk:"access_key_id"`
	User        types.String   `tfsdk:"user"`
	Keys        []listedKeyUse `tfsdk:"keys"`
}

// listedKeyUse is one key of a user.
type listedKeyUse struct {
	keyUseModel

	AccessKeyID types.String `tfsdk:"access_key_id"`
	Status      types.String `tfsdk:"status"`
}

// keyUseModel is the last use of one key.
type keyUseModel struct {
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
		MarkdownDescription: "When, where and for which AWS service access keys were last used: all keys of a user and the oldest Active one, " +
			"or one key by its id, with the user that it belongs to. IAM records a use about once in 15 minutes, so a use of the last " +
			"minutes may be missing.\n\n" +
			"With `user`, the values outside `keys` are those of the oldest Active key, whose id is `access_key_id`: during a rotation the " +
			"key that is about to be retired. A user without an Active key is no error: they are null.\n\n" +
			"`days_since_last_used` grows by one each day, so a plan with an output of it is not empty then.\n\n" +
			"Needs `iam:GetAccessKeyLastUsed`; with `user` also `iam:ListAccessKeys`.",
		Attributes: map[string]schema.Attribute{
			"user":                 askedUser(),
			"access_key_id":        askedAccessKeyID(),
			"never_used":           computedBool(neverUsedText + " Null for a user without an Active key."),
			"last_used_at":         computedText(lastUsedAtText + neverUsedNull + noActiveKeyNull),
			"days_since_last_used": computedNumber(daysSinceLastUsedText + neverUsedNull + noActiveKeyNull),
			"service_name":         computedText(serviceNameText + neverUsedNull + noActiveKeyNull),
			"region":               computedText(usedRegionText + neverUsedNull + noActiveKeyNull),
			"keys": schema.ListNestedAttribute{
				MarkdownDescription: "All keys of the user, Active and Inactive, oldest first; empty for a user without keys. Null with " +
					"`access_key_id`.",
				Computed: true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"access_key_id":        computedText("Id of the key. Never null."),
					"status":               computedText(statusText + " Never null."),
					"never_used":           computedBool(neverUsedText + " Never null."),
					"last_used_at":         computedText(lastUsedAtText + neverUsedNull + "."),
					"days_since_last_used": computedNumber(daysSinceLastUsedText + neverUsedNull + "."),
					"service_name":         computedText(serviceNameText + neverUsedNull + "."),
					"region":               computedText(usedRegionText + neverUsedNull + "."),
				}},
			},
		},
	}
}

// What is the same of the one key and of each key in the list.
const (
	neverUsedText         = "Whether IAM has no record of any use of the key."
	lastUsedAtText        = "When the key was last used, in RFC 3339."
	daysSinceLastUsedText = "Whole days of 24 hours since the key was last used, rounded down."
	serviceNameText       = "AWS service that the key was last used for, such as `s3`."
	usedRegionText        = "AWS Region that the key was last used in; `N/A` for some global services."

	neverUsedNull   = " Null if it was never used"
	noActiveKeyNull = ", and for a user without an Active key."
)

func (d *accessKeyLastUsedDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyLastUsedDataSource) ConfigValidators(context.Context) []datasource.ConfigValidator {
	return []datasource.ConfigValidator{userOrKeyID{}}
}

func (d *accessKeyLastUsedDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyLastUsedModel
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

// findOfUser sets the last uses of the keys of a user. A key whose last use can't be read fails the whole.
func (d *accessKeyLastUsedDataSource) findOfUser(ctx context.Context, m *accessKeyLastUsedModel) diag.Diagnostics {
	user := m.User.ValueString()
	keys, diags := d.client.userKeys(ctx, user)
	if diags.HasError() {
		return diags
	}
	oldest := oldestActive(keys)
	m.Keys = []listedKeyUse{}
	for i, key := range keys {
		used, err := d.client.Gateway.LastUsed(ctx, key.ID)
		if err != nil {
			return diag.Diagnostics{lastUseUnreadable(key.ID, user, err, d.client.lookupFailure(ctx, err))}
		}
		use := newKeyUse(used, d.client.Gateway.Now())
		m.Keys = append(m.Keys, listedKeyUse{
			keyUseModel: use, AccessKeyID: types.StringValue(key.ID), Status: types.StringValue(key.Status),
		})
		if &keys[i] == oldest {
			m.AccessKeyID, m.keyUseModel = types.StringValue(key.ID), use
		}
	}
	return diags
}

// findByID sets the last use of one key, and its user.
func (d *accessKeyLastUsedDataSource) findByID(ctx context.Context, m *accessKeyLastUsedModel) diag.Diagnostics {
	used, diags := d.client.accessKeyLastUsed(ctx, m.AccessKeyID.ValueString())
	if !diags.HasError() {
		m.User = types.StringValue(used.UserName)
		m.keyUseModel = newKeyUse(used, d.client.Gateway.Now())
	}
	return diags
}

func newKeyUse(used iamgate.LastUsed, now time.Time) keyUseModel {
	if used.At.IsZero() {
		return keyUseModel{NeverUsed: types.BoolValue(true)}
	}
	return keyUseModel{
		NeverUsed:         types.BoolValue(false),
		LastUsedAt:        formatTime(used.At),
		DaysSinceLastUsed: types.Int64Value(wholeDays(now.Sub(used.At))),
		ServiceName:       types.StringValue(used.Service),
		Region:            types.StringValue(used.Region),
	}
}
