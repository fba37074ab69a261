package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

func TestAccRotatingAccessKey_badInputArguments(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args    acctest.Args
		summary string
		// detail lists what the text must say.
		detail []string
		// warns reports whether the plan warns that nothing ever rotates the key.
		warns bool
	}{
		"word": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"soon"`}),
			summary: `Invalid duration in rotate_after: "soon"`,
			detail:  []string{"Set rotate_after to whole numbers with the units w, d, h, m and s", "such as 90d, 12w, 36h or 1d12h"},
		},
		"number": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"90"`}),
			summary: `Invalid duration in rotate_after: "90"`,
			detail:  []string{"Set rotate_after to whole numbers with the units"},
		},
		"negative": {
			args: acctest.ByAge(acctest.Args{"rotate_after": `"-90d"`}), summary: `Invalid duration in rotate_after: "-90d"`,
			detail: []string{"without sign"},
		},
		"empty": {
			args: acctest.ByAge(acctest.Args{"rotate_after": `""`}), summary: `Invalid duration in rotate_after: ""`,
			detail: []string{"Set rotate_after to"},
		},
		"zero": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"0s"`}),
			summary: `Duration of zero in rotate_after: "0s"`,
			detail:  []string{"Set rotate_after to a duration longer than zero, such as 90d."},
		},
		"long": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"40000d"`}),
			summary: `Duration too long in rotate_after: "40000d"`,
			detail:  []string{"Set rotate_after to at most 36500d."},
		},
		"overlap": {
			args: acctest.ByAge(acctest.Args{"overlap": `"-1s"`}), summary: `Invalid duration in overlap: "-1s"`,
			detail: []string{"Set overlap to whole numbers"},
		},
		"grace": {
			args:    acctest.ByAge(acctest.Args{"grace": `"1.5d"`}),
			summary: `Invalid duration in grace: "1.5d"`,
			detail:  []string{"Set grace to whole numbers", "without sign, fraction"},
		},
		"guard": {
			args:    acctest.ByAge(acctest.Args{"require_unused_for": `"1d 2h"`}),
			summary: `Invalid duration in require_unused_for: "1d 2h"`,
			detail:  []string{"Set require_unused_for to whole numbers", "spaces"},
		},
		"short_for_defaults": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"15d"`}),
			summary: `rotate_after "15d" is too short: it must be more than 15d`,
			detail: []string{
				"overlap (7d)", "require_unused_for (8d)", "grace (7d)",
				"Set rotate_after to more than 15d, or shorten overlap, require_unused_for or grace.",
			},
		},
		"short_for_overlap": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"30d"`, "overlap": `"4w"`, "grace": `"2d"`}),
			summary: `rotate_after "30d" is too short: it must be more than 30d`,
			detail:  []string{"overlap (28d)", "require_unused_for (8d)", "grace (2d)"},
		},
		"short_for_guard": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"10d"`, "overlap": `"0s"`, "require_unused_for": `"10d"`, "grace": `"0s"`}),
			summary: `rotate_after "10d" is too short: it must be more than 10d`,
			detail:  []string{"overlap (0s)", "require_unused_for (10d)", "grace (0s)"},
		},
		"short_for_spread": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": `"15d"`, "rotation_spread": `"1d"`}),
			summary: `rotate_after "15d" is too short: it must be more than 16d`,
			detail: []string{
				"overlap (7d)", "require_unused_for (8d)", "grace (7d)", "rotation_spread (1d)",
				"Set rotate_after to more than 16d, or shorten rotation_spread, overlap, require_unused_for or grace.",
			},
		},
		"long_spread": {
			args:    acctest.ByAge(acctest.Args{"rotation_spread": `"75d"`}),
			summary: `rotation_spread "75d" is too long: it must be less than 75d`,
			detail: []string{
				"overlap (7d)", "require_unused_for (8d)", "grace (7d)",
				"Set rotation_spread to less than 75d, or shorten overlap, require_unused_for or grace, or set a longer rotate_after.",
			},
		},
		"long_spread_of_max_age": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": "", "max_age": `"90d"`, "rotation_spread": `"8w1d"`}),
			summary: `rotation_spread "8w1d" is too long: it must be less than 57d`,
			detail:  []string{"Set rotation_spread to less than 57d, or shorten overlap, require_unused_for or grace, or set a longer max_age."},
		},
		"short_max_age": {
			args:    acctest.ByAge(acctest.Args{"rotate_after": "", "max_age": `"33d"`}),
			summary: `max_age "33d" is too short: it must be more than 33d`,
			detail: []string{"three times apply_every (1d)", "Set max_age to more than 33d, or shorten apply_every, overlap, " +
				"require_unused_for or grace."},
		},
		"max_age_beside_rotate_after": {
			args:    acctest.ByAge(acctest.Args{"max_age": `"108d"`, "apply_every": `"2d"`, "rotate_after": `"90d"`}),
			summary: `max_age "108d" is too short for rotate_after: it must be at least 111d`,
			detail: []string{
				"rotate_after (90d), overlap (7d), require_unused_for (8d) and three times apply_every (2d)",
				"Set max_age to 111d or more, or remove rotate_after",
			},
		},
		"zero_apply_every": {
			args: acctest.ByAge(acctest.Args{"apply_every": `"0s"`}), summary: `Duration of zero in apply_every: "0s"`,
			detail: []string{"longer than zero"},
		},
		"unmanaged": {
			args:    acctest.Unmanaged("delete"),
			summary: "Invalid Attribute Value Match",
			detail:  []string{`Attribute unmanaged_keys value must be one of: ["refuse" "retire" "delete_unused"], got: "delete"`},
		},
		"description": {
			args:    acctest.ByAge(acctest.Args{"description": `"${join("", [for i in range(257) : "ä"])}"`}),
			summary: "Invalid Attribute Value Length",
			detail:  []string{"Attribute description UTF-8 character count must be at most 256, got: 257"},
		},
		"description_characters": {
			args:    acctest.ByAge(acctest.Args{"description": `"ci;deployer"`}),
			summary: "Invalid Attribute Value Match",
			detail:  []string{"Attribute description must be letters, digits, spaces and characters of _.:/=+-@"},
		},
		"user": {
			args:    acctest.ByAge(acctest.Args{"user": `""`}),
			summary: "Invalid Attribute Value Match",
			detail:  []string{"Attribute user must be the name of an IAM user: 1 to 128 letters, digits and characters of _+=,.@-, got:"},
		},
		// A second more than the least is enough.
		"good":             {args: acctest.ByAge(acctest.Args{"rotate_after": `"15d1s"`})},
		"good_spread":      {args: acctest.ByAge(acctest.Args{"rotate_after": `"16d1s"`, "rotation_spread": `"1d"`})},
		"good_max_age":     {args: acctest.ByAge(acctest.Args{"rotate_after": "", "max_age": `"33d1s"`})},
		"good_both":        {args: acctest.ByAge(acctest.Args{"max_age": `"108d"`})},
		"good_without_age": {args: acctest.Asking(`{ a = "1" }`).With(acctest.Args{"rotate_after": ""})},
		"good_description": {args: acctest.ByAge(acctest.Args{"description": `"${join("", [for i in range(256) : "ä"])}"`})},
		"no_description":   {args: acctest.ByAge(acctest.Args{"description": `""`})},
		// What nothing ever rotates is planned all the same, with a warning.
		"no_trigger":    {args: acctest.ByAge(acctest.Args{"rotate_after": ""}), warns: true},
		"empty_trigger": {args: acctest.Asking("{}").With(acctest.Args{"rotate_after": ""}), warns: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t)
			s.Write(tc.args)
			if tc.warns {
				s.Plan(2, acctest.Warns("Nothing ever rotates this access key", `Set max_age = "90d"`))
				return
			}
			if tc.summary == "" {
				s.Plan(2)
				return
			}
			s.Plan(1, acctest.Fails(tc.summary))
			s.WantDetail(tc.detail...)
			s.WantCalls()
		})
	}
}

// A user who does not exist may be created in the same apply, so only the apply complains.
func TestAccRotatingAccessKey_badInputUnknownUser(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits()
	s.Sim.DeleteUser("ci")
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Plan(2)
	s.ApplyPlan(acctest.KeysUnreadable())
	s.WantDetail("iam:ListAccessKeys (ci): NoSuchEntity: The user with name ci cannot be found.", `Check that "ci" exists in the account`,
		"No key was created.")
	s.WantChanges()
}

// The user may come from the same apply: unknown when the key is planned, and again when it is planned anew.
func TestAccRotatingAccessKey_badInputUserKnownLate(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	write := func(generation string) {
		s.Write(acctest.Distinct(acctest.Args{"user": "terraform_data.test.output"}), acctest.ConsumerHCL, acctest.DataHCL("ci", generation))
	}
	write("1")
	s.Plan(2)
	s.WantCalls()
	s.WantPlanned(map[string]any{"user": acctest.Unknown, "id": acctest.Unknown})
	s.ApplyPlan()
	s.WantChanges("create k1")
	s.WantState(map[string]any{"user": "ci", "id": "ci", "status": "Active", "last_change": "create k1"})
	s.PlanEmpty()

	write("2")
	s.Step()
	s.WantState(map[string]any{"access_key_id": "k1", "secret_access_key": "secret of k1"})
}

func TestAccRotatingAccessKey_badInputTwoKeysOfOthers(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.CreateForeignKey("theirs")
	s.Advance("1s")
	s.CreateForeignKey("others")
	s.SetStatus("others", "Inactive")
	s.UseKey("theirs")
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	const summary = `User "ci" already has 2 access keys, and no slot is free: ` +
		"theirs (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in eu-west-1); " +
		"others (Inactive, created 2026-01-01 00:00:01 UTC, never used)"
	detail := []string{
		"As long as both exist, no key is created.", "terraform import ADDRESS ci/", acctest.StatusCommand("theirs", "Inactive"),
		acctest.DeleteCommand("others"),
		`unmanaged_keys = "delete_unused"`,
	}
	s.Plan(2, acctest.Warns(summary))
	s.WantDetail(detail...)
	s.ApplyPlan(acctest.Warns(summary), acctest.Fails(summary))
	s.WantDetail(detail...)
	s.WantChanges()

	// The way out that both name.
	s.Write(acctest.Distinct(acctest.Args{"unmanaged_keys": `"delete_unused"`}), acctest.ConsumerHCL)
	s.Apply(acctest.DeletesUnmanaged("others", "Inactive, created 2026-01-01 00:00:01 UTC, never used"))
	s.WantChanges("delete others", "create k1")
}

func TestAccRotatingAccessKey_badInputCredentials(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t).SkipWaits().WithKey(acctest.Distinct(nil))
	root := s.Sim.Root()
	other := acctest.New(t, iamsim.Options{AccountID: "999999999999", Users: []string{"ci"}})
	const wrong = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

	for _, tc := range []struct {
		provider string
		want     acctest.Option
		detail   []string
	}{
		{
			s.ProviderConfigAs(iamsim.Credentials{AccessKeyID: root.AccessKeyID, Secret: secret.New(wrong)}, ""),
			acctest.KeysUnreadable(),
			[]string{
				"iam:ListAccessKeys (ci): SignatureDoesNotMatch", "AWS does not accept the credentials of this provider",
				"its secret is complete", "Nothing was changed.",
			},
		},
		{
			//nolint:gosec // AWS's example.
			s.ProviderConfigAs(iamsim.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: secret.New(wrong)}, ""),
			acctest.KeysUnreadable(),
			[]string{
				"iam:ListAccessKeys (ci): InvalidClientTokenId", "Check that the key exists and is Active",
				"region and endpoints belong to the partition",
			},
		},
		{
			impatient(root, "http://127.0.0.1:1", "http://127.0.0.1:1"),
			acctest.KeysUnreadable(),
			[]string{
				"iam:ListAccessKeys (ci): ", "connection refused",
				"No answer came. Check the network, proxy settings, region and the endpoints block", "Nothing was changed.",
			},
		},
		{
			impatient(root, "http://iam.invalid", "http://iam.invalid"),
			acctest.KeysUnreadable(),
			[]string{"iam.invalid", "No answer came."},
		},
		{
			other.ProviderConfig(),
			acctest.WrongAccount("999999999999"),
			[]string{
				`The keys of user "ci" are in account 123456789012`, "belong to account 999999999999", "Nothing was concluded and nothing was changed",
				"Configure the provider for account 123456789012",
			},
		},
	} {
		s.ProviderHCL = tc.provider
		s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
		s.Plan(1, tc.want)
		s.WantDetail(tc.detail...)
		if strings.Contains(s.Last.Stdout+s.Last.Stderr, wrong) {
			t.Error("the output shows the secret")
		}
		s.WantChanges()
	}
	for _, action := range other.CallList() {
		if !slices.Contains([]string{"ListAccessKeys", "GetCallerIdentity"}, action) {
			t.Errorf("%s was called in the wrong account", action)
		}
	}
	s.SignAs(root)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.PlanEmpty()
}

// impatient is a provider block with these endpoints that does not try for long.
func impatient(creds iamsim.Credentials, iam, sts string) string {
	return fmt.Sprintf(`
