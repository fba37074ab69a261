package openpgp_test

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const passphrase = "correct horse battery staple"

// quickS2K has a low work factor for passphrases, to keep the tests fast.
var quickS2K = &packet.Config{S2KConfig: &s2k.Config{S2KCount: 65536}}

// protect encrypts the private parts of a key with a passphrase.
func protect(tb testing.TB, key *pgp.Entity, passphrase string) *pgp.Entity {
	tb.Helper()
	noError(tb, key.EncryptPrivateKeys([]byte(passphrase), quickS2K))
	return key
}

// literal is the packet of a plaintext.
func literal(tb testing.TB, size int) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := packet.SerializeLiteral(nopCloser{&out}, true, "", 0)
	noError(tb, err)
	_, err = w.Write(bytes.Repeat([]byte{'x'}, size))
	noError(tb, err)
	noError(tb, w.Close())
	return out.Bytes()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// zeros is an endless source of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// encryptPackets encrypts any packets to a key, with integrity protection or, as in old versions of PGP, without.
func encryptPackets(tb testing.TB, key *pgp.Entity, packets []byte, protected bool) string {
	tb.Helper()
	sessionKey := bytes.Repeat([]byte{7}, packet.CipherAES256.KeySize())
	var head, body bytes.Buffer
	noError(tb, packet.SerializeEncryptedKeyAEAD(&head, key.Subkeys[0].PublicKey, packet.CipherAES256, false, sessionKey, nil))
	w, err := packet.SerializeSymmetricallyEncrypted(&body, packet.CipherAES256, false, packet.CipherSuite{}, sessionKey, nil)
	noError(tb, err)
	_, err = w.Write(packets)
	noError(tb, err)
	noError(tb, w.Close())
	if !protected {
		// The tag of packet type 9 instead of 18. That its content is of the other format is never reached.
		body.Bytes()[0] = 0xC0 | 9
	}
	return message(tb, append(head.Bytes(), body.Bytes()...))
}

// compressed compresses packets in a number of layers.
func compressed(tb testing.TB, packets []byte, layers int) []byte {
	tb.Helper()
	for range layers {
		var out bytes.Buffer
		best := &packet.CompressionConfig{Level: packet.BestCompression}
		w, err := packet.SerializeCompressed(nopCloser{&out}, packet.CompressionZIP, best)
		noError(tb, err)
		_, err = w.Write(packets)
		noError(tb, err)
		noError(tb, w.Close())
		packets = out.Bytes()
	}
	return packets
}

func TestOpen(t *testing.T) {
	t.Parallel()
	x25519 := configAt(created, 0)
	x25519.Algorithm = packet.PubKeyAlgoEd25519
	v6 := configAt(created, 0)
	v6.Algorithm, v6.V6Keys, v6.AEADConfig = packet.PubKeyAlgoEd25519, true, &packet.AEADConfig{}
	postQuantum := configAt(created, 0)
	postQuantum.Algorithm, postQuantum.V6Keys, postQuantum.AEADConfig = packet.PubKeyAlgoMldsa65Ed25519, true, &packet.AEADConfig{}
	rsa := configAt(created, 0)
	rsa.Algorithm = packet.PubKeyAlgoRSA
	p384 := configAt(created, 0)
	p384.Algorithm, p384.Curve = packet.PubKeyAlgoECDSA, packet.CurveNistP384
	expiring := configAt(created, year)

	for name, config := range map[string]*packet.Config{
		"ed25519": configAt(created, 0), "x25519": x25519, "version 6": v6, "post-quantum": postQuantum,
		"RSA": rsa, "P-384": p384, "expiring": expiring,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, other := newKey(t, config), newKey(t, configAt(created, 0))
			for recipients, sealed := range map[string]string{"alone": seal(t, key), "with another": seal(t, other, key)} {
				for form, identity := range map[string]string{
					"armored":       private(t, key),
					"base64":        inBase64(t, private(t, key)),
					"second of two": private(t, newKey(t, configAt(created, 0)), key),
					"second block":  private(t, newKey(t, configAt(created, 0))) + private(t, key),
					"with a public": public(t, other) + private(t, key),
				} {
					opened, err := openpgp.NewOpener(identity, secret.Secret{}).Open(t.Context(), sealed)
					if err != nil {
						t.Fatalf("%s, %s: %v", recipients, form, err)
					}
					sameSecret(t, opened, plaintext)
				}
			}
			sealed := seal(t, key)
			locked := private(t, protect(t, key, passphrase))
			opened, err := openpgp.NewOpener(locked, secret.New(passphrase)).Open(t.Context(), sealed)
			noError(t, err)
			sameSecret(t, opened, plaintext)
		})
	}
}

