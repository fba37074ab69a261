package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// fleet drives the keys of many users in one configuration.
type fleet struct {
	t     *testing.T
	w     *acctest.World
	c     *acctest.CLI
	users int
}

func newFleet(t *testing.T, users int, opts ...iamsim.Options) *fleet {
	t.Helper()
	w := acctest.New(t, opts...)
	for i := range users {
		w.Sim.CreateUser(fleetUser(i))
	}
	f := &fleet{t: t, w: w, c: w.CLI(t), users: users}
	f.configure("")
	return f
}

func fleetUser(i int) string { return fmt.Sprintf("user-%d", i) }

func (f *fleet) configure(arguments string) {
	f.t.Helper()
	f.c.Write("main.tf", f.w.ProviderConfig()+fleetResources(f.users, arguments))
}

func fleetResources(users int, arguments string) string {
	return fmt.Sprintf(`
resource "iamkeys_rotating_access_key" "test" {
  count = %d
  user  = "user-${count.index}"
  %s
  %s
}
`, users, storyPolicy, arguments)
}

// plans makes a plan, saves it, and fails the test unless it has this exit code and made exactly these calls for each user.
func (f *fleet) plans(code int, want ...string) {
	f.t.Helper()
	f.w.ResetCalls()
	f.c.PlanOut("calls.tfplan")
	f.c.Want(code)
	f.wantCalls("a plan", want...)
}

// applies applies the saved plan, and fails the test unless it made exactly these calls for each user.
func (f *fleet) applies(want ...string) {
	f.t.Helper()
	f.w.ResetCalls()
	f.c.ApplyPlan("calls.tfplan")
	f.c.Want(0)
	f.wantCalls("an apply", want...)
}

func (f *fleet) wantCalls(what string, each ...string) {
	f.t.Helper()
	got, want := map[string]int{}, map[string]int{}
	for _, action := range f.w.CallList() {
		got[action]++
	}
	for _, action := range each {
		want[action] += f.users
	}
	if !maps.Equal(got, want) {
		f.t.Errorf("%s for %d users made the calls %v, want %v", what, f.users, got, want)
	}
	if f.users == 1 {
		if list := f.w.CallList(); !slices.Equal(list, each) {
			f.t.Errorf("%s made the calls %q, want %q", what, list, each)
		}
	}
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

			f.w.Advance("90d")
			f.plans(2, "ListAccessKeys")
			f.applies(create...)
			f.plans(0, "ListAccessKeys", "GetAccessKeyLastUsed")
			if users == 100 {
				return
			}

			// While it is due for deactivation, whether anybody has used the new key is worth a call.
			f.w.Advance("7d")
			f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed")
			f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "UpdateAccessKey", "ListAccessKeys")
			f.plans(0, "ListAccessKeys")

			f.w.Advance("5d")
			f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed")
			f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "ListAccessKeys")
			f.plans(0, "ListAccessKeys")

			// A rotation that needs the slot of the previous key.
			f.w.Advance("90d")
			f.c.Apply()
			f.c.Want(0)
			f.w.Advance("200d")
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
	f.c.Apply()
	f.c.Want(0)
	f.configure(`rotate_when_changed = { quarter = "2026-Q2" }`)
	f.plans(2, "ListAccessKeys")
	f.applies("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")
	f.plans(0, "ListAccessKeys", "GetAccessKeyLastUsed")

	// The plan asks AWS for the time, by listing, before it judges whether the previous key may go.
	f.w.Advance("8d")
	f.configure(`rotate_when_changed = { quarter = "2026-Q3" }`)
	f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed", "ListAccessKeys")
	f.applies("ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey", "CreateAccessKey", "GetCallerIdentity", "ListAccessKeys")

	// Taking the trigger away is no request, so the apply has nothing to ask IAM beyond the time.
	f.configure(`paused = true`)
	f.plans(2, "ListAccessKeys", "GetAccessKeyLastUsed", "ListAccessKeys")
	f.applies("ListAccessKeys")
}

// Nothing is called for a configuration that can't be right, and nothing but a list for a plan before the user exists.
func TestAccRotatingAccessKey_callsOfNothing(t *testing.T) {
	t.Parallel()
	s := newStory(t, `rotate_after = "soon"`)
	s.c.Plan()
	s.c.Want(1)
	if calls := s.w.CallList(); len(calls) > 0 {
		t.Errorf("calls %q, want none", calls)
	}
	s.configure(storyPolicy)
	s.w.Sim.DeleteUser("ci")
	s.plans(2)
	if calls := s.w.CallList(); !slices.Equal(calls, []string{"ListAccessKeys"}) {
		t.Errorf("calls %q, want one list", calls)
	}
	s.w.Sim.CreateUser("ci")
	s.apply()

	// A destroy asks nothing but the deletion itself and the list that shows it.
	s.w.ResetCalls()
	s.c.Destroy("-refresh=false")
	s.c.Want(0)
	if calls, want := s.w.CallList(), []string{"DeleteAccessKey", "ListAccessKeys"}; !slices.Equal(calls, want) {
		t.Errorf("calls of destroy %q, want %q", calls, want)
	}
}

