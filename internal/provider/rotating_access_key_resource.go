package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

var (
	_ resource.ResourceWithConfigure      = (*rotatingAccessKeyResource)(nil)
	_ resource.ResourceWithIdentity       = (*rotatingAccessKeyResource)(nil)
	_ resource.ResourceWithImportState    = (*rotatingAccessKeyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*rotatingAccessKeyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*rotatingAccessKeyResource)(nil)
)

func newRotatingAccessKeyResource() resource.Resource { return &rotatingAccessKeyResource{} }

// rotatingAccessKeyResource is iamkeys_rotating_access_key: both key slots of one IAM user.
//
// Read looks at IAM, takes the decision that only the clock calls for, and keeps it with its evidence in private state.
// ModifyPlan shows that decision and judges what changed values ask for. Update looks again and executes what was shown.
// A decision taken from the clock in ModifyPlan would break saved plans, since Terraform runs it again at apply.
type rotatingAccessKeyResource struct {
	client *Client
}

func (r *rotatingAccessKeyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_rotating_access_key"
	// A renamed user is followed in place, and the user name is part of the identity.
	resp.ResourceBehavior.MutableIdentity = true
}

func (r *rotatingAccessKeyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = rotatingAccessKeySchema()
}

func (r *rotatingAccessKeyResource) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = identityschema.Schema{
		Attributes: map[string]identityschema.Attribute{
			"user": identityschema.StringAttribute{
				Description:       "Name of the IAM user.",
				RequiredForImport: true,
			},
			"account_id": identityschema.StringAttribute{
				Description:       "Id of the AWS account; compared with the account of the credentials when given.",
				OptionalForImport: true,
			},
		},
	}
}

func (r *rotatingAccessKeyResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.client = clientFrom(req.ProviderData, &resp.Diagnostics)
}

// ValidateConfig refuses what can't be right whatever IAM says, as far as values are known.
func (r *rotatingAccessKeyResource) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	var config rotatingAccessKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(validateEncryptedOutput(ctx, &config)...)
	trigger := config.RotateWhenChanged
	if config.MaxAge.IsNull() && config.RotateAfter.IsNull() && !trigger.IsUnknown() && len(trigger.Elements()) == 0 {
		resp.Diagnostics.Append(neverRotated())
	}
	for _, d := range []durationValue{
		config.MaxAge, config.ApplyEvery, config.RotateAfter, config.RotationSpread, config.Overlap, config.Grace, config.RequireUnusedFor,
	} {
		if d.IsUnknown() {
			return
		}
	}
	policy := config.policy("", time.Time{})
	for _, d := range []struct {
		value   durationValue
		field   *time.Duration
		initial string
	}{
		{config.ApplyEvery, &policy.ApplyEvery, defaultApplyEvery},
		{config.RotationSpread, &policy.RotationSpread, defaultRotationSpread},
		{config.Overlap, &policy.Overlap, defaultOverlap},
		{config.Grace, &policy.Grace, defaultGrace},
		{config.RequireUnusedFor, &policy.RequireUnusedFor, defaultRequireUnusedFor},
	} {
		if d.value.IsNull() {
			*d.field = durationValue{StringValue: types.StringValue(d.initial)}.Duration()
		}
	}
	spelled := config.RotateAfter
	if spelled.IsNull() {
		spelled = config.MaxAge
	}
	limited := policy.MaxAge > 0
	if (limited || policy.RotateAfter > 0) && policy.Interval()-policy.RotationSpread <= policy.MinimumInterval() {
		resp.Diagnostics.Append(intervalTooShort(spelled.ValueString(), config.RotationSpread.ValueString(), policy))
	}
	if limited && policy.RotateAfter > 0 && policy.MaxAge < policy.MinimumMaxAge() {
		resp.Diagnostics.Append(maxAgeTooShort(config.MaxAge.ValueString(), policy))
	}
}