func TestOpen_accepted(t *testing.T) {
	t.Parallel()
	key := newKey(t, configAt(created, 0))
	sealed := seal(t, key)
	longest := secret.New(strings.Repeat("x", sealing.MaxPlaintext))
	empty, err := parse(t, public(t, key)).Seal(t.Context(), now, secret.New(""))
	noError(t, err)
	var hidden bytes.Buffer
	to := []*pgp.Entity{newKey(t, configAt(created, 0)), key}
	w, err := pgp.EncryptWithParams(&hidden, nil, to, &pgp.EncryptParams{Config: configAt(now, 0)})
	noError(t, err)
	_, err = io.WriteString(w, plaintext.Reveal())
	noError(t, err)
	noError(t, w.Close())

	encrypted := func(packets []byte) string { return encryptPackets(t, key, packets, true) }
	most := literal(t, sealing.MaxPlaintext)
	atLongest, packed := encrypted(most), encrypted(compressed(t, most, 2))
	identity := private(t, key)
	revoked := private(t, revoke(t, newKey(t, configAt(created, 0)), packet.KeyCompromised), key)
	twoLocked := private(t, protect(t, newKey(t, configAt(created, 0)), "another"), protect(t, key, passphrase))
	for name, test := range map[string]struct {
		identity, sealed string
		want             secret.Secret
	}{
		"space around":        {identity, "\n  " + sealed + "\n\n", plaintext},
		"carriage returns":    {identity, strings.ReplaceAll(sealed, "\n", "\r\n"), plaintext},
		"indented":            {identity, strings.ReplaceAll(sealed, "\n", "\n  "), plaintext},
		"nothing":             {identity, empty, secret.New("")},
		"the longest":         {identity, atLongest, longest},
		"packed":              {identity, packed, longest},
		"hidden recipients":   {identity, message(t, hidden.Bytes()), plaintext},
		"also a revoked key":  {revoked, sealed, plaintext},
		"several passphrases": {twoLocked, message(t, hidden.Bytes()), plaintext},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opened, err := openpgp.NewOpener(test.identity, secret.New(passphrase)).Open(t.Context(), test.sealed)
			noError(t, err)
			sameSecret(t, opened, test.want)
		})
	}
}

