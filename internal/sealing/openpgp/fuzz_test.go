package openpgp_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func FuzzOpen(f *testing.F) {
	key := newKey(f, configAt(created, 0))
	sealed := seal(f, key)
	identity := private(f, key)
	for _, text := range []string{
		sealed, sealed[:200], message(f, binary(f, sealed)), message(f, nil), "", plaintext.Reveal(),
		encryptPackets(f, key, literal(f, 9), false), encryptPackets(f, key, compressed(f, literal(f, 1<<20), 2), true),
		message(f, literal(f, 9)), public(f, key), base64.StdEncoding.EncodeToString([]byte(sealed)),
	} {
		f.Add(text, identity)
		f.Add(sealed, text)
	}
	f.Fuzz(func(t *testing.T, text, identity string) {
		opened, err := openpgp.NewOpener(identity, secret.Secret{}).Open(t.Context(), text)
		if err != nil {
			_ = openFailure(t, opened, err)
		}
	})
}

func FuzzParseRecipients(f *testing.F) {
	key := newKey(f, configAt(created, year))
	both := public(f, key, newExpiringSubkey(f, created, day))
	for _, text := range []string{
		both, inBase64(f, both), public(f, key) + both, both[:300], private(f, key), seal(f, key), "", "keybase:ann",
		public(f, revoke(f, newKey(f, configAt(created, 0)), packet.NoReason)),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := openpgp.ParseRecipients([]string{text})
		var bad *sealing.RecipientError
		if err != nil {
			if !errors.As(err, &bad) || bad.Problem == "" || bad.Remedy == "" {
				t.Fatalf("the error is %v, want a *sealing.RecipientError", err)
			}
			return
		}
		if fingerprints := r.Fingerprints(); len(fingerprints) == 0 || !slices.IsSorted(fingerprints) {
			t.Errorf("Fingerprints() = %v", fingerprints)
		}
		_, err = r.Seal(t.Context(), now, plaintext)
		if until := r.SealableUntil(); err != nil && !errors.As(err, &bad) || err == nil && !until.IsZero() && !now.Before(until) {
			t.Errorf("sealable until %v, Seal: %v", until, err)
		}
	})
}
