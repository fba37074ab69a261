package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/logging"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func modelFor(sim *iamsim.Server, key iamsim.Credentials) providerModel {
	return providerModel{
		AccessKey: types.StringValue(key.AccessKeyID),
		SecretKey: types.StringValue(key.Secret.Reveal()),
		Endpoints: &endpointsModel{IAM: types.StringValue(sim.URL()), STS: types.StringValue(sim.URL())},
	}
}

func mustClient(ctx context.Context, t *testing.T, m providerModel) *Client {
	t.Helper()
	client, diags := newClient(ctx, m, "1.2.3", clock.System())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return client
}

// TestNoBodyIsLogged makes a key with logging at TRACE, and looks for request and answer in every log sink. The same is
// done with the logger that aws-sdk-go-base would register, to see that the sink does catch what is logged.
func TestNoBodyIsLogged(t *testing.T) { //nolint:paralleltest // isolate sets the environment.
	isolate(t)
	for name, tc := range map[string]struct { //nolint:paralleltest // isolate sets the environment.
		withBaseLogger bool
		wantBody       bool
	}{
		"provider": {},
		"with the logger of aws-sdk-go-base, a control": {withBaseLogger: true, wantBody: true},
	} {
		t.Run(name, func(t *testing.T) {
			sim, key := startSim(t)
			sim.CreateUser("target")
			var sink bytes.Buffer
			log.SetOutput(&sink)                           //nolint:forbidigo // aws-sdk-go-base falls back to the standard logger.
			t.Cleanup(func() { log.SetOutput(os.Stderr) }) //nolint:forbidigo // As above.
			ctx := tfsdklogtest.RootLogger(tflogtest.RootLogger(t.Context(), &sink), &sink)

			m := modelFor(sim, key)
			var gateway *iamgate.Gateway
			if tc.withBaseLogger {
				base := m.baseConfig("1.2.3")
				base.Region, base.SuppressDebugLog = "us-east-1", false
				ctx, base.Logger = withTFLogger(ctx)
				loggingCtx, cfg, diags := awsbase.GetAwsConfig(ctx, base)
				if diags.HasError() {
					t.Fatal(diags)
				}
				ctx, gateway = loggingCtx, iamgate.New(cfg, iamgate.Options{IAMEndpoint: sim.URL()})
			} else {
				gateway = mustClient(ctx, t, m).Gateway
			}
			if _, err := gateway.CreateAccessKey(ctx, "target"); err != nil {
				t.Fatal(err)
			}

			text := sink.String()
			for _, s := range sim.IssuedSecrets() {
				if strings.Contains(text, s.Reveal()) {
					t.Error("a whole secret is in the log")
				}
			}
			for _, body := range []string{"Action=CreateAccessKey", "CreateAccessKeyResponse", "SecretAccessKey"} {
				if strings.Contains(text, body) != tc.wantBody {
					t.Errorf("%q in the log: %t, want %t", body, !tc.wantBody, tc.wantBody)
				}
			}
		})
	}
}

func withTFLogger(ctx context.Context) (context.Context, logging.Logger) {
	return logging.NewTfLogger(ctx)
}

func TestAccountGuard(t *testing.T) { //nolint:paralleltest // isolate sets the environment.
	isolate(t)
	const account, other = "123456789012", "210987654321"
	for name, tc := range map[string]struct { //nolint:paralleltest // isolate sets the environment.
		allowed, forbidden []string
		wantErr            string
		wantCalls          []string
	}{
		"no lists":      {wantCalls: []string{"ListAccessKeys", "ListAccessKeys"}},
		"allowed":       {allowed: []string{other, account}, wantCalls: []string{"GetCallerIdentity", "ListAccessKeys", "ListAccessKeys"}},
		"not allowed":   {allowed: []string{other}, wantErr: "the credentials belong to AWS account 123456789012", wantCalls: []string{"GetCallerIdentity"}},
		"forbidden":     {forbidden: []string{account}, wantErr: "the credentials belong to AWS account 123456789012", wantCalls: []string{"GetCallerIdentity"}},
		"not forbidden": {forbidden: []string{other}, wantCalls: []string{"GetCallerIdentity", "ListAccessKeys", "ListAccessKeys"}},
	} {
		t.Run(name, func(t *testing.T) {
			sim, key := startSim(t)
			m := modelFor(sim, key)
			m.AllowedAccountIDs, m.ForbiddenAccountIDs = tc.allowed, tc.forbidden
			client := mustClient(t.Context(), t, m)
			if calls := actions(sim); len(calls) > 0 {
				t.Errorf("configure called %v", calls)
			}
			for range 2 {
				_, err := client.Gateway.ListAccessKeys(t.Context(), "signer")
				if (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got %v, want %q", err, tc.wantErr)
				}
			}
			if got := actions(sim); !slices.Equal(got, tc.wantCalls) {
				t.Errorf("called %v, want %v", got, tc.wantCalls)
			}
		})
	}
}

func TestMaxAttempts(t *testing.T) {
	for name, tc := range map[string]struct {
		attribute types.Int64
		env       string
		want      int
	}{
		"attribute":                     {attribute: types.Int64Value(2), env: "4", want: 2},
		"zero is one attempt":           {attribute: types.Int64Value(0), want: 1},
		"AWS_MAX_ATTEMPTS":              {attribute: types.Int64Null(), env: "3", want: 3},
		"as the hashicorp/aws provider": {attribute: types.Int64Null(), want: 25},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			t.Setenv("AWS_MAX_ATTEMPTS", tc.env)
			m := providerModel{AccessKey: types.StringValue(testKeyID), SecretKey: types.StringValue(testSecret), MaxRetries: tc.attribute}
			cfg, diags := m.awsConfig(t.Context(), "1.2.3")
			if diags.HasError() {
				t.Fatal(diags)
			}
			if got := cfg.Retryer().MaxAttempts(); got != tc.want {
				t.Errorf("a request is tried %d times, want %d", got, tc.want)
			}
		})
	}
}

// TestInstanceRole stands in for the EC2 metadata service.
// See https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html.
func TestInstanceRole(t *testing.T) {
	isolate(t)
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

	m := modelFor(sim, iamsim.Credentials{})
	m.AccessKey, m.SecretKey = types.StringNull(), types.StringNull()
	m.EC2MetadataServiceEndpoint = types.StringValue(metadata.URL)
	if _, err := mustClient(t.Context(), t, m).Gateway.CallerIdentity(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := sim.Keys("signer")[0].LastUsedRegion, "cn-north-1"; got != want {
		t.Errorf("STS is asked in region %q, want %q, the instance's", got, want)
	}

	m.SkipMetadataAPICheck = types.BoolValue(true)
	if _, diags := newClient(t.Context(), m, "1.2.3", clock.System()); !diags.HasError() || diags[0].Summary() != "No AWS credentials found" {
		t.Errorf("with skip_metadata_api_check: got %v, want no credentials", diags)
	}
}
