package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// create makes the key. A user whose deleted key IAM still counts gets another try once the list shows the deletion, and
// one whose answer was lost gets another once the key that it left is gone.
func (o *operation) create(ctx context.Context) (iamgate.NewAccessKey, bool) {
	began := o.client.Gateway.Now()
	key, err := o.createOnce(ctx)
	truth := "No key was made, and none was changed. Apply again."
	if left := describeKeys(o.seen.Keys); left != "" {
		truth = "No key was made. The user has: " + left + "."
	}
	if iamgate.IsKind(err, iamgate.KindLimitExceeded) {
		var again bool
		if truth, again = o.settleFull(ctx); again {
			key, err = o.createOnce(ctx)
		}
	}
	if iamgate.IsAmbiguous(err) {
		var again bool
		if truth, again = o.settleLost(ctx, began); again {
			key, err = o.createOnce(ctx)
			if iamgate.IsAmbiguous(err) {
				_, truth = o.lost(ctx)
			}
		}
	}
	if err == nil {
		return key, true
	}
	o.diags.AddError(fmt.Sprintf("No new key for user %q", o.user()), awsErrorDetail(err)+"\n\n"+truth)
	return iamgate.NewAccessKey{}, false
}

func (o *operation) createOnce(ctx context.Context) (iamgate.NewAccessKey, error) {
	o.creating = true
	key, err := o.client.Gateway.CreateAccessKey(ctx, o.user())
	o.creating, o.unsaved = false, key.ID
	return key, err
}

// expected reports whether a listed key was there before the first step.
func (o *operation) expected(id string) bool { return o.fresh.Find(id) != nil }

// settleFull finds out why IAM sees no free slot. Where it still counts a key that this apply has deleted, it waits until that
// is over, so that the creation can be tried again; otherwise it says which keys are there.
func (o *operation) settleFull(ctx context.Context) (truth string, again bool) {
	keys, err := o.client.list(ctx, o.user())
	if err != nil {
		return "No key was made.", false
	}
	truth = fmt.Sprintf("No key was made. The user has: %s.", describeKeys(keys))
	again = len(keys) < rotation.KeysPerUser
	for _, k := range keys {
		if !o.expected(k.ID) {
			return truth + fmt.Sprintf(" Somebody else made key %s meanwhile; it was not touched. Plan again, and read the new plan. If nobody needs that key, delete it:\n  %s",
				k.ID, deleteCommand(o.user(), k.ID)), false
		}
		if o.seen.Find(k.ID) != nil {
			continue
		}
		if _, err := o.client.Gateway.WaitDeleted(ctx, o.user(), k.ID); err != nil {
			return truth, false
		}
		again = true
	}
	return truth, again
}

// lostSlack is how far the date of a new key may lie before the time at which its creation began: dates have whole seconds,
// and AWS's servers are not of one mind about the time.
const lostSlack = 2 * time.Second

// settleLost looks for the key that a creation without an answer has left. With unmanaged_keys = "delete_unused" it deletes
// that key, whose secret nobody has, so that the creation can be tried again; otherwise it says what is true.
func (o *operation) settleLost(ctx context.Context, began time.Time) (truth string, again bool) {
	appeared, truth := o.lost(ctx)
	if o.policy.UnmanagedKeys != rotation.DeleteUnused || len(appeared) != 1 || appeared[0].CreatedAt.Before(began.Add(-lostSlack)) {
		return truth, false
	}
	key := appeared[0]
	if key.LastUse == nil {
		return truth, false
	}
	if err := o.client.Gateway.DeleteAccessKey(ctx, o.user(), key.ID); err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return truth, false
	}
	o.removed = append(o.removed, key.ID)
	// AWS has accepted the deletion. A list that does not show it yet is met by LimitExceeded.
	_, _ = o.client.Gateway.WaitDeleted(ctx, o.user(), key.ID)
	o.diags.AddWarning(fmt.Sprintf("Key %s of user %q was made and deleted again: the answer with its secret was lost", key.ID, o.user()),
		"unmanaged_keys = \"delete_unused\" allows that. Another key was asked for instead.")
	return "The answer to the creation was lost. The key that it had made was deleted again, and no other key was touched. Apply again.", true
}

// lost are the keys that appeared since the first step and that nobody has used, and what is true of all that appeared.
func (o *operation) lost(ctx context.Context) ([]rotation.Key, string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	known := make([]string, len(o.fresh.Keys))
	for i, k := range o.fresh.Keys {
		known[i] = k.ID
	}
	listed, err := o.client.Gateway.WaitAppeared(ctx, o.user(), known)
	if err != nil {
		return nil, fmt.Sprintf("A key may have been made all the same, and nobody has its secret. The current key was not touched. Look with:\n  aws iam list-access-keys --user-name %s", o.user())
	}
	var appeared []rotation.Key
	var unused, used []string
	for _, k := range rotationKeys(listed) {
		if o.expected(k.ID) {
			continue
		}
		if use, err := o.client.lastUse(ctx, k.ID); err == nil {
			k.LastUse = use
		}
		// Nobody has proved a key whose secret was lost: one that was used in any way is somebody else's.
		if k.LastUse != nil && !k.LastUse.At.IsZero() {
			used = append(used, k.ID)
			continue
		}
		appeared = append(appeared, k)
		unused = append(unused, describeKey(k)+"\n  "+deleteCommand(o.user(), k.ID))
	}
	var truth []string
	if len(unused) > 0 {
		truth = append(truth, "The answer was lost, and this appeared meanwhile; nobody has the secret of a key that this apply made. Unless somebody else made it, delete it with:\n  "+
			strings.Join(unused, "\n  ")+"\nor set unmanaged_keys = \"delete_unused\" and apply again.")
	}
	for _, id := range used {
		truth = append(truth, fmt.Sprintf("Key %s appeared meanwhile and is used already, so somebody else made it; it was not touched.", id))
	}
	if len(truth) == 0 {
		truth = append(truth, "IAM lists no new key. Should one appear later, the next plan names it. Apply again.")
	}
	return appeared, strings.Join(append(truth, "The current key was not touched."), "\n")
}
