package provider_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// signerPolicy is a policy without guard, for a user whose own key signs: its every plan is a use.
func signerPolicy(ask, more string) string {
	return managedKey("app", `
  rotate_after        = "90d"
  require_unused_for  = "0s"
  rotate_when_changed = { ask = "`+ask+`" }
  `+more)
}

// The key that signs our own requests stays as it is until the provider signs with another one.
func TestAccRotatingAccessKey_ownKey(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.Sim.CreateAccessKey("app")
	s.signAs(first)
	s.write(signerPolicy("1", ""), importBlock(sceneAddress, "app"))
	s.apply(0)
	s.plan(0)

	s.Advance("1d")
	s.write(signerPolicy("2", ""), consumedKey)
	s.apply(0)
	second := s.text("access_key_id")
	s.holds(map[string]any{"previous.access_key_id": first.AccessKeyID, "previous.status": "Active"})
	s.handedOver("", false, second)
	s.plan(0)

	// Deactivation is due, and waits.
	s.Advance("7d")
	s.ResetCalls()
	waits := "warning: Previous key " + first.AccessKeyID + ` of user "app" is not retired yet: key ` + first.AccessKeyID + " signs the requests of this provider"
	s.plan(0, waits)
	s.detailed("is not retired yet", "other credentials", "apply again")
	s.apply(0, waits)
	s.mutations()

	// A revoke and a destroy are refused at plan.
	refused := `error: Rotation of user "app" was asked for and is not possible: key ` + first.AccessKeyID + " signs the requests of this provider"
	s.write(signerPolicy("2", `revoke_when_changed = { incident = "1" }`), consumedKey)
	s.plan(1, waits, refused)
	s.detailed("asked for and is not possible", "other credentials")
	s.apply(1, waits, refused)
	s.holds(map[string]any{"revoke_when_changed": nil, "access_key_id": second})
	s.write(signerPolicy("2", ""), consumedKey)
	s.destroyRefused("error: Key " + first.AccessKeyID + " signs the requests of this provider, so it is not destroyed")
	s.detailed("so it is not destroyed", "other credentials", "skip_destroy = true")
	s.mutations()
	s.keys("app", first.AccessKeyID+" Active", second+" Active")

	// The new key signs, and the old one leaves.
	s.signAs(iamsim.Credentials{AccessKeyID: second, Secret: s.Sim.Secret(second)})
	s.write(signerPolicy("2", ""), consumedKey)
	s.plan(2)
	s.apply(0)
	s.mutations("make " + first.AccessKeyID + " Inactive")
	s.plan(0)
	s.Advance("7d")
	s.apply(0)
	s.keys("app", second+" Active")
	s.plan(0)

	// Now it is the current key that can't be revoked or destroyed, and that can be rotated.
	s.write(signerPolicy("2", `revoke_when_changed = { incident = "2" }`), consumedKey)
	s.plan(1, `error: key `+second+" signs the requests of this provider")
	s.write(signerPolicy("3", ""), consumedKey)
	s.apply(0)
	third := s.text("access_key_id")
	s.handedOver(second, true, third)
	s.plan(0)
	s.destroyRefused("error: Key " + second + " signs the requests of this provider, so it is not destroyed")
	s.keys("app", second+" Active", third+" Active")

	// Other credentials may do both.
	s.signAs(s.Sim.Root())
	s.write(signerPolicy("3", `revoke_when_changed = { incident = "2" }`), consumedKey)
	s.ResetCalls()
	s.apply(0)
	fourth := s.text("access_key_id")
	s.mutations("delete "+second, "create "+fourth, "make "+third+" Inactive")
	s.plan(0)
	s.destroy(0)
	s.keys("app")
}

// With the guard on, the use that keeps the old key is our own: the warning has to say so, since no other consumer can be
// moved.
func TestAccRotatingAccessKey_ownKeyGuarded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.Sim.CreateAccessKey("app")
	s.signAs(first)
	s.write(managedKey("app", rotateByAge), importBlock(sceneAddress, "app"))
	s.apply(0)
	s.Advance("1d")
	s.write(managedKey("app", rotateByAge+"\n"+`rotate_when_changed = { ask = "1" }`))
	s.apply(0)
	second := s.text("access_key_id")
	s.plan(0)

	s.Advance("7d")
	s.plan(0, "warning: key "+first.AccessKeyID+" signs the requests of this provider")
	s.detailed("signs the requests", "other credentials")
	s.signAs(iamsim.Credentials{AccessKeyID: second, Secret: s.Sim.Secret(second)})
	s.write(managedKey("app", rotateByAge+"\n"+`rotate_when_changed = { ask = "1" }`))
	used := "warning: key " + first.AccessKeyID + " was used at 2026-01-09 00:00:00 UTC by iam in us-east-1; require_unused_for keeps it until 2026-01-17 00:00:00 UTC"
	s.plan(0, used)
	s.Advance("8d-1s")
	s.plan(0, used)
	s.Advance("1s")
	s.plan(2)
	s.apply(0)
	s.keys("app", first.AccessKeyID+" Inactive", second+" Active")
	s.plan(0)

	// The way out that the refusal of a destroy names.
	s.destroyRefused("error: Key " + second + " signs the requests of this provider, so it is not destroyed")
	s.write(managedKey("app", rotateByAge+"\nskip_destroy = true\n"+`rotate_when_changed = { ask = "1" }`))
	s.apply(0)
	s.destroy(0)
	s.keys("app", first.AccessKeyID+" Inactive", second+" Active")
}
