package provider_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// TestAccRotatingAccessKey_sealed runs the whole life of a key whose secret reaches a write-only argument and nothing else,
// with each method. The rotation and the consumer are in the same apply.
func TestAccRotatingAccessKey_sealed(t *testing.T) {
	t.Parallel()
	for method, prepare := range map[string]func(s *acctest.Story) (output, identity acctest.Args){
		"age": func(s *acctest.Story) (output, identity acctest.Args) {
			private, public := acctest.AgeKey(s.T)
			return acctest.AgeRecipients(public), acctest.AgeIdentities(private)
		},
		"openpgp": func(s *acctest.Story) (output, identity acctest.Args) {
			key := acctest.NewPGPKey(s.T)
			return acctest.PGPRecipients(key.Public()), acctest.Args{"openpgp_private_key": acctest.HCLString(key.Private())}
		},
		"kms": func(s *acctest.Story) (output, identity acctest.Args) {
			arn := s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
			return acctest.Args{"kms_key_id": acctest.HCLString(arn), "kms_encryption_context": `{ purpose = "ci" }`}, nil
		},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			output, identity := prepare(s)
			s.Write(acctest.SealedBy(output, nil), acctest.SealedConsumerHCL(identity))
			s.Plan(2)
			s.WantPlanned(map[string]any{"secret_access_key": nil, "encrypted_secret": acctest.Unknown, "access_key_id": acctest.Unknown})
			s.ApplyPlan()
			s.WantChanges("create k1")
			s.PlanEmpty()
			s.WantState(map[string]any{"secret_access_key": nil, "encrypted_output.format": "secret", "previous": nil})
			first := s.Value("encrypted_secret")

			s.Advance("90d")
			s.Plan(2)
			s.WantPlanned(map[string]any{
				"secret_access_key": nil, "encrypted_secret": acctest.Unknown, "previous.access_key_id": "k1",
				"previous.secret_access_key": nil, "previous.encrypted_secret": first,
			})
			s.ApplyPlan()
			s.WantChanges("create k2")
			s.PlanEmpty()
			s.WantState(map[string]any{"secret_access_key": nil, "previous.secret_access_key": nil, "previous.encrypted_secret": first})
			if s.Value("encrypted_secret") == first {
				t.Error("the new key was published with the old secret")
			}
			s.WantHandovers("k1", "k1 to k2")

			s.ClearLastUse("k1")
			s.UseKey("k2")
			s.Advance("8d")
			s.Step("deactivate k1")
			s.WantState(map[string]any{"previous.encrypted_secret": first})
			s.Advance("8d")
			s.Step("delete k1")
			s.Destroy()
			s.WantChanges("delete k2")
		})
	}
}

// TestAccRotatingAccessKey_sealFromState sets encrypted_output on a key, and on its previous one, whose secrets are in the
// state in plain text: both are encrypted in place, with the keys as they are.
func TestAccRotatingAccessKey_sealFromState(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithPrevious(acctest.ByAge(nil))
	version := s.Value("version")
	identity, recipient := acctest.AgeKey(t)
	s.Write(acctest.SealedBy(acctest.AgeRecipients(recipient), nil), acctest.SealedConsumerHCL(acctest.AgeIdentities(identity)))
	warning := acctest.EncryptedFromNowOn("k2 and k1")
	s.Plan(2, warning)
	s.WantPlanned(map[string]any{
		"action": "update", "access_key_id": "k2", "version": version, "secret_access_key": nil, "encrypted_secret": acctest.Unknown,
		"previous.access_key_id": "k1", "previous.secret_access_key": nil, "previous.encrypted_secret": acctest.Unknown,
	})
	s.ApplyPlan(warning)
	s.WantChanges()
	s.PlanEmpty()
	s.WantState(map[string]any{"access_key_id": "k2", "version": version, "secret_access_key": nil, "previous.secret_access_key": nil})
	for _, at := range []string{"encrypted_secret", "previous.encrypted_secret"} {
		if s.Value(at) == acctest.FormatValue(nil) {
			t.Errorf("%s is null", at)
		}
	}
	s.WantHandovers("k1", "k1 to k2", "k2 to k2")
}

