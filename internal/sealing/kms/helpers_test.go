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

// plaintext looks like a secret, with what careless escaping breaks.
var plaintext = secret.New("wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY")

// world is a simulator with one key, and a Service whose credentials are ann's.
type world struct {
	*iamsim.Server
	*kms.Service
	ann     iamsim.Credentials
	arn, id string
}

func newWorld(t *testing.T) world {
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
	return world{s, service(ann, s.URL()), ann, arn, id}
}

// service is without retries.
func service(c iamsim.Credentials, endpoint string) *kms.Service {
	return kms.New(config(c), region, kms.Options{Endpoint: endpoint})
}

func config(c iamsim.Credentials) aws.Config {
	return aws.Config{
		Region:      "us-west-2", // not where keys without an ARN live
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.Secret.Reveal(), ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}
}

func recipient(t *testing.T, s *kms.Service, keyID string, context map[string]string) *kms.Recipient {
	t.Helper()
	r, err := s.Recipient(keyID, context)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (w world) seal(t *testing.T, keyID string, context map[string]string) string {
	t.Helper()
	sealed, err := recipient(t, w.Service, keyID, context).Seal(t.Context(), now, plaintext)
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
	var failed *sealing.OpenError
	if !errors.As(err, &failed) {
		t.Fatalf("error %v, want an OpenError", err)
	}
	wantSilent(t, err)
	return failed
}

// wantSilent checks that an error tells nothing of the plaintext, in itself or as it travels.
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

// wantKMS checks what KMS answered.
func wantKMS(t *testing.T, err error, want kms.Error) {
	t.Helper()
	var got *kms.Error
	if !errors.As(err, &got) {
		t.Fatalf("error %v, want one of KMS", err)
	}
	if got.Action != want.Action || got.Key != want.Key || got.Region != want.Region || got.Code != want.Code || got.HTTPStatus != want.HTTPStatus {
		t.Fatalf("%+v, want %+v", *got, want)
	}
}
