package provider

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// problem is the one shape of what the resource says to a user.
type problem struct {
	// at is the attribute that it is about; empty when it is about the whole resource.
	at path.Path
	// summary says what failed or what to know, with the essential fact in it.
	summary string
	// cause is AWS's own message, or what led to it.
	cause string
	// truth is what is true now, and next what to do, in sentences.
	truth, next string
}

// nothingChanged and nothingCreated are the truth of a failure before the first change.
const (
	nothingChanged = "Nothing was changed."
	nothingCreated = "No key was created."
)

// detail is the cause in a paragraph of its own, then truth and next step.
func (p problem) detail() string {
	var paragraphs []string
	for _, paragraph := range []string{p.cause, strings.TrimSpace(p.truth + " " + p.next)} {
		if paragraph != "" {
			paragraphs = append(paragraphs, paragraph)
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

func (p problem) asError() diag.Diagnostic {
	return p.located(diag.NewErrorDiagnostic(p.summary, p.detail()))
}

func (p problem) asWarning() diag.Diagnostic {
	return p.located(diag.NewWarningDiagnostic(p.summary, p.detail()))
}

func (p problem) located(d diag.Diagnostic) diag.Diagnostic {
	if len(p.at.Steps()) == 0 {
		return d
	}
	return diag.WithPath(p.at, d)
}

// privateUnreadable says that a value of the private state is not of the form that this version writes.
func privateUnreadable(key string, err error) diag.Diagnostic {
	return problem{
		summary: "Private state can't be read", cause: "The " + key + " in the private state of this resource: " + err.Error(),
		next: "A refresh writes it again: plan without -refresh=false.",
	}.asError()
}

// privateUnwritable says that a value can't be stored in the private state.
func privateUnwritable(key string, err error) diag.Diagnostic {
	return problem{summary: "Private state can't be written", cause: "The " + key + ": " + err.Error()}.asError()
}

// awsErrorDetail is what a diagnostic says of a failed call: AWS's own words, and what to do about it.
func awsErrorDetail(err error) string {
	failure, ok := errors.AsType[*iamgate.Error](err)
	if !ok {
		return err.Error()
	}
	hint := awsErrorHint(failure)
	if hint == "" {
		return failure.Error()
	}
	return failure.Error() + "\n\n" + hint
}

func awsErrorHint(failure *iamgate.Error) string {
	switch failure.Kind {
	case iamgate.KindAccessDenied:
		if failure.Action == "iam:CreateAccessKey" {
			return fmt.Sprintf("Allow %s on user %q. If a policy does allow it, look for an explicit deny: AWS attaches "+
				"AWSCompromisedKeyQuarantine policies to a user whose key was found in public, and they deny it.", failure.Action, failure.Resource)
		}
		if slices.Contains([]string{"iam:GetAccessKeyLastUsed", "iam:UpdateAccessKey", "iam:DeleteAccessKey"}, failure.Action) {
			return fmt.Sprintf("Allow %s on the user of key %s for the credentials of this provider.", failure.Action, failure.Resource)
		}
		// These have no type of resource, so the resource of the failure is only what was looked for.
		if failure.Resource == "" || slices.Contains([]string{"iam:ListUsers", "sts:GetAccessKeyInfo"}, failure.Action) {
			return fmt.Sprintf("Allow %s on \"*\" for the credentials of this provider.", failure.Action)
		}
		return fmt.Sprintf("Allow %s on %q for the credentials of this provider.", failure.Action, failure.Resource)
	case iamgate.KindNoSuchEntity:
		return fmt.Sprintf("Check that %q exists in the account that the credentials of this provider belong to.", failure.Resource)
	case iamgate.KindLimitExceeded:
		return "AWS allows two access keys for a user, Active or Inactive, and this quota can't be raised."
	case iamgate.KindThrottled:
		return "AWS asked for fewer requests. Run again, with a lower -parallelism or a larger max_retries."
	case iamgate.KindInvalidCredentials:
		return "AWS does not accept the credentials of this provider. Check that the key exists and is Active, that its secret is " +
			"complete, and that region and endpoints belong to the partition of the account."
	case iamgate.KindNoCredentials:
		return "Set credentials for this provider: profile, access_key and secret_key, assume_role, or the AWS_* environment variables."
	case iamgate.KindUnreachable:
		return "No answer came. Check the network, proxy settings, region and the endpoints block of this provider."
	case iamgate.KindReportPending:
		return "AWS goes on with the report: apply again in some minutes. To watch it, run aws iam generate-credential-report until " +
			"it answers COMPLETE."
	case iamgate.KindInvalidInput:
		return "AWS refused a value as malformed. Check the value against the IAM API."
	case iamgate.KindOther, iamgate.KindServiceFailure, iamgate.KindBadAnswer, iamgate.KindNotSettled, iamgate.KindNotUsable,
		iamgate.KindCanceled:
	}
	return ""
}
