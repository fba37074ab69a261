package acctest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Advance moves the simulator's clock by a span such as "90d", "90d-1s", "1d12h" or "-1s". It panics on one that it can't read.
func (w *World) Advance(by string) {
	d, err := parseSpan(by)
	if err != nil {
		panic("acctest: Advance: " + err.Error())
	}
	w.Sim.Advance(d)
}

// After is Advance as the PreConfig of a test step.
func (w *World) After(by string) func() { return func() { w.Advance(by) } }

// parseSpan is time.ParseDuration with days in front.
func parseSpan(s string) (time.Duration, error) {
	unsigned, negative := strings.CutPrefix(s, "-")
	var span time.Duration
	days, rest, hasDays := strings.Cut(unsigned, "d")
	if hasDays {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("span %q: %w", s, err)
		}
		span = time.Duration(n) * 24 * time.Hour
	} else {
		rest = unsigned
	}
	if rest != "" || !hasDays {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("span %q: %w", s, err)
		}
		span += d
	}
	if negative {
		span = -span
	}
	return span, nil
}
