package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// An apply and its plan may make mostCalls calls, and mostCallsPerChange more for each change that IAM does not show yet. The pauses
// between tries are random, so that there is no exact number.
const (
	mostCalls          = 12
	mostCallsPerChange = 16
)

// scenario is a life of the keys of ci, as if IAM showed each change at once.
type scenario struct {
	steps []step
	// destroyed are the changes of the destroy at the end.
	destroyed []string
}

// step is one apply, and what is true after it. The next plan is empty.
type step struct {
	// wait is the time since the last step, after which before is called.
	wait   string
	before func(s *acctest.Story)
	// args and more are the configuration. Without args it is that of the last step.
	args acctest.Args
	more string
	// shows returns the diagnostics of the apply.
	shows func() []acctest.Option
	// changes, keys and state are as WantChanges, WantKeys and WantState take them.
	changes []string
	keys    []string
	state   map[string]any
}

// TestAccRotatingAccessKey_eventualConsistency runs each scenario with an IAM whose servers agree at once, and with one where all
// or some of them answer from the past for a while. The outcome is the same.
func TestAccRotatingAccessKey_eventualConsistency(t *testing.T) {
	t.Parallel()
	late := iamsim.Options{ReadLag: 5 * time.Second, NewKeyDelay: 8 * time.Second, RetiredKeyDelay: 10 * time.Second}
	partly := late
	partly.ReadLagEvery = 2
	for name, newScenario := range map[string]func(t *testing.T) scenario{
		"life": wholeLife, "sealed": sealedKeys, "requests": requests, "adopt": adoption, "orphan": orphan,
		"import": imported, "drift": drift, "new user": newUser,
	} {
		for world, opts := range map[string]iamsim.Options{"at once": {}, "late": late, "partly late": partly} {
			t.Run(name+"/"+world, func(t *testing.T) {
				t.Parallel()
				s := acctest.NewStory(t, opts).SkipWaits()
				s.Advance("1d") // IAM shows the user everywhere
				if stale := newScenario(t).run(s); stale != (opts.ReadLag > 0) {
					t.Errorf("an apply met a stale read: %t", stale)
				}
			})
		}
	}
}

// run runs the scenario, and reports whether an apply met a stale read.
func (sc scenario) run(s *acctest.Story) (stale bool) {
	s.T.Helper()
	for i, step := range sc.steps {
		s.T.Logf("step %d", i+1)
		s.WantChanges()
		if step.wait != "" {
			s.Advance(step.wait)
		}
		if step.before != nil {
			step.before(s)
		}
		if step.args != nil {
			s.Write(step.args, step.more)
		}
		var shows []acctest.Option
		if step.shows != nil {
			shows = step.shows()
		}
		s.ApplyAny(shows...)
		if calls, most := s.Calls(), mostCalls+mostCallsPerChange*len(step.changes); calls > most {
			s.T.Errorf("step %d: %d calls, want at most %d: %q", i+1, calls, most, s.CallList())
		}
		stale = stale || slices.ContainsFunc(s.Sim.Log(), func(call iamsim.Call) bool { return call.Stale })
		s.WantChanges(step.changes...)
		s.WantKeys(step.keys...)
		s.WantState(step.state)
		s.PlanEmpty()
	}
	s.Advance("2d") // a destroy warns about a key that was used within a day
	s.Destroy()
	s.WantChanges(sc.destroyed...)
	return stale
}

// handedOver returns what happens when consumers move from one key to another.
func handedOver(from, to string) func(*acctest.Story) {
	return func(s *acctest.Story) {
		s.ClearLastUse(from)
		s.UseKey(to)
	}
}

