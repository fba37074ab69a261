package kms_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	someID  = "1234abcd-12ab-34cd-56ef-1234567890ab"
	someARN = "arn:aws:kms:us-east-2:111122223333:key/" + someID
)

func TestParseRecipient(t *testing.T) {
	t.Parallel()
	for _, keyID := range []string{
		someID, "mrk-1234abcd12ab34cd56ef1234567890ab", someARN,
		"arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
		"alias/secrets", "alias/team/app_1-x", "alias/awsome", "alias/" + strings.Repeat("x", 250),
		"arn:aws:kms:us-east-2:111122223333:alias/secrets", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/" + someID,
		"arn:aws-cn:kms:cn-north-1:111122223333:alias/x", "arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/x",
		"arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/x",
	} {
		r, err := kms.ParseRecipient(keyID, map[string]string{"app": "ci", "empty": "", "ключ": "значение"})
		if err != nil {
			t.Errorf("%s: %v", keyID, err)
			continue
		}
		if got := r.Fingerprints(); !slices.Equal(got, []string{keyID}) {
			t.Errorf("%s: fingerprints %v", keyID, got)
		}
	}
}

func TestParseRecipient_refused(t *testing.T) {
	t.Parallel()
	const (
		malformed  = "is not a key id, key ARN, alias or alias ARN"
		notKMS     = "is an ARN, but not that of a KMS key"
		managed    = "is an AWS managed key, which only AWS services may use"
		managedARN = "arn:aws:kms:us-east-2:111122223333:alias/aws/s3"
		storeARN   = "arn:aws:kms:us-east-2:111122223333:store/x"
		noRegion   = "arn:aws:kms::111122223333:key/" + someID
		otherHost  = "arn:aws:kms:x.example.com/:111122223333:key/" + someID
		noAccount  = "arn:aws:kms:us-east-2:1111:key/" + someID
		aliasKey   = "arn:aws:kms:us-east-2:111122223333:key/alias/x"
	)
	for name, tt := range map[string]struct {
		keyID   string
		context map[string]string
		shown   string
		problem string
	}{
		"empty":                 {"", nil, "", "is empty"},
		"space":                 {"alias/my key", nil, "alias/my key", "has white space in it"},
		"newline at the end":    {"alias/x\n", nil, "alias/x\uFFFD", "has white space in it"},
		"no-break space":        {"alias/x\u00a0", nil, "alias/x\uFFFD", "has white space in it"},
		"AWS managed":           {"alias/aws/s3", nil, "alias/aws/s3", managed},
		"AWS managed, by ARN":   {managedARN, nil, managedARN, managed},
		"ARN of a bucket":       {"arn:aws:s3:::bucket", nil, "arn:aws:s3:::bucket", notKMS},
		"ARN of a user":         {"arn:aws:iam::111122223333:user/x", nil, "arn:aws:iam::111122223333:user/x", notKMS},
		"ARN of a key store":    {storeARN, nil, storeARN, malformed},
		"ARN without a region":  {noRegion, nil, noRegion, malformed},
		"ARN with another host": {otherHost, nil, otherHost, malformed},
		"ARN of no account":     {noAccount, nil, noAccount, malformed},
		"ARN of an alias's key": {aliasKey, nil, aliasKey, malformed},
		"ARN of nothing":        {"arn:aws:kms:us-east-2:111122223333:key/", nil, "arn:aws:kms:us-east-2:111122223333:key/", malformed},
		"word":                  {"secrets", nil, "", malformed},
		"private key":           {"AGE-SECRET-KEY-1QQPQPXYZ", nil, "", malformed},
		"half a UUID":           {"1234abcd-12ab-34cd", nil, "", malformed},
		"short mrk":             {"mrk-1234", nil, "", malformed},
		"alias of nothing":      {"alias/", nil, "alias/", malformed},
		"alias with a colon":    {"alias/a:b", nil, "alias/a:b", malformed},
		"long alias":            {"alias/" + strings.Repeat("x", 251), nil, "alias/" + strings.Repeat("x", 94) + "...", malformed},
		"context, no name":      {someID, map[string]string{"": "x"}, someID, "has an encryption context with an empty name"},
		"context, bytes":        {someID, map[string]string{"x": "\xff"}, someID, "has an encryption context that is not UTF-8"},
		"context, long": {
			someID, map[string]string{"x": strings.Repeat("x", 8192)}, someID, "has an encryption context of more than 8192 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := kms.ParseRecipient(tt.keyID, tt.context)
			refused, ok := errors.AsType[*sealing.RecipientError](err)
			if r != nil || !ok {
				t.Fatalf("error %v, want a RecipientError", err)
			}
			if refused.Index != 0 || refused.Name != tt.shown || refused.Problem != tt.problem || !strings.HasSuffix(refused.Remedy, ".") {
				t.Errorf("name %q, problem %q, remedy %q", refused.Name, refused.Problem, refused.Remedy)
			}
		})
	}
}

