package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// TestAccRotatingAccessKey_keyInTheWay says in every plan that a key will block the rotation, until the key is gone or the
// configuration resolves it.
func TestAccRotatingAccessKey_keyInTheWay(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	theirs := s.CreateForeignKey("theirs").AccessKeyID
	s.UseKey("theirs")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	const used = "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:00 UTC by s3 in eu-west-1"
	s.Apply(acctest.FoundLeftover("theirs", used))
	s.WantChanges("create k1")
	blocks := acctest.WillBlock("theirs", used, acctest.RotationDay)
	s.PlanEmpty(blocks)
	s.WantDetail("If nobody needs it", acctest.StatusCommand("theirs", "Inactive"), `unmanaged_keys to "retire"`, `"delete_unused"`)
	s.Refresh(blocks)
	s.WantState(map[string]any{"rotation_blocked": nil})

	// One that was used is not deleted.
	s.Write(acctest.Unmanaged("delete_unused"), acctest.ConsumerHCL)
	s.Apply(blocks)
	s.PlanEmpty(blocks)
	s.WantDetail(`unmanaged_keys = "delete_unused" leaves it`)
	s.ClearLastUse("theirs")
	s.PlanEmpty()

	s.Sim.SetLastUsed(theirs, s.Sim.Now(), "s3", "eu-west-1")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Apply(blocks)
	s.WantChanges()
	s.Advance("90d")
	s.PlanEmpty(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.DeleteKey("theirs")
	s.Step("create k2")
}

// TestAccRotatingAccessKey_keyInTheWayByRequest has no date where nothing rotates by age, and is silent where the key is adopted.
func TestAccRotatingAccessKey_keyInTheWayByRequest(t *testing.T) {
	t.Parallel()
	args := acctest.Args{"user": `"ci"`, "rotate_when_changed": `{ quarter = "1" }`}
	s := acctest.NewStory(t).WithKey(args)
	s.CreateForeignKey("theirs")
	s.UseKey("theirs")
	s.PlanEmpty(acctest.Warns("Unmanaged access key will block the rotation",
		`of user "ci" will block the next rotation, as configured so far.`))
	s.Write(args.With(acctest.Args{"unmanaged_keys": `"retire"`}), acctest.ConsumerHCL)
	s.Apply(acctest.Warns("Unmanaged access key will block the rotation"))
	s.Apply(acctest.Adopts("theirs"))
	s.PlanEmpty()
}

// TestAccRotatingAccessKey_importKeyInTheWay says in the plan of an import which key will block the rotation, by the configuration.
func TestAccRotatingAccessKey_importKeyInTheWay(t *testing.T) {
	t.Parallel()
	for mode, warns := range map[string]bool{"refuse": true, "retire": false, "delete_unused": true} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := newTwoKeys(t)
			s.UseKey("k1")
			s.Write(acctest.Unmanaged(mode), acctest.ImportHCL(acctest.KeyAddress, "ci/"+s.KeyID("k2")))
			var says []acctest.Option
			if warns {
				says = append(says, acctest.WillBlock("k1",
					"Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in eu-west-1", "2026-04-01 00:00:01 UTC"))
			}
			s.Plan(2, says...)
			s.ApplyPlan(says...)
			s.WantChanges()
		})
	}
}

// TestAccRotatingAccessKey_destroyInUse warns in the plan of a destroy about each own key that somebody has used within a day.
func TestAccRotatingAccessKey_destroyInUse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	destroy := acctest.Flags("-destroy")
	s.Plan(2, destroy)
	s.UseKey("k1")
	s.UseKey("k2")
	s.Advance("1d")
	const use = "2026-04-01 00:00:00 UTC by s3 in eu-west-1"
	s.Plan(2, destroy, acctest.DestroysInUse("k1", use), acctest.DestroysInUse("k2", use))
	s.WantDetail("skip_destroy = true")

	// A last use that can't be read is no obstacle.
	s.Sim.Deny("*", "iam:GetAccessKeyLastUsed")
	s.Plan(2, destroy, acctest.Flags("-refresh=false"))
	s.Sim.ClearDenials()
	s.Advance("1s")
	s.Plan(2, destroy)

	s.UseKey("k2")
	s.Write(acctest.ByAge(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Apply()
	s.ResetCalls()
	s.Plan(2, destroy, acctest.Flags("-refresh=false"))
	s.WantCalls()
	s.Destroy()
	s.WantKeys("k1 Active", "k2 Active")
}

// TestAccRotatingAccessKey_revokedLastUse says in the plan of a revoke who used the key last that stops working.
func TestAccRotatingAccessKey_revokedLastUse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Revoking(`{ incident = "none" }`))
	s.Advance("1d")
	s.UseKey("k1")
	s.Write(acctest.Revoking(`{ incident = "2026-01" }`), acctest.ConsumerHCL)
	s.Plan(2, acctest.Revokes("k1"))
	s.WantDetail("last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1")
	s.Sim.Deny("*", "iam:GetAccessKeyLastUsed")
	s.ApplyPlan(acctest.Revokes("k1"))
	s.WantChanges("create k2", "deactivate k1")
}

// TestAccRotatingAccessKey_longFreeze warns of a rollback and of a change freeze that last for more than 30 days.
func TestAccRotatingAccessKey_longFreeze(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.UseKey("k2")
	frozen := acctest.Distinct(acctest.Args{"hold_previous": "true", "paused": "true"})
	s.Write(frozen, acctest.ConsumerHCL)
	s.Apply()
	s.Advance("1d")
	// Neither another apply nor a refresh begins the time anew.
	s.Write(frozen.With(acctest.Args{"wait_until_usable": "false"}), acctest.ConsumerHCL)
	s.Apply()
	s.Advance("29d")
	s.PlanEmpty()
	s.Advance("1s")
	long := []acctest.Option{
		acctest.Warns("Rollback has lasted for more than 30 days", "key k1",
			`User "ci": hold_previous has been set since 2026-04-01 00:00:00 UTC`),
		acctest.Warns("Change freeze has lasted for more than 30 days", `User "ci": paused has been set since 2026-04-01 00:00:00 UTC`),
	}
	s.PlanEmpty(long...)
	s.Write(acctest.Distinct(acctest.Args{"paused": "true"}), acctest.ConsumerHCL)
	s.Apply(long...)
	s.PlanEmpty(long[1])
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Apply(long[1])
	s.Write(acctest.Distinct(acctest.Args{"paused": "true"}), acctest.ConsumerHCL)
	s.Apply(acctest.LeftToNextPlan("deactivate k1: overlap over, never used, current in use"))
	s.PlanEmpty()
}

// TestAccRotatingAccessKey_importSuggestsUsed shows the last uses of two keys, and suggests to import the one in use as current.
func TestAccRotatingAccessKey_importSuggestsUsed(t *testing.T) {
	t.Parallel()
	s := newTwoKeys(t)
	s.UseKey("k1")
	s.Write(acctest.ByAge(nil), acctest.ImportHCL(acctest.KeyAddress, "ci"))
	s.Plan(1, acctest.Fails(`User "ci" has 2 access keys: name the current one`))
	s.WantDetail("k1 (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in eu-west-1)",
		"k2 (Active, created 2026-01-01 00:00:01 UTC, never used)", "terraform import ADDRESS ci/k1/k2", "used last")
	s.ClearLastUse("k1")
	s.Plan(1, acctest.Fails(`User "ci" has 2 access keys: name the current one`))
	s.WantDetail("terraform import ADDRESS ci/k2/k1")
}
