package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// present is an account of today without a report.
func present() *account {
	a := newAccount()
	a.now, a.reportErr = today, errBroken
	return a
}

func TestRun_result(t *testing.T) {
	t.Parallel()
	a := present()
	bob := a.addUser("bob", "/staff/", ago(300*day))
	inactive := a.addKey(bob, ago(250*day))
	inactive.setStatus("Inactive", ago(day))
	a.addKey(bob, ago(10*day), ago(30*time.Hour))
	eve := a.addUser("Eve", "/", ago(300*day))
	a.addKey(eve, ago(100*day))
	a.addUser("nobody", "/", ago(300*day))
	ann := a.addUser("ann", "/", ago(300*day))
	a.addKey(ann, ago(100*day))
	a.addKey(ann, ago(100*day))
	inactive.uses = []time.Time{ago(200 * day)}

	result, err := audit.Run(t.Context(), a, audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	// Active before Inactive, then the oldest, then by user and id.
	var got []string
	for _, k := range result.Keys {
		age, used := int(today.Sub(k.CreatedAt)/day), k.LastUsedAt.Format("2006-01-02")
		got = append(got, fmt.Sprintln(k.UserName, k.ID, k.Status, age, k.ARN, k.Path, used))
	}
	want := []string{
		"Eve AKIA0005 Active 100 arn:aws:iam::123456789012:user/Eve / 0001-01-01\n",
		"ann AKIA0008 Active 100 arn:aws:iam::123456789012:user/ann / 0001-01-01\n",
		"ann AKIA0009 Active 100 arn:aws:iam::123456789012:user/ann / 0001-01-01\n",
		"bob AKIA0003 Active 10 arn:aws:iam::123456789012:user/staff/bob /staff/ 2026-12-30\n",
		"bob AKIA0002 Inactive 250 arn:aws:iam::123456789012:user/staff/bob /staff/ 2026-06-15\n",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !result.At.Equal(today) || result.UsersListed != 4 {
		t.Errorf("at %s, %d users", result.At, result.UsersListed)
	}
	a.wantCalls(t, map[string]int{users: 1, list: 4, lastUsed: 5})
}

func TestRun_named(t *testing.T) {
	t.Parallel()
	a := present()
	a.addKey(a.addUser("ann", "/staff/", ago(300*day)), ago(100*day))
	a.addKey(a.addUser("bob", "/", ago(300*day)), ago(10*day))
	a.addUser("eve", "/", ago(300*day))
	result, err := audit.Run(t.Context(), a, audit.Query{Users: []string{"ann", "ANN", "bob", "eve"}, OlderThan: 90 * day})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Keys) != 1 || result.Keys[0].UserName != "ann" || result.Keys[0].Path != "/staff/" ||
		result.Keys[0].ARN != "arn:aws:iam::123456789012:user/staff/ann" {
		t.Errorf("got %+v", result.Keys)
	}
	a.wantCalls(t, map[string]int{list: 3, lastUsed: 1, "GetUser": 1})

	// No user is not all users.
	a.calls = map[string]int{}
	result, err = audit.Run(t.Context(), a, audit.Query{Users: []string{}})
	if err != nil || len(result.Keys) != 0 || len(a.calls) != 0 {
		t.Errorf("got %+v, %v with calls %v", result.Keys, err, a.calls)
	}
}

func TestRun_descriptions(t *testing.T) {
	t.Parallel()
	for name, setUp := range map[string]func(a *account){
		"by report":  func(a *account) { a.snapshot(0, today); a.reportErr = nil },
		"by listing": func(*account) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := present()
			u := a.old("ann", time.Time{}, time.Time{})
			u.tags = map[string]string{u.keys[0].id: "ci deployer", "team": "x"}
			a.old("bob", ago(day))
			setUp(a)
			// What GetUser answers is newer than the report.
			u.path = "/moved/"
			result, err := audit.Run(t.Context(), a, audit.Query{UnusedFor: 45 * day, Descriptions: true})
			if err != nil || len(result.Keys) != 2 {
				t.Fatalf("got %+v, %v", result.Keys, err)
			}
			for i, want := range []string{"ci deployer", ""} {
				if k := result.Keys[i]; k.Description != want || k.Path != "/moved/" || k.ARN != u.arn() {
					t.Errorf("got %+v, want description %q", k, want)
				}
			}
			if a.calls["GetUser"] != 1 {
				t.Errorf("calls %v, want one for the tags of ann alone", a.calls)
			}
		})
	}
}

