package age_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing"

	agetest "c2sp.org/CCTV/age"
	"filippo.io/age/armor"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// vector is one of the test vectors that the age project publishes (c2sp.org/CCTV/age).
type vector struct {
	expect, payloadHash string
	identities          []string
	passphrase, armored bool
	file                []byte
}

func readVector(t *testing.T, name string) vector {
	t.Helper()
	content, err := fs.ReadFile(agetest.Vectors, name)
	noError(t, err)
	head, file, found := bytes.Cut(content, []byte("\n\n"))
	if !found {
		t.Fatal("the vector has no file")
	}
	v := vector{file: file}
	for line := range strings.SplitSeq(string(head), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "expect":
			v.expect = value
		case "payload":
			v.payloadHash = value
		case "identity":
			v.identities = append(v.identities, value)
		case "passphrase":
			v.passphrase = true
		case "armored":
			v.armored = value == "yes"
		case "compressed":
			r, err := zlib.NewReader(bytes.NewReader(v.file))
			noError(t, err)
			v.file, err = io.ReadAll(r)
			noError(t, err)
		case "file key", "comment":
		default:
			t.Fatalf("the vector has an unknown key %q", key)
		}
	}
	return v
}

// sealed returns the file in the form that Opener reads.
func (v vector) sealed(t *testing.T) string {
	t.Helper()
	if v.armored {
		return string(v.file)
	}
	var out bytes.Buffer
	w := armor.NewWriter(&out)
	_, err := w.Write(v.file)
	noError(t, err)
	noError(t, w.Close())
	return out.String()
}

// notSealedVectors are those with an armor so broken that Opener does not recognize it.
var notSealedVectors = map[string]bool{
	"armor_garbage_leading": true, "armor_lowercase": true, "armor_whitespace_begin": true, "armor_wrong_type": true,
}

// brokenScryptVectors are those that are broken outside the body of the scrypt stanza: one has two such stanzas.
var brokenScryptVectors = map[string]bool{"scrypt_double": true, "scrypt_not_canonical_body": true}

// want returns the failure of Opener for a vector; it is empty if Opener returns the payload.
//
//   - Files over the limits of package sealing are refused, good or not: these are the vectors of several chunks.
//   - Opener does not support passphrases of files. A file with one scrypt stanza is a file for somebody else, whatever is
//     wrong inside that stanza: only an owner of the passphrase can see that. Vectors without an identity are opened with an
//     unrelated one.
//   - Every other failure of the armor, the header, its MAC or the payload is Damaged.
func (v vector) want(name string) sealing.OpenFailure {
	switch {
	case len(v.file) > sealing.MaxPlaintext || notSealedVectors[name]:
		return sealing.NotSealed
	case v.expect == "no match", v.passphrase && len(v.identities) == 0 && !brokenScryptVectors[name]:
		return sealing.NoMatch
	case v.expect == "success":
		return ""
	default:
		return sealing.Damaged
	}
}

func TestOpen_vectors(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(agetest.Vectors, ".")
	noError(t, err)
	var lock sync.Mutex
	expected, got := map[string]int{}, map[sealing.OpenFailure]int{}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		for _, entry := range entries {
			t.Run(entry.Name(), func(t *testing.T) {
				t.Parallel()
				v := readVector(t, entry.Name())
				outcome := runVector(t, v)
				if want := v.want(entry.Name()); outcome != want {
					t.Errorf("%s gives %q, want %q", v.expect, outcome, want)
				}
				lock.Lock()
				defer lock.Unlock()
				expected[v.expect]++
				got[outcome]++
			})
		}
	})
	t.Cleanup(func() {
		if want := (map[string]int{
			"success": 26, "no match": 13, "armor failure": 26, "header failure": 62, "HMAC failure": 1, "payload failure": 19,
		}); !maps.Equal(expected, want) {
			t.Errorf("the vectors expect %v, want %v", expected, want)
		}
		want := map[sealing.OpenFailure]int{"": 17, sealing.NoMatch: 32, sealing.Damaged: 74, sealing.NotSealed: 24}
		if !maps.Equal(got, want) {
			t.Errorf("Opener gives %v, want %v", got, want)
		}
	})
}

// runVector opens a vector. It returns the failure, or compares the payload.
func runVector(t *testing.T, v vector) sealing.OpenFailure {
	t.Helper()
	identities := v.identities
	if len(identities) == 0 {
		identities = []string{specX25519Identity}
	}
	opened, err := open(t, v.sealed(t), identities...)
	if err != nil {
		return refused(t, opened, err).Failure
	}
	if sum := sha256.Sum256([]byte(opened.Reveal())); hex.EncodeToString(sum[:]) != v.payloadHash {
		t.Error("the payload differs")
	}
	return ""
}
