package iamgate_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const create = "CreateAccessKey"

func TestCreateAccessKey(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)

	key, err := g.CreateAccessKey(t.Context(), userName)
	noError(t, err)
	keys := sim.Keys(userName)
	if len(keys) != 1 {
		t.Fatalf("%d keys exist, want 1", len(keys))
	}
	want := iamgate.AccessKey{ID: keys[0].ID, UserName: userName, Status: "Active", CreatedAt: day0}
	if key.AccessKey != want {
		t.Errorf("got %+v, want %+v", key.AccessKey, want)
	}
	if !sim.Authenticates(key.ID, key.Secret) {
		t.Error("the secret is not the key's")
	}
	wantCalls(t, sim, create)
}

func TestCreateAccessKeyIsSentOnce(t *testing.T) {
	t.Parallel()
	throttled := iamsim.Fault{Action: create, Nth: 1, Kind: iamsim.Throttled}
	for _, test := range []struct {
		name      string
		faults    []iamsim.Fault
		kind      iamgate.Kind
		status    int
		ambiguous bool
		calls     int
		keys      int
	}{
		{"answer lost", []iamsim.Fault{{Action: create, Kind: iamsim.AnswerLost}}, iamgate.KindUnreachable, 0, true, 1, 1},
		{"cut before commit", []iamsim.Fault{{Action: create, Kind: iamsim.CutBeforeCommit}}, iamgate.KindUnreachable, 0, true, 1, 0},
		{"error after commit", []iamsim.Fault{{Action: create, Kind: iamsim.ErrorAfterCommit}}, iamgate.KindServiceFailure, 500, true, 1, 1},
		{"error before commit", []iamsim.Fault{{Action: create, Kind: iamsim.ErrorBeforeCommit}}, iamgate.KindServiceFailure, 500, true, 1, 0},
		{"empty 200", []iamsim.Fault{{Action: create, Kind: iamsim.Empty200}}, iamgate.KindBadAnswer, 200, true, 1, 1},
		{"throttled for good", []iamsim.Fault{{Action: create, Kind: iamsim.Throttled}}, iamgate.KindThrottled, 400, false, attempts, 0},
		{
			"throttled, then answer lost",
			[]iamsim.Fault{throttled, {Action: create, Nth: 2, Kind: iamsim.AnswerLost}},
			iamgate.KindUnreachable, 0, true, 2, 1,
		},
		{
			"throttled, then error",
			[]iamsim.Fault{throttled, {Action: create, Nth: 2, Kind: iamsim.ErrorAfterCommit}},
			iamgate.KindServiceFailure, 500, true, 2, 1,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, _ := newGateway(t, sim)
			// A connection in use already is what net/http may resend on.
			_, err := g.ListAccessKeys(t.Context(), userName)
			noError(t, err)
			sim.ResetLog()
			for _, fault := range test.faults {
				sim.AddFault(fault)
			}

			key, err := g.CreateAccessKey(t.Context(), userName)
			failure := wantError(t, err, test.kind)
			if failure.Ambiguous != test.ambiguous || failure.HTTPStatus != test.status {
				t.Errorf("got ambiguous %v and status %d, want %v and %d", failure.Ambiguous, failure.HTTPStatus, test.ambiguous, test.status)
			}
			if failure.Action != "iam:CreateAccessKey" || failure.Resource != userName {
				t.Errorf("got %q of %q", failure.Action, failure.Resource)
			}
			if key.ID != "" || !key.Secret.IsZero() {
				t.Error("an error comes with a key")
			}
			if got := len(sim.Keys(userName)); got != test.keys {
				t.Errorf("%d keys exist, want %d", got, test.keys)
			}
			wantCalls(t, sim, repeat(create, test.calls)...)
		})
	}
}

