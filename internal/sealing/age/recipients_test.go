package age_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	fage "filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestSeal(t *testing.T) {
	t.Parallel()
	x1, x2, h1, h2 := newX25519(t), newX25519(t), newHybrid(t), newHybrid(t)
	ed, rsa := newEd25519(t, ""), newRSA(t, "")
	for _, test := range []struct {
		name    string
		pairs   []pair
		stanzas []string
	}{
		{"X25519", []pair{x1}, []string{"X25519"}},
		{"hybrid", []pair{h1}, []string{"mlkem768x25519"}},
		{"ssh-ed25519", []pair{ed}, []string{"ssh-ed25519"}},
		{"ssh-rsa", []pair{rsa}, []string{"ssh-rsa"}},
		{"several", []pair{x1, ed, rsa, x2}, []string{"X25519", "X25519", "ssh-ed25519", "ssh-rsa"}},
		{"several hybrid", []pair{h1, h2}, []string{"mlkem768x25519", "mlkem768x25519"}},
		{"twice the same", []pair{x1, ed, x1, ed}, []string{"X25519", "ssh-ed25519"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var recipients []string
			for _, p := range test.pairs {
				recipients = append(recipients, p.recipient)
			}
			parsed := mustParse(t, recipients...)
			sealed := mustSeal(t, recipients...)
			const begin, end = "-----BEGIN AGE ENCRYPTED FILE-----\n", "\n-----END AGE ENCRYPTED FILE-----\n"
			if !strings.HasPrefix(sealed, begin) || !strings.HasSuffix(sealed, end) {
				t.Error("the sealed secret is not armored, or does not end with a newline")
			}
			if !strings.HasPrefix(sealed, age.Prefix) {
				t.Error("the sealed secret does not begin with Prefix")
			}
			for _, p := range test.pairs {
				mustOpen(t, sealed, p.identity)
			}
			var stanzas []string
			var named string
			for line := range strings.Lines(header(t, sealed)) {
				fields := strings.Fields(line)
				switch {
				case len(fields) == 0 || fields[0] != "->":
				case fields[1] == "github.com/iamkeys/recipients":
					named += line
				default:
					stanzas = append(stanzas, fields[1])
				}
			}
			slices.Sort(stanzas)
			if !slices.Equal(stanzas, test.stanzas) {
				t.Errorf("stanzas are %v, want %v", stanzas, test.stanzas)
			}
			if want := "-> github.com/iamkeys/recipients " + strings.Join(parsed.Fingerprints(), " ") + "\n"; named != want {
				t.Errorf("recipients are named %q, want %q", named, want)
			}
		})
	}
}

func TestSeal_randomized(t *testing.T) {
	t.Parallel()
	first := mustSeal(t, specX25519Recipient)
	if mustSeal(t, specX25519Recipient) == first {
		t.Error("the same secret is sealed to the same text twice")
	}
}

func TestSeal_limits(t *testing.T) {
	t.Parallel()
	p := newX25519(t)
	for _, size := range []int{0, 1, sealing.MaxPlaintext} {
		text := strings.Repeat("x", size)
		sealed, err := mustParse(t, p.recipient).Seal(t.Context(), now, secret.New(text))
		noError(t, err)
		opened, err := open(t, sealed, p.identity)
		noError(t, err)
		if opened.IsZero() || opened.Reveal() != text {
			t.Errorf("a secret of %d bytes differs", size)
		}
	}
	sealed, err := mustParse(t, p.recipient).Seal(t.Context(), now, secret.New(strings.Repeat("x", sealing.MaxPlaintext+1)))
	if sealed != "" || err == nil || err.Error() != "the plaintext has 16385 bytes, and at most 16384 can be sealed" {
		t.Errorf("a plaintext over the limit gives %v", err)
	}
}

func TestSeal_mostRecipients(t *testing.T) {
	t.Parallel()
	var recipients []string
	var last pair
	for range sealing.MaxRecipients {
		last = newHybrid(t)
		recipients = append(recipients, last.recipient)
	}
	text := strings.Repeat("x", sealing.MaxPlaintext)
	sealed, err := mustParse(t, recipients...).Seal(t.Context(), now, secret.New(text))
	noError(t, err)
	opened, err := open(t, sealed, last.identity)
	noError(t, err)
	if opened.Reveal() != text {
		t.Error("the secret differs")
	}
	wrong, err := open(t, sealed, newHybrid(t).identity)
	bad := refused(t, wrong, err)
	if bad.Failure != sealing.NoMatch || !slices.Equal(bad.Recipients, mustParse(t, recipients...).Fingerprints()) {
		t.Errorf("failure %s with %d recipients, want no_match with 100", bad.Failure, len(bad.Recipients))
	}
}

