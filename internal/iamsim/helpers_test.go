package iamsim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func startServer(t *testing.T, opts iamsim.Options) *iamsim.Server {
	t.Helper()
	if opts.Start.IsZero() {
		opts.Start = start
	}
	s, err := iamsim.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// client is the Go SDK for IAM and STS, without retries.
type client struct {
	iam *iam.Client
	sts *sts.Client
}

func newClient(s *iamsim.Server, c iamsim.Credentials) client { return newClientWithToken(s, c, "") }

func newClientWithToken(s *iamsim.Server, c iamsim.Credentials, token string) client {
	config := aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(s.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret.Reveal(), token),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
	}
	return client{iam.NewFromConfig(config), sts.NewFromConfig(config)}
}

func create(ctx context.Context, c client, user string) error {
	_, err := c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	return err
}

func whoAmI(ctx context.Context, c client) error {
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	return err
}

// wantError checks code and HTTP status of an error of the SDK.
func wantError(t *testing.T, err error, status int, code string) {
	t.Helper()
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("error %v, want %d %s", err, status, code)
	}
	if api.ErrorCode() != code || response.HTTPStatusCode() != status {
		t.Fatalf("error %d %s (%s), want %d %s", response.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage(), status, code)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// request is a signed request that a test can change before it is sent.
type request struct {
	*http.Request
	body string
}

func newRequest(t *testing.T, s *iamsim.Server, params url.Values) *request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+"/", http.NoBody)
	noError(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return &request{r, params.Encode()}
}

// sign signs at a date far from both clocks, which the server must accept.
func (r *request) sign(t *testing.T, c iamsim.Credentials, service string) *request {
	t.Helper()
	hash := sha256.Sum256([]byte(r.body))
	err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.Secret.Reveal()},
		r.Request, hex.EncodeToString(hash[:]), service, "us-east-1", start.AddDate(-3, 0, 0))
	noError(t, err)
	return r
}

// reply is a response with its whole body.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r *request) send(t *testing.T) reply {
	t.Helper()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewBufferString(r.body)), int64(len(r.body))
	response, err := http.DefaultClient.Do(r.Request)
	noError(t, err)
	defer func() { noError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	noError(t, err)
	return reply{response.StatusCode, response.Header, string(body)}
}

// fakeClock is a machine clock that only Sleep moves.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(_ context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

func (c *fakeClock) sleeps() []time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slept
}
