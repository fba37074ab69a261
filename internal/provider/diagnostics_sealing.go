package provider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

// notOneMethod refuses an encrypted_output with recipients of none or of several methods.
func notOneMethod(given int) diag.Diagnostic {
	p := problem{
		at: path.Root("encrypted_output"), summary: "encrypted_output has recipients of more than one method",
		next: fmt.Sprintf("Set exactly one of %s.", recipientAttributes()),
	}
	if given == 0 {
		p.summary = "encrypted_output has no recipients: nobody could open the secret"
		p.next = fmt.Sprintf("Set one of %s, or remove encrypted_output to have the secret in plain text.", recipientAttributes())
	}
	return p.asError()
}

// contextWithoutRecipients refuses an encryption context without recipients of its method.
func contextWithoutRecipients(m *sealingMethod) diag.Diagnostic {
	return problem{
		at: path.Root("encrypted_output").AtName(m.context), summary: fmt.Sprintf("%s is set without %s", m.context, m.recipients),
		truth: fmt.Sprintf("This encryption context belongs to %s.", m.name),
		next:  fmt.Sprintf("Set %s, or remove %s.", m.recipients, m.context),
	}.asError()
}

// recipientError reports, before anything is changed, which recipient can't be used and what to give instead.
func recipientError(m *sealingMethod, err error) diag.Diagnostic {
	summary, detail := recipientProblem(m, err)
	return problem{at: recipientsPath(m), summary: summary, cause: detail, truth: "No key was created and none was changed."}.asError()
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

// sealingChange describes the difference between two canonical texts.
func sealingChange(before, after string) string {
	if after == "" {
		return "no longer set"
	}
	old, wasTarget := sealing.ParseTarget(before)
	now, isTarget := sealing.ParseTarget(after)
	if !wasTarget || !isTarget {
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
