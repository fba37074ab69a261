package awserr

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Credentials returns a provider that marks the errors of inner for Reduce. Where inner is nil it has no credentials.
func Credentials(inner aws.CredentialsProvider) aws.CredentialsProvider {
	return credentialsProvider{inner}
}

type credentialsProvider struct{ inner aws.CredentialsProvider }

var _ aws.CredentialProviderSource = credentialsProvider{}

// Retrieve returns the credentials of the inner provider.
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

// ProviderSources returns the sources of the inner provider, which the SDK puts into its User-Agent.
func (p credentialsProvider) ProviderSources() []aws.CredentialSource {
	if source, ok := p.inner.(aws.CredentialProviderSource); ok {
		return source.ProviderSources()
	}
	return nil
}

type credentialsError struct{ err error }

func (e *credentialsError) Error() string { return e.err.Error() }

func (e *credentialsError) Unwrap() error { return e.err }
