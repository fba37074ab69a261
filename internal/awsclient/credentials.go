package awsclient

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// loggedCredentials logs where credentials come from when they are first used, and again when they were renewed. To
// retrieve them earlier, only for the log, could cost a request to STS.
type loggedCredentials struct {
	inner aws.CredentialsProvider
	// sources records who signs the requests of a renewal.
	sources *sourceKeys

	mu     sync.Mutex
	logged string // id of the access key that was logged last
}

var _ aws.CredentialProviderSource = (*loggedCredentials)(nil)

// Retrieve returns the credentials of the inner provider.
func (p *loggedCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := p.inner.Retrieve(p.sources.watch(ctx))
	if err != nil {
		return creds, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if creds.AccessKeyID != p.logged {
		p.logged = creds.AccessKeyID
		tflog.Debug(ctx, "Retrieved AWS credentials", map[string]any{"source": creds.Source, "access_key_id": creds.AccessKeyID})
	}
	return creds, nil
}

// ProviderSources returns the sources of the inner provider, which the SDK puts into its User-Agent.
func (p *loggedCredentials) ProviderSources() []aws.CredentialSource {
	if source, ok := p.inner.(aws.CredentialProviderSource); ok {
		return source.ProviderSources()
	}
	return nil
}
