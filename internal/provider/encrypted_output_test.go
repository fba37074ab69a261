package provider

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/age"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	// testAgeRecipient and testAgeIdentity are the example key of c2sp.org/age.
	testAgeRecipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
	testAgeIdentity  = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
	testSSHRecipient = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ann"
)

// outputOf returns an encrypted_output in the default format, whose other attributes are null.
func outputOf(t *testing.T, given map[string]attr.Value) types.Object {
	t.Helper()
	attributes := map[string]attr.Value{}
	for name, of := range encryptedOutputType {
		null, err := of.ValueFromTerraform(t.Context(), tftypes.NewValue(of.TerraformType(t.Context()), nil))
		if err != nil {
			t.Fatal(err)
		}
		attributes[name] = null
	}
	attributes["format"] = types.StringValue("secret")
	maps.Copy(attributes, given)
	return types.ObjectValueMust(encryptedOutputType, attributes)
}

func setOf(texts ...string) types.Set {
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, values)
}

// kmsService returns a Service that fails the test when it sends a request.
func kmsService(t *testing.T, region string) *kms.Service {
	t.Helper()
	return kms.New(aws.Config{HTTPClient: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		t.Errorf("request to %s", r.URL)
		return nil, context.Canceled
	})}, region, kms.Options{})
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// TestParseEncryptedOutput_canonical compares the texts that the rules compare. Recipients that can't be parsed are in them as
// they were given.
func TestParseEncryptedOutput_canonical(t *testing.T) {
	t.Parallel()
	kmsContext := types.MapValueMust(types.StringType, map[string]attr.Value{
		"b": types.StringValue("<2>"), "a": types.StringValue("1"), "null": types.StringNull(),
	})
	const inJSON = `,"context":{"a":"1","b":"\u003c2\u003e"}`
	for name, test := range map[string]struct {
		given  map[string]attr.Value
		want   string
		failed bool
	}{
		"age": {
			map[string]attr.Value{"age_recipients": setOf(testSSHRecipient, testAgeRecipient)},
			`{"method":"age","format":"secret","recipients":["SHA256:qH8baHrA5X0qCBovKCZyM02Q7TFtK4GMqVgOo4TZJAE","` + testAgeRecipient + `"]}`,
			false,
		},
		"KMS": {
			map[string]attr.Value{"kms_key_id": types.StringValue("alias/secrets"), "format": types.StringValue("csv")},
			`{"method":"kms","format":"csv","recipients":["alias/secrets"]}`,
			false,
		},
		"KMS with context": {
			map[string]attr.Value{"kms_key_id": types.StringValue("alias/secrets"), "kms_encryption_context": kmsContext},
			`{"method":"kms","format":"secret","recipients":["alias/secrets"]` + inJSON + `}`,
			false,
		},
		"bad age": {
			map[string]attr.Value{"age_recipients": setOf("zzz", "age1bad"), "format": types.StringValue("json")},
			`{"method":"age","format":"json","recipients":["age1bad","zzz",""]}`,
			true,
		},
		"bad OpenPGP": {
			map[string]attr.Value{"openpgp_public_keys": setOf("x")},
			`{"method":"openpgp","format":"secret","recipients":["x",""]}`,
			true,
		},
		"bad KMS": {
			map[string]attr.Value{"kms_key_id": types.StringValue("bad one"), "kms_encryption_context": kmsContext},
			`{"method":"kms","format":"secret","recipients":["bad one"]` + inJSON + `}`,
			true,
		},
		"null in the set": {
			map[string]attr.Value{
				"age_recipients": types.SetValueMust(types.StringType, []attr.Value{types.StringNull(), types.StringValue(testAgeRecipient)}),
			},
			`{"method":"age","format":"secret","recipients":["","` + testAgeRecipient + `",""]}`,
			true,
		},
		"no recipients": {
			map[string]attr.Value{"age_recipients": setOf()}, `{"method":"age","format":"secret","recipients":[""]}`, true,
		},
		"no method": {nil, `{"method":"","format":"secret","recipients":[""]}`, true},
		"two methods": {
			map[string]attr.Value{
				"age_recipients": setOf(testAgeRecipient), "kms_key_id": types.StringValue("alias/secrets"), "kms_encryption_context": kmsContext,
			},
			`{"method":"age","format":"secret","recipients":["` + testAgeRecipient + `"]` + inJSON + `}`,
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for region, service := range map[string]*kms.Service{
				"": nil, "us-east-1": kmsService(t, "us-east-1"), "nowhere": kmsService(t, "nowhere"),
			} {
				e, diags := parseEncryptedOutput(t.Context(), outputOf(t, test.given), service)
				if got, until := e.sealedTo(); got != test.want || !until.IsZero() {
					t.Errorf("region %q: got\n%s until %v, want\n%s for ever", region, got, until, test.want)
				}
				failed := test.failed || region == "nowhere" && strings.Contains(test.want, `"method":"kms"`)
				if diags.HasError() != failed {
					t.Errorf("region %q: diagnostics %v, want an error: %v", region, diags, failed)
				}
			}
		})
	}
}