func TestOpen_refused(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, configAt(created, 0)), newKey(t, configAt(created, 0))
	sealed, privateKey := seal(t, key), private(t, key)
	lockedKey := newKey(t, configAt(created, 0))
	sealedLocked := seal(t, lockedKey)
	locked := private(t, protect(t, lockedKey, passphrase))
	keyID := fmt.Sprintf("%016X", key.Subkeys[0].PublicKey.KeyId)
	recipient := []string{fingerprint(key)}

	var symmetric, hidden, signed bytes.Buffer
	for out, open := range map[*bytes.Buffer]func(io.Writer) (io.WriteCloser, error){
		&symmetric: func(w io.Writer) (io.WriteCloser, error) {
			return pgp.SymmetricallyEncrypt(w, []byte(passphrase), nil, quickS2K)
		},
		&hidden: func(w io.Writer) (io.WriteCloser, error) {
			return pgp.EncryptWithParams(w, nil, []*pgp.Entity{other}, &pgp.EncryptParams{Config: configAt(now, 0)})
		},
		&signed: func(w io.Writer) (io.WriteCloser, error) {
			return pgp.Sign(w, []*pgp.Entity{key}, nil, configAt(now, 0))
		},
	} {
		w, err := open(out)
		noError(t, err)
		_, err = io.WriteString(w, plaintext.Reveal())
		noError(t, err)
		noError(t, w.Close())
	}
	const (
		notBegun       = "it does not begin with -----BEGIN PGP MESSAGE-----"
		notEnded       = "it does not end with its first -----END PGP MESSAGE-----"
		notEncrypted   = "it is an OpenPGP message that is not encrypted"
		unprotected    = "it has no integrity protection, so it can't be trusted"
		tooMuch        = "it has more than 16384 bytes"
		isLocked       = "it is protected by a passphrase, and none is given"
		passphraseOnly = "it is encrypted with a passphrase only"
		noSecretPart   = "the secret part of the key is missing: it may be elsewhere or on a smart card"
	)
	var none secret.Secret
	right, wrong := secret.New(passphrase), secret.New("wrong horse")
	named := []string{keyID}
	encrypted := func(packets []byte) string { return encryptPackets(t, key, packets, true) }
	lockedRecipient := []string{fingerprint(lockedKey)}
	tooLong := literal(t, sealing.MaxPlaintext+1)
	var padded bytes.Buffer
	noError(t, packet.Padding(64<<20).SerializePadding(&padded, zeros{}))
	padded.Write(literal(t, 9))
	damagedKey := binary(t, sealed)
	damagedKey[1+damagedKey[1]] ^= 1
	bomb := literal(t, 64<<20)

	for _, test := range []struct {
		name             string
		identity, sealed string
		passphrase       secret.Secret
		failure          sealing.OpenFailure
		recipients       []string
		detail           string
	}{
		{"empty", privateKey, "", none, sealing.NotSealed, nil, notBegun},
		{"clear text", privateKey, plaintext.Reveal(), none, sealing.NotSealed, nil, notBegun},
		{"text before it", privateKey, "x\n" + sealed, none, sealing.NotSealed, nil, notBegun},
		{"too large", privateKey, strings.Repeat("x", 262145), none, sealing.NotSealed, nil, "it has more than 262144 bytes"},
		{"signed only", privateKey, message(t, signed.Bytes()), none, sealing.NotSealed, nil, notEncrypted},
		{"not encrypted", privateKey, message(t, literal(t, 9)), none, sealing.NotSealed, nil, notEncrypted},
		{"packed only", privateKey, message(t, compressed(t, literal(t, 9), 1)), none, sealing.NotSealed, nil, notEncrypted},
		{"no packet", privateKey, message(t, nil), none, sealing.Damaged, nil, ""},
		{"no last line", privateKey, sealed[:len(sealed)-30], none, sealing.Damaged, recipient, notEnded},
		{"two messages", privateKey, sealed + sealed, none, sealing.Damaged, recipient, notEnded},
		{"no lines", privateKey, "-----BEGIN PGP MESSAGE-----\n-----END PGP MESSAGE-----", none, sealing.Damaged, nil, ""},
		{"no key", "", sealed, none, sealing.BadIdentity, recipient, "it " + otherData},
		{"garbage for a key", "hunter2!", sealed, none, sealing.BadIdentity, recipient, "it " + noKey},
		{"key cut off", privateKey[:300], sealed, none, sealing.BadIdentity, recipient, "it " + cutOff},
		{"key too large", strings.Repeat("x", 524289), sealed, none, sealing.BadIdentity, recipient, "it has more than 524288 bytes"},
		{"public key", public(t, key), sealed, none, sealing.BadIdentity, recipient, "it is a public key"},
		{"public key beside another", public(t, key) + private(t, other), sealed, none, sealing.BadIdentity, recipient, noSecretPart},
		{"no passphrase", locked, sealedLocked, none, sealing.BadIdentity, lockedRecipient, isLocked},
		{"wrong passphrase", locked, sealedLocked, wrong, sealing.BadIdentity, lockedRecipient, "the passphrase is wrong"},
		{"another's", private(t, other), sealed, none, sealing.NoMatch, recipient, ""},
		{"another's, locked", locked, sealed, none, sealing.NoMatch, recipient, ""},
		{"another's, without comment", private(t, other), message(t, binary(t, sealed)), none, sealing.NoMatch, named, ""},
		{"another's, hidden", privateKey, message(t, hidden.Bytes()), none, sealing.NoMatch, nil, ""},
		{"passphrase only", privateKey, message(t, symmetric.Bytes()), right, sealing.NoMatch, nil, passphraseOnly},
		{"no protection", privateKey, encryptPackets(t, key, literal(t, 9), false), none, sealing.Damaged, named, unprotected},
		{"too long", privateKey, encrypted(tooLong), none, sealing.Damaged, named, tooMuch},
		{"too long, packed", privateKey, encrypted(compressed(t, tooLong, 1)), none, sealing.Damaged, named, tooMuch},
		{"bomb", privateKey, encrypted(compressed(t, bomb, 1)), none, sealing.Damaged, named, tooMuch},
		{"bomb in a bomb", privateKey, encrypted(compressed(t, bomb, 3)), none, sealing.Damaged, named, tooMuch},
		{"bomb before the text", privateKey, encrypted(compressed(t, padded.Bytes(), 1)), none, sealing.Damaged, named, ""},
		{"damaged session key", privateKey, message(t, damagedKey), none, sealing.Damaged, named, ""},
		{"too many layers", privateKey, encrypted(compressed(t, literal(t, 9), 40)), none, sealing.Damaged, named, ""},
		{"encrypted nothing", privateKey, encrypted(nil), none, sealing.Damaged, named, ""},
		{"encrypted key", privateKey, encrypted(binary(t, public(t, key))), none, sealing.Damaged, named, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := openpgp.NewOpener(test.identity, test.passphrase).Open(t.Context(), test.sealed)
			failure := openFailure(t, opened, err, passphrase, "hunter2", "wrong horse")
			if failure.Failure != test.failure || !slices.Equal(failure.Recipients, test.recipients) || failure.Detail != test.detail {
				t.Errorf("got %s, %v, %q; want %s, %v, %q",
					failure.Failure, failure.Recipients, failure.Detail, test.failure, test.recipients, test.detail)
			}
			if failure.Err != nil {
				t.Error("a cause is shown, which may quote something private")
			}
		})
	}
}

