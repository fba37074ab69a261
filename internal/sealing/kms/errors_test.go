package kms_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var someone = iamsim.Credentials{AccessKeyID: "unknown", Secret: secret.New("x")}

// answering returns a Service whose KMS answers a request with the result of answer for its body.
func answering(t *testing.T, status int, answer func(request string) string) *kms.Service {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer(string(body)))
	}))
	t.Cleanup(s.Close)
	return service(someone, s.URL)
}

// failure is the body of an error of KMS.
func failure(code, message string) string {
	body, err := json.Marshal(map[string]string{"__type": code, "message": message})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// TestSeal_echo gives answers that quote the request, and with it the plaintext.
func TestSeal_echo(t *testing.T) {
	t.Parallel()
	revealed := func(string) string { return plaintext.Reveal() }
	for name, tt := range map[string]struct {
		status  int
		answer  func(string) string
		code    string
		message string
	}{
		"validation": {400, func(r string) string { return failure("ValidationException", "bad request: "+r) }, "ValidationException", ""},
		"decoded":    {400, func(string) string { return failure("SerializationException", plaintext.Reveal()) }, "SerializationException", ""},
		"unknown":    {400, func(r string) string { return failure("StrangeException", r) }, "StrangeException", ""},
		"no code":    {400, func(r string) string { return r }, "UnknownError", ""},
		"500":        {500, revealed, "", "the answer cannot be read"},
		"page":       {403, func(r string) string { return "<html>" + r }, "", "the answer cannot be read"},
		"success":    {200, func(r string) string { return `{"KeyId":1,"CiphertextBlob":` + r }, "", "the answer cannot be read"},
		"no ARN": {
			200, func(string) string { return `{"KeyId":"` + plaintext.Reveal() + `","CiphertextBlob":"eA=="}` },
			"", "the answer lacks what AWS KMS always sends",
		},
		"another region": {
			200, func(string) string { return `{"KeyId":"` + someARN + `","CiphertextBlob":"eA=="}` },
			"", "the answer lacks what AWS KMS always sends",
		},
		"no blob": {200, func(string) string { return `{"KeyId":"` + someARN + `"}` }, "", "the answer lacks what AWS KMS always sends"},
		"first line": {
			400, func(r string) string { return failure("InvalidSignatureException", "It does not match.\n\n"+r) },
			"InvalidSignatureException", "It does not match.",
		},
		"safe code": {
			400, func(string) string { return failure("NotFoundException", "Alias x is not found.") },
			"NotFoundException", "Alias x is not found.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, tt.status, tt.answer)
			_, err := sealer(t, s, "alias/secrets", nil).Seal(t.Context(), now, plaintext)
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region, Code: tt.code, HTTPStatus: tt.status})
			wantSilent(t, err)
			var got *kms.Error
			if errors.As(err, &got) && got.Message != tt.message {
				t.Errorf("message %q, want %q", got.Message, tt.message)
			}
		})
	}
}

// TestOpen_echo gives answers to Decrypt that are not a valid success, and contain the plaintext.
func TestOpen_echo(t *testing.T) {
	t.Parallel()
	sealed := newFixture(t).seal(t, "alias/secrets", nil)
	for name, answer := range map[string]string{
		"other key":   `{"KeyId":"` + someARN + `","Plaintext":"d0phbHJYVXRuRkVNSS9LN01ERU5HK2JQeFJmaUNZekVYQU1QTEVLRVk="}`,
		"no key":      `{"Plaintext":"d0phbHJYVXRuRkVNSS9LN01ERU5HK2JQeFJmaUNZekVYQU1QTEVLRVk="}`,
		"half a JSON": `{"Plaintext":"d0phbHJYVXRuRkVNSS9LN01ERU5HK2JQeFJmaUNZekVYQU1QTEVLRVk="`,
		"no base64":   `{"Plaintext":"` + plaintext.Reveal() + `!"}`,
		"no JSON":     plaintext.Reveal(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, http.StatusOK, func(string) string { return answer })
			failed := openError(t.Context(), t, s.Opener(), sealed)
			var got *kms.Error
			if !errors.As(failed, &got) || got.HTTPStatus != http.StatusOK || got.Code != "" {
				t.Errorf("error %v", failed)
			}
		})
	}
}

