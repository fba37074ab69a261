package provider

import (
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// destroyFailure is the error for what ended a Delete.
func destroyFailure(user string, err error) diag.Diagnostic {
	if failure, ok := errors.AsType[*rotator.DeleteError](err); ok {
		return problem{
			summary: fmt.Sprintf("Key %s of user %q could not be deleted", failure.Key, user), cause: awsErrorDetail(failure.Err),
			truth: "Keys that were already deleted are gone; the resource stays in the state.", next: "Destroy again.",
		}.asError()
	}
	return locateFailure(user, err)
}

// adoptedKeyLeft says that a destroy leaves an adopted key.
func adoptedKeyLeft(user, id string) diag.Diagnostic {
	return problem{
		summary: "Adopted access key was left in IAM",
		truth:   fmt.Sprintf("This resource did not create key %s of user %q.", id, user),
		next:    "If nobody needs it, delete it:" + commands(statusCommand(user, id, rotation.Inactive), deleteCommand(user, id)),
	}.asWarning()
}
