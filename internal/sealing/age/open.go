package age

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var _ sealing.Opener = (*Opener)(nil)

// Opener opens with private keys.
type Opener struct {
	identities []secret.Secret
	passphrase secret.Secret
}

// NewOpener returns an Opener with private keys, each of which is AGE-SECRET-KEY-1..., AGE-SECRET-KEY-PQ-1..., the content
// of an age identity file (any number of these, with comments), or an SSH private key (Ed25519 or RSA; OpenSSH or PEM). The
// passphrase is that of every protected SSH key, and may be absent. Open reports keys that can't be used.
func NewOpener(identities []string, passphrase secret.Secret) *Opener {
	o := &Opener{passphrase: passphrase}
	for _, text := range identities {
		o.identities = append(o.identities, secret.New(text))
	}
	return o
}

// Open decrypts an armored age file. It verifies the whole file before it returns anything. Every private key must be
// usable, even if another one opens the secret.
func (o *Opener) Open(_ context.Context, sealed string) (secret.Secret, error) {
	if bad := notAge(sealed); bad != nil {
		return secret.Secret{}, bad
	}
	ring := &keyring{opener: o}
	failed := func(failure sealing.OpenFailure, detail string) (secret.Secret, error) {
		return secret.Secret{}, &sealing.OpenError{Failure: failure, Recipients: ring.recipients, Detail: detail}
	}
	// The errors of age quote what they can't parse, at any length. The details say the same without a quotation.
	decrypted, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), ring)
	if err != nil {
		if known, ok := errors.AsType[*sealing.OpenError](err); ok {
			known.Recipients = ring.recipients
			return secret.Secret{}, known
		}
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return failed(sealing.NoMatch, "the given private keys belong to "+strings.Join(ring.own, ", "))
		}
		return failed(sealing.Damaged, "its header can't be verified")
	}
	plaintext, err := io.ReadAll(io.LimitReader(decrypted, sealing.MaxPlaintext+1))
	if err != nil {
		return failed(sealing.Damaged, "its content can't be verified")
	}
	if len(plaintext) > sealing.MaxPlaintext {
		return failed(sealing.NotSealed, fmt.Sprintf("its content has more than %d bytes", sealing.MaxPlaintext))
	}
	return secret.New(string(plaintext)), nil
}

// notAge returns why a text is not an armored age file; it is nil if it may be one.
func notAge(sealed string) *sealing.OpenError {
	text := strings.TrimSpace(sealed)
	bad := &sealing.OpenError{Failure: sealing.NotSealed}
	switch {
	case len(sealed) > sealing.MaxSealed:
		bad.Detail = fmt.Sprintf("it has %d bytes, and at most %d are read", len(sealed), sealing.MaxSealed)
	case text == "":
		bad.Detail = "it is empty"
	case strings.HasPrefix(text, "-----BEGIN PGP MESSAGE-----"):
		bad.Detail, bad.Method = "it is an OpenPGP message", sealing.OpenPGP
	case strings.HasPrefix(text, "age-encryption.org/"):
		bad.Detail = "it is a binary age file, and only armored ones (age --armor) are read"
	case !strings.HasPrefix(text, Prefix):
		bad.Detail = "it does not begin with " + Prefix
	default:
		return nil
	}
	return bad
}

// keyring is all identities of an Opener as one age.Identity, so that it sees the header before age matches any of them.
type keyring struct {
	opener *Opener
	// recipients are the fingerprints of the recipients of the file, as far as known, and own are those of the private keys.
	recipients, own []string
}

// Unwrap returns the file key. It parses the identities only now, so that an error about them can name the recipients.
func (k *keyring) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	k.recipients = names(stanzas)
	if err := checkPassphrase(stanzas); err != nil {
		return nil, err
	}
	identities, err := parseIdentities(k.opener.identities, k.opener.passphrase)
	if err != nil {
		return nil, err
	}
	for _, one := range identities {
		fileKey, err := one.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return fileKey, err
		}
		k.own = append(k.own, one.fingerprint)
	}
	for _, fingerprint := range k.own {
		if slices.Contains(k.recipients, fingerprint) {
			return nil, &sealing.OpenError{Failure: sealing.Damaged, Detail: "the part for " + fingerprint + " does not open"}
		}
	}
	return nil, age.ErrIncorrectIdentity
}

// checkPassphrase refuses files that are encrypted with a passphrase. By c2sp.org/age a scrypt stanza is the only one of
// its file, and readers refuse a file where it is not.
func checkPassphrase(stanzas []*age.Stanza) error {
	if !slices.ContainsFunc(stanzas, func(s *age.Stanza) bool { return s.Type == "scrypt" }) {
		return nil
	}
	if len(stanzas) > 1 {
		return &sealing.OpenError{Failure: sealing.Damaged, Detail: "its header has both a passphrase and recipients, which age forbids"}
	}
	return &sealing.OpenError{Failure: sealing.NoMatch, Detail: "it is encrypted with a passphrase, not to a public key"}
}
