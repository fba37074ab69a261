package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

var _ datasource.DataSourceWithConfigure = (*accessKeyUsageDataSource)(nil)

func newAccessKeyUsageDataSource() datasource.DataSource { return &accessKeyUsageDataSource{} }

// accessKeyUsageDataSource is iamkeys_access_key_usage: who has used a key, from CloudTrail.
type accessKeyUsageDataSource struct{ client *Client }

type accessKeyUsageModel struct {
	AccessKeyID types.String           `tfsdk:"access_key_id"`
	Regions     []string               `tfsdk:"regions"`
	Since       durationValue          `tfsdk:"since"`
	MaxEvents   types.Number           `tfsdk:"max_events"`
	Callers     []accessKeyCallerModel `tfsdk:"callers"`
	EventCount  types.Int64            `tfsdk:"event_count"`
	Truncated   types.Bool             `tfsdk:"truncated"`
}

type accessKeyCallerModel struct {
	SourceIP     types.String `tfsdk:"source_ip"`
	UserAgent    types.String `tfsdk:"user_agent"`
	ThisProvider types.Bool   `tfsdk:"this_provider"`
	Service      types.String `tfsdk:"service"`
	Action       types.String `tfsdk:"action"`
	Count        types.Int64  `tfsdk:"count"`
	ErrorCount   types.Int64  `tfsdk:"error_count"`
	FirstSeen    types.String `tfsdk:"first_seen"`
	LastSeen     types.String `tfsdk:"last_seen"`
}

const (
	// defaultMaxEvents takes ten seconds in a Region, at two requests a second.
	defaultMaxEvents = 1000
	largestMaxEvents = 100000
)

func (d *accessKeyUsageDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_access_key_usage"
}

func (d *accessKeyUsageDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Who has used an access key: its callers in the event history of CloudTrail, which every account has without a " +
			"trail. The history holds management events of the last 90 days. Data events, such as reads of S3 objects, and SMTP logins of SES are " +
			"not in it. An event appears about five minutes after the call.\n\n" +
			"CloudTrail is asked in each of `regions`; no other Region is. It answers two requests of 50 events a second in a Region, to the " +
			"whole account. A key that CloudTrail does not know has no callers, and is no error.\n\n" +
			"A call with the temporary credentials of a role is an event of those credentials, not of the key that assumed the role: look for " +
			"`sts` and `AssumeRole` among the callers.\n\n" +
			"Needs `cloudtrail:LookupEvents`.",
		Attributes: map[string]schema.Attribute{
			"access_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key: long-term or temporary, Active, Inactive or deleted.",
				Required:            true,
				Validators:          []validator.String{accessKeyIDValidator{allowTemporary: true}},
			},
			"regions": schema.SetAttribute{
				MarkdownDescription: "AWS Regions to look in. Null: that of the provider, and the one which has the events of IAM and of the " +
					"global endpoint of STS: `us-east-1` in the `aws` partition.",
				Optional:    true,
				Computed:    true,
				ElementType: types.StringType,
				Validators: []validator.Set{
					setvalidator.SizeAtLeast(1), setvalidator.NoNullValues(), setvalidator.ValueStringsAre(regionValidator{}),
				},
			},
			"since": schema.StringAttribute{
				MarkdownDescription: "How far back to look, such as `7d`: " + durationUnitsText + ", at most `90d`. Null: `90d`.",
				CustomType:          durationType{},
				Optional:            true,
				Validators:          []validator.String{durationValidator{atMost: trail.Retention}},
			},
			"max_events": schema.NumberAttribute{
				MarkdownDescription: "How many events to read in each Region, the newest first, rounded up to a multiple of 50. A thousand take ten " +
					"seconds. Null: 1000.",
				Optional:   true,
				Validators: []validator.Number{wholeNumberValidator{least: 1, most: largestMaxEvents}},
			},
			"callers": schema.ListNestedAttribute{
				MarkdownDescription: "The events, grouped by source IP, user agent, service and action. The last used comes first, and of those the " +
					"one with more calls. Empty if CloudTrail has no event of the key; never null.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: accessKeyCallerAttributes()},
			},
			"event_count": computedNumber("Number of events that were read. Never null."),
			"truncated":   computedBool("Whether there may be older events since `since`, which were not read because of `max_events`. Never null."),
		},
	}
}

func accessKeyCallerAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"source_ip": computedText("IP address of the caller or, for a call that an AWS service made on its behalf, the name of the service, " +
			"such as `cloudformation.amazonaws.com`. Null if CloudTrail has none."),
		"user_agent": computedText("User agent of the caller, without control characters. The caller chooses it. Null if there is none."),
		"this_provider": computedBool("Whether the user agent is that of this provider, which proves new keys by `sts:GetCallerIdentity`. " +
			"Never null."),
		"service":     computedText("AWS service that was called, such as `ec2`. Never null."),
		"action":      computedText("Action that was called, such as `DescribeInstances`. Never null."),
		"count":       computedNumber("Number of calls. Never null."),
		"error_count": computedNumber("Number of those calls that AWS answered with an error. Never null."),
		"first_seen":  computedText("When the first of the calls was made, in RFC 3339. Never null."),
		"last_seen":   computedText("When the last of the calls was made, in RFC 3339. Never null."),
	}
}

func (d *accessKeyUsageDataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

func (d *accessKeyUsageDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model accessKeyUsageModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.Regions == nil {
		model.Regions = d.client.Trail.Regions()
	}
	asked := trail.Query{KeyID: model.AccessKeyID.ValueString(), Regions: model.Regions, Since: trail.Retention}
	if !model.Since.IsNull() {
		asked.Since = model.Since.Duration()
	}
	events := int64(defaultMaxEvents)
	if n := wholeNumber(model.MaxEvents); n != nil {
		events = *n
	}
	asked.MaxPages = int((events + trail.PageSize - 1) / trail.PageSize)
	found, err := d.client.Trail.Lookup(ctx, asked)
	if err != nil {
		resp.Diagnostics.Append(usageFailure(asked.KeyID, err))
		return
	}
	model.Callers = []accessKeyCallerModel{}
	for _, use := range trail.Uses(found.Events) {
		model.Callers = append(model.Callers, callerModel(use))
	}
	model.EventCount, model.Truncated = types.Int64Value(int64(len(found.Events))), types.BoolValue(found.Truncated)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func callerModel(use trail.Use) accessKeyCallerModel {
	return accessKeyCallerModel{
		SourceIP: textOrNull(use.SourceIP), UserAgent: textOrNull(use.UserAgent), ThisProvider: types.BoolValue(use.IsProvider()),
		Service: types.StringValue(use.Service), Action: types.StringValue(use.Action),
		Count: types.Int64Value(int64(use.Count)), ErrorCount: types.Int64Value(int64(use.ErrorCount)),
		FirstSeen: formatTime(use.FirstSeen), LastSeen: formatTime(use.LastSeen),
	}
}

// regionValidator refuses what can't be the name of a Region, which becomes part of a host name.
type regionValidator struct{}

func (regionValidator) Description(context.Context) string { return "an AWS Region, such as us-east-1" }

func (v regionValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v regionValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if name := req.ConfigValue; !name.IsNull() && !name.IsUnknown() && !trail.IsRegion(name.ValueString()) {
		resp.Diagnostics.Append(badRegion(req.Path, name.ValueString()))
	}
}
