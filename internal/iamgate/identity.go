package iamgate

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	actionGetAccessKeyInfo  = "sts:GetAccessKeyInfo"
	actionGetCallerIdentity = "sts:GetCallerIdentity"
	actionSign              = "credentials"
)

// SigningKeyIDs returns the ids of the access keys that this Gateway depends on: first that of the key that signs its requests,
// then those of Options.SourceKeyIDs. The error is of KindNoCredentials.
func (g *Gateway) SigningKeyIDs(ctx context.Context) ([]string, error) {
	creds, err := g.credentials.Retrieve(ctx)
	if err != nil {
		return nil, newError(actionSign, "", err)
	}
	ids := []string{creds.AccessKeyID}
	if g.sources != nil {
		for _, id := range g.sources() {
			if id != creds.AccessKeyID {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// CallerIdentity returns whom the credentials of the Gateway belong to. It asks once per Gateway, also for concurrent
// callers. An error is returned to those who waited for it, and the next call asks again.
func (g *Gateway) CallerIdentity(ctx context.Context) (Identity, error) {
	return g.caller.get(ctx, func(ctx context.Context) (Identity, error) {
		identity, _, err := g.getCallerIdentity(ctx, "")
		return identity, err
	})
}

// IdentityOf returns whom a key authenticates, by a call that it signs itself. The call needs no permission, and it moves the last
// use of the key.
func (g *Gateway) IdentityOf(ctx context.Context, keyID string, plaintext secret.Secret) (Identity, error) {
	identity, _, err := g.getCallerIdentity(ctx, keyID, signedBy(keyID, plaintext))
	return identity, err
}

// KeyAccount returns the id of the account that an access key belongs or belonged to: any key, also a deleted one, a temporary one,
// and one of another account. The answer does not say whether the key exists. The error is KindInvalidInput for what is no access
// key id, and may be for a deleted key.
//
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html.
func (g *Gateway) KeyAccount(ctx context.Context, keyID string) (string, error) {
	out, err := g.sts.GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(keyID)})
	if err != nil {
		return "", newError(actionGetAccessKeyInfo, keyID, err)
	}
	if aws.ToString(out.Account) == "" {
		return "", badAnswer(actionGetAccessKeyInfo, keyID, out.ResultMetadata)
	}
	return *out.Account, nil
}

// signedBy has a call signed by a key.
func signedBy(keyID string, plaintext secret.Secret) func(*sts.Options) {
	return func(o *sts.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(keyID, plaintext.Reveal(), "")
	}
}

// getCallerIdentity asks STS who signs. With an error, transient reports whether a later try may succeed.
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func (g *Gateway) getCallerIdentity(ctx context.Context, resource string, opts ...func(*sts.Options)) (
	identity Identity, transient bool, err error,
) {
	out, err := g.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, opts...)
	if err != nil {
		failure := newError(actionGetCallerIdentity, resource, err)
		return Identity{}, isTransient(failure, err), failure
	}
	if out.Account == nil || out.Arn == nil || out.UserId == nil {
		return Identity{}, true, badAnswer(actionGetCallerIdentity, resource, out.ResultMetadata)
	}
	return Identity{AccountID: *out.Account, ARN: *out.Arn, UserID: *out.UserId}, false, nil
}

// caller shares one question to GetCallerIdentity and remembers its answer.
type caller struct {
	mu      sync.Mutex
	pending *pendingIdentity
}

// pendingIdentity is a question under way, or answered; the other fields may be read once done is closed.
type pendingIdentity struct {
	done     chan struct{}
	identity Identity
	err      error
	// abandoned: the one who asked gave up, which says nothing to those who wait.
	abandoned bool
}

func (c *caller) get(ctx context.Context, ask func(context.Context) (Identity, error)) (Identity, error) {
	for {
		p, ours := c.join()
		if ours {
			p.identity, p.err = ask(ctx)
			p.abandoned = p.err != nil && ctx.Err() != nil
			c.finish(p)
			return p.identity, p.err
		}
		select {
		case <-ctx.Done():
			return Identity{}, newError(actionGetCallerIdentity, "", ctx.Err())
		case <-p.done:
		}
		if !p.abandoned {
			return p.identity, p.err
		}
	}
}

// join gives the question to wait for, and whether it is ours to ask it.
func (c *caller) join() (p *pendingIdentity, ours bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending != nil {
		return c.pending, false
	}
	c.pending = &pendingIdentity{done: make(chan struct{})}
	return c.pending, true
}

// finish releases those who wait. An answered question stays, so that nobody asks it again.
func (c *caller) finish(p *pendingIdentity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.err != nil {
		c.pending = nil
	}
	close(p.done)
}
