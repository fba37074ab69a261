package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const auditAddress = "data.iamkeys_access_keys.test"

// keysConfig is a configuration with one iamkeys_access_keys.
func keysConfig(w *acctest.World, arguments string) string {
	return w.ProviderConfig() + fmt.Sprintf(`
data "iamkeys_access_keys" "test" {
  %s
}
`, arguments)
}

// before returns the time that long before the start of a World.
func before(days int) time.Time { return acctest.Start.AddDate(0, 0, -days) }

// seed is a user of 400 days.
func seed(name string, keys ...iamsim.SeedKey) iamsim.SeedUser {
	return iamsim.SeedUser{Name: name, CreatedAt: before(400), Keys: keys}
}

// keyOf is a key of that age in days, which was last used that long ago; a negative number is no use.
func keyOf(age, unused int) iamsim.SeedKey {
	k := iamsim.SeedKey{CreatedAt: before(age)}
	if unused >= 0 {
		k.LastUsedAt, k.Service, k.Region = before(unused), "s3", "eu-west-1"
	}
	return k
}

// auditValues are the attributes of an audit without a filter that was made by listing.
func auditValues(values map[string]any) map[string]any {
	return with(map[string]any{
		"users": nil, "path_prefix": nil, "status": nil, "older_than": nil, "unused_for": nil, "trust_report": nil, "include": nil,
		"keys": []any{}, "service_specific_credentials": nil, "method": "listing", "listing_reason": nil,
		"report_generated_at": nil, "report_age": nil,
	}, values)
}

// foundKeys applies, without a diagnostic, and returns the users of the keys that were found, in their order. The next plan must be empty.
func foundKeys(t *testing.T, c *acctest.CLI) string {
	t.Helper()
	c.Apply()
	c.Want(0)
	if got := c.Diagnostics(); len(got) != 0 {
		t.Errorf("diagnostics of the apply: %+v", got)
	}
	found := usersOfKeys(t, c)
	c.Plan()
	c.Want(0)
	return found
}

func usersOfKeys(t *testing.T, c *acctest.CLI) string {
	t.Helper()
	keys, ok := dataAttributes(t, c, auditAddress)["keys"].([]any)
	if !ok {
		t.Fatalf("no list of keys in %v", dataAttributes(t, c, auditAddress))
	}
	var users []string
	for _, key := range keys {
		users = append(users, fmt.Sprint(acctest.Lookup(key, "user")))
	}
	return strings.Join(users, " ")
}

func TestAccAccessKeys_basic(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	inactive := iamsim.SeedKey{
		CreatedAt: before(300), DeactivatedAt: before(20), LastUsedAt: before(21).Add(time.Hour), Service: "sts", Region: "us-east-1",
	}
	ids := w.Sim.AddUsers(
		iamsim.SeedUser{Name: "bob", Path: "/service/", CreatedAt: before(400), Keys: []iamsim.SeedKey{inactive, keyOf(100, -1)}},
		seed("nobody"),
		seed("ann", keyOf(200, 1)),
	)
	root := w.Sim.Root().AccessKeyID
	c := w.CLI(t)
	c.Write("main.tf", keysConfig(w, ""))
	key := func(id, user, path, status, created string, age int, use map[string]any) map[string]any {
		return with(map[string]any{
			"access_key_id": id, "user": user, "user_path": path, "user_arn": "arn:aws:iam::123456789012:user" + path + user,
			"status": status, "created_at": created, "age_days": age, "description": nil, "never_used": true, "last_used_at": nil,
			"days_since_last_used": nil, "service_name": nil, "region": nil,
		}, use)
	}
	used := func(at string, days int, service, region string) map[string]any {
		return map[string]any{
			"never_used": false, "last_used_at": at, "days_since_last_used": days, "service_name": service, "region": region,
		}
	}
	wantApplied(t, c, auditAddress, auditValues(map[string]any{
		"keys": []any{
			key(ids[2], "ann", "/", "Active", "2025-06-15T00:00:00Z", 200, used("2025-12-31T00:00:00Z", 1, "s3", "eu-west-1")),
			key(ids[1], "bob", "/service/", "Active", "2025-09-23T00:00:00Z", 100, nil),
			key(root, "admin", "/", "Active", "2026-01-01T00:00:00Z", 0, used("2026-01-01T00:00:00Z", 0, "iam", "us-east-1")),
			key(ids[0], "bob", "/service/", "Inactive", "2025-03-07T00:00:00Z", 300, used("2025-12-11T01:00:00Z", 20, "sts", "us-east-1")),
		},
		"listing_reason": "neither older_than nor unused_for is set",
		"users_listed":   4,
	}))

	w.ResetCalls()
	c.Plan()
	if got := w.CallList(); len(got) != 1+4+4 || w.Calls("ListUsers") != 1 || w.Calls("ListAccessKeys") != 4 {
		t.Errorf("calls of a plan: %q", got)
	}
}

