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
	for name, tc := range map[string]struct {
		args    keyArgs
		summary string
		// detail lists what the text must say.
		detail []string
	}{
		"word": {
			byAge(keyArgs{"rotate_after": `"soon"`}),
			`Invalid duration in rotate_after: "soon"`,
			[]string{"Set rotate_after to whole numbers with the units w, d, h, m and s", "such as 90d, 12w, 36h or 1d12h"},
		},
		"number": {
			byAge(keyArgs{"rotate_after": `"90"`}),
			`Invalid duration in rotate_after: "90"`,
			[]string{"Set rotate_after to whole numbers with the units"},
		},
		"negative": {byAge(keyArgs{"rotate_after": `"-90d"`}), `Invalid duration in rotate_after: "-90d"`, []string{"without sign"}},
		"empty":    {byAge(keyArgs{"rotate_after": `""`}), `Invalid duration in rotate_after: ""`, []string{"Set rotate_after to"}},
		"zero": {
			byAge(keyArgs{"rotate_after": `"0s"`}),
			`Duration of zero in rotate_after: "0s"`,
			[]string{"Set rotate_after to a duration longer than zero, such as 90d."},
		},
		"long": {
			byAge(keyArgs{"rotate_after": `"40000d"`}),
			`Duration too long in rotate_after: "40000d"`,
			[]string{"Set rotate_after to at most 36500d."},
		},
		"overlap": {byAge(keyArgs{"overlap": `"-1s"`}), `Invalid duration in overlap: "-1s"`, []string{"Set overlap to whole numbers"}},
		"grace": {
			byAge(keyArgs{"grace": `"1.5d"`}),
			`Invalid duration in grace: "1.5d"`,
			[]string{"Set grace to whole numbers", "without sign, fraction"},
		},
		"guard": {
			byAge(keyArgs{"require_unused_for": `"1d 2h"`}),
			`Invalid duration in require_unused_for: "1d 2h"`,
			[]string{"Set require_unused_for to whole numbers", "spaces"},
		},
		"short_for_defaults": {
			byAge(keyArgs{"rotate_after": `"15d"`}),
			`rotate_after "15d" is too short: it must be more than 15d`,
			[]string{"overlap (7d)", "require_unused_for (8d)", "grace (7d)", "Set rotate_after to more than 15d, or shorten overlap, require_unused_for or grace."},
		},
		"short_for_overlap": {
			byAge(keyArgs{"rotate_after": `"30d"`, "overlap": `"4w"`, "grace": `"2d"`}),
			`rotate_after "30d" is too short: it must be more than 30d`,
			[]string{"overlap (28d)", "require_unused_for (8d)", "grace (2d)"},
		},
		"short_for_guard": {
			byAge(keyArgs{"rotate_after": `"10d"`, "overlap": `"0s"`, "require_unused_for": `"10d"`, "grace": `"0s"`}),
			`rotate_after "10d" is too short: it must be more than 10d`,
			[]string{"overlap (0s)", "require_unused_for (10d)", "grace (0s)"},
		},
		"no_trigger": {
			byAge(keyArgs{"rotate_after": "", "grace": `"7d"`}),
			"Nothing would ever rotate this key: rotate_after and rotate_when_changed are both unset",
			[]string{`Set rotate_after, such as "90d"`, "or rotate_when_changed"},
		},
		"unmanaged": {
			unmanaged("delete"),
			"Invalid Attribute Value Match",
			[]string{`Attribute unmanaged_keys value must be one of: ["refuse" "retire" "delete_unused"], got: "delete"`},
		},
		"description": {
			byAge(keyArgs{"description": `""`}),
			"Invalid Attribute Value Length",
			[]string{"Attribute description string length must be between 1 and 256, got: 0"},
		},
		"user": {
			byAge(keyArgs{"user": `""`}),
			"Invalid Attribute Value Match",
			[]string{"Attribute user must be the name of an IAM user: 1 to 128 letters, digits and characters of _+=,.@-, got:"},
		},
		// A second more than the least is enough.
		"good":             {args: byAge(keyArgs{"rotate_after": `"15d1s"`})},
		"good_without_age": {args: asking("{}").with(keyArgs{"rotate_after": ""})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.write(tc.args)
			if tc.summary == "" {
				s.plan(2)
				return
			}
			s.plan(1, "error: "+tc.summary)
			s.says(tc.detail...)
			s.called()
		})
	}
}

