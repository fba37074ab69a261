package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// newSelfStory is a story whose provider signs with a key of the user ci, called own. The key was imported as current.
func newSelfStory(t *testing.T, args keyArgs) *story {
	t.Helper()
	s := newStory(t)
	s.signAs(s.foreign("own"))
	s.write(args, importHCL(keyAddress, "ci"))
	s.applyNow()
	s.did()
	return s
}

// signWith has the provider sign with a key that it made.
func (s *story) signWith(name string) {
	s.t.Helper()
	s.signAs(iamsim.Credentials{AccessKeyID: s.id(name), Secret: s.Sim.Secret(s.id(name))})
}

// signs is the fact that a key signs our own requests, and undestroyed the error of a destroy that meets it.
func signs(key string) string { return "key " + key + " signs the requests of this provider" }

func undestroyed(key string) string {
	return "error: Key " + key + " signs the requests of this provider, so it is not destroyed"
}

// The key that signs our own requests stays as it is until the provider signs with another one.
func TestAccRotatingAccessKey_ownKey(t *testing.T) {
	t.Parallel()
	// There is no guard, since every plan is a use.
	asked := func(ask string) keyArgs {
		return asking(`{ ask = "` + ask + `" }`).with(keyArgs{"require_unused_for": `"0s"`})
	}
	revoke := keyArgs{"revoke_when_changed": `{ incident = "1" }`}
	s := newSelfStory(t, asked("1"))
	s.steady()

	s.Advance("1d")
	s.write(asked("2"), consumerHCL)
	s.step("create k1")
	s.state(map[string]any{"access_key_id": "k1", "previous.access_key_id": "own", "previous.status": "Active"})
	s.handovers("k1")

	// Deactivation is due, and waits.
	s.Advance("7d")
	waiting := waits("own", signs("own"))
	s.steady(waiting)
	s.says("other credentials", "apply again")
	s.refresh(waiting)

	// A revoke and a destroy are refused at plan.
	s.write(asked("2").with(revoke), consumerHCL)
	s.plan(1, waiting, refusal(signs("own")))
	s.says("other credentials")
	s.applyNow(waiting, refusal(signs("own")))
	s.state(map[string]any{"revoke_when_changed": nil, "access_key_id": "k1"})
	s.write(asked("2"), consumerHCL)
	s.destroy(undestroyed("own"))
	s.says("other credentials", "skip_destroy = true")
	s.did()
	s.keys("own Active", "k1 Active")

	// The new key signs, and the old one leaves.
	s.signWith("k1")
	s.write(asked("2"), consumerHCL)
	s.step("deactivate own")
	s.Advance("7d")
	s.step("delete own")
	s.keys("k1 Active")

	// Now it is the current key that can't be revoked or destroyed, and that can be rotated.
	s.write(asked("2").with(revoke), consumerHCL)
	s.plan(1, refusal(signs("k1")))
	s.write(asked("3"), consumerHCL)
	s.step("create k2")
	s.handovers("k1", "k1 to k2")
	s.destroy(undestroyed("k1"))
	s.did()
	s.keys("k1 Active", "k2 Active")

	// Other credentials may do both.
	s.signAs(s.Sim.Root())
	s.write(asked("3").with(revoke), consumerHCL)
	s.step("delete k1", "create k3", "deactivate k2")
	s.destroy()
	s.keys()
}

// With the guard on, the use that keeps the old key is our own: the warning has to say so, since no other consumer can be
// moved.
func TestAccRotatingAccessKey_ownKeyGuarded(t *testing.T) {
	t.Parallel()
	s := newSelfStory(t, byAge(nil))
	s.Advance("1d")
	asked := asking(`{ ask = "1" }`)
	s.write(asked)
	s.step("create k1")

	s.Advance("7d")
	s.steady(waits("own", signs("own")))
	s.says("other credentials")
	s.signWith("k1")
	s.write(asked)
	used := waits("own", kept("own", "2026-01-09 00:00:00 UTC by iam in us-east-1", "2026-01-17 00:00:00 UTC"))
	s.steady(used)
	s.Advance("8d-1s")
	s.steady(used)
	s.Advance("1s")
	s.step("deactivate own")
	s.keys("own Inactive", "k1 Active")

	// The way out that the refusal of a destroy names.
	s.destroy(undestroyed("k1"))
	s.write(asked.with(keyArgs{"skip_destroy": "true"}))
	s.step()
	s.destroy()
	s.keys("own Inactive", "k1 Active")
}

// A key that signs our requests is in use, though IAM has recorded no more than a first try of it: no interrupted apply has
// left it.
func TestAccRotatingAccessKey_ownKeyBeside(t *testing.T) {
	t.Parallel()
	s := newStory(t, iamsim.Options{LastUsedGranularity: 15 * time.Minute})
	own := s.foreign("own")
	s.Sim.SetLastUsed(own.AccessKeyID, s.Sim.Now(), "sts", "us-east-1")
	s.signAs(own)
	s.write(byAge(nil))
	s.step("create k1")
	s.keys("own Active", "k1 Active")
}
