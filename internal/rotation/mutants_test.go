//go:build mutants

package rotation_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutant is a bug in the rules, and the invariant that the search must name.
type mutant struct {
	name  string
	edits []edit
	want  string
}

// edit replaces the one place in a file that has old.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{"ignore the last use", []edit{{
		"retire.go", "return ok && !e.now.Before(since.Add(e.policy.RequireUnusedFor))", "return ok || since.IsZero()",
	}}, usedKeyKept},
	{"delete before deactivation", []edit{{
		"decide.go",
		"if e.clockDriven && e.deactivationObstacle() == nil {\n\t\treturn Step{Kind: Deactivate,",
		"if e.clockDriven && e.deactivationObstacle() == nil {\n\t\treturn Step{Kind: DeletePrevious,",
	}, {
		"confirm.go", "if e.clockDriven && e.mayDeleteInactive() {", "if e.clockDriven {",
	}}, graceBeforeDelete},
	{"delete an unmanaged key", []edit{{
		"room.go", "if e.policy.UnmanagedKeys != DeleteUnused {", "if e.policy.UnmanagedKeys == RetireUnmanaged {",
	}}, onlyOurKeys},
	{"delete an unmanaged key in use", []edit{{
		"room.go", "e.record.Manages(k.ID) || !k.NeverUsed() ||", "e.record.Manages(k.ID) ||",
	}}, onlyOurKeys},
	{"delete the only Active key though no revoke is requested", []edit{{
		"room.go", "return e.requests.revoke && e.currentKey() != nil &&", "return e.currentKey() != nil &&",
	}}, lastActiveKeyKept},
	{"delete the only Active key with current gone", []edit{{
		"room.go", "return e.requests.revoke && e.currentKey() != nil &&", "return e.requests.revoke &&",
	}}, lastActiveKeyKept},
	{"delete the only Active key though it is older than current", []edit{{
		"room.go", "e.currentKey() != nil && k.CreatedAt.After(e.record.Current.CreatedAt)", "e.currentKey() != nil",
	}}, lastActiveKeyKept},
	{"delete the only Active key though somebody uses it", []edit{{
		"room.go", "e.record.Manages(k.ID) || !k.NeverUsed() ||", "e.record.Manages(k.ID) || !k.NeverUsed() && !e.leftByRevoke(k) ||",
	}}, onlyOurKeys},
	{"delete the only Active key though delete_unused is not set", []edit{{
		"room.go", "if e.policy.UnmanagedKeys != DeleteUnused {", "if e.policy.UnmanagedKeys != DeleteUnused && !e.requests.revoke {",
	}}, onlyOurKeys},
	{"keep what an interrupted revoke left", []edit{{
		"room.go", " || e.leftByRevoke(k) {", " {",
	}}, revokeConverges},
	{"delete an adopted key for a request", []edit{{
		"room.go", "case p.Adopted && (requested || !e.currentActive()):", "case p == nil:",
	}}, onlyOurKeys},
	{"reactivate an Inactive current", []edit{{
		"decide.go",
		"if step, ok := e.recordOnlyStep(); ok {",
		"if k := e.currentKey(); e.clockDriven && k != nil && k.Status == Inactive {\n" +
			"\t\treturn Step{Kind: Reactivate, Key: k.ID}, true\n\t}\n\tif step, ok := e.recordOnlyStep(); ok {",
	}, {
		"confirm.go", "ok = e.mayReactivate()", "ok = true",
	}, {
		"decision.go",
		"case RecordDeactivated, RecordReactivated, Reactivate, Deactivate,",
		"case RecordDeactivated, RecordReactivated, Deactivate,",
	}, {
		"decision.go",
		"case Adopt, DeleteCurrent, DeleteUnmanaged, Rotate:\n\t}",
		"case Reactivate, Adopt, DeleteCurrent, DeleteUnmanaged, Rotate:\n\t}",
	}, {
		"after.go",
		"\tswitch step.Kind {\n\tcase Adopt:\n",
		"\tif step.Key == r.Current.ID && step.Kind == Reactivate {\n\t\treturn r\n\t}\n\tswitch step.Kind {\n\tcase Adopt:\n",
	}}, inactiveStaysInactive},
	{"reactivate what somebody else deactivated", []edit{{
		"decide.go", "k.Status == Inactive && p.DeactivatedByUs &&", "k.Status == Inactive &&",
	}}, inactiveStaysInactive},
	{"reactivate a revoked key", []edit{{
		"decide.go", "p.DeactivatedByUs && !p.Revoked", "p.DeactivatedByUs",
	}}, inactiveStaysInactive},
	{"ignore hold", []edit{{
		"retire.go", "case e.policy.HoldPrevious:", "case false:",
	}}, holdRetiresNothing},
	{"remove the only Active key to make room", []edit{{
		"room.go", "case obstacle == nil:", "case obstacle == nil || obstacle.Cause == CauseOnlyActive:",
	}}, lastActiveKeyKept},
	{"skip a due rotation", []edit{{
		"due.go", "case e.policy.RotateAfter > 0 &&", "case e.policy.RotateAfter > 0 && e.record.Previous == nil &&",
	}}, dueNeverForgotten},
	{"record a refused request", []edit{{
		"decide.go", "return Decision{Record: d.Record, Refused: obstacle}", "_ = obstacle\n\t\treturn Decision{}",
	}}, dueNeverForgotten},
	{"rotate a current that IAM does not list yet", []edit{{
		"due.go", "return c.ID != \"\" &&", "return c.ID == \"\" &&",
	}}, noNeedlessRotation},
	{"clock-driven step in a plan that edits configuration", []edit{{
		"decide.go", "e.clockDriven = before.Equal(policy) && !policy.Paused", "e.clockDriven = !policy.Paused",
	}}, editTakesNoClockStep},
	{"ignore paused", []edit{{
		"decide.go", "e.clockDriven = before.Equal(policy) && !policy.Paused", "e.clockDriven = before.Equal(policy)",
	}}, pausedStopsClock},
	{"retire at the instant of the rotation", []edit{{
		"retire.go", "!e.now.Before(p.DeactivateAt(e.policy)) && e.now.After(p.ReplacedAt)", "!e.now.Before(p.DeactivateAt(e.policy))",
	}}, consumerAuthenticates},
	{"ignore the overlap", []edit{{
		"retire.go", "!e.now.Before(p.DeactivateAt(e.policy)) && e.now.After(p.ReplacedAt)", "e.now.After(p.ReplacedAt)",
	}}, overlapKept},
	{"count the grace from the replacement", []edit{{
		"after.go", "p.DeactivatedAt, p.DeactivatedByUs = out.At, true", "p.DeactivatedAt, p.DeactivatedByUs = p.ReplacedAt, true",
	}}, graceBeforeDelete},
	{"retire the signer", []edit{{
		"retire.go", "case k.ID == e.seen.Signer:", "case false:",
	}}, signerKept},
	{"create a third key", []edit{{
		"due.go", "if len(e.seen.Keys) >= KeysPerUser {", "if len(e.seen.Keys) > KeysPerUser {",
	}}, atMostTwoKeys},
	{"lose previous when current is gone", []edit{{
		"after.go", "case r.Previous != nil:\n\t\tp = *r.Previous\n", "case r.Previous != nil:\n\t\tr.Previous = nil\n\t\treturn r\n",
	}}, managedKeyNotLost},
	{"late apply not confirmed", []edit{{
		"confirm.go",
		"obstacle := e.stepObstacle(step); obstacle != nil {",
		"obstacle := e.stepObstacle(step); obstacle != nil && obstacle.Cause != CauseUsed {",
	}}, usedKeyKept},
	{"saved plan stale by time alone", []edit{{
		"confirm.go", "if allowed != step && (!allowed.deletes() ||", "if allowed != step && (allowed.Kind != \"\" ||",
	}}, planEqualsApply},
	{"stop after a recorded deactivation", []edit{{
		"decide.go",
		"\t\te.advance(step)\n\t}\n\tif e.requests.newKey() {",
		"\t\te.advance(step)\n\t\tif step.Kind == RecordDeactivated && e.dueReason() == \"\" {\n\t\t\tbreak\n\t\t}\n" +
			"\t}\n\tif e.requests.newKey() {",
	}}, fixedPoint},
	{"never deactivate an adopted key", []edit{{
		"retire.go", "case e.policy.HoldPrevious:", "case e.policy.HoldPrevious || p.Adopted:",
	}}, retirementFinishes},
	{"revoke leaves the old key Active", []edit{{
		"retire.go", "return p != nil && p.Revoked && k.Status == Active &&", "return p != nil && p.Revoked && k.Status == Inactive &&",
	}}, revokeCompletes},
	{"wait until the last use", []edit{{
		"retire.go",
		"obstacle.Until, obstacle.Use = since.Add(e.policy.RequireUnusedFor), *k.LastUse",
		"obstacle.Until, obstacle.Use = since, *k.LastUse",
	}}, waitNamesFuture},
	{"ignore changed recipients", []edit{{
		"decide.go", "e.requests.recipients = record.Current.Sealed &&", "e.requests.recipients = false &&",
	}}, sealedToRecipients},
	{"rotate although the plaintext is known", []edit{{
		"decide.go", "e.requests.recipients = record.Current.Sealed &&", "e.requests.recipients = true &&",
	}}, noNeedlessRotation},
	{"forget that a secret is sealed", []edit{{
		"after.go", ", Sealed: out.Sealed}", "}",
	}}, sealedToRecipients},
	{"create a key for expired recipients", []edit{{
		"obstacles.go", "!until.IsZero() && !e.now.Before(until) {", "until.IsZero() && e.now.IsZero() {",
	}}, validRecipients},
	{"delete previous for a rotation that expired recipients prevent", []edit{{
		"decide.go", "e.dueReason() != \"\" && e.newKeyObstacle() == nil && e.mayDeleteActive()", "e.dueReason() != \"\" && e.mayDeleteActive()",
	}}, noNeedlessDeletion},
	{"keep previous while recipients are expired", []edit{{
		"retire.go", "case e.policy.HoldPrevious:", "case e.policy.HoldPrevious || e.newKeyObstacle() != nil:",
	}}, retirementFinishes},
}

