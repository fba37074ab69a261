package provider_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// deletesActive is the warning of a plan that deletes an Active key.
var deletesActive = acctest.Warns("Active access key is deleted to make room for a new one")

// A steady plan costs one call for each resource, and two more while a previous key is Active. An apply is counted without
// its plan: a create makes four calls, a rotation four, or eight when a key must make room for it.
func TestAccRotatingAccessKey_calls(t *testing.T) {
	t.Parallel()
	create := []string{"ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys"}
	for _, users := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(users), func(t *testing.T) {
			t.Parallel()
			f := acctest.NewFleet(acctest.NewStory(t), users)
			f.PlanCalls(2, "ListAccessKeys")
			f.ApplyCalls(create...)
			f.PlanCalls(0, "ListAccessKeys")
			f.ApplyCalls()

			f.Advance("90d")
			f.PlanCalls(2, "ListAccessKeys")
			f.ApplyCalls(create...)
			// While an Active previous key exists, who uses it and who uses the new one is worth a call each.
			f.PlanCalls(0, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
			if users == 100 {
				return
			}

			f.UseNewest()
			f.Advance("7d")
			f.PlanCalls(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
			f.ApplyCalls("ListAccessKeys", "GetAccessKeyLastUsed", "UpdateAccessKey", "ListAccessKeys")
			f.PlanCalls(0, "ListAccessKeys")

			f.Advance("5d")
			f.PlanCalls(2, "ListAccessKeys", "GetAccessKeyLastUsed")
			f.ApplyCalls("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "ListAccessKeys")
			f.PlanCalls(0, "ListAccessKeys")

			// A rotation that needs the slot of the previous key.
			f.Advance("90d")
			f.Apply()
			f.UseNewest()
			f.Advance("200d")
			f.Says = []acctest.Option{deletesActive}
			f.PlanCalls(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
			f.ApplyCalls("ListAccessKeys", "GetAccessKeyLastUsed", "CreateAccessKey", "DeleteAccessKey", "CreateAccessKey", "GetCallerIdentity",
				"ListAccessKeys")
			f.Says = nil
			f.PlanCalls(0, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
		})
	}
}

// A request costs no more than a rotation that was due, and neither does a revoke but for its own call.
func TestAccRotatingAccessKey_callsOfRequests(t *testing.T) {
	t.Parallel()
	f := acctest.NewFleet(acctest.NewStory(t), 2)
	f.Apply()
	asked := func(quarter string) acctest.Args {
		return acctest.FleetArgs(f.Users).With(acctest.Args{"rotate_when_changed": fmt.Sprintf("{ quarter = %q }", quarter)})
	}
	f.Write(asked("2026-Q2"))
	f.PlanCalls(2, "ListAccessKeys")
	f.ApplyCalls("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")
	f.PlanCalls(0, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")

	f.UseNewest()
	f.Advance("8d")
	f.Write(asked("2026-Q3"))
	f.Says = []acctest.Option{deletesActive}
	f.PlanCalls(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
	f.ApplyCalls("ListAccessKeys", "GetAccessKeyLastUsed", "CreateAccessKey", "DeleteAccessKey", "CreateAccessKey", "GetCallerIdentity",
		"ListAccessKeys")
	f.Says = nil

	// Taking the trigger away is no request, so the apply has nothing to ask IAM but the time at which the pause begins.
	f.Write(acctest.FleetArgs(f.Users).With(acctest.Args{"paused": "true"}))
	f.PlanCalls(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
	f.ApplyCalls("ListAccessKeys")
}

// Nothing is called for a configuration that can't be right, and nothing but a list for a plan before the user exists.
func TestAccRotatingAccessKey_callsOfNothing(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.ByAge(acctest.Args{"rotate_after": `"soon"`}), acctest.ConsumerHCL)
	s.Plan(1, acctest.Fails(`Invalid duration in rotate_after: "soon"`))
	s.WantCalls()
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Sim.DeleteUser("ci")
	s.Plan(2)
	s.WantCalls("ListAccessKeys")
	s.Sim.CreateUser("ci")
	s.Apply()

	// A destroy asks nothing but whether its plan should warn, whose the name is, the deletion itself and the list that shows it.
	s.WantChanges("create k1")
	s.Destroy(acctest.Flags("-refresh=false"))
	s.WantCalls("GetAccessKeyLastUsed", "GetUser", "DeleteAccessKey", "ListAccessKeys")
}

// The answer to the CreateAccessKey of a first key is lost. The error names the key that nobody has the secret of. A second try
// could create a second key, so there is none.
//
// TestCrashMatrix loses the answer in each way, at a rotation too, and TestAccRotatingAccessKey_orphan shows what a rotation shows.
func TestAccRotatingAccessKey_createAnswerLost(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.AnswerLost})
	s.Apply(acctest.NoNewKey())
	s.WantDetail("The failed creation changed no other key.", "k1 (Active, created ", "nobody has the secret", acctest.DeleteCommand("k1"))
	s.WantChanges("create k1")
	s.DeleteKey("k1")
	s.Apply()
	s.WantChanges("create k2")
}

// A failure that created nothing says so. TestCrashMatrix shows that the next apply creates the key.
func TestAccRotatingAccessKey_createFails(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.Distinct(nil))
	s.Advance("90d")
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.ErrorBeforeCommit})
	s.Apply(acctest.NoNewKey())
	s.WantDetail("The current key was not touched.", "IAM lists no new key.")
	s.WantChanges("create: ServiceFailure")
}

// After a Ctrl-C while the previous key is deleted to make room, no key is created.
func TestAccRotatingAccessKey_interruptedDelete(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Distinct(nil))
	s.UseKey("k2")
	s.Advance("90d")
	interruptApply(s, "DeleteAccessKey")
	s.WantDetail("Key k1 was deleted before, to make room. What was done until then is in the state. Apply again.")
	s.WantChanges("delete k1")
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
	s.Step("create k3")
	s.WantHandovers("k1", "k1 to k2", "k2 to k3")
}

// interruptApply applies, and interrupts the CLI while the first call of an action is under way.
func interruptApply(s *acctest.Story, action string) {
	s.T.Helper()
	arrived := make(chan struct{})
	s.Sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Kind: iamsim.Slow, Delay: time.Second})
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == action {
			close(arrived)
		}
	})
	p := s.CLI.Start("apply", "-json", "-auto-approve")
	<-arrived
	s.Sim.OnCall(nil)
	if err := p.Interrupt(); err != nil {
		s.T.Fatal(err)
	}
	s.WantNoSecrets(p.Wait())
	s.CLI.Want(1)
	if err := s.CheckConsumers(nil); err != nil && len(s.Journal()) > 0 {
		s.T.Error(s.Normalize(err.Error()))
	}
}
