package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/foreign"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// findingsWorld is an account with each kind of finding, and with keys that are just below each limit. The ids are those of the keys
// of old, idle and unused.
func findingsWorld(t *testing.T) (w *acctest.World, ids []string) {
	t.Helper()
	w = acctest.New(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{RootKeys: 1}})
	const day = 24 * time.Hour
	now := w.Sim.Now()
	key := func(age, unused time.Duration) iamsim.SeedKey {
		return iamsim.SeedKey{CreatedAt: now.Add(-age), LastUsedAt: now.Add(-unused), Service: "s3", Region: "eu-west-1"}
	}
	user := func(name string, keys ...iamsim.SeedKey) iamsim.SeedUser {
		return iamsim.SeedUser{Name: name, CreatedAt: now.AddDate(-2, 0, 0), Keys: keys}
	}
	return w, w.Sim.AddUsers(
		user("old", key(90*day, day)),
		user("idle", key(80*day, 45*day)),
		user("unused", iamsim.SeedKey{CreatedAt: now.Add(-45 * day)}),
		user("fresh", key(90*day-time.Second, 45*day-time.Second)),
		user("both", key(60*day, day), key(50*day, day)),
	)
}

// failedChecks are the messages of the failed checks of the last command, sorted, which must be its only diagnostics.
func failedChecks(t *testing.T, c *acctest.CLI) (messages []string) {
	t.Helper()
	for _, d := range c.Diagnostics() {
		if d.Severity != "warning" || d.Summary != "Check block assertion failed" {
			t.Errorf("diagnostic %+v", d)
		}
		messages = append(messages, d.Detail)
	}
	slices.Sort(messages)
	return messages
}

// TestExamples_auditChecks checks what each check warns of, and that a failed check neither fails nor fills a plan.
func TestExamples_auditChecks(t *testing.T) {
	t.Parallel()
	w, ids := findingsWorld(t)
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/audit-checks", "")
	c.Apply()
	c.Want(0)
	want := []string{
		"Active keys that are 90 days old or older:\n" + ids[0] + " of old, created 2025-10-03T00:00:00Z",
		"Active keys that nobody has used for 45 days:\n" + ids[1] + " of idle, last used 2025-11-17T00:00:00Z\n" +
			ids[2] + " of unused, never used, created 2025-11-17T00:00:00Z",
		"The root user has 1 access key(s).",
		"Users with two Active keys: both.",
	}
	if got := failedChecks(t, c); !slices.Equal(got, want) {
		t.Errorf("failed checks %q\nwant %q", got, want)
	}

	w.ResetCalls()
	c.Plan(`-var=two_keys_allowed=["both"]`)
	c.Want(0)
	if got := failedChecks(t, c); !slices.Equal(got, want[:3]) {
		t.Errorf("failed checks %q\nwant %q", got, want[:3])
	}
	// Each data source gets the report. Three keys are asked for their last use: the old one, and the two that are unused.
	if reports, uses := w.Calls("GetCredentialReport"), w.Calls("GetAccessKeyLastUsed"); reports != 3 || uses != 3 {
		t.Errorf("calls of a plan: %q", w.CallList())
	}
}

// TestExamples_auditChecksPasswords has passwords on both sides of the limit.
func TestExamples_auditChecksPasswords(t *testing.T) {
	t.Parallel()
	const none = "false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,false,N/A"
	report := "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,mfa_active," +
		"access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_1_last_used_region," +
		"access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date," +
		"access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n" +
		"<root_account>,arn:aws:iam::123456789012:root,2020-01-01T00:00:00Z,true,2021-01-01T00:00:00Z,not_supported,not_supported,true," + none
	for user, password := range map[string]string{
		"ann": "true,2025-11-17T00:00:00Z,2020-01-01T00:00:00Z",
		"bob": "true,2025-11-17T00:00:01Z,2020-01-01T00:00:00Z",
		"cid": "true,no_information,2025-11-17T00:00:00Z",
		"dan": "true,no_information,2025-11-17T00:00:01Z",
		"eve": "false,N/A,N/A",
	} {
		report += fmt.Sprintf("\n%[1]s,arn:aws:iam::123456789012:user/%[1]s,2020-01-01T00:00:00Z,%[2]s,N/A,true,%[3]s", user, password, none)
	}
	w := acctest.New(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{Content: []byte(report)}})
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/audit-checks", "")
	c.Apply()
	c.Want(0)
	got := failedChecks(t, c)
	_, users, found := strings.Cut(strings.Join(got, "\n"), "Users whose password nobody has used for 45 days: ")
	names := strings.Split(strings.TrimSuffix(users, "."), ", ")
	slices.Sort(names)
	if len(got) != 1 || !found || !slices.Equal(names, []string{"ann", "cid"}) {
		t.Errorf("failed checks %q, want the passwords of ann and cid", got)
	}
}

