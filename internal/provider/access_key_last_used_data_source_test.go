package provider_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// lastUsedConfig is a configuration with one iamkeys_access_key_last_used.
func lastUsedConfig(w *acctest.World, keyID string) string {
	return w.ProviderConfig() + fmt.Sprintf(`
data "iamkeys_access_key_last_used" "test" {
  access_key_id = %q
}
output "days" {
  value = data.iamkeys_access_key_last_used.test.days_since_last_used
}
`, keyID)
}

func TestAccAccessKeyLastUsed_cycle(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci")
	config := lastUsedConfig(w, key.AccessKeyID)
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
		Config: lastUsedConfig(w, w.Sim.Root().AccessKeyID),
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
	c := w.CLI(t)
	c.Write("main.tf", lastUsedConfig(w, w.Sim.CreateAccessKey("ci").AccessKeyID))
	c.Plan()
	c.Want(0)
	if got, want := w.CallList(), []string{"GetAccessKeyLastUsed"}; !slices.Equal(got, want) {
		t.Errorf("calls of a plan: %q, want %q", got, want)
	}
}

func TestAccAccessKeyLastUsed_errors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scene   func(w *acctest.World)
		keyID   string
		summary string
		detail  []string
	}{
		"bad key id": {
			keyID:   "not an id",
			summary: "Invalid Attribute Value Match",
			detail:  []string{"access_key_id", "must be an access key id"},
		},
		"key of nobody": {
			keyID:   nobodysKey,
			summary: "Access key not found, or access denied: " + nobodysKey,
			detail: []string{
				"iam:GetAccessKeyLastUsed", "AccessDenied", "AWS also answers so for a key id that the account does not have",
				"arn:aws:iam::123456789012:user/admin in account 123456789012",
			},
		},
		"denied": {
			scene:   func(w *acctest.World) { w.Sim.Deny("admin", "iam:GetAccessKeyLastUsed") },
			keyID:   nobodysKey,
			summary: "Access key not found, or access denied: " + nobodysKey,
			detail: []string{
				"not authorized to perform: iam:GetAccessKeyLastUsed", "Allow iam:GetAccessKeyLastUsed on the user of key " + nobodysKey,
			},
		},
		"failure": {
			scene: func(w *acctest.World) {
				w.Sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: iamsim.Empty200})
			},
			keyID:   nobodysKey,
			summary: "Unable to look up access key " + nobodysKey,
			detail:  []string{"the answer lacks what AWS always sends"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			if test.scene != nil {
				test.scene(w)
			}
			c := w.CLI(t)
			c.Write("main.tf", lastUsedConfig(w, test.keyID))
			c.Plan()
			c.Want(1)
			wantOneError(t, c, "data.iamkeys_access_key_last_used.test", test.summary, test.detail...)
		})
	}
}
