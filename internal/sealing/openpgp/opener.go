package openpgp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	messageBegin = armorBegin + "MESSAGE-----"
	messageEnd   = armorEnd + "MESSAGE-----"
	commentName  = "Comment"
	// maxUnpacked bounds what a compressed message may grow to, in bytes: the plaintext and the headers around it.
	maxUnpacked = sealing.MaxPlaintext + 16<<10
)

var (
	errNoPassphrase    = errors.New("it is protected by a passphrase, and none was given")
	errWrongPassphrase = errors.New("the passphrase is wrong")
)

var _ sealing.Opener = (*Opener)(nil)

// Opener decrypts with OpenPGP private keys.
type Opener struct {
	privateKey, passphrase secret.Secret
}

// NewOpener takes one or several private keys, armored or in base64, and the passphrase that protects them; an absent one
// where nothing does. They are read when something is opened.
func NewOpener(privateKey string, passphrase secret.Secret) *Opener {
	return &Opener{privateKey: secret.New(privateKey), passphrase: passphrase}
}

// Open implements sealing.Opener. Neither the expiry nor the revocation of a key keeps it from opening what was encrypted to it.
func (o *Opener) Open(_ context.Context, sealed string) (secret.Secret, error) {
	m, err := readMessage(sealed)
	if err != nil {
		return secret.Secret{}, err
	}
	keys, err := o.readIdentity(m)
	if err != nil {
		return secret.Secret{}, err
	}
	named, err := m.isFor(keys)
	if err != nil {
		return secret.Secret{}, err
	}

	limit := int64(maxUnpacked)
	config := &packet.Config{MaxDecompressedMessageSize: &limit}
	details, err := pgp.ReadMessage(bytes.NewReader(m.packets), keys, o.unlock, config)
	switch {
	case errors.Is(err, errNoPassphrase), errors.Is(err, errWrongPassphrase):
		return secret.Secret{}, m.fail(sealing.BadIdentity, err.Error())
	case errors.Is(err, pgperrors.ErrKeyIncorrect) && !named:
		return secret.Secret{}, m.fail(sealing.NoMatch, "")
	case err != nil:
		return secret.Secret{}, m.fail(sealing.Damaged, "")
	}
	// Only when all is read has its integrity been checked: what came before an error is worth nothing.
	plaintext, err := io.ReadAll(io.LimitReader(details.UnverifiedBody, sealing.MaxPlaintext+1))
	switch {
	case len(plaintext) > sealing.MaxPlaintext, errors.Is(err, pgperrors.ErrMessageTooLarge):
		return secret.Secret{}, m.fail(sealing.Damaged, fmt.Sprintf("it holds more than %d bytes", sealing.MaxPlaintext))
	case err != nil:
		return secret.Secret{}, m.fail(sealing.Damaged, "")
	}
	return secret.New(string(plaintext)), nil
}

// readIdentity reads the private keys.
func (o *Opener) readIdentity(m *message) (pgp.EntityList, error) {
	text := o.privateKey.Reveal()
	if len(text) > sealing.MaxIdentity {
		return nil, m.fail(sealing.BadIdentity, fmt.Sprintf("it has more than %d bytes", sealing.MaxIdentity))
	}
	keys, err := readKeys(text)
	if err != nil {
		return nil, m.fail(sealing.BadIdentity, "it "+err.Error())
	}
	if !slices.ContainsFunc(keys, isPrivate) {
		return nil, m.fail(sealing.BadIdentity, "it is a public key")
	}
	return keys, nil
}

// unlock is a pgp.PromptFunction: it decrypts those of the keys that the passphrase fits.
func (o *Opener) unlock(locked []pgp.Key, _ bool) ([]byte, error) {
	passphrase := []byte(o.passphrase.Reveal())
	if len(passphrase) == 0 {
		return nil, errNoPassphrase
	}
	// The library asks again until something fits, so an error is what ends it.
	err := errWrongPassphrase
	for _, key := range locked {
		if key.PrivateKey.Decrypt(passphrase) == nil {
			err = nil
		}
	}
	return nil, err
}

// message is an encrypted message, and what it says without a key.
type message struct {
	packets []byte
	// keyIDs tell the keys that it is encrypted to. A zero is a key that is not named.
	keyIDs []uint64
	// fingerprints are those of the Comment lines.
	fingerprints []string
}

