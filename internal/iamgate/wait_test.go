package iamgate_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const whoami = "GetCallerIdentity"

func newKey(t *testing.T, g *iamgate.Gateway, sim *iamsim.Server) iamgate.NewAccessKey {
	t.Helper()
	key, err := g.CreateAccessKey(t.Context(), userName)
	noError(t, err)
	sim.ResetLog()
	return key
}

func TestWaitUsable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		opts  iamsim.Options
		fault *iamsim.Fault
		calls int
	}{
		{"at once", iamsim.Options{}, nil, 1},
		{"after rejections", iamsim.Options{NewKeyRejects: 4}, nil, 5},
		{"after throttling", iamsim.Options{}, &iamsim.Fault{Action: whoami, Nth: 1, Times: 2, Kind: iamsim.Throttled}, 3},
		{"after 500", iamsim.Options{}, &iamsim.Fault{Action: whoami, Nth: 1, Times: 2, Kind: iamsim.ErrorBeforeCommit}, 3},
		{"after cut connections", iamsim.Options{}, &iamsim.Fault{Action: whoami, Nth: 1, Times: 2, Kind: iamsim.CutBeforeCommit}, 3},
		{"after an empty answer", iamsim.Options{}, &iamsim.Fault{Action: whoami, Nth: 1, Kind: iamsim.Empty200}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, test.opts)
			g, clock := newGateway(t, sim)
			key := newKey(t, g, sim)
			if test.fault != nil {
				sim.AddFault(*test.fault)
			}

			identity, err := g.WaitUsable(t.Context(), key)
			noError(t, err)
			user, _ := sim.User(userName)
			if want := (iamgate.Identity{AccountID: "123456789012", ARN: user.ARN, UserID: user.ID}); identity != want {
				t.Errorf("got %+v, want %+v", identity, want)
			}
			wantCalls(t, sim, repeat(whoami, test.calls)...)
			for _, call := range sim.Log() {
				if call.SigningKeyID != key.ID {
					t.Errorf("call %d is signed by %s, want the new key %s", call.N, call.SigningKeyID, key.ID)
				}
			}
			if slept := clock.total(); (slept == 0) != (test.calls == 1) {
				t.Errorf("slept %v for %d calls", slept, test.calls)
			}
		})
	}
}

func TestWaitUsable_newKeyDelay(t *testing.T) {
	t.Parallel()
	const delay = 15 * time.Second
	sim := newSim(t, iamsim.Options{NewKeyDelay: delay})
	g, clock := newGateway(t, sim)
	clock.onSleep = sim.Advance
	key := newKey(t, g, sim)

	_, err := g.WaitUsable(t.Context(), key)
	noError(t, err)
	if slept := clock.total(); slept < delay || slept > delay+5*time.Second {
		t.Errorf("slept %v for a key that works after %v", slept, delay)
	}
	if calls := len(sim.Log()); calls < 4 || calls > 60 {
		t.Errorf("%d calls are not a backoff", calls)
	}
}

func TestWaitUsable_timeout(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{NewKeyRejects: 1 << 20})
	clock := newClock(day0)
	g := iamgate.New(newConfig(sim), iamgate.Options{Clock: clock, UsableTimeout: 40 * time.Second})
	key := newKey(t, g, sim)

	_, err := g.WaitUsable(t.Context(), key)
	failure := wantError(t, err, iamgate.KindNotUsable)
	if failure.Action != "sts:GetCallerIdentity" || failure.Resource != key.ID ||
		failure.Code != "InvalidClientTokenId" || failure.HTTPStatus != 403 {
		t.Errorf("got %+v", *failure)
	}
	wantKind(t, failure.Unwrap(), iamgate.KindInvalidCredentials)
	if clock.total() != 40*time.Second {
		t.Errorf("slept %v, want exactly 40s", clock.total())
	}
}

func TestWaitUsable_defaultTimeout(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{NewKeyRejects: 1 << 20})
	g, clock := newGateway(t, sim)
	_, err := g.WaitUsable(t.Context(), newKey(t, g, sim))
	wantKind(t, err, iamgate.KindNotUsable)
	if clock.total() != 2*time.Minute {
		t.Errorf("slept %v, want 2m", clock.total())
	}
}

