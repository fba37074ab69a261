package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// lastUsedConfig is a configuration with one iamkeys_access_key_last_used.
func lastUsedConfig(w *acctest.World, arguments string) string {
	return w.ProviderConfig() + fmt.Sprintf(`
data "iamkeys_access_key_last_used" "test" {
  %s
}
`, arguments)
}

// lastUsedByID is such a configuration for one key, with an output of the days since.
func lastUsedByID(w *acctest.World, keyID string) string {
	return lastUsedConfig(w, fmt.Sprintf("access_key_id = %q", keyID)) + `
output "days" {
  value = data.iamkeys_access_key_last_used.test.days_since_last_used
}
`
}

func TestAccAccessKeyLastUsed_cycle(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci")
	config := lastUsedByID(w, key.AccessKeyID)
	used := func(days int) map[string]any {
		return map[string]any{
			"access_key_id":        key.AccessKeyID,
			"user":                 "ci",
			"never_used":           false,
			"last_used_at":         "2026-01-31T12:00:00Z",
			"days_since_last_used": days,
			"service_name":         "s3",
			"region":               "eu-west-1",
		}
	}
	w.Test(t,
		resource.TestStep{
			Config: config,
			ConfigStateChecks: dataValues("iamkeys_access_key_last_used", map[string]any{
				"access_key_id":        key.AccessKeyID,
				"user":                 "ci",
				"never_used":           true,
				"last_used_at":         nil,
				"days_since_last_used": nil,
				"service_name":         nil,
				"region":               nil,
			}),
		},
		resource.TestStep{
			PreConfig: func() {
				w.Advance("30d12h")
				w.Sim.SetLastUsed(key.AccessKeyID, w.Sim.Now(), "s3", "eu-west-1")
				w.Advance("1d-1s")
			},
			Config:            config,
			ConfigStateChecks: dataValues("iamkeys_access_key_last_used", used(0)),
		},
		resource.TestStep{
			PreConfig:         w.After("1s"),
			Config:            config,
			ConfigStateChecks: dataValues("iamkeys_access_key_last_used", used(1)),
		},
		resource.TestStep{
			PreConfig: func() {
				w.Advance("99d")
				w.Sim.SetStatus(key.AccessKeyID, "Inactive")
			},
			Config:            config,
			ConfigStateChecks: dataValues("iamkeys_access_key_last_used", used(100)),
		},
	)
}

// TestAccAccessKeyLastUsed_ownKey asks about the key that signs the question, which is then the last use itself.
func TestAccAccessKeyLastUsed_ownKey(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, time.March, 1, 6, 30, 15, 0, time.UTC)
	w := acctest.New(t, iamsim.Options{Start: start})
	w.Test(t, resource.TestStep{
		Config: lastUsedByID(w, w.Sim.Root().AccessKeyID),
		ConfigStateChecks: dataValues("iamkeys_access_key_last_used", map[string]any{
			"user": "admin", "never_used": false, "last_used_at": "2027-03-01T06:30:15Z",
			"days_since_last_used": 0, "service_name": "iam", "region": "us-east-1",
		}),
	})
}

func TestAccAccessKeyLastUsed_calls(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci")
	w.Sim.CreateAccessKey("ci")
	c := w.CLI(t)
	for _, test := range []struct {
		arguments string
		want      []string
	}{
		{fmt.Sprintf("access_key_id = %q", key.AccessKeyID), []string{"GetAccessKeyLastUsed"}},
		{`user = "ci"`, []string{"ListAccessKeys", "GetAccessKeyLastUsed", "GetAccessKeyLastUsed"}},
	} {
		c.Write("main.tf", lastUsedConfig(w, test.arguments))
		w.ResetCalls()
		c.Plan()
		c.Want(0)
		if got := w.CallList(); !slices.Equal(got, test.want) {
			t.Errorf("calls of a plan with %s: %q, want %q", test.arguments, got, test.want)
		}
	}
}

// TestAccAccessKeyLastUsed_user compares the whole result for all keys of a user.
func TestAccAccessKeyLastUsed_user(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	c := w.CLI(t)
	apply := func(arguments string, want map[string]any) {
		t.Helper()
		c.Write("main.tf", lastUsedConfig(w, arguments))
		wantApplied(t, c, "data.iamkeys_access_key_last_used.test", want)
	}
	ofUse := func(neverUsed, at, days, service, region any) map[string]any {
		return map[string]any{
			"never_used": neverUsed, "last_used_at": at, "days_since_last_used": days, "service_name": service, "region": region,
		}
	}
	none, never := ofUse(nil, nil, nil, nil, nil), ofUse(true, nil, nil, nil, nil)
	key := func(id, status string, use map[string]any) map[string]any {
		return with(use, map[string]any{"access_key_id": id, "status": status})
	}
	result := func(id any, use map[string]any, keys any) map[string]any {
		return with(use, map[string]any{"user": "ci", "access_key_id": id, "keys": keys})
	}
	const ofCI = `user = "ci"`
	apply(ofCI, result(nil, none, []any{}))

	first := w.Sim.CreateAccessKey("ci").AccessKeyID
	w.Advance("1s")
	second := w.Sim.CreateAccessKey("ci").AccessKeyID
	apply(ofCI, result(first, never, []any{key(first, "Active", never), key(second, "Active", never)}))

	w.Sim.SetLastUsed(first, w.Sim.Now(), "s3", "N/A")
	w.Advance("4d")
	w.Sim.SetLastUsed(second, w.Sim.Now(), "iam", "us-east-1")
	w.Advance("1d-1s")
	firstUse := ofUse(false, "2026-01-01T00:00:01Z", 4, "s3", "N/A")
	secondUse := ofUse(false, "2026-01-05T00:00:01Z", 0, "iam", "us-east-1")
	apply(ofCI, result(first, firstUse, []any{key(first, "Active", firstUse), key(second, "Active", secondUse)}))
	apply(fmt.Sprintf("access_key_id = %q", second), result(second, secondUse, nil))

	w.Sim.SetStatus(first, "Inactive")
	apply(ofCI, result(second, secondUse, []any{key(first, "Inactive", firstUse), key(second, "Active", secondUse)}))
	w.Sim.SetStatus(second, "Inactive")
	apply(ofCI, result(nil, none, []any{key(first, "Inactive", firstUse), key(second, "Inactive", secondUse)}))
}

