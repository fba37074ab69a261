package policydoc_test

import (
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

const keyARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

var account = policydoc.Account{Partition: "aws", ID: "123456789012"}

// users parses users, those that begin and end with / as paths.
func users(t *testing.T, texts ...string) []policydoc.User {
	t.Helper()
	var all []policydoc.User
	for _, text := range texts {
		parse := policydoc.ParseUser
		if text[len(text)-1] == '/' {
			parse = policydoc.ParsePath
		}
		u, ok := parse(text)
		if !ok {
			t.Fatalf("%q is refused", text)
		}
		all = append(all, u)
	}
	return all
}

func TestBuild_json(t *testing.T) {
	t.Parallel()
	ci := users(t, "ci")
	for name, tc := range map[string]struct {
		request policydoc.Request
		want    string
	}{
		"rotate with description": {
			policydoc.Request{Features: []policydoc.Feature{policydoc.Description, policydoc.Rotate}, Account: account, Users: ci},
			`{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "RotateAccessKeys",
      "Effect": "Allow",
      "Action": [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:GetAccessKeyLastUsed",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey"
      ],
      "Resource": "arn:aws:iam::123456789012:user/ci"
    },
    {
      "Sid": "DescribeAccessKeys",
      "Effect": "Allow",
      "Action": [
        "iam:TagUser",
        "iam:UntagUser"
      ],
      "Resource": "arn:aws:iam::123456789012:user/ci",
      "Condition": {
        "ForAllValues:StringLike": {
          "aws:TagKeys": "AKIA*"
        },
        "Null": {
          "aws:TagKeys": "false"
        }
      }
    }
  ]
}`,
		},
		"two users": {
			policydoc.Request{
				Features: []policydoc.Feature{policydoc.KeyOwner}, Users: users(t, "web", "arn:aws-cn:iam::210987654321:user/a/ci", "web"),
			},
			`{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ReadAccessKeys",
      "Effect": "Allow",
      "Action": [
        "iam:GetAccessKeyLastUsed"
      ],
      "Resource": [
        "arn:*:iam::*:user/web",
        "arn:aws-cn:iam::210987654321:user/a/ci"
      ]
    },
    {
      "Sid": "FindAccountOfAccessKeys",
      "Effect": "Allow",
      "Action": [
        "sts:GetAccessKeyInfo"
      ],
      "Resource": "*"
    }
  ]
}`,
		},
		"KMS with a context": {
			policydoc.Request{
				Features: []policydoc.Feature{policydoc.KMSDecrypt}, KMSKeys: []string{keyARN},
				EncryptionContext: map[string]string{"user": "ci", "note": "${aws:username} & <$>"},
			},
			`{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "OpenSecrets",
      "Effect": "Allow",
      "Action": [
        "kms:Decrypt"
      ],
      "Resource": "` + keyARN + `",
      "Condition": {
        "StringEquals": {
          "kms:EncryptionContext:note": "${$}{aws:username} & <$>",
          "kms:EncryptionContext:user": "ci"
        }
      }
    }
  ]
}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := policydoc.Build(tc.request).JSON(); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// TestBuild_actions checks the actions of each feature, and the resources of users.
func TestBuild_actions(t *testing.T) {
	t.Parallel()
	read := []string{"iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys"}
	rotate := []string{
		"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:UpdateAccessKey",
	}
	byReport := []policydoc.Feature{policydoc.Audit, policydoc.CredentialReport}
	credentialReport := []string{"iam:GenerateCredentialReport", "iam:GetCredentialReport"}
	for name, tc := range map[string]struct {
		users    []policydoc.User
		features []policydoc.Feature
		want     [][]string // by statement
	}{
		"none":                  {nil, nil, nil},
		"plan":                  {nil, []policydoc.Feature{policydoc.Plan}, [][]string{read}},
		"rotate":                {nil, []policydoc.Feature{policydoc.Rotate}, [][]string{rotate}},
		"rotate and plan":       {nil, []policydoc.Feature{policydoc.Plan, policydoc.Rotate, policydoc.Rotate}, [][]string{rotate}},
		"description":           {nil, []policydoc.Feature{policydoc.Description}, [][]string{{"iam:TagUser", "iam:UntagUser"}}},
		"renamed users":         {nil, []policydoc.Feature{policydoc.RenamedUsers}, [][]string{{"iam:ListUsers"}}},
		"audit of users":        {users(t, "ci"), []policydoc.Feature{policydoc.Audit}, [][]string{read}},
		"audit of a path":       {users(t, "ci", "/"), []policydoc.Feature{policydoc.Audit}, [][]string{read, {"iam:ListUsers"}}},
		"audit of the own user": {[]policydoc.User{policydoc.OwnUser()}, []policydoc.Feature{policydoc.Audit}, [][]string{read}},
		"audit by report": {
			users(t, "/service/", "/"), byReport, [][]string{read, {"iam:ListUsers"}, credentialReport, {"iam:GetAccountSummary"}},
		},
		"audit of a path by report":    {users(t, "/service/"), byReport, [][]string{read, {"iam:ListUsers"}, credentialReport}},
		"audit of a user, and reports": {users(t, "ci"), byReport, [][]string{read, credentialReport}},
		"reports": {
			users(t, "/"), []policydoc.Feature{policydoc.CredentialReport, policydoc.RenamedUsers}, [][]string{{"iam:ListUsers"}, credentialReport},
		},
		"plan of a path": {users(t, "/"), []policydoc.Feature{policydoc.Plan}, [][]string{read}},
		"all": {
			users(t, "/"), policydoc.Features(), [][]string{
				rotate,
				{"iam:TagUser", "iam:UntagUser"},
				{"iam:ListUsers"},
				credentialReport,
				{"iam:GetAccountSummary"},
				{"iam:ListServiceSpecificCredentials"},
				{"sts:GetAccessKeyInfo"},
				{"cloudtrail:LookupEvents"},
				{"kms:Encrypt"},
				{"kms:Decrypt"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			request := policydoc.Request{Features: tc.features, Users: tc.users, KMSKeys: []string{keyARN}}
			if len(tc.users) == 0 {
				request.Users = users(t, "ci")
			}
			document := policydoc.Build(request)
			var got [][]string
			sids := map[string]bool{}
			for _, s := range document.Statement {
				got = append(got, s.Action)
				sids[s.Sid] = true
			}
			if !slices.EqualFunc(got, tc.want, slices.Equal[[]string]) || len(sids) != len(got) {
				t.Errorf("actions %q, want %q", got, tc.want)
			}
			if _, err := iampolicy.Parse(document.JSON()); err != nil && len(got) > 0 {
				t.Error(err)
			}
			slices.Reverse(request.Features)
			slices.Reverse(request.Users)
			if again := policydoc.Build(request).JSON(); again != document.JSON() {
				t.Errorf("in another order it is\n%s", again)
			}
		})
	}
}

func TestFeature_needs(t *testing.T) {
	t.Parallel()
	var withUsers, withKeys []policydoc.Feature
	for _, f := range policydoc.Features() {
		if f.NeedsUsers() {
			withUsers = append(withUsers, f)
		}
		if f.NeedsKMSKeys() {
			withKeys = append(withKeys, f)
		}
	}
	if want := []policydoc.Feature{
		policydoc.Plan, policydoc.Rotate, policydoc.Description, policydoc.Audit, policydoc.KeyOwner,
	}; !slices.Equal(withUsers, want) {
		t.Errorf("features for users %q, want %q", withUsers, want)
	}
	if want := []policydoc.Feature{policydoc.KMSEncrypt, policydoc.KMSDecrypt}; !slices.Equal(withKeys, want) {
		t.Errorf("features for KMS keys %q, want %q", withKeys, want)
	}
}
