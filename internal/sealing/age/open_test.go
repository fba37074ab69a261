package age_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	fage "filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const passphrase = "correct horse battery staple"

// oldPEM returns the RSA key in the format of older OpenSSH versions, protected if there is a passphrase.
func oldPEM(t *testing.T, passphrase string) string {
	t.Helper()
	key, err := rsaKey()
	noError(t, err)
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if passphrase != "" {
		//nolint:staticcheck // such keys are still in use
		block, err = x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, []byte(passphrase), x509.PEMCipherAES128)
		noError(t, err)
	}
	return string(pem.EncodeToMemory(block))
}

func pkcs8(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	noError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestOpen(t *testing.T) {
	t.Parallel()
	x, h, other := newX25519(t), newHybrid(t), newX25519(t)
	ed, rsa, lockedEd, lockedRSA := newEd25519(t, ""), newRSA(t, ""), newEd25519(t, passphrase), newRSA(t, passphrase)
	rsaSigner, err := rsaKey()
	noError(t, err)
	edPublic, edSigner, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	edLine, _ := sshLine(t, edPublic)
	for _, test := range []struct {
		name, recipient string
		identities      []string
		passphrase      secret.Secret
	}{
		{"X25519", x.recipient, []string{x.identity}, secret.Secret{}},
		{"hybrid", h.recipient, []string{h.identity}, secret.Secret{}},
		{"white space", x.recipient, []string{"\n\t" + x.identity + " \n"}, secret.Secret{}},
		{"identity file", x.recipient, []string{"# created: 2026-11-01\n# mine\n" + x.identity + "\n"}, secret.Secret{}},
		{"identity file with CRLF", x.recipient, []string{"# mine\r\n\r\n" + x.identity + "\r\n"}, secret.Secret{}},
		{"identity file with several", x.recipient, []string{other.identity + "\n\n" + h.identity + "\n  " + x.identity}, secret.Secret{}},
		{"several", x.recipient, []string{other.identity, ed.identity, h.identity, x.identity}, secret.Secret{}},
		{"Ed25519", ed.recipient, []string{ed.identity}, secret.Secret{}},
		{"Ed25519 with a needless passphrase", ed.recipient, []string{ed.identity}, secret.New(passphrase)},
		{"Ed25519 protected", lockedEd.recipient, []string{lockedEd.identity}, secret.New(passphrase)},
		{"RSA", rsa.recipient, []string{rsa.identity}, secret.Secret{}},
		{"RSA protected", rsa.recipient, []string{lockedRSA.identity}, secret.New(passphrase)},
		{"RSA PEM", rsa.recipient, []string{oldPEM(t, "")}, secret.Secret{}},
		{"RSA PEM protected", rsa.recipient, []string{oldPEM(t, passphrase)}, secret.New(passphrase)},
		{"RSA PKCS 8", rsa.recipient, []string{pkcs8(t, rsaSigner)}, secret.Secret{}},
		{"Ed25519 PKCS 8", edLine, []string{pkcs8(t, edSigner)}, secret.Secret{}},
		{"protected among others", x.recipient, []string{lockedEd.identity, x.identity}, secret.New(passphrase)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opener := age.NewOpener(test.identities, test.passphrase)
			sealed := mustSeal(t, test.recipient)
			crlf := strings.ReplaceAll(sealed, "\n", "\r\n")
			for _, text := range []string{sealed, sealed, strings.TrimSpace(sealed), "\n" + sealed + "\n", crlf} {
				opened, err := opener.Open(t.Context(), text)
				noError(t, err)
				if opened.Reveal() != plaintext {
					t.Error("the opened secret differs from the sealed one")
				}
			}
		})
	}
}