// A user who does not exist may be made in the same apply, so only the apply complains.
func TestAccRotatingAccessKey_badInputUnknownUser(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.Sim.DeleteUser("ci")
	s.write(apart(nil), consumerHCL)
	s.plan(2)
	s.apply(unreadable)
	s.says("iam:ListAccessKeys (ci): NoSuchEntity: The user with name ci cannot be found.", `Check that "ci" exists in the account`, "No key was made.")
	s.did()
}

// unreadable is the error of a list that fails, and unreadableWarning what the plan of a create says of it.
const (
	unreadable        = `error: Access keys of user "ci" can't be read`
	unreadableWarning = `warning: Access keys of user "ci" can't be read`
)

// The user may come from the same apply: unknown when the key is planned, and again when it is planned anew.
func TestAccRotatingAccessKey_badInputUserKnownLate(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	write := func(generation string) {
		s.write(apart(keyArgs{"user": "terraform_data.test.output"}), consumerHCL, dataHCL("ci", generation))
	}
	write("1")
	s.plan(2)
	s.called()
	s.planned(map[string]any{"user": unknown, "id": unknown})
	s.apply()
	s.did("create k1")
	s.state(map[string]any{"user": "ci", "id": "ci", "status": "Active", "rotation_reason": "created"})
	s.steady()

	write("2")
	s.step()
	s.state(map[string]any{"access_key_id": "k1", "secret_access_key": "secret of k1"})
}

func TestAccRotatingAccessKey_badInputTwoKeysOfOthers(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.foreign("theirs")
	s.Advance("1s")
	s.foreign("others")
	s.setStatus("others", "Inactive")
	s.use("theirs")
	s.write(apart(nil), consumerHCL)
	const summary = `User "ci" already has 2 access keys, and no slot is free: ` +
		"theirs (Active, created 2026-01-01 00:00:00 UTC, last used at 2026-01-01 00:00:01 UTC by s3 in eu-west-1); " +
		"others (Inactive, created 2026-01-01 00:00:01 UTC, never used)"
	detail := []string{
		"No key is made and none is touched", "terraform import ADDRESS ci/", deletion("theirs"), deletion("others"), `unmanaged_keys = "delete_unused"`,
	}
	s.plan(2, "warning: "+summary)
	s.says(detail...)
	s.apply("warning: "+summary, "error: "+summary)
	s.says(detail...)
	s.did()

	// The way out that both name.
	s.write(apart(keyArgs{"unmanaged_keys": `"delete_unused"`}), consumerHCL)
	s.applyNow(displaced("others", "Inactive, created 2026-01-01 00:00:01 UTC, never used"))
	s.did("delete others", "create k1")
}

func TestAccRotatingAccessKey_badInputCredentials(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, apart(nil))
	root := s.Sim.Root()
	other := acctest.New(t, iamsim.Options{AccountID: "999999999999", Users: []string{"ci"}})
	const wrong = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

	for _, tc := range []struct {
		provider string
		summary  string
		detail   []string
	}{
		{
			s.ProviderConfigAs(iamsim.Credentials{AccessKeyID: root.AccessKeyID, Secret: secret.New(wrong)}, ""),
			unreadable,
			[]string{"iam:ListAccessKeys (ci): SignatureDoesNotMatch", "AWS does not accept the credentials of this provider", "its secret is complete", "Nothing was changed."},
		},
		{
			s.ProviderConfigAs(iamsim.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: secret.New(wrong)}, ""), //nolint:gosec // AWS's example.
			unreadable,
			[]string{"iam:ListAccessKeys (ci): InvalidClientTokenId", "Check that the key exists and is Active", "region and endpoints belong to the partition"},
		},
		{
			impatient(root, "http://127.0.0.1:1", "http://127.0.0.1:1"),
			unreadable,
			[]string{"iam:ListAccessKeys (ci): ", "connection refused", "No answer came. Check the network, proxy settings, region and the endpoints block", "Nothing was changed."},
		},
		{
			impatient(root, "http://iam.invalid", "http://iam.invalid"),
			unreadable,
			[]string{"iam.invalid", "No answer came."},
		},
		{
			other.ProviderConfig(),
			"error: Wrong AWS account 999999999999",
			[]string{
				`The keys of user "ci" are in account 123456789012`, "belong to account 999999999999", "Nothing was concluded and nothing was changed",
				"Configure the provider for account 123456789012",
			},
		},
	} {
		s.provider = tc.provider
		s.write(apart(nil), consumerHCL)
		s.plan(1, tc.summary)
		s.says(tc.detail...)
		if strings.Contains(s.last.Stdout+s.last.Stderr, wrong) {
			t.Errorf("%s: the output shows the secret", tc.summary)
		}
		s.did()
	}
	for _, action := range other.CallList() {
		if !slices.Contains([]string{"ListAccessKeys", "GetCallerIdentity"}, action) {
			t.Errorf("%s was called in the wrong account", action)
		}
	}
	s.signAs(root)
	s.write(apart(nil), consumerHCL)
	s.steady()
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

