package provider_test

import (
	"testing"
	"time"
)

// moved is why a plan is out of date whose step has lost its ground.
const moved = "the keys in IAM have changed since the plan"

// refused saves a plan, changes the world and applies the plan: it must fail as out of date, for the reason given, before it
// changes anything.
func (s *story) refused(change func(), reason string) {
	s.t.Helper()
	s.plan(2)
	s.did()
	change()
	s.apply(`error: Plan for user "ci" is out of date: ` + reason)
	s.says("Nothing was changed. Plan again")
	s.did()
}

func TestAccRotatingAccessKey_stalePlanOfRotation(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	s.Advance("90d")

	// Somebody else takes the slot. The next plan waits, and says for which key.
	slot := taken("theirs", "Active, created 2026-04-01 00:00:00 UTC, never used")
	s.refused(func() { s.foreign("theirs") }, "it would rotate key k1, but "+slot)
	s.steady(blockedBy(slot))
	s.says(deletion("theirs"))
	s.remove("theirs")

	// Somebody deactivates the key. The next plan rotates for that reason.
	s.refused(func() { s.setStatus("k1", "Inactive") }, "it would rotate key k1, but "+moved)
	s.plan(2)
	s.setStatus("k1", "Active")

	// The user is renamed.
	s.refused(func() { s.Sim.RenameUser("ci", "deployer") }, "the user was renamed or deleted")
	s.Sim.RenameUser("deployer", "ci")

	// The key is deleted, and the next plan makes another one.
	s.refused(func() { s.remove("k1") }, "it would rotate key k1, but "+moved)
	s.applyNow(unlisted("k1"))
	s.did("create k2")
	s.state(map[string]any{"rotation_reason": "key k1 is gone from IAM", "previous": nil})
	s.handovers("k1", "k1 (dead) to k2")
	s.steady()

	// The user is deleted and made again under the same name, and then deleted for good.
	s.Advance("90d")
	s.refused(func() {
		s.Sim.DeleteUser("ci")
		s.Sim.CreateUser("ci")
	}, "it would rotate key k2, but "+moved)
	s.applyNow(`warning: IAM user "ci" was deleted and created again`)
	s.did("create k3")
	s.state(map[string]any{"rotation_reason": "the user was deleted and created again"})
	s.Advance("90d")
	s.refused(func() { s.Sim.DeleteUser("ci") }, "the user was renamed or deleted")
	s.plan(2, `warning: IAM user "ci" no longer exists`)
}

func TestAccRotatingAccessKey_stalePlanOfDeactivation(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	s.Advance("90d")
	s.step("create k2")
	s.use("k2")
	s.Advance("8d")

	// Somebody works with the old key, and the next plan waits for the guard.
	used := kept("k1", "2026-04-09 00:00:00 UTC by s3 in eu-west-1", "2026-04-10 00:00:00 UTC")
	s.refused(func() { s.use("k1") }, "it would deactivate key k1, but "+used)
	s.steady(waits("k1", used))
	s.unused("k1")

	// The new key does not work any more: the old one is the only one left.
	s.refused(func() { s.setStatus("k2", "Inactive") }, "it would deactivate key k1, but key k1 is the only Active key of the user")
	s.setStatus("k2", "Active")

	// Somebody else was faster. The next plan records it.
	s.refused(func() { s.setStatus("k1", "Inactive") }, "it would deactivate key k1, but "+moved)
	s.step()
	s.state(map[string]any{"previous.status": "Inactive", "previous.deactivated_by": "other", "previous.deactivated_at": s.now()})
	s.setStatus("k1", "Active")
	s.step()
	s.Advance("8d")

	// The old key is deleted. There is nothing left to do.
	s.refused(func() { s.remove("k1") }, "it would deactivate key k1, but "+moved)
	s.steady()
	s.handovers("k1", "k1 to k2")
}

func TestAccRotatingAccessKey_stalePlanOfDeletion(t *testing.T) {
	t.Parallel()
	s := newInactiveStory(t)
	s.Advance("7d")

	// Somebody reactivates the key, and somebody uses it.
	s.refused(func() { s.setStatus("k1", "Active") }, "it would delete key k1, but "+moved)
	s.setStatus("k1", "Inactive")
	s.refused(func() { s.Sim.SetLastUsed(s.id("k1"), s.Sim.Now().Add(-time.Hour), "sts", "us-east-1") },
		"it would delete key k1, but "+moved)
	s.steady()
	s.unused("k1")

	// The key is gone already: that is what the plan wanted.
	s.plan(2)
	s.remove("k1")
	s.apply()
	s.did()
	s.state(map[string]any{"previous": nil})
	s.steady()
}

func TestAccRotatingAccessKey_stalePlanOfRollback(t *testing.T) {
	t.Parallel()
	s := newInactiveStory(t)
	s.write(held(), consumerHCL)
	s.refused(func() { s.setStatus("k1", "Active") }, "it would reactivate key k1, but "+moved)
	s.setStatus("k1", "Inactive")
	s.refused(func() { s.remove("k1") }, "it would reactivate key k1, but "+moved)
	s.step()
	s.state(map[string]any{"hold_previous": true, "previous": nil})

	// A request that was planned with a free slot finds it taken.
	s.write(asking(`{ quarter = "2026-Q2" }`).with(held()), consumerHCL)
	slot := taken("theirs", "Active, created 2026-04-08 00:00:00 UTC, never used")
	s.refused(func() { s.foreign("theirs") }, "it would rotate key k2, but "+slot)
	s.plan(1, refusal(slot), `warning: Key theirs of user "ci" was probably left by an interrupted apply at 2026-04-08 00:00:00 UTC, never used`)
	s.remove("theirs")
	s.step("create k3")
	s.state(map[string]any{"rotation_reason": "rotate_when_changed: quarter"})
	s.handovers("k1", "k1 to k2", "k2 to k3")
}

// An adoption, a create and a destroy meet a world that has moved, too.
func TestAccRotatingAccessKey_stalePlanOfCreate(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(nil), consumerHCL)
	s.plan(2)
	s.foreign("theirs")
	s.Advance("1s")
	s.foreign("others")
	full := `User "ci" already has 2 access keys, and no slot is free: theirs (Active, created 2026-01-01 00:00:00 UTC, never used); ` +
		"others (Active, created 2026-01-01 00:00:01 UTC, never used)"
	s.apply("warning: "+full, "error: "+full)
	s.did()
	s.remove("theirs")
	s.remove("others")
	s.step("create k1")

	s.write(apart(keyArgs{"unmanaged_keys": `"retire"`}), consumerHCL)
	s.step()
	s.foreign("another")
	s.refused(func() { s.remove("another") }, "it would adopt key another, but "+moved)
	s.steady()

	s.plan(2, "-destroy")
	s.Sim.RenameUser("ci", "deployer")
	s.consumed = false
	s.apply()
	s.did("delete k1: NoSuchEntity", "delete k1")
	s.keysOf("deployer")
}
