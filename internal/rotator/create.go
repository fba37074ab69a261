package rotator

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// create creates the key. It asks before anything is deleted: only where IAM answers that no slot is free are the keys of room
// deleted. Where IAM still counts a key that was deleted, it tries again once the list shows the deletion, and where the answer
// was lost, once the key that it left is gone.
func (a *application) create(ctx context.Context) (iamgate.NewAccessKey, error) {
	a.createBegan = a.client.gateway.Now()
	failure := &CreateError{}
	key, err := a.createInSlot(ctx, failure)
	if a.creating {
		if failure.Lost = a.findLost(ctx); a.deleteLost(ctx, failure.Lost) {
			if key, err = a.createInSlot(ctx, failure); a.creating {
				failure.Lost = a.findLost(ctx)
			}
		}
	}
	switch err.(type) { //nolint:errorlint // these two are never wrapped
	case nil:
		return key, nil
	case *DeleteError, *InterruptedError:
		return iamgate.NewAccessKey{}, err
	}
	failure.Err = err
	if !failure.Full {
		failure.Keys = a.state.Seen.Keys
	}
	for _, step := range a.room {
		failure.Kept = append(failure.Kept, step.Key)
	}
	return iamgate.NewAccessKey{}, failure
}

// createInSlot creates the key, and makes room for it where IAM answers that no slot is free.
func (a *application) createInSlot(ctx context.Context, failure *CreateError) (iamgate.NewAccessKey, error) {
	key, err := a.createOnce(ctx)
	if iamgate.IsKind(err, iamgate.KindLimitExceeded) && len(a.room) > 0 {
		if err := a.makeRoom(ctx); err != nil {
			return iamgate.NewAccessKey{}, err
		}
		key, err = a.createOnce(ctx)
	}
	if iamgate.IsKind(err, iamgate.KindLimitExceeded) && a.waitForDeletions(ctx, failure) {
		key, err = a.createOnce(ctx)
	}
	return key, err
}

// makeRoom deletes the keys of room. The error is a *DeleteError or an *InterruptedError.
func (a *application) makeRoom(ctx context.Context) error {
	for len(a.room) > 0 {
		if a.interrupted() {
			return &InterruptedError{Begun: a.begun}
		}
		step := a.room[0]
		out, err := a.deleteKey(ctx, step, true)
		if err != nil {
			return err
		}
		a.room = a.room[1:]
		a.report.MadeRoom = append(a.report.MadeRoom, step.Key)
		a.advance(ctx, step, out)
	}
	if a.interrupted() {
		return &InterruptedError{Begun: a.begun}
	}
	return nil
}

// deleteRoom deletes the keys of room where a key could be created beside them, once that key is proved. Listed are the keys that
// IAM lists by now, nil where that is not known. Until then the saved state has the new key and, as far as a state can, those
// that the plan deletes.
func (a *application) deleteRoom(ctx context.Context, listed []rotation.Key) {
	for _, step := range a.room {
		out := rotation.Outcome{At: a.client.gateway.Now()}
		if listed == nil || findKey(listed, step.Key) != nil {
			var err error
			if out, err = a.deleteKey(ctx, step, false); err != nil {
				a.keepUndeleted(err)
				continue
			}
		}
		a.state = a.state.after(step, out)
	}
	a.room = nil
}

// keepUndeleted keeps the error of a deletion that followed the new key. The steps that remain are taken all the same. In a
// Create an error would taint the resource and so destroy the new key, so it is a notice there.
func (a *application) keepUndeleted(err error) {
	failure, ok := err.(*DeleteError) //nolint:errorlint // it is never wrapped
	if !ok {
		failure = &DeleteError{Err: err}
	}
	failure.Replaced = true
	if a.task.Record.Current.ID == "" {
		a.notify(NotDeleted{Key: failure.Key, Err: failure.Err})
		return
	}
	a.undeleted = failure
}

func (a *application) createOnce(ctx context.Context) (iamgate.NewAccessKey, error) {
	tflog.Info(ctx, "create a key", map[string]any{"user": a.task.User})
	a.creating = true
	key, err := a.client.gateway.CreateAccessKey(ctx, a.task.User)
	a.creating, a.unsaved = iamgate.IsAmbiguous(err), key.ID
	if err != nil {
		tflog.Debug(ctx, "no key was created, or its answer was lost", map[string]any{"user": a.task.User, "error": err.Error()})
	} else {
		tflog.Info(ctx, "created a key", map[string]any{"user": a.task.User, "access_key_id": key.ID})
	}
	return key, err
}

