package provider_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestAccRotatingAccessKey_basic(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	user, _ := s.Sim.User("ci")
	config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: s.Factories(),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: s.PlanChecks(plancheck.ResourceActionCreate, map[string]any{
					"id": "ci", "access_key_id": acctest.Unknown, "secret_access_key": acctest.Unknown, "created_at": acctest.Unknown,
					"version":   acctest.Unknown,
					"rotate_at": acctest.Unknown, "account_id": acctest.Unknown, "user_unique_id": acctest.Unknown,
					"status": "Active", "last_change": acctest.Unknown, "rotation_blocked": nil, "previous": nil,
					"overlap": "7d", "grace": "7d", "require_unused_for": "8d",
				}),
				ConfigStateChecks: s.StateChecks(map[string]any{
					"user": "ci", "rotate_after": "90d", "overlap": "7d", "grace": "7d", "require_unused_for": "8d",
					"rotate_when_changed": nil, "revoke_when_changed": nil, "hold_previous": false, "paused": false,
					"unmanaged_keys": "refuse", "wait_until_usable": true, "description": nil, "skip_destroy": false,
					"id": "ci", "account_id": "123456789012", "user_unique_id": user.ID,
					"access_key_id": "k1", "secret_access_key": "secret of k1", "status": "Active",
					"created_at": "2026-01-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-04-01T00:00:00Z",
					"last_change": "create k1", "rotation_blocked": nil, "version": 1767225600, "previous": nil,
				}),
				Check: s.CheckConsumers,
			},
			{PreConfig: s.After("89d"), Config: config, ConfigPlanChecks: acctest.EmptyPlan},
		},
		CheckDestroy: func(*terraform.State) error {
			if len(s.Sim.Keys("ci")) > 0 {
				return errors.New("ci still has a key")
			}
			return nil
		},
	})
}

func TestAccRotatingAccessKey_rotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	config := s.Config(acctest.ByAge(nil), acctest.ConsumerHCL)
	const reason = "rotate k1: created 2026-01-01, reached 90d"
	s.Test(t,
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: s.After("90d-1s"), Config: config, ConfigPlanChecks: acctest.EmptyPlan},
		resource.TestStep{
			PreConfig: s.After("1s"),
			Config:    config,
			ConfigPlanChecks: s.PlanChecks(plancheck.ResourceActionUpdate, map[string]any{
				"access_key_id": acctest.Unknown, "secret_access_key": acctest.Unknown, "created_at": acctest.Unknown, "rotate_at": acctest.Unknown,
				"version":              acctest.Unknown,
				"previous.replaced_at": acctest.Unknown, "previous.deactivate_at": acctest.Unknown,
				"status": "Active", "last_change": reason, "rotation_blocked": nil, "account_id": "123456789012",
				"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
				"previous.adopted": false, "previous.revoked": false,
			}, plancheck.ExpectResourceAction("iamkeystest_consumer.test", plancheck.ResourceActionUpdate),
				plancheck.ExpectSensitiveValue(acctest.KeyAddress, acctest.AttributePath("secret_access_key")),
				plancheck.ExpectSensitiveValue(acctest.KeyAddress, acctest.AttributePath("previous.secret_access_key"))),
			ConfigStateChecks: s.StateChecks(map[string]any{
				"access_key_id": "k2", "secret_access_key": "secret of k2", "status": "Active",
				"created_at": "2026-04-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-06-30T00:00:00Z",
				"last_change": reason, "rotation_blocked": nil, "version": 1775001600,
				"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.replaced_at": "2026-04-01T00:00:00Z",
				"previous.deactivate_at": "2026-04-08T00:00:00Z", "previous.deactivated_at": nil, "previous.deactivated_by": nil,
				"previous.delete_at": nil, "previous.adopted": false, "previous.revoked": false,
			}),
			Check: s.CheckConsumers,
		},
	)
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_lifecycle is a retirement, a second before and at each of its dates.
func TestAccRotatingAccessKey_lifecycle(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Step("create k1")
	s.Advance("90d")
	s.Step("create k2")
	s.WantKeys("k1 Active", "k2 Active")

	s.UseKey("k2")
	s.Advance("7d-1s")
	s.PlanEmpty()
	// The consumer used its old key once more while it was updated.
	s.Advance("1s")
	s.PlanEmpty(acctest.NotRetiredYet("k1", "2026-04-01 00:00:00 UTC by sts in us-east-1", "2026-04-09 00:00:00 UTC"))
	s.UseKey("k1")
	waiting := acctest.NotRetiredYet("k1", "2026-04-08 00:00:00 UTC by s3 in eu-west-1", "2026-04-16 00:00:00 UTC")
	s.PlanEmpty(waiting)
	s.Advance("8d-1s")
	s.PlanEmpty(waiting)
	s.Advance("1s")
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"last_change":   "deactivate k1: overlap over, unused since 2026-04-08, current in use",
		"access_key_id": "k2", "secret_access_key": "secret of k2", "version": 1775001600, "rotation_blocked": nil,
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_at": acctest.Unknown,
		"previous.delete_at":      acctest.Unknown,
		"previous.deactivated_by": "iamkeys", "previous.deactivate_at": "2026-04-08T00:00:00Z",
	})
	s.ApplyPlan()
	s.WantChanges("deactivate k1")
	s.WantKeys("k1 Inactive", "k2 Active")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys",
		"previous.deactivated_at": "2026-04-16T00:00:00Z", "previous.delete_at": "2026-04-23T00:00:00Z",
	})

	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"access_key_id": "k2", "previous": nil, "last_change": "delete k1: Inactive since 2026-04-16, grace over",
	})
	s.ApplyPlan()
	s.WantChanges("delete k1")
	s.WantKeys("k2 Active")
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil, "rotate_at": "2026-06-30T00:00:00Z"})
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_graceFromLastUse has IAM report a use of the Inactive key late.
func TestAccRotatingAccessKey_graceFromLastUse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Advance("1d")
	s.UseKey("k1")
	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Step("delete k1")
}

