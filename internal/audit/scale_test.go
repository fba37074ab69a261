package audit_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/awsclient"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// largeSim starts a simulator of an account with that many users beside admin, and returns a gateway to it.
func largeSim(tb testing.TB, users int) (*iamsim.Server, *iamgate.Gateway, []iamsim.SeedUser) {
	tb.Helper()
	sim, err := iamsim.Start(iamsim.Options{Start: today})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := sim.Close(); err != nil {
			tb.Error(err)
		}
	})
	seeds := iamsim.LargeAccount(users, today)
	sim.AddUsers(seeds...)
	root := sim.Root()
	clients, problems := awsclient.New(tb.Context(), awsclient.Settings{
		AccessKey: root.AccessKeyID, SecretKey: root.Secret, Region: "us-east-1",
		Endpoints: awsclient.Endpoints{IAM: sim.URL(), STS: sim.URL()},
	}, awsclient.Options{})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return sim, clients.Gateway, seeds
}

// callsOf counts the calls in the log of sim, by action.
func callsOf(sim *iamsim.Server) map[string]int {
	calls := map[string]int{}
	for _, call := range sim.Log() {
		calls[call.Action]++
	}
	return calls
}

// scaleCase is what a query may cost for a large account.
type scaleCase struct {
	name  string
	query audit.Query
	keys  int
	// most is the largest number of calls.
	most int
	// exact are the numbers of some calls.
	exact map[string]int
}

// scaleCases returns the queries of the acceptance of this package, for the accounts of LargeAccount, which has one user more: admin,
// whose key signs.
func scaleCases(seeds []iamsim.SeedUser) []scaleCase {
	matches := len(seeds) / 100
	var keys, changed, trapped int
	for _, u := range seeds {
		keys += len(u.Keys)
		// The keys of users who are younger than 90 days are, too.
		if u.CreatedAt.Before(ago(90*day)) && slices.ContainsFunc(u.Keys, func(k iamsim.SeedKey) bool {
			return k.CreatedAt.After(ago(90*day)) || k.ReactivatedAt.After(ago(90*day))
		}) {
			changed++
		}
		if len(u.Keys) > 0 && !u.Keys[0].ReactivatedAt.IsZero() {
			trapped++
		}
	}
	pages := (len(seeds) + 1 + 999) / 1000
	return []scaleCase{
		{"unused", unused45, matches, 10 + 2*matches, map[string]int{count: 1, users: 0, list: matches, lastUsed: matches}},
		{"old-trusted", trusting, matches - trapped, 10 + 2*matches, map[string]int{
			count: 1, users: 0, list: matches - trapped, lastUsed: matches - trapped,
		}},
		// One more list for each user whose keys changed, and no key missed.
		{"old", older90, matches, 10 + 2*matches + changed, map[string]int{
			count: 1, users: 0, list: matches - trapped + changed, lastUsed: matches,
		}},
		{"all", audit.Query{}, keys + 1, pages + len(seeds) + keys + 2, map[string]int{users: pages, list: len(seeds) + 1, lastUsed: keys + 1}},
	}
}

// run runs the query, and checks the result and the calls. It returns the number of calls.
func (c scaleCase) run(tb testing.TB, sim *iamsim.Server, gateway *iamgate.Gateway) int {
	tb.Helper()
	sim.ResetLog()
	result, err := audit.Run(tb.Context(), gateway, c.query)
	if err != nil {
		tb.Fatal(err)
	}
	sum := 0
	calls := callsOf(sim)
	for _, n := range calls {
		sum += n
	}
	if len(result.Keys) != c.keys || sum > c.most {
		tb.Errorf("%s: %d keys, want %d; %d calls, want at most %d", c.name, len(result.Keys), c.keys, sum, c.most)
	}
	for action, want := range c.exact {
		if calls[action] != want {
			tb.Errorf("%s: %d calls of %s, want %d", c.name, calls[action], action, want)
		}
	}
	return sum
}

// TestRun_scale counts the calls for large accounts, over the wire. What costs a call for each of 10,000 users is left to BenchmarkRun.
func TestRun_scale(t *testing.T) {
	t.Parallel()
	for size, most := range map[int]int{1_000: 4_000, 10_000: 1_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			sim, gateway, seeds := largeSim(t, size)
			ran := 0
			for _, c := range scaleCases(seeds) {
				if c.most < most {
					c.run(t, sim, gateway)
					ran++
				}
			}
			if ran < 2 {
				t.Errorf("%d queries", ran)
			}
		})
	}
}

// BenchmarkRun prints the time and the calls of audits over the wire, and checks them as TestRun_scale does.
func BenchmarkRun(b *testing.B) {
	for _, size := range []int{100, 1_000, 10_000} {
		sim, gateway, seeds := largeSim(b, size)
		for _, c := range scaleCases(seeds) {
			b.Run(fmt.Sprintf("%s/%d", c.name, size), func(b *testing.B) {
				calls := 0
				for b.Loop() {
					calls = c.run(b, sim, gateway)
				}
				b.ReportMetric(float64(calls), "calls/op")
			})
		}
	}
}
