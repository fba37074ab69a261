package provider_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// An apply and the plan before it may cost mostCalls, and each change that IAM does not show yet mostCallsPerChange more. The
// pauses between tries are random, so that no exact number can be told.
const (
	mostCalls          = 12
	mostCallsPerChange = 16
)

// chapter is one apply of a tale, and what is true after it. The plan that follows at once is empty.
type chapter struct {
	// wait is the time since the last chapter, after which before happens.
	wait   string
	before func(s *story)
	// args and more are the configuration; without args that of the last chapter.
	args keyArgs
	more string
	// did and keys are as in story.
	did   []string
	keys  []string
	state map[string]any
}

// tale is the life of the keys of ci, told as if everybody saw every change at once.
type tale struct {
	chapters []chapter
	// destroyed is what the destroy at its end does.
	destroyed []string
}

// TestAccRotatingAccessKey_eventualConsistency tells each tale with an IAM that agrees with itself at once, and with one that
// does so late, on all of its servers or on some: it is the same.
func TestAccRotatingAccessKey_eventualConsistency(t *testing.T) {
	t.Parallel()
	late := iamsim.Options{ReadLag: 5 * time.Second, NewKeyDelay: 8 * time.Second, RetiredKeyDelay: 10 * time.Second}
	partly := late
	partly.ReadLagEvery = 2
	for name, tell := range map[string]func(t *testing.T) tale{
		"life": lifeTale, "sealed": sealedTale, "requests": requestTale, "adopt": adoptTale, "orphan": orphanTale,
		"import": importTale, "drift": driftTale, "new user": newUserTale,
	} {
		for world, opts := range map[string]iamsim.Options{"at once": {}, "late": late, "partly late": partly} {
			t.Run(name+"/"+world, func(t *testing.T) {
				t.Parallel()
				s := newStory(t, opts)
				s.Advance("1d") // the user is nothing new
				if stale := s.tell(tell(t)); stale != (opts.ReadLag > 0) {
					t.Errorf("an apply met an answer from the past: %t", stale)
				}
			})
		}
	}
}

// tell tells a tale with the provider in the test's own process, where waiting moves the simulator's clock. It reports
// whether an answer came from the past.
func (s *story) tell(told tale) (stale bool) {
	s.t.Helper()
	steps := make([]resource.TestStep, len(told.chapters))
	var config string
	for i, c := range told.chapters {
		if c.args != nil {
			config = s.config(c.args, c.more)
		}
		steps[i] = resource.TestStep{
			PreConfig: func() {
				s.did()
				if c.wait != "" {
					s.Advance(c.wait)
				}
				if c.before != nil {
					c.before(s)
				}
			},
			Config:            config,
			ConfigStateChecks: s.stateValues(c.state),
			Check: func(*terraform.State) error {
				if calls, most := s.Calls(), mostCalls+mostCallsPerChange*len(c.did); calls > most {
					return fmt.Errorf("chapter %d: %d calls, want at most %d: %q", i+1, calls, most, s.CallList())
				}
				stale = stale || slices.ContainsFunc(s.Sim.Log(), func(call iamsim.Call) bool { return call.Stale })
				s.did(c.did...)
				s.keys(c.keys...)
				if len(s.Journal()) == 0 {
					return nil
				}
				return s.CheckConsumers(nil)
			},
		}
	}
	s.Test(s.t, steps...)
	s.did(told.destroyed...)
	return stale
}

// handedOver is what happens when consumers have gone over from one key to the next.
func handedOver(from, to string) func(*story) {
	return func(s *story) {
		s.unused(from)
		s.use(to)
	}
}

// lifeTale makes and retires keys: k1 with a rollback, and k2 for the place of another.
func lifeTale(*testing.T) tale {
	told := tale{beginning(byAge(nil), consumerHCL), []string{"delete k3", "delete k4"}}
	told.chapters = append(told.chapters,
		chapter{
			args: held(), more: consumerHCL, did: []string{"activate k1"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.deactivated_at": nil},
		},
		chapter{
			args: byAge(nil), more: consumerHCL, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"previous.status": "Active", "previous.deactivated_by": nil},
		},
		chapter{
			wait: "8d", before: handedOver("k1", "k2"), did: []string{"deactivate k1"}, keys: []string{"k1 Inactive", "k2 Active"},
			state: map[string]any{"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys"},
		},
		chapter{
			wait: "8d", did: []string{"delete k1"}, keys: []string{"k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous": nil},
		},
		chapter{
			wait: "80d", did: []string{"create k3"}, keys: []string{"k2 Active", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "rotation_blocked": nil},
		},
		chapter{
			wait: "90d", before: handedOver("k2", "k3"), did: []string{"delete k2", "create k4"}, keys: []string{"k3 Active", "k4 Active"},
			state: map[string]any{"access_key_id": "k4", "previous.access_key_id": "k3", "previous.status": "Active", "rotation_blocked": nil},
		},
	)
	return told
}

// sealedTale has the secrets encrypted, and a consumer that gets them through a write-only argument.
func sealedTale(t *testing.T) tale {
	t.Helper()
	identity, recipient := ageKey(t)
	return tale{
		beginning(sealedBy(keyArgs{"age_recipients": list(recipient)}, nil), sealedConsumerHCL(keyArgs{"age_identities": list(identity)})),
		[]string{"delete k1", "delete k2"},
	}
}

