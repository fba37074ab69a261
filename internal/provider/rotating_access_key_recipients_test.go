package provider_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_recipientsChanged edits encrypted_output while only the encrypted secret is at hand. What changes
// who can open it, or what they find, rotates; another spelling of the same does not.
func TestAccRotatingAccessKey_recipientsChanged(t *testing.T) {
	t.Parallel()
	_, one := ageKey(t)
	_, two := ageKey(t)
	sshKey := sshRecipient(t)
	pgp, other := newPGPKey(t), newPGPKey(t)
	pgp.expire(pgp.entity.PrimaryKey.CreationTime.Add(3 * 365 * 24 * time.Hour))
	short := pgp.public()
	pgp.expire(time.Time{})
	long := pgp.public()

	for name, test := range map[string]struct {
		before, after keyArgs
		// reason is the rotation_reason; empty where nothing rotates.
		reason string
	}{
		"order":            {keyArgs{"age_recipients": list(one, two)}, keyArgs{"age_recipients": list(two, one)}, ""},
		"twice":            {keyArgs{"age_recipients": list(sshKey)}, keyArgs{"age_recipients": list(sshKey, sshKey+" ann")}, ""},
		"SSH comment":      {keyArgs{"age_recipients": list(sshKey + " ann@old")}, keyArgs{"age_recipients": list(sshKey + " ann@new")}, ""},
		"prolonged expiry": {keyArgs{"openpgp_public_keys": list(short)}, keyArgs{"openpgp_public_keys": list(long)}, ""},
		"default format":   {keyArgs{"age_recipients": list(one)}, keyArgs{"age_recipients": list(one), "format": `"secret"`}, ""},
		"one more":         {keyArgs{"age_recipients": list(one)}, keyArgs{"age_recipients": list(one, two)}, "other recipients"},
		"one less":         {keyArgs{"age_recipients": list(one, sshKey)}, keyArgs{"age_recipients": list(one)}, "other recipients"},
		"another":          {keyArgs{"openpgp_public_keys": list(short)}, keyArgs{"openpgp_public_keys": list(other.public())}, "other recipients"},
		"method":           {keyArgs{"age_recipients": list(one)}, keyArgs{"openpgp_public_keys": list(long)}, "method openpgp instead of age"},
		"format":           {keyArgs{"age_recipients": list(one)}, keyArgs{"age_recipients": list(one), "format": `"json"`}, "format json instead of secret"},
		"recipients and format": {
			keyArgs{"age_recipients": list(one)}, keyArgs{"age_recipients": list(two), "format": `"csv"`}, "other recipients, format csv instead of secret",
		},
		"encryption context": {
			keyArgs{"kms_key_id": `"alias/secrets"`}, keyArgs{"kms_key_id": `"alias/secrets"`, "kms_encryption_context": `{ team = "a" }`}, "another encryption context",
		},
		"KMS key": {keyArgs{"kms_key_id": `"alias/secrets"`}, keyArgs{"kms_key_id": `"alias/others"`}, "other recipients"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
			s.Sim.CreateKMSKey("us-east-1", "alias/others")
			s.write(sealedBy(test.before, nil))
			s.step("create k1")
			sealed := s.value("encrypted_secret")
			s.write(sealedBy(test.after, nil))
			if test.reason != "" {
				s.plan(2)
				s.planned(map[string]any{
					"rotation_reason": "encrypted_output: " + test.reason, "encrypted_secret": unknown, "secret_access_key": nil,
					"previous.access_key_id": "k1", "previous.encrypted_secret": sealed,
				})
				s.apply()
				s.did("create k2")
				s.steady()
				s.state(map[string]any{"access_key_id": "k2", "previous.encrypted_secret": sealed})
				return
			}
			s.applyNowOrNot()
			s.did()
			s.steady()
			s.state(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})
		})
	}
}

// applyNowOrNot applies what changes no key, and may be no change at all.
func (s *story) applyNowOrNot() {
	s.t.Helper()
	s.planAndApply(nil)
}

