package e2e_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// clearOutput removes what was written so far, but for the state and the configuration.
func (l *leakStory) clearOutput() {
	l.T.Helper()
	entries, err := os.ReadDir(l.CLI.Dir)
	if err != nil {
		l.T.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "terraform.tfstate" && name != "main.tf" {
			if err := os.RemoveAll(filepath.Join(l.CLI.Dir, name)); err != nil {
				l.T.Fatal(err)
			}
		}
	}
	l.record("TRACE")
}

// leakingFiles returns the names of the files that have leaks, without the members of archives.
func (l *leakStory) leakingFiles() []string {
	l.T.Helper()
	names := map[string]bool{}
	for _, f := range l.leaks() {
		name, _, _ := strings.Cut(f.File, "!")
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// TestLeak_change encrypts what was in plain text, the secret of the previous key included. The state is clean from that
// apply on. By nature two files still hold the old one, as the warning says: the plan that was saved for the change, and
// the backup that Terraform makes of the state before.
func TestLeak_change(t *testing.T) {
	t.Parallel()
	l := newLeakStory(t, encryption{})
	l.writeKey(unusedForADay(nil))
	l.applySaved("create k1")
	l.Advance("90d")
	l.applySaved("create k2")
	l.UseKey("k2")
	l.clearOutput()

	l.encryptWith(ageEncryption(t))
	l.writeKey(unusedForADay(nil))
	l.command(2, "plan", "-detailed-exitcode", "-out="+acctest.SavedPlan)
	l.command(0, "apply", acctest.SavedPlan)
	l.WantChanges()
	l.command(0, "show")
	l.command(0, "state", "pull")
	if got, want := l.leakingFiles(), []string{acctest.SavedPlan, "terraform.tfstate.backup"}; !slices.Equal(got, want) {
		t.Errorf("leaks in %q, want %q", got, want)
	}
	for _, name := range []string{"encrypted_secret", "previous.encrypted_secret"} {
		if text := l.Value(name); !strings.HasPrefix(text, "-----BEGIN AGE ENCRYPTED FILE-----") {
			t.Errorf("%s is not encrypted", name)
		}
	}

	// The next change of the state, and the next saved plan, take the place of both.
	l.Advance("7d")
	l.applySaved("deactivate k1")
	l.show()
	l.wantNoLeaks()
	l.Destroy()
	l.wantNoLeaks()
}

// TestLeak_plain proves that the scan would find something: without encryption, secrets are in the states and plans.
func TestLeak_plain(t *testing.T) {
	t.Parallel()
	l := newLeakStory(t, encryption{})
	l.writeKey(unusedForADay(nil))
	l.applySaved("create k1")
	l.Advance("90d")
	l.applySaved("create k2")
	l.UseKey("k2")
	l.command(0, "state", "pull")
	l.Advance("7d")
	l.applySaved("deactivate k1")
	l.wantGivenKeys(2)

	var names []string
	for _, f := range l.leaks() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	if got, want := slices.Compact(names), []string{"secret 1", "secret 2"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	files := l.leakingFiles()
	for _, want := range []string{"terraform.tfstate", "terraform.tfstate.backup", acctest.SavedPlan} {
		if !slices.Contains(files, want) {
			t.Errorf("leaks in %q, and none in %s", files, want)
		}
	}
	if slices.Contains(files, traceLog) {
		t.Error("a log has a secret")
	}

	// A provider that logs the answer of CreateAccessKey, or an SMTP password, leaves lines such as these.
	log, err := os.ReadFile(filepath.Join(l.CLI.Dir, traceLog))
	if err != nil {
		t.Fatal(err)
	}
	middle := len(log)/2 + bytes.IndexByte(log[len(log)/2:], '\n') + 1
	sought := l.sought()
	scan := acctest.NewLeakScan(sought...)
	for i, s := range sought {
		planted := slices.Concat(log[:middle], []byte("[TRACE] provider: body="+s.Text.Reveal()+"\n"), log[middle:])
		found, err := scan.Reader(traceLog, bytes.NewReader(planted))
		if err != nil || len(found) != 1 || found[0].Name != s.Name {
			t.Errorf("planted %d, found %v, error %v", i, found, err)
		}
	}
}
