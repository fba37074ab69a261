package provider

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// maxDuration is a hundred years of 365 days: more is a mistake, and it keeps sums of durations far from overflow.
	maxDuration = 36500 * day

	durationForm = "whole numbers with the units w, d, h, m and s, the largest unit first, such as 90d, 12w, 36h or 1d12h; " +
		"at most 36500d, without sign, fraction or spaces"
)

// durationUnits are the units of a duration, the largest first.
var durationUnits = []struct {
	symbol byte
	length time.Duration
}{
	{'w', week}, {'d', day}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second},
}

var (
	errDurationForm  = errors.New("a duration is " + durationForm)
	errDurationRange = errors.New("a duration is at most 36500d")
)

// parseDuration reads a duration such as 90d or 1d12h. A day is 24 hours. The error wraps errDurationForm or
// errDurationRange.
func parseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest, units := s, durationUnits
	for rest != "" {
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits <= 0 {
			return 0, fmt.Errorf("%q: %w", s, errDurationForm)
		}
		for len(units) > 0 && units[0].symbol != rest[digits] {
			units = units[1:]
		}
		if len(units) == 0 {
			return 0, fmt.Errorf("%q: %w", s, errDurationForm)
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64((maxDuration-total)/units[0].length) {
			return 0, fmt.Errorf("%q: %w", s, errDurationRange)
		}
		total += time.Duration(n) * units[0].length
		rest, units = rest[digits+1:], units[1:]
	}
	if s == "" {
		return 0, fmt.Errorf("%q: %w", s, errDurationForm)
	}
	return total, nil
}

// formatDuration prints d, which is not negative, in days and smaller units: 90d, 1d12h. Parts of a second are cut off.
func formatDuration(d time.Duration) string {
	var b strings.Builder
	for _, unit := range durationUnits {
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

// durationType is the Terraform type of a duration: a string such as 90d.
type durationType struct{ basetypes.StringType }

var _ basetypes.StringTypable = durationType{}

func (t durationType) Equal(o attr.Type) bool {
	other, ok := o.(durationType)
	return ok && t.StringType.Equal(other.StringType)
}

func (durationType) String() string { return "durationType" }

func (durationType) ValueType(context.Context) attr.Value { return durationValue{} }

func (durationType) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return durationValue{StringValue: in}, nil
}

func (t durationType) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	s, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("a duration is a string, not %T", value)
	}
	return durationValue{StringValue: s}, nil
}

// durationValue is a duration in configuration or state, in the spelling that the user chose.
type durationValue struct{ basetypes.StringValue }

var _ basetypes.StringValuable = durationValue{}

func (durationValue) Type(context.Context) attr.Type { return durationType{} }

// Equal reports whether v and o are spelled the same: two spellings of one duration are two values.
func (v durationValue) Equal(o attr.Value) bool {
	other, ok := o.(durationValue)
	return ok && v.StringValue.Equal(other.StringValue)
}

// Duration is the length of v. It is zero for a null or unknown value, and for one that durationValidator refuses.
func (v durationValue) Duration() time.Duration {
	d, err := parseDuration(v.ValueString())
	if err != nil {
		return 0
	}
	return d
}
