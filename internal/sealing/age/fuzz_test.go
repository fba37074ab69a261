package age_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	fage "filippo.io/age"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var fingerprint = regexp.MustCompile(`^(age1[02-9a-z]{58}|(age1pq1:)?SHA256:[0-9A-Za-z+/]{43})$`)

// printable matches the texts that an error may have.
var printable = regexp.MustCompile(`^[[:print:]]*$`)

func FuzzParseRecipients(f *testing.F) {
	for _, p := range []pair{newX25519(f), newHybrid(f), newEd25519(f, ""), newRSA(f, ""), newECDSA(f)} {
		f.Add(p.recipient)
		f.Add(p.recipient + " a comment")
		f.Add(p.recipient[:len(p.recipient)/2])
		f.Add(p.identity)
	}
	f.Add("age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt")
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDTE5AAAAAAAIH+K")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := age.ParseRecipients([]string{text})
		if err != nil {
			bad, ok := errors.AsType[*sealing.RecipientError](err)
			if parsed != nil || !ok {
				t.Fatalf("the error is %T, want *sealing.RecipientError alone", err)
			}
			if bad.Problem == "" || bad.Remedy == "" || len(bad.Error()) > 400 || !printable.MatchString(bad.Error()) {
				t.Fatal("the error does not say what to do, is too long, or can't be printed")
			}
			if strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY-") && bad.Name != "" {
				t.Fatal("the error shows the beginning of a private key")
			}
			return
		}
		fingerprints := parsed.Fingerprints()
		if len(fingerprints) != 1 || !fingerprint.MatchString(fingerprints[0]) {
			t.Fatalf("Fingerprints() = %q", fingerprints)
		}
		again, err := age.ParseRecipients([]string{" " + text + "\n", text})
		if err != nil || !slices.Equal(again.Fingerprints(), fingerprints) {
			t.Fatal("white space and repetition change the fingerprints")
		}
		if _, err := parsed.Seal(t.Context(), now, secret.New(plaintext)); err != nil {
			t.Fatalf("nothing can be sealed to what was accepted: %v", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	key, err := fage.ParseX25519Identity(specX25519Identity)
	noError(f, err)
	ed := newEd25519(f, "")
	f.Add(specX25519Identity, mustSeal(f, specX25519Recipient))
	f.Add(specX25519Identity, encrypt(f, plaintext, key.Recipient()))
	f.Add("# mine\n"+specX25519Identity+"\n", mustSeal(f, specX25519Recipient, ed.recipient))
	f.Add(ed.identity, mustSeal(f, ed.recipient))
	f.Add(newRSA(f, "").identity, mustSeal(f, newRSA(f, "").recipient))
	f.Add(newEd25519(f, passphrase).identity, mustSeal(f, ed.recipient))
	f.Add(specHybridIdentity, "")
	f.Fuzz(func(t *testing.T, identity, sealed string) {
		opened, err := open(t, sealed, identity)
		if err == nil {
			// Only the seeds can be opened: a forged ciphertext would break age.
			if opened.Reveal() != plaintext {
				t.Fatal("the opened secret differs from every sealed one")
			}
			return
		}
		bad := refused(t, opened, err)
		if !printable.MatchString(bad.Error()) {
			t.Fatal("the error can't be printed")
		}
		for _, name := range bad.Recipients {
			if !fingerprint.MatchString(name) && !strings.HasSuffix(name, "... (ssh-ed25519)") && !strings.HasSuffix(name, "... (ssh-rsa)") {
				t.Fatalf("%q is not a fingerprint", name)
			}
		}
		_, key, _ := strings.Cut(identity, "AGE-SECRET-KEY-1")
		if len(key) >= 8 && strings.Contains(bad.Error(), key[:8]) {
			t.Fatal("the error shows a part of the private key")
		}
	})
}
