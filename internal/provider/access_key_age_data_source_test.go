package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// nobodysKey has the form of an access key id, and the simulator, whose ids have no 0, never has it.
const nobodysKey = "LKIA0KEY0OF0NOBODY00"

// dataValues checks attributes of a data source whose only instance is called test. A nil value is null.
func dataValues(dataSource string, want map[string]any) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for attribute, value := range want {
		var check knownvalue.Check
		switch value := value.(type) {
		case nil:
			check = knownvalue.Null()
		case int:
			check = knownvalue.Int64Exact(int64(value))
		case bool:
			check = knownvalue.Bool(value)
		default:
			check = knownvalue.StringExact(fmt.Sprint(value))
		}
		checks = append(checks, statecheck.ExpectKnownValue("data."+dataSource+".test", tfjsonpath.New(attribute), check))
	}
	return checks
}

// ageConfig is a configuration with one iamkeys_access_key_age and an output of its age.
func ageConfig(w *acctest.World, arguments string) string {
	return w.ProviderConfig() + fmt.Sprintf(`
data "iamkeys_access_key_age" "test" {
  %s
}
output "age_days" {
  value = data.iamkeys_access_key_age.test.age_days
}
`, arguments)
}

func TestAccAccessKeyAge_boundaries(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	key := s.Sim.CreateAccessKey("ci")
	s.CLI.Write("main.tf", ageConfig(s.World, `
  user    = "ci"
  max_age = "90d"`))
	for _, at := range []struct {
		advance string
		days    int
		overdue bool
	}{
		{"0s", 0, false},
		{"1d-1s", 0, false},
		{"1s", 1, false},
		{"1s", 1, false},
		{"89d-2s", 89, false},
		{"1s", 90, true},
		{"1s", 90, true},
		{"275d-1s", 365, true},
	} {
		s.Advance(at.advance)
		s.ApplyAny()
		s.WantStateOf("data.iamkeys_access_key_age.test", map[string]any{
			"user":          "ci",
			"access_key_id": key.AccessKeyID,
			"max_age":       "90d",
			"age_days":      at.days,
			"created_at":    "2026-01-01T00:00:00Z",
			"status":        "Active",
			"overdue":       at.overdue,
			"rotate_by":     "2026-04-01T00:00:00Z",
		})
	}
}

// TestAccAccessKeyAge_keys is about which key of a user counts.
func TestAccAccessKeyAge_keys(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// setUp prepares the user ci and returns the id of the key to expect.
		setUp     func(w *acctest.World) string
		arguments func(keyID string) string
		want      map[string]any
	}{
		"no keys": {
			setUp:     func(*acctest.World) string { return "" },
			arguments: func(string) string { return `user = "ci"` },
			want: map[string]any{
				"user": "ci", "access_key_id": nil, "age_days": nil, "created_at": nil, "status": nil, "overdue": nil, "rotate_by": nil,
			},
		},
		"no keys with a limit": {
			setUp:     func(*acctest.World) string { return "" },
			arguments: func(string) string { return "user = \"ci\"\nmax_age = \"1s\"" },
			want:      map[string]any{"age_days": nil, "overdue": false, "rotate_by": nil},
		},
		"no limit": {
			setUp: func(w *acctest.World) string {
				key := w.Sim.CreateAccessKey("ci")
				w.Advance("5d")
				return key.AccessKeyID
			},
			arguments: func(string) string { return `user = "ci"` },
			want:      map[string]any{"age_days": 5, "max_age": nil, "overdue": nil, "rotate_by": nil},
		},
		"oldest Active": {
			setUp: func(w *acctest.World) string {
				oldest := w.Sim.CreateAccessKey("ci")
				w.Advance("3d")
				w.Sim.CreateAccessKey("ci")
				w.Advance("2d")
				return oldest.AccessKeyID
			},
			arguments: func(string) string { return `user = "ci"` },
			want:      map[string]any{"age_days": 5, "status": "Active"},
		},
		"Inactive oldest": {
			setUp: func(w *acctest.World) string {
				w.Sim.SetStatus(w.Sim.CreateAccessKey("ci").AccessKeyID, "Inactive")
				w.Advance("3d")
				second := w.Sim.CreateAccessKey("ci")
				w.Advance("2d")
				return second.AccessKeyID
			},
			arguments: func(string) string { return `user = "ci"` },
			want:      map[string]any{"age_days": 2, "status": "Active", "created_at": "2026-01-04T00:00:00Z"},
		},
		"Inactive only": {
			setUp: func(w *acctest.World) string {
				w.Sim.SetStatus(w.Sim.CreateAccessKey("ci").AccessKeyID, "Inactive")
				return ""
			},
			arguments: func(string) string { return `user = "ci"` },
			want:      map[string]any{"access_key_id": nil, "age_days": nil, "status": nil},
		},
		"Inactive by id": {
			setUp: func(w *acctest.World) string {
				key := w.Sim.CreateAccessKey("ci")
				w.Sim.SetStatus(key.AccessKeyID, "Inactive")
				w.Advance("3d")
				w.Sim.CreateAccessKey("ci")
				return key.AccessKeyID
			},
			arguments: func(keyID string) string { return fmt.Sprintf("access_key_id = %q\nmax_age = \"3d\"", keyID) },
			want: map[string]any{
				"user": "ci", "age_days": 3, "status": "Inactive", "overdue": true, "rotate_by": "2026-01-04T00:00:00Z",
			},
		},
		"renamed user by id": {
			setUp: func(w *acctest.World) string {
				key := w.Sim.CreateAccessKey("ci")
				w.Sim.RenameUser("ci", "deploy")
				return key.AccessKeyID
			},
			arguments: func(keyID string) string { return fmt.Sprintf("access_key_id = %q", keyID) },
			want:      map[string]any{"user": "deploy", "age_days": 0},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			keyID := test.setUp(w)
			if keyID != "" {
				test.want["access_key_id"] = keyID
			}
			w.Test(t, resource.TestStep{
				Config:            ageConfig(w, test.arguments(keyID)),
				ConfigStateChecks: dataValues("iamkeys_access_key_age", test.want),
			})
		})
	}
}

