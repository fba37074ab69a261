package iamgate

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// newError turns what an SDK client returned into an *Error. It picks the parts that are safe instead of wrapping err:
// the SDK's response errors lead to the HTTP response, and its deserialization errors hold a piece of the body.
func newError(action, resource string, err error) *Error {
	e := &Error{Action: action, Resource: resource}
	var credentials *credentialsError
	if errors.As(err, &credentials) {
		e.Kind, e.Message, e.Err = KindNoCredentials, safeText(credentials.err), contextError(credentials.err)
		if errors.Is(err, context.Canceled) {
			e.Kind = KindCanceled
		}
		return e
	}

	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		e.HTTPStatus, e.RequestID = answer.HTTPStatusCode(), answer.RequestID
	}
	var api smithy.APIError
	var send *smithyhttp.RequestSendError
	switch {
	case e.HTTPStatus != 0 && errors.As(err, &api):
		e.Code, e.Message = api.ErrorCode(), firstLine(api.ErrorMessage())
		e.Kind = kindOf(e.Code, e.HTTPStatus)
	case e.HTTPStatus != 0:
		e.Message = "the answer cannot be read"
		e.Kind = kindOf("", e.HTTPStatus)
		if e.HTTPStatus < http.StatusMultipleChoices {
			e.Kind = KindBadAnswer
		}
	// Before the context: a timeout of the HTTP client, too, is a context.DeadlineExceeded.
	case errors.As(err, &send):
		e.Kind = KindUnreachable
		e.Message, e.Err = noAnswer(send.Err)
	case contextError(err) != nil:
		e.Err = contextError(err)
		e.Kind, e.Message = KindCanceled, e.Err.Error()
	default:
		e.Message = safeText(err)
	}
	return e
}

// badAnswer is the error for a success that lacks what AWS always sends.
func badAnswer(action, resource string, metadata middleware.Metadata) *Error {
	requestID, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	return &Error{
		Action: action, Resource: resource, Kind: KindBadAnswer,
		HTTPStatus: http.StatusOK, RequestID: requestID,
		Message: "the answer lacks what AWS always sends",
	}
}

// kindOf tells the kind by AWS's error code, or failing that by the status.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html.
func kindOf(code string, status int) Kind {
	if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
		return KindThrottled
	}
	switch code {
	case "NoSuchEntity":
		return KindNoSuchEntity
	case "LimitExceeded":
		return KindLimitExceeded
	case "AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation":
		return KindAccessDenied
	case "ValidationError", "InvalidInput", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter",
		"MalformedQueryString":
		return KindInvalidInput
	case codeInvalidClientTokenID, "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature",
		"UnrecognizedClientException", "ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed",
		"AuthFailure", "InvalidAccessKeyId", "MissingAuthenticationToken", "MissingAuthenticationTokenException":
		return KindInvalidCredentials
	}
	switch {
	case status == http.StatusTooManyRequests:
		return KindThrottled
	case status >= http.StatusInternalServerError:
		return KindServiceFailure
	default:
		return KindOther
	}
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

// safeText is the text of an error that no answer of this call is part of. Credentials may come from an HTTP answer, so
// the text of one that could not be read is left out: parsers quote what they could not parse.
func safeText(err error) string {
	var broken *smithy.DeserializationError
	if errors.As(err, &broken) {
		return "the answer with the credentials cannot be read"
	}
	return firstLine(err.Error())
}

// firstLine cuts a message off where some services go on, about a wrong signature, to quote the request and with it the
// session token.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
