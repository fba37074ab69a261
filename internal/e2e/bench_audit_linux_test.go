package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// mostAuditMemory is the most memory in MB that the provider may need for an account of 10,000 users.
const mostAuditMemory = 200

// auditCase is an iamkeys_access_keys, and the most requests that a plan of it may need.
type auditCase struct {
	name, arguments string
	mostCalls       int
}

// auditCases returns the cases for an account of LargeAccount as of now, in which one user in a hundred has a key to be found.
func auditCases(seeds []iamsim.SeedUser, now time.Time) []auditCase {
	users, keys, changed, found := len(seeds)+1, 1, 0, len(seeds)/100 // admin is one user more, with a key
	for _, user := range seeds {
		keys += len(user.Keys)
		if slices.ContainsFunc(user.Keys, func(k iamsim.SeedKey) bool {
			return k.CreatedAt.After(now.AddDate(0, 0, -90)) || !k.ReactivatedAt.IsZero()
		}) {
			changed++
		}
	}
	return []auditCase{
		{"unused", `unused_for = "45d"`, 10 + 2*found},
		{"old-trusted", "older_than = \"90d\"\ntrust_report = true", 10 + 2*found},
		{"old", `older_than = "90d"`, 10 + 2*found + changed},
		{"all", "", (users+999)/1000 + users + keys},
	}
}

// audit is a case in an account, with a CLI that runs a built provider as users run it.
type audit struct {
	auditCase

	*acctest.World
	*acctest.CLI

	sizes string
}

// newAudit starts the account. Built is the directory of the provider.
func newAudit(tb testing.TB, built string, users, i int) audit {
	tb.Helper()
	w := acctest.New(tb)
	seeds := iamsim.LargeAccount(users, w.Sim.Now())
	w.Sim.AddUsers(seeds...)
	a := audit{auditCases(seeds, w.Sim.Now())[i], w, w.CLI(tb), filepath.Join(tb.TempDir(), "sizes")}
	a.Write("main.tf", w.ProviderConfig()+"data \"iamkeys_access_keys\" \"test\" {\n"+a.arguments+"\n}\n")
	// The shell becomes the provider, while its child writes down the provider's size until it is gone.
	a.Setenv("TF_CLI_CONFIG_FILE", scriptedProvider(tb, fmt.Sprintf(
		"(while grep VmHWM /proc/$$/status; do sleep 0.02; done) >>'%s' 2>/dev/null &\nexec env -u GOGC '%s'\n",
		a.sizes, filepath.Join(built, providerName))))
	return a
}

// plan plans, and checks the call log.
func (a audit) plan(tb testing.TB) {
	tb.Helper()
	a.ResetCalls()
	a.Plan()
	a.Want(0)
	if calls := a.Calls(); calls == 0 || calls > a.mostCalls {
		tb.Errorf("%s: %d requests, want at most %d", a.name, calls, a.mostCalls)
	}
}

// peak returns and checks the largest resident set in MB that the provider had.
func (a audit) peak(tb testing.TB) float64 {
	tb.Helper()
	content, err := os.ReadFile(a.sizes)
	if err != nil {
		tb.Fatal(err)
	}
	peak := 0
	for line := range strings.Lines(string(content)) {
		var size int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &size); err != nil {
			tb.Fatalf("%q: %v", line, err)
		}
		peak = max(peak, size)
	}
	if peak == 0 || peak > mostAuditMemory<<10 {
		tb.Errorf("%s: the provider needed %d kB, want at most %d MB", a.name, peak, mostAuditMemory)
	}
	return float64(peak) / 1024
}

// TestAudit_scale holds the limits of an account of 1,000 users. BenchmarkAudit does for larger ones.
func TestAudit_scale(t *testing.T) {
	t.Parallel()
	built := t.TempDir()
	if err := tfcli.BuildProvider(t.Context(), built, "."); err != nil {
		t.Fatal(err)
	}
	for i, c := range auditCases(nil, time.Time{}) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAudit(t, built, 1_000, i)
			a.plan(t)
			a.peak(t)
		})
	}
}

// BenchmarkAudit plans audits of large accounts, with the CLI and the provider as users run them. It prints the requests of the last plan
// and the largest resident set of the provider, and checks them as TestAudit_scale does.
func BenchmarkAudit(b *testing.B) {
	built := b.TempDir()
	if err := tfcli.BuildProvider(b.Context(), built, "."); err != nil {
		b.Fatal(err)
	}
	for _, users := range []int{100, 1_000, 10_000} {
		for i, c := range auditCases(nil, time.Time{}) {
			b.Run(fmt.Sprintf("%s/%d", c.name, users), func(b *testing.B) {
				a := newAudit(b, built, users, i)
				for b.Loop() {
					a.plan(b)
				}
				b.ReportMetric(float64(a.Calls()), "calls/op")
				b.ReportMetric(a.peak(b), "peak-MB")
			})
		}
	}
}
