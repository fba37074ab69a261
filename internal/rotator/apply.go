package rotator

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

const (
	// mutationTimeout bounds the calls that follow once a key was created or changed. They run on a context that Ctrl-C
	// does not cancel, so that what was begun ends in the state.
	mutationTimeout = 5 * time.Minute

	// cleanupTimeout bounds what is done about a new key that can't be kept. It is a time of its own, so that some is left
	// when the other is over.
	cleanupTimeout = 2 * time.Minute
)

// application is one Task being done. It keeps state in step with IAM, so that whatever happens the state can say what
// is true.
type application struct {
	client *Client
	task   Task
	// state has the record and observation of the plan, moved over the steps that were taken: what the plan showed as known
	// stays so. What has changed since without being in the way of a step is for the next Read.
	state State
	// atStart is what IAM showed just before the first step.
	atStart rotation.Observation
	report  Report
	// startedAt is when the first step could be taken.
	startedAt time.Time
	// changedAt is when a step was last tried, zero when none was; removed are the keys that were deleted.
	changedAt time.Time
	removed   []string
	// signedAt is when the current key signed a call that asked whose it is; zero when it did not.
	signedAt time.Time
	// room are the planned deletions that make room for the next rotation and that were not done. The key is created first: without
	// permission, or with a slot that is free all the same, nothing need be deleted for it.
	room []rotation.Step
	// undeleted is the deletion of room that failed after the new key was proved.
	undeleted *DeleteError
	// begun reports whether a step was done.
	begun bool
	// interrupted reports whether somebody wants the task to end, by Ctrl-C or by the end of Terraform.
	interrupted func() bool
	// creating reports that a creation has no answer yet or that the answer was lost, and unsaved is a new key that is neither
	// in the state nor deleted again.
	creating bool
	unsaved  string
	// createBegan is when the creation began, its repetitions included.
	createBegan time.Time
}

// Update takes the planned steps, and brings secrets and descriptions in line with a changed configuration. The error of
// the Report is a *ReadError, *WrongAccountError, *UserChangedError, *TakenError, *StaleError or *TrialError before the first change,
// and after it a *StatusError, *DeleteError, *CreateError, *SealError, *UnprovedError, *InterruptedError or *PanicError.
func (c *Client) Update(ctx context.Context, task Task) Report {
	a := &application{
		client: c, task: task,
		state: State{
			Record: task.Record, Seen: task.Known.Seen, Before: task.Known.Seen, AccountID: task.AccountID, UniqueID: task.UniqueID,
		},
	}
	left := task.Planned
	if len(task.Planned) > 0 || task.User != task.RecordedUser {
		var err error
		if left, err = a.confirm(ctx); err != nil {
			return a.refuse(err)
		}
	} else if task.Known.beginsFreeze(task.Policy) {
		c.SyncTime(ctx, task.User)
	}
	if err := a.sealSecrets(ctx, left); err != nil {
		return a.refuse(err)
	}
	return a.run(ctx, left)
}

// refuse ends a task before its first change. The evidence holds, but for a call that the current key has signed.
func (a *application) refuse(err error) Report {
	a.report.Err = err
	if !a.signedAt.IsZero() {
		a.report.Evidence = &a.task.Known
	}
	return a.report
}

// sealSecrets encrypts what the state holds in plain text, and finds out whether the secret of a new key can be
// encrypted. Nothing has been changed yet.
func (a *application) sealSecrets(ctx context.Context, left []rotation.Step) error {
	if a.task.Sealer == nil {
		return nil
	}
	now := a.client.gateway.Now()
	a.state.Sealed = map[string]string{}
	for id, plaintext := range a.task.Secrets {
		sealed, err := a.task.Sealer.Seal(ctx, now, id, plaintext)
		if err != nil {
			return &TrialError{Err: err}
		}
		a.state.Sealed[id] = sealed
	}
	rotates := slices.ContainsFunc(left, func(s rotation.Step) bool { return s.Kind == rotation.Rotate })
	if !rotates || len(a.state.Sealed) > 0 {
		return nil
	}
	if err := a.task.Sealer.Check(ctx, now); err != nil {
		return &TrialError{Err: err}
	}
	return nil
}

// run does the task. From here on nothing but a time of its own ends it, not Ctrl-C and not a panic.
func (a *application) run(ctx context.Context, left []rotation.Step) Report {
	if ctx.Err() != nil {
		a.report.Err = &InterruptedError{}
	} else {
		a.runUninterrupted(ctx, left)
	}
	a.report.Evidence = a.evidence()
	return a.report
}

