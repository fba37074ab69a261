package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The example of AWS's own documentation.
const (
	testKeyID  = "AKIAIOSFODNN7EXAMPLE"                     //nolint:gosec // An example.
	testSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" //nolint:gosec // An example.
)

func TestConfigure_wrong(t *testing.T) {
	const keys = `"access_key": "` + testKeyID + `", "secret_key": "` + testSecret + `"`
	for name, tc := range map[string]struct {
		config string
		env    map[string]string
		// attribute is the path that the diagnostic points at; detail lists what the text must name.
		attribute, summary string
		detail             []string
	}{
		"no credentials": {
			config:  `{}`,
			summary: "No AWS credentials found",
			detail: []string{
				"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "access_key and secret_key", "assume_role_with_web_identity",
				"~/.aws/credentials", "EC2",
			},
		},
		"secret_key without access_key": {
			config:    `{"secret_key": "` + testSecret + `"}`,
			attribute: "access_key", summary: "secret_key is set without access_key",
			detail: []string{"Set access_key to the id of the key"},
		},
		"access_key without secret_key": {
			config:    `{"access_key": "` + testKeyID + `"}`,
			env:       map[string]string{"AWS_SECRET_ACCESS_KEY": testSecret},
			attribute: "secret_key", summary: `access_key "` + testKeyID + `" is set without secret_key`,
			detail: []string{"Set secret_key to the secret of the key"},
		},
		"token alone": {
			config:    `{"token": "` + testSecret + `"}`,
			attribute: "token", summary: "token is set without access_key and secret_key",
			detail: []string{"Set access_key and secret_key"},
		},
		"keys and web identity": {
			config: `{` + keys + `, "assume_role_with_web_identity": {"role_arn": "arn:aws:iam::123456789012:role/r",
				"web_identity_token": "` + testSecret + `"}}`,
			attribute: "assume_role_with_web_identity", summary: "assume_role_with_web_identity is set beside access_key",
			detail: []string{"Remove assume_role_with_web_identity, or access_key and secret_key."},
		},
		"web identity without role": {
			config:    `{"assume_role_with_web_identity": {"web_identity_token": "` + testSecret + `"}}`,
			attribute: "assume_role_with_web_identity.role_arn", summary: "assume_role_with_web_identity names no role",
			detail: []string{"Set role_arn", "AWS_ROLE_ARN"},
		},
		"web identity without token": {
			config:    `{"assume_role_with_web_identity": {"role_arn": "arn:aws:iam::123456789012:role/r"}}`,
			attribute: "assume_role_with_web_identity.web_identity_token_file", summary: "assume_role_with_web_identity has no token",
			detail: []string{"Set web_identity_token_file or web_identity_token", "AWS_WEB_IDENTITY_TOKEN_FILE"},
		},
		"token file missing": {
			config: `{"assume_role_with_web_identity": {"role_arn": "arn:aws:iam::123456789012:role/r",
				"web_identity_token_file": "/nowhere/token"}}`,
			attribute: "assume_role_with_web_identity.web_identity_token_file",
			summary:   `Unable to read the file of assume_role_with_web_identity.web_identity_token_file: "/nowhere/token"`,
			detail:    []string{"no such file", "Set assume_role_with_web_identity.web_identity_token_file to a file"},
		},
		"endpoint without scheme": {
			config:    `{` + keys + `, "endpoints": {"iam": "localhost:4566"}}`,
			attribute: "endpoints.iam", summary: `Invalid endpoint of iam: "localhost:4566"`,
			detail: []string{"Set endpoints.iam to a URL with scheme and host", "TF_AWS_IAM_ENDPOINT"},
		},
		"endpoint of another scheme": {
			config:    `{` + keys + `, "endpoints": {"sts": "ftp://host"}}`,
			attribute: "endpoints.sts", summary: `Invalid endpoint of sts: "ftp://host"`,
			detail: []string{"Set endpoints.sts to a URL with scheme and host"},
		},
		"endpoint in the environment": {
			config:    `{` + keys + `, "endpoints": {"cloudtrail": "http://a", "iam": "http://a", "sts": "http://a"}}`,
			env:       map[string]string{"AWS_ENDPOINT_URL": "localhost"},
			attribute: "endpoints.kms", summary: `Invalid endpoint of kms: "localhost"`,
			detail: []string{"AWS_ENDPOINT_URL_KMS or AWS_ENDPOINT_URL"},
		},
		"shared credentials file missing": {
			config:    `{"shared_credentials_files": ["/nowhere/credentials"]}`,
			attribute: "shared_credentials_files[0]", summary: `Unable to read the file of shared_credentials_files[0]: "/nowhere/credentials"`,
			detail: []string{"no such file", "Set shared_credentials_files[0] to a file"},
		},
		"shared config file missing": {
			config:    `{` + keys + `, "shared_config_files": ["~/nowhere/config"]}`,
			attribute: "shared_config_files[0]", summary: `Unable to read the file of shared_config_files[0]: "~/nowhere/config"`,
			detail: []string{"no such file"},
		},
		"CA bundle missing": {
			config:    `{` + keys + `, "custom_ca_bundle": "/nowhere/ca.pem"}`,
			attribute: "custom_ca_bundle", summary: `Unable to read the file of custom_ca_bundle: "/nowhere/ca.pem"`,
			detail: []string{"no such file"},
		},
		"profile missing": {
			config:  `{"profile": "nobody", "shared_credentials_files": ["<file>"]}`,
			summary: `AWS profile not found: "nobody"`,
			detail:  []string{`No profile "nobody", chosen by profile, is in`, "<file>", "Set profile to a profile of these files"},
		},
		"AWS_PROFILE missing": {
			config:  `{}`,
			env:     map[string]string{"AWS_PROFILE": "nobody", "AWS_SHARED_CREDENTIALS_FILE": "<file>"},
			summary: `AWS profile not found: "nobody"`,
			detail:  []string{`No profile "nobody", chosen by AWS_PROFILE, is in`, "<file>"},
		},
		"profile with half a key": {
			config:  `{"profile": "half", "shared_credentials_files": ["<file>"]}`,
			summary: `Unable to read AWS profile: "half"`,
			detail:  []string{"partial credentials", "Correct the profile in", "<file>"},
		},
		"profile whose source is missing": {
			config:  `{"profile": "orphan", "shared_credentials_files": ["<file>"]}`,
			summary: `Unable to read AWS profile: "orphan"`,
			detail:  []string{"nobody", "Correct the profile in"},
		},
		"AWS_RETRY_MODE": {
			config:  `{` + keys + `}`,
			env:     map[string]string{"AWS_RETRY_MODE": "eager"},
			summary: "Invalid AWS environment variable",
			detail:  []string{"eager", "Correct or unset"},
		},
		"AWS_MAX_ATTEMPTS": {
			config:  `{` + keys + `}`,
			env:     map[string]string{"AWS_MAX_ATTEMPTS": "many"},
			summary: "Invalid AWS environment variable",
			detail:  []string{"AWS_MAX_ATTEMPTS", "many"},
		},
		"proxy": {
			config:    `{` + keys + `, "http_proxy": "http://user:` + testSecret + `@[::1", "https_proxy": ""}`,
			attribute: "http_proxy", summary: "http_proxy is not a URL",
			detail: []string{"Set http_proxy to a URL such as http://proxy.example.com:3128"},
		},
		"role that is refused": {
			config: `{` + keys + `, "endpoints": {"sts": "http://127.0.0.1:1"}, "max_retries": 0,
				"assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/r"}]}`,
			summary: "Cannot assume IAM Role",
			detail:  []string{"arn:aws:iam::123456789012:role/r", "connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			file := writeFile(t, "[half]\naws_secret_access_key = "+testSecret+"\n"+
				"[orphan]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = nobody\n")
			replace := strings.NewReplacer("<file>", file)
			for name, value := range tc.env {
				t.Setenv(name, replace.Replace(value))
			}
			resp := configure(t, replace.Replace(tc.config), provider.ConfigureProviderClientCapabilities{})
			errs := resp.Diagnostics.Errors()
			if len(errs) != 1 || resp.ResourceData != nil {
				t.Fatalf("got %d errors and %v, want one error and no client", len(errs), resp.ResourceData)
			}
			text := errs[0].Summary() + errs[0].Detail()
			if strings.Contains(text, testSecret) {
				t.Fatal("the diagnostic shows the secret")
			}
			if errs[0].Summary() != tc.summary {
				t.Errorf("summary %q, want %q", errs[0].Summary(), tc.summary)
			}
			for _, want := range tc.detail {
				if want = replace.Replace(want); !strings.Contains(errs[0].Detail(), want) {
					t.Errorf("detail %q does not say %q", errs[0].Detail(), want)
				}
			}
			attribute := ""
			if at, ok := errs[0].(diag.DiagnosticWithPath); ok {
				attribute = at.Path().String()
			}
			if attribute != tc.attribute {
				t.Errorf("points at %q, want %q", attribute, tc.attribute)
			}
		})
	}
}

