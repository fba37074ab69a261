package iamsim

import (
	"fmt"
	"net/http"
)

// apiError is an error as AWS returns it. Codes, statuses and messages are those of the API references and of AWS's own
// answers: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
type apiError struct {
	status  int
	code    string
	message string
}

// Error returns the code and the message.
func (e *apiError) Error() string { return e.code + ": " + e.message }

// faultType returns the Query protocol's word for the side that caused the error.
func (e *apiError) faultType() string {
	if e.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

func errNoSuchUser(name string) error {
	return &apiError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf("The user with name %s cannot be found.", name)}
}

func errNoSuchKey(id string) error {
	return &apiError{http.StatusNotFound, "NoSuchEntity", fmt.Sprintf("The Access Key with id %s cannot be found.", id)}
}

func errUserExists(name string) error {
	return &apiError{http.StatusConflict, "EntityAlreadyExists", fmt.Sprintf("User with name %s already exists.", name)}
}

func errQuota(quota string, limit int) error {
	return &apiError{http.StatusConflict, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for %s: %d", quota, limit)}
}

// errDeleteConflict is the error for a user that still has credentials of a kind.
func errDeleteConflict(kind string) error {
	return &apiError{http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete " + kind + " first."}
}

func errValidation(message string) error {
	return &apiError{http.StatusBadRequest, "ValidationError", message}
}

// errConstraint is the error for the value of one member, which AWS names by its path in the call.
func errConstraint(value, member, constraint string) error {
	return errValidation(fmt.Sprintf("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s",
		value, member, constraint))
}

func errInvalidInput(message string) error {
	return &apiError{http.StatusBadRequest, "InvalidInput", message}
}

func errInvalidToken() error {
	return &apiError{http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid."}
}

func errExpiredToken() error {
	return &apiError{http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"}
}

func errSignature(message string) error {
	return &apiError{http.StatusForbidden, "SignatureDoesNotMatch", message}
}

func errIncompleteSignature(message string) error {
	return &apiError{http.StatusBadRequest, "IncompleteSignature", message}
}

func errUnsigned() error {
	return &apiError{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
}

// noResource is the resource of an action that has none, so that a denial names none.
const noResource = "-"

// onResource is what a denial says of the resource.
func onResource(resource string) string {
	if resource == noResource {
		return ""
	}
	return " on resource: " + resource
}

func errAccessDenied(who caller, action, resource string) error {
	return &apiError{http.StatusForbidden, "AccessDenied", fmt.Sprintf(
		"User: %s is not authorized to perform: %s%s because no identity-based policy allows the %s action",
		who.arn, action, onResource(resource), action)}
}

func errExplicitlyDenied(who caller, action, resource string) error {
	return &apiError{http.StatusForbidden, "AccessDenied", fmt.Sprintf(
		"User: %s is not authorized to perform: %s%s with an explicit deny in an identity-based policy", who.arn, action, onResource(resource))}
}

// errUnknownKeyDenied is GetAccessKeyLastUsed's answer for a key id that the account does not have.
func errUnknownKeyDenied(who caller, keyID string) error {
	return &apiError{http.StatusForbidden, "AccessDenied", fmt.Sprintf(
		"User: %s is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key %s", who.arn, keyID)}
}

func errInvalidAction(action, version string) error {
	return &apiError{http.StatusBadRequest, "InvalidAction", fmt.Sprintf("Could not find operation %s for version %s", action, version)}
}

func errThrottled() error {
	return &apiError{http.StatusBadRequest, "Throttling", "Rate exceeded"}
}

// https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html
func errConcurrentModification() error {
	return &apiError{
		http.StatusConflict, "ConcurrentModification",
		"The request was rejected because multiple requests to change this object were submitted simultaneously. " +
			"Wait a few minutes and submit your request again.",
	}
}

func errServiceFailure() error {
	return &apiError{
		http.StatusInternalServerError, "ServiceFailure",
		"The request processing has failed because of an unknown error, exception or failure.",
	}
}
