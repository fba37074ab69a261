package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// sealedPrefixes are how a text of each method begins.
var sealedPrefixes = map[sealing.Method]string{
	sealing.Age: "-----BEGIN AGE ENCRYPTED FILE-----", sealing.OpenPGP: "-----BEGIN PGP MESSAGE-----", sealing.KMS: "iamkeys-kms:",
}

// methodNames are what people call the methods.
var methodNames = map[sealing.Method]string{sealing.Age: "age", sealing.OpenPGP: "OpenPGP", sealing.KMS: "AWS KMS"}

// identityAttributes hold the private keys of the methods that need one.
var identityAttributes = map[sealing.Method]string{sealing.Age: "age_identities", sealing.OpenPGP: "openpgp_private_key"}

// sealedMethod is the method by which a text is encrypted, as its beginning tells; empty for another text.
func sealedMethod(text string) sealing.Method {
	for method, prefix := range sealedPrefixes {
		if strings.HasPrefix(text, prefix) {
			return method
		}
	}
	return ""
}

// opener is what opens a text of this method with the configured private keys.
func (r *secretAccessKeyEphemeralResource) opener(m *secretAccessKeyModel, method sealing.Method) (sealing.Opener, diag.Diagnostics) {
	var passphrase secret.Secret
	if !m.Passphrase.IsNull() {
		passphrase = secret.New(m.Passphrase.ValueString())
	}
	switch method {
	case sealing.Age:
		return age.NewOpener(m.identities(), passphrase), nil
	case sealing.OpenPGP:
		return openpgp.NewOpener(m.OpenPGPPrivateKey.ValueString(), passphrase), nil
	case sealing.KMS:
		if r.client != nil {
			return r.client.KMS.Opener(), nil
		}
	}
	return nil, diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"),
		"The secret is encrypted with AWS KMS, and the provider is not configured",
		"AWS KMS decrypts it for the credentials of the provider configuration. Set what that configuration needs to values that are known at plan time.")}
}

// sealed is the encrypted secret. What is around it where it comes from a file or an indented string is no part of it.
func (m *secretAccessKeyModel) sealed() string {
	return strings.TrimSpace(m.EncryptedSecret.ValueString())
}

// identities are the elements of age_identities that are not null.
func (m *secretAccessKeyModel) identities() []string {
	var identities []string
	for _, element := range m.AgeIdentities.Elements() {
		if text, ok := element.(types.String); ok && !text.IsNull() {
			identities = append(identities, text.ValueString())
		}
	}
	return identities
}

// lacksIdentity reports whether the method needs a private key and none is given.
func (m *secretAccessKeyModel) lacksIdentity(method sealing.Method) bool {
	switch method {
	case sealing.Age:
		return len(m.identities()) == 0
	case sealing.OpenPGP:
		return m.OpenPGPPrivateKey.IsNull()
	case sealing.KMS:
	}
	return false
}

// notEncryptedError says that a text is none of ours. It shows nothing of it: it may be a secret.
func notEncryptedError() diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"), "encrypted_secret is not an encrypted secret",
		fmt.Sprintf("It does not begin as age armor (%s), an armored OpenPGP message (%s), or what this provider makes with AWS KMS (%s). Nothing of it is "+
			"shown here: it may be a secret in plain text by mistake. If it is one, rotate that key, and look for copies wherever the value comes from, "+
			"such as the state or a file.\n\nGive encrypted_secret of an iamkeys_rotating_access_key, or what age --armor or gpg --armor --encrypt made.",
			sealedPrefixes[sealing.Age], sealedPrefixes[sealing.OpenPGP], sealedPrefixes[sealing.KMS]))
}

// missingIdentityError asks for a private key of the method. The recipients may be unknown.
func missingIdentityError(method sealing.Method, recipients []string) diag.Diagnostic {
	attribute := identityAttributes[method]
	return diag.NewAttributeErrorDiagnostic(path.Root(attribute), fmt.Sprintf("%s is not set, and the secret is encrypted with %s", attribute, methodNames[method]),
		encryptedTo(recipients)+fmt.Sprintf("Set %s to the private key of one of the recipients.", attribute))
}

// noCredentialError says that the decrypted text is no access key. It shows nothing of it.
func noCredentialError(err error) diag.Diagnostic {
	return diag.NewAttributeErrorDiagnostic(path.Root("encrypted_secret"), "What was encrypted is not an access key",
		fmt.Sprintf("It was decrypted, but %s. Nothing of it is shown here.\n\nEncrypt the secret access key alone, or one of the formats that "+
			"encrypted_output of iamkeys_rotating_access_key has.", err))
}

// openError says why a secret can't be opened, to whom it is encrypted, and what to give.
func (m *secretAccessKeyModel) openError(method sealing.Method, err error) diag.Diagnostic {
	attribute, identity := path.Root("encrypted_secret"), identityAttributes[method]
	var failure *sealing.OpenError
	if !errors.As(err, &failure) {
		return diag.NewAttributeErrorDiagnostic(attribute, "The secret can't be opened", err.Error())
	}
	cause := failureCause(failure)
	switch failure.Failure {
	case sealing.BadIdentity, sealing.NoMatch:
		if m.lacksIdentity(method) {
			return missingIdentityError(method, failure.Recipients)
		}
		summary := "A private key in " + identity + " can't be used"
		remedy := "Check that the private key is complete, and that passphrase is the passphrase of the key, if it has one."
		if failure.Failure == sealing.NoMatch {
			summary = "The secret is not encrypted to " + identity
			remedy = fmt.Sprintf("Set %s to the private key of one of the recipients. To be able to open future secrets with the one that is given, add "+
				"its public key to encrypted_output of the iamkeys_rotating_access_key, which rotates the key.", identity)
		}
		return diag.NewAttributeErrorDiagnostic(path.Root(identity), summary, cause+encryptedTo(failure.Recipients)+remedy)
	case sealing.NotSealed, sealing.Damaged:
		summary := "The encrypted secret is damaged or cut off"
		if failure.Failure == sealing.NotSealed {
			summary = "The encrypted secret begins as " + methodNames[method] + ", but can't be read"
		}
		return diag.NewAttributeErrorDiagnostic(attribute, summary,
			cause+encryptedTo(failure.Recipients)+"Give the whole text, from its first character to its last, as iamkeys_rotating_access_key has it in "+
				"encrypted_secret. If no good copy is left, rotate the key: change a value of rotate_when_changed.")
	case sealing.Refused:
	}
	return diag.NewAttributeErrorDiagnostic(attribute, "AWS KMS did not decrypt the secret", sealErrorDetail(err))
}

// failureCause is what is known of a failure beyond its kind, as sentences.
func failureCause(failure *sealing.OpenError) string {
	var cause string
	if failure.Detail != "" {
		cause = strings.ToUpper(failure.Detail[:1]) + failure.Detail[1:] + ".\n\n"
	}
	if failure.Err != nil {
		cause += failure.Err.Error() + ".\n\n"
	}
	return cause
}

// encryptedTo names the recipients, as a sentence.
func encryptedTo(recipients []string) string {
	if len(recipients) == 0 {
		return ""
	}
	return "The secret is encrypted to " + strings.Join(recipients, ", ") + ".\n\n"
}
