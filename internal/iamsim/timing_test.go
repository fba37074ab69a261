package iamsim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestNewKeyDelay(t *testing.T) {
	t.Parallel()
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, iamsim.Options{Users: []string{"ann"}, NewKeyDelay: 10 * time.Second})
		key := s.CreateAccessKey("ann")
		s.Advance(10*time.Second - 1)
		wantError(t, whoAmI(t.Context(), newClient(s, key)), 403, "InvalidClientTokenId")
		if s.Authenticates(key.AccessKeyID, key.Secret) {
			t.Error("authenticates too early")
		}
		s.Advance(1)
		noError(t, whoAmI(t.Context(), newClient(s, key)))
		noError(t, whoAmI(t.Context(), newClient(s, s.Root())))
	})
	t.Run("calls", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, iamsim.Options{Users: []string{"ann"}, NewKeyRejects: 2})
		if own := s.CreateAccessKey("ann"); !s.Authenticates(own.AccessKeyID, own.Secret) {
			t.Error("a key of the test itself does not work at once")
		}
		noError(t, create(t.Context(), newClient(s, s.Root()), "ann"))
		id := s.Keys("ann")[1].ID
		key := iamsim.Credentials{AccessKeyID: id, Secret: s.Secret(id)}
		for range 2 {
			if s.Authenticates(key.AccessKeyID, key.Secret) {
				t.Error("authenticates too early")
			}
			wantError(t, whoAmI(t.Context(), newClient(s, key)), 403, "InvalidClientTokenId")
		}
		if !s.Authenticates(key.AccessKeyID, key.Secret) {
			t.Error("does not authenticate")
		}
		noError(t, whoAmI(t.Context(), newClient(s, key)))
	})
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	machine := &fakeClock{now: start}
	s := startServer(t, iamsim.Options{RatePerSecond: 2, Clock: machine})
	c := newClient(s, s.Root())
	for _, step := range []struct {
		wait time.Duration
		good int
	}{{0, 2}, {499 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Hour, 2}} {
		noError(t, machine.Sleep(t.Context(), step.wait))
		for range step.good {
			noError(t, whoAmI(t.Context(), c))
		}
		wantError(t, whoAmI(t.Context(), c), 400, "Throttling")
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	machine := &fakeClock{now: start}
	for _, tt := range []struct {
		opts iamsim.Options
		want time.Time // after the machine's clock moved by an hour, and the server's by a day
	}{
		{iamsim.Options{Start: start.AddDate(1, 0, 0)}, start.AddDate(1, 0, 1)},
		{iamsim.Options{Start: start.AddDate(1, 0, 0), Running: true}, start.AddDate(1, 0, 1).Add(time.Hour)},
	} {
		tt.opts.Clock = machine
		s := startServer(t, tt.opts)
		noError(t, machine.Sleep(t.Context(), time.Hour))
		s.Advance(24 * time.Hour)
		if !s.Now().Equal(tt.want) {
			t.Errorf("running %t: %v, want %v", tt.opts.Running, s.Now(), tt.want)
		}
		s.SetTime(start)
		if !s.Now().Equal(start) {
			t.Errorf("set to %v", s.Now())
		}
	}

	s, err := iamsim.Start(iamsim.Options{Clock: machine})
	noError(t, err)
	defer func() { noError(t, s.Close()) }()
	if !s.Now().Equal(machine.Now()) {
		t.Errorf("starts at %v, want the machine's %v", s.Now(), machine.Now())
	}
}

// Concurrent clients never get more than two keys between them.
func TestCreateAccessKey_concurrent(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	c := newClient(s, s.Root())
	var group sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for range 10 {
		group.Go(func() {
			if create(t.Context(), c, "ann") == nil {
				mu.Lock()
				defer mu.Unlock()
				created++
			}
		})
	}
	group.Wait()
	if created != 2 || len(s.Keys("ann")) != 2 || len(s.Log()) != 10 {
		t.Errorf("%d created, %d exist, %d logged", created, len(s.Keys("ann")), len(s.Log()))
	}
}
