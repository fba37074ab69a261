package acctest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// planted is a secret with every special character that a secret access key can have, since encoders escape them.
const planted = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKE="

// log returns n bytes of text like that of a log, without planted. They are the same in each call.
func log(n int) []byte {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=%\\\": \n"
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // not a secret
	text := make([]byte, n)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return text
}

func scan(t *testing.T, s *LeakScan, text []byte) []Finding {
	t.Helper()
	found, err := s.Reader("log", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// encoded returns the results of encoders other than those of the scan, by the name of their form.
func encoded(t *testing.T) map[string][]string {
	t.Helper()
	asJSON, err := json.Marshal(planted)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string][]string{
		"plain": {planted, string(asJSON), "aws_secret_access_key = " + planted + "\n"},
		"JSON-escaped": {
			strings.ReplaceAll(planted, "/", `\/`), strings.ReplaceAll(planted, "/", `\u002F`), strings.ReplaceAll(planted, "+", `\u002b`),
			strings.NewReplacer("/", `\/`, "+", `\u002B`, "=", `\u003D`).Replace(planted),
			strings.NewReplacer("/", `\u002f`, "+", `\u002b`, "=", `\u003d`).Replace(planted),
		},
		"URL path":  {"https://example.com/" + url.PathEscape(planted) + "/x", strings.ReplaceAll(planted, "/", "%2f")},
		"URL query": {url.Values{"key": {planted}}.Encode(), strings.NewReplacer("/", "%2f", "+", "%2b", "=", "%3d").Replace(planted)},
		"hex":       {fmt.Sprintf("%x", planted), fmt.Sprintf("%X", planted)},
	}
	for _, before := range []string{"", "k", "ke", "key", "key="} {
		for _, after := range []string{"", "\n", "\n\n", "\n\n\n"} {
			text := []byte(before + planted + after)
			forms["base64"] = append(forms["base64"], base64.StdEncoding.EncodeToString(text), base64.RawStdEncoding.EncodeToString(text))
		}
	}
	// Base64 and base64url differ in the encoding of these bytes.
	forms["base64url"] = []string{base64.URLEncoding.EncodeToString([]byte("?>" + strings.ReplaceAll(planted, "wJal", "?>?>")))}
	return forms
}

// TestLeakScan_Forms plants each form at all offsets around the boundary of two reads.
func TestLeakScan_Forms(t *testing.T) {
	t.Parallel()
	text := log(leakBuffer + 400)
	for form, spellings := range encoded(t) {
		for i, spelling := range spellings {
			t.Run(fmt.Sprintf("%s %d", form, i), func(t *testing.T) {
				t.Parallel()
				sought := planted
				if form == "base64url" {
					sought = strings.ReplaceAll(planted, "wJal", "?>?>")
				}
				s := NewLeakScan(Sought{"another", secret.New(strings.Repeat("another text", 3))}, Sought{"k1", secret.New(sought)})
				for at := leakBuffer - len(spelling) - 1; at <= leakBuffer+1; at++ {
					found := scan(t, s, slices.Concat(text[:at], []byte(spelling), text[at:]))
					if len(found) != 1 || found[0].Name != "k1" || found[0].Form != form || found[0].File != "log" ||
						found[0].Offset < int64(at) || found[0].Offset > int64(at+len(spelling)-leakPiece) {
						t.Fatalf("planted at %d: %v", at, found)
					}
				}
			})
		}
	}
}

// TestLeakScan_Pieces plants every piece of every form. 12 characters are found, 11 are not.
func TestLeakScan_Pieces(t *testing.T) {
	t.Parallel()
	s := NewLeakScan(Sought{"k1", secret.New(planted)})
	for _, form := range leakForms {
		for _, spelling := range form.write(planted) {
			for i := range len(spelling) - leakPiece + 1 {
				piece := spelling[i : i+leakPiece]
				for text, want := range map[string]int{
					"<" + piece + ">":     1,
					piece:                 1,
					"<" + piece[1:] + ">": 0,
					"<" + piece[:leakPiece-1] + "<" + piece[leakPiece-1:]: 0,
				} {
					if found := scan(t, s, []byte(text)); len(found) != want {
						t.Fatalf("%s: piece %d: found %v, want %d", form.name, i, found, want)
					}
				}
			}
		}
	}
}

func TestLeakScan_Findings(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("0123456789", 4)
	s := NewLeakScan(Sought{"k1", secret.New(planted)}, Sought{"k2", secret.New(other)})
	text := "k1=" + planted + " k2=" + other + " again " + planted[4:] + planted[:20]
	want := []Finding{
		{"log", 3, "k1", "plain"},
		{"log", 47, "k2", "plain"},
		{"log", 94, "k1", "plain"},
	}
	if got := scan(t, s, []byte(text)); !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got, want := want[1].String(), "log: offset 47: k2, plain"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLeakScan_Clean(t *testing.T) {
	t.Parallel()
	var sought []Sought
	for i := range 50 {
		text := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%030d", i*7919))
		sought = append(sought, Sought{fmt.Sprint(i), secret.New(text)})
	}
	if found := scan(t, NewLeakScan(sought...), log(8<<20)); len(found) != 0 {
		t.Errorf("found %v in a text without secrets", found)
	}
	if found := scan(t, NewLeakScan(), log(1<<20)); len(found) != 0 {
		t.Errorf("found %v without a sought text", found)
	}
}

func TestLeakScan_TooShort(t *testing.T) {
	t.Parallel()
	defer func() {
		if got, want := recover(), "acctest: NewLeakScan: the text of k1 is too short"; got != want {
			t.Errorf("panic %v, want %q", got, want)
		}
	}()
	NewLeakScan(Sought{"k1", secret.New(planted[:leakPiece-1])})
}

func TestLeakScan_ReadError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := NewLeakScan(Sought{"k1", secret.New(planted)}).Reader("log", iotest.ErrReader(broken))
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want one that wraps the reader's", err)
	}
}

