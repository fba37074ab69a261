package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
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
	client, diags := clientFrom(req.ProviderData)
	r.client = client
	resp.Diagnostics.Append(diags...)
}