// TestAccAccessKeyAge_list compares the whole result: all keys of a user, and the oldest Active one of them.
func TestAccAccessKeyAge_list(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	c := w.CLI(t)
	apply := func(arguments string, want map[string]any) {
		t.Helper()
		c.Write("main.tf", w.ProviderConfig()+fmt.Sprintf("data \"iamkeys_access_key_age\" \"test\" {\n  %s\n}\n", arguments))
		wantApplied(t, c, "data.iamkeys_access_key_age.test", want)
	}
	const ofCI = "user = \"ci\"\n  max_age = \"4d\""
	apply(ofCI, map[string]any{
		"user": "ci", "max_age": "4d", "access_key_id": nil, "age_days": nil, "created_at": nil, "status": nil, "overdue": false,
		"rotate_by": nil, "keys": []any{},
	})

	first := w.Sim.CreateAccessKey("ci").AccessKeyID
	w.Advance("3d")
	second := w.Sim.CreateAccessKey("ci").AccessKeyID
	w.Advance("2d1h")
	old := map[string]any{
		"access_key_id": first, "age_days": 5, "created_at": "2026-01-01T00:00:00Z", "status": "Active", "overdue": true,
		"rotate_by": "2026-01-05T00:00:00Z",
	}
	young := map[string]any{
		"access_key_id": second, "age_days": 2, "created_at": "2026-01-04T00:00:00Z", "status": "Active", "overdue": false,
		"rotate_by": "2026-01-08T00:00:00Z",
	}
	apply(ofCI, with(old, map[string]any{"user": "ci", "max_age": "4d", "keys": []any{old, young}}))

	w.Sim.SetStatus(first, "Inactive")
	old["status"] = "Inactive"
	apply(ofCI, with(young, map[string]any{"user": "ci", "max_age": "4d", "keys": []any{old, young}}))
	apply(fmt.Sprintf("access_key_id = %q\n  max_age = \"4d\"", first),
		with(old, map[string]any{"user": "ci", "max_age": "4d", "keys": nil}))

	for _, key := range []map[string]any{old, young} {
		key["overdue"], key["rotate_by"] = nil, nil
	}
	apply(`user = "ci"`, with(young, map[string]any{"user": "ci", "max_age": nil, "keys": []any{old, young}}))

	w.Sim.SetStatus(second, "Inactive")
	young["status"] = "Inactive"
	apply(`user = "ci"`, map[string]any{
		"user": "ci", "max_age": nil, "access_key_id": nil, "age_days": nil, "created_at": nil, "status": nil, "overdue": nil,
		"rotate_by": nil, "keys": []any{old, young},
	})
}

// TestAccAccessKeyAge_output shows that an output of age_days stands still within a day and moves with it.
func TestAccAccessKeyAge_output(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	w.Sim.CreateAccessKey("ci")
	config := ageConfig(w, `user = "ci"`)
	w.Test(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:        w.After("1d-1s"),
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			PreConfig: w.After("1s"),
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectNonEmptyPlan(),
				plancheck.ExpectKnownOutputValue("age_days", knownvalue.Int64Exact(1)),
			}},
		},
	)
}

