package keyid_test

import (
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
)

func TestIsLongTerm(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"AKIAIOSFODNN7EXAMPLE":            true,
		"AKIA" + strings.Repeat("A", 12):  true,
		"AKIA" + strings.Repeat("A", 11):  false,
		"AKIA" + strings.Repeat("9", 124): true,
		"AKIA" + strings.Repeat("9", 125): false,
		"ASIAIOSFODNN7EXAMPLE":            false,
		"akiaiosfodnn7example":            false,
		"AKIAIOSFODNN7EXAMPLE\n":          false,
		"":                                false,
	} {
		if got := keyid.IsLongTerm(id); got != want {
			t.Errorf("IsLongTerm(%q) = %t, want %t", id, got, want)
		}
	}
}
