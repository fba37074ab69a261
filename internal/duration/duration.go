// Package duration reads and prints durations in days: 90d, 12w, 36h, 1d12h.
//
// The standard library's durations end at hours. Libraries with days print 12w6d for 90d and read negative ones, or bring
// protobuf along.
package duration

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	// Day is 24 hours.
	Day  = 24 * time.Hour
	week = 7 * Day

	// Max is a hundred years of 365 days: more is a mistake, and it keeps sums of durations far from overflow.
	Max = 36500 * Day

	// Form says how a duration is written.
	Form = "whole numbers with the units w, d, h, m and s, the largest unit first, such as 90d, 12w, 36h or 1d12h; " +
		"at most 36500d, without sign, fraction or spaces"
)

// allUnits are the units of a duration, the largest first.
var allUnits = []struct {
	symbol byte
	length time.Duration
}{
	{'w', week}, {'d', Day}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second},
}

var (
	// ErrForm means that a text is not a duration.
	ErrForm = errors.New("a duration is " + Form)
	// ErrRange means that a duration is longer than Max.
	ErrRange = errors.New("a duration is at most 36500d")
)

// Parse reads a duration such as 90d or 1d12h. A day is 24 hours. The error wraps ErrForm or
// ErrRange.
func Parse(s string) (time.Duration, error) {
	var total time.Duration
	rest, units := s, allUnits
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 {
			return 0, fmt.Errorf("%q: %w", s, ErrForm)
		}
		for len(units) > 0 && units[0].symbol != rest[digits] {
			units = units[1:]
		}
		if len(units) == 0 {
			return 0, fmt.Errorf("%q: %w", s, ErrForm)
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64((Max-total)/units[0].length) {
			return 0, fmt.Errorf("%q: %w", s, ErrRange)
		}
		total += time.Duration(n) * units[0].length
		rest, units = rest[digits+1:], units[1:]
	}
	if s == "" {
		return 0, fmt.Errorf("%q: %w", s, ErrForm)
	}
	return total, nil
}

// Format prints d, which is not negative, in days and smaller units: 90d, 1d12h. Parts of a second are cut off.
func Format(d time.Duration) string {
	var b strings.Builder
	for _, unit := range allUnits {
		if unit.length == week || d < unit.length {
			continue
		}
		fmt.Fprintf(&b, "%d%c", d/unit.length, unit.symbol)
		d %= unit.length
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
