package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// TestAccRotatingAccessKey_handover is about a monthly job that is the only consumer: it keeps the previous key until the next rotation
// by age is nine days off, though it was unused for long enough before. It has moved by then, or is cut off with a warning.
func TestAccRotatingAccessKey_handover(t *testing.T) {
	t.Parallel()
	waits := acctest.WaitsForHandover("k1")
	begin := func(t *testing.T) *acctest.Story {
		t.Helper()
		s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
		s.Advance("89d")
		s.UseKey("k1")
		s.Advance("1d")
		s.Step("create k2")
		s.Advance("8d")
		s.PlanEmpty(waits)
		s.Refresh(waits)
		s.WantState(map[string]any{"retirement_blocked": acctest.NoHandover("k1"), "rotation_blocked": nil})
		s.Advance("21d")
		s.PlanEmpty(waits)
		s.UseKey("k1")
		return s
	}
	t.Run("never moves", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		// Day 171 is nine days before the next rotation, on day 180.
		s.Advance("52d-1s")
		s.PlanEmpty(waits)
		s.Advance("1s")
		s.Apply(acctest.CurrentUnused("k2", "k1"))
		s.WantChanges("deactivate k1")
		s.PlanEmpty()
		s.WantState(map[string]any{
			"retirement_blocked": nil, "last_change": "deactivate k1: overlap over, unused since 2026-04-30, current not used",
		})
	})
	t.Run("moves", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.UseKey("k2")
		s.Advance("8d")
		s.Step("deactivate k1")
		s.WantState(map[string]any{"last_change": "deactivate k1: overlap over, unused since 2026-04-30, current in use"})
	})
	t.Run("wait_for_handover = false", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.ByAge(acctest.Args{"wait_for_handover": "false"}))
		s.Advance("90d")
		s.Step("create k2")
		s.Advance("8d")
		s.Apply(acctest.CurrentUnused("k2", "k1"))
		s.WantChanges("deactivate k1")
	})
}

// After a rollback the overlap begins anew. That nobody has used the current key since is true, and that nobody has used it is not.
func TestAccRotatingAccessKey_handoverAfterRollback(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious() // k2 was used on day 90, k1 is Inactive since day 97
	s.Write(acctest.Held(), acctest.ConsumerHCL)
	s.Apply()
	s.WantChanges("activate k1")
	s.Advance("1d")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Apply()
	s.Advance("20d")
	s.PlanEmpty(acctest.WaitsForHandover("k1"))
	s.WantDetail(`User "ci", as configured so far: nobody has used the current key since the overlap of key k1 began; key k1 is Active, ` +
		"created 2026-01-01 00:00:00 UTC, never used.")
	s.Write(acctest.ByAge(acctest.Args{"wait_for_handover": "false"}), acctest.ConsumerHCL)
	s.Apply(acctest.WaitsForHandover("k1"))
	s.Plan(2, acctest.CurrentUnused("k2", "k1"))
	s.WantDetail("Current key k2 was last used at 2026-04-01 00:00:00 UTC by s3 in eu-west-1, before this overlap began at " +
		"2026-04-08 00:00:00 UTC.")
	s.Consumed = false
	s.ApplyPlan(acctest.CurrentUnused("k2", "k1"))
	s.WantChanges("deactivate k1")
	s.WantState(map[string]any{"last_change": "deactivate k1: overlap over, never used, current not used since 2026-04-08"})
}
