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

// NewOpener makes an Opener of private keys, each of which is AGE-SECRET-KEY-1..., AGE-SECRET-KEY-PQ-1..., the content of an
// age identity file (any number of these, with comments), or an SSH private key (Ed25519 or RSA; OpenSSH or PEM). The
// passphrase is that of every protected SSH key, and may be absent. Bad keys are reported by Open.
func NewOpener(identities []string, passphrase secret.Secret) *Opener {
	o := &Opener{passphrase: passphrase}
	for _, text := range identities {
		o.identities = append(o.identities, secret.New(text))
	}
	return o
}

// Open implements sealing.Opener for armored age files. All of the file is verified before anything is returned. Every
// private key must be usable, even if another one opens the secret.
func (o *Opener) Open(_ context.Context, sealed string) (secret.Secret, error) {
	if problem := notAge(sealed); problem != "" {
		return secret.Secret{}, &sealing.OpenError{Failure: sealing.NotSealed, Detail: problem}
	}
	ring := &keyring{opener: o}
	failed := func(failure sealing.OpenFailure, detail string) (secret.Secret, error) {
		return secret.Secret{}, &sealing.OpenError{Failure: failure, Recipients: ring.recipients, Detail: detail}
	}
	// age's own errors quote what they stumble over, at any length. What they tell is in the details instead.
	decrypted, err := age.Decrypt(armor.NewReader(strings.NewReader(sealed)), ring)
	if err != nil {
		if known, ok := errors.AsType[*sealing.OpenError](err); ok {
			return failed(known.Failure, known.Detail)
		}
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return failed(sealing.NoMatch, "the private keys that are given belong to "+strings.Join(ring.own, ", "))
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

// notAge says why a text is no armored age file; it is empty if it may be one.
func notAge(sealed string) string {
	text := strings.TrimSpace(sealed)
	switch {
	case len(sealed) > sealing.MaxSealed:
		return fmt.Sprintf("it has %d bytes, and at most %d are read", len(sealed), sealing.MaxSealed)
	case text == "":
		return "it is empty"
	case strings.HasPrefix(text, "-----BEGIN PGP MESSAGE-----"):
		return "it is an OpenPGP message, which an openpgp_private_key opens"
	case strings.HasPrefix(text, "age-encryption.org/"):
		return "it is an age file in binary; armored ones (age --armor) are read"
	case !strings.HasPrefix(text, armor.Header):
		return "it does not begin with " + armor.Header
	}
	return ""
}

// keyring is all identities of an Opener as one, which sees the header before age compares anything with it.
type keyring struct {
	opener *Opener
	// recipients are the fingerprints of the file's recipients, as far as known, and own those of the private keys.
	recipients, own []string
}

// Unwrap implements age.Identity. The identities are read only here, so that an error about them can name the recipients.
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

// checkPassphrase refuses files that are encrypted with a passphrase. c2sp.org/age has a scrypt stanza stand alone, and
// its readers refuse one that does not.
func checkPassphrase(stanzas []*age.Stanza) error {
	if !slices.ContainsFunc(stanzas, func(s *age.Stanza) bool { return s.Type == "scrypt" }) {
		return nil
	}
	if len(stanzas) > 1 {
		return &sealing.OpenError{Failure: sealing.Damaged, Detail: "its header has a passphrase beside recipients, which age forbids"}
	}
	return &sealing.OpenError{Failure: sealing.NoMatch, Detail: "it is encrypted with a passphrase, not to a public key"}
}
