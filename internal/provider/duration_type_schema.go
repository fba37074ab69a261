package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// durationValidator refuses a string that is no duration, and a duration of zero unless allowZero is set.
type durationValidator struct{ allowZero bool }

var _ validator.String = durationValidator{}

func (v durationValidator) Description(context.Context) string {
	if v.allowZero {
		return "a duration: " + durationForm
	}
	return "a duration longer than zero: " + durationForm
}

func (v durationValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v durationValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	value := req.ConfigValue.ValueString()
	d, err := parseDuration(value)
	switch {
	case errors.Is(err, errDurationRange):
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Duration too long in %s: %q", req.Path, value),
			fmt.Sprintf("Set %s to at most 36500d.", req.Path))
	case err != nil:
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Invalid duration in %s: %q", req.Path, value),
			fmt.Sprintf("Set %s to %s.", req.Path, durationForm))
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
	prior, err := parseDuration(req.StateValue.ValueString())
	if err != nil {
		return
	}
	if planned, err := parseDuration(req.PlanValue.ValueString()); err == nil && planned == prior {
		resp.PlanValue = req.StateValue
	}
}
