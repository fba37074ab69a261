package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

const examplesDir = "../../examples"

// exampleKeyID stands in the examples for a key that exists.
const exampleKeyID = "AKIAIOSFODNN7EXAMPLE" //nolint:gosec // the id of AWS's own examples

// fleet are the users of the example of a fleet.
var fleet = []string{"backup", "ci", "report"}

// exampleSetups are what the examples expect to find in IAM, beside the user ci without keys.
var exampleSetups = map[string]func(w *acctest.World) (keyID string){
	"data-sources/iamkeys_access_key_age":       withKey,
	"data-sources/iamkeys_access_key_last_used": withKey,
	"data-sources/iamkeys_access_key_owner":     withKey,
	"data-sources/iamkeys_access_key_usage":     withKey,
	"data-sources/iamkeys_access_keys":          withKey,
	"demo-monthly": func(w *acctest.World) string {
		w.Sim.CreateUser("report")
		return ""
	},
	"scenarios/fleet": func(w *acctest.World) string {
		atMachineTime(w)
		withFleet(w)
		return ""
	},
	"scenarios/leaked-key-id": withKey,
	"scenarios/many-users": func(w *acctest.World) string {
		w.Sim.CreateUser("backup")
		return ""
	},
	"scenarios/ninety-days": atMachineTime,
	"scenarios/sealed-kms":  withKMSKey,
	"scenarios/sealed-vendor": func(w *acctest.World) string {
		w.Sim.CreateUser("vendor")
		return ""
	},
	"scenarios/take-over":     withKey,
	"scenarios/unmanaged-key": withKey,
}

// withFleet creates a key for each user of the example of a fleet.
func withFleet(w *acctest.World) {
	w.Sim.CreateUser("backup")
	w.Sim.CreateUser("report")
	for _, user := range fleet {
		w.Sim.CreateAccessKey(user)
	}
}

func withKey(w *acctest.World) string { return w.Sim.CreateAccessKey("ci").AccessKeyID }

// atMachineTime sets AWS's time to that of the machine, which plantimestamp returns.
func atMachineTime(w *acctest.World) string {
	w.Sim.SetTime(clock.System().Now())
	return ""
}

// useNewestKey uses the newest key of the user ci, if there is one, as consumers do who have moved to it.
func useNewestKey(w *acctest.World) {
	if keys := w.Sim.Keys("ci"); len(keys) > 0 {
		w.Sim.SetLastUsed(keys[len(keys)-1].ID, w.Sim.Now(), "s3", "us-east-1")
	}
}

func withKMSKey(w *acctest.World) string {
	w.Sim.CreateKMSKey("us-east-1", "alias/access-keys")
	return ""
}

// TestExamples validates and applies each directory of examples/, which must settle, and destroys it.
func TestExamples(t *testing.T) {
	t.Parallel()
	dirs := exampleDirs(t)
	for name := range exampleSetups {
		if !slices.Contains(dirs, name) {
			t.Errorf("there is no example %s", name)
		}
	}
	for _, name := range dirs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.CreateUser("ci")
			keyID := ""
			if setUp, ok := exampleSetups[name]; ok {
				keyID = setUp(w)
			}
			c := exampleCLI(t, w)
			copyExample(t, c, name, keyID)

			for _, args := range [][]string{{"validate"}, {"fmt", "-check", "-diff"}} {
				if r := c.Run(args...); r.ExitCode != 0 {
					t.Fatalf("%q: exit code %d\n%s%s", args, r.ExitCode, r.Stdout, r.Stderr)
				}
			}
			if tests, err := filepath.Glob(filepath.Join(c.Dir, "*.tftest.hcl")); err != nil || len(tests) > 0 {
				if r := c.Run("test"); r.ExitCode != 0 || err != nil {
					t.Fatalf("test: exit code %d, %v\n%s%s", r.ExitCode, err, r.Stdout, r.Stderr)
				}
			}
			c.Apply()
			c.Want(0)
			for _, d := range c.Diagnostics() {
				// One example is about the adoption of a key, which its plan announces.
				if name != "scenarios/unmanaged-key" || d.Summary != "Unmanaged access key is adopted" {
					t.Errorf("diagnostic of the apply: %+v", d)
				}
			}
			c.Plan()
			c.Want(0)
			c.Destroy()
			c.Want(0)
		})
	}
}

// exampleDirs are the directories with a configuration, relative to examples/.
func exampleDirs(t *testing.T) []string {
	t.Helper()
	var dirs []string
	err := fs.WalkDir(os.DirFS(examplesDir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && entry.Name() == ".terraform" {
			return fs.SkipDir
		}
		if dir := path.Dir(name); path.Ext(name) == ".tf" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
		return err
	})
	if err != nil || len(dirs) == 0 {
		t.Fatalf("examples: %q, %v", dirs, err)
	}
	return dirs
}

