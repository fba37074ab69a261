package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// wantCalls checks the numbers of the calls since ResetCalls, such as "2 GetAccessKeyLastUsed", in the order of the actions.
func wantCalls(t *testing.T, w *acctest.World, want ...string) {
	t.Helper()
	numbers := map[string]int{}
	for _, action := range w.CallList() {
		numbers[action]++
	}
	var got []string
	for action, n := range numbers {
		got = append(got, fmt.Sprintf("%d %s", n, action))
	}
	byAction := func(a, b string) int { return strings.Compare(strings.Fields(a)[1], strings.Fields(b)[1]) }
	slices.SortFunc(got, byAction)
	if !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

// manyUsers are 60 users with a key of 300 days that was used yesterday, and so nothing to report.
func manyUsers() []iamsim.SeedUser {
	var users []iamsim.SeedUser
	for i := range 60 {
		users = append(users, seed(fmt.Sprintf("user-%02d", i), keyOf(300, 1)))
	}
	return users
}

// TestAccAccessKeys_reportGuided is about the calls that the report saves.
func TestAccAccessKeys_reportGuided(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.AddUsers(manyUsers()...)
	w.Sim.AddUsers(seed("ann", keyOf(300, 45)), seed("bob", keyOf(200, 100), keyOf(20, 1)), seed("cid", keyOf(50, -1)))
	c := w.CLI(t)
	c.Write("main.tf", keysConfig(w, `unused_for = "45d"`))
	c.Plan()
	c.Want(0)
	// There is no report yet.
	wantCalls(t, w,
		"1 GenerateCredentialReport", "3 GetAccessKeyLastUsed", "1 GetAccountSummary", "2 GetCredentialReport", "3 ListAccessKeys")

	w.Advance("62m30s")
	w.ResetCalls()
	c.Apply()
	c.Want(0)
	wantCalls(t, w, "3 GetAccessKeyLastUsed", "1 GetAccountSummary", "1 GetCredentialReport", "3 ListAccessKeys")
	values := dataAttributes(t, c, auditAddress)
	for name, want := range map[string]any{
		"method": "report", "listing_reason": nil, "report_generated_at": "2026-01-01T00:00:00Z", "report_age": "1h2m", "users_listed": 3,
	} {
		if got := toJSON(t, values[name]); got != toJSON(t, want) {
			t.Errorf("%s is %s, want %v", name, got, want)
		}
	}
	if got := usersOfKeys(t, c); got != "ann bob cid" {
		t.Errorf("found keys of %q", got)
	}

	// What was used since the report does not pass any more.
	w.Sim.SetLastUsed(w.Sim.Keys("bob")[0].ID, w.Sim.Now(), "s3", "us-east-1")
	w.ResetCalls()
	if got := foundKeys(t, c); got != "ann cid" {
		t.Errorf("found keys of %q after a use", got)
	}

	// The report has expired.
	w.Advance("3h")
	w.ResetCalls()
	c.Plan()
	c.Want(0)
	wantCalls(t, w,
		"1 GenerateCredentialReport", "2 GetAccessKeyLastUsed", "1 GetAccountSummary", "2 GetCredentialReport", "2 ListAccessKeys")

	// All keys are younger than that, but not their users, except admin.
	c.Write("main.tf", keysConfig(w, `older_than = "301d"`))
	w.ResetCalls()
	c.Plan()
	wantCalls(t, w, "1 GetAccountSummary", "1 GetCredentialReport", "63 ListAccessKeys")
	c.Write("main.tf", keysConfig(w, "older_than = \"301d\"\ntrust_report = true"))
	w.ResetCalls()
	if got := foundKeys(t, c); got != "" {
		t.Errorf("found keys of %q older than 301 days", got)
	}
	wantCalls(t, w, "2 GetAccountSummary", "2 GetCredentialReport")

	// One look at the list of users finds a renamed one.
	w.Sim.RenameUser("ann", "zoe")
	c.Write("main.tf", keysConfig(w, `unused_for = "45d"`))
	c.Apply()
	if got := usersOfKeys(t, c); got != "zoe cid" {
		t.Errorf("found keys of %q after a renaming", got)
	}
	w.ResetCalls()
	c.Plan()
	c.Want(0)
	wantCalls(t, w, "2 GetAccessKeyLastUsed", "1 GetAccountSummary", "1 GetCredentialReport", "3 ListAccessKeys", "1 ListUsers")
}

// TestAccAccessKeys_rowMissing has reports without a row for some users.
func TestAccAccessKeys_rowMissing(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	w.Sim.AddUsers(seed("ann", keyOf(300, 45)), seed("bob", keyOf(300, 1)))
	reportHas(reportHeader, reportRoot, reportCat)(w)
	c := w.CLI(t)
	c.Write("main.tf", keysConfig(w, `unused_for = "45d"`))
	if got := foundKeys(t, c); got != "ann" {
		t.Errorf("found keys of %q, want that of the user without a row", got)
	}
	w.ResetCalls()
	c.Apply()
	// There is none for bob either, but admin is younger than 45 days.
	wantCalls(t, w, "2 GetAccessKeyLastUsed", "1 GetAccountSummary", "1 GetCredentialReport", "2 ListAccessKeys", "1 ListUsers")
	if values := dataAttributes(t, c, auditAddress); values["method"] != "report" || values["listing_reason"] != nil {
		t.Errorf("method %v, because %v", values["method"], values["listing_reason"])
	}

	w.Sim.Deny("admin", "iam:GetAccountSummary")
	if got := foundKeys(t, c); got != "ann" {
		t.Errorf("found keys of %q without the number of users", got)
	}
	w.Sim.Deny("admin", "iam:ListUsers")
	c.Plan()
	c.Want(1)
	wantOneError(t, c, auditAddress, "Unable to audit access keys: iam:ListUsers is denied",
		`Allow iam:ListUsers on "*" for the credentials of this provider.`)
}

// TestAccAccessKeys_trap changes the status of old keys, which the report then dates as young ones.
func TestAccAccessKeys_trap(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	changed := keyOf(300, 1)
	changed.DeactivatedAt, changed.ReactivatedAt = before(30), before(20)
	deactivated := keyOf(280, -1)
	deactivated.DeactivatedAt = before(10)
	young := iamsim.SeedUser{Name: "new", CreatedAt: before(80), Keys: []iamsim.SeedKey{keyOf(80, 1)}}
	w.Sim.AddUsers(
		seed("trap", changed), seed("never", deactivated), seed("old", keyOf(100, 1)), seed("rotated", keyOf(20, 1)), seed("none"), young,
	)
	c := w.CLI(t)
	c.Write("main.tf", keysConfig(w, `older_than = "90d"`))
	if got := foundKeys(t, c); got != "trap old never" {
		t.Errorf("found keys of %q, want those whose status was changed too", got)
	}
	w.ResetCalls()
	c.Plan()
	// One list more for rotated. None for new, who is younger than 90 days, none and admin.
	wantCalls(t, w, "3 GetAccessKeyLastUsed", "1 GetAccountSummary", "1 GetCredentialReport", "4 ListAccessKeys")

	c.Write("main.tf", keysConfig(w, `unused_for = "45d"`))
	if got := foundKeys(t, c); got != "never" {
		t.Errorf("found unused keys of %q", got)
	}
	// After the report a status changes, and with it what status looks for.
	w.Sim.SetStatus(w.Sim.Keys("never")[0].ID, "Active")
	c.Write("main.tf", keysConfig(w, "unused_for = \"45d\"\nstatus = \"Active\""))
	if got := foundKeys(t, c); got != "never" {
		t.Errorf("found Active unused keys of %q", got)
	}

	// The docs say what trust_report risks.
	c.Write("main.tf", keysConfig(w, "older_than = \"90d\"\ntrust_report = true"))
	if got := foundKeys(t, c); got != "old" {
		t.Errorf("found keys of %q, with trust", got)
	}
	w.ResetCalls()
	c.Plan()
	wantCalls(t, w, "1 GetAccessKeyLastUsed", "1 GetAccountSummary", "1 GetCredentialReport", "1 ListAccessKeys")
}

// TestAccAccessKeys_denied is about missing permissions: no result, and an error that names them and the users.
func TestAccAccessKeys_denied(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setUp     func(w *acctest.World)
		arguments string
		summary   string
		detail    []string
	}{
		"users": {
			setUp:   func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListUsers") },
			summary: "Unable to audit access keys: iam:ListUsers is denied",
			detail:  []string{`Allow iam:ListUsers on "*" for the credentials of this provider.`, "user/admin in account 123456789012"},
		},
		"users below a path": {
			setUp:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListUsers") },
			arguments: `path_prefix = "/service/"`,
			summary:   "Unable to audit access keys: iam:ListUsers is denied",
			detail:    []string{`Allow iam:ListUsers on "*" for the credentials of this provider.`},
		},
		"keys": {
			setUp:   func(w *acctest.World) { w.Sim.Deny("admin", "iam:ListAccessKeys") },
			summary: "Access keys of 15 IAM users can't be read",
			detail: []string{
				"AccessDenied", `Allow iam:ListAccessKeys on "admin"`,
				"iam:ListAccessKeys is denied on: admin, empty, user-00, user-01, user-02, user-03, user-04, user-05, user-06, user-07 and 5 more.",
				"There is no result, since a part of it could pass for the whole.",
			},
		},
		"keys of one user": {
			setUp: func(w *acctest.World) {
				w.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 1, Kind: iamsim.Denied})
			},
			arguments: `users = ["user-03"]`,
			summary:   `Access keys of IAM user "user-03" can't be read`,
			detail:    []string{"iam:ListAccessKeys is denied on: user-03."},
		},
		"last use": {
			setUp:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:GetAccessKeyLastUsed") },
			arguments: `users = ["user-01", "user-02", "empty"]`,
			summary:   "Access keys of 2 IAM users can't be read",
			detail:    []string{"Allow iam:GetAccessKeyLastUsed on the user of key", "iam:GetAccessKeyLastUsed is denied on: user-01, user-02."},
		},
		"descriptions": {
			setUp:     func(w *acctest.World) { w.Sim.Deny("admin", "iam:GetUser") },
			arguments: "path_prefix = \"/\"\nolder_than = \"300d\"\ninclude = [\"descriptions\"]",
			summary:   "Access keys of 13 IAM users can't be read",
			detail:    []string{"iam:GetUser is denied on: user-00,"},
		},
		"several": {
			setUp: func(w *acctest.World) {
				w.Sim.Deny("admin", "iam:GetAccessKeyLastUsed")
				w.Sim.AddFault(iamsim.Fault{Action: "ListAccessKeys", Nth: 1, Times: 1, Kind: iamsim.Empty200})
			},
			arguments: `users = ["user-01", "user-02", "ghost"]`,
			summary:   "Access keys of 3 IAM users can't be read",
			detail:    []string{"iam:GetAccessKeyLastUsed is denied on: ", "There is no result"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			w.Sim.AddUsers(manyUsers()[:13]...)
			w.Sim.AddUsers(seed("empty"))
			test.setUp(w)
			c := w.CLI(t)
			c.Write("main.tf", keysConfig(w, test.arguments))
			c.Plan()
			c.Want(1)
			wantOneError(t, c, auditAddress, test.summary, test.detail...)
		})
	}
}