func TestParseEncryptedOutput_nothing(t *testing.T) {
	t.Parallel()
	for name, object := range map[string]types.Object{
		"null":        types.ObjectNull(encryptedOutputType),
		"unknown":     types.ObjectUnknown(encryptedOutputType),
		"unknown key": outputOf(t, map[string]attr.Value{"kms_key_id": types.StringUnknown()}),
		"unknown element": outputOf(t, map[string]attr.Value{
			"age_recipients": types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()}),
		}),
	} {
		e, diags := parseEncryptedOutput(t.Context(), object, nil)
		if e != nil || len(diags) > 0 {
			t.Errorf("%s: %v, diagnostics %v", name, e, diags)
		}
		if canonical, until := e.sealedTo(); canonical != "" || !until.IsZero() {
			t.Errorf("%s: sealed to %q until %v", name, canonical, until)
		}
		if diags := e.checkAtPlan(t.Context(), time.Time{}); len(diags) > 0 {
			t.Errorf("%s: a trial gives %v", name, diags)
		}
	}
}

// TestParseEncryptedOutput_hint has recipients that belong to another attribute, whose names only the provider knows.
func TestParseEncryptedOutput_hint(t *testing.T) {
	t.Parallel()
	const (
		block    = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxjMEAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
		private  = "-----BEGIN PGP PRIVATE KEY BLOCK-----" //nolint:gosec // a first line without a key
		noChange = "\n\nNo key was created and none was changed."
	)
	for name, test := range map[string]struct {
		given           map[string]attr.Value
		service         *kms.Service
		summary, detail string
	}{
		"age identity": {
			map[string]attr.Value{"age_recipients": setOf(testAgeIdentity)},
			nil,
			"A recipient in encrypted_output.age_recipients is a private key",
			"Give its public key, as age-keygen -y or ssh-keygen -y prints it. Private keys belong only in age_identities of the " +
				"ephemeral resource iamkeys_secret_access_key.",
		},
		"OpenPGP key for age": {
			map[string]attr.Value{"age_recipients": setOf(block)},
			nil,
			"A recipient in encrypted_output.age_recipients is an OpenPGP key",
			"Encrypt to it with OpenPGP. Give it in openpgp_public_keys.",
		},
		"OpenPGP private key": {
			map[string]attr.Value{"openpgp_public_keys": setOf(private)},
			nil,
			"A recipient in encrypted_output.openpgp_public_keys is a private key",
			"Remove it from the configuration and from its history, and give the public key. Give what gpg --armor --export prints, or " +
				"base64 of what gpg --export prints. Private keys belong only in openpgp_private_key of the ephemeral resource " +
				"iamkeys_secret_access_key.",
		},
		"KMS key without a region": {
			map[string]attr.Value{"kms_key_id": types.StringValue("alias/secrets")},
			kmsService(t, "nowhere"),
			"Recipient alias/secrets in encrypted_output.kms_key_id does not name its region",
			"there is no valid default region\n\nGive the ARN of the key. Or set region in the provider block.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := parseEncryptedOutput(t.Context(), outputOf(t, test.given), test.service)
			if len(diags) != 1 || diags[0].Severity() != diag.SeverityError {
				t.Fatalf("%d diagnostics, want one error", len(diags))
			}
			if got := diags[0].Summary(); got != test.summary {
				t.Errorf("summary %q, want %q", got, test.summary)
			}
			if got := diags[0].Detail(); got != test.detail+noChange {
				t.Errorf("detail\n%s, want\n%s", got, test.detail+noChange)
			}
		})
	}
}

