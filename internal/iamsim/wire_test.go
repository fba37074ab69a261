package iamsim_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

var requestIDPattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func iamParams(action string, more ...string) url.Values {
	params := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for _, param := range more {
		name, value, _ := strings.Cut(param, "=")
		params.Set(name, value)
	}
	return params
}

// TestWire asserts whole documents, since SDKs also accept documents with small mistakes.
func TestWire(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	ann, _ := s.User("ann")
	tests := map[string]struct {
		params  url.Values
		service string
		status  int
		body    string
	}{
		"result": {
			iamParams("GetUser", "UserName=ann"), "iam", 200,
			`<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User>` +
				`<Path>/</Path><UserName>ann</UserName><UserId>` + ann.ID + `</UserId>` +
				`<Arn>arn:aws:iam::123456789012:user/ann</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></User></GetUserResult>` +
				`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetUserResponse>`,
		},
		"empty list": {
			iamParams("ListAccessKeys", "UserName=ann"), "iam", 200,
			`<ListAccessKeysResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccessKeysResult><UserName>ann</UserName>` +
				`<AccessKeyMetadata></AccessKeyMetadata><IsTruncated>false</IsTruncated></ListAccessKeysResult>` +
				`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListAccessKeysResponse>`,
		},
		"no result": {
			iamParams("UntagUser", "UserName=ann", "TagKeys.member.1=x"), "iam", 200,
			`<UntagUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">` +
				`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></UntagUserResponse>`,
		},
		"error": {
			iamParams("GetUser", "UserName=<x>"), "iam", 404,
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>` +
				`<Message>The user with name &lt;x&gt; cannot be found.</Message></Error><RequestId>ID</RequestId></ErrorResponse>`,
		},
		"error of sts": {
			url.Values{"Action": {"GetAccessKeyInfo"}, "Version": {"2011-06-15"}},
			"sts", 400,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>ValidationError</Code>` +
				`<Message>1 validation error detected: Value at &#39;accessKeyId&#39; failed to satisfy constraint: Member must not be null</Message>` +
				`</Error><RequestId>ID</RequestId></ErrorResponse>`,
		},
		"another version": {
			url.Values{"Action": {"GetUser"}, "Version": {"2011-06-15"}},
			"iam", 400,
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
				`<Message>Could not find operation GetUser for version 2011-06-15</Message></Error><RequestId>ID</RequestId></ErrorResponse>`,
		},
		"another service": {
			iamParams("GetUser"), "s3", 403,
			`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>` +
				`<Message>Credential should be scoped to correct service: &#39;iam&#39;. </Message></Error><RequestId>ID</RequestId></ErrorResponse>`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newRequest(t, s, tt.params).sign(t, s.Root(), tt.service).send(t)
			id := got.header.Get("X-Amzn-Requestid")
			if body := strings.Replace(got.body, id, "ID", 1); got.status != tt.status || body != tt.body {
				t.Errorf("%d %s\nwant %d %s", got.status, body, tt.status, tt.body)
			}
			if !requestIDPattern.MatchString(id) || got.header.Get("Content-Type") != "text/xml" ||
				got.header.Get("Date") != "Thu, 01 Jan 2026 00:00:00 GMT" {
				t.Errorf("header %v", got.header)
			}
		})
	}
}

