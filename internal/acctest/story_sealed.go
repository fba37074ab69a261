package acctest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// SealedBy returns the arguments of ByAge with an encrypted_output of these arguments.
func SealedBy(output Args, more Args) Args {
	return ByAge(Args{"encrypted_output": HCLObject(output)}).With(more)
}

// AgeRecipients returns the arguments of an encrypted_output with these recipients.
func AgeRecipients(recipients ...string) Args { return Args{"age_recipients": HCLList(recipients...)} }

// PGPRecipients returns the arguments of an encrypted_output with these public keys.
func PGPRecipients(publicKeys ...string) Args {
	return Args{"openpgp_public_keys": HCLList(publicKeys...)}
}

// AgeIdentities returns the arguments of an ephemeral resource that opens a secret with these identities.
func AgeIdentities(identities ...string) Args { return Args{"age_identities": HCLList(identities...)} }

// HCLObject returns an HCL object of expressions.
func HCLObject(args Args) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		lines = append(lines, name+" = "+args[name])
	}
	return "{\n" + strings.Join(lines, "\n") + "\n}"
}

// HCLList returns an HCL list of strings.
func HCLList(texts ...string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = HCLString(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// HCLString returns an HCL string. The text may have several lines.
func HCLString(text string) string {
	return `"` + strings.NewReplacer("\\", `\\`, `"`, `\"`, "\n", `\n`, "${", "$${").Replace(text) + `"`
}

// SealedConsumerHCL returns a consumer of the key at KeyAddress that gets the secret through a write-only argument. The identity
// that opens the secret is given as arguments of the ephemeral resource.
func SealedConsumerHCL(identity Args) string {
	opening := Args{"encrypted_secret": "iamkeys_rotating_access_key.test.encrypted_secret"}.With(identity)
	return fmt.Sprintf(`
ephemeral "iamkeys_secret_access_key" "test" %s

resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_wo         = ephemeral.iamkeys_secret_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`, HCLObject(opening))
}

// AgeKey generates an age identity, and returns it with its recipient.
func AgeKey(t *testing.T) (identity, recipient string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key.String(), key.Recipient().String()
}

// EncryptedFromNowOn is the warning that a plan encrypts secrets which older states have in plain text. The keys are such as "k2
// and k1".
func EncryptedFromNowOn(keys string) Option {
	return Warns("Older state versions and this saved plan hold a secret in plain text", "secret of key "+keys+" is encrypted from now on")
}
