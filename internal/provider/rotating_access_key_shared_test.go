package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// The address of a resource with two keys changes without a moved block: one apply deletes both keys and creates another, in no
// order. However they meet, the user has a key at the end, and the state has it.
func TestAccRotatingAccessKey_addressChanged(t *testing.T) {
	t.Parallel()
	for run := range 8 {
		t.Run(fmt.Sprint(run), func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.ByAge(nil))
			s.Apply()
			s.Advance("90d")
			s.Apply()
			s.WantKeys("k1 Active", "k2 Active")
			s.Sim.OnCall(func(iamsim.Call) { _ = clock.System().Sleep(t.Context(), 60*time.Millisecond) })
			s.CLI.Write("main.tf", s.ProviderHCL+acctest.KeyHCL("renamed", acctest.ByAge(nil)))
			s.CLI.Apply()
			s.Sim.OnCall(nil)
			s.CLI.Want(0)
			s.WantKeys("k3 Active")
			s.WantStateOf("iamkeys_rotating_access_key.renamed", map[string]any{"access_key_id": "k3", "previous": nil})
			s.CLI.Plan()
			s.CLI.Want(0)
		})
	}
}

// Two resources have one user: neither adopts or deletes the key of the other, whatever unmanaged_keys says, also when a rotation
// needs its slot. Where one was planned before the other was read, a plan fails and names both.
func TestAccRotatingAccessKey_sharedUser(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"retire", "delete_unused"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			one := s.CreateForeignKey("one").AccessKeyID
			s.Advance("1s")
			two := s.CreateForeignKey("two").AccessKeyID
			s.Write(acctest.Unmanaged(mode), acctest.KeyHCL("twin", acctest.Unmanaged(mode)),
				acctest.ImportHCL(acctest.KeyAddress, "ci/"+one), acctest.ImportHCL("iamkeys_rotating_access_key.twin", "ci/"+two))
			s.CLI.Apply()
			s.CLI.Want(0)
			for range 4 {
				s.CLI.Apply()
				for _, d := range s.CLI.Diagnostics() {
					names := strings.Contains(d.Summary+d.Detail, one) && strings.Contains(d.Summary+d.Detail, two)
					if d.Severity == "error" && (!strings.Contains(d.Summary, "belongs to another resource") || !names) {
						t.Errorf("%s", s.Normalize(fmt.Sprintf("%+v", d)))
					}
				}
				s.WantKeys("one Active", "two Active")
				if changes := s.Changes(); slices.ContainsFunc(changes, func(c string) bool { return !strings.HasPrefix(c, "create: ") }) {
					t.Errorf("changes %v", changes)
				}
				s.WantState(map[string]any{"access_key_id": "one", "previous": nil})
				s.WantStateOf("iamkeys_rotating_access_key.twin", map[string]any{"access_key_id": "two", "previous": nil})
				s.Advance("31d")
			}
		})
	}
}

const (
	twinAddress = "iamkeys_rotating_access_key.twin"
	// afterTwin and afterTest have Terraform plan one resource after the other was read and planned.
	afterTwin, afterTest = "[" + twinAddress + "]", "[" + acctest.KeyAddress + "]"
)

// A create that is planned before the other resource of its user is read, and takes a key of it, fails the plan of that one.
func TestAccRotatingAccessKey_createTakesBeforeRead(t *testing.T) {
	t.Parallel()
	taken := acctest.Fails(`Key k1 of user "ci" belongs to another resource, and the plan of the resource that is created would take it`)
	const unused = "Active, created " + acctest.FirstDay + ", never used"
	for mode, takes := range map[string]acctest.Option{
		"retire": acctest.Adopts("k1"), "delete_unused": acctest.DeletesUnmanaged("k1", unused),
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			// Nothing proves the key, so a create takes it for one that nobody has.
			s.Write(acctest.ByAge(acctest.Args{"wait_until_usable": "false"}))
			s.Step("create k1")
			blocks := []acctest.Option{acctest.TwoResources("current keys (being created) and k1"), takes, taken}
			if mode == "delete_unused" {
				s.CreateForeignKey("theirs")
				s.UseKey("theirs")
				blocks = append(blocks, acctest.WillBlock("theirs", "Active, created "+acctest.FirstDay+", last used at "+acctest.FirstDay+
					" by s3 in eu-west-1", acctest.RotationDay))
			}
			s.Write(acctest.ByAge(acctest.Args{"wait_until_usable": "false", "depends_on": afterTwin}),
				acctest.KeyHCL("twin", acctest.Unmanaged(mode)))
			s.Plan(1, blocks...)
			s.WantDetail("Keep one of the resources", "terraform destroy -refresh=false")
		})
	}
}

