package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// The keys of the private state. Persisted: what an older version wrote under them must stay readable.
const (
	// evidenceKey holds the rotator.Evidence of the last Read or apply.
	evidenceKey = "evidence"
	// plannedKey holds the []rotation.Step that ModifyPlan showed, for Update.
	plannedKey = "planned"
)

// privateState is the private state of a request or response. The framework's own type can't be named here.
type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// getPrivate reads the value under key into v and reports whether there is one.
func getPrivate(ctx context.Context, private privateState, key string, v any) (bool, diag.Diagnostics) {
	data, diags := private.GetKey(ctx, key)
	if diags.HasError() || len(data) == 0 {
		return false, diags
	}
	if err := json.Unmarshal(data, v); err != nil {
		diags.Append(problem{
			summary: "Private state can't be read", cause: "The " + key + " in the private state of this resource: " + err.Error(),
			next: "A refresh writes it again: plan without -refresh=false.",
		}.asError())
		return false, diags
	}
	return true, diags
}

// setPrivate stores v under key.
func setPrivate(ctx context.Context, private privateState, key string, v any) diag.Diagnostics {
	data, err := json.Marshal(v)
	if err != nil {
		return diag.Diagnostics{problem{summary: "Private state can't be written", cause: err.Error()}.asError()}
	}
	return private.SetKey(ctx, key, data)
}

// clearPrivate removes the value under key.
func clearPrivate(ctx context.Context, private privateState, key string) diag.Diagnostics {
	return private.SetKey(ctx, key, nil)
}