// sshRecipient is an SSH public key without a comment.
func sshRecipient(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// TestAccRotatingAccessKey_unknownRecipient gets a recipient from something that the same apply makes. Every output of a
// rotation is unknown then, and the apply rotates only if the recipient turns out to be another one.
func TestAccRotatingAccessKey_unknownRecipient(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	identity, one := ageKey(t)
	identity2, two := ageKey(t)
	consumer := sealedConsumerHCL(keyArgs{"age_identities": list(identity, identity2)})
	args := sealedBy(keyArgs{"age_recipients": "[terraform_data.test.output]"}, nil)
	outputs := map[string]any{
		"access_key_id": unknown, "encrypted_secret": unknown, "secret_access_key": unknown, "version": unknown, "rotation_reason": unknown,
		"created_at": unknown, "rotate_at": unknown, "status": unknown, "previous": unknown,
	}
	s.write(args, consumer, dataHCL(one, "1"))
	s.plan(2)
	s.apply()
	s.did("create k1")
	s.steady()
	sealed := s.value("encrypted_secret")

	s.write(args, consumer, dataHCL(one, "2"))
	s.plan(2)
	s.planned(outputs)
	s.apply()
	s.did()
	s.steady()
	s.state(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})

	s.write(args, consumer, dataHCL(two, "3"))
	s.plan(2)
	s.planned(outputs)
	s.apply()
	s.did("create k2")
	s.steady()
	s.state(map[string]any{"access_key_id": "k2", "rotation_reason": "encrypted_output: other recipients", "previous.encrypted_secret": sealed})
	s.handovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_recipientsRefused changes the recipients while no slot is free for the rotation that this takes.
func TestAccRotatingAccessKey_recipientsRefused(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	_, one := ageKey(t)
	_, two := ageKey(t)
	s.write(sealedBy(keyArgs{"age_recipients": list(one)}, nil))
	s.step("create k1")
	sealed := s.value("encrypted_secret")
	s.foreign("theirs")
	s.write(sealedBy(keyArgs{"age_recipients": list(two)}, nil))
	s.plan(1, refusal(takenByTheirs))
	s.says("take the changed value back", deletion("theirs"))
	s.write(sealedBy(keyArgs{"age_recipients": list(one)}, nil))
	s.steady()
	s.state(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed})
}

// TestAccRotatingAccessKey_badRecipient gives what nothing can be encrypted to. It is refused at plan time, with the
// attribute, the value and the way out, and no key is made. A private key that was given by mistake is not shown.
func TestAccRotatingAccessKey_badRecipient(t *testing.T) {
	t.Parallel()
	identity, recipient := ageKey(t)
	expired, revoked, signOnly := newPGPKey(t), newPGPKey(t), newPGPKey(t)
	expired.expire(time.Date(2025, time.December, 31, 23, 59, 59, 0, time.UTC))
	if err := revoked.entity.RevokeKey(0, "", revoked.config); err != nil {
		t.Fatal(err)
	}
	signOnly.entity.Subkeys = nil

	const age, openpgp, kms = "encrypted_output.age_recipients", "encrypted_output.openpgp_public_keys", "encrypted_output.kms_key_id"
	for name, test := range map[string]struct {
		output keyArgs
		want   string
	}{
		"no method":              {keyArgs{"format": `"json"`}, "encrypted_output has no recipients: nobody could open the secret"},
		"two methods":            {keyArgs{"age_recipients": list(recipient), "kms_key_id": `"alias/a"`}, "encrypted_output has recipients of more than one method"},
		"context without key":    {keyArgs{"age_recipients": list(recipient), "kms_encryption_context": `{ a = "b" }`}, "kms_encryption_context is set without kms_key_id"},
		"age: none":              {keyArgs{"age_recipients": "[]"}, "A recipient in encrypted_output.age_recipients is missing"},
		"age: typing error":      {keyArgs{"age_recipients": list(recipient[:len(recipient)-1] + "b")}, age},
		"age: identity":          {keyArgs{"age_recipients": list(identity)}, age},
		"age: ECDSA":             {keyArgs{"age_recipients": list("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY=")}, age},
		"age: plugin":            {keyArgs{"age_recipients": list("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t")}, age},
		"age: garbage":           {keyArgs{"age_recipients": list("ops@example.com")}, age},
		"OpenPGP: garbage":       {keyArgs{"openpgp_public_keys": list("ops@example.com")}, openpgp},
		"OpenPGP: truncated":     {keyArgs{"openpgp_public_keys": list(expired.public()[:300])}, openpgp},
		"OpenPGP: private":       {keyArgs{"openpgp_public_keys": list(expired.private())}, openpgp},
		"OpenPGP: expired":       {keyArgs{"openpgp_public_keys": list(expired.public())}, "Recipient " + expired.fingerprint() + " in " + openpgp},
		"OpenPGP: revoked":       {keyArgs{"openpgp_public_keys": list(revoked.public())}, "Recipient " + revoked.fingerprint() + " in " + openpgp},
		"OpenPGP: can't encrypt": {keyArgs{"openpgp_public_keys": list(signOnly.public())}, "Recipient " + signOnly.fingerprint() + " in " + openpgp},
		"KMS: empty":             {keyArgs{"kms_key_id": `""`}, kms},
		"KMS: other service":     {keyArgs{"kms_key_id": `"arn:aws:iam::123456789012:user/ci"`}, kms},
		"KMS: AWS's own key":     {keyArgs{"kms_key_id": `"alias/aws/secretsmanager"`}, kms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			// Without an answer of IAM the provider has the machine's time: a look at another user lets it hear that of AWS.
			s.write(sealedBy(test.output, nil))
			s.last = s.cli.Plan()
			s.cli.Want(1)
			errors := 0
			for _, d := range s.cli.Diagnostics() {
				if d.Severity == "error" {
					errors++
				}
				if !strings.Contains(s.text(d.Summary), test.want) {
					t.Errorf("summary %q lacks %q", d.Summary, test.want)
				}
			}
			if errors != 1 {
				t.Errorf("%d errors, want 1", errors)
			}
			output := s.last.Stdout + s.last.Stderr
			for _, private := range []string{identity, strings.Split(expired.private(), "\n")[3]} {
				if strings.Contains(output, private) {
					t.Error("a private key is shown")
				}
			}
			if n := s.Calls("CreateAccessKey"); n != 0 {
				t.Errorf("%d keys were made", n)
			}
		})
	}
}

