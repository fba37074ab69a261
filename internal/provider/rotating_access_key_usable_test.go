package provider_test

import (
	"regexp"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_waitUntilUsable has new keys that AWS does not know everywhere yet.
func TestAccRotatingAccessKey_waitUntilUsable(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t, iamsim.Options{NewKeyRejects: 3})
	config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Test(t,
		resource.TestStep{Config: config, Check: s.CheckConsumers},
		resource.TestStep{PreConfig: s.After("90d"), Config: config, Check: s.CheckConsumers},
	)
	s.WantHandovers("k1", "k1 to k2")
	// Three tries fail and the fourth does not, for each of two keys.
	if got := s.Calls("GetCallerIdentity"); got != 8 {
		t.Errorf("%d calls of GetCallerIdentity, want 8", got)
	}
	if got := s.Calls("CreateAccessKey"); got != 2 {
		t.Errorf("%d keys were created, want 2", got)
	}
}

// spoilAfter moves the clock and then makes every key that is about to prove itself useless, until trustNewKeys.
func spoilAfter(s *acctest.Story, span string) func() {
	return func() {
		s.Advance(span)
		s.Sim.OnCall(func(call iamsim.Call) {
			if call.Action == "GetCallerIdentity" {
				s.Sim.SetStatus(call.SigningKeyID, "Inactive")
			}
		})
	}
}

func trustNewKeys(s *acctest.Story) { s.Sim.OnCall(nil) }

// TestAccRotatingAccessKey_newKeyNeverWorks withdraws a key that can't be proved, at a rotation and at create.
func TestAccRotatingAccessKey_newKeyNeverWorks(t *testing.T) {
	t.Parallel()
	failure := regexp.MustCompile(`New key AKIA[A-Z0-9]+ of user "ci" does not work[\s\S]*The\s+new\s+key\s+was\s+deleted\s+again,\s+and\s+no\s+other\s+key\s+was\s+touched`)
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
		s.Test(t,
			resource.TestStep{Config: config},
			resource.TestStep{PreConfig: spoilAfter(s, "90d"), Config: config, ExpectError: failure},
			resource.TestStep{
				// The state is as it was: the same rotation is planned again.
				PreConfig: func() {
					s.WantChanges("create k1", "create k2", "delete k2")
					s.WantKeys("k1 Active")
					if err := s.CheckConsumers(nil); err != nil {
						t.Error(err)
					}
					trustNewKeys(s)
				},
				Config:            config,
				ConfigStateChecks: s.StateChecks(map[string]any{"previous.access_key_id": "k1", "access_key_id": "k3"}),
				Check:             s.CheckConsumers,
			},
		)
		s.WantHandovers("k1", "k1 to k3")
	})
	t.Run("request that took the slot of previous", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		config := func(value string) string { return s.Config(acctest.Asking(`{ a = "`+value+`" }`), acctest.ConsumerHCL) }
		s.Test(t,
			resource.TestStep{Config: config("1")},
			resource.TestStep{PreConfig: s.After("1h"), Config: config("2")},
			resource.TestStep{PreConfig: func() { s.SetStatus("k1", "Inactive") }, Config: config("2")},
			resource.TestStep{PreConfig: spoilAfter(s, "1h"), Config: config("3"), ExpectError: failure},
			// The old value is still the recorded one, and previous is gone.
			resource.TestStep{
				PreConfig:         func() { trustNewKeys(s) },
				Config:            config("2"),
				ConfigPlanChecks:  acctest.EmptyPlan,
				ConfigStateChecks: s.StateChecks(map[string]any{"access_key_id": "k2", "secret_access_key": "secret of k2", "version": 1767229200, "previous": nil}),
				Check:             s.CheckConsumers,
			},
			resource.TestStep{
				Config:            config("3"),
				ConfigStateChecks: s.StateChecks(map[string]any{"access_key_id": "k4", "previous.access_key_id": "k2"}),
				Check:             s.CheckConsumers,
			},
		)
		s.WantHandovers("k1", "k1 to k2", "k2 to k4")
	})
	t.Run("that can't be deleted", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
		s.Test(t,
			resource.TestStep{Config: config},
			resource.TestStep{
				PreConfig: func() {
					s.Sim.Deny("admin", "iam:DeleteAccessKey")
					spoilAfter(s, "90d")()
				},
				Config: config,
				ExpectError: regexp.MustCompile(`(?s)does not work.*The\s+new\s+key\s+could\s+not\s+be\s+deleted\s+again.*iam:DeleteAccessKey.*` +
					`aws iam delete-access-key --user-name ci --access-key-id AKIA[A-Z0-9]+`),
			},
			// The orphan has the slot, and the plan names it.
			resource.TestStep{
				PreConfig: func() {
					trustNewKeys(s)
					s.Sim.ClearDenials()
				},
				Config:           config,
				ConfigPlanChecks: acctest.EmptyPlan,
				ConfigStateChecks: s.StateChecks(map[string]any{
					"access_key_id": "k1", "previous": nil, "rotation_blocked": acctest.SlotTaken("k2", "Inactive, created 2026-04-01 00:00:00 UTC, never used"),
				}),
				Check: s.CheckConsumers,
			},
			resource.TestStep{PreConfig: func() { s.DeleteKey("k2") }, Config: config, Check: s.CheckConsumers},
		)
		s.WantHandovers("k1", "k1 to k3")
	})
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		spoilAfter(s, "0s")()
		config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
		s.Test(t,
			resource.TestStep{Config: config, ExpectError: failure},
			resource.TestStep{
				PreConfig: func() {
					s.WantKeys()
					trustNewKeys(s)
				},
				Config: config,
				Check:  s.CheckConsumers,
			},
		)
		s.WantHandovers("k2")
	})
}

// TestAccRotatingAccessKey_waitUntilUsableOff publishes a key without a proof.
func TestAccRotatingAccessKey_waitUntilUsableOff(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(acctest.Args{"wait_until_usable": "false"}))
	user, _ := s.Sim.User("ci")
	s.WantState(map[string]any{"account_id": "123456789012", "user_unique_id": user.ID, "wait_until_usable": false, "access_key_id": "k1"})
	s.Advance("90d")
	s.Apply()
	if got := s.Calls("GetCallerIdentity"); got != 0 {
		t.Errorf("%d calls of GetCallerIdentity, want none", got)
	}
	s.WantChanges("create k2")
	s.WantHandovers("k1", "k1 to k2")
}