// TestAccRotatingAccessKey_rareApplies applies only when a rotation is due: rule 4's exception, and what stands against it.
func TestAccRotatingAccessKey_rareApplies(t *testing.T) {
	t.Parallel()
	t.Run("unused", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
		s.UseKey("k2")
		s.Advance("7d")
		// At the very end of the overlap.
		s.UseKey("k1")
		s.Advance("83d-1s")
		s.Plan(2)
		s.Advance("1s")
		s.Plan(2, acctest.DeletesActive("k1"))
		s.WantPlanned(map[string]any{
			"access_key_id": acctest.Unknown, "previous.access_key_id": "k2", "previous.status": "Active",
			"last_change": "delete k1: Active, unused since 2026-04-08, to make room; rotate k2: created 2026-04-01, reached 90d",
		})
		s.ApplyPlan(acctest.DeletesActive("k1"))
		s.WantChanges("delete k1", "create k3")
		s.WantKeys("k2 Active", "k3 Active")
		s.PlanEmpty()
		s.WantHandovers("k1", "k1 to k2", "k2 to k3")
	})
	t.Run("used after the overlap", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
		s.UseKey("k2")
		s.Advance("7d1s")
		s.UseKey("k1")
		s.Advance("83d-1s")
		blocked := acctest.RotationWaits("the grace of key k1 is not over")
		s.Apply(blocked)
		s.WantChanges("deactivate k1")
		s.PlanEmpty(blocked)
		s.Advance("7d-1s")
		s.PlanEmpty(blocked)
		s.Advance("1s")
		s.Step("delete k1", "create k3")
		s.WantKeys("k2 Active", "k3 Active")
		s.WantState(map[string]any{"rotation_blocked": nil, "previous.access_key_id": "k2", "access_key_id": "k3"})
		s.WantHandovers("k1", "k1 to k2", "k2 to k3")
	})
}

// TestAccRotatingAccessKey_blocked has a job that goes on with the previous key until the next rotation is due.
func TestAccRotatingAccessKey_blocked(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("90d-1s")
	s.UseKey("k1")
	fact := acctest.StillInUse("k1")
	waiting := acctest.NotRetiredYet("k1", "2026-06-29 23:59:59 UTC by s3 in eu-west-1", "2026-07-07 23:59:59 UTC")
	blocked := acctest.RotationWaits(fact)
	s.PlanEmpty(waiting)
	s.Advance("1s")
	s.PlanEmpty(waiting, blocked)
	s.Refresh(waiting, blocked)
	s.WantState(map[string]any{"rotation_blocked": fact, "access_key_id": "k2", "previous.status": "Active"})

	check := `
check "rotation" {
  assert {
    condition     = iamkeys_rotating_access_key.test.rotation_blocked == null
    error_message = "blocked"
  }
}
`
	failed, knownLater := acctest.Warns("Check block assertion failed"), acctest.Warns("Check block assertion known after apply")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL, check)
	s.PlanEmpty(waiting, blocked, failed)
	s.Write(acctest.ByAge(acctest.Args{"lifecycle": unblocked}), acctest.ConsumerHCL)
	s.Plan(1, waiting, blocked, acctest.Fails("Resource postcondition failed"))
	s.WantDetail("Blocked: " + fact)

	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL, check)
	s.Advance("8d-2s")
	s.PlanEmpty(waiting, blocked, failed)
	s.Advance("1s")
	s.Plan(2, acctest.RotationWaits("the grace of key k1 is not over"), knownLater)
	s.ApplyPlan(failed)
	s.WantChanges("deactivate k1")
	s.Advance("7d")
	s.Step("delete k1", "create k3")
	s.WantHandovers("k1", "k1 to k2", "k2 to k3")
}

