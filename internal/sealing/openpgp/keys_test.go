package openpgp_test

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	day  = 24 * time.Hour
	year = 365 * day

	// Problems of several keys.
	noKey       = "is not an OpenPGP key, neither armored nor in base64"
	otherData   = "contains something other than OpenPGP keys with a user id"
	cutOff      = "is cut off or damaged"
	cantEncrypt = "has no subkey that can encrypt"
	tooWeak     = "is too weak: RSA below 2048 bits, DSA, ElGamal and secp256k1 are not accepted"
)

var (
	// created is the creation time of keys, and now is when they are used.
	created = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	now     = time.Date(2026, time.June, 1, 12, 0, 0, 0, time.UTC)
	// plaintext is the secret access key of the examples of AWS.
	plaintext = secret.New("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
)

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// configAt is the configuration of keys and signatures that are created at a time and expire after a lifetime; zero means
// never.
func configAt(at time.Time, lifetime time.Duration) *packet.Config {
	return &packet.Config{
		Time:            func() time.Time { return at },
		Algorithm:       packet.PubKeyAlgoEdDSA,
		KeyLifetimeSecs: uint32(lifetime / time.Second), //nolint:gosec // all lifetimes are small constants
	}
}

// newKey creates an ed25519 key with a cv25519 subkey, as gpg does.
func newKey(tb testing.TB, config *packet.Config) *pgp.Entity {
	tb.Helper()
	key, err := pgp.NewEntity("Ops", "", "ops@example.com", config)
	noError(tb, err)
	return key
}

// newKeyWith creates a key that never expires, with the subkeys that add adds.
func newKeyWith(tb testing.TB, add func(*pgp.Entity) error) *pgp.Entity {
	tb.Helper()
	key := newKey(tb, configAt(created, 0))
	key.Subkeys = nil
	noError(tb, add(key))
	return key
}

func newExpiringSubkey(tb testing.TB, at time.Time, lifetime time.Duration) *pgp.Entity {
	tb.Helper()
	return newKeyWith(tb, func(e *pgp.Entity) error { return e.AddEncryptionSubkey(configAt(at, lifetime)) })
}

// addForeignSubkey adds a subkey of a type that the library reads but can't create.
func addForeignSubkey(e *pgp.Entity, subkey *packet.PrivateKey) error {
	subkey.IsSubkey = true
	binding := &packet.Signature{
		Version: 4, SigType: packet.SigTypeSubkeyBinding, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo, Hash: crypto.SHA256,
		CreationTime: created, IssuerKeyId: &e.PrimaryKey.KeyId, FlagsValid: true, FlagEncryptStorage: true,
	}
	if err := binding.SignKey(&subkey.PublicKey, e.PrivateKey, configAt(created, 0)); err != nil {
		return err
	}
	e.Subkeys = append(e.Subkeys, pgp.Subkey{
		Primary: e, PublicKey: &subkey.PublicKey, PrivateKey: subkey,
		Bindings: []*packet.VerifiableSignature{packet.NewVerifiableSig(binding)},
	})
	return nil
}

// revoke revokes a key at now.
func revoke(tb testing.TB, key *pgp.Entity, reason packet.ReasonForRevocation) *pgp.Entity {
	tb.Helper()
	noError(tb, key.Revoke(reason, "", configAt(now, 0)))
	return key
}

// recertify signs the user id again, as gpg does to extend an expiry.
func recertify(tb testing.TB, key *pgp.Entity, at time.Time, lifetime time.Duration) *pgp.Entity {
	tb.Helper()
	seconds := uint32(lifetime / time.Second) //nolint:gosec // all lifetimes are small constants
	for _, identity := range key.Identities {
		newest := *identity.SelfCertifications[0].Packet
		newest.CreationTime = at
		newest.KeyLifetimeSecs = &seconds
		noError(tb, newest.SignUserId(identity.UserId.Id, key.PrimaryKey, key.PrivateKey, configAt(at, lifetime)))
		identity.SelfCertifications = append(identity.SelfCertifications, packet.NewVerifiableSig(&newest))
	}
	return key
}

func armored(tb testing.TB, kind string, write func(io.Writer) error) string {
	tb.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	noError(tb, err)
	noError(tb, write(w))
	noError(tb, w.Close())
	return out.String() + "\n"
}

func public(tb testing.TB, keys ...*pgp.Entity) string {
	tb.Helper()
	return armored(tb, pgp.PublicKeyType, func(w io.Writer) error {
		for _, key := range keys {
			if err := key.Serialize(w); err != nil {
				return err
			}
		}
		return nil
	})
}

func private(tb testing.TB, keys ...*pgp.Entity) string {
	tb.Helper()
	return armored(tb, pgp.PrivateKeyType, func(w io.Writer) error {
		for _, key := range keys {
			if err := key.SerializePrivateWithoutSigning(w, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// binary returns the content of an armor.
func binary(tb testing.TB, text string) []byte {
	tb.Helper()
	block, err := armor.Decode(strings.NewReader(text))
	noError(tb, err)
	body, err := io.ReadAll(block.Body)
	noError(tb, err)
	return body
}

func inBase64(tb testing.TB, text string) string {
	tb.Helper()
	return base64.StdEncoding.EncodeToString(binary(tb, text))
}

func message(tb testing.TB, packets []byte) string {
	tb.Helper()
	return armored(tb, pgp.MessageType, func(w io.Writer) error {
		_, err := w.Write(packets)
		return err
	})
}

func parse(tb testing.TB, keys ...string) *openpgp.Recipients {
	tb.Helper()
	r, err := openpgp.ParseRecipients(keys)
	noError(tb, err)
	return r
}

func seal(tb testing.TB, keys ...*pgp.Entity) string {
	tb.Helper()
	sealed, err := parse(tb, public(tb, keys...)).Seal(tb.Context(), now, plaintext)
	noError(tb, err)
	return sealed
}

// sameSecret compares two secrets and shows neither.
func sameSecret(tb testing.TB, got, want secret.Secret) {
	tb.Helper()
	if got.IsZero() || got.Reveal() != want.Reveal() {
		tb.Error("the secret differs")
	}
}

// openFailure returns the *sealing.OpenError in err, and checks that it shows nothing private and comes without a secret.
func openFailure(tb testing.TB, opened secret.Secret, err error, private ...string) *sealing.OpenError {
	tb.Helper()
	failure, ok := errors.AsType[*sealing.OpenError](err)
	if !ok {
		tb.Fatalf("the error is %T, want *sealing.OpenError", err)
	}
	if !opened.IsZero() {
		tb.Error("a secret comes with the error")
	}
	for _, text := range append(private, plaintext.Reveal()) {
		if text != "" && strings.Contains(err.Error(), text) {
			tb.Error("the error shows something private")
		}
	}
	return failure
}
