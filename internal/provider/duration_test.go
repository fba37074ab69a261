package provider

import (
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestParseDuration(t *testing.T) {
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
		{in: "36501d", wantErr: errDurationRange},
		{in: "36500d1s", wantErr: errDurationRange},
		{in: "3153600001s", wantErr: errDurationRange},
		{in: "9223372036854775807w", wantErr: errDurationRange},
		{in: "99999999999999999999s", wantErr: errDurationRange},
		{in: "", wantErr: errDurationForm},
		{in: "90", wantErr: errDurationForm},
		{in: "d", wantErr: errDurationForm},
		{in: "1d12", wantErr: errDurationForm},
		{in: "-1d", wantErr: errDurationForm},
		{in: "+1d", wantErr: errDurationForm},
		{in: "1.5d", wantErr: errDurationForm},
		{in: "1 d", wantErr: errDurationForm},
		{in: " 1d", wantErr: errDurationForm},
		{in: "1d ", wantErr: errDurationForm},
		{in: "12h1d", wantErr: errDurationForm},
		{in: "1d1d", wantErr: errDurationForm},
		{in: "5ms", wantErr: errDurationForm},
		{in: "1y", wantErr: errDurationForm},
		{in: "1D", wantErr: errDurationForm},
		{in: "٣d", wantErr: errDurationForm},
		{in: "ninety days", wantErr: errDurationForm},
	} {
		t.Run(tc.in, func(t *testing.T) {
			t.Parallel()
			got, err := parseDuration(tc.in)
			if got != tc.want || !errors.Is(err, tc.wantErr) {
				t.Errorf("parseDuration(%q) = %v, %v, want %v, %v", tc.in, got, err, tc.want, tc.wantErr)
			}
		})
	}
}

func TestFormatDuration(t *testing.T) {
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
		"36500d":     maxDuration,
		"1d1s":       24*time.Hour + time.Second,
		"36499d1h1s": maxDuration - 24*time.Hour + time.Hour + time.Second,
	} {
		if got := formatDuration(in); got != want {
			t.Errorf("formatDuration(%v) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"90d", "12w", "1d12h", "1w2d3h4m5s", "0s", "36500d", "36501d", "007d", "-1d", "1.5h", "", "ms"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		d, err := parseDuration(in)
		if err != nil {
			if d != 0 || errors.Is(err, errDurationForm) == errors.Is(err, errDurationRange) {
				t.Fatalf("parseDuration(%q) = %v, %v: want zero and one of the two errors", in, d, err)
			}
			return
		}
		if d < 0 || d > maxDuration || d%time.Second != 0 {
			t.Fatalf("parseDuration(%q) = %v: out of range", in, d)
		}
		out := formatDuration(d)
		again, err := parseDuration(out)
		if err != nil || again != d {
			t.Fatalf("%q is %v, printed %q, and that is %v, %v", in, d, out, again, err)
		}
	})
}

func TestDurationValidator(t *testing.T) {
	t.Parallel()
	const way = "Set rotate_after to whole numbers with the units w, d, h, m and s, the largest unit first, such as 90d, 12w, 36h or 1d12h; " +
		"at most 36500d, without sign, fraction or spaces."
	for name, tc := range map[string]struct {
		value           types.String
		allowZero       bool
		summary, detail string
	}{
		"good":             {value: types.StringValue("90d")},
		"null":             {value: types.StringNull()},
		"unknown":          {value: types.StringUnknown()},
		"zero allowed":     {value: types.StringValue("0s"), allowZero: true},
		"zero not allowed": {value: types.StringValue("0s"), summary: `Duration of zero in rotate_after: "0s"`, detail: "Set rotate_after to a duration longer than zero, such as 90d."},
		"negative":         {value: types.StringValue("-7d"), summary: `Invalid duration in rotate_after: "-7d"`, detail: way},
		"words":            {value: types.StringValue("90 days"), allowZero: true, summary: `Invalid duration in rotate_after: "90 days"`, detail: way},
		"empty":            {value: types.StringValue(""), summary: `Invalid duration in rotate_after: ""`, detail: way},
		"too long":         {value: types.StringValue("36501d"), summary: `Duration too long in rotate_after: "36501d"`, detail: "Set rotate_after to at most 36500d."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := path.Root("rotate_after")
			var resp validator.StringResponse
			durationValidator{allowZero: tc.allowZero}.ValidateString(t.Context(), validator.StringRequest{Path: at, ConfigValue: tc.value}, &resp)
			var want diag.Diagnostics
			if tc.summary != "" {
				want.AddAttributeError(at, tc.summary, tc.detail)
			}
			if !resp.Diagnostics.Equal(want) {
				t.Errorf("got %v, want %v", resp.Diagnostics, want)
			}
		})
	}
}

func TestKeepDurationSpelling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ state, plan, want types.String }{
		"equal, spelled anew":  {types.StringValue("7d"), types.StringValue("168h"), types.StringValue("7d")},
		"zero, spelled anew":   {types.StringValue("0s"), types.StringValue("0d"), types.StringValue("0s")},
		"same spelling":        {types.StringValue("7d"), types.StringValue("7d"), types.StringValue("7d")},
		"another duration":     {types.StringValue("7d"), types.StringValue("8d"), types.StringValue("8d")},
		"create":               {types.StringNull(), types.StringValue("7d"), types.StringValue("7d")},
		"removed":              {types.StringValue("7d"), types.StringNull(), types.StringNull()},
		"not known yet":        {types.StringValue("7d"), types.StringUnknown(), types.StringUnknown()},
		"state of a lost form": {types.StringValue("bad"), types.StringValue("0s"), types.StringValue("0s")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := planmodifier.StringResponse{PlanValue: tc.plan}
			keepDurationSpelling().PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: tc.state, PlanValue: tc.plan}, &resp)
			if !resp.PlanValue.Equal(tc.want) {
				t.Errorf("plan %s on state %s: got %s, want %s", tc.plan, tc.state, resp.PlanValue, tc.want)
			}
		})
	}
}

func TestDurationType(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		in   tftypes.Value
		want attr.Value
		d    time.Duration
	}{
		"known":   {tftypes.NewValue(tftypes.String, "1d12h"), durationValue{basetypes.NewStringValue("1d12h")}, 36 * time.Hour},
		"null":    {tftypes.NewValue(tftypes.String, nil), durationValue{basetypes.NewStringNull()}, 0},
		"unknown": {tftypes.NewValue(tftypes.String, tftypes.UnknownValue), durationValue{basetypes.NewStringUnknown()}, 0},
		"bad":     {tftypes.NewValue(tftypes.String, "bad"), durationValue{basetypes.NewStringValue("bad")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := durationType{}.ValueFromTerraform(t.Context(), tc.in)
			if err != nil || !got.Equal(tc.want) {
				t.Fatalf("got %v, %v, want %v", got, err, tc.want)
			}
			value, ok := got.(durationValue)
			if !ok || value.Duration() != tc.d {
				t.Errorf("got %T of %v, want a durationValue of %v", got, value.Duration(), tc.d)
			}
			if !value.Type(t.Context()).Equal(durationType{}) {
				t.Errorf("type is %v", value.Type(t.Context()))
			}
		})
	}
	if (durationType{}).Equal(types.StringType) || (durationValue{types.StringValue("1d")}).Equal(types.StringValue("1d")) {
		t.Error("a duration equals a plain string")
	}
}
