package openpgp

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// recipient is one public key, with its subkeys.
type recipient struct {
	// index is the position of the text that contains it.
	index       int
	fingerprint string
	entity      *pgp.Entity
	// changes are all instants at which the key may start or stop being usable, in order.
	changes []time.Time
	// until is the instant from which it is no longer usable; zero means never.
	until time.Time
}

// parseRecipient returns the keys in text. The error says why nothing can be encrypted to one of them, at any time.
func parseRecipient(index int, text string) ([]*recipient, error) {
	const private = "is a private key"
	fail := func(name, problem, remedy string) error {
		return &sealing.RecipientError{
			Index: index, Name: name, Problem: problem, Remedy: remedy, Private: problem == private,
		}
	}
	const export = "Give what gpg --armor --export prints, or base64 of what gpg --export prints."
	const replace = "Remove it from the configuration and from its history, and give the public key. " + export
	switch {
	case strings.TrimSpace(text) == "":
		return nil, fail("", "is empty", export)
	case len(text) > sealing.MaxRecipient:
		return nil, fail("", fmt.Sprintf("has %d bytes, and at most %d are allowed", len(text), sealing.MaxRecipient),
			"Export it without the signatures of others: gpg --export-options export-minimal.")
	case strings.HasPrefix(text, "keybase:"):
		return nil, fail("", "is the name of a Keybase user, and names are not looked up", "Give the public key of that user.")
	case strings.Contains(text, "PRIVATE KEY"):
		return nil, fail("", private, replace)
	}
	keys, err := readKeys(text)
	if err != nil {
		return nil, fail("", err.Error(), export)
	}
	if slices.ContainsFunc(keys, isPrivate) {
		return nil, fail("", private, replace)
	}
	recipients := make([]*recipient, len(keys))
	for i, key := range keys {
		r := &recipient{index: index, fingerprint: fingerprint(key), entity: key}
		if problem := r.problem(); problem != "" {
			return nil, fail(r.fingerprint, problem, "Give a key that can be encrypted to. "+export)
		}
		r.changes = changes(key)
		r.until = r.end()
		recipients[i] = r
	}
	return recipients, nil
}

// problem returns why nothing can ever be encrypted to the key; it is empty for a good key.
func (r *recipient) problem() string {
	for _, revocation := range r.entity.Revocations {
		// A revocation counts whatever its reason and date: its owner does not want the key to be used.
		if r.entity.Revoked(revocation.Packet.CreationTime) {
			return "is revoked"
		}
	}
	var anyTime time.Time
	if _, err := r.entity.VerifyPrimaryKey(anyTime, nil); err != nil {
		return "has no valid user id: all are revoked, or not signed by the key itself"
	}
	_, err := r.entity.EncryptionKeyWithError(anyTime, nil)
	cause := selectionCause(err)
	var weak pgperrors.WeakAlgorithmError
	switch {
	case err == nil:
	case errors.As(cause, &weak):
		return "is too weak: RSA below 2048 bits, DSA, ElGamal and secp256k1 are not accepted"
	case errors.Is(cause, pgperrors.ErrKeyRevoked):
		return "has no subkey that can encrypt: it is revoked"
	default:
		return "has no subkey that can encrypt"
	}
	// The library checks the numbers of a key only when it uses them.
	if err := encrypt(io.Discard, []*pgp.Entity{r.entity}, anyTime, secret.New("")); err != nil {
		return "can't be encrypted to: its numbers are not those of a valid key"
	}
	return ""
}

// selectionCause returns why no encryption key was found. The error of the library has no Unwrap, and is sometimes a pointer.
func selectionCause(err error) error {
	var failure pgperrors.ErrEncryptionKeySelection
	var pointer *pgperrors.ErrEncryptionKeySelection
	if errors.As(err, &pointer) {
		failure = *pointer
	} else if !errors.As(err, &failure) {
		return err
	}
	if failure.PrimaryKeyErr != nil {
		return failure.PrimaryKeyErr
	}
	return failure.EncSelectionErr
}

// usable reports whether the key can be encrypted to at an instant.
func (r *recipient) usable(at time.Time) bool {
	_, ok := r.entity.EncryptionKey(at, nil)
	return ok
}

// usableFrom returns the first instant at or after now at which the key is usable, or now if there is none.
func (r *recipient) usableFrom(now time.Time) time.Time {
	if r.usable(now) {
		return now
	}
	for _, at := range r.changes {
		if at.After(now) && r.usable(at) {
			return at
		}
	}
	return now
}

// end returns the instant from which the key is no longer usable; zero means never. The library decides which
// self-signature and which subkey count at a time, so end asks it on both sides of each instant at which that may change.
func (r *recipient) end() time.Time {
	last := r.changes[len(r.changes)-1]
	if r.usable(last.Add(time.Hour)) {
		return time.Time{}
	}
	for _, at := range slices.Backward(r.changes) {
		if r.usable(at.Add(-time.Second)) {
			return at
		}
	}
	// Only contradictory dates lead here. Such a key counts as expired from its creation on.
	return r.entity.PrimaryKey.CreationTime
}

func (r *recipient) expired(now time.Time) bool { return !r.until.IsZero() && !now.Before(r.until) }

// expiresBefore reports whether r ends before other does.
func (r *recipient) expiresBefore(other *recipient) bool {
	return !r.until.IsZero() && (other.until.IsZero() || r.until.Before(other.until))
}

// unusableError returns why nothing can be encrypted to the key at an instant.
func (r *recipient) unusableError(at time.Time) error {
	problem := "can't be encrypted to on " + at.UTC().Format(time.DateOnly)
	if r.expired(at) {
		problem = "expired on " + r.until.UTC().Format(time.DateOnly)
	}
	return &sealing.RecipientError{
		Index:   r.index,
		Name:    r.fingerprint,
		Problem: problem,
		Remedy: fmt.Sprintf("Extend it with gpg --quick-set-expire %[1]s 1y and, for its subkeys, "+
			"gpg --quick-set-expire %[1]s 1y '*', and give the public key again; or give another key.", r.fingerprint),
	}
}

// changes returns every instant at which a key or subkey of entity, or a signature of its owner on it, begins or ends.
func changes(entity *pgp.Entity) []time.Time {
	var at []time.Time
	add := func(key *packet.PublicKey, signatures []*packet.VerifiableSignature) {
		at = append(at, key.CreationTime)
		for _, s := range signatures {
			at = append(at, s.Packet.CreationTime)
			at = appendEnd(at, key.CreationTime, s.Packet.KeyLifetimeSecs)
			at = appendEnd(at, s.Packet.CreationTime, s.Packet.SigLifetimeSecs)
		}
	}
	add(entity.PrimaryKey, entity.DirectSignatures)
	for _, identity := range entity.Identities {
		add(entity.PrimaryKey, slices.Concat(identity.SelfCertifications, identity.Revocations))
	}
	for _, subkey := range entity.Subkeys {
		add(subkey.PublicKey, slices.Concat(subkey.Bindings, subkey.Revocations))
	}
	slices.SortFunc(at, time.Time.Compare)
	return slices.CompactFunc(at, time.Time.Equal)
}

// appendEnd adds the end of a lifetime in seconds. Nil or zero means for ever.
func appendEnd(at []time.Time, start time.Time, seconds *uint32) []time.Time {
	if seconds == nil || *seconds == 0 {
		return at
	}
	return append(at, start.Add(time.Duration(*seconds)*time.Second))
}
