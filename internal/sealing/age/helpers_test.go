package age_test

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // to be refused
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	fage "filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// plaintext is not a real secret.
const plaintext = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

// The example keys of c2sp.org/age.
const (
	specX25519Identity  = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	specX25519Recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	specHybridIdentity  = "AGE-SECRET-KEY-PQ-1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// pair is a recipient with its identity.
type pair struct {
	recipient, identity string
	// fingerprint is empty if the test has no other source for it.
	fingerprint string
}

func newX25519(tb testing.TB) pair {
	tb.Helper()
	key, err := fage.GenerateX25519Identity()
	noError(tb, err)
	return pair{key.Recipient().String(), key.String(), key.Recipient().String()}
}

func newHybrid(tb testing.TB) pair {
	tb.Helper()
	key, err := fage.GenerateHybridIdentity()
	noError(tb, err)
	return pair{recipient: key.Recipient().String(), identity: key.String()}
}

func newEd25519(tb testing.TB, passphrase string) pair {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	noError(tb, err)
	return sshPair(tb, key, passphrase)
}

// rsaKey is generated once, since that is slow.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newRSA(tb testing.TB, passphrase string) pair {
	tb.Helper()
	key, err := rsaKey()
	noError(tb, err)
	return sshPair(tb, key, passphrase)
}

func newECDSA(tb testing.TB) pair {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(tb, err)
	return sshPair(tb, key, "")
}

func sshPair(tb testing.TB, key crypto.Signer, passphrase string) pair {
	tb.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	noError(tb, err)
	line, fingerprint := sshLine(tb, key.Public())
	return pair{line, string(pem.EncodeToMemory(block)), fingerprint}
}

// sshLine returns a line of a .pub file, without a comment, and the fingerprint.
func sshLine(tb testing.TB, public any) (line, fingerprint string) {
	tb.Helper()
	key, err := ssh.NewPublicKey(public)
	noError(tb, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))), ssh.FingerprintSHA256(key)
}

func dsaLine(tb testing.TB) string {
	tb.Helper()
	var key dsa.PrivateKey
	noError(tb, dsa.GenerateParameters(&key.Parameters, rand.Reader, dsa.L1024N160))
	noError(tb, dsa.GenerateKey(&key, rand.Reader))
	line, _ := sshLine(tb, &key.PublicKey)
	return line
}

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func mustParse(tb testing.TB, recipients ...string) *age.Recipients {
	tb.Helper()
	parsed, err := age.ParseRecipients(recipients)
	noError(tb, err)
	return parsed
}

func mustSeal(tb testing.TB, recipients ...string) string {
	tb.Helper()
	sealed, err := mustParse(tb, recipients...).Seal(tb.Context(), now, secret.New(plaintext))
	noError(tb, err)
	return sealed
}

// encrypt encrypts as the age program does, without the names of the recipients.
func encrypt(tb testing.TB, text string, recipients ...fage.Recipient) string {
	tb.Helper()
	var out bytes.Buffer
	armored := armor.NewWriter(&out)
	encrypted, err := fage.Encrypt(armored, recipients...)
	noError(tb, err)
	_, err = io.WriteString(encrypted, text)
	noError(tb, errors.Join(err, encrypted.Close(), armored.Close()))
	return out.String()
}

// open opens without a passphrase.
func open(tb testing.TB, sealed string, identities ...string) (secret.Secret, error) {
	tb.Helper()
	return age.NewOpener(identities, secret.Secret{}).Open(tb.Context(), sealed)
}

func mustOpen(tb testing.TB, sealed string, identities ...string) {
	tb.Helper()
	opened, err := open(tb, sealed, identities...)
	noError(tb, err)
	if opened.Reveal() != plaintext {
		tb.Error("the opened secret differs from the sealed one")
	}
}

// refused checks that a secret was not opened, and that the error does not show it, and returns the error.
func refused(tb testing.TB, opened secret.Secret, err error) *sealing.OpenError {
	tb.Helper()
	if !opened.IsZero() {
		tb.Fatal("a secret is opened, want an error")
	}
	bad, ok := errors.AsType[*sealing.OpenError](err)
	if !ok {
		tb.Fatalf("the error is %T, want *sealing.OpenError", err)
	}
	if strings.Contains(bad.Error(), plaintext[:8]) {
		tb.Fatal("the error shows the plaintext")
	}
	return bad
}

// header returns the header of an armored age file.
func header(tb testing.TB, sealed string) string {
	tb.Helper()
	file, err := io.ReadAll(armor.NewReader(strings.NewReader(sealed)))
	noError(tb, err)
	text, _, found := strings.Cut(string(file), "\n--- ")
	if !found {
		tb.Fatal("the file has no header")
	}
	return text + "\n"
}
