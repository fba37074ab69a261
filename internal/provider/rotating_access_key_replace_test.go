package provider_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// writeOnlyHCL is a dependant of keyAddress that takes the secret through a write-only argument, and hence only when version
// has changed.
const writeOnlyHCL = `
resource "iamkeystest_consumer" "write_only" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_wo         = iamkeys_rotating_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`

// versionHCL is a dependant that watches nothing but version.
const versionHCL = `
resource "iamkeystest_consumer" "version_only" {
  access_key_id     = "not looked at"
  secret_wo         = iamkeys_rotating_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`

// createFirst has a replacement create the new key before the old one is destroyed.
var createFirst = acctest.Args{"lifecycle": "{ create_before_destroy = true }"}

const replace = "-replace=" + acctest.KeyAddress

// sharedUser is how the summary begins which says that two resources have the same user. Either may come first.
const sharedUser = "Two resources manage the access keys of one user"

// wantOnly checks that the last command had one diagnostic, with this severity and beginning of the summary.
func wantOnly(s *acctest.Story, severity, beginning string) {
	s.T.Helper()
	if all := s.CLI.Diagnostics(); len(all) != 1 || all[0].Severity != severity || !strings.HasPrefix(all[0].Summary, beginning) {
		s.T.Fatalf("diagnostics %s, want one %s: %s", s.Normalize(fmt.Sprintf("%+v", all)), severity, beginning)
	}
}

func TestAccRotatingAccessKey_replace(t *testing.T) {
	t.Parallel()
	// step is a replacement, a second after the last one.
	type step struct {
		// warnings are those of the apply.
		warnings []acctest.Option
		changes  []string
		// handover is what each of the two consumers is given.
		handover string
		key      string
	}
	for name, tc := range map[string]struct {
		args   acctest.Args
		action string
		steps  []step
	}{
		"destroy first": {acctest.ByAge(nil), "delete create", []step{
			{changes: []string{"delete k1", "create k2"}, handover: "k1 (dead) to k2", key: "k2 Active"},
			{changes: []string{"delete k2", "create k3"}, handover: "k2 (dead) to k3", key: "k3 Active"},
		}},
		// The new object finds the key of the old one, which no consumer has used since.
		"create first": {acctest.ByAge(createFirst), "create delete", []step{
			{
				warnings: []acctest.Option{acctest.FoundLeftover("k1", acctest.ProvedAt("2026-01-01 00:00:00 UTC"))},
				changes:  []string{"create k2", "delete k1"}, handover: "k1 to k2", key: "k2 Active",
			},
			{
				warnings: []acctest.Option{acctest.FoundLeftover("k2", acctest.ProvedAt("2026-01-01 00:00:01 UTC"))},
				changes:  []string{"create k3", "delete k2"}, handover: "k2 to k3", key: "k3 Active",
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(tc.args, acctest.ConsumerHCL, writeOnlyHCL)
			s.Step("create k1")
			handovers := []string{"k1", "k1"}
			for _, step := range tc.steps {
				s.Advance("1s")
				s.Plan(2, acctest.Flags(replace))
				s.WantPlanned(map[string]any{
					"action": tc.action, "version": acctest.Unknown, "access_key_id": acctest.Unknown,
					"last_change": acctest.Unknown,
				})
				s.ApplyPlan(step.warnings...)
				s.WantChanges(step.changes...)
				s.WantKeys(step.key)
				s.WantState(map[string]any{"version": s.Sim.Now().Unix(), "previous": nil})
				handovers = append(handovers, step.handover, step.handover)
				s.WantHandovers(handovers...)
				s.PlanEmpty()
			}
		})
	}
}

// A dependant that watches version alone gets each new key: by rotation, and by replacement a second later.
func TestAccRotatingAccessKey_replaceVersion(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	asked := func(ask int) acctest.Args {
		return acctest.Asking(fmt.Sprintf(`{ ask = "%d" }`, ask)).With(createFirst)
	}
	handed := func(want, version int) {
		t.Helper()
		if got := len(s.Journal()); got != want {
			t.Errorf("%d handovers, want %d", got, want)
		}
		s.WantState(map[string]any{"version": version})
		s.PlanEmpty()
	}
	s.Write(asked(1), versionHCL)
	s.Apply()
	s.WantChanges("create k1")
	handed(1, 1767225600)

	// Within the same second: one more than the last.
	s.Write(asked(2), versionHCL)
	s.Apply()
	s.WantChanges("create k2")
	handed(2, 1767225601)

	// The previous key is gone, and the replacement follows the rotation at once.
	s.DeleteKey("k1")
	s.Apply()
	s.WantChanges()
	s.Advance("2s")
	s.Apply(acctest.Flags(replace), acctest.FoundLeftover("k2", acctest.ProvedAt(acctest.FirstDay)))
	s.WantDetail("If this apply replaces a resource, that is the key of the old object, and is deleted with it unless skip_destroy is set: " +
		"leave it alone.")
	s.WantChanges("create k3", "delete k2")
	handed(3, 1767225602)
}

// While a previous key exists there is no slot for the new object: nothing is touched, and the text says what to do.
func TestAccRotatingAccessKey_replaceWithPrevious(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(createFirst))
	before := s.Attributes()
	s.Plan(2, acctest.Flags(replace)) // Terraform drops the warnings of the second half of a replacement
	twoKeys := acctest.NoFreeSlot("k1", acctest.NeverUsed(acctest.FirstDay), "k2", acctest.ProvedAt(acctest.RotationDay))
	s.ApplyPlan(acctest.Warns(twoKeys), acctest.Fails(twoKeys))
	s.WantDetail("create_before_destroy", "rotate_when_changed")
	s.WantChanges()
	s.WantKeys("k1 Active", "k2 Active")
	if !reflect.DeepEqual(s.Attributes(), before) {
		t.Error("the state has changed")
	}
	s.WantHandovers("k1", "k1 to k2")
	s.PlanEmpty()

	// Without create_before_destroy both keys make room.
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Refresh()
	s.Advance("1s")
	s.Apply(acctest.Flags(replace))
	s.WantChanges("delete k1", "delete k2", "create k3")
	s.WantHandovers("k1", "k1 to k2", "k2 (dead) to k3")
	s.PlanEmpty()
}

