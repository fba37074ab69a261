package provider

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

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
