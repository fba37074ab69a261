package openpgp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

const (
	armorBegin = "-----BEGIN PGP "
	armorEnd   = "-----END PGP "
)

// The problems of the text of a key. The errors of the parser are left out: they may quote what they failed on, and that
// may be part of a private key.
var (
	errNoKey     = errors.New("is not an OpenPGP key, neither armored nor in base64")
	errOtherData = errors.New("contains something other than OpenPGP keys with a user id")
	errCutOff    = errors.New("is cut off or damaged")
)

// readKeys returns every key in text, public or private; there is at least one. A key that can't be read is an error. It is
// never skipped, since its owner would silently not be a recipient.
func readKeys(text string) (pgp.EntityList, error) {
	raw, err := decodeKeys(text)
	if err != nil {
		return nil, err
	}
	packets := packet.NewReader(bytes.NewReader(raw))
	var keys pgp.EntityList
	for {
		key, err := pgp.ReadEntity(packets)
		switch {
		case err == nil:
			keys = append(keys, key)
		case errors.Is(err, io.EOF) && len(keys) > 0:
			return keys, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return nil, errCutOff
		default:
			return nil, errOtherData
		}
	}
}

// decodeKeys returns the binary form of all keys in text: armored blocks one after another, or base64 with or without line
// breaks.
func decodeKeys(text string) ([]byte, error) {
	if !strings.Contains(text, armorBegin) {
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, errNoKey
		}
		return raw, nil
	}
	var raw []byte
	for {
		_, rest, found := strings.Cut(text, armorBegin)
		if !found {
			return raw, nil
		}
		block, after, found := strings.Cut(rest, armorEnd)
		if !found {
			return nil, errCutOff
		}
		decoded, err := armor.Decode(strings.NewReader(armorBegin + block + armorEnd))
		if err != nil {
			return nil, errCutOff
		}
		if decoded.Type != pgp.PublicKeyType && decoded.Type != pgp.PrivateKeyType {
			return nil, errNoKey
		}
		body, err := io.ReadAll(decoded.Body)
		if err != nil {
			return nil, errCutOff
		}
		raw = append(raw, body...)
		text = after
	}
}

// isPrivate reports whether key has a private part.
func isPrivate(key *pgp.Entity) bool {
	if key.PrivateKey != nil {
		return true
	}
	for _, subkey := range key.Subkeys {
		if subkey.PrivateKey != nil {
			return true
		}
	}
	return false
}

// fingerprint returns the fingerprint of the primary key in upper-case hex, as gpg prints it.
func fingerprint(key *pgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint))
}
