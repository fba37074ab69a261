package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_waitUntilUsable has new keys that AWS does not know everywhere yet.
func TestAccRotatingAccessKey_waitUntilUsable(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t, iamsim.Options{NewKeyRejects: 3}).SkipWaits()
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	// Three tries fail and the fourth does not, for each of two keys.
	for range 2 {
		s.ResetCalls()
		s.Apply()
		if got := s.Calls("GetCallerIdentity"); got != 4 {
			t.Errorf("%d calls of GetCallerIdentity, want 4", got)
		}
		if got := s.Calls("CreateAccessKey"); got != 1 {
			t.Errorf("%d keys were created, want 1", got)
		}
		s.ResetCalls()
		s.PlanEmpty()
		s.Advance("90d")
	}
	s.WantHandovers("k1", "k1 to k2")
}

// spoilNewKeys deactivates every key just before it is proved, until trustNewKeys.
func spoilNewKeys(s *acctest.Story) {
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "GetCallerIdentity" {
			s.Sim.SetStatus(call.SigningKeyID, "Inactive")
		}
	})
}

func trustNewKeys(s *acctest.Story) { s.Sim.OnCall(nil) }

// TestAccRotatingAccessKey_newKeyNeverWorks withdraws a key that can't be proved, at a rotation and at create.
func TestAccRotatingAccessKey_newKeyNeverWorks(t *testing.T) {
	t.Parallel()
	const deleted = "The new key was deleted again, and no other key was touched"
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).SkipWaits().WithKey(acctest.ByAge(nil))
		s.Advance("90d")
		spoilNewKeys(s)
		s.Apply(acctest.NewKeyUseless("k2"))
		s.WantDetail(deleted)
		s.WantChanges("create k2", "delete k2")
		s.WantKeys("k1 Active")
		trustNewKeys(s)

		// The state is as it was: the same rotation is planned again.
		s.Step("create k3")
		s.WantState(map[string]any{"previous.access_key_id": "k1", "access_key_id": "k3"})
		s.WantHandovers("k1", "k1 to k3")
	})
	t.Run("request that took the slot of previous", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).SkipWaits().WithKey(acctest.Asking(`{ a = "1" }`))
		write := func(value string) { s.Write(acctest.Asking(`{ a = "`+value+`" }`), acctest.ConsumerHCL) }
		s.Advance("1h")
		write("2")
		s.Step("create k2")
		version := s.Value("version")
		s.Advance("1h")
		s.SetStatus("k1", "Inactive")
		s.Step()
		write("3")
		spoilNewKeys(s)
		s.Apply(acctest.DeletesInactive("k1"), acctest.NewKeyUseless("k3"))
		s.WantDetail("The new key was deleted again. Key k1 was deleted before, to make room. No other key was touched.")
		s.WantChanges("delete k1", "create k3", "delete k3")
		trustNewKeys(s)

		// The old value is still the recorded one, and previous is gone.
		write("2")
		s.Refresh()
		s.WantState(map[string]any{"access_key_id": "k2", "secret_access_key": "secret of k2", "version": version, "previous": nil})
		write("3")
		s.Step("create k4")
		s.WantState(map[string]any{"access_key_id": "k4", "previous.access_key_id": "k2"})
		s.WantHandovers("k1", "k1 to k2", "k2 to k4")
	})
	t.Run("that can't be deleted", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).SkipWaits().WithKey(acctest.ByAge(nil))
		s.Sim.Deny("admin", "iam:DeleteAccessKey")
		s.Advance("90d")
		spoilNewKeys(s)
		s.Apply(acctest.NewKeyUseless("k2"))
		s.WantDetail("The new key could not be deleted again", "iam:DeleteAccessKey", acctest.DeleteCommand("k2"))
		s.WantChanges("create k2", "delete k2: AccessDenied")
		trustNewKeys(s)
		s.Sim.ClearDenials()

		// The orphan has the slot, and the plan names it.
		slot := acctest.SlotTaken("k2")
		s.Refresh(acctest.RotationWaits(slot))
		s.WantState(map[string]any{"access_key_id": "k1", "previous": nil, "rotation_blocked": slot})
		s.DeleteKey("k2")
		s.Step("create k3")
		s.WantHandovers("k1", "k1 to k3")
	})
	t.Run("create", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).SkipWaits()
		s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
		spoilNewKeys(s)
		s.Apply(acctest.NewKeyUseless("k1"))
		s.WantDetail(deleted)
		s.WantChanges("create k1", "delete k1")
		s.WantKeys()
		trustNewKeys(s)
		s.Step("create k2")
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
