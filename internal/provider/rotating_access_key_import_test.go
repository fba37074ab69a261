package provider_test

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// asksAndAge is a policy with both kinds of triggers.
const asksAndAge = `
  rotate_after        = "90d"
  rotate_when_changed = { quarter = "2026-Q1" }
  revoke_when_changed = { incident = "none" }`

func TestAccRotatingAccessKey_import(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	only := s.Sim.CreateAccessKey("app")
	user, _ := s.Sim.User("app")
	s.Advance("30d")
	s.write(managedKey("app", asksAndAge), importBlock(sceneAddress, "app"), consumedIDs)
	s.planOut(2)
	s.shows(map[string]any{
		"action": "update", "access_key_id": only.AccessKeyID, "secret_access_key": nil, "account_id": "123456789012", "user_unique_id": user.ID,
		"status": "Active", "created_at": "2026-01-01T00:00:00Z", "rotate_at": "2026-04-01T00:00:00Z", "rotation_reason": "imported",
		"rotation_blocked": nil, "version": 1767225600, "previous": nil, "overlap": "7d", "grace": "7d", "require_unused_for": "8d",
	})
	s.ResetCalls()
	s.applySaved(0)
	s.mutations()
	s.holds(map[string]any{"access_key_id": only.AccessKeyID, "secret_access_key": nil, "rotate_when_changed": map[string]any{"quarter": "2026-Q1"}})
	s.ResetCalls()
	s.plan(0)
	if got, want := s.CallList(), []string{"ListAccessKeys"}; !slices.Equal(got, want) {
		t.Errorf("calls %q of a steady plan, want %q", got, want)
	}

	// From now on it is like any other: a request rotates, and the new key has a secret.
	s.Advance("1d")
	s.write(managedKey("app", `
  rotate_after        = "90d"
  rotate_when_changed = { quarter = "2026-Q2" }
  revoke_when_changed = { incident = "none" }`), consumedKey)
	s.apply(0)
	second := s.text("access_key_id")
	s.holds(map[string]any{
		"rotation_reason": "rotate_when_changed: quarter", "version": 1769904000, "previous.access_key_id": only.AccessKeyID,
		"previous.secret_access_key": nil, "previous.replaced_at": "2026-02-01T00:00:00Z", "previous.adopted": false,
	})
	s.handedOver(only.AccessKeyID, false, second) // the dependant had the id alone
	s.keys("app", only.AccessKeyID+" Active", second+" Active")
	s.plan(0)
	s.destroy(0)
	s.keys("app")
}

// consumedIDs is a dependant on a key whose secret is not known to Terraform.
const consumedIDs = `
resource "iamkeystest_consumer" "app" {
  access_key_id     = iamkeys_rotating_access_key.app.access_key_id
  secret_access_key = "handed over by hand"
}
`

// A key that is old enough when it is imported is rotated by the plan after the one that imports it.
func TestAccRotatingAccessKey_importOld(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	only := s.Sim.CreateAccessKey("app").AccessKeyID
	s.Advance("400d")
	s.write(managedKey("app", rotateByAge), importBlock(sceneAddress, "app"))
	s.plan(2, "warning: rotate_after 90d makes key "+only+" due since 2026-04-01 00:00:00 UTC: the next plan rotates it")
	s.Apply()
	s.Want(0)
	s.mutations()
	s.plan(2)
	s.apply(0)
	s.mutations("create " + s.text("access_key_id"))
	s.plan(0)
}

// An Inactive key is imported as it is; the plan after that replaces it.
func TestAccRotatingAccessKey_importInactive(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	only := s.Sim.CreateAccessKey("app").AccessKeyID
	s.Sim.SetStatus(only, "Inactive")
	s.Advance("1d")
	s.write(managedKey("app", rotateByAge), importBlock(sceneAddress, "app"))
	s.apply(0)
	s.mutations()
	s.holds(map[string]any{"access_key_id": only, "status": "Inactive", "inactive_since": "2026-01-02T00:00:00Z"})
	s.plan(2)
	s.apply(0)
	second := s.text("access_key_id")
	s.mutations("create " + second)
	s.keys("app", only+" Inactive", second+" Active")
	s.plan(0)
}

