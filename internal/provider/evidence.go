package provider

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// evidence is what Read saw and decided. It holds no time of its own: one would change the state at every apply.
type evidence struct {
	Seen  rotation.Observation `json:"seen"`
	Steps []rotation.Step      `json:"steps,omitempty"`
	// Blocked is why a rotation that is due does not happen; empty when none waits.
	Blocked rotation.Cause `json:"blocked,omitempty"`
	// ChangedAt is when the last apply that changed something ended, and Removed are the keys that it deleted.
	ChangedAt time.Time `json:"changed_at,omitzero"`
	Removed   []string  `json:"removed,omitempty"`
}

// agrees reports whether a list shows what the last apply did. One that does not may come from a server of IAM that is behind.
func (e evidence) agrees(keys []rotation.Key) bool {
	listed := rotation.Observation{Keys: keys}
	for _, k := range e.Seen.Keys {
		if now := listed.Find(k.ID); now == nil || now.Status != k.Status {
			return false
		}
	}
	return !slices.ContainsFunc(e.Removed, func(id string) bool { return listed.Find(id) != nil })
}

// lifts reports whether an edit of the policy takes away what blocks a rotation, so that a postcondition on
// rotation_blocked does not forbid the remedy. It asks no clock, since ModifyPlan runs again at apply.
func (e evidence) lifts(before, after rotation.Policy) bool {
	switch e.Blocked {
	case rotation.CausePaused:
		return !after.Paused
	case rotation.CauseHeld:
		return !after.HoldPrevious
	case rotation.CauseUnmanaged, rotation.CauseAdopted:
		return before.UnmanagedKeys != after.UnmanagedKeys
	case rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace:
		return before.Overlap != after.Overlap || before.Grace != after.Grace || before.RequireUnusedFor != after.RequireUnusedFor
	case rotation.CauseExpired:
		return before.Recipients != after.Recipients || !before.SealableUntil.Equal(after.SealableUntil)
	case rotation.CauseSigner, rotation.CauseOnlyActive, rotation.CauseYoung, rotation.CauseNotOurs, rotation.CauseRevoked:
	}
	return false
}

// The keys of the private state.
const (
	// evidenceKey holds the evidence of the last Read or apply.
	evidenceKey = "evidence"
	// plannedKey holds the steps that ModifyPlan showed, for Update.
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
		diags.AddError("Private state can't be read", "The "+key+" in the private state of this resource: "+err.Error()+
			"\n\nIt is written anew by a refresh: plan again without -refresh=false.")
		return false, diags
	}
	return true, diags
}

// setPrivate stores v under key.
func setPrivate(ctx context.Context, private privateState, key string, v any) diag.Diagnostics {
	data, err := json.Marshal(v)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Private state can't be written", err.Error())}
	}
	return private.SetKey(ctx, key, data)
}

// clearPrivate removes the value under key.
func clearPrivate(ctx context.Context, private privateState, key string) diag.Diagnostics {
	return private.SetKey(ctx, key, nil)
}
