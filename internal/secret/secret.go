// Package secret holds one type: a string that does not show itself.
//
// A secret access key travels through the provider as a Secret. Printing, logging or marshalling one, alone or inside a
// larger value, gives a placeholder. The text comes out only where the code says Reveal.
package secret

import (
	"fmt"
	"log/slog"
)

const redacted = "(redacted)"

// Secret is a text that must not appear in logs, errors or test output. The zero value is an absent secret.
type Secret struct {
	// text is behind a pointer so that even %#v of an enclosing struct, which does not ask unexported fields for their
	// own format, shows an address and no text.
	text *string
}

// New wraps text.
func New(text string) Secret { return Secret{text: &text} }

// Reveal returns the text itself; it is empty for an absent secret.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String implements fmt.Stringer with a placeholder.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer with a placeholder.
func (s Secret) GoString() string { return redacted }

// Format implements fmt.Formatter with a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer with a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON implements json.Marshaler with a placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText implements encoding.TextMarshaler with a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
