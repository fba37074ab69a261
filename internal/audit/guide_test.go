package audit_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// today is when the accounts of the tests below are audited, an hour after their report.
var today = start.Add(365 * day)

// ago returns the time that long before today.
func ago(d time.Duration) time.Time { return today.Add(-d) }

const (
	report   = "GetCredentialReport"
	list     = "ListAccessKeys"
	lastUsed = "GetAccessKeyLastUsed"
	users    = "ListUsers"
	count    = "GetAccountSummary"
)

var (
	unused45 = audit.Query{UnusedFor: 45 * day}
	older90  = audit.Query{OlderThan: 90 * day}
	trusting = audit.Query{OlderThan: 90 * day, TrustReport: true}
)

// reported is an account after setUp, with a report of an hour ago. Then since happens.
func reported(setUp, since func(a *account)) *account {
	a := newAccount()
	a.now = today.Add(-time.Hour)
	setUp(a)
	a.snapshot(0, a.now)
	a.now = today
	if since != nil {
		since(a)
	}
	return a
}

// old adds a user of 300 days, with a key that is as old for each of the last uses. A zero use is none.
func (a *account) old(name string, uses ...time.Time) *user {
	u := a.addUser(name, "/", ago(300*day))
	for _, use := range uses {
		k := a.addKey(u, ago(300*day))
		if !use.IsZero() {
			k.uses = []time.Time{use}
		}
	}
	return u
}