func TestOpen_badIdentity(t *testing.T) {
	t.Parallel()
	x, ed := newX25519(t), newEd25519(t, "")
	locked := newEd25519(t, passphrase)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	der, err := x509.MarshalECPrivateKey(ecKey)
	noError(t, err)
	pemOf := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	const (
		malformed    = "identity 1 is malformed: a character is wrong or missing (line 1)"
		public       = "identity 1 is a public key, which can't open anything: give its private key (line 1)"
		unknown      = "identity 1 is not a private key that age can use: give AGE-SECRET-KEY-..., or an SSH private key (line 3)"
		noPassphrase = "identity 1 is protected by a passphrase, and none is given"
		wrong        = "identity 1 is protected by another passphrase than the given one"
		otherKind    = "identity 1 is an SSH key of a type that age can't decrypt with: give an Ed25519 or RSA key"
		encrypted    = "identity 1 is itself encrypted: give the output of age --decrypt"
		encryptedPEM = "identity 1 can't be read as an SSH private key (ENCRYPTED PRIVATE KEY)"
		garbage      = "identity 1 can't be read as an SSH private key (OPENSSH PRIVATE KEY)"
		openPGP      = "identity 1 is an OpenPGP key"
	)
	none := secret.Secret{}
	for _, test := range []struct {
		name       string
		identities []string
		passphrase secret.Secret
		detail     string
	}{
		{"none", nil, none, "none is given"},
		{"empty", []string{x.identity, ""}, none, "identity 2 is empty"},
		{"blank", []string{" \n "}, none, "identity 1 is empty"},
		{"comments", []string{"# mine\n\n# yours"}, none, "identity 1 has only comments"},
		{"too large", []string{strings.Repeat("A", sealing.MaxIdentity+1)}, none, "identity 1 is larger than any private key"},
		{"too many", slices.Repeat([]string{x.identity}, 101), none, "identity 101 brings the total to more than 100 private keys"},
		{"too many in a file", []string{strings.Repeat(x.identity+"\n", 101)}, none, "identity 1 brings the total to more than 100 private keys"},
		{"checksum", []string{x.identity[:30] + x.identity[31:]}, none, malformed},
		{"hybrid checksum", []string{specHybridIdentity[:30] + specHybridIdentity[31:]}, none, malformed},
		{"line of a file", []string{"# mine\n" + x.identity + "\nnot a key"}, none, unknown},
		{"age recipient", []string{x.recipient}, none, public},
		{"SSH public key", []string{ed.recipient}, none, public},
		{"plugin", []string{"AGE-PLUGIN-YUBIKEY-1GKZCSQZ"}, none, "identity 1 needs an age plugin, and plugins are not supported (line 1)"},
		{"no passphrase", []string{locked.identity}, none, noPassphrase},
		{"empty passphrase", []string{locked.identity}, secret.New(""), noPassphrase},
		{"wrong passphrase", []string{locked.identity}, secret.New(passphrase + "\n"), wrong},
		{"wrong passphrase, PEM", []string{oldPEM(t, passphrase)}, secret.New("x"), wrong},
		{"ECDSA", []string{pemOf("EC PRIVATE KEY", der)}, none, otherKind},
		{"encrypted PKCS 8", []string{pemOf("ENCRYPTED PRIVATE KEY", der)}, secret.New(passphrase), encryptedPEM},
		{"PEM of garbage", []string{pemOf("OPENSSH PRIVATE KEY", []byte("openssh-key-v1\x00"))}, none, garbage},
		{"PEM cut off", []string{ed.identity[:100]}, none, "identity 1 is not one whole PEM block"},
		{"two PEM blocks", []string{ed.identity + locked.identity}, secret.New(passphrase), "identity 1 is not one whole PEM block"},
		{"encrypted identity file", []string{mustSeal(t, x.recipient)}, none, encrypted},
		{"OpenPGP", []string{pemOf("PGP PRIVATE KEY BLOCK", nil)}, none, openPGP},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// A good identity beside it does not help.
			opened, err := age.NewOpener(test.identities, test.passphrase).Open(t.Context(), mustSeal(t, x.recipient))
			bad := refused(t, opened, err)
			if bad.Failure != sealing.BadIdentity || !slices.Equal(bad.Recipients, []string{x.fingerprint}) {
				t.Errorf("failure %s, recipients %q; want bad_identity, and the recipient", bad.Failure, bad.Recipients)
			}
			if bad.Detail != test.detail {
				t.Errorf("the detail is not %q", test.detail)
			}
			if want := test.detail == openPGP; (bad.Method == sealing.OpenPGP) != want || (bad.Method == "") == want {
				t.Errorf("Method = %q, want that it names OpenPGP: %v", bad.Method, want)
			}
		})
	}
}

