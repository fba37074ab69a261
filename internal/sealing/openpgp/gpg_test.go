package openpgp_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const gpgPath = "/usr/bin/gpg"

// gnuPG is the gpg program with a home directory of its own.
type gnuPG struct{ home string }

func newGnuPG(t *testing.T) gnuPG {
	t.Helper()
	foreign.Require(t, "gnupg", gpgPath, "--version")
	// The agent listens on a socket in the home directory, whose path has to be short: no t.TempDir.
	home, err := os.MkdirTemp("/tmp", "gpg") //nolint:usetesting // see above
	noError(t, err)
	// Without this the agent measures, for each key, which work factor takes a tenth of a second.
	noError(t, os.WriteFile(filepath.Join(home, "gpg-agent.conf"), []byte("s2k-count 65536\n"), 0o600))
	t.Cleanup(func() {
		// Without this the agent would keep running. t.Context is already canceled.
		kill := exec.Command("/usr/bin/gpgconf", "--homedir", home, "--kill", "all") //nolint:noctx // see above
		if out, err := kill.CombinedOutput(); err != nil {
			t.Errorf("gpgconf --kill: %v: %s", err, out)
		}
		noError(t, os.RemoveAll(home))
	})
	return gnuPG{home}
}

// run returns the output of gpg, whose clock is stopped at a time.
func (g gnuPG) run(t *testing.T, at time.Time, input string, args ...string) []byte {
	t.Helper()
	fixed := []string{
		"--homedir", g.home, "--batch", "--no-tty", "--quiet", "--pinentry-mode", "loopback", "--trust-model", "always",
		"--faked-system-time", at.Format("20060102T150405") + "!",
	}
	command := exec.CommandContext(t.Context(), gpgPath, append(fixed, args...)...) //nolint:gosec // all from this file
	command.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + g.home, "LC_ALL=C"}
	command.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("gpg %s: %v: %s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// generate creates a key that expires after a number of days; 0 means never. It returns the fingerprint.
func (g gnuPG) generate(t *testing.T, parameters, passphrase string, days int) string {
	t.Helper()
	protection := "%no-protection"
	if passphrase != "" {
		protection = "Passphrase: " + passphrase
	}
	userID := "Name-Real: Ops\nName-Email: ops@example.com"
	input := fmt.Sprintf("%s\n%s\nExpire-Date: %d\n%s\n%%commit\n", parameters, userID, days, protection)
	g.run(t, created, input, "--generate-key")
	for line := range strings.Lines(string(g.run(t, created, "", "--list-keys", "--with-colons"))) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" {
			return fields[9]
		}
	}
	t.Fatal("gpg lists no key")
	return ""
}

// Parameters of keys, as gpg --generate-key reads them.
const (
	ed25519Parameters = "Key-Type: EDDSA\nKey-Curve: ed25519" + signing + "Subkey-Type: ECDH\nSubkey-Curve: cv25519" + encryption
	rsaParameters     = "Key-Type: RSA\nKey-Length: 2048" + signing + "Subkey-Type: RSA\nSubkey-Length: 2048" + encryption
	p256              = "Key-Type: ECDSA\nKey-Curve: nistp256" + signing + "Subkey-Type: ECDH\nSubkey-Curve: nistp256" + encryption
	secp256k1         = "Key-Type: ECDSA\nKey-Curve: secp256k1" + signing + "Subkey-Type: ECDH\nSubkey-Curve: secp256k1" + encryption
	signOnly          = "Key-Type: EDDSA\nKey-Curve: ed25519" + signing
	dsaOnly           = "Key-Type: DSA\nKey-Length: 2048" + signing
	// One key for everything, as old programs create it.
	rsaOneKey = "Key-Type: RSA\nKey-Length: 3072\nKey-Usage: cert,sign,encrypt"
	weakRSA   = "Key-Type: RSA\nKey-Length: 1024\nKey-Usage: cert,sign,encrypt"

	signing    = "\nKey-Usage: cert,sign\n"
	encryption = "\nSubkey-Usage: encrypt"
)

