package iamgate

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// mayHaveTakenEffect reports whether a failed request may have taken effect. A 4xx is a refusal. Without an answer, the
// request may have arrived if it was sent at all. It was not sent without credentials or a connection. Where the context
// ended between two attempts, the attempts before were judged one by one.
func mayHaveTakenEffect(failure *Error, err error) bool {
	if failure.HTTPStatus != 0 {
		return failure.HTTPStatus < http.StatusBadRequest || failure.HTTPStatus >= http.StatusInternalServerError
	}
	if operation, ok := errors.AsType[*net.OpError](err); ok && operation.Op == "dial" {
		return false
	}
	_, sent := errors.AsType[*smithyhttp.RequestSendError](err)
	_, canceled := errors.AsType[*smithy.CanceledError](err)
	return sent || canceled
}

// attempts records whether one of the attempts of a call may have taken effect. The SDK sends a request again whose answer was
// lost, and returns only what the last attempt was answered.
type attempts struct{ ambiguous bool }

// record has a call of the IAM client record its failed attempts.
func (a *attempts) record(o *iam.Options) {
	o.Retryer = recordingRetryer{configuredRetryer{o.Retryer}, a}
}

// failure returns the *Error of a call that was recorded.
func (a *attempts) failure(action, resource string, err error) *Error {
	e := newError(action, resource, err)
	e.Ambiguous = a.ambiguous || mayHaveTakenEffect(e, err)
	return e
}

// recordingRetryer is the configured retryer, which the SDK asks about each failed attempt.
type recordingRetryer struct {
	configuredRetryer

	attempts *attempts
}

// IsErrorRetryable records the error of an attempt.
func (r recordingRetryer) IsErrorRetryable(err error) bool {
	if mayHaveTakenEffect(newError("", "", err), err) {
		r.attempts.ambiguous = true
	}
	return r.configuredRetryer.IsErrorRetryable(err)
}

// throttleRetryer is the configured retryer (attempts, delays, client-side rate), but it retries only throttled requests.
// The SDK's own helpers can add retryable codes and not remove any.
type throttleRetryer struct{ configuredRetryer }

// IsErrorRetryable reports whether err is about throttling.
func (throttleRetryer) IsErrorRetryable(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// configuredRetryer is the retryer of a configuration, in either of the SDK's versions.
type configuredRetryer struct{ aws.Retryer }

// GetAttemptToken waits until the configured retryer lets a request through: the adaptive one delays requests here.
func (r configuredRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}
