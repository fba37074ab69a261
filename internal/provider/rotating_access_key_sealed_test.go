package provider_test

import (
	"testing"
	"time"
)

// TestAccRotatingAccessKey_sealed runs the whole life of a key whose secret reaches a write-only argument and nothing else,
// with each method. The rotation and the consumer are in the same apply.
func TestAccRotatingAccessKey_sealed(t *testing.T) {
	t.Parallel()
	for method, prepare := range map[string]func(s *story) (output, identity keyArgs){
		"age": func(s *story) (output, identity keyArgs) {
			private, public := ageKey(s.t)
			return keyArgs{"age_recipients": list(public)}, keyArgs{"age_identities": list(private)}
		},
		"openpgp": func(s *story) (output, identity keyArgs) {
			key := newPGPKey(s.t)
			return keyArgs{"openpgp_public_keys": list(key.public())}, keyArgs{"openpgp_private_key": quote(key.private())}
		},
		"kms": func(s *story) (output, identity keyArgs) {
			arn := s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
			return keyArgs{"kms_key_id": quote(arn), "kms_encryption_context": `{ purpose = "ci" }`}, nil
		},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			output, identity := prepare(s)
			s.write(sealedBy(output, nil), sealedConsumerHCL(identity))
			s.plan(2)
			s.planned(map[string]any{"secret_access_key": nil, "encrypted_secret": unknown, "access_key_id": unknown})
			s.apply()
			s.did("create k1")
			s.steady()
			s.state(map[string]any{"secret_access_key": nil, "encrypted_output.format": "secret", "previous": nil})
			first := s.value("encrypted_secret")

			s.Advance("90d")
			s.plan(2)
			s.planned(map[string]any{
				"secret_access_key": nil, "encrypted_secret": unknown, "previous.access_key_id": "k1",
				"previous.secret_access_key": nil, "previous.encrypted_secret": first,
			})
			s.apply()
			s.did("create k2")
			s.steady()
			s.state(map[string]any{"secret_access_key": nil, "previous.secret_access_key": nil, "previous.encrypted_secret": first})
			if s.value("encrypted_secret") == first {
				t.Error("the new key was published with the old secret")
			}
			s.handovers("k1", "k1 to k2")

			s.unused("k1")
			s.use("k2")
			s.Advance("8d")
			s.step("deactivate k1")
			s.state(map[string]any{"previous.encrypted_secret": first})
			s.Advance("8d")
			s.step("delete k1")
			s.destroy()
			s.did("delete k2")
		})
	}
}

// TestAccRotatingAccessKey_sealFromState sets encrypted_output on a key, and on its previous one, whose secrets are in the
// state in plain text: both are encrypted in place, with the keys as they are.
func TestAccRotatingAccessKey_sealFromState(t *testing.T) {
	t.Parallel()
	s := newRotatedStory(t, byAge(nil))
	version := s.value("version")
	identity, recipient := ageKey(t)
	s.write(sealedBy(keyArgs{"age_recipients": list(recipient)}, nil), sealedConsumerHCL(keyArgs{"age_identities": list(identity)}))
	warning := "warning: Secret of key k2 and k1 is encrypted from now on, but older state versions and this saved plan hold it in plain text"
	s.plan(2, warning)
	s.planned(map[string]any{
		"action": "update", "access_key_id": "k2", "version": version, "secret_access_key": nil, "encrypted_secret": unknown,
		"previous.access_key_id": "k1", "previous.secret_access_key": nil, "previous.encrypted_secret": unknown,
	})
	s.apply(warning)
	s.did()
	s.steady()
	s.state(map[string]any{"access_key_id": "k2", "version": version, "secret_access_key": nil, "previous.secret_access_key": nil})
	for _, at := range []string{"encrypted_secret", "previous.encrypted_secret"} {
		if s.value(at) == show(nil) {
			t.Errorf("%s is null", at)
		}
	}
	s.handovers("k1", "k1 to k2", "k2 to k2")
}

