package iamsim_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func create(ctx context.Context, c client, user string) error {
	_, err := c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &user})
	return err
}

func whoAmI(ctx context.Context, c client) error {
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	return err
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[iamsim.FaultKind]struct {
		committed  bool
		answered   bool
		status     int
		code       string
		wantStatus int // in the log
	}{
		iamsim.ErrorBeforeCommit: {false, true, 500, "ServiceFailure", 500},
		iamsim.ErrorAfterCommit:  {true, true, 500, "ServiceFailure", 500},
		iamsim.Throttled:         {false, true, 400, "Throttling", 400},
		iamsim.AnswerLost:        {true, false, 0, "", 0},
		iamsim.CutBeforeCommit:   {false, false, 0, "", 0},
		iamsim.Empty200:          {true, true, 200, "", 200},
		iamsim.Slow:              {true, true, 200, "", 200},
	}
	for kind, tt := range tests {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			machine := &fakeClock{now: start}
			s := startServer(t, iamsim.Options{Users: []string{"ann"}, Clock: machine})
			s.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: kind, Delay: time.Minute})
			c := newClient(s, s.Root())
			noError(t, whoAmI(t.Context(), c)) // another action

			out, err := c.iam.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("ann")})
			switch {
			case !tt.answered:
				var api smithy.APIError
				if err == nil || errors.As(err, &api) {
					t.Errorf("error %v, want a cut connection", err)
				}
			case tt.code != "":
				wantError(t, err, tt.status, tt.code)
			default:
				noError(t, err)
				if empty := out.AccessKey == nil; empty != (kind == iamsim.Empty200) {
					t.Errorf("empty: %t", empty)
				}
			}
			if got := len(s.Keys("ann")) == 1; got != tt.committed {
				t.Errorf("committed %t, want %t", got, tt.committed)
			}
			call := s.Log()[1]
			if call.Status != tt.wantStatus || call.Code != tt.code || call.Fault != string(kind) || (call.KeyID != "") != tt.committed {
				t.Errorf("logged %+v", call)
			}
			if waited := slices.Equal(machine.sleeps(), []time.Duration{time.Minute}); waited != (kind == iamsim.Slow) {
				t.Errorf("slept %v", machine.sleeps())
			}
			s.ResetLog()
			noError(t, create(t.Context(), c, "ann")) // the fault is over
		})
	}
}

func TestFaults_counted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []iamsim.Fault
		want   string // of six calls: . for good, x for failed
	}{
		"next":           {[]iamsim.Fault{{Nth: 1}}, "x....."},
		"third":          {[]iamsim.Fault{{Nth: 3}}, "..x..."},
		"second, thrice": {[]iamsim.Fault{{Nth: 2, Times: 3}}, ".xxx.."},
		"every":          {[]iamsim.Fault{{}}, "xxxxxx"},
		"first two":      {[]iamsim.Fault{{Times: 2}}, "xx...."},
		"both count all": {[]iamsim.Fault{{Nth: 2}, {Nth: 3}}, ".xx..."},
		"another action": {[]iamsim.Fault{{Action: "CreateAccessKey"}}, "......"},
		"this action":    {[]iamsim.Fault{{Action: "GetCallerIdentity", Nth: 6}}, ".....x"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, iamsim.Options{})
			c := newClient(s, s.Root())
			for _, f := range tt.faults {
				f.Kind = iamsim.Throttled
				s.AddFault(f)
			}
			got := ""
			for range 6 {
				if whoAmI(t.Context(), c) == nil {
					got += "."
				} else {
					got += "x"
				}
			}
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			s.ClearFaults()
			noError(t, whoAmI(t.Context(), c))
		})
	}
}

// A client that stops waiting does not undo the call, as in AWS.
func TestFaults_slowAnswerToNobody(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	s.AddFault(iamsim.Fault{Nth: 1, Kind: iamsim.Slow, Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCall(func(iamsim.Call) { cancel() })
	if err := create(ctx, newClient(s, s.Root()), "ann"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.OnCall(nil)
	// The server may still be on its way to noticing; other calls give it time without a sleep.
	for range 10_000 {
		if len(s.Keys("ann")) == 1 {
			return
		}
		noError(t, whoAmI(t.Context(), newClient(s, s.Root())))
	}
	t.Error("the call was not finished")
}

func TestNewKeys(t *testing.T) {
	t.Parallel()
	t.Run("delay", func(t *testing.T) {
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
	t.Run("rejects", func(t *testing.T) {
		t.Parallel()
		s := startServer(t, iamsim.Options{Users: []string{"ann"}, NewKeyRejects: 2})
		key := s.CreateAccessKey("ann")
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

func TestLog(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	var seen []iamsim.Call
	s.OnCall(func(c iamsim.Call) {
		seen = append(seen, c)
		if c.Action == "CreateAccessKey" {
			s.Advance(time.Hour) // between arrival and execution
		}
	})
	c := newClient(s, s.Root())
	noError(t, create(t.Context(), c, "ann"))
	wantError(t, create(t.Context(), c, "nobody"), 404, "NoSuchEntity")

	key := s.Keys("ann")[0]
	if !key.CreatedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("created %v", key.CreatedAt)
	}
	log := s.Log()
	if len(log) != 2 || len(seen) != 2 {
		t.Fatalf("%d calls logged, %d seen", len(log), len(seen))
	}
	first := log[0]
	if first.N != 1 || first.Action != "CreateAccessKey" || first.Service != "iam" || first.User != "ann" || first.KeyID != key.ID ||
		first.SigningKeyID != s.Root().AccessKeyID || first.Status != 200 || !first.At.Equal(start) || len(first.Params) != 1 || first.Params["UserName"] != "ann" {
		t.Errorf("first call %+v", first)
	}
	if log[1].N != 2 || log[1].Status != 404 || log[1].Code != "NoSuchEntity" || log[1].KeyID != "" {
		t.Errorf("second call %+v", log[1])
	}
	if seen[0].Status != 0 || seen[0].KeyID != "" || seen[0].N != 1 {
		t.Errorf("seen before: %+v", seen[0])
	}
	s.ResetLog()
	noError(t, whoAmI(t.Context(), c))
	if log := s.Log(); len(log) != 1 || log[0].N != 1 {
		t.Errorf("after a reset: %+v", log)
	}
}

// Many clients at once never get more than two keys between them.
func TestConcurrentCreates(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	c := newClient(s, s.Root())
	var group sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for range 10 {
		group.Go(func() {
			if create(t.Context(), c, "ann") == nil {
				mu.Lock()
				defer mu.Unlock()
				made++
			}
		})
	}
	group.Wait()
	if made != 2 || len(s.Keys("ann")) != 2 || len(s.Log()) != 10 {
		t.Errorf("%d made, %d there, %d logged", made, len(s.Keys("ann")), len(s.Log()))
	}
}
