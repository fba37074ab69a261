package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
)

// TestSealingMethods checks that each entry is complete and fits both schemas.
func TestSealingMethods(t *testing.T) {
	t.Parallel()
	var opening ephemeral.SchemaResponse
	newSecretAccessKeyEphemeralResource().Schema(t.Context(), ephemeral.SchemaRequest{}, &opening)
	for _, m := range sealingMethods {
		if m.method == "" || m.name == "" || m.product == "" || m.parse == nil || m.opener == nil {
			t.Errorf("the entry of %q lacks something", m.method)
		}
		if sealingMethodOf(m.method) != m {
			t.Errorf("there are two entries of %q", m.method)
		}
		if m.attributes[m.recipients] == nil {
			t.Errorf("%s: no attribute %q", m.name, m.recipients)
		}
		if m.context != "" && m.attributes[m.context] == nil {
			t.Errorf("%s: no attribute %q", m.name, m.context)
		}
		if (m.identity == "") != (m.hasIdentity == nil) {
			t.Errorf("%s: identity and hasIdentity do not fit", m.name)
		}
		if m.identity != "" && opening.Schema.Attributes[m.identity] == nil {
			t.Errorf("%s: the ephemeral resource has no attribute %q", m.name, m.identity)
		}
		for _, other := range sealingMethods {
			if other != m && strings.HasPrefix(other.prefix, m.prefix) {
				t.Errorf("%s and %s: a text may begin as both", m.name, other.name)
			}
		}
	}
}

func TestMethodOfSealed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl": "age",
		"-----BEGIN PGP MESSAGE-----\n\nwV4D":      "OpenPGP",
		"iamkeys-kms:v1:e30:AAAA":                  "AWS KMS",
		"":                                         "",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----":     "",
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "",
	} {
		var got string
		if m := methodOfSealed(text); m != nil {
			got = m.name
		}
		if got != want {
			t.Errorf("%.20s: method %q, want %q", text, got, want)
		}
	}
}
