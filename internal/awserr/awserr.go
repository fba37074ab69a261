// Package awserr reduces an error of the AWS SDK to the parts that are safe to show and to wrap.
//
// The SDK's own errors are neither: its response errors lead to the HTTP response, its deserialization errors hold a piece
// of the body, and net/http quotes an answer that it cannot parse. An answer may hold a secret access key or a plaintext.
// So nothing here wraps the error itself. Parts has copies of what is known to be safe, and a Cause that cannot hold a
// piece of an answer.
//
// A failure to get credentials may itself be an answer, of STS. Credentials marks it, so that it is not taken for an
// answer to the call that needed the credentials.
package awserr

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Outcome is how far a call came.
type Outcome int

// The outcomes.
const (
	// NotSent means that no request could be made, for a reason that has no outcome of its own. Message is empty: Text has
	// what the SDK says, which may quote the input of the call.
	NotSent Outcome = iota
	// NoCredentials means that no credentials could be had, so nothing was sent.
	NoCredentials
	// Answered means that AWS answered with an error code.
	Answered
	// Unreadable means that an HTTP answer came, which could not be read.
	Unreadable
	// NoAnswer means that a request may have been sent, and no HTTP answer came.
	NoAnswer
	// Canceled means that the context ended. A request may have been sent.
	Canceled
)

// Parts is what is safe of an error. Message and Code are AWS's own where AWS answered: a caller whose input is secret
// has to drop the messages that may quote it.
type Parts struct {
	Outcome Outcome
	// HTTPStatus is 0 where no answer to the call came.
	HTTPStatus int
	RequestID  string
	// Code is AWS's error code.
	Code string
	// Message is one line.
	Message string
	// Cause is nil unless the cause is known to hold no piece of an answer.
	Cause error
}

// Reduce returns the safe parts of err, which an SDK client returned.
func Reduce(err error) Parts {
	// Before the answer: credentials may come from an answer, too.
	if failure, ok := errors.AsType[*credentialsError](err); ok {
		return Parts{Outcome: NoCredentials, Message: Text(failure.err), Cause: contextError(failure.err)}
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() != 0 {
		parts := Parts{Outcome: Unreadable, HTTPStatus: answer.HTTPStatusCode(), RequestID: answer.RequestID}
		parts.Message = "the answer cannot be read"
		if api, ok := errors.AsType[smithy.APIError](err); ok {
			parts.Outcome, parts.Code, parts.Message = Answered, api.ErrorCode(), firstLine(api.ErrorMessage())
		}
		return parts
	}
	// Before the context: a timeout of the HTTP client, too, is a context.DeadlineExceeded.
	if send, ok := errors.AsType[*smithyhttp.RequestSendError](err); ok {
		message, cause := noAnswer(send.Err)
		return Parts{Outcome: NoAnswer, Message: message, Cause: cause}
	}
	if cause := contextError(err); cause != nil {
		return Parts{Outcome: Canceled, Message: cause.Error(), Cause: cause}
	}
	return Parts{}
}

// Text is one line of the text of an error that holds no answer to the call at hand. It leaves out the text of an answer
// that could not be read, such as one with credentials: parsers quote what they could not parse.
func Text(err error) string {
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok {
		return "the answer with the credentials cannot be read"
	}
	return firstLine(err.Error())
}

// noAnswer says where no answer came from and why. It leaves out causes that it does not know: net/http quotes an answer
// that it cannot parse as HTTP.
func noAnswer(err error) (message string, cause error) {
	message = "no answer"
	if request, ok := errors.AsType[*url.Error](err); ok {
		message += " from " + request.URL
		err = request.Err
	}
	cause = networkError(err)
	if cause == nil {
		return message, nil
	}
	return message + ": " + firstLine(cause.Error()), cause
}

// networkError is the part of err that says why no answer came, or nil where err has none that is known to be safe.
func networkError(err error) error {
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		return operation
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	// Before the context: a timeout of net/http is a context.DeadlineExceeded that also says what it waited for.
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return timeout
	}
	if cause := contextError(err); cause != nil {
		return cause
	}
	for _, cause := range []error{io.EOF, http.ErrSchemeMismatch} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// contextError is the bare context error in the chain of err, or nil: what wraps it may hold a body.
func contextError(err error) error {
	for _, cause := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, cause) {
			return cause
		}
	}
	return nil
}

// firstLine cuts a message off where some services go on, about a wrong signature, to quote the request and with it the
// session token.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
