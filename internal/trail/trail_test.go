package trail_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// fakeClock is a machine clock that only Sleep moves. It is far from the simulator's.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newFakeClock() *fakeClock { return &fakeClock{now: start.AddDate(3, 0, 0)} }

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.now = c.now.Add(d)
	c.slept = append(c.slept, d)
	return nil
}

// world is a simulator with a user's key, and a gateway of the administrator.
type world struct {
	*iamsim.Server
	*trail.Gateway

	clock *fakeClock
	key   string
	cfg   aws.Config
}

func newWorld(t *testing.T, o iamsim.Options) *world {
	t.Helper()
	w := &world{clock: newFakeClock()}
	o.Start, o.Users, o.Clock = start, []string{"ci"}, w.clock
	s, err := iamsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	root := s.Root()
	w.Server, w.key = s, s.CreateAccessKey("ci").AccessKeyID
	w.cfg = aws.Config{
		Credentials: credentials.NewStaticCredentialsProvider(root.AccessKeyID, root.Secret.Reveal(), ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
	w.Gateway = trail.New(w.cfg, "eu-west-1", trail.Options{Clock: w.clock, Endpoint: s.URL()})
	return w
}

// use adds n calls of the key, one an hour, the last one an hour ago.
func (w *world) use(region, action string, n int) {
	for i := range n {
		w.AddEvent(iamsim.Event{
			At: w.Now().Add(-time.Duration(n-i) * time.Hour), Region: region, Source: "ec2.amazonaws.com", Name: action,
			SourceIP: "10.1.2.3", UserAgent: "Boto3/1.34", AccessKeyID: w.key,
		})
	}
}

func (w *world) query(pages int, regions ...string) trail.Query {
	return trail.Query{KeyID: w.key, Regions: regions, Since: trail.Retention, MaxPages: pages}
}

func (w *world) lookup(t *testing.T, q trail.Query) trail.Result {
	t.Helper()
	result, err := w.Lookup(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// calls are the lookups, as "region code".
func (w *world) calls() []string {
	var calls []string
	for _, c := range w.Log() {
		calls = append(calls, strings.TrimSpace(c.Region+" "+c.Code))
	}
	return calls
}

func TestLookup_event(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.AddEvent(iamsim.Event{
		Source: "ses.amazonaws.com", Name: "SendEmail", SourceIP: "10.1.2.3", UserAgent: "Boto3/1.34 \x1b[31mred", ErrorCode: "AccessDenied",
		AccessKeyID: w.key,
	})
	w.Advance(time.Hour)
	got := w.lookup(t, w.query(1, "us-east-1"))
	want := trail.Event{
		At: start, SourceIP: "10.1.2.3", UserAgent: "Boto3/1.34 [31mred", Service: "ses", Action: "SendEmail", Failed: true,
	}
	if len(got.Events) != 1 || got.Events[0] != want || got.Truncated {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Nobody's key has no events, which is no error.
func TestLookup_unknownKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	q := w.query(3, "us-east-1")
	q.KeyID = "AKIAIOSFODNN7EXAMPLE"
	if got := w.lookup(t, q); len(got.Events) != 0 || got.Truncated {
		t.Errorf("got %+v", got)
	}
}

func TestLookup_pages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{LookupsPerSecond: 2})
	w.use("eu-west-1", "DescribeInstances", 120)
	w.Advance(time.Hour)
	for pages, want := range map[int]struct {
		events    int
		truncated bool
	}{1: {50, true}, 2: {100, true}, 3: {120, false}, 9: {120, false}} {
		if got := w.lookup(t, w.query(pages, "eu-west-1")); len(got.Events) != want.events || got.Truncated != want.truncated {
			t.Errorf("%d pages: %d events, truncated %t, want %v", pages, len(got.Events), got.Truncated, want)
		}
	}
	// The quota was kept by waiting, so nothing was throttled.
	if slices.Contains(w.calls(), "eu-west-1 ThrottlingException") || len(w.calls()) != 9 {
		t.Errorf("calls %q", w.calls())
	}
	if slices.ContainsFunc(w.clock.slept, func(d time.Duration) bool { return d != 500*time.Millisecond }) || len(w.clock.slept) != 8 {
		t.Errorf("slept %v, want eight times 500ms", w.clock.slept)
	}
}

// Since counts from AWS's time, whatever the machine's clock shows, and ends the reading.
func TestLookup_since(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.use("eu-west-1", "DescribeInstances", 120)
	w.Advance(time.Hour)
	q := w.query(9, "eu-west-1")
	q.Since = 60 * time.Hour
	if got := w.lookup(t, q); len(got.Events) != 59 || got.Truncated || len(w.calls()) != 2 {
		t.Errorf("%d events, truncated %t, %d calls", len(got.Events), got.Truncated, len(w.calls()))
	}
	w.Advance(-time.Second)
	q.Since -= time.Second
	if got := w.lookup(t, q); len(got.Events) != 59 {
		t.Errorf("a second later: %d events, want 59", len(got.Events))
	}
	q.Since--
	if got := w.lookup(t, q); len(got.Events) != 58 {
		t.Errorf("an instant less: %d events, want 58", len(got.Events))
	}
}

// Each Region is asked, once for a Region, and each has a quota of its own.
func TestLookup_regions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{LookupsPerSecond: 2})
	w.use("eu-west-1", "DescribeInstances", 2)
	w.use("us-east-1", "RunInstances", 1)
	w.use("ap-south-1", "StopInstances", 1)
	w.Advance(time.Hour)
	got := w.lookup(t, w.query(1, "us-east-1", "eu-west-1"))
	var actions []string
	for _, e := range got.Events {
		actions = append(actions, e.Action)
	}
	if want := []string{"RunInstances", "DescribeInstances", "DescribeInstances"}; !slices.Equal(actions, want) {
		t.Errorf("events %q, want %q", actions, want)
	}
	calls := w.calls()
	slices.Sort(calls)
	if want := []string{"eu-west-1", "us-east-1"}; !slices.Equal(calls, want) || len(w.clock.slept) != 0 {
		t.Errorf("calls %q, want %q; slept %v", calls, want, w.clock.slept)
	}
}

// A retry waits for its turn, too.
func TestLookup_retryIsPaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	g := trail.New(w.cfg, "eu-west-1", trail.Options{Clock: w.clock, Endpoint: w.URL()})
	w.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: iamsim.Throttled, Times: 2})
	if _, err := g.Lookup(t.Context(), w.query(1, "eu-west-1")); err != nil {
		t.Fatal(err)
	}
	if len(w.calls()) != 3 || len(w.clock.slept) != 2 {
		t.Errorf("calls %q, slept %v", w.calls(), w.clock.slept)
	}
}

