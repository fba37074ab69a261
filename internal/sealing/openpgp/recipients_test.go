package openpgp_test

import (
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/elgamal"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/openpgp"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func fingerprint(key *pgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint))
}

func TestParseRecipients_refused(t *testing.T) {
	t.Parallel()
	good := newKey(t, configAt(created, 0))
	goodText := public(t, good)
	revoked := revoke(t, newKey(t, configAt(created, 0)), packet.KeyCompromised)
	retired := revoke(t, newKey(t, configAt(created, 0)), packet.KeyRetired)
	signOnly := newKeyWith(t, func(e *pgp.Entity) error { return e.AddSigningSubkey(configAt(created, 0)) })
	noSubkey := newKeyWith(t, func(*pgp.Entity) error { return nil })
	elGamal := newKeyWith(t, func(e *pgp.Entity) error {
		return addForeignSubkey(e, packet.NewElGamalPrivateKey(created, &elgamal.PrivateKey{
			PublicKey: elgamal.PublicKey{P: big.NewInt(1<<61 - 1), G: big.NewInt(37), Y: big.NewInt(1 << 40)}, X: big.NewInt(3),
		}))
	})
	evenModulus := newKeyWith(t, func(e *pgp.Entity) error {
		return addForeignSubkey(e, packet.NewRSAPrivateKey(created, &rsa.PrivateKey{
			PublicKey: rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(3), 2046), E: 65537},
		}))
	})
	revokedSubkey := newKey(t, configAt(created, 0))
	noError(t, revokedSubkey.Subkeys[0].Revoke(packet.KeySuperseded, "", configAt(now, 0)))
	forged := newKey(t, configAt(created, 0))
	for _, identity := range forged.Identities {
		certification := identity.SelfCertifications[0].Packet
		noError(t, certification.SignUserId("Somebody Else", forged.PrimaryKey, forged.PrivateKey, configAt(created, 0)))
	}
	nameless := newKey(t, configAt(created, 0))
	nameless.Identities = nil
	crowd := make([]*pgp.Entity, sealing.MaxRecipients+1)
	for i := range crowd {
		crowd[i] = newKey(t, configAt(created, 0))
	}
	rsa1024 := configAt(created, 0)
	rsa1024.Algorithm, rsa1024.RSABits = packet.PubKeyAlgoRSA, 1024
	weakRSA := newKey(t, rsa1024)
	privateText := private(t, good)

	for _, test := range []struct {
		name    string
		keys    []string
		index   int
		key     string
		problem string
	}{
		{"no key", nil, 0, "", "is missing"},
		{"an empty text", []string{goodText, " \n"}, 1, "", "is empty"},
		{"too many", slices.Repeat([]string{goodText}, 101), 100, "", "is one too many: at most 100 are allowed"},
		{"too many in one text", []string{public(t, crowd...)}, 0, "", "is one too many: at most 100 are allowed"},
		{"too large", []string{strings.Repeat("A", 524289)}, 0, "", "has 524289 bytes, and at most 524288 are allowed"},
		{"garbage", []string{"ops@example.com"}, 0, "", noKey},
		{"base64 of garbage", []string{"b3BzQGV4YW1wbGUuY29t"}, 0, "", otherData},
		{"an SSH key", []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"}, 0, "", noKey},
		{"a message", []string{seal(t, good)}, 0, "", noKey},
		{"a Keybase user", []string{"keybase:ann"}, 0, "", "is the name of a Keybase user, and names are not looked up"},
		{"armor without its end", []string{goodText[:len(goodText)-40]}, 0, "", cutOff},
		{"armor without its middle", []string{goodText[:200] + goodText[len(goodText)-40:]}, 0, "", cutOff},
		{"base64 cut off", []string{inBase64(t, goodText)[:400]}, 0, "", cutOff},
		{"a second block that is cut off", []string{goodText + goodText[:100]}, 0, "", cutOff},
		{"garbage after a key", []string{inBase64(t, goodText) + "AAAA"}, 0, "", otherData},
		{"a key without user id", []string{public(t, good, nameless)}, 0, "", otherData},
		{"a private key", []string{goodText, privateText}, 1, "", "is a private key"},
		{"a private key in base64", []string{inBase64(t, privateText)}, 0, "", "is a private key"},
		{"a private key cut off", []string{privateText[:200]}, 0, "", "is a private key"},
		{"a private key in PEM", []string{"-----BEGIN RSA PRIVATE KEY-----"}, 0, "", "is a private key"},
		{"compromised", []string{goodText, public(t, good, revoked)}, 1, fingerprint(revoked), "is revoked"},
		{"retired later", []string{public(t, retired)}, 0, fingerprint(retired), "is revoked"},
		{"revoked subkey", []string{public(t, revokedSubkey)}, 0, fingerprint(revokedSubkey), cantEncrypt + ": it is revoked"},
		{"signs only", []string{public(t, signOnly)}, 0, fingerprint(signOnly), cantEncrypt},
		{"without subkeys", []string{public(t, noSubkey)}, 0, fingerprint(noSubkey), cantEncrypt},
		{
			"forged user id",
			[]string{public(t, forged)},
			0, fingerprint(forged),
			"has no valid user id: all are revoked, or not signed by the key itself",
		},
		{"RSA 1024", []string{public(t, weakRSA)}, 0, fingerprint(weakRSA), tooWeak},
		{"ElGamal", []string{public(t, elGamal)}, 0, fingerprint(elGamal), tooWeak},
		{
			"an impossible key",
			[]string{public(t, evenModulus)},
			0, fingerprint(evenModulus),
			"can't be encrypted to: its numbers are not those of a valid key",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := openpgp.ParseRecipients(test.keys)
			bad, ok := errors.AsType[*sealing.RecipientError](err)
			if !ok {
				t.Fatalf("the error is %v, want a *sealing.RecipientError", err)
			}
			if bad.Index != test.index || bad.Name != test.key || bad.Problem != test.problem {
				t.Errorf("got %d, %q, %q; want %d, %q, %q", bad.Index, bad.Name, bad.Problem, test.index, test.key, test.problem)
			}
			if bad.Remedy == "" || !strings.HasSuffix(bad.Remedy, ".") {
				t.Errorf("the remedy %q is not a sentence", bad.Remedy)
			}
			if want := test.problem == "is a private key"; bad.Private != want {
				t.Errorf("Private = %v, want %v", bad.Private, want)
			}
			if bad.Err != nil {
				t.Error("a cause is shown, which may quote the key")
			}
		})
	}
}