// unblocked is a lifecycle block whose postcondition fails while a rotation waits.
const unblocked = `{
    postcondition {
      condition     = self.rotation_blocked == null
      error_message = "Blocked: ${coalesce(self.rotation_blocked, "no")}"
    }
  }`

// TestAccRotatingAccessKey_blockedByPolicy takes away what blocks a rotation. A postcondition that fails while it waits must
// not keep the configuration that ends the wait from being applied.
func TestAccRotatingAccessKey_blockedByPolicy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		blocking, lifted acctest.Args
		setUp            func(s *acctest.Story)
		fact             string
		did              []string
		// warnings are those of the apply that goes on, and long are those of the wait.
		warnings, long []acctest.Option
	}{
		"paused": {
			long:     []acctest.Option{acctest.LongFreeze()},
			blocking: acctest.Args{"paused": "true"}, lifted: acctest.Args{"paused": "false"},
			fact: "paused is set", did: []string{"create k2"},
		},
		"unmanaged": {
			lifted: acctest.Args{"unmanaged_keys": `"delete_unused"`},
			setUp:  func(s *acctest.Story) { s.CreateForeignKey("theirs") },
			fact:   acctest.SlotTakenByTheirs, did: []string{"delete theirs", "create k2"},
			warnings: []acctest.Option{acctest.DeletesUnmanaged("theirs", acctest.NeverUsed("2026-01-01 00:00:00 UTC"))},
		},
		"hold": {
			long:     []acctest.Option{acctest.LongRollback()},
			blocking: acctest.Args{"hold_previous": "true"}, lifted: acctest.Args{"hold_previous": "false"},
			setUp: func(s *acctest.Story) {
				s.Write(acctest.ByAge(acctest.Args{"hold_previous": "true", "rotate_when_changed": `{ a = "1" }`}))
				s.Step("create k2")
				s.UseKey("k2")
				s.Write(acctest.ByAge(acctest.Args{"hold_previous": "true"}))
				s.Step()
			},
			fact: "hold_previous keeps key k1", did: []string{"delete k1", "create k3"},
			warnings: []acctest.Option{acctest.DeletesActive("k1")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.ByAge(test.blocking))
			s.Step("create k1")
			if test.setUp != nil {
				test.setUp(s)
			}
			s.Advance("90d")
			strict := acctest.Args{"lifecycle": unblocked}
			s.Write(acctest.ByAge(test.blocking).With(strict))
			waits := append([]acctest.Option{acctest.RotationWaits(test.fact)}, test.long...)
			s.Plan(1, append(waits, acctest.Fails("Resource postcondition failed"))...)
			s.WantDetail("Blocked: " + test.fact)
			s.Write(acctest.ByAge(test.lifted).With(strict))
			s.Apply(waits...)
			s.WantChanges()
			s.WantState(map[string]any{"rotation_blocked": nil})
			s.Apply(test.warnings...)
			s.WantChanges(test.did...)
			s.PlanEmpty()
		})
	}
}

