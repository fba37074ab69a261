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
	messageEnd  = armorEnd + "MESSAGE-----"
	commentName = "Comment"
	// maxUnpacked limits what a compressed message may expand to, in bytes: the plaintext and the headers around it.
	maxUnpacked = sealing.MaxPlaintext + 16<<10
)

var (
	errNoPassphrase    = errors.New("it is protected by a passphrase, and none is given")
	errWrongPassphrase = errors.New("the passphrase is wrong")
)

var _ sealing.Opener = (*Opener)(nil)

// Opener decrypts with OpenPGP private keys.
type Opener struct {
	privateKey, passphrase secret.Secret
}

// NewOpener returns an Opener with one or several private keys, armored or in base64, and the passphrase that protects them,
// which may be absent. Open reads the keys, and reports those that can't be used.
func NewOpener(privateKey string, passphrase secret.Secret) *Opener {
	return &Opener{privateKey: secret.New(privateKey), passphrase: passphrase}
}

// Open decrypts an armored message. A key that has expired or is revoked still opens what is encrypted to it.
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
	// The integrity is verified when everything is read: a plaintext that comes with an error can't be trusted.
	plaintext, err := io.ReadAll(io.LimitReader(details.UnverifiedBody, sealing.MaxPlaintext+1))
	switch {
	case len(plaintext) > sealing.MaxPlaintext, errors.Is(err, pgperrors.ErrMessageTooLarge):
		return secret.Secret{}, m.fail(sealing.Damaged, fmt.Sprintf("it has more than %d bytes", sealing.MaxPlaintext))
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

// unlock is a pgp.PromptFunction that decrypts those of the keys that have this passphrase.
func (o *Opener) unlock(locked []pgp.Key, _ bool) ([]byte, error) {
	passphrase := []byte(o.passphrase.Reveal())
	if len(passphrase) == 0 {
		return nil, errNoPassphrase
	}
	// The library asks again until a key is unlocked; only an error ends that.
	err := errWrongPassphrase
	for _, key := range locked {
		if key.PrivateKey.Decrypt(passphrase) == nil {
			err = nil
		}
	}
	return nil, err
}

// message is an encrypted message, with what can be read of it without a key.
type message struct {
	packets []byte
	// keyIDs are the ids of the keys that it is encrypted to. A zero is a hidden recipient.
	keyIDs []uint64
	// fingerprints are those in the Comment lines.
	fingerprints []string
}

// readMessage decodes the armor, and reads which keys the message is encrypted to.
func readMessage(sealed string) (*message, error) {
	m := &message{}
	if len(sealed) > sealing.MaxSealed {
		return nil, m.fail(sealing.NotSealed, fmt.Sprintf("it has more than %d bytes", sealing.MaxSealed))
	}
	sealed = strings.TrimSpace(sealed)
	if !strings.HasPrefix(sealed, Prefix) {
		return nil, m.fail(sealing.NotSealed, "it does not begin with "+Prefix)
	}
	m.fingerprints = commentFingerprints(sealed)
	// The decoder would ignore what follows the first end.
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
			// A message may have passphrases beside keys.
		case *packet.SymmetricallyEncrypted:
			if !p.IntegrityProtected {
				return m.fail(sealing.Damaged, "it has no integrity protection, so it can't be trusted")
			}
			return nil
		case *packet.AEADEncrypted:
			return nil
		default:
			return m.fail(sealing.NotSealed, "it is an OpenPGP message that is not encrypted")
		}
	}
}

// isFor reports whether the message names one of keys. It returns false if the message does not, but has a hidden
// recipient, so that only decryption can show whether a key fits. Anything else is an error.
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
		return false, m.fail(sealing.BadIdentity, "the secret part of the key is missing: it may be elsewhere or on a smart card")
	case len(m.keyIDs) == 0:
		return false, m.fail(sealing.NoMatch, "it is encrypted with a passphrase only")
	default:
		return false, m.fail(sealing.NoMatch, "")
	}
}

// fail returns an error that names the recipients, by the fingerprints in the armor, or else by their key ids.
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

// commentFingerprints returns the fingerprints in the Comment lines of an armor. It accepts only hex, since anybody may
// have written the lines.
func commentFingerprints(armored string) []string {
	var fingerprints []string
	for line := range strings.Lines(armored) {
		line = strings.TrimSpace(line)
		if line == "" || len(fingerprints) == sealing.MaxRecipients {
			break
		}
		// A fingerprint of version 4 has 20 bytes, one of version 6 has 32.
		hex, found := strings.CutPrefix(line, commentName+": ")
		if found && (len(hex) == 40 || len(hex) == 64) && strings.Trim(hex, "0123456789ABCDEF") == "" {
			fingerprints = append(fingerprints, hex)
		}
	}
	return fingerprints
}
