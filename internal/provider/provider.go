// Package provider is the Terraform provider iamkeys: the life of AWS IAM user access keys.
//
// It is the only package that speaks Terraform. What a rotation may do is decided by package rotation, and what is asked
// of AWS goes through package iamgate.
package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

var (
	_ provider.ProviderWithEphemeralResources = (*iamkeysProvider)(nil)
	_ provider.ProviderWithFunctions          = (*iamkeysProvider)(nil)
)

// Options are the settings of the provider that users can't change. The zero value is that of a release.
type Options struct {
	// Clock is the machine's time and the way to wait; nil means clock.System().
	Clock clock.Clock
	// AttemptTimeout limits each attempt of a request to AWS. Zero means awsclient.DefaultAttemptTimeout.
	AttemptTimeout time.Duration
}

// New returns the factory that the plugin server asks for the provider. The version is the release, as User-Agent and
// Terraform show it.
func New(version string, o Options) func() provider.Provider {
	if o.Clock == nil {
		o.Clock = clock.System()
	}
	return func() provider.Provider { return &iamkeysProvider{version: version, options: o} }
}

type iamkeysProvider struct {
	version string
	options Options
}

func (p *iamkeysProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "iamkeys"
	resp.Version = p.version
}

func (p *iamkeysProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerSchema()
}

// Configure turns the provider block into the Client that resources and data sources get. It sends no request to AWS,
// unless the credentials come from one: an assumed role, web identity, or the metadata of an instance.
func (p *iamkeysProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	if unknown := unknownAttributes(req.Config); len(unknown) > 0 {
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
			return
		}
		for _, name := range unknown {
			resp.Diagnostics.AddAttributeError(path.Root(name),
				fmt.Sprintf("Provider setting is not known yet: %s", name),
				fmt.Sprintf("The value of %s comes from something that this apply has still to make, and the provider needs it for the "+
					"plan. Set %s to a value that is known at plan time, such as a variable or a data source, or first apply what it "+
					"depends on with -target.", name, name))
		}
		return
	}

	var model providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client, diags := newClient(ctx, &model, p.version, p.options)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	client.MinimalRefresh = hasMinimalRefresh(req.TerraformVersion)
	resp.ResourceData = client
	resp.DataSourceData = client
	resp.EphemeralResourceData = client
}

func (p *iamkeysProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newRotatingAccessKeyResource}
}

func (p *iamkeysProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newAccessKeyAgeDataSource,
		newAccessKeyLastUsedDataSource,
		newAccessKeysDataSource,
		newAccessKeyOwnerDataSource,
		newAccessKeyUsageDataSource,
		newCredentialReportDataSource,
		newPolicyDocumentDataSource,
	}
}

func (p *iamkeysProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newSecretAccessKeyEphemeralResource}
}

func (p *iamkeysProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newSESSMTPPasswordFunction}
}

// hasMinimalRefresh reports whether a Terraform of that version has -minimal-refresh, which came with 1.17.
func hasMinimalRefresh(terraform string) bool {
	v, err := version.NewVersion(terraform)
	return err == nil && v.Core().GreaterThanOrEqual(version.Must(version.NewVersion("1.17.0")))
}

// unknownAttributes returns the names of the top-level attributes and blocks that hold a value which is not known yet, in order.
func unknownAttributes(config tfsdk.Config) []string {
	var values map[string]tftypes.Value
	if err := config.Raw.As(&values); err != nil {
		return nil
	}
	var unknown []string
	for name, value := range values {
		if !value.IsFullyKnown() {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}
