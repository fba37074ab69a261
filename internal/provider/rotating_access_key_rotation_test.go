package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// keyID returns a function that finds the id of the n-th key of ci, oldest first.
func keyID(w *acctest.World, n int) func() string {
	return func() string { return w.Sim.Keys("ci")[n].ID }
}

// keySecret is keyID for the secret.
func keySecret(w *acctest.World, n int) func() string {
	return func() string { return w.Sim.Secret(w.Sim.Keys("ci")[n].ID).Reveal() }
}

var emptyPlan = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

func TestAccRotatingAccessKey_basic(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	user := w.Sim.CreateUser("ci")
	config := keyHCL(w, byAge(nil), consumerHCL)
	resource.UnitTest(t, resource.TestCase{
		ProtoV6ProviderFactories: w.Factories(),
		Steps: []resource.TestStep{
			{
				Config: config,
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: planValues(plancheck.ResourceActionCreate, map[string]any{
					"id": "ci", "access_key_id": unknown{}, "secret_access_key": unknown{}, "created_at": unknown{}, "version": unknown{},
					"rotate_at": unknown{}, "account_id": unknown{}, "user_unique_id": unknown{},
					"status": "Active", "rotation_reason": "created", "rotation_blocked": nil, "previous": nil,
					"overlap": "7d", "grace": "7d", "require_unused_for": "8d",
				})},
				ConfigStateChecks: stateValues(map[string]any{
					"user": "ci", "rotate_after": "90d", "overlap": "7d", "grace": "7d", "require_unused_for": "8d",
					"rotate_when_changed": nil, "revoke_when_changed": nil, "hold_previous": false, "paused": false,
					"unmanaged_keys": "refuse", "wait_until_usable": true, "description": nil, "skip_destroy": false,
					"id": "ci", "account_id": "123456789012", "user_unique_id": user.ID,
					"access_key_id": keyID(w, 0), "secret_access_key": keySecret(w, 0), "status": "Active",
					"created_at": "2026-01-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-04-01T00:00:00Z",
					"rotation_reason": "created", "rotation_blocked": nil, "version": 1767225600, "previous": nil,
				}),
				Check: w.CheckConsumers,
			},
			{PreConfig: w.After("89d"), Config: config, ConfigPlanChecks: emptyPlan},
		},
		CheckDestroy: func(*terraform.State) error {
			if len(w.Sim.Keys("ci")) > 0 {
				return errors.New("ci still has a key")
			}
			return nil
		},
	})
}

func TestAccRotatingAccessKey_rotation(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	config := keyHCL(w, byAge(nil), consumerHCL)
	reason := func() string {
		return "key " + w.Sim.Keys("ci")[0].ID + " of 2026-01-01 00:00:00 UTC reached rotate_after 90d"
	}
	w.Test(t,
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: w.After("90d-1s"), Config: config, ConfigPlanChecks: emptyPlan},
		resource.TestStep{
			PreConfig: w.After("1s"),
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(planValues(plancheck.ResourceActionUpdate, map[string]any{
				"access_key_id": unknown{}, "secret_access_key": unknown{}, "created_at": unknown{}, "rotate_at": unknown{}, "version": unknown{},
				"previous.replaced_at": unknown{}, "previous.deactivate_at": unknown{},
				"status": "Active", "rotation_reason": reason, "rotation_blocked": nil, "account_id": "123456789012",
				"previous.access_key_id": keyID(w, 0), "previous.secret_access_key": keySecret(w, 0), "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.deactivated_at": nil, "previous.delete_at": nil,
				"previous.adopted": false, "previous.revoked": false,
			}), plancheck.ExpectResourceAction("iamkeystest_consumer.test", plancheck.ResourceActionUpdate),
				plancheck.ExpectSensitiveValue(keyAddress, attributePath("secret_access_key")),
				plancheck.ExpectSensitiveValue(keyAddress, attributePath("previous.secret_access_key")))},
			ConfigStateChecks: stateValues(map[string]any{
				"access_key_id": keyID(w, 1), "secret_access_key": keySecret(w, 1), "status": "Active",
				"created_at": "2026-04-01T00:00:00Z", "inactive_since": nil, "rotate_at": "2026-06-30T00:00:00Z",
				"rotation_reason": reason, "rotation_blocked": nil, "version": 1775001600,
				"previous.access_key_id": keyID(w, 0), "previous.secret_access_key": keySecret(w, 0), "previous.status": "Active",
				"previous.created_at": "2026-01-01T00:00:00Z", "previous.replaced_at": "2026-04-01T00:00:00Z",
				"previous.deactivate_at": "2026-04-08T00:00:00Z", "previous.deactivated_at": nil, "previous.deactivated_by": nil,
				"previous.delete_at": nil, "previous.adopted": false, "previous.revoked": false,
			}),
			Check: w.CheckConsumers,
		},
		resource.TestStep{Config: config, ConfigPlanChecks: emptyPlan},
	)
	wantHandovers(t, w, true)
}

