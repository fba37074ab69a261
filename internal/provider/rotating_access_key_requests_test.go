package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_rotateWhenChanged adds, changes and removes values, and never rotates by age.
func TestAccRotatingAccessKey_rotateWhenChanged(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	never := keyArgs{"user": `"ci"`}
	write := func(values string) { s.write(never.with(keyArgs{"rotate_when_changed": values}), consumerHCL) }
	write(`{ a = "1" }`)
	s.step("create k1")
	s.state(map[string]any{"rotate_after": nil, "rotate_at": nil, "rotation_reason": "created"})
	s.Advance("3650d")
	s.steady()

	write(`{ a = "1", z = "1", b = "1" }`)
	s.plan(2)
	s.planned(map[string]any{
		"rotation_reason": "rotate_when_changed: b, z", "access_key_id": unknown, "previous.access_key_id": "k1", "previous.status": "Active",
		"rotate_at": nil, "version": unknown,
	})
	s.apply()
	s.did("create k2")
	s.steady()
	s.state(map[string]any{"rotation_reason": "rotate_when_changed: b, z", "rotate_at": nil, "previous.access_key_id": "k1"})

	// Beyond overlap and guard a request may take the slot of an Active previous.
	s.unused("k1")
	s.Advance("7d")
	write(`{ a = "2", z = "1", b = "1" }`)
	s.applyNow(unproven("k2", "k1"))
	s.did("delete k1", "create k3")
	s.steady()
	s.state(map[string]any{"rotation_reason": "rotate_when_changed: a", "previous.access_key_id": "k2", "rotate_when_changed.a": "2"})

	write(`{ a = "2" }`)
	s.step()
	s.state(map[string]any{"access_key_id": "k3", "rotate_when_changed.a": "2", "rotate_when_changed.b": nil, "rotation_reason": "rotate_when_changed: a"})
	// A value that comes back has been added.
	s.remove("k2")
	s.steady()
	write(`{ a = "2", b = "1" }`)
	s.step("create k4")
	s.keys("k3 Active", "k4 Active")
	s.handovers("k1", "k1 to k2", "k2 to k3", "k3 to k4")
}

