package iamsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func stsParams(action string, params ...string) url.Values {
	values := iamParams(action, params...)
	values.Set("Version", "2011-06-15")
	return values
}

// TestOrder_denied checks that a denied caller learns nothing else: neither that parameters are malformed, nor that an entity
// does not exist, nor that a quota is used up.
func TestOrder_denied(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"denied", "full", "tagged"}})
	s.CreateAccessKey("full")
	s.CreateAccessKey("full")
	own := s.CreateAccessKey("denied")
	s.Deny("denied", "*")
	const key = "AccessKeyId=AKIAIOSFODNN7EXAMPLE"
	for _, tt := range []struct {
		service string
		params  url.Values
	}{
		{"iam", iamParams("CreateAccessKey", "UserName=full")},
		{"iam", iamParams("CreateAccessKey", "UserName=missing")},
		{"iam", iamParams("ListAccessKeys", "UserName=missing", "MaxItems=0")},
		{"iam", iamParams("UpdateAccessKey", "UserName=missing", "Status=Off")},
		{"iam", iamParams("DeleteAccessKey", "UserName=missing")},
		{"iam", iamParams("GetAccessKeyLastUsed")},
		{"iam", iamParams("GetAccessKeyLastUsed", key)},
		{"iam", iamParams("CreateUser", "UserName=full")},
		{"iam", iamParams("CreateUser")},
		{"iam", iamParams("GetUser", "UserName=missing")},
		{"iam", iamParams("UpdateUser", "UserName=missing", "NewUserName=a b")},
		{"iam", iamParams("DeleteUser", "UserName=full")},
		{"iam", iamParams("ListUsers", "MaxItems=0")},
		{"iam", iamParams("TagUser", "UserName=missing", "Tags.member.1.Key=a")},
		{"iam", iamParams("UntagUser")},
		{"iam", iamParams("ListUserTags", "UserName=missing", "Marker=?")},
		{"sts", stsParams("GetAccessKeyInfo")},
		{"sts", stsParams("AssumeRole")},
	} {
		got := newRequest(t, s, tt.params).sign(t, own, tt.service).send(t)
		if got.status != http.StatusForbidden || !strings.Contains(got.body, "<Code>AccessDenied</Code>") ||
			!strings.Contains(got.body, "is not authorized to perform: "+tt.service+":"+tt.params.Get("Action")+" on resource: ") {
			t.Errorf("%v: %d %s", tt.params, got.status, got.body)
		}
	}

	who := newRequest(t, s, stsParams("GetCallerIdentity")).sign(t, own, "sts").send(t)
	if who.status != http.StatusOK {
		t.Errorf("GetCallerIdentity, which can't be denied: %d %s", who.status, who.body)
	}

	s.DeleteAccessKey(own.AccessKeyID)
	got := newRequest(t, s, iamParams("CreateAccessKey", "UserName=full")).sign(t, own, "iam").send(t)
	if got.status != http.StatusForbidden || !strings.Contains(got.body, "<Code>InvalidClientTokenId</Code>") {
		t.Errorf("signed by a deleted key: %d %s", got.status, got.body)
	}
}

// TestOrder_validation checks that malformed parameters are refused before AWS looks for the user or the key.
func TestOrder_validation(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	for _, tt := range []struct {
		params  url.Values
		message string
	}{
		{iamParams("ListAccessKeys", "UserName=missing", "MaxItems=0"), "&#39;maxItems&#39;"},
		{iamParams("ListAccessKeys", "UserName=missing", "Marker=?"), "Invalid Marker."},
		{iamParams("ListUserTags", "UserName=missing", "MaxItems=0"), "&#39;maxItems&#39;"},
		{iamParams("UpdateAccessKey", "UserName=missing", "AccessKeyId=AKIAIOSFODNN7EXAMPLE"), "&#39;status&#39;"},
		{iamParams("UpdateAccessKey", "UserName=missing", "AccessKeyId=AKIAIOSFODNN7EXAMPLE", "Status=Off"), "&#39;status&#39;"},
		{iamParams("DeleteAccessKey", "UserName=missing"), "&#39;accessKeyId&#39;"},
		{iamParams("UpdateUser", "UserName=missing", "NewUserName=a b"), "userName"},
		{iamParams("UpdateUser", "UserName=missing", "NewPath=ops"), "path"},
		{iamParams("CreateUser", "UserName=admin", "Path=ops"), "path"},
		{iamParams("TagUser", "UserName=missing", "Tags.member.1.Key=a"), "&#39;tags&#39;"},
		{iamParams("TagUser", "UserName=missing", "Tags.member.1.Key=a", "Tags.member.1.Value=a;b"), "&#39;tags.1.member.value&#39;"},
		{iamParams("UntagUser", "UserName=missing", "TagKeys.member.1=a;b"), "&#39;tagKeys.1.member&#39;"},
	} {
		got := newRequest(t, s, tt.params).sign(t, s.Root(), "iam").send(t)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "<Code>ValidationError</Code>") ||
			!strings.Contains(got.body, tt.message) {
			t.Errorf("%v: %d %s", tt.params, got.status, got.body)
		}
	}
}