// TestAccRotatingAccessKey_zeroDurations shows what zero means for each duration that may be zero.
func TestAccRotatingAccessKey_zeroDurations(t *testing.T) {
	t.Parallel()
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(acctest.Args{"overlap": `"0s"`, "grace": `"0s"`, "require_unused_for": `"0s"`}))
		s.WantKeys("k1 Active", "k2 Active")
		s.UseKey("k1")
		s.UseKey("k2")
		s.Advance("1s")
		s.Plan(2)
		s.WantPlanned(map[string]any{"previous": nil, "access_key_id": "k2"})
		s.ApplyPlan()
		s.WantChanges("deactivate k1", "delete k1")
		s.PlanEmpty()
		s.WantHandovers("k1", "k1 to k2")
	})
	t.Run("overlap", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(acctest.Args{"overlap": `"0s"`}))
		s.UseKey("k1")
		s.UseKey("k2")
		s.Advance("8d-1s")
		s.PlanEmpty(acctest.NotRetiredYet("k1", "2026-04-01 00:00:00 UTC by s3 in eu-west-1", "2026-04-09 00:00:00 UTC"))
		s.Advance("1s")
		s.Step("deactivate k1")
		s.Advance("7d-1s")
		s.PlanEmpty()
		s.Advance("1s")
		s.Step("delete k1")
	})
	t.Run("grace", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(acctest.Args{"grace": `"0s"`}))
		s.UseKey("k2")
		s.Advance("7d-1s")
		s.PlanEmpty()
		s.Advance("1s")
		s.Step("deactivate k1", "delete k1")
	})
	t.Run("require_unused_for", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(acctest.Args{"require_unused_for": `"0s"`}))
		s.UseKey("k2")
		s.Advance("7d-1s")
		s.UseKey("k1")
		s.PlanEmpty()
		s.Advance("1s")
		s.Step("deactivate k1")
		s.WantState(map[string]any{"previous.deactivated_at": "2026-04-08T00:00:00Z", "previous.delete_at": "2026-04-15T00:00:00Z"})
	})
}

// TestAccRotatingAccessKey_holdPrevious is a rollback to a previous key that this resource has deactivated.
func TestAccRotatingAccessKey_holdPrevious(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Advance("1d")
	s.Write(acctest.Held(), `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.previous.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.previous.secret_access_key
}
`)
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": acctest.Unknown,
		"previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.ApplyPlan()
	s.WantChanges("activate k1")
	s.WantKeys("k1 Active", "k2 Active")
	s.WantState(map[string]any{
		"hold_previous": true, "previous.status": "Active", "previous.replaced_at": "2026-04-09T00:00:00Z",
		"previous.deactivate_at": "2026-04-16T00:00:00Z", "previous.deactivated_at": nil, "previous.deactivated_by": nil,
		"previous.delete_at": nil,
	})
	s.ClearLastUse("k1")
	s.PlanEmpty()
	s.Advance("82d-1s")
	s.PlanEmpty(acctest.LongRollback())
	s.Advance("1s")
	const fact = "hold_previous keeps key k1"
	s.PlanEmpty(acctest.RotationWaits(fact), acctest.LongRollback())
	s.Write(acctest.Held().With(acctest.Args{"rotate_when_changed": `{ a = "1" }`}))
	s.Plan(2, acctest.RotationWaits(fact), acctest.RotationPending(fact), acctest.LongRollback())

	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Apply(acctest.RotationWaits(fact), acctest.LongRollback())
	s.WantChanges()
	s.WantKeys("k1 Active", "k2 Active")
	s.ClearLastUse("k1")
	s.UseKey("k2")
	s.Apply(acctest.DeletesActive("k1"))
	s.WantChanges("delete k1", "create k3")
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2", "k2 to k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_holdPreviousKeeps is about a hold that finds nothing to reactivate.
func TestAccRotatingAccessKey_holdPreviousKeeps(t *testing.T) {
	t.Parallel()
	t.Run("Active", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
		s.UseKey("k2")
		s.Write(acctest.Held(), acctest.ConsumerHCL)
		s.Step()
		s.Advance("30d")
		s.PlanEmpty()
		s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
		s.Apply()
		s.WantChanges()
		s.Step("deactivate k1")
	})
	t.Run("set before the rotation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.Held())
		s.Advance("90d")
		s.Apply(acctest.LongRollback())
		s.WantChanges("create k2")
		s.ClearLastUse("k1")
		s.Advance("30d")
		s.PlanEmpty(acctest.LongRollback())
		s.WantKeys("k1 Active", "k2 Active")
	})
	t.Run("deactivated by somebody else", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
		s.Advance(acctest.TenMinutes)
		s.SetStatus("k1", "Inactive")
		s.Step()
		s.WantState(map[string]any{"previous.deactivated_by": "other", "previous.status": "Inactive"})
		s.Write(acctest.Held(), acctest.ConsumerHCL)
		warning := acctest.NotReactivated("key k1 was deactivated by somebody else")
		s.Plan(2, warning)
		s.WantDetail(acctest.StatusCommand("k1", "Active"))
		s.ApplyPlan(warning)
		s.WantChanges()
		s.PlanEmpty()
		s.Advance("30d")
		s.PlanEmpty()
		s.WantKeys("k1 Inactive", "k2 Active")
	})
}

