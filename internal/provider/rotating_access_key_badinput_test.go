package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestAccRotatingAccessKey_badInputArguments(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, arguments string
		summary         string
		// detail lists what the text must say. Line breaks don't count.
		detail []string
	}{
		{
			"word", `rotate_after = "soon"`,
			`Invalid duration in rotate_after: "soon"`,
			[]string{"Set rotate_after to whole numbers with the units w, d, h, m and s", "such as 90d, 12w, 36h or 1d12h"},
		},
		{"number", `rotate_after = "90"`, `Invalid duration in rotate_after: "90"`, []string{"Set rotate_after to whole numbers with the units"}},
		{"negative", `rotate_after = "-90d"`, `Invalid duration in rotate_after: "-90d"`, []string{"without sign"}},
		{"empty", `rotate_after = ""`, `Invalid duration in rotate_after: ""`, []string{"Set rotate_after to"}},
		{"zero", `rotate_after = "0s"`, `Duration of zero in rotate_after: "0s"`, []string{"Set rotate_after to a duration longer than zero, such as 90d."}},
		{"long", `rotate_after = "40000d"`, `Duration too long in rotate_after: "40000d"`, []string{"Set rotate_after to at most 36500d."}},
		{
			"overlap", `rotate_after = "90d"
			overlap = "-1s"`,
			`Invalid duration in overlap: "-1s"`,
			[]string{"Set overlap to whole numbers"},
		},
		{
			"grace", `rotate_after = "90d"
			grace = "1.5d"`,
			`Invalid duration in grace: "1.5d"`,
			[]string{"Set grace to whole numbers", "without sign, fraction"},
		},
		{
			"guard", `rotate_after = "90d"
			require_unused_for = "1d 2h"`,
			`Invalid duration in require_unused_for: "1d 2h"`,
			[]string{"Set require_unused_for to whole numbers", "spaces"},
		},
		{
			"short_for_defaults", `rotate_after = "15d"`,
			`rotate_after "15d" is too short: it must be more than 15d`,
			[]string{"overlap (7d)", "require_unused_for (8d)", "grace (7d)", "Set rotate_after to more than 15d, or shorten overlap, require_unused_for or grace."},
		},
		{
			"short_for_overlap", `rotate_after = "30d"
			overlap = "4w"
			grace = "2d"`,
			`rotate_after "30d" is too short: it must be more than 30d`,
			[]string{"overlap (28d)", "require_unused_for (8d)", "grace (2d)"},
		},
		{
			"short_for_guard", `rotate_after = "10d"
			overlap = "0s"
			require_unused_for = "10d"
			grace = "0s"`,
			`rotate_after "10d" is too short: it must be more than 10d`,
			[]string{"overlap (0s)", "require_unused_for (10d)", "grace (0s)"},
		},
		{
			"no_trigger", `grace = "7d"`,
			"Nothing would ever rotate this key: rotate_after and rotate_when_changed are both unset",
			[]string{`Set rotate_after, such as "90d"`, "or rotate_when_changed"},
		},
		{
			"unmanaged", `rotate_after = "90d"
			unmanaged_keys = "delete"`,
			"Invalid Attribute Value Match",
			[]string{`Attribute unmanaged_keys value must be one of: ["refuse" "retire" "delete_unused"], got: "delete"`},
		},
		{
			"description", `rotate_after = "90d"
			description = ""`,
			"Invalid Attribute Value Length",
			[]string{"Attribute description string length must be between 1 and 256, got: 0"},
		},
		{"user", `rotate_after = "90d"`, "Invalid Attribute Value Length", []string{"Attribute user string length must be between 1 and 64, got: 0"}},
		// A second more than the least is enough.
		{"good", `rotate_after = "15d1s"`, "", nil},
		{"good_without_age", `rotate_when_changed = {}`, "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			user := "ci"
			if tc.name == "user" {
				user = ""
			}
			c := w.CLI(t)
			c.Write("main.tf", w.ProviderConfig()+fmt.Sprintf(`
resource "iamkeys_rotating_access_key" "test" {
  user = %q
  %s
}`, user, tc.arguments))
			result := c.Plan()
			var errors []acctest.Diagnostic
			for _, d := range c.Diagnostics() {
				if d.Severity == "error" {
					errors = append(errors, d)
				}
			}
			if tc.summary == "" {
				if result.ExitCode != 2 || len(errors) > 0 {
					t.Errorf("exit code %d, errors %+v, want a plan", result.ExitCode, errors)
				}
				return
			}
			if result.ExitCode != 1 || len(errors) != 1 || errors[0].Summary != tc.summary {
				t.Fatalf("exit code %d, errors %+v, want one: %s", result.ExitCode, errors, tc.summary)
			}
			wantDetail(t, errors[0], tc.detail...)
			if calls := w.CallList(); len(calls) > 0 {
				t.Errorf("calls %q, want none", calls)
			}
		})
	}
}

