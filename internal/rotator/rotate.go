package rotator

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// rotate creates a key, saves it at once, and proves it. A key that can't be proved is deleted again, and the state goes
// back to what it was.
func (a *application) rotate(ctx context.Context, step rotation.Step) (rotation.Outcome, error) {
	key, err := a.create(ctx)
	if err != nil {
		return rotation.Outcome{}, err
	}
	created := &Created{Secret: key.Secret, Step: step, Before: a.state.Record}
	if a.task.Sealer != nil {
		sealed, err := a.task.Sealer.Seal(ctx, a.client.gateway.Now(), key.ID, key.Secret)
		if err != nil {
			return rotation.Outcome{}, &SealError{Withdrawal: a.withdraw(ctx, key.ID), Err: err}
		}
		created = &Created{Sealed: sealed, Step: step, Before: a.state.Record}
	}
	old := a.state
	out := rotation.Outcome{
		At: key.CreatedAt, Sealed: a.task.Sealer != nil, SealedTo: a.task.Policy.Recipients,
		// Nobody but the proof can have used the new key yet.
		NewKey: rotation.Key{ID: key.ID, Status: rotation.Status(key.Status), CreatedAt: key.CreatedAt, LastUse: &rotation.Use{}},
	}
	a.publish(ctx, step, created, out)

	if err := a.prove(ctx, key); err != nil {
		failure := &UnprovedError{Signed: a.task.WaitUntilUsable, Err: err}
		_, failure.AnotherUser = errors.AsType[*anotherUserError](err)
		// The state first: should the withdrawal panic, a deleted key is not saved as the current one.
		a.unsaved = key.ID
		a.state = old
		a.task.Save(ctx, a.state)
		failure.Withdrawal = a.withdraw(ctx, key.ID)
		return out, failure
	}
	listed := a.recount(ctx, key.ID)
	a.tag(ctx, key.ID)
	a.deleteRoom(ctx, listed)
	a.client.claims.replace(a.task.User, a.state.Record.Current.ID, a.state.Record.After(step, a.state.Seen, out))
	return out, nil
}

// publish saves the new key: from here on nothing is lost. The record and the observation move only once it is proved.
func (a *application) publish(ctx context.Context, step rotation.Step, created *Created, out rotation.Outcome) {
	a.state.Created, a.state.Configured = created, true
	a.task.Save(ctx, a.state.after(step, out))
	a.unsaved = ""
}

// prove waits until the new key authenticates, and learns account and user from the answer.
func (a *application) prove(ctx context.Context, key iamgate.NewAccessKey) error {
	var accountID, uniqueID string
	if a.task.WaitUntilUsable {
		identity, err := a.client.gateway.WaitUsable(ctx, key)
		if err != nil {
			return err
		}
		accountID, uniqueID = identity.AccountID, identity.UserID
	} else {
		var user iamgate.User
		err := a.client.retryNoSuchUser(ctx, a.task.User, func() (err error) {
			user, err = a.client.gateway.GetUser(ctx, a.task.User)
			return err
		})
		if err != nil {
			return err
		}
		accountID, uniqueID = user.AccountID, user.ID
	}
	if recorded := a.state.UniqueID; recorded != "" && recorded != uniqueID && !a.state.Seen.Recreated {
		return &anotherUserError{recorded: recorded, found: uniqueID}
	}
	a.state.AccountID, a.state.UniqueID = accountID, uniqueID
	tflog.Debug(ctx, "the new key is proved", map[string]any{"user": a.task.User, "access_key_id": key.ID, "signed": a.task.WaitUntilUsable})
	return nil
}

// withdraw deletes a new key that can't be kept, on a context of its own.
func (a *application) withdraw(ctx context.Context, id string) Withdrawal {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	tflog.Info(ctx, "delete a new key that is not kept", map[string]any{"user": a.task.User, "access_key_id": id})
	err := ignoreNoSuchEntity(a.client.gateway.DeleteAccessKey(ctx, a.task.User, id))
	a.unsaved = ""
	if err != nil {
		return Withdrawal{Key: id, Err: err}
	}
	a.removed = append(a.removed, id)
	// AWS has accepted the deletion. A list that does not show it yet changes nothing of that.
	_, _ = a.client.gateway.WaitDeleted(ctx, a.task.User, id)
	return Withdrawal{Key: id}
}

// recount lists the keys until the new one shows, and reports what should not be there. It returns the list, nil where IAM does
// not say.
func (a *application) recount(ctx context.Context, id string) []rotation.Key {
	var listed []iamgate.AccessKey
	err := a.client.retryNoSuchUser(ctx, a.task.User, func() (err error) {
		listed, err = a.client.gateway.WaitListed(ctx, a.task.User, id)
		return err
	})
	if err != nil {
		a.notify(NotConfirmed{Key: id, Change: ChangeCreated, Err: err})
		return nil
	}
	keys := rotationKeys(listed)
	var unexpected []rotation.Key
	for _, k := range keys {
		if k.ID != id && !a.isExpected(k.ID) {
			unexpected = append(unexpected, k)
		}
	}
	if len(unexpected) > 0 {
		a.notify(UnexpectedKeys{Keys: unexpected, Listed: len(listed)})
	}
	return keys
}
