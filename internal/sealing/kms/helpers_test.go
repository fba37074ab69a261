package kms_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const region = "eu-central-1"

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// plaintext looks like a secret, and has the characters that wrong escaping would change.
var plaintext = secret.New("wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY")

// fixture is a simulator with one key, and a Service with the credentials of ann.
type fixture struct {
	*iamsim.Server
	*kms.Service
	ann     iamsim.Credentials
	arn, id string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	s, err := iamsim.Start(iamsim.Options{Start: now, Users: []string{"ann"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ann, arn := s.CreateAccessKey("ann"), s.CreateKMSKey(region, "alias/secrets")
	_, id, _ := strings.Cut(arn, "key/")
	return fixture{s, service(ann, s.URL()), ann, arn, id}
}

// service returns a Service without retries.
func service(c iamsim.Credentials, endpoint string) *kms.Service {
	return kms.New(config(c), region, kms.Options{Endpoint: endpoint})
}

func config(c iamsim.Credentials) aws.Config {
	return aws.Config{
		Region:      "us-west-2", // not the region of keys without an ARN
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret.Reveal(), ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func sealer(t *testing.T, s *kms.Service, keyID string, context map[string]string) *kms.Sealer {
	t.Helper()
	to, err := kms.ParseRecipient(keyID, context)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := s.Sealer(to)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func (f fixture) seal(t *testing.T, keyID string, context map[string]string) string {
	t.Helper()
	sealed, err := sealer(t, f.Service, keyID, context).Seal(t.Context(), now, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// wantOpen checks that a text opens to plaintext.
func wantOpen(t *testing.T, o *kms.Opener, sealed string) {
	t.Helper()
	got, err := o.Open(t.Context(), sealed)
	if err != nil {
		t.Fatal(err)
	}
	if got.Reveal() != plaintext.Reveal() {
		t.Fatal("secret differs")
	}
}

// openError opens a text that must not open.
func openError(ctx context.Context, t *testing.T, o *kms.Opener, sealed string) *sealing.OpenError {
	t.Helper()
	got, err := o.Open(ctx, sealed)
	if !got.IsZero() {
		t.Fatal("a plaintext came with an error")
	}
	failed, ok := errors.AsType[*sealing.OpenError](err)
	if !ok {
		t.Fatalf("error %v, want an OpenError", err)
	}
	wantSilent(t, err)
	return failed
}

// wantSilent checks that no error in the chain shows any of the plaintext, in clear or in base64.
func wantSilent(t *testing.T, err error) {
	t.Helper()
	for _, piece := range []string{"K7MDENG", base64.StdEncoding.EncodeToString([]byte(plaintext.Reveal()))[:16]} {
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(e.Error(), piece) {
				t.Fatal("an error shows the plaintext")
			}
		}
	}
}

// wantKMS checks the fields of the *kms.Error in err, except the message.
func wantKMS(t *testing.T, err error, want kms.Error) {
	t.Helper()
	got, ok := errors.AsType[*kms.Error](err)
	if !ok {
		t.Fatalf("error %v, want one of KMS", err)
	}
	found := kms.Error{Action: got.Action, Key: got.Key, Region: got.Region, Code: got.Code, HTTPStatus: got.HTTPStatus}
	if found != want {
		t.Fatalf("%+v, want %+v", *got, want)
	}
}