// SDKs check required parameters themselves; other clients leave that to AWS.
func TestRequiredParameters(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	for _, tt := range []struct {
		params  url.Values
		service string
		member  string
	}{
		{iamParams("CreateUser"), "iam", "userName"},
		{iamParams("UpdateUser", "NewUserName=x"), "iam", "userName"},
		{iamParams("DeleteUser"), "iam", "userName"},
		{iamParams("TagUser", "Tags.member.1.Key=a", "Tags.member.1.Value=b"), "iam", "userName"},
		{iamParams("TagUser", "UserName=admin", "Tags.member.1.Key=a"), "iam", "tags"},
		{iamParams("UntagUser", "TagKeys.member.1=a"), "iam", "userName"},
		{iamParams("ListUserTags"), "iam", "userName"},
		{iamParams("UpdateAccessKey", "AccessKeyId="+s.Root().AccessKeyID), "iam", "status"},
		{iamParams("UpdateAccessKey", "Status=Inactive"), "iam", "accessKeyId"},
		{iamParams("DeleteAccessKey"), "iam", "accessKeyId"},
		{iamParams("GetAccessKeyLastUsed"), "iam", "accessKeyId"},
		{url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}}, "sts", "webIdentityToken"},
	} {
		got := newRequest(t, s, tt.params).sign(t, s.Root(), tt.service).send(t)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "<Code>ValidationError</Code>") ||
			!strings.Contains(got.body, "Value at &#39;"+tt.member+"&#39; failed to satisfy constraint: Member must not be null") {
			t.Errorf("%s: %d %s", tt.params.Get("Action"), got.status, got.body)
		}
	}
	if key := s.Keys("admin")[0]; key.Status != "Active" {
		t.Errorf("the key is %s", key.Status)
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "gone"}})
	active, inactive, deleted := s.CreateAccessKey("ann"), s.CreateAccessKey("ann"), s.CreateAccessKey("gone")
	s.SetStatus(inactive.AccessKeyID, "Inactive")
	s.DeleteUser("gone")
	params := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}
	forged := iamsim.Credentials{AccessKeyID: active.AccessKeyID, Secret: inactive.Secret}
	const truncated = "AWS4-HMAC-SHA256 Credential=x/y"

	tests := map[string]struct {
		sign   iamsim.Credentials
		change func(*request)
		status int
		code   string
	}{
		"good":         {active, func(*request) {}, 200, ""},
		"wrong secret": {forged, func(*request) {}, 403, "SignatureDoesNotMatch"},
		"other body":   {active, func(r *request) { r.body += "&UserName=x" }, 403, "SignatureDoesNotMatch"},
		"other header": {active, func(r *request) { r.Header.Set("Content-Type", "text/plain") }, 403, "SignatureDoesNotMatch"},
		"other host":   {active, func(r *request) { r.Host = "iam.amazonaws.com" }, 403, "SignatureDoesNotMatch"},
		"other date":   {active, func(r *request) { r.Header.Set("X-Amz-Date", "20260101T000000Z") }, 403, "SignatureDoesNotMatch"},
		"no date":      {active, func(r *request) { r.Header.Del("X-Amz-Date") }, 400, "IncompleteSignature"},
		"no signature": {active, func(r *request) { r.Header.Del("Authorization") }, 403, "MissingAuthenticationToken"},
		"another kind": {active, func(r *request) { r.Header.Set("Authorization", "Bearer x") }, 400, "IncompleteSignature"},
		"truncated":    {active, func(r *request) { r.Header.Set("Authorization", truncated) }, 400, "IncompleteSignature"},
		"stray token":  {active, func(r *request) { r.Header.Set("X-Amz-Security-Token", "x") }, 403, "InvalidClientTokenId"},
		"Inactive key": {inactive, func(*request) {}, 403, "InvalidClientTokenId"},
		"deleted key":  {deleted, func(*request) {}, 403, "InvalidClientTokenId"},
		"unknown key":  {iamsim.Credentials{AccessKeyID: "unknown", Secret: secret.New("x")}, func(*request) {}, 403, "InvalidClientTokenId"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRequest(t, s, params).sign(t, tt.sign, "sts")
			tt.change(r)
			got := r.send(t)
			if got.status != tt.status || !strings.Contains(got.body, "<Code>"+tt.code+"</Code>") && tt.code != "" {
				t.Errorf("%d %s\nwant %d %s", got.status, got.body, tt.status, tt.code)
			}
		})
	}
	if s.Authenticates(inactive.AccessKeyID, inactive.Secret) || s.Authenticates(deleted.AccessKeyID, deleted.Secret) {
		t.Error("an Inactive or deleted key authenticates")
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{}) // without Admin
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/other", 404},
		{http.MethodGet, "/", 405},
		{http.MethodGet, "/_admin/log", 404},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, s.URL()+tt.path, http.NoBody)
		noError(t, err)
		got := (&request{Request: r}).send(t)
		if got.status != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, got.status, tt.status)
		}
	}
	if len(s.Log()) != 0 {
		t.Error("a request that is not a call was logged")
	}
}

func TestBadBody(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	for name, body := range map[string]string{"no form": "%zz", "too large": strings.Repeat("x", 1<<20+1)} {
		r := newRequest(t, s, nil)
		r.body = body
		if got := r.send(t); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	_, err := newClient(s, s.Root()).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	noError(t, err)
}
