package main

import (
	"bytes"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestMain lets the test binary be the deploy command, as the demo's own binary is.
func TestMain(m *testing.M) {
	if os.Getenv(consumerFileVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestTell(t *testing.T) {
	t.Parallel()
	with, err := prepare(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("story", func(t *testing.T) {
		t.Parallel()
		var out bytes.Buffer
		if err := tell(t.Context(), &out, with, story); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		checkOutput(t, out.String())
	})

	first := story[0]
	for _, tc := range []struct {
		name   string
		change func(*step)
		want   string
	}{
		{"another exit code", func(s *step) { s.exitCode = 0 }, "terraform plan: exit code 2, want 0"},
		{"another status", func(s *step) { s.keys = []string{"1 Inactive"} }, `user ci has keys ["1 Active"], want ["1 Inactive"]`},
		{"no warning", func(s *step) { s.warning = "a warning" }, `warnings [], want those with "a warning"`},
		{"a handover", func(s *step) { s.handover = false }, "the consumer was given 1 keys, want 0"},
		{"no old key", func(s *step) { s.oldWorks = true }, "during the handover: old key worked: false, want true"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			other := first
			tc.change(&other)
			err := tell(t.Context(), &bytes.Buffer{}, with, []step{other})
			if err == nil || !strings.HasPrefix(err.Error(), "day 0 differs from the story: ") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func checkOutput(t *testing.T, out string) {
	t.Helper()
	for _, want := range []string{
		"Day 90: key 1 is as old as rotate_after: rotation",
		"inside this apply the consumer tried keys 1 and 2, and both worked",
		"require_unused_for keeps it until 2026-04-08",
		"inside this apply key 2 was refused already, and key 3 worked",
		"signed a call with each of the 3 keys: all refused",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("the demo does not print %q", want)
		}
	}
	for line := range strings.Lines(intro + out) {
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