// wantHandovers checks that a consumer was created and then updated once per value, and that the new key worked each time.
// The value tells whether the old key worked while the consumer was updated.
func wantHandovers(t *testing.T, w *acctest.World, oldWorked ...bool) {
	t.Helper()
	journal := w.Journal()
	if len(journal) != 1+len(oldWorked) || journal[0].Step != "create" || !journal[0].NewWorked {
		t.Fatalf("journal %+v, want a creation and %d updates", journal, len(oldWorked))
	}
	for i, worked := range oldWorked {
		before, now := journal[i], journal[i+1]
		if now.Step != "update" || now.OldKeyID != before.NewKeyID || now.NewKeyID == now.OldKeyID || !now.NewWorked || now.OldWorked != worked {
			t.Errorf("handover %+v after key %s, want an update to another key that works, while the old one works: %t", now, before.NewKeyID, worked)
		}
	}
}

// rotated is a life whose key k1 was replaced by k2 on day 90, with a consumer.
func rotated(t *testing.T, args keyArgs) *life {
	t.Helper()
	s := newLife(t)
	s.write(args, consumerHCL)
	s.plan(2)
	s.apply()
	s.did("create k1")
	s.Advance("90d")
	s.plan(2)
	s.apply()
	s.did("create k2")
	s.unused("k1")
	return s
}

const dueUnused = "Current key k2 has not been used yet, and previous key k1 is due for deactivation"

// waits is the warning that previous key k1 was used too recently.
func waits(used, until string) string {
	return `Previous key k1 of user "ci" is not retired yet: key k1 was used at ` + used + "; require_unused_for keeps it until " + until
}

// TestAccRotatingAccessKey_lifecycle is a retirement, a second before and at each of its dates.
func TestAccRotatingAccessKey_lifecycle(t *testing.T) {
	t.Parallel()
	s := newLife(t)
	s.write(byAge(nil), consumerHCL)
	s.step("create k1")
	s.Advance("90d")
	s.step("create k2")
	s.keys("k1 Active", "k2 Active")

	s.Advance("7d-1s")
	s.steady()
	// The consumer used its old key once more while it was updated.
	s.Advance("1s")
	s.steady(waits("2026-04-01 00:00:00 UTC by sts in us-east-1", "2026-04-09 00:00:00 UTC"))
	s.use("k1")
	s.steady(waits("2026-04-08 00:00:00 UTC by s3 in eu-west-1", "2026-04-16 00:00:00 UTC"))
	s.Advance("8d-1s")
	s.steady(waits("2026-04-08 00:00:00 UTC by s3 in eu-west-1", "2026-04-16 00:00:00 UTC"))
	s.Advance("1s")
	s.plan(2, dueUnused)
	s.use("k2")
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": "k2", "secret_access_key": s.Sim.Secret(s.id("k2")).Reveal(), "version": 1775001600, "rotation_blocked": nil,
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.deactivated_at": unknown{}, "previous.delete_at": unknown{},
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
	wantHandovers(t, s.World, true)
}

