package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestAccRotatingAccessKey_disappears(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("app")
	w.Test(t, resource.TestStep{
		Config:             w.ProviderConfig() + managedKey("app", rotateByAge),
		ExpectNonEmptyPlan: true,
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(sceneAddress, plancheck.ResourceActionCreate)},
		},
		Check: func(*terraform.State) error {
			w.Sim.DeleteUser("app")
			return nil
		},
	})
}

func TestAccRotatingAccessKey_userGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge))
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.Sim.DeleteUser("app")
	s.ResetCalls()
	s.planOut(2, `warning: IAM user "app" no longer exists`)
	s.detailed("no longer exists", first, "removed from the state")
	s.shows(map[string]any{"action": "create"})
	s.apply(1, `warning: IAM user "app" no longer exists`, `error: Access keys of user "app" can't be read`)
	s.mutations()

	s.Sim.CreateUser("app")
	s.apply(0)
	s.plan(0)
	s.keys("app", s.text("access_key_id")+" Active")
}

// The configuration has the new name already: nothing is left to do.
func TestAccRotatingAccessKey_renamedAndFollowed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first, unique := s.text("access_key_id"), s.text("user_unique_id")

	s.Advance(minutes)
	s.Sim.RenameUser("app", "web")
	s.write(managedKey("web", rotateByAge), consumedKey)
	s.ResetCalls()
	s.plan(0, `warning: IAM user "app" is now called "web"`)
	s.apply(0, `warning: IAM user "app" is now called "web"`)
	s.mutations()
	s.holds(map[string]any{"user": "web", "id": "web", "access_key_id": first, "user_unique_id": unique})
	s.plan(0)

	s.Advance("90d")
	s.plan(2)
	s.apply(0)
	s.handedOver(first, true, s.text("access_key_id"))
	s.plan(0)
}

// The configuration still has the old name, which nobody has any more.
func TestAccRotatingAccessKey_renamedWithOldName(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.Sim.RenameUser("app", "web")
	s.ResetCalls()
	s.planOut(2, `warning: IAM user "app" is now called "web"`, `warning: User "app" does not exist yet: planned as a renaming of "web"`)
	s.detailed("is now called", first, `Set user = "web"`)
	s.shows(map[string]any{"action": "update", "access_key_id": first, "user": "app", "id": "app"})
	s.applySaved(1, `error: User "app" does not exist`)
	s.detailed(`User "app" does not exist`, `Set user = "web"`, "Nothing was changed")
	s.mutations()
	s.keys("web", first+" Active")

	s.write(managedKey("web", rotateByAge), consumedKey)
	s.apply(0)
	s.mutations()
	s.plan(0)
	s.handedOver("", false, first)
}

// As when an aws_iam_user gets another name in the same apply: the name is free at plan, and taken once it is applied.
func TestAccRotatingAccessKey_renamedInSameApply(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first, unique := s.text("access_key_id"), s.text("user_unique_id")

	s.Advance("90d") // a rotation is due as well
	s.write(managedKey("web", rotateByAge), consumedKey)
	s.planOut(2, `warning: User "web" does not exist yet: planned as a renaming of "app"`)
	s.shows(map[string]any{"action": "update", "user": "web", "id": "web", "user_unique_id": unique})
	s.Sim.RenameUser("app", "web")
	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("create " + second)
	s.keys("web", first+" Active", second+" Active")
	s.holds(map[string]any{"user": "web", "id": "web", "user_unique_id": unique, "previous.access_key_id": first})
	s.handedOver(first, true, second)
	s.plan(0)
}

// The plan took it for a renaming, but the same apply made another user of that name.
func TestAccRotatingAccessKey_otherUserMadeInSameApply(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.write(managedKey("web", rotateByAge), consumedKey)
	s.planOut(2, `warning: User "web" does not exist yet: planned as a renaming of "app"`)
	s.Sim.CreateUser("web")
	s.ResetCalls()
	s.applySaved(1, `error: User "web" is not user "app" renamed`)
	s.mutations()
	s.keys("app", first+" Active")
	s.keys("web")

	s.planOut(2)
	s.shows(map[string]any{"action": "delete, create"})
}

// The old name belongs to another user now, and the configuration asks for that one.
func TestAccRotatingAccessKey_renamedAndNameReused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.Sim.RenameUser("app", "web")
	other := s.Sim.CreateUser("app")
	s.planOut(2, `warning: IAM user "app" is now called "web"`)
	s.shows(map[string]any{"action": "delete, create", "user": "app"})
	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("delete "+first, "create "+second)
	s.keys("web")
	s.keys("app", second+" Active")
	s.holds(map[string]any{"user": "app", "user_unique_id": other.ID})
	s.plan(0)

	// With the new name in the configuration nothing is lost.
	s.Advance(minutes)
	s.Sim.RenameUser("app", "api")
	s.Sim.CreateUser("app")
	s.write(managedKey("api", rotateByAge), consumedKey)
	s.ResetCalls()
	s.apply(0, `warning: IAM user "app" is now called "api"`)
	s.mutations()
	s.holds(map[string]any{"user": "api", "access_key_id": second})
	s.plan(0)
}

