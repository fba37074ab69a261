package provider

import (
	"context"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// The bounds of a lookup for a warning: a plan must not wait long for what only helps to read it.
const (
	explainPages   = 2
	explainTimeout = 10 * time.Second
)

// usedKey is the obstacle of a previous key that is still in use; nil where there is none.
func usedKey(decision rotation.Decision) *rotation.Obstacle {
	for _, o := range []*rotation.Obstacle{decision.RetirementBlocked, decision.Blocked} {
		if o != nil && o.Cause == rotation.CauseUsed {
			return o
		}
	}
	return nil
}

// explainUsage asks CloudTrail who uses the key that usedKey returns, and returns the answer for a warning. It is empty without
// explain_usage, and where no key is in use.
func (r *rotatingAccessKeyResource) explainUsage(
	ctx context.Context, model *rotatingAccessKeyModel, record rotation.Record, decision rotation.Decision,
) string {
	o := usedKey(decision)
	if o == nil || !model.ExplainUsage.ValueBool() {
		return ""
	}
	regions := r.client.Trail.Regions()
	// IAM knows where the key was used last. For some services it has no Region.
	if trail.IsRegion(o.Use.Region) {
		regions = trail.WithoutRepeats(append([]string{o.Use.Region}, regions...)...)
	}
	ctx, cancel := context.WithTimeout(ctx, explainTimeout)
	defer cancel()
	asked := trail.Query{KeyID: o.Key, Regions: regions, Since: record.LastPolicy().RequireUnusedFor, MaxPages: explainPages}
	found, err := r.client.Trail.Lookup(ctx, asked)
	return describeUsage(asked, found, err)
}