// TestRun_guide is about the calls that the report saves, and about those that it may not save.
func TestRun_guide(t *testing.T) {
	t.Parallel()
	idle, busy, never := ago(100*day), ago(5*day), time.Time{}
	for name, tc := range map[string]struct {
		setUp, since func(a *account)
		query        audit.Query
		// want are the users of the keys that are found, in their order.
		want  string
		calls map[string]int
	}{
		"an unused key is confirmed": {
			setUp: func(a *account) { a.old("a", idle); a.old("b", busy); a.old("c", never); a.old("d") },
			query: unused45, want: "a c", calls: map[string]int{report: 1, count: 1, list: 2, lastUsed: 2},
		},
		"it was used since the report": {
			setUp: func(a *account) { a.old("a", idle) },
			since: func(a *account) { k := a.user("a").keys[0]; k.uses = append(k.uses, ago(time.Minute)) },
			query: unused45, calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"of two keys only the unused one is asked for": {
			setUp: func(a *account) {
				a.addKey(a.old("a", idle), ago(200*day), busy)
				a.addKey(a.old("b", busy), ago(200*day), idle)
			},
			query: unused45, want: "a b", calls: map[string]int{report: 1, count: 1, list: 2, lastUsed: 2},
		},
		"both are, where it is not clear which one is in use": {
			setUp: func(a *account) {
				u := a.old("a", idle)
				a.addKey(u, ago(200*day), busy)
				u.keys[0].setStatus("Inactive", ago(20*day))
			},
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 2},
		},
		"a key that is younger than the window is not asked for": {
			setUp: func(a *account) { a.addKey(a.old("a", idle), ago(10*day)) },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"a second key since the report": {
			setUp: func(a *account) { a.old("a", idle) },
			since: func(a *account) { a.addKey(a.user("a"), ago(time.Minute)) },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"an old key": {
			setUp: func(a *account) {
				a.old("a", busy)
				a.addKey(a.addUser("b", "/", ago(300*day)), ago(10*day))
				a.addKey(a.addUser("c", "/", ago(10*day)), ago(10*day))
			},
			// The key of b may be an old one whose status was changed, but that of c is not older than its user.
			query: older90, want: "a", calls: map[string]int{report: 1, count: 1, list: 2, lastUsed: 1},
		},
		"an old key, with trust": {
			setUp: func(a *account) {
				a.old("a", busy)
				a.addKey(a.addUser("b", "/", ago(300*day)), ago(10*day))
			},
			query: trusting, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"its status was changed": {
			setUp: func(a *account) {
				k := a.old("a", busy).keys[0]
				k.setStatus("Inactive", ago(20*day))
				k.setStatus("Active", ago(10*day))
			},
			query: older90, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"its status was changed, with trust": {
			setUp: func(a *account) { a.old("a", busy).keys[0].setStatus("Inactive", ago(20*day)) },
			query: trusting, calls: map[string]int{report: 1, count: 1},
		},
		"reactivated since the report": {
			setUp: func(a *account) { a.old("a", busy).keys[0].setStatus("Inactive", ago(100*day)) },
			since: func(a *account) { a.user("a").keys[0].setStatus("Active", ago(time.Minute)) },
			query: audit.Query{OlderThan: 90 * day, Status: "Active"}, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"another status": {
			setUp: func(a *account) { a.old("a", busy) },
			query: audit.Query{OlderThan: 90 * day, Status: "Inactive"}, calls: map[string]int{report: 1, count: 1, list: 1},
		},
		"both filters": {
			setUp: func(a *account) { a.old("a", busy); a.old("b", idle); a.addKey(a.old("c"), ago(80*day), ago(70*day)) },
			query: audit.Query{OlderThan: 90 * day, UnusedFor: 45 * day}, want: "b",
			calls: map[string]int{report: 1, count: 1, list: 2, lastUsed: 1},
		},
		"more keys than the report has room for": {
			setUp: func(a *account) {
				a.addKey(a.old("a", busy, busy), ago(200*day), idle)
				a.addKey(a.addUser("b", "/", ago(300*day)), ago(10*day))
			},
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, list: 2, lastUsed: 3},
		},
		"renamed since the report": {
			setUp: func(a *account) { a.old("a", idle); a.old("b", busy); a.old("c", busy) },
			since: func(a *account) { a.user("a").name = "z"; a.user("b").name = "y" },
			// Nothing shows which of y and z was a, but c is still c.
			query: unused45, want: "z", calls: map[string]int{report: 1, count: 1, list: 3, users: 1, lastUsed: 2},
		},
		"deleted since the report": {
			setUp: func(a *account) { a.old("a", idle); a.old("b", idle) },
			since: func(a *account) { a.deleteUser(a.user("a")) },
			query: unused45, want: "b", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"the name is that of a new user": {
			setUp: func(a *account) { a.old("a", idle) },
			since: func(a *account) {
				a.user("a").name = "z"
				a.addKey(a.addUser("a", "/", ago(time.Minute)), ago(time.Minute))
			},
			query: unused45, want: "z", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"the name is that of another old user, as its keys show": {
			setUp: func(a *account) { a.old("a", idle); a.addKey(a.addUser("b", "/", ago(200*day)), ago(60*day), busy) },
			since: func(a *account) { a.user("a").name = "z"; a.user("b").name = "a"; a.user("z").name = "b" },
			query: unused45, want: "b", calls: map[string]int{report: 1, count: 1, list: 3, users: 1, lastUsed: 3},
		},
		"all keys of an unused user deleted": {
			setUp: func(a *account) { a.old("a", idle) },
			since: func(a *account) { a.user("a").keys = nil },
			query: unused45, calls: map[string]int{report: 1, count: 1, list: 1, users: 1},
		},
		"below a path": {
			setUp: func(a *account) { a.old("a", idle); a.old("b", idle).path = "/x/"; a.old("c", busy).path = "/x/y/" },
			query: audit.Query{UnusedFor: 45 * day, PathPrefix: "/x/"}, want: "b",
			calls: map[string]int{users: 1, report: 1, list: 1, lastUsed: 1},
		},
		"below a path, its keys deleted": {
			setUp: func(a *account) { a.old("a", idle).path = "/x/" },
			since: func(a *account) { a.user("a").keys = nil },
			query: audit.Query{UnusedFor: 45 * day, PathPrefix: "/x/"}, calls: map[string]int{users: 1, report: 1, list: 1},
		},
		"moved below a path since the report": {
			setUp: func(a *account) { a.old("a", idle); a.old("b", idle).path = "/x/" },
			since: func(a *account) { a.user("a").path, a.user("b").path = "/x/", "/" },
			query: audit.Query{UnusedFor: 45 * day, PathPrefix: "/x/"}, want: "a",
			calls: map[string]int{users: 1, report: 1, list: 1, lastUsed: 1},
		},
		"a window within four hours": {
			setUp: func(a *account) { a.old("a", idle) },
			query: audit.Query{UnusedFor: 4 * time.Hour}, want: "a", calls: map[string]int{users: 1, list: 1, lastUsed: 1},
		},
		"a window that is not longer than the report's age and four hours": {
			setUp: func(a *account) { a.old("a", idle) },
			query: audit.Query{UnusedFor: 5 * time.Hour}, want: "a", calls: map[string]int{users: 1, report: 1, list: 1, lastUsed: 1},
		},
		"a window that is a second longer": {
			setUp: func(a *account) { a.old("a", idle) },
			query: audit.Query{UnusedFor: 5*time.Hour + time.Second}, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"no window": {
			setUp: func(a *account) { a.old("a", idle, busy); a.old("b") },
			query: audit.Query{Status: "Active"}, want: "a a", calls: map[string]int{users: 1, list: 2, lastUsed: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(tc.setUp, tc.since)
			result, err := audit.Run(t.Context(), a, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := userNames(result); got != tc.want {
				t.Errorf("found keys of %q, want %q", got, tc.want)
			}
			a.wantCalls(t, tc.calls)
			if guided := tc.calls[count] == 1; guided && result.Method != audit.ByReport {
				t.Errorf("method %s", result.Method)
			}
		})
	}
}

// userNames are the users of the keys of a result, in their order.
func userNames(result audit.Result) string {
	var names []string
	for _, k := range result.Keys {
		names = append(names, k.UserName)
	}
	return strings.Join(names, " ")
}

func (a *account) wantCalls(t *testing.T, want map[string]int) {
	t.Helper()
	if fmt.Sprint(a.calls) != fmt.Sprint(want) {
		t.Errorf("calls %v, want %v", a.calls, want)
	}
}

// TestRun_boundaries checks that a key which is exactly as old, or unused for exactly as long, passes.
func TestRun_boundaries(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]audit.Query{"older": older90, "older, with trust": trusting, "never used": {UnusedFor: 90 * day}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tc := range []struct {
				created time.Time
				want    string
			}{{ago(90*day - time.Second), ""}, {ago(90 * day), "a"}, {ago(90*day + time.Second), "a"}} {
				// The user is as old as the key.
				a := reported(func(a *account) { a.addKey(a.addUser("a", "/", tc.created), tc.created) }, nil)
				result, err := audit.Run(t.Context(), a, q)
				if got := userNames(result); err != nil || got != tc.want {
					t.Errorf("created %s: found %q, %v, want %q", tc.created, got, err, tc.want)
				}
			}
		})
	}
	for _, tc := range []struct {
		used time.Time
		want string
	}{{ago(45*day - time.Second), ""}, {ago(45 * day), "a"}, {ago(45*day + time.Second), "a"}} {
		a := reported(func(a *account) { a.old("a", tc.used) }, nil)
		result, err := audit.Run(t.Context(), a, unused45)
		if got := userNames(result); err != nil || got != tc.want {
			t.Errorf("used %s: found %q, %v, want %q", tc.used, got, err, tc.want)
		}
	}
}

// TestRun_reasons is about why a result is not guided by the report.
func TestRun_reasons(t *testing.T) {
	t.Parallel()
	denied := failure("iam:GenerateCredentialReport", "", iamgate.KindAccessDenied)
	for name, tc := range map[string]struct {
		query     audit.Query
		reportErr error
		// cut is how many bytes of the report are missing at its end.
		cut  int
		want audit.Reason
	}{
		"guided":        {query: unused45, want: audit.NoReason},
		"no filter":     {query: audit.Query{}, want: audit.NoWindow},
		"status alone":  {query: audit.Query{Status: "Active"}, want: audit.NoWindow},
		"short":         {query: audit.Query{OlderThan: time.Hour}, want: audit.ShortWindow},
		"short by age":  {query: audit.Query{OlderThan: 5 * time.Hour}, want: audit.ShortWindow},
		"one is enough": {query: audit.Query{OlderThan: time.Hour, UnusedFor: 45 * day}, want: audit.NoReason},
		"named":         {query: audit.Query{UnusedFor: 45 * day, Users: []string{"a"}}, want: audit.NamedUsers},
		"denied":        {query: unused45, reportErr: denied, want: audit.ReportDenied},
		"broken":        {query: unused45, reportErr: errBroken, want: audit.ReportFailed},
		"cut off":       {query: unused45, cut: 10, want: audit.ReportFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(func(a *account) { a.old("a", ago(100*day)); a.old("b", ago(2*time.Hour)) }, nil)
			a.reportErr, a.report = tc.reportErr, a.report[:len(a.report)-tc.cut]
			result, err := audit.Run(t.Context(), a, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			method, listed, at := audit.ByListing, 2, time.Time{}
			switch tc.want {
			case audit.NoReason:
				method, listed, at = audit.ByReport, 1, today.Add(-time.Hour)
			case audit.NamedUsers:
				listed = 1
			case audit.NoWindow, audit.ShortWindow, audit.ReportDenied, audit.ReportFailed:
			}
			if result.Reason != tc.want || result.Method != method || result.UsersListed != listed || !result.ReportedAt.Equal(at) {
				t.Errorf("got %+v, want reason %d and %d users", result, tc.want, listed)
			}
			if broken := tc.want == audit.ReportFailed || tc.want == audit.ReportDenied; (result.ReportErr != nil) != broken ||
				!errors.Is(result.ReportErr, tc.reportErr) && tc.reportErr != nil {
				t.Errorf("error of the report: %v", result.ReportErr)
			}
			if !slices.ContainsFunc(result.Keys, func(k audit.Key) bool { return k.UserName == "a" }) && tc.query.OlderThan < day {
				t.Errorf("keys %+v lack that of a", result.Keys)
			}
		})
	}
}
