package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// buildDir is the directory in which prepared builds the provider.
var buildDir string

// prepared returns the tools that all tests share.
var prepared = sync.OnceValues(func() (tools, error) { return prepare(context.Background(), buildDir) })

// TestMain makes the test binary the deploy command, as the demo's own binary is.
func TestMain(m *testing.M) {
	if os.Getenv(consumerFileVariable) != "" {
		main()
		return
	}
	os.Exit(runTests(m))
}

func atOnce(context.Context) error { return nil }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "iamkeys-demo-test")
	if err != nil {
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	buildDir = dir
	return m.Run()
}

func TestRunPart(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"demo": {
			`Day 72: key 1 must be Inactive before day 90: rotation`,
			"inside this apply the consumer tried keys 1 and 2, and both worked",
			"inside this apply key 3 was refused already, and key 4 worked",
			"90 days: no key was Active at an age of more than 87 days.",
			"signed a call with each of the 6 keys: all refused",
		},
		"demo-monthly": {
			"Day 17: the monthly job runs for the first time Monthly job: signed a call with key 1: accepted. Key 1 is for its next run.",
			"Day 77: the monthly job runs, still with key 1 Monthly job: signed a call with key 1: accepted. Key 2 is for its next run.",
			"90 days: no key was Active at an age of more than 85 days.",
		},
		"demo-sealed": {
			"looked for the 1 secret issued in 5 files, and found nothing",
			"inside this apply the consumer tried keys 1 and 2, and both worked",
			"the age identity opens encrypted_secret, the secret of key 2",
			"looked for the 2 secrets issued in 6 files, and found nothing",
			"signed a call with each of the 2 keys: all refused",
		},
	}
	for _, p := range parts {
		t.Run(p.example, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			waited := 0
			next := func(context.Context) error { waited++; return nil }
			if err := runPart(t.Context(), &out, with, p, next); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			if waited != len(p.steps) {
				t.Errorf("waited %d times, want %d", waited, len(p.steps))
			}
			checkOutput(t, p.intro+out.String(), want[p.example])
		})
	}
}

// TestRunPart_changed checks that a part fails if its description differs from what happens.
func TestRunPart_changed(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	plain, sealed := parts[0], parts[2]
	for _, tc := range []struct {
		name string
		part part
		// steps is the number of steps that run. Change changes the last one.
		steps  int
		change func(*step)
		want   string
	}{
		{"another exit code", plain, 1, func(s *step) { s.exitCode = 0 }, "terraform plan: exit code 2, want 0"},
		{"another status", plain, 1, func(s *step) { s.keys = []string{"1 Inactive"} }, `user ci has keys ["1 Active"], want ["1 Inactive"]`},
		{"no warning", plain, 1, func(s *step) { s.warnings = []string{"a warning"} }, `warnings [], want ["a warning"]`},
		{"another plan", plain, 2, func(s *step) { s.plan = []string{"last_change: rotate"} }, `the plan shows [], want ["last_change: rotate"]`},
		{"a handover", plain, 1, func(s *step) { s.handover = false }, "the consumer was given 1 keys, want 0"},
		{"no old key", plain, 1, func(s *step) { s.oldWorks = true }, "during the handover: old key worked: false, want true"},
		{"a sealed handover", sealed, 1, func(s *step) { s.handover = false }, "the consumer was given 1 keys, want 0"},
		{"no sealed old key", sealed, 1, func(s *step) { s.oldWorks = true }, "during the handover: old key worked: false, want true"},
		{"a secret in a file", sealed, 2, func(s *step) {
			s.before = func(_ context.Context, d *demo) error {
				encoded := base64.StdEncoding.EncodeToString([]byte("x" + d.sim.Secret(d.seen[0]).Reveal()))
				return os.WriteFile(filepath.Join(d.tf.Path, "leak"), []byte(encoded), 0o600)
			}
		}, "a secret is in a file: leak: offset 2: the secret of key 1, base64, and 0 more"},
		{"an identity in a file", sealed, 1, func(s *step) {
			s.before = func(_ context.Context, d *demo) error {
				return os.WriteFile(filepath.Join(d.tf.Path, ".leak"), []byte(d.sealed.identity.String()), 0o600)
			}
		}, "a secret is in a file: .leak: offset 0: the age identity, plain, and 0 more"},
		{"another recipient", sealed, 1, func(s *step) {
			s.before = func(_ context.Context, d *demo) (err error) {
				d.sealed.identity, err = age.GenerateX25519Identity()
				return err
			}
		}, "encrypted_secret: identity did not match any of the recipients"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			changed := tc.part
			changed.steps = slices.Clone(tc.part.steps[:tc.steps])
			last := &changed.steps[tc.steps-1]
			tc.change(last)
			prefix := fmt.Sprintf("examples/%s, day %d is not as described: ", changed.example, last.day)
			err := runPart(t.Context(), &bytes.Buffer{}, with, changed, atOnce)
			if err == nil || !strings.HasPrefix(err.Error(), prefix) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// TestRunPart_oldCLI checks that the third part names the versions of the CLI that it needs.
func TestRunPart_oldCLI(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	with.cli.Major, with.cli.Minor = 1, 10
	if err := runPart(t.Context(), &bytes.Buffer{}, with, parts[2], atOnce); !errors.Is(err, errOldCLI) {
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
		t.Error("the demo prints a text that looks like a secret")
	}
}

func TestRun_noCLI(t *testing.T) {
	for _, name := range []string{"TF_ACC_TERRAFORM_PATH", "IAMKEYS_TERRAFORM"} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	if err := run(t.Context(), &bytes.Buffer{}, atOnce); !errors.Is(err, tfcli.ErrNotFound) {
		t.Errorf("error %v, want %v", err, tfcli.ErrNotFound)
	}
}

func TestRunPart_interrupted(t *testing.T) {
	t.Parallel()
	with, err := prepared()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, _ := io.Pipe()
	if err := runPart(ctx, &bytes.Buffer{}, with, parts[0], waitForEnter(in, io.Discard)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestCheckAges(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d := &demo{out: &out, oldest: maxAge - time.Second}
	if err := d.checkAges(); err != nil || out.String() != "\n90 days: no key was Active at an age of more than 89 days.\n" {
		t.Errorf("printed %q, error %v", out.String(), err)
	}
	d.oldest = maxAge
	if err := d.checkAges(); err == nil || err.Error() != "a key was Active at the age of 90 days" {
		t.Errorf("error %v", err)
	}
}

func TestWaitForEnter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, enter := io.Pipe()
		var out bytes.Buffer
		next := waitForEnter(in, &out)
		returned := make(chan error, 1)
		go func() { returned <- next(t.Context()) }()
		synctest.Wait()
		if len(returned) > 0 {
			t.Fatalf("returned %v before Enter", <-returned)
		}
		if _, err := enter.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		if err := <-returned; err != nil {
			t.Errorf("error %v", err)
		}
		_ = enter.Close()
		if err := next(t.Context()); err != nil {
			t.Errorf("error %v at the end of the input", err)
		}
		if got, want := out.String(), strings.Repeat("\nPress Enter for the next step. ", 2); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	})
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
