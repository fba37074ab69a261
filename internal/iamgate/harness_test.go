package iamgate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	userName = "ci"
	attempts = 3
)

// day0 is the start of simulated time.
var day0 = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)

// fakeClock moves only by Sleep.
type fakeClock struct {
	mu      sync.Mutex
	now     time.Time
	slept   time.Duration
	onSleep func(time.Duration)
}

func newClock(now time.Time) *fakeClock { return &fakeClock{now: now} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.slept += d
	c.mu.Unlock()
	if c.onSleep != nil {
		c.onSleep(d)
	}
	return nil
}

func (c *fakeClock) total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slept
}

// newSim starts a simulator at day0 with one user.
func newSim(t *testing.T, opts iamsim.Options) *iamsim.Server {
	t.Helper()
	if opts.Start.IsZero() {
		opts.Start = day0
	}
	sim, err := iamsim.Start(opts)
	if err != nil {
		t.Fatalf("start the simulator: %v", err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Errorf("close the simulator: %v", err)
		}
	})
	sim.CreateUser(userName)
	return sim
}

// newConfig returns a configuration with the simulator's root credentials, and retries without a pause.
func newConfig(sim *iamsim.Server) aws.Config {
	root := sim.Root()
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.Secret.Reveal(), ""),
		BaseEndpoint: aws.String(sim.URL()),
		Retryer:      func() aws.Retryer { return newRetryer() },
	}
}

func newRetryer() *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

// newGateway returns a gateway whose clock agrees with the simulator's.
func newGateway(t *testing.T, sim *iamsim.Server) (*iamgate.Gateway, *fakeClock) {
	t.Helper()
	clock := newClock(sim.Now())
	return iamgate.New(newConfig(sim), iamgate.Options{Clock: clock}), clock
}

// doer is an HTTP client that is one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// transport is an http.RoundTripper that is one function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer returns a response with a body and, if date is not empty, a Date header.
func answer(status int, date, body string) *http.Response {
	header := http.Header{"Content-Type": {"text/xml"}, "X-Amzn-Requestid": {"req-1"}}
	if date != "" {
		header.Set("Date", date)
	}
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: header,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// identityAnswer is a body that answers GetCallerIdentity.
const identityAnswer = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ci</Arn>` +
	`<UserId>AIDA1</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

// newCannedGateway returns a gateway whose requests are all answered by respond.
func newCannedGateway(t *testing.T, clock *fakeClock, respond doer) *iamgate.Gateway {
	t.Helper()
	return iamgate.New(aws.Config{
		Region:      "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLEEXAMPLE00", "not-a-secret", ""),
		HTTPClient:  respond,
		Retryer:     func() aws.Retryer { return newRetryer() },
	}, iamgate.Options{Clock: clock})
}

// wantError requires an *iamgate.Error of one kind, and returns it.
func wantError(t *testing.T, err error, kind iamgate.Kind) *iamgate.Error {
	t.Helper()
	var failure *iamgate.Error
	if !errors.As(err, &failure) {
		t.Fatalf("got error %v, want an *iamgate.Error", err)
	}
	if failure.Kind != kind {
		t.Fatalf("got kind %d (%v), want %d", failure.Kind, failure, kind)
	}
	return failure
}

// wantKind requires an *iamgate.Error of one kind.
func wantKind(t *testing.T, err error, kind iamgate.Kind) {
	t.Helper()
	_ = wantError(t, err, kind)
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCalls requires exactly these actions in the simulator's log.
func wantCalls(t *testing.T, sim *iamsim.Server, want ...string) {
	t.Helper()
	var got []string
	for _, call := range sim.Log() {
		got = append(got, call.Action)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got calls %v, want %v", got, want)
	}
}

// repeat returns action n times.
func repeat(action string, n int) []string {
	actions := make([]string, n)
	for i := range actions {
		actions[i] = action
	}
	return actions
}
