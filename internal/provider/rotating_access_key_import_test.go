package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// asksAndAge are byAge's arguments with both kinds of triggers.
func asksAndAge(quarter string) acctest.Args {
	return acctest.Asking(`{ quarter = "` + quarter + `" }`).With(acctest.Args{"revoke_when_changed": `{ incident = "none" }`})
}

// newTwoKeys is a story in which ci has a key k1 of the first of January and a key k2 that is a second younger, both created by
// somebody else.
func newTwoKeys(t *testing.T) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t)
	s.CreateForeignKey("k1")
	s.Advance("1s")
	s.CreateForeignKey("k2")
	return s
}

// consumedByHand is a dependant on a key whose secret is not known to Terraform.
const consumedByHand = `
resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_access_key = "handed over by hand"
}
`

func TestAccRotatingAccessKey_import(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("only")
	user, _ := s.Sim.User("ci")
	s.Advance("30d")
	s.Write(asksAndAge("2026-Q1"), acctest.ImportHCL(acctest.KeyAddress, "ci"), consumedByHand)
	baseline := acctest.Warns("revoke_when_changed revokes nothing at the first apply after an import", "key only (Active",
		acctest.StatusCommand("only", "Inactive"))
	s.Plan(2, baseline)
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "only", "secret_access_key": nil, "account_id": "123456789012", "user_unique_id": user.ID,
		"status": "Active", "created_at": "2026-01-01T00:00:00Z", "rotate_at": "2026-04-01T00:00:00Z", "last_change": "import only",
		"managed_since":    "2026-01-31T00:00:00Z",
		"rotation_blocked": nil, "version": 1767225600, "previous": nil, "overlap": "7d", "grace": "7d", "require_unused_for": "8d",
	})
	s.ApplyPlan(baseline)
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "only", "secret_access_key": nil, "rotate_when_changed.quarter": "2026-Q1"})
	s.Plan(0)
	s.WantCalls("ListAccessKeys")

	// From now on it is like any other: a request rotates, and the new key has a secret.
	s.Advance("1d")
	s.Write(asksAndAge("2026-Q2"), acctest.ConsumerHCL)
	s.Step("create k1")
	s.WantState(map[string]any{
		"last_change": "rotate only: asked by rotate_when_changed (quarter)", "version": 1769904000, "previous.access_key_id": "only",
		"previous.secret_access_key": nil, "previous.replaced_at": "2026-02-01T00:00:00Z", "previous.adopted": false,
	})
	s.WantHandovers("only (dead)", "only (dead) to k1") // the dependant had the id alone
	s.WantKeys("only Active", "k1 Active")
	s.Destroy()
	s.WantKeys()
}

// A key that is old enough when it is imported is rotated by the plan after the one that imports it.
func TestAccRotatingAccessKey_importOld(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("only")
	s.Advance("400d")
	s.Write(acctest.ByAge(nil), acctest.ImportHCL(acctest.KeyAddress, "ci"))
	s.Plan(2, acctest.DueAtOnce("90d", "only", "2027-02-05 00:00:00 UTC"))
	s.ApplyPlan()
	s.WantChanges()
	s.Step("create k1")
}

// An Inactive key is imported as it is; the plan after that replaces it.
func TestAccRotatingAccessKey_importInactive(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("only")
	s.SetStatus("only", "Inactive")
	s.Advance("1d")
	// It does not stay Active, so nothing warns about a revoke_when_changed that revokes nothing.
	s.Write(acctest.Revoking(`{ incident = "1" }`), acctest.ImportHCL(acctest.KeyAddress, "ci"))
	s.Apply()
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "only", "status": "Inactive", "inactive_since": "2026-01-02T00:00:00Z"})
	s.Step("create k1")
	s.WantKeys("only Inactive", "k1 Active")
}

// The key that the id does not name stays unmanaged.
func TestAccRotatingAccessKey_importOneOfTwo(t *testing.T) {
	t.Parallel()
	s := newTwoKeys(t)
	s.Advance("30d")
	s.Write(acctest.ByAge(nil), acctest.ImportHCL(acctest.KeyAddress, "ci/"+s.KeyID("k2")))
	blocks := acctest.WillBlock("k1", acctest.NeverUsed(acctest.FirstDay), "2026-04-01 00:00:01 UTC")
	s.Apply(blocks)
	s.WantChanges()
	s.PlanEmpty(blocks)
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})

	s.Advance("60d")
	fact := acctest.SlotTaken("k1")
	s.PlanEmpty(acctest.RotationWaits(fact))
	s.WantDetail(acctest.DeleteCommand("k1"), "unmanaged_keys")
	s.Refresh(acctest.RotationWaits(fact))
	s.WantState(map[string]any{"access_key_id": "k2", "rotation_blocked": fact})

	s.Destroy()
	s.WantKeys("k1 Active")
}

