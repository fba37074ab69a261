package provider_test

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"

	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestAccRotatingAccessKey_recipientsChanged edits encrypted_output while only the encrypted secret is at hand. What changes
// who can open it, or what they find, rotates; another spelling of the same does not.
func TestAccRotatingAccessKey_recipientsChanged(t *testing.T) {
	t.Parallel()
	_, one := acctest.AgeKey(t)
	_, two := acctest.AgeKey(t)
	sshKey := sshRecipient(t)
	pgp, other := acctest.NewPGPKey(t), acctest.NewPGPKey(t)
	pgp.Expire(pgp.Entity.PrimaryKey.CreationTime.Add(3 * 365 * 24 * time.Hour))
	short := pgp.Public()
	pgp.Expire(time.Time{})
	long := pgp.Public()

	for name, test := range map[string]struct {
		before, after acctest.Args
		// reason is the last_change; empty where nothing rotates.
		reason string
	}{
		"order":            {acctest.AgeRecipients(one, two), acctest.AgeRecipients(two, one), ""},
		"twice":            {acctest.AgeRecipients(sshKey), acctest.AgeRecipients(sshKey, sshKey+" ann"), ""},
		"SSH comment":      {acctest.AgeRecipients(sshKey + " ann@old"), acctest.AgeRecipients(sshKey + " ann@new"), ""},
		"prolonged expiry": {acctest.PGPRecipients(short), acctest.PGPRecipients(long), ""},
		"default format":   {acctest.AgeRecipients(one), acctest.Args{"age_recipients": acctest.HCLList(one), "format": `"secret"`}, ""},
		"one more":         {acctest.AgeRecipients(one), acctest.AgeRecipients(one, two), "other recipients"},
		"one less":         {acctest.AgeRecipients(one, sshKey), acctest.AgeRecipients(one), "other recipients"},
		"another":          {acctest.PGPRecipients(short), acctest.PGPRecipients(other.Public()), "other recipients"},
		"method":           {acctest.AgeRecipients(one), acctest.PGPRecipients(long), "method openpgp instead of age"},
		"format": {
			acctest.AgeRecipients(one), acctest.Args{"age_recipients": acctest.HCLList(one), "format": `"json"`}, "format json instead of secret",
		},
		"recipients and format": {
			acctest.AgeRecipients(one),
			acctest.Args{"age_recipients": acctest.HCLList(two), "format": `"csv"`},
			"other recipients, format csv instead of secret",
		},
		"encryption context": {
			acctest.Args{"kms_key_id": `"alias/secrets"`},
			acctest.Args{"kms_key_id": `"alias/secrets"`, "kms_encryption_context": `{ team = "a" }`},
			"another encryption context",
		},
		"KMS key": {acctest.Args{"kms_key_id": `"alias/secrets"`}, acctest.Args{"kms_key_id": `"alias/others"`}, "other recipients"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
			s.Sim.CreateKMSKey("us-east-1", "alias/others")
			s.Write(acctest.SealedBy(test.before, nil))
			s.Step("create k1")
			sealed := s.Value("encrypted_secret")
			s.Write(acctest.SealedBy(test.after, nil))
			if test.reason != "" {
				s.Plan(2)
				s.WantPlanned(map[string]any{
					"last_change": "rotate k1: asked by encrypted_output (" + test.reason + ")", "encrypted_secret": acctest.Unknown,
					"secret_access_key":      nil,
					"previous.access_key_id": "k1", "previous.encrypted_secret": sealed,
				})
				s.ApplyPlan()
				s.WantChanges("create k2")
				s.PlanEmpty()
				s.WantState(map[string]any{"access_key_id": "k2", "previous.encrypted_secret": sealed})
				return
			}
			s.ApplyAny()
			s.WantChanges()
			s.PlanEmpty()
			s.WantState(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})
		})
	}
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

