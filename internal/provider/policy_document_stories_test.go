package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// policyStory is what a user of features does. It runs with credentials that have the policy.
type policyStory func(r *policyRun)

// policyRun is one run of a story under one policy.
type policyRun struct {
	*acctest.Story
	// limited are the credentials of the user deployer, who has the policy.
	limited iamsim.Credentials
	keyARN  string
}

// deviation is what a story does not expect.
type deviation string

// run runs a story under a policy, and returns what it does not expect, if anything. The story ends there. The user ci has the policy,
// too, for selfRotation.
func (story policyStory) run(t *testing.T, policy string) (unexpected string) {
	t.Helper()
	s := acctest.NewStory(t).SkipWaits()
	s.Sim.CreateUser("deployer")
	r := &policyRun{Story: s, limited: s.Sim.CreateAccessKey("deployer"), keyARN: s.Sim.CreateKMSKey("us-east-1", "alias/secrets")}
	policy = strings.ReplaceAll(policy, policyKeyARN, r.keyARN)
	for _, user := range []string{"ci", "deployer"} {
		s.Sim.SetPolicies(user, policy)
	}
	s.SignAs(r.limited)
	defer func() {
		if d, ok := recover().(deviation); ok {
			unexpected = r.Normalize(string(d))
		}
	}()
	story(r)
	return ""
}

// warned are summaries of the diagnostics of a command.
type warned []string

// apply plans and applies, and expects these warnings and changes in IAM.
func (r *policyRun) apply(warnings warned, changes ...string) {
	r.T.Helper()
	r.do(func() acctest.Result { return r.CLI.Apply() }, warnings, changes)
}

// plan plans, and expects these warnings.
func (r *policyRun) plan(code int, warnings ...string) {
	r.T.Helper()
	r.do(func() acctest.Result { return r.CLI.Plan() }, warnings, nil)
	if r.Last.ExitCode != code {
		panic(deviation(fmt.Sprintf("exit code %d of a plan, want %d", r.Last.ExitCode, code)))
	}
}

// do runs a command, and ends the story if it shows other diagnostics than expected or changes something else in IAM.
func (r *policyRun) do(command func() acctest.Result, warnings warned, changes []string) {
	r.T.Helper()
	r.Last = command()
	r.WantNoSecrets(r.Last)
	for _, d := range r.CLI.Diagnostics() {
		if d.Severity == "error" || !slices.Contains(warnings, d.Summary) {
			panic(deviation(d.Severity + ": " + d.Summary + "\n" + d.Detail))
		}
	}
	for _, w := range warnings {
		if !slices.Contains(r.Summaries(), "warning: "+w) {
			panic(deviation("no warning " + w))
		}
	}
	if got := r.Changes(); !slices.Equal(got, changes) {
		panic(deviation(fmt.Sprintf("changes %q, want %q", got, changes)))
	}
	r.ResetCalls()
}

// lifeOf is the life of a key with these arguments, from its creation to the destruction of its successors.
func lifeOf(args acctest.Args) policyStory {
	return func(r *policyRun) {
		described := func(changes ...string) []string {
			if args["description"] != "" {
				return changes
			}
			return slices.DeleteFunc(changes, func(c string) bool { return strings.Contains(c, "tag ") })
		}
		r.Write(acctest.ByAge(args))
		r.apply(nil, described("create k1", "tag k1")...)
		r.Advance("90d")
		r.apply(nil, described("create k2", "tag k2")...)
		r.ClearLastUse("k1")
		r.UseKey("k2")
		r.Advance("7d")
		r.apply(nil, "deactivate k1")
		r.Advance("7d")
		r.apply(nil, described("delete k1", "untag k1")...)
		// Who a key belongs to is asked for where it does not prove that itself.
		r.Write(acctest.ByAge(args).With(acctest.Args{"wait_until_usable": "false", "rotate_when_changed": `{ ask = "1" }`}))
		r.apply(nil, described("create k3", "tag k3")...)
		r.do(func() acctest.Result { return r.CLI.Destroy() }, nil, described("delete k2", "untag k2", "delete k3", "untag k3"))
	}
}

// planOnly has an administrator apply what the limited credentials plan.
func planOnly(r *policyRun) {
	as := func(creds iamsim.Credentials) {
		r.SignAs(creds)
		r.Write(acctest.ByAge(nil))
	}
	as(r.limited)
	r.plan(2)
	as(r.Sim.Root())
	r.apply(nil, "create k1")
	r.Advance("90d")
	r.apply(nil, "create k2")
	r.ClearLastUse("k1")
	r.UseKey("k2")
	r.Advance("7d")
	as(r.limited)
	r.plan(2)
	// Somebody has deleted the current key.
	r.DeleteKey("k2")
	r.plan(2, "Current access key is not listed by IAM")
}

