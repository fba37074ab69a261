package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// TestAccRotatingAccessKey_unmanagedRefuse leaves somebody else's key alone, and says what it is in the way of.
func TestAccRotatingAccessKey_unmanagedRefuse(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("theirs")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Apply(acctest.FoundLeftover("theirs", acctest.NeverUsed("2026-01-01 00:00:00 UTC")))
	s.WantDetail("Otherwise it will block the rotation of 2026-04-01 00:00:00 UTC; an interrupted create may have left it, and nobody has "+
		"its secret then.", acctest.StatusCommand("theirs", "Inactive"), `"delete_unused"`)
	s.WantChanges("create k1")
	blocks := acctest.WillBlock("theirs", acctest.NeverUsed(acctest.FirstDay), acctest.RotationDay)
	s.PlanEmpty(blocks)
	s.WantKeys("theirs Active", "k1 Active")
	s.WantState(map[string]any{"previous": nil, "rotation_blocked": nil})
	s.Advance("90d-1s")
	s.PlanEmpty(blocks)
	s.Advance("1s")
	s.PlanEmpty(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.WantDetail(acctest.StatusCommand("theirs", "Inactive"), acctest.DeleteCommand("theirs"), `unmanaged_keys to "retire"`, `"delete_unused"`)
	s.Refresh(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.WantState(map[string]any{"rotation_blocked": acctest.SlotTakenByTheirs, "access_key_id": "k1", "previous": nil})
	s.UseKey("theirs")
	s.SetStatus("theirs", "Inactive")
	s.PlanEmpty(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.DeleteKey("theirs")
	s.Step("create k2")
	s.WantState(map[string]any{"rotation_blocked": nil, "access_key_id": "k2"})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_unmanagedTwo meets a user whose two slots are taken: a warning at plan, an error at apply.
func TestAccRotatingAccessKey_unmanagedTwo(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"refuse", "retire", "delete_unused"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			s.CreateForeignKey("theirs")
			s.Advance("1d")
			s.CreateForeignKey("others")
			s.UseKey("theirs")
			s.UseKey("others")
			s.Write(acctest.Unmanaged(mode), acctest.ConsumerHCL)
			const summary = `User "ci" already has 2 access keys, and no slot is free: ` +
				"theirs (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1); " +
				"others (Active, created 2026-01-02 00:00:00 UTC, last used at 2026-01-02 00:00:00 UTC by s3 in eu-west-1)"
			s.Plan(2, acctest.Warns(summary))
			s.ApplyPlan(acctest.Warns(summary), acctest.Fails(summary))
			s.WantDetail("As long as both exist, no key is created.", "terraform import ADDRESS ci/others/theirs",
				acctest.StatusCommand("theirs", "Inactive"), acctest.StatusCommand("others", "Inactive"))
			s.WantChanges()
			s.WantKeys("theirs Active", "others Active")
			s.WantHandovers()
		})
	}
}

// TestAccRotatingAccessKey_unmanagedRetire adopts a key at create, and sees it out.
func TestAccRotatingAccessKey_unmanagedRetire(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("theirs")
	s.Advance("1h")
	s.Write(acctest.Unmanaged("retire"), acctest.ConsumerHCL)
	s.Apply(acctest.Adopts("theirs"))
	s.WantChanges("create k1")
	s.WantState(map[string]any{
		"access_key_id": "k1", "last_change": "adopt theirs: unmanaged_keys is retire; create k1", "previous.access_key_id": "theirs",
		"previous.secret_access_key": nil,
		"previous.status":            "Active",
		"previous.adopted":           true, "previous.revoked": false, "previous.created_at": "2026-01-01T00:00:00Z",
		"previous.replaced_at": "2026-01-01T01:00:00Z", "previous.deactivate_at": "2026-01-08T01:00:00Z", "previous.deactivated_at": nil,
	})
	s.Advance("1d")
	s.UseKey("theirs")
	s.UseKey("k1")
	s.Advance("7d")
	s.PlanEmpty(acctest.NotRetiredYet("theirs", "2026-01-02 01:00:00 UTC by s3 in eu-west-1", "2026-01-10 01:00:00 UTC"))
	s.Advance("1d")
	s.Step("deactivate theirs")
	s.WantKeys("theirs Inactive", "k1 Active")

	// Not even a request takes its place before its time.
	asked := acctest.Unmanaged("retire").With(acctest.Args{"rotate_when_changed": `{ a = "1" }`})
	s.Write(asked, acctest.ConsumerHCL)
	const fact = "adopted key theirs leaves only when its overlap, require_unused_for and grace have passed"
	s.Apply(acctest.RotationPending(fact))
	s.WantDetail("Wait until it has left", acctest.DeleteCommand("theirs"))
	s.WantChanges()
	s.Advance("7d-1s")
	s.PlanEmpty(acctest.RotationWaits("the grace of key theirs is not over"))
	s.Advance("1s")
	s.Step("delete theirs", "create k2")
	s.WantState(map[string]any{
		"rotation_requested": nil, "rotation_blocked": nil,
		"last_change": "delete theirs: Inactive since 2026-01-10, grace over; rotate k1: asked by rotate_when_changed (a)",
	})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_unmanagedRetireLater adopts a key that appears, and leaves it when the resource is destroyed.
func TestAccRotatingAccessKey_unmanagedRetireLater(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Unmanaged("retire"))
	s.Advance("1d")
	s.CreateForeignKey("theirs")
	s.Advance("1d")
	s.Plan(2, acctest.Adopts("theirs"))
	s.WantPlanned(map[string]any{
		"access_key_id": "k1", "previous.access_key_id": "theirs", "previous.adopted": true, "previous.status": "Active",
		"previous.created_at": "2026-01-02T00:00:00Z", "previous.replaced_at": acctest.Unknown, "previous.secret_access_key": nil,
	})
	s.ApplyPlan(acctest.Adopts("theirs"))
	s.WantChanges()
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k1", "version": 1767225600, "previous.access_key_id": "theirs", "previous.replaced_at": "2026-01-03T00:00:00Z",
		"previous.deactivate_at": "2026-01-10T00:00:00Z", "previous.adopted": true,
	})
	s.Destroy(acctest.AdoptedLeft("theirs"))
	s.WantChanges("delete k1")
	s.WantKeys("theirs Active")
}