func TestWaitUsable_wrongSecret(t *testing.T) {
	t.Parallel()
	// The simulator has the machine's time, since otherwise the SDK attributes a wrong signature to the clock.
	sim := newSim(t, iamsim.Options{Start: clock.System().Now()})
	g, clock := newGateway(t, sim)
	key := newKey(t, g, sim)
	key.Secret = newKey(t, g, sim).Secret

	_, err := g.WaitUsable(t.Context(), key)
	if failure := wantError(t, err, iamgate.KindInvalidCredentials); failure.Code != "SignatureDoesNotMatch" {
		t.Errorf("got code %s", failure.Code)
	}
	wantCalls(t, sim, whoami)
	if clock.total() != 0 {
		t.Errorf("slept %v", clock.total())
	}
}

func TestWaitUsable_canceled(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{NewKeyRejects: 1 << 20})
	g, clock := newGateway(t, sim)
	key := newKey(t, g, sim)
	ctx, cancel := context.WithCancel(t.Context())
	clock.onSleep = func(time.Duration) { cancel() }

	_, err := g.WaitUsable(ctx, key)
	wantKind(t, err, iamgate.KindCanceled)
	if !errors.Is(err, context.Canceled) {
		t.Error("the error does not wrap context.Canceled")
	}
	wantCalls(t, sim, whoami)
}

func TestWaitUsable_wrongMachineClock(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	ahead := day0.AddDate(10, 0, 0).Format(http.TimeFormat)
	g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
		if calls.Add(1) == 1 {
			return answer(http.StatusForbidden, ahead, `<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>`+
				`<Message>Signature expired</Message></Error></ErrorResponse>`), nil
		}
		return answer(http.StatusOK, ahead, identityAnswer), nil
	})
	identity, err := g.WaitUsable(t.Context(), iamgate.NewAccessKey{
		AccessKey: iamgate.AccessKey{ID: "AKIAEXAMPLEEXAMPLE00"}, Secret: secret.New("not-a-secret"),
	})
	noError(t, err)
	if identity.UserID != "AIDA1" || calls.Load() != 2 {
		t.Errorf("got %+v after %d calls", identity, calls.Load())
	}
}

// lag calls stale before each of the first n lists, and fresh before all later ones.
func lag(sim *iamsim.Server, n int, stale, fresh func()) {
	var lists atomic.Int32
	sim.OnCall(func(call iamsim.Call) {
		if call.Action != "ListAccessKeys" {
			return
		}
		if int(lists.Add(1)) <= n {
			stale()
		} else {
			fresh()
		}
	})
}

// The error says that the change was made, although the list is denied.
func TestUpdateAccessKey_listDenied(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	id := sim.CreateAccessKey(userName).AccessKeyID
	sim.Deny("*", "iam:ListAccessKeys")

	failure := wantError(t, g.UpdateAccessKey(t.Context(), userName, id, "Inactive"), iamgate.KindNotSettled)
	if !errors.Is(failure, iamgate.ErrNotSettled) || failure.Action != "iam:UpdateAccessKey" ||
		!strings.Contains(failure.Error(), "iam:ListAccessKeys") {
		t.Errorf("got %+v", *failure)
	}
	if status := sim.Keys(userName)[0].Status; status != "Inactive" {
		t.Errorf("the key is %s", status)
	}
}

func TestUpdateAccessKey_staleList(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		stale int
		kind  iamgate.Kind
	}{
		{"some lists are stale", 3, 0},
		{"all lists are stale", 1 << 20, iamgate.KindNotSettled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, clock := newGateway(t, sim)
			id := sim.CreateAccessKey(userName).AccessKeyID
			lag(sim, test.stale, func() { sim.SetStatus(id, "Active") }, func() { sim.SetStatus(id, "Inactive") })

			err := g.UpdateAccessKey(t.Context(), userName, id, "Inactive")
			if test.kind == 0 {
				noError(t, err)
				wantCalls(t, sim, append([]string{"UpdateAccessKey"}, repeat("ListAccessKeys", test.stale+1)...)...)
				return
			}
			failure := wantError(t, err, test.kind)
			if !errors.Is(err, iamgate.ErrNotSettled) || failure.Action != "iam:UpdateAccessKey" || failure.Resource != id {
				t.Errorf("got %+v", *failure)
			}
			if clock.total() != 30*time.Second {
				t.Errorf("slept %v, want 30s", clock.total())
			}
		})
	}
}