// The name of the user is known only once something else was applied.
func TestAccRotatingAccessKey_userUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// to is the name that it resolves to, and before makes that user.
		to     string
		before func(*iamsim.Server)
		code   int
		// diagnostics are those of the apply.
		diagnostics []string
	}{
		"same":    {to: "app", before: func(*iamsim.Server) {}},
		"renamed": {to: "web", before: func(sim *iamsim.Server) { sim.RenameUser("app", "web") }},
		"other": {
			to: "web", before: func(sim *iamsim.Server) { sim.CreateUser("web") },
			code: 1, diagnostics: []string{`error: User "web" is not user "app" renamed`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			named := func(user, trigger string) {
				s.write(strings.Replace(managedKey("app", rotateByAge), `user = "app"`, "user = terraform_data.name.output", 1), consumedKey, fmt.Sprintf(`
resource "terraform_data" "name" {
  input            = %q
  triggers_replace = %q
}
`, user, trigger))
			}
			named("app", "1")
			s.apply(0)
			first := s.text("access_key_id")
			s.plan(0)

			s.Advance(minutes)
			named(tc.to, "2")
			s.planOut(2)
			s.shows(map[string]any{"action": "update", "user": plannedUnknown, "id": plannedUnknown, "access_key_id": first})
			tc.before(s.Sim)
			s.ResetCalls()
			s.applySaved(tc.code, tc.diagnostics...)
			s.mutations()
			if tc.code == 0 {
				s.holds(map[string]any{"user": tc.to, "id": tc.to, "access_key_id": first})
				s.plan(0)
				return
			}
			s.holds(map[string]any{"user": "app", "id": "app", "access_key_id": first})
			s.planOut(2)
			s.shows(map[string]any{"action": "delete, create", "user": tc.to})
		})
	}
}

func TestAccRotatingAccessKey_otherUser(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	other := s.Sim.CreateUser("web")
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.write(managedKey("web", rotateByAge), consumedKey)
	s.planOut(2)
	s.shows(map[string]any{
		"action": "delete, create", "user": "web", "id": "web", "access_key_id": plannedUnknown, "version": plannedUnknown,
		"user_unique_id": plannedUnknown,
	})
	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("delete "+first, "create "+second)
	s.keys("app")
	s.keys("web", second+" Active")
	s.holds(map[string]any{"user": "web", "id": "web", "user_unique_id": other.ID, "rotation_reason": "created", "previous": nil})
	s.handedOver(first, false, second)
	s.plan(0)
}

func TestAccRotatingAccessKey_userRecreated(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge), consumedKey)
	s.apply(0)
	first := s.text("access_key_id")

	s.Advance(minutes)
	s.Sim.DeleteUser("app")
	again := s.Sim.CreateUser("app")
	s.planOut(2, `warning: IAM user "app" was deleted and created again`)
	s.detailed("created again", again.ID)
	s.shows(map[string]any{
		"action": "update", "user_unique_id": plannedUnknown, "access_key_id": plannedUnknown,
		"rotation_reason": "the user was deleted and created again", "previous": nil,
	})
	s.ResetCalls()
	s.applySaved(0)
	second := s.text("access_key_id")
	s.mutations("create " + second)
	s.holds(map[string]any{"user_unique_id": again.ID, "status": "Active", "previous": nil})
	s.handedOver(first, false, second)
	s.plan(0)
}

// The credentials are those of another account, where another user has the same name.
func TestAccRotatingAccessKey_wrongAccount(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge))
	s.apply(0)
	first := s.text("access_key_id")
	s.Advance(minutes)
	before := s.attributes()

	elsewhere := acctest.New(t, iamsim.Options{AccountID: "210987654321"})
	s.ResetCalls()
	s.config = elsewhere.ProviderConfig()
	s.write(managedKey("app", rotateByAge))
	for _, exists := range []bool{false, true} {
		if exists {
			elsewhere.Sim.CreateUser("app")
			elsewhere.Sim.CreateAccessKey("app")
		}
		s.plan(1, "error: Wrong AWS account 210987654321")
		s.detailed("Wrong AWS account", "123456789012", `"app"`, "nothing was changed")
		s.apply(1, "error: Wrong AWS account 210987654321")
		s.destroyRefused("error: Wrong AWS account 210987654321")
	}
	// Even without a refresh, that a key is not in the wrong account does not mean that it is gone.
	s.destroyRefused("error: Wrong AWS account 210987654321", "-refresh=false")

	for _, call := range elsewhere.Sim.Log() {
		if slices.Contains([]string{"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}, call.Action) && call.Code == "" {
			t.Errorf("%s in the wrong account", call.Action)
		}
	}
	if got := len(elsewhere.Sim.Keys("app")); got != 1 {
		t.Errorf("%d keys of the other user, want 1", got)
	}
	if got := s.Calls(); got != 0 {
		t.Errorf("%d calls in the right account, want none: %q", got, s.CallList())
	}
	s.keys("app", first+" Active")
	s.holds(before)

	s.config = s.ProviderConfig()
	s.write(managedKey("app", rotateByAge))
	s.plan(0)
	s.apply(0)
	s.holds(map[string]any{"access_key_id": first})
}