// exampleCLI is a CLI that reaches the simulator through the environment, as the examples set no credentials.
func exampleCLI(t *testing.T, w *acctest.World) *acctest.CLI {
	t.Helper()
	c, root := w.CLI(t), w.Sim.Root()
	c.Setenv("AWS_ENDPOINT_URL", w.Sim.URL())
	c.Setenv("AWS_REGION", "us-east-1")
	c.Setenv("AWS_ACCESS_KEY_ID", root.AccessKeyID)
	c.Setenv("AWS_SECRET_ACCESS_KEY", root.Secret.Reveal())
	c.Setenv("TF_VAR_deploy", "echo deployed")
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	c.Setenv("TF_VAR_age_identity", identity.String())
	c.Setenv("TF_VAR_age_recipients", fmt.Sprintf("[%q]", identity.Recipient()))
	return c
}

// copyExample copies the files of an example, with a key that exists.
func copyExample(t *testing.T, c *acctest.CLI, name, keyID string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(examplesDir, name, "*.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files %q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(content)
		if keyID != "" {
			text = strings.ReplaceAll(text, exampleKeyID, keyID)
		}
		c.Write(filepath.Base(file), text)
	}
}

// TestExamples_rollback goes through what the rollback example is for.
func TestExamples_rollback(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/rollback", "")
	published := func() any { return c.State().Values.Outputs["access_key_id"].Value }
	for _, passed := range []string{"0s", "72d", "8d"} {
		w.Advance(passed)
		useNewestKey(w)
		c.Apply()
		c.Want(0)
	}
	first, second := w.Sim.Keys("ci")[0], w.Sim.Keys("ci")[1]
	if got := published(); first.Status != "Inactive" || got != second.ID {
		t.Fatalf("published %s beside a first key that is %s, want %s and Inactive", got, first.Status, second.ID)
	}

	c.Apply("-var=roll_back=true")
	c.Want(0)
	if got := published(); got != first.ID || !w.Sim.Authenticates(first.ID, w.Sim.Secret(first.ID)) {
		t.Errorf("published %s after the rollback, want %s, which works", got, first.ID)
	}
	c.Plan("-var=roll_back=true")
	c.Want(0)
	c.Apply()
	c.Want(0)
	if got := published(); got != second.ID {
		t.Errorf("published %s at the end, want %s", got, second.ID)
	}

	w.Advance("6m") // Before, a status other than that of the rollback may be a stale read.
	w.Sim.SetStatus(first.ID, "Inactive")
	c.Apply()
	c.Plan("-var=roll_back=true")
	c.Want(1)
	failed := func(d acctest.Diagnostic) bool {
		return d.Severity == "error" && strings.HasPrefix(d.Detail, "The previous key is Inactive")
	}
	if got := c.Diagnostics(); !slices.ContainsFunc(got, failed) {
		t.Errorf("diagnostics %+v, want the error of the precondition", got)
	}
}

// TestExamples_ninetyDays checks that the checks of the 90 days example warn when an apply is late.
func TestExamples_ninetyDays(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/ninety-days", "")
	warnings := func() (details []string) {
		for _, d := range c.Diagnostics() {
			details = append(details, d.Detail)
		}
		return details
	}
	// plantimestamp is the time of the machine, so only AWS's time can move.
	w.Sim.SetTime(clock.System().Now().Add(-95 * 24 * time.Hour))
	reached := "A key of ci reaches 90 days at " + w.Sim.Now().Add(90*24*time.Hour).Format(time.RFC3339) +
		". Rotation: not blocked. Retirement: not blocked."
	c.Apply()
	c.Want(0)
	if got := warnings(); !slices.Equal(got, []string{reached}) {
		t.Errorf("warnings after 90 days by the machine's time: %q, want %q", got, reached)
	}

	w.Advance("90d")
	key := w.Sim.Keys("ci")[0].ID
	old := "Key " + key + " of ci is 90 days old or older."
	c.Plan()
	c.Want(2)
	if got := warnings(); !slices.Contains(got, old) {
		t.Errorf("warnings after 90 days by AWS's time: %q, want %q among them", got, old)
	}
}

// TestExamples_fleet checks that overdue keys rotate at different times of the two weeks after their import.
func TestExamples_fleet(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	withFleet(w)
	w.Advance("100d")
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/fleet", "")
	c.Apply()
	c.Want(0)
	imported := w.Sim.Now()
	dates := map[string]bool{}
	for _, resource := range c.State().Values.RootModule.Resources {
		text, _ := resource.AttributeValues["rotate_at"].(string)
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Before(imported) || !at.Before(imported.Add(14*24*time.Hour)) {
			t.Errorf("%s rotates at %q, want a time within 14 days of %s", resource.Address, text, imported)
		}
		dates[text] = true
	}
	if len(dates) != len(fleet) {
		t.Errorf("%d different dates %v, want %d", len(dates), dates, len(fleet))
	}

	w.Advance("14d")
	c.Apply()
	c.Want(0)
	for _, user := range fleet {
		if got := len(w.Sim.Keys(user)); got != 2 {
			t.Errorf("user %s has %d keys 14 days after the import, want 2", user, got)
		}
	}
}