// TestAccRotatingAccessKey_graceFromLastUse has IAM report a use of the Inactive key late.
func TestAccRotatingAccessKey_graceFromLastUse(t *testing.T) {
	t.Parallel()
	s := rotated(t, byAge(nil))
	s.use("k2")
	s.Advance("7d")
	s.step("deactivate k1")
	s.Advance("1d")
	s.use("k1")
	s.Advance("6d")
	s.steady()
	s.Advance("1d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete k1")
}

// TestAccRotatingAccessKey_rareApplies applies only when a rotation is due: rule 4's exception, and what stands against it.
func TestAccRotatingAccessKey_rareApplies(t *testing.T) {
	t.Parallel()
	t.Run("unused", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(nil))
		s.Advance("7d")
		// At the very end of the overlap.
		s.use("k1")
		s.Advance("83d-1s")
		s.plan(2, dueUnused)
		s.Advance("1s")
		s.plan(2)
		s.planned(map[string]any{"access_key_id": unknown{}, "previous.access_key_id": "k2", "previous.status": "Active"})
		s.apply()
		s.did("delete k1", "create k3")
		s.keys("k2 Active", "k3 Active")
		s.steady()
		wantHandovers(t, s.World, true, true)
	})
	t.Run("used after the overlap", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(nil))
		s.use("k2")
		s.Advance("7d1s")
		s.use("k1")
		s.Advance("83d-1s")
		blocked := `Rotation of user "ci" is due and waits: Inactive key k1 is in its grace until 2026-07-07 00:00:00 UTC`
		s.plan(2, blocked)
		s.apply()
		s.did("deactivate k1")
		s.steady(blocked)
		s.Advance("7d-1s")
		s.steady(blocked)
		s.Advance("1s")
		s.step("delete k1", "create k3")
		s.keys("k2 Active", "k3 Active")
		s.state(map[string]any{"rotation_blocked": nil, "previous.access_key_id": "k2", "access_key_id": "k3"})
		wantHandovers(t, s.World, true, true)
	})
}

