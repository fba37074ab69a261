package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
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
	r.client = clientFrom(req.ProviderData, &resp.Diagnostics)
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
	if credential.AccessKeyID != "" {
		model.AccessKeyID = types.StringValue(credential.AccessKeyID)
	}
	model.SecretAccessKey, model.Plaintext = types.StringValue(credential.Secret.Reveal()), types.StringValue(plaintext.Reveal())
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

// notEncryptedError reports a text that no method sealed. It shows nothing of it: it may be a secret.
func notEncryptedError() diag.Diagnostic {
	products := eachMethod("or", func(m *sealingMethod) string { return m.product + " (" + m.prefix + ")" })
	return diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"), "encrypted_secret is not an encrypted secret",
		fmt.Sprintf("It does not begin as %s. Nothing of it is shown here: it may be a secret in plain text by mistake. If it is one, rotate "+
			"that key, and look for copies wherever the value comes from, such as the state or a file.\n\n"+
			"Give encrypted_secret of an iamkeys_rotating_access_key, or the output of age --armor or gpg --armor --encrypt.", products))
}

// unconfiguredError reports a method that needs a configured provider.
func unconfiguredError(method *sealingMethod) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"),
		fmt.Sprintf("The secret is encrypted with %s, and the provider is not configured", method.name),
		fmt.Sprintf("%s decrypts it with the credentials of the provider configuration. Set what that configuration needs to values that "+
			"are known at plan time.", method.name))
}

// missingIdentityError asks for a private key of the method. The recipients may be unknown.
func missingIdentityError(method *sealingMethod, recipients []string) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root(method.identity),
		fmt.Sprintf("%s is not set, and the secret is encrypted with %s", method.identity, method.name),
		encryptedTo(recipients)+fmt.Sprintf("Set %s to the private key of one of the recipients.", method.identity))
}

// noCredentialError reports that the decrypted text is not an access key. It shows nothing of it.
func noCredentialError(err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"), "What was encrypted is not an access key",
		fmt.Sprintf("It was decrypted, but %s. Nothing of it is shown here.\n\nEncrypt the secret access key alone, or one of the formats that "+
			"encrypted_output of iamkeys_rotating_access_key has.", err))
}

// openError reports why a secret can't be opened, who its recipients are, and what to give.
func (m *secretAccessKeyModel) openError(method *sealingMethod, err error) diag.Diagnostic {
	attribute := path.Root("encrypted_secret")
	failure, ok := errors.AsType[*sealing.OpenError](err)
	if !ok {
		return diag.NewAttributeErrorDiagnostic(attribute, "The secret can't be opened", err.Error())
	}
	cause := failureCause(failure)
	switch failure.Failure {
	case sealing.BadIdentity, sealing.NoMatch:
		if method.hasIdentity != nil && !method.hasIdentity(m) {
			return missingIdentityError(method, failure.Recipients)
		}
		summary := fmt.Sprintf("A private key in %s can't be used", method.identity)
		remedy := "Check that the private key is complete, and that passphrase is the passphrase of the key, if it has one."
		if failure.Failure == sealing.NoMatch {
			summary = "The secret is not encrypted to " + method.identity
			remedy = fmt.Sprintf("Set %s to the private key of one of the recipients. To be able to open future secrets with the given one, "+
				"add its public key to encrypted_output of the iamkeys_rotating_access_key, which rotates the key.", method.identity)
		}
		return diag.NewAttributeErrorDiagnostic(path.Root(method.identity), summary, cause+encryptedTo(failure.Recipients)+remedy)
	case sealing.NotSealed, sealing.Damaged:
		summary := "The encrypted secret is damaged or cut off"
		if failure.Failure == sealing.NotSealed {
			summary = fmt.Sprintf("The encrypted secret begins as %s, but can't be read", method.name)
		}
		return diag.NewAttributeErrorDiagnostic(attribute, summary,
			cause+encryptedTo(failure.Recipients)+"Give the whole text, from its first character to its last, as "+
				"iamkeys_rotating_access_key has it in encrypted_secret. If there is no good copy, rotate the key: change a value of "+
				"rotate_when_changed.")
	case sealing.Refused:
	}
	return diag.NewAttributeErrorDiagnostic(attribute, method.name+" did not decrypt the secret", sealErrorDetail(err))
}

// failureCause returns what is known of a failure beyond its kind, as sentences.
func failureCause(failure *sealing.OpenError) string {
	var cause string
	if failure.Detail != "" {
		cause = strings.ToUpper(failure.Detail[:1]) + failure.Detail[1:] + "."
		if other := sealingMethodOf(failure.Method); other != nil && other.identity != "" {
			cause += fmt.Sprintf(" Give it in %s.", other.identity)
		}
		cause += "\n\n"
	}
	if failure.Err != nil {
		cause += failure.Err.Error() + ".\n\n"
	}
	return cause
}

// encryptedTo lists the recipients in a sentence.
func encryptedTo(recipients []string) string {
	if len(recipients) == 0 {
		return ""
	}
	return "The secret is encrypted to " + strings.Join(recipients, ", ") + ".\n\n"
}
