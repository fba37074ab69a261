package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// wantStale saves a plan, calls change and applies the plan, which must fail as out of date for this reason and change nothing.
//
// Each kind of step has one stale plan here. Package rotation tests all reasons (TestConfirm_stale), and package rotator what an
// apply does then (TestUpdate_stale, TestUpdate_userChanged).
func wantStale(s *acctest.Story, change func(), reason string, warnings ...acctest.Option) {
	s.T.Helper()
	s.Plan(2, warnings...)
	s.WantChanges()
	change()
	s.ApplyPlan(append(warnings, acctest.PlanOutdated(reason))...)
	s.WantDetail("Nothing was changed. Plan again")
	s.WantChanges()
}

func TestAccRotatingAccessKey_stalePlanOfRotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Advance("90d")

	// Somebody else takes the slot. The next plan waits, and names that key.
	slot := acctest.SlotTaken("theirs")
	wantStale(s, func() { s.CreateForeignKey("theirs") }, "it would rotate key k1, but "+slot)
	s.PlanEmpty(acctest.RotationWaits(slot))
	s.WantDetail(acctest.DeleteCommand("theirs"))
	s.DeleteKey("theirs")

	// The user is renamed, which no step can be right for.
	wantStale(s, func() { s.Sim.RenameUser("ci", "deployer") }, "the user was renamed or deleted")
	s.WantHandovers("k1")
}

func TestAccRotatingAccessKey_stalePlanOfDeactivation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.UseKey("k2")
	s.Advance("8d")

	// Somebody uses the old key, and the next plan waits for require_unused_for.
	used := acctest.StillInUse("k1")
	wantStale(s, func() { s.UseKey("k1") }, "it would deactivate key k1, but "+used)
	s.PlanEmpty(acctest.NotRetiredYet("k1", "2026-04-09 00:00:00 UTC by s3 in eu-west-1", "2026-04-10 00:00:00 UTC"))
}

func TestAccRotatingAccessKey_stalePlanOfDeletion(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Advance("7d")

	// Somebody reactivates the key.
	wantStale(s, func() { s.SetStatus("k1", "Active") }, "it would delete key k1, but "+acctest.KeysChanged)
	s.SetStatus("k1", "Inactive")

	// Nothing has changed, and the last use can't be read any more.
	s.Plan(2)
	s.Sim.Deny("*", "iam:GetAccessKeyLastUsed")
	s.ApplyPlan(acctest.LastUseUnknown(), acctest.PlanOutdated("it would delete key k1, but the last use of key k1 is unknown"))
	s.WantDetail("Nothing was changed. Plan again", `Allow iam:GetAccessKeyLastUsed on user "ci"`)
	s.WantChanges()
	s.Sim.ClearDenials()

	// The key is gone already, which is what the plan wanted.
	s.Plan(2)
	s.DeleteKey("k1")
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{"previous": nil})
	s.PlanEmpty()
}

func TestAccRotatingAccessKey_stalePlanOfReactivation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithInactivePrevious()
	s.Write(acctest.Held(), acctest.ConsumerHCL)
	wantStale(s, func() { s.DeleteKey("k1") }, "it would reactivate key k1, but "+acctest.KeysChanged)
	s.Step()
	s.WantState(map[string]any{"hold_previous": true, "previous": nil})
}

func TestAccRotatingAccessKey_stalePlanOfCreate(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Plan(2)
	s.CreateForeignKey("theirs")
	s.Advance("1s")
	s.CreateForeignKey("others")
	full := acctest.NoFreeSlot("theirs", acctest.NeverUsed(acctest.FirstDay), "others", acctest.NeverUsed("2026-01-01 00:00:01 UTC"))
	s.ApplyPlan(acctest.Warns(full), acctest.Fails(full))
	s.WantChanges()
}

func TestAccRotatingAccessKey_stalePlanOfAdoption(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.Distinct(acctest.Args{"unmanaged_keys": `"retire"`}))
	s.CreateForeignKey("theirs")
	wantStale(s, func() { s.DeleteKey("theirs") }, "it would adopt key theirs, but "+acctest.KeysChanged, acctest.Adopts("theirs"))
	s.PlanEmpty()
}

// The keys of a renamed user are destroyed under the new name.
func TestAccRotatingAccessKey_stalePlanOfDestroy(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Distinct(nil))
	s.Plan(2, acctest.Flags("-destroy"))
	s.Sim.RenameUser("ci", "deployer")
	s.Consumed = false
	s.ApplyPlan()
	s.WantChanges("delete k1: NoSuchEntity", "delete k1")
	s.WantKeysOf("deployer")
}