// TestAccRotatingAccessKey_paused is a change freeze.
func TestAccRotatingAccessKey_paused(t *testing.T) {
	t.Parallel()
	paused := acctest.ByAge(acctest.Args{"paused": "true"})
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
		s.Advance("90d")
		s.Write(paused, acctest.ConsumerHCL)
		s.Apply(acctest.LeftToNextPlan("rotate k1: created 2026-01-01, reached 90d"))
		s.WantChanges()
		s.Advance("30d")
		blocked := acctest.RotationWaits("paused is set")
		s.PlanEmpty(blocked)
		s.Refresh(blocked)
		s.WantState(map[string]any{"rotation_blocked": "paused is set", "access_key_id": "k1"})
		s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
		s.Apply(blocked)
		s.WantChanges()
		s.Step("create k2")
		s.WantState(map[string]any{"rotation_blocked": nil, "access_key_id": "k2"})
		s.WantHandovers("k1", "k1 to k2")
	})
	t.Run("retirement", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
		s.UseKey("k2")
		s.Write(paused, acctest.ConsumerHCL)
		s.Step()
		s.Advance("30d")
		s.PlanEmpty()
		s.Write(paused.With(acctest.Args{"paused": "false"}), acctest.ConsumerHCL)
		s.Apply()
		s.WantChanges()
		s.Step("deactivate k1")
	})
	t.Run("not a request", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t).WithKey(paused)
		s.Write(paused.With(acctest.Args{"rotate_when_changed": `{ a = "1" }`}), acctest.ConsumerHCL)
		s.Step("create k2")
		s.WantHandovers("k1", "k1 to k2")
	})
}

// TestAccRotatingAccessKey_unconfirmed has AWS accept a change and then give no list, or no clear answer at all: what is
// said and what the state holds is what is true.
func TestAccRotatingAccessKey_unconfirmed(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("7d")
	s.Plan(2)
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "UpdateAccessKey" || call.Action == "DeleteAccessKey" {
			s.Sim.Deny("*", "iam:ListAccessKeys")
		}
	})
	s.ApplyPlan(acctest.NotConfirmed("k1", "Inactive"))
	s.WantDetail("AWS accepted the change")
	s.WantChanges("deactivate k1")
	s.WantState(map[string]any{
		"previous.status": "Inactive", "previous.deactivated_by": "iamkeys", "previous.deactivated_at": "2026-04-08T00:00:00Z",
	})

	s.Sim.ClearDenials()
	s.PlanEmpty()
	s.Advance("7d")
	s.Plan(2)
	s.ApplyPlan(acctest.NotConfirmed("k1", "gone"))
	s.WantChanges("delete k1")
	s.Sim.OnCall(nil)
	s.Sim.ClearDenials()
	s.PlanEmpty()

	s.Advance("83d")
	s.Apply()
	s.WantChanges("create k3")
	s.UseKey("k3")
	s.ClearLastUse("k2")
	s.Advance("7d")
	s.ProviderHCL = s.ProviderConfigAs(s.Sim.Root(), "max_retries = 0")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Plan(2)
	s.Sim.AddFault(iamsim.Fault{Action: "UpdateAccessKey", Kind: iamsim.ErrorBeforeCommit})
	s.ApplyPlan(acctest.NotDeactivated("k2"))
	s.WantDetail("An attempt may have taken effect. IAM lists key k2 as Active, and may be behind. The next plan shows what is true.")
	s.WantState(map[string]any{"previous.status": "Active"})
	s.Sim.ClearFaults()
	s.Plan(2)
	s.Sim.AddFault(iamsim.Fault{Action: "UpdateAccessKey", Kind: iamsim.ErrorAfterCommit})
	// The answer is lost, and the list shows that the step was taken.
	s.ApplyPlan()
	s.Sim.ClearFaults()
	s.WantState(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "iamkeys"})
	s.WantChanges("deactivate k2: ServiceFailure", "deactivate k2: ServiceFailure")
	s.PlanEmpty()
}

// Whether somebody has used the current key is not known where its last use can't be read: the previous one waits.
func TestAccRotatingAccessKey_currentUseUnknown(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.UseKey("k2")
	s.Advance("8d")
	var asked atomic.Int64
	s.Sim.OnCall(func(call iamsim.Call) {
		// First for the previous key, then for the current one.
		if call.Action == "GetAccessKeyLastUsed" && asked.Add(1) == 2 {
			s.Sim.Deny("*", "iam:GetAccessKeyLastUsed")
		}
	})
	s.PlanEmpty(acctest.LastUseUnknown(), acctest.UseUnknown("k2"))

	s.Sim.OnCall(nil)
	s.Sim.ClearDenials()
	s.Step("deactivate k1")
}