// TestAccRotatingAccessKey_kmsRefused lets KMS refuse to encrypt. That shows before anything is changed: at the creation,
// and at a rotation that would have deleted the previous key to make room.
func TestAccRotatingAccessKey_kmsRefused(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
	s.write(sealedBy(keyArgs{"kms_key_id": `"alias/secrets"`}, nil))
	s.Sim.Deny("*", "kms:Encrypt")
	s.plan(2)
	const denied = "error: Recipient alias/secrets in encrypted_output.kms_key_id can't be used by the provider's credentials"
	s.apply(denied)
	s.says("kms:Encrypt", "No key was made")
	s.did()

	s.Sim.ClearDenials()
	s.step("create k1")
	s.Advance("90d")
	s.step("create k2")
	s.unused("k1")
	s.use("k2")
	s.Advance("8d")
	s.step("deactivate k1")
	s.Sim.Deny("*", "kms:Encrypt")
	s.write(sealedBy(keyArgs{"kms_key_id": `"alias/secrets"`}, keyArgs{"rotate_when_changed": `{ a = "1" }`}))
	s.plan(2)
	s.apply(denied)
	s.did()
	s.keys("k1 Inactive", "k2 Active")
	s.Sim.ClearDenials()
	s.applyNow()
	s.did("delete k1", "create k3")
	s.steady()
}

// TestAccRotatingAccessKey_sealFails lets KMS fail between the trial and the real thing: the new key is deleted again, and
// the current one is as it was.
func TestAccRotatingAccessKey_sealFails(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	arn := s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
	s.write(sealedBy(keyArgs{"kms_key_id": quote(arn)}, nil), sealedConsumerHCL(nil))
	s.step("create k1")
	sealed := s.value("encrypted_secret")
	s.Advance("90d")
	s.plan(2)
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			s.Sim.Deny("*", "kms:Encrypt")
		}
	})
	s.apply(`error: Secret of new key k2 of user "ci" could not be encrypted`)
	s.Sim.OnCall(nil)
	s.says("kms:Encrypt", "The new key was deleted again, and no other key was touched.")
	s.did("create k2", "delete k2")
	s.Sim.ClearDenials()
	s.state(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})
	s.step("create k3")
	s.handovers("k1", "k1 to k3")
}
