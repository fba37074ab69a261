package acctest

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// PGPKey is an OpenPGP key that was created on the first day of 2025.
type PGPKey struct {
	// Entity is the key. A test may change it before it takes texts of the key.
	Entity *openpgp.Entity
	// Config has the time at which the key signs itself.
	Config *packet.Config

	t *testing.T
}

// NewPGPKey generates a key that does not expire.
func NewPGPKey(t *testing.T) *PGPKey {
	t.Helper()
	created := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	config := &packet.Config{Time: func() time.Time { return created }, Algorithm: packet.PubKeyAlgoEdDSA}
	entity, err := openpgp.NewEntity("Ops", "", "ops@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	return &PGPKey{t: t, Entity: entity, Config: config}
}

// Expire sets the time at which the primary key and the subkeys expire. The zero time means never.
func (k *PGPKey) Expire(at time.Time) {
	k.t.Helper()
	var seconds *uint32
	if !at.IsZero() {
		//nolint:gosec // keys of tests expire within years, not centuries
		n := uint32(at.Sub(k.Entity.PrimaryKey.CreationTime) / time.Second)
		seconds = &n
	}
	for _, identity := range k.Entity.Identities {
		identity.SelfSignature.KeyLifetimeSecs = seconds
		if err := identity.SelfSignature.SignUserId(identity.UserId.Id, k.Entity.PrimaryKey, k.Entity.PrivateKey, k.Config); err != nil {
			k.t.Fatal(err)
		}
	}
	for _, subkey := range k.Entity.Subkeys {
		subkey.Sig.KeyLifetimeSecs = seconds
		if err := subkey.Sig.SignKey(subkey.PublicKey, k.Entity.PrivateKey, k.Config); err != nil {
			k.t.Fatal(err)
		}
	}
}

// Public returns the armored public key.
func (k *PGPKey) Public() string {
	k.t.Helper()
	return k.armored(openpgp.PublicKeyType, func(w *bytes.Buffer) error { return k.Entity.Serialize(w) })
}

// Private returns the armored private key.
func (k *PGPKey) Private() string {
	k.t.Helper()
	return k.armored(openpgp.PrivateKeyType, func(w *bytes.Buffer) error { return k.Entity.SerializePrivateWithoutSigning(w, nil) })
}

// Fingerprint returns the fingerprint of the primary key in hexadecimal.
func (k *PGPKey) Fingerprint() string { return fmt.Sprintf("%X", k.Entity.PrimaryKey.Fingerprint) }

func (k *PGPKey) armored(kind string, serialize func(*bytes.Buffer) error) string {
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
