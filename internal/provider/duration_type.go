package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
)

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
	d, err := duration.Parse(v.ValueString())
	if err != nil {
		return 0
	}
	return d
}

// durationValidator refuses a string that is no duration, a duration of zero unless allowZero is set, and one above atMost unless
// that is zero.
type durationValidator struct {
	allowZero bool
	atMost    time.Duration
}

var _ validator.String = durationValidator{}

func (v durationValidator) Description(context.Context) string {
	if v.allowZero {
		return "a duration: " + duration.Form
	}
	return "a duration longer than zero: " + duration.Form
}

func (v durationValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v durationValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	d, err := duration.Parse(value)
	atMost := duration.Max
	if v.atMost > 0 {
		atMost = v.atMost
	}
	switch {
	case errors.Is(err, duration.ErrRange), err == nil && d > atMost:
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Duration too long in %s: %q", req.Path, value),
			fmt.Sprintf("Set %s to at most %s.", req.Path, duration.Format(atMost)))
	case err != nil:
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Invalid duration in %s: %q", req.Path, value),
			fmt.Sprintf("Set %s to %s.", req.Path, duration.Form))
	case d == 0 && !v.allowZero:
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Duration of zero in %s: %q", req.Path, value),
			fmt.Sprintf("Set %s to a duration longer than zero, such as 90d.", req.Path))
	}
}

// keepDurationSpelling plans the prior spelling of a duration that is only spelled anew, so that 168h for 7d is no change.
// Semantic equality of the type would not do: Terraform compares a configured value with the state as text.
func keepDurationSpelling() planmodifier.String { return durationSpelling{} }

type durationSpelling struct{}

func (durationSpelling) Description(context.Context) string {
	return "another spelling of the same duration is no change"
}

func (m durationSpelling) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (durationSpelling) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	prior, err := duration.Parse(req.StateValue.ValueString())
	if err != nil {
		return
	}
	if planned, err := duration.Parse(req.PlanValue.ValueString()); err == nil && planned == prior {
		resp.PlanValue = req.StateValue
	}
}