func TestCreateAccessKeyThrottledThenMade(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		adjust func(*aws.Config)
		times  int
	}{
		{"configured retryer", func(*aws.Config) {}, attempts - 1},
		{"retryer of the first version", func(cfg *aws.Config) {
			cfg.Retryer = func() aws.Retryer { return struct{ aws.Retryer }{newRetryer()} }
		}, attempts - 1},
		{"more attempts", func(cfg *aws.Config) { cfg.RetryMaxAttempts = 6 }, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			cfg := newConfig(sim)
			test.adjust(&cfg)
			g := iamgate.New(cfg, iamgate.Options{Clock: newClock(day0)})
			sim.AddFault(iamsim.Fault{Action: create, Nth: 1, Times: test.times, Kind: iamsim.Throttled})

			key, err := g.CreateAccessKey(t.Context(), userName)
			noError(t, err)
			if keys := sim.Keys(userName); len(keys) != 1 || keys[0].ID != key.ID {
				t.Errorf("got key %s, but %v exist", key.ID, keys)
			}
			wantCalls(t, sim, repeat(create, test.times+1)...)
		})
	}
}

func TestCreateAccessKeyWithTheAdaptiveRetryer(t *testing.T) {
	t.Parallel()
	newAdaptive := func(t *testing.T) (*iamsim.Server, *iamgate.Gateway) {
		t.Helper()
		sim := newSim(t, iamsim.Options{})
		cfg := newConfig(sim)
		cfg.Retryer = func() aws.Retryer {
			return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
				o.FailOnNoAttemptTokens = true
				o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
					o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				})
			})
		}
		return sim, iamgate.New(cfg, iamgate.Options{Clock: newClock(day0)})
	}
	t.Run("made", func(t *testing.T) {
		t.Parallel()
		sim, g := newAdaptive(t)
		_, err := g.CreateAccessKey(t.Context(), userName)
		noError(t, err)
		wantCalls(t, sim, create)
	})
	t.Run("sent once", func(t *testing.T) {
		t.Parallel()
		sim, g := newAdaptive(t)
		sim.AddFault(iamsim.Fault{Action: create, Kind: iamsim.AnswerLost})
		_, err := g.CreateAccessKey(t.Context(), userName)
		if failure := wantError(t, err, iamgate.KindUnreachable); !failure.Ambiguous {
			t.Error("a lost answer is not ambiguous")
		}
		wantCalls(t, sim, create)
	})
	t.Run("holds back after throttling", func(t *testing.T) {
		t.Parallel()
		sim, g := newAdaptive(t)
		sim.AddFault(iamsim.Fault{Action: create, Nth: 1, Kind: iamsim.Throttled})
		_, err := g.CreateAccessKey(t.Context(), userName)
		if failure := wantError(t, err, iamgate.KindOther); failure.Ambiguous {
			t.Error("a request held back is ambiguous")
		}
		wantCalls(t, sim, create)
	})
}

func TestCreateAccessKeyRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		scene  func(*iamsim.Server)
		kind   iamgate.Kind
		code   string
		status int
	}{
		{
			"two keys", func(s *iamsim.Server) { s.CreateAccessKey(userName); s.CreateAccessKey(userName) },
			iamgate.KindLimitExceeded, "LimitExceeded", 409,
		},
		{"no such user", func(s *iamsim.Server) { s.DeleteUser(userName) }, iamgate.KindNoSuchEntity, "NoSuchEntity", 404},
		{"denied", func(s *iamsim.Server) { s.Deny("*", "iam:CreateAccessKey") }, iamgate.KindAccessDenied, "AccessDenied", 403},
		{
			"our key is inactive", func(s *iamsim.Server) { s.SetStatus(s.Root().AccessKeyID, "Inactive") },
			iamgate.KindInvalidCredentials, "InvalidClientTokenId", 403,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, _ := newGateway(t, sim)
			test.scene(sim)
			before := len(sim.Keys(userName))

			_, err := g.CreateAccessKey(t.Context(), userName)
			failure := wantError(t, err, test.kind)
			if failure.Ambiguous || failure.Code != test.code || failure.HTTPStatus != test.status {
				t.Errorf("got %+v", *failure)
			}
			if failure.RequestID == "" || failure.Message == "" {
				t.Errorf("got request id %q and message %q", failure.RequestID, failure.Message)
			}
			if got := len(sim.Keys(userName)); got != before {
				t.Errorf("%d keys exist, want %d", got, before)
			}
			wantCalls(t, sim, create)
		})
	}
}