func TestConfigure_unknown(t *testing.T) { //nolint:paralleltest // isolate sets the environment.
	isolate(t)
	const config = `{"access_key": "` + unknown + `", "secret_key": "` + testSecret + `", "assume_role": [{"role_arn": "` + unknown + `"}]}`

	resp := configure(t, config, provider.ConfigureProviderClientCapabilities{})
	var summaries []string
	for _, d := range resp.Diagnostics.Errors() {
		summaries = append(summaries, d.Summary())
	}
	want := "Provider setting is not known yet: access_key|Provider setting is not known yet: assume_role"
	if got := strings.Join(summaries, "|"); got != want || resp.ResourceData != nil {
		t.Errorf("got %q and %v, want %q and no client", got, resp.ResourceData, want)
	}

	resp = configure(t, config, provider.ConfigureProviderClientCapabilities{DeferralAllowed: true})
	if len(resp.Diagnostics) > 0 || resp.Deferred == nil || resp.Deferred.Reason != provider.DeferredReasonProviderConfigUnknown {
		t.Errorf("got %v and %v, want a deferral", resp.Diagnostics, resp.Deferred)
	}
}

// TestValidate goes through the server, as Terraform does: what the schema refuses never reaches Configure.
func TestValidate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ config, want string }{
		"good":       {`{"retry_mode": "adaptive", "max_retries": 0, "allowed_account_ids": ["123456789012"]}`, ""},
		"retry_mode": {`{"retry_mode": "eager"}`, `Attribute retry_mode value must be one of: ["standard" "adaptive"], got: "eager"`},
		"max_retries": {
			`{"max_retries": -1}`, "Invalid number in max_retries: -1 Set max_retries to a whole number from 0 to 2147483647.",
		},
		"max_retries fractional":      {`{"max_retries": 2.5}`, "Invalid number in max_retries: 2.5 Set max_retries to a whole number"},
		"max_retries beyond an int64": {`{"max_retries": 1e30}`, "Invalid number in max_retries: 1e+30 Set max_retries to a whole number"},
		"metadata mode": {
			`{"ec2_metadata_service_endpoint_mode": "IPv5"}`,
			`Attribute ec2_metadata_service_endpoint_mode value must be one of: ["IPv4" "IPv6"], got: "IPv5"`,
		},
		"account id": {`{"forbidden_account_ids": ["12345"]}`, `must be an AWS account id: 12 digits, got: 12345`},
		"both account lists": {
			`{"allowed_account_ids": ["123456789012"], "forbidden_account_ids": []}`,
			`Attribute "forbidden_account_ids" cannot be specified when "allowed_account_ids" is specified`,
		},
		"role ARN": {
			`{"assume_role": [{"role_arn": "rotation"}]}`,
			"must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/rotation, got: rotation",
		},
		"session duration": {
			`{"assume_role": [{"role_arn": "arn:aws:iam::123456789012:role/r", "duration": "1.5h"}]}`,
			"Set assume_role[0].duration to whole numbers with the units w, d, h, m and s",
		},
		"token and file": {
			`{"assume_role_with_web_identity": {"web_identity_token": "t", "web_identity_token_file": "f"}}`,
			"cannot be specified when",
		},
		"web identity role ARN": {`{"assume_role_with_web_identity": {"role_arn": "r"}}`, "must be the ARN of an IAM role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := providerserver.NewProtocol6(New("test", Options{})())()
			schemaType := providerSchema().Type().TerraformType(t.Context())
			raw, err := tftypes.ValueFromJSON([]byte(tc.config), schemaType) //nolint:staticcheck // As in configure.
			if err != nil {
				t.Fatal(err)
			}
			config, err := tfprotov6.NewDynamicValue(schemaType, raw)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := server.ValidateProviderConfig(t.Context(), &tfprotov6.ValidateProviderConfigRequest{Config: &config})
			if err != nil {
				t.Fatal(err)
			}
			var text strings.Builder
			for _, d := range resp.Diagnostics {
				text.WriteString(strings.Join(strings.Fields(d.Summary+" "+d.Detail), " ") + "\n")
			}
			if got := text.String(); (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
