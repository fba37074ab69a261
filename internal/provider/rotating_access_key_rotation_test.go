package provider_test

import (
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestAccRotatingAccessKey_basic(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	user, _ := s.Sim.User("ci")
	config := s.config(byAge(nil), consumerHCL)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: s.Factories(),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: s.planValues(plancheck.ResourceActionCreate, map[string]any{
					"id": "ci", "access_key_id": unknown, "secret_access_key": unknown, "created_at": unknown, "version": unknown,
					"rotate_at": unknown, "account_id": unknown, "user_unique_id": unknown,
					"status": "Active", "rotation_reason": "created", "rotation_blocked": nil, "previous": nil,
					"overlap": "7d", "grace": "7d", "require_unused_for": "8d",
				}),
				ConfigStateChecks: s.stateValues(map[string]any{
					"user": "ci", "rotate_after": "90d", "overlap": "7d", "grace": "7d", "require_unused_for": "8d",
					"rotate_when_changed": nil, "revoke_when_changed": nil, "hold_previous": false, "paused": false,
					"unmanaged_keys": "refuse", "wait_until_usable": true, "description": nil, "skip_destroy": false,
					"id": "ci", "account_id": "123456789012", "user_unique_id": user.ID,
					"access_key_id": "k1", "secret_access_key": "secret of k1", "status": "Active",
					"created_at": "2026-01-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-04-01T00:00:00Z",
					"rotation_reason": "created", "rotation_blocked": nil, "version": 1767225600, "previous": nil,
				}),
				Check: s.CheckConsumers,
			},
			{PreConfig: s.After("89d"), Config: config, ConfigPlanChecks: emptyPlan},
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
	s := newStory(t)
	config := s.config(byAge(nil), consumerHCL)
	const reason = "key k1 of 2026-01-01 00:00:00 UTC reached rotate_after 90d"
	s.Test(t,
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: s.After("90d-1s"), Config: config, ConfigPlanChecks: emptyPlan},
		resource.TestStep{
			PreConfig: s.After("1s"),
			Config:    config,
			ConfigPlanChecks: s.planValues(plancheck.ResourceActionUpdate, map[string]any{
				"access_key_id": unknown, "secret_access_key": unknown, "created_at": unknown, "rotate_at": unknown, "version": unknown,
				"previous.replaced_at": unknown, "previous.deactivate_at": unknown,
				"status": "Active", "rotation_reason": reason, "rotation_blocked": nil, "account_id": "123456789012",
				"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
				"previous.adopted": false, "previous.revoked": false,
			}, plancheck.ExpectResourceAction("iamkeystest_consumer.test", plancheck.ResourceActionUpdate),
				plancheck.ExpectSensitiveValue(keyAddress, attributePath("secret_access_key")),
				plancheck.ExpectSensitiveValue(keyAddress, attributePath("previous.secret_access_key"))),
			ConfigStateChecks: s.stateValues(map[string]any{
				"access_key_id": "k2", "secret_access_key": "secret of k2", "status": "Active",
				"created_at": "2026-04-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-06-30T00:00:00Z",
				"rotation_reason": reason, "rotation_blocked": nil, "version": 1775001600,
				"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.replaced_at": "2026-04-01T00:00:00Z",
				"previous.deactivate_at": "2026-04-08T00:00:00Z", "previous.deactivated_at": nil, "previous.deactivated_by": nil,
				"previous.delete_at": nil, "previous.adopted": false, "previous.revoked": false,
			}),
			Check: s.CheckConsumers,
		},
	)
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_lifecycle is a retirement, a second before and at each of its dates.
func TestAccRotatingAccessKey_lifecycle(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(nil), consumerHCL)
	s.step("create k1")
	s.Advance("90d")
	s.step("create k2")
	s.keys("k1 Active", "k2 Active")

	s.Advance("7d-1s")
	s.steady()
	// The consumer used its old key once more while it was updated.
	s.Advance("1s")
	s.steady(waits("k1", kept("k1", "2026-04-01 00:00:00 UTC by sts in us-east-1", "2026-04-09 00:00:00 UTC")))
	s.use("k1")
	waiting := waits("k1", kept("k1", "2026-04-08 00:00:00 UTC by s3 in eu-west-1", "2026-04-16 00:00:00 UTC"))
	s.steady(waiting)
	s.Advance("8d-1s")
	s.steady(waiting)
	s.Advance("1s")
	s.plan(2, unproven("k2", "k1"))
	s.use("k2")
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": "k2", "secret_access_key": "secret of k2", "version": 1775001600, "rotation_blocked": nil,
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_at": unknown, "previous.delete_at": unknown,
		"previous.deactivated_by": "iamkeys", "previous.deactivate_at": "2026-04-08T00:00:00Z",
	})
	s.apply()
	s.did("deactivate k1")
	s.keys("k1 Inactive", "k2 Active")
	s.steady()
	s.state(map[string]any{
		"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_by": "iamkeys",
		"previous.deactivated_at": "2026-04-16T00:00:00Z", "previous.delete_at": "2026-04-23T00:00:00Z",
	})

	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.plan(2)
	s.planned(map[string]any{"access_key_id": "k2", "previous": nil})
	s.apply()
	s.did("delete k1")
	s.keys("k2 Active")
	s.state(map[string]any{"access_key_id": "k2", "previous": nil, "rotate_at": "2026-06-30T00:00:00Z"})
	s.steady()
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_graceFromLastUse has IAM report a use of the Inactive key late.
func TestAccRotatingAccessKey_graceFromLastUse(t *testing.T) {
	t.Parallel()
	s := newInactiveStory(t)
	s.Advance("1d")
	s.use("k1")
	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete k1")
}