func TestCreateAccessKeyNeverSent(t *testing.T) {
	t.Parallel()
	t.Run("no connection", func(t *testing.T) {
		t.Parallel()
		sim := newSim(t, iamsim.Options{})
		cfg := newConfig(sim)
		cfg.BaseEndpoint = aws.String("http://127.0.0.1:1")
		_, err := iamgate.New(cfg, iamgate.Options{}).CreateAccessKey(t.Context(), userName)
		if wantError(t, err, iamgate.KindUnreachable).Ambiguous {
			t.Error("a request that was never sent is ambiguous")
		}
	})
	t.Run("no credentials", func(t *testing.T) {
		t.Parallel()
		sim := newSim(t, iamsim.Options{})
		cfg := newConfig(sim)
		cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no role found")
		})
		_, err := iamgate.New(cfg, iamgate.Options{}).CreateAccessKey(t.Context(), userName)
		if wantError(t, err, iamgate.KindNoCredentials).Ambiguous {
			t.Error("a request that was never sent is ambiguous")
		}
		wantCalls(t, sim)
	})
	t.Run("context ended before", func(t *testing.T) {
		t.Parallel()
		sim := newSim(t, iamsim.Options{})
		g, _ := newGateway(t, sim)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := g.CreateAccessKey(ctx, userName)
		if wantError(t, err, iamgate.KindCanceled).Ambiguous {
			t.Error("a request that was never sent is ambiguous")
		}
		wantCalls(t, sim)
	})
}

// hold keeps every CreateAccessKey at the simulator until the test ends, and tells of each.
func hold(t *testing.T, sim *iamsim.Server, arrived func()) {
	t.Helper()
	released := make(chan struct{})
	sim.OnCall(func(call iamsim.Call) {
		if call.Action == create {
			arrived()
			<-released
		}
	})
	t.Cleanup(func() { close(released) })
}

func TestCreateAccessKeyCanceledUnderWay(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hold(t, sim, cancel)

	_, err := g.CreateAccessKey(ctx, userName)
	if failure := wantError(t, err, iamgate.KindCanceled); !failure.Ambiguous {
		t.Error("a request cancelled under way is not ambiguous")
	}
	if !errors.Is(err, context.Canceled) {
		t.Error("the error does not wrap context.Canceled")
	}
	wantCalls(t, sim, create)
}

func TestCreateAccessKeyTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		client := &http.Client{Timeout: time.Minute, Transport: transport(func(r *http.Request) (*http.Response, error) {
			calls.Add(1)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		_, err := newCannedGateway(t, newClock(day0), client.Do).CreateAccessKey(t.Context(), userName)
		if failure := wantError(t, err, iamgate.KindUnreachable); !failure.Ambiguous {
			t.Error("a request that timed out is not ambiguous")
		}
		if calls.Load() != 1 {
			t.Errorf("%d calls, want 1", calls.Load())
		}
	})
}

// A key is too dear to lose for a date that AWS's model calls optional.
func TestCreateAccessKeyWithoutADate(t *testing.T) {
	t.Parallel()
	g := newCannedGateway(t, newClock(day0.Add(time.Millisecond)), func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "", `<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId>`+
			`<SecretAccessKey>`+marker+`</SecretAccessKey></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>`), nil
	})
	key, err := g.CreateAccessKey(t.Context(), userName)
	noError(t, err)
	if want := (iamgate.AccessKey{ID: "AKIA1", UserName: userName, Status: "Active", CreatedAt: day0}); key.AccessKey != want {
		t.Errorf("got %+v, want %+v", key.AccessKey, want)
	}
	if key.Secret.Reveal() != marker {
		t.Error("the secret is not the key's")
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", key, key, key), marker) {
		t.Error("the key shows its secret")
	}
}
