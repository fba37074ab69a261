package keyid_test

import (
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
)

func TestForms(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct{ longTerm, temporary bool }{
		"AKIAIOSFODNN7EXAMPLE":            {longTerm: true},
		"LKIAQAAAAAAAEXAMPLE0":            {longTerm: true},
		"KEY0123456789012":                {longTerm: true},
		"AKIA" + strings.Repeat("A", 12):  {longTerm: true},
		"AKIA" + strings.Repeat("A", 11):  {},
		"AKIA" + strings.Repeat("9", 124): {longTerm: true},
		"AKIA" + strings.Repeat("9", 125): {},
		"ASIAIOSFODNN7EXAMPLE":            {temporary: true},
		"LSIAQAAAAAAAEXAMPLE0":            {temporary: true},
		"ASIA" + strings.Repeat("A", 11):  {},
		"BASIAOSFODNN7EXAMPLE":            {longTerm: true},
		"akiaiosfodnn7example":            {},
		"AKIAIOSFODNN7EXAMPLE\n":          {},
		"AKIA-CURRENT-EXAMPLE":            {},
		"":                                {},
	} {
		if got := keyid.IsLongTerm(id); got != want.longTerm {
			t.Errorf("IsLongTerm(%q) = %t, want %t", id, got, want.longTerm)
		}
		if got := keyid.IsTemporary(id); got != want.temporary {
			t.Errorf("IsTemporary(%q) = %t, want %t", id, got, want.temporary)
		}
	}
}

func TestPrefixes(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]struct {
		accessKey, longTermPrefix bool
		entity                    string
	}{
		"AKIAIOSFODNN7EXAMPLE":   {accessKey: true, longTermPrefix: true},
		"LKIAQAAAAAAAEXAMPLE0":   {accessKey: true, longTermPrefix: true},
		"ASIAIOSFODNN7EXAMPLE":   {accessKey: true},
		"ABIAIOSFODNN7EXAMPLE":   {accessKey: true},
		"KEY0123456789012":       {accessKey: true},
		"AIDAIOSFODNN7EXAMPLE0":  {entity: "an IAM user"},
		"AROAIOSFODNN7EXAMPLE0":  {entity: "an IAM role"},
		"ACCAIOSFODNN7EXAMPLE0":  {entity: "a service-specific credential"},
		"AIDAexample":            {},
		"AIDA":                   {},
		"akiaiosfodnn7example":   {},
		"AKIAIOSFODNN7EXAMPLE\n": {},
		"":                       {},
	} {
		if got := keyid.IsAccessKey(id); got != want.accessKey {
			t.Errorf("IsAccessKey(%q) = %t, want %t", id, got, want.accessKey)
		}
		if got := keyid.HasLongTermPrefix(id); got != want.longTermPrefix {
			t.Errorf("HasLongTermPrefix(%q) = %t, want %t", id, got, want.longTermPrefix)
		}
		if got := keyid.Entity(id); got != want.entity {
			t.Errorf("Entity(%q) = %q, want %q", id, got, want.entity)
		}
	}
}