// Each mutant must be caught by the invariant that it is meant to violate.
func TestMutants_caught(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			out, passed := runSearch(t, "-overlay", m.overlay(t))
			switch {
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
	revokeConverges, waitNamesFuture, noNeedlessDeletion, validRecipients, sealedToRecipients,
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
	if out, passed := runSearch(t, "-coverprofile", profile); !passed {
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
		if slices.Contains(rules, file) && !strings.HasPrefix(counts, "0 ") && strings.HasSuffix(counts, " 0") {
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
	"after.go", "confirm.go", "decide.go", "decision.go", "due.go", "obstacles.go", "record.go", "retire.go", "room.go",
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
	// The tests that the search does not need would take most of the time of a build.
	tests, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tests {
		if name := filepath.Base(file); !strings.HasPrefix(name, "search_") && !strings.HasPrefix(name, "simulation_") {
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

// runSearch runs the short search in a process of its own, built with these flags.
func runSearch(t *testing.T, flags ...string) (out string, passed bool) {
	t.Helper()
	args := append([]string{
		"test", "-short", "-vet=off", "-ldflags=-s -w", "-count=1", "-timeout=2m", "-run=^TestExhaustiveSearch$",
	}, flags...)
	b, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput() //nolint:gosec // The flags are our own.
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(b), err == nil
}