// The answer to CreateAccessKey gets lost, in each way it can. A second try could make a second key, so there is none.
func TestAccRotatingAccessKey_callsOfAmbiguousCreate(t *testing.T) {
	t.Parallel()
	for _, kind := range []iamsim.FaultKind{iamsim.AnswerLost, iamsim.ErrorAfterCommit, iamsim.Empty200} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newStory(t, storyPolicy)
			orphan := s.losesCreate(kind)
			s.wantOrphan(orphan)
			s.w.Sim.DeleteAccessKey(orphan)
			s.apply()
			first := s.currentID()

			s.w.Advance("90d")
			orphan = s.losesCreate(kind)
			s.wantOrphan(orphan)
			s.checkConsumers()
			s.wantText(map[string]string{"access_key_id": first, "previous.access_key_id": ""})

			// The next plan waits, and says for what.
			s.plans(0)
			warnings := s.diagnostics("warning")
			if len(warnings) != 1 || !strings.Contains(warnings[0].Summary, `Rotation of user "ci" is due and waits: the slot is taken by key `+orphan) {
				t.Fatalf("warnings %+v, want one about %s", warnings, orphan)
			}
			wantDetail(t, warnings[0], "aws iam delete-access-key --user-name ci --access-key-id "+orphan)
			s.w.Sim.DeleteAccessKey(orphan)
			s.apply()
			s.wantText(map[string]string{"previous.access_key_id": first})
			s.plans(0)
		})
	}
}

// losesCreate applies with that fault on CreateAccessKey, and returns the key that it left behind.
func (s *story) losesCreate(kind iamsim.FaultKind) string {
	s.t.Helper()
	s.w.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: kind})
	s.w.ResetCalls()
	s.c.Apply()
	s.c.Want(1)
	if calls := s.w.Calls("CreateAccessKey"); calls != 1 {
		s.t.Errorf("%d calls of CreateAccessKey, want one", calls)
	}
	keys := s.w.Sim.Keys("ci")
	return keys[len(keys)-1].ID
}

// wantOrphan fails the test unless the error of the last command names the key that nobody has the secret of.
func (s *story) wantOrphan(id string) {
	s.t.Helper()
	d := s.onlyError()
	if d.Summary != `No new key for user "ci"` {
		s.t.Errorf("summary %q", d.Summary)
	}
	wantDetail(s.t, d, id+" (Active, created ", "nobody has the secret", "aws iam delete-access-key --user-name ci --access-key-id "+id, "The current key was not touched.")
}

// A failure that made nothing says so, and the next apply makes the key.
func TestAccRotatingAccessKey_callsOfFailedCreate(t *testing.T) {
	t.Parallel()
	for _, kind := range []iamsim.FaultKind{iamsim.ErrorBeforeCommit, iamsim.CutBeforeCommit} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSteadyStory(t, storyPolicy)
			first := s.currentID()
			s.w.Advance("90d")
			s.losesCreate(kind)
			wantDetail(t, s.onlyError(), "IAM lists no new key.", "The current key was not touched.")
			s.apply()
			s.wantText(map[string]string{"previous.access_key_id": first})
			if keys := s.w.Sim.Keys("ci"); len(keys) != 2 {
				t.Errorf("keys %+v, want two", keys)
			}
		})
	}
}

// Ctrl-C while the key is being made: the key ends in the state.
func TestAccRotatingAccessKey_callsOfInterruptedCreate(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.interruptsCreate()
	created := s.w.Sim.Keys("ci")
	if len(created) != 1 || s.currentID() != created[0].ID {
		t.Fatalf("keys %+v, want the one of the state, %s", created, s.currentID())
	}
	s.apply()
	first := s.currentID()
	if first != created[0].ID {
		t.Errorf("the next apply made %s in the place of %s", first, created[0].ID)
	}

	s.w.Advance("90d")
	s.interruptsCreate()
	s.checkConsumers()
	s.wantText(map[string]string{"previous.access_key_id": first, "previous.status": "Active"})
	s.apply()
	if journal := s.w.Journal(); len(journal) != 2 || journal[1].NewKeyID != s.currentID() {
		t.Errorf("journal %+v, want a handover to %s", journal, s.currentID())
	}
	s.plans(0)
}

// interruptsCreate applies, and interrupts the CLI while CreateAccessKey is under way.
func (s *story) interruptsCreate() {
	s.t.Helper()
	arrived := make(chan struct{})
	s.w.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.Slow, Delay: time.Second})
	s.w.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			close(arrived)
		}
	})
	p := s.c.Start("apply", "-json", "-auto-approve")
	<-arrived
	s.w.Sim.OnCall(nil)
	if err := p.Interrupt(); err != nil {
		s.t.Fatal(err)
	}
	p.Wait()
	s.c.Want(1)
}
