//go:build mutants

package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// crashMutant is a change of the provider's source that removes a precaution, and the cell of the matrix that fails with it.
type crashMutant struct {
	name string
	// file is relative to the root of the module. It has the text old once, which the mutant replaces by new.
	file, old, new string
	// row, action and fault name the cell. Without action and fault, an apply of the row fails even without a fault.
	row, action, fault string
	// want is part of the error.
	want string
}

// crashMutants has a mutant for each precaution that the matrix checks.
var crashMutants = []crashMutant{
	{
		name: "Ctrl-C ends what was begun",
		file: "internal/rotator/apply.go",
		old:  "context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)",
		new:  "context.WithTimeout(ctx, mutationTimeout)",
		row:  "rotate", action: "CreateAccessKey", fault: "SIGINT",
		want: "there is an orphan",
	},
	{
		name: "a creation is retried blindly",
		file: "internal/iamgate/create.go",
		old:  "o.Retryer = throttleRetryer{configuredRetryer{o.Retryer}}",
		new:  "",
		row:  "create", action: "CreateAccessKey", fault: "answer lost, SDK retries",
		want: "2 keys were created",
	},
	{
		name: "nobody recounts",
		file: "internal/rotator/rotate.go",
		old:  "listed := a.recount(ctx, key.ID)",
		new:  "listed := a.state.Seen.Keys",
		row:  "rotate",
		want: "nobody counts the keys after the creation",
	},
	{
		name: "room is made before a key may be created",
		file: "internal/rotator/create.go",
		old:  "	key, err := a.createOnce(ctx)\n	if iamgate.IsKind",
		new: "	if err := a.makeRoom(ctx); err != nil {\n		return iamgate.NewAccessKey{}, err\n	}\n" +
			"	key, err := a.createOnce(ctx)\n	if iamgate.IsKind",
		row:  "rotate with the previous key deleted",
		want: "k1 is deleted before it is known whether a key may be created",
	},
	{
		name: "an unknown last use counts as none",
		file: "internal/rotator/observe.go",
		old:  "failures[id] = err\n",
		new:  "failures[id], seen.Find(id).LastUse = err, &rotation.Use{}\n",
		row:  "delete", action: "GetAccessKeyLastUsed", fault: "denied",
		want: "k1 is retired although its last use is unknown",
	},
	{
		name: "nobody looks again before a change",
		file: "internal/rotator/apply.go",
		old:  "if len(task.Planned) > 0 || task.User != task.RecordedUser {",
		new:  "if task.User != task.RecordedUser {",
		row:  "deactivate, but used since the plan",
		want: "a consumer holds k1, which does not work",
	},
}

// TestCrashMutants shows that the matrix fails without each of the precautions.
func TestCrashMutants(t *testing.T) {
	t.Parallel()
	for _, mutant := range crashMutants {
		t.Run(mutant.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cliConfig := impatientProvider(t, dir, "-overlay", mutant.overlay(t, dir))
			i := slices.IndexFunc(crashRows, func(r crashRow) bool { return r.name == mutant.row })
			if i < 0 {
				t.Fatalf("no row %q", mutant.row)
			}
			s := newCrashSetup(t, crashRows[i], cliConfig)
			err := s.undisturbed()
			if mutant.action != "" {
				if err != nil {
					t.Fatalf("with no fault: %v", s.Normalize(err.Error()))
				}
				_, err = mutant.cell(t, s).run()
			}
			switch {
			case err == nil:
				t.Error("the cell survived")
			case !strings.Contains(s.Normalize(err.Error()), mutant.want):
				t.Errorf("got %q, want %q in it", s.Normalize(err.Error()), mutant.want)
			}
		})
	}
}

// overlay is a file for go build -overlay, in dir, that puts the mutant in the place of what is in the tree.
func (m crashMutant) overlay(t *testing.T, dir string) string {
	t.Helper()
	original, err := filepath.Abs(filepath.Join("..", "..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), m.old); n != 1 {
		t.Fatalf("%s has %q %d times, want it once", m.file, m.old, n)
	}
	replaced := filepath.Join(dir, filepath.Base(m.file))
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	for name, data := range map[string][]byte{
		replaced: []byte(strings.Replace(string(source), m.old, m.new, 1)),
		overlay:  text,
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// cell is the one that the mutant does not survive.
func (m crashMutant) cell(t *testing.T, s *crashSetup) *crashCell {
	t.Helper()
	call := slices.IndexFunc(s.calls, func(c iamsim.Call) bool { return c.Action == m.action })
	fault := slices.IndexFunc(crashFaults, func(f crashFault) bool { return f.name == m.fault })
	if call < 0 || fault < 0 {
		t.Fatalf("no cell %s / %s", m.action, m.fault)
	}
	return &crashCell{crashSetup: s, call: s.calls[call], fault: crashFaults[fault]}
}
