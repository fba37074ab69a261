package provider

import (
	"context"
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
)

// encryption is a parsed encrypted_output. Nil stands for plain text.
type encryption struct {
	sealing.Output

	method *sealingMethod
	target sealing.Target
	// until is the first instant at which a recipient has expired; zero if none ever does.
	until time.Time
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
	e := &encryption{Output: sealing.Output{Format: sealing.Format(format.ValueString())}}
	e.target = sealing.Target{Format: e.Format, Context: map[string]string{}}
	var all []string
	for _, m := range sealingMethods {
		value := attributes[m.recipients]
		all = append(all, elements(value)...)
		if e.method == nil && !value.IsNull() {
			e.method, e.target.Method = m, m.method
		}
		if values, ok := attributes[m.context].(types.Map); ok {
			maps.Copy(e.target.Context, stringElements(values))
		}
	}

	var parsed recipients
	err := errors.New("no recipients")
	if e.method != nil {
		parsed, err = e.method.parse(elements(attributes[e.method.recipients]), e.target.Context, service)
	}
	if err != nil {
		e.target.Recipients = all
		return e, diag.Diagnostics{recipientError(e.method, err)}
	}
	e.target.Recipients, e.until, e.Sealer = parsed.fingerprints, parsed.until, parsed.sealer
	return e, nil
}

// sealedTo returns the text that the rules compare, empty for plain text, and the instant at which a recipient expires.
func (e *encryption) sealedTo() (canonical string, until time.Time) {
	if e == nil {
		return "", time.Time{}
	}
	return e.target.String(), e.until
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

// sealingChange describes the difference between two canonical texts.
func sealingChange(before, after string) string {
	if after == "" {
		return "no longer set"
	}
	old, wasTarget := sealing.ParseTarget(before)
	now, isTarget := sealing.ParseTarget(after)
	if !wasTarget || !isTarget {
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
