package awsclient

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/logging"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
	"github.com/hashicorp/terraform-plugin-log/tfsdklogtest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// TestNew_noBodyIsLogged creates a key with logging at TRACE, and looks for request and answer in every log sink. The same is
// done with the logger that aws-sdk-go-base would register, to see that the sink does catch what is logged.
func TestNew_noBodyIsLogged(t *testing.T) { //nolint:paralleltest // It sets the output of the standard logger.
	for name, tc := range map[string]struct { //nolint:paralleltest // As above.
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

			s := settingsFor(sim, key)
			var gateway *iamgate.Gateway
			if tc.withBaseLogger {
				base := s.baseConfig("1.2.3")
				base.Region, base.SuppressDebugLog = "us-east-1", false
				ctx, base.Logger = logging.NewTfLogger(ctx)
				loggingCtx, cfg, diags := awsbase.GetAwsConfig(ctx, base)
				if diags.HasError() {
					t.Fatal(diags)
				}
				ctx, gateway = loggingCtx, iamgate.New(cfg, iamgate.Options{IAMEndpoint: sim.URL()})
			} else {
				clients, problems := New(ctx, s, Options{Version: "1.2.3"})
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				gateway = clients.Gateway
			}
			if _, err := gateway.CreateAccessKey(ctx, "target"); err != nil {
				t.Fatal(err)
			}

			text := sink.String()
			for _, issued := range sim.IssuedSecrets() {
				if strings.Contains(text, issued.Reveal()) {
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

// TestNew_log asserts every line that is logged, up to the second request.
func TestNew_log(t *testing.T) {
	t.Parallel()
	const password = "horse-staple"
	sim, key := startSim(t)
	s := settingsFor(sim, key)
	s.Region, s.STSRegion = "eu-west-1", "eu-central-1"
	s.Endpoints.KMS = "http://user:" + password + "@127.0.0.1:1"
	var sink bytes.Buffer
	ctx := tflogtest.RootLogger(t.Context(), &sink)
	clients, problems := New(ctx, s, Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for range 2 {
		if _, err := clients.Gateway.ListAccessKeys(ctx, "signer"); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{password, key.Secret.Reveal()} {
		if strings.Contains(sink.String(), text) {
			t.Fatal("a secret is in the log")
		}
	}
	lines, err := tflogtest.MultilineJSONDecode(&sink)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		delete(line, "@caller")
	}
	want := []map[string]any{
		{ //nolint:gosec // The password is masked.
			"@level": "debug", "@module": "provider", "@message": "Resolved the settings of the provider",
			"region": "eu-west-1", "sts_region": "eu-central-1",
			"cloudtrail_endpoint": sim.URL(), "iam_endpoint": sim.URL(), "kms_endpoint": "http://user:xxxxx@127.0.0.1:1", "sts_endpoint": sim.URL(),
		},
		{
			"@level": "debug", "@module": "provider", "@message": "Retrieved AWS credentials",
			"source": "StaticCredentials", "access_key_id": key.AccessKeyID,
		},
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("got the lines %v, want %v", lines, want)
	}
}

func TestSettings_showNoSecret(t *testing.T) {
	t.Parallel()
	s := exampleSettings()
	s.HTTPProxy = aws.String("http://user:" + testSecret + "@127.0.0.1:1")
	s.Token = secret.New(testSecret)
	s.AssumeRoleWithWebIdentity = &WebIdentity{WebIdentityToken: secret.New(testSecret)}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %+v", s, s, s, *s.AssumeRoleWithWebIdentity), testSecret) {
		t.Error("the settings show a secret")
	}
}