func TestWaitDeleted_andWaitListed(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	clock := newClock(day0)
	g := iamgate.New(newConfig(sim), iamgate.Options{Clock: clock, SettleTimeout: 10 * time.Second})
	id := sim.CreateAccessKey(userName).AccessKeyID
	sim.Advance(time.Minute)
	other := sim.CreateAccessKey(userName).AccessKeyID
	ids := func(keys []iamgate.AccessKey) (ids []string) {
		for _, key := range keys {
			ids = append(ids, key.ID)
		}
		return ids
	}

	keys, err := g.WaitListed(t.Context(), userName, id)
	noError(t, err)
	if !slices.Equal(ids(keys), []string{id, other}) {
		t.Errorf("got %v, want %s and %s", ids(keys), id, other)
	}
	wantCalls(t, sim, "ListAccessKeys")

	keys, err = g.WaitDeleted(t.Context(), userName, id)
	wantKind(t, err, iamgate.KindNotSettled)
	if !errors.Is(err, iamgate.ErrNotSettled) || !slices.Equal(ids(keys), []string{id, other}) {
		t.Errorf("got %v with %v", ids(keys), err)
	}
	if clock.total() != 10*time.Second {
		t.Errorf("slept %v, want 10s", clock.total())
	}

	clock.onSleep = func(time.Duration) {
		if len(sim.Keys(userName)) == 2 {
			sim.DeleteAccessKey(id)
		}
	}
	sim.ResetLog()
	keys, err = g.WaitDeleted(t.Context(), userName, id)
	noError(t, err)
	if !slices.Equal(ids(keys), []string{other}) {
		t.Errorf("got %v, want %s", ids(keys), other)
	}
	wantCalls(t, sim, "ListAccessKeys", "ListAccessKeys")

	keys, err = g.WaitListed(t.Context(), userName, id)
	wantKind(t, err, iamgate.KindNotSettled)
	if !slices.Equal(ids(keys), []string{other}) {
		t.Errorf("got %v, want %s", ids(keys), other)
	}

	sim.DeleteUser(userName)
	_, err = g.WaitListed(t.Context(), userName, id)
	wantKind(t, err, iamgate.KindNoSuchEntity)
}

func TestWaitAppeared(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	clock := newClock(day0)
	g := iamgate.New(newConfig(sim), iamgate.Options{Clock: clock, AppearTimeout: 10 * time.Second})
	known := sim.CreateAccessKey(userName).AccessKeyID
	unknown := func(k iamgate.AccessKey) bool { return k.ID != known }

	keys, err := g.WaitAppeared(t.Context(), userName, unknown)
	noError(t, err)
	if len(keys) != 1 || keys[0].ID != known {
		t.Errorf("got %v, want %s alone", keys, known)
	}
	if clock.total() != 10*time.Second {
		t.Errorf("slept %v, want 10s", clock.total())
	}

	clock.onSleep = func(time.Duration) {
		if len(sim.Keys(userName)) == 1 {
			sim.CreateAccessKey(userName)
		}
	}
	sim.ResetLog()
	keys, err = g.WaitAppeared(t.Context(), userName, unknown)
	noError(t, err)
	if len(keys) != 2 {
		t.Errorf("%d keys, want 2", len(keys))
	}
	wantCalls(t, sim, "ListAccessKeys", "ListAccessKeys")

	sim.Deny("*", "iam:ListAccessKeys")
	_, err = g.WaitAppeared(t.Context(), userName, unknown)
	wantKind(t, err, iamgate.KindAccessDenied)
}