// TestAccRotatingAccessKey_requestRefused asks for a rotation that no slot is free for. Each time the way out is named, the
// old value stays in the state, the next plan asks again, and taking the value back settles it.
func TestAccRotatingAccessKey_requestRefused(t *testing.T) {
	t.Parallel()
	used := kept("k1", "2026-04-01 00:00:00 UTC by s3 in eu-west-1", "2026-04-09 00:00:00 UTC")
	for name, test := range map[string]struct {
		// scene goes on from day 90, when k2 has replaced k1.
		scene func(s *story)
		// more are arguments to go on with.
		more  keyArgs
		fact  string
		parts []string
	}{
		"overlap": {
			scene: func(s *story) { s.Advance("7d-1s") },
			fact:  "previous key k1 still has its place until 2026-04-08 00:00:00 UTC",
			parts: []string{"shorten overlap", "revoke_when_changed"},
		},
		"used": {
			scene: func(s *story) { s.use("k1"); s.Advance("8d-1s") },
			fact:  used,
			parts: []string{"lower require_unused_for"},
		},
		"hold": {
			scene: func(s *story) {
				s.write(asking(`{ a = "1" }`).with(held()), consumerHCL)
				s.step()
				s.Advance("30d")
			},
			more:  held(),
			fact:  "hold_previous keeps key k1",
			parts: []string{"Set hold_previous = false"},
		},
		"unmanaged": {
			scene: func(s *story) {
				s.remove("k1")
				s.foreign("theirs")
			},
			fact:  taken("theirs", "Active, created 2026-04-01 00:00:00 UTC, never used"),
			parts: []string{update("theirs", "Inactive"), deletion("theirs"), `unmanaged_keys to "retire"`, `"delete_unused"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRotatedStory(t, asking(`{ a = "1" }`))
			test.scene(s)
			settled := asking(`{ a = "1" }`).with(test.more)
			s.write(settled.with(keyArgs{"rotate_when_changed": `{ a = "2" }`}), consumerHCL)
			var warnings []string
			if name == "used" {
				warnings = []string{waits("k1", used)}
			}
			refused := append(slices.Clone(warnings), refusal(test.fact))
			s.applyNow(refused...)
			s.plan(1, refused...)
			s.says(append(test.parts, "Nothing was changed", "take the changed value back", "destroy -refresh=false")...)
			s.state(map[string]any{"rotate_when_changed.a": "1", "access_key_id": "k2"})
			s.write(settled, consumerHCL)
			s.steady(warnings...)
		})
	}
}

// TestAccRotatingAccessKey_requestTakesInactive asks while previous is in its grace: it goes at once.
func TestAccRotatingAccessKey_requestTakesInactive(t *testing.T) {
	t.Parallel()
	s := newInactiveStory(t)
	s.write(asking(`{ a = "1" }`), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{"access_key_id": unknown, "previous.access_key_id": "k2", "previous.status": "Active"})
	s.apply()
	s.did("delete k1", "create k3")
	s.keys("k2 Active", "k3 Active")
	s.steady()
	s.handovers("k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_requestFails has AWS deny the new key: the request is not recorded, and is asked again.
func TestAccRotatingAccessKey_requestFails(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, asking(`{ a = "1" }`))
	s.Sim.Deny("admin", "iam:CreateAccessKey")
	s.write(asking(`{ a = "2" }`), consumerHCL)
	for range 2 {
		s.plan(2)
		s.apply(`error: No new key for user "ci"`)
		s.says("iam:CreateAccessKey", "No key was made")
		s.did("create: AccessDenied")
		s.state(map[string]any{"rotate_when_changed.a": "1", "access_key_id": "k1", "previous": nil, "rotation_reason": "created"})
		s.keys("k1 Active")
	}
	s.Sim.ClearDenials()
	s.step("create k2")
	s.state(map[string]any{"rotate_when_changed.a": "2", "rotation_reason": "rotate_when_changed: a"})
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_requestBehindAWS runs where the machine's clock is behind AWS's: what is a plan to AWS's time must
// not be judged again at apply by the machine's.
func TestAccRotatingAccessKey_requestBehindAWS(t *testing.T) {
	t.Parallel()
	s := newStory(t, iamsim.Options{Start: time.Date(2126, time.January, 1, 0, 0, 0, 0, time.UTC)})
	s.write(asking(`{ a = "1" }`))
	s.step("create k1")
	s.remove("k1")
	s.Advance("5m")
	s.write(asking(`{ a = "2" }`))
	s.plan(2, unlisted("k1"))
	s.apply()
	s.did("create k2")
	s.steady()
	s.state(map[string]any{"access_key_id": "k2", "rotation_reason": "rotate_when_changed: a", "rotate_at": "2126-04-01T00:05:00Z", "previous": nil})
}

// TestAccRotatingAccessKey_unknownTrigger takes a trigger from a resource of the same apply.
func TestAccRotatingAccessKey_unknownTrigger(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	config := func(release, generation string) string {
		return s.config(asking(`{ release = terraform_data.test.output }`), consumerHCL, dataHCL(release, generation))
	}
	allUnknown := s.planValues(plancheck.ResourceActionUpdate, map[string]any{
		"access_key_id": unknown, "secret_access_key": unknown, "status": unknown, "created_at": unknown, "rotate_at": unknown,
		"rotation_reason": unknown, "rotation_blocked": unknown, "version": unknown, "previous": unknown,
	})
	unrotated := s.stateValues(map[string]any{
		"access_key_id": "k1", "secret_access_key": "secret of k1", "version": 1767225600, "previous": nil, "rotation_reason": "created",
	})
	s.Test(t,
		resource.TestStep{Config: config("1", "a"), ConfigStateChecks: unrotated},
		// Known after apply, and then the value that it was before.
		resource.TestStep{Config: config("1", "b"), ConfigPlanChecks: allUnknown, ConfigStateChecks: unrotated},
		resource.TestStep{
			PreConfig:        s.After("1h"),
			Config:           config("2", "b"),
			ConfigPlanChecks: allUnknown,
			ConfigStateChecks: s.stateValues(map[string]any{
				"access_key_id": "k2", "secret_access_key": "secret of k2", "version": 1767229200, "rotation_reason": "rotate_when_changed: release",
				"previous.access_key_id": "k1", "previous.secret_access_key": "secret of k1", "previous.status": "Active",
				"previous.replaced_at": "2026-01-01T01:00:00Z",
			}),
			Check: s.CheckConsumers,
		},
		// The trigger turns out to be what it was, and a rotation by age, with a deletion before it, was due in the meantime.
		resource.TestStep{
			PreConfig:        s.After("90d"),
			Config:           config("2", "c"),
			ConfigPlanChecks: allUnknown,
			ConfigStateChecks: s.stateValues(map[string]any{
				"access_key_id": "k3", "secret_access_key": "secret of k3", "version": 1775005200, "previous.access_key_id": "k2",
				"rotation_reason": "key k2 of 2026-01-01 01:00:00 UTC reached rotate_after 90d",
			}),
			Check: s.CheckConsumers,
		},
	)
	if got := s.Calls("CreateAccessKey"); got != 3 {
		t.Errorf("%d keys were made, want 3", got)
	}
	s.handovers("k1", "k1 to k2", "k2 to k3")
}

// TestAccRotatingAccessKey_unknownTriggerRefused learns at apply only that a request can't be met.
func TestAccRotatingAccessKey_unknownTriggerRefused(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, asking(`{ release = "1" }`))
	s.write(asking(`{ release = terraform_data.test.output }`), consumerHCL, dataHCL("2", "a"))
	s.plan(2)
	s.planned(map[string]any{"access_key_id": unknown, "previous": unknown})
	s.apply(refusal("previous key k1 still has its place until 2026-04-08 00:00:00 UTC"))
	s.says("Nothing was changed")
	s.did()
	s.state(map[string]any{"rotate_when_changed.release": "1", "access_key_id": "k2"})
}

// TestAccRotatingAccessKey_revokeWhenChanged is a leaked key, and its way out.
func TestAccRotatingAccessKey_revokeWhenChanged(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, revoking(`{ incident = "1" }`))
	s.use("k1")
	s.Advance("1h")
	s.write(revoking(`{ incident = "2" }`), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{
		"access_key_id": unknown, "rotation_reason": "revoke_when_changed: incident", "status": "Active",
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.revoked": true,
	})
	s.apply()
	s.did("create k2", "deactivate k1")
	s.keys("k1 Inactive", "k2 Active")
	s.state(map[string]any{
		"access_key_id": "k2", "rotation_reason": "revoke_when_changed: incident", "revoke_when_changed.incident": "2",
		"previous.access_key_id": "k1", "previous.status": "Inactive", "previous.revoked": true, "previous.replaced_at": "2026-01-01T01:00:00Z",
		"previous.deactivated_at": "2026-01-01T01:00:00Z", "previous.deactivated_by": "iamkeys", "previous.delete_at": "2026-01-08T01:00:00Z",
	})
	s.steady()
	// The dependant comes after the revocation: that is what a revoke is for.
	s.handovers("k1", "k1 (dead) to k2")

	// A revoked key does not come back, neither by hold_previous nor by removing the value.
	s.write(held(), consumerHCL)
	warning := notReactivated("k1", "key k1 was revoked")
	s.plan(2, warning)
	s.apply(warning)
	s.did()
	s.write(byAge(nil), consumerHCL)
	s.step()
	s.Advance("7d-1s")
	s.steady()
	s.Advance("1s")
	s.step("delete k1")
}

// TestAccRotatingAccessKey_revokeBeats shows what a revoke does not wait for.
func TestAccRotatingAccessKey_revokeBeats(t *testing.T) {
	t.Parallel()
	frozen := held().with(keyArgs{"paused": "true"})
	for name, test := range map[string]struct {
		args  keyArgs
		scene func(s *story)
	}{
		"previous Active and just used": {scene: func(s *story) { s.use("k1") }},
		"previous Inactive": {scene: func(s *story) {
			s.use("k2")
			s.Advance("7d")
			s.step("deactivate k1")
		}},
		"hold and pause": {
			args: frozen,
			scene: func(s *story) {
				s.write(frozen, consumerHCL)
				s.step()
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRotatedStory(t, byAge(nil))
			test.scene(s)
			s.write(revoking(`{ incident = "1" }`).with(test.args), consumerHCL)
			s.step("delete k1", "create k3", "deactivate k2")
			s.keys("k2 Inactive", "k3 Active")
			s.state(map[string]any{"access_key_id": "k3", "previous.access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true})
			s.handovers("k1", "k1 to k2", "k2 (dead) to k3")
		})
	}
}

// TestAccRotatingAccessKey_revokeOnlyActive leaks a key while previous is the only Active one: it is not removed to make room.
func TestAccRotatingAccessKey_revokeOnlyActive(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	s.write(byAge(nil))
	s.step()
	s.setStatus("k2", "Inactive")
	const fact = "Inactive key k2 is in its grace until 2026-04-08 00:00:00 UTC"
	s.steady(blockedBy(fact))
	s.refresh(blockedBy(fact))
	s.write(revoking(`{ incident = "1" }`))
	s.plan(1, blockedBy(fact), refusal(fact))
	s.says(deletion("k2"))
	s.remove("k2")
	s.Advance("5m")
	s.plan(2, unlisted("k2"))
	s.apply()
	s.did("create k3", "deactivate k1")
	s.steady()
	s.keys("k1 Inactive", "k3 Active")
}

// TestAccRotatingAccessKey_revokeFails has AWS deny the deactivation: the new key is safe, and every next apply tries again.
func TestAccRotatingAccessKey_revokeFails(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Sim.Deny("admin", "iam:UpdateAccessKey")
	args := revoking(`{ incident = "1" }`)
	s.write(args, consumerHCL)
	s.plan(2)
	const failed = `error: Key k1 of user "ci" could not be made Inactive`
	s.apply(failed)
	s.says("iam:UpdateAccessKey", "k2 is safe in the state", "k1 is still Active", update("k1", "Inactive"))
	s.did("create k2", "deactivate k1: AccessDenied")
	known := map[string]any{
		"access_key_id": "k2", "secret_access_key": "secret of k2", "revoke_when_changed.incident": "1",
		"rotation_reason": "revoke_when_changed: incident", "previous.access_key_id": "k1", "previous.status": "Active", "previous.revoked": true,
	}
	s.state(known)
	s.keys("k1 Active", "k2 Active")

	// Neither a use nor paused nor hold_previous stands against it.
	s.Advance("1h")
	s.use("k1")
	s.write(args.with(keyArgs{"hold_previous": "true", "paused": "true"}), consumerHCL)
	warning := notReactivated("k1", "key k1 was revoked")
	s.plan(2, warning)
	s.apply(warning, failed)
	s.says(update("k1", "Inactive"))
	s.did("deactivate k1: AccessDenied")
	s.state(known)
	s.Sim.ClearDenials()
	s.plan(2, warning)
	s.apply(warning)
	s.did("deactivate k1")
	s.steady()
	s.keys("k1 Inactive", "k2 Active")
	s.state(map[string]any{"access_key_id": "k2", "previous.status": "Inactive", "previous.revoked": true, "previous.deactivated_by": "iamkeys"})
	s.handovers("k1", "k1 (dead) to k2")
}

// TestAccRotatingAccessKey_rotateAfterChanged takes effect one plan later, with the date known in advance.
func TestAccRotatingAccessKey_rotateAfterChanged(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance("30d-1s")
	s.write(byAge(keyArgs{"rotate_after": `"180d"`}), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{"rotate_at": "2026-06-30T00:00:00Z", "access_key_id": "k1"})
	s.apply()
	s.did()
	s.steady()
	s.write(byAge(keyArgs{"rotate_after": `"30d"`}), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1"})

	s.Advance("1s")
	const late = "warning: rotate_after 30d makes key k1 due since 2026-01-31 00:00:00 UTC: the next plan rotates it"
	s.plan(2, late)
	s.planned(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1", "version": 1767225600, "previous": nil})
	s.apply()
	s.did()
	s.state(map[string]any{"rotate_at": "2026-01-31T00:00:00Z", "access_key_id": "k1"})
	s.step("create k2")
	s.state(map[string]any{"rotate_at": "2026-03-02T00:00:00Z", "rotation_reason": "key k1 of 2026-01-01 00:00:00 UTC reached rotate_after 30d"})
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_durationSpelling spells a duration anew, which is no change, and then changes it.
func TestAccRotatingAccessKey_durationSpelling(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(keyArgs{"overlap": `"7d"`}))
	s.write(byAge(keyArgs{"overlap": `"168h"`, "grace": `"1w"`, "require_unused_for": `"1w1d"`, "rotate_after": `"2160h"`}), consumerHCL)
	s.steady()
	s.write(byAge(keyArgs{"overlap": `"169h"`}), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{"overlap": "169h", "previous.deactivate_at": "2026-04-08T01:00:00Z", "previous.access_key_id": "k1", "rotate_after": "90d"})
	s.apply()
	s.did()
	s.steady()
	if plan := s.cli.Run("plan", "-no-color").Stdout; !strings.Contains(plan, "No changes.") {
		t.Errorf("the plan that people read does not say that there are no changes:\n%s", plan)
	}
}
