package rotator

import (
	"context"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Judgement is what an edited configuration asks for.
type Judgement struct {
	Steps []rotation.Step
	// Refused is why a request can't be met; Waiting is what else the edit asks for and does not get.
	Refused *rotation.Obstacle
	Waiting []rotation.Obstacle
	// Unblocked reports whether the edit takes away what blocks a rotation.
	Unblocked bool
	// DueSince is since when current is due by an edited RotateAfter. It is zero where it is not due, and where AWS's time is
	// not known. The plan of the edit takes no such step, the next one does.
	DueSince time.Time
}

// Judge judges an edited policy by what the last Read saw.
func (c *Client) Judge(ctx context.Context, user string, policy rotation.Policy, record rotation.Record, known Evidence) Judgement {
	current := known.Seen.Find(record.Current.ID)
	before := record.LastPolicy()
	if len(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0 {
		// Whether current is missing for good, or a recipient has expired, depends on the time, and an apply has not heard AWS's
		// time yet.
		c.SyncTime(ctx, user)
	}
	now := c.Now()
	decision := rotation.Judge(policy, record, known.Seen, known.Room, now)
	logDecision(ctx, user, decision)
	j := Judgement{Steps: decision.Steps, Refused: decision.Refused, Waiting: decision.Waiting}
	j.Unblocked = record.Policy != nil && known.UnblockedBy(before, policy)
	if current != nil && policy.RotateAfter != 0 && policy.RotateAfter != before.RotateAfter && c.Synced() {
		if due := current.CreatedAt.Add(policy.RotateAfter); !now.Before(due) {
			j.DueSince = due
		}
	}
	return j
}
