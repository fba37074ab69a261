package provider_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// broken changes a character in the middle of the payload of a text.
func broken(sealed string) string {
	at := len(sealed) * 3 / 4
	for sealed[at] == '\n' {
		at++
	}
	changed := byte('A')
	if sealed[at] == changed {
		changed = 'B'
	}
	return sealed[:at] + string(changed) + sealed[at+1:]
}

// cut returns the first two thirds of a text.
func cut(sealed string) string { return sealed[:len(sealed)*2/3] }

// TestAccSecretAccessKey_errors has the causes for which a secret does not open, as far as no request to AWS is needed.
func TestAccSecretAccessKey_errors(t *testing.T) {
	t.Parallel()
	const (
		notEncrypted = "encrypted_secret is not an encrypted secret"
		damaged      = "The encrypted secret is damaged or cut off"
	)
	w, key := newOpenWorld(t)
	to, other, ssh, pgp, otherPGP := ageHolder(t), ageHolder(t), sshHolder(t), openPGPHolder(t), openPGPHolder(t)
	sealed, sealedSSH, sealedPGP := to.seal(t, key.Secret), ssh.seal(t, key.Secret), pgp.seal(t, key.Secret)
	with := func(name, value string) acctest.Args { return acctest.Args{name: value} }

	for name, test := range map[string]struct {
		sealed    string
		arguments acctest.Args
		summary   string
		detail    []string
	}{
		"empty":     {"", to.arguments, notEncrypted, []string{"It does not begin as age armor (-----BEGIN AGE ENCRYPTED FILE-----)"}},
		"plaintext": {key.Secret.Reveal(), nil, notEncrypted, []string{"Nothing of it is shown here", "rotate that key"}},
		"private key": {
			pgp.identity, pgp.arguments, notEncrypted,
			[]string{"an armored OpenPGP message (-----BEGIN PGP MESSAGE-----)", "AWS KMS (iamkeys-kms:)"},
		},
		"cut at the front": {sealed[1:], to.arguments, notEncrypted, []string{"age --armor"}},

		"age: no identity": {
			sealed, nil, "age_identities is not set, and the secret is encrypted with age",
			[]string{"The secret is encrypted to " + to.name + ".", "Set age_identities to the private key of one of the recipients."},
		},
		"age: no identity in the list": {
			sealed, with("age_identities", "[null]"), "age_identities is not set, and the secret is encrypted with age", nil,
		},
		"age: identity of another method": {sealed, pgp.arguments, "age_identities is not set, and the secret is encrypted with age", nil},
		"age: other identity": {
			sealed, other.arguments, "The secret is not encrypted to age_identities",
			[]string{"The secret is encrypted to " + to.name + ".", "belong to " + other.name, "which rotates the key"},
		},
		"age: malformed identity": {
			sealed, with("age_identities", acctest.HCLList(other.identity, broken(to.identity))), "A private key in age_identities can't be used",
			[]string{"Identity 2 is malformed", "The secret is encrypted to " + to.name + "."},
		},
		"age: OpenPGP key": {
			sealed, with("age_identities", acctest.HCLList(pgp.identity)), "A private key in age_identities can't be used",
			[]string{"Identity 1 is an OpenPGP key. Give it in openpgp_private_key."},
		},
		"age: no passphrase": {
			sealedSSH, with("age_identities", ssh.arguments["age_identities"]), "A private key in age_identities can't be used",
			[]string{"Identity 1 is protected by a passphrase, and none is given.", ssh.name},
		},
		"age: wrong passphrase": {
			sealedSSH,
			acctest.Args{"age_identities": ssh.arguments["age_identities"], "passphrase": acctest.HCLString("wrong")},
			"A private key in age_identities can't be used",
			[]string{"another passphrase", ssh.name},
		},
		"age: changed": {broken(sealed), to.arguments, damaged, []string{"Give the whole text", "change a value of rotate_when_changed"}},
		"age: cut off": {cut(sealed), to.arguments, damaged, []string{"Give the whole text"}},
		"age: too long": {
			strings.Replace(sealed, "\n", strings.Repeat("\n", sealing.MaxSealed), 1), to.arguments,
			"The encrypted secret begins as age, but can't be read", nil,
		},

		"openpgp: no key": {
			sealedPGP, nil, "openpgp_private_key is not set, and the secret is encrypted with OpenPGP",
			[]string{"The secret is encrypted to " + pgp.name + ".", "Set openpgp_private_key to the private key of one of the recipients."},
		},
		"openpgp: key of another method": {
			sealedPGP, to.arguments, "openpgp_private_key is not set, and the secret is encrypted with OpenPGP", nil,
		},
		"openpgp: other key": {
			sealedPGP, otherPGP.arguments, "The secret is not encrypted to openpgp_private_key",
			[]string{"The secret is encrypted to " + pgp.name + "."},
		},
		"openpgp: malformed key": {
			sealedPGP,
			acctest.Args{"openpgp_private_key": acctest.HCLString(cut(pgp.identity)), "passphrase": acctest.HCLString(openPassphrase)},
			"A private key in openpgp_private_key can't be used", nil,
		},
		"openpgp: no passphrase": {
			sealedPGP, with("openpgp_private_key", pgp.arguments["openpgp_private_key"]), "A private key in openpgp_private_key can't be used",
			[]string{"passphrase", pgp.name},
		},
		"openpgp: wrong passphrase": {
			sealedPGP,
			acctest.Args{"openpgp_private_key": pgp.arguments["openpgp_private_key"], "passphrase": acctest.HCLString("wrong")},
			"A private key in openpgp_private_key can't be used",
			[]string{"passphrase", pgp.name},
		},
		"openpgp: changed": {broken(sealedPGP), pgp.arguments, damaged, nil},
		"openpgp: cut off": {cut(sealedPGP), pgp.arguments, damaged, nil},

		"kms: cut off": {"iamkeys-kms:v1:eyJ", nil, damaged, nil},
		"kms: other version": {
			"iamkeys-kms:v2:e30:AAAA", nil, "The encrypted secret begins as AWS KMS, but can't be read",
			[]string{"Its version is not v1"},
		},

		"no access key": {
			to.seal(t, secret.New("password: "+key.Secret.Reveal())), to.arguments, "What was encrypted is not an access key",
			[]string{"secret, json, dotenv, credentials_file and csv", "Nothing of it is shown here."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := w.CLI(t)
			c.Write("main.tf", w.ProviderConfig()+openHCL("test", acctest.HCLString(test.sealed), test.arguments))
			result := c.Plan()
			c.Want(1)
			wantOneError(t, c, openAddress, test.summary, test.detail...)
			hidesAll(t, result, key.Secret, secret.New(to.identity), secret.New(other.identity), secret.New(openPassphrase))
		})
	}
	t.Cleanup(func() {
		if got := w.CallList(); len(got) > 0 {
			t.Errorf("calls %q, want none", got)
		}
	})
}