func TestParseRecipients_forms(t *testing.T) {
	t.Parallel()
	ann, bob := newKey(t, configAt(created, 0)), newKey(t, configAt(created, 0))
	both := []string{fingerprint(ann), fingerprint(bob)}
	slices.Sort(both)
	base64Text := inBase64(t, public(t, ann, bob))
	for name, keys := range map[string][]string{
		"two texts":              {public(t, ann), public(t, bob)},
		"the other order":        {public(t, bob), public(t, ann)},
		"one block":              {public(t, ann, bob)},
		"two blocks":             {public(t, ann) + public(t, bob)},
		"given twice":            {public(t, ann, bob), public(t, bob)},
		"words around":           {"pub ed25519\n" + public(t, ann) + "and\n" + public(t, bob) + "\n"},
		"indented":               {strings.ReplaceAll(public(t, ann, bob), "\n", "\n    ")},
		"carriage returns":       {strings.ReplaceAll(public(t, ann, bob), "\n", "\r\n")},
		"base64":                 {base64Text},
		"base64 with line ends":  {base64Text[:76] + "\r\n" + base64Text[76:152] + "\n" + base64Text[152:] + "\n"},
		"another user id":        {public(t, addUserID(t, ann)), public(t, bob)},
		"an extended expiry":     {public(t, recertify(t, ann, now, 3*year)), public(t, bob)},
		"another subkey":         {public(t, addSubkey(t, ann)), public(t, bob)},
		"base64 beside an armor": {inBase64(t, public(t, bob)), public(t, ann)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parse(t, keys...).Fingerprints(); !slices.Equal(got, both) {
				t.Errorf("Fingerprints() = %v, want %v", got, both)
			}
		})
	}
}

func addUserID(tb testing.TB, key *pgp.Entity) *pgp.Entity {
	tb.Helper()
	noError(tb, key.AddUserId("Ops", "", "ops@example.org", configAt(now, 0)))
	return key
}

func addSubkey(tb testing.TB, key *pgp.Entity) *pgp.Entity {
	tb.Helper()
	noError(tb, key.AddEncryptionSubkey(configAt(now, 0)))
	return key
}