// TestAccRotatingAccessKey_blocked has a job that goes on with the previous key until the next rotation is due.
func TestAccRotatingAccessKey_blocked(t *testing.T) {
	t.Parallel()
	s := rotated(t, byAge(nil))
	s.use("k2")
	s.Advance("90d-1s")
	s.use("k1")
	const fact = "key k1 was used at 2026-06-29 23:59:59 UTC by s3 in eu-west-1; require_unused_for keeps it until 2026-07-07 23:59:59 UTC"
	const waiting = `Previous key k1 of user "ci" is not retired yet: ` + fact
	const blocked = `Rotation of user "ci" is due and waits: ` + fact
	s.steady(waiting)
	s.Advance("1s")
	s.steady(waiting, blocked)
	s.refresh()
	s.state(map[string]any{"rotation_blocked": fact, "access_key_id": "k2", "previous.status": "Active"})

	check := `
check "rotation" {
  assert {
    condition     = iamkeys_rotating_access_key.test.rotation_blocked == null
    error_message = "blocked"
  }
}
`
	s.write(byAge(nil), consumerHCL, check)
	s.steady(waiting, blocked, "Check block assertion failed")
	s.write(byAge(keyArgs{"lifecycle": unblocked}), consumerHCL)
	s.planFails("Resource postcondition failed", "Blocked: "+fact)

	s.write(byAge(nil), consumerHCL, check)
	s.Advance("8d-2s")
	s.steady(waiting, blocked, "Check block assertion failed")
	s.Advance("1s")
	s.plan(2, `Rotation of user "ci" is due and waits: Inactive key k1 is in its grace until 2026-07-14 23:59:59 UTC`, "Check block assertion failed")
	s.apply("Check block assertion failed")
	s.did("deactivate k1")
	s.Advance("7d")
	s.plan(2)
	s.apply()
	s.did("delete k1", "create k3")
	s.steady()
	wantHandovers(t, s.World, true, true)
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
		scene            func(s *life)
		fact             string
		did              []string
	}{
		"paused": {
			blocking: keyArgs{"paused": "true"}, lifted: keyArgs{"paused": "false"},
			fact: "paused is set", did: []string{"create k2"},
		},
		"unmanaged": {
			lifted: keyArgs{"unmanaged_keys": `"delete_unused"`},
			scene:  func(s *life) { s.foreign("theirs") },
			fact:   takenByTheirs, did: []string{"delete theirs", "create k2"},
		},
		"hold": {
			blocking: keyArgs{"hold_previous": "true"}, lifted: keyArgs{"hold_previous": "false"},
			scene: func(s *life) {
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
			s := newLife(t)
			s.write(byAge(test.blocking))
			s.step("create k1")
			if test.scene != nil {
				test.scene(s)
			}
			s.Advance("90d")
			strict := keyArgs{"lifecycle": unblocked}
			s.write(byAge(test.blocking).with(strict))
			s.planFails("Resource postcondition failed", "Blocked: "+test.fact)
			s.write(byAge(test.lifted).with(strict))
			s.plan(2, blockedBy(test.fact))
			s.apply()
			s.did()
			s.state(map[string]any{"rotation_blocked": nil})
			s.step(test.did...)
		})
	}
}

// TestAccRotatingAccessKey_zeroDurations shows what zero means for each duration that may be zero.
func TestAccRotatingAccessKey_zeroDurations(t *testing.T) {
	t.Parallel()
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(keyArgs{"overlap": `"0s"`, "grace": `"0s"`, "require_unused_for": `"0s"`}))
		s.keys("k1 Active", "k2 Active")
		s.use("k1")
		s.use("k2")
		s.Advance("1s")
		s.plan(2)
		s.planned(map[string]any{"previous": nil, "access_key_id": "k2"})
		s.apply()
		s.did("deactivate k1", "delete k1")
		s.steady()
		wantHandovers(t, s.World, true)
	})
	t.Run("overlap", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(keyArgs{"overlap": `"0s"`}))
		s.use("k1")
		s.use("k2")
		s.Advance("8d-1s")
		s.steady(waits("2026-04-01 00:00:00 UTC by s3 in eu-west-1", "2026-04-09 00:00:00 UTC"))
		s.Advance("1s")
		s.step("deactivate k1")
		s.Advance("7d-1s")
		s.steady()
		s.Advance("1s")
		s.step("delete k1")
	})
	t.Run("grace", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(keyArgs{"grace": `"0s"`}))
		s.use("k2")
		s.Advance("7d-1s")
		s.steady()
		s.Advance("1s")
		s.step("deactivate k1", "delete k1")
	})
	t.Run("require_unused_for", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(keyArgs{"require_unused_for": `"0s"`}))
		s.use("k2")
		s.Advance("7d-1s")
		s.use("k1")
		s.steady()
		s.Advance("1s")
		s.step("deactivate k1")
		s.state(map[string]any{"previous.deactivated_at": "2026-04-08T00:00:00Z", "previous.delete_at": "2026-04-15T00:00:00Z"})
	})
}

// blockedBy is the warning that a rotation waits.
func blockedBy(fact string) string { return `Rotation of user "ci" is due and waits: ` + fact }