// zipped returns an archive with one member.
func zipped(t *testing.T, name, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	member, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := member.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestLeakScan_Dir(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"clean":                            []byte("nothing"),
		"empty":                            nil,
		"skipped":                          []byte(planted),
		".terraform/.hidden":               []byte("x" + planted),
		"sub/terraform.tfstate":            []byte(`{"secret":"` + planted + `"}`),
		"saved.tfplan":                     zipped(t, "tfplan", strings.Repeat("x", 100)+planted),
		"name-" + url.QueryEscape(planted): nil,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := NewLeakScan(Sought{"k1", secret.New(planted)})
	found, err := s.Dir(dir, "skipped")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b Finding) int { return strings.Compare(a.File, b.File) })
	want := []Finding{
		{".terraform/.hidden", 1, "k1", "plain"},
		{"name-" + url.QueryEscape(planted), -1, "k1", "URL query"},
		{"saved.tfplan!tfplan", 100, "k1", "plain"},
		{"sub/terraform.tfstate", 11, "k1", "plain"},
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	if _, err := s.Dir(dir, "skipped", "missing"); err == nil {
		t.Error("no error for a file to skip that does not exist")
	}
	if _, err := s.Dir(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a directory that does not exist, want %v", err, os.ErrNotExist)
	}
}

// TestLeakScan_BrokenArchive checks that an unreadable archive is an error, not a scan without findings.
func TestLeakScan_BrokenArchive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := zipped(t, "tfplan", "x")
	if err := os.WriteFile(filepath.Join(dir, "saved.tfplan"), archive[:len(archive)-8], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewLeakScan(Sought{"k1", secret.New(planted)}).Dir(dir); !errors.Is(err, zip.ErrFormat) {
		t.Errorf("error %v, want %v", err, zip.ErrFormat)
	}
}

// BenchmarkLeakScan searches for as many texts as a long story has. 200 MB should take a few seconds at most.
func BenchmarkLeakScan(b *testing.B) {
	var sought []Sought
	for i := range 200 {
		sought = append(sought, Sought{"k", secret.New(base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%030d", i*7919)))})
	}
	s, text := NewLeakScan(sought...), log(16<<20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if found, err := s.Reader("log", bytes.NewReader(text)); err != nil || len(found) != 0 {
			b.Fatalf("found %v, error %v", found, err)
		}
	}
}