func TestOpen_notSealed(t *testing.T) {
	t.Parallel()
	x := newX25519(t)
	for _, test := range []struct{ name, sealed, detail string }{
		{"empty", "", "it is empty"},
		{"blank", "\n ", "it is empty"},
		{"plaintext", plaintext, "it does not begin with -----BEGIN AGE ENCRYPTED FILE-----"},
		{"binary", "age-encryption.org/v1\n-> X25519", "it is a binary age file, and only armored ones (age --armor) are read"},
		{"OpenPGP", "-----BEGIN PGP MESSAGE-----\n", "it is an OpenPGP message"},
		{"too large", mustSeal(t, x.recipient) + strings.Repeat("\n", sealing.MaxSealed), ""},
		{"text before", "secret: " + mustSeal(t, x.recipient), "it does not begin with -----BEGIN AGE ENCRYPTED FILE-----"},
		{"too large inside", encrypt(t, strings.Repeat("x", sealing.MaxPlaintext+1), parseX25519(t, x)), "its content has more than 16384 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := open(t, test.sealed, x.identity)
			bad := refused(t, opened, err)
			if bad.Failure != sealing.NotSealed {
				t.Errorf("failure %s, want not_sealed", bad.Failure)
			}
			want := test.detail
			if want == "" {
				want = fmt.Sprintf("it has %d bytes, and at most 262144 are read", len(test.sealed))
			}
			if bad.Detail != want {
				t.Errorf("the detail is not %q", want)
			}
		})
	}
}

func parseX25519(tb testing.TB, p pair) *fage.X25519Recipient {
	tb.Helper()
	key, err := fage.ParseX25519Recipient(p.recipient)
	noError(tb, err)
	return key
}

func parseSSH(tb testing.TB, p pair) fage.Recipient {
	tb.Helper()
	key, err := agessh.ParseRecipient(p.recipient)
	noError(tb, err)
	return key
}

// forged is a recipient with arbitrary names in its stanza of names.
type forged struct {
	fage.Recipient

	names []string
}

func (f forged) Wrap(fileKey []byte) ([]*fage.Stanza, error) {
	stanzas, err := f.Recipient.Wrap(fileKey)
	return append(stanzas, &fage.Stanza{Type: "github.com/iamkeys/recipients", Args: f.names}), err
}

func TestOpen_noMatch(t *testing.T) {
	t.Parallel()
	x, ed, rsa, mine, mineToo := newX25519(t), newEd25519(t, ""), newRSA(t, ""), newX25519(t), newEd25519(t, "")
	hint := func(p pair, kind string) string { return p.fingerprint[:12] + "... (" + kind + ")" }
	byPassphrase, err := fage.NewScryptRecipient(passphrase)
	noError(t, err)
	byPassphrase.SetWorkFactor(1)
	noNames := []string{"gone;reboot", x.fingerprint, x.fingerprint + "q", "SHA256:short", ed.fingerprint}
	belong := "the given private keys belong to " + mine.fingerprint + ", " + mineToo.fingerprint
	for _, test := range []struct {
		name, sealed, detail string
		recipients           []string
	}{
		{"named", mustSeal(t, x.recipient, ed.recipient), belong, mustParse(t, x.recipient, ed.recipient).Fingerprints()},
		{
			"SSH keys of a file that names nobody", encrypt(t, plaintext, parseX25519(t, x), parseSSH(t, ed), parseSSH(t, rsa)),
			belong,
			[]string{hint(ed, "ssh-ed25519"), hint(rsa, "ssh-rsa")},
		},
		{"anonymous", encrypt(t, plaintext, parseX25519(t, x)), belong, nil},
		{
			"bad names", encrypt(t, plaintext, forged{parseX25519(t, x), noNames}),
			belong,
			[]string{x.fingerprint, ed.fingerprint},
		},
		{
			"too many names", encrypt(t, plaintext, forged{parseX25519(t, x), slices.Repeat([]string{x.fingerprint}, 120)}),
			belong,
			slices.Repeat([]string{x.fingerprint}, 100),
		},
		{"passphrase", encrypt(t, plaintext, byPassphrase), "it is encrypted with a passphrase, not to a public key", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := open(t, test.sealed, mine.identity, mineToo.identity)
			bad := refused(t, opened, err)
			if bad.Failure != sealing.NoMatch || bad.Detail != test.detail || !slices.Equal(bad.Recipients, test.recipients) {
				t.Errorf("got %s %q %q, want no_match %q %q", bad.Failure, bad.Detail, bad.Recipients, test.detail, test.recipients)
			}
		})
	}
}

// rewrite changes the file inside the armor.
func rewrite(tb testing.TB, sealed string, change func(file []byte) []byte) string {
	tb.Helper()
	file, err := io.ReadAll(armor.NewReader(strings.NewReader(sealed)))
	noError(tb, err)
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	_, err = w.Write(change(file))
	noError(tb, err)
	noError(tb, w.Close())
	return out.String()
}