func TestRun_serviceCredentials(t *testing.T) {
	t.Parallel()
	credential := func(user, id, status string, age time.Duration) iamgate.ServiceCredential {
		return iamgate.ServiceCredential{ID: id, UserName: user, Service: "bedrock.amazonaws.com", Status: status, CreatedAt: ago(age)}
	}
	for name, tc := range map[string]struct {
		query audit.Query
		want  []string
	}{
		"all":    {audit.Query{}, []string{"2", "1", "4", "3"}},
		"old":    {audit.Query{OlderThan: 100 * day}, []string{"2", "1", "3"}},
		"active": {audit.Query{Status: "Active"}, []string{"2", "1", "4"}},
		"unused": {audit.Query{UnusedFor: 400 * day}, []string{"2", "1", "4", "3"}},
		"named":  {audit.Query{Users: []string{"ANN"}}, []string{"2", "1"}},
		"path":   {audit.Query{PathPrefix: "/staff/"}, []string{"4", "3"}},
		"path, by report": {
			audit.Query{PathPrefix: "/staff/", OlderThan: 90 * day}, []string{"3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(func(a *account) { a.old("ann"); a.old("bob").path = "/staff/" }, nil)
			a.serviceCredentials = []iamgate.ServiceCredential{
				credential("ann", "1", "Active", 100*day), credential("ann", "2", "Active", 200*day),
				credential("bob", "3", "Expired", 300*day), credential("bob", "4", "Active", 10*day),
			}
			tc.query.ServiceCredentials = true
			result, err := audit.Run(t.Context(), a, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range result.ServiceCredentials {
				got = append(got, c.ID)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if tc.query.ServiceCredentials = false; a.calls["ListServiceSpecificCredentials"] != 1 {
				t.Errorf("calls %v", a.calls)
			}
			if result, err = audit.Run(t.Context(), a, tc.query); err != nil || result.ServiceCredentials != nil {
				t.Errorf("got %+v, %v where none were wanted", result.ServiceCredentials, err)
			}
		})
	}
}

// TestRun_unread is about what cannot be read: there is no result, and the error names each user.
func TestRun_unread(t *testing.T) {
	t.Parallel()
	denied := func(user string) error { return failure("iam:ListAccessKeys", user, iamgate.KindAccessDenied) }
	for name, tc := range map[string]struct {
		setUp func(a *account)
		query audit.Query
		// want are the users in the error, with what could not be done.
		want     []string
		notTried int
	}{
		"two users": {
			setUp: func(a *account) { a.denied["u03"], a.denied["u01"] = denied("u03"), denied("u01") },
			want:  []string{"u01 iam:ListAccessKeys", "u03 iam:ListAccessKeys"},
		},
		"a last use": {
			setUp: func(a *account) { a.user("u02").keys[0].useUnknown = true },
			want:  []string{"u02 iam:GetAccessKeyLastUsed"},
		},
		"a named user that does not exist": {
			query: audit.Query{Users: []string{"u01", "ghost"}},
			want:  []string{"ghost iam:ListAccessKeys"},
		},
		"all users": {
			setUp: func(a *account) {
				for i := range 400 {
					u := a.old(fmt.Sprintf("v%03d", i))
					a.denied[u.name] = denied(u.name)
				}
			},
			want:     []string{"v000 iam:ListAccessKeys"},
			notTried: 250,
		},
		"no connection": {
			setUp: func(a *account) {
				for i := range 400 {
					u := a.old(fmt.Sprintf("v%03d", i))
					a.denied[u.name] = failure("iam:ListAccessKeys", u.name, iamgate.KindUnreachable)
				}
			},
			want:     []string{"v000 iam:ListAccessKeys"},
			notTried: 380,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := present()
			for i := range 5 {
				a.old(fmt.Sprintf("u%02d", i), ago(day))
			}
			if tc.setUp != nil {
				tc.setUp(a)
			}
			result, err := audit.Run(t.Context(), a, tc.query)
			var unread *audit.UnreadError
			if !errors.As(err, &unread) {
				t.Fatalf("got %v", err)
			}
			if len(result.Keys) != 0 || result.UsersListed != 0 {
				t.Errorf("got a result beside the error: %+v", result)
			}
			var got []string
			for _, u := range unread.Users {
				var e *iamgate.Error
				if !errors.As(u.Err, &e) {
					t.Fatalf("got %v", u.Err)
				}
				got = append(got, u.User+" "+e.Action)
			}
			if tc.notTried == 0 && !slices.Equal(got, tc.want) || got[0] != tc.want[0] || !strings.Contains(err.Error(), tc.want[0][:3]) {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
			if unread.NotTried < tc.notTried || len(unread.Users)+unread.NotTried > 400 {
				t.Errorf("%d failed, %d not tried, want at least %d", len(unread.Users), unread.NotTried, tc.notTried)
			}
		})
	}
}

// TestRun_failed is about calls that concern no single user.
func TestRun_failed(t *testing.T) {
	t.Parallel()
	for _, call := range []string{users, "ListServiceSpecificCredentials"} {
		a := present()
		a.old("a", ago(day))
		a.denied[call] = failure("iam:"+call, "", iamgate.KindAccessDenied)
		result, err := audit.Run(t.Context(), a, audit.Query{ServiceCredentials: true})
		if !errors.Is(err, a.denied[call]) || result.Keys != nil {
			t.Errorf("%s: got %+v, %v", call, result, err)
		}
	}
}

func TestRun_canceled(t *testing.T) {
	t.Parallel()
	a := present()
	a.old("a", ago(day))
	a.denied["a"] = &iamgate.Error{Action: "iam:ListAccessKeys", Kind: iamgate.KindCanceled, Err: context.Canceled}
	if _, err := audit.Run(t.Context(), a, audit.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestRun_meanwhile changes the account between two calls.
func TestRun_meanwhile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query audit.Query
		// do runs before the first call of that action for the user a.
		before string
		do     func(a *account)
		want   string
	}{
		"user deleted":             {before: list, do: func(a *account) { a.deleteUser(a.user("a")) }, want: "b"},
		"user renamed":             {before: list, do: func(a *account) { a.user("a").name = "z" }, want: "b z"},
		"user renamed, key listed": {before: lastUsed, do: func(a *account) { a.user("a").name = "z" }, want: "a b"},
		"key deleted":              {before: lastUsed, do: func(a *account) { a.user("a").keys = nil }, want: "b"},
		"user and keys deleted":    {before: lastUsed, do: func(a *account) { a.deleteUser(a.user("a")) }, want: "b"},
		"described user deleted": {
			query: audit.Query{Descriptions: true}, before: "GetUser", do: func(a *account) { a.deleteUser(a.user("a")) }, want: "b",
		},
		"described user renamed": {
			query: audit.Query{Descriptions: true}, before: "GetUser", do: func(a *account) { a.user("a").name = "z" }, want: "b z",
		},
		"by report, renamed there and back": {
			query: unused45, before: list, want: "a b",
			do: func(a *account) {
				a.user("a").name = "z"
				a.onCall = func(action, _ string) {
					if action == users {
						a.user("z").name = "a"
					}
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := reported(func(a *account) { a.old("a", ago(100*day)); a.old("b", ago(99*day)) }, nil)
			ofA := []string{"a", a.user("a").keys[0].id}
			a.onCall = func(action, resource string) {
				if action == tc.before && slices.Contains(ofA, resource) {
					a.onCall = nil
					tc.do(a)
				}
			}
			result, err := audit.Run(t.Context(), a, tc.query)
			if got := userNames(result); err != nil || got != tc.want {
				t.Errorf("found keys of %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}
