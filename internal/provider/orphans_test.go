package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// loses has the answers to the next creations lost, as many as told.
func (s *story) loses(times int) {
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Times: times, Kind: iamsim.AnswerLost})
}

// TestAccRotatingAccessKey_orphan meets a key that a lost answer has left. It is named at once, it is recognised while it is
// in the way of the rotation, and delete_unused cleans up and rotates in one apply.
func TestAccRotatingAccessKey_orphan(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	s.Advance("90d")
	s.loses(1)
	s.applyNow(`error: No new key for user "ci"`)
	s.did("create k2")
	s.says("nobody has the secret", deletion("k2"), `unmanaged_keys = "delete_unused"`, "The current key was not touched.")
	s.Sim.ClearFaults()
	s.Advance("1h")
	blocked := blockedBy(taken("k2", "Active, created 2026-04-01 00:00:00 UTC, never used"))
	s.steady(blocked)
	s.says(`Key k2 of user "ci" was probably left by an interrupted apply at 2026-04-01 00:00:00 UTC, never used.`, deletion("k2"), `"delete_unused"`)

	s.write(unmanaged("delete_unused"), consumerHCL)
	s.applyNow(blocked)
	s.did()
	s.applyNow(displaced("k2", "Active, created 2026-04-01 00:00:00 UTC, never used"))
	s.did("delete k2", "create k3")
	s.steady()
	s.state(map[string]any{"access_key_id": "k3", "previous.access_key_id": "k1"})
	s.handovers("k1", "k1 to k3")
}

// TestAccRotatingAccessKey_orphanOfRequest meets such a key when no rotation is due: each plan names it, until it is gone
// or used.
func TestAccRotatingAccessKey_orphanOfRequest(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, asking(`{ a = "1" }`))
	s.Advance("1d")
	s.write(asking(`{ a = "2" }`), consumerHCL)
	s.loses(1)
	s.applyNow(`error: No new key for user "ci"`)
	s.did("create k2")
	s.Sim.ClearFaults()
	named := `warning: Key k2 of user "ci" was probably left by an interrupted apply at 2026-01-02 00:00:00 UTC, never used`
	s.plan(1, named, refusal(taken("k2", "Active, created 2026-01-02 00:00:00 UTC, never used")))
	s.says("probably left by an interrupted apply", deletion("k2"))

	s.write(asking(`{ a = "1" }`), consumerHCL)
	s.steady(named)
	s.says(deletion("k2"), `unmanaged_keys = "delete_unused"`)
	s.use("k2")
	s.steady()
	s.unused("k2")

	s.write(asking(`{ a = "2" }`).with(unmanaged("delete_unused")), consumerHCL)
	s.applyNow(named, displaced("k2", "Active, created 2026-01-02 00:00:00 UTC, never used"))
	s.did("delete k2", "create k3")
	s.steady()
	s.handovers("k1", "k1 to k3")
}

// TestAccRotatingAccessKey_lostAnswer loses the answer to a creation under delete_unused: the key that nobody has the secret
// of is deleted, and another one is made in the same apply. Losing that one, too, is an error that names it.
func TestAccRotatingAccessKey_lostAnswer(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, unmanaged("delete_unused"))
	s.Advance("90d")
	s.loses(1)
	s.applyNow(`warning: Key k2 of user "ci" was made and deleted again: the answer with its secret was lost`)
	s.did("create k2", "delete k2", "create k3")
	s.Sim.ClearFaults()
	s.steady()
	s.state(map[string]any{"access_key_id": "k3", "previous.access_key_id": "k1"})
	s.handovers("k1", "k1 to k3")

	s.remove("k1")
	s.Advance("90d")
	s.loses(2)
	s.applyNow(`warning: Key k4 of user "ci" was made and deleted again: the answer with its secret was lost`, `error: No new key for user "ci"`)
	s.says(deletion("k5"), "nobody has the secret", "The current key was not touched.")
	s.did("create k4", "delete k4", "create k5")
	s.Sim.ClearFaults()
	s.applyNow(displaced("k5", "Active, created 2026-06-30 00:00:00 UTC, never used"))
	s.did("delete k5", "create k6")
	s.steady()
	s.keys("k3 Active", "k6 Active")
}

// TestAccRotatingAccessKey_lostAnswerOfRival loses the answer to a creation while somebody else makes a key: with two
// strangers, or one that is in use, nobody can tell which is ours, and none is touched.
func TestAccRotatingAccessKey_lostAnswerOfRival(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, unmanaged("delete_unused"))
	s.Advance("90d")
	s.Sim.AddFault(iamsim.Fault{Action: "CreateAccessKey", Nth: 1, Kind: iamsim.CutBeforeCommit})
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			s.foreign("theirs")
			s.use("theirs")
		}
	})
	s.applyNow(`error: No new key for user "ci"`)
	s.Sim.OnCall(nil)
	s.did("create")
	s.keys("k1 Active", "theirs Active")
}