// TestAccRotatingAccessKey_holdPrevious is a rollback to a previous key that this resource has deactivated.
func TestAccRotatingAccessKey_holdPrevious(t *testing.T) {
	t.Parallel()
	s := rotated(t, byAge(nil))
	s.use("k2")
	s.Advance("7d")
	s.step("deactivate k1")
	s.Advance("1d")
	held := byAge(keyArgs{"hold_previous": "true"})
	s.write(held, `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.previous.access_key_id
  secret_access_key = iamkeys_rotating_access_key.test.previous.secret_access_key
}
`)
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Active", "previous.replaced_at": unknown{},
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
	s.steady(blockedBy("hold_previous keeps key k1"))
	s.write(held.with(keyArgs{"rotate_when_changed": `{ a = "1" }`}))
	s.planFails(`Rotation of user "ci" was asked for and is not possible: hold_previous keeps key k1`, "Set hold_previous = false")

	s.write(byAge(nil), consumerHCL)
	s.plan(2, blockedBy("hold_previous keeps key k1"))
	s.apply()
	s.did()
	s.keys("k1 Active", "k2 Active")
	s.unused("k1")
	s.step("delete k1", "create k3")
	wantHandovers(t, s.World, true, true, true, true)
}

// TestAccRotatingAccessKey_holdPreviousKeeps is about a hold that finds nothing to reactivate.
func TestAccRotatingAccessKey_holdPreviousKeeps(t *testing.T) {
	t.Parallel()
	held := byAge(keyArgs{"hold_previous": "true"})
	t.Run("Active", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(nil))
		s.use("k2")
		s.write(held, consumerHCL)
		s.step()
		s.Advance("30d")
		s.steady()
		s.write(byAge(nil), consumerHCL)
		s.plan(2)
		s.apply()
		s.did()
		s.step("deactivate k1")
	})
	t.Run("set before the rotation", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, held)
		s.Advance("30d")
		s.steady()
		s.keys("k1 Active", "k2 Active")
	})
	t.Run("deactivated by somebody else", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(nil))
		s.Sim.SetStatus(s.id("k1"), "Inactive")
		s.step()
		s.state(map[string]any{"previous.deactivated_by": "other", "previous.status": "Inactive"})
		s.write(held, consumerHCL)
		const kept = "Previous key k1 is not reactivated: key k1 was deactivated by somebody else"
		s.plan(2, kept)
		const command = "aws iam update-access-key --user-name ci --access-key-id k1 --status Active"
		if detail := s.detail(kept); !strings.Contains(detail, command) {
			t.Errorf("detail %q lacks the command %q", detail, command)
		}
		s.apply(kept)
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
		s := newLife(t)
		s.write(byAge(nil), consumerHCL)
		s.step("create k1")
		s.Advance("90d")
		s.write(paused, consumerHCL)
		s.plan(2)
		s.apply()
		s.did()
		s.Advance("30d")
		s.steady(blockedBy("paused is set"))
		s.refresh()
		s.state(map[string]any{"rotation_blocked": "paused is set", "access_key_id": "k1"})
		s.write(byAge(nil), consumerHCL)
		s.plan(2, blockedBy("paused is set"))
		s.apply()
		s.did()
		s.step("create k2")
		s.state(map[string]any{"rotation_blocked": nil, "access_key_id": "k2"})
		wantHandovers(t, s.World, true)
	})
	t.Run("retirement", func(t *testing.T) {
		t.Parallel()
		s := rotated(t, byAge(nil))
		s.use("k2")
		s.write(paused, consumerHCL)
		s.step()
		s.Advance("30d")
		s.steady()
		s.write(paused.with(keyArgs{"paused": "false"}), consumerHCL)
		s.plan(2)
		s.apply()
		s.did()
		s.step("deactivate k1")
	})
	t.Run("not a request", func(t *testing.T) {
		t.Parallel()
		s := newLife(t)
		s.write(paused, consumerHCL)
		s.step("create k1")
		s.write(paused.with(keyArgs{"rotate_when_changed": `{ a = "1" }`}), consumerHCL)
		s.step("create k2")
		wantHandovers(t, s.World, true)
	})
}