// TestAccAccessKeyAge_calls counts what a plan asks of IAM with the provider as users run it.
func TestAccAccessKeyAge_calls(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	key := w.Sim.CreateAccessKey("ci")
	c := w.CLI(t)
	for _, test := range []struct {
		arguments string
		want      []string
	}{
		{`user = "ci"`, []string{"ListAccessKeys"}},
		{fmt.Sprintf("access_key_id = %q", key.AccessKeyID), []string{"GetAccessKeyLastUsed", "ListAccessKeys"}},
	} {
		c.Write("main.tf", ageConfig(w, test.arguments))
		w.ResetCalls()
		c.Plan()
		c.Want(2)
		if got := w.CallList(); !slices.Equal(got, test.want) {
			t.Errorf("calls of a plan with %s: %q, want %q", test.arguments, got, test.want)
		}
	}
}

func TestAccAccessKeyAge_errors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setUp     func(w *acctest.World)
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
		"bad user": {
			arguments: `user = "c i"`,
			summary:   "Invalid Attribute Value Match",
			detail:    []string{"user", "must be the name of an IAM user", "got: c i"},
		},
		"bad key id": {
			arguments: `access_key_id = "AKIA"`,
			summary:   `Invalid access key id in access_key_id: "AKIA"`,
			detail:    []string{"Set access_key_id to the id of an access key: at least 16 capital letters and digits"},
		},
		"temporary key": {
			arguments: fmt.Sprintf("access_key_id = %q", exampleTemporaryKey),
			summary:   "Access key id of temporary credentials in access_key_id: " + exampleTemporaryKey,
			detail:    []string{"neither the age nor the last use", "iamkeys_access_key_owner"},
		},
		"bad duration": {
			arguments: "user = \"ci\"\nmax_age = \"90 days\"",
			summary:   `Invalid duration in max_age: "90 days"`,
			detail:    []string{"max_age", "such as 90d"},
		},
		"zero duration": {
			arguments: "user = \"ci\"\nmax_age = \"0d\"",
			summary:   `Duration of zero in max_age: "0d"`,
			detail:    []string{"max_age"},
		},
		"unknown user": {
			arguments: `user = "ghost"`,
			summary:   `Unable to list the access keys of IAM user "ghost"`,
			detail:    []string{"iam:ListAccessKeys", "NoSuchEntity", `"ghost"`, "in account 123456789012"},
		},
		"key of nobody": {
			arguments: fmt.Sprintf("access_key_id = %q", nobodysKey),
			summary:   "Access key not found, or access denied: " + nobodysKey,
			detail: []string{
				"iam:GetAccessKeyLastUsed", "AccessDenied", "in account 123456789012",
				"AWS also answers so for a key id that the account does not have",
				"Check access_key_id. The data source iamkeys_access_key_owner returns the account of any key.",
			},
		},
		"list denied": {
			setUp:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListAccessKeys") },
			arguments: `user = "ci"`,
			summary:   `Unable to list the access keys of IAM user "ci"`,
			detail:    []string{"AccessDenied", "not authorized to perform: iam:ListAccessKeys", `Allow iam:ListAccessKeys on "ci"`},
		},
		"list denied by id": {
			setUp:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListAccessKeys") },
			arguments: `access_key_id = "CI_KEY"`,
			summary:   `Unable to list the access keys of IAM user "ci"`,
			detail:    []string{"AccessDenied", `Allow iam:ListAccessKeys on "ci"`},
		},
		"not listed": {
			setUp: func(w *acctest.World) {
				w.Sim.OnCall(func(call iamsim.Call) {
					if call.Action == "ListAccessKeys" {
						w.Sim.DeleteAccessKey(w.Sim.Keys("ci")[0].ID)
					}
				})
			},
			arguments: `access_key_id = "CI_KEY"`,
			summary:   "Access key not found: CI_KEY",
			detail:    []string{`IAM says that the key belongs to user "ci", but does not list it there.`, "Plan again."},
		},
		"no answer": {
			setUp: func(w *acctest.World) {
				w.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Empty200})
			},
			arguments: `user = "ci"`,
			summary:   `Unable to list the access keys of IAM user "ci"`,
			detail:    []string{"the answer lacks what AWS always sends"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			withKey := strings.NewReplacer("CI_KEY", w.Sim.CreateAccessKey("ci").AccessKeyID)
			if test.setUp != nil {
				test.setUp(w)
			}
			c := w.CLI(t)
			c.Write("main.tf", ageConfig(w, withKey.Replace(test.arguments)))
			c.Plan()
			c.Want(1)
			wantOneError(t, c, "data.iamkeys_access_key_age.test", withKey.Replace(test.summary), test.detail...)
		})
	}
}