// readMessage takes the armor off, and looks at whom the message is encrypted to.
func readMessage(sealed string) (*message, error) {
	m := &message{}
	if len(sealed) > sealing.MaxSealed {
		return nil, m.fail(sealing.NotSealed, fmt.Sprintf("it has more than %d bytes", sealing.MaxSealed))
	}
	sealed = strings.TrimSpace(sealed)
	if !strings.HasPrefix(sealed, messageBegin) {
		return nil, m.fail(sealing.NotSealed, "it does not begin with "+messageBegin)
	}
	m.fingerprints = commentFingerprints(sealed)
	// What follows a first end would go unread.
	if !strings.HasSuffix(sealed, messageEnd) || strings.Count(sealed, armorEnd) != 1 {
		return nil, m.fail(sealing.Damaged, "it does not end with its first "+messageEnd)
	}
	block, err := armor.Decode(strings.NewReader(sealed))
	if err != nil {
		return nil, m.fail(sealing.Damaged, "")
	}
	if m.packets, err = io.ReadAll(block.Body); err != nil {
		return nil, m.fail(sealing.Damaged, "")
	}
	if err := m.readRecipients(); err != nil {
		return nil, err
	}
	return m, nil
}

// readRecipients reads the packets before the encrypted data.
func (m *message) readRecipients() error {
	packets := packet.NewReader(bytes.NewReader(m.packets))
	for {
		p, err := packets.Next()
		if err != nil {
			return m.fail(sealing.Damaged, "")
		}
		switch p := p.(type) {
		case *packet.EncryptedKey:
			m.keyIDs = append(m.keyIDs, p.KeyId)
		case *packet.SymmetricKeyEncrypted:
			// A passphrase may open it, too.
		case *packet.SymmetricallyEncrypted:
			if !p.IntegrityProtected {
				return m.fail(sealing.Damaged, "it has no protection against changes, so it can't be trusted")
			}
			return nil
		case *packet.AEADEncrypted:
			return nil
		default:
			return m.fail(sealing.NotSealed, "it is an OpenPGP message that is not encrypted")
		}
	}
}

// isFor reports whether the message names one of keys. If it does not, it hides a recipient, so that only trying tells;
// anything else is an error.
func (m *message) isFor(keys pgp.EntityList) (bool, error) {
	hidden, withoutSecret := false, false
	for _, id := range m.keyIDs {
		if id == 0 {
			hidden = true
			continue
		}
		for _, entity := range keys {
			for _, key := range entity.DecryptionKeys(id, time.Time{}, nil) {
				if key.PrivateKey != nil && !key.PrivateKey.Dummy() {
					return true, nil
				}
				withoutSecret = true
			}
		}
	}
	switch {
	case hidden:
		return false, nil
	case withoutSecret:
		return false, m.fail(sealing.BadIdentity, "it lacks the secret part of the key, which may be elsewhere or on a smart card")
	case len(m.keyIDs) == 0:
		return false, m.fail(sealing.NoMatch, "it is encrypted with a passphrase alone")
	default:
		return false, m.fail(sealing.NoMatch, "")
	}
}

// fail returns the error that names the recipients, by fingerprint where the armor tells it, else by key id.
func (m *message) fail(failure sealing.OpenFailure, detail string) error {
	recipients := m.fingerprints
	if len(recipients) == 0 {
		for _, id := range m.keyIDs {
			if id != 0 && len(recipients) < sealing.MaxRecipients {
				recipients = append(recipients, fmt.Sprintf("%016X", id))
			}
		}
	}
	return &sealing.OpenError{Failure: failure, Recipients: recipients, Detail: detail}
}

// commentFingerprints returns the fingerprints in the Comment lines of an armor: hex and nothing else, since anybody may
// have written them.
func commentFingerprints(armored string) []string {
	var fingerprints []string
	for line := range strings.Lines(armored) {
		line = strings.TrimSpace(line)
		if line == "" || len(fingerprints) == sealing.MaxRecipients {
			break
		}
		// Version 4 has 20 bytes, version 6 has 32.
		hex, found := strings.CutPrefix(line, commentName+": ")
		if found && (len(hex) == 40 || len(hex) == 64) && strings.Trim(hex, "0123456789ABCDEF") == "" {
			fingerprints = append(fingerprints, hex)
		}
	}
	return fingerprints
}
