package awsclient

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
)

const (
	roleA = "arn:aws:iam::123456789012:role/a"
	roleB = "arn:aws:iam::123456789012:role/b"
)

// TestSigningKeyIDs has the key of the simulator as the source of the credentials, in every way that the settings, the
// environment and the shared files offer. A file may contain ID and SECRET.
func TestSigningKeyIDs(t *testing.T) {
	for name, tc := range map[string]struct {
		settings func(*Settings)
		// env has environment variables, such as NAME=value.
		env      []string
		config   string
		keysFile string
		// session reports whether a role signs the requests.
		session bool
		// noSource reports whether no long-term key is behind it.
		noSource bool
	}{
		"static": {settings: withKey},
		"static below a role": {
			settings: func(s *Settings) { withKey(s); s.AssumeRole = []AssumeRole{{RoleARN: roleA, SessionName: "run"}} }, session: true,
		},
		"static below a chain of roles": {
			settings: func(s *Settings) {
				withKey(s)
				s.AssumeRole = []AssumeRole{{RoleARN: roleA, SessionName: "run"}, {RoleARN: roleB, SessionName: "run"}}
			},
			session: true,
		},
		"environment": {env: []string{"AWS_ACCESS_KEY_ID=ID", "AWS_SECRET_ACCESS_KEY=SECRET"}},
		"environment below a role": {
			settings: func(s *Settings) { s.AssumeRole = []AssumeRole{{RoleARN: roleA, SessionName: "run"}} },
			env:      []string{"AWS_ACCESS_KEY_ID=ID", "AWS_SECRET_ACCESS_KEY=SECRET"},
			session:  true,
		},
		"profile": {
			settings: func(s *Settings) { s.Profile = "ci" },
			keysFile: "[ci]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
		},
		"profile with a role and a source profile": {
			settings: func(s *Settings) { s.Profile = "ci" },
			config:   "[profile ci]\nrole_arn = " + roleA + "\nsource_profile = base\n",
			keysFile: "[base]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
			session:  true,
		},
		"chain of profiles below a role": {
			settings: func(s *Settings) {
				s.Profile, s.AssumeRole = "ci", []AssumeRole{{RoleARN: roleA, SessionName: "run"}}
			},
			config: "[profile ci]\nrole_arn = " + roleA + "\nsource_profile = middle\n" +
				"[profile middle]\nrole_arn = " + roleB + "\nsource_profile = base\n",
			keysFile: "[base]\naws_access_key_id = ID\naws_secret_access_key = SECRET\n",
			session:  true,
		},
		"AWS_PROFILE with a role of the environment's key": {
			config:  "[profile ci]\nrole_arn = " + roleA + "\ncredential_source = Environment\n",
			env:     []string{"AWS_PROFILE=ci", "AWS_ACCESS_KEY_ID=ID", "AWS_SECRET_ACCESS_KEY=SECRET"},
			session: false, // the environment comes before AWS_PROFILE
		},
		"profile with a role of the environment's key": {
			settings: func(s *Settings) { s.Profile = "ci" },
			config:   "[profile ci]\nrole_arn = " + roleA + "\ncredential_source = Environment\n",
			env:      []string{"AWS_ACCESS_KEY_ID=ID", "AWS_SECRET_ACCESS_KEY=SECRET"},
			session:  true,
		},
		"credential process below a role": {
			settings: func(s *Settings) {
				s.Profile, s.AssumeRole = "ci", []AssumeRole{{RoleARN: roleA, SessionName: "run"}}
			},
			config:  "[profile ci]\ncredential_process = /bin/cat PROCESS\n",
			env:     []string{"PATH=/usr/bin:/bin"},
			session: true,
		},
		"web identity": {
			settings: func(s *Settings) {
				s.AssumeRoleWithWebIdentity = &WebIdentity{RoleARN: roleA, SessionName: "run", WebIdentityTokenFile: "TOKEN"}
			},
			session: true, noSource: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim, key := startSim(t)
			dir := t.TempDir()
			write := func(file, text string) string {
				text = strings.NewReplacer("ID", key.AccessKeyID, "SECRET", key.Secret.Reveal(), "PROCESS", filepath.Join(dir, "process")).Replace(text)
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return filepath.Join(dir, file)
			}
			write("process", `{"Version": 1, "AccessKeyId": "ID", "SecretAccessKey": "SECRET"}`)
			s := settingsFor(sim, iamsim.Credentials{})
			s.SharedConfigFiles = []string{write("config", tc.config)}
			s.SharedCredentialsFiles = []string{write("credentials", tc.keysFile)}
			if tc.settings != nil {
				tc.settings(&s)
			}
			if s.AccessKey != "" {
				s.AccessKey, s.SecretKey = key.AccessKeyID, key.Secret
			}
			if s.AssumeRoleWithWebIdentity != nil {
				s.AssumeRoleWithWebIdentity.WebIdentityTokenFile = write("token", "token")
			}
			for _, variable := range tc.env {
				variable, value, _ := strings.Cut(variable, "=")
				t.Setenv(variable, strings.NewReplacer("ID", key.AccessKeyID, "SECRET", key.Secret.Reveal()).Replace(value))
			}

			clients, problems := New(t.Context(), s, Options{})
			if problems.HasError() {
				t.Fatal(problems)
			}
			for range 2 {
				if _, err := clients.Gateway.ListAccessKeys(t.Context(), "signer"); err != nil {
					t.Fatal(err)
				}
			}
			ids, err := clients.Gateway.SigningKeyIDs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			last := sim.Log()[len(sim.Log())-1]
			want := []string{last.SigningKeyID}
			if keyid.IsTemporary(last.SigningKeyID) != tc.session {
				t.Fatalf("%s signs, want a session: %t", last.SigningKeyID, tc.session)
			}
			if tc.session && !tc.noSource {
				want = append(want, key.AccessKeyID)
			}
			if !slices.Equal(ids, want) {
				t.Errorf("got %q, want %q", ids, want)
			}
		})
	}
}

// withKey marks the settings as those with the static key of the simulator.
func withKey(s *Settings) { s.AccessKey = testKeyID }

func TestSigner(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ header, want string }{
		{"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00", testKeyID},
		{"Bearer token", ""},
		{"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE", ""},
		{"", ""},
	} {
		if got := signer(test.header); got != test.want {
			t.Errorf("signer(%q) = %q, want %q", test.header, got, test.want)
		}
	}
}
