package kms

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// tellingCodes are the codes whose messages speak of the key and the caller. Those of others, about a malformed request
// above all, may quote what was sent, and that is the plaintext.
var tellingCodes = []string{
	codeAccessDenied, codeNotFound, codeDisabled, codeInvalidState, codeInvalidUsage, codeUnavailable, codeIncorrectKey,
	"UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException", "MissingAuthenticationTokenException",
}

// Error is what went wrong with a call of KMS. It has nothing of a request's or an answer's body in it but AWS's message,
// and that only where it can't hold a plaintext.
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

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// badAnswer is the error for a success that lacks what KMS always sends.
func badAnswer(action, key, region string) *Error {
	return &Error{
		Action: action, Key: key, Region: region, HTTPStatus: http.StatusOK,
		Message: "the answer lacks what AWS KMS always sends",
	}
}

// newError turns what the SDK returned into an *Error. It picks the parts that are safe instead of wrapping err: the
// SDK's response errors lead to the HTTP response, and its deserialization errors hold a piece of the body.
func newError(action, key, region string, err error) *Error {
	e := &Error{Action: action, Key: key, Region: region}
	var (
		credentials *credentialsError
		answer      *awshttp.ResponseError
		api         smithy.APIError
		send        *smithyhttp.RequestSendError
	)
	// Before the answer: credentials may come from an answer, too, of STS.
	if errors.As(err, &credentials) {
		e.Message, e.Err = credentialsText(credentials.err), contextError(credentials.err)
		return e
	}
	if errors.As(err, &answer) {
		e.HTTPStatus = answer.HTTPStatusCode()
	}
	switch {
	case e.HTTPStatus != 0 && errors.As(err, &api):
		e.Code = api.ErrorCode()
		if slices.Contains(tellingCodes, e.Code) {
			e.Message = firstLine(api.ErrorMessage())
		}
	case e.HTTPStatus != 0:
		e.Message = "the answer cannot be read"
	// Before the context: a timeout of the HTTP client, too, is a context.DeadlineExceeded.
	case errors.As(err, &send):
		e.Message, e.Err = noAnswer(send.Err)
	case contextError(err) != nil:
		e.Err = contextError(err)
		e.Message = e.Err.Error()
	default:
		e.Message = "no request could be made"
	}
	return e
}

// noAnswer says where no answer came from and why. Causes that it does not know stay out: net/http quotes an answer that
// it cannot parse as HTTP.
func noAnswer(err error) (message string, cause error) {
	message = "no answer"
	var request *url.Error
	if errors.As(err, &request) {
		message += " from " + request.URL
		err = request.Err
	}
	var (
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
		timeout     net.Error
	)
	switch {
	case contextError(err) != nil:
		cause = contextError(err)
	case errors.As(err, &operation):
		cause = operation
	case errors.As(err, &certificate):
		cause = certificate
	case errors.As(err, &timeout) && timeout.Timeout():
		cause = timeout
	case errors.Is(err, io.EOF):
		cause = io.EOF
	case errors.Is(err, http.ErrSchemeMismatch):
		cause = http.ErrSchemeMismatch
	default:
		return message, nil
	}
	return message + ": " + firstLine(cause.Error()), cause
}

// contextError is the bare context error in err's chain, or nil: what is around it may hold a body.
func contextError(err error) error {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// credentialsText is the text of an error about credentials. They may come from an HTTP answer, so the text of one that
// could not be read is left out: parsers quote what they could not parse.
func credentialsText(err error) string {
	var broken *smithy.DeserializationError
	if errors.As(err, &broken) {
		return "the answer with the credentials cannot be read"
	}
	return firstLine(err.Error())
}

// firstLine cuts a message off where AWS goes on, about a wrong signature, to quote the request and with it the session
// token.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
