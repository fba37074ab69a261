package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// width is the longest line that the demo prints, in characters.
const width = 80

// printOutcome prints the changes and the warnings of a command.
func (d *demo) printOutcome(command string, o outcome) {
	changes := o.changes
	if command == "plan" && o.exitCode == 0 {
		changes = "No changes."
	}
	fmt.Fprintf(d.out, "  terraform %-8s %s\n", command+":", changes)
}

// printWarnings prints the summary and the first sentence of each warning.
func (d *demo) printWarnings(o outcome) {
	for _, w := range o.warnings {
		wrap(d.out, "  Warning: ", w.Summary)
		line, _, _ := strings.Cut(w.Detail, "\n")
		if first, _, more := strings.Cut(line, ". "); more {
			line = first + "."
		}
		if line != "" {
			wrap(d.out, "           ", line)
		}
	}
}

// printKeys prints the keys of the user as a table.
func (d *demo) printKeys(keys []iamsim.Key) {
	if len(keys) == 0 {
		fmt.Fprintf(d.out, "  IAM: user %s has no keys\n", d.user)
		return
	}
	table := tabwriter.NewWriter(d.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  IAM:\tkey\tid\tstatus\tage\tlast used")
	for _, key := range keys {
		used := "never"
		if !key.LastUsedAt.IsZero() {
			used = fmt.Sprintf("day %d, %s", daysBetween(start, key.LastUsedAt), key.LastUsedService)
		}
		fmt.Fprintf(table, "  \t%d\t%s\t%s\t%d d\t%s\n", d.number(key.ID), key.ID, key.Status,
			daysBetween(key.CreatedAt, d.sim.Now()), used)
	}
	_ = table.Flush()
}

func daysBetween(from, to time.Time) int { return int(to.Sub(from).Round(time.Minute) / day) }

// wrap prints text after a label, in lines of at most width characters.
func wrap(w io.Writer, label, text string) {
	line, empty := label, true
	for word := range strings.FieldsSeq(text) {
		if !empty && len(line)+1+len(word) > width {
			fmt.Fprintln(w, line)
			line, empty = strings.Repeat(" ", len(label)), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	fmt.Fprintln(w, line)
}
