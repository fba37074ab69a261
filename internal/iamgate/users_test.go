package iamgate_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestUserByID(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{PageSize: 2})
	for i := range 5 {
		sim.CreateUser(fmt.Sprintf("user%d", i))
	}
	created, _ := sim.User(userName)
	g, _ := newGateway(t, sim)

	// admin, ci | user0, user1 | user2, user3 | user4
	for _, test := range []struct {
		name, id, want string
		pages          int
	}{
		{"on the first page", created.ID, userName, 1},
		{"on the last page", userID(t, sim, "user4"), "user4", 4},
		{"nowhere", "AIDANONEXISTENT", "", 4},
	} {
		sim.ResetLog()
		user, found, err := g.UserByID(t.Context(), test.id)
		noError(t, err)
		if found != (test.want != "") || user.Name != test.want {
			t.Errorf("%s: got %t and %+v, want %q", test.name, found, user, test.want)
		}
		wantCalls(t, sim, repeat("ListUsers", test.pages)...)
	}

	sim.RenameUser(userName, "zoe")
	user, found, err := g.UserByID(t.Context(), created.ID)
	noError(t, err)
	if !found || user.Name != "zoe" || user.ID != created.ID || user.ARN != "arn:aws:iam::123456789012:user/zoe" ||
		user.Path != "/" || user.AccountID != "123456789012" || !user.CreatedAt.Equal(day0) || user.Tags == nil || len(user.Tags) != 0 {
		t.Errorf("renamed: got %t and %+v", found, user)
	}

	// A user that was created again has another unique id.
	sim.DeleteUser("zoe")
	sim.CreateUser(userName)
	_, found, err = g.UserByID(t.Context(), created.ID)
	noError(t, err)
	if found {
		t.Error("found a deleted user")
	}

	sim.Deny("admin", "iam:ListUsers")
	_, _, err = g.UserByID(t.Context(), created.ID)
	if failure := wantError(t, err, iamgate.KindAccessDenied); failure.Action != "iam:ListUsers" || failure.Resource != created.ID {
		t.Errorf("got %+v", *failure)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{PageSize: 2})
	for _, name := range []string{"ann", "bob", "eve"} {
		sim.AddUsers(iamsim.SeedUser{Name: name, Path: "/staff/", CreatedAt: day0})
	}
	sim.AddUsers(iamsim.SeedUser{Name: "dan", Path: "/staffing/", CreatedAt: day0})
	g, _ := newGateway(t, sim)
	names := func(pathPrefix string, limit int) (names []string) {
		t.Helper()
		sim.ResetLog()
		for user, err := range g.Users(t.Context(), pathPrefix) {
			noError(t, err)
			if len(names) == limit {
				break
			}
			names = append(names, user.Path+user.Name)
		}
		return names
	}
	for _, test := range []struct {
		pathPrefix string
		want       []string
		pages      int
	}{
		{"/", []string{"/admin", "/staff/ann", "/staff/bob", "/ci", "/staffing/dan", "/staff/eve"}, 3},
		{"/staff/", []string{"/staff/ann", "/staff/bob", "/staff/eve"}, 2},
		{"/nobody/", nil, 1},
	} {
		if got := names(test.pathPrefix, -1); !slices.Equal(got, test.want) {
			t.Errorf("below %s: got %q, want %q", test.pathPrefix, got, test.want)
		}
		wantCalls(t, sim, repeat("ListUsers", test.pages)...)
	}
	if got := names("/", 1); len(got) != 1 {
		t.Errorf("got %q", got)
	}
	wantCalls(t, sim, "ListUsers")

	sim.AddFault(iamsim.Fault{Action: "ListUsers", Nth: 2, Kind: iamsim.Denied})
	sim.ResetLog()
	var got []string
	var failure error
	for user, err := range g.Users(t.Context(), "/staff/") {
		if err != nil {
			failure = err
			continue
		}
		got = append(got, user.Name)
	}
	if e := wantError(t, failure, iamgate.KindAccessDenied); e.Action != "iam:ListUsers" || e.Resource != "/staff/" || len(got) != 2 {
		t.Errorf("got %+v after %q", *e, got)
	}
}

