package age

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var _ sealing.Sealer = (*Recipients)(nil)

// Recipients is a set of one or more age recipients.
type Recipients struct {
	// sorted has no duplicates and is in the order of the fingerprints.
	sorted []recipient
}

type recipient struct {
	fingerprint string
	key         age.Recipient
	postQuantum bool
}

// ParseRecipients reads recipients in the syntax of age: age1..., age1pq1..., or the one line of an ssh-ed25519 or ssh-rsa
// public key with or without a comment. White space around a recipient is ignored. ParseRecipients encrypts to each
// recipient once, to find keys that nothing can be encrypted to. The error is a *sealing.RecipientError.
func ParseRecipients(recipients []string) (*Recipients, error) {
	if len(recipients) == 0 {
		return nil, &sealing.RecipientError{Problem: "is missing", Remedy: whatToGive}
	}
	if len(recipients) > sealing.MaxRecipients {
		return nil, &sealing.RecipientError{
			Index:   sealing.MaxRecipients,
			Problem: fmt.Sprintf("is one too many: at most %d are allowed", sealing.MaxRecipients), Remedy: "Give fewer recipients.",
		}
	}
	set := make(map[string]recipient, len(recipients))
	var first recipient
	for i, text := range recipients {
		r, bad := parseRecipient(text)
		if i == 0 {
			first = r
		}
		if bad == nil && r.postQuantum != first.postQuantum {
			bad = &sealing.RecipientError{
				Name: r.fingerprint,
				Problem: "can't be mixed with those before it: with post-quantum recipients (age1pq1...) and others in one list, " +
					"a quantum computer could open the secret through the others",
				Remedy: "Give only age1pq1... recipients, or none of them.",
			}
		}
		if bad != nil {
			bad.Index = i
			return nil, bad
		}
		set[r.fingerprint] = r
	}
	return &Recipients{sorted: slices.SortedFunc(maps.Values(set), func(a, b recipient) int {
		return strings.Compare(a.fingerprint, b.fingerprint)
	})}, nil
}

// Fingerprints returns what identifies each recipient, sorted and without duplicates: an X25519 recipient itself,
// "age1pq1:SHA256:" and the unpadded base64 of the hash for a hybrid recipient, and for an SSH key what ssh-keygen -l prints.
// The order of the recipients, repetition and comments have no effect.
func (r *Recipients) Fingerprints() []string {
	fingerprints := make([]string, len(r.sorted))
	for i, one := range r.sorted {
		fingerprints[i] = one.fingerprint
	}
	return fingerprints
}

// Seal returns an armored age file that ends with a newline. age recipients have no dates, so the time has no effect. Seal
// refuses what an Opener would refuse: a plaintext or a result over the limits of package sealing.
func (r *Recipients) Seal(_ context.Context, _ time.Time, plaintext secret.Secret) (string, error) {
	text := plaintext.Reveal()
	if len(text) > sealing.MaxPlaintext {
		return "", fmt.Errorf("the plaintext has %d bytes, and at most %d can be sealed", len(text), sealing.MaxPlaintext)
	}
	keys := make([]age.Recipient, len(r.sorted))
	for i, one := range r.sorted {
		keys[i] = one.key
	}
	keys[0] = named{Recipient: keys[0], fingerprints: r.Fingerprints()}

	var sealed strings.Builder
	armored := armor.NewWriter(&sealed)
	encrypted, err := age.Encrypt(armored, keys...)
	if err != nil {
		return "", fmt.Errorf("encrypt to age recipients: %w", err)
	}
	_, err = io.WriteString(encrypted, text)
	if err := errors.Join(err, encrypted.Close(), armored.Close()); err != nil {
		return "", fmt.Errorf("encrypt to age recipients: %w", err)
	}
	if sealed.Len() > sealing.MaxSealed {
		return "", fmt.Errorf("sealed to these %d recipients, the secret has %d bytes, and at most %d can be opened",
			len(r.sorted), sealed.Len(), sealing.MaxSealed)
	}
	return sealed.String(), nil
}
