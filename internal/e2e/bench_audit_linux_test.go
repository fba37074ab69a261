package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// mostAuditMemory is the most memory in MB that the provider may need for an account of 10,000 users.
const mostAuditMemory = 200

// BenchmarkAudit plans iamkeys_access_keys for large accounts, with the CLI and the provider as users run them. It prints the calls and
// the largest resident set of the provider.
func BenchmarkAudit(b *testing.B) {
	built := b.TempDir()
	if err := tfcli.BuildProvider(b.Context(), built, "."); err != nil {
		b.Fatal(err)
	}
	for _, users := range []int{100, 1_000, 10_000} {
		for _, bc := range []struct{ name, arguments string }{
			{"unused", `unused_for = "45d"`},
			{"old-trusted", "older_than = \"90d\"\ntrust_report = true"},
			{"old", `older_than = "90d"`},
			{"all", ""},
		} {
			b.Run(fmt.Sprintf("%s/%d", bc.name, users), func(b *testing.B) {
				w := acctest.New(b)
				w.Sim.AddUsers(iamsim.LargeAccount(users, w.Sim.Now())...)
				c := w.CLI(b)
				c.Write("main.tf", w.ProviderConfig()+"data \"iamkeys_access_keys\" \"test\" {\n"+bc.arguments+"\n}\n")
				sizes := filepath.Join(b.TempDir(), "sizes")
				// The shell becomes the provider, while its child writes down the provider's size until it is gone.
				c.Setenv("TF_CLI_CONFIG_FILE", scriptedProvider(b, fmt.Sprintf(
					"(while grep VmHWM /proc/$$/status; do sleep 0.02; done) >>'%s' 2>/dev/null &\nexec env -u GOGC '%s'\n",
					sizes, filepath.Join(built, providerName))))
				w.ResetCalls()
				for b.Loop() {
					c.Plan()
					c.Want(0)
				}
				peak := largest(b, sizes)
				b.ReportMetric(float64(w.Calls())/float64(b.N), "calls/op")
				b.ReportMetric(peak, "peak-MB")
				if peak > mostAuditMemory {
					b.Errorf("the provider needed %.0f MB, want at most %d", peak, mostAuditMemory)
				}
			})
		}
	}
}

// largest returns the largest of the sizes in a file of lines such as "VmHWM: 5156 kB", in MB.
func largest(b *testing.B, file string) float64 {
	b.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	peak := 0
	for line := range strings.Lines(string(content)) {
		var size int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &size); err != nil {
			b.Fatalf("%q: %v", line, err)
		}
		peak = max(peak, size)
	}
	return float64(peak) / 1024
}
