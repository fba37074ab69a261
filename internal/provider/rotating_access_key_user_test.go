package provider_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// renaming is the warning of a plan that takes a change of user for a renaming.
func renaming(from, to string) acctest.Option {
	return acctest.Warns("Unknown user name is planned as a renaming", fmt.Sprintf("User %q does not exist yet", to),
		fmt.Sprintf("renames user %q", from))
}

// notRenamed is the error of an apply that finds another user.
var notRenamed = acctest.Fails(`User "web" is not user "ci" renamed`)

func TestAccRotatingAccessKey_disappears_user(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	s.Advance(acctest.TenMinutes)
	s.Sim.DeleteUser("ci")
	gone := acctest.UserGone()
	s.Plan(2, gone)
	s.WantDetail("k1", "removed from the state")
	s.WantPlanned(map[string]any{"action": "create"})
	s.Apply(gone, acctest.KeysUnreadable())
	s.WantChanges()

	s.Sim.CreateUser("ci")
	s.Step("create k2")
	s.WantKeys("k2 Active")
}

// The configuration has the new name already: the apply records it.
func TestAccRotatingAccessKey_renamedAndFollowed(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	unique := s.Value("user_unique_id")
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "web")
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Step()
	s.WantState(map[string]any{
		"user": "web", "id": "web", "access_key_id": "k1", "user_unique_id": unique,
		"last_change": "record k1: user ci is called web now",
	})
	s.PlanEmpty()

	s.Advance("90d")
	s.Step("create k2")
	s.WantHandovers("k1", "k1 to k2")
}

// The configuration still has the old name, which nobody has any more.
func TestAccRotatingAccessKey_renamedWithOldName(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.ByAge(nil))
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "web")
	s.Plan(2, acctest.UserRenamed("ci", "web"))
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "k1", "user": "ci", "id": "web", "last_change": "record k1: user ci is called web now",
	})
	s.ApplyPlan(acctest.UserRenamed("ci", "web"))
	s.WantChanges()
	s.WantKeysOf("web", "k1 Active")
	s.PlanEmpty(acctest.UserRenamed("ci", "web"))

	// The keys of a user whom the configuration calls by the old name rotate all the same.
	s.Advance("90d")
	s.Apply(acctest.UserRenamed("ci", "web"))
	s.WantChanges("create k2")

	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{"action": "update", "access_key_id": "k2", "user": "web", "id": "web"})
	s.ApplyPlan()
	s.WantChanges()
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2")
}

// As when an aws_iam_user gets another name in the same apply: the name is free at plan, and taken once it is applied.
func TestAccRotatingAccessKey_renamedInSameApply(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	unique := s.Value("user_unique_id")
	s.Advance("90d") // a rotation is due as well
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Plan(2, renaming("ci", "web"))
	s.WantPlanned(map[string]any{"action": "update", "user": "web", "id": "web", "user_unique_id": unique})
	s.Sim.RenameUser("ci", "web")
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.WantKeysOf("web", "k1 Active", "k2 Active")
	s.WantState(map[string]any{"user": "web", "id": "web", "user_unique_id": unique, "previous.access_key_id": "k1"})
	s.WantHandovers("k1", "k1 to k2")
	s.PlanEmpty()
}

// The plan took it for a renaming, but the same apply created another user of that name.
func TestAccRotatingAccessKey_otherUserMadeInSameApply(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance(acctest.TenMinutes)
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Plan(2, renaming("ci", "web"))
	s.Sim.CreateUser("web")
	s.ApplyPlan(notRenamed)
	s.WantChanges()
	s.WantKeys("k1 Active")
	s.WantKeysOf("web")

	s.Plan(2)
	s.WantPlanned(map[string]any{"action": "delete create"})
}

// The old name belongs to another user now, and the configuration still has it: the resource follows its own user, and touches no key
// of the other one.
func TestAccRotatingAccessKey_renamedAndNameReused(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	unique := s.Value("user_unique_id")
	s.Advance(acctest.TenMinutes)
	s.Sim.RenameUser("ci", "web")
	s.Sim.CreateUser("ci")
	s.Apply(acctest.UserRenamed("ci", "web"))
	s.WantChanges()
	s.WantState(map[string]any{"user": "ci", "id": "web", "user_unique_id": unique})
	s.Advance("90d")
	s.Apply(acctest.UserRenamed("ci", "web"))
	s.WantChanges("create k2")
	s.WantKeysOf("web", "k1 Active", "k2 Active")
	s.WantKeys()
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Step()
	s.WantState(map[string]any{"user": "web", "id": "web", "access_key_id": "k2"})
}

