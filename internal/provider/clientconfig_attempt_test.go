package provider

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// TestAttemptLimit meets a server that takes requests and never answers. A call that only reads is tried again; a creation
// is not, and may have made a key.
func TestAttemptLimit(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		// The server notices the end of a connection only once the request was read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer silent.Close()
	gateway := iamgate.New(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(testKeyID, testSecret, ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
		APIOptions: []func(*middleware.Stack) error{attemptLimit(20 * time.Millisecond).register},
	}, iamgate.Options{IAMEndpoint: silent.URL, STSEndpoint: silent.URL})

	_, err := gateway.ListAccessKeys(t.Context(), "ci")
	var failure *iamgate.Error
	if !errors.As(err, &failure) || failure.Kind != iamgate.KindUnreachable {
		t.Errorf("a list without an answer: %v", err)
	}
	if n := requests.Swap(0); n != 3 {
		t.Errorf("%d requests for a list, want 3", n)
	}
	_, err = gateway.CreateAccessKey(t.Context(), "ci")
	if !errors.As(err, &failure) || failure.Kind != iamgate.KindUnreachable || !failure.Ambiguous {
		t.Errorf("a creation without an answer: %v", err)
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests for a creation, want 1", n)
	}
}

// TestAttemptTimeout is about the default, which the linker can't check.
func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	if limit, err := time.ParseDuration(attemptTimeout); err != nil || limit < 30*time.Second {
		t.Errorf("a try of a request may take %q", attemptTimeout)
	}
}