// TestExamples_auditFindings checks the findings, and that a plan changes only when one comes or goes.
func TestExamples_auditFindings(t *testing.T) {
	t.Parallel()
	w, ids := findingsWorld(t)
	w.Sim.SetTime(w.Sim.Now().AddDate(0, 0, -90))
	credential := w.Sim.CreateServiceCredential("old", "bedrock.amazonaws.com", time.Time{}).ID
	w.Advance("90d")
	c := exampleCLI(t, w)
	copyExample(t, c, "scenarios/audit-findings", "")
	c.Apply()
	c.Want(0)
	want := []string{
		"| Finding | User | Credential | Since |",
		"|---|---|---|---|",
		"| root key | <root_account> | slot 1 | 2026-01-01 |",
		"| old key | old | " + ids[0] + " | 2026-01-01 |",
		"| unused key | idle | " + ids[1] + " | 2026-01-01 |",
		"| key never used | unused | " + ids[2] + " | 2026-01-01 |",
		"| old credential | old | " + credential + " (bedrock.amazonaws.com) | 2026-01-01 |",
	}
	outputs := c.State().Values.Outputs
	if got := strings.Split(fmt.Sprint(outputs["table"].Value), "\n"); !slices.Equal(got, want) {
		t.Errorf("table %q\nwant %q", got, want)
	}
	finding := map[string]any{"finding": "old key", "user": "old", "credential": ids[0], "since": "2026-01-01T00:00:00Z"}
	if got, ok := outputs["findings"].Value.([]any); !ok || len(got) != 5 || !reflect.DeepEqual(got[1], finding) {
		t.Errorf("findings %v", outputs["findings"].Value)
	}

	w.Sim.DeleteAccessKey(ids[1])
	w.Sim.DeleteAccessKey(ids[2])
	c.Apply()
	c.Want(0)
	w.Advance("1s")
	c.Plan()
	c.Want(2)
	w.Sim.DeleteUser("fresh")
	c.Plan()
	c.Want(0)
	w.Advance("4d")
	c.Plan()
	c.Want(0)
}

// TestExamples_pipeline runs the commands of the pipeline, which must fail exactly when a check has failed or there is none.
func TestExamples_pipeline(t *testing.T) {
	t.Parallel()
	commands := pipelineCommands(t, filepath.Join(examplesDir, "pipelines", "audit.yml"))
	if len(commands) != 6 {
		t.Fatalf("commands %q, want six", commands)
	}
	const clean, findings = "clean", "findings"
	worlds := map[string]func(t *testing.T) *acctest.World{
		clean: func(t *testing.T) *acctest.World { t.Helper(); return acctest.New(t) },
		findings: func(t *testing.T) *acctest.World {
			t.Helper()
			w, _ := findingsWorld(t)
			return w
		},
	}
	const header = "| Finding | User | Credential | Since |\n|---|---|---|---|\n"
	for _, test := range []struct {
		world, example string
		passes         bool
		// stdout and summary are what the pipeline shows of the checks and of the table, or how that begins.
		stdout, summary string
	}{
		{clean, "scenarios/audit-checks", true, "", ""},
		{clean, "scenarios/audit-findings", true, "", header},
		{findings, "scenarios/audit-checks", false, "check.access_keys_are_rotated: fail\nActive keys that are 90 days old", ""},
		{
			findings, "scenarios/audit-findings", false,
			"check.no_findings: fail\n4 finding(s) in the access keys of the account: see the output table.\n", header + "| root key |",
		},
		// A gate without a check proves nothing.
		{clean, "scenarios/leaked-key-id", false, "", ""},
	} {
		t.Run(test.world+"/"+path.Base(test.example), func(t *testing.T) {
			t.Parallel()
			w := worlds[test.world](t)
			c := exampleCLI(t, w)
			w.Sim.CreateUser("ci")
			copyExample(t, c, test.example, w.Sim.CreateAccessKey("ci").AccessKeyID)
			summary := filepath.Join(t.TempDir(), "summary.md")
			var stdout string
			failed := ""
			for _, command := range commands {
				out, ok := runPipelineCommand(t, c, command, summary)
				if stdout += out; !ok {
					failed = command
					break
				}
			}
			if passes := failed == ""; passes != test.passes {
				t.Errorf("passed: %t, want %t, with %q", passes, test.passes, stdout)
			}
			if last := commands[len(commands)-1]; failed != "" && failed != last {
				t.Errorf("failed at %q, want %q", failed, last)
			}
			if !strings.HasPrefix(stdout, test.stdout) || (test.stdout == "") != (stdout == "") {
				t.Errorf("output %q, want %q", stdout, test.stdout)
			}
			if got, err := os.ReadFile(summary); err != nil || !strings.HasPrefix(string(got), test.summary) ||
				(test.summary == "") != (len(got) == 0) {
				t.Errorf("summary %q, %v, want %q", got, err, test.summary)
			}
		})
	}
}

// pipelineCommands are the lines of the steps with "run: |" in a workflow.
func pipelineCommands(t *testing.T, file string) (commands []string) {
	t.Helper()
	workflow, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	indent := ""
	for line := range strings.Lines(string(workflow)) {
		command, inside := strings.CutPrefix(line, indent+"  ")
		before, _, starts := strings.Cut(line, "run: |")
		switch {
		case starts:
			indent = before
		case indent != "" && inside:
			commands = append(commands, strings.TrimSpace(command))
		default:
			indent = ""
		}
	}
	return commands
}

