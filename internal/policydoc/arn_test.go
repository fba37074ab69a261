package policydoc_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

// arnsOf returns the resources of a policy for users.
func arnsOf(account policydoc.Account, all ...policydoc.User) []string {
	d := policydoc.Build(policydoc.Request{Features: []policydoc.Feature{policydoc.Plan}, Account: account, Users: all})
	return d.Statement[0].Resource
}

func TestParseUser(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	for text, want := range map[string]string{
		"ci":                                "arn:aws:iam::123456789012:user/ci",
		"CI+=,.@-_1":                        "arn:aws:iam::123456789012:user/CI+=,.@-_1",
		long:                                "arn:aws:iam::123456789012:user/" + long,
		"service/ci":                        "arn:aws:iam::123456789012:user/service/ci",
		"/service/ci":                       "arn:aws:iam::123456789012:user/service/ci",
		"/a/b!#/ci":                         "arn:aws:iam::123456789012:user/a/b!#/ci",
		"arn:aws:iam::210987654321:user/ci": "arn:aws:iam::210987654321:user/ci",
		"arn:aws-us-gov:iam::210987654321:user/a/ci": "arn:aws-us-gov:iam::210987654321:user/a/ci",
		"":                                  "",
		"/":                                 "",
		"/service/":                         "",
		long + "a":                          "",
		"c*":                                "",
		"c?":                                "",
		"*/ci":                              "",
		"a?/ci":                             "",
		"${aws:username}":                   "",
		"${a}/ci":                           "",
		"a:b/ci":                            "",
		"a b/ci":                            "",
		"ci\n":                              "",
		"é/ci":                              "",
		"arn:aws:iam::*:user/ci":            "",
		"arn:aws:iam::210987654321:user/*":  "",
		"arn:aws:iam::210987654321:role/ci": "",
		"arn:aws:sts::210987654321:assumed-role/a/b": "",
	} {
		u, ok := policydoc.ParseUser(text)
		if ok != (want != "") {
			t.Errorf("%q: accepted is %t", text, ok)
			continue
		}
		if got := arnsOf(account, u); ok && !slices.Equal(got, []string{want}) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParsePath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/":             "arn:aws:iam::123456789012:user/*",
		"/service/":     "arn:aws:iam::123456789012:user/service/*",
		"/a/b/":         "arn:aws:iam::123456789012:user/a/b/*",
		"":              "",
		"service/":      "",
		"/service":      "",
		"//":            "",
		"/*/":           "",
		"/a?/":          "",
		"/${a}/":        "",
		"/a b/":         "",
		"/service/\n":   "",
		"/a/arn:aws:x/": "",
	} {
		u, ok := policydoc.ParsePath(text)
		if ok != (want != "") {
			t.Errorf("%q: accepted is %t", text, ok)
			continue
		}
		if got := arnsOf(account, u); ok && !slices.Equal(got, []string{want}) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestUser_anyAccount(t *testing.T) {
	t.Parallel()
	ci, _ := policydoc.ParseUser("ci")
	for account, want := range map[policydoc.Account][]string{
		{}:                 {"arn:*:iam::*:user/${aws:username}", "arn:*:iam::*:user/*/${aws:username}", "arn:*:iam::*:user/ci"},
		{Partition: "aws"}: {"arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::*:user/*/${aws:username}", "arn:aws:iam::*:user/ci"},
		{ID: "123456789012"}: {
			"arn:*:iam::123456789012:user/${aws:username}", "arn:*:iam::123456789012:user/*/${aws:username}", "arn:*:iam::123456789012:user/ci",
		},
	} {
		if got := arnsOf(account, policydoc.OwnUser(), ci); !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", account, got, want)
		}
	}
}

func TestIsKMSKeyARN(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		keyARN: true,
		"arn:aws-cn:kms:cn-north-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab": true,
		"":              false,
		"alias/secrets": false,
		"arn:aws:kms:us-east-1:123456789012:alias/secrets":                    false,
		"arn:aws:kms:us-east-1:123456789012:key/*":                            false,
		"arn:aws:kms:*:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab": false,
		"1234abcd-12ab-34cd-56ef-1234567890ab":                                false,
		"arn:aws:iam::123456789012:user/ci":                                   false,
		keyARN + "\n":                                                         false,
	} {
		if got := policydoc.IsKMSKeyARN(text); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

// FuzzParseUser checks that a policy for a user or a path allows what is meant, and nothing beside it.
func FuzzParseUser(f *testing.F) {
	for _, seed := range [][2]string{
		{"ci", "web"},
		{"/service/ci", "ci"},
		{"/service/", "service"},
		{"/", "a/b"},
		{"*", "ci"},
		{"arn:aws:iam::123456789012:user/a/ci", "a/ci"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, other string) {
		u, ok := policydoc.ParseUser(text)
		path, isPath := policydoc.ParsePath(text)
		if ok == isPath {
			if ok {
				t.Errorf("%q is both a user and a path", text)
			}
			return
		}
		own := text
		if isPath {
			u, own = path, text+"ci"
		} else if strings.HasPrefix(text, "arn:") {
			_, own, _ = strings.Cut(text, ":user")
		}
		own = strings.TrimPrefix(own, "/")
		request := policydoc.Request{Features: []policydoc.Feature{policydoc.Plan}, Users: []policydoc.User{u}}
		d, err := iampolicy.Parse(policydoc.Build(request).JSON())
		if err != nil {
			t.Fatal(err)
		}
		account := cmp.Or(u.Account, policydoc.Account{Partition: "aws", ID: "123456789012"})
		allows := func(resource string) bool {
			return iampolicy.Evaluate([]*iampolicy.Document{d}, iampolicy.Request{
				Action: "iam:GetUser", Resource: "arn:" + account.Partition + ":iam::" + account.ID + ":user/" + resource,
			}) == iampolicy.Allowed
		}
		if !allows(own) {
			t.Errorf("%q does not allow %q", text, own)
		}
		if allows(other) && other != own && !isPath {
			t.Errorf("%q allows %q, too", text, other)
		}
		if isPath && allows(other) && !strings.HasPrefix("/"+other, text) {
			t.Errorf("%q allows %q, too", text, other)
		}
	})
}
