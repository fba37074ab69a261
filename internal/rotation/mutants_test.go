//go:build mutants

package rotation_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mutant is a bug in the rules.
type mutant struct {
	name string
	// in is the scope in which the search finds it.
	in string
	// want is the invariant that the search must name, or the name of a test that must fail, where no invariant sees the bug.
	want  string
	edits []edit
}

// edit replaces the one place in a file that has old.
type edit struct{ file, old, new string }

func one(file, old, replacement string) []edit { return []edit{{file, old, replacement}} }

var mutants = slices.Concat(retirementMutants, rotationMutants, requestMutants)

// Each mutant must be caught by the invariant that it is meant to violate.
func TestMutants_caught(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if strings.HasPrefix(m.want, "Test") {
				out, passed := runTests(t, "^"+m.want+"$", "-overlay", m.overlay(t))
				if passed || !strings.Contains(out, "--- FAIL: "+m.want) {
					t.Errorf("%s did not fail:\n%s", m.want, out)
				}
				return
			}
			switch out, passed := runTests(t, "^TestExhaustiveSearch$/^scope$/^"+m.in+"$", "-overlay", m.overlay(t)); {
			case passed:
				t.Error("the search found nothing")
			case !strings.Contains(out, m.want+": "):
				t.Errorf("the search did not name %s:\n%s", m.want, out)
			}
		})
	}
}

// invariants are all of them.
var invariants = []string{
	consumerAuthenticates, lastActiveKeyKept, usedKeyKept, overlapKept, graceBeforeDelete, inactiveStaysInactive,
	holdRetiresNothing, atMostTwoKeys, onlyOurKeys, managedKeyNotLost, fixedPoint, editTakesNoClockStep, planEqualsApply,
	dueNeverForgotten, noNeedlessRotation, retirementFinishes, signerKept, pausedStopsClock, revokeCompletes,
	revokeConverges, revokeMakesRoom, waitNamesFuture, noNeedlessDeletion, validRecipients, sealedToRecipients, handoverKept,
	maxAgeKept, unknownProvesNothing, stepsAnnounced, pendingNeverLost, blockedIsSaid, otherResourceKept, judgeIsTimeless,
	createFirst, changesRecorded, holdReactivates, causeIsTrue, planShowsResult,
}

// An invariant that no mutant violates may be one that nothing can violate.
func TestMutants_violateEveryInvariant(t *testing.T) {
	t.Parallel()
	for _, invariant := range invariants {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.want == invariant }) {
			t.Errorf("no mutant violates %s", invariant)
		}
	}
}

// A bug in a statement that the search does not run would not be caught.
func TestMutants_searchRunsEveryStatement(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(t.TempDir(), "cover.out")
	if out, passed := runTests(t, "^TestExhaustiveSearch$", "-short", "-coverprofile", profile); !passed {
		t.Fatal(out)
	}
	b, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	statements := make(map[string]int)
	for line := range strings.Lines(string(b)) {
		place, counts, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "mode:") {
			continue
		}
		file, _, _ := strings.Cut(filepath.Base(place), ":")
		statements[file]++
		missed := slices.Contains(rules, file) && !strings.HasPrefix(counts, "0 ") && strings.HasSuffix(counts, " 0")
		if missed && !slices.Contains(unsearched, function(t, filepath.Base(place))) {
			t.Errorf("the search never runs %s", filepath.Base(place))
		}
	}
	for _, file := range rules {
		if statements[file] == 0 {
			t.Errorf("the profile has nothing about %s", file)
		}
	}
}

// rules are the files that hold them.
var rules = []string{
	"after.go", "confirm.go", "decide.go", "decision.go", "due.go", "keys.go", "observation.go", "obstacles.go", "policy.go", "record.go",
	"request.go", "retire.go", "room.go", "schedule.go",
}

// unsearched are the functions of which tables alone run some statements: those that only the provider calls, those that meet texts
// and evidence of another form, and the date of a key that never rotates by age.
var unsearched = []string{
	"(s Step) Records", "(r Request) Parts", "(e *evaluation) roomByEarlierLook", "(p Policy) MinimumInterval",
	"(p Policy) MinimumMaxAge", "(r Record) RotateAt",
}

// function returns the receiver and the name of the function at a place of a profile.
func function(t *testing.T, place string) string {
	t.Helper()
	file, position, _ := strings.Cut(place, ":")
	line, _, _ := strings.Cut(position, ".")
	n, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for _, text := range strings.Split(string(b), "\n")[:n] {
		if after, ok := strings.CutPrefix(text, "func "); ok {
			receiver, rest, _ := strings.Cut(after, ") ")
			method, _, _ := strings.Cut(rest, "(")
			name = receiver + ") " + method
		}
	}
	return name
}

// overlay returns a file for go build -overlay that replaces the mutated sources.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	tmp, sources := t.TempDir(), make(map[string]string)
	for _, e := range m.edits {
		if _, ok := sources[e.file]; !ok {
			b, err := os.ReadFile(filepath.Join(dir, e.file))
			if err != nil {
				t.Fatal(err)
			}
			sources[e.file] = string(b)
		}
		if n := strings.Count(sources[e.file], e.old); n != 1 {
			t.Fatalf("%s has %d times, want once: %s", e.file, n, e.old)
		}
		sources[e.file] = strings.Replace(sources[e.file], e.old, e.new, 1)
	}
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	// Tests that the search does not need would take most of the time of a build.
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tests {
		name := filepath.Base(file)
		if !strings.HasPrefix(m.want, "Test") && !strings.HasPrefix(name, "search_") && !strings.HasPrefix(name, "simulation_") {
			overlay.Replace[file] = ""
		}
	}
	for file, source := range sources {
		overlay.Replace[filepath.Join(dir, file)] = filepath.Join(tmp, file)
		if err := os.WriteFile(filepath.Join(tmp, file), []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runTests runs the selected tests in a process of its own, built with these flags.
func runTests(t *testing.T, selected string, flags ...string) (out string, passed bool) {
	t.Helper()
	args := append([]string{
		"test", "-vet=off", "-ldflags=-s -w", "-count=1", "-timeout=5m", "-run=" + strings.ReplaceAll(selected, " ", "_"),
	}, flags...)
	b, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput() //nolint:gosec // The flags are our own.
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(b), err == nil
}
