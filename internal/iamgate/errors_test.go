package iamgate_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// marker stands for a secret in an answer.
const marker = "K7MDENGsecret"

// texts is all that can be printed of an error and of what it wraps.
func texts(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%s\n%v\n%+v\n%#v\n%q\n", err, err, err, err, err)
		if out, jsonErr := json.Marshal(err); jsonErr == nil {
			b.Write(out)
		}
		var failure *iamgate.Error
		if errors.As(err, &failure) {
			fmt.Fprintf(&b, "%+v\n%#v\n", *failure, *failure)
		}
	}
	return b.String()
}

func TestKindsByCode(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code   string
		status int
		kind   iamgate.Kind
	}{
		{"NoSuchEntity", 404, iamgate.KindNoSuchEntity},
		{"LimitExceeded", 409, iamgate.KindLimitExceeded},
		{"AccessDenied", 403, iamgate.KindAccessDenied},
		{"ValidationError", 400, iamgate.KindInvalidInput},
		{"InvalidInput", 400, iamgate.KindInvalidInput},
		{"Throttling", 400, iamgate.KindThrottled},
		{"ThrottlingException", 400, iamgate.KindThrottled},
		{"RequestLimitExceeded", 503, iamgate.KindThrottled},
		{"Busy", 429, iamgate.KindThrottled},
		{"InvalidClientTokenId", 403, iamgate.KindInvalidCredentials},
		{"SignatureDoesNotMatch", 403, iamgate.KindInvalidCredentials},
		{"UnrecognizedClientException", 403, iamgate.KindInvalidCredentials},
		{"ExpiredToken", 403, iamgate.KindInvalidCredentials},
		{"AuthFailure", 401, iamgate.KindInvalidCredentials},
		{"ServiceFailure", 500, iamgate.KindServiceFailure},
		{"ServiceUnavailable", 503, iamgate.KindServiceFailure},
		{"EntityTemporarilyUnmodifiable", 409, iamgate.KindOther},
	} {
		t.Run(test.code, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(test.status, "", `<ErrorResponse><Error><Type>Sender</Type><Code>`+test.code+
					"</Code><Message>Said by AWS\n\nquoted: "+marker+`</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`), nil
			})
			_, err := g.ListAccessKeys(t.Context(), userName)
			failure := wantError(t, err, test.kind)
			want := iamgate.Error{
				Action: "iam:ListAccessKeys", Resource: userName, Kind: test.kind, Code: test.code,
				HTTPStatus: test.status, Message: "Said by AWS", RequestID: "req-1",
			}
			if *failure != want {
				t.Errorf("got %+v, want %+v", *failure, want)
			}
			text := fmt.Sprintf("iam:ListAccessKeys (ci): %s: Said by AWS (HTTP %d, request id req-1)", test.code, test.status)
			if failure.Error() != text {
				t.Errorf("got %q, want %q", failure.Error(), text)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  iamgate.Error
		want string
	}{
		{iamgate.Error{Action: "sts:GetCallerIdentity", Message: "no answer"}, "sts:GetCallerIdentity: no answer"},
		{
			iamgate.Error{Action: "iam:GetUser", Resource: "ci", Code: "NoSuchEntity", HTTPStatus: 404},
			"iam:GetUser (ci): NoSuchEntity (HTTP 404)",
		},
		{
			iamgate.Error{Action: "iam:GetUser", Resource: "ci", Message: "m", HTTPStatus: 200, RequestID: "r"},
			"iam:GetUser (ci): m (HTTP 200, request id r)",
		},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestIsKind(t *testing.T) {
	t.Parallel()
	inner := &iamgate.Error{Kind: iamgate.KindInvalidCredentials}
	outer := fmt.Errorf("prove: %w", &iamgate.Error{Kind: iamgate.KindNotUsable, Err: inner})
	for _, test := range []struct {
		err  error
		kind iamgate.Kind
		want bool
	}{
		{inner, iamgate.KindInvalidCredentials, true},
		{outer, iamgate.KindNotUsable, true},
		{outer, iamgate.KindInvalidCredentials, false},
		{errors.New("other"), iamgate.KindOther, false},
		{nil, iamgate.KindOther, false},
	} {
		if got := iamgate.IsKind(test.err, test.kind); got != test.want {
			t.Errorf("IsKind(%v, %d) = %v, want %v", test.err, test.kind, got, test.want)
		}
	}
}

// calls are all calls of the gateway, by their action.
func calls(g *iamgate.Gateway) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"iam:ListAccessKeys":  func(ctx context.Context) error { _, err := g.ListAccessKeys(ctx, userName); return err },
		"iam:CreateAccessKey": func(ctx context.Context) error { _, err := g.CreateAccessKey(ctx, userName); return err },
		"iam:UpdateAccessKey": func(ctx context.Context) error { return g.UpdateAccessKey(ctx, userName, "AKIA1", "Inactive") },
		"iam:DeleteAccessKey": func(ctx context.Context) error { return g.DeleteAccessKey(ctx, userName, "AKIA1") },
		"iam:GetAccessKeyLastUsed": func(ctx context.Context) error {
			_, err := g.LastUsed(ctx, "AKIA1")
			return err
		},
		"iam:GetUser":           func(ctx context.Context) error { _, err := g.GetUser(ctx, userName); return err },
		"iam:ListUsers":         func(ctx context.Context) error { _, _, err := g.UserByID(ctx, "AIDA1"); return err },
		"iam:TagUser":           func(ctx context.Context) error { return g.TagUser(ctx, userName, "k", "v") },
		"iam:UntagUser":         func(ctx context.Context) error { return g.UntagUser(ctx, userName, "k") },
		"sts:GetCallerIdentity": func(ctx context.Context) error { _, err := g.CallerIdentity(ctx); return err },
	}
}

