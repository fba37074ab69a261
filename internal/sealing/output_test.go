package sealing_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestTarget_String(t *testing.T) {
	t.Parallel()
	for want, target := range map[string]sealing.Target{
		`{"method":"age","format":"secret","recipients":["a","b"]}`: {
			Method: sealing.Age, Format: sealing.FormatSecret, Recipients: []string{"a", "b"}, Context: map[string]string{},
		},
		`{"method":"kms","format":"json","recipients":["k"],"context":{"a":"1","b":"2"}}`: {
			Method: sealing.KMS, Format: sealing.FormatJSON, Recipients: []string{"k"}, Context: map[string]string{"b": "2", "a": "1"},
		},
	} {
		if got := target.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if len(target.Context) == 0 {
			target.Context = nil
		}
		if got, ok := sealing.ParseTarget(want); !ok || !reflect.DeepEqual(got, target) {
			t.Errorf("ParseTarget(%s) = %+v, %t", want, got, ok)
		}
	}
	for _, text := range []string{"", "age", `{"method":1}`} {
		if got, ok := sealing.ParseTarget(text); ok {
			t.Errorf("ParseTarget(%q) = %+v, want no target", text, got)
		}
	}
}

// recorder is a Sealer that keeps what it was asked to encrypt.
type recorder struct {
	plaintext string
	at        time.Time
	err       error
}

func (r *recorder) Seal(_ context.Context, now time.Time, plaintext secret.Secret) (string, error) {
	r.plaintext, r.at = plaintext.Reveal(), now
	return "sealed", r.err
}

func TestOutput(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	to := &recorder{}
	output := sealing.Output{Sealer: to, Format: sealing.FormatCSV}
	if got, err := output.Seal(t.Context(), now, keyID, secret.New(keyText)); got != "sealed" || err != nil {
		t.Errorf("Seal = %q, %v", got, err)
	}
	if want := "Access key ID,Secret access key\n" + keyID + "," + keyText + "\n"; to.plaintext != want || !to.at.Equal(now) {
		t.Error("another plaintext or time was encrypted")
	}
	if err := output.Check(t.Context(), now); err != nil || to.plaintext != "trial" {
		t.Errorf("Check: %v, and it did not encrypt the trial text alone", err)
	}

	to.err = errors.New("refused")
	if err := output.Check(t.Context(), now); !errors.Is(err, to.err) {
		t.Errorf("Check with a Sealer that fails: %v", err)
	}
	if _, err := output.Seal(t.Context(), now, keyID, secret.New(keyText)); !errors.Is(err, to.err) {
		t.Errorf("Seal with a Sealer that fails: %v", err)
	}
}

func TestOutput_unusable(t *testing.T) {
	t.Parallel()
	if err := (sealing.Output{Format: sealing.FormatSecret}).Check(t.Context(), time.Time{}); err == nil ||
		!strings.Contains(err.Error(), "only parsed to be compared") {
		t.Errorf("Check without a Sealer: %v", err)
	}
	_, err := sealing.Output{Sealer: &recorder{}, Format: "yaml"}.Seal(t.Context(), time.Time{}, keyID, secret.New(keyText))
	if !errors.Is(err, sealing.ErrUnknownFormat) {
		t.Errorf("Seal in an unknown format: %v", err)
	}
}
