package acctest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Advance moves the simulator's clock by a duration such as "90d", "90d-1s", "1d12h" or "-1s". It panics if by is not valid.
func (w *World) Advance(by string) {
	d, err := parseDuration(by)
	if err != nil {
		panic("acctest: Advance: " + err.Error())
	}
	w.Sim.Advance(d)
}

// After returns a function that calls Advance, for the PreConfig of a test step.
func (w *World) After(by string) func() { return func() { w.Advance(by) } }

// parseDuration parses a number of days, a duration in the syntax of time.ParseDuration, or both in this order.
func parseDuration(s string) (time.Duration, error) {
	unsigned, negative := strings.CutPrefix(s, "-")
	var duration time.Duration
	days, rest, hasDays := strings.Cut(unsigned, "d")
	if hasDays {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("duration %q: %w", s, err)
		}
		duration = time.Duration(n) * 24 * time.Hour
	} else {
		rest = unsigned
	}
	if rest != "" || !hasDays {
		d, err := time.ParseDuration(rest)
		if err != nil {
			return 0, fmt.Errorf("duration %q: %w", s, err)
		}
		duration += d
	}
	if negative {
		duration = -duration
	}
	return duration, nil
}
