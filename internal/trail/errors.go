package trail

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

// Kind is the kind of failure that an Error is.
type Kind int

// The kinds of Error.
const (
	// KindOther is a failure with no kind of its own; Code says more if AWS answered.
	KindOther Kind = iota
	// KindAccessDenied means that no policy allows Action in the Region, or that one denies it.
	KindAccessDenied
	// KindThrottled means that AWS still asked for fewer requests after all retries.
	KindThrottled
	// KindInvalidCredentials means that the Region does not accept the key that signed. One that the account has not enabled
	// accepts none.
	KindInvalidCredentials
	// KindNoCredentials means that no credentials could be had, so nothing was sent.
	KindNoCredentials
	// KindUnreachable means that no HTTP answer came.
	KindUnreachable
	// KindCanceled means that the context ended; the error wraps context.Canceled or context.DeadlineExceeded.
	KindCanceled
)

// Error is a failed lookup in one Region. It holds no response body, neither as text nor in what it wraps.
type Error struct {
	Region string

	awserr.Parts
}

// newError turns what the SDK returned into an *Error, without wrapping it: it may lead to a response body.
func newError(region string, err error) *Error {
	e := &Error{Region: region, Parts: awserr.Reduce(err)}
	if e.Outcome == awserr.NotSent {
		e.Message = awserr.Text(err)
	}
	return e
}

// Kind returns the kind of the failure.
func (e *Error) Kind() Kind {
	switch e.Outcome {
	case awserr.NoCredentials:
		return KindNoCredentials
	case awserr.NoAnswer:
		return KindUnreachable
	case awserr.Canceled:
		return KindCanceled
	case awserr.NotSent, awserr.Unreadable:
		return KindOther
	case awserr.Answered:
	}
	switch {
	case awserr.IsDenied(e.Code):
		return KindAccessDenied
	case awserr.IsThrottling(e.Code), e.HTTPStatus == http.StatusTooManyRequests:
		return KindThrottled
	case awserr.IsBadCredentials(e.Code):
		return KindInvalidCredentials
	}
	return KindOther
}

// Error is one line: action, Region, code, message, status and request id.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s (%s)", Action, e.Region)
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			text += ": " + part
		}
	}
	switch {
	case e.HTTPStatus == 0:
		return text
	case e.RequestID == "":
		return text + fmt.Sprintf(" (HTTP %d)", e.HTTPStatus)
	}
	return text + fmt.Sprintf(" (HTTP %d, request id %s)", e.HTTPStatus, e.RequestID)
}

// Unwrap returns the cause, if there is one that cannot hold a piece of an answer.
func (e *Error) Unwrap() error { return e.Cause }

// Failures returns the Errors in what Lookup returned, one for each Region that failed.
func Failures(err error) []*Error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var failures []*Error
	for _, err := range joined.Unwrap() {
		if failure, ok := errors.AsType[*Error](err); ok {
			failures = append(failures, failure)
		}
	}
	return failures
}
