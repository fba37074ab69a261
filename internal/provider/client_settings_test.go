package provider

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awsclient"
)

// settingsOf are the settings of a provider block in JSON.
func settingsOf(t *testing.T, config string) awsclient.Settings {
	t.Helper()
	schema := providerSchema()
	raw, err := tftypes.ValueFromJSON([]byte(config), schema.Type().TerraformType(t.Context())) //nolint:staticcheck // As in configure.
	if err != nil {
		t.Fatal(err)
	}
	var model providerModel
	if diags := (tfsdk.Config{Raw: raw, Schema: schema}).Get(t.Context(), &model); diags.HasError() {
		t.Fatal(diags)
	}
	return model.settings()
}

// wantSet checks that all fields of a struct are set, or that none is.
func wantSet(t *testing.T, settings any, want bool) {
	t.Helper()
	v := reflect.ValueOf(settings)
	for i := range v.NumField() {
		if set := !v.Field(i).IsZero(); set != want {
			t.Errorf("%s.%s is set: %t, want %t", v.Type().Name(), v.Type().Field(i).Name, set, want)
		}
	}
}

// TestProviderModel_settings shows that no setting is lost on the way, and none is set that the user did not set.
func TestProviderModel_settings(t *testing.T) {
	t.Parallel()
	full := settingsOf(t, `{
		"access_key": "a", "allowed_account_ids": ["a"], "custom_ca_bundle": "a", "ec2_metadata_service_endpoint": "a",
		"ec2_metadata_service_endpoint_mode": "a", "forbidden_account_ids": ["a"], "http_proxy": "", "https_proxy": "",
		"insecure": true, "max_retries": 0, "no_proxy": "a", "profile": "a", "region": "a", "retry_mode": "a", "secret_key": "a",
		"shared_config_files": ["a"], "shared_credentials_files": ["a"], "skip_metadata_api_check": false,
		"skip_region_validation": true, "sts_region": "a", "token": "a", "use_dualstack_endpoint": true, "use_fips_endpoint": true,
		"assume_role": [{"duration": "1h", "external_id": "a", "policy": "a", "policy_arns": ["a"], "role_arn": "a",
			"session_name": "a", "source_identity": "a", "tags": {"a": "a"}, "transitive_tag_keys": ["a"]}],
		"assume_role_with_web_identity": {"duration": "1h", "policy": "a", "policy_arns": ["a"], "role_arn": "a",
			"session_name": "a", "web_identity_token": "a", "web_identity_token_file": "a"},
		"endpoints": {"cloudtrail": "a", "iam": "a", "kms": "a", "sts": "a"}
	}`)
	wantSet(t, full, true)
	wantSet(t, full.AssumeRole[0], true)
	wantSet(t, *full.AssumeRoleWithWebIdentity, true)
	wantSet(t, full.Endpoints, true)

	wantSet(t, settingsOf(t, `{}`), false)
	empty := settingsOf(t, `{"assume_role": [{}], "assume_role_with_web_identity": {}, "endpoints": {}}`)
	wantSet(t, empty.AssumeRole[0], false)
	wantSet(t, *empty.AssumeRoleWithWebIdentity, false)
	wantSet(t, empty.Endpoints, false)
}

func TestProblemDiagnostics(t *testing.T) {
	t.Parallel()
	got := problemDiagnostics(awsclient.Problems{
		{Summary: "a", Detail: "b"},
		{Severity: awsclient.Warning, Summary: "c", Detail: "d"},
		{Setting: awsclient.Path{"endpoints", "iam"}, Summary: "e", Detail: "f"},
		{Severity: awsclient.Warning, Setting: awsclient.Path{"shared_config_files", 1}, Summary: "g", Detail: "h"},
	})
	want := diag.Diagnostics{
		diag.NewErrorDiagnostic("a", "b"),
		diag.NewWarningDiagnostic("c", "d"),
		diag.NewAttributeErrorDiagnostic(path.Root("endpoints").AtName("iam"), "e", "f"),
		diag.NewAttributeWarningDiagnostic(path.Root("shared_config_files").AtListIndex(1), "g", "h"),
	}
	if !got.Equal(want) {
		t.Errorf("got %s, want %s", describe(got), describe(want))
	}
}

func describe(diags diag.Diagnostics) string {
	var texts []string
	for _, d := range diags {
		at := ""
		if withPath, ok := d.(diag.DiagnosticWithPath); ok {
			at = withPath.Path().String()
		}
		texts = append(texts, fmt.Sprintf("%s at %q: %s, %s", d.Severity(), at, d.Summary(), d.Detail()))
	}
	return strings.Join(texts, "; ")
}