func TestGnuPG_bothWays(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ parameters, passphrase string }{
		"ed25519":             {ed25519Parameters, ""},
		"ed25519, passphrase": {ed25519Parameters, passphrase},
		"RSA":                 {rsaParameters, ""},
		"RSA, passphrase":     {rsaParameters, passphrase},
		"RSA, one key":        {rsaOneKey, passphrase},
		"P-256":               {p256, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gpg := newGnuPG(t)
			want := gpg.generate(t, test.parameters, test.passphrase, 0)
			armored := string(gpg.run(t, now, "", "--armor", "--export", want))
			recipients := parse(t, armored, base64.StdEncoding.EncodeToString(gpg.run(t, now, "", "--export", want)))
			if got := recipients.Fingerprints(); !slices.Equal(got, []string{want}) {
				t.Fatalf("Fingerprints() = %v, want %s", got, want)
			}
			if got := recipients.SealableUntil(); !got.IsZero() {
				t.Errorf("SealableUntil() = %v, want never", got)
			}

			// A line end and bytes that are not text must survive.
			sent := secret.New(plaintext.Reveal() + "\r\n\x00\xff\n")
			sealed, err := recipients.Seal(t.Context(), now, sent)
			noError(t, err)
			sameSecret(t, secret.New(string(gpg.run(t, now, sealed, "--passphrase", test.passphrase, "--decrypt"))), sent)

			identity := gpg.run(t, now, "", "--passphrase", test.passphrase, "--armor", "--export-secret-keys", want)
			opener := openpgp.NewOpener(string(identity), secret.New(test.passphrase))
			for form, args := range map[string][]string{
				"plain":   {"--encrypt", "--armor", "--recipient", want},
				"hidden":  {"--encrypt", "--armor", "--hidden-recipient", want},
				"packed":  {"--encrypt", "--armor", "--recipient", want, "--compress-algo", "bzip2"},
				"signed":  {"--encrypt", "--armor", "--recipient", want, "--sign", "--passphrase", test.passphrase},
				"comment": {"--encrypt", "--armor", "--recipient", want, "--comment", "a comment", "--emit-version"},
			} {
				opened, err := opener.Open(t.Context(), string(gpg.run(t, now, sent.Reveal(), args...)))
				if err != nil {
					t.Errorf("%s: %v", form, err)
					continue
				}
				sameSecret(t, opened, sent)
			}
			ours, err := opener.Open(t.Context(), sealed)
			noError(t, err)
			sameSecret(t, ours, sent)
		})
	}
}

func TestGnuPG_severalRecipients(t *testing.T) {
	t.Parallel()
	ann, bob, eve := newGnuPG(t), newGnuPG(t), newGnuPG(t)
	var exports []string
	for gpg, parameters := range map[gnuPG]string{ann: ed25519Parameters, bob: rsaParameters, eve: ed25519Parameters} {
		id := gpg.generate(t, parameters, "", 0)
		if gpg != eve {
			exports = append(exports, string(gpg.run(t, now, "", "--armor", "--export", id)))
		}
	}
	sealed, err := parse(t, exports...).Seal(t.Context(), now, plaintext)
	noError(t, err)
	for _, gpg := range []gnuPG{ann, bob} {
		sameSecret(t, secret.New(string(gpg.run(t, now, sealed, "--decrypt"))), plaintext)
	}
	stranger := string(eve.run(t, now, "", "--export-secret-keys", "--armor"))
	opened, err := openpgp.NewOpener(stranger, secret.Secret{}).Open(t.Context(), sealed)
	if failure := openFailure(t, opened, err); failure.Failure != sealing.NoMatch || len(failure.Recipients) != 2 {
		t.Errorf("got %s, %v; want %s and both recipients", failure.Failure, failure.Recipients, sealing.NoMatch)
	}
}