// runPipelineCommand runs one line. It leaves out init, which would ask the registry.
func runPipelineCommand(t *testing.T, c *acctest.CLI, command, summary string) (stdout string, ok bool) {
	t.Helper()
	terraform, file, redirected := strings.Cut(command, " > ")
	switch args, isTerraform := strings.CutPrefix(terraform, "terraform "); {
	case strings.HasPrefix(args, "init "):
		return "", true
	case isTerraform:
		r := c.Run(strings.Fields(args)...)
		if redirected {
			c.Write(file, r.Stdout)
		}
		return "", r.ExitCode == 0
	}
	//nolint:gosec // a line of the example
	shell := exec.CommandContext(t.Context(), foreign.Require(t, "bash", "bash"), "--noprofile", "--norc", "-eo", "pipefail", "-c", command)
	shell.Dir = c.Dir
	shell.Env = []string{"GITHUB_STEP_SUMMARY=" + summary, "PATH=" + filepath.Dir(foreign.Require(t, "jq", "jq")) + ":/usr/bin:/bin"}
	out, err := shell.Output()
	return string(out), err == nil
}

// TestGuides_auditCost counts the requests that the guide names.
func TestGuides_auditCost(t *testing.T) {
	t.Parallel()
	w := acctest.New(t, iamsim.Options{})
	now := w.Sim.Now()
	var users []iamsim.SeedUser
	for i := range 999 { // the simulator's administrator is the first of the thousand, and has a key
		user := iamsim.SeedUser{Name: fmt.Sprintf("user-%03d", i), CreatedAt: now.AddDate(-2, 0, 0)}
		age, unused := 30, 1
		switch {
		case i < 10:
			age = 100
		case i < 20:
			age, unused = 80, 60
		}
		if i < 799 {
			user.Keys = []iamsim.SeedKey{{CreatedAt: now.AddDate(0, 0, -age), LastUsedAt: now.AddDate(0, 0, -unused), Service: "s3"}}
		}
		users = append(users, user)
	}
	w.Sim.AddUsers(users...)
	c := exampleCLI(t, w)
	requests := func(setUp func()) string {
		c.Write("main.tf", "")
		setUp()
		// The first plan has AWS generate the report.
		c.Plan()
		w.ResetCalls()
		c.Plan()
		number := fmt.Sprint(w.Calls())
		if len(number) > 3 {
			number = number[:len(number)-3] + "," + number[len(number)-3:]
		}
		return number
	}
	checks := requests(func() { copyExample(t, c, "scenarios/audit-checks", "") })
	example, err := os.ReadFile(filepath.Join(c.Dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	trusting := requests(func() {
		c.Write("main.tf", strings.Replace(string(example), "older_than = ", "trust_report = true\n  older_than = ", 1))
	})
	listing := requests(func() { c.Write("main.tf", `data "iamkeys_access_keys" "all" {}`) })
	guide, err := os.ReadFile("../../templates/guides/audit.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(guide)), " ")
	for _, want := range []string{
		fmt.Sprintf("the checks above takes %s requests, and %s with `trust_report = true`", checks, trusting),
		fmt.Sprintf("A full listing takes %s requests.", listing),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the guide does not say %q", want)
		}
	}
}

// TestGuides_auditPolicy applies the examples under the policy of the guide.
func TestGuides_auditPolicy(t *testing.T) {
	t.Parallel()
	blocks := terraformBlocks(t, "audit.md.tmpl")
	if len(blocks) != 1 {
		t.Fatalf("the guide has %d blocks of HCL: %q", len(blocks), blocks)
	}
	w, _ := findingsWorld(t)
	c := exampleCLI(t, w)
	c.Write("main.tf", blocks[0])
	c.Apply()
	c.Want(0)
	policy, ok := c.State().Values.Outputs["audit_policy"].Value.(string)
	if !ok {
		t.Fatal("no policy")
	}
	w.Sim.CreateUser("auditor")
	w.Sim.SetPolicies("auditor", policy)
	auditor := w.Sim.CreateAccessKey("auditor")
	for _, example := range []string{"audit-checks", "audit-findings", "fleet-page"} {
		c := exampleCLI(t, w)
		c.Setenv("AWS_ACCESS_KEY_ID", auditor.AccessKeyID)
		c.Setenv("AWS_SECRET_ACCESS_KEY", auditor.Secret.Reveal())
		copyExample(t, c, "scenarios/"+example, "")
		args := []string{}
		if example == "fleet-page" {
			args = append(args, "-var=users=[]")
		}
		w.ResetCalls()
		c.Apply(args...)
		c.Want(0)
		failedChecks(t, c)
		if w.Calls("ListAccessKeys") == 0 {
			t.Errorf("%s: calls %q", example, w.CallList())
		}
	}
}
