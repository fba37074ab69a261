package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/provider"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// TestSecretAccessKey_unconfigured opens with a provider without a configuration: only AWS KMS needs one.
func TestSecretAccessKey_unconfigured(t *testing.T) {
	t.Parallel()
	const plaintext = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	to := ageHolder(t)
	for name, test := range map[string]struct {
		sealed  string
		summary string
	}{
		"age": {to.seal(t, secret.New(plaintext)), ""},
		"kms": {"iamkeys-kms:v1:e30:AAAA", "The secret is encrypted with AWS KMS, and the provider is not configured"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, diagnostics := openUnconfigured(t, test.sealed, to.identity)
			if test.summary == "" {
				if len(diagnostics) > 0 || got.Reveal() != plaintext {
					t.Errorf("%d diagnostics, or the secret differs", len(diagnostics))
				}
				return
			}
			if len(diagnostics) != 1 || diagnostics[0].Summary != test.summary || !got.IsZero() {
				t.Errorf("%d diagnostics, want one %q and no secret", len(diagnostics), test.summary)
			}
		})
	}
}

// openUnconfigured opens with an age identity, and returns secret_access_key.
func openUnconfigured(t *testing.T, sealed, identity string) (secret.Secret, []*tfprotov6.Diagnostic) {
	t.Helper()
	server, err := providerserver.NewProtocol6WithError(provider.New("test", provider.Options{})())()
	if err != nil {
		t.Fatal(err)
	}
	const typeName = "iamkeys_secret_access_key"
	schemas, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	object := schemas.EphemeralResourceSchemas[typeName].ValueType()
	identities := tftypes.List{ElementType: tftypes.String}
	values := map[string]tftypes.Value{
		"encrypted_secret": tftypes.NewValue(tftypes.String, sealed),
		"age_identities":   tftypes.NewValue(identities, []tftypes.Value{tftypes.NewValue(tftypes.String, identity)}),
	}
	for _, name := range []string{"openpgp_private_key", "passphrase", "access_key_id", "secret_access_key", "plaintext"} {
		values[name] = tftypes.NewValue(tftypes.String, nil)
	}
	config, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, values))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := server.OpenEphemeralResource(t.Context(), &tfprotov6.OpenEphemeralResourceRequest{TypeName: typeName, Config: &config})
	if err != nil {
		t.Fatal(err)
	}
	result, err := opened.Result.Unmarshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var found map[string]tftypes.Value
	var text *string
	if err := result.As(&found); err != nil {
		t.Fatal(err)
	}
	if err := found["secret_access_key"].As(&text); err != nil {
		t.Fatal(err)
	}
	if text == nil {
		return secret.Secret{}, opened.Diagnostics
	}
	return secret.New(*text), opened.Diagnostics
}
