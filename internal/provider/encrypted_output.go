package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// encryptedOutputModel is the nested object encrypted_output.
type encryptedOutputModel struct {
	ageRecipients        types.Set
	openpgpPublicKeys    types.Set
	kmsKeyID             types.String
	kmsEncryptionContext types.Map
	format               types.String
}

var encryptedOutputType = map[string]attr.Type{
	"age_recipients":         types.SetType{ElemType: types.StringType},
	"openpgp_public_keys":    types.SetType{ElemType: types.StringType},
	"kms_key_id":             types.StringType,
	"kms_encryption_context": types.MapType{ElemType: types.StringType},
	"format":                 types.StringType,
}

// encryptedOutput is the nested object, or nil when it is null or not fully known.
func (m *rotatingAccessKeyModel) encryptedOutput() *encryptedOutputModel {
	if m.EncryptedOutput.IsNull() || !fullyKnown(m.EncryptedOutput) {
		return nil
	}
	var out encryptedOutputModel
	attributes := m.EncryptedOutput.Attributes()
	out.ageRecipients, _ = attributes["age_recipients"].(types.Set)
	out.openpgpPublicKeys, _ = attributes["openpgp_public_keys"].(types.Set)
	out.kmsKeyID, _ = attributes["kms_key_id"].(types.String)
	out.kmsEncryptionContext, _ = attributes["kms_encryption_context"].(types.Map)
	out.format, _ = attributes["format"].(types.String)
	return &out
}

// fullyKnown reports whether neither v nor anything in it is unknown.
func fullyKnown(v attr.Value) bool {
	if v.IsUnknown() {
		return false
	}
	var elements []attr.Value
	switch v := v.(type) {
	case types.Set:
		elements = v.Elements()
	case types.Map:
		elements = slices.Collect(maps.Values(v.Elements()))
	case types.Object:
		elements = slices.Collect(maps.Values(v.Attributes()))
	}
	return !slices.ContainsFunc(elements, func(e attr.Value) bool { return !fullyKnown(e) })
}

// recipients are whom a secret is encrypted to.
type recipients interface {
	sealing.Sealer
	// Fingerprints identify the recipients, in order and without duplicates.
	Fingerprints() []string
}

// encryption is encrypted_output, ready to be used.
type encryption struct {
	recipients recipients
	method     sealing.Method
	format     sealing.Format
	context    map[string]string
	// until is the first instant at which a recipient has expired; zero when none ever does.
	until time.Time
}

// recipientAttributes are the attributes of encrypted_output that hold the recipients of each method.
var recipientAttributes = map[sealing.Method]string{
	sealing.Age: "age_recipients", sealing.OpenPGP: "openpgp_public_keys", sealing.KMS: "kms_key_id",
}

func recipientsPath(method sealing.Method) path.Path {
	return path.Root("encrypted_output").AtName(recipientAttributes[method])
}

// method is the first method that has recipients; empty when none has.
func (m *encryptedOutputModel) method() sealing.Method {
	switch {
	case !m.ageRecipients.IsNull():
		return sealing.Age
	case !m.openpgpPublicKeys.IsNull():
		return sealing.OpenPGP
	case !m.kmsKeyID.IsNull():
		return sealing.KMS
	}
	return ""
}

// encryption reads the recipients. The service is parseOnly where nothing will be encrypted.
func (m *encryptedOutputModel) encryption(service *kms.Service) (*encryption, error) {
	e := &encryption{method: m.method(), format: sealing.Format(m.format.ValueString())}
	switch e.method {
	case sealing.Age:
		to, err := age.ParseRecipients(elements(m.ageRecipients))
		if err != nil {
			return nil, err
		}
		e.recipients = to
	case sealing.OpenPGP:
		to, err := openpgp.ParseRecipients(elements(m.openpgpPublicKeys))
		if err != nil {
			return nil, err
		}
		e.recipients, e.until = to, to.SealableUntil()
	case sealing.KMS:
		e.context = stringElements(m.kmsEncryptionContext)
		to, err := service.Recipient(m.kmsKeyID.ValueString(), e.context)
		if err != nil {
			return nil, err
		}
		e.recipients = to
	default:
		return nil, errors.New("no recipients")
	}
	return e, nil
}

// encryption is how the model wants its secrets encrypted; nil when it wants plain text.
func (m *rotatingAccessKeyModel) encryption(service *kms.Service) (*encryption, diag.Diagnostics) {
	out := m.encryptedOutput()
	if out == nil {
		return nil, nil
	}
	e, err := out.encryption(service)
	if err != nil {
		return nil, diag.Diagnostics{recipientError(recipientsPath(out.method()), err)}
	}
	return e, nil
}

