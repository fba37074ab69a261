package iamgate_test

import (
	"net/http"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// A user that is not in an answer which lacks something is not proved to be absent.
func TestUserByID_badAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty":    "",
		"no users": `<ListUsersResponse><ListUsersResult></ListUsersResult></ListUsersResponse>`,
		"no unique id": `<ListUsersResponse><ListUsersResult><Users><member><UserName>ci</UserName><Path>/</Path>` +
			`<Arn>arn:aws:iam::123456789012:user/ci</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member></Users>` +
			`</ListUsersResult></ListUsersResponse>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", body), nil
			})
			_, ok, err := g.UserByID(t.Context(), "AIDA1")
			if wantKind(t, err, iamgate.KindBadAnswer); ok {
				t.Error("a user was found")
			}
		})
	}
}

func TestIdentityOf(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{AccountID: "210987654321"})
	g, clock := newGateway(t, sim)
	key := sim.CreateAccessKey(userName)
	sim.RenameUser(userName, "web")
	user, _ := sim.User("web")
	// Nothing but the key itself can ask.
	sim.Deny("*", "*")

	identity, err := g.IdentityOf(t.Context(), key.AccessKeyID, key.Secret)
	noError(t, err)
	if want := (iamgate.Identity{AccountID: "210987654321", ARN: user.ARN, UserID: user.ID}); identity != want {
		t.Errorf("got %+v, want %+v", identity, want)
	}
	if used := sim.Keys("web")[0]; used.LastUsedService != "sts" {
		t.Errorf("the key was last used by %q, want sts", used.LastUsedService)
	}

	sim.SetStatus(key.AccessKeyID, "Inactive")
	sim.ResetLog()
	_, err = g.IdentityOf(t.Context(), key.AccessKeyID, key.Secret)
	if failure := wantError(t, err, iamgate.KindInvalidCredentials); !iamgate.IsUnknownKey(failure) || failure.Resource != key.AccessKeyID {
		t.Errorf("Inactive: got %v", failure)
	}
	_, err = g.IdentityOf(t.Context(), "AKIANONEXISTENT00000", secret.New("not-a-secret"))
	if !iamgate.IsUnknownKey(err) {
		t.Errorf("no such key: got %v", err)
	}
	sim.SetStatus(key.AccessKeyID, "Active")
	_, err = g.IdentityOf(t.Context(), key.AccessKeyID, secret.New("not-a-secret"))
	if failure := wantError(t, err, iamgate.KindInvalidCredentials); iamgate.IsUnknownKey(failure) {
		t.Errorf("wrong secret: got %v", failure)
	}
	wantCalls(t, sim, whoami, whoami, whoami)
	if clock.total() != 0 {
		t.Errorf("slept %v for a key that does not work", clock.total())
	}
}
