package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

func encryptedOutputAttribute() schema.SingleNestedAttribute {
	formats := sealing.Formats()
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Encrypts the secret, so that no plain text of it is in state, plan or logs: `encrypted_secret` takes the place of " +
			"`secret_access_key`. Exactly one of `age_recipients`, `openpgp_public_keys` and `kms_key_id` says to whom. A secret that is in the state in " +
			"plain text is encrypted without a rotation. Once only the encrypted secret is there, another method, format, encryption context or set of " +
			"recipients rotates, and so does taking `encrypted_output` away; the order of recipients, the comment of an SSH key or a prolonged expiry do not.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"age_recipients": schema.SetAttribute{
				MarkdownDescription: "Recipients of [age](https://age-encryption.org): `age1...`, `age1pq1...`, `ssh-ed25519 ...` or `ssh-rsa ...`. Any one of them can open the secret.",
				ElementType:         types.StringType, Optional: true,
			},
			"openpgp_public_keys": schema.SetAttribute{
				MarkdownDescription: "OpenPGP public keys, armored or in base64. Any one of their owners can open the secret. A key that is revoked or can't encrypt is refused; " +
					"one that has expired blocks rotations.",
				ElementType: types.StringType, Optional: true,
			},
			"kms_key_id": schema.StringAttribute{
				MarkdownDescription: "AWS KMS key: its id, its ARN, or an alias such as `alias/secrets`. The apply needs `kms:Encrypt` on it, a plan does not. A key that is not " +
					"named by an ARN is in the region of the provider.",
				Optional: true,
			},
			"kms_encryption_context": schema.MapAttribute{
				MarkdownDescription: "Encryption context for `kms_key_id`. It is no secret: CloudTrail records it.",
				ElementType:         types.StringType, Optional: true,
			},
			"format": schema.StringAttribute{
				MarkdownDescription: "What is encrypted: `secret` (the secret alone), `json` (as the AWS SDKs read it from `credential_process`), `dotenv`, `credentials_file` " +
					"(a profile of `~/.aws/credentials`) or `csv` (the columns of the console's download). Default: `secret`.",
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(sealing.FormatSecret)),
				Validators: []validator.String{stringvalidator.OneOf(names...)},
			},
		},
	}
}

// validateEncryptedOutput checks as much of encrypted_output as is known.
func validateEncryptedOutput(config *rotatingAccessKeyModel) diag.Diagnostics {
	at := path.Root("encrypted_output")
	if config.EncryptedOutput.IsNull() || config.EncryptedOutput.IsUnknown() {
		return nil
	}
	attributes := config.EncryptedOutput.Attributes()
	given, unknown := 0, false
	for _, name := range recipientAttributes {
		if v := attributes[name]; v.IsUnknown() {
			unknown = true
		} else if !v.IsNull() {
			given++
		}
	}
	var diags diag.Diagnostics
	if given > 1 {
		diags.AddAttributeError(at, "encrypted_output has recipients of more than one method",
			"Set exactly one of age_recipients, openpgp_public_keys and kms_key_id.")
		return diags
	}
	if given == 0 && !unknown {
		diags.AddAttributeError(at, "encrypted_output has no recipients: nobody could open the secret",
			"Set one of age_recipients, openpgp_public_keys and kms_key_id, or take encrypted_output away to have the secret in plain text.")
		return diags
	}
	if kmsContext := attributes["kms_encryption_context"]; !kmsContext.IsNull() && attributes["kms_key_id"].IsNull() {
		diags.AddAttributeError(at.AtName("kms_encryption_context"), "kms_encryption_context is set without kms_key_id",
			"An encryption context belongs to AWS KMS. Set kms_key_id, or take kms_encryption_context away.")
		return diags
	}
	if given == 0 || !fullyKnown(config.EncryptedOutput) {
		return diags
	}
	_, d := config.encryption(parseOnly)
	return append(diags, d...)
}