// TestAccSecretAccessKey_validate checks that a known text is validated before a plan.
func TestAccSecretAccessKey_validate(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	to := ageHolder(t)
	c := w.CLI(t)
	for _, test := range []struct {
		sealed   string
		exitCode int
		message  string
	}{
		{acctest.HCLString("Zm9v"), 1, "encrypted_secret is not an encrypted secret"},
		{acctest.HCLString(to.seal(t, key.Secret)), 0, ""},
		{"var.later", 0, ""},
		{"null", 0, ""},
	} {
		c.Write("main.tf", w.ProviderConfig()+"variable \"later\" {}\n"+openHCL("test", test.sealed, nil))
		if got := c.Run("validate"); got.ExitCode != test.exitCode || !strings.Contains(got.Stderr, test.message) {
			t.Errorf("exit code %d, want %d and the error %q:\n%s", got.ExitCode, test.exitCode, test.message, got.Stderr)
		}
	}
}

// TestAccSecretAccessKey_kms has the errors of AWS KMS.
func TestAccSecretAccessKey_kms(t *testing.T) {
	t.Parallel()
	w, key := newOpenWorld(t)
	to := kmsHolder(t, w)
	sealed := to.seal(t, key.Secret)
	c := w.CLI(t)
	open := func(sealed string) acctest.Result {
		c.Write("main.tf", w.ProviderConfig()+openHCL("test", acctest.HCLString(sealed), nil))
		w.ResetCalls()
		result := c.Plan()
		c.Want(1)
		return result
	}

	hidesAll(t, open(broken(sealed)), key.Secret)
	wantOneError(t, c, openAddress, "The encrypted secret is damaged or cut off",
		"InvalidCiphertextException", "The secret is encrypted to "+to.name+".")
	w.Sim.Deny("admin", "kms:Decrypt")
	hidesAll(t, open(sealed), key.Secret)
	wantOneError(t, c, openAddress, "AWS KMS did not decrypt the secret", "AccessDeniedException", "Allow kms:Decrypt on key "+to.name)
	w.Sim.ClearDenials()
	w.ResetCalls()
	c.Plan()
	c.Want(0)
	if got := w.CallList(); !slices.Equal(got, []string{"Decrypt"}) {
		t.Errorf("calls of a plan: %q, want one Decrypt", got)
	}
}