// recipientError says before anything was changed which recipient can't be used, and what to give instead.
func recipientError(at path.Path, err error) diag.Diagnostic {
	summary, detail := recipientProblem(at, err)
	return diag.NewAttributeErrorDiagnostic(at, summary, detail+"\n\nNo key was created and none was changed.")
}

func recipientProblem(at path.Path, err error) (summary, detail string) {
	var bad *sealing.RecipientError
	if !errors.As(err, &bad) {
		return "Secrets can't be encrypted to " + at.String(), sealErrorDetail(err)
	}
	name := "A recipient"
	if bad.Name != "" {
		name = "Recipient " + bad.Name
	}
	detail = bad.Remedy
	if bad.Err != nil {
		detail = bad.Err.Error() + "\n\n" + detail
	}
	return fmt.Sprintf("%s in %s %s", name, at, bad.Problem), detail
}

// sealErrorDetail is what a diagnostic says of a failed encryption or decryption.
func sealErrorDetail(err error) string {
	var failure *kms.Error
	if errors.As(err, &failure) && failure.Code == "AccessDeniedException" {
		return fmt.Sprintf("%s\n\nAllow %s on key %s for the credentials of this provider, in the policy of the key or of the caller.", err, failure.Action, failure.Key)
	}
	return err.Error()
}

// Try encrypts a text that is no secret, to find out before a key is created whether its secret could be encrypted.
func (e *encryption) Try(ctx context.Context, now time.Time) error {
	_, err := e.recipients.Seal(ctx, now, secret.New("trial"))
	return err
}

// Seal encrypts the secret of a key in the configured format.
func (e *encryption) Seal(ctx context.Context, now time.Time, keyID string, key secret.Secret) (string, error) {
	plaintext, err := e.format.Render(sealing.Credential{AccessKeyID: keyID, Secret: key})
	if err != nil {
		return "", err
	}
	return e.recipients.Seal(ctx, now, plaintext)
}

// sealedTo is what the rules compare: whom a secret is encrypted to, and as what.
type sealedTo struct {
	Method     sealing.Method    `json:"method"`
	Format     sealing.Format    `json:"format"`
	Recipients []string          `json:"recipients"`
	Context    map[string]string `json:"context,omitempty"`
}

// sealedTo is the canonical text of encrypted_output, empty for plain text, and the instant at which a recipient expires.
// Recipients that can't be read any more stand for themselves.
func (m *rotatingAccessKeyModel) sealedTo() (string, time.Time) {
	out := m.encryptedOutput()
	if out == nil {
		return "", time.Time{}
	}
	to := sealedTo{Method: out.method(), Format: sealing.Format(out.format.ValueString()), Context: stringElements(out.kmsEncryptionContext)}
	var until time.Time
	if e, err := out.encryption(parseOnly); err == nil {
		to.Recipients, until = e.recipients.Fingerprints(), e.until
	} else {
		to.Recipients = slices.Concat(elements(out.ageRecipients), elements(out.openpgpPublicKeys), []string{out.kmsKeyID.ValueString()})
	}
	text, err := json.Marshal(to)
	if err != nil {
		return "", until
	}
	return string(text), until
}

// sealingChange says what differs between two canonical texts.
func sealingChange(before, after string) string {
	var old, now sealedTo
	if after == "" {
		return "no longer set"
	}
	if json.Unmarshal([]byte(before), &old) != nil || json.Unmarshal([]byte(after), &now) != nil {
		return "changed"
	}
	var what []string
	if old.Method != now.Method {
		what = append(what, fmt.Sprintf("method %s instead of %s", now.Method, old.Method))
	} else if !slices.Equal(old.Recipients, now.Recipients) {
		what = append(what, "other recipients")
	}
	if old.Format != now.Format {
		what = append(what, fmt.Sprintf("format %s instead of %s", now.Format, old.Format))
	}
	if !maps.Equal(old.Context, now.Context) {
		what = append(what, "another encryption context")
	}
	return strings.Join(what, ", ")
}

// elements are the strings of a set, in order.
func elements(set types.Set) []string {
	var out []string
	for _, v := range set.Elements() {
		if s, ok := v.(types.String); ok {
			out = append(out, s.ValueString())
		}
	}
	slices.Sort(out)
	return out
}