// TestEncryption_checkAtPlan checks that only the methods that need no permission are tried at plan.
func TestEncryption_checkAtPlan(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]map[string]attr.Value{
		"age": {"age_recipients": setOf(testAgeRecipient)},
		"KMS": {"kms_key_id": types.StringValue("alias/secrets")},
	} {
		e, diags := parseEncryptedOutput(t.Context(), outputOf(t, given), kmsService(t, "us-east-1"))
		if diags.HasError() {
			t.Fatalf("%s: %v", name, diags)
		}
		if diags := e.checkAtPlan(t.Context(), time.Time{}); len(diags) > 0 {
			t.Errorf("%s: a trial gives %v", name, diags)
		}
	}
	unusable, diags := parseEncryptedOutput(t.Context(), outputOf(t, map[string]attr.Value{"age_recipients": setOf("x")}), nil)
	if !diags.HasError() || unusable.Check(t.Context(), time.Time{}) == nil {
		t.Error("a trial with a bad recipient succeeds")
	}
}

func TestEncryption_Seal(t *testing.T) {
	t.Parallel()
	given := map[string]attr.Value{"age_recipients": setOf(testAgeRecipient), "format": types.StringValue("dotenv")}
	e, diags := parseEncryptedOutput(t.Context(), outputOf(t, given), nil)
	if diags.HasError() {
		t.Fatal(diags)
	}
	sealed, err := e.Seal(t.Context(), time.Time{}, "AKIAIOSFODNN7EXAMPLE", secret.New("wJalrXUtnFEMI"))
	if err != nil || !strings.HasPrefix(sealed, e.method.prefix) {
		t.Fatalf("error %v, or another prefix", err)
	}
	opened, err := age.NewOpener([]string{testAgeIdentity}, secret.Secret{}).Open(t.Context(), sealed)
	if err != nil {
		t.Fatal(err)
	}
	const want = "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI\n" //nolint:gosec // an example of AWS
	if opened.Reveal() != want {
		t.Error("the plaintext is not in the format dotenv")
	}
}

func TestSealingChange(t *testing.T) {
	t.Parallel()
	const (
		before = `{"method":"age","format":"secret","recipients":["a"]}`
		kmsKey = `{"method":"kms","format":"secret","recipients":["a"],"context":{"a":"1"}}`
	)
	for _, test := range []struct{ before, after, want string }{
		{before, "", "no longer set"},
		{"", before, "changed"},
		{before, `{"method":"age","format":"secret","recipients":["b"]}`, "other recipients"},
		{before, `{"method":"openpgp","format":"json","recipients":["b"]}`, "method openpgp instead of age, format json instead of secret"},
		{kmsKey, `{"method":"kms","format":"secret","recipients":["a"]}`, "another encryption context"},
	} {
		if got := sealingChange(test.before, test.after); got != test.want {
			t.Errorf("%s\n%s: %q, want %q", test.before, test.after, got, test.want)
		}
	}
}

func TestEncryptedOutputType(t *testing.T) {
	t.Parallel()
	if schemaType := encryptedOutputAttribute().GetType(); !schemaType.Equal(types.ObjectType{AttrTypes: encryptedOutputType}) {
		t.Errorf("the schema has type %s", schemaType)
	}
}