// TestAccRotatingAccessKey_rareApplies applies only when a rotation is due: rule 4's exception, and what stands against it.
func TestAccRotatingAccessKey_rareApplies(t *testing.T) {
	t.Parallel()
	t.Run("unused", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(nil))
		s.Advance("7d")
		// At the very end of the overlap.
		s.use("k1")
		s.Advance("83d-1s")
		s.plan(2, unproven("k2", "k1"))
		s.Advance("1s")
		s.plan(2)
		s.planned(map[string]any{"access_key_id": unknown, "previous.access_key_id": "k2", "previous.status": "Active"})
		s.apply()
		s.did("delete k1", "create k3")
		s.keys("k2 Active", "k3 Active")
		s.steady()
		s.handovers("k1", "k1 to k2", "k2 to k3")
	})
	t.Run("used after the overlap", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(nil))
		s.use("k2")
		s.Advance("7d1s")
		s.use("k1")
		s.Advance("83d-1s")
		blocked := blockedBy("Inactive key k1 is in its grace until 2026-07-07 00:00:00 UTC")
		s.applyNow(blocked)
		s.did("deactivate k1")
		s.steady(blocked)
		s.Advance("7d-1s")
		s.steady(blocked)
		s.Advance("1s")
		s.step("delete k1", "create k3")
		s.keys("k2 Active", "k3 Active")
		s.state(map[string]any{"rotation_blocked": nil, "previous.access_key_id": "k2", "access_key_id": "k3"})
		s.handovers("k1", "k1 to k2", "k2 to k3")
	})
}

// TestAccRotatingAccessKey_blocked has a job that goes on with the previous key until the next rotation is due.
func TestAccRotatingAccessKey_blocked(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.use("k2")
	s.Advance("90d-1s")
	s.use("k1")
	fact := kept("k1", "2026-06-29 23:59:59 UTC by s3 in eu-west-1", "2026-07-07 23:59:59 UTC")
	waiting, blocked := waits("k1", fact), blockedBy(fact)
	s.steady(waiting)
	s.Advance("1s")
	s.steady(waiting, blocked)
	s.refresh(waiting, blocked)
	s.state(map[string]any{"rotation_blocked": fact, "access_key_id": "k2", "previous.status": "Active"})

	check := `
check "rotation" {
  assert {
    condition     = iamkeys_rotating_access_key.test.rotation_blocked == null
    error_message = "blocked"
  }
}
`
	const failed = "warning: Check block assertion failed"
	s.write(byAge(nil), consumerHCL, check)
	s.steady(waiting, blocked, failed)
	s.write(byAge(keyArgs{"lifecycle": unblocked}), consumerHCL)
	s.plan(1, waiting, blocked, "error: Resource postcondition failed")
	s.says("Blocked: " + fact)

	s.write(byAge(nil), consumerHCL, check)
	s.Advance("8d-2s")
	s.steady(waiting, blocked, failed)
	s.Advance("1s")
	s.plan(2, blockedBy("Inactive key k1 is in its grace until 2026-07-14 23:59:59 UTC"), failed)
	s.apply(failed)
	s.did("deactivate k1")
	s.Advance("7d")
	s.step("delete k1", "create k3")
	s.handovers("k1", "k1 to k2", "k2 to k3")
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
		blocking, lifted keyArgs
		scene            func(s *story)
		fact             string
		// said are the warnings of the apply that goes on.
		did, said []string
	}{
		"paused": {
			blocking: keyArgs{"paused": "true"}, lifted: keyArgs{"paused": "false"},
			fact: "paused is set", did: []string{"create k2"},
		},
		"unmanaged": {
			lifted: keyArgs{"unmanaged_keys": `"delete_unused"`},
			scene:  func(s *story) { s.foreign("theirs") },
			fact:   takenByTheirs, did: []string{"delete theirs", "create k2"},
			said: []string{displaced("theirs", "Active, created 2026-01-01 00:00:00 UTC, never used")},
		},
		"hold": {
			blocking: keyArgs{"hold_previous": "true"}, lifted: keyArgs{"hold_previous": "false"},
			scene: func(s *story) {
				s.write(byAge(keyArgs{"hold_previous": "true", "rotate_when_changed": `{ a = "1" }`}))
				s.step("create k2")
				s.write(byAge(keyArgs{"hold_previous": "true"}))
				s.step()
			},
			fact: "hold_previous keeps key k1", did: []string{"delete k1", "create k3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(byAge(test.blocking))
			s.step("create k1")
			if test.scene != nil {
				test.scene(s)
			}
			s.Advance("90d")
			strict := keyArgs{"lifecycle": unblocked}
			s.write(byAge(test.blocking).with(strict))
			s.plan(1, blockedBy(test.fact), "error: Resource postcondition failed")
			s.says("Blocked: " + test.fact)
			s.write(byAge(test.lifted).with(strict))
			s.applyNow(blockedBy(test.fact))
			s.did()
			s.state(map[string]any{"rotation_blocked": nil})
			s.applyNow(test.said...)
			s.did(test.did...)
			s.steady()
		})
	}
}