func TestAccRotatingAccessKey_importBoth(t *testing.T) {
	t.Parallel()
	for status, tc := range map[string]struct {
		previous   map[string]any
		retirement string
	}{
		"Active": {
			previous:   map[string]any{"previous.deactivated_at": nil, "previous.delete_at": nil, "previous.deactivated_by": nil},
			retirement: "deactivate k1",
		},
		"Inactive": {
			previous: map[string]any{
				"previous.deactivated_at": "2026-01-31T00:00:01Z", "previous.delete_at": "2026-02-07T00:00:01Z", "previous.deactivated_by": "other",
			},
			retirement: "delete k1",
		},
	} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			s := newTwoKeys(t)
			s.SetStatus("k1", status)
			s.Advance("30d")
			s.Write(acctest.ByAge(nil), acctest.ImportHCL(acctest.KeyAddress, "ci/"+s.KeyID("k2")+"/"+s.KeyID("k1")))
			s.Step()
			s.WantState(map[string]any{
				"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": status, "previous.replaced_at": "2026-01-31T00:00:01Z",
				"previous.deactivate_at": "2026-02-07T00:00:01Z", "previous.secret_access_key": nil, "previous.adopted": false,
			})
			s.WantState(tc.previous)

			s.UseKey("k2")
			s.Advance("7d-1s")
			s.PlanEmpty()
			s.Advance("1s")
			s.Step(tc.retirement)
		})
	}
}

func TestAccRotatingAccessKey_importErrors(t *testing.T) {
	t.Parallel()
	s := newTwoKeys(t)
	s.Sim.CreateUser("none")
	one, two := s.KeyID("k1"), s.KeyID("k2")
	const absent = "AKIAAAAAAAAAAAAAAAAA"
	for _, tc := range []struct {
		user, id, summary string
		detail            []string
	}{
		{"ci", "ci", `User "ci" has 2 access keys: name the current one`, []string{
			"ci/k2/k1", "k1 (Active, created 2026-01-01 00:00:00 UTC, never used)",
		}},
		{"none", "none", `User "none" has no access key to import`, []string{"no keys"}},
		{"nobody", "nobody", `Access keys of user "nobody" can't be read`, []string{`Check that "nobody" exists`}},
		{"ci", "ci/" + absent, `User "ci" has no access key ` + absent, []string{"k2"}},
		{"ci", "ci/" + one + "/" + absent, `User "ci" has no access key ` + absent, []string{"k2"}},
		{"ci", "ci/" + two + "/" + two, "Key k2 can't be both current and previous", []string{"k1"}},
	} {
		s.Write(acctest.OfUser(tc.user), acctest.ImportHCL(acctest.KeyAddress, tc.id))
		s.Plan(1, acctest.Fails(tc.summary))
		s.WantDetail(append(tc.detail, "othing was")...)
	}
	s.WantChanges()
	if s.Attributes() != nil {
		t.Error("an import that failed left something in the state")
	}
}

func TestAccRotatingAccessKey_importVerify(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	// An import knows no configuration, and what follows from it, nor the secret.
	unknown := []string{"rotate_at", "secret_access_key", "last_change"}
	for _, attribute := range newProtocol(t, s.World).schema.Block.Attributes {
		if attribute.Optional {
			unknown = append(unknown, attribute.Name)
		}
	}
	s.Test(t,
		resource.TestStep{
			Config: s.Config(asksAndAge("2026-Q1")),
			ConfigPlanChecks: resource.ConfigPlanChecks{
				PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(acctest.KeyAddress, plancheck.ResourceActionCreate)},
			},
		},
		resource.TestStep{
			ResourceName:            acctest.KeyAddress,
			ImportState:             true,
			ImportStateId:           "ci",
			ImportStateVerify:       true,
			ImportStateVerifyIgnore: unknown,
		},
	)
}