// reportHas gives the account reports with these rows.
func reportHas(rows ...string) func(w *acctest.World) {
	return func(w *acctest.World) {
		w.Sim.SetCredentialReports(iamsim.CredentialReports{Content: []byte(reportRows(rows...))})
	}
}

// TestAccAccessKeys_fallback is about reports that can't be used: all users are listed, and the result is the same.
func TestAccAccessKeys_fallback(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setUp func(w *acctest.World)
		// reason is listing_reason, and warning is a part of the detail of a warning, if there is one.
		reason, warning string
	}{
		"generation denied": {
			setUp:  func(w *acctest.World) { w.Sim.Deny("admin", "iam:GenerateCredentialReport") },
			reason: "iam:GenerateCredentialReport is denied",
		},
		"denied": {
			setUp:  func(w *acctest.World) { w.Sim.Deny("admin", "iam:GetCredentialReport") },
			reason: "iam:GetCredentialReport is denied",
		},
		"never completes": {
			setUp:   func(w *acctest.World) { w.Sim.SetCredentialReports(iamsim.CredentialReports{Pending: -1}) },
			reason:  "the credential report can't be read",
			warning: "ReportInProgress",
		},
		"header cut off": {
			setUp:   reportHas("user,arn,user_crea"),
			reason:  "the credential report can't be read",
			warning: "the header lacks user_creation_time",
		},
		"row cut off": {
			setUp:   reportHas(reportHeader, reportRoot, reportCat, reportAnn[:150]),
			reason:  "the credential report can't be read",
			warning: "line 4: more or fewer fields than the header",
		},
		"row doubled": {
			setUp:   reportHas(reportHeader, reportRoot, reportCat, reportBob, reportCat),
			reason:  "the credential report can't be read",
			warning: `line 5: user "cat" has a row in line 3, too`,
		},
		"row missing": {
			setUp:   reportHas(reportHeader, reportCat),
			reason:  "the credential report can't be read",
			warning: "the report has no row for the root user",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := acctest.NewStory(t).SkipWaits()
			s.Sim.AddUsers(manyUsers()[:5]...)
			s.Sim.AddUsers(seed("ann", keyOf(300, 45)))
			test.setUp(s.World)
			s.CLI.Write("main.tf", keysConfig(s.World, `unused_for = "45d"`))
			s.CLI.Apply()
			s.CLI.Want(0)
			switch {
			case test.warning != "":
				wantOneWarning(t, s.CLI, auditAddress, "Credential report was not used", test.warning,
					"All users were listed instead: the result is whole")
			case len(s.CLI.Diagnostics()) != 0:
				t.Errorf("diagnostics %+v", s.CLI.Diagnostics())
			}
			values := dataAttributes(t, s.CLI, auditAddress)
			if got := usersOfKeys(t, s.CLI); got != "ann" || values["method"] != "listing" || values["listing_reason"] != test.reason ||
				values["report_generated_at"] != nil || values["report_age"] != nil {
				t.Errorf("found keys of %q, %v", got, values)
			}
		})
	}
}