// With skip_destroy a replacement would take both keys out of the state and find no slot for another: the plan fails, and a destroy that
// leaves the keys goes on.
func TestAccRotatingAccessKey_replaceSkipDestroy(t *testing.T) {
	t.Parallel()
	for name, create := range map[string]acctest.Args{"destroy first": nil, "create first": createFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithPrevious(acctest.ByAge(create).With(acctest.Args{"skip_destroy": "true"}))
			before := s.Attributes()
			refused := acctest.Fails(
				`Replacement of user "ci" is not possible: skip_destroy keeps k1 and k2, and no slot is free for a new key`)
			s.Plan(1, acctest.Flags(replace), refused)
			s.WantDetail("Nothing was changed.", "rotate_when_changed", "terraform untaint", "terraform destroy -refresh=false")
			s.CLI.Run("taint", acctest.KeyAddress)
			s.Plan(1, refused)
			s.CLI.Run("untaint", acctest.KeyAddress)
			if !reflect.DeepEqual(s.Attributes(), before) {
				t.Error("the state has changed")
			}
			s.PlanEmpty()

			s.CLI.Run("taint", acctest.KeyAddress)
			s.Consumed = false
			s.Destroy(acctest.Flags("-refresh=false"))
			s.WantChanges()
			s.WantKeys("k1 Active", "k2 Active")
		})
	}
}

// A tainted resource with a previous key: the plan tells its keys from unmanaged ones, and shows no command that touches one of them.
func TestAccRotatingAccessKey_taintedWithPrevious(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.ByAge(nil))
	s.CLI.Run("taint", acctest.KeyAddress)
	twoKeys := acctest.NoFreeSlot("k1", acctest.NeverUsed(acctest.FirstDay), "k2", acctest.ProvedAt(acctest.RotationDay))
	s.CLI.Plan("-out=" + acctest.SavedPlan)
	s.CLI.Want(2)
	var detail string
	for _, d := range s.CLI.Diagnostics() {
		switch summary := s.Normalize(d.Summary); {
		case summary == twoKeys:
			detail = s.Normalize(d.Detail)
		case !strings.HasPrefix(summary, sharedUser):
			t.Errorf("diagnostic %s", summary)
		}
	}
	for _, part := range []string{
		"Another resource manages k1 and k2, or the object does that this plan replaces", "terraform untaint", "rotate_when_changed",
	} {
		if !strings.Contains(detail, part) {
			t.Errorf("the detail %q lacks %q", detail, part)
		}
	}
	if strings.Contains(detail, "aws iam") || strings.Contains(detail, "import") || strings.Contains(detail, "did not create") {
		t.Errorf("the detail shows what is wrong for managed keys: %q", detail)
	}
	s.ApplyPlan()
	s.WantChanges("delete k1", "delete k2", "create k3")
	s.PlanEmpty()
}