// wantDetail fails the test unless the detail says all of that, line breaks aside.
func wantDetail(t *testing.T, d acctest.Diagnostic, want ...string) {
	t.Helper()
	detail := strings.Join(strings.Fields(d.Detail), " ")
	for _, text := range want {
		if !strings.Contains(detail, text) {
			t.Errorf("%s: the detail %q does not say %q", d.Summary, detail, text)
		}
	}
}

// A user who does not exist may be made in the same apply, so only the apply complains.
func TestAccRotatingAccessKey_badInputUnknownUser(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.w.Sim.DeleteUser("ci")
	s.plans(2)
	if got := s.c.Diagnostics(); len(got) > 0 {
		t.Errorf("the plan says %+v, want nothing", got)
	}
	s.c.Apply()
	s.c.Want(1)
	d := s.onlyError()
	if d.Summary != `Access keys of user "ci" can't be read` {
		t.Errorf("summary %q", d.Summary)
	}
	wantDetail(t, d, "iam:ListAccessKeys (ci): NoSuchEntity: The user with name ci cannot be found.", `Check that "ci" exists in the account`, "No key was made.")
	if got := s.mutations(); len(got) > 0 {
		t.Errorf("mutations %q, want none", got)
	}
}

// The user may come from the same apply: unknown when the key is planned, and again when it is planned anew.
func TestAccRotatingAccessKey_badInputUserKnownLate(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	configure := func(generation string) {
		s.c.Write("main.tf", s.w.ProviderConfig()+strings.Replace(storyResources(storyPolicy), `"ci"`, "terraform_data.user.output", 1)+fmt.Sprintf(`
resource "terraform_data" "user" {
  input            = "ci"
  triggers_replace = %q
}`, generation))
	}
	configure("1")
	s.c.PlanOut("late.tfplan")
	s.c.Want(2)
	if calls := s.w.CallList(); len(calls) > 0 {
		t.Errorf("calls %q while the user is unknown, want none", calls)
	}
	for _, line := range s.shown("late.tfplan") {
		if strings.HasPrefix(line, "user = ") || strings.HasPrefix(line, "id = ") {
			t.Errorf("the plan shows %q before the user is known", line)
		}
	}
	s.c.ApplyPlan("late.tfplan")
	s.c.Want(0)
	s.wantText(map[string]string{"user": "ci", "id": "ci", "status": "Active", "rotation_reason": "created"})
	s.plans(0)
	content := s.text("access_key_id") + s.text("secret_access_key")

	configure("2")
	s.w.ResetCalls()
	s.apply()
	if got := s.mutations(); len(got) > 0 {
		t.Errorf("mutations %q for a user who turns out to be the same, want none", got)
	}
	if s.text("access_key_id")+s.text("secret_access_key") != content {
		t.Error("the key has changed though the user has not")
	}
	s.plans(0)
}

func TestAccRotatingAccessKey_badInputTwoKeysOfOthers(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	one, two := s.w.Sim.CreateAccessKey("ci").AccessKeyID, s.w.Sim.CreateAccessKey("ci").AccessKeyID
	s.w.Sim.SetStatus(two, "Inactive")
	s.w.Sim.SetLastUsed(one, s.w.Sim.Now(), "s3", "eu-west-1")
	check := func(d acctest.Diagnostic) {
		t.Helper()
		for _, text := range []string{
			`User "ci" already has 2 access keys, and no slot is free: `,
			one + " (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:00 UTC by s3 in eu-west-1)",
			two + " (Inactive, created 2026-01-01 00:00:00 UTC, never used)",
		} {
			if !strings.Contains(d.Summary, text) {
				t.Errorf("summary %q does not say %q", d.Summary, text)
			}
		}
		wantDetail(t, d, "No key is made and none is touched", "terraform import ADDRESS ci/AKIA",
			"aws iam delete-access-key --user-name ci --access-key-id "+one, "aws iam delete-access-key --user-name ci --access-key-id "+two,
			`unmanaged_keys = "delete_unused"`)
	}

	s.plans(2)
	if warnings := s.diagnostics("warning"); len(warnings) == 1 {
		check(warnings[0])
	} else {
		t.Errorf("warnings %+v, want one", warnings)
	}
	s.c.Apply()
	s.c.Want(1)
	check(s.onlyError())
	if got := s.mutations(); len(got) > 0 {
		t.Errorf("mutations %q, want none", got)
	}

	// The way out that both name.
	s.configure(storyPolicy + `
  unmanaged_keys = "delete_unused"`)
	s.apply()
	if got, want := s.mutations(), []string{"DeleteAccessKey " + two, "CreateAccessKey"}; !slices.Equal(got, want) {
		t.Errorf("mutations %q, want %q", got, want)
	}
}

