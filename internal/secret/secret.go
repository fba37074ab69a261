// Package secret has one type: a string that redacts itself.
//
// The provider holds every secret access key as a Secret. If a Secret is printed, logged or marshalled, alone or inside a
// larger value, the result is a placeholder. Only Reveal returns the text.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "(redacted)"

// Secret is a text that must not appear in logs, errors or test output. The zero value is an absent secret.
type Secret struct {
	// text is a pointer, so that even %#v of an enclosing struct, which does not call the Format of unexported fields,
	// prints an address and not the text.
	text *string
}

// New returns text as a Secret.
func New(text string) Secret { return Secret{text: &text} }

// Reveal returns the text itself, which is empty for an absent secret.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String returns the placeholder.
func (s Secret) String() string { return redacted }

// GoString returns the placeholder.
func (s Secret) GoString() string { return redacted }

// Format writes the placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue returns the placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns the placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns the placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