// A tainted resource whose keys are in use: the plan says which of them it deletes, and that a skip_destroy comes too late. For -replace
// Terraform shows no warning of the half that knows of the replacement.
func TestAccRotatingAccessKey_taintedInUse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance("1d")
	s.UseKey("k1")
	s.CLI.Run("taint", acctest.KeyAddress)
	const use = "2026-01-02 00:00:00 UTC by s3 in eu-west-1"
	shared := acctest.TwoResources("current keys k1 and (being created)")
	s.Plan(2, shared, acctest.ReplacementDeletes("k1", use))
	s.WantDetail("While a resource is being replaced, this is expected.")
	s.Write(acctest.ByAge(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Plan(2, shared, acctest.ReplacementDeletes("k1", use), acctest.SkipDestroyTooLate("key k1"))

	s.CLI.Run("untaint", acctest.KeyAddress)
	s.Plan(2, acctest.Flags(replace))
	s.Apply()
	s.CLI.Run("taint", acctest.KeyAddress)
	s.Plan(2, shared)
	s.ApplyPlan(acctest.FoundLeftover("k1", "Active, created "+acctest.FirstDay+", last used at "+use))
	s.WantChanges("create k2")
	s.WantKeys("k1 Active", "k2 Active")
}

// Another user replaces the resource: the plan says which keys in use it deletes.
func TestAccRotatingAccessKey_anotherUserInUse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Sim.CreateUser("web")
	s.Advance("1d")
	s.UseKey("k1")
	s.Write(acctest.OfUser("web"), acctest.ConsumerHCL)
	s.Plan(2, acctest.DestroysInUse("k1", "2026-01-02 00:00:00 UTC by s3 in eu-west-1"))
	s.WantPlanned(map[string]any{"action": "delete create", "user": "web"})
	s.Write(acctest.OfUser("web").With(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Plan(2, acctest.DestroysInUse("k1", "2026-01-02 00:00:00 UTC by s3 in eu-west-1"), acctest.SkipDestroyTooLate("key k1"))

	// The way that both texts name.
	s.Write(acctest.ByAge(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Step()
	s.Write(acctest.OfUser("web").With(acctest.Args{"skip_destroy": "true"}), acctest.ConsumerHCL)
	s.Step("create k2")
	s.WantKeys("k1 Active")
	s.WantKeysOf("web", "k2 Active")
}

// A replacement that has deleted the old key and can't create another does not say that the current key was not touched.
func TestAccRotatingAccessKey_replaceAnswerLost(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.ErrorBeforeCommit})
	s.Apply(acctest.Flags(replace), acctest.NoNewKey())
	s.WantDetail("The failed creation changed no other key.")
	for _, d := range s.CLI.Diagnostics() {
		if strings.Contains(d.Detail, "current key was not touched") {
			t.Errorf("%s", s.Normalize(d.Detail))
		}
	}
	s.WantChanges("delete k1", "create: ServiceFailure")
}

// A replacement with create_before_destroy: what the apply says of the key of the old object is true of any other key, too.
func TestAccRotatingAccessKey_replaceFindsOldKey(t *testing.T) {
	t.Parallel()
	for mode, tc := range map[string]struct {
		says  acctest.Option
		parts []string
	}{
		"refuse": {
			acctest.FoundLeftover("k1", acctest.ProvedAt(acctest.FirstDay)),
			[]string{"If this apply replaces a resource, that is the key of the old object, and is deleted with it unless skip_destroy is set: " +
				"leave it alone. Otherwise it " +
				"will block the rotation of 2026-04-01 00:00:00 UTC; an interrupted create may have left it"},
		},
		"retire": {
			acctest.Adopts("k1"),
			[]string{"If this apply replaces a resource, it is the key of the old object, and is deleted with that."},
		},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(acctest.Unmanaged(mode).With(createFirst))
			s.Step("create k1")
			s.Plan(2, acctest.Flags(replace))
			s.ApplyPlan(tc.says)
			s.WantDetail(tc.parts...)
			s.WantChanges("create k2", "delete k1")
		})
	}
}

// The old object can't be destroyed once the new one is there: the next apply does it, and nobody notices.
func TestAccRotatingAccessKey_replaceInterrupted(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.ByAge(createFirst), acctest.ConsumerHCL, writeOnlyHCL)
	s.Step("create k1")
	s.Advance("1h")
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.Apply(acctest.Flags(replace), acctest.FoundLeftover("k1", acctest.ProvedAt(acctest.FirstDay)), acctest.NotDeleted("k1"),
		acctest.DestroysKeyInUse())
	s.WantChanges("create k2", "delete k1: AccessDenied")
	s.WantKeys("k1 Active", "k2 Active")
	s.WantHandovers("k1", "k1", "k1 to k2", "k1 to k2")

	s.Sim.ClearDenials()
	s.CLI.Apply()
	s.CLI.Want(0)
	rest := withoutKeyInTheWay(s.Summaries())
	if want := []string{"warning: Access key in use is destroyed", "warning: " + sharedUser}; !slices.Equal(rest, want) {
		t.Fatalf("diagnostics %q, want %q", rest, want)
	}
	s.WantChanges("delete k1")
	s.WantKeys("k2 Active")
	s.PlanEmpty()
}

