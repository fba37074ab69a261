package e2e_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// crashTable collects how the cells of the matrix ended.
type crashTable struct {
	mu      sync.Mutex
	results []crashResult
	// cli is the program that was disturbed, such as "Terraform 1.11.4".
	cli string
}

// crashResult is a cell by the indexes of its row and its fault. An empty end is that of a cell that did not survive.
type crashResult struct {
	row, fault int
	call       iamsim.Call
	end        crashEnd
}

func (t *crashTable) add(r crashResult, cli string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results, t.cli = append(t.results, r), cli
}

// rows is how many rows have cells: not all, where -run chose some.
func (t *crashTable) rows() int {
	seen := map[int]bool{}
	for _, r := range t.results {
		seen[r.row] = true
	}
	return len(seen)
}

// report logs the table, and writes it to a file if one is asked for.
func (t *crashTable) report(tb testing.TB) {
	tb.Helper()
	slices.SortFunc(t.results, func(a, b crashResult) int {
		return cmp.Or(a.row-b.row, a.call.N-b.call.N, a.fault-b.fault)
	})
	text := t.markdown()
	tb.Log("\n" + text)
	if name := os.Getenv("IAMKEYS_CRASH_TABLE"); name != "" {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil { //nolint:gosec // everybody may read it
			tb.Error(err)
		}
	}
}

// markdown is the table in three views: by transition, by fault, and call by call.
func (t *crashTable) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d cells, on %s, with %s and %s on %s/%s.\n", len(t.results),
		clock.System().Now().UTC().Format("2006-01-02"), t.cli, strings.Replace(runtime.Version(), "go", "Go ", 1), runtime.GOOS, runtime.GOARCH)

	b.WriteString("\n| transition" + crashCountsHead)
	for i, row := range crashRows {
		b.WriteString(t.counts(row.name, func(r crashResult) bool { return r.row == i }))
	}
	b.WriteString(t.counts("**all**", func(crashResult) bool { return true }))

	b.WriteString("\n| fault" + crashCountsHead)
	for i, fault := range crashFaults {
		b.WriteString(t.counts(fault.name, func(r crashResult) bool { return r.fault == i }))
	}

	b.WriteString("\na: converged alone; m: ended in a message. Under `delete_unused` all of them converge.\n\n| transition | call |")
	for _, fault := range crashFaults {
		b.WriteString(" " + fault.name + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(crashFaults)) + "\n")
	for i, r := range t.results {
		if i == 0 || r.row != t.results[i-1].row || r.call.N != t.results[i-1].call.N {
			b.WriteString(t.line(r.row, r.call))
		}
	}
	return b.String()
}

const crashCountsHead = " | calls | cells | converged alone | ended in a message | converged under `delete_unused` | did not survive |\n" +
	"|---|---:|---:|---:|---:|---:|---:|\n"

// counts is a line that counts the cells of which belongs is true.
func (t *crashTable) counts(name string, belongs func(crashResult) bool) string {
	type place struct{ row, call int }
	calls := map[place]bool{}
	ends := map[crashEnd]int{}
	for _, r := range t.results {
		if belongs(r) {
			calls[place{r.row, r.call.N}] = true
			ends[r.end]++
		}
	}
	survived := ends[alone] + ends[message]
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %d | %d |\n",
		name, len(calls), survived+ends[""], ends[alone], ends[message], survived, ends[""])
}

// line has the cells of one call.
func (t *crashTable) line(row int, call iamsim.Call) string {
	marks := make([]string, len(crashFaults))
	for _, r := range t.results {
		if r.row == row && r.call.N == call.N {
			marks[r.fault] = r.mark()
		}
	}
	return fmt.Sprintf("| %s | %d %s | %s |\n", crashRows[row].name, call.N, call.Action, strings.Join(marks, " | "))
}

// mark is the result in a letter or two.
func (r crashResult) mark() string {
	switch r.end {
	case alone:
		return "a"
	case message:
		return "m"
	default:
		return "**lost**"
	}
}