provider "iamkeys" {
  region      = "us-east-1"
  access_key  = %q
  secret_key  = %q
  max_retries = 1
  endpoints {
    iam = %q
    sts = %q
  }
}
`, creds.AccessKeyID, creds.Secret.Reveal(), iam, sts)
}

// A create in an account that the configuration excludes creates nothing.
func TestAccRotatingAccessKey_badInputForbiddenAccount(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.ProviderHCL = s.ProviderConfigAs(s.Sim.Root(), `allowed_account_ids = ["111111111111"]`)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Apply(acctest.KeysUnreadableAtCreate(), acctest.KeysUnreadable())
	s.WantDetail("123456789012", "allowed_account_ids")
	s.WantCalls("GetCallerIdentity", "GetCallerIdentity") // of the plan and of the apply
}

// A region that does not exist is refused before anything is called. The proxy keeps the test off the network.
func TestAccRotatingAccessKey_badInputRegion(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.ProviderHCL = fmt.Sprintf(`
provider "iamkeys" {
  region      = "us-esat-1"
  access_key  = %q
  secret_key  = %q
  max_retries = 1
  http_proxy  = "http://127.0.0.1:1"
}
`, s.Sim.Root().AccessKeyID, s.Sim.Root().Secret.Reveal())
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Plan(1, acctest.Fails(`Invalid AWS Region in region: "us-esat-1"`), acctest.Warns("Missing HTTPS Proxy"))
	s.WantDetail("Set region", "to an AWS Region such as us-east-1", "skip_region_validation")
}

// A key that STS can't be asked about is not published, and does not stay.
func TestAccRotatingAccessKey_badInputSTSDown(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.ProviderHCL = impatient(s.Sim.Root(), s.Sim.URL(), "http://127.0.0.1:1")
	s.SkipWaits().Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Apply(acctest.NewKeyUseless("k1"))
	s.WantDetail("deleted again", "wait_until_usable = false")
	s.WantChanges("create k1", "delete k1")
	s.WantKeys()
}

// Each permission that is missing is named, with what it is missing for, and nothing is lost by it.
func TestAccRotatingAccessKey_badInputDenied(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	// denied runs a command that fails without the permission and checks what it says; then the permission is back.
	denied := func(action string, command func(opts ...acctest.Option), want acctest.Option, detail ...string) {
		t.Helper()
		s.Sim.Deny("admin", action)
		command(want)
		s.Sim.ClearDenials()
		s.WantDetail(append(detail,
			"AccessDenied: User: arn:aws:iam::123456789012:user/admin is not authorized to perform: "+action+" on resource: ",
			"Allow "+action+" on ")...)
		s.ResetCalls()
	}
	create := func(opts ...acctest.Option) { s.Apply(append(opts, acctest.KeysUnreadableAtCreate())...) }
	denied("iam:ListAccessKeys", create, acctest.KeysUnreadable(), `Allow iam:ListAccessKeys on "ci"`, "No key was created.")
	denied("iam:CreateAccessKey", s.Apply, acctest.NoNewKey(), `Allow iam:CreateAccessKey on user "ci"`, "AWSCompromisedKeyQuarantine",
		"No key was created")
	s.WantKeys()
	s.Apply()
	s.WantChanges("create k1")
	denied("iam:ListAccessKeys", s.Apply, acctest.KeysUnreadable(), "Nothing was changed.")

	s.Advance("90d")
	denied("iam:CreateAccessKey", s.Apply, acctest.NoNewKey(), `Allow iam:CreateAccessKey on user "ci"`,
		"No key was created. The user has: k1 (Active")
	s.Apply()
	s.WantChanges("create k2")
	s.UseKey("k2")
	denied("iam:GetAccessKeyLastUsed", s.Refresh, acctest.LastUseUnknown(), "on the user of key k1", "All else goes on.")

	s.Advance("8d")
	denied("iam:UpdateAccessKey", s.Apply, acctest.NotDeactivated("k1"), "on resource: user ci", "Key k1 was not changed. Apply again.")
	s.Apply()
	s.WantChanges("deactivate k1")
	s.Advance("6d")
	denied("iam:DeleteAccessKey", s.Apply, acctest.NotDeleted("k1"), "on resource: user ci", "Key k1 was not deleted. Apply again.")
	denied("iam:DeleteAccessKey", s.Destroy, acctest.NotDeleted("k1"), "the resource stays in the state. Destroy again.")
	s.Apply()
	s.WantChanges("delete k1")
	s.WantState(map[string]any{"access_key_id": "k2", "previous": nil})
	s.WantHandovers("k1", "k1 to k2", "k2")
}

// What only the description needs is no reason to fail.
func TestAccRotatingAccessKey_badInputDeniedTags(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(acctest.Args{"description": `"ci deployer"`}), acctest.ConsumerHCL)
	s.Sim.Deny("admin", "iam:TagUser")
	s.Sim.Deny("admin", "iam:UntagUser")
	s.Apply(acctest.DescriptionNotWritten("k1"))
	s.WantDetail("AccessDenied", `Allow iam:TagUser on "ci"`)
	s.WantChanges("create k1", "tag k1: AccessDenied")
	s.PlanEmpty()
	s.Advance("90d")
	s.Apply(acctest.DescriptionNotWritten("k2"))
	s.WantDetail("AccessDenied", `Allow iam:TagUser on "ci"`)
	s.WantChanges("create k2", "tag k2: AccessDenied")
	s.UseKey("k2")
	s.Advance("8d")
	s.Apply()
	s.WantChanges("deactivate k1")
	s.Advance("6d")
	s.Apply(acctest.Warns("Description of an access key could not be removed", "key k1 "))
	s.WantDetail("AccessDenied", `Allow iam:UntagUser on "ci"`)
	s.WantChanges("delete k1", "untag k1: AccessDenied")
	s.WantState(map[string]any{"previous": nil, "description": "ci deployer"})
	s.PlanEmpty()
}

// Without the proof only GetUser shows account and unique id. A denial of GetUser says nothing against the key.
func TestAccRotatingAccessKey_badInputDeniedGetUser(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(acctest.Args{"wait_until_usable": "false"}), acctest.ConsumerHCL)
	s.Sim.Deny("admin", "iam:GetUser")
	s.Apply(acctest.Fails(`User "ci" can't be read, so its new key k1 is not kept`))
	s.WantDetail("iam:GetUser (ci): AccessDenied", `Allow iam:GetUser on "ci"`)
	s.WantChanges("create k1", "delete k1")
	s.WantKeys()
	s.Sim.ClearDenials()
	s.Apply()
	s.WantChanges("create k2")
}