// beginning makes a key, replaces it and deactivates it.
func beginning(args keyArgs, consumer string) []chapter {
	return []chapter{
		{
			args: args, more: consumer, did: []string{"create k1"}, keys: []string{"k1 Active"},
			state: map[string]any{"access_key_id": "k1", "account_id": "123456789012", "previous": nil, "rotation_blocked": nil},
		},
		{
			wait: "90d", did: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.deactivated_at": nil},
		},
		{
			wait: "8d", before: handedOver("k1", "k2"), did: []string{"deactivate k1"}, keys: []string{"k1 Inactive", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys"},
		},
	}
}

// requestTale asks for one rotation after the other, the second for a leaked key.
func requestTale(*testing.T) tale {
	return tale{[]chapter{
		{args: asking(`{ a = "1" }`), more: consumerHCL, did: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			args: asking(`{ a = "2" }`), more: consumerHCL, did: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "rotation_reason": "rotate_when_changed: a"},
		},
		{
			args: revoking(`{ b = "1" }`), more: consumerHCL,
			did: []string{"delete k1", "create k3", "deactivate k2"}, keys: []string{"k2 Inactive", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true},
		},
		{
			wait: "8d", did: []string{"delete k2"}, keys: []string{"k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous": nil},
		},
		{
			args: revoking(`{ b = "1" }`).with(asking(`{ a = "3" }`)), more: consumerHCL, did: []string{"create k4"}, keys: []string{"k3 Active", "k4 Active"},
			state: map[string]any{"access_key_id": "k4", "previous.access_key_id": "k3", "previous.revoked": false},
		},
	}, []string{"delete k3", "delete k4"}}
}

// adoptTale adopts a key of somebody else and sees it out.
func adoptTale(*testing.T) tale {
	return tale{[]chapter{
		{
			before: func(s *story) { s.appear("theirs") },
			args:   unmanaged("retire"), more: consumerHCL, did: []string{"create k1"}, keys: []string{"theirs Active", "k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active"},
		},
		{
			wait: "8d", before: func(s *story) { s.use("k1") }, did: []string{"deactivate theirs"}, keys: []string{"theirs Inactive", "k1 Active"},
			state: map[string]any{"previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Inactive"},
		},
		{
			wait: "8d", did: []string{"delete theirs"}, keys: []string{"k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous": nil},
		},
		{
			wait: "80d", did: []string{"create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": false},
		},
	}, []string{"delete k1", "delete k2"}}
}

// orphanTale deletes a key that nobody has used for the room of another.
func orphanTale(*testing.T) tale {
	args := unmanaged("delete_unused")
	return tale{[]chapter{
		{args: args, more: consumerHCL, did: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			wait: "90d", before: func(s *story) { s.appear("orphan") }, did: []string{"delete orphan", "create k2"}, keys: []string{"k1 Active", "k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "rotation_blocked": nil},
		},
	}, []string{"delete k1", "delete k2"}}
}

// importTale takes over a key of somebody else and rotates it.
func importTale(*testing.T) tale {
	return tale{[]chapter{
		{
			before: func(s *story) { s.appear("theirs") }, args: byAge(nil), more: importHCL(keyAddress, "ci"), keys: []string{"theirs Active"},
			state: map[string]any{"access_key_id": "theirs", "secret_access_key": nil, "previous": nil, "rotation_reason": "imported"},
		},
		{
			wait: "90d", args: byAge(nil), more: consumerHCL, did: []string{"create k1"}, keys: []string{"theirs Active", "k1 Active"},
			state: map[string]any{"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": false},
		},
	}, []string{"delete theirs", "delete k1"}}
}

// driftTale has somebody delete and deactivate keys.
func driftTale(*testing.T) tale {
	return tale{[]chapter{
		{args: byAge(nil), more: consumerHCL, did: []string{"create k1"}, keys: []string{"k1 Active"}},
		{
			wait: "1h", before: func(s *story) {
				s.remove("k1")
				s.Advance("1m")
			}, did: []string{"create k2"}, keys: []string{"k2 Active"},
			state: map[string]any{"access_key_id": "k2", "previous": nil, "rotation_reason": "key k1 is gone from IAM"},
		},
		{
			wait: "1h", before: func(s *story) {
				s.setStatus("k2", "Inactive")
				s.Advance("1m")
			}, did: []string{"create k3"}, keys: []string{"k2 Inactive", "k3 Active"},
			state: map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive"},
		},
		{
			wait: "8d", did: []string{"delete k2"}, keys: []string{"k3 Active"}, state: map[string]any{"previous": nil},
		},
	}, []string{"delete k3"}}
}

// newUserTale makes a key for a user who was made in the same apply, and asks for another at once. Nobody proves the keys, so
// that no time goes by.
func newUserTale(*testing.T) tale {
	args := of("new").with(keyArgs{"wait_until_usable": "false"})
	return tale{[]chapter{
		{
			before: func(s *story) { s.Sim.CreateUser("new") }, args: args, did: []string{"create k1"},
			state: map[string]any{"access_key_id": "k1", "account_id": "123456789012", "previous": nil},
		},
		{
			args: args.with(keyArgs{"rotate_when_changed": `{ a = "1" }`}), did: []string{"create k2"},
			state: map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active"},
		},
	}, []string{"delete k1", "delete k2"}}
}

// appear makes a key of somebody else, and lets IAM show it.
func (s *story) appear(name string) {
	s.foreign(name)
	s.Advance("1m")
}
