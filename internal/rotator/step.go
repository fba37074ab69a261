package rotator

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// applyStep takes one step in IAM.
func (a *application) applyStep(ctx context.Context, step rotation.Step) (rotation.Outcome, error) {
	switch step.Kind {
	case rotation.Reactivate:
		return a.setStatus(ctx, step, rotation.Active)
	case rotation.Deactivate:
		return a.setStatus(ctx, step, rotation.Inactive)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return a.deleteKey(ctx, step, false)
	case rotation.Rotate:
		return a.rotate(ctx, step)
	case rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.RecordDeleted, rotation.RecordCurrentInactive,
		rotation.RecordCurrentActive, rotation.RecordRenamed, rotation.RecordRequest:
		// These change the record alone.
	}
	return rotation.Outcome{At: a.client.gateway.Now()}, nil
}

// subject is the user that the task is about. Confirm has found the keys under the configured name.
func (a *application) subject() Subject {
	s := a.task.subject(a.task.User, a.state.Record)
	s.AccountID, s.UniqueID = a.state.AccountID, a.state.UniqueID
	return s
}

func (a *application) setStatus(ctx context.Context, step rotation.Step, status rotation.Status) (rotation.Outcome, error) {
	change := ChangeDeactivated
	if status == rotation.Active {
		change = ChangeActivated
	}
	tflog.Info(ctx, "set the status of a key", map[string]any{"user": a.task.User, "access_key_id": step.Key, "status": string(status)})
	owner, gone, err := a.client.withOwner(ctx, a.subject(), step.Key, func(user string) error {
		return a.client.gateway.UpdateAccessKey(ctx, user, step.Key, string(status))
	})
	out := rotation.Outcome{At: a.client.gateway.Now()}
	switch {
	case gone && status == rotation.Active:
		return out, &StatusError{Key: step.Key, Status: status, Gone: true}
	case gone:
		a.notify(DeletedMeanwhile{Key: step.Key})
		return out, nil
	case err == nil:
		return out, nil
	case iamgate.IsKind(err, iamgate.KindNotSettled):
		a.notify(NotConfirmed{Key: step.Key, Change: change, Err: err})
		return out, nil
	}
	failure := &StatusError{Key: step.Key, Status: status, Refused: iamgate.IsRefused(err), Err: err}
	if owner != "" && !failure.Refused {
		listed, shown := a.client.listUntil(ctx, owner, step.Key, func(k *rotation.Key) bool { return k != nil && k.Status == status })
		if shown {
			// The answer was lost, and the change was made.
			return out, nil
		}
		if listed != nil {
			failure.Listed = listed.Status
		}
	}
	if p := a.state.Record.Previous; status == rotation.Inactive && p != nil && p.Revoked {
		failure.Revoked, failure.NewKey = true, a.state.Record.Current.ID
	}
	return out, failure
}

// deleteKey deletes a key. MakesRoom reports that a new key follows: the list after that one shows the deletion, too.
func (a *application) deleteKey(ctx context.Context, step rotation.Step, makesRoom bool) (rotation.Outcome, error) {
	tflog.Info(ctx, "delete a key", map[string]any{"user": a.task.User, "access_key_id": step.Key})
	owner, gone, err := a.client.withOwner(ctx, a.subject(), step.Key, func(user string) error {
		return a.client.gateway.DeleteAccessKey(ctx, user, step.Key)
	})
	if err != nil {
		failure := a.client.deletionFailure(ctx, owner, step.Key, err)
		if failure != nil {
			return rotation.Outcome{}, failure
		}
		gone = true
	}
	a.removed = append(a.removed, step.Key)
	if !makesRoom && !gone {
		if _, err := a.client.gateway.WaitDeleted(ctx, owner, step.Key); err != nil {
			a.notify(NotConfirmed{Key: step.Key, Change: ChangeDeleted, Err: err})
		}
	}
	// Descriptions change at the end of a task, so the key has the recorded one.
	if a.task.RecordedDescription != "" {
		if owner == "" {
			owner = a.task.User
		}
		a.notify(a.client.untag(ctx, owner, step.Key)...)
	}
	return rotation.Outcome{At: a.client.gateway.Now()}, nil
}

// deletionFailure is the error for a deletion that failed under a name that is proved to be the user's. It is nil where the answer was
// lost and the key is gone. Owner is empty where no such name is known.
func (c *Client) deletionFailure(ctx context.Context, owner, id string, err error) *DeleteError {
	failure := &DeleteError{Key: id, Refused: iamgate.IsRefused(err), Err: err}
	if owner == "" || failure.Refused {
		return failure
	}
	listed, gone := c.listUntil(ctx, owner, id, func(k *rotation.Key) bool { return k == nil })
	if gone {
		return nil
	}
	failure.Listed = listed != nil
	return failure
}

// describe brings the descriptions of the managed keys in line with a changed configuration. An adopted key keeps the one that somebody
// else gave it.
func (a *application) describe(ctx context.Context) {
	if a.task.Description == a.task.RecordedDescription {
		return
	}
	var ids []string
	// A key that this task created has its description already.
	if a.state.Created == nil {
		ids = append(ids, a.state.Record.Current.ID)
	}
	if p := a.state.Record.Previous; p != nil && !p.Adopted {
		ids = append(ids, p.ID)
	}
	for _, id := range ids {
		if a.task.Description != "" {
			a.tag(ctx, id)
		} else {
			a.notify(a.client.untag(ctx, a.task.User, id)...)
		}
	}
}

// tag writes the description of a key. A failure is only a notice: the key matters more.
func (a *application) tag(ctx context.Context, id string) {
	if a.task.Description == "" {
		return
	}
	tflog.Info(ctx, "write the description of a key", map[string]any{"user": a.task.User, "access_key_id": id})
	if err := a.client.gateway.TagUser(ctx, a.task.User, id, a.task.Description); err != nil {
		a.notify(DescriptionNotWritten{Key: id, Err: err})
	}
}

// untag removes the description of a key, which is a tag of its user. It returns a DescriptionNotRemoved, or nothing.
func (c *Client) untag(ctx context.Context, user, id string) []Notice {
	tflog.Info(ctx, "remove the description of a key", map[string]any{"user": user, "access_key_id": id})
	if err := ignoreNoSuchEntity(c.gateway.UntagUser(ctx, user, id)); err != nil {
		return []Notice{DescriptionNotRemoved{Key: id, Err: err}}
	}
	return nil
}
