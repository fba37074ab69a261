package provider_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// fleet is a story about the keys of many users in one configuration.
type fleet struct {
	*story
	users int
}

func newFleet(t *testing.T, users int, opts ...iamsim.Options) *fleet {
	t.Helper()
	f := &fleet{story: newStory(t, opts...), users: users}
	for i := range users {
		f.Sim.CreateUser(fleetUser(i))
	}
	f.write(fleetArgs(users))
	return f
}

func fleetUser(i int) string { return fmt.Sprintf("user-%d", i) }

func fleetArgs(users int) keyArgs {
	return apart(keyArgs{"user": `"user-${count.index}"`, "count": fmt.Sprint(users)})
}

// useNewest has somebody use the newest key of each user.
func (f *fleet) useNewest() {
	for i := range f.users {
		keys := f.Sim.Keys(fleetUser(i))
		f.Sim.SetLastUsed(keys[len(keys)-1].ID, f.Sim.Now(), "s3", "eu-west-1")
	}
}

// plans makes a plan with exactly these calls for each user.
func (f *fleet) plans(code int, calls ...string) {
	f.t.Helper()
	f.ResetCalls()
	f.plan(code)
	f.calledEach(calls)
}

// applies applies the plan with exactly these calls for each user.
func (f *fleet) applies(calls ...string) {
	f.t.Helper()
	f.apply()
	f.calledEach(calls)
}

func (f *fleet) calledEach(each []string) {
	f.t.Helper()
	if f.users == 1 {
		f.called(each...)
		return
	}
	got, want := map[string]int{}, map[string]int{}
	for _, action := range f.CallList() {
		got[action]++
	}
	for _, action := range each {
		want[action] += f.users
	}
	if !maps.Equal(got, want) {
		f.t.Errorf("calls for %d users %v, want %v", f.users, got, want)
	}
	f.ResetCalls()
}

// A steady plan costs one call for each resource, and one more while a previous key is Active. An apply is counted without
// its plan: a create makes four calls, a rotation four, or six when a key must make room first.
func TestAccRotatingAccessKey_calls(t *testing.T) {
	t.Parallel()
	create := []string{"ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys"}
	for _, users := range []int{1, 10, 100} {
		t.Run(fmt.Sprint(users), func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, users)
			f.plans(2, "ListAccessKeys")
			f.applies(create...)
			f.plans(0, "ListAccessKeys")
			f.applies()

			f.Advance("90d")
			f.plans(2, "ListAccessKeys")
			f.applies(create...)
			f.plans(0, "ListAccessKeys", "GetAccessKeyLastUsed")
			if users == 100 {
				return
			}

			// While it is due for deactivation, whether anybody has used the new key is worth a call.
			f.useNewest()
			f.Advance("7d")
			f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
			f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "UpdateAccessKey", "ListAccessKeys")
			f.plans(0, "ListAccessKeys")

			f.Advance("5d")
			f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed")
			f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "ListAccessKeys")
			f.plans(0, "ListAccessKeys")

			// A rotation that needs the slot of the previous key.
			f.Advance("90d")
			f.applyNow()
			f.Advance("200d")
			f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed")
			f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")
			f.plans(0, "ListAccessKeys", "GetAccessKeyLastUsed")
		})
	}
}

// A request costs no more than a rotation that was due, and neither does a revoke but for its own call.
func TestAccRotatingAccessKey_callsOfRequests(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2)
	f.applyNow()
	asked := func(quarter string) keyArgs {
		return fleetArgs(f.users).with(keyArgs{"rotate_when_changed": fmt.Sprintf("{ quarter = %q }", quarter)})
	}
	f.write(asked("2026-Q2"))
	f.plans(2, "ListAccessKeys")
	f.applies("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")
	f.plans(0, "ListAccessKeys", "GetAccessKeyLastUsed")

	// The plan asks AWS for the time, by listing, before it judges whether the previous key may go.
	f.useNewest()
	f.Advance("8d")
	f.write(asked("2026-Q3"))
	f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed", "ListAccessKeys")
	f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")

	// Taking the trigger away is no request, so the apply has nothing to ask IAM beyond the time.
	f.write(fleetArgs(f.users).with(keyArgs{"paused": "true"}))
	f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "ListAccessKeys")
	f.applies("ListAccessKeys")
}