func TestSealableUntil(t *testing.T) {
	t.Parallel()
	forever := newKey(t, configAt(created, 0))
	expiring := newKey(t, configAt(created, year))
	for _, test := range []struct {
		name  string
		keys  []*pgp.Entity
		until time.Time
	}{
		{"never", []*pgp.Entity{forever}, time.Time{}},
		{"the primary key", []*pgp.Entity{expiring}, created.Add(year)},
		{"the first of two", []*pgp.Entity{forever, expiring, newKey(t, configAt(created, 2*year))}, created.Add(year)},
		{"the only subkey", []*pgp.Entity{newExpiringSubkey(t, created, 300*day)}, created.Add(300 * day)},
		{"the last subkey", []*pgp.Entity{newKeyWith(t, func(e *pgp.Entity) error {
			return errors.Join(
				e.AddEncryptionSubkey(configAt(created, 300*day)),
				e.AddEncryptionSubkey(configAt(created, 200*day)),
				e.AddSigningSubkey(configAt(created, 0)),
			)
		})}, created.Add(300 * day)},
		{"a later subkey", []*pgp.Entity{newKeyWith(t, func(e *pgp.Entity) error {
			// For ten days there is no subkey.
			return errors.Join(
				e.AddEncryptionSubkey(configAt(created, 10*day)),
				e.AddEncryptionSubkey(configAt(created.Add(20*day), 300*day)),
			)
		})}, created.Add(320 * day)},
		{"extended", []*pgp.Entity{recertify(t, newKey(t, configAt(created, 200*day)), now, year)}, created.Add(year)},
		{"extended after it had expired", []*pgp.Entity{recertify(t, newKey(t, configAt(created, day)), now, year)}, created.Add(year)},
		{"shortened", []*pgp.Entity{recertify(t, newKey(t, configAt(created, year)), now, 200*day)}, created.Add(200 * day)},
		{"no longer expiring", []*pgp.Entity{recertify(t, newKey(t, configAt(created, day)), now, 0)}, time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := parse(t, public(t, test.keys...))
			if got := r.SealableUntil(); !got.Equal(test.until) {
				t.Fatalf("SealableUntil() = %v, want %v", got, test.until)
			}
			last := test.until.Add(-time.Second)
			if test.until.IsZero() {
				last = created.Add(100 * year)
			}
			if _, err := r.Seal(t.Context(), last, plaintext); err != nil {
				t.Errorf("the last second: %v", err)
			}
			if test.until.IsZero() {
				return
			}
			for _, at := range []time.Time{test.until, test.until.Add(time.Second)} {
				_, err := r.Seal(t.Context(), at, plaintext)
				var bad *sealing.RecipientError
				if !errors.As(err, &bad) {
					t.Fatalf("at %v the error is %v, want a *sealing.RecipientError", at, err)
				}
				if want := "expired on " + test.until.Format(time.DateOnly); bad.Problem != want {
					t.Errorf("the problem is %q, want %q", bad.Problem, want)
				}
				if !strings.Contains(bad.Remedy, "gpg --quick-set-expire "+bad.Name) {
					t.Errorf("the remedy %q does not say how to extend %s", bad.Remedy, bad.Name)
				}
			}
		})
	}
}

func TestParseRecipients_newerCopyCounts(t *testing.T) {
	t.Parallel()
	key := newKey(t, configAt(created, 200*day))
	old := public(t, key)
	extended := public(t, recertify(t, key, now, year))
	for _, keys := range [][]string{{old, extended}, {extended, old}} {
		if got, want := parse(t, keys...).SealableUntil(), created.Add(year); !got.Equal(want) {
			t.Errorf("SealableUntil() = %v, want %v", got, want)
		}
	}
}

func TestSeal_namesTheExpired(t *testing.T) {
	t.Parallel()
	expired := newKey(t, configAt(created, day))
	_, err := parse(t, public(t, newKey(t, configAt(created, 0))), public(t, expired)).Seal(t.Context(), now, plaintext)
	var bad *sealing.RecipientError
	if !errors.As(err, &bad) {
		t.Fatalf("the error is %v, want a *sealing.RecipientError", err)
	}
	if bad.Index != 1 || bad.Name != fingerprint(expired) || bad.Problem != "expired on 2026-01-02" {
		t.Errorf("got %d, %q, %q", bad.Index, bad.Name, bad.Problem)
	}
}

func TestSeal_clockOfOwnerRunsAhead(t *testing.T) {
	t.Parallel()
	ahead := newKey(t, configAt(now.Add(time.Hour), 10*day))
	sealed, err := parse(t, public(t, ahead), public(t, newKey(t, configAt(created, 0)))).Seal(t.Context(), now, plaintext)
	noError(t, err)
	opened, err := openpgp.NewOpener(private(t, ahead), secret.Secret{}).Open(t.Context(), sealed)
	noError(t, err)
	sameSecret(t, opened, plaintext)
}

func TestSeal_betweenTwoSubkeys(t *testing.T) {
	t.Parallel()
	key := newKeyWith(t, func(e *pgp.Entity) error {
		return errors.Join(e.AddEncryptionSubkey(configAt(created, day)), e.AddEncryptionSubkey(configAt(created.Add(9*day), day)))
	})
	sealed, err := parse(t, public(t, key)).Seal(t.Context(), created.Add(5*day), plaintext)
	noError(t, err)
	opened, err := openpgp.NewOpener(private(t, key), secret.Secret{}).Open(t.Context(), sealed)
	noError(t, err)
	sameSecret(t, opened, plaintext)
}