// TestOpen_forgedComment checks that an error repeats only fingerprints from an armor, whose lines anybody can write.
func TestOpen_forgedComment(t *testing.T) {
	t.Parallel()
	key := newKey(t, configAt(created, 0))
	sealed, stranger := seal(t, key), private(t, newKey(t, configAt(created, 0)))
	keyID := fmt.Sprintf("%016X", key.Subkeys[0].PublicKey.KeyId)
	genuine := fingerprint(key)
	for name, test := range map[string]struct {
		comment string
		want    []string
	}{
		"genuine":     {"Comment: " + genuine, []string{genuine}},
		"none":        {"Version: GnuPG v2", []string{keyID}},
		"a link":      {"Comment: https://example.com/reset-your-key?" + genuine, []string{keyID}},
		"escapes":     {"Comment: \x1b[31m" + genuine[:35], []string{keyID}},
		"lower case":  {"Comment: " + strings.ToLower(genuine), []string{keyID}},
		"another hex": {"Comment: " + genuine[:39], []string{keyID}},
		"too many":    {strings.Repeat("Comment: "+genuine+"\n", 200) + "Version: 1", slices.Repeat([]string{genuine}, 100)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			forged := strings.Replace(sealed, "Comment: "+genuine, test.comment, 1)
			opened, err := openpgp.NewOpener(stranger, secret.Secret{}).Open(t.Context(), forged)
			failure := openFailure(t, opened, err)
			if failure.Failure != sealing.NoMatch || !slices.Equal(failure.Recipients, test.want) {
				t.Errorf("got %s, %q; want %s, %q", failure.Failure, failure.Recipients, sealing.NoMatch, test.want)
			}
		})
	}
}

// damages returns keys whose messages have different protection: a modification detection code, and AEAD.
func damages(t *testing.T) map[string]*pgp.Entity {
	t.Helper()
	aead := configAt(created, 0)
	aead.Algorithm, aead.V6Keys, aead.AEADConfig = packet.PubKeyAlgoEd25519, true, &packet.AEADConfig{}
	return map[string]*pgp.Entity{"MDC": newKey(t, configAt(created, 0)), "AEAD": newKey(t, aead)}
}

func TestOpen_cutOff(t *testing.T) {
	t.Parallel()
	for name, key := range damages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := strings.TrimSpace(seal(t, key))
			opener := openpgp.NewOpener(private(t, key), secret.Secret{})
			for n := range len(sealed) {
				opened, err := opener.Open(t.Context(), sealed[:n])
				_ = openFailure(t, opened, err)
			}
			packets := binary(t, sealed)
			for n := range len(packets) {
				opened, err := opener.Open(t.Context(), message(t, packets[:n]))
				_ = openFailure(t, opened, err)
			}
		})
	}
}

func TestOpen_changed(t *testing.T) {
	t.Parallel()
	for name, key := range damages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packets := binary(t, seal(t, key))
			opener := openpgp.NewOpener(private(t, key), secret.Secret{})
			// The encrypted session key comes first. Its length has one byte, as that of the encrypted data.
			data := 2 + int(packets[1])
			if packets[data] != 0xC0|18 {
				t.Fatal("the encrypted data is not where it should be")
			}
			for i := range packets {
				for bit := range 8 {
					packets[i] ^= 1 << bit
					opened, err := opener.Open(t.Context(), message(t, packets))
					packets[i] ^= 1 << bit
					switch {
					case err != nil:
						_ = openFailure(t, opened, err)
					case i > data+1:
						t.Errorf("bit %d of byte %d: opened", bit, i)
					default:
						// Some bits have no effect, such as the highest of a point on Curve25519, or a length beyond the end.
						sameSecret(t, opened, plaintext)
					}
				}
			}
		})
	}
}

func TestOpen_changedText(t *testing.T) {
	t.Parallel()
	for name, key := range damages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := seal(t, key)
			opener := openpgp.NewOpener(private(t, key), secret.Secret{})
			for i := range len(sealed) {
				for _, other := range []byte{'A', 'x', '=', ' ', '\n', '-', 0} {
					changed := sealed[:i] + string(other) + sealed[i+1:]
					opened, err := opener.Open(t.Context(), changed)
					if err != nil {
						_ = openFailure(t, opened, err)
						continue
					}
					// A comment and a checksum may change.
					sameSecret(t, opened, plaintext)
				}
			}
		})
	}
}
