package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// rotate makes a key, writes it to the state at once, and proves it. A key that can't be proved is deleted again, and the
// state goes back to what it was.
func (o *operation) rotate(ctx context.Context, step rotation.Step) (rotation.Outcome, bool) {
	key, ok := o.create(ctx)
	if !ok {
		return rotation.Outcome{}, false
	}
	sealed, err := o.seal(ctx, key)
	if err != nil {
		problem, detail := recipientProblem(recipientsPath(o.encryption.method), err)
		o.diags.AddError(fmt.Sprintf("Secret of new key %s of user %q could not be encrypted", key.ID, o.user()),
			problem+". "+detail+"\n\n"+o.withdraw(ctx, key.ID)+" Apply again.")
		return rotation.Outcome{}, false
	}
	old := *o.model
	out := rotation.Outcome{
		At: key.CreatedAt, Sealed: o.encryption != nil,
		NewKey: rotation.Key{ID: key.ID, Status: rotation.Status(key.Status), CreatedAt: key.CreatedAt},
	}
	o.publish(ctx, step, key, sealed, out)

	if err := o.prove(ctx, key); err != nil {
		summary, way := fmt.Sprintf("New key %s of user %q does not work", key.ID, o.user()), "Apply again, or set wait_until_usable = false if STS can't be reached from here."
		if !o.configured.WaitUntilUsable.ValueBool() {
			summary, way = fmt.Sprintf("User %q can't be read, so its new key %s is not kept", o.user(), key.ID), "Apply again."
		}
		o.diags.AddError(summary, awsErrorDetail(err)+"\n\n"+o.withdraw(ctx, key.ID)+" "+way)
		*o.model = old
		o.diags.Append(o.save(ctx, o.model)...)
		return out, false
	}
	o.recount(ctx, key.ID)
	o.tag(ctx, key.ID)
	o.client.claims.replace(o.user(), o.record.Current.ID, key.ID)
	return out, true
}

// create makes the key. A user whose deleted key IAM still counts gets another try once the list shows the deletion.
func (o *operation) create(ctx context.Context) (iamgate.NewAccessKey, bool) {
	key, err := o.client.Gateway.CreateAccessKey(ctx, o.user())
	if iamgate.IsKind(err, iamgate.KindLimitExceeded) && len(o.seen.Keys) < 2 {
		if settled := o.settle(ctx); settled {
			key, err = o.client.Gateway.CreateAccessKey(ctx, o.user())
		}
	}
	if err == nil {
		return key, true
	}
	truth := "No key was made, and none was changed. Apply again."
	if failure := (*iamgate.Error)(nil); errors.As(err, &failure) && failure.Ambiguous {
		truth = o.ambiguous(ctx)
	} else if left := describeKeys(o.seen.Keys); left != "" {
		truth = "No key was made. The user has: " + left + "."
	}
	o.diags.AddError(fmt.Sprintf("No new key for user %q", o.user()), awsErrorDetail(err)+"\n\n"+truth)
	return iamgate.NewAccessKey{}, false
}

// expected reports whether a listed key was there before the first step.
func (o *operation) expected(id string) bool { return o.fresh.Find(id) != nil }

// settle waits until the list shows no other keys than those that should be left.
func (o *operation) settle(ctx context.Context) bool {
	keys, err := o.client.list(ctx, o.user())
	for _, k := range keys {
		if o.seen.Find(k.ID) == nil && err == nil {
			_, err = o.client.Gateway.WaitDeleted(ctx, o.user(), k.ID)
		}
	}
	return err == nil
}

// ambiguous names the key that a create may have left behind though its answer did not come.
func (o *operation) ambiguous(ctx context.Context) string {
	keys, err := o.client.list(ctx, o.user())
	if err != nil {
		return fmt.Sprintf("A key may have been made all the same, and nobody has its secret. Look with:\n  aws iam list-access-keys --user-name %s", o.user())
	}
	var strangers []string
	for _, k := range keys {
		if !o.expected(k.ID) {
			strangers = append(strangers, fmt.Sprintf("%s\n  %s", describeKey(k), deleteCommand(o.user(), k.ID)))
		}
	}
	if len(strangers) == 0 {
		return "IAM lists no new key. It may still appear within seconds; the next plan will show it. The current key was not touched."
	}
	return "The answer was lost, and these keys appeared meanwhile; nobody has the secret of a key that this apply made. Delete it with:\n  " +
		strings.Join(strangers, "\n  ") + "\nThe current key was not touched."
}

// publish puts the new key into the model and the state: from here on nothing is lost.
func (o *operation) publish(ctx context.Context, step rotation.Step, key iamgate.NewAccessKey, sealed types.String, out rotation.Outcome) {
	reason := reasonText(step, o.policy, o.record)
	o.configure(ctx)
	record, seen := o.record.After(step, o.seen, out), o.seen.After(step, out)
	o.diags.Append(o.model.show(ctx, record, seen, o.policy)...)
	if o.model.EncryptedSecret = sealed; o.encryption == nil {
		o.model.SecretAccessKey = types.StringValue(key.Secret.Reveal())
	}
	o.model.RotationReason, o.model.RotationBlocked = types.StringValue(reason), types.StringNull()
	o.diags.Append(o.save(ctx, o.model)...)
}

// prove waits until the new key authenticates, and learns account and user from the answer.
func (o *operation) prove(ctx context.Context, key iamgate.NewAccessKey) error {
	if !o.configured.WaitUntilUsable.ValueBool() {
		if o.model.AccountID.ValueString() != "" && !o.seen.Recreated {
			return nil
		}
		user, err := o.client.Gateway.GetUser(ctx, o.user())
		if err != nil {
			return err
		}
		o.model.AccountID, o.model.UserUniqueID = types.StringValue(user.AccountID), types.StringValue(user.ID)
		return nil
	}
	identity, err := o.client.Gateway.WaitUsable(ctx, key)
	if err != nil {
		return err
	}
	o.model.AccountID, o.model.UserUniqueID = types.StringValue(identity.AccountID), types.StringValue(identity.UserID)
	return nil
}

// withdraw deletes a new key that does not work, and says what is true then.
func (o *operation) withdraw(ctx context.Context, id string) string {
	if err := o.client.Gateway.DeleteAccessKey(ctx, o.user(), id); err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return fmt.Sprintf("The new key could not be deleted again (%s). Delete it with:\n  %s\nThe current key was not touched.", err, deleteCommand(o.user(), id))
	}
	// AWS has accepted the deletion. A list that does not show it yet changes nothing of that.
	_, _ = o.client.Gateway.WaitDeleted(ctx, o.user(), id)
	return "The new key was deleted again, and no other key was touched."
}

// recount lists the keys until the new one shows, and reports what should not be there.
func (o *operation) recount(ctx context.Context, id string) {
	listed, err := o.client.Gateway.WaitListed(ctx, o.user(), id)
	if err != nil {
		o.diags.AddWarning(fmt.Sprintf("IAM has not confirmed new key %s yet", id), awsErrorDetail(err)+"\n\nThe key is safe in the state.")
		return
	}
	var strangers []rotation.Key
	for _, k := range rotationKeys(listed) {
		if k.ID != id && !o.expected(k.ID) {
			strangers = append(strangers, k)
		}
	}
	if len(strangers) > 0 {
		o.diags.AddWarning(fmt.Sprintf("User %q has %d keys, and one that this apply did not expect: %s", o.user(), len(listed), describeKeys(strangers)),
			"Somebody else made it meanwhile. It was not touched; the next plan treats it by unmanaged_keys.")
	}
}