// wholeLife creates and retires keys: k1 with a rollback, and k2 to make room.
func wholeLife(*testing.T) scenario {
	sc := scenario{beginning(acctest.ByAge(nil), acctest.ConsumerHCL), []string{"delete k3", "delete k4"}}
	sc.steps = append(sc.steps,
		step{
			args: acctest.Held(), more: acctest.ConsumerHCL, changes: []string{"activate k1"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{
				"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.deactivated_at": nil,
			},
		},
		step{
			args: acctest.ByAge(nil), more: acctest.ConsumerHCL, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"previous.status": "Active", "previous.deactivated_by": nil},
		},
		step{
			wait: "8d", before: handedOver("k1", "k2"), changes: []string{"deactivate k1"}, keys: []string{"k1 Inactive", "k2 Active"},
			state: map[string]any{"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys"},
		},
		step{
			wait: "8d", changes: []string{"delete k1"}, keys: []string{"k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous": nil},
		},
		step{
			wait: "80d", changes: []string{"create k3"}, keys: []string{"k2 Active", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "rotation_blocked": nil},
		},
		step{
			wait: "90d", before: handedOver("k2", "k3"),
			shows:   func() []acctest.Option { return []acctest.Option{acctest.DeletesActive("k2")} },
			changes: []string{"delete k2", "create k4"}, keys: []string{"k3 Active", "k4 Active"},
			state: map[string]any{"access_key_id": "k4", "previous.access_key_id": "k3", "previous.status": "Active", "rotation_blocked": nil},
		},
	)
	return sc
}

// sealedKeys has the secrets encrypted, and a consumer that gets them through a write-only argument.
func sealedKeys(t *testing.T) scenario {
	t.Helper()
	identity, recipient := acctest.AgeKey(t)
	return scenario{
		beginning(acctest.SealedBy(acctest.AgeRecipients(recipient), nil), acctest.SealedConsumerHCL(acctest.AgeIdentities(identity))),
		[]string{"delete k1", "delete k2"},
	}
}

// beginning creates a key, replaces it and deactivates it.
func beginning(args acctest.Args, consumer string) []step {
	return []step{
		{
			args: args, more: consumer, changes: []string{"create k1"}, keys: []string{"k1 Active"},
			state: map[string]any{"access_key_id": "k1", "account_id": "123456789012", "previous": nil, "rotation_blocked": nil},
		},
		{
			wait: "90d", changes: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{
				"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.deactivated_at": nil,
			},
		},
		{
			wait: "8d", before: handedOver("k1", "k2"), changes: []string{"deactivate k1"}, keys: []string{"k1 Inactive", "k2 Active"},
			state: map[string]any{
				"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys",
			},
		},
	}
}

// requests asks for three rotations, one of them for a leaked key.
func requests(*testing.T) scenario {
	return scenario{[]step{
		{args: acctest.Asking(`{ a = "1" }`), more: acctest.ConsumerHCL, changes: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			args: acctest.Asking(`{ a = "2" }`), more: acctest.ConsumerHCL, changes: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{
				"access_key_id": "k2", "previous.access_key_id": "k1", "last_change": "rotate k1: asked by rotate_when_changed (a)",
			},
		},
		{
			args: acctest.Revoking(`{ b = "1" }`), more: acctest.ConsumerHCL,
			shows: func() []acctest.Option {
				return []acctest.Option{acctest.DeletesActive("k1"), acctest.Revokes("k2")}
			},
			changes: []string{"delete k1", "create k3", "deactivate k2"}, keys: []string{"k2 Inactive", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true},
		},
		{
			wait: "8d", changes: []string{"delete k2"}, keys: []string{"k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous": nil},
		},
		{
			args: acctest.Revoking(`{ b = "1" }`).With(acctest.Asking(`{ a = "3" }`)), more: acctest.ConsumerHCL, changes: []string{"create k4"},
			keys:  []string{"k3 Active", "k4 Active"},
			state: map[string]any{"access_key_id": "k4", "previous.access_key_id": "k3", "previous.revoked": false},
		},
	}, []string{"delete k3", "delete k4"}}
}