// TestAccRotatingAccessKey_sealAndRotate asks for a rotation in the plan that sets encrypted_output: the key that becomes
// previous is encrypted, too.
func TestAccRotatingAccessKey_sealAndRotate(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).WithKey(acctest.ByAge(nil))
	_, recipient := acctest.AgeKey(t)
	args := acctest.SealedBy(acctest.AgeRecipients(recipient), acctest.Args{"rotate_when_changed": `{ a = "1" }`})
	s.Write(args)
	s.Apply(acctest.EncryptedFromNowOn("k1"))
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k2", "secret_access_key": nil, "previous.access_key_id": "k1", "previous.secret_access_key": nil,
		"last_change": "rotate k1: asked by rotate_when_changed (a)",
	})
	previous := s.Value("previous.encrypted_secret")
	if previous == acctest.FormatValue(nil) || previous == s.Value("encrypted_secret") {
		t.Error("each key needs an encrypted secret of its own")
	}
}

// TestAccRotatingAccessKey_sealedToPlain takes encrypted_output away: only a new key can have a secret in plain text.
func TestAccRotatingAccessKey_sealedToPlain(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	identity, recipient := acctest.AgeKey(t)
	s.Write(acctest.SealedBy(acctest.AgeRecipients(recipient), nil), acctest.SealedConsumerHCL(acctest.AgeIdentities(identity)))
	s.Step("create k1")
	sealed := s.Value("encrypted_secret")
	s.Write(acctest.ByAge(nil), acctest.ConsumerHCL)
	s.Plan(2)
	s.WantPlanned(map[string]any{
		"last_change": "rotate k1: asked by encrypted_output (no longer set)", "encrypted_secret": nil, "secret_access_key": acctest.Unknown,
		"previous.access_key_id": "k1", "previous.encrypted_secret": sealed, "previous.secret_access_key": nil,
	})
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k2", "encrypted_secret": nil, "secret_access_key": "secret of k2",
		"previous.encrypted_secret": sealed, "previous.secret_access_key": nil,
	})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_sealedImport sets encrypted_output on a key whose secret nobody here knows: its next rotation
// encrypts, and another recipient in the meantime is no reason for one.
func TestAccRotatingAccessKey_sealedImport(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("theirs")
	_, one := acctest.AgeKey(t)
	_, other := acctest.AgeKey(t)
	s.Write(acctest.SealedBy(acctest.AgeRecipients(one), nil), acctest.ImportHCL(acctest.KeyAddress, "ci"))
	s.Step()
	s.WantState(map[string]any{"access_key_id": "theirs", "encrypted_secret": nil, "secret_access_key": nil})
	s.Write(acctest.SealedBy(acctest.AgeRecipients(other), nil))
	s.Step()
	s.Advance("90d")
	s.Step("create k1")
	s.WantState(map[string]any{"secret_access_key": nil, "previous.access_key_id": "theirs", "previous.encrypted_secret": nil})
	if s.Value("encrypted_secret") == acctest.FormatValue(nil) {
		t.Error("the new secret is not encrypted")
	}
}

// TestAccRotatingAccessKey_expiredRecipient has an OpenPGP key that expires between two rotations. That is shown before it
// matters. What is due then waits, what is asked for is refused, and an extended key lets it happen without being a reason
// itself.
func TestAccRotatingAccessKey_expiredRecipient(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	key := acctest.NewPGPKey(t)
	key.Expire(s.Sim.Now().Add(60 * 24 * time.Hour))
	short := acctest.PGPRecipients(key.Public())
	s.Write(acctest.SealedBy(short, nil))
	s.Step("create k1")
	s.Advance("60d-1s")
	s.PlanEmpty()
	s.Advance("1s")
	s.PlanEmpty(acctest.Warns("Recipient of encrypted_output has expired", "it expired at 2026-03-02 00:00:00 UTC, "+
		"and the next rotation will wait for another"))
	s.Advance("30d")
	const fact = "a recipient of encrypted_output has expired"
	s.Refresh(acctest.RotationWaits(fact))
	s.WantState(map[string]any{"rotation_blocked": fact})
	s.WantDetail("extend the OpenPGP key")

	s.Write(acctest.SealedBy(short, acctest.Args{"rotate_when_changed": `{ a = "1" }`}))
	s.Plan(2, acctest.RotationWaits(fact), acctest.RotationPending(fact))

	key.Expire(time.Time{})
	s.Write(acctest.SealedBy(acctest.PGPRecipients(key.Public()), nil))
	s.Apply(acctest.RotationWaits(fact))
	s.WantChanges()
	s.Step("create k2")
	s.WantState(map[string]any{"previous.access_key_id": "k1", "rotation_blocked": nil})
}