// TestAccAccessKeys_filters is about which keys pass, by the report and, for short times, by listing.
func TestAccAccessKeys_filters(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	deactivated := keyOf(150, 100)
	deactivated.DeactivatedAt = before(100)
	w.Sim.AddUsers(
		seed("ann", keyOf(90, 45)), seed("bob", keyOf(89, 0)), seed("cid", keyOf(200, 44), keyOf(100, -1)), seed("dan", deactivated),
		seed("eve", keyOf(44, -1)), seed("nobody"),
	)
	c := w.CLI(t)
	for _, test := range []struct{ arguments, want string }{
		{`status = "Active"`, "cid cid ann bob eve admin"},
		{`status = "Inactive"`, "dan"},
		{`older_than = "90d"`, "cid cid ann dan"},
		{`older_than = "2160h1s"`, "cid cid dan"},
		{`unused_for = "45d"`, "cid ann dan"},
		{`unused_for = "44d"`, "cid cid ann eve dan"},
		{"older_than = \"100d\"\nunused_for = \"45d\"", "cid dan"},
		{"older_than = \"90d\"\nunused_for = \"45d\"\nstatus = \"Active\"", "cid ann"},
		{"older_than = \"90d\"\ntrust_report = true", "cid cid ann dan"},
		{`unused_for = "1h"`, "cid cid ann eve dan"},
		{`older_than = "36500d"`, ""},
	} {
		c.Write("main.tf", keysConfig(w, test.arguments))
		if got := foundKeys(t, c); got != test.want {
			t.Errorf("%s: found keys of %q, want %q", test.arguments, got, test.want)
		}
	}
}

func TestAccAccessKeys_byName(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	ids := w.Sim.AddUsers(
		seed("ann", keyOf(90, 45)), iamsim.SeedUser{Name: "Bob", Path: "/x/", CreatedAt: before(400), Keys: []iamsim.SeedKey{keyOf(9, 1)}},
		seed("cid", keyOf(99, 5)), seed("nobody"),
	)
	c := w.CLI(t)
	c.Write("main.tf", keysConfig(w, `users = ["ann", "bob", "BOB", "nobody"]`))
	w.ResetCalls()
	c.Apply()
	c.Want(0)
	values := dataAttributes(t, c, auditAddress)
	if got, want := toJSON(t, acctest.Lookup(values, "users_listed")), "3"; got != want || values["method"] != "listing" ||
		values["listing_reason"] != "users names the users" {
		t.Errorf("got %s users by %v because %v", got, values["method"], values["listing_reason"])
	}
	if got := usersOfKeys(t, c); got != "ann Bob" {
		t.Errorf("found keys of %q", got)
	}
	keys, ok := values["keys"].([]any)
	if !ok || len(keys) != 2 {
		t.Fatalf("keys %v", values["keys"])
	}
	for name, want := range map[string]string{
		"access_key_id": ids[1], "user_path": "/x/", "user_arn": "arn:aws:iam::123456789012:user/x/Bob",
	} {
		if got := acctest.Lookup(keys[1], name); got != want {
			t.Errorf("%s %v, want %s", name, got, want)
		}
	}
	got := w.CallList()
	slices.Sort(got)
	if want := []string{
		"GetAccessKeyLastUsed", "GetAccessKeyLastUsed", "GetUser", "GetUser", "ListAccessKeys", "ListAccessKeys", "ListAccessKeys",
	}; !slices.Equal(got, want) {
		t.Errorf("calls of an apply: %q, want %q", got, want)
	}

	for _, test := range []struct{ arguments, want string }{
		{`users = []`, ""},
		{"users = [\"ann\", \"cid\"]\nolder_than = \"91d\"", "cid"},
		// Known only when the apply is under way.
		{"users = [terraform_data.user.output]\n}\nresource \"terraform_data\" \"user\" {\n  input = \"cid\"", "cid"},
	} {
		c.Write("main.tf", keysConfig(w, test.arguments))
		if got := foundKeys(t, c); got != test.want {
			t.Errorf("%s: found keys of %q, want %q", test.arguments, got, test.want)
		}
	}

	c.Write("main.tf", keysConfig(w, `users = ["ann", "ghost", "gone"]`))
	c.Plan()
	c.Want(1)
	wantOneError(t, c, auditAddress, "Access keys of 2 IAM users can't be read",
		"NoSuchEntity", "No IAM user has the name: ghost, gone.", "in account 123456789012", "There is no result")
}

