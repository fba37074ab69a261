package iamgate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const codeInvalidClientTokenID = "InvalidClientTokenId"

// The pauses between tries grow from about a second to longestPause, with jitter; none is shorter than shortestPause,
// lest bad luck with the jitter make a burst of calls.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
)

// WaitListed lists the keys of user until id shows, at least once, and gives the last list, also with an error. The
// error is that of the list, or wraps ErrNotSettled.
func (g *Gateway) WaitListed(ctx context.Context, user, id string) ([]AccessKey, error) {
	return g.waitList(ctx, actionListAccessKeys, user, id, func(keys []AccessKey) bool { return hasKey(keys, id) })
}

// WaitDeleted lists the keys of user until id is gone, at least once, and gives the last list, also with an error. The
// error is that of the list, or wraps ErrNotSettled.
func (g *Gateway) WaitDeleted(ctx context.Context, user, id string) ([]AccessKey, error) {
	return g.waitList(ctx, actionListAccessKeys, user, id, func(keys []AccessKey) bool { return !hasKey(keys, id) })
}

// WaitAppeared lists the keys of user until one shows that is not among known, for as long as IAM may take to list a new
// key, and gives the last list, also with an error. No such key is no error.
func (g *Gateway) WaitAppeared(ctx context.Context, user string, known []string) ([]AccessKey, error) {
	var keys []AccessKey
	_, err := g.poll(ctx, actionListAccessKeys, user, g.appearTimeout, func() (bool, error) {
		listed, err := g.ListAccessKeys(ctx, user)
		if err != nil {
			return false, err
		}
		keys = listed
		return slices.ContainsFunc(keys, func(k AccessKey) bool { return !slices.Contains(known, k.ID) }), nil
	})
	return keys, err
}

// WaitUsable proves that a new key works: it asks GetCallerIdentity signed by the key itself, which needs no permission,
// at once and then again until it succeeds. It waits for a key that AWS does not know everywhere yet
// (InvalidClientTokenId) and for failures that pass (throttling, 5xx, no connection), up to Options.UsableTimeout, and
// then fails with KindNotUsable. Any other refusal fails at once.
func (g *Gateway) WaitUsable(ctx context.Context, key NewAccessKey) (Identity, error) {
	signed := func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(key.ID, key.Secret.Reveal(), "")
		o.Retryer = aws.NopRetryer{}
	}
	var identity Identity
	var last *Error
	usable, err := g.poll(ctx, actionGetCallerIdentity, key.ID, g.usableTimeout, func() (bool, error) {
		var transient bool
		var err error
		identity, transient, err = g.getCallerIdentity(ctx, key.ID, signed)
		if err != nil && transient && errors.As(err, &last) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return Identity{}, err
	}
	if !usable {
		failure := *last
		failure.Kind, failure.Err = KindNotUsable, last
		failure.Message = fmt.Sprintf("the new key did not authenticate within %v: %s", g.usableTimeout, last.Message)
		return Identity{}, &failure
	}
	return identity, nil
}

// isTransient reports whether another try of a call that only reads may end otherwise.
func isTransient(failure *Error, err error) bool {
	// The SDK marks a signature refused for the clock of this machine so, and signs the next try by AWS's clock.
	if (retry.RetryableError{}).IsErrorRetryable(err) == aws.TrueTernary {
		return true
	}
	return failure.Code == codeInvalidClientTokenID ||
		slices.Contains([]Kind{KindThrottled, KindServiceFailure, KindUnreachable, KindBadAnswer}, failure.Kind)
}

// waitList lists the keys of user until shown holds for the list. The errors speak of id and of the action that the
// list is to show.
func (g *Gateway) waitList(ctx context.Context, action, user, id string, shown func([]AccessKey) bool) ([]AccessKey, error) {
	var keys []AccessKey
	settled, err := g.poll(ctx, action, id, g.settleTimeout, func() (bool, error) {
		listed, err := g.ListAccessKeys(ctx, user)
		if err != nil {
			return false, err
		}
		keys = listed
		return shown(keys), nil
	})
	if err == nil && !settled {
		err = &Error{Action: action, Resource: id, Kind: KindNotSettled, Message: ErrNotSettled.Error(), Err: ErrNotSettled}
	}
	return keys, err
}

// poll tries until try is done or fails, pausing in between for budget in total. It reports whether try was done.
func (g *Gateway) poll(ctx context.Context, action, resource string, budget time.Duration, try func() (bool, error)) (bool, error) {
	backoff := retry.NewExponentialJitterBackoff(longestPause)
	for attempt := 0; ; attempt++ {
		done, err := try()
		if done || err != nil {
			return done, err
		}
		if budget <= 0 {
			return false, nil
		}
		pause, err := backoff.BackoffDelay(attempt, nil)
		if err != nil {
			return false, newError(action, resource, err)
		}
		pause = min(max(pause, shortestPause), budget)
		budget -= pause
		if err := g.clock.Sleep(ctx, pause); err != nil {
			return false, newError(action, resource, err)
		}
	}
}

func hasKey(keys []AccessKey, id string) bool {
	return slices.ContainsFunc(keys, func(k AccessKey) bool { return k.ID == id })
}
