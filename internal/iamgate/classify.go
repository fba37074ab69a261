package iamgate

import (
	"context"
	"errors"
	"net/http"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

// newError turns what an SDK client returned into an *Error, without wrapping it: it may lead to a response body.
func newError(action, resource string, err error) *Error {
	parts := awserr.Reduce(err)
	e := &Error{
		Action: action, Resource: resource, Code: parts.Code, HTTPStatus: parts.HTTPStatus,
		Message: parts.Message, RequestID: parts.RequestID, Err: parts.Cause,
	}
	switch parts.Outcome {
	case awserr.NotSent:
		e.Message = awserr.Text(err)
	case awserr.NoCredentials:
		e.Kind = KindNoCredentials
		if errors.Is(parts.Cause, context.Canceled) {
			e.Kind = KindCanceled
		}
	case awserr.Answered:
		e.Kind = kindOf(parts.Code, parts.HTTPStatus)
	case awserr.Unreadable:
		e.Kind = kindOf("", parts.HTTPStatus)
		if parts.HTTPStatus < http.StatusMultipleChoices {
			e.Kind = KindBadAnswer
		}
	case awserr.NoAnswer:
		e.Kind = KindUnreachable
	case awserr.Canceled:
		e.Kind = KindCanceled
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

// kindOf returns the kind for AWS's error code, or else for the status.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html.
func kindOf(code string, status int) Kind {
	switch {
	case awserr.IsThrottling(code):
		return KindThrottled
	case awserr.IsDenied(code):
		return KindAccessDenied
	case awserr.IsBadCredentials(code):
		return KindInvalidCredentials
	}
	switch code {
	case "NoSuchEntity":
		return KindNoSuchEntity
	case "LimitExceeded":
		return KindLimitExceeded
	case "ValidationError", "InvalidInput", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter",
		"MalformedQueryString":
		return KindInvalidInput
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