// A create that is planned after the other resource of its user was read may replace that, so its plan warns of what the apply takes,
// which knows only the resources that it changes.
func TestAccRotatingAccessKey_createTakesAfterRead(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	unproved := acctest.ByAge(acctest.Args{"wait_until_usable": "false"})
	s.Write(unproved)
	s.Step("create k1")
	s.Advance("1s")
	s.CreateForeignKey("theirs")
	s.UseKey("theirs")
	const used = "Active, created 2026-01-01 00:00:01 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in eu-west-1"
	s.Write(unproved, acctest.KeyHCL("twin", acctest.Unmanaged("delete_unused").With(acctest.Args{"depends_on": afterTest})))
	s.Plan(2, acctest.TwoResources("current keys k1 and (being created)"), acctest.WillBlock("theirs", used, acctest.RotationDay),
		acctest.Warns("Access key of another resource may be taken", `Another resource manages key k1 of user "ci".`,
			`unmanaged_keys = "delete_unused" deletes it to make room, if it was never used`),
		acctest.Warns(acctest.NoFreeSlot("k1", acctest.NeverUsed(acctest.FirstDay), "theirs", used)))
}

// One of two resources is destroyed, and in the same apply a step of the other is due that takes its key. Terraform takes the two in no
// order, and the apply works in either.
func TestAccRotatingAccessKey_siblingDestroyed(t *testing.T) {
	t.Parallel()
	twin := acctest.Unmanaged("retire").With(acctest.Args{"depends_on": afterTest, "wait_for_handover": "false"})
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.ByAge(nil))
	s.ClearLastUse("k1")
	s.Write(acctest.ByAge(nil), acctest.KeyHCL("twin", twin))
	s.CLI.Apply()
	s.CLI.Want(0)
	s.WantChanges("create k2")
	s.WantStateOf(twinAddress, map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": true})
	s.Advance("40d")
	s.UseKey("k2")

	s.CLI.Write("main.tf", s.ProviderHCL+acctest.KeyHCL("twin", twin.With(acctest.Args{"depends_on": ""})))
	s.CLI.Apply()
	s.CLI.Want(0)
	rest := slices.DeleteFunc(withoutKeyInTheWay(s.Summaries()), func(d string) bool {
		return d == "warning: "+sharedUser || d == "warning: Access key was deleted before it could be made Inactive"
	})
	if len(rest) > 0 {
		t.Errorf("diagnostics %q", rest)
	}
	s.WantKeys("k2 Active")
	changes := slices.DeleteFunc(s.Changes(), func(c string) bool { return strings.HasPrefix(c, "deactivate k1") })
	if !slices.Equal(changes, []string{"delete k1"}) {
		t.Errorf("changes %q", changes)
	}
	s.WantStateOf(twinAddress, map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.status": "Inactive"})
	s.CLI.Apply()
	s.CLI.Want(0)
	s.WantStateOf(twinAddress, map[string]any{"previous": nil, "last_change": "record k1: no longer exists"})
	s.CLI.Plan()
	s.CLI.Want(0)
}

// A create adopts the current key of another resource that its apply does not change. Each later plan of the two is an error, whatever is
// due by then. Each way out that the error names leaves that key alone.
func TestAccRotatingAccessKey_createAdoptsSibling(t *testing.T) {
	t.Parallel()
	twin := acctest.Unmanaged("retire").With(acctest.Args{"depends_on": afterTest, "wait_for_handover": "false"})
	adopted := acctest.Fails(`Key k1 of user "ci" is managed by two resources: it is current in one of them, and the one with current key ` +
		`k2 has adopted it as previous`)
	shared := acctest.TwoResources("current keys k1 and k2")
	used := "Active, created " + acctest.FirstDay + ", last used at "
	blocks := func(day string) acctest.Option {
		return acctest.WillBlock("k2", used+day+" by s3 in eu-west-1", acctest.RotationDay)
	}
	forget := "removed {\n  from = " + twinAddress + "\n  lifecycle {\n    destroy = false\n  }\n}\n"
	for name, wayOut := range map[string]struct {
		do      func(s *acctest.Story)
		changes []string
		keys    []string
	}{
		"removed from the configuration": {
			do: func(s *acctest.Story) {
				s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
				s.CLI.Apply()
				s.CLI.Want(0)
				// The two are read in no order.
				rest := withoutKeyInTheWay(s.Summaries())
				want := []string{
					"warning: Access key in use is destroyed", "warning: Adopted access key was left in IAM", "warning: " + sharedUser,
				}
				if !slices.Equal(rest, want) {
					t.Errorf("diagnostics %q, want %q", rest, want)
				}
			},
			changes: []string{"delete k2"}, keys: []string{"k1 Active"},
		},
		"removed block": {
			do: func(s *acctest.Story) {
				s.Write(acctest.ByAge(nil), acctest.ConsumerHCL, forget)
				s.Apply(blocks("2026-02-10 00:00:00 UTC"), acctest.Warns("Some objects will no longer be managed by Terraform"))
				s.PlanEmpty(blocks("2026-02-10 00:00:00 UTC"))
			},
			keys: []string{"k1 Active", "k2 Active"},
		},
		"state rm": {
			do: func(s *acctest.Story) {
				s.CLI.Run("state", "rm", twinAddress)
				s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
				s.PlanEmpty(blocks("2026-02-10 00:00:00 UTC"))
			},
			keys: []string{"k1 Active", "k2 Active"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
			s.ClearLastUse("k1")
			both := acctest.KeyHCL("twin", twin)
			s.Write(acctest.ByAge(nil), acctest.ConsumerHCL, both)
			s.Plan(2, acctest.TwoResources("current keys k1 and (being created)"), acctest.Warns("Access key of another resource may be taken",
				`Another resource manages key k1 of user "ci".`, `unmanaged_keys = "retire" adopts it.`))
			s.ApplyPlan(acctest.Adopts("k1"))
			s.WantChanges("create k2")
			s.WantStateOf(twinAddress, map[string]any{"access_key_id": "k2", "previous.access_key_id": "k1", "previous.adopted": true})

			s.UseKey("k2")
			s.ClearLastUse("k1")
			s.Plan(1, adopted, shared, blocks(acctest.FirstDay))
			s.Advance("40d") // k1 is due for deactivation
			s.UseKey("k2")
			s.Plan(1, adopted, shared, blocks("2026-02-10 00:00:00 UTC"))
			s.Plan(1, acctest.Flags("-refresh=false"), adopted)
			s.WantDetail("remove the other from the configuration", "removed block", "terraform state rm")
			// A value that is not known yet hides nothing.
			s.Write(acctest.Asking("{ ask = terraform_data.test.output }"), acctest.ConsumerHCL, both, acctest.DataHCL("1", "1"))
			s.Plan(1, adopted, shared, blocks("2026-02-10 00:00:00 UTC"))
			// The other order.
			s.Write(acctest.ByAge(acctest.Args{"depends_on": afterTwin}), acctest.ConsumerHCL,
				acctest.KeyHCL("twin", twin.With(acctest.Args{"depends_on": ""})))
			s.Plan(1, adopted, acctest.TwoResources("current keys k2 and k1"))
			// A plan of the one that has adopted the key can't know of the other. Only the use of the key protects it then.
			s.UseKey("k1")
			s.Plan(0, acctest.Flags("-target="+twinAddress), acctest.Warns("Resource targeting is in effect"),
				acctest.Warns("Previous access key is still in use", acctest.StillInUse("k1")))
			s.ClearLastUse("k1")

			wayOut.do(s)
			s.WantChanges(wayOut.changes...)
			s.WantKeys(wayOut.keys...)
			s.WantState(map[string]any{"access_key_id": "k1", "status": "Active", "previous": nil})
			if name == "removed from the configuration" {
				s.PlanEmpty()
			}
		})
	}
}
