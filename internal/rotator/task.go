package rotator

import (
	"context"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Sealer encrypts the secrets of keys.
type Sealer interface {
	// Seal returns the secret of the key with that id, encrypted, as text.
	Seal(ctx context.Context, now time.Time, keyID string, plaintext secret.Secret) (string, error)
	// Check reports, without a secret, why Seal would fail.
	Check(ctx context.Context, now time.Time) error
}

// Task is what one Create or Update is asked for.
type Task struct {
	// User is the name of the user: the configured one, or, with Followed, the one under which the user was found.
	User     string
	Followed bool
	// RecordedUser, AccountID, UniqueID and Record are those of the state; empty before create.
	RecordedUser, AccountID, UniqueID string
	Record                            rotation.Record
	// Policy is the configured one.
	Policy rotation.Policy
	// Known is the evidence that the plan rests on, and Planned are the steps that it showed.
	Known   Evidence
	Planned []rotation.Step
	// Sealer encrypts the secret of a new key, and those in Secrets; nil leaves secrets in plain text.
	Sealer Sealer
	// Secrets are the secrets that the state holds in plain text, by key id.
	Secrets map[string]secret.Secret
	// WaitUntilUsable proves a new key by a call that it signs itself.
	WaitUntilUsable bool
	// Description is the configured description of the keys, and RecordedDescription the one in the state.
	Description, RecordedDescription string
	// Save writes what is true now into the state. It is called after each step, and at once when a key was created.
	Save func(context.Context, State)
}

func (t Task) subject(user string, record rotation.Record) Subject {
	s := Subject{
		User: user, RecordedUser: t.RecordedUser, Followed: t.Followed, AccountID: t.AccountID, UniqueID: t.UniqueID,
	}
	return s.WithKeys(record, t.Secrets)
}

// State is what is true of a user's keys while a Task is done: what the state must say if everything ends now.
type State struct {
	Record rotation.Record
	Seen   rotation.Observation
	// Before is what the steps rest on: what the plan of an Update showed, or a Create has found itself.
	Before rotation.Observation
	// AccountID and UniqueID are empty until the first new key has told them.
	AccountID, UniqueID string
	// Created is the key that the task has created; nil before.
	Created *Created
	// Sealed are the encrypted secrets that take the place of Task.Secrets, by key id.
	Sealed map[string]string
	// Taken are the steps that were taken.
	Taken []rotation.Step
	// Decision is, once Done or Ended, what Decide returns of what is true then.
	Decision rotation.Decision
	// Configured reports whether the new configuration holds. The old one does until a new key exists or all is done.
	Configured bool
	// Done reports whether the whole task was done, and Ended whether it has failed after a step.
	Done, Ended bool
}

// Created is a key that a task has created. Its id and dates are in State.Record.Current.
type Created struct {
	// Secret is absent where Sealed holds the encrypted one.
	Secret secret.Secret
	Sealed string
	// Step is the rotation that called for it, and Before the record at that time.
	Step   rotation.Step
	Before rotation.Record
}

// Report says how a Task ended.
type Report struct {
	// Notices are what a user must be told besides Err, in order of time.
	Notices []Notice
	// Err is why the task was not done in full; nil if it was. State.Done was saved then.
	Err error
	// MadeRoom are the keys that were deleted to make room for a new one, in order of time.
	MadeRoom []string
	// Evidence is what the next Read finds; nil where nothing was begun and the old evidence still holds.
	Evidence *Evidence
}
