package provider_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_rotateWhenChanged adds, changes and removes values, and never rotates by age.
func TestAccRotatingAccessKey_rotateWhenChanged(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	never := acctest.Args{"user": `"ci"`}
	write := func(values string) {
		s.Write(never.With(acctest.Args{"rotate_when_changed": values}), acctest.ConsumerHCL)
	}
	write(`{ a = "1" }`)
	s.Step("create k1")
	s.WantState(map[string]any{"rotate_after": nil, "rotate_at": nil, "last_change": "create k1"})
	s.Advance("3650d")
	s.PlanEmpty()

	write(`{ a = "1", z = "1", b = "1" }`)
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"last_change": "rotate k1: asked by rotate_when_changed (b, z)", "access_key_id": acctest.Unknown, "previous.access_key_id": "k1",
		"previous.status": "Active",
		"rotate_at":       nil, "version": acctest.Unknown,
	})
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"last_change": "rotate k1: asked by rotate_when_changed (b, z)", "rotate_at": nil,
		"previous.access_key_id": "k1",
	})

	// Beyond overlap and require_unused_for a request may take the slot of an Active previous.
	s.ClearLastUse("k1")
	s.UseKey("k2")
	s.Advance("7d")
	write(`{ a = "2", z = "1", b = "1" }`)
	s.Apply(acctest.DeletesActive("k1"))
	s.WantChanges("delete k1", "create k3")
	s.PlanEmpty()
	thirdKey := "delete k1: Active, never used, to make room; rotate k2: asked by rotate_when_changed (a)"
	s.WantState(map[string]any{"last_change": thirdKey, "previous.access_key_id": "k2", "rotate_when_changed.a": "2"})

	write(`{ a = "2" }`)
	s.Step()
	s.WantState(map[string]any{
		"access_key_id": "k3", "rotate_when_changed.a": "2", "rotate_when_changed.b": nil, "last_change": thirdKey,
	})
	// A value that comes back has been added.
	s.DeleteKey("k2")
	s.Step()
	s.WantState(map[string]any{"last_change": "record k2: no longer exists", "previous": nil})
	write(`{ a = "2", b = "1" }`)
	s.Step("create k4")
	s.WantKeys("k3 Active", "k4 Active")
	s.WantHandovers("k1", "k1 to k2", "k2 to k3", "k3 to k4")
}

// TestAccRotatingAccessKey_requestPending asks for a rotation that no slot is free for. The apply records the request, the plans
// that follow are empty and say what it waits for, and removing the value withdraws it.
func TestAccRotatingAccessKey_requestPending(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// setUp goes on from day 90, when k2 has replaced k1.
		setUp func(s *acctest.Story)
		// more are arguments to go on with.
		more acctest.Args
		// fact is why the rotation waits. Warnings are what each plan says besides, and before what it says while none waits.
		fact             string
		parts            []string
		warnings, before []acctest.Option
	}{
		"overlap": {
			setUp: func(s *acctest.Story) { s.Advance("7d-1s") },
			fact:  acctest.OverlapNotOver("k1"),
			parts: []string{"Wait until it is over.", "revoke_when_changed"},
		},
		"used": {
			setUp: func(s *acctest.Story) {
				s.UseKey("k1")
				s.UseKey("k2")
				s.Advance("8d-1s")
			},
			fact:     acctest.StillInUse("k1"),
			parts:    []string{"lower require_unused_for"},
			warnings: []acctest.Option{acctest.NotRetiredYet("k1", "2026-04-01 00:00:00 UTC by s3 in eu-west-1", "2026-04-09 00:00:00 UTC")},
		},
		"hold": {
			setUp: func(s *acctest.Story) {
				s.Write(acctest.Asking(`{ a = "1" }`).With(acctest.Held()), acctest.ConsumerHCL)
				s.Step()
				s.Advance("30d")
			},
			more:  acctest.Held(),
			fact:  "hold_previous keeps key k1",
			parts: []string{"Set hold_previous = false"},
		},
		"unmanaged": {
			setUp: func(s *acctest.Story) {
				s.DeleteKey("k1")
				s.Step()
				s.CreateForeignKey("theirs")
			},
			fact: acctest.SlotTaken("theirs"),
			parts: []string{
				acctest.StatusCommand("theirs", "Inactive"), acctest.DeleteCommand("theirs"), `unmanaged_keys to "retire"`,
				`"delete_unused"`,
			},
			before: []acctest.Option{acctest.ProbablyLeft("theirs", "2026-04-01 00:00:03 UTC")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits().WithPrevious(acctest.Asking(`{ a = "1" }`))
			test.setUp(s)
			settled := acctest.Asking(`{ a = "1" }`).With(test.more)
			with := func(more ...acctest.Option) []acctest.Option { return append(slices.Clone(test.warnings), more...) }
			pending := acctest.Warns("Rotation was asked for and has to wait", append(test.parts, test.fact, "rotation_requested")...)
			s.Write(settled.With(acctest.Args{"rotate_when_changed": `{ a = "2" }`}), acctest.ConsumerHCL)
			s.Apply(append(with(pending), test.before...)...)
			s.WantChanges()
			s.WantState(map[string]any{
				"rotate_when_changed.a": "2", "access_key_id": "k2", "rotation_requested": `rotate_when_changed["a"]`,
				"rotation_blocked": test.fact, "last_change": "record k2: rotation pending, asked by rotate_when_changed (a)",
			})
			waits := acctest.RotationWaits(test.fact)
			s.PlanEmpty(with(waits)...)
			s.Write(settled.With(acctest.Args{"rotate_when_changed": "{}"}), acctest.ConsumerHCL)
			s.Apply(with(waits)...)
			s.WantState(map[string]any{
				"rotate_when_changed.a": nil, "access_key_id": "k2", "rotation_requested": nil, "rotation_blocked": nil,
				"last_change": "record k2: no rotation is asked for any more",
			})
			s.PlanEmpty(with(test.before...)...)
		})
	}
}