// TestAccRotatingAccessKey_unknownRecipient gets a recipient from something that the same apply creates. Every output of a
// rotation is unknown then, and the apply rotates only if the recipient turns out to be another one.
func TestAccRotatingAccessKey_unknownRecipient(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	identity, one := acctest.AgeKey(t)
	identity2, two := acctest.AgeKey(t)
	consumer := acctest.SealedConsumerHCL(acctest.AgeIdentities(identity, identity2))
	args := acctest.SealedBy(acctest.Args{"age_recipients": "[terraform_data.test.output]"}, nil)
	outputs := map[string]any{
		"access_key_id": acctest.Unknown, "encrypted_secret": acctest.Unknown, "secret_access_key": acctest.Unknown, "version": acctest.Unknown,
		"last_change": acctest.Unknown,
		"created_at":  acctest.Unknown, "rotate_at": acctest.Unknown, "status": acctest.Unknown, "previous": acctest.Unknown,
	}
	s.Write(args, consumer, acctest.DataHCL(one, "1"))
	s.Plan(2)
	s.ApplyPlan()
	s.WantChanges("create k1")
	s.PlanEmpty()
	sealed := s.Value("encrypted_secret")

	s.Write(args, consumer, acctest.DataHCL(one, "2"))
	s.Plan(2)
	s.WantPlanned(outputs)
	s.ApplyPlan()
	s.WantChanges()
	s.PlanEmpty()
	s.WantState(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})

	s.Write(args, consumer, acctest.DataHCL(two, "3"))
	s.Plan(2)
	s.WantPlanned(outputs)
	s.ApplyPlan()
	s.WantChanges("create k2")
	s.PlanEmpty()
	s.WantState(map[string]any{
		"access_key_id": "k2", "last_change": "rotate k1: asked by encrypted_output (other recipients)", "previous.encrypted_secret": sealed,
	})
	s.WantHandovers("k1", "k1 to k2")
}

// TestAccRotatingAccessKey_recipientsPending changes the recipients while no slot is free for the rotation that this takes, and takes
// the change back.
func TestAccRotatingAccessKey_recipientsPending(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	_, one := acctest.AgeKey(t)
	_, two := acctest.AgeKey(t)
	s.Write(acctest.SealedBy(acctest.AgeRecipients(one), nil))
	s.Step("create k1")
	sealed := s.Value("encrypted_secret")
	s.CreateForeignKey("theirs")
	s.Write(acctest.SealedBy(acctest.AgeRecipients(two), nil))
	s.Apply(acctest.RotationPending(acctest.SlotTakenByTheirs),
		acctest.WillBlock("theirs", acctest.NeverUsed(acctest.FirstDay), acctest.RotationDay))
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "rotation_requested": "encrypted_output"})
	s.PlanEmpty(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.Write(acctest.SealedBy(acctest.AgeRecipients(one), nil))
	s.Apply(acctest.RotationWaits(acctest.SlotTakenByTheirs))
	s.WantChanges()
	s.WantState(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "rotation_requested": nil, "rotation_blocked": nil})
}

// TestAccRotatingAccessKey_badRecipient gives what nothing can be encrypted to. It is refused at plan time, with the
// attribute, the value and the way out, and no key is created. A private key that was given by mistake is not shown.
func TestAccRotatingAccessKey_badRecipient(t *testing.T) {
	t.Parallel()
	identity, recipient := acctest.AgeKey(t)
	expired, revoked, signOnly := acctest.NewPGPKey(t), acctest.NewPGPKey(t), acctest.NewPGPKey(t)
	expired.Expire(time.Date(2025, time.December, 31, 23, 59, 59, 0, time.UTC))
	if err := revoked.Entity.RevokeKey(0, "", revoked.Config); err != nil {
		t.Fatal(err)
	}
	signOnly.Entity.Subkeys = nil

	const age, openpgp, kms = "encrypted_output.age_recipients", "encrypted_output.openpgp_public_keys", "encrypted_output.kms_key_id"
	for name, test := range map[string]struct {
		output acctest.Args
		want   string
	}{
		"no method": {acctest.Args{"format": `"json"`}, "encrypted_output has no recipients: nobody could open the secret"},
		"two methods": {
			acctest.Args{"age_recipients": acctest.HCLList(recipient), "kms_key_id": `"alias/a"`},
			"encrypted_output has recipients of more than one method",
		},
		"context without key": {
			acctest.Args{"age_recipients": acctest.HCLList(recipient), "kms_encryption_context": `{ a = "b" }`},
			"kms_encryption_context is set without kms_key_id",
		},
		"age: none":              {acctest.Args{"age_recipients": "[]"}, "A recipient in encrypted_output.age_recipients is missing"},
		"age: typing error":      {acctest.AgeRecipients(recipient[:len(recipient)-1] + "b"), age},
		"age: identity":          {acctest.AgeRecipients(identity), age},
		"age: ECDSA":             {acctest.AgeRecipients("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY="), age},
		"age: plugin":            {acctest.AgeRecipients("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t"), age},
		"age: garbage":           {acctest.AgeRecipients("ops@example.com"), age},
		"OpenPGP: garbage":       {acctest.PGPRecipients("ops@example.com"), openpgp},
		"OpenPGP: truncated":     {acctest.PGPRecipients(expired.Public()[:300]), openpgp},
		"OpenPGP: private":       {acctest.PGPRecipients(expired.Private()), openpgp},
		"OpenPGP: expired":       {acctest.PGPRecipients(expired.Public()), "Recipient " + expired.Fingerprint() + " in " + openpgp},
		"OpenPGP: revoked":       {acctest.PGPRecipients(revoked.Public()), "Recipient " + revoked.Fingerprint() + " in " + openpgp},
		"OpenPGP: can't encrypt": {acctest.PGPRecipients(signOnly.Public()), "Recipient " + signOnly.Fingerprint() + " in " + openpgp},
		"KMS: empty":             {acctest.Args{"kms_key_id": `""`}, kms},
		"KMS: other service":     {acctest.Args{"kms_key_id": `"arn:aws:iam::123456789012:user/ci"`}, kms},
		"KMS: AWS's own key":     {acctest.Args{"kms_key_id": `"alias/aws/secretsmanager"`}, kms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			// Without an answer of IAM the provider has the machine's time: a look at another user lets it hear that of AWS.
			s.Write(acctest.SealedBy(test.output, nil))
			s.Last = s.CLI.Plan()
			s.CLI.Want(1)
			errors := 0
			for _, d := range s.CLI.Diagnostics() {
				if d.Severity == "error" {
					errors++
				}
				if !strings.Contains(s.Normalize(d.Summary), test.want) {
					t.Errorf("summary %q lacks %q", d.Summary, test.want)
				}
			}
			if errors != 1 {
				t.Errorf("%d errors, want 1", errors)
			}
			output := s.Last.Stdout + s.Last.Stderr
			for _, private := range []string{identity, strings.Split(expired.Private(), "\n")[3]} {
				if strings.Contains(output, private) {
					t.Error("a private key is shown")
				}
			}
			if n := s.Calls("CreateAccessKey"); n != 0 {
				t.Errorf("%d keys were created", n)
			}
		})
	}
}