func TestError_text(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]kms.Error{
		"kms:Encrypt (alias/x in eu-west-1): NotFoundException: Alias x is not found. (HTTP 400)": {
			Action: "kms:Encrypt", Key: "alias/x", Region: "eu-west-1", Code: "NotFoundException", HTTPStatus: 400, Message: "Alias x is not found.",
		},
		"kms:Decrypt (alias/x in eu-west-1): InvalidCiphertextException (HTTP 400)": {
			Action: "kms:Decrypt", Key: "alias/x", Region: "eu-west-1", Code: "InvalidCiphertextException", HTTPStatus: 400,
		},
		"kms:Decrypt (alias/x in eu-west-1): no answer": {Action: "kms:Decrypt", Key: "alias/x", Region: "eu-west-1", Message: "no answer"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func TestOpen_endpointDown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sealed := f.seal(t, "alias/secrets", nil)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	failed := openError(t.Context(), t, f.Opener(), sealed)
	var refused *net.OpError
	var got *kms.Error
	if !errors.As(failed, &refused) || !errors.As(failed, &got) || !strings.HasPrefix(got.Message, "no answer from "+f.URL()) {
		t.Errorf("error %v", failed)
	}
}

type provider func() (aws.Credentials, error)

func (p provider) Retrieve(context.Context) (aws.Credentials, error) { return p() }

func TestSeal_credentials(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		provider aws.CredentialsProvider
		message  string
		canceled bool
	}{
		"none": {nil, "no AWS credentials are configured", false},
		"failed": {
			provider(func() (aws.Credentials, error) { return aws.Credentials{}, errors.New("the profile is missing\nmore") }),
			"the profile is missing", false,
		},
		"unreadable": {
			provider(func() (aws.Credentials, error) {
				return aws.Credentials{}, &smithy.DeserializationError{Err: errors.New(plaintext.Reveal()), Snapshot: []byte(plaintext.Reveal())}
			}),
			"the answer with the credentials cannot be read", false,
		},
		"canceled": {provider(func() (aws.Credentials, error) { return aws.Credentials{}, context.Canceled }), "context canceled", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(someone)
			cfg.Credentials = tt.provider
			s := kms.New(cfg, region, kms.Options{Endpoint: "http://127.0.0.1:1"})
			_, err := sealer(t, s, "alias/secrets", nil).Seal(t.Context(), now, plaintext)
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region})
			wantSilent(t, err)
			var got *kms.Error
			if !errors.As(err, &got) || got.Message != tt.message || errors.Is(err, context.Canceled) != tt.canceled {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestSeal_contextEnded has a context that ends while KMS is at work, and an HTTP client that gives up by itself. Each error
// says which it was, in its text and in what it wraps.
func TestSeal_contextEnded(t *testing.T) {
	t.Parallel()
	waits := func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	for name, tt := range map[string]struct {
		// client is the HTTP client, which may cancel the context of the call; timeout is that context's.
		client  func(cancel func()) doer
		timeout time.Duration
		cause   error
		message string
	}{
		"canceled": {
			func(cancel func()) doer {
				return func(r *http.Request) (*http.Response, error) { cancel(); return waits(r) }
			},
			time.Hour, context.Canceled, "context canceled",
		},
		"deadline": {func(func()) doer { return waits }, time.Millisecond, context.DeadlineExceeded, "context deadline exceeded"},
		"client canceled": {
			func(func()) doer {
				return func(*http.Request) (*http.Response, error) {
					err := fmt.Errorf("%s: %w", plaintext.Reveal(), context.Canceled)
					return nil, &url.Error{Op: "Post", URL: "https://kms.example.com/", Err: err}
				}
			},
			time.Hour, context.Canceled, "no answer from https://kms.example.com/: context canceled",
		},
		"client timeout": {
			func(func()) doer { return (&http.Client{Timeout: time.Millisecond, Transport: transport(waits)}).Do },
			time.Hour, context.DeadlineExceeded,
			"no answer from https://kms.eu-central-1.amazonaws.com/: context deadline exceeded",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
			defer cancel()
			cfg := config(someone)
			cfg.HTTPClient = tt.client(cancel)
			_, err := sealer(t, kms.New(cfg, region, kms.Options{}), "alias/secrets", nil).Seal(ctx, now, plaintext)
			wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region})
			wantSilent(t, err)
			if !errors.Is(err, tt.cause) {
				t.Errorf("the error does not wrap %v", tt.cause)
			}
			// net/http adds this only if its timer fires before the deadline of the context, which is the same instant.
			const fromClient = " (Client.Timeout exceeded while awaiting headers)"
			if got, ok := errors.AsType[*kms.Error](err); !ok || strings.TrimSuffix(got.Message, fromClient) != tt.message {
				t.Errorf("error %v, want %q", err, tt.message)
			}
		})
	}
}