// TestAccRotatingAccessKey_requestTakesInactive asks while previous is in its grace: it goes at once.
func TestAccRotatingAccessKey_requestTakesInactive(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithInactivePrevious()
	s.Write(acctest.Asking(`{ a = "1" }`), acctest.ConsumerHCL)
	s.Plan(2, acctest.DeletesInactive("k1"))
	s.WantPlanned(map[string]any{"access_key_id": acctest.Unknown, "previous.access_key_id": "k2", "previous.status": "Active"})
	s.ApplyPlan(acctest.DeletesInactive("k1"))
	s.WantChanges("delete k1", "create k3")
	s.WantKeys("k2 Active", "k3 Active")
	s.PlanEmpty()
	s.WantHandovers("k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_requestFails has AWS deny the new key: the request is not recorded, and is asked again.
func TestAccRotatingAccessKey_requestFails(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Asking(`{ a = "1" }`))
	s.Sim.Deny("admin", "iam:CreateAccessKey")
	s.Write(acctest.Asking(`{ a = "2" }`), acctest.ConsumerHCL)
	for range 2 {
		s.Plan(2)
		s.ApplyPlan(acctest.NoNewKey())
		s.WantDetail("iam:CreateAccessKey", "No key was created")
		s.WantChanges("create: AccessDenied")
		s.WantState(map[string]any{"rotate_when_changed.a": "1", "access_key_id": "k1", "previous": nil, "last_change": "create k1"})
		s.WantKeys("k1 Active")
	}
	s.Sim.ClearDenials()
	s.Step("create k2")
	s.WantState(map[string]any{"rotate_when_changed.a": "2", "last_change": "rotate k1: asked by rotate_when_changed (a)"})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_requestBehindAWS runs where the machine's clock is behind AWS's: what is a plan to AWS's time must
// not be judged again at apply by the machine's.
func TestAccRotatingAccessKey_requestBehindAWS(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t, iamsim.Options{Start: time.Date(2126, time.January, 1, 0, 0, 0, 0, time.UTC)})
	s.Write(acctest.Asking(`{ a = "1" }`))
	s.Step("create k1")
	s.DeleteKey("k1")
	s.Advance("5m")
	s.Write(acctest.Asking(`{ a = "2" }`))
	s.Plan(2, acctest.CurrentNotListed("k1"))
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k2", "last_change": "rotate k1: asked by rotate_when_changed (a)", "rotate_at": "2126-04-01T00:05:00Z", "previous": nil,
	})
}

