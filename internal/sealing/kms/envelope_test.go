package kms

import (
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// stored is a text as it is in states: a later version of this package must still read it.
const stored = "iamkeys-kms:v1:eyJyZWdpb24iOiJ1cy1lYXN0LTIiLCJrZXkiOiJhcm46YXdzOmttczp1cy1lYXN0LTI6MTExMTIyMjIzMzMzOmtleS8xMjM0YWJjZC0xMm" +
	"FiLTM0Y2QtNTZlZi0xMjM0NTY3ODkwYWIiLCJjb250ZXh0Ijp7ImEiOiJcdTAwM2NcdTAwMjZcdTAwM2VcXFwiXHUyMDI4w6kiLCJhcHAiOiIifX0:AQID/w=="

var storedHeader = header{
	Region: "us-east-2", Key: "arn:aws:kms:us-east-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	Context: map[string]string{"app": "", "a": "<&>\\\"\u2028é"},
}

func TestEnvelope_stored(t *testing.T) {
	t.Parallel()
	if got := (envelope{storedHeader, []byte{1, 2, 3, 255}}).String(); got != stored {
		t.Errorf("written as %s", got)
	}
	e, err := parseEnvelope(stored)
	if err != nil {
		t.Fatal(err)
	}
	if e.Region != storedHeader.Region || e.Key != storedHeader.Key || len(e.Context) != 2 || e.Context["a"] != storedHeader.Context["a"] ||
		string(e.blob) != "\x01\x02\x03\xff" {
		t.Errorf("read as %+v", e)
	}
}

// TestEnvelope_largest checks that what ParseRecipient accepts can be opened again.
func TestEnvelope_largest(t *testing.T) {
	t.Parallel()
	e := envelope{storedHeader, make([]byte, maxBlob)}
	e.Context = map[string]string{"x": strings.Repeat("\x00", maxContext-1)} // each byte takes six in JSON
	if text := e.String(); len(text) > sealing.MaxSealed {
		t.Errorf("it takes %d bytes", len(text))
	} else if _, err := parseEnvelope(text); err != nil {
		t.Error(err)
	}
	e.blob = make([]byte, maxBlob+1)
	if _, err := parseEnvelope(e.String()); err == nil {
		t.Error("a longer blob is read")
	}
}

func FuzzParseEnvelope(f *testing.F) {
	for _, seed := range []string{
		"", stored, stored[:40], "iamkeys-kms:v2::", "iamkeys-kms:v1:e30:eA==", strings.Replace(stored, "/w==", "/x==", 1),
		"iamkeys-kms:v1:bnVsbA:AQ==", stored + "\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseEnvelope(text)
		if err != nil {
			return
		}
		if e.String() != strings.TrimSpace(text) {
			t.Error("another text has the same content")
		}
		if !regionPattern.MatchString(e.Region) || !isKeyARN(e.Key, e.Region) || len(e.blob) == 0 || len(e.blob) > maxBlob ||
			e.Context[""] != "" {
			t.Errorf("read %+v", e.header)
		}
	})
}

func FuzzParseKeyName(f *testing.F) {
	for _, seed := range []string{
		"", storedHeader.Key, "alias/x", "alias/aws/s3", "arn:aws:kms:us-east-2:111122223333:alias/x", "mrk-1234abcd12ab34cd56ef1234567890ab",
		"arn:aws:kms:x/:111122223333:alias/x", "1234abcd-12ab-34cd-56ef-1234567890ab\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := parseKeyName(text)
		if !ok {
			if refuseKeyName(text) == nil {
				t.Error("a text that is not a name is not refused")
			}
			return
		}
		if name.region != "" && !regionPattern.MatchString(name.region) || (name.region != "") != strings.HasPrefix(text, "arn:") {
			t.Errorf("region %q", name.region)
		}
		if strings.ContainsAny(text, " \t\r\n@?#\\%") || len(text) > 400 {
			t.Errorf("%q is a name", text)
		}
	})
}
