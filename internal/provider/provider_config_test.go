package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// unknown stands, in the JSON of a test's configuration, for a value that is not known yet.
const unknown = "(unknown)"

// startSim starts a simulator with the user "signer", one of whose keys signs the requests of the test.
func startSim(t *testing.T) (*iamsim.Server, iamsim.Credentials) {
	t.Helper()
	sim, err := iamsim.Start(iamsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	sim.CreateUser("signer")
	key := sim.CreateAccessKey("signer")
	return sim, key
}

// isolate hides the AWS settings of the machine from the test, and turns off the look-up in the EC2 metadata service.
func isolate(t *testing.T) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "TF_AWS_") || strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "credentials"))
}

// configure configures the provider with the configuration in JSON.
func configure(t *testing.T, config string, capabilities provider.ConfigureProviderClientCapabilities) provider.ConfigureResponse {
	t.Helper()
	ctx := t.Context()
	schema := providerSchema()
	//nolint:staticcheck // Deprecated for states, and the only short way to write a configuration.
	raw, err := tftypes.ValueFromJSON([]byte(config), schema.Type().TerraformType(ctx))
	if err != nil {
		t.Fatal(err)
	}
	raw, err = tftypes.Transform(raw, func(_ *tftypes.AttributePath, v tftypes.Value) (tftypes.Value, error) {
		if v.Equal(tftypes.NewValue(tftypes.String, unknown)) {
			return tftypes.NewValue(tftypes.String, tftypes.UnknownValue), nil
		}
		return v, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p := New("test", Options{})()
	var resp provider.ConfigureResponse
	p.Configure(ctx, provider.ConfigureRequest{
		Config:             tfsdk.Config{Raw: raw, Schema: schema},
		ClientCapabilities: capabilities,
	}, &resp)
	return resp
}

// configured configures the provider and fails the test on any diagnostic.
func configured(t *testing.T, config string) *Client {
	t.Helper()
	resp := configure(t, config, provider.ConfigureProviderClientCapabilities{})
	if len(resp.Diagnostics) > 0 {
		t.Fatalf("configure: %v", resp.Diagnostics)
	}
	client, ok := resp.ResourceData.(*Client)
	if !ok || resp.DataSourceData != client || resp.EphemeralResourceData != client {
		t.Fatalf("configure handed out %T, %T and %T, want the same *Client", resp.ResourceData, resp.DataSourceData, resp.EphemeralResourceData)
	}
	return client
}

// actions lists the actions of the simulator's call log.
func actions(sim *iamsim.Server) []string {
	var names []string
	for _, call := range sim.Log() {
		names = append(names, call.Action)
	}
	return names
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestConfigure_credentials(t *testing.T) {
	const role, deployer = "arn:aws:iam::123456789012:role/rotation", "arn:aws:iam::123456789012:role/deployer"
	for name, tc := range map[string]struct {
		// config and env may name KEY, SECRET, FILE (shared file with profile "p") and TOKEN (a token's file).
		config string
		env    map[string]string
		// wantARN is who the provider is to AWS; wantCalls is what configure itself asks.
		wantARN   string
		wantCalls []string
	}{
		"static keys": {
			config:  `{"access_key": "KEY", "secret_key": "SECRET"}`,
			wantARN: "arn:aws:iam::123456789012:user/signer",
		},
		"keys in the environment": {
			config:  `{}`,
			env:     map[string]string{"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "SECRET"},
			wantARN: "arn:aws:iam::123456789012:user/signer",
		},
		"profile of a shared credentials file": {
			config:  `{"profile": "p", "shared_credentials_files": ["FILE"]}`,
			wantARN: "arn:aws:iam::123456789012:user/signer",
		},
		"profile of a shared file in the environment": {
			config:  `{}`,
			env:     map[string]string{"AWS_PROFILE": "p", "AWS_SHARED_CREDENTIALS_FILE": "FILE"},
			wantARN: "arn:aws:iam::123456789012:user/signer",
		},
		"path with a variable": {
			config:  `{"profile": "p", "shared_credentials_files": ["${WHERE}"]}`,
			env:     map[string]string{"WHERE": "FILE"},
			wantARN: "arn:aws:iam::123456789012:user/signer",
		},
		"assume_role": {
			config:    `{"access_key": "KEY", "secret_key": "SECRET", "assume_role": [{"role_arn": "` + role + `", "session_name": "ci"}]}`,
			wantARN:   "arn:aws:sts::123456789012:assumed-role/rotation/ci",
			wantCalls: []string{"AssumeRole"},
		},
		"assume_role twice, from a profile": {
			config: `{"profile": "p", "shared_credentials_files": ["FILE"], "assume_role": [
				{"role_arn": "` + deployer + `", "session_name": "hop"}, {"role_arn": "` + role + `", "session_name": "ci"}]}`,
			wantARN:   "arn:aws:sts::123456789012:assumed-role/rotation/ci",
			wantCalls: []string{"AssumeRole", "AssumeRole"},
		},
		"web identity, token": {
			config:    `{"assume_role_with_web_identity": {"role_arn": "` + role + `", "session_name": "ci", "web_identity_token": "token"}}`,
			wantARN:   "arn:aws:sts::123456789012:assumed-role/rotation/ci",
			wantCalls: []string{"AssumeRoleWithWebIdentity"},
		},
		"web identity, half of it in the environment": {
			config:    `{"assume_role_with_web_identity": {"session_name": "ci"}}`,
			env:       map[string]string{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN"},
			wantARN:   "arn:aws:sts::123456789012:assumed-role/rotation/ci",
			wantCalls: []string{"AssumeRoleWithWebIdentity"},
		},
		"web identity in the environment": {
			config:    `{}`,
			env:       map[string]string{"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": "TOKEN", "AWS_ROLE_SESSION_NAME": "ci"},
			wantARN:   "arn:aws:sts::123456789012:assumed-role/rotation/ci",
			wantCalls: []string{"AssumeRoleWithWebIdentity"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim, key := startSim(t)
			isolate(t)
			replace := strings.NewReplacer("KEY", key.AccessKeyID, "SECRET", key.Secret.Reveal(), "TOKEN", writeFile(t, "token"),
				"FILE", writeFile(t, fmt.Sprintf("[p]\naws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyID, key.Secret.Reveal())))
			t.Setenv("AWS_ENDPOINT_URL", sim.URL())
			for name, value := range tc.env {
				t.Setenv(name, replace.Replace(value))
			}
			client := configured(t, replace.Replace(tc.config))
			if got := slices.Compact(actions(sim)); !slices.Equal(got, slices.Compact(tc.wantCalls)) {
				t.Errorf("configure called %v, want %v", got, tc.wantCalls)
			}
			who, err := client.Gateway.CallerIdentity(t.Context())
			if err != nil || who.ARN != tc.wantARN {
				t.Errorf("the provider is %q (%v), want %q", who.ARN, err, tc.wantARN)
			}
			if _, err := client.Gateway.ListAccessKeys(t.Context(), "signer"); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfigure_assumeRoleSettings(t *testing.T) { //nolint:paralleltest // isolate sets the environment.
	sim, key := startSim(t)
	isolate(t)
	configured(t, fmt.Sprintf(`{"access_key": %q, "secret_key": %q, "endpoints": {"iam": %[3]q, "sts": %[3]q}, "assume_role": [{
		"role_arn": "arn:aws:iam::123456789012:role/rotation", "session_name": "ci", "external_id": "partner", "duration": "1h30m",
		"policy": "{}", "policy_arns": ["arn:aws:iam::aws:policy/IAMReadOnlyAccess"], "source_identity": "ada",
		"tags": {"team": "sec"}, "transitive_tag_keys": ["team"]}]}`, key.AccessKeyID, key.Secret.Reveal(), sim.URL()))
	want := map[string]string{
		"RoleArn": "arn:aws:iam::123456789012:role/rotation", "RoleSessionName": "ci", "ExternalId": "partner", "DurationSeconds": "5400",
		"Policy": "{}", "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess", "SourceIdentity": "ada",
		"Tags.member.1.Key": "team", "Tags.member.1.Value": "sec", "TransitiveTagKeys.member.1": "team",
	}
	for _, call := range sim.Log() {
		for name, value := range want {
			if call.Params[name] != value {
				t.Errorf("%s: %s is %q, want %q", call.Action, name, call.Params[name], value)
			}
		}
	}
}

func TestConfigure_endpoints(t *testing.T) {
	for name, tc := range map[string]struct {
		config string
		env    map[string]string
	}{
		"block": {config: `{"endpoints": {"iam": "IAM", "sts": "STS"}}`},
		"block before the environment": {
			config: `{"endpoints": {"iam": "IAM", "sts": "STS"}}`,
			env:    map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "TF_AWS_IAM_ENDPOINT": "http://127.0.0.1:1"},
		},
		"AWS_ENDPOINT_URL_<service>": {config: `{}`, env: map[string]string{"AWS_ENDPOINT_URL_IAM": "IAM", "AWS_ENDPOINT_URL_STS": "STS"}},
		"TF_AWS_<service>_ENDPOINT": {
			config: `{}`,
			env: map[string]string{
				"TF_AWS_IAM_ENDPOINT": "IAM", "TF_AWS_STS_ENDPOINT": "STS", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
			},
		},
		"one of the block, one general": {config: `{"endpoints": {"iam": "IAM"}}`, env: map[string]string{"AWS_ENDPOINT_URL": "STS"}},
	} {
		t.Run(name, func(t *testing.T) {
			iam, key := startSim(t)
			sts, _ := startSim(t)
			isolate(t)
			t.Setenv("AWS_ACCESS_KEY_ID", key.AccessKeyID)
			t.Setenv("AWS_SECRET_ACCESS_KEY", key.Secret.Reveal())
			replace := strings.NewReplacer("IAM", iam.URL(), "STS", sts.URL())
			for name, value := range tc.env {
				t.Setenv(name, replaceValue(value, iam.URL(), sts.URL()))
			}
			client := configured(t, replace.Replace(tc.config))
			if _, err := client.Gateway.ListAccessKeys(t.Context(), "signer"); err != nil {
				t.Error(err)
			}
			// The other simulator does not know the key: what counts is that it was asked.
			if _, err := client.Gateway.CallerIdentity(t.Context()); !iamgate.IsKind(err, iamgate.KindInvalidCredentials) {
				t.Errorf("the simulator of STS answered %v, want that it does not know the key", err)
			}
			if got, want := actions(iam), []string{"ListAccessKeys"}; !slices.Equal(got, want) {
				t.Errorf("IAM saw %v, want %v", got, want)
			}
			if got, want := actions(sts), []string{"GetCallerIdentity"}; !slices.Equal(got, want) {
				t.Errorf("STS saw %v, want %v", got, want)
			}
		})
	}
}

func replaceValue(value, iam, sts string) string {
	switch value {
	case "IAM":
		return iam
	case "STS":
		return sts
	default:
		return value
	}
}

func TestConfigure_region(t *testing.T) {
	for name, tc := range map[string]struct {
		config string
		env    map[string]string
		want   string
	}{
		"none anywhere":      {config: `{}`, want: "us-east-1"},
		"attribute":          {config: `{"region": "eu-west-1"}`, env: map[string]string{"AWS_REGION": "eu-west-2"}, want: "eu-west-1"},
		"AWS_REGION":         {config: `{}`, env: map[string]string{"AWS_REGION": "eu-west-2"}, want: "eu-west-2"},
		"AWS_DEFAULT_REGION": {config: `{}`, env: map[string]string{"AWS_DEFAULT_REGION": "eu-west-3"}, want: "eu-west-3"},
		"profile":            {config: `{"profile": "p", "shared_config_files": ["FILE"]}`, want: "eu-north-1"},
		"default profile":    {config: `{"shared_config_files": ["FILE"]}`, want: "eu-south-1"},
		"sts_region":         {config: `{"region": "eu-west-1", "sts_region": "eu-central-1"}`, want: "eu-central-1"},
	} {
		t.Run(name, func(t *testing.T) {
			sim, key := startSim(t)
			isolate(t)
			t.Setenv("AWS_ENDPOINT_URL", sim.URL())
			for name, value := range tc.env {
				t.Setenv(name, value)
			}
			keys := fmt.Sprintf("aws_access_key_id = %s\naws_secret_access_key = %s\n", key.AccessKeyID, key.Secret.Reveal())
			file := writeFile(t, "[default]\nregion = eu-south-1\n"+keys+"[profile p]\nregion = eu-north-1\n"+keys)
			if !strings.Contains(tc.config, "FILE") {
				t.Setenv("AWS_ACCESS_KEY_ID", key.AccessKeyID)
				t.Setenv("AWS_SECRET_ACCESS_KEY", key.Secret.Reveal())
			}
			client := configured(t, strings.ReplaceAll(tc.config, "FILE", file))
			if _, err := client.Gateway.CallerIdentity(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := sim.Keys("signer")[0].LastUsedRegion; got != tc.want {
				t.Errorf("STS is asked in region %q, want %q", got, tc.want)
			}
		})
	}
}
