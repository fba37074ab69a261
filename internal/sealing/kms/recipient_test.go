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

func TestRecipient(t *testing.T) {
	t.Parallel()
	s := service(iamsim.Credentials{}, "http://127.0.0.1:1")
	for _, keyID := range []string{
		someID, "mrk-1234abcd12ab34cd56ef1234567890ab", someARN, "arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
		"alias/secrets", "alias/team/app_1-x", "alias/awsome", "alias/" + strings.Repeat("x", 250),
		"arn:aws:kms:us-east-2:111122223333:alias/secrets", "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/" + someID,
		"arn:aws-cn:kms:cn-north-1:111122223333:alias/x", "arn:aws-iso-b:kms:us-isob-east-1:111122223333:alias/x",
		"arn:aws-eusc:kms:eusc-de-east-1:111122223333:alias/x",
	} {
		r, err := s.Recipient(keyID, map[string]string{"app": "ci", "empty": "", "ключ": "значение"})
		if err != nil {
			t.Errorf("%s: %v", keyID, err)
			continue
		}
		if got := r.Fingerprints(); !slices.Equal(got, []string{keyID}) {
			t.Errorf("%s: fingerprints %v", keyID, got)
		}
	}
}

func TestRecipient_refused(t *testing.T) {
	t.Parallel()
	const malformed = "is no key id, key ARN, alias or alias ARN"
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
		"AWS managed":           {"alias/aws/s3", nil, "alias/aws/s3", "is a key that AWS manages, which only AWS services may use"},
		"AWS managed, by ARN":   {"arn:aws:kms:us-east-2:111122223333:alias/aws/s3", nil, "arn:aws:kms:us-east-2:111122223333:alias/aws/s3", "is a key that AWS manages, which only AWS services may use"},
		"ARN of a bucket":       {"arn:aws:s3:::bucket", nil, "arn:aws:s3:::bucket", "is the ARN of something that is no KMS key"},
		"ARN of a user":         {"arn:aws:iam::111122223333:user/x", nil, "arn:aws:iam::111122223333:user/x", "is the ARN of something that is no KMS key"},
		"ARN of a key store":    {"arn:aws:kms:us-east-2:111122223333:store/x", nil, "arn:aws:kms:us-east-2:111122223333:store/x", malformed},
		"ARN without a region":  {"arn:aws:kms::111122223333:key/" + someID, nil, "arn:aws:kms::111122223333:key/" + someID, malformed},
		"ARN with another host": {"arn:aws:kms:x.example.com/:111122223333:key/" + someID, nil, "arn:aws:kms:x.example.com/:111122223333:key/" + someID, malformed},
		"ARN of no account":     {"arn:aws:kms:us-east-2:1111:key/" + someID, nil, "arn:aws:kms:us-east-2:1111:key/" + someID, malformed},
		"ARN of an alias's key": {"arn:aws:kms:us-east-2:111122223333:key/alias/x", nil, "arn:aws:kms:us-east-2:111122223333:key/alias/x", malformed},
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
		"context, long":         {someID, map[string]string{"x": strings.Repeat("x", 8192)}, someID, "has an encryption context of more than 8192 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := service(iamsim.Credentials{}, "").Recipient(tt.keyID, tt.context)
			var refused *sealing.RecipientError
			if r != nil || !errors.As(err, &refused) {
				t.Fatalf("error %v, want a RecipientError", err)
			}
			if refused.Index != 0 || refused.Name != tt.shown || refused.Problem != tt.problem || !strings.HasSuffix(refused.Remedy, ".") {
				t.Errorf("name %q, problem %q, remedy %q", refused.Name, refused.Problem, refused.Remedy)
			}
		})
	}
}

func TestRecipient_region(t *testing.T) {
	t.Parallel()
	for _, configured := range []string{"", "x.example.com/", "EU"} {
		s := kms.New(config(iamsim.Credentials{}), configured, kms.Options{})
		if _, err := s.Recipient(someARN, nil); err != nil {
			t.Errorf("%q: %v", configured, err)
		}
		_, err := s.Recipient("alias/secrets", nil)
		var refused *sealing.RecipientError
		if !errors.As(err, &refused) || refused.Problem != "does not say its region, and the provider has no valid one" {
			t.Errorf("%q: %v", configured, err)
		}
	}
}