func TestAccAccessKeys_byPath(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	for path, user := range map[string]string{"/": "ann", "/service/": "bob", "/service/batch/": "cid", "/services/": "dan"} {
		w.Sim.AddUsers(iamsim.SeedUser{Name: user, Path: path, CreatedAt: before(400), Keys: []iamsim.SeedKey{keyOf(100, 50)}})
	}
	c := w.CLI(t)
	for _, filter := range []string{"", "unused_for = \"45d\""} {
		for prefix, want := range map[string]string{
			"/service/": "bob cid", "/service": "bob cid dan", "/service/batch/": "cid", "/nobody/": "", "/": "ann bob cid dan",
		} {
			if prefix == "/" && filter == "" {
				want += " admin"
			}
			c.Write("main.tf", keysConfig(w, fmt.Sprintf("path_prefix = %q\n%s", prefix, filter)))
			if got := foundKeys(t, c); got != want {
				t.Errorf("%s %s: found keys of %q, want %q", prefix, filter, got, want)
			}
		}
	}
	// Since the report, one user came and one went.
	w.Sim.MoveUser("ann", "/service/new/")
	w.Sim.MoveUser("cid", "/")
	c.Write("main.tf", keysConfig(w, "path_prefix = \"/service/\"\nunused_for = \"45d\""))
	if got := foundKeys(t, c); got != "ann bob" {
		t.Errorf("after the moves: found keys of %q", got)
	}
}

func TestAccAccessKeys_description(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	ids := w.Sim.AddUsers(seed("ann", keyOf(100, 50), keyOf(99, 60)), seed("bob", keyOf(100, 1)))
	w.Sim.TagUser("ann", map[string]string{ids[0]: "deploys from CI", "team": "x"})
	c := w.CLI(t)
	for include, want := range map[string][]any{
		`["descriptions"]`: {"deploys from CI", nil},
		`["descriptions", "service_specific_credentials"]`: {"deploys from CI", nil},
		`[]`: {nil, nil},
	} {
		c.Write("main.tf", keysConfig(w, "unused_for = \"45d\"\ninclude = "+include))
		w.ResetCalls()
		c.Apply()
		c.Want(0)
		keys, ok := dataAttributes(t, c, auditAddress)["keys"].([]any)
		if !ok || len(keys) != 2 {
			t.Fatalf("keys %v", keys)
		}
		for i, key := range keys {
			if got := acctest.Lookup(key, "description"); got != want[i] {
				t.Errorf("%s: description %v, want %v", include, got, want[i])
			}
		}
		if got, asked := w.Calls("GetUser"), strings.Contains(include, "desc"); got != 1 && asked || got != 0 && !asked {
			t.Errorf("%s: %d calls of GetUser", include, got)
		}
	}
}

func TestAccAccessKeys_serviceSpecific(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.AddUsers(seed("ann", keyOf(100, 50)), iamsim.SeedUser{Name: "bob", Path: "/x/", CreatedAt: before(400)})
	const codecommit, bedrock = "codecommit.amazonaws.com", "bedrock.amazonaws.com"
	first := w.Sim.CreateServiceCredential("bob", bedrock, acctest.Start.AddDate(0, 0, 30))
	w.Advance("40d")
	second := w.Sim.CreateServiceCredential("ann", codecommit, time.Time{})
	w.Advance("1d")
	value := func(id, user, service, status, created string, age int, expires any) map[string]any {
		return map[string]any{
			"id": id, "user": user, "service_name": service, "status": status, "created_at": created, "age_days": age, "expires_at": expires,
		}
	}
	ofAnn := value(second.ID, "ann", codecommit, "Active", "2026-02-10T00:00:00Z", 1, nil)
	ofBob := value(first.ID, "bob", bedrock, "Expired", "2026-01-01T00:00:00Z", 41, "2026-01-31T00:00:00Z")
	c := w.CLI(t)
	for _, test := range []struct {
		arguments string
		want      []any
	}{
		{"", []any{ofAnn, ofBob}},
		{`unused_for = "45d"`, []any{ofAnn, ofBob}},
		{`older_than = "41d"`, []any{ofBob}},
		{`status = "Active"`, []any{ofAnn}},
		{`users = ["ann"]`, []any{ofAnn}},
		{`path_prefix = "/x/"`, []any{ofBob}},
		{`path_prefix = "/y/"`, []any{}},
	} {
		c.Write("main.tf", keysConfig(w, "include = [\"service_specific_credentials\"]\n"+test.arguments))
		w.ResetCalls()
		c.Apply()
		c.Want(0)
		got := toJSON(t, dataAttributes(t, c, auditAddress)["service_specific_credentials"])
		if want := toJSON(t, test.want); got != want {
			t.Errorf("%s:\n got %s\nwant %s", test.arguments, got, want)
		}
		if got := w.Calls("ListServiceSpecificCredentials"); got != 1 {
			t.Errorf("%s: %d calls", test.arguments, got)
		}
	}

	w.Sim.Deny("admin", "iam:ListServiceSpecificCredentials")
	c.Plan()
	c.Want(1)
	wantOneError(t, c, auditAddress, "Unable to audit access keys: iam:ListServiceSpecificCredentials is denied",
		`Allow iam:ListServiceSpecificCredentials on "*"`)
}