func TestGnuPG_identities(t *testing.T) {
	t.Parallel()
	gpg := newGnuPG(t)
	id := gpg.generate(t, ed25519Parameters, passphrase, 0)
	sealed, err := parse(t, string(gpg.run(t, now, "", "--armor", "--export", id))).Seal(t.Context(), now, plaintext)
	noError(t, err)
	whole := string(gpg.run(t, now, "", "--passphrase", passphrase, "--armor", "--export-secret-keys", id))
	// Only the secret part of the subkey is exported, not that of the primary key.
	subkeys := string(gpg.run(t, now, "", "--passphrase", passphrase, "--armor", "--export-secret-subkeys", id))
	// The same with a primary key that encrypts: what is exported can't open anything.
	old := newGnuPG(t)
	oldID := old.generate(t, rsaOneKey, "", 0)
	old.run(t, now, "", "--passphrase", "", "--quick-add-key", oldID, "ed25519", "sign", "never")
	sealedToOld, err := parse(t, string(old.run(t, now, "", "--armor", "--export", oldID))).Seal(t.Context(), now, plaintext)
	noError(t, err)
	stub := string(old.run(t, now, "", "--armor", "--export-secret-subkeys", oldID))
	opened, err := openpgp.NewOpener(stub, secret.Secret{}).Open(t.Context(), sealedToOld)
	const lacking = "the secret part of the key is missing: it may be elsewhere or on a smart card"
	if failure := openFailure(t, opened, err); failure.Failure != sealing.BadIdentity || failure.Detail != lacking {
		t.Errorf("got %s, %q; want %s, %q", failure.Failure, failure.Detail, sealing.BadIdentity, lacking)
	}

	for name, test := range map[string]struct {
		identity, passphrase, detail string
	}{
		"whole":            {whole, passphrase, ""},
		"subkeys":          {subkeys, passphrase, ""},
		"wrong passphrase": {whole, "wrong horse", "the passphrase is wrong"},
		"no passphrase":    {subkeys, "", "it is protected by a passphrase, and none is given"},
	} {
		opened, err := openpgp.NewOpener(test.identity, secret.New(test.passphrase)).Open(t.Context(), sealed)
		if test.detail == "" {
			noError(t, err)
			sameSecret(t, opened, plaintext)
			continue
		}
		failure := openFailure(t, opened, err, passphrase, "wrong horse")
		if failure.Failure != sealing.BadIdentity || failure.Detail != test.detail || !slices.Equal(failure.Recipients, []string{id}) {
			t.Errorf("%s: got %s, %q, %v", name, failure.Failure, failure.Detail, failure.Recipients)
		}
	}
}

func TestGnuPG_expiry(t *testing.T) {
	t.Parallel()
	gpg := newGnuPG(t)
	id := gpg.generate(t, ed25519Parameters, "", 200)
	before := parse(t, string(gpg.run(t, now, "", "--armor", "--export", id)))
	if got, want := before.SealableUntil(), created.Add(200*day); !got.Equal(want) {
		t.Fatalf("SealableUntil() = %v, want %v", got, want)
	}
	_, err := before.Seal(t.Context(), before.SealableUntil(), plaintext)
	var bad *sealing.RecipientError
	if !errors.As(err, &bad) || bad.Name != id {
		t.Fatalf("the error is %v, want a *sealing.RecipientError of %s", err, id)
	}

	// The commands of the remedy.
	for _, command := range [][]string{{"--quick-set-expire", id, "1y"}, {"--quick-set-expire", id, "1y", "*"}} {
		if !strings.Contains(bad.Remedy, "gpg "+strings.Join(command[:3], " ")) {
			t.Fatalf("the remedy is %q, without %q", bad.Remedy, command)
		}
		gpg.run(t, now, "", command...)
	}
	after := parse(t, string(gpg.run(t, now, "", "--armor", "--export", id)))
	if !slices.Equal(before.Fingerprints(), after.Fingerprints()) {
		t.Error("an extended expiry changes the fingerprints")
	}
	until := after.SealableUntil()
	if want := now.Add(year); until.Before(want.Add(-day)) || until.After(want.Add(day)) {
		t.Errorf("SealableUntil() = %v, want %v", until, want)
	}
	sealed, err := after.Seal(t.Context(), until.Add(-time.Second), plaintext)
	noError(t, err)
	sameSecret(t, secret.New(string(gpg.run(t, until.Add(year), sealed, "--decrypt"))), plaintext)
}

func TestGnuPG_refused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ parameters, problem string }{
		"sign only": {signOnly, cantEncrypt},
		"RSA 1024":  {weakRSA, tooWeak},
		"secp256k1": {secp256k1, tooWeak},
		"DSA":       {dsaOnly, tooWeak},
		"revoked":   {ed25519Parameters, "is revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gpg := newGnuPG(t)
			id := gpg.generate(t, test.parameters, "", 0)
			if name == "revoked" {
				certificate, err := os.ReadFile(filepath.Join(gpg.home, "openpgp-revocs.d", id+".rev"))
				noError(t, err)
				// gpg writes a colon before it, so that nobody imports it by accident.
				gpg.run(t, now, strings.Replace(string(certificate), ":-----BEGIN", "-----BEGIN", 1), "--import")
			}
			_, err := openpgp.ParseRecipients([]string{string(gpg.run(t, now, "", "--armor", "--export", id))})
			var bad *sealing.RecipientError
			if !errors.As(err, &bad) || bad.Problem != test.problem || bad.Name != id {
				t.Errorf("the error is %v, want: %s %s", err, id, test.problem)
			}
		})
	}
}
