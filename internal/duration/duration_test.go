package duration_test

import (
	"errors"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in      string
		want    time.Duration
		wantErr error
	}{
		{in: "90d", want: 90 * 24 * time.Hour},
		{in: "12w", want: 84 * 24 * time.Hour},
		{in: "36h", want: 36 * time.Hour},
		{in: "1d12h", want: 36 * time.Hour},
		{in: "15m", want: 15 * time.Minute},
		{in: "30s", want: 30 * time.Second},
		{in: "1w2d3h4m5s", want: 9*24*time.Hour + 3*time.Hour + 4*time.Minute + 5*time.Second},
		{in: "1w5s", want: 7*24*time.Hour + 5*time.Second},
		{in: "0s", want: 0},
		{in: "0d", want: 0},
		{in: "36500d", want: 36500 * 24 * time.Hour},
		{in: "36499d24h", want: 36500 * 24 * time.Hour},
		{in: "36501d", wantErr: duration.ErrRange},
		{in: "36500d1s", wantErr: duration.ErrRange},
		{in: "3153600001s", wantErr: duration.ErrRange},
		{in: "9223372036854775807w", wantErr: duration.ErrRange},
		{in: "99999999999999999999s", wantErr: duration.ErrRange},
		{in: "", wantErr: duration.ErrForm},
		{in: "90", wantErr: duration.ErrForm},
		{in: "d", wantErr: duration.ErrForm},
		{in: "1d12", wantErr: duration.ErrForm},
		{in: "-1d", wantErr: duration.ErrForm},
		{in: "+1d", wantErr: duration.ErrForm},
		{in: "1.5d", wantErr: duration.ErrForm},
		{in: "1 d", wantErr: duration.ErrForm},
		{in: " 1d", wantErr: duration.ErrForm},
		{in: "1d ", wantErr: duration.ErrForm},
		{in: "12h1d", wantErr: duration.ErrForm},
		{in: "1d1d", wantErr: duration.ErrForm},
		{in: "5ms", wantErr: duration.ErrForm},
		{in: "1y", wantErr: duration.ErrForm},
		{in: "1D", wantErr: duration.ErrForm},
		{in: "٣d", wantErr: duration.ErrForm},
		{in: "ninety days", wantErr: duration.ErrForm},
	} {
		t.Run(tc.in, func(t *testing.T) {
			t.Parallel()
			got, err := duration.Parse(tc.in)
			if got != tc.want || !errors.Is(err, tc.wantErr) {
				t.Errorf("Parse(%q) = %v, %v, want %v, %v", tc.in, got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]time.Duration{
		"0s":         0,
		"1s":         time.Second + 999*time.Millisecond,
		"1m":         time.Minute,
		"23h59m59s":  24*time.Hour - time.Second,
		"1d":         24 * time.Hour,
		"1d12h":      36 * time.Hour,
		"7d":         7 * 24 * time.Hour,
		"90d":        90 * 24 * time.Hour,
		"36500d":     duration.Max,
		"1d1s":       24*time.Hour + time.Second,
		"36499d1h1s": duration.Max - 24*time.Hour + time.Hour + time.Second,
	} {
		if got := duration.Format(in); got != want {
			t.Errorf("Format(%v) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"90d", "12w", "1d12h", "1w2d3h4m5s", "0s", "36500d", "36501d", "007d", "-1d", "1.5h", "", "ms"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d, err := duration.Parse(in)
		if err != nil {
			if d != 0 || errors.Is(err, duration.ErrForm) == errors.Is(err, duration.ErrRange) {
				t.Fatalf("Parse(%q) = %v, %v: want zero and one of the two errors", in, d, err)
			}
			return
		}
		if d < 0 || d > duration.Max || d%time.Second != 0 {
			t.Fatalf("Parse(%q) = %v: out of range", in, d)
		}
		out := duration.Format(d)
		again, err := duration.Parse(out)
		if err != nil || again != d {
			t.Fatalf("%q is %v, printed %q, and that is %v, %v", in, d, out, again, err)
		}
	})
}
