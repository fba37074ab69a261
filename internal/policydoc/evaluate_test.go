package policydoc_test

import (
	"maps"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

// TestBuild_evaluated checks what IAM would allow by a document.
func TestBuild_evaluated(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:iam::123456789012:user/"
	own := policydoc.Request{Features: []policydoc.Feature{policydoc.Rotate}, Users: []policydoc.User{policydoc.OwnUser()}}
	described := policydoc.Request{Features: []policydoc.Feature{policydoc.Description}, Users: users(t, "ci")}
	sealed := policydoc.Request{
		Features: []policydoc.Feature{policydoc.KMSEncrypt}, KMSKeys: []string{keyARN},
		EncryptionContext: map[string]string{"note": "${aws:username} *"},
	}
	note := func(value string) iampolicy.Context { return iampolicy.Context{"kms:EncryptionContext:note": {value}} }
	tags := func(keys ...string) iampolicy.Context { return iampolicy.Context{"aws:TagKeys": keys} }
	for name, tc := range map[string]struct {
		request          policydoc.Request
		action, resource string
		context          iampolicy.Context
		want             bool
	}{
		"own user":                   {own, "iam:CreateAccessKey", arn + "ci", nil, true},
		"own user in a path":         {own, "iam:CreateAccessKey", arn + "a/b/ci", nil, true},
		"another user":               {own, "iam:CreateAccessKey", arn + "web", nil, false},
		"another user's name":        {own, "iam:CreateAccessKey", arn + "webci", nil, false},
		"another user in a path":     {own, "iam:CreateAccessKey", arn + "ci/web", nil, false},
		"own user by a role":         {own, "iam:CreateAccessKey", arn + "ci", iampolicy.Context{"aws:username": nil}, false},
		"tag of a key":               {described, "iam:TagUser", arn + "ci", tags("AKIA1", "AKIA2"), true},
		"untag of a key":             {described, "iam:UntagUser", arn + "ci", tags("AKIA1"), true},
		"another tag":                {described, "iam:TagUser", arn + "ci", tags("owner"), false},
		"another tag beside":         {described, "iam:TagUser", arn + "ci", tags("AKIA1", "owner"), false},
		"no tag":                     {described, "iam:TagUser", arn + "ci", nil, false},
		"tag of another user":        {described, "iam:TagUser", arn + "web", tags("AKIA1"), false},
		"context":                    {sealed, "kms:Encrypt", keyARN, note("${aws:username} *"), true},
		"context by a variable":      {sealed, "kms:Encrypt", keyARN, note("ci *"), false},
		"context by a wildcard":      {sealed, "kms:Encrypt", keyARN, note("${aws:username} x"), false},
		"no context":                 {sealed, "kms:Encrypt", keyARN, nil, false},
		"context of another KMS key": {sealed, "kms:Encrypt", keyARN + "0", note("${aws:username} *"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := iampolicy.Parse(policydoc.Build(tc.request).JSON())
			if err != nil {
				t.Fatal(err)
			}
			context := iampolicy.Context{"aws:username": {"ci"}}
			maps.Copy(context, tc.context)
			decision := iampolicy.Evaluate([]*iampolicy.Document{d}, iampolicy.Request{Action: tc.action, Resource: tc.resource, Context: context})
			if got := decision == iampolicy.Allowed; got != tc.want {
				t.Errorf("allowed is %t, want %t", got, tc.want)
			}
		})
	}
}
