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

// mutant is a bug put into the rules, and the invariant that the search must name.
type mutant struct {
	name  string
	edits []edit
	want  string
}

// edit replaces the one place in a file that holds old.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{"no last-used guard", []edit{{
		"decide.go", "return ok && !s.now.Before(since.Add(s.policy.RequireUnusedFor))", "return ok || since.IsZero()",
	}}, usedKeyKept},
	{"delete before deactivation", []edit{{
		"decide.go",
		"if s.clock && s.deactivation() == nil {\n\t\treturn Step{Kind: Deactivate,",
		"if s.clock && s.deactivation() == nil {\n\t\treturn Step{Kind: DeletePrevious,",
	}, {
		"confirm.go", "if s.clock && s.mayDeleteInactive() {", "if s.clock {",
	}}, graceBeforeDelete},
	{"delete an unmanaged key", []edit{{
		"room.go", "if s.policy.UnmanagedKeys != DeleteUnused {", "if s.policy.UnmanagedKeys == RetireUnmanaged {",
	}}, onlyOurKeys},
	{"delete an unmanaged key in use", []edit{{
		"room.go", "s.record.Manages(k.ID) || !k.NeverUsed() ||", "s.record.Manages(k.ID) ||",
	}}, onlyOurKeys},
	{"delete the only Active key though no revoke is asked for", []edit{{
		"room.go", "return s.ask.revoke && s.current() != nil &&", "return s.current() != nil &&",
	}}, lastActiveKeyKept},
	{"delete the only Active key with current gone", []edit{{
		"room.go", "return s.ask.revoke && s.current() != nil &&", "return s.ask.revoke &&",
	}}, lastActiveKeyKept},
	{"delete the only Active key though it is older than current", []edit{{
		"room.go", "s.current() != nil && k.CreatedAt.After(s.record.Current.CreatedAt)", "s.current() != nil",
	}}, lastActiveKeyKept},
	{"delete the only Active key though somebody uses it", []edit{{
		"room.go", "s.record.Manages(k.ID) || !k.NeverUsed() ||", "s.record.Manages(k.ID) || !k.NeverUsed() && !s.leftByRevoke(k) ||",
	}}, onlyOurKeys},
	{"delete the only Active key though delete_unused is not set", []edit{{
		"room.go", "if s.policy.UnmanagedKeys != DeleteUnused {", "if s.policy.UnmanagedKeys != DeleteUnused && !s.ask.revoke {",
	}}, onlyOurKeys},
	{"keep what an interrupted revoke left", []edit{{
		"room.go", " || s.leftByRevoke(k) {", " {",
	}}, revokeConverges},
	{"delete an adopted key for a request", []edit{{
		"room.go", "case p.Adopted && (asked || !s.currentActive()):", "case p == nil:",
	}}, onlyOurKeys},
	{"reactivate an Inactive current", []edit{{
		"decide.go",
		"if step, ok := s.bookkeeping(); ok {",
		"if k := s.current(); s.clock && k != nil && k.Status == Inactive {\n" +
			"\t\treturn Step{Kind: Reactivate, Key: k.ID}, true\n\t}\n\tif step, ok := s.bookkeeping(); ok {",
	}, {
		"confirm.go", "ok = s.mayReactivate()", "ok = true",
	}, {
		"confirm.go", "case RecordDeactivated, RecordReactivated, Reactivate, Deactivate,", "case RecordDeactivated, RecordReactivated, Deactivate,",
	}, {
		"confirm.go", "case Adopt, DeleteCurrent, DeleteUnmanaged, Rotate:\n\t}", "case Reactivate, Adopt, DeleteCurrent, DeleteUnmanaged, Rotate:\n\t}",
	}, {
		"after.go", "\tswitch step.Kind {\n\tcase Adopt:\n", "\tif step.Key == r.Current.ID && step.Kind == Reactivate {\n\t\treturn r\n\t}\n\tswitch step.Kind {\n\tcase Adopt:\n",
	}}, inactiveStaysInactive},
	{"reactivate what somebody else deactivated", []edit{{
		"decide.go", "k.Status == Inactive && p.DeactivatedByUs &&", "k.Status == Inactive &&",
	}}, inactiveStaysInactive},
	{"reactivate a revoked key", []edit{{
		"decide.go", "p.DeactivatedByUs && !p.Revoked", "p.DeactivatedByUs",
	}}, inactiveStaysInactive},
	{"ignore hold", []edit{{
		"decide.go", "case s.policy.HoldPrevious:", "case false:",
	}}, holdRetiresNothing},
	{"remove the only Active key to make room", []edit{{
		"room.go", "case obstacle == nil:", "case obstacle == nil || obstacle.Cause == CauseOnlyActive:",
	}}, lastActiveKeyKept},
	{"forget a due rotation", []edit{{
		"room.go", "case s.policy.RotateAfter > 0 &&", "case s.policy.RotateAfter > 0 && s.record.Previous == nil &&",
	}}, dueNeverForgotten},
	{"record a refused request", []edit{{
		"decide.go", "return Decision{Refused: obstacle}", "_ = obstacle\n\t\treturn Decision{}",
	}}, dueNeverForgotten},
	{"rotate a current that IAM does not list yet", []edit{{
		"room.go", "return c.ID != \"\" &&", "return c.ID == \"\" &&",
	}}, noNeedlessRotation},
	{"clock-driven step in a plan that edits configuration", []edit{{
		"decide.go", "s.clock = before.Equal(policy) && !policy.Paused", "s.clock = !policy.Paused",
	}}, editTakesNoClockStep},
	{"ignore paused", []edit{{
		"decide.go", "s.clock = before.Equal(policy) && !policy.Paused", "s.clock = before.Equal(policy)",
	}}, pausedStopsClock},
	{"retire at the instant of the rotation", []edit{{
		"decide.go", "!s.now.Before(p.DeactivateAt(s.policy)) && s.now.After(p.ReplacedAt)", "!s.now.Before(p.DeactivateAt(s.policy))",
	}}, consumerAuthenticates},
	{"ignore the overlap", []edit{{
		"decide.go", "!s.now.Before(p.DeactivateAt(s.policy)) && s.now.After(p.ReplacedAt)", "s.now.After(p.ReplacedAt)",
	}}, overlapKept},
	{"count the grace from the replacement", []edit{{
		"after.go", "p.DeactivatedAt, p.DeactivatedByUs = out.At, true", "p.DeactivatedAt, p.DeactivatedByUs = p.ReplacedAt, true",
	}}, graceBeforeDelete},
	{"retire the signer", []edit{{
		"decide.go", "case k.ID == s.seen.Signer:", "case false:",
	}}, signerKept},
	{"make a third key", []edit{{
		"room.go", "if len(s.seen.Keys) >= KeysPerUser {", "if len(s.seen.Keys) > KeysPerUser {",
	}}, atMostTwoKeys},
	{"lose previous when current is gone", []edit{{
		"after.go", "case r.Previous != nil:\n\t\tp = *r.Previous\n", "case r.Previous != nil:\n\t\tr.Previous = nil\n\t\treturn r\n",
	}}, managedKeyNotLost},
	{"late apply not confirmed", []edit{{
		"confirm.go", "obstacle := s.permits(step); obstacle != nil {", "obstacle := s.permits(step); obstacle != nil && obstacle.Cause != CauseUsed {",
	}}, usedKeyKept},
	{"saved plan stale by time alone", []edit{{
		"confirm.go", "if got != step && (!got.deletes() ||", "if got != step && (got.Kind != \"\" ||",
	}}, planEqualsApply},
	{"stop after a recorded deactivation", []edit{{
		"decide.go", "\t\ts.take(step)\n\t}\n\tif s.ask.key() {", "\t\ts.take(step)\n\t\tif step.Kind == RecordDeactivated && s.due() == \"\" {\n\t\t\tbreak\n\t\t}\n\t}\n\tif s.ask.key() {",
	}}, fixedPoint},
	{"keep an adopted key for ever", []edit{{
		"decide.go", "case s.policy.HoldPrevious:", "case s.policy.HoldPrevious || p.Adopted:",
	}}, retirementFinishes},
	{"revoke leaves the old key Active", []edit{{
		"decide.go", "return p != nil && p.Revoked && k.Status == Active &&", "return p != nil && p.Revoked && k.Status == Inactive &&",
	}}, revokeCompletes},
	{"wait until the last use", []edit{{
		"decide.go", "w.Until, w.Use = since.Add(s.policy.RequireUnusedFor), *k.LastUse", "w.Until, w.Use = since, *k.LastUse",
	}}, waitNamesFuture},
	{"ignore changed recipients", []edit{{
		"decide.go", "s.ask.recipients = record.Current.Sealed &&", "s.ask.recipients = false &&",
	}}, sealedToRecipients},
	{"rotate although the plaintext is at hand", []edit{{
		"decide.go", "s.ask.recipients = record.Current.Sealed &&", "s.ask.recipients = true &&",
	}}, noNeedlessRotation},
	{"forget that a secret is sealed", []edit{{
		"after.go", ", Sealed: out.Sealed}", "}",
	}}, sealedToRecipients},
	{"make a key to expired recipients", []edit{{
		"room.go", "!until.IsZero() && !s.now.Before(until) {", "until.IsZero() && s.now.IsZero() {",
	}}, validRecipients},
	{"delete previous for a rotation that expired recipients forbid", []edit{{
		"decide.go", "s.due() != \"\" && s.forbidden() == nil && s.mayDeleteActive()", "s.due() != \"\" && s.mayDeleteActive()",
	}}, noNeedlessDeletion},
	{"keep previous while recipients are expired", []edit{{
		"decide.go", "case s.policy.HoldPrevious:", "case s.policy.HoldPrevious || s.forbidden() != nil:",
	}}, retirementFinishes},
}

