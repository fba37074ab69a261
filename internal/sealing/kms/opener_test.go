package kms_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

// TestSeal checks the text, and opens it with the SDK alone, too.
func TestSeal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	there := f.CreateKMSKey("us-east-1", "alias/there")
	for name, tt := range map[string]struct {
		keyID, region, arn string
		context            map[string]string
		header             string
	}{
		"id":  {f.id, region, f.arn, nil, `{"region":"eu-central-1","key":"` + f.arn + `"}`},
		"ARN": {f.arn, region, f.arn, map[string]string{}, `{"region":"eu-central-1","key":"` + f.arn + `"}`},
		"alias": {
			"alias/secrets", region, f.arn,
			map[string]string{"b": "<2>", "a": "1"},
			`{"region":"eu-central-1","key":"` + f.arn + `","context":{"a":"1","b":"\u003c2\u003e"}}`,
		},
		"alias ARN": {
			"arn:aws:kms:eu-central-1:123456789012:alias/secrets", region, f.arn, nil,
			`{"region":"eu-central-1","key":"` + f.arn + `"}`,
		},
		"other region's ARN": {
			"arn:aws:kms:us-east-1:123456789012:alias/there", "us-east-1", there,
			map[string]string{"app": "ci"},
			`{"region":"us-east-1","key":"` + there + `","context":{"app":"ci"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed := f.seal(t, tt.keyID, tt.context)
			parts := strings.Split(sealed, ":")
			if len(parts) != 4 || parts[0]+":"+parts[1] != "iamkeys-kms:v1" || strings.ContainsAny(sealed, " \n\r\t") {
				t.Fatalf("sealed as %s", sealed)
			}
			if !strings.HasPrefix(sealed, kms.Prefix) {
				t.Error("the text does not begin with Prefix")
			}
			header, err := base64.RawURLEncoding.DecodeString(parts[2])
			if err != nil || string(header) != tt.header {
				t.Errorf("header %s (%v), want %s", header, err, tt.header)
			}
			wantOpen(t, f.Opener(), sealed)
			wantOpen(t, f.Opener(), "\n "+sealed+"\r\n")

			blob, err := base64.StdEncoding.DecodeString(parts[3])
			if err != nil {
				t.Fatal(err)
			}
			cfg := config(f.ann)
			cfg.Region, cfg.BaseEndpoint = tt.region, aws.String(f.URL())
			out, err := awskms.NewFromConfig(cfg).Decrypt(t.Context(), &awskms.DecryptInput{CiphertextBlob: blob, EncryptionContext: tt.context})
			if err != nil || string(out.Plaintext) != plaintext.Reveal() {
				t.Errorf("a plain Decrypt: error %v, or secret differs", err)
			}
		})
	}
}

func TestOpen_needsOnlyTheText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sealed := f.seal(t, "alias/secrets", map[string]string{"app": "ci"})
	f.MoveKMSAlias("alias/secrets", f.CreateKMSKey(region, "")) // the text has the ARN of the key that encrypted
	wantOpen(t, kms.New(config(f.ann), "", kms.Options{Endpoint: f.URL()}).Opener(), sealed)
	calls := f.Log()
	if got := calls[len(calls)-1].Params["KeyId"]; got != f.arn {
		t.Errorf("Decrypt was asked for %s", got)
	}
	if used := f.Keys("ann")[0]; used.LastUsedRegion != region || used.LastUsedService != "kms" {
		t.Errorf("Decrypt went to %s in %s", used.LastUsedService, used.LastUsedRegion)
	}
}

func TestOpen_refused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(fixture)
		failure sealing.OpenFailure
		status  int
		code    string
	}{
		"key policy": {
			func(f fixture) { f.SetKMSPolicy(f.arn, map[string][]string{"kms:Decrypt": {f.Root().AccessKeyID}}) },
			sealing.Refused, 400, "AccessDeniedException",
		},
		"disabled":      {func(f fixture) { f.SetKMSState(f.arn, "Disabled") }, sealing.Refused, 400, "DisabledException"},
		"to be deleted": {func(f fixture) { f.SetKMSState(f.arn, "PendingDeletion") }, sealing.Refused, 400, "KMSInvalidStateException"},
		"deleted":       {func(f fixture) { f.DeleteKMSKey(f.arn) }, sealing.Refused, 400, "NotFoundException"},
		"KMS fails": {
			func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.ErrorBeforeCommit}) }, sealing.Refused, 500, "KMSInternalException",
		},
		"no answer":     {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.AnswerLost}) }, sealing.Refused, 0, ""},
		"empty answer":  {func(f fixture) { f.AddFault(iamsim.Fault{Kind: iamsim.Empty200}) }, sealing.Refused, 200, ""},
		"endpoint down": {func(f fixture) { _ = f.Close() }, sealing.Refused, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			sealed := f.seal(t, "alias/secrets", nil)
			tt.prepare(f)
			failed := openError(t.Context(), t, f.Opener(), sealed)
			if failed.Failure != tt.failure || !slices.Equal(failed.Recipients, []string{f.arn}) {
				t.Errorf("%s, to %v", failed.Failure, failed.Recipients)
			}
			wantKMS(t, failed, kms.Error{Action: "kms:Decrypt", Key: f.arn, Region: region, Code: tt.code, HTTPStatus: tt.status})
		})
	}
}

func TestOpen_notSealed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sealed := f.seal(t, "alias/secrets", nil)
	for name, tt := range map[string]struct {
		text    string
		failure sealing.OpenFailure
	}{
		"empty":          {"", sealing.NotSealed},
		"age":            {"-----BEGIN AGE ENCRYPTED FILE-----\n", sealing.NotSealed},
		"bare blob":      {strings.Split(sealed, ":")[3], sealing.NotSealed},
		"next version":   {strings.Replace(sealed, ":v1:", ":v2:", 1), sealing.NotSealed},
		"name alone":     {"iamkeys-kms", sealing.Damaged},
		"no ciphertext":  {"iamkeys-kms:v1:e30:", sealing.Damaged},
		"a part more":    {sealed + ":x", sealing.Damaged},
		"newline within": {sealed[:len(sealed)-8] + "\n" + sealed[len(sealed)-8:], sealing.Damaged},
		"too long":       {sealed + strings.Repeat("A", sealing.MaxSealed), sealing.Damaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if failed := openError(t.Context(), t, f.Opener(), tt.text); failed.Failure != tt.failure || failed.Err != nil {
				t.Errorf("%s: %v", failed.Failure, failed)
			}
		})
	}
}

// reheader returns a sealed text with its header changed.
func reheader(t *testing.T, sealed string, change func(map[string]any)) string {
	t.Helper()
	parts := strings.Split(sealed, ":")
	text, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	change(fields)
	// The order of the fields matters.
	var changed []string
	for _, name := range []string{"region", "key", "context", "more"} {
		if value, ok := fields[name]; ok {
			encoded, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			changed = append(changed, fmt.Sprintf("%q:%s", name, encoded))
		}
	}
	parts[2] = base64.RawURLEncoding.EncodeToString([]byte("{" + strings.Join(changed, ",") + "}"))
	return strings.Join(parts, ":")
}

func TestOpen_tampered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, there := f.CreateKMSKey(region, ""), f.CreateKMSKey("us-east-1", "")
	sealed := f.seal(t, "alias/secrets", map[string]string{"app": "ci"})
	if same := reheader(t, sealed, func(map[string]any) {}); same != sealed {
		t.Fatalf("an unchanged header is written as %s", same)
	}
	for name, tt := range map[string]struct {
		change  func(map[string]any)
		failure sealing.OpenFailure
		code    string // empty if KMS was not called
	}{
		"context": {
			func(h map[string]any) { h["context"] = map[string]string{"app": "other"} }, sealing.Damaged, "InvalidCiphertextException",
		},
		"no context":       {func(h map[string]any) { delete(h, "context") }, sealing.Damaged, "InvalidCiphertextException"},
		"empty context":    {func(h map[string]any) { h["context"] = map[string]string{} }, sealing.Damaged, ""},
		"context, no name": {func(h map[string]any) { h["context"] = map[string]string{"": "x"} }, sealing.Damaged, ""},
		"key":              {func(h map[string]any) { h["key"] = other }, sealing.Damaged, "IncorrectKeyException"},
		"key and region": {
			func(h map[string]any) { h["key"], h["region"] = there, "us-east-1" }, sealing.Damaged, "IncorrectKeyException",
		},
		"region":       {func(h map[string]any) { h["region"] = "us-east-1" }, sealing.Damaged, ""},
		"no region":    {func(h map[string]any) { delete(h, "region") }, sealing.Damaged, ""},
		"another host": {func(h map[string]any) { h["region"] = "x.example.com/" }, sealing.Damaged, ""},
		"host in both": {func(h map[string]any) {
			h["region"], h["key"] = "x.example.com/", strings.Replace(f.arn, region, "x.example.com/", 1)
		}, sealing.Damaged, ""},
		"key by alias":     {func(h map[string]any) { h["key"] = "alias/secrets" }, sealing.Damaged, ""},
		"key by alias ARN": {func(h map[string]any) { h["key"] = "arn:aws:kms:eu-central-1:123456789012:alias/secrets" }, sealing.Damaged, ""},
		"key by id":        {func(h map[string]any) { h["key"] = f.id }, sealing.Damaged, ""},
		"something more":   {func(h map[string]any) { h["more"] = 1 }, sealing.Damaged, ""},
		"something else":   {func(h map[string]any) { h["key"] = 1 }, sealing.Damaged, ""},
		"of another account": {
			func(h map[string]any) { h["key"] = strings.Replace(f.arn, "123456789012", "999999999999", 1) },
			sealing.Refused, "AccessDeniedException",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			failed := openError(t.Context(), t, f.Opener(), reheader(t, sealed, tt.change))
			if failed.Failure != tt.failure {
				t.Errorf("%s: %v", failed.Failure, failed)
			}
			var answer *kms.Error
			if asked := errors.As(failed, &answer); asked != (tt.code != "") || asked && answer.Code != tt.code {
				t.Errorf("error %v, want the code %q", failed, tt.code)
			}
		})
	}
}

func TestOpen_damagedAnywhere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sealed := f.seal(t, "alias/secrets", map[string]string{"app": "ci"})
	opener := f.Opener()
	for i := range len(sealed) {
		_ = openError(t.Context(), t, opener, sealed[:i])
		_ = openError(t.Context(), t, opener, sealed[:i]+sealed[i+1:])
		for _, other := range []byte{sealed[i] ^ 1, sealed[i] ^ 0x20, ':', '=', '\n'} {
			if other == sealed[i] {
				continue
			}
			damaged := []byte(sealed)
			damaged[i] = other
			if failed := openError(t.Context(), t, opener, string(damaged)); failed.Failure == "" {
				t.Errorf("at %d: no reason given", i)
			}
		}
	}
}

func TestOpen_concurrent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var texts []string
	for _, r := range []string{"eu-west-1", "eu-west-2", "us-east-1", "ap-south-1"} {
		texts = append(texts, f.seal(t, f.CreateKMSKey(r, ""), nil))
	}
	opener := service(f.ann, f.URL()).Opener()
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			got, err := opener.Open(t.Context(), texts[i%len(texts)])
			if err != nil || got.Reveal() != plaintext.Reveal() {
				t.Errorf("error %v, or secret differs", err)
			}
		})
	}
	group.Wait()
}

func TestService_retries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cfg := config(f.ann)
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	f.Service = kms.New(cfg, region, kms.Options{Endpoint: f.URL()})
	f.AddFault(iamsim.Fault{Action: "Encrypt", Nth: 1, Kind: iamsim.Throttled})
	f.AddFault(iamsim.Fault{Action: "Decrypt", Nth: 1, Kind: iamsim.AnswerLost})
	wantOpen(t, f.Opener(), f.seal(t, "alias/secrets", nil))
	var actions []string
	for _, call := range f.Log() {
		actions = append(actions, call.Action)
	}
	if want := []string{"Encrypt", "Encrypt", "Decrypt", "Decrypt"}; !reflect.DeepEqual(actions, want) {
		t.Errorf("calls %v, want %v", actions, want)
	}
}

func TestService_canceled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sealed := f.seal(t, "alias/secrets", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if failed := openError(ctx, t, f.Opener(), sealed); !errors.Is(failed, context.Canceled) {
		t.Errorf("Open: %v", failed)
	}
	_, err := sealer(t, f.Service, "alias/secrets", nil).Seal(ctx, now, plaintext)
	wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Seal: %v", err)
	}
}