func TestRecipient_contextIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	context := map[string]string{"app": "ci"}
	r := recipient(t, w.Service, "alias/secrets", context)
	context["app"] = "other"
	sealed, err := r.Seal(t.Context(), now, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	wantOpen(t, w.Opener(), sealed)
	if got := w.Log()[0].Params["EncryptionContext.app"]; got != "ci" {
		t.Errorf("sealed with the context app=%s", got)
	}
}

func TestSeal_size(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := recipient(t, w.Service, "alias/secrets", nil)
	for _, text := range []secret.Secret{{}, secret.New(""), secret.New(strings.Repeat("x", 4097))} {
		if _, err := r.Seal(t.Context(), now, text); !errors.Is(err, kms.ErrPlaintextSize) {
			t.Errorf("%d bytes: %v, want ErrPlaintextSize", len(text.Reveal()), err)
		}
	}
	if n := len(w.Log()); n != 0 {
		t.Errorf("%d calls", n)
	}
	longest := secret.New(strings.Repeat("x", 4096))
	sealed, err := r.Seal(t.Context(), now, longest)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := w.Opener().Open(t.Context(), sealed)
	if err != nil || opened.Reveal() != longest.Reveal() {
		t.Errorf("error %v, or secret differs", err)
	}
}

func TestSeal_refused(t *testing.T) {
	t.Parallel()
	const nowhere = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
	for name, tt := range map[string]struct {
		prepare func(world)
		keyID   string
		code    string
		problem string
	}{
		"key policy": {
			func(w world) { w.SetKMSPolicy(w.arn, map[string][]string{"kms:Encrypt": {w.Root().AccessKeyID}}) },
			"alias/secrets", "AccessDeniedException", "can't be used by the provider's credentials",
		},
		"IAM policy": {func(w world) { w.Deny("ann", "kms:Encrypt") }, "alias/secrets", "AccessDeniedException", "can't be used by the provider's credentials"},
		"disabled":   {func(w world) { w.SetKMSState(w.arn, "Disabled") }, "alias/secrets", "DisabledException", "is disabled"},
		"to be deleted": {
			func(w world) { w.SetKMSState(w.arn, "PendingDeletion") },
			"alias/secrets", "KMSInvalidStateException", "is in a state in which it does not encrypt",
		},
		"unknown key":      {func(world) {}, nowhere, "NotFoundException", "is not there in the region eu-central-1"},
		"unknown alias":    {func(world) {}, "alias/other", "NotFoundException", "is not there in the region eu-central-1"},
		"of other region":  {func(w world) { w.CreateKMSKey("us-east-1", "alias/there") }, "alias/there", "NotFoundException", "is not there in the region eu-central-1"},
		"of other account": {func(world) {}, "arn:aws:kms:eu-central-1:999999999999:alias/x", "AccessDeniedException", "can't be used by the provider's credentials"},
		"signing key":      {func(w world) { w.CreateKMSSigningKey(region, "alias/signs") }, "alias/signs", "InvalidKeyUsageException", "does not encrypt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.prepare(w)
			sealed, err := recipient(t, w.Service, tt.keyID, nil).Seal(t.Context(), now, plaintext)
			var refused *sealing.RecipientError
			if sealed != "" || !errors.As(err, &refused) {
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

// TestSeal_notTheRecipient has failures that are no reason to change the recipient.
func TestSeal_notTheRecipient(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(world)
		status  int
		code    string
	}{
		"throttled":     {func(w world) { w.AddFault(iamsim.Fault{Kind: iamsim.Throttled}) }, 400, "ThrottlingException"},
		"KMS fails":     {func(w world) { w.AddFault(iamsim.Fault{Kind: iamsim.ErrorBeforeCommit}) }, 500, "KMSInternalException"},
		"no answer":     {func(w world) { w.AddFault(iamsim.Fault{Kind: iamsim.AnswerLost}) }, 0, ""},
		"empty answer":  {func(w world) { w.AddFault(iamsim.Fault{Kind: iamsim.Empty200}) }, 200, ""},
		"Inactive key":  {func(w world) { w.SetStatus(w.ann.AccessKeyID, "Inactive") }, 400, "UnrecognizedClientException"},
		"endpoint down": {func(w world) { _ = w.Close() }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.prepare(w)
			_, err := recipient(t, w.Service, "alias/secrets", nil).Seal(t.Context(), now, plaintext)
			var refused *sealing.RecipientError
			if errors.As(err, &refused) {
				t.Errorf("it blames the recipient: %v", err)
			}
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region, Code: tt.code, HTTPStatus: tt.status})
			wantSilent(t, err)
		})
	}
}
