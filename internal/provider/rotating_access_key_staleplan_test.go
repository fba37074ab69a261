package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// refused saves a plan, changes the world and applies the plan: it must fail as out of date, for the reason given, before it
// changes anything.
func refused(s *acctest.Story, change func(), reason string) {
	s.T.Helper()
	s.Plan(2)
	s.WantChanges()
	change()
	s.ApplyPlan(acctest.PlanOutdated(reason))
	s.WantDetail("Nothing was changed. Plan again")
	s.WantChanges()
}

func TestAccRotatingAccessKey_stalePlanOfRotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")

	// Somebody else takes the slot. The next plan waits, and says for which key.
	slot := acctest.SlotTaken("theirs", acctest.NeverUsed("2026-04-01 00:00:00 UTC"))
	refused(s, func() { s.CreateForeignKey("theirs") }, "it would rotate key k1, but "+slot)
	s.PlanEmpty(acctest.RotationWaits(slot))
	s.WantDetail(acctest.DeleteCommand("theirs"))
	s.DeleteKey("theirs")

	// Somebody deactivates the key. The next plan rotates for that reason.
	refused(s, func() { s.SetStatus("k1", "Inactive") }, "it would rotate key k1, but "+acctest.KeysChanged)
	s.Plan(2)
	s.SetStatus("k1", "Active")

	// The user is renamed.
	refused(s, func() { s.Sim.RenameUser("ci", "deployer") }, "the user was renamed or deleted")
	s.Sim.RenameUser("deployer", "ci")

	// The key is deleted, and the next plan makes another one.
	refused(s, func() { s.DeleteKey("k1") }, "it would rotate key k1, but "+acctest.KeysChanged)
	s.Apply(acctest.CurrentNotListed("k1"))
	s.WantChanges("create k2")
	s.WantState(map[string]any{"rotation_reason": "key k1 is gone from IAM", "previous": nil})
	s.WantHandovers("k1", "k1 (dead) to k2")
	s.PlanEmpty()

	// The user is deleted and made again under the same name, and then deleted for good.
	s.Advance("90d")
	refused(s, func() {
		s.Sim.DeleteUser("ci")
		s.Sim.CreateUser("ci")
	}, "it would rotate key k2, but "+acctest.KeysChanged)
	s.Apply(acctest.UserRecreated())
	s.WantChanges("create k3")
	s.WantState(map[string]any{"rotation_reason": "the user was deleted and created again"})
	s.Advance("90d")
	refused(s, func() { s.Sim.DeleteUser("ci") }, "the user was renamed or deleted")
	s.Plan(2, acctest.UserGone())
}

func TestAccRotatingAccessKey_stalePlanOfDeactivation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")
	s.Step("create k2")
	s.UseKey("k2")
	s.Advance("8d")

	// Somebody works with the old key, and the next plan waits for the guard.
	used := acctest.KeptByUse("k1", "2026-04-09 00:00:00 UTC by s3 in eu-west-1", "2026-04-10 00:00:00 UTC")
	refused(s, func() { s.UseKey("k1") }, "it would deactivate key k1, but "+used)
	s.PlanEmpty(acctest.NotRetiredYet("k1", used))
	s.ClearLastUse("k1")

	// The new key does not work any more: the old one is the only one left.
	refused(s, func() { s.SetStatus("k2", "Inactive") }, "it would deactivate key k1, but key k1 is the only Active key of the user")
	s.SetStatus("k2", "Active")

	// Somebody else was faster. The next plan records it.
	refused(s, func() { s.SetStatus("k1", "Inactive") }, "it would deactivate key k1, but "+acctest.KeysChanged)
	s.Step()
	s.WantState(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "other", "previous.deactivated_at": now(s)})
	s.SetStatus("k1", "Active")
	s.Step()
	s.Advance("8d")

	// The old key is deleted. There is nothing left to do.
	refused(s, func() { s.DeleteKey("k1") }, "it would deactivate key k1, but "+acctest.KeysChanged)
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2")
}

func TestAccRotatingAccessKey_stalePlanOfDeletion(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Advance("7d")

	// Somebody reactivates the key, and somebody uses it.
	refused(s, func() { s.SetStatus("k1", "Active") }, "it would delete key k1, but "+acctest.KeysChanged)
	s.SetStatus("k1", "Inactive")
	refused(s, func() { s.Sim.SetLastUsed(s.KeyID("k1"), s.Sim.Now().Add(-time.Hour), "sts", "us-east-1") },
		"it would delete key k1, but "+acctest.KeysChanged)
	s.PlanEmpty()
	s.ClearLastUse("k1")

	// The key is gone already: that is what the plan wanted.
	s.Plan(2)
	s.DeleteKey("k1")
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{"previous": nil})
	s.PlanEmpty()
}

func TestAccRotatingAccessKey_stalePlanOfRollback(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Write(acctest.Held(), acctest.ConsumerHCL)
	refused(s, func() { s.SetStatus("k1", "Active") }, "it would reactivate key k1, but "+acctest.KeysChanged)
	s.SetStatus("k1", "Inactive")
	refused(s, func() { s.DeleteKey("k1") }, "it would reactivate key k1, but "+acctest.KeysChanged)
	s.Step()
	s.WantState(map[string]any{"hold_previous": true, "previous": nil})

	// A request that was planned with a free slot finds it taken.
	s.Write(acctest.Asking(`{ quarter = "2026-Q2" }`).With(acctest.Held()), acctest.ConsumerHCL)
	slot := acctest.SlotTaken("theirs", acctest.NeverUsed("2026-04-08 00:00:00 UTC"))
	refused(s, func() { s.CreateForeignKey("theirs") }, "it would rotate key k2, but "+slot)
	s.Plan(1, acctest.RequestRefused(slot), acctest.ProbablyLeft("theirs", "2026-04-08 00:00:00 UTC"))
	s.DeleteKey("theirs")
	s.Step("create k3")
	s.WantState(map[string]any{"rotation_reason": "rotate_when_changed: quarter"})
	s.WantHandovers("k1", "k1 to k2", "k2 to k3")
}

// An adoption, a create and a destroy meet a world that has moved, too.
func TestAccRotatingAccessKey_stalePlanOfCreate(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Plan(2)
	s.CreateForeignKey("theirs")
	s.Advance("1s")
	s.CreateForeignKey("others")
	full := `User "ci" already has 2 access keys, and no slot is free: theirs (Active, created 2026-01-01 00:00:00 UTC, never used); ` +
		"others (Active, created 2026-01-01 00:00:01 UTC, never used)"
	s.ApplyPlan(acctest.Warns(full), acctest.Fails(full))
	s.WantChanges()
	s.DeleteKey("theirs")
	s.DeleteKey("others")
	s.Step("create k1")

	s.Write(acctest.Distinct(acctest.Args{"unmanaged_keys": `"retire"`}), acctest.ConsumerHCL)
	s.Step()
	s.CreateForeignKey("another")
	refused(s, func() { s.DeleteKey("another") }, "it would adopt key another, but "+acctest.KeysChanged)
	s.PlanEmpty()

	s.Plan(2, acctest.Flags("-destroy"))
	s.Sim.RenameUser("ci", "deployer")
	s.Consumed = false
	s.ApplyPlan()
	s.WantChanges("delete k1: NoSuchEntity", "delete k1")
	s.WantKeysOf("deployer")
}