func TestAccRotatingAccessKey_badInputCredentials(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, storyPolicy)
	root := s.w.Sim.Root()
	other, err := iamsim.Start(iamsim.Options{AccountID: "999999999999", Start: acctest.Start, Users: []string{"ci"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
	const wrong = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

	for _, tc := range []struct {
		name, provider string
		summary        string
		detail         []string
	}{
		{
			"wrong secret", s.w.ProviderConfigAs(iamsim.Credentials{AccessKeyID: root.AccessKeyID, Secret: secret.New(wrong)}, ""),
			`Access keys of user "ci" can't be read`,
			[]string{"iam:ListAccessKeys (ci): SignatureDoesNotMatch", "AWS does not accept the credentials of this provider", "its secret is complete", "Nothing was changed."},
		},
		{
			"unknown key", s.w.ProviderConfigAs(iamsim.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: secret.New(wrong)}, ""), //nolint:gosec // AWS's example.
			`Access keys of user "ci" can't be read`,
			[]string{"iam:ListAccessKeys (ci): InvalidClientTokenId", "Check that the key exists and is Active", "region and endpoints belong to the partition"},
		},
		{
			"endpoint down", endpointConfig("http://127.0.0.1:1", root, "us-east-1"),
			`Access keys of user "ci" can't be read`,
			[]string{"iam:ListAccessKeys (ci): ", "connection refused", "No answer came. Check the network, proxy settings, region and the endpoints block", "Nothing was changed."},
		},
		{
			"no such host", endpointConfig("http://iam.invalid", root, "us-east-1"),
			`Access keys of user "ci" can't be read`,
			[]string{"iam.invalid", "No answer came."},
		},
		{
			"wrong account", endpointConfig(other.URL(), other.Root(), "us-east-1"),
			"Wrong AWS account 999999999999",
			[]string{
				`The keys of user "ci" are in account 123456789012`, "belong to account 999999999999", "Nothing was concluded and nothing was changed",
				"Configure the provider for account 123456789012",
			},
		},
	} {
		s.c.Write("main.tf", tc.provider+storyResources(storyPolicy))
		s.w.ResetCalls()
		result := s.c.Plan()
		s.c.Want(1)
		d := s.onlyError()
		if d.Summary != tc.summary {
			t.Errorf("%s: summary %q, want %q", tc.name, d.Summary, tc.summary)
		}
		wantDetail(t, d, tc.detail...)
		if strings.Contains(result.Stdout+result.Stderr, wrong) {
			t.Errorf("%s: the output shows the secret", tc.name)
		}
		if got := s.mutations(); len(got) > 0 {
			t.Errorf("%s: mutations %q, want none", tc.name, got)
		}
	}
	for _, call := range other.Log() {
		if !slices.Contains([]string{"ListAccessKeys", "GetCallerIdentity"}, call.Action) {
			t.Errorf("%s was called in the wrong account", call.Action)
		}
	}
	s.configure(storyPolicy)
	s.plans(0)
}

// endpointConfig is a provider block that reaches another endpoint and does not try for long.
func endpointConfig(url string, creds iamsim.Credentials, region string) string {
	return fmt.Sprintf(`
provider "iamkeys" {
  region      = %[4]q
  access_key  = %[2]q
  secret_key  = %[3]q
  max_retries = 1
  endpoints {
    iam = %[1]q
    sts = %[1]q
  }
}
`, url, creds.AccessKeyID, creds.Secret.Reveal(), region)
}

// A create in an account that the configuration excludes makes nothing.
func TestAccRotatingAccessKey_badInputForbiddenAccount(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.c.Write("main.tf", s.w.ProviderConfigAs(s.w.Sim.Root(), `allowed_account_ids = ["111111111111"]`)+storyResources(storyPolicy))
	s.c.Apply()
	s.c.Want(1)
	d := s.onlyError()
	wantDetail(t, d, "123456789012", "allowed_account_ids")
	if calls := s.w.CallList(); slices.Contains(calls, "CreateAccessKey") || slices.Contains(calls, "ListAccessKeys") {
		t.Errorf("calls %q, want none but the one that tells the account", calls)
	}
}

// A region that does not exist is refused before anything is called. The proxy keeps the test off the network.
func TestAccRotatingAccessKey_badInputRegion(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	s.c.Write("main.tf", fmt.Sprintf(`
provider "iamkeys" {
  region      = "us-esat-1"
  access_key  = %q
  secret_key  = %q
  max_retries = 1
  http_proxy  = "http://127.0.0.1:1"
}
`, s.w.Sim.Root().AccessKeyID, s.w.Sim.Root().Secret.Reveal())+storyResources(storyPolicy))
	s.c.Plan()
	s.c.Want(1)
	d := s.onlyError()
	if !strings.Contains(d.Summary, `"us-esat-1"`) {
		t.Errorf("summary %q does not name the region", d.Summary)
	}
	wantDetail(t, d, "Set region", "to an AWS Region such as us-east-1", "skip_region_validation")
}

// A key that STS can't be asked about is not published, and does not stay.
func TestAccRotatingAccessKey_badInputSTSDown(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.CreateUser("ci")
	config := strings.Replace(endpointConfig(w.Sim.URL(), w.Sim.Root(), "us-east-1"), "sts = "+fmt.Sprintf("%q", w.Sim.URL()), `sts = "http://127.0.0.1:1"`, 1)
	w.Test(t, resource.TestStep{
		Config:      config + storyResources(storyPolicy),
		ExpectError: regexp.MustCompile(`(?s)New key AKIA\w+ of user "ci" does not work.*deleted\s+again.*wait_until_usable\s+=\s+false`),
	})
	if keys := w.Sim.Keys("ci"); len(keys) != 0 {
		t.Errorf("keys %+v left", keys)
	}
}

// Each permission that is missing is named, with what it is missing for, and nothing is lost by it.
func TestAccRotatingAccessKey_badInputDenied(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	// deny fails an apply without the permission and checks what it says; then the permission is back.
	deny := func(action, summary string, detail ...string) {
		t.Helper()
		s.w.Sim.Deny("admin", action)
		s.c.Apply()
		s.c.Want(1)
		s.w.Sim.ClearDenials()
		d := s.onlyError()
		if d.Summary != summary {
			t.Errorf("%s: summary %q, want %q", action, d.Summary, summary)
		}
		wantDetail(t, d, append(detail, "AccessDenied: User: arn:aws:iam::123456789012:user/admin is not authorized to perform: "+action+" on resource: ",
			"Allow "+action+" on ")...)
	}

	deny("iam:ListAccessKeys", `Access keys of user "ci" can't be read`, `Allow iam:ListAccessKeys on "ci"`, "No key was made.")
	deny("iam:CreateAccessKey", `No new key for user "ci"`, `Allow iam:CreateAccessKey on user "ci"`, "AWSCompromisedKeyQuarantine", "No key was made")
	if keys := s.w.Sim.Keys("ci"); len(keys) != 0 {
		t.Fatalf("keys %+v, want none", keys)
	}
	s.apply()
	first := s.currentID()
	deny("iam:ListAccessKeys", `Access keys of user "ci" can't be read`, "Nothing was changed.")

	s.w.Advance("90d")
	deny("iam:CreateAccessKey", `No new key for user "ci"`, `Allow iam:CreateAccessKey on user "ci"`, "No key was made. The user has: "+first+" (Active")
	s.checkConsumers()
	s.apply()
	second := s.currentID()
	deny("iam:GetAccessKeyLastUsed", `Last use of the keys of user "ci" can't be read`, "on the user of key "+first, "Nothing was changed.")

	s.w.Advance("8d")
	deny("iam:UpdateAccessKey", "Key "+first+` of user "ci" could not be made Inactive`, "on resource: user ci", "Key "+first+" was not changed. Apply again.")
	s.apply()
	s.w.Advance("6d")
	deny("iam:DeleteAccessKey", "Key "+first+` of user "ci" could not be deleted`, "on resource: user ci", "No key was deleted. Apply again.")
	s.checkConsumers()

	s.w.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.c.Destroy()
	s.c.Want(1)
	wantDetail(t, s.onlyError(), "Allow iam:DeleteAccessKey on ", "the resource stays in the state. Destroy again.")
	s.w.Sim.ClearDenials()
	s.apply()
	s.wantText(map[string]string{"access_key_id": second, "previous.access_key_id": ""})
}

// What only the description needs is no reason to fail.
func TestAccRotatingAccessKey_badInputDeniedTags(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy+`
  description = "ci deployer"`)
	warned := func(action, summary string) {
		t.Helper()
		s.checkConsumers()
		warnings := s.diagnostics("warning")
		if len(warnings) != 1 || warnings[0].Summary != summary {
			t.Fatalf("warnings %+v, want %q", warnings, summary)
		}
		wantDetail(t, warnings[0], "AccessDenied", `Allow `+action+` on "ci"`)
	}
	s.w.Sim.Deny("admin", "iam:TagUser")
	s.w.Sim.Deny("admin", "iam:UntagUser")
	s.apply()
	warned("iam:TagUser", "Description of key "+s.currentID()+" could not be written")
	s.plans(0)
	first := s.currentID()
	s.after("90d")
	warned("iam:TagUser", "Description of key "+s.currentID()+" could not be written")
	s.after("8d")
	s.after("6d")
	warned("iam:UntagUser", "Description of key "+first+" could not be removed")
	s.wantText(map[string]string{"previous.access_key_id": "", "description": "ci deployer"})
	s.plans(0)
}