// The key that the id does not name stays unmanaged.
func TestAccRotatingAccessKey_importOneOfTwo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, two := s.Sim.CreateAccessKey("app").AccessKeyID, s.Sim.CreateAccessKey("app").AccessKeyID
	s.Advance("30d")
	s.write(managedKey("app", rotateByAge), importBlock(sceneAddress, "app/"+two))
	s.apply(0)
	s.mutations()
	s.holds(map[string]any{"access_key_id": two, "previous": nil})
	s.plan(0)

	s.Advance("60d")
	blocked := "the slot is taken by key " + one + " (Active, created 2026-01-01 00:00:00 UTC, never used), which this resource did not make"
	s.plan(0, "warning: "+blocked)
	s.detailed(blocked, "aws iam delete-access-key --user-name app --access-key-id "+one, "unmanaged_keys")
	s.apply(0, "warning: "+blocked)
	s.holds(map[string]any{"access_key_id": two, "rotation_blocked": blocked})
	s.mutations()

	s.destroy(0)
	s.keys("app", one+" Active")
}

func TestAccRotatingAccessKey_importBoth(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"Active", "Inactive"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			one, two := s.Sim.CreateAccessKey("app").AccessKeyID, s.Sim.CreateAccessKey("app").AccessKeyID
			s.Sim.SetStatus(one, status)
			s.Advance("30d")
			s.write(managedKey("app", rotateByAge), importBlock(sceneAddress, "app/"+two+"/"+one))
			s.apply(0)
			s.mutations()
			want := map[string]any{
				"access_key_id": two, "previous.access_key_id": one, "previous.status": status, "previous.replaced_at": "2026-01-31T00:00:00Z",
				"previous.deactivate_at": "2026-02-07T00:00:00Z", "previous.secret_access_key": nil, "previous.adopted": false,
				"previous.deactivated_at": nil, "previous.delete_at": nil, "previous.deactivated_by": nil,
			}
			retirement, warnings := "make "+one+" Inactive", []string{"warning: Current key " + two + " has not been used yet"}
			if status == "Inactive" {
				want["previous.deactivated_at"], want["previous.delete_at"] = "2026-01-31T00:00:00Z", "2026-02-07T00:00:00Z"
				want["previous.deactivated_by"] = "other"
				retirement, warnings = "delete "+one, nil
			}
			s.holds(want)
			s.plan(0)

			s.Advance("7d-1s")
			s.plan(0)
			s.Advance("1s")
			s.plan(2, warnings...)
			s.ResetCalls()
			s.apply(0, warnings...)
			s.mutations(retirement)
			s.plan(0)
		})
	}
}

func TestAccRotatingAccessKey_importErrors(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.Sim.CreateUser("none")
	one := s.Sim.CreateAccessKey("app").AccessKeyID
	s.Advance("1s")
	two := s.Sim.CreateAccessKey("app").AccessKeyID
	for _, tc := range []struct{ user, id, summary, detail string }{
		{"app", "app", `User "app" has 2 access keys: name the current one`, "app/" + two + "/" + one},
		{"app", "app", "name the current one", one + " (Active, created 2026-01-01 00:00:00 UTC)"},
		{"none", "none", `User "none" has no access key to import`, "no keys"},
		{"nobody", "nobody", `Access keys of user "nobody" can't be read`, `Check that "nobody" exists`},
		{"app", "app/AKIAAAAAAAAAAAAAAAAA", `User "app" has no access key AKIAAAAAAAAAAAAAAAAA`, two},
		{"app", "app/" + one + "/AKIAAAAAAAAAAAAAAAAA", `User "app" has no access key AKIAAAAAAAAAAAAAAAAA`, two},
		{"app", "app/" + one + "/" + one, "Key " + one + " can't be both current and previous", two},
	} {
		s.write(managedKey(tc.user, rotateByAge), importBlock(sceneAddress, tc.id))
		s.plan(1, "error: "+tc.summary)
		s.detailed(tc.summary, tc.detail, "othing was")
	}
	s.mutations()
	if s.attributes() != nil {
		t.Error("an import that failed left something in the state")
	}
}

func TestAccRotatingAccessKey_importVerify(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	config := w.ProviderConfig() + managedKey("app", asksAndAge)
	configured := []string{
		"rotate_after", "overlap", "grace", "require_unused_for", "rotate_when_changed", "revoke_when_changed", "hold_previous", "paused",
		"unmanaged_keys", "wait_until_usable", "skip_destroy", "rotate_at",
	}
	w.Test(t,
		resource.TestStep{
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply:             []plancheck.PlanCheck{plancheck.ExpectResourceAction(sceneAddress, plancheck.ResourceActionCreate)},
				PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
			},
		},
		resource.TestStep{
			ResourceName:            sceneAddress,
			ImportState:             true,
			ImportStateId:           "app",
			ImportStateVerify:       true,
			ImportStateVerifyIgnore: append(configured, "secret_access_key", "rotation_reason"),
		},
	)
}