// TestAccRotatingAccessKey_unmanagedRetireAfterRotation sees a key only when previous has gone: until then it waits.
func TestAccRotatingAccessKey_unmanagedRetireAfterRotation(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Unmanaged("retire"))
	s.DeleteKey("k1")
	s.CreateForeignKey("theirs")
	s.Apply(acctest.Adopts("theirs"))
	s.PlanEmpty()
	s.WantState(map[string]any{"previous.access_key_id": "theirs", "previous.adopted": true, "previous.secret_access_key": nil})
	s.Write(acctest.Unmanaged("refuse"), acctest.ConsumerHCL)
	s.Step()
	s.UseKey("k2")
	s.Advance("8d")
	s.Step("deactivate theirs")
}

// TestAccRotatingAccessKey_unmanagedDeleteUnused is about which keys delete_unused deletes, at create and at rotation.
func TestAccRotatingAccessKey_unmanagedDeleteUnused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// used is how long after its creation the key was used, by which service; zero is never.
		used    time.Duration
		service string
		status  string
		// state is what the plan says of the key, and fact why it is not deleted.
		state, fact string
	}{
		"never used":           {state: acctest.NeverUsed("2026-01-01 00:00:00 UTC")},
		"never used, Inactive": {status: "Inactive", state: "Inactive, created 2026-01-01 00:00:00 UTC, never used"},
		"proof only": {
			used: 15 * time.Minute, service: "sts",
			state: "Active, created 2026-01-01 00:00:00 UTC, used only by sts at 2026-01-01 00:15:00 UTC, to prove that it works",
		},
		"sts a second after the proof": {
			used: 15*time.Minute + time.Second, service: "sts", fact: acctest.SlotTaken("theirs"),
			state: "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:15:01 UTC by sts in us-east-1",
		},
		"another service at once": {
			used: time.Second, service: "s3", fact: acctest.SlotTaken("theirs"),
			state: "Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in us-east-1",
		},
		"another service at once, Inactive": {
			used: time.Second, service: "s3", status: "Inactive", fact: acctest.SlotTaken("theirs"),
			state: "Inactive, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in us-east-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithKey(acctest.Unmanaged("delete_unused"))
			s.CreateForeignKey("theirs")
			if test.service != "" {
				s.Sim.SetLastUsed(s.KeyID("theirs"), s.Sim.Now().Add(test.used), test.service, "us-east-1")
			}
			status := "Active"
			if test.status != "" {
				status = test.status
				s.SetStatus("theirs", status)
			}
			s.Advance("90d-1s")
			if test.fact == "" {
				s.PlanEmpty()
			} else {
				s.PlanEmpty(acctest.WillBlock("theirs", test.state, acctest.RotationDay))
			}
			s.Advance("1s")
			if test.fact == "" {
				s.Apply(acctest.DeletesUnmanaged("theirs", test.state))
				s.WantChanges("delete theirs", "create k2")
				s.PlanEmpty()
				s.WantKeys("k1 Active", "k2 Active")
				s.WantHandovers("k1", "k1 to k2")
				return
			}
			s.Refresh(acctest.RotationWaits(test.fact))
			s.WantState(map[string]any{"rotation_blocked": test.fact})
			s.WantKeys("k1 Active", "theirs "+status)
		})
	}
	t.Run("at create", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.CreateForeignKey("theirs")
		s.Advance("1d")
		s.CreateForeignKey("others")
		s.UseKey("theirs")
		s.Write(acctest.Unmanaged("delete_unused"), acctest.ConsumerHCL)
		s.Apply(acctest.DeletesUnmanaged("others", acctest.NeverUsed("2026-01-02 00:00:00 UTC")))
		s.WantChanges("delete others", "create k1")
		s.PlanEmpty(acctest.Warns("Unmanaged access key will block the rotation", "Key theirs (Active"))
		s.WantKeys("theirs Active", "k1 Active")
		s.WantState(map[string]any{"previous": nil, "access_key_id": "k1"})
	})
	t.Run("with a free slot", func(t *testing.T) {
		t.Parallel()
		s := acctest.NewStory(t)
		s.CreateForeignKey("theirs")
		s.Write(acctest.Unmanaged("delete_unused"), acctest.ConsumerHCL)
		s.Step("create k1")
		s.WantKeys("theirs Active", "k1 Active")
	})
}