// TestAccRotatingAccessKey_zeroDurations shows what zero means for each duration that may be zero.
func TestAccRotatingAccessKey_zeroDurations(t *testing.T) {
	t.Parallel()
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(keyArgs{"overlap": `"0s"`, "grace": `"0s"`, "require_unused_for": `"0s"`}))
		s.keys("k1 Active", "k2 Active")
		s.use("k1")
		s.use("k2")
		s.Advance("1s")
		s.plan(2)
		s.planned(map[string]any{"previous": nil, "access_key_id": "k2"})
		s.apply()
		s.did("deactivate k1", "delete k1")
		s.steady()
		s.handovers("k1", "k1 to k2")
	})
	t.Run("overlap", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(keyArgs{"overlap": `"0s"`}))
		s.use("k1")
		s.use("k2")
		s.Advance("8d-1s")
		s.steady(waits("k1", kept("k1", "2026-04-01 00:00:00 UTC by s3 in eu-west-1", "2026-04-09 00:00:00 UTC")))
		s.Advance("1s")
		s.step("deactivate k1")
		s.Advance("7d-1s")
		s.steady()
		s.Advance("1s")
		s.step("delete k1")
	})
	t.Run("grace", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(keyArgs{"grace": `"0s"`}))
		s.use("k2")
		s.Advance("7d-1s")
		s.steady()
		s.Advance("1s")
		s.step("deactivate k1", "delete k1")
	})
	t.Run("require_unused_for", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(keyArgs{"require_unused_for": `"0s"`}))
		s.use("k2")
		s.Advance("7d-1s")
		s.use("k1")
		s.steady()
		s.Advance("1s")
		s.step("deactivate k1")
		s.state(map[string]any{"previous.deactivated_at": "2026-04-08T00:00:00Z", "previous.delete_at": "2026-04-15T00:00:00Z"})
	})
}

// TestAccRotatingAccessKey_holdPrevious is a rollback to a previous key that this resource has deactivated.
func TestAccRotatingAccessKey_holdPrevious(t *testing.T) {
	t.Parallel()
	s := newInactiveStory(t)
	s.Advance("1d")
	s.write(held(), `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.previous.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.previous.secret_access_key
}
`)
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": unknown,
		"previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.apply()
	s.did("activate k1")
	s.keys("k1 Active", "k2 Active")
	s.state(map[string]any{
		"hold_previous": true, "previous.status": "Active", "previous.replaced_at": "2026-04-09T00:00:00Z",
		"previous.deactivate_at": "2026-04-16T00:00:00Z", "previous.deactivated_at": nil, "previous.deactivated_by": nil, "previous.delete_at": nil,
	})
	s.unused("k1")
	s.steady()
	s.Advance("82d-1s")
	s.steady()
	s.Advance("1s")
	const fact = "hold_previous keeps key k1"
	s.steady(blockedBy(fact))
	s.write(held().with(keyArgs{"rotate_when_changed": `{ a = "1" }`}))
	s.plan(1, blockedBy(fact), refusal(fact))
	s.says("Set hold_previous = false")

	s.write(byAge(nil), consumerHCL)
	s.applyNow(blockedBy(fact))
	s.did()
	s.keys("k1 Active", "k2 Active")
	s.unused("k1")
	s.step("delete k1", "create k3")
	s.handovers("k1", "k1 to k2", "k2 to k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_holdPreviousKeeps is about a hold that finds nothing to reactivate.
func TestAccRotatingAccessKey_holdPreviousKeeps(t *testing.T) {
	t.Parallel()
	t.Run("Active", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(nil))
		s.use("k2")
		s.write(held(), consumerHCL)
		s.step()
		s.Advance("30d")
		s.steady()
		s.write(byAge(nil), consumerHCL)
		s.applyNow()
		s.did()
		s.step("deactivate k1")
	})
	t.Run("set before the rotation", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, held())
		s.Advance("30d")
		s.steady()
		s.keys("k1 Active", "k2 Active")
	})
	t.Run("deactivated by somebody else", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(nil))
		s.setStatus("k1", "Inactive")
		s.step()
		s.state(map[string]any{"previous.deactivated_by": "other", "previous.status": "Inactive"})
		s.write(held(), consumerHCL)
		warning := notReactivated("k1", "key k1 was deactivated by somebody else")
		s.plan(2, warning)
		s.says(update("k1", "Active"))
		s.apply(warning)
		s.did()
		s.steady()
		s.Advance("30d")
		s.steady()
		s.keys("k1 Inactive", "k2 Active")
	})
}

