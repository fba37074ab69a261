package iampolicy_test

import (
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
)

// ofCI is the request of the user ci to create a key of its own.
var ofCI = iampolicy.Request{
	Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::123456789012:user/ci",
	Context: iampolicy.Context{"aws:username": {"ci"}, "aws:PrincipalAccount": {"123456789012"}},
}

// decide evaluates a policy of these statements.
func decide(t *testing.T, r iampolicy.Request, version string, statements ...string) iampolicy.Decision {
	t.Helper()
	d, err := iampolicy.Parse(`{"Version": "` + version + `", "Statement": [` + strings.Join(statements, ", ") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return iampolicy.Evaluate([]*iampolicy.Document{d}, r)
}

func TestEvaluate_statements(t *testing.T) {
	t.Parallel()
	const allowAll = `{"Effect": "Allow", "Action": "*", "Resource": "*"}`
	for name, tc := range map[string]struct {
		statements []string
		want       iampolicy.Decision
	}{
		"all": {[]string{allowAll}, iampolicy.Allowed},
		"action of another case": {
			[]string{`{"Effect": "Allow", "Action": "IAM:createaccesskey", "Resource": "*"}`}, iampolicy.Allowed,
		},
		"one action of several": {
			[]string{`{"Effect": "Allow", "Action": ["iam:GetUser", "iam:Create?ccessKey"], "Resource": "*"}`}, iampolicy.Allowed,
		},
		"action by wildcard":  {[]string{`{"Effect": "Allow", "Action": "iam:*AccessKey", "Resource": "*"}`}, iampolicy.Allowed},
		"another action":      {[]string{`{"Effect": "Allow", "Action": "iam:CreateAccessKeys", "Resource": "*"}`}, iampolicy.NotAllowed},
		"another service":     {[]string{`{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}`}, iampolicy.NotAllowed},
		"no action but this":  {[]string{`{"Effect": "Allow", "NotAction": "iam:Create*", "Resource": "*"}`}, iampolicy.NotAllowed},
		"all actions but one": {[]string{`{"Effect": "Allow", "NotAction": "iam:GetUser", "Resource": "*"}`}, iampolicy.Allowed},
		"all resources but this": {
			[]string{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:user/ci"}`}, iampolicy.NotAllowed,
		},
		"all resources but another": {
			[]string{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:user/web"}`}, iampolicy.Allowed,
		},
		"all resources but that of an unknown variable": {
			[]string{`{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:iam::*:user/${aws:unknown}"}`}, iampolicy.NotAllowed,
		},
		"explicit deny":        {[]string{allowAll, `{"Effect": "Deny", "Action": "iam:Create*", "Resource": "*"}`}, iampolicy.Denied},
		"explicit deny before": {[]string{`{"Effect": "Deny", "Action": "iam:Create*", "Resource": "*"}`, allowAll}, iampolicy.Denied},
		"deny of another action": {
			[]string{allowAll, `{"Effect": "Deny", "Action": "iam:Delete*", "Resource": "*"}`}, iampolicy.Allowed,
		},
		"deny of all resources but that of an unknown variable": {
			[]string{allowAll, `{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:iam::*:user/${aws:unknown}"}`}, iampolicy.Denied,
		},
		"condition of a deny that is not met": {
			[]string{allowAll, `{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:username": "web"}}}`},
			iampolicy.Allowed,
		},
		"unknown operator of an allow": {
			[]string{`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}}`},
			iampolicy.NotAllowed,
		},
		"unknown operator of a deny": {
			[]string{
				allowAll, `{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}}`,
			},
			iampolicy.Denied,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := decide(t, ofCI, "2012-10-17", tc.statements...); got != tc.want {
				t.Errorf("decision %d, want %d", got, tc.want)
			}
		})
	}
}

// All policies of a principal count.
func TestEvaluate_documents(t *testing.T) {
	t.Parallel()
	parse := func(effect string) *iampolicy.Document {
		d, err := iampolicy.Parse(`{"Version": "2012-10-17", "Statement": {"Effect": "` + effect + `", "Action": "iam:*", "Resource": "*"}}`)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	allow, deny := parse("Allow"), parse("Deny")
	for _, tc := range []struct {
		documents []*iampolicy.Document
		want      iampolicy.Decision
	}{
		{nil, iampolicy.NotAllowed},
		{[]*iampolicy.Document{allow}, iampolicy.Allowed},
		{[]*iampolicy.Document{allow, deny}, iampolicy.Denied},
		{[]*iampolicy.Document{deny, allow}, iampolicy.Denied},
	} {
		if got := iampolicy.Evaluate(tc.documents, ofCI); got != tc.want {
			t.Errorf("%d policies: decision %d, want %d", len(tc.documents), got, tc.want)
		}
	}
}

func TestEvaluate_resources(t *testing.T) {
	t.Parallel()
	const (
		user = "arn:aws:iam::123456789012:user/service/ci"
		v12  = "2012-10-17"
		v08  = "2008-10-17"
	)
	for _, tc := range []struct {
		version, pattern, resource string
		want                       bool
	}{
		{v12, "*", user, true},
		{v12, "*", "*", true},
		{v12, user, "*", false},
		{v12, "arn:aws:iam::*:user/*", "*", false},
		{v12, user, user, true},
		{v12, "arn:aws:iam::123456789012:user/service/CI", user, false},
		{v12, "arn:aws:iam::123456789012:user/ci", user, false},
		{v12, "arn:aws:iam::123456789012:user/service/*", user, true},
		{v12, "arn:aws:iam::123456789012:user/*", user, true},
		{v12, "arn:aws:iam::123456789012:user/*", "arn:aws:iam::123456789012:user/", true},
		{v12, "arn:aws:iam::123456789012:user/*/ci", user, true},
		{v12, "arn:aws:iam::123456789012:user/*/ci", "arn:aws:iam::123456789012:user/ci", false},
		{v12, "arn:aws:iam::123456789012:user/ser?ice/c?", user, true},
		{v12, "arn:aws:iam::123456789012:user/servic?/?", user, false},
		{v12, "arn:*:iam::*:user/service/ci", user, true},
		{v12, "arn:aws:iam::12345678901?:user/service/ci", user, true},
		{v12, "arn:aws:iam::1*2:user/service/ci", user, true},
		{v12, "arn:aws:iam::210987654321:user/service/ci", user, false},
		{v12, "arn:aws-cn:iam::*:user/service/ci", user, false},
		// A * goes beyond its segment only as the last character.
		{v12, "arn:aws:iam:*", user, true},
		{v12, "arn:*", user, true},
		{v12, "arn:aws:*/ci", user, false},
		{v12, "arn:aws:iam:?123456789012:user/service/ci", user, false},

		{v12, "arn:aws:iam::*:user/service/${aws:username}", user, true},
		{v12, "arn:aws:iam::*:user/*/${aws:UserName}", user, true},
		{v12, "arn:aws:iam::${aws:PrincipalAccount}:user/service/ci", user, true},
		{v12, "arn:aws:iam::*:user/service/${aws:username}", "arn:aws:iam::123456789012:user/service/web", false},
		{v12, "arn:aws:iam::*:user/service/${aws:unknown}", user, false},
		{v12, "arn:aws:iam::*:user/service/${aws:unknown, 'ci'}", user, true},
		{v12, "arn:aws:iam::*:user/service/${aws:username, 'web'}", user, true},
		{v12, "arn:aws:iam::*:user/service/${aws:unknown, ci}", user, false},
		{v12, "arn:aws:iam::*:user/service/${aws:TagKeys}", user, false},
		{v12, "arn:aws:iam::*:user/${*}", user, false},
		{v12, "arn:aws:iam::*:user/${*}${?}${$}", "arn:aws:iam::123456789012:user/*?$", true},
		{v12, "arn:aws:iam::*:user/${aws:wild}", user, false},
		{v12, "arn:aws:iam::*:user/${aws:wild}", "arn:aws:iam::123456789012:user/*", true},
		// The older version has no variables.
		{v08, "arn:aws:iam::*:user/service/${aws:username}", user, false},
		{v08, "arn:aws:iam::*:user/service/${aws:username}", "arn:aws:iam::1:user/service/${aws:username}", true},
		{"", "arn:aws:iam::*:user/service/${aws:username}", user, false},
	} {
		t.Run(tc.pattern+" "+tc.resource, func(t *testing.T) {
			t.Parallel()
			r := iampolicy.Request{Action: "iam:GetUser", Resource: tc.resource, Context: iampolicy.Context{
				"aws:username": {"ci"}, "aws:PrincipalAccount": {"123456789012"}, "aws:TagKeys": {"a", "ci"}, "aws:wild": {"*"},
			}}
			got := decide(t, r, tc.version, `{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "`+tc.pattern+`"}`)
			if got == iampolicy.Allowed != tc.want {
				t.Errorf("allowed is %t, want %t", got == iampolicy.Allowed, tc.want)
			}
		})
	}
}
