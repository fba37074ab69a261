package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awsclient"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// Client is what a configured provider hands to its resources and data sources. It is safe for concurrent use.
type Client struct {
	// Gateway asks IAM and STS with the credentials of the provider configuration, for data sources.
	Gateway *iamgate.Gateway
	// KMS encrypts and decrypts with the same credentials.
	KMS *kms.Service
	// Trail asks CloudTrail who has used a key, with the same credentials.
	Trail *trail.Gateway
	// Rotator works on the keys of iamkeys_rotating_access_key.
	Rotator *rotator.Client
	// MinimalRefresh reports whether the CLI can plan before it reads, and reads only what changes.
	MinimalRefresh bool
}

// clientFrom returns the Client that the framework passes to Configure; nil before the provider is configured.
func clientFrom(providerData any, diags *diag.Diagnostics) *Client {
	client, ok := providerData.(*Client)
	if !ok && providerData != nil {
		diags.AddError("Unexpected provider data", fmt.Sprintf("Got %T. This is a bug in the provider.", providerData))
	}
	return client
}

// newClient returns the Client for the provider block.
func newClient(ctx context.Context, m *providerModel, version string, o Options) (*Client, diag.Diagnostics) {
	clients, problems := awsclient.New(ctx, m.settings(), awsclient.Options{
		Version: version, Clock: o.Clock, AttemptTimeout: o.AttemptTimeout,
	})
	diags := problemDiagnostics(problems)
	if clients == nil {
		return nil, diags
	}
	return &Client{Gateway: clients.Gateway, KMS: clients.KMS, Trail: clients.Trail, Rotator: rotator.New(clients.Gateway, o.Clock)}, diags
}

// settings returns the provider block without Terraform's types.
func (m *providerModel) settings() awsclient.Settings {
	s := awsclient.Settings{
		AccessKey: m.AccessKey.ValueString(), AllowedAccountIDs: m.AllowedAccountIDs, CustomCABundle: m.CustomCABundle.ValueString(),
		EC2MetadataServiceEndpoint:     m.EC2MetadataServiceEndpoint.ValueString(),
		EC2MetadataServiceEndpointMode: m.EC2MetadataServiceEndpointMode.ValueString(), ForbiddenAccountIDs: m.ForbiddenAccountIDs,
		HTTPProxy: m.HTTPProxy.ValueStringPointer(), HTTPSProxy: m.HTTPSProxy.ValueStringPointer(), Insecure: m.Insecure.ValueBool(),
		MaxRetries: wholeNumber(m.MaxRetries), NoProxy: m.NoProxy.ValueString(), Profile: m.Profile.ValueString(),
		Region: m.Region.ValueString(), RetryMode: m.RetryMode.ValueString(), SecretKey: secretValue(m.SecretKey),
		SharedConfigFiles: m.SharedConfigFiles, SharedCredentialsFiles: m.SharedCredentialsFiles,
		SkipMetadataAPICheck: m.SkipMetadataAPICheck.ValueBoolPointer(), SkipRegionValidation: m.SkipRegionValidation.ValueBool(),
		STSRegion: m.STSRegion.ValueString(), Token: secretValue(m.Token), UseDualstackEndpoint: m.UseDualstackEndpoint.ValueBool(),
		UseFIPSEndpoint: m.UseFIPSEndpoint.ValueBool(),
	}
	if e := m.Endpoints; e != nil {
		s.Endpoints = awsclient.Endpoints{
			CloudTrail: e.CloudTrail.ValueString(), IAM: e.IAM.ValueString(), KMS: e.KMS.ValueString(), STS: e.STS.ValueString(),
		}
	}
	for _, role := range m.AssumeRole {
		s.AssumeRole = append(s.AssumeRole, awsclient.AssumeRole{
			Duration: role.Duration.Duration(), ExternalID: role.ExternalID.ValueString(), Policy: role.Policy.ValueString(),
			PolicyARNs: role.PolicyARNs, RoleARN: role.RoleARN.ValueString(), SessionName: role.SessionName.ValueString(),
			SourceIdentity: role.SourceIdentity.ValueString(), Tags: role.Tags, TransitiveTagKeys: role.TransitiveTagKeys,
		})
	}
	if web := m.AssumeRoleWithWebIdentity; web != nil {
		s.AssumeRoleWithWebIdentity = &awsclient.WebIdentity{
			Duration: web.Duration.Duration(), Policy: web.Policy.ValueString(), PolicyARNs: web.PolicyARNs, RoleARN: web.RoleARN.ValueString(),
			SessionName: web.SessionName.ValueString(), WebIdentityToken: secretValue(web.WebIdentityToken),
			WebIdentityTokenFile: web.WebIdentityTokenFile.ValueString(),
		}
	}
	return s
}

func secretValue(s types.String) secret.Secret {
	if s.IsNull() {
		return secret.Secret{}
	}
	return secret.New(s.ValueString())
}

// problemDiagnostics returns the problems as diagnostics, at the attributes that they name.
func problemDiagnostics(problems awsclient.Problems) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, p := range problems {
		var d diag.Diagnostic = diag.NewErrorDiagnostic(p.Summary, p.Detail)
		if p.Severity == awsclient.Warning {
			d = diag.NewWarningDiagnostic(p.Summary, p.Detail)
		}
		at := path.Empty()
		for _, step := range p.Setting {
			switch step := step.(type) {
			case int:
				at = at.AtListIndex(step)
			case string:
				at = at.AtName(step)
			}
		}
		if len(p.Setting) > 0 {
			d = diag.WithPath(at, d)
		}
		diags.Append(d)
	}
	return diags
}
