package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// encryption is a parsed encrypted_output. Nil stands for plain text.
type encryption struct {
	recipients

	method *sealingMethod
	format sealing.Format
	// canonical is the text that the rules compare: equal texts mean the same recipients, method, format and context.
	canonical string
}

// parseEncryptedOutput parses encrypted_output, each recipient once. It returns nil if the object is null or not fully known.
//
// A nil service is enough to validate a configuration and to compare; to encrypt, a service is needed. Recipients that can't
// be parsed are reported in the diagnostics, and the result can be compared but not encrypt. So a state that was edited can
// still be read: ignore the diagnostics for it.
func parseEncryptedOutput(object types.Object, service *kms.Service) (*encryption, diag.Diagnostics) {
	if object.IsNull() || !fullyKnown(object) {
		return nil, nil
	}
	attributes := object.Attributes()
	format, _ := attributes["format"].(types.String)
	e := &encryption{format: sealing.Format(format.ValueString())}
	to := sealedTo{Format: e.format, Context: map[string]string{}}
	var all []string
	for _, m := range sealingMethods {
		value := attributes[m.recipients]
		all = append(all, elements(value)...)
		if e.method == nil && !value.IsNull() {
			e.method, to.Method = m, m.method
		}
		if values, ok := attributes[m.context].(types.Map); ok {
			maps.Copy(to.Context, stringElements(values))
		}
	}

	err := errors.New("no recipients")
	if e.method != nil {
		e.recipients, err = e.method.parse(elements(attributes[e.method.recipients]), to.Context, service)
	}
	var diags diag.Diagnostics
	to.Recipients = e.fingerprints
	if err != nil {
		diags.Append(recipientError(e.method, err))
		to.Recipients = all
	}
	// Marshalling strings, a slice and a map of them can't fail.
	text, _ := json.Marshal(to) //nolint:errchkjson // see above
	e.canonical = string(text)
	return e, diags
}

// sealedTo returns the text that the rules compare, empty for plain text, and the instant at which a recipient expires.
func (e *encryption) sealedTo() (canonical string, until time.Time) {
	if e == nil {
		return "", time.Time{}
	}
	return e.canonical, e.until
}

// Try encrypts a text that is not secret, to find out before a key is created whether its secret could be encrypted.
func (e *encryption) Try(ctx context.Context, now time.Time) error {
	_, err := e.encrypt(ctx, now, secret.New("trial"))
	return err
}

// tryAtPlan is Try for the methods that can be tried at plan. For plain text it does nothing.
func (e *encryption) tryAtPlan(ctx context.Context, now time.Time) diag.Diagnostics {
	if e == nil || !e.method.trialAtPlan {
		return nil
	}
	if err := e.Try(ctx, now); err != nil {
		return diag.Diagnostics{recipientError(e.method, err)}
	}
	return nil
}

// Seal encrypts the secret of a key in the configured format.
func (e *encryption) Seal(ctx context.Context, now time.Time, keyID string, key secret.Secret) (string, error) {
	plaintext, err := e.format.Render(sealing.Credential{AccessKeyID: keyID, Secret: key})
	if err != nil {
		return "", err
	}
	return e.encrypt(ctx, now, plaintext)
}

func (e *encryption) encrypt(ctx context.Context, now time.Time, plaintext secret.Secret) (string, error) {
	if e.sealer == nil {
		return "", errors.New("the recipients were only parsed to be compared; this is a bug in the provider")
	}
	return e.sealer.Seal(ctx, now, plaintext)
}

// sealedTo is the canonical text of encrypted_output, as JSON.
type sealedTo struct {
	Method     sealing.Method    `json:"method"`
	Format     sealing.Format    `json:"format"`
	Recipients []string          `json:"recipients"`
	Context    map[string]string `json:"context,omitempty"`
}

// sealingChange describes the difference between two canonical texts.
func sealingChange(before, after string) string {
	var old, now sealedTo
	if after == "" {
		return "no longer set"
	}
	if json.Unmarshal([]byte(before), &old) != nil || json.Unmarshal([]byte(after), &now) != nil {
		return "changed"
	}
	var what []string
	if old.Method != now.Method {
		what = append(what, fmt.Sprintf("method %s instead of %s", now.Method, old.Method))
	} else if !slices.Equal(old.Recipients, now.Recipients) {
		what = append(what, "other recipients")
	}
	if old.Format != now.Format {
		what = append(what, fmt.Sprintf("format %s instead of %s", now.Format, old.Format))
	}
	if !maps.Equal(old.Context, now.Context) {
		what = append(what, "another encryption context")
	}
	return strings.Join(what, ", ")
}

// fullyKnown reports whether neither v nor anything in it is unknown.
func fullyKnown(v attr.Value) bool {
	if v.IsUnknown() {
		return false
	}
	var elements []attr.Value
	switch v := v.(type) {
	case types.Set:
		elements = v.Elements()
	case types.Map:
		elements = slices.Collect(maps.Values(v.Elements()))
	case types.Object:
		elements = slices.Collect(maps.Values(v.Attributes()))
	}
	return !slices.ContainsFunc(elements, func(e attr.Value) bool { return !fullyKnown(e) })
}

// elements returns the strings of a set, in order, or a string as the only element.
func elements(value attr.Value) []string {
	if s, ok := value.(types.String); ok {
		return []string{s.ValueString()}
	}
	set, _ := value.(types.Set)
	var out []string
	for _, v := range set.Elements() {
		if s, ok := v.(types.String); ok {
			out = append(out, s.ValueString())
		}
	}
	slices.Sort(out)
	return out
}