// TestAccRotatingAccessKey_kmsRefused lets KMS refuse to encrypt. That shows before anything is changed: at the creation,
// and at a rotation that would have deleted the previous key to make room.
func TestAccRotatingAccessKey_kmsRefused(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
	s.Write(acctest.SealedBy(acctest.Args{"kms_key_id": `"alias/secrets"`}, nil))
	s.Sim.Deny("*", "kms:Encrypt")
	s.Plan(2)
	denied := acctest.Fails("Recipient alias/secrets in encrypted_output.kms_key_id can't be used with the credentials of the provider")
	s.ApplyPlan(denied)
	s.WantDetail("kms:Encrypt", "No key was created")
	s.WantChanges()

	s.Sim.ClearDenials()
	s.Step("create k1")
	s.Advance("90d")
	s.Step("create k2")
	s.ClearLastUse("k1")
	s.UseKey("k2")
	s.Advance("8d")
	s.Step("deactivate k1")
	s.Sim.Deny("*", "kms:Encrypt")
	s.Write(acctest.SealedBy(acctest.Args{"kms_key_id": `"alias/secrets"`}, acctest.Args{"rotate_when_changed": `{ a = "1" }`}))
	deletes := acctest.DeletesInactive("k1")
	s.Plan(2, deletes)
	s.ApplyPlan(deletes, denied)
	s.WantChanges()
	s.WantKeys("k1 Inactive", "k2 Active")
	s.Sim.ClearDenials()
	s.Apply(deletes)
	s.WantChanges("delete k1", "create k3")
	s.PlanEmpty()
}

// TestAccRotatingAccessKey_sealFails lets KMS fail between the trial and the real thing: the new key is deleted again, and
// the current one is as it was.
func TestAccRotatingAccessKey_sealFails(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	arn := s.Sim.CreateKMSKey("us-east-1", "alias/secrets")
	s.Write(acctest.SealedBy(acctest.Args{"kms_key_id": acctest.HCLString(arn)}, nil), acctest.SealedConsumerHCL(nil))
	s.Step("create k1")
	sealed := s.Value("encrypted_secret")
	s.Advance("90d")
	s.Plan(2)
	s.Sim.OnCall(func(call iamsim.Call) {
		if call.Action == "CreateAccessKey" {
			s.Sim.Deny("*", "kms:Encrypt")
		}
	})
	s.ApplyPlan(acctest.Fails(`Secret of new key k2 of user "ci" could not be encrypted`))
	s.Sim.OnCall(nil)
	s.WantDetail("kms:Encrypt", "The new key was deleted again, and no other key was touched.")
	s.WantChanges("create k2", "delete k2")
	s.Sim.ClearDenials()
	s.WantState(map[string]any{"access_key_id": "k1", "encrypted_secret": sealed, "previous": nil})
	s.Step("create k3")
	s.WantHandovers("k1", "k1 to k3")
}