// TestAccRotatingAccessKey_unknownTrigger takes a trigger from a resource of the same apply.
func TestAccRotatingAccessKey_unknownTrigger(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	write := func(release, generation string) {
		s.Write(acctest.Asking(`{ release = terraform_data.test.output }`), acctest.ConsumerHCL, acctest.DataHCL(release, generation))
	}
	// step plans with all outputs unknown, applies, and checks changes and state.
	step := func(changes []string, state map[string]any, planned []acctest.Option, says ...acctest.Option) {
		t.Helper()
		s.Plan(2, planned...)
		want := map[string]any{"action": "update"}
		for _, name := range []string{
			"access_key_id", "secret_access_key", "status", "created_at", "rotate_at", "compliant_until", "last_change", "rotation_requested",
			"rotation_blocked", "retirement_blocked", "version", "previous_access_key_id", "previous",
		} {
			want[name] = acctest.Unknown
		}
		s.WantPlanned(want)
		s.ApplyPlan(says...)
		s.WantChanges(changes...)
		s.WantState(state)
		s.PlanEmpty()
	}
	unrotated := map[string]any{
		"access_key_id": "k1", "secret_access_key": "secret of k1", "version": 1767225600, "previous": nil, "last_change": "create k1",
	}
	write("1", "a")
	s.Step("create k1")
	s.WantState(unrotated)

	// Known after apply, and then the value that it was before.
	write("1", "b")
	step(nil, unrotated, nil)

	s.Advance("1h")
	write("2", "b")
	step([]string{"create k2"}, map[string]any{
		"access_key_id": "k2", "secret_access_key": "secret of k2", "version": 1767229200,
		"last_change":            "rotate k1: asked by rotate_when_changed (release)",
		"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
		"previous.replaced_at": "2026-01-01T01:00:00Z",
	}, nil)

	// The trigger turns out to be what it was, and a rotation by age, with a deletion before it, was due in the meantime.
	s.UseKey("k2")
	s.Advance("90d")
	write("2", "c")
	step([]string{"delete k1", "create k3"}, map[string]any{
		"access_key_id": "k3", "secret_access_key": "secret of k3", "version": 1775005200, "previous.access_key_id": "k2",
		"last_change": "delete k1: Active, unused since 2026-01-01, to make room; rotate k2: created 2026-01-01, reached 90d",
	}, []acctest.Option{acctest.NotKnownYet("deactivate, reactivate or delete previous key k1 (Active",
		"the apply does what is due: delete k1: Active, unused since 2026-01-01, to make room; rotate k2: ")}, acctest.DeletesActive("k1"))
	s.WantHandovers("k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_unknownTriggerPending learns at apply only that a request has to wait.
func TestAccRotatingAccessKey_unknownTriggerPending(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.Asking(`{ release = "1" }`))
	s.Write(acctest.Asking(`{ release = terraform_data.test.output }`), acctest.ConsumerHCL, acctest.DataHCL("2", "a"))
	s.Plan(2, acctest.NotKnownYet("deactivate, reactivate or delete previous key k1 (Active"))
	s.WantPlanned(map[string]any{"access_key_id": acctest.Unknown, "previous": acctest.Unknown})
	s.ApplyPlan(acctest.RotationPending(acctest.OverlapNotOver("k1")))
	s.WantChanges()
	s.WantState(map[string]any{
		"rotate_when_changed.release": "2", "access_key_id": "k2", "rotation_requested": `rotate_when_changed["release"]`,
	})
	s.PlanEmpty(acctest.RotationWaits(acctest.OverlapNotOver("k1")))
}

// A plan whose trigger is not known yet names the key of somebody else that its apply deletes.
func TestAccRotatingAccessKey_unknownTriggerUnmanaged(t *testing.T) {
	t.Parallel()
	args := func(release string) acctest.Args {
		return acctest.Asking(`{ release = ` + release + ` }`).With(acctest.Args{"unmanaged_keys": `"delete_unused"`})
	}
	s := acctest.NewStory(t).WithKey(args(`"1"`))
	s.NameKey(s.Sim.CreateAccessKey("ci").AccessKeyID, "foreign")
	s.Advance(acctest.TenMinutes)
	s.Write(args("terraform_data.test.output"), acctest.ConsumerHCL, acctest.DataHCL("2", "a"))
	s.Plan(2, acctest.Warns("Unmanaged access key is deleted to make room for a new one",
		"A value that may ask for a rotation is not known yet", "key foreign (Active"))
	s.ApplyPlan(acctest.Warns("Unmanaged access key is deleted to make room for a new one", "Key foreign (Active"))
	s.WantChanges("delete foreign", "create k2")
	s.PlanEmpty()
}

// TestAccRotatingAccessKey_revokeWhenChanged is a leaked key, and its way out.
func TestAccRotatingAccessKey_revokeWhenChanged(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.Revoking(`{ incident = "1" }`))
	s.UseKey("k1")
	s.Advance("1h")
	s.Write(acctest.Revoking(`{ incident = "2" }`), acctest.ConsumerHCL)
	s.Plan(2, acctest.Revokes("k1"))
	s.WantPlanned(map[string]any{
		"access_key_id": acctest.Unknown, "last_change": "rotate k1: asked by revoke_when_changed (incident); deactivate k1: revoked",
		"status":                 "Active",
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.revoked": true,
	})
	s.ApplyPlan(acctest.Revokes("k1"))
	s.WantChanges("create k2", "deactivate k1")
	s.WantKeys("k1 Inactive", "k2 Active")
	s.WantState(map[string]any{
		"access_key_id": "k2", "last_change": "rotate k1: asked by revoke_when_changed (incident); deactivate k1: revoked",
		"revoke_when_changed.incident": "2",
		"previous.access_key_id":       "k1", "previous.status": "Inactive", "previous.revoked": true,
		"previous.replaced_at":    "2026-01-01T01:00:00Z",
		"previous.deactivated_at": "2026-01-01T01:00:00Z", "previous.deactivated_by": "iamkeys", "previous.delete_at": "2026-01-08T01:00:00Z",
	})
	s.PlanEmpty()
	// The dependant comes after the revocation: that is what a revoke is for.
	s.WantHandovers("k1", "k1 (dead) to k2")

	// A revoked key does not come back, neither by hold_previous nor by removing the value.
	s.Write(acctest.Held(), acctest.ConsumerHCL)
	warning := acctest.RevokedNotHeld("k1", "(Inactive, ", "If somebody reactivates it, the next apply deactivates it again.")
	s.Plan(2, warning)
	s.ApplyPlan(warning)
	s.WantChanges()
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Step()
	s.Advance("7d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.Step("delete k1")
}

// TestAccRotatingAccessKey_revokeBeats shows what a revoke does not wait for.
func TestAccRotatingAccessKey_revokeBeats(t *testing.T) {
	t.Parallel()
	frozen := acctest.Held().With(acctest.Args{"paused": "true"})
	for name, test := range map[string]struct {
		args    acctest.Args
		setUp   func(s *acctest.Story)
		deletes acctest.Option
	}{
		"previous Active and just used": {setUp: func(s *acctest.Story) { s.UseKey("k1") }, deletes: acctest.DeletesActive("k1")},
		"previous Inactive": {deletes: acctest.DeletesInactive("k1"), setUp: func(s *acctest.Story) {
			s.UseKey("k2")
			s.Advance("7d")
			s.Step("deactivate k1")
		}},
		"hold and pause": {
			args: frozen, deletes: acctest.DeletesActive("k1"),
			setUp: func(s *acctest.Story) {
				s.Write(frozen, acctest.ConsumerHCL)
				s.Step()
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
			test.setUp(s)
			s.Write(acctest.Revoking(`{ incident = "1" }`).With(test.args), acctest.ConsumerHCL)
			s.Apply(acctest.Revokes("k2"), test.deletes)
			s.WantChanges("delete k1", "create k3", "deactivate k2")
			s.PlanEmpty()
			s.WantKeys("k2 Inactive", "k3 Active")
			s.WantState(map[string]any{
				"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true,
			})
			s.WantHandovers("k1", "k1 to k2", "k2 (dead) to k3")
		})
	}
}

// TestAccRotatingAccessKey_revokeOnlyActive leaks a key while previous is the only Active one: not that one is removed to make room,
// but the Inactive current, whose grace does not matter then.
func TestAccRotatingAccessKey_revokeOnlyActive(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	s.Write(acctest.ByAge(nil))
	s.Step()
	s.SetStatus("k2", "Inactive")
	const fact = "the grace of key k2 is not over"
	s.Apply(acctest.RotationWaits(fact))
	s.WantChanges()
	s.WantState(map[string]any{"inactive_since": "2026-04-01T00:00:00Z", "last_change": "record k2: deactivated by somebody else"})
	s.PlanEmpty(acctest.RotationWaits(fact))
	s.Write(acctest.Revoking(`{ incident = "1" }`))
	s.Plan(2, acctest.RotationWaits(fact), acctest.DeletesInactive("k2"), acctest.Revokes("k1"))
	s.ApplyPlan(acctest.DeletesInactive("k2"), acctest.Revokes("k1"))
	s.WantChanges("delete k2", "create k3", "deactivate k1")
	s.PlanEmpty()
	s.WantKeys("k1 Inactive", "k3 Active")
}

// TestAccRotatingAccessKey_revokeFails has AWS deny the deactivation: the new key is safe, and every next apply tries again.
func TestAccRotatingAccessKey_revokeFails(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Sim.Deny("admin", "iam:UpdateAccessKey")
	args := acctest.Revoking(`{ incident = "1" }`)
	s.Write(args, acctest.ConsumerHCL)
	s.Plan(2, acctest.Revokes("k1"))
	failed := acctest.NotDeactivated("k1")
	s.ApplyPlan(acctest.Revokes("k1"), failed)
	s.WantDetail("iam:UpdateAccessKey", "k2 is safe in the state", "k1 is still Active", acctest.StatusCommand("k1", "Inactive"))
	s.WantChanges("create k2", "deactivate k1: AccessDenied")
	known := map[string]any{
		"access_key_id": "k2", "secret_access_key": "secret of k2", "revoke_when_changed.incident": "1",
		"last_change":            "rotate k1: asked by revoke_when_changed (incident)",
		"previous.access_key_id": "k1", "previous.status": "Active", "previous.revoked": true,
		"retirement_blocked": "revoked key k1 is still Active",
	}
	s.WantState(known)
	s.WantKeys("k1 Active", "k2 Active")
	// A refresh right after it finds nothing else.
	active := acctest.Warns("Revoked access key is still Active", "revoked key k1 is still Active")
	before := s.Attributes()
	s.ApplyAny(acctest.Flags("-refresh-only"), active)
	for name, value := range s.Attributes() {
		if !reflect.DeepEqual(value, before[name]) {
			t.Errorf("a refresh changes %s", name)
		}
	}

	// Neither a use nor paused nor hold_previous stands against it.
	s.Advance("1h")
	s.UseKey("k1")
	s.Write(args.With(acctest.Args{"hold_previous": "true", "paused": "true"}), acctest.ConsumerHCL)
	warning := acctest.RevokedNotHeld("k1", "(Active, ", "It is still Active, and this apply deactivates it.")
	s.Plan(2, active, warning)
	s.ApplyPlan(warning, failed)
	s.WantDetail(acctest.StatusCommand("k1", "Inactive"))
	s.WantChanges("deactivate k1: AccessDenied")
	s.WantState(known)
	s.Sim.ClearDenials()
	s.Plan(2, active, warning)
	s.ApplyPlan(warning)
	s.WantChanges("deactivate k1")
	s.PlanEmpty()
	s.WantKeys("k1 Inactive", "k2 Active")
	s.WantState(map[string]any{
		"access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true, "previous.deactivated_by": "iamkeys",
		"retirement_blocked": nil,
	})
	s.WantHandovers("k1", "k1 (dead) to k2")
}

// TestAccRotatingAccessKey_askedAfterRevokeFailed needs the slot of a revoked key that could not be deactivated: the plan does not call it
// Inactive, and speaks of no rollback.
func TestAccRotatingAccessKey_askedAfterRevokeFailed(t *testing.T) {
	t.Parallel()
	active := acctest.Warns("Revoked access key is still Active", "revoked key k1 is still Active")
	makesRoom := acctest.Warns("Access key is deactivated and deleted to make room for a new one", "Key k1 (Active, ", "It was revoked.")
	for name, tc := range map[string]struct {
		args    acctest.Args
		revokes []acctest.Option
		change  string
		after   []string
	}{
		"revoke": {
			acctest.Revoking(`{ incident = "2" }`),
			[]acctest.Option{acctest.Revokes("k2")},
			"rotate k2: asked by revoke_when_changed (incident); deactivate k2: revoked",
			[]string{"create k3", "deactivate k2"},
		},
		"rotate": {
			acctest.Revoking(`{ incident = "1" }`).With(acctest.Asking(`{ a = "1" }`)), nil,
			"rotate k2: asked by rotate_when_changed (a)",
			[]string{"create k3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
			s.Sim.Deny("admin", "iam:UpdateAccessKey")
			s.Write(acctest.Revoking(`{ incident = "1" }`), acctest.ConsumerHCL)
			s.Apply(acctest.Revokes("k1"), acctest.NotDeactivated("k1"))
			s.WantChanges("create k2", "deactivate k1: AccessDenied")

			s.Write(tc.args, acctest.ConsumerHCL)
			says := append([]acctest.Option{makesRoom}, tc.revokes...)
			s.Plan(2, append(says, active)...)
			s.WantPlanned(map[string]any{"last_change": "deactivate k1: revoked; delete k1: Inactive, to make room; " + tc.change})
			s.ApplyPlan(append(says, acctest.NotDeactivated("k1"))...)
			s.WantChanges("deactivate k1: AccessDenied")
			s.WantKeys("k1 Active", "k2 Active")

			s.Sim.ClearDenials()
			s.Apply(append(says, active)...)
			s.WantChanges(append([]string{"deactivate k1", "delete k1"}, tc.after...)...)
			s.PlanEmpty()
		})
	}
}

// TestAccRotatingAccessKey_askedAfterRevoke needs the slot of a revoked key, to which there is no rollback.
func TestAccRotatingAccessKey_askedAfterRevoke(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Write(acctest.Revoking(`{ incident = "1" }`), acctest.ConsumerHCL)
	s.Apply(acctest.Revokes("k1"))
	s.WantChanges("create k2", "deactivate k1")
	s.Advance(acctest.TenMinutes)
	s.Write(acctest.Revoking(`{ incident = "1" }`).With(acctest.Asking(`{ a = "1" }`)), acctest.ConsumerHCL)
	s.Plan(2, acctest.DeletesInactive("k1"))
	s.WantDetail(`of user "ci" is deleted. It was revoked.`)
	s.ApplyPlan(acctest.DeletesInactive("k1"))
	s.WantChanges("delete k1", "create k3")
}

// TestAccRotatingAccessKey_rotateAfterChanged takes effect one plan later, with the date known in advance.
func TestAccRotatingAccessKey_rotateAfterChanged(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	s.Advance("30d-1s")
	s.Write(acctest.ByAge(acctest.Args{"rotate_after": `"180d"`}), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{"rotate_at": "2026-06-30T00:00:00Z", "access_key_id": "k1"})
	s.ApplyPlan()
	s.WantChanges()
	s.PlanEmpty()
	s.Write(acctest.ByAge(acctest.Args{"rotate_after": `"30d"`}), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1"})

	s.Advance("1s")
	late := acctest.DueAtOnce("30d", "k1", "2026-01-31 00:00:00 UTC")
	s.Plan(2, late)
	s.WantPlanned(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1", "version": 1767225600, "previous": nil})
	s.ApplyPlan()
	s.WantChanges()
	s.WantState(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1"})
	s.Step("create k2")
	s.WantState(map[string]any{
		"rotate_at": "2026-03-02T00:00:00Z", "last_change": "rotate k1: created 2026-01-01, reached 30d",
	})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_durationSpelling spells a duration anew, which is no change, and then changes it.
func TestAccRotatingAccessKey_durationSpelling(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(acctest.Args{"overlap": `"7d"`}))
	s.Write(acctest.ByAge(acctest.Args{"overlap": `"168h"`, "grace": `"1w"`, "require_unused_for": `"1w1d"`, "rotate_after": `"2160h"`}),
		acctest.ConsumerHCL)
	s.PlanEmpty()
	s.Write(acctest.ByAge(acctest.Args{"overlap": `"169h"`}), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"overlap": "169h", "previous.deactivate_at": "2026-04-08T01:00:00Z", "previous.access_key_id": "k1", "rotate_after": "90d",
	})
	s.ApplyPlan()
	s.WantChanges()
	s.PlanEmpty()
	if plan := s.CLI.Run("plan", "-no-color").Stdout; !strings.Contains(plan, "No changes.") {
		t.Errorf("the plan that people read does not say that there are no changes:\n%s", plan)
	}
}
