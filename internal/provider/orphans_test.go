package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// loses has the answers to the next creations lost, as many as times says.
func loses(s *acctest.Story, times int) {
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Times: times, Kind: iamsim.AnswerLost})
}

// TestAccRotatingAccessKey_orphan meets a key that a lost answer has left. It is named at once, it is recognised while it is
// in the way of the rotation, and delete_unused cleans up and rotates in one apply.
func TestAccRotatingAccessKey_orphan(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance("90d")
	loses(s, 1)
	s.Apply(acctest.NoNewKey())
	s.WantChanges("create k2")
	s.WantDetail("nobody has the secret", acctest.DeleteCommand("k2"), `unmanaged_keys = "delete_unused"`, "The current key was not touched.")
	s.Sim.ClearFaults()
	s.Advance("1h")
	blocked := acctest.RotationWaits(acctest.SlotTaken("k2"))
	s.PlanEmpty(blocked)
	s.WantDetail(`Key k2 of user "ci" was probably left by an interrupted apply at 2026-04-01 00:00:00 UTC, never used.`,
		acctest.DeleteCommand("k2"), `"delete_unused"`)

	s.Write(acctest.Unmanaged("delete_unused"), acctest.ConsumerHCL)
	s.Apply(blocked)
	s.WantChanges()
	s.Apply(acctest.DeletesUnmanaged("k2", acctest.NeverUsed("2026-04-01 00:00:00 UTC")))
	s.WantChanges("delete k2", "create k3")
	s.PlanEmpty()
	s.WantState(map[string]any{"access_key_id": "k3", "previous.access_key_id": "k1"})
	s.WantHandovers("k1", "k1 to k3")
}

// TestAccRotatingAccessKey_orphanOfRequest meets such a key when no rotation is due: each plan names it, until it is gone
// or used.
func TestAccRotatingAccessKey_orphanOfRequest(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Asking(`{ a = "1" }`))
	s.Advance("1d")
	s.Write(acctest.Asking(`{ a = "2" }`), acctest.ConsumerHCL)
	loses(s, 1)
	s.Apply(acctest.NoNewKey())
	s.WantChanges("create k2")
	s.Sim.ClearFaults()
	named := acctest.ProbablyLeft("k2", "2026-01-02 00:00:00 UTC")
	s.Plan(2, named, acctest.RotationPending(acctest.SlotTaken("k2")))
	s.WantDetail("probably left by an interrupted apply", acctest.DeleteCommand("k2"))

	s.Write(acctest.Asking(`{ a = "1" }`), acctest.ConsumerHCL)
	s.PlanEmpty(named)
	s.WantDetail(acctest.DeleteCommand("k2"), `unmanaged_keys = "delete_unused"`)
	s.UseKey("k2")
	s.PlanEmpty(acctest.Warns("Unmanaged access key will block the rotation", "Key k2 (Active",
		"will block the rotation of "+acctest.RotationDay))
	s.ClearLastUse("k2")

	s.Write(acctest.Asking(`{ a = "2" }`).With(acctest.Unmanaged("delete_unused")), acctest.ConsumerHCL)
	s.Apply(named, acctest.DeletesUnmanaged("k2", acctest.NeverUsed("2026-01-02 00:00:00 UTC")))
	s.WantChanges("delete k2", "create k3")
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k3")
}

// TestAccRotatingAccessKey_lostAnswer loses the answer to a creation under delete_unused: the key that nobody has the secret
// of is deleted, and another one is created in the same apply. Losing that one, too, is an error that names it.
func TestAccRotatingAccessKey_lostAnswer(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Unmanaged("delete_unused"))
	s.Advance("90d")
	loses(s, 1)
	s.Apply(acctest.CreatedAndDeleted("k2"))
	s.WantChanges("create k2", "delete k2", "create k3")
	s.Sim.ClearFaults()
	s.PlanEmpty()
	s.WantState(map[string]any{"access_key_id": "k3", "previous.access_key_id": "k1"})
	s.WantHandovers("k1", "k1 to k3")

	s.DeleteKey("k1")
	s.Advance("90d")
	loses(s, 2)
	s.Apply(acctest.CreatedAndDeleted("k4"), acctest.NoNewKey())
	s.WantDetail(acctest.DeleteCommand("k5"), "nobody has the secret", "The current key was not touched.")
	s.WantChanges("create k4", "delete k4", "create k5")
	s.Sim.ClearFaults()
	s.Apply(acctest.DeletesUnmanaged("k5", acctest.NeverUsed("2026-06-30 00:00:00 UTC")))
	s.WantChanges("delete k5", "create k6")
	s.PlanEmpty()
	s.WantKeys("k3 Active", "k6 Active")
}

// TestAccRotatingAccessKey_lostAnswerOfRival loses the answer to a creation while somebody else creates a key: with two
// strangers, or one that is in use, nobody can know which is ours, and none is touched.
func TestAccRotatingAccessKey_lostAnswerOfRival(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Unmanaged("delete_unused"))
	s.Advance("90d")
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.CutBeforeCommit})
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			s.CreateForeignKey("theirs")
			s.UseKey("theirs")
		}
	})
	s.Apply(acctest.NoNewKey())
	s.Sim.OnCall(nil)
	s.WantChanges("create")
	s.WantKeys("k1 Active", "theirs Active")
}
