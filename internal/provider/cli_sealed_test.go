package provider_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// sealedBy are byAge's arguments with an encrypted_output of these arguments.
func sealedBy(output keyArgs, more keyArgs) keyArgs {
	return byAge(keyArgs{"encrypted_output": object(output)}).with(more)
}

// object is an HCL object of expressions.
func object(args keyArgs) string {
	var lines []string
	for name, expression := range args {
		lines = append(lines, name+" = "+expression)
	}
	return "{\n" + strings.Join(lines, "\n") + "\n}"
}

// list is an HCL list of strings.
func list(texts ...string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// quote is an HCL string, of several lines where the text has them.
func quote(text string) string {
	return `"` + strings.NewReplacer("\\", `\\`, `"`, `\"`, "\n", `\n`, "${", "$${").Replace(text) + `"`
}

// sealedConsumerHCL is a dependant of keyAddress that gets the secret through a write-only argument. The identity is that
// which opens it, as arguments of the ephemeral resource.
func sealedConsumerHCL(identity keyArgs) string {
	opening := keyArgs{"encrypted_secret": "iamkeys_rotating_access_key.test.encrypted_secret"}.with(identity)
	return fmt.Sprintf(`
ephemeral "iamkeys_secret_access_key" "test" %s

resource "iamkeystest_consumer" "test" {
  access_key_id     = iamkeys_rotating_access_key.test.access_key_id
  secret_wo         = ephemeral.iamkeys_secret_access_key.test.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.test.version
}
`, object(opening))
}

// ageKey makes an age identity, and returns it with its recipient.
func ageKey(t *testing.T) (identity, recipient string) {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key.String(), key.Recipient().String()
}

// pgpKey is an OpenPGP key of the year 2025.
type pgpKey struct {
	t      *testing.T
	entity *openpgp.Entity
	config *packet.Config
}

func newPGPKey(t *testing.T) *pgpKey {
	t.Helper()
	made := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	config := &packet.Config{Time: func() time.Time { return made }, Algorithm: packet.PubKeyAlgoEdDSA}
	entity, err := openpgp.NewEntity("Ops", "", "ops@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	return &pgpKey{t: t, entity: entity, config: config}
}

// expire lets primary key and subkeys expire at an instant; the zero time lets them live for ever.
func (k *pgpKey) expire(at time.Time) {
	k.t.Helper()
	var seconds *uint32
	if !at.IsZero() {
		n := uint32(at.Sub(k.entity.PrimaryKey.CreationTime) / time.Second) //nolint:gosec // tests let keys live for years, not for centuries
		seconds = &n
	}
	for _, identity := range k.entity.Identities {
		identity.SelfSignature.KeyLifetimeSecs = seconds
		if err := identity.SelfSignature.SignUserId(identity.UserId.Id, k.entity.PrimaryKey, k.entity.PrivateKey, k.config); err != nil {
			k.t.Fatal(err)
		}
	}
	for _, subkey := range k.entity.Subkeys {
		subkey.Sig.KeyLifetimeSecs = seconds
		if err := subkey.Sig.SignKey(subkey.PublicKey, k.entity.PrivateKey, k.config); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *pgpKey) public() string {
	k.t.Helper()
	return k.armored(openpgp.PublicKeyType, func(w *bytes.Buffer) error { return k.entity.Serialize(w) })
}

func (k *pgpKey) private() string {
	k.t.Helper()
	return k.armored(openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return k.entity.SerializePrivateWithoutSigning(w, nil) })
}

func (k *pgpKey) fingerprint() string { return fmt.Sprintf("%X", k.entity.PrimaryKey.Fingerprint) }

func (k *pgpKey) armored(kind string, serialize func(*bytes.Buffer) error) string {
	k.t.Helper()
	var binary, text bytes.Buffer
	if err := serialize(&binary); err != nil {
		k.t.Fatal(err)
	}
	w, err := armor.Encode(&text, kind, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := w.Write(binary.Bytes()); err != nil {
		k.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		k.t.Fatal(err)
	}
	return text.String()
}