// TestAccRotatingAccessKey_sealAndRotate asks for a rotation in the plan that sets encrypted_output: the key that becomes
// previous is encrypted, too.
func TestAccRotatingAccessKey_sealAndRotate(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, byAge(nil))
	_, recipient := ageKey(t)
	args := sealedBy(keyArgs{"age_recipients": list(recipient)}, keyArgs{"rotate_when_changed": `{ a = "1" }`})
	s.write(args)
	s.applyNow("warning: Secret of key k1 is encrypted from now on, but older state versions and this saved plan hold it in plain text")
	s.did("create k2")
	s.steady()
	s.state(map[string]any{
		"access_key_id": "k2", "secret_access_key": nil, "previous.access_key_id": "k1", "previous.secret_access_key": nil,
		"rotation_reason": "rotate_when_changed: a",
	})
	if s.value("previous.encrypted_secret") == show(nil) || s.value("encrypted_secret") == s.value("previous.encrypted_secret") {
		t.Error("each key needs an encrypted secret of its own")
	}
}

// TestAccRotatingAccessKey_sealedToPlain takes encrypted_output away: only a new key can have a secret in plain text.
func TestAccRotatingAccessKey_sealedToPlain(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	identity, recipient := ageKey(t)
	s.write(sealedBy(keyArgs{"age_recipients": list(recipient)}, nil), sealedConsumerHCL(keyArgs{"age_identities": list(identity)}))
	s.step("create k1")
	sealed := s.value("encrypted_secret")
	s.write(byAge(nil), consumerHCL)
	s.plan(2)
	s.planned(map[string]any{
		"rotation_reason": "encrypted_output: no longer set", "encrypted_secret": nil, "secret_access_key": unknown,
		"previous.access_key_id": "k1", "previous.encrypted_secret": sealed, "previous.secret_access_key": nil,
	})
	s.apply()
	s.did("create k2")
	s.steady()
	s.state(map[string]any{
		"access_key_id": "k2", "encrypted_secret": nil, "secret_access_key": "secret of k2",
		"previous.encrypted_secret": sealed, "previous.secret_access_key": nil,
	})
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_sealedImport sets encrypted_output on a key whose secret nobody here knows: its next rotation
// encrypts, and another recipient in the meantime is no reason for one.
func TestAccRotatingAccessKey_sealedImport(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.foreign("theirs")
	_, one := ageKey(t)
	_, other := ageKey(t)
	s.write(sealedBy(keyArgs{"age_recipients": list(one)}, nil), importHCL(keyAddress, "ci"))
	s.step()
	s.state(map[string]any{"access_key_id": "theirs", "encrypted_secret": nil, "secret_access_key": nil})
	s.write(sealedBy(keyArgs{"age_recipients": list(other)}, nil))
	s.step()
	s.Advance("90d")
	s.step("create k1")
	s.state(map[string]any{"secret_access_key": nil, "previous.access_key_id": "theirs", "previous.encrypted_secret": nil})
	if s.value("encrypted_secret") == show(nil) {
		t.Error("the new secret is not encrypted")
	}
}

// TestAccRotatingAccessKey_expiredRecipient has an OpenPGP key that expires between two rotations. That is told before it
// matters. What is due then waits, what is asked for is refused, and a prolonged key lets it happen without being a reason
// itself.
func TestAccRotatingAccessKey_expiredRecipient(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	key := newPGPKey(t)
	key.expire(s.Sim.Now().Add(60 * 24 * time.Hour))
	short := keyArgs{"openpgp_public_keys": list(key.public())}
	s.write(sealedBy(short, nil))
	s.step("create k1")
	s.Advance("60d-1s")
	s.steady()
	s.Advance("1s")
	s.steady(`warning: A recipient of encrypted_output expired at 2026-03-02 00:00:00 UTC: the next rotation of user "ci" will wait for another`)
	s.Advance("30d")
	const fact = "a recipient of encrypted_output has expired"
	s.refresh(blockedBy(fact))
	s.state(map[string]any{"rotation_blocked": fact})
	s.says("prolong the OpenPGP key")

	s.write(sealedBy(short, keyArgs{"rotate_when_changed": `{ a = "1" }`}))
	s.plan(1, blockedBy(fact), refusal(fact))
	s.says("prolong the OpenPGP key", "not recorded as done")

	key.expire(time.Time{})
	s.write(sealedBy(keyArgs{"openpgp_public_keys": list(key.public())}, nil))
	s.applyNow(blockedBy(fact))
	s.did()
	s.step("create k2")
	s.state(map[string]any{"previous.access_key_id": "k1", "rotation_blocked": nil})
}
