package iamgate_test

import (
	"net/http"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const getSummary = "GetAccountSummary"

func TestUserCount(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{CredentialReports: iamsim.CredentialReports{RootKeys: 1}})
	g, _ := newGateway(t, sim)
	want := func(want int) {
		t.Helper()
		got, err := g.UserCount(t.Context())
		noError(t, err)
		if got != want {
			t.Errorf("%d users, want %d", got, want)
		}
	}
	want(2) // admin, and not the root user
	sim.CreateUser("ann")
	want(3)
	sim.DeleteUser(userName)
	want(2)
	wantCalls(t, sim, repeat(getSummary, 3)...)
}

func TestUserCount_errors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		given func(*iamsim.Server)
		kind  iamgate.Kind
		calls int
	}{
		"denied":    {func(sim *iamsim.Server) { sim.Deny("admin", "iam:"+getSummary) }, iamgate.KindAccessDenied, 1},
		"throttled": {faultOf(iamsim.Throttled), iamgate.KindThrottled, attempts},
		"empty":     {faultOf(iamsim.Empty200), iamgate.KindBadAnswer, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{})
			test.given(sim)
			g, _ := newGateway(t, sim)
			_, err := g.UserCount(t.Context())
			if failure := wantError(t, err, test.kind); failure.Action != "iam:GetAccountSummary" || failure.Resource != "" {
				t.Errorf("got %+v", *failure)
			}
			wantCalls(t, sim, repeat(getSummary, test.calls)...)
		})
	}
}

func faultOf(kind iamsim.FaultKind) func(*iamsim.Server) {
	return func(sim *iamsim.Server) { sim.AddFault(iamsim.Fault{Action: getSummary, Kind: kind}) }
}

// An answer without the number of users is no account without users.
func TestUserCount_badAnswer(t *testing.T) {
	t.Parallel()
	for name, summary := range map[string]string{
		"no summary": "",
		"no entry":   `<SummaryMap></SummaryMap>`,
		"no users":   `<SummaryMap><entry><key>UsersQuota</key><value>5000</value></entry></SummaryMap>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusOK, "", `<R><GetAccountSummaryResult>`+summary+`</GetAccountSummaryResult></R>`), nil
			})
			_, err := g.UserCount(t.Context())
			wantKind(t, err, iamgate.KindBadAnswer)
		})
	}
}