// Requests that AWS throttles are sent again, that for a new key included.
func TestAccRotatingAccessKey_badInputThrottled(t *testing.T) {
	t.Parallel()
	s := acctest.NewStory(t)
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	throttle := func(actions ...string) {
		for _, action := range actions {
			s.Sim.AddFault(iamsim.Fault{Action: action, Kind: iamsim.Throttled, Nth: 1, Times: 1})
		}
	}
	throttle("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity")
	s.Apply()
	s.WantChanges("create: Throttling", "create k1")
	s.Advance("90d")
	s.Apply()
	s.WantChanges("create k2")
	s.UseKey("k2")
	throttle("GetAccessKeyLastUsed", "UpdateAccessKey")
	s.Advance("8d")
	s.Apply()
	s.WantChanges("deactivate k1: Throttling", "deactivate k1")
	s.WantState(map[string]any{"previous.access_key_id": "k1", "previous.status": "Inactive"})

	// With the patience at an end, the error says what to do.
	s.ProviderHCL = impatient(s.Sim.Root(), s.Sim.URL(), s.Sim.URL())
	s.Write(acctest.Distinct(nil), acctest.ConsumerHCL)
	s.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Throttled})
	s.Plan(1, acctest.KeysUnreadable())
	s.WantDetail("iam:ListAccessKeys (ci): Throttling: Rate exceeded (HTTP 400",
		"Run again, with a lower -parallelism or a larger max_retries.")
	s.Sim.ClearFaults()
	s.PlanEmpty()
}

// A fleet larger than the rate limit takes longer, and that is all.
func TestAccRotatingAccessKey_badInputRateLimit(t *testing.T) {
	t.Parallel()
	f := acctest.NewFleet(acctest.NewStory(t, iamsim.Options{RatePerSecond: 10}), 10)
	f.Apply()
	for i := range f.Users {
		if keys := f.Sim.Keys(acctest.FleetUser(i)); len(keys) != 1 {
			t.Errorf("%s has the keys %+v, want one", acctest.FleetUser(i), keys)
		}
	}
	if !slices.ContainsFunc(f.Sim.Log(), func(call iamsim.Call) bool { return call.Code == "Throttling" }) {
		t.Error("nothing was throttled")
	}
}