func TestAccAccessKeyLastUsed_errors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene     func(w *acctest.World)
		arguments string
		summary   string
		detail    []string
	}{
		"neither": {
			summary: "Neither user nor access_key_id is set",
			detail:  []string{"Set user for all keys of an IAM user, or access_key_id for one key."},
		},
		"both": {
			arguments: fmt.Sprintf("user = \"ci\"\naccess_key_id = %q", nobodysKey),
			summary:   "Both user and access_key_id are set",
			detail:    []string{"Remove access_key_id for all keys of the user, or user for one key"},
		},
		"bad key id": {
			arguments: `access_key_id = "not an id"`,
			summary:   `Invalid access key id in access_key_id: "not an id"`,
			detail:    []string{"Set access_key_id to the id of an access key"},
		},
		"temporary key": {
			arguments: fmt.Sprintf("access_key_id = %q", exampleTemporaryKey),
			summary:   "Access key id of temporary credentials in access_key_id: " + exampleTemporaryKey,
			detail:    []string{"neither the age nor the last use", "iamkeys_access_key_owner"},
		},
		"bad user": {
			arguments: `user = "c i"`,
			summary:   "Invalid Attribute Value Match",
			detail:    []string{"user", "must be the name of an IAM user", "got: c i"},
		},
		"key of nobody": {
			arguments: fmt.Sprintf("access_key_id = %q", nobodysKey),
			summary:   "Access key not found, or access denied: " + nobodysKey,
			detail: []string{
				"iam:GetAccessKeyLastUsed", "AccessDenied", "AWS also answers so for a key id that the account does not have",
				"arn:aws:iam::123456789012:user/admin in account 123456789012",
			},
		},
		"denied": {
			scene:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:GetAccessKeyLastUsed") },
			arguments: fmt.Sprintf("access_key_id = %q", nobodysKey),
			summary:   "Access key not found, or access denied: " + nobodysKey,
			detail: []string{
				"not authorized to perform: iam:GetAccessKeyLastUsed", "Allow iam:GetAccessKeyLastUsed on the user of key " + nobodysKey,
			},
		},
		"failure": {
			scene: func(w *acctest.World) {
				w.Sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.Empty200})
			},
			arguments: fmt.Sprintf("access_key_id = %q", nobodysKey),
			summary:   "Unable to look up access key " + nobodysKey,
			detail:    []string{"the answer lacks what AWS always sends"},
		},
		"unknown user": {
			arguments: `user = "ghost"`,
			summary:   `Unable to list the access keys of IAM user "ghost"`,
			detail:    []string{"iam:ListAccessKeys", "NoSuchEntity", `"ghost"`, "in account 123456789012"},
		},
		"denied to list": {
			scene:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListAccessKeys") },
			arguments: `user = "ci"`,
			summary:   `Unable to list the access keys of IAM user "ci"`,
			detail:    []string{"not authorized to perform: iam:ListAccessKeys", `Allow iam:ListAccessKeys on "ci"`},
		},
		// The answer about one key must not pass for that about the user.
		"denied for a listed key": {
			scene: func(w *acctest.World) {
				w.Sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Nth: 2, Kind: iamsim.Denied})
			},
			arguments: `user = "ci"`,
			summary:   "Unable to look up the last use of access key SECOND",
			detail: []string{
				"not authorized to perform: iam:GetAccessKeyLastUsed", "Allow iam:GetAccessKeyLastUsed on the user of key SECOND",
				`IAM lists the key for user "ci".`, "if you deleted it, plan again",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			w.Sim.CreateAccessKey("ci")
			w.Advance("1s")
			named := strings.NewReplacer("SECOND", w.Sim.CreateAccessKey("ci").AccessKeyID)
			if test.scene != nil {
				test.scene(w)
			}
			c := w.CLI(t)
			c.Write("main.tf", lastUsedConfig(w, test.arguments))
			c.Plan()
			c.Want(1)
			for i := range test.detail {
				test.detail[i] = named.Replace(test.detail[i])
			}
			wantOneError(t, c, "data.iamkeys_access_key_last_used.test", named.Replace(test.summary), test.detail...)
		})
	}
}
