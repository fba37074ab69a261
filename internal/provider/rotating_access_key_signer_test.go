package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// newSelfStory is a story whose provider signs with a key of the user ci, called own. The key was imported as current.
func newSelfStory(t *testing.T, args acctest.Args) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t)
	s.SignAs(s.CreateForeignKey("own"))
	s.Write(args, acctest.ImportHCL(acctest.KeyAddress, "ci"))
	s.Apply()
	s.WantChanges()
	return s
}

// signWith has the provider sign with a key that it created.
func signWith(s *acctest.Story, name string) {
	s.T.Helper()
	s.SignAs(iamsim.Credentials{AccessKeyID: s.KeyID(name), Secret: s.Sim.Secret(s.KeyID(name))})
}

// The key that signs our own requests stays as it is until the provider signs with another one.
func TestAccRotatingAccessKey_ownKey(t *testing.T) {
	t.Parallel()
	// require_unused_for is zero, since every plan is a use.
	asked := func(ask string) acctest.Args {
		return acctest.Asking(`{ ask = "` + ask + `" }`).With(acctest.Args{"require_unused_for": `"0s"`})
	}
	revoke := acctest.Args{"revoke_when_changed": `{ incident = "1" }`}
	s := newSelfStory(t, asked("1"))
	s.PlanEmpty()

	s.Advance("1d")
	s.Write(asked("2"), acctest.ConsumerHCL)
	s.Step("create k1")
	s.WantState(map[string]any{"access_key_id": "k1", "previous.access_key_id": "own", "previous.status": "Active"})
	s.WantHandovers("k1")

	// Deactivation is due, and waits.
	s.Advance("7d")
	waiting := acctest.SignerNotRetired("own")
	s.PlanEmpty(waiting)
	s.WantDetail("other credentials", "apply again")
	s.Refresh(waiting)

	// A revoke and a destroy are refused at plan.
	s.Write(asked("2").With(revoke), acctest.ConsumerHCL)
	s.Plan(1, waiting, acctest.RequestRefused(acctest.SignsRequests("own")))
	s.WantDetail("other credentials")
	s.Apply(waiting, acctest.RequestRefused(acctest.SignsRequests("own")))
	s.WantState(map[string]any{"revoke_when_changed": nil, "access_key_id": "k1"})
	s.Write(asked("2"), acctest.ConsumerHCL)
	s.Destroy(acctest.SignerNotDestroyed("own"))
	s.WantDetail("other credentials", "skip_destroy = true")
	s.WantChanges()
	s.WantKeys("own Active", "k1 Active")

	// The new key signs, and the old one leaves.
	signWith(s, "k1")
	s.Write(asked("2"), acctest.ConsumerHCL)
	s.Step("deactivate own")
	s.Advance("7d")
	s.Step("delete own")
	s.WantKeys("k1 Active")

	// Now it is the current key that can't be revoked or destroyed, and that can be rotated.
	s.Write(asked("2").With(revoke), acctest.ConsumerHCL)
	s.Plan(1, acctest.RequestRefused(acctest.SignsRequests("k1")))
	s.Write(asked("3"), acctest.ConsumerHCL)
	s.Step("create k2")
	s.WantHandovers("k1", "k1 to k2")
	s.Destroy(acctest.SignerNotDestroyed("k1"))
	s.WantChanges()
	s.WantKeys("k1 Active", "k2 Active")

	// Other credentials may do both.
	s.SignAs(s.Sim.Root())
	s.Write(asked("3").With(revoke), acctest.ConsumerHCL)
	s.Apply(acctest.Revokes("k2"), acctest.DeletesActive("k1"))
	s.WantChanges("delete k1", "create k3", "deactivate k2")
	s.Destroy()
	s.WantKeys()
}

// With require_unused_for set, the use that keeps the old key is our own: the warning has to say so, since no other consumer can be
// moved.
func TestAccRotatingAccessKey_ownKeyGuarded(t *testing.T) {
	t.Parallel()
	s := newSelfStory(t, acctest.ByAge(nil))
	s.Advance("1d")
	asked := acctest.Asking(`{ ask = "1" }`)
	s.Write(asked)
	s.Step("create k1")

	s.Advance("7d")
	s.PlanEmpty(acctest.SignerNotRetired("own"))
	s.WantDetail("other credentials")
	signWith(s, "k1")
	s.Write(asked)
	used := acctest.NotRetiredYet("own", "2026-01-09 00:00:00 UTC by iam in us-east-1", "2026-01-17 00:00:00 UTC")
	s.PlanEmpty(used)
	s.Advance("8d-1s")
	s.PlanEmpty(used)
	s.Advance("1s")
	s.Step("deactivate own")
	s.WantKeys("own Inactive", "k1 Active")

	// The way out that the refusal of a destroy names.
	s.Destroy(acctest.SignerNotDestroyed("k1"))
	s.Write(asked.With(acctest.Args{"skip_destroy": "true"}))
	s.Step()
	s.Destroy()
	s.WantKeys("own Inactive", "k1 Active")
}

// A key that signs our requests is in use, though IAM has recorded no more than a first try of it: no interrupted apply has
// left it.
func TestAccRotatingAccessKey_ownKeyBeside(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t, iamsim.Options{LastUsedGranularity: 15 * time.Minute})
	own := s.CreateForeignKey("own")
	s.Sim.SetLastUsed(own.AccessKeyID, s.Sim.Now(), "sts", "us-east-1")
	s.SignAs(own)
	s.Write(acctest.ByAge(nil))
	s.Step("create k1")
	s.WantKeys("own Active", "k1 Active")
}