func TestSeal_shape(t *testing.T) {
	t.Parallel()
	ann, bob := newKey(t, configAt(created, 0)), newKey(t, configAt(created, 0))
	r := parse(t, public(t, ann), public(t, bob))
	first, err := r.Seal(t.Context(), now, plaintext)
	noError(t, err)
	lines := strings.Split(first, "\n")
	fingerprints := r.Fingerprints()
	want := []string{openpgp.Prefix, "Comment: " + fingerprints[0], "Comment: " + fingerprints[1], ""}
	if !slices.Equal(lines[:4], want) {
		t.Errorf("it begins %q, want %q", lines[:4], want)
	}
	if end := lines[len(lines)-2:]; !slices.Equal(end, []string{"-----END PGP MESSAGE-----", ""}) {
		t.Errorf("it ends %q", end)
	}
	second, err := r.Seal(t.Context(), now, plaintext)
	noError(t, err)
	if first == second || len(first) != len(second) {
		t.Error("the same secret sealed again must differ, and have the same length")
	}
	if strings.Contains(first, plaintext.Reveal()) {
		t.Error("the secret is in clear")
	}
}

func TestSeal_tooLong(t *testing.T) {
	t.Parallel()
	r := parse(t, public(t, newKey(t, configAt(created, 0))))
	longest := strings.Repeat("x", sealing.MaxPlaintext)
	if _, err := r.Seal(t.Context(), now, secret.New(longest)); err != nil {
		t.Errorf("the longest: %v", err)
	}
	if _, err := r.Seal(t.Context(), now, secret.New(longest+"x")); err == nil {
		t.Error("a longer plaintext than can be opened is sealed")
	}
}

func TestSeal_checksum(t *testing.T) {
	t.Parallel()
	version6 := configAt(created, 0)
	version6.Algorithm, version6.V6Keys = packet.PubKeyAlgoEd25519, true
	for name, test := range map[string]struct {
		key  *pgp.Entity
		want bool
	}{"version 4": {newKey(t, configAt(created, 0)), true}, "version 6": {newKey(t, version6), false}} {
		if got := strings.Contains(seal(t, newKey(t, configAt(created, 0)), test.key), "\n="); got != test.want {
			t.Errorf("%s: a checksum: %v, want %v", name, got, test.want)
		}
	}
}

// TestSeal_expiresBeforeAnotherBegins has two recipients that are never valid at the same time.
func TestSeal_expiresBeforeAnotherBegins(t *testing.T) {
	t.Parallel()
	ending := newKey(t, configAt(created, day))
	ahead := newKey(t, configAt(created.Add(2*day), 0))
	_, err := parse(t, public(t, ahead), public(t, ending)).Seal(t.Context(), created.Add(time.Hour), plaintext)
	var bad *sealing.RecipientError
	if !errors.As(err, &bad) || bad.Name != fingerprint(ending) || bad.Problem != "expired on 2026-01-02" {
		t.Errorf("the error is %v, want that %s expired on 2026-01-02", err, fingerprint(ending))
	}
}

func TestSeal_tooManyLargeKeys(t *testing.T) {
	t.Parallel()
	// Nobody has the private key of this modulus, and encryption does not need it.
	modulus := new(big.Int).SetBit(big.NewInt(1), 16383, 1)
	keys := make([]*pgp.Entity, sealing.MaxRecipients)
	for i := range keys {
		keys[i] = newKeyWith(t, func(e *pgp.Entity) error {
			return addForeignSubkey(e, packet.NewRSAPrivateKey(created, &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: modulus, E: 65537}}))
		})
	}
	if _, err := parse(t, public(t, keys...)).Seal(t.Context(), now, plaintext); err == nil {
		t.Error("a text that is too long to be opened is returned")
	}
	if _, err := parse(t, public(t, keys[:50]...)).Seal(t.Context(), now, plaintext); err != nil {
		t.Errorf("half of them: %v", err)
	}
}

func TestRecipients_concurrent(t *testing.T) {
	t.Parallel()
	// At these times the older signature counts, which was not checked when the key was parsed.
	r := parse(t, public(t, recertify(t, newKey(t, configAt(created, 0)), now, 0)))
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			_, err := r.Seal(t.Context(), now.Add(time.Duration(i-8)*day), plaintext)
			if err != nil || !r.SealableUntil().IsZero() || len(r.Fingerprints()) != 1 {
				t.Errorf("Seal: %v", err)
			}
		})
	}
	done.Wait()
}
