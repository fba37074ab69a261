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
	// Pending is why a request to rotate is recorded instead of done; nil when none is.
	Pending *rotation.Obstacle
	// Revoked are the keys that a revoke stops, with their last uses as far as they can be read.
	Revoked []rotation.Key
	// InTheWay are, after an import, the unmanaged keys that will block the next rotation.
	InTheWay []rotation.Key
	// RotationUnblocked and RetirementUnblocked report whether the edit takes away what blocks a rotation or a retirement.
	RotationUnblocked, RetirementUnblocked bool
	// DueSince is since when current is due by an edited interval. It is zero where it is not due, and where AWS's time is
	// not known. The plan of the edit takes no such step, the next one does.
	DueSince time.Time
}

// Judge judges an edited policy by what the last Read saw.
func (c *Client) Judge(ctx context.Context, user string, policy rotation.Policy, record rotation.Record, known Evidence) Judgement {
	before := record.LastPolicy()
	revokes := len(rotation.Changed(before.RevokeWhenChanged, policy.RevokeWhenChanged)) > 0
	if revokes {
		// Whether current is missing for good, or a recipient has expired, depends on the time, and an apply has not heard AWS's
		// time yet.
		c.SyncTime(ctx, user)
	}
	now := c.Now()
	decision := rotation.Judge(policy, record, known.Seen, known.Room, now)
	logDecision(ctx, user, decision)
	j := Judgement{Steps: decision.Steps, Refused: decision.Refused, Waiting: decision.Waiting, Pending: decision.Pending}
	if revokes && record.Policy != nil && j.Refused == nil {
		j.Revoked = c.revokedKeys(ctx, record, known.Seen)
	}
	if record.Policy == nil {
		j.InTheWay = inTheWay(policy, record, decision, known.Seen)
	} else {
		j.RotationUnblocked, j.RetirementUnblocked = known.UnblockedBy(before, policy)
	}
	due, found := record.RotateAt(policy), !known.Seen.UserUnknown && known.Seen.Find(record.Current.ID) != nil
	if due.IsZero() || due.Equal(record.RotateAt(before)) || !found || !c.Synced() {
		return j
	}
	if !now.Before(due) {
		j.DueSince = due
	}
	return j
}