// A create in an account that the configuration excludes makes nothing.
func TestAccRotatingAccessKey_badInputForbiddenAccount(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.provider = s.ProviderConfigAs(s.Sim.Root(), `allowed_account_ids = ["111111111111"]`)
	s.write(apart(nil), consumerHCL)
	s.applyNow(unreadableWarning, unreadable)
	s.says("123456789012", "allowed_account_ids")
	s.called("GetCallerIdentity", "GetCallerIdentity") // of the plan and of the apply
}

// A region that does not exist is refused before anything is called. The proxy keeps the test off the network.
func TestAccRotatingAccessKey_badInputRegion(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.provider = fmt.Sprintf(`
provider "iamkeys" {
  region      = "us-esat-1"
  access_key  = %q
  secret_key  = %q
  max_retries = 1
  http_proxy  = "http://127.0.0.1:1"
}
`, s.Sim.Root().AccessKeyID, s.Sim.Root().Secret.Reveal())
	s.write(apart(nil), consumerHCL)
	s.plan(1, `error: Invalid AWS Region in region: "us-esat-1"`, "warning: Missing HTTPS Proxy")
	s.says("Set region", "to an AWS Region such as us-east-1", "skip_region_validation")
}

// A key that STS can't be asked about is not published, and does not stay.
func TestAccRotatingAccessKey_badInputSTSDown(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.provider = impatient(s.Sim.Root(), s.Sim.URL(), "http://127.0.0.1:1")
	s.Test(t, resource.TestStep{
		Config:      s.config(apart(nil), consumerHCL),
		ExpectError: regexp.MustCompile(`(?s)New key AKIA\w+ of user "ci" does not work.*deleted\s+again.*wait_until_usable\s+=\s+false`),
	})
	s.did("create k1", "delete k1")
	s.keys()
}

// Each permission that is missing is named, with what it is missing for, and nothing is lost by it.
func TestAccRotatingAccessKey_badInputDenied(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(nil), consumerHCL)
	// denied runs a command that fails without the permission and checks what it says; then the permission is back.
	denied := func(action string, command func(words ...string), summary string, detail ...string) {
		t.Helper()
		s.Sim.Deny("admin", action)
		command(summary)
		s.Sim.ClearDenials()
		s.says(append(detail, "AccessDenied: User: arn:aws:iam::123456789012:user/admin is not authorized to perform: "+action+" on resource: ",
			"Allow "+action+" on ")...)
		s.ResetCalls()
	}
	const (
		unmade    = `error: No new key for user "ci"`
		undeleted = `error: Key k1 of user "ci" could not be deleted`
	)

	create := func(words ...string) { s.applyNow(append(words, unreadableWarning)...) }
	denied("iam:ListAccessKeys", create, unreadable, `Allow iam:ListAccessKeys on "ci"`, "No key was made.")
	denied("iam:CreateAccessKey", s.applyNow, unmade, `Allow iam:CreateAccessKey on user "ci"`, "AWSCompromisedKeyQuarantine", "No key was made")
	s.keys()
	s.applyNow()
	s.did("create k1")
	denied("iam:ListAccessKeys", s.applyNow, unreadable, "Nothing was changed.")

	s.Advance("90d")
	denied("iam:CreateAccessKey", s.applyNow, unmade, `Allow iam:CreateAccessKey on user "ci"`, "No key was made. The user has: k1 (Active")
	s.applyNow()
	s.did("create k2")
	s.use("k2")
	denied("iam:GetAccessKeyLastUsed", s.applyNow, `error: Last use of the keys of user "ci" can't be read`, "on the user of key k1", "Nothing was changed.")

	s.Advance("8d")
	denied("iam:UpdateAccessKey", s.applyNow, `error: Key k1 of user "ci" could not be made Inactive`, "on resource: user ci", "Key k1 was not changed. Apply again.")
	s.applyNow()
	s.did("deactivate k1")
	s.Advance("6d")
	denied("iam:DeleteAccessKey", s.applyNow, undeleted, "on resource: user ci", "Key k1 was not deleted. Apply again.")
	denied("iam:DeleteAccessKey", s.destroy, undeleted, "the resource stays in the state. Destroy again.")
	s.applyNow()
	s.did("delete k1")
	s.state(map[string]any{"access_key_id": "k2", "previous": nil})
	s.handovers("k1", "k1 to k2", "k2")
}

