package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// leastCells is how many cells the matrix must have.
const leastCells = 500

// TestCrashMatrix injects every fault into every call of every transition of a key's life. Whatever it was, no consumer may
// lose its key, and the next applies must do what was left, or the plan says exactly what somebody has to do first.
//
// It runs a sample; with IAMKEYS_CRASH_MATRIX=full, all of it, and with the names of faults there, separated by semicolons, their
// columns. With -v it prints the table, and IAMKEYS_CRASH_TABLE names a file to write it to.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	full := os.Getenv("IAMKEYS_CRASH_MATRIX") == "full"
	chosen := cellsOf(os.Getenv("IAMKEYS_CRASH_MATRIX"))
	cliConfig := impatientProvider(t, t.TempDir())
	table := &crashTable{}
	t.Cleanup(func() {
		table.report(t)
		if n := len(table.results); full && n < leastCells && table.rows() == len(crashRows) {
			t.Errorf("%d cells, want at least %d", n, leastCells)
		}
	})
	for i, row := range crashRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newCrashSetup(t, row, cliConfig)
			if err := s.undisturbed(); err != nil {
				t.Fatalf("with no fault: %v", s.Normalize(err.Error()))
			}
			for _, call := range s.calls {
				var marks []string
				for j, fault := range crashFaults {
					if !fault.meets(call) || !chosen(i, call, j) {
						continue
					}
					c := &crashCell{crashSetup: s, call: call, fault: fault}
					result := crashResult{row: i, fault: j, call: call}
					var err error
					if result.end, err = c.run(); err != nil {
						t.Errorf("%d %s / %s: %s", call.N, call.Action, fault.name, s.Normalize(err.Error()))
					}
					table.add(result, s.version)
					marks = append(marks, result.mark())
				}
				if len(marks) > 0 {
					t.Logf("call %d of %d, %s: %s", call.N, len(s.calls), call.Action, strings.Join(marks, " "))
				}
			}
		})
	}
}

// cellsOf returns the function that reports whether a run has a cell, by a value of IAMKEYS_CRASH_MATRIX.
func cellsOf(choice string) func(row int, call iamsim.Call, fault int) bool {
	switch choice {
	case "":
		return sampled
	case "full":
		return func(int, iamsim.Call, int) bool { return true }
	}
	names := strings.Split(choice, ";")
	return func(_ int, _ iamsim.Call, fault int) bool { return slices.Contains(names, crashFaults[fault].name) }
}

// samplePeriod is how many cells of the matrix there are for one of the sample.
const samplePeriod = 97

// sampled reports whether a cell is in the sample: all faults of the call that matters most, with and without another key, one
// of each row, and a few of all others.
func sampled(row int, call iamsim.Call, fault int) bool {
	name := crashRows[row].name
	matters := (name == "rotate" || name == "create") && call.Action == "CreateAccessKey"
	return matters || call.N == 1 && fault == row%11 || (5*row+7*call.N+fault)%samplePeriod == 0
}
