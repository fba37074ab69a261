package longrun_test

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

// TestMain removes the AWS settings of the machine from the environment. The tests allocate much and keep little, so that a
// rarer garbage collection saves time.
func TestMain(m *testing.M) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "AWS_") {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	debug.SetGCPercent(400)
	for name, value := range map[string]string{"rapid.shrinktime": "2m", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
