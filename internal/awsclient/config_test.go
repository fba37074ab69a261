package awsclient

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestResolve_maxAttempts(t *testing.T) {
	for name, tc := range map[string]struct {
		setting *int64
		env     string
		want    int
	}{
		"setting":                       {setting: aws.Int64(2), env: "4", want: 2},
		"zero is one attempt":           {setting: aws.Int64(0), want: 1},
		"AWS_MAX_ATTEMPTS":              {env: "3", want: 3},
		"as the hashicorp/aws provider": {want: 25},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_MAX_ATTEMPTS", tc.env)
			s := exampleSettings()
			s.MaxRetries = tc.setting
			_, cfg, problems := resolve(t.Context(), s, "1.2.3", new(sourceKeys))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if got := cfg.Retryer().MaxAttempts(); got != tc.want {
				t.Errorf("a request is tried %d times, want %d", got, tc.want)
			}
		})
	}
}

// TestResolve_settings: what the environment adds is not written into the settings of the caller.
func TestResolve_settings(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/rotation"
	sim, _ := startSim(t)
	t.Setenv("AWS_ENDPOINT_URL", sim.URL())
	t.Setenv("AWS_ROLE_ARN", role)
	given := Settings{AssumeRoleWithWebIdentity: &WebIdentity{WebIdentityToken: secret.New("token"), SessionName: "ci"}}
	used, _, problems := resolve(t.Context(), given, "1.2.3", new(sourceKeys))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := Endpoints{CloudTrail: sim.URL(), IAM: sim.URL(), KMS: sim.URL(), STS: sim.URL()}
	if used.Endpoints != want || used.AssumeRoleWithWebIdentity.RoleARN != role {
		t.Errorf("used %+v and %q", used.Endpoints, used.AssumeRoleWithWebIdentity.RoleARN)
	}
	if given.Endpoints != (Endpoints{}) || given.AssumeRoleWithWebIdentity.RoleARN != "" {
		t.Errorf("the caller's settings are now %+v and %q", given.Endpoints, given.AssumeRoleWithWebIdentity.RoleARN)
	}
}

// TestNew_warning has a variable that aws-sdk-go-base calls deprecated.
func TestNew_warning(t *testing.T) {
	t.Setenv("AWS_METADATA_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:2")
	clients, problems := New(t.Context(), exampleSettings(), Options{})
	if clients == nil || len(problems) != 1 {
		t.Fatalf("got %v and %v, want clients and one problem", clients, problems)
	}
	if got := problems[0]; got.Severity != Warning || got.Summary != "Deprecated Environment Variable" || got.Setting != nil {
		t.Errorf("got %+v", got)
	}
}

// TestNew_instanceRole stands in for the EC2 metadata service.
// See https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html.
func TestNew_instanceRole(t *testing.T) {
	t.Setenv("AWS_EC2_METADATA_DISABLED", "")
	sim, key := startSim(t)
	const roles = "/latest/meta-data/iam/security-credentials/"
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/latest/api/token":
			w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")
			_, _ = io.WriteString(w, "token")
		case roles:
			_, _ = io.WriteString(w, "role")
		case roles + "role":
			_ = json.NewEncoder(w).Encode(map[string]string{
				"Code": "Success", "AccessKeyId": key.AccessKeyID, "SecretAccessKey": key.Secret.Reveal(),
				"Expiration": clock.System().Now().Add(time.Hour).UTC().Format(time.RFC3339),
			})
		case "/latest/dynamic/instance-identity/document":
			_, _ = fmt.Fprint(w, `{"region": "cn-north-1"}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(metadata.Close)

	s := settingsFor(sim, iamsim.Credentials{})
	s.EC2MetadataServiceEndpoint = metadata.URL
	if _, err := mustNew(t, s, Options{}).Gateway.CallerIdentity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := sim.Keys("signer")[0].LastUsedRegion, "cn-north-1"; got != want {
		t.Errorf("STS is asked in region %q, want %q, the instance's", got, want)
	}

	s.SkipMetadataAPICheck = aws.Bool(true)
	clients, problems := New(t.Context(), s, Options{})
	if clients != nil || len(problems) != 1 || problems[0].Severity != Error || problems[0].Summary != "No AWS credentials found" {
		t.Errorf("with skip_metadata_api_check: got %v, want no credentials", problems)
	}
}