// selfRotation is a user who rotates the key that signs the requests.
func selfRotation(r *policyRun) {
	as := func(creds iamsim.Credentials) {
		r.SignAs(creds)
		r.Write(acctest.ByAge(acctest.Args{"require_unused_for": `"0s"`}), acctest.ImportHCL(acctest.KeyAddress, "ci"))
	}
	as(r.CreateForeignKey("own"))
	r.apply(nil)
	r.Advance("90d")
	r.apply(nil, "create k1")
	as(iamsim.Credentials{AccessKeyID: r.KeyID("k1"), Secret: r.Sim.Secret(r.KeyID("k1"))})
	r.Advance("7d")
	r.apply(nil, "deactivate own")
	r.Advance("7d")
	r.apply(nil, "delete own")
}

// renamedWithoutKey is a user who was renamed and lost the current key, so that only the unique id finds the user.
func renamedWithoutKey(r *policyRun) {
	r.Write(acctest.ByAge(nil))
	r.apply(nil, "create k1")
	r.Advance(acctest.TenMinutes)
	r.Sim.RenameUser("ci", "web")
	renamed := "IAM user was renamed"
	r.apply(warned{renamed})
	r.Sim.RenameUser("web", "www")
	r.DeleteKey("k1")
	r.plan(2, renamed, "Current access key is not listed by IAM")
}

// auditOfKeys reads the data sources about keys.
func auditOfKeys(r *policyRun) {
	key := r.CreateForeignKey("theirs")
	r.Sim.AddUsers(iamsim.SeedUser{Name: "batch", Path: "/service/", CreatedAt: before(400), Keys: []iamsim.SeedKey{keyOf(100, 50)}})
	r.CLI.Write("main.tf", r.ProviderHCL+fmt.Sprintf(`
data "iamkeys_access_key_age" "test" {
  user = "ci"
}
data "iamkeys_access_key_last_used" "test" {
  access_key_id = %q
}
data "iamkeys_access_keys" "test" {
  path_prefix = "/service/"
  include     = ["descriptions"]
}
`, key.AccessKeyID))
	r.apply(nil)
}

// auditOfNamedUsers reads the keys of users by name, which lists no users.
func auditOfNamedUsers(r *policyRun) {
	r.CreateForeignKey("theirs")
	r.auditKeys(`
  users = ["ci"]`, "listing")
}

// auditOfAllKeys lists all users, and reads their keys and descriptions.
func auditOfAllKeys(r *policyRun) {
	r.CreateForeignKey("theirs")
	r.auditKeys(`
  include = ["descriptions"]`, "listing")
}

// auditByReport has the credential report leave users out, and lists none. The report is created first.
func auditByReport(r *policyRun) {
	r.Sim.AddUsers(iamsim.SeedUser{Name: "batch", CreatedAt: before(400), Keys: []iamsim.SeedKey{keyOf(100, 50)}})
	r.auditKeys(`
  unused_for = "45d"`, "report")
	r.do(func() acctest.Result {
		r.Last = r.CLI.Plan()
		if calls := r.CallList(); slices.Contains(calls, "ListUsers") {
			panic(deviation("all users were listed, which iam:GetAccountSummary spares: " + strings.Join(calls, " ")))
		}
		return r.Last
	}, nil, nil)
}

// auditKeys reads iamkeys_access_keys, which must find its users by method.
func (r *policyRun) auditKeys(arguments, method string) {
	r.CLI.Write("main.tf", r.ProviderHCL+fmt.Sprintf(`
data "iamkeys_access_keys" "test" {%s
  lifecycle {
    postcondition {
      condition     = length(self.keys) > 0 && self.method == %q
      error_message = "${length(self.keys)} keys by ${self.method}: ${coalesce(self.listing_reason, "no reason")}"
    }
  }
}
`, arguments, method))
	r.apply(nil)
}

// ownerOfKey finds the user and the account of a key by its id.
func ownerOfKey(r *policyRun) {
	r.CLI.Write("main.tf", r.ProviderHCL+fmt.Sprintf(`
data "iamkeys_access_key_owner" "test" {
  access_key_id = %q
}
`, r.CreateForeignKey("theirs").AccessKeyID))
	r.apply(nil)
}

// auditOfAccount reads what concerns no single user.
func auditOfAccount(r *policyRun) {
	r.CLI.Write("main.tf", r.ProviderHCL+`
data "iamkeys_credential_report" "test" {}
data "iamkeys_access_keys" "test" {
  users   = []
  include = ["service_specific_credentials"]
}
`)
	r.apply(nil)
}

// keysOfAnother is a key of a user that the policy is not for.
func keysOfAnother(r *policyRun) {
	r.Sim.CreateUser("web")
	r.Sim.CreateUser("ci2")
	for _, user := range []string{"web", "ci2"} {
		r.Write(acctest.OfUser(user))
		r.apply(nil, "create k1")
	}
}

// sealedByKMS is a key whose secret is encrypted, and opened for a consumer.
func sealedByKMS(r *policyRun) { sealedWith(r, `{ user = "ci", app = "test" }`) }

func sealedWith(r *policyRun, context string) {
	output := acctest.Args{"kms_key_id": `"alias/secrets"`, "kms_encryption_context": context}
	r.Write(acctest.SealedBy(output, nil), acctest.SealedConsumerHCL(nil))
	r.apply(nil, "create k1")
	r.Advance("90d")
	r.apply(nil, "create k2")
	r.WantHandovers("k1", "k1 to k2")
}