// wideLine is an ssh-rsa recipient of 16384 bits, number n. Nobody has its private key.
func wideLine(t *testing.T, n byte) string {
	t.Helper()
	raw := make([]byte, 16384/8)
	raw[0], raw[len(raw)-1], raw[1] = 0x80, 1, n
	key := struct {
		Type string
		E    []byte
		N    []byte
	}{"ssh-rsa", []byte{1, 0, 1}, append([]byte{0}, raw...)}
	return "ssh-rsa " + base64.StdEncoding.EncodeToString(ssh.Marshal(key))
}

func TestSeal_tooLongToOpen(t *testing.T) {
	t.Parallel()
	var recipients []string
	for n := range byte(80) {
		recipients = append(recipients, wideLine(t, n))
	}
	sealed, err := mustParse(t, recipients...).Seal(t.Context(), now, secret.New(plaintext))
	if sealed != "" || err == nil || !strings.HasPrefix(err.Error(), "sealed to these 80 recipients, the secret has ") {
		t.Errorf("got %d bytes and %v", len(sealed), err)
	}
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	hybrid, err := fage.ParseHybridIdentity(specHybridIdentity)
	noError(t, err)
	x, ed, rsa := newX25519(t), newEd25519(t, ""), newRSA(t, "")
	sorted := func(texts ...string) []string { slices.Sort(texts); return texts }
	for _, test := range []struct {
		name       string
		recipients []string
		want       []string
	}{
		{"X25519", []string{specX25519Recipient}, []string{specX25519Recipient}},
		// printf %s age1pq1... | sha256sum, of the example in c2sp.org/age, in base64.
		{"hybrid", []string{hybrid.Recipient().String()}, []string{"age1pq1:SHA256:oJHdfg7p1it1Fz3MmEQaBCS6qUHmaod25XCkrmD/Yeo"}},
		{"ssh-ed25519", []string{ed.recipient}, []string{ed.fingerprint}},
		{"ssh-rsa", []string{rsa.recipient}, []string{rsa.fingerprint}},
		{"order", []string{rsa.recipient, x.recipient, ed.recipient}, sorted(x.fingerprint, ed.fingerprint, rsa.fingerprint)},
		{"other order", []string{ed.recipient, rsa.recipient, x.recipient}, sorted(x.fingerprint, ed.fingerprint, rsa.fingerprint)},
		{"repeated", []string{x.recipient, ed.recipient, x.recipient}, sorted(x.fingerprint, ed.fingerprint)},
		{"comment", []string{ed.recipient + " ann@example.com, her laptop", rsa.recipient + "\tci"}, sorted(ed.fingerprint, rsa.fingerprint)},
		{"same key, other comment", []string{ed.recipient + " ann", ed.recipient + " bob"}, []string{ed.fingerprint}},
		{"white space", []string{"  " + x.recipient + "\n", "\t" + ed.recipient + "\r\n"}, sorted(x.fingerprint, ed.fingerprint)},
		{"tab", []string{strings.Replace(ed.recipient, " ", "\t", 1)}, []string{ed.fingerprint}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parsed := mustParse(t, test.recipients...)
			if got := parsed.Fingerprints(); !slices.Equal(got, test.want) {
				t.Errorf("Fingerprints() = %q, want %q", got, test.want)
			}
			parsed.Fingerprints()[0] = "changed"
			if got := parsed.Fingerprints(); !slices.Equal(got, test.want) {
				t.Error("a caller can change the fingerprints")
			}
		})
	}
}

// refusal is a list of recipients that is refused.
type refusal struct {
	name       string
	recipients []string
	// index and recipient are the position and the name of the bad recipient, problem is the rest of the text of the error,
	// and remedy is how its remedy begins.
	index                      int
	recipient, problem, remedy string
}

