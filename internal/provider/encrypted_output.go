package provider

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
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
func validateEncryptedOutput(ctx context.Context, config *rotatingAccessKeyModel) diag.Diagnostics {
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
	if given > 1 || given == 0 && !unknown {
		return diag.Diagnostics{notOneMethod(given)}
	}
	for _, m := range sealingMethods {
		if m.context != "" && !attributes[m.context].IsNull() && attributes[m.recipients].IsNull() {
			return diag.Diagnostics{contextWithoutRecipients(m)}
		}
	}
	if given == 0 {
		return nil
	}
	_, diags := parseEncryptedOutput(ctx, config.EncryptedOutput, nil)
	return diags
}

// encryption is a parsed encrypted_output. Nil stands for plain text.
type encryption struct {
	sealing.Output

	method *sealingMethod
	target sealing.Target
	// until is the first instant at which a recipient has expired; zero if none ever does.
	until time.Time
}

// parseEncryptedOutput parses encrypted_output, each recipient once. It returns nil if the object is null or not fully known.
//
// A nil service is enough to validate a configuration and to compare; to encrypt, a service is needed. Recipients that can't
// be parsed are reported in the diagnostics, and the result can be compared but not encrypt. So a state that was edited can
// still be read: ignore the diagnostics for it.
func parseEncryptedOutput(ctx context.Context, object types.Object, service *kms.Service) (*encryption, diag.Diagnostics) {
	if object.IsNull() || !fullyKnown(ctx, object) {
		return nil, nil
	}
	attributes := object.Attributes()
	format, _ := attributes["format"].(types.String)
	e := &encryption{Output: sealing.Output{Format: sealing.Format(format.ValueString())}}
	e.target = sealing.Target{Format: e.Format, Context: map[string]string{}}
	var all []string
	for _, m := range sealingMethods {
		value := attributes[m.recipients]
		all = append(all, elements(value)...)
		if e.method == nil && !value.IsNull() {
			e.method, e.target.Method = m, m.method
		}
		if values, ok := attributes[m.context].(types.Map); ok {
			maps.Copy(e.target.Context, stringElements(values))
		}
	}

	var parsed recipients
	err := errors.New("no recipients")
	if e.method != nil {
		parsed, err = e.method.parse(elements(attributes[e.method.recipients]), e.target.Context, service)
	}
	if err != nil {
		e.target.Recipients = all
		return e, diag.Diagnostics{recipientError(e.method, err)}
	}
	e.target.Recipients, e.until, e.Sealer = parsed.fingerprints, parsed.until, parsed.sealer
	return e, nil
}

// sealedTo returns the text that the rules compare, empty for plain text, and the instant at which a recipient expires.
func (e *encryption) sealedTo() (canonical string, until time.Time) {
	if e == nil {
		return "", time.Time{}
	}
	return e.target.String(), e.until
}

// checkAtPlan is Check for the methods that can be checked at plan. For plain text it does nothing.
func (e *encryption) checkAtPlan(ctx context.Context, now time.Time) diag.Diagnostics {
	if e == nil || !e.method.trialAtPlan {
		return nil
	}
	if err := e.Check(ctx, now); err != nil {
		return diag.Diagnostics{recipientError(e.method, err)}
	}
	return nil
}

// fullyKnown reports whether neither v nor anything in it is unknown.
func fullyKnown(ctx context.Context, v attr.Value) bool {
	value, err := v.ToTerraformValue(ctx)
	return err == nil && value.IsFullyKnown()
}

// elements returns the strings of a set, in order, or a string as the only element.
func elements(value attr.Value) []string {
	if s, ok := value.(types.String); ok {
		return []string{s.ValueString()}
	}
	set, _ := value.(types.Set)
	var out []string
	for _, v := range set.Elements() {
		if s, ok := v.(types.String); ok {
			out = append(out, s.ValueString())
		}
	}
	slices.Sort(out)
	return out
}