// TestSeal_notSent has the SDK fail before it sends anything, with an error that quotes the input.
func TestSeal_notSent(t *testing.T) {
	t.Parallel()
	cfg := config(someone)
	cfg.APIOptions = append(cfg.APIOptions, func(*middleware.Stack) error { return errors.New("invalid input " + plaintext.Reveal()) })
	_, err := sealer(t, kms.New(cfg, region, kms.Options{}), "alias/secrets", nil).Seal(t.Context(), now, plaintext)
	wantKMS(t, err, kms.Error{Action: "kms:Encrypt", Key: "alias/secrets", Region: region})
	wantSilent(t, err)
	if got, ok := errors.AsType[*kms.Error](err); !ok || got.Message != "no request could be made" {
		t.Errorf("error %v", err)
	}
}

// TestService_logsNothing checks that the SDK does not log bodies, or anything else.
func TestService_logsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var lines []string
	cfg := config(f.ann)
	cfg.ClientLogMode = aws.LogRequestWithBody | aws.LogResponseWithBody | aws.LogRetries
	cfg.Logger = loggerFunc(func(line string) { lines = append(lines, line) })
	f.Service = kms.New(cfg, region, kms.Options{Endpoint: f.URL()})
	wantOpen(t, f.Opener(), f.seal(t, "alias/secrets", nil))
	_ = openError(t.Context(), t, f.Opener(), "iamkeys-kms:v1:x:y")
	if len(lines) != 0 {
		t.Errorf("%d lines were logged", len(lines))
	}
}

type loggerFunc func(line string)

func (f loggerFunc) Logf(_ logging.Classification, format string, _ ...any) { f(format) }

// TestService_endpoint checks that without a custom endpoint a request goes to the host of the region of the key, whatever the
// region of cfg.
func TestService_endpoint(t *testing.T) {
	t.Parallel()
	var hosts []string
	cfg := config(someone)
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.URL.Host)
		return nil, errors.New("nothing is sent")
	})
	s := kms.New(cfg, region, kms.Options{})
	for _, keyID := range []string{"alias/secrets", someARN, "arn:aws-cn:kms:cn-north-1:111122223333:alias/x"} {
		if _, err := sealer(t, s, keyID, nil).Seal(t.Context(), now, plaintext); err == nil {
			t.Errorf("%s: sealed", keyID)
		}
	}
	want := []string{"kms.eu-central-1.amazonaws.com", "kms.us-east-2.amazonaws.com", "kms.cn-north-1.amazonaws.com.cn"}
	if !slices.Equal(hosts, want) {
		t.Errorf("hosts %v, want %v", hosts, want)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
