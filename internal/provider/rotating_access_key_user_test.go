package provider_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// of are byAge's arguments for another user.
func of(user string) keyArgs { return byAge(keyArgs{"user": fmt.Sprintf("%q", user)}) }

// renamed is the warning that a user has another name, and renaming that a plan takes a change of the name for that.
func renamed(from, to string) string {
	return fmt.Sprintf("warning: IAM user %q is now called %q", from, to)
}

func renaming(from, to string) string {
	return fmt.Sprintf("warning: User %q does not exist yet: planned as a renaming of %q", to, from)
}

// notRenamed is the error of an apply that finds another user.
const notRenamed = `error: User "web" is not user "ci" renamed`

func TestAccRotatingAccessKey_disappears(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.Test(t, resource.TestStep{
		Config:             s.config(byAge(nil)),
		ExpectNonEmptyPlan: true,
		ConfigPlanChecks: resource.ConfigPlanChecks{
			PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectResourceAction(keyAddress, plancheck.ResourceActionCreate)},
		},
		Check: func(*terraform.State) error {
			s.Sim.DeleteUser("ci")
			return nil
		},
	})
}

func TestAccRotatingAccessKey_userGone(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(nil))
	s.step("create k1")
	s.Advance(minutes)
	s.Sim.DeleteUser("ci")
	const gone = `warning: IAM user "ci" no longer exists`
	s.plan(2, gone)
	s.says("k1", "removed from the state")
	s.planned(map[string]any{"action": "create"})
	s.applyNow(gone, unreadable)
	s.did()

	s.Sim.CreateUser("ci")
	s.step("create k2")
	s.keys("k2 Active")
}

// The configuration has the new name already: nothing is left to do.
func TestAccRotatingAccessKey_renamedAndFollowed(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	unique := s.value("user_unique_id")
	s.Advance(minutes)
	s.Sim.RenameUser("ci", "web")
	s.write(of("web"), consumerHCL)
	s.steady(renamed("ci", "web"))
	s.refresh(renamed("ci", "web"))
	s.state(map[string]any{"user": "web", "id": "web", "access_key_id": "k1", "user_unique_id": unique})
	s.steady()

	s.Advance("90d")
	s.step("create k2")
	s.handovers("k1", "k1 to k2")
}

// The configuration still has the old name, which nobody has any more.
func TestAccRotatingAccessKey_renamedWithOldName(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance(minutes)
	s.Sim.RenameUser("ci", "web")
	s.plan(2, renamed("ci", "web"), renaming("web", "ci"))
	s.says("k1", `Set user = "web"`)
	s.planned(map[string]any{"action": "update", "access_key_id": "k1", "user": "ci", "id": "ci"})
	s.apply(`error: User "ci" does not exist`)
	s.says(`Set user = "web"`, "Nothing was changed")
	s.did()
	s.keysOf("web", "k1 Active")

	s.write(of("web"), consumerHCL)
	s.refresh()
	s.steady()
	s.handovers("k1")
}

// As when an aws_iam_user gets another name in the same apply: the name is free at plan, and taken once it is applied.
func TestAccRotatingAccessKey_renamedInSameApply(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	unique := s.value("user_unique_id")
	s.Advance("90d") // a rotation is due as well
	s.write(of("web"), consumerHCL)
	s.plan(2, renaming("ci", "web"))
	s.planned(map[string]any{"action": "update", "user": "web", "id": "web", "user_unique_id": unique})
	s.Sim.RenameUser("ci", "web")
	s.apply()
	s.did("create k2")
	s.keysOf("web", "k1 Active", "k2 Active")
	s.state(map[string]any{"user": "web", "id": "web", "user_unique_id": unique, "previous.access_key_id": "k1"})
	s.handovers("k1", "k1 to k2")
	s.steady()
}

// The plan took it for a renaming, but the same apply made another user of that name.
func TestAccRotatingAccessKey_otherUserMadeInSameApply(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance(minutes)
	s.write(of("web"), consumerHCL)
	s.plan(2, renaming("ci", "web"))
	s.Sim.CreateUser("web")
	s.apply(notRenamed)
	s.did()
	s.keys("k1 Active")
	s.keysOf("web")

	s.plan(2)
	s.planned(map[string]any{"action": "delete create"})
}

// The old name belongs to another user now, and the configuration asks for that one.
func TestAccRotatingAccessKey_renamedAndNameReused(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance(minutes)
	s.Sim.RenameUser("ci", "web")
	other := s.Sim.CreateUser("ci")
	s.plan(2, renamed("ci", "web"))
	s.planned(map[string]any{"action": "delete create", "user": "ci"})
	s.apply()
	s.did("delete k1", "create k2")
	s.keysOf("web")
	s.keys("k2 Active")
	s.state(map[string]any{"user": "ci", "user_unique_id": other.ID})
	s.steady()

	// With the new name in the configuration nothing is lost.
	s.Advance(minutes)
	s.Sim.RenameUser("ci", "api")
	s.Sim.CreateUser("ci")
	s.write(of("api"), consumerHCL)
	s.refresh(renamed("ci", "api"))
	s.state(map[string]any{"user": "api", "access_key_id": "k2"})
	s.steady()
}

