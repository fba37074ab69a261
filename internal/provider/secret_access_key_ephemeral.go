package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*secretAccessKeyEphemeralResource)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*secretAccessKeyEphemeralResource)(nil)
)

func newSecretAccessKeyEphemeralResource() ephemeral.EphemeralResource {
	return &secretAccessKeyEphemeralResource{}
}

// secretAccessKeyEphemeralResource is iamkeys_secret_access_key: an encrypted secret, open for one run. Every plan opens it, so
// it changes nothing. Its client is nil if the provider is not configured; only AWS KMS needs it.
type secretAccessKeyEphemeralResource struct{ client *Client }

// secretAccessKeyModel is the configuration and the result. It holds secrets: never log or print one.
type secretAccessKeyModel struct {
	EncryptedSecret   types.String `tfsdk:"encrypted_secret"`
	AgeIdentities     types.List   `tfsdk:"age_identities"`
	OpenPGPPrivateKey types.String `tfsdk:"openpgp_private_key"`
	Passphrase        types.String `tfsdk:"passphrase"`
	AccessKeyID       types.String `tfsdk:"access_key_id"`
	SecretAccessKey   types.String `tfsdk:"secret_access_key"`
	Plaintext         types.String `tfsdk:"plaintext"`
}

func (r *secretAccessKeyEphemeralResource) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_secret_access_key"
}

func (r *secretAccessKeyEphemeralResource) Schema(_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Opens the `encrypted_secret` of an `iamkeys_rotating_access_key` for this run only: the result is in no state " +
			"and in no plan. Pass it to a write-only argument, to a provider configuration, or to a provisioner.\n\n" +
			"The beginning of the text shows whether it is encrypted with " +
			eachMethod("or", func(m *sealingMethod) string { return m.name }) +
			". A text that is created in the same apply is opened in the apply, after the rotation and before what depends on it.\n\n" +
			"Nothing is changed anywhere. A secret encrypted with AWS KMS needs `kms:Decrypt` for the credentials of the provider, and " +
			"CloudTrail records each call; the other methods send no request. Needs Terraform 1.10 or OpenTofu 1.11.",
		Attributes: map[string]schema.Attribute{
			"encrypted_secret": schema.StringAttribute{
				MarkdownDescription: "The encrypted secret: " + eachMethod("or", func(m *sealingMethod) string { return m.product }) +
					" (`" + kms.Prefix + "...`). `age --armor` and `gpg --armor --encrypt` create one, too. If it is null, as that of an imported " +
					"key before its first rotation, all results are null and a warning says so.",
				Optional: true,
			},
			"age_identities": schema.ListAttribute{
				MarkdownDescription: "Private keys for age, any of which may open the secret: identities (`AGE-SECRET-KEY-...`), contents of " +
					"identity files, or SSH private keys (Ed25519 or RSA) in OpenSSH or PEM format. Nulls in the list are ignored.",
				ElementType: types.StringType,
				Optional:    true,
				Sensitive:   true,
			},
			"openpgp_private_key": schema.StringAttribute{
				MarkdownDescription: "Private key for OpenPGP: armored, or the binary export in base64.",
				Optional:            true,
				Sensitive:           true,
			},
			"passphrase": schema.StringAttribute{
				MarkdownDescription: "Passphrase of `openpgp_private_key`, or of the SSH private keys in `age_identities` that have one.",
				Optional:            true,
				Sensitive:           true,
			},
			"access_key_id": schema.StringAttribute{
				MarkdownDescription: "Id of the key, if the format contains it: null with the format `secret`.",
				Computed:            true,
			},
			"secret_access_key": schema.StringAttribute{
				MarkdownDescription: "The secret access key.",
				Computed:            true,
				Sensitive:           true,
			},
			"plaintext": schema.StringAttribute{
				MarkdownDescription: "Everything that was encrypted, such as a whole credentials file. With the format `secret` it equals " +
					"`secret_access_key`.",
				Computed:  true,
				Sensitive: true,
			},
		},
	}
}

func (r *secretAccessKeyEphemeralResource) Configure(
	_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse,
) {
	client, diags := clientFrom(req.ProviderData)
	r.client = client
	resp.Diagnostics.Append(diags...)
}

// ValidateConfig refuses a text that is not an encrypted secret. Open reports a missing private key, since only Open knows the
// recipients.
func (r *secretAccessKeyEphemeralResource) ValidateConfig(
	ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse,
) {
	var model secretAccessKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || model.EncryptedSecret.IsNull() || model.EncryptedSecret.IsUnknown() {
		return
	}
	if methodOfSealed(model.sealed()) == nil {
		resp.Diagnostics.Append(notEncryptedError())
	}
}

func (r *secretAccessKeyEphemeralResource) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	var model secretAccessKeyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.EncryptedSecret.IsNull() {
		resp.Diagnostics.AddAttributeWarning(path.Root("encrypted_secret"), "There is no encrypted secret to open: encrypted_secret is null",
			"All results of this ephemeral resource are null. An iamkeys_rotating_access_key has no encrypted_secret if encrypted_output is "+
				"not set, and after an import until its first rotation, since AWS shows the secret of a key only once.")
		resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
		return
	}
	method := methodOfSealed(model.sealed())
	if method == nil {
		resp.Diagnostics.Append(notEncryptedError())
		return
	}
	var service *kms.Service
	if r.client != nil {
		service = r.client.KMS
	}
	opener := method.opener(&model, service)
	if opener == nil {
		resp.Diagnostics.Append(unconfiguredError(method))
		return
	}
	plaintext, err := opener.Open(ctx, model.sealed())
	if err != nil {
		resp.Diagnostics.Append(model.openError(method, err))
		return
	}
	credential, err := sealing.Parse(plaintext)
	if err != nil {
		resp.Diagnostics.Append(noCredentialError(err))
		return
	}
	model.setResults(credential, plaintext)
	resp.Diagnostics.Append(resp.Result.Set(ctx, model)...)
}

// sealed returns the encrypted secret without the white space that a file or an indented string may add.
func (m *secretAccessKeyModel) sealed() string {
	return strings.TrimSpace(m.EncryptedSecret.ValueString())
}

// ageIdentities returns the elements of age_identities that are not null.
func (m *secretAccessKeyModel) ageIdentities() []string {
	var identities []string
	for _, element := range m.AgeIdentities.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() {
			identities = append(identities, text.ValueString())
		}
	}
	return identities
}

// passphrase returns the passphrase of the private keys; it is absent if none is configured.
func (m *secretAccessKeyModel) passphrase() secret.Secret {
	if m.Passphrase.IsNull() {
		return secret.Secret{}
	}
	return secret.New(m.Passphrase.ValueString())
}

// setResults sets the results from the plaintext.
func (m *secretAccessKeyModel) setResults(found sealing.Credential, plaintext secret.Secret) {
	if found.AccessKeyID != "" {
		m.AccessKeyID = types.StringValue(found.AccessKeyID)
	}
	m.SecretAccessKey = types.StringValue(found.Secret.Reveal())
	m.Plaintext = types.StringValue(plaintext.Reveal())
}