func TestParseRecipients_refused(t *testing.T) {
	t.Parallel()
	const (
		giveKey      = "Give a public key: age1... or age1pq1..., as age-keygen -y prints it"
		giveWhole    = "Copy the whole recipient again"
		giveOtherSSH = "Give an ssh-ed25519 key, an ssh-rsa key of at least 2048 bits"
		givePublic   = "Give its public key, as age-keygen -y or ssh-keygen -y prints it"
		giveOneKind  = "Give only age1pq1... recipients, or none of them."
		giveNoPlugin = "Give an age1... recipient without a plugin's name"
		plugin       = "needs an age plugin, and plugins are not supported"
		privateKey   = "is a private key"
		openPGPKey   = "is an OpenPGP key"
		unknown      = "is not an age recipient"
		otherKind    = "is an SSH key of a type that age can't encrypt to"
		mixed        = "can't be mixed with those before it: with post-quantum recipients (age1pq1...) and others in one list, " +
			"a quantum computer could open the secret through the others"
		lowOrder  = "can't be encrypted to: crypto/ecdh: bad X25519 remote ECDH input: low order point"
		yubikey   = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt"
		skEd25519 = "sk-ssh-ed25519@openssh.com"
	)
	x, h, ed, rsaPair, ec := newX25519(t), newHybrid(t), newEd25519(t, ""), newRSA(t, ""), newECDSA(t)
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // to be refused
	noError(t, err)
	smallLine, smallFingerprint := sshLine(t, &small.PublicKey)
	_, edBlob, _ := strings.Cut(ed.recipient, " ")
	flipped := []byte(specX25519Recipient)
	flipped[20] ^= 'q' ^ 'p'
	skEd := skEd25519 + " " + base64.StdEncoding.EncodeToString(
		ssh.Marshal(struct{ Type, Key, App string }{skEd25519, strings.Repeat("k", 32), "ssh:"}))
	identityPoint := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(
		ssh.Marshal(struct{ Type, Key string }{"ssh-ed25519", "\x01" + strings.Repeat("\x00", 31)}))
	identityKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(identityPoint))
	noError(t, err)
	hybridName := mustParse(t, h.recipient).Fingerprints()[0]
	openpgp := string(pem.EncodeToMemory(&pem.Block{Type: "PGP PUBLIC KEY BLOCK", Bytes: []byte("key")}))

	for _, test := range []refusal{
		{"nothing", nil, 0, "", "is missing", giveKey},
		{"empty", []string{x.recipient, ""}, 1, "", "is empty", giveKey},
		{"blank", []string{" \n"}, 0, "", "is empty", giveKey},
		{"too many", slices.Repeat([]string{x.recipient}, 101), 100, "", "is one too many: at most 100 are allowed", "Give fewer"},
		{"too large", []string{strings.Repeat("a", sealing.MaxRecipient+1)}, 0, "", "has 524289 bytes, more than any public key", giveKey},
		{"checksum", []string{string(flipped)}, 0, specX25519Recipient[:16] + "...", "is malformed: invalid checksum", giveWhole},
		{"cut off", []string{specX25519Recipient[:40]}, 0, specX25519Recipient[:16] + "...", "is malformed: invalid checksum", giveWhole},
		{"bare prefix", []string{"age1"}, 0, "age1", "is malformed: separator '1' at invalid position: pos=3, len=4", giveWhole},
		{"mixed case", []string{"age1Zvkyg2lqzraa2lnjv"}, 0, "age1Zvkyg2lqzraa...", "is malformed: mixed case", giveWhole},
		{"upper case", []string{strings.ToUpper(specX25519Recipient)}, 0, "", unknown, giveKey},
		{"control characters", []string{"age1q\x1b[2jqqqqqqq"}, 0, "age1q...", "is malformed: invalid character data part: s[1]=27", giveWhole},
		{
			"hybrid checksum",
			[]string{h.recipient[:1000] + h.recipient[1001:]},
			0, h.recipient[:16] + "...", "is malformed: invalid checksum", giveWhole,
		},
		{"age identity", []string{x.identity}, 0, "", privateKey, givePublic},
		{"age identity in lower case", []string{strings.ToLower(x.identity)}, 0, "", privateKey, givePublic},
		{"hybrid identity", []string{h.identity}, 0, "", privateKey, givePublic},
		{"identity file", []string{"# created: today\n# public key: " + x.recipient + "\n" + x.identity + "\n"}, 0, "", privateKey, givePublic},
		{"identity after recipient", []string{x.recipient + " " + x.identity}, 0, "", privateKey, givePublic},
		{"OpenSSH private key", []string{x.recipient, ed.identity}, 1, "", privateKey, givePublic},
		{"plugin identity", []string{"AGE-PLUGIN-YUBIKEY-1GKZCSQZ"}, 0, "", privateKey, givePublic},
		{"plugin", []string{yubikey}, 0, "age1yubikey1q2w7...", plugin, giveNoPlugin},
		{"tagged", []string{"age1tag1qqqqqqqq"}, 0, "age1tag1qqqqqqqq", plugin, giveNoPlugin},
		{"passphrase", []string{"correct horse battery staple"}, 0, "", unknown, giveKey},
		{"file name", []string{"~/.ssh/id_ed25519.pub"}, 0, "", unknown, giveKey},
		{"ssh-keygen -l", []string{ed.fingerprint}, 0, "", unknown, giveKey},
		{"two lines", []string{x.recipient + "\n" + ed.recipient}, 0, "", "has several lines", "Give each public key as a string of its own"},
		{"OpenPGP", []string{openpgp}, 0, "", openPGPKey, "Encrypt to it with OpenPGP."},
		{"ECDSA", []string{ec.recipient}, 0, "ecdsa-sha2-nistp256", otherKind, giveOtherSSH},
		{"DSA", []string{dsaLine(t)}, 0, "ssh-dss", otherKind, giveOtherSSH},
		{"security key", []string{skEd}, 0, skEd25519, otherKind, giveOtherSSH},
		{"token that begins like SSH", []string{"sk-live-0123456789abcdef"}, 0, "", unknown, giveKey},
		{"small RSA", []string{smallLine}, 0, smallFingerprint, "is an RSA key of only 1024 bits", giveOtherSSH},
		{"SSH type alone", []string{"ssh-ed25519"}, 0, "ssh-ed25519", "is malformed: there is no key after its type", giveWhole},
		{"SSH cut off", []string{ed.recipient[:40]}, 0, "ssh-ed25519", "is malformed: its base64 is not a whole key", giveWhole},
		{"SSH not base64", []string{"ssh-rsa -o AAAA"}, 0, "ssh-rsa", "is malformed: illegal base64 data at input byte 0", giveWhole},
		{"SSH of another type", []string{"ssh-rsa " + edBlob}, 0, "ssh-rsa", "is malformed: its actual type is ssh-ed25519", giveWhole},
		{"SSH options", []string{`command="id" ` + ed.recipient}, 0, "", unknown, giveKey},
		{"point of low order", []string{identityPoint}, 0, ssh.FingerprintSHA256(identityKey), lowOrder, "Create a new key"},
		{"hybrid after others", []string{x.recipient, rsaPair.recipient, h.recipient}, 2, hybridName, mixed, giveOneKind},
		{"others after hybrid", []string{h.recipient, ed.recipient}, 1, ed.fingerprint, mixed, giveOneKind},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := age.ParseRecipients(test.recipients)
			if parsed != nil {
				t.Fatal("the recipients are accepted")
			}
			bad, ok := errors.AsType[*sealing.RecipientError](err)
			if !ok {
				t.Fatalf("the error is %T, want *sealing.RecipientError", err)
			}
			if bad.Index != test.index || bad.Name != test.recipient {
				t.Errorf("the error is about recipient %d (%s), want %d (%s)", bad.Index, bad.Name, test.index, test.recipient)
			}
			want := fmt.Sprintf("recipient %d (%s) %s", test.index+1, test.recipient, test.problem)
			if got := bad.Error(); got != strings.Replace(want, " ()", "", 1) {
				t.Errorf("the error is\n%s, want\n%s", got, want)
			}
			if !strings.HasPrefix(bad.Remedy, test.remedy) || !strings.HasSuffix(bad.Remedy, ".") {
				t.Errorf("the remedy is %q, want %q", bad.Remedy, test.remedy)
			}
			if want := test.problem == privateKey; bad.Private != want {
				t.Errorf("Private = %v, want %v", bad.Private, want)
			}
			if want := test.problem == openPGPKey; (bad.Method == sealing.OpenPGP) != want || (bad.Method == "") == want {
				t.Errorf("Method = %q, want that it names OpenPGP: %v", bad.Method, want)
			}
		})
	}
}

func TestParseRecipients_largestList(t *testing.T) {
	t.Parallel()
	recipients := slices.Repeat([]string{specX25519Recipient}, sealing.MaxRecipients)
	if got := fmt.Sprint(mustParse(t, recipients...).Fingerprints()); got != "["+specX25519Recipient+"]" {
		t.Errorf("Fingerprints() = %s", got)
	}
}
