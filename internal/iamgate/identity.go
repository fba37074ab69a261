package iamgate

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	actionGetCallerIdentity = "sts:GetCallerIdentity"
	actionSign              = "credentials"
)

// SigningKeyID is the id of the access key that signs the requests of this Gateway. The error is of KindNoCredentials.
func (g *Gateway) SigningKeyID(ctx context.Context) (string, error) {
	creds, err := g.credentials.Retrieve(ctx)
	if err != nil {
		return "", newError(actionSign, "", err)
	}
	return creds.AccessKeyID, nil
}

// CallerIdentity tells whom our credentials belong to. It is asked once per Gateway, whoever calls and however many at
// the same time; an error is given to those who waited for it and then forgotten.
func (g *Gateway) CallerIdentity(ctx context.Context) (Identity, error) {
	return g.caller.get(ctx, func(ctx context.Context) (Identity, error) {
		identity, _, err := g.getCallerIdentity(ctx, "")
		return identity, err
	})
}

// getCallerIdentity asks STS who signs, and tells with an error whether a later try may end otherwise.
// See https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html.
func (g *Gateway) getCallerIdentity(ctx context.Context, resource string, opts ...func(*sts.Options)) (identity Identity, transient bool, err error) {
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

// credentialsProvider marks the errors of the provider that it wraps, so that a failure to get credentials, which may
// itself be an answer of STS, is not taken for an answer to the call that needed them.
type credentialsProvider struct{ inner aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (p credentialsProvider) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if p.inner == nil {
		return aws.Credentials{}, &credentialsError{errors.New("no AWS credentials are configured")}
	}
	creds, err := p.inner.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, &credentialsError{err}
	}
	return creds, nil
}

// ProviderSources implements aws.CredentialProviderSource, which feeds the SDK's User-Agent.
func (p credentialsProvider) ProviderSources() []aws.CredentialSource {
	if source, ok := p.inner.(aws.CredentialProviderSource); ok {
		return source.ProviderSources()
	}
	return nil
}

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }

func (e *credentialsError) Unwrap() error { return e.err }