// TestAccRotatingAccessKey_planText looks for secrets in what people read, above all in a plan that sets previous.
func TestAccRotatingAccessKey_planText(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Asking(`{ a = "1" }`))
	read := func(code int, args ...string) string {
		t.Helper()
		result := s.CLI.Run(append(args, "-no-color")...)
		s.WantNoSecrets(result)
		if result.ExitCode != code {
			t.Fatalf("%q: exit code %d, want %d\n%s", args, result.ExitCode, code, result.Stderr)
		}
		return result.Stdout
	}
	s.Advance("90d")
	for _, text := range []string{read(2, "plan", "-detailed-exitcode", "-out="+acctest.SavedPlan), read(0, "show", acctest.SavedPlan)} {
		_, previous, found := strings.Cut(text, "+ previous ")
		if !found || !strings.Contains(s.Normalize(previous), "+ secret_access_key = (sensitive value)") {
			t.Errorf("the plan does not show a sensitive secret of previous:\n%s", text)
		}
	}
	read(0, "apply", acctest.SavedPlan)
	read(0, "show")
	s.WantChanges("create k2")
	s.ClearLastUse("k1")
	s.UseKey("k2")
	s.Advance("8d")
	// Why the key is created is not known, so that previous as a whole is not.
	s.Write(acctest.Asking(`{ a = terraform_data.test.output }`), acctest.ConsumerHCL, acctest.DataHCL("2", "a"))
	read(2, "plan", "-detailed-exitcode", "-out="+acctest.SavedPlan)
	read(0, "show", acctest.SavedPlan)
	read(0, "apply", acctest.SavedPlan)
	read(0, "show")
	s.WantChanges("delete k1", "create k3")
	read(0, "destroy", "-auto-approve")
	s.WantKeys()
}