// adoption adopts a key of somebody else and retires it.
func adoption(*testing.T) scenario {
	return scenario{[]step{
		{
			before: func(s *acctest.Story) { appear(s, "theirs") },
			args:   acctest.Unmanaged("retire"), more: acctest.ConsumerHCL, changes: []string{"create k1"},
			shows: func() []acctest.Option { return []acctest.Option{acctest.Adopts("theirs")} },
			keys:  []string{"theirs Active", "k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active"},
		},
		{
			wait: "8d", before: func(s *acctest.Story) { s.UseKey("k1") }, changes: []string{"deactivate theirs"},
			keys:  []string{"theirs Inactive", "k1 Active"},
			state: map[string]any{"previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Inactive"},
		},
		{
			wait: "8d", changes: []string{"delete theirs"}, keys: []string{"k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous": nil},
		},
		{
			wait: "80d", changes: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": false},
		},
	}, []string{"delete k1", "delete k2"}}
}

// orphan deletes a key that nobody has used, to make room.
func orphan(*testing.T) scenario {
	args := acctest.Unmanaged("delete_unused")
	var created string
	return scenario{[]step{
		{args: args, more: acctest.ConsumerHCL, changes: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			wait: "90d", before: func(s *acctest.Story) {
				created = s.Sim.Now().Format("2006-01-02 15:04:05 UTC")
				appear(s, "orphan")
			},
			shows: func() []acctest.Option {
				return []acctest.Option{acctest.DeletesUnmanaged("orphan", acctest.NeverUsed(created))}
			},
			changes: []string{"delete orphan", "create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "rotation_blocked": nil},
		},
	}, []string{"delete k1", "delete k2"}}
}

// imported imports a key of somebody else and rotates it.
func imported(*testing.T) scenario {
	return scenario{[]step{
		{
			before: func(s *acctest.Story) { appear(s, "theirs") }, args: acctest.ByAge(nil), more: acctest.ImportHCL(acctest.KeyAddress, "ci"),
			keys:  []string{"theirs Active"},
			state: map[string]any{"access_key_id": "theirs", "secret_access_key": nil, "previous": nil, "last_change": "import theirs"},
		},
		{
			wait: "90d", args: acctest.ByAge(nil), more: acctest.ConsumerHCL, changes: []string{"create k1"},
			keys:  []string{"theirs Active", "k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": false},
		},
	}, []string{"delete theirs", "delete k1"}}
}

// drift has somebody delete and deactivate keys.
func drift(*testing.T) scenario {
	return scenario{[]step{
		{args: acctest.ByAge(nil), more: acctest.ConsumerHCL, changes: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			wait: "1h", before: func(s *acctest.Story) {
				s.DeleteKey("k1")
				s.Advance("1m")
			}, shows: func() []acctest.Option { return []acctest.Option{acctest.CurrentNotListed("k1")} }, changes: []string{"create k2"},
			keys:  []string{"k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous": nil, "last_change": "rotate k1: no longer exists"},
		},
		{
			wait: "1h", before: func(s *acctest.Story) {
				s.SetStatus("k2", "Inactive")
				s.Advance("1m")
			}, changes: []string{"create k3"}, keys: []string{"k2 Inactive", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive"},
		},
		{
			wait: "8d", changes: []string{"delete k2"}, keys: []string{"k3 Active"}, state: map[string]any{"previous": nil},
		},
	}, []string{"delete k3"}}
}

// newUser creates a key for a user who was created a moment ago, and asks for another at once. Nobody proves the keys, so that no
// time goes by.
func newUser(*testing.T) scenario {
	args := acctest.OfUser("new").With(acctest.Args{"wait_until_usable": "false"})
	return scenario{[]step{
		{
			before: func(s *acctest.Story) { s.Sim.CreateUser("new") }, args: args, changes: []string{"create k1"},
			state: map[string]any{"access_key_id": "k1", "account_id": "123456789012", "previous": nil},
		},
		{
			args: args.With(acctest.Args{"rotate_when_changed": `{ a = "1" }`}), changes: []string{"create k2"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active"},
		},
	}, []string{"delete k1", "delete k2"}}
}

// appear creates a key of somebody else, and lets IAM show it.
func appear(s *acctest.Story, name string) {
	s.CreateForeignKey(name)
	s.Advance("1m")
}
