package acctest

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var (
	_ provider.Provider = (*consumerProvider)(nil)
	_ resource.Resource = (*consumerResource)(nil)
)

// consumerProvider is the provider iamkeystest. It has no configuration: a World serves it to its own CLI only.
type consumerProvider struct{ world *World }

func (p *consumerProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "iamkeystest"
}

func (p *consumerProvider) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {
}

func (p *consumerProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (p *consumerProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &consumerResource{world: p.world} }}
}

func (p *consumerProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

// consumerResource is iamkeystest_consumer. A new key updates it in place, as it does most resources that depend on a key.
type consumerResource struct{ world *World }

type consumerModel struct {
	ID              types.String `tfsdk:"id"`
	AccessKeyID     types.String `tfsdk:"access_key_id"`
	SecretAccessKey types.String `tfsdk:"secret_access_key"`
	Version         types.Int64  `tfsdk:"version"`
	SecretWO        types.String `tfsdk:"secret_wo"`
	SecretWOVersion types.Int64  `tfsdk:"secret_wo_version"`
}

func (r *consumerResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "iamkeystest_consumer"
}

func (r *consumerResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"id": schema.StringAttribute{
			Computed:      true,
			PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()},
		},
		"access_key_id":     schema.StringAttribute{Required: true},
		"secret_access_key": schema.StringAttribute{Optional: true, Sensitive: true},
		"version":           schema.Int64Attribute{Optional: true},
		"secret_wo":         schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true},
		"secret_wo_version": schema.Int64Attribute{Optional: true},
	}}
}

func (r *consumerResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	resp.Diagnostics.Append(r.apply(ctx, "create", r.world.newConsumerID(), req.Config, req.Plan, &resp.State)...)
}

// Read leaves the state as it is: nothing but an apply changes a consumer.
func (r *consumerResource) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (r *consumerResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	resp.Diagnostics.Append(r.apply(ctx, "update", id.ValueString(), req.Config, req.Plan, &resp.State)...)
}

func (r *consumerResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var id types.String
	resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("id"), &id)...)
	r.world.removeConsumer(id.ValueString())
}

// apply gives the planned key to the consumer and sets the state. Only the configuration has the write-only secret.
func (r *consumerResource) apply(
	ctx context.Context, step, id string, config tfsdk.Config, plan tfsdk.Plan, state *tfsdk.State,
) diag.Diagnostics {
	var model, configured consumerModel
	diags := plan.Get(ctx, &model)
	diags.Append(config.Get(ctx, &configured)...)
	if diags.HasError() {
		return diags
	}
	given := credentials{accessKeyID: model.AccessKeyID.ValueString(), secret: secret.New(model.SecretAccessKey.ValueString())}
	if model.SecretAccessKey.IsNull() {
		given.secret = secret.New(configured.SecretWO.ValueString())
	}
	if err := r.world.giveKey(ctx, step, id, given); err != nil {
		diags.AddError("The handover could not be tried", err.Error())
		return diags
	}
	model.ID = types.StringValue(id)
	diags.Append(state.Set(ctx, model)...)
	return diags
}
