package iamgate

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const actionCreateAccessKey = "iam:CreateAccessKey"

// CreateAccessKey creates a key for user. It takes effect at most once: only a throttled request, which did nothing, is
// sent again. If the outcome is neither a clear success nor a clear refusal, the *Error has Ambiguous set: list the keys
// before anything else. For a user with two keys the error is of KindLimitExceeded.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html.
func (g *Gateway) CreateAccessKey(ctx context.Context, user string) (NewAccessKey, error) {
	out, err := g.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(user)}, func(o *iam.Options) {
		o.Retryer = throttleRetryer{o.Retryer}
	})
	if err != nil {
		failure := newError(actionCreateAccessKey, user, err)
		failure.Ambiguous = mayHaveTakenEffect(failure, err)
		return NewAccessKey{}, failure
	}
	k := out.AccessKey
	if k == nil || aws.ToString(k.AccessKeyId) == "" || aws.ToString(k.SecretAccessKey) == "" {
		failure := badAnswer(actionCreateAccessKey, user, out.ResultMetadata)
		failure.Ambiguous = true
		return NewAccessKey{}, failure
	}
	key := NewAccessKey{
		AccessKey: AccessKey{ID: *k.AccessKeyId, UserName: user, Status: string(types.StatusTypeActive), CreatedAt: g.Now()},
		Secret:    secret.New(*k.SecretAccessKey),
	}
	// The date is optional in AWS's model, and no reason to lose a live secret.
	if k.CreateDate != nil {
		key.CreatedAt = k.CreateDate.UTC()
	}
	return key, nil
}

// mayHaveTakenEffect reports whether a failed request may have taken effect. A 4xx is a refusal. Without an answer, the
// request may have arrived if it was sent at all. It was not sent without credentials or a connection. Where the context
// ended between two attempts, the attempts before were throttled.
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

// throttleRetryer is the configured retryer (attempts, delays, client-side rate), but it retries only throttled requests.
// The SDK's own helpers can add retryable codes and not remove any.
type throttleRetryer struct{ aws.Retryer }

// IsErrorRetryable reports whether err is about throttling.
func (throttleRetryer) IsErrorRetryable(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// GetAttemptToken waits until the configured retryer lets a request through: the adaptive one delays requests here.
func (r throttleRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}
