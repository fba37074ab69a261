package sealing

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Target is who can open a secret, and what is encrypted.
type Target struct {
	Method     Method            `json:"method"`
	Format     Format            `json:"format"`
	Recipients []string          `json:"recipients"`
	Context    map[string]string `json:"context,omitempty"`
}

// String returns the canonical text of t: equal texts mean equal targets, provided that Recipients are in order.
func (t Target) String() string {
	// Marshalling strings, a slice and a map of them can't fail.
	text, _ := json.Marshal(t) //nolint:errchkjson // see above
	return string(text)
}

// ParseTarget reads what String returned, and reports whether text is of that form.
func ParseTarget(text string) (Target, bool) {
	var t Target
	err := json.Unmarshal([]byte(text), &t)
	return t, err == nil
}

// errNoSealer is returned by an Output that was only made to be compared.
var errNoSealer = errors.New("the recipients were only parsed to be compared; this is a bug in the provider")

// Output encrypts the secrets of access keys in a format.
type Output struct {
	// Sealer is nil where nothing is to be encrypted.
	Sealer Sealer
	Format Format
}

// Seal encrypts the secret of the key with that id. The error is one of Format.Render or of the Sealer.
func (o Output) Seal(ctx context.Context, now time.Time, keyID string, key secret.Secret) (string, error) {
	plaintext, err := o.Format.Render(Credential{AccessKeyID: keyID, Secret: key})
	if err != nil {
		return "", err
	}
	return o.encrypt(ctx, now, plaintext)
}

// Check encrypts a text that is not secret, to find out before a key is created whether its secret could be encrypted.
func (o Output) Check(ctx context.Context, now time.Time) error {
	_, err := o.encrypt(ctx, now, secret.New("trial"))
	return err
}

func (o Output) encrypt(ctx context.Context, now time.Time, plaintext secret.Secret) (string, error) {
	if o.Sealer == nil {
		return "", errNoSealer
	}
	return o.Sealer.Seal(ctx, now, plaintext)
}
