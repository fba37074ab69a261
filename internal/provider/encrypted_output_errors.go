package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

// recipientError reports, before anything is changed, which recipient can't be used and what to give instead.
func recipientError(m *sealingMethod, err error) diag.Diagnostic {
	summary, detail := recipientProblem(m, err)
	return diag.NewAttributeErrorDiagnostic(recipientsPath(m), summary, detail+"\n\nNo key was created and none was changed.")
}

// recipientProblem returns the summary and the detail of a diagnostic about an encryption that failed.
func recipientProblem(m *sealingMethod, err error) (summary, detail string) {
	at := recipientsPath(m)
	bad, ok := errors.AsType[*sealing.RecipientError](err)
	if !ok {
		return "Secrets can't be encrypted to " + at.String(), sealErrorDetail(err)
	}
	name := "A recipient"
	if bad.Name != "" {
		name = "Recipient " + bad.Name
	}
	detail = bad.Remedy + recipientHint(m, bad)
	if bad.Err != nil {
		detail = bad.Err.Error() + "\n\n" + detail
	}
	return fmt.Sprintf("%s in %s %s", name, at, bad.Problem), detail
}

// recipientHint names the attribute that belongs to the problem of a recipient, as a sentence; it may be empty.
func recipientHint(m *sealingMethod, bad *sealing.RecipientError) string {
	switch other := sealingMethodOf(bad.Method); {
	case other != nil:
		return fmt.Sprintf(" Give it in %s.", other.recipients)
	case bad.Private && m.identity != "":
		return fmt.Sprintf(" Private keys belong only in %s of the ephemeral resource iamkeys_secret_access_key.", m.identity)
	case errors.Is(bad, kms.ErrNoRegion):
		return " Or set region in the provider block."
	}
	return ""
}

// sealErrorDetail returns the detail of a diagnostic about an encryption or decryption that failed.
func sealErrorDetail(err error) string {
	if failure, ok := errors.AsType[*kms.Error](err); ok && failure.Code == "AccessDeniedException" {
		return fmt.Sprintf("%s\n\nAllow %s on key %s for the credentials of this provider, in the policy of the key or of the caller.",
			err, failure.Action, failure.Key)
	}
	return err.Error()
}