// TestAccRotatingAccessKey_paused is a change freeze.
func TestAccRotatingAccessKey_paused(t *testing.T) {
	t.Parallel()
	paused := byAge(keyArgs{"paused": "true"})
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		s := newSteadyStory(t, byAge(nil))
		s.Advance("90d")
		s.write(paused, consumerHCL)
		s.applyNow()
		s.did()
		s.Advance("30d")
		blocked := blockedBy("paused is set")
		s.steady(blocked)
		s.refresh(blocked)
		s.state(map[string]any{"rotation_blocked": "paused is set", "access_key_id": "k1"})
		s.write(byAge(nil), consumerHCL)
		s.applyNow(blocked)
		s.did()
		s.step("create k2")
		s.state(map[string]any{"rotation_blocked": nil, "access_key_id": "k2"})
		s.handovers("k1", "k1 to k2")
	})
	t.Run("retirement", func(t *testing.T) {
		t.Parallel()
		s := newRotatedStory(t, byAge(nil))
		s.use("k2")
		s.write(paused, consumerHCL)
		s.step()
		s.Advance("30d")
		s.steady()
		s.write(paused.with(keyArgs{"paused": "false"}), consumerHCL)
		s.applyNow()
		s.did()
		s.step("deactivate k1")
	})
	t.Run("not a request", func(t *testing.T) {
		t.Parallel()
		s := newSteadyStory(t, paused)
		s.write(paused.with(keyArgs{"rotate_when_changed": `{ a = "1" }`}), consumerHCL)
		s.step("create k2")
		s.handovers("k1", "k1 to k2")
	})
}

// TestAccRotatingAccessKey_unconfirmed has AWS accept a change and then give no list, or no clear answer at all: what is
// said and what the state holds is what is true.
func TestAccRotatingAccessKey_unconfirmed(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.use("k2")
	s.Advance("7d")
	s.plan(2)
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "UpdateAccessKey" || call.Action == "DeleteAccessKey" {
			s.Sim.Deny("*", "iam:ListAccessKeys")
		}
	})
	s.apply("warning: IAM has not confirmed yet that key k1 is Inactive")
	s.says("AWS accepted the change.")
	s.did("deactivate k1")
	s.state(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "iamkeys", "previous.deactivated_at": "2026-04-08T00:00:00Z"})

	s.Sim.ClearDenials()
	s.steady()
	s.Advance("7d")
	s.plan(2)
	s.apply("warning: IAM has not confirmed yet that key k1 is gone")
	s.did("delete k1")
	s.Sim.OnCall(nil)
	s.Sim.ClearDenials()
	s.steady()

	s.Advance("83d")
	s.applyNow()
	s.did("create k3")
	s.use("k3")
	s.unused("k2")
	s.Advance("7d")
	s.provider = s.ProviderConfigAs(s.Sim.Root(), "max_retries = 0")
	s.write(byAge(nil), consumerHCL)
	s.plan(2)
	s.Sim.AddFault(iamsim.Fault{Action: "UpdateAccessKey", Kind: iamsim.ErrorAfterCommit})
	s.apply(`error: Key k2 of user "ci" could not be made Inactive`)
	s.says("Key k2 may have been changed all the same: the next plan shows what is true.")
	s.Sim.ClearFaults()
	s.state(map[string]any{"previous.status": "Active"})
	s.plan(2)
	s.planned(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "other", "previous.deactivated_at": unknown})
}