// The new object adopts the key of the old one, which goes in the same apply.
func TestAccRotatingAccessKey_replaceRetire(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.Unmanaged("retire").With(createFirst), acctest.ConsumerHCL, writeOnlyHCL)
	s.Step("create k1")
	s.Advance("1h")
	s.Apply(acctest.Flags(replace), acctest.DestroysKeyInUse(), acctest.Adopts("k1"))
	s.WantChanges("create k2", "delete k1")
	s.WantHandovers("k1", "k1", "k1 to k2", "k1 to k2")
	// The key of the old object is gone, which the next apply records. It was no stranger that deleted it.
	s.Step()
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil, "last_change": "record k1: no longer exists"})
}

// A replacement deletes an unmanaged key that nobody has used, and last_change says what the create has found.
func TestAccRotatingAccessKey_replaceDeleteUnused(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Write(acctest.Unmanaged("delete_unused").With(createFirst), acctest.ConsumerHCL)
	s.Step("create k1")
	s.CreateForeignKey("theirs")
	s.Advance("1h")
	s.Apply(acctest.Flags(replace), acctest.DestroysKeyInUse(), acctest.DeletesUnmanaged("theirs", acctest.NeverUsed(acctest.FirstDay)))
	s.WantChanges("delete theirs", "create k2", "delete k1")
	s.WantState(map[string]any{"last_change": "delete theirs: unmanaged, never used, to make room; create k2"})
	s.PlanEmpty()
}

// Two resources fight for the slots of one user: the second one of a process creates no key. It looks when the first has created
// its key, and does not call that key a leftover.
func TestAccRotatingAccessKey_twoCreates(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.ByAge(nil), acctest.KeyHCL("twin", acctest.ByAge(nil)))
	bothLook, isMade := make(chan struct{}), make(chan struct{})
	var lists atomic.Int32
	made := sync.OnceFunc(func() { close(isMade) })
	s.Sim.OnCall(func(call iamsim.Call) {
		switch call.Action {
		case "GetCallerIdentity":
			made()
		case "ListAccessKeys":
			switch lists.Add(1) { // the first two make the plan
			case 3:
				<-bothLook
			case 4:
				close(bothLook)
				<-isMade
			}
		}
	})
	s.CLI.Apply()
	s.Sim.OnCall(nil)
	s.CLI.Want(1)
	wantOnly(s, "error", `Another resource manages the access keys of user "ci": current key `)
	s.WantDetail("No key was created")
	s.WantChanges("create k1")
	s.WantKeys("k1 Active")
}

// A second resource for a user who has one already is noticed when it is planned.
func TestAccRotatingAccessKey_twoPlanned(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.ByAge(nil))
	s.Apply()
	// A key that nobody has used could have been left by an interrupted create.
	s.UseKey("k1")
	s.Write(acctest.ByAge(nil), acctest.KeyHCL("twin", acctest.ByAge(nil)))
	s.CLI.Plan()
	s.CLI.Want(2)
	// A plan of the second that looks before the first is read finds its key, too, and one before the first is planned may replace it.
	maySay := []string{sharedUser, "User already has an access key", "Access key in use is deleted if its resource is replaced"}
	for _, d := range s.CLI.Diagnostics() {
		if !slices.Contains(maySay, d.Summary) {
			t.Errorf("diagnostic %s", s.Normalize(d.Summary))
		}
	}
	if !slices.ContainsFunc(s.CLI.Diagnostics(), func(d acctest.Diagnostic) bool { return strings.HasPrefix(d.Summary, sharedUser) }) {
		t.Error("the plan does not say that two resources manage the user")
	}
}

// Two resources that are there already: each shows the other.
func TestAccRotatingAccessKey_twoReads(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	one := s.CreateForeignKey("one").AccessKeyID
	s.Advance("1s")
	two := s.CreateForeignKey("two").AccessKeyID
	// A key that nobody has used could have been left by an interrupted apply.
	s.UseKey("two")
	s.Write(acctest.ByAge(nil), acctest.KeyHCL("twin", acctest.ByAge(nil)), acctest.ImportHCL(acctest.KeyAddress, "ci/"+one),
		acctest.ImportHCL("iamkeys_rotating_access_key.twin", "ci/"+two))
	s.CLI.Apply()
	s.CLI.Want(0)
	s.CLI.Plan()
	s.CLI.Want(0)
	rest := withoutKeyInTheWay(s.Summaries())
	if want := []string{"warning: " + sharedUser}; !slices.Equal(rest, want) {
		t.Fatalf("diagnostics %q, want %q", rest, want)
	}
	s.WantChanges()
	s.WantKeys("one Active", "two Active")
}

// withoutKeyInTheWay leaves out the warning of an object that is read before the other one of its user.
func withoutKeyInTheWay(summaries []string) []string {
	return slices.DeleteFunc(summaries, func(d string) bool { return d == "warning: Unmanaged access key will block the rotation" })
}
