package iamgate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	codeInvalidClientTokenID  = "InvalidClientTokenId"
	codeSignatureDoesNotMatch = "SignatureDoesNotMatch"
)

// The pauses between attempts grow from about a second to longestPause, with jitter. shortestPause prevents a burst of calls
// when the jitter is small.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 5 * time.Second
)

// WaitListed lists the keys of user, at least once, until the list contains id. It returns the last list, also with an error.
// The error is that of the list, or wraps ErrNotSettled.
func (g *Gateway) WaitListed(ctx context.Context, user, id string) ([]AccessKey, error) {
	return g.waitList(ctx, actionListAccessKeys, user, id, func(keys []AccessKey) bool { return hasKey(keys, id) })
}

// WaitDeleted lists the keys of user, at least once, until the list does not contain id. It returns the last list, also with
// an error. The error is that of the list, or wraps ErrNotSettled.
func (g *Gateway) WaitDeleted(ctx context.Context, user, id string) ([]AccessKey, error) {
	return g.waitList(ctx, actionListAccessKeys, user, id, func(keys []AccessKey) bool { return !hasKey(keys, id) })
}

// WaitAppeared lists the keys of user until the list contains a key for which wanted returns true, up to Options.AppearTimeout. It
// returns the last list, also with an error. It is no error if no such key appears.
func (g *Gateway) WaitAppeared(ctx context.Context, user string, wanted func(AccessKey) bool) ([]AccessKey, error) {
	var keys []AccessKey
	_, err := g.poll(ctx, actionListAccessKeys, user, g.appearTimeout, func() (bool, error) {
		listed, err := g.ListAccessKeys(ctx, user)
		if err != nil {
			return false, err
		}
		keys = listed
		return slices.ContainsFunc(keys, wanted), nil
	})
	return keys, err
}

// WaitUsable proves that a new key works: it calls GetCallerIdentity, signed with the key itself, until it succeeds. That call
// needs no permission. It calls again while the key is not known everywhere in AWS (InvalidClientTokenId) and after temporary
// failures (throttling, 5xx, no connection), up to Options.UsableTimeout, and then fails with KindNotUsable. It fails at once
// with any other error.
func (g *Gateway) WaitUsable(ctx context.Context, key NewAccessKey) (Identity, error) {
	once := func(o *sts.Options) { o.Retryer = aws.NopRetryer{} }
	var identity Identity
	var last *Error
	usable, err := g.poll(ctx, actionGetCallerIdentity, key.ID, g.usableTimeout, func() (bool, error) {
		var transient bool
		var err error
		identity, transient, err = g.getCallerIdentity(ctx, key.ID, signedBy(key.ID, key.Secret), once)
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

// isTransient reports whether another attempt of a call that only reads may succeed.
func isTransient(failure *Error, err error) bool {
	// The SDK marks an error caused by the clock of this machine as retryable, and signs the next attempt by AWS's clock.
	if (retry.RetryableError{}).IsErrorRetryable(err) == aws.TrueTernary {
		return true
	}
	return failure.Code == codeInvalidClientTokenID ||
		slices.Contains([]Kind{KindThrottled, KindServiceFailure, KindUnreachable, KindBadAnswer}, failure.Kind)
}

// waitList lists the keys of user until shown returns true for the list. Its errors name id, and the action whose effect the
// list should show.
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

// poll calls attempt until it is done or fails, with pauses of budget in total. It reports whether attempt was done.
func (g *Gateway) poll(ctx context.Context, action, resource string, budget time.Duration, attempt func() (bool, error)) (bool, error) {
	backoff := retry.NewExponentialJitterBackoff(longestPause)
	for n := 0; ; n++ {
		done, err := attempt()
		if done || err != nil {
			return done, err
		}
		if budget <= 0 {
			return false, nil
		}
		pause, err := backoff.BackoffDelay(n, nil)
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
