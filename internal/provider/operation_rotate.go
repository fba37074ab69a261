package provider

import (
	"context"
	"errors"
	"fmt"

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
		switch another := (*anotherUserError)(nil); {
		case errors.As(err, &another):
			summary, way = fmt.Sprintf("User %q was deleted and created again meanwhile: new key %s is not kept", o.user(), key.ID), "Plan again, and read the new plan."
		case !o.configured.WaitUntilUsable.ValueBool():
			summary, way = fmt.Sprintf("User %q can't be read, so its new key %s is not kept", o.user(), key.ID), "Apply again."
		}
		o.unsaved = key.ID
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
	o.unsaved = ""
}

// prove waits until the new key authenticates, and learns account and user from the answer.
func (o *operation) prove(ctx context.Context, key iamgate.NewAccessKey) error {
	var accountID, uniqueID string
	if o.configured.WaitUntilUsable.ValueBool() {
		identity, err := o.client.Gateway.WaitUsable(ctx, key)
		if err != nil {
			return err
		}
		accountID, uniqueID = identity.AccountID, identity.UserID
	} else {
		var user iamgate.User
		err := o.client.patiently(ctx, func() (err error) {
			user, err = o.client.Gateway.GetUser(ctx, o.user())
			return err
		})
		if err != nil {
			return err
		}
		accountID, uniqueID = user.AccountID, user.ID
	}
	if recorded := o.model.UserUniqueID.ValueString(); recorded != "" && recorded != uniqueID && !o.seen.Recreated {
		return &anotherUserError{recorded: recorded, found: uniqueID}
	}
	o.model.AccountID, o.model.UserUniqueID = types.StringValue(accountID), types.StringValue(uniqueID)
	return nil
}

// anotherUserError tells that the name of the user belongs to another user than the one that was planned for.
type anotherUserError struct{ recorded, found string }

// Error implements error.
func (e *anotherUserError) Error() string {
	return fmt.Sprintf("the state knows unique id %s, IAM has %s now", e.recorded, e.found)
}

// withdraw deletes a new key that does not work, and says what is true then.
func (o *operation) withdraw(ctx context.Context, id string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	err := o.client.Gateway.DeleteAccessKey(ctx, o.user(), id)
	o.unsaved = ""
	if err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return fmt.Sprintf("The new key could not be deleted again (%s). Delete it with:\n  %s\nThe current key was not touched.", err, deleteCommand(o.user(), id))
	}
	o.removed = append(o.removed, id)
	// AWS has accepted the deletion. A list that does not show it yet changes nothing of that.
	_, _ = o.client.Gateway.WaitDeleted(ctx, o.user(), id)
	return "The new key was deleted again, and no other key was touched."
}

// recount lists the keys until the new one shows, and reports what should not be there.
func (o *operation) recount(ctx context.Context, id string) {
	var listed []iamgate.AccessKey
	err := o.client.patiently(ctx, func() (err error) {
		listed, err = o.client.Gateway.WaitListed(ctx, o.user(), id)
		return err
	})
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
