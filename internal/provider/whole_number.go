package provider

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// wholeNumberValidator refuses a number that is not whole or outside of limits. An Int64Attribute would not do: the framework reports what
// no int64 can hold as an error in the provider.
type wholeNumberValidator struct{ least, most int64 }

var _ validator.Number = wholeNumberValidator{}

func (v wholeNumberValidator) Description(context.Context) string {
	return fmt.Sprintf("a whole number from %d to %d", v.least, v.most)
}

func (v wholeNumberValidator) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v wholeNumberValidator) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	n := req.ConfigValue.ValueBigFloat()
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if whole, accuracy := n.Int64(); accuracy == big.Exact && whole >= v.least && whole <= v.most {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("Invalid number in %s: %s", req.Path, formatNumber(n)),
		fmt.Sprintf("Set %s to %s.", req.Path, v.Description(ctx)))
}

// formatNumber spells a number with an exponent only where it is very large or small.
func formatNumber(n *big.Float) string {
	if exponent := n.MantExp(nil); exponent > -64 && exponent <= 64 {
		return n.Text('f', -1)
	}
	return n.Text('g', -1)
}

// wholeNumber returns a number that wholeNumberValidator has accepted, nil for one that is null or unknown.
func wholeNumber(n types.Number) *int64 {
	if n.IsNull() || n.IsUnknown() {
		return nil
	}
	whole, _ := n.ValueBigFloat().Int64()
	return &whole
}
