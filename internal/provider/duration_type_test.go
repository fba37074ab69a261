package provider

import (
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

func TestDurationValidator(t *testing.T) {
	t.Parallel()
	const way = "Set rotate_after to whole numbers with the units w, d, h, m and s, the largest unit first, such as 90d, 12w, 36h or 1d12h; " +
		"at most 36500d, without sign, fraction or spaces."
	for name, tc := range map[string]struct {
		value           types.String
		allowZero       bool
		summary, detail string
	}{
		"good":         {value: types.StringValue("90d")},
		"null":         {value: types.StringNull()},
		"unknown":      {value: types.StringUnknown()},
		"zero allowed": {value: types.StringValue("0s"), allowZero: true},
		"zero not allowed": {
			value: types.StringValue("0s"), summary: `Duration of zero in rotate_after: "0s"`,
			detail: "Set rotate_after to a duration longer than zero, such as 90d.",
		},
		"negative": {value: types.StringValue("-7d"), summary: `Invalid duration in rotate_after: "-7d"`, detail: way},
		"words": {
			value: types.StringValue("90 days"), allowZero: true, summary: `Invalid duration in rotate_after: "90 days"`, detail: way,
		},
		"empty": {value: types.StringValue(""), summary: `Invalid duration in rotate_after: ""`, detail: way},
		"too long": {
			value: types.StringValue("36501d"), summary: `Duration too long in rotate_after: "36501d"`,
			detail: "Set rotate_after to at most 36500d.",
		},
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