// What only the description needs is no reason to fail.
func TestAccRotatingAccessKey_badInputDeniedTags(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(keyArgs{"description": `"ci deployer"`}), consumerHCL)
	s.Sim.Deny("admin", "iam:TagUser")
	s.Sim.Deny("admin", "iam:UntagUser")
	s.applyNow("warning: Description of key k1 could not be written")
	s.says("AccessDenied", `Allow iam:TagUser on "ci"`)
	s.did("create k1", "tag k1: AccessDenied")
	s.steady()
	s.Advance("90d")
	s.applyNow("warning: Description of key k2 could not be written")
	s.says("AccessDenied", `Allow iam:TagUser on "ci"`)
	s.did("create k2", "tag k2: AccessDenied")
	s.use("k2")
	s.Advance("8d")
	s.applyNow()
	s.did("deactivate k1")
	s.Advance("6d")
	s.applyNow("warning: Description of key k1 could not be removed")
	s.says("AccessDenied", `Allow iam:UntagUser on "ci"`)
	s.did("delete k1", "untag k1: AccessDenied")
	s.state(map[string]any{"previous": nil, "description": "ci deployer"})
	s.steady()
}

// Without the proof nothing but GetUser tells account and unique id. That it may not be asked says nothing against the key.
func TestAccRotatingAccessKey_badInputDeniedGetUser(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(keyArgs{"wait_until_usable": "false"}), consumerHCL)
	s.Sim.Deny("admin", "iam:GetUser")
	s.applyNow(`error: User "ci" can't be read, so its new key k1 is not kept`)
	s.says("iam:GetUser (ci): AccessDenied", `Allow iam:GetUser on "ci"`)
	s.did("create k1", "delete k1")
	s.keys()
	s.Sim.ClearDenials()
	s.applyNow()
	s.did("create k2")
}

// Requests that AWS throttles are sent again, the one that makes a key too.
func TestAccRotatingAccessKey_badInputThrottled(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(apart(nil), consumerHCL)
	throttle := func(actions ...string) {
		for _, action := range actions {
			s.Sim.AddFault(iamsim.Fault{Action: action, Kind: iamsim.Throttled, Nth: 1, Times: 1})
		}
	}
	throttle("ListAccessKeys", "CreateAccessKey", "GetCallerIdentity")
	s.applyNow()
	s.did("create: Throttling", "create k1")
	s.Advance("90d")
	s.applyNow()
	s.did("create k2")
	s.use("k2")
	throttle("GetAccessKeyLastUsed", "UpdateAccessKey")
	s.Advance("8d")
	s.applyNow()
	s.did("deactivate k1: Throttling", "deactivate k1")
	s.state(map[string]any{"previous.access_key_id": "k1", "previous.status": "Inactive"})

	// With the patience at an end, the error says what to do.
	s.provider = impatient(s.Sim.Root(), s.Sim.URL(), s.Sim.URL())
	s.write(apart(nil), consumerHCL)
	s.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Throttled})
	s.plan(1, unreadable)
	s.says("iam:ListAccessKeys (ci): Throttling: Rate exceeded (HTTP 400", "Run again, with a lower -parallelism or a larger max_retries.")
	s.Sim.ClearFaults()
	s.steady()
}

// A fleet larger than the rate limit takes longer, and that is all.
func TestAccRotatingAccessKey_badInputRateLimit(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 10, iamsim.Options{RatePerSecond: 10})
	f.applyNow()
	for i := range f.users {
		if keys := f.Sim.Keys(fleetUser(i)); len(keys) != 1 {
			t.Errorf("%s has the keys %+v, want one", fleetUser(i), keys)
		}
	}
	if !slices.ContainsFunc(f.Sim.Log(), func(call iamsim.Call) bool { return call.Code == "Throttling" }) {
		t.Error("nothing was throttled")
	}
}
