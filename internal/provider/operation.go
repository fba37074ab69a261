package provider

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// mutationTimeout bounds the calls that follow once a key was made or changed. They run on a context that Ctrl-C does not
// cancel, so that what was begun ends in the state.
const mutationTimeout = 5 * time.Minute

// cleanupTimeout bounds what is done about a new key that can't be kept. It is a time of its own, so that there is some left
// when the other is over.
const cleanupTimeout = 2 * time.Minute

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
	// known is the evidence of the plan, and changedAt is when a step was last tried since; zero when none was.
	known     evidence
	changedAt time.Time
	// encryption is how the secret of a new key is encrypted; nil leaves it in plain text.
	encryption *encryption
	// sealed are the encrypted secrets of the keys whose secrets the state held in plain text, by key id.
	sealed map[string]types.String
	// interrupted tells, once something was begun, whether somebody wants it to end: by Ctrl-C, or by the end of Terraform.
	interrupted func() bool
	// creating tells that a creation is under way, whose answer is not here yet.
	creating bool
	// unsaved is the id of a key that was made and is neither in the state nor deleted again; empty when there is none.
	unsaved string
	// removed are the keys that were deleted.
	removed []string
	// save writes model to the state of the response.
	save  func(context.Context, *rotatingAccessKeyModel) diag.Diagnostics
	diags diag.Diagnostics
}

func (o *operation) user() string { return o.configured.User.ValueString() }

// guard does what must end in the state once it was begun: nothing but a time of its own ends it, not Ctrl-C and not a
// panic.
func (o *operation) guard(ctx context.Context, do func(context.Context)) {
	if err := ctx.Err(); err != nil {
		o.diags.AddError("Interrupted", "Nothing was changed. Apply again.")
		return
	}
	o.interrupted = func() bool { return ctx.Err() != nil }
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			o.panicked(own, p)
		}
	}()
	do(own)
}

// run takes the planned steps, those aside that are not left because somebody has done them already, and stops at the
// first that fails. The state is written after each.
func (o *operation) run(ctx context.Context, planned, left []rotation.Step) {
	for i, step := range planned {
		if !slices.Contains(left, step) {
			o.advance(ctx, step, rotation.Outcome{At: o.client.Gateway.Now()})
			continue
		}
		if step.Kind == rotation.Rotate && o.interrupted() {
			o.diags.AddError(fmt.Sprintf("Interrupted before a new key was made for user %q", o.user()),
				"What was done until then is in the state. Apply again.")
			return
		}
		o.changedAt = o.client.Gateway.Now()
		makesRoom := i+1 < len(planned) && planned[i+1].Kind == rotation.Rotate
		out, ok := o.take(ctx, step, makesRoom)
		o.changedAt = o.client.Gateway.Now()
		if !ok {
			return
		}
		o.advance(ctx, step, out)
	}
}

// panicked says what is true after a defect in the provider itself. What it was about may be a secret, so only its type and
// where it happened are shown.
func (o *operation) panicked(ctx context.Context, p any) {
	truth := "What was done until then is in the state. Plan again, and read the new plan."
	switch id := o.unsaved; {
	case o.creating:
		_, truth = o.lost(ctx)
	case id != "":
		truth = fmt.Sprintf("New key %s was not in the state yet. %s", id, o.withdraw(ctx, id))
	}
	o.diags.AddError(fmt.Sprintf("The provider failed while it changed the keys of user %q", o.user()),
		fmt.Sprintf("%s\n\nThis is a bug in the provider (%T). Please report it with:\n%s", truth, p, debug.Stack()))
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
		return o.setStatus(ctx, step, rotation.Active)
	case rotation.Deactivate:
		return o.setStatus(ctx, step, rotation.Inactive)
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		return o.remove(ctx, step, makesRoom)
	case rotation.Rotate:
		return o.rotate(ctx, step)
	}
	return rotation.Outcome{At: o.client.Gateway.Now()}, true
}

func (o *operation) setStatus(ctx context.Context, step rotation.Step, status rotation.Status) (rotation.Outcome, bool) {
	_, gone, err := o.client.wherever(ctx, o.user(), step.Key, o.model.AccountID.ValueString(), func(user string) error {
		return o.client.Gateway.UpdateAccessKey(ctx, user, step.Key, string(status))
	})
	out := rotation.Outcome{At: o.client.Gateway.Now()}
	switch {
	case gone && status == rotation.Active:
		o.diags.AddError(fmt.Sprintf("Key %s of user %q is gone, so it can't be reactivated", step.Key, o.user()),
			"Somebody deleted it meanwhile. Plan again, and read the new plan.")
		return out, false
	case gone:
		o.diags.AddWarning(fmt.Sprintf("Key %s of user %q was deleted before it could be made Inactive", step.Key, o.user()),
			"Somebody deleted it meanwhile, so it works no more. The next plan forgets it.")
		return out, true
	case err == nil:
		return out, true
	case iamgate.IsKind(err, iamgate.KindNotSettled):
		o.diags.AddWarning(fmt.Sprintf("IAM has not confirmed yet that key %s is %s", step.Key, status), awsErrorDetail(err)+"\n\nAWS accepted the change.")
		return out, true
	}
	truth, still := fmt.Sprintf("Key %s was not changed. Apply again.", step.Key), "is still"
	if !iamgate.IsRefused(err) {
		truth, still = fmt.Sprintf("Key %s may have been changed all the same: the next plan shows what is true.", step.Key), "may still be"
	}
	if status == rotation.Inactive && o.record.Previous != nil && o.record.Previous.Revoked {
		truth = fmt.Sprintf("The new key %s is safe in the state, but the revoked key %s %s Active. Every next apply tries again; or run now:\n  %s",
			o.record.Current.ID, step.Key, still, statusCommand(o.user(), step.Key, rotation.Inactive))
	}
	o.diags.AddError(fmt.Sprintf("Key %s of user %q could not be made %s", step.Key, o.user(), status), awsErrorDetail(err)+"\n\n"+truth)
	return out, false
}

// remove deletes a key. When a new key follows, the list after that one shows the deletion, too.
func (o *operation) remove(ctx context.Context, step rotation.Step, makesRoom bool) (rotation.Outcome, bool) {
	owner, gone, err := o.client.wherever(ctx, o.user(), step.Key, o.model.AccountID.ValueString(), func(user string) error {
		return o.client.Gateway.DeleteAccessKey(ctx, user, step.Key)
	})
	if err != nil {
		truth := fmt.Sprintf("Key %s was not deleted. Apply again.", step.Key)
		if !iamgate.IsRefused(err) {
			truth = fmt.Sprintf("Key %s may be gone all the same: the next plan shows what is true.", step.Key)
		}
		o.diags.AddError(fmt.Sprintf("Key %s of user %q could not be deleted", step.Key, o.user()), awsErrorDetail(err)+"\n\n"+truth)
		return rotation.Outcome{}, false
	}
	o.removed = append(o.removed, step.Key)
	if !makesRoom && !gone {
		if _, err := o.client.Gateway.WaitDeleted(ctx, owner, step.Key); err != nil {
			o.diags.AddWarning(fmt.Sprintf("IAM has not confirmed yet that key %s is gone", step.Key), awsErrorDetail(err)+"\n\nAWS accepted the deletion.")
		}
	}
	if o.model.Description.ValueString() != "" {
		o.untag(ctx, step.Key)
	}
	return rotation.Outcome{At: o.client.Gateway.Now()}, true
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
