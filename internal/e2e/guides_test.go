package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// TestGuides_ninetyDays checks the sums of the guide against the rules.
func TestGuides_ninetyDays(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../templates/guides/ninety-days.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(guide), "<!-- sums -->\n")
	table, _, ended := strings.Cut(table, "<!-- end of sums -->")
	rows := strings.Split(strings.TrimSpace(table), "\n")
	if !found || !ended || len(rows) < 3 {
		t.Fatalf("the guide has no table of sums: %q", rows)
	}
	for _, row := range rows[2:] {
		var cells []time.Duration
		for cell := range strings.SplitSeq(strings.Trim(row, "| "), "|") {
			d, err := duration.Parse(strings.TrimSpace(cell))
			if err != nil {
				t.Fatalf("%s: %v", row, err)
			}
			cells = append(cells, d)
		}
		if len(cells) != 7 {
			t.Fatalf("%s: %d columns, want 7", row, len(cells))
		}
		// The settings, and a grace of 7d.
		policy := rotation.Policy{
			MaxAge: cells[0], Overlap: cells[1], RequireUnusedFor: cells[2], ApplyEvery: cells[3], Grace: 7 * 24 * time.Hour,
		}
		if policy.Interval() <= policy.MinimumInterval() {
			t.Errorf("%s: the plan fails, since %s is not more than %s", row,
				duration.Format(policy.Interval()), duration.Format(policy.MinimumInterval()))
		}
		earliest := policy.Interval() + max(policy.Overlap, policy.RequireUnusedFor)
		// Two applies are late, the third one that max_age leaves time for is not.
		latest := policy.Interval() + policy.Overlap + policy.RequireUnusedFor + 2*policy.ApplyEvery
		for i, want := range []time.Duration{policy.Interval(), earliest, latest} {
			if got := cells[4+i]; got != want {
				t.Errorf("%s: column %d is %s, want %s", row, 5+i, duration.Format(got), duration.Format(want))
			}
		}
	}
}
