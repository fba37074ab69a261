package iamsim_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[iamsim.FaultKind]struct {
		committed  bool
		answered   bool
		status     int
		code       string
		wantStatus int // in the log
	}{
		iamsim.ErrorBeforeCommit:      {false, true, 500, "ServiceFailure", 500},
		iamsim.ErrorAfterCommit:       {true, true, 500, "ServiceFailure", 500},
		iamsim.Throttled:              {false, true, 400, "Throttling", 400},
		iamsim.AnswerLost:             {true, false, 0, "", 0},
		iamsim.CutBeforeCommit:        {false, false, 0, "", 0},
		iamsim.Empty200:               {true, true, 200, "", 200},
		iamsim.Denied:                 {false, true, 403, "AccessDenied", 403},
		iamsim.ConcurrentModification: {false, true, 409, "ConcurrentModification", 409},
		iamsim.Slow:                   {true, true, 200, "", 200},
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
			noError(t, create(t.Context(), c, "ann")) // the fault acts once only
		})
	}
}

func TestFaults_counted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults []iamsim.Fault
		want   string // of six calls: . for a success, x for a failure
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

// As in AWS, a client that stops waiting does not undo the call.
func TestFaults_slowClientGone(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	s.AddFault(iamsim.Fault{Nth: 1, Kind: iamsim.Slow, Delay: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	s.OnCall(func(iamsim.Call) { cancel() })
	if err := create(ctx, newClient(s, s.Root()), "ann"); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.OnCall(nil)
	// The server may not have noticed yet. Other calls give it time without a sleep.
	for range 10_000 {
		if len(s.Keys("ann")) == 1 {
			return
		}
		noError(t, whoAmI(t.Context(), newClient(s, s.Root())))
	}
	t.Error("the call was not finished")
}