// The name of the user is known only once something else was applied.
func TestAccRotatingAccessKey_userUnknown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		// to is the name that it resolves to, and before creates that user.
		to     string
		before func(*iamsim.Server)
		// refused are the diagnostics of the apply.
		refused []acctest.Option
	}{
		"same":    {to: "ci", before: func(*iamsim.Server) {}},
		"renamed": {to: "web", before: func(sim *iamsim.Server) { sim.RenameUser("ci", "web") }},
		"other":   {to: "web", before: func(sim *iamsim.Server) { sim.CreateUser("web") }, refused: []acctest.Option{notRenamed}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			named := func(user, generation string) {
				s.Write(acctest.ByAge(acctest.Args{"user": "terraform_data.test.output"}), acctest.ConsumerHCL, acctest.DataHCL(user, generation))
			}
			named("ci", "1")
			s.Step("create k1")

			s.Advance(acctest.TenMinutes)
			named(tc.to, "2")
			s.Plan(2)
			s.WantPlanned(map[string]any{"action": "update", "user": acctest.Unknown, "id": acctest.Unknown, "access_key_id": "k1"})
			tc.before(s.Sim)
			s.ApplyPlan(tc.refused...)
			s.WantChanges()
			if tc.refused == nil {
				s.WantState(map[string]any{"user": tc.to, "id": tc.to, "access_key_id": "k1"})
				s.PlanEmpty()
				return
			}
			s.WantState(map[string]any{"user": "ci", "id": "ci", "access_key_id": "k1"})
			s.Plan(2)
			s.WantPlanned(map[string]any{"action": "delete create", "user": tc.to})
		})
	}
}

func TestAccRotatingAccessKey_otherUser(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	other := s.Sim.CreateUser("web")
	s.Advance(acctest.TenMinutes)
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"action": "delete create", "user": "web", "id": "web", "access_key_id": acctest.Unknown, "version": acctest.Unknown,
		"user_unique_id": acctest.Unknown,
	})
	s.ApplyPlan()
	s.WantChanges("delete k1", "create k2")
	s.WantKeys()
	s.WantKeysOf("web", "k2 Active")
	s.WantState(map[string]any{"user": "web", "id": "web", "user_unique_id": other.ID, "last_change": "create k2", "previous": nil})
	s.WantHandovers("k1", "k1 (dead) to k2")
	s.PlanEmpty()
}

func TestAccRotatingAccessKey_userRecreated(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance(acctest.TenMinutes)
	s.Sim.DeleteUser("ci")
	again := s.Sim.CreateUser("ci")
	s.Plan(2, acctest.UserRecreated())
	s.WantDetail(again.ID)
	s.WantPlanned(map[string]any{
		"action": "update", "user_unique_id": acctest.Unknown, "access_key_id": acctest.Unknown,
		"last_change": "rotate k1: the user was deleted and created again", "previous": nil,
	})
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.WantState(map[string]any{"user_unique_id": again.ID, "status": "Active", "previous": nil})
	s.WantHandovers("k1", "k1 (dead) to k2")
	s.PlanEmpty()
}

// The credentials are those of another account, where another user has the same name.
func TestAccRotatingAccessKey_wrongAccount(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	s.Advance(acctest.TenMinutes)
	before := s.Attributes()

	elsewhere := acctest.New(t, iamsim.Options{AccountID: "210987654321"})
	s.ProviderHCL = elsewhere.ProviderConfig()
	s.Write(acctest.ByAge(nil))
	wrong := acctest.WrongAccount("210987654321")
	for _, exists := range []bool{false, true} {
		if exists {
			elsewhere.Sim.CreateUser("ci")
			elsewhere.Sim.CreateAccessKey("ci")
		}
		s.Plan(1, wrong)
		s.WantDetail("123456789012", `"ci"`, "nothing was changed")
		s.Apply(wrong)
		s.Destroy(wrong)
	}
	// Even without a refresh, that a key is not in the wrong account does not mean that it is gone.
	s.Destroy(acctest.Flags("-refresh=false"), wrong)

	for _, call := range elsewhere.Sim.Log() {
		if slices.Contains([]string{"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}, call.Action) && call.Code == "" {
			t.Errorf("%s in the wrong account", call.Action)
		}
	}
	if got := len(elsewhere.Sim.Keys("ci")); got != 1 {
		t.Errorf("%d keys of the other user, want 1", got)
	}
	s.WantCalls()
	s.WantKeys("k1 Active")
	if !reflect.DeepEqual(s.Attributes(), before) {
		t.Error("the state has changed")
	}

	s.SignAs(s.Sim.Root())
	s.Write(acctest.ByAge(nil))
	s.PlanEmpty()
	s.Refresh()
	s.WantState(map[string]any{"access_key_id": "k1"})
}