func TestMutantsAreCaught(t *testing.T) {
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

// TestEveryInvariantHasAMutant shows that no invariant is one that nothing can break.
func TestEveryInvariantHasAMutant(t *testing.T) {
	t.Parallel()
	for _, invariant := range invariants {
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.want == invariant }) {
			t.Errorf("no mutant breaks %s", invariant)
		}
	}
}

// TestSearchCoversTheRules shows that the search alone runs every statement of the rules.
func TestSearchCoversTheRules(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(t.TempDir(), "cover.out")
	if out, passed := runSearch(t, "-coverprofile", profile); !passed {
		t.Fatal(out)
	}
	b, err := os.ReadFile(profile)
	if err != nil {
		t.Fatal(err)
	}
	run := make(map[string]int)
	for line := range strings.Lines(string(b)) {
		place, counts, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "mode:") {
			continue
		}
		file, _, _ := strings.Cut(filepath.Base(place), ":")
		run[file]++
		if slices.Contains(rules, file) && !strings.HasPrefix(counts, "0 ") && strings.HasSuffix(counts, " 0") {
			t.Errorf("the search never runs %s", filepath.Base(place))
		}
	}
	for _, file := range rules {
		if run[file] == 0 {
			t.Errorf("the profile has nothing about %s", file)
		}
	}
}

// rules are the files that hold them.
var rules = []string{"decide.go", "room.go", "after.go", "confirm.go"}

// overlay is the file that makes the go command see the mutated sources.
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
			t.Fatalf("%s holds %d times, want once: %s", e.file, n, e.old)
		}
		sources[e.file] = strings.Replace(sources[e.file], e.old, e.new, 1)
	}
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	// What the search needs nothing of would be most of the time that a build takes.
	tables, err := filepath.Glob(filepath.Join(dir, "rules_*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range tables {
		overlay.Replace[file] = ""
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
	args := append([]string{"test", "-short", "-vet=off", "-ldflags=-s -w", "-count=1", "-timeout=2m", "-run=^TestExhaustiveSearch$"}, flags...)
	b, err := exec.CommandContext(t.Context(), "go", append(args, ".")...).CombinedOutput() //nolint:gosec // The flags are our own.
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(b), err == nil
}