// Nothing is called for a configuration that can't be right, and nothing but a list for a plan before the user exists.
func TestAccRotatingAccessKey_callsOfNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(byAge(keyArgs{"rotate_after": `"soon"`}), consumerHCL)
	s.plan(1, `error: Invalid duration in rotate_after: "soon"`)
	s.called()
	s.write(apart(nil), consumerHCL)
	s.Sim.DeleteUser("ci")
	s.plan(2)
	s.called("ListAccessKeys")
	s.Sim.CreateUser("ci")
	s.applyNow()

	// A destroy asks nothing but the deletion itself and the list that shows it.
	s.did("create k1")
	s.destroy("-refresh=false")
	s.called("DeleteAccessKey", "ListAccessKeys")
}

// losesCreate applies with that fault on CreateAccessKey. A second try could make a second key, so there is none.
func (s *story) losesCreate(kind iamsim.FaultKind, did string) {
	s.t.Helper()
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: kind})
	s.applyNow(`error: No new key for user "ci"`)
	s.says("The current key was not touched.")
	s.did(did)
}

// The answer to CreateAccessKey gets lost, in each way it can: the key that nobody has the secret of is named.
func TestAccRotatingAccessKey_callsOfAmbiguousCreate(t *testing.T) {
	t.Parallel()
	for kind, answer := range map[iamsim.FaultKind]string{
		iamsim.AnswerLost: "", iamsim.ErrorAfterCommit: ": ServiceFailure", iamsim.Empty200: "",
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(apart(nil), consumerHCL)
			s.losesCreate(kind, "create k1"+answer)
			s.says("k1 (Active, created ", "nobody has the secret", deletion("k1"))
			s.remove("k1")
			s.applyNow()
			s.did("create k2")

			s.Advance("90d")
			s.losesCreate(kind, "create k3"+answer)
			s.says("k3 (Active, created ", "nobody has the secret", deletion("k3"))
			s.state(map[string]any{"access_key_id": "k2", "previous": nil})

			// The next plan waits, and says for what.
			s.steady(blockedBy(taken("k3", "Active, created 2026-04-01 00:00:00 UTC, never used")))
			s.says(deletion("k3"))
			s.remove("k3")
			s.step("create k4")
			s.state(map[string]any{"previous.access_key_id": "k2"})
			s.handovers("k2", "k2 to k4")
		})
	}
}

// A failure that made nothing says so, and the next apply makes the key.
func TestAccRotatingAccessKey_callsOfFailedCreate(t *testing.T) {
	t.Parallel()
	for kind, answer := range map[iamsim.FaultKind]string{iamsim.ErrorBeforeCommit: ": ServiceFailure", iamsim.CutBeforeCommit: ""} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSteadyStory(t, apart(nil))
			s.Advance("90d")
			s.losesCreate(kind, "create"+answer)
			s.says("IAM lists no new key.")
			s.applyNow()
			s.did("create k2")
			s.state(map[string]any{"previous.access_key_id": "k1"})
			s.keys("k1 Active", "k2 Active")
		})
	}
}

// Ctrl-C while the key is being made: the key ends in the state.
func TestAccRotatingAccessKey_callsOfInterruptedCreate(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(nil), consumerHCL)
	s.interrupts("CreateAccessKey")
	s.did("create k1")
	s.state(map[string]any{"access_key_id": "k1"})
	s.keys("k1 Active")
	s.applyNow()
	s.steady()

	s.Advance("90d")
	s.interrupts("CreateAccessKey")
	s.did("create k2")
	s.state(map[string]any{"previous.access_key_id": "k1", "previous.status": "Active", "access_key_id": "k2"})
	s.handovers("k1")
	s.step()
	s.handovers("k1", "k1 to k2")
}

// Ctrl-C while room is made for the key: no key is made.
func TestAccRotatingAccessKey_callsOfInterruptedDelete(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, apart(nil))
	s.use("k2")
	s.Advance("90d")
	s.interrupts("DeleteAccessKey")
	s.says("What was done until then is in the state. Apply again.")
	s.did("delete k1")
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})
	s.step("create k3")
	s.handovers("k1", "k1 to k2", "k2 to k3")
}

// interrupts applies, and interrupts the CLI while the first call of an action is under way.
func (s *story) interrupts(action string) {
	s.t.Helper()
	arrived := make(chan struct{})
	s.Sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Kind: iamsim.Slow, Delay: time.Second})
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == action {
			close(arrived)
		}
	})
	p := s.cli.Start("apply", "-json", "-auto-approve")
	<-arrived
	s.Sim.OnCall(nil)
	if err := p.Interrupt(); err != nil {
		s.t.Fatal(err)
	}
	s.hides(p.Wait())
	s.cli.Want(1)
	if err := s.CheckConsumers(nil); err != nil && len(s.Journal()) > 0 {
		s.t.Error(s.text(err.Error()))
	}
}