// TestServiceSealer_region names keys by ARN and by alias for a Service without a valid region.
func TestServiceSealer_region(t *testing.T) {
	t.Parallel()
	parse := func(keyID string) *kms.Recipient {
		t.Helper()
		to, err := kms.ParseRecipient(keyID, nil)
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	for _, configured := range []string{"", "x.example.com/", "EU"} {
		s := kms.New(config(iamsim.Credentials{}), configured, kms.Options{})
		if _, err := s.Sealer(parse(someARN)); err != nil {
			t.Errorf("%q: %v", configured, err)
		}
		sealer, err := s.Sealer(parse("alias/secrets"))
		refused, ok := errors.AsType[*sealing.RecipientError](err)
		if sealer != nil || !ok || !errors.Is(err, kms.ErrNoRegion) {
			t.Fatalf("%q: error %v, want a RecipientError that wraps ErrNoRegion", configured, err)
		}
		if refused.Name != "alias/secrets" || refused.Problem != "does not name its region" {
			t.Errorf("%q: name %q, problem %q", configured, refused.Name, refused.Problem)
		}
	}
}

func TestParseRecipient_copiesContext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	context := map[string]string{"app": "ci"}
	r := sealer(t, f.Service, "alias/secrets", context)
	context["app"] = "other"
	sealed, err := r.Seal(t.Context(), now, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	wantOpen(t, f.Opener(), sealed)
	if got := f.Log()[0].Params["EncryptionContext.app"]; got != "ci" {
		t.Errorf("sealed with the context app=%s", got)
	}
}

func TestSeal_size(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := sealer(t, f.Service, "alias/secrets", nil)
	for _, text := range []secret.Secret{{}, secret.New(""), secret.New(strings.Repeat("x", 4097))} {
		if _, err := r.Seal(t.Context(), now, text); !errors.Is(err, kms.ErrPlaintextSize) {
			t.Errorf("%d bytes: %v, want ErrPlaintextSize", len(text.Reveal()), err)
		}
	}
	if n := len(f.Log()); n != 0 {
		t.Errorf("%d calls", n)
	}
	longest := secret.New(strings.Repeat("x", 4096))
	sealed, err := r.Seal(t.Context(), now, longest)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := f.Opener().Open(t.Context(), sealed)
	if err != nil || opened.Reveal() != longest.Reveal() {
		t.Errorf("error %v, or secret differs", err)
	}
}

func TestSeal_refused(t *testing.T) {
	t.Parallel()
	const (
		nowhere  = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
		denied   = "can't be used with the credentials of the provider"
		notFound = "does not exist in the region eu-central-1"
	)
	for name, tt := range map[string]struct {
		prepare func(fixture)
		keyID   string
		code    string
		problem string
	}{
		"key policy": {
			func(f fixture) { f.SetKMSPolicy(f.arn, map[string][]string{"kms:Encrypt": {f.Root().AccessKeyID}}) },
			"alias/secrets", "AccessDeniedException", denied,
		},
		"IAM policy": {func(f fixture) { f.Deny("ann", "kms:Encrypt") }, "alias/secrets", "AccessDeniedException", denied},
		"disabled":   {func(f fixture) { f.SetKMSState(f.arn, "Disabled") }, "alias/secrets", "DisabledException", "is disabled"},
		"to be deleted": {
			func(f fixture) { f.SetKMSState(f.arn, "PendingDeletion") },
			"alias/secrets", "KMSInvalidStateException", "is in a state in which it can't encrypt",
		},
		"unknown key":   {func(fixture) {}, nowhere, "NotFoundException", notFound},
		"unknown alias": {func(fixture) {}, "alias/other", "NotFoundException", notFound},
		"of other region": {
			func(f fixture) { f.CreateKMSKey("us-east-1", "alias/there") }, "alias/there", "NotFoundException", notFound,
		},
		"of other account": {func(fixture) {}, "arn:aws:kms:eu-central-1:999999999999:alias/x", "AccessDeniedException", denied},
		"signing key": {
			func(f fixture) { f.CreateKMSSigningKey(region, "alias/signs") },
			"alias/signs", "InvalidKeyUsageException", "is not a key that encrypts",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			tt.prepare(f)
			sealed, err := sealer(t, f.Service, tt.keyID, nil).Seal(t.Context(), now, plaintext)
			refused, ok := errors.AsType[*sealing.RecipientError](err)
			if sealed != "" || !ok {
				t.Fatalf("error %v, want a RecipientError", err)
			}
			if refused.Index != 0 || refused.Name != tt.keyID || refused.Problem != tt.problem || !strings.HasSuffix(refused.Remedy, ".") {
				t.Errorf("name %q, problem %q, remedy %q", refused.Name, refused.Problem, refused.Remedy)
			}
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: tt.keyID, Region: region, Code: tt.code, HTTPStatus: 400})
			wantSilent(t, err)
		})
	}
}

// TestSeal_notTheRecipient has failures that another recipient would not prevent.
func TestSeal_notTheRecipient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(fixture)
		status  int
		code    string
	}{
		"throttled":     {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.Throttled}) }, 400, "ThrottlingException"},
		"KMS fails":     {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.ErrorBeforeCommit}) }, 500, "KMSInternalException"},
		"no answer":     {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.AnswerLost}) }, 0, ""},
		"empty answer":  {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.Empty200}) }, 200, ""},
		"Inactive key":  {func(f fixture) { f.SetStatus(f.ann.AccessKeyID, "Inactive") }, 400, "UnrecognizedClientException"},
		"endpoint down": {func(f fixture) { _ = f.Close() }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			tt.prepare(f)
			_, err := sealer(t, f.Service, "alias/secrets", nil).Seal(t.Context(), now, plaintext)
			if _, ok := errors.AsType[*sealing.RecipientError](err); ok {
				t.Errorf("error %v, want none of the recipient", err)
			}
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region, Code: tt.code, HTTPStatus: tt.status})
			wantSilent(t, err)
		})
	}
}