// TestExamples_policies checks that the example policies allow what plans and applies ask for, and nothing else.
func TestExamples_policies(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	w.Sim.CreateAccessKey("ci")
	c := exampleCLI(t, w)
	plan, apply := map[string]bool{}, map[string]bool{}
	collect := func(actions map[string]bool) {
		for _, action := range w.CallList() {
			actions[action] = true
		}
		w.ResetCalls()
	}
	step := func(passed, vars string) {
		w.Advance(passed)
		useNewestKey(w)
		c.Write("main.tf", `
import {
  to = iamkeys_rotating_access_key.ci
  id = "ci"
}
resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci"
  max_age = "90d"
  `+vars+`
}
`)
		c.PlanOut("saved.tfplan")
		c.Want(2)
		collect(plan)
		c.ApplyPlan("saved.tfplan")
		c.Want(0)
		collect(apply)
	}
	described := `description = "ci"`
	step("0s", described)
	step("72d", described)
	step("8d", described)
	step("7d", described)
	step("1d", `wait_until_usable = false`)

	for _, tc := range []struct {
		file string
		used map[string]bool
	}{{"plan.json", plan}, {"apply.json", apply}} {
		// Whatever a plan may ask for, an apply may, too, when something has changed meanwhile.
		for action := range plan {
			tc.used[action] = true
		}
		// Needs no permission.
		delete(tc.used, "GetCallerIdentity")
		allowed := policyActions(t, tc.file)
		for action := range tc.used {
			if !slices.Contains(allowed, "iam:"+action) {
				t.Errorf("%s does not allow %s", tc.file, action)
			}
		}
		for _, action := range allowed {
			if !tc.used[strings.TrimPrefix(action, "iam:")] {
				t.Errorf("%s allows %s, which was not used", tc.file, action)
			}
		}
	}
}

// policyActions are the actions of a policy in examples/policies, which README.md must show as it is.
func policyActions(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(examplesDir, "policies", file))
	readme, readmeErr := os.ReadFile("../../README.md")
	if err := errors.Join(err, readmeErr); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```json\n"+string(content)+"```\n") {
		t.Errorf("README.md does not show examples/policies/%s as it is", file)
	}
	var policy struct{ Statement []struct{ Action []string } }
	if err := json.Unmarshal(content, &policy); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var actions []string
	for _, statement := range policy.Statement {
		actions = append(actions, statement.Action...)
	}
	return actions
}

// TestExamples_kmsPolicy checks that a role that encrypts and opens needs what the example policy allows, when it needs it.
func TestExamples_kmsPolicy(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	withKMSKey(w)
	c := exampleCLI(t, w)
	const (
		sealing = `
resource "iamkeys_rotating_access_key" "ci" {
  user             = "ci"
  rotate_after     = "90d"
  encrypted_output = { kms_key_id = "alias/access-keys" }
}
`
		opening = `
ephemeral "iamkeys_secret_access_key" "ci" {
  encrypted_secret = iamkeys_rotating_access_key.ci.encrypted_secret
}
`
	)
	used := func() []string {
		var actions []string
		for _, action := range w.CallList() {
			if action == "Encrypt" || action == "Decrypt" || strings.Contains(action, "DataKey") || action == "DescribeKey" {
				actions = append(actions, action)
			}
		}
		w.ResetCalls()
		return actions
	}
	for _, step := range []struct {
		name, passed, config string
		plan, apply          []string
	}{
		{"create", "0s", sealing, nil, []string{"Encrypt", "Encrypt"}},
		{"nothing to do", "1d", sealing, nil, nil},
		{"open", "0s", sealing + opening, []string{"Decrypt"}, []string{"Decrypt"}},
		// What is not known yet is not opened: the apply does that, after it has encrypted.
		{"rotate", "90d", sealing + opening, nil, []string{"Encrypt", "Encrypt", "Decrypt"}},
	} {
		w.Advance(step.passed)
		c.Write("main.tf", step.config)
		c.PlanOut("saved.tfplan")
		if got := used(); !slices.Equal(got, step.plan) {
			t.Errorf("%s: the plan uses %q, want %q", step.name, got, step.plan)
		}
		c.ApplyPlan("saved.tfplan")
		c.Want(0)
		if got := used(); !slices.Equal(got, step.apply) {
			t.Errorf("%s: the apply uses %q, want %q", step.name, got, step.apply)
		}
	}
	if got, want := policyActions(t, "kms.json"), []string{"kms:Encrypt", "kms:Decrypt"}; !slices.Equal(got, want) {
		t.Errorf("kms.json allows %q, want %q", got, want)
	}
}
