package provider

import (
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

func encryptedOutputAttribute() schema.SingleNestedAttribute {
	formats := sealing.Formats()
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	attributes := map[string]schema.Attribute{
		"format": schema.StringAttribute{
			MarkdownDescription: "What is encrypted: `secret` (the secret alone), `json` (as the AWS SDKs read it from " +
				"`credential_process`), `dotenv`, `credentials_file` (a profile of `~/.aws/credentials`) or `csv` (the columns of the " +
				"console's download). Default: `secret`.",
			Optional: true, Computed: true, Default: stringdefault.StaticString(string(sealing.FormatSecret)),
			Validators: []validator.String{stringvalidator.OneOf(names...)},
		},
	}
	for _, m := range sealingMethods {
		maps.Copy(attributes, m.attributes)
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Encrypts the secret, so that no plain text of it is in state, plan or logs: `encrypted_secret` takes the " +
			"place of `secret_access_key`. Exactly one of " +
			eachMethod("and", func(m *sealingMethod) string { return "`" + m.recipients + "`" }) + " names the recipients. " +
			"A secret that is in the state in plain text is encrypted without a rotation. Once the state has only the encrypted secret, " +
			"another method, format, encryption context or set of recipients rotates the key, and so does removing `encrypted_output`; " +
			"the order of recipients, the comment of an SSH key or an extended expiry do not.",
		Optional:   true,
		Attributes: attributes,
	}
}

// encryptedOutputType has the types of the attributes of encrypted_output.
var encryptedOutputType = attributeTypes(encryptedOutputAttribute().Attributes)

func attributeTypes(attributes map[string]schema.Attribute) map[string]attr.Type {
	types := make(map[string]attr.Type, len(attributes))
	for name, attribute := range attributes {
		types[name] = attribute.GetType()
	}
	return types
}

// validateEncryptedOutput checks as much of encrypted_output as is known.
func validateEncryptedOutput(config *rotatingAccessKeyModel) diag.Diagnostics {
	at := path.Root("encrypted_output")
	if config.EncryptedOutput.IsNull() || config.EncryptedOutput.IsUnknown() {
		return nil
	}
	attributes := config.EncryptedOutput.Attributes()
	given, unknown := 0, false
	for _, m := range sealingMethods {
		if v := attributes[m.recipients]; v.IsUnknown() {
			unknown = true
		} else if !v.IsNull() {
			given++
		}
	}
	var diags diag.Diagnostics
	switch {
	case given > 1:
		diags.AddAttributeError(at, "encrypted_output has recipients of more than one method",
			fmt.Sprintf("Set exactly one of %s.", recipientAttributes()))
	case given == 0 && !unknown:
		diags.AddAttributeError(at, "encrypted_output has no recipients: nobody could open the secret",
			fmt.Sprintf("Set one of %s, or remove encrypted_output to have the secret in plain text.", recipientAttributes()))
	default:
		diags.Append(validateContexts(attributes)...)
	}
	if diags.HasError() || given == 0 {
		return diags
	}
	_, d := parseEncryptedOutput(config.EncryptedOutput, nil)
	return append(diags, d...)
}

// validateContexts refuses an encryption context without recipients of its method.
func validateContexts(attributes map[string]attr.Value) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, m := range sealingMethods {
		if m.context != "" && !attributes[m.context].IsNull() && attributes[m.recipients].IsNull() {
			diags.AddAttributeError(path.Root("encrypted_output").AtName(m.context),
				fmt.Sprintf("%s is set without %s", m.context, m.recipients),
				fmt.Sprintf("This encryption context belongs to %s. Set %s, or remove %s.", m.name, m.recipients, m.context))
		}
	}
	return diags
}