// TestAccAccessKeys_deletedMeanwhile deletes and renames users while the audit is under way.
func TestAccAccessKeys_deletedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments string
		change    func(w *acctest.World)
		want      string
	}{
		"deleted, by listing": {`status = "Active"`, func(w *acctest.World) { w.Sim.DeleteUser("ann") }, "bob admin"},
		"deleted, by report":  {`unused_for = "45d"`, func(w *acctest.World) { w.Sim.DeleteUser("ann") }, "bob"},
		"renamed, by listing": {`status = "Active"`, func(w *acctest.World) { w.Sim.RenameUser("ann", "zoe") }, "bob zoe admin"},
		"renamed, by report":  {`unused_for = "45d"`, func(w *acctest.World) { w.Sim.RenameUser("ann", "zoe") }, "bob zoe"},
		"its key deleted": {
			`unused_for = "45d"`, func(w *acctest.World) { w.Sim.DeleteAccessKey(w.Sim.Keys("ann")[0].ID) }, "bob",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := acctest.New(t)
			ids := w.Sim.AddUsers(seed("ann", keyOf(300, 45)), seed("bob", keyOf(300, 45)))
			c := w.CLI(t)
			c.Write("main.tf", keysConfig(w, test.arguments))
			action, done := "ListAccessKeys", make(chan struct{}, 1)
			if strings.Contains(name, "key") {
				action = "GetAccessKeyLastUsed"
			}
			w.Sim.OnCall(func(call iamsim.Call) {
				if call.Action != action || call.User != "ann" && call.KeyID != ids[0] {
					return
				}
				select {
				case done <- struct{}{}:
					test.change(w)
				default:
				}
			})
			c.Apply()
			c.Want(0)
			if got := usersOfKeys(t, c); got != test.want {
				t.Errorf("found keys of %q, want %q", got, test.want)
			}
			if len(done) != 1 {
				t.Error("nothing was changed")
			}
		})
	}
}

