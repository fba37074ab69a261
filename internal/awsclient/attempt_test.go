package awsclient

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// silentServer takes requests and never answers. It counts them.
func silentServer(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		// The server notices the end of a connection only once the request was read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	return silent.URL, requests
}

// TestAttemptLimit has a server that never answers. A call that only reads is tried again. A creation is not, and may have
// created a key.
func TestAttemptLimit(t *testing.T) {
	t.Parallel()
	url, requests := silentServer(t)
	gateway := iamgate.New(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider(testKeyID, testSecret, ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
		APIOptions: []func(*middleware.Stack) error{attemptLimit(250 * time.Millisecond).register},
	}, iamgate.Options{IAMEndpoint: url, STSEndpoint: url})

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

// TestNew_attemptTimeout has every client meet a server that never answers.
func TestNew_attemptTimeout(t *testing.T) {
	t.Parallel()
	url, requests := silentServer(t)
	s := exampleSettings()
	s.Endpoints = Endpoints{IAM: url, KMS: url, STS: url}
	clients := mustNew(t, s, Options{AttemptTimeout: 250 * time.Millisecond})
	_, iamErr := clients.Gateway.ListAccessKeys(t.Context(), "ci")
	_, stsErr := clients.Gateway.CallerIdentity(t.Context())
	key, err := kms.ParseRecipient("alias/secrets", nil)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := clients.KMS.Sealer(key)
	if err != nil {
		t.Fatal(err)
	}
	_, kmsErr := sealer.Seal(t.Context(), time.Time{}, secret.New("not-a-secret"))
	for service, err := range map[string]error{"IAM": iamErr, "STS": stsErr, "KMS": kmsErr} {
		if err == nil || !strings.HasSuffix(err.Error(), ": no answer") {
			t.Errorf("%s: got %v, want no answer", service, err)
		}
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestOptions_attemptLimit(t *testing.T) {
	t.Parallel()
	for want, o := range map[time.Duration]Options{time.Minute: {}, 2 * time.Second: {AttemptTimeout: 2 * time.Second}} {
		if got := o.attemptLimit(); got != attemptLimit(want) {
			t.Errorf("got %v, want %v", time.Duration(got), want)
		}
	}
}