func TestAccessDeniedNamesTheAction(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	for action, call := range calls(g) {
		if action == "sts:GetCallerIdentity" { // which needs no permission
			continue
		}
		sim.Deny("*", action)
		failure := wantError(t, call(t.Context()), iamgate.KindAccessDenied)
		if failure.Action != action || failure.Resource == "" || !strings.Contains(failure.Message, "not authorized to perform: "+action) {
			t.Errorf("%s: got %+v", action, *failure)
		}
	}
}

// An answer that lacks what AWS always sends must not be taken for no keys, or for a key that nobody used.
func TestEmptyAnswersAreErrors(t *testing.T) {
	t.Parallel()
	changes := map[string]bool{"iam:UpdateAccessKey": true, "iam:DeleteAccessKey": true, "iam:TagUser": true, "iam:UntagUser": true}
	for name, body := range map[string]string{
		"no body":   "",
		"no result": `<R/>`,
		"no members": `<R><ListAccessKeysResult/><CreateAccessKeyResult/><GetAccessKeyLastUsedResult/><GetUserResult/>` +
			`<GetCallerIdentityResult/><ListUsersResult/></R>`,
		"empty members": `<R><ListAccessKeysResult><AccessKeyMetadata><member/></AccessKeyMetadata></ListAccessKeysResult>` +
			`<CreateAccessKeyResult><AccessKey/></CreateAccessKeyResult><GetUserResult><User/></GetUserResult>` +
			`<ListUsersResult><Users><member/></Users></ListUsersResult></R>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", body), nil
			})
			for action, call := range calls(g) {
				if changes[action] { // whose answers say nothing but that they came
					continue
				}
				failure := wantError(t, call(t.Context()), iamgate.KindBadAnswer)
				if failure.Action != action || failure.HTTPStatus != http.StatusOK {
					t.Errorf("%s: got %+v", action, *failure)
				}
			}
		})
	}
}

// A body that breaks off, or that is no answer of AWS, stays out of the error whatever the status.
func TestBodiesStayOutOfErrors(t *testing.T) {
	t.Parallel()
	made := `<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><AccessKeyId>AKIA1</AccessKeyId><SecretAccessKey>` + marker
	for _, test := range []struct {
		name      string
		status    int
		body      string
		kind      iamgate.Kind
		ambiguous bool
	}{
		{"broken off", 200, made, iamgate.KindBadAnswer, true},
		{
			"bad date", 200, made + `</SecretAccessKey><CreateDate>` + marker +
				`</CreateDate></AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>`,
			iamgate.KindBadAnswer, true,
		},
		{"bad entity", 200, `<a>&` + marker + `;</a>`, iamgate.KindBadAnswer, true},
		{"no XML", 200, marker, iamgate.KindBadAnswer, true},
		{"500", 500, `<html>` + marker, iamgate.KindServiceFailure, true},
		{"403 of a proxy", 403, `<html>` + marker + `</html>`, iamgate.KindOther, false},
		{"302", 302, marker, iamgate.KindOther, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(test.status, "", test.body), nil
			})
			_, err := g.CreateAccessKey(t.Context(), userName)
			failure := wantError(t, err, test.kind)
			if failure.Ambiguous != test.ambiguous || failure.HTTPStatus != test.status {
				t.Errorf("got ambiguous %v and status %d, want %v and %d", failure.Ambiguous, failure.HTTPStatus, test.ambiguous, test.status)
			}
			if strings.Contains(texts(err), marker) {
				t.Error("the error shows the body")
			}
		})
	}
}

// net/http quotes the first line of what it cannot parse.
func TestAnswersThatAreNotHTTPStayOutOfErrors(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hijacker, ok := w.(http.Hijacker)
		if !ok {
			t.Error("the connection cannot be taken over")
			return
		}
		conn, buffered, err := hijacker.Hijack()
		if err != nil {
			t.Errorf("take over the connection: %v", err)
			return
		}
		writeAndClose(t, conn, buffered.Writer, marker+"\r\n\r\n")
	}))
	t.Cleanup(server.Close)
	sim := newSim(t, iamsim.Options{})
	cfg := newConfig(sim)
	cfg.BaseEndpoint = aws.String(server.URL)
	_, err := iamgate.New(cfg, iamgate.Options{}).CreateAccessKey(t.Context(), userName)
	failure := wantError(t, err, iamgate.KindUnreachable)
	if !failure.Ambiguous || failure.Message != "no answer from "+server.URL+"/" {
		t.Errorf("got ambiguous %v, want a message without a cause", failure.Ambiguous)
	}
	if strings.Contains(texts(err), marker) {
		t.Error("the error shows the answer")
	}
}

func writeAndClose(t *testing.T, conn net.Conn, w *bufio.Writer, text string) {
	t.Helper()
	if _, err := w.WriteString(text); err != nil {
		t.Errorf("write: %v", err)
	}
	if err := errors.Join(w.Flush(), conn.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestNoFaultShowsASecret(t *testing.T) {
	t.Parallel()
	for _, kind := range []iamsim.FaultKind{
		iamsim.ErrorBeforeCommit, iamsim.ErrorAfterCommit, iamsim.AnswerLost, iamsim.CutBeforeCommit, iamsim.Empty200, iamsim.Throttled,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, _ := newGateway(t, sim)
			known := sim.CreateAccessKey(userName)
			sim.AddFault(iamsim.Fault{Kind: kind})
			_, err := g.CreateAccessKey(t.Context(), userName)
			if err == nil {
				t.Fatal("no error")
			}
			_, unusable := g.WaitUsable(t.Context(), iamgate.NewAccessKey{
				AccessKey: iamgate.AccessKey{ID: known.AccessKeyID}, Secret: known.Secret,
			})
			wantKind(t, unusable, iamgate.KindNotUsable)
			secrets := append(sim.IssuedSecrets(), sim.Root().Secret)
			if len(secrets) < 2 {
				t.Fatal("the simulator issued no secret")
			}
			for _, s := range secrets {
				if strings.Contains(texts(err)+texts(unusable), s.Reveal()) {
					t.Error("an error shows a secret")
				}
			}
		})
	}
}

// wraps reports whether an error of the type is in the chain of err.
func wraps[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func TestNoAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	t.Cleanup(secure.Close)
	for _, test := range []struct {
		name     string
		endpoint string
		fault    iamsim.FaultKind
		message  string
		as       func(error) bool
	}{
		{"connection refused", "http://127.0.0.1:1", "", "connection refused", wraps[*net.OpError]},
		{"connection cut", sim.URL(), iamsim.CutBeforeCommit, "EOF", func(err error) bool { return errors.Is(err, io.EOF) }},
		{
			"not TLS", strings.Replace(plain.URL, "http:", "https:", 1), "", "HTTP response to HTTPS client",
			func(err error) bool { return errors.Is(err, http.ErrSchemeMismatch) },
		},
		{"unknown authority", secure.URL, "", "unknown authority", wraps[*tls.CertificateVerificationError]},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.fault != "" {
				sim.AddFault(iamsim.Fault{Kind: test.fault})
			}
			cfg := newConfig(sim)
			cfg.BaseEndpoint = aws.String(test.endpoint)
			_, err := iamgate.New(cfg, iamgate.Options{}).ListAccessKeys(t.Context(), userName)
			failure := wantError(t, err, iamgate.KindUnreachable)
			if !strings.HasPrefix(failure.Message, "no answer from "+test.endpoint) || !strings.Contains(failure.Message, test.message) {
				t.Errorf("got message %q", failure.Message)
			}
			if !test.as(err) || failure.HTTPStatus != 0 {
				t.Errorf("got %+v", *failure)
			}
		})
	}
}

// An HTTP client may give up by itself, for the context of a request that it shares.
func TestNoAnswerWrapsTheContextError(t *testing.T) {
	t.Parallel()
	g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("%s: %w", marker, context.Canceled)
	})
	_, err := g.CreateAccessKey(t.Context(), userName)
	failure := wantError(t, err, iamgate.KindUnreachable)
	if !failure.Ambiguous || failure.Message != "no answer: context canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("got ambiguous %v and %q, want an ambiguous error that wraps context.Canceled", failure.Ambiguous, failure.Message)
	}
}
