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

// CreateAccessKey makes a key for user. It takes effect at most once: only a throttled request, which did nothing, is
// sent again. When the outcome is neither a clear success nor a clear refusal, the *Error has Ambiguous set: list the
// keys before anything else. A user with two keys gives KindLimitExceeded.
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

// mayHaveTakenEffect reports whether a failed request may have taken effect. A 4xx is a refusal. Without an answer, the request
// may have arrived if it was sent at all: not when credentials or the connection were missing, nor when the context
// ended between two tries, since what was tried until then was throttled.
func mayHaveTakenEffect(failure *Error, err error) bool {
	if failure.HTTPStatus != 0 {
		return failure.HTTPStatus < http.StatusBadRequest || failure.HTTPStatus >= http.StatusInternalServerError
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false
	}
	var send *smithyhttp.RequestSendError
	var canceled *smithy.CanceledError
	return errors.As(err, &send) || errors.As(err, &canceled)
}

// throttleRetryer is the configured retryer (attempts, delays, client-side rate), but it retries throttled requests and
// nothing else. The SDK's own helpers only add retryable codes, they take none away.
type throttleRetryer struct{ aws.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (throttleRetryer) IsErrorRetryable(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err).Bool()
}

// GetAttemptToken implements aws.RetryerV2: the adaptive retryer holds requests back here.
func (r throttleRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}
