package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// mutationTimeout bounds the calls that follow once a key was made or changed. They run on a context that Ctrl-C does not
// cancel, so that what was begun ends in the state.
const mutationTimeout = 5 * time.Minute

// operation takes the steps of one Create or Update, one after the other, and keeps model, record and observation in step
// with IAM, so that whatever happens the state can say what is true.
type operation struct {
	client *Client
	// model is what goes into the state: the old configuration until a new key is made, the new one from then on.
	model *rotatingAccessKeyModel
	// configured is what the plan asks for.
	configured *rotatingAccessKeyModel
	policy     rotation.Policy
	// record and seen are those of the plan, moved over the steps that were taken: what the plan showed as known stays so,
	// and what has moved since without being in the way of a step is for the next Read.
	record rotation.Record
	seen   rotation.Observation
	// fresh is what IAM showed just before the first step.
	fresh rotation.Observation
	// save writes model to the state of the response.
	save  func(context.Context, *rotatingAccessKeyModel) diag.Diagnostics
	diags diag.Diagnostics
}

func (o *operation) user() string { return o.configured.User.ValueString() }

// run takes the planned steps, those aside that are not left because somebody has done them already, and stops at the
// first that fails. The state is written after each.
func (o *operation) run(ctx context.Context, planned, left []rotation.Step) {
	if err := ctx.Err(); err != nil {
		o.diags.AddError("Interrupted", "Nothing was changed. Apply again.")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	for i, step := range planned {
		if !slices.Contains(left, step) {
			o.advance(ctx, step, rotation.Outcome{At: o.client.Gateway.Now()})
			continue
		}
		makesRoom := i+1 < len(planned) && planned[i+1].Kind == rotation.Rotate
		out, ok := o.take(ctx, step, makesRoom)
		if !ok {
			return
		}
		o.advance(ctx, step, out)
	}
}

// advance moves record, observation, model and state over a step that was done.
func (o *operation) advance(ctx context.Context, step rotation.Step, out rotation.Outcome) {
	o.record, o.seen = o.record.After(step, o.seen, out), o.seen.After(step, out)
	o.diags.Append(o.model.show(ctx, o.record, o.seen, o.policy)...)
	o.diags.Append(o.save(ctx, o.model)...)
}

// take does one step in IAM.
func (o *operation) take(ctx context.Context, step rotation.Step, makesRoom bool) (rotation.Outcome, bool) {
	switch step.Kind {
	case rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated:
	case rotation.Reactivate:
		return o.setStatus(ctx, step, iamgate.Active)
	case rotation.Deactivate:
		return o.setStatus(ctx, step, iamgate.Inactive)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return o.remove(ctx, step, makesRoom)
	case rotation.Rotate:
		return o.rotate(ctx, step)
	}
	return rotation.Outcome{At: o.client.Gateway.Now()}, true
}

func (o *operation) setStatus(ctx context.Context, step rotation.Step, status iamgate.Status) (rotation.Outcome, bool) {
	err := o.client.Gateway.UpdateAccessKey(ctx, o.user(), step.Key, status)
	out := rotation.Outcome{At: o.client.Gateway.Now()}
	switch {
	case err == nil:
		return out, true
	case iamgate.IsKind(err, iamgate.KindNotSettled):
		o.diags.AddWarning(fmt.Sprintf("IAM has not confirmed yet that key %s is %s", step.Key, status), awsErrorDetail(err)+"\n\nAWS accepted the change.")
		return out, true
	}
	truth, still := fmt.Sprintf("Key %s was not changed. Apply again.", step.Key), "is still"
	if !refused(err) {
		truth, still = fmt.Sprintf("Key %s may have been changed all the same: the next plan shows what is true.", step.Key), "may still be"
	}
	if status == iamgate.Inactive && o.record.Previous != nil && o.record.Previous.Revoked {
		truth = fmt.Sprintf("The new key %s is safe in the state, but the revoked key %s %s Active. Every next apply tries again; or run now:\n  %s",
			o.record.Current.ID, step.Key, still, statusCommand(o.user(), step.Key, rotation.Inactive))
	}
	o.diags.AddError(fmt.Sprintf("Key %s of user %q could not be made %s", step.Key, o.user(), status), awsErrorDetail(err)+"\n\n"+truth)
	return out, false
}

// refused reports whether AWS clearly refused a call, so that it did nothing.
func refused(err error) bool {
	var failure *iamgate.Error
	return errors.As(err, &failure) && failure.HTTPStatus >= 400 && failure.HTTPStatus < 500
}

// remove deletes a key. When a new key follows, the list after that one shows the deletion, too.
func (o *operation) remove(ctx context.Context, step rotation.Step, makesRoom bool) (rotation.Outcome, bool) {
	err := o.client.Gateway.DeleteAccessKey(ctx, o.user(), step.Key)
	if err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		truth := fmt.Sprintf("Key %s was not deleted. Apply again.", step.Key)
		if !refused(err) {
			truth = fmt.Sprintf("Key %s may be gone all the same: the next plan shows what is true.", step.Key)
		}
		o.diags.AddError(fmt.Sprintf("Key %s of user %q could not be deleted", step.Key, o.user()), awsErrorDetail(err)+"\n\n"+truth)
		return rotation.Outcome{}, false
	}
	if !makesRoom {
		if _, err := o.client.Gateway.WaitDeleted(ctx, o.user(), step.Key); err != nil {
			o.diags.AddWarning(fmt.Sprintf("IAM has not confirmed yet that key %s is gone", step.Key), awsErrorDetail(err)+"\n\nAWS accepted the deletion.")
		}
	}
	if o.model.Description.ValueString() != "" {
		o.untag(ctx, step.Key)
	}
	return rotation.Outcome{At: o.client.Gateway.Now()}, true
}

// rotate makes a key, writes it to the state at once, and proves it. A key that can't be proved is deleted again, and the
// state goes back to what it was.
func (o *operation) rotate(ctx context.Context, step rotation.Step) (rotation.Outcome, bool) {
	key, ok := o.create(ctx)
	if !ok {
		return rotation.Outcome{}, false
	}
	old := *o.model
	out := rotation.Outcome{At: key.CreatedAt, NewKey: rotation.Key{ID: key.ID, Status: rotation.Status(key.Status), CreatedAt: key.CreatedAt}}
	o.publish(ctx, step, key, out)

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

// publish puts the new key into the model and the state, secret first: from here on nothing is lost.
func (o *operation) publish(ctx context.Context, step rotation.Step, key iamgate.NewAccessKey, out rotation.Outcome) {
	reason := reasonText(step, o.policy, o.record)
	o.model.copyConfiguration(o.configured)
	record, seen := o.record.After(step, o.seen, out), o.seen.After(step, out)
	o.diags.Append(o.model.show(ctx, record, seen, o.policy)...)
	o.model.SecretAccessKey = types.StringValue(key.Secret.Reveal())
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

// tag writes the description of a key. A failure only warns: the key matters more.
func (o *operation) tag(ctx context.Context, id string) {
	if o.configured.Description.ValueString() == "" {
		return
	}
	if err := o.client.Gateway.TagUser(ctx, o.user(), id, o.configured.Description.ValueString()); err != nil {
		o.diags.AddWarning(fmt.Sprintf("Description of key %s could not be written", id), awsErrorDetail(err))
	}
}

// untag removes the description of a key.
func (o *operation) untag(ctx context.Context, id string) {
	if err := o.client.Gateway.UntagUser(ctx, o.user(), id); err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		o.diags.AddWarning(fmt.Sprintf("Description of key %s could not be removed", id), awsErrorDetail(err))
	}
}
