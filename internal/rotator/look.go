package rotator

import (
	"context"
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// lookAgainAfter is how long after a look no other one is asked for.
const lookAgainAfter = time.Hour

// clockMargin is by how much the clock of the machine may be behind AWS's time without hiding that a date has passed.
const clockMargin = 24 * time.Hour

// Unseen is what a plan that did not look at IAM has to say: a step that is due as far as the state tells, or an obstacle
// that the state does not show yet.
type Unseen struct {
	// Step is the first step that is due; its Kind is empty when Obstacle stands in the way of all.
	Step     rotation.Step
	Obstacle rotation.Obstacle
}

// DueUnseen returns what is due if IAM is as the record remembers it and nobody has used a key; nil when nothing is. It lists the
// keys for AWS's time once the machine's clock says that a date is near. Known is the evidence of the last Read or apply.
func (c *Client) DueUnseen(ctx context.Context, user string, record rotation.Record, known Evidence) *Unseen {
	if record.Policy == nil || unseenAt(record, known, c.Now().Add(clockMargin)) == nil {
		return nil
	}
	if !c.Synced() {
		c.SyncTime(ctx, user)
	}
	if c.Now().Sub(known.LookedAt) < lookAgainAfter {
		return nil
	}
	return unseenAt(record, known, c.Now())
}

func unseenAt(record rotation.Record, known Evidence, now time.Time) *Unseen {
	seen := known.Seen
	seen.Keys = slices.Clone(seen.Keys)
	for i := range seen.Keys {
		seen.Keys[i].LastUse = &rotation.Use{}
	}
	d := rotation.Decide(record.LastPolicy(), record, seen, now)
	switch {
	case len(d.Steps) > 0:
		return &Unseen{Step: d.Steps[0]}
	case d.Blocked != nil && d.Blocked.Cause != known.Blocked:
		return &Unseen{Obstacle: *d.Blocked}
	case d.RetirementBlocked != nil && d.RetirementBlocked.Cause != known.RetirementBlocked:
		return &Unseen{Obstacle: *d.RetirementBlocked}
	default:
		return nil
	}
}