func TestOpen_damaged(t *testing.T) {
	t.Parallel()
	x, ed := newX25519(t), newEd25519(t, "")
	recipients := mustParse(t, x.recipient, ed.recipient).Fingerprints()
	for _, test := range []struct {
		name, detail string
		change       func(file []byte) []byte
		recipients   []string
	}{
		{"stanza", "the part for " + x.fingerprint + " does not open", func(file []byte) []byte {
			body := bytes.Index(file, []byte("-> X25519 ")) + len("-> X25519 ") + 43 + 1
			file[body] = 'A' + (file[body]+1)%26
			return file
		}, recipients},
		{"MAC", "its header can't be verified", func(file []byte) []byte {
			return bytes.Replace(file, []byte("\n--- "), []byte("\n-> extra\n\n--- "), 1)
		}, recipients},
		{"names", "its header can't be verified", func(file []byte) []byte {
			return bytes.Replace(file, []byte(" "+x.fingerprint+"\n"), []byte("\n"), 1)
		}, []string{ed.fingerprint}},
		{"payload", "its content can't be verified", func(file []byte) []byte {
			file[len(file)-1] ^= 1
			return file
		}, recipients},
		{"payload cut off", "its content can't be verified", func(file []byte) []byte { return file[:len(file)-1] }, recipients},
		{"payload gone", "its header can't be verified", func(file []byte) []byte {
			return file[:bytes.Index(file, []byte("\n--- "))+5+43+1]
		}, recipients},
		{"text after it", "its content can't be verified", func(file []byte) []byte { return append(file, 'x') }, recipients},
		{"another version", "its header can't be verified", func(file []byte) []byte {
			return bytes.Replace(file, []byte("/v1\n"), []byte("/v2\n"), 1)
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			opened, err := open(t, rewrite(t, mustSeal(t, x.recipient, ed.recipient), test.change), x.identity)
			bad := refused(t, opened, err)
			if bad.Failure != sealing.Damaged || bad.Detail != test.detail || !slices.Equal(bad.Recipients, test.recipients) {
				t.Errorf("got %s %q %q, want damaged %q %q", bad.Failure, bad.Detail, bad.Recipients, test.detail, test.recipients)
			}
		})
	}
}

// TestOpen_everyTruncation starts from a text without its last newline, which is still whole.
func TestOpen_everyTruncation(t *testing.T) {
	t.Parallel()
	x, ed := newX25519(t), newEd25519(t, "")
	sealed := strings.TrimSuffix(mustSeal(t, x.recipient, ed.recipient), "\n")
	mustOpen(t, sealed, x.identity)
	for n := range len(sealed) {
		opened, err := open(t, sealed[:n], x.identity)
		want := sealing.Damaged
		if n < len(armor.Header) {
			want = sealing.NotSealed
		}
		if bad := refused(t, opened, err); bad.Failure != want {
			t.Fatalf("cut off at byte %d: failure %s, want %s", n, bad.Failure, want)
		}
	}
	file := 0
	rewrite(t, sealed, func(whole []byte) []byte { file = len(whole); return whole })
	for n := range file {
		opened, err := open(t, rewrite(t, sealed, func(whole []byte) []byte { return whole[:n] }), x.identity)
		if bad := refused(t, opened, err); bad.Failure != sealing.Damaged {
			t.Fatalf("file cut off at byte %d: failure %s, want damaged", n, bad.Failure)
		}
	}
}

func TestOpen_everyFlippedBit(t *testing.T) {
	t.Parallel()
	x := newX25519(t)
	sealed := mustSeal(t, x.recipient)
	for i := range len(sealed) {
		for bit := range 8 {
			changed := []byte(sealed)
			changed[i] ^= 1 << bit
			opened, err := open(t, string(changed), x.identity)
			bad := refused(t, opened, err)
			if bad.Failure != sealing.Damaged && bad.Failure != sealing.NotSealed && bad.Failure != sealing.NoMatch {
				t.Fatalf("bit %d of byte %d: failure %s", bit, i, bad.Failure)
			}
		}
	}
}

func TestNewOpener_redacted(t *testing.T) {
	t.Parallel()
	opener := age.NewOpener([]string{specX25519Identity}, secret.New(passphrase))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if out := fmt.Sprintf(verb, *opener); strings.Contains(out, "GFPYYSJ") || strings.Contains(out, "battery") {
			t.Errorf("%s shows a private key or its passphrase", verb)
		}
	}
}
