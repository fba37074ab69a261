package iamgate

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrNotSettled is wrapped by the error for a mutation that the list did not show within Options.SettleTimeout.
var ErrNotSettled = errors.New("the list of access keys does not show it yet")

// Kind is the kind of failure that an Error is.
type Kind int

// The kinds of Error.
const (
	// KindOther is a failure with no kind of its own; Code says more if AWS answered.
	KindOther Kind = iota
	// KindNoSuchEntity means that the user, or the key under that user, does not exist.
	KindNoSuchEntity
	// KindLimitExceeded means that a quota is used up: for CreateAccessKey, that the user has two keys.
	KindLimitExceeded
	// KindAccessDenied means that no policy allows Error.Action on Error.Resource, or that one denies it.
	KindAccessDenied
	// KindInvalidInput means that AWS found a parameter malformed.
	KindInvalidInput
	// KindThrottled means that AWS still asked for fewer requests after all retries.
	KindThrottled
	// KindInvalidCredentials means that AWS does not accept the key that signed.
	KindInvalidCredentials
	// KindNoCredentials means that no credentials could be had, so nothing was sent.
	KindNoCredentials
	// KindUnreachable means that no HTTP answer came.
	KindUnreachable
	// KindServiceFailure means that AWS answered with a 5xx status.
	KindServiceFailure
	// KindBadAnswer means that an answer could not be read, or lacks what AWS always sends.
	KindBadAnswer
	// KindNotSettled means that a mutation was done but the list did not show it in time; the error wraps ErrNotSettled.
	KindNotSettled
	// KindNotUsable means that a new key did not authenticate in time; the error wraps the one of the last try.
	KindNotUsable
	// KindReportPending means that AWS did not have a credential report in time; the error wraps the one of the last try.
	KindReportPending
	// KindCanceled means that the context ended; the error wraps context.Canceled or context.DeadlineExceeded.
	KindCanceled
)

// Error is the one error type of this package. It holds no response body, neither as text nor in what it wraps.
type Error struct {
	// Action is what was called, as a policy names it: "iam:CreateAccessKey".
	Action string
	// Resource is the user name or the key id that it was called for; empty when there is neither.
	Resource string
	Kind     Kind
	// Code is AWS's error code; empty when AWS gave none.
	Code string
	// HTTPStatus is 0 when no answer came.
	HTTPStatus int
	// Message is the first line of AWS's own, or else says what went wrong.
	Message   string
	RequestID string
	// Ambiguous is true when a creation, change or deletion of a key may have taken effect although the call failed, by any of its
	// attempts.
	Ambiguous bool
	// Err is the cause, if there is one that cannot hold a piece of an answer.
	Err error
}

// Error is one line: action, resource, code, message, status and request id.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Action)
	if e.Resource != "" {
		fmt.Fprintf(&b, " (%s)", e.Resource)
	}
	if e.Code != "" {
		b.WriteString(": " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, " (HTTP %d", e.HTTPStatus)
		if e.RequestID != "" {
			b.WriteString(", request id " + e.RequestID)
		}
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// IsAmbiguous reports whether err is, or wraps, an *Error of a call that may have taken effect although it failed.
func IsAmbiguous(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Ambiguous
}

// IsRefused reports whether AWS clearly refused the call with a 4xx status, and each attempt before, so that it changed nothing.
func IsRefused(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && !e.Ambiguous && e.HTTPStatus >= http.StatusBadRequest && e.HTTPStatus < http.StatusInternalServerError
}

// IsUnknownKey reports whether AWS answered that the key that signed does not exist, or is Inactive.
func IsUnknownKey(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeInvalidClientTokenID
}

// IsWrongSecret reports whether AWS answered that the call was not signed with the secret of its key.
func IsWrongSecret(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == codeSignatureDoesNotMatch
}

// IsKind reports whether err is, or wraps, an *Error of kind k. If err has several in its chain, the outermost one counts.
func IsKind(err error, k Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == k
}
