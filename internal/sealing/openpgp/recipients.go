// Package openpgp encrypts secrets to OpenPGP keys, and opens them, by RFC 4880 and RFC 9580.
//
// A sealed secret is an armored PGP MESSAGE, encrypted and not signed, that gpg --decrypt opens. A message without integrity
// protection is never opened. Signatures on a message are ignored: whoever can replace an encrypted secret in the state can
// replace the whole state.
//
// SealableUntil and Seal report when a key expires. ParseRecipients, which does not know the time, reports every other
// problem of a recipient.
package openpgp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	// Name is what people call this method.
	Name = "OpenPGP"
	// Prefix is how every text that Recipients seals, and that an Opener opens, begins.
	Prefix = armorBegin + "MESSAGE-----"
)

var _ sealing.Sealer = (*Recipients)(nil)

// Recipients is a set of OpenPGP keys to encrypt to. It is safe for concurrent use.
type Recipients struct {
	// mu guards the keys, which cache the result of signature checks.
	mu sync.Mutex
	// keys are sorted by fingerprint, each once.
	keys []*recipient
}

// ParseRecipients reads public keys. Each text is an armored public key block, or a binary key in base64, the output of
// gpg --export | base64. It may contain several keys, and all of them become recipients. An expired key is not an error
// here. The error is a *sealing.RecipientError.
func ParseRecipients(keys []string) (*Recipients, error) {
	if len(keys) == 0 {
		return nil, &sealing.RecipientError{Problem: "is missing", Remedy: "Give at least one OpenPGP public key."}
	}
	byFingerprint := map[string]*recipient{}
	for i, text := range keys {
		parsed, err := parseRecipient(i, text)
		if err != nil {
			return nil, err
		}
		for _, r := range parsed {
			// Of two copies of a key, the one with the later expiry is the newer.
			if old := byFingerprint[r.fingerprint]; old == nil || old.expiresBefore(r) {
				byFingerprint[r.fingerprint] = r
			}
		}
		if i >= sealing.MaxRecipients || len(byFingerprint) > sealing.MaxRecipients {
			return nil, &sealing.RecipientError{
				Index:   i,
				Problem: fmt.Sprintf("is one too many: at most %d are allowed", sealing.MaxRecipients),
				Remedy:  "Give fewer keys.",
			}
		}
	}
	r := &Recipients{}
	for _, key := range byFingerprint {
		r.keys = append(r.keys, key)
	}
	slices.SortFunc(r.keys, func(a, b *recipient) int { return strings.Compare(a.fingerprint, b.fingerprint) })
	return r, nil
}

// Fingerprints returns the fingerprints of the primary keys in upper-case hex, sorted, each once. An extended expiry,
// another user id and another subkey leave them unchanged.
func (r *Recipients) Fingerprints() []string {
	fingerprints := make([]string, len(r.keys))
	for i, key := range r.keys {
		fingerprints[i] = key.fingerprint
	}
	return fingerprints
}

// SealableUntil returns the first instant from which nothing can be encrypted to some recipient any more, because its
// primary key or every subkey that encrypts has expired. The zero time means never.
func (r *Recipients) SealableUntil() time.Time {
	first := r.keys[0]
	for _, key := range r.keys[1:] {
		if key.expiresBefore(first) {
			first = key
		}
	}
	return first.until
}

// Seal returns an armored message with the fingerprints of the recipients in Comment lines. A recipient that has expired at
// now is a *sealing.RecipientError. One that was created after now is accepted: the clock of its owner may run ahead.
func (r *Recipients) Seal(_ context.Context, now time.Time, plaintext secret.Secret) (string, error) {
	if size := len(plaintext.Reveal()); size > sealing.MaxPlaintext {
		return "", fmt.Errorf("the plaintext has %d bytes, and at most %d are allowed", size, sealing.MaxPlaintext)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := now
	for _, key := range r.keys {
		if from := key.usableFrom(now); from.After(at) {
			at = from
		}
	}
	to := make([]*pgp.Entity, len(r.keys))
	checksum := true
	for i, key := range r.keys {
		if key.expired(now) || !key.usable(at) {
			return "", key.unusableError(at)
		}
		to[i] = key.entity
		// By section 6.1 of RFC 9580 there is no checksum if all keys have version 6. Older programs may require one.
		checksum = checksum && key.entity.PrimaryKey.Version < 6
	}

	var sealed strings.Builder
	// The armor package takes one value for a name, so the other Comment lines are part of the value of the first.
	comments := map[string]string{commentName: strings.Join(r.Fingerprints(), "\n"+commentName+": ")}
	w, err := armor.EncodeWithChecksumOption(&sealed, pgp.MessageType, comments, checksum)
	if err != nil {
		return "", fmt.Errorf("encrypt with OpenPGP: %w", err)
	}
	if err := errors.Join(encrypt(w, to, at, plaintext), w.Close()); err != nil {
		return "", fmt.Errorf("encrypt with OpenPGP: %w", err)
	}
	sealed.WriteByte('\n')
	if sealed.Len() > sealing.MaxSealed {
		return "", fmt.Errorf("the encrypted secret has %d bytes, and at most %d are allowed: encrypt to fewer keys",
			sealed.Len(), sealing.MaxSealed)
	}
	return sealed.String(), nil
}

// encrypt writes plaintext, encrypted to the keys that to has at the instant at. The zero time ignores expiry.
func encrypt(w io.Writer, to []*pgp.Entity, at time.Time, plaintext secret.Secret) error {
	config := &packet.Config{Time: func() time.Time { return at }, DefaultCipher: packet.CipherAES256}
	// The buffer keeps w empty if a recipient fails.
	var message bytes.Buffer
	body, err := pgp.EncryptWithParams(&message, to, nil, &pgp.EncryptParams{EncryptionTime: &at, Config: config})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(body, plaintext.Reveal()); err != nil {
		return err
	}
	if err := body.Close(); err != nil {
		return err
	}
	_, err = message.WriteTo(w)
	return err
}