func TestLookup_errors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault iamsim.FaultKind
		kind  trail.Kind
		text  string
	}{
		"denied": {iamsim.Denied, trail.KindAccessDenied, "cloudtrail:LookupEvents (eu-west-1): AccessDeniedException: User: " +
			"arn:aws:iam::123456789012:user/admin is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy " +
			"allows the cloudtrail:LookupEvents action (HTTP 400, request id "},
		"throttled": {
			iamsim.Throttled, trail.KindThrottled,
			"cloudtrail:LookupEvents (eu-west-1): ThrottlingException: Rate exceeded (HTTP 400, request id ",
		},
		"failure": {iamsim.ErrorBeforeCommit, trail.KindOther, "cloudtrail:LookupEvents (eu-west-1): InternalFailure: "},
		"cut":     {iamsim.CutBeforeCommit, trail.KindUnreachable, "cloudtrail:LookupEvents (eu-west-1): no answer from http://127.0.0.1:"},
		"empty": {
			iamsim.Empty200, trail.KindOther,
			"cloudtrail:LookupEvents (eu-west-1): the answer lacks what AWS always sends (HTTP 200, request id ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, iamsim.Options{})
			w.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: test.fault})
			_, err := w.Lookup(t.Context(), w.query(1, "eu-west-1"))
			failure, ok := errors.AsType[*trail.Error](err)
			if !ok || failure.Kind() != test.kind || !strings.HasPrefix(failure.Error(), test.text) || failure.Region != "eu-west-1" {
				t.Errorf("got %v, want %q of kind %d", err, test.text, test.kind)
			}
		})
	}
}

// What one Region denies does not hide what another has answered.
func TestLookup_oneRegionFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.use("eu-west-1", "DescribeInstances", 60)
	w.use("us-east-1", "RunInstances", 1)
	w.Advance(time.Hour)
	w.AddFault(iamsim.Fault{Action: "LookupEvents", Kind: iamsim.Denied, Nth: 3}) // the second page of eu-west-1
	got, err := w.Lookup(t.Context(), w.query(2, "us-east-1", "eu-west-1"))
	failure, ok := errors.AsType[*trail.Error](err)
	if !ok || failure.Region != "eu-west-1" || len(got.Events) != 1 || got.Events[0].Action != "RunInstances" {
		t.Errorf("got %+v and %v", got, err)
	}
}

func TestLookup_credentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.cfg.Credentials = nil
	_, err := trail.New(w.cfg, "", trail.Options{Endpoint: w.URL()}).Lookup(t.Context(), w.query(1, "eu-west-1"))
	if failure, ok := errors.AsType[*trail.Error](err); !ok || failure.Kind() != trail.KindNoCredentials {
		t.Errorf("without credentials: %v", err)
	}
	w.cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "not-a-secret", "")
	_, err = trail.New(w.cfg, "", trail.Options{Endpoint: w.URL()}).Lookup(t.Context(), w.query(1, "eu-west-1"))
	if failure, ok := errors.AsType[*trail.Error](err); !ok || failure.Kind() != trail.KindInvalidCredentials {
		t.Errorf("with a key that does not exist: %v", err)
	}
}

// A lookup ends with its context, also while it waits for its turn.
func TestLookup_canceled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, iamsim.Options{})
	w.use("eu-west-1", "DescribeInstances", 60)
	w.Advance(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	w.OnCall(func(iamsim.Call) { cancel() })
	_, err := w.Lookup(ctx, w.query(2, "eu-west-1"))
	if failure, ok := errors.AsType[*trail.Error](err); !ok || failure.Kind() != trail.KindCanceled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(w.calls()) != 1 {
		t.Errorf("calls %q", w.calls())
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"us-east-1": "[us-east-1]", "eu-west-1": "[eu-west-1 us-east-1]", "cn-northwest-1": "[cn-northwest-1 cn-north-1]",
		"us-gov-east-1": "[us-gov-east-1 us-gov-west-1]", "": "[us-east-1]",
	} {
		if got := fmt.Sprint(trail.New(aws.Config{}, region, trail.Options{}).Regions()); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}

func TestIsRegion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"us-east-1": true, "us-gov-west-1": true, "ap-southeast-7": true, "": false, "global": false, "us-east-1.evil.example": false,
		"US-EAST-1": false, "us-east-1\n": false, "us east 1": false,
	} {
		if got := trail.IsRegion(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