// The name of the user is known only once something else was applied.
func TestAccRotatingAccessKey_userUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// to is the name that it resolves to, and before makes that user.
		to     string
		before func(*iamsim.Server)
		// refused are the diagnostics of the apply.
		refused []string
	}{
		"same":    {to: "ci", before: func(*iamsim.Server) {}},
		"renamed": {to: "web", before: func(sim *iamsim.Server) { sim.RenameUser("ci", "web") }},
		"other":   {to: "web", before: func(sim *iamsim.Server) { sim.CreateUser("web") }, refused: []string{notRenamed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			named := func(user, generation string) {
				s.write(byAge(keyArgs{"user": "terraform_data.test.output"}), consumerHCL, dataHCL(user, generation))
			}
			named("ci", "1")
			s.step("create k1")

			s.Advance(minutes)
			named(tc.to, "2")
			s.plan(2)
			s.planned(map[string]any{"action": "update", "user": unknown, "id": unknown, "access_key_id": "k1"})
			tc.before(s.Sim)
			s.apply(tc.refused...)
			s.did()
			if tc.refused == nil {
				s.state(map[string]any{"user": tc.to, "id": tc.to, "access_key_id": "k1"})
				s.steady()
				return
			}
			s.state(map[string]any{"user": "ci", "id": "ci", "access_key_id": "k1"})
			s.plan(2)
			s.planned(map[string]any{"action": "delete create", "user": tc.to})
		})
	}
}

func TestAccRotatingAccessKey_otherUser(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	other := s.Sim.CreateUser("web")
	s.Advance(minutes)
	s.write(of("web"), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{
		"action": "delete create", "user": "web", "id": "web", "access_key_id": unknown, "version": unknown, "user_unique_id": unknown,
	})
	s.apply()
	s.did("delete k1", "create k2")
	s.keys()
	s.keysOf("web", "k2 Active")
	s.state(map[string]any{"user": "web", "id": "web", "user_unique_id": other.ID, "rotation_reason": "created", "previous": nil})
	s.handovers("k1", "k1 (dead) to k2")
	s.steady()
}

func TestAccRotatingAccessKey_userRecreated(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance(minutes)
	s.Sim.DeleteUser("ci")
	again := s.Sim.CreateUser("ci")
	s.plan(2, `warning: IAM user "ci" was deleted and created again`)
	s.says(again.ID)
	s.planned(map[string]any{
		"action": "update", "user_unique_id": unknown, "access_key_id": unknown,
		"rotation_reason": "the user was deleted and created again", "previous": nil,
	})
	s.apply()
	s.did("create k2")
	s.state(map[string]any{"user_unique_id": again.ID, "status": "Active", "previous": nil})
	s.handovers("k1", "k1 (dead) to k2")
	s.steady()
}

// The credentials are those of another account, where another user has the same name.
func TestAccRotatingAccessKey_wrongAccount(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(nil))
	s.step("create k1")
	s.Advance(minutes)
	before := s.attributes()

	elsewhere := acctest.New(t, iamsim.Options{AccountID: "210987654321"})
	s.provider = elsewhere.ProviderConfig()
	s.write(byAge(nil))
	const wrong = "error: Wrong AWS account 210987654321"
	for _, exists := range []bool{false, true} {
		if exists {
			elsewhere.Sim.CreateUser("ci")
			elsewhere.Sim.CreateAccessKey("ci")
		}
		s.plan(1, wrong)
		s.says("123456789012", `"ci"`, "nothing was changed")
		s.applyNow(wrong)
		s.destroy(wrong)
	}
	// Even without a refresh, that a key is not in the wrong account does not mean that it is gone.
	s.destroy("-refresh=false", wrong)

	for _, call := range elsewhere.Sim.Log() {
		if slices.Contains([]string{"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}, call.Action) && call.Code == "" {
			t.Errorf("%s in the wrong account", call.Action)
		}
	}
	if got := len(elsewhere.Sim.Keys("ci")); got != 1 {
		t.Errorf("%d keys of the other user, want 1", got)
	}
	s.called()
	s.keys("k1 Active")
	if !reflect.DeepEqual(s.attributes(), before) {
		t.Error("the state has changed")
	}

	s.signAs(s.Sim.Root())
	s.write(byAge(nil))
	s.steady()
	s.refresh()
	s.state(map[string]any{"access_key_id": "k1"})
}
