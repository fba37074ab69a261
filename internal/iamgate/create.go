package iamgate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

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
		o.Retryer = throttleRetryer{configuredRetryer{o.Retryer}}
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
