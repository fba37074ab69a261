package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
)

// buildDir is where prepared builds the provider.
var buildDir string

// prepared is what all acts of the tests share.
var prepared = sync.OnceValues(func() (tools, error) { return prepare(context.Background(), buildDir) })

// TestMain lets the test binary be the deploy command, as the demo's own binary is.
func TestMain(m *testing.M) {
	if os.Getenv(consumerFileVariable) != "" {
		main()
		return
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "iamkeys-demo-test")
	if err != nil {
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	buildDir = dir
	return m.Run()
}

func TestTell(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"demo": {
			"Day 90: key 1 is as old as rotate_after: rotation",
			"inside this apply the consumer tried keys 1 and 2, and both worked",
			"require_unused_for keeps it until 2026-04-08",
			"inside this apply key 2 was refused already, and key 3 worked",
			"signed a call with each of the 3 keys: all refused",
		},
		"demo-sealed": {
			"looked for the 1 secret issued in 5 files, and found nothing",
			"inside this apply the consumer tried keys 1 and 2, and both worked",
			"the age identity opens encrypted_secret, the secret of key 2",
			"looked for the 2 secrets issued in 6 files, and found nothing",
			"signed a call with each of the 2 keys: all refused",
		},
	}
	for _, a := range acts {
		t.Run(a.example, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			if err := tell(t.Context(), &out, with, a); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			checkOutput(t, a.intro+out.String(), want[a.example])
		})
	}
}

// TestTell_Changed proves that an act fails where what happens is not what it tells.
func TestTell_Changed(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	plain, sealed := acts[0], acts[1]
	for _, tc := range []struct {
		name string
		act  act
		// change is made to the last of that many steps.
		steps  int
		change func(*step)
		want   string
	}{
		{"another exit code", plain, 1, func(s *step) { s.exitCode = 0 }, "terraform plan: exit code 2, want 0"},
		{"another status", plain, 1, func(s *step) { s.keys = []string{"1 Inactive"} }, `user ci has keys ["1 Active"], want ["1 Inactive"]`},
		{"no warning", plain, 1, func(s *step) { s.warning = "a warning" }, `warnings [], want those with "a warning"`},
		{"a handover", plain, 1, func(s *step) { s.handover = false }, "the consumer was given 1 keys, want 0"},
		{"no old key", plain, 1, func(s *step) { s.oldWorks = true }, "during the handover: old key worked: false, want true"},
		{"a sealed handover", sealed, 1, func(s *step) { s.handover = false }, "the consumer was given 1 keys, want 0"},
		{"no sealed old key", sealed, 1, func(s *step) { s.oldWorks = true }, "during the handover: old key worked: false, want true"},
		{"a secret in a file", sealed, 2, func(s *step) {
			s.before = func(_ context.Context, d *demo) error {
				encoded := base64.StdEncoding.EncodeToString([]byte("x" + d.sim.Secret(d.seen[0]).Reveal()))
				return os.WriteFile(filepath.Join(d.tf.dir, "leak"), []byte(encoded), 0o600)
			}
		}, "a secret is in a file: leak: offset 2: the secret of key 1, base64, and 0 more"},
		{"an identity in a file", sealed, 1, func(s *step) {
			s.before = func(_ context.Context, d *demo) error {
				return os.WriteFile(filepath.Join(d.tf.dir, ".leak"), []byte(d.seal.identity.String()), 0o600)
			}
		}, "a secret is in a file: .leak: offset 0: the age identity, plain, and 0 more"},
		{"another recipient", sealed, 1, func(s *step) {
			s.before = func(_ context.Context, d *demo) (err error) {
				d.seal.identity, err = age.GenerateX25519Identity()
				return err
			}
		}, "encrypted_secret: identity did not match any of the recipients"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			changed := tc.act
			changed.story = slices.Clone(tc.act.story[:tc.steps])
			last := &changed.story[tc.steps-1]
			tc.change(last)
			prefix := fmt.Sprintf("examples/%s, day %d differs from the story: ", changed.example, last.day)
			err := tell(t.Context(), &bytes.Buffer{}, with, changed)
			if err == nil || !strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestTell_OldCLI checks that the second act says which CLI it needs.
func TestTell_OldCLI(t *testing.T) {
	t.Parallel()
	for version, old := range map[[2]int]bool{{0, 15}: true, {1, 10}: true, {1, 11}: false, {2, 0}: false} {
		if got := tooOld(version); got != old {
			t.Errorf("tooOld(%v) = %v, want %v", version, got, old)
		}
	}
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	if tooOld(with.version) {
		t.Errorf("version %v of %s", with.version, with.cli)
	}
	with.version = [2]int{1, 10}
	if err := tell(t.Context(), &bytes.Buffer{}, with, acts[1]); !errors.Is(err, errOldCLI) {
		t.Errorf("error %v, want %v", err, errOldCLI)
	}
}

func checkOutput(t *testing.T, out string, want []string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), text) {
			t.Errorf("the demo does not print %q", text)
		}
	}
	for line := range strings.Lines(out) {
		if n := len(strings.TrimRight(line, "\n")); n > width {
			t.Errorf("a line of %d characters, want at most %d: %s", n, width, line)
		}
	}
	if regexp.MustCompile(`[A-Za-z0-9/+]{40}`).MatchString(out) {
		t.Error("the demo prints something with the form of a secret")
	}
}

func TestRun_NoCLI(t *testing.T) {
	for _, name := range []string{"TF_ACC_TERRAFORM_PATH", "IAMKEYS_TERRAFORM"} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	if err := run(t.Context(), &bytes.Buffer{}); !errors.Is(err, errNoCLI) {
		t.Errorf("error %v, want %v", err, errNoCLI)
	}
	t.Setenv("IAMKEYS_TERRAFORM", "no-such-terraform")
	if _, err := findCLI(); err == nil || !strings.Contains(err.Error(), "IAMKEYS_TERRAFORM names no Terraform CLI") {
		t.Errorf("error %v, want one that names the variable", err)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	wrap(&out, "  Warning: ", strings.Repeat("seven77 ", 10))
	want := "  Warning: seven77 seven77 seven77 seven77 seven77 seven77 seven77 seven77\n" +
		"           seven77 seven77\n"
	if got := out.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
