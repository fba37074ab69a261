package awsclient

import (
	"context"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
)

// sourceKeys collects the long-term keys behind the credentials of the provider: those that sign the requests of STS by which
// roles are assumed, link by link. It reads them from the requests themselves, so that it knows what the SDK chose among the
// settings, the environment, a chain of profiles and a credential process.
type sourceKeys struct {
	mu  sync.Mutex
	ids []string
}

// watch returns a context whose HTTP requests are recorded. It must be used only while credentials are retrieved.
func (k *sourceKeys) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(name string, values []string) {
		if strings.EqualFold(name, "Authorization") {
			for _, value := range values {
				k.add(signer(value))
			}
		}
	}})
}

// add adds the id of a key, unless it is that of a session in the middle of the chain.
func (k *sourceKeys) add(id string) {
	if !keyid.IsLongTerm(id) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !slices.Contains(k.ids, id) {
		k.ids = append(k.ids, id)
	}
}

// list returns the ids in the order of their first use.
func (k *sourceKeys) list() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.ids)
}

// signer returns the id of the key in the Authorization header of a request that AWS's signature version 4 signs, or an empty
// string.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
func signer(authorization string) string {
	_, scope, ok := strings.Cut(authorization, "Credential=")
	id, _, ok2 := strings.Cut(scope, "/")
	if !ok || !ok2 {
		return ""
	}
	return id
}