// Without the proof nothing but GetUser tells account and unique id. That it may not be asked says nothing against the key.
func TestAccRotatingAccessKey_badInputDeniedGetUser(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy+`
  wait_until_usable = false`)
	s.w.Sim.Deny("admin", "iam:GetUser")
	s.c.Apply()
	s.c.Want(1)
	d := s.onlyError()
	if strings.Contains(d.Summary, "does not work") {
		t.Errorf("summary %q speaks of the key, want it to speak of the user", d.Summary)
	}
	wantDetail(t, d, "iam:GetUser (ci): AccessDenied", `Allow iam:GetUser on "ci"`)
	if keys := s.w.Sim.Keys("ci"); len(keys) != 0 {
		t.Errorf("keys %+v left", keys)
	}
	s.w.Sim.ClearDenials()
	s.apply()
}

// Requests that AWS throttles are sent again, the one that makes a key too.
func TestAccRotatingAccessKey_badInputThrottled(t *testing.T) {
	t.Parallel()
	s := newStory(t, storyPolicy)
	throttle := func(actions ...string) {
		for _, action := range actions {
			s.w.Sim.AddFault(iamsim.Fault{Action: action, Kind: iamsim.Throttled, Nth: 1, Times: 1})
		}
	}
	throttle("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity")
	s.apply()
	if got, want := s.mutations(), []string{"CreateAccessKey Throttling", "CreateAccessKey"}; !slices.Equal(got, want) {
		t.Errorf("mutations %q, want %q", got, want)
	}
	first := s.currentID()
	s.after("90d")
	throttle("GetAccessKeyLastUsed", "UpdateAccessKey")
	s.after("8d")
	s.wantText(map[string]string{"previous.access_key_id": first, "previous.status": "Inactive"})

	// With the patience at an end, the error says what to do.
	s.c.Write("main.tf", endpointConfig(s.w.Sim.URL(), s.w.Sim.Root(), "us-east-1")+storyResources(storyPolicy))
	s.w.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Throttled})
	s.c.Plan()
	s.c.Want(1)
	wantDetail(t, s.onlyError(), "iam:ListAccessKeys (ci): Throttling: Rate exceeded (HTTP 400", "Run again, with a lower -parallelism or a larger max_retries.")
	s.w.Sim.ClearFaults()
	s.plans(0)
}

// A fleet larger than the rate limit takes longer, and that is all.
func TestAccRotatingAccessKey_badInputRateLimit(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 10, iamsim.Options{RatePerSecond: 10})
	f.c.Apply()
	f.c.Want(0)
	for i := range f.users {
		if keys := f.w.Sim.Keys(fleetUser(i)); len(keys) != 1 {
			t.Errorf("%s has the keys %+v, want one", fleetUser(i), keys)
		}
	}
	if !slices.ContainsFunc(f.w.Sim.Log(), func(call iamsim.Call) bool { return call.Code == "Throttling" }) {
		t.Error("nothing was throttled")
	}
}