// isExpected reports whether a listed key was there before the first step.
func (a *application) isExpected(id string) bool { return a.atStart.Find(id) != nil }

// waitForDeletions finds out why IAM sees no free slot, and records it in failure. Where IAM still counts a key that this task
// has deleted, it waits until that is over. It reports whether to try again.
func (a *application) waitForDeletions(ctx context.Context, failure *CreateError) bool {
	failure.Full, failure.Keys = true, nil
	keys, err := a.client.List(ctx, a.task.User)
	if err != nil {
		return false
	}
	keys = a.client.claims.mark(a.task.User, a.task.Record.Current.ID, keys)
	failure.Keys = keys
	again := len(keys) < rotation.KeysPerUser
	for _, k := range keys {
		if !a.isExpected(k.ID) {
			failure.Intruder = k.ID
			return false
		}
		if a.state.Seen.Find(k.ID) != nil {
			continue
		}
		tflog.Debug(ctx, "IAM still counts a deleted key, wait", map[string]any{"user": a.task.User, "access_key_id": k.ID})
		if _, err := a.client.gateway.WaitDeleted(ctx, a.task.User, k.ID); err != nil {
			return false
		}
		again = true
	}
	return again
}

// lostSlack is how far the date of a new key may lie before the time at which its creation began: dates have whole seconds,
// and AWS's servers do not agree on the time exactly.
const lostSlack = 2 * time.Second

// mayHaveCreated reports whether a key with this date may be the one of the creation.
func (a *application) mayHaveCreated(date time.Time) bool {
	return !date.Before(a.createBegan.Add(-lostSlack))
}

// deleteLost deletes the key that a creation without an answer has left, whose secret nobody has, where
// unmanaged_keys = "delete_unused" allows it. It reports whether to create another.
func (a *application) deleteLost(ctx context.Context, lost *LostAnswer) bool {
	if a.task.Policy.UnmanagedKeys != rotation.DeleteUnused || len(lost.Unused) != 1 {
		return false
	}
	key := lost.Unused[0]
	if !a.mayHaveCreated(key.CreatedAt) || key.LastUse == nil {
		return false
	}
	tflog.Info(ctx, "delete a key whose secret was lost", map[string]any{"user": a.task.User, "access_key_id": key.ID})
	if err := ignoreNoSuchEntity(a.client.gateway.DeleteAccessKey(ctx, a.task.User, key.ID)); err != nil {
		return false
	}
	a.removed = append(a.removed, key.ID)
	// AWS has accepted the deletion. Should a list not show it yet, the next creation meets LimitExceeded.
	_, _ = a.client.gateway.WaitDeleted(ctx, a.task.User, key.ID)
	a.notify(LostKeyDeleted{Key: key.ID})
	lost.Deleted = true
	return true
}

// findLost finds the keys that appeared since the first step, on a context of its own. The list may show a key of another before
// that of the creation, so findLost waits until it shows one that the creation may have left.
func (a *application) findLost(ctx context.Context) *LostAnswer {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	uses := map[string]*rotation.Use{}
	lastUse := func(id string) *rotation.Use {
		if _, asked := uses[id]; !asked {
			uses[id], _ = a.client.lastUse(ctx, id)
		}
		return uses[id]
	}
	appeared := func(id string) bool { return !a.isExpected(id) && !slices.Contains(a.removed, id) }
	listed, err := a.client.gateway.WaitAppeared(ctx, a.task.User, func(k iamgate.AccessKey) bool {
		return appeared(k.ID) && a.mayHaveCreated(k.CreatedAt) && !isUsed(lastUse(k.ID))
	})
	if err != nil {
		return &LostAnswer{Unlisted: true}
	}
	lost := &LostAnswer{}
	for _, k := range rotationKeys(listed) {
		if !appeared(k.ID) {
			continue
		}
		// Nobody has proved a key whose secret was lost: one that was used in any way is somebody else's.
		if k.LastUse = lastUse(k.ID); isUsed(k.LastUse) {
			lost.Used = append(lost.Used, k.ID)
		} else {
			lost.Unused = append(lost.Unused, k)
		}
	}
	return lost
}

// isUsed reports whether IAM shows a use.
func isUsed(use *rotation.Use) bool { return use != nil && !use.At.IsZero() }
