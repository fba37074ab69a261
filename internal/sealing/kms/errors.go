package kms

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

const (
	actionEncrypt = "kms:Encrypt"
	actionDecrypt = "kms:Decrypt"
)

// The error codes that say something about a key or a ciphertext.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors
const (
	codeAccessDenied      = "AccessDeniedException"
	codeNotFound          = "NotFoundException"
	codeDisabled          = "DisabledException"
	codeInvalidState      = "KMSInvalidStateException"
	codeInvalidUsage      = "InvalidKeyUsageException"
	codeUnavailable       = "KeyUnavailableException"
	codeInvalidCiphertext = "InvalidCiphertextException"
	codeIncorrectKey      = "IncorrectKeyException"
)

// safeCodes are the codes whose messages are about the key and the caller. The message of another code, above all one for
// a malformed request, may quote what was sent, which is the plaintext.
var safeCodes = []string{
	codeAccessDenied, codeNotFound, codeDisabled, codeInvalidState, codeInvalidUsage, codeUnavailable, codeIncorrectKey,
	"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "MissingAuthenticationTokenException",
}

// Error is a failed call of KMS. It holds no request or response body. AWS's message is in it only where that can't hold a
// plaintext.
type Error struct {
	// Action is what was called, as a policy names it: "kms:Encrypt".
	Action string
	// Key is the key's name as it was sent.
	Key string
	// Region is where it was sent.
	Region string
	// Code is AWS's error code, such as "AccessDeniedException"; empty when AWS gave none.
	Code string
	// HTTPStatus is 0 when no answer came.
	HTTPStatus int
	// Message is the first line of AWS's own, or else says what went wrong; it may be empty.
	Message string
	// Err is the cause, if there is one that cannot hold a piece of an answer.
	Err error
}

// Error is one line: action, key, region, code, message and status.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%s in %s)", e.Action, e.Key, e.Region)
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			text += ": " + part
		}
	}
	if e.HTTPStatus != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.HTTPStatus)
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// badAnswer is the error for a success that lacks what KMS always sends.
func badAnswer(action, key, region string) *Error {
	return &Error{
		Action: action, Key: key, Region: region, HTTPStatus: http.StatusOK,
		Message: "the answer lacks what AWS KMS always sends",
	}
}

// newError turns what the SDK returned into an *Error, without wrapping it: it may lead to a response body. The text of
// an error before the request was sent may quote the input, so it is left out.
func newError(action, key, region string, err error) *Error {
	parts := awserr.Reduce(err)
	switch {
	case parts.Outcome == awserr.NotSent:
		parts.Message = "no request could be made"
	case parts.Outcome == awserr.Answered && !slices.Contains(safeCodes, parts.Code):
		parts.Message = ""
	}
	return &Error{
		Action: action, Key: key, Region: region,
		Code: parts.Code, HTTPStatus: parts.HTTPStatus, Message: parts.Message, Err: parts.Cause,
	}
}
