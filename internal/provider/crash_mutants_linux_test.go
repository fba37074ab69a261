package provider_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// crashMutant is the provider without one of its precautions, and the cell of the matrix that is lost then.
type crashMutant struct {
	name string
	// file is below the root of the module, and replaces are what it has once and what is there instead.
	file     string
	replaces [2]string
	row      string
	// action and fault are the cell; both are empty where not even an apply that nothing befalls passes.
	action, fault string
	// want is in what is said about it.
	want string
}

// crashMutants have one for each precaution that the matrix is there to keep.
var crashMutants = []crashMutant{
	{
		name: "Ctrl-C ends what was begun", file: "internal/provider/operation.go",
		replaces: [2]string{"context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)", "context.WithTimeout(ctx, mutationTimeout)"},
		row:      "rotate", action: "CreateAccessKey", fault: "SIGINT",
		want: "there is an orphan",
	},
	{
		name: "a creation is retried blindly", file: "internal/iamgate/create.go",
		replaces: [2]string{"o.Retryer = throttleRetryer{o.Retryer}", ""},
		row:      "create", action: "CreateAccessKey", fault: "answer lost, SDK retries",
		want: "2 keys were made",
	},
	{
		name: "nobody recounts", file: "internal/provider/operation_rotate.go",
		replaces: [2]string{"o.recount(ctx, key.ID)", ""},
		row:      "rotate",
		want:     "nobody counts the keys after the creation",
	},
	{
		name: "nobody looks again before a change", file: "internal/provider/rotating_access_key_write.go",
		replaces: [2]string{"if len(steps) > 0 || !state.User.Equal(plan.User) {", "if !state.User.Equal(plan.User) {"},
		row:      "deactivate, but used since the plan",
		want:     "a consumer holds k1, which does not work",
	},
}

// TestCrashMatrix_mutants shows that the matrix would tell if one of the precautions went.
func TestCrashMatrix_mutants(t *testing.T) {
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
			s := newCrashScene(t, crashRows[i], cliConfig)
			err := s.undisturbed()
			if mutant.action != "" {
				if err != nil {
					t.Fatalf("with no fault: %v", s.text(err.Error()))
				}
				_, err = mutant.cell(t, s).run()
			}
			switch {
			case err == nil:
				t.Error("the cell survived")
			case !strings.Contains(s.text(err.Error()), mutant.want):
				t.Errorf("got %q, want %q in it", s.text(err.Error()), mutant.want)
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
	if n := strings.Count(string(source), m.replaces[0]); n != 1 {
		t.Fatalf("%s has %q %d times, want it once", m.file, m.replaces[0], n)
	}
	replaced := filepath.Join(dir, filepath.Base(m.file))
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replaced}})
	if err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	for name, data := range map[string][]byte{
		replaced: []byte(strings.Replace(string(source), m.replaces[0], m.replaces[1], 1)),
		overlay:  text,
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return overlay
}

// cell is the one that the mutant does not survive.
func (m crashMutant) cell(t *testing.T, s *crashScene) *crashCell {
	t.Helper()
	call := slices.IndexFunc(s.calls, func(c iamsim.Call) bool { return c.Action == m.action })
	fault := slices.IndexFunc(crashFaults, func(f crashFault) bool { return f.name == m.fault })
	if call < 0 || fault < 0 {
		t.Fatalf("no cell %s / %s", m.action, m.fault)
	}
	return &crashCell{crashScene: s, call: s.calls[call], fault: crashFaults[fault]}
}
