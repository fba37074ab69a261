package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
)

// setKeys adds the keys of a result to a state that has everything else. It builds Terraform's own values: those of the framework in
// between would cost 40 MB more for the 12,000 keys of an account of 10,000 users.
func setKeys(ctx context.Context, state *tfsdk.State, result audit.Result) diag.Diagnostics {
	var attributes map[string]tftypes.Value
	if err := state.Raw.As(&attributes); err != nil {
		return diag.Diagnostics{keysNotStored(err)}
	}
	object := auditedKeyType.TerraformType(ctx)
	keys := make([]tftypes.Value, len(result.Keys))
	for i, key := range result.Keys {
		keys[i] = tftypes.NewValue(object, auditedKey(key, result.At))
	}
	attributes["keys"] = tftypes.NewValue(tftypes.List{ElementType: object}, keys)
	state.Raw = tftypes.NewValue(state.Raw.Type(), attributes)
	return nil
}

func auditedKey(key audit.Key, now time.Time) map[string]tftypes.Value {
	var sinceUse any
	if !key.LastUsedAt.IsZero() {
		sinceUse = wholeDays(now.Sub(key.LastUsedAt))
	}
	return map[string]tftypes.Value{
		"access_key_id":        rawText(key.ID),
		"user":                 rawText(key.UserName),
		"user_path":            rawText(key.Path),
		"user_arn":             rawText(key.ARN),
		"status":               rawText(key.Status),
		"created_at":           rawTime(key.CreatedAt),
		"age_days":             tftypes.NewValue(tftypes.Number, wholeDays(now.Sub(key.CreatedAt))),
		"never_used":           tftypes.NewValue(tftypes.Bool, key.LastUsedAt.IsZero()),
		"last_used_at":         rawTime(key.LastUsedAt),
		"days_since_last_used": tftypes.NewValue(tftypes.Number, sinceUse),
		"service_name":         rawText(key.Service),
		"region":               rawText(key.Region),
		"description":          rawText(key.Description),
	}
}

// rawText is s, or null if s is empty.
func rawText(s string) tftypes.Value {
	if s == "" {
		return tftypes.NewValue(tftypes.String, nil)
	}
	return tftypes.NewValue(tftypes.String, s)
}

func rawTime(t time.Time) tftypes.Value { return rawText(formatTime(t).ValueString()) }