func (a *application) runUninterrupted(ctx context.Context, left []rotation.Step) {
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			a.report.Err = a.afterPanic(own, p)
		}
	}()
	a.startedAt = a.client.gateway.Now()
	a.interrupted = func() bool { return ctx.Err() != nil }
	err := a.steps(own, left)
	if a.undeleted != nil && err != nil {
		a.notify(NotDeleted{Key: a.undeleted.Key, Err: a.undeleted.Err})
	} else if a.undeleted != nil {
		err = a.undeleted
	}
	if err != nil {
		a.report.Err = err
		a.endEarly(own)
		return
	}
	a.describe(own)
	a.state.Configured, a.state.Done = true, true
	a.state.Decision = a.decision()
	a.task.Save(own, a.state)
}

// endEarly says what is due and what waits after a task that failed, as the next Read will.
func (a *application) endEarly(ctx context.Context) {
	if a.changedAt.IsZero() || a.state.Record.Current.ID == "" {
		return
	}
	a.state.Ended, a.state.Decision = true, a.decision()
	if a.begun {
		a.task.Save(ctx, a.state)
	}
}

// steps takes the planned steps, except those that are not left because somebody has done them already, and stops at the
// first that fails. The state is saved after each.
func (a *application) steps(ctx context.Context, left []rotation.Step) error {
	for i, step := range a.task.Planned {
		if !slices.Contains(left, step) {
			a.advance(ctx, step, rotation.Outcome{At: a.client.gateway.Now()})
			continue
		}
		if makesRoom(a.task.Planned[i:]) {
			a.room = append(a.room, step)
			continue
		}
		if step.Kind == rotation.Rotate && a.interrupted() {
			return &InterruptedError{Begun: a.begun}
		}
		a.changedAt = a.client.gateway.Now()
		out, err := a.applyStep(ctx, step)
		a.changedAt = a.client.gateway.Now()
		if err != nil {
			return err
		}
		a.advance(ctx, step, out)
	}
	return nil
}

// makesRoom reports whether the first of the steps is a deletion for which a rotation follows, at once or after others like it.
func makesRoom(steps []rotation.Step) bool {
	for i, s := range steps {
		switch s.Kind { //nolint:exhaustive // the other kinds are the default
		case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		case rotation.Rotate:
			return i > 0
		default:
			return false
		}
	}
	return false
}

// advance moves the state over a step that was done, and saves it.
func (a *application) advance(ctx context.Context, step rotation.Step, out rotation.Outcome) {
	a.begun = true
	a.state = a.state.after(step, out)
	a.task.Save(ctx, a.state)
}

// after returns the state after a step that was done.
func (s State) after(step rotation.Step, out rotation.Outcome) State {
	s.Record, s.Seen = s.Record.After(step, s.Seen, out), s.Seen.After(step, out)
	s.Taken = append(slices.Clone(s.Taken), step)
	return s
}

// afterPanic finds out what is true after a defect in the provider itself.
func (a *application) afterPanic(ctx context.Context, value any) *PanicError {
	failure := &PanicError{Type: fmt.Sprintf("%T", value), Stack: string(debug.Stack())}
	switch id := a.unsaved; {
	case a.creating:
		failure.Lost = a.findLost(ctx)
	case id != "":
		withdrawal := a.withdraw(ctx, id)
		failure.Withdrawal = &withdrawal
	}
	return failure
}

// evidence is what the next Read finds.
func (a *application) evidence() *Evidence {
	e := a.task.Known
	e.Seen, e.Steps = a.state.Seen, nil
	e.decided(a.state.Record, a.state.Decision)
	if a.state.Configured {
		e.recordPolicy(a.task.Policy, a.startedAt)
	}
	if !a.changedAt.IsZero() {
		e.Removed = slices.Concat(e.recentlyRemoved(a.changedAt), a.removed)
		e.ChangedAt = a.changedAt
		e.Seen.Keys = a.lastUsesOfRead()
	}
	if a.state.Created != nil {
		// The old key signed it.
		e.SignedAt = time.Time{}
	}
	return &e
}

// lastUsesOfRead returns the keys with the last uses that a Read asks for. With more, the next Read would change a state in which
// nothing has changed.
func (a *application) lastUsesOfRead() []rotation.Key {
	keys := slices.Clone(a.state.Seen.Keys)
	asked := a.state.Record.KeysNeedingLastUse(a.task.Policy, a.state.Seen, a.changedAt)
	for i, k := range keys {
		if !slices.Contains(asked, k.ID) {
			keys[i].LastUse = nil
		}
	}
	return keys
}

func (a *application) notify(n ...Notice) { a.report.Notices = append(a.report.Notices, n...) }