func TestAccAccessKeys_badConfiguration(t *testing.T) {
	t.Parallel()
	w := acctest.New(t)
	c := w.CLI(t)
	for _, test := range []struct {
		arguments, summary string
		detail             []string
	}{
		{"users = [\"ann\"]\npath_prefix = \"/x/\"", "Both users and path_prefix are set", []string{"Remove path_prefix"}},
		{`users = ["a n n"]`, "Invalid Attribute Value Match", []string{"must be the name of an IAM user", "a n n"}},
		{`users = [null]`, "Null Set Value", []string{"contains a null value"}},
		{`include = [null]`, "Null Set Value", []string{"contains a null value"}},
		{`path_prefix = "service/"`, "Invalid Attribute Value Match", []string{"must be the beginning of a path", "/service/"}},
		{`status = "active"`, "Invalid Attribute Value Match", []string{`"Active" "Inactive"`}},
		{`older_than = "90"`, `Invalid duration in older_than: "90"`, []string{"such as 90d"}},
		{`unused_for = "0d"`, `Duration of zero in unused_for: "0d"`, []string{"longer than zero"}},
		{`include = ["tags"]`, "Invalid Attribute Value Match", []string{`"descriptions" "service_specific_credentials"`}},
	} {
		c.Write("main.tf", keysConfig(w, test.arguments))
		w.ResetCalls()
		c.Plan()
		c.Want(1)
		wantOneError(t, c, auditAddress, test.summary, test.detail...)
		if got := w.CallList(); len(got) != 0 {
			t.Errorf("%s: calls %q", test.arguments, got)
		}
	}
}
