package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// TestRun_rows is about users without a row in the report, and about the calls that look for them.
func TestRun_rows(t *testing.T) {
	t.Parallel()
	idle, busy := ago(100*day), ago(5*day)
	twoOfThem := func(a *account) { a.old("a", idle); a.old("b", busy) }
	denied := failure("iam:GetAccountSummary", "", iamgate.KindAccessDenied)
	for name, tc := range map[string]struct {
		since func(a *account)
		query audit.Query
		// want are the users of the keys that are found, in their order.
		want  string
		calls map[string]int
	}{
		"each user has a row": {
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, list: 1, lastUsed: 1},
		},
		"a row is missing": {
			since: func(a *account) { a.dropRow("a") },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"the row of a used key is missing": {
			since: func(a *account) { a.dropRow("b") },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 2},
		},
		"a row is missing, for older_than": {
			since: func(a *account) { a.dropRow("a") },
			query: older90, want: "a b", calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 2},
		},
		"a row is missing, with trust": {
			since: func(a *account) { a.dropRow("a") },
			query: trusting, want: "a b", calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 2},
		},
		"all rows are missing": {
			since: func(a *account) { a.dropRow("a"); a.dropRow("b") },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 2},
		},
		"a row is missing, below a path": {
			since: func(a *account) { a.dropRow("a"); a.user("a").path = "/x/" },
			query: audit.Query{UnusedFor: 45 * day, PathPrefix: "/x/"}, want: "a",
			calls: map[string]int{report: 1, users: 1, list: 1, lastUsed: 1},
		},
		"a row is missing, and a user was created": {
			since: func(a *account) { a.dropRow("a"); a.addKey(a.addUser("c", "/", ago(time.Minute)), ago(time.Minute)) },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		// A key that was never used is unused since its creation, so that one of a minute passes no filter that the report is used for.
		"a user was created": {
			since: func(a *account) { a.addKey(a.addUser("c", "/", ago(time.Minute)), ago(time.Minute)) },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"a user was created, for a filter that is just long enough": {
			since: func(a *account) { a.addKey(a.addUser("c", "/", ago(time.Hour)), ago(time.Hour)) },
			query: audit.Query{UnusedFor: 5*time.Hour + time.Second}, want: "a b",
			calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 2},
		},
		"a user was created, for a filter that it passes": {
			since: func(a *account) { a.addKey(a.addUser("c", "/", ago(time.Hour)), ago(time.Hour)) },
			query: audit.Query{UnusedFor: time.Hour}, want: "a b c", calls: map[string]int{users: 1, list: 3, lastUsed: 3},
		},
		"a user was created, and is as old as the filter": {
			since: func(a *account) { a.addKey(a.addUser("c", "/", ago(time.Hour)), ago(time.Hour)) },
			query: audit.Query{OlderThan: time.Hour}, want: "a b c", calls: map[string]int{users: 1, list: 3, lastUsed: 3},
		},
		// In the argument of guide this is what remains: nothing shows that the row of a is missing.
		"a row is missing, and a user with a used key was deleted": {
			since: func(a *account) { a.dropRow("a"); a.deleteUser(a.user("b")) },
			query: unused45, want: "", calls: map[string]int{report: 1, count: 1},
		},
		"a row is missing, and a user with an unused key was deleted": {
			since: func(a *account) {
				k := a.user("b").keys[0]
				k.uses = nil
				a.snapshot(0, a.reportedAt)
				a.dropRow("a")
				a.deleteUser(a.user("b"))
			},
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 2, lastUsed: 1},
		},
		"the number of users is denied": {
			since: func(a *account) { a.countErr = denied },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"a row is missing, and the number of users is denied": {
			since: func(a *account) { a.dropRow("a"); a.countErr = denied },
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
		"a row is missing, and AWS does not say the number of users": {
			since: func(a *account) {
				a.dropRow("a")
				a.countErr = failure("iam:GetAccountSummary", "", iamgate.KindBadAnswer)
			},
			query: unused45, want: "a", calls: map[string]int{report: 1, count: 1, users: 1, list: 1, lastUsed: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(twoOfThem, tc.since)
			result, err := audit.Run(t.Context(), a, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if got := userNames(result); got != tc.want {
				t.Errorf("found keys of %q, want %q", got, tc.want)
			}
			a.wantCalls(t, tc.calls)
			if guided := tc.calls[report] == 1; guided != (result.Method == audit.ByReport) {
				t.Errorf("method %s", result.Method)
			}
		})
	}
}

// TestRun_rowsUnlisted has neither the number of users nor a list of them.
func TestRun_rowsUnlisted(t *testing.T) {
	t.Parallel()
	for name, since := range map[string]func(a *account){
		"a row is missing":              func(a *account) { a.dropRow("a") },
		"the number of users is denied": func(a *account) { a.countErr = failure("iam:GetAccountSummary", "", iamgate.KindAccessDenied) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(func(a *account) { a.old("a", ago(100*day)); a.old("b", ago(100*day)) }, since)
			a.denied[users] = failure("iam:ListUsers", "", iamgate.KindAccessDenied)
			result, err := audit.Run(t.Context(), a, unused45)
			if !errors.Is(err, a.denied[users]) || result.Keys != nil {
				t.Errorf("got %+v, %v", result, err)
			}
			a.wantCalls(t, map[string]int{report: 1, count: 1, users: 1})
		})
	}
}