func userID(t *testing.T, sim *iamsim.Server, name string) string {
	t.Helper()
	user, ok := sim.User(name)
	if !ok {
		t.Fatalf("no user %s", name)
	}
	return user.ID
}

// A list that ends before its last page must not be taken for the absence of what it lacks.
func TestLists_cutShort(t *testing.T) {
	t.Parallel()
	const member = `<member><UserName>ann</UserName><UserId>AIDA2</UserId><Arn>arn:aws:iam::123456789012:user/ann</Arn>` +
		`<Path>/</Path><AccessKeyId>AKIA2</AccessKeyId><Status>Active</Status><CreateDate>2026-11-01T12:00:00Z</CreateDate></member>`
	for name, end := range map[string]string{
		"no marker":         `<IsTruncated>true</IsTruncated>`,
		"the marker before": `<IsTruncated>true</IsTruncated><Marker>m</Marker>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", `<R><ListUsersResult><Users>`+member+`</Users>`+end+`</ListUsersResult>`+
					`<ListAccessKeysResult><AccessKeyMetadata>`+member+`</AccessKeyMetadata>`+end+`</ListAccessKeysResult></R>`), nil
			})
			_, _, err := g.UserByID(t.Context(), "AIDA1")
			wantKind(t, err, iamgate.KindBadAnswer)
			_, err = g.ListAccessKeys(t.Context(), userName)
			wantKind(t, err, iamgate.KindBadAnswer)
		})
	}
}

func TestTagUser_concurrentModification(t *testing.T) {
	t.Parallel()
	for action, call := range map[string]func(context.Context, *iamgate.Gateway) error{
		"TagUser": func(ctx context.Context, g *iamgate.Gateway) error {
			return g.TagUser(ctx, userName, "AKIA1", "deployer")
		},
		"UntagUser": func(ctx context.Context, g *iamgate.Gateway) error { return g.UntagUser(ctx, userName, "AKIA1") },
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			g, clock := newGateway(t, sim)
			sim.AddFault(iamsim.Fault{Action: action, Nth: 1, Times: 3, Kind: iamsim.ConcurrentModification})
			noError(t, call(t.Context(), g))
			wantCalls(t, sim, repeat(action, 4)...)
			if slept := clock.total(); slept < 300*time.Millisecond || slept > 10*time.Second {
				t.Errorf("slept %v between four calls", slept)
			}
			user, _ := sim.User(userName)
			if tagged := user.Tags["AKIA1"] == "deployer"; tagged != (action == "TagUser") {
				t.Errorf("tags %v", user.Tags)
			}

			sim.AddFault(iamsim.Fault{Action: action, Kind: iamsim.ConcurrentModification})
			failure := wantError(t, call(t.Context(), g), iamgate.KindOther)
			if failure.Action != "iam:"+action || failure.Code != "ConcurrentModification" || failure.HTTPStatus != http.StatusConflict {
				t.Errorf("got %+v", *failure)
			}
			if !iamgate.IsRefused(failure) {
				t.Error("the call may have changed something")
			}
		})
	}
}

// The longest wait for other changes of the user is bounded, and a canceled context ends it.
func TestTagUser_concurrentModificationEnds(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, clock := newGateway(t, sim)
	sim.AddFault(iamsim.Fault{Action: "TagUser", Kind: iamsim.ConcurrentModification})
	wantKind(t, g.TagUser(t.Context(), userName, "AKIA1", "deployer"), iamgate.KindOther)
	if slept := clock.total(); slept != 30*time.Second {
		t.Errorf("slept %v, want 30s", slept)
	}

	ctx, cancel := context.WithCancel(t.Context())
	clock.onSleep = func(time.Duration) { cancel() }
	sim.ResetLog()
	wantKind(t, g.TagUser(ctx, userName, "AKIA1", "deployer"), iamgate.KindCanceled)
	wantCalls(t, sim, "TagUser")

	// Other refusals are final.
	sim.ClearFaults()
	sim.Deny("*", "iam:TagUser")
	sim.ResetLog()
	wantKind(t, g.TagUser(t.Context(), userName, "AKIA1", "deployer"), iamgate.KindAccessDenied)
	wantCalls(t, sim, "TagUser")
}
