package rotator

import (
	"fmt"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Read is what could not be read.
type Read int

// The things that a ReadError is about.
const (
	// ReadKeys is the list of keys, or what became of a key that it lacks.
	ReadKeys Read = iota
	// ReadLastUse is the last use of the keys.
	ReadLastUse
	// ReadUser is the user.
	ReadUser
)

// ReadError reports that IAM did not say what had to be known. Nothing was changed.
type ReadError struct {
	Read Read
	User string
	Err  error
}

func (e *ReadError) Error() string { return fmt.Sprintf("user %q can't be read: %v", e.User, e.Err) }

// Unwrap gives the error of the call.
func (e *ReadError) Unwrap() error { return e.Err }

func readError(what Read, user string, err error) error {
	switch err.(type) { //nolint:errorlint // these two are never wrapped
	case *WrongAccountError, *ReadError:
		return err
	}
	return &ReadError{Read: what, User: user, Err: err}
}

// WrongAccountError reports that the credentials belong to another account than the state. Nothing was changed.
type WrongAccountError struct{ Recorded, Credentials string }

func (e *WrongAccountError) Error() string {
	return "the credentials belong to account " + e.Credentials + ", the state to account " + e.Recorded
}

// ManagedError reports that another resource of this process manages the user. Nothing was changed.
type ManagedError struct {
	// Other is the current key of that resource, or Creating.
	Other string
}

func (e *ManagedError) Error() string {
	return "another resource manages the keys of the user: " + e.Other
}

// TakenError reports that a plan adopts or deletes a key that another resource of this process manages. Nothing was changed.
type TakenError struct {
	Key string
	// Owner is the current key of the resource that manages Key, and By that of the resource whose plan it is, empty before create.
	Owner, By string
	// Adopted reports that Key is the previous key of By, which has adopted it in an apply that did not know the owner.
	Adopted bool
}

func (e *TakenError) Error() string { return "another resource manages key " + e.Key + ": " + e.Owner }

// RefusedError reports that a create finds no free slot. Nothing was changed.
type RefusedError struct {
	Obstacle rotation.Obstacle
	Seen     rotation.Observation
}

func (e *RefusedError) Error() string { return "no slot is free: " + string(e.Obstacle.Cause) }

// UserChangedError reports that the user is no longer where the plan found it. Nothing was changed.
type UserChangedError struct {
	Outcome Outcome
	Key     string
	// Location is set for UserUnknown.
	Location Location
}

func (e *UserChangedError) Error() string { return "key " + e.Key + ": " + e.Outcome.String() }

// StaleError reports that a planned step is no longer right. Nothing was changed.
type StaleError struct {
	*rotation.StaleError

	Seen rotation.Observation
}

// Unwrap gives the error of the rules.
func (e *StaleError) Unwrap() error { return e.StaleError }

// TrialError reports that no secret can be encrypted. Nothing was changed.
type TrialError struct{ Err error }

func (e *TrialError) Error() string { return "secrets can't be encrypted: " + e.Err.Error() }

// Unwrap gives the error of the Sealer.
func (e *TrialError) Unwrap() error { return e.Err }

// InterruptedError reports that somebody asked for the end before the next key was created.
type InterruptedError struct {
	// Begun reports whether steps were taken before.
	Begun bool
}

func (e *InterruptedError) Error() string { return "interrupted" }

// StatusError reports that a key could not be activated or deactivated.
type StatusError struct {
	Key    string
	Status rotation.Status
	// Gone reports that the key does not exist any more. Err is nil then.
	Gone bool
	// Refused reports whether AWS clearly refused, so that this task did not change the status. Otherwise Listed is the status that
	// IAM lists since, empty where it does not list the key or can't be asked.
	Refused bool
	Listed  rotation.Status
	// Revoked reports that the key was to be revoked, and NewKey is the key that replaced it.
	Revoked bool
	NewKey  string
	Err     error
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("key %s could not be made %s: %v", e.Key, e.Status, e.Err)
}

// Unwrap gives the error of the call.
func (e *StatusError) Unwrap() error { return e.Err }

// DeleteError reports that a key could not be deleted.
type DeleteError struct {
	Key string
	// Refused reports whether AWS clearly refused, so that this task did not delete the key. Otherwise Listed reports whether IAM still
	// lists it.
	Refused, Listed bool
	// Replaced reports that the new key for which it was to make room exists and is in the state.
	Replaced bool
	Err      error
}

func (e *DeleteError) Error() string {
	return fmt.Sprintf("key %s could not be deleted: %v", e.Key, e.Err)
}

// Unwrap gives the error of the call.
func (e *DeleteError) Unwrap() error { return e.Err }

// CreateError reports that no key was created, or that it is not known whether one was.
type CreateError struct {
	// Keys are those of the user as far as they are known, before the creation or after it was refused.
	Keys []rotation.Key
	// Full reports that IAM sees no free slot, and Intruder is the key that somebody else created meanwhile, if that is why.
	Full     bool
	Intruder string
	// Kept are the keys that the plan deletes to make room and that were not deleted.
	Kept []string
	// Lost is what appeared where the answer to the creation was lost; nil where AWS clearly refused.
	Lost *LostAnswer
	Err  error
}

func (e *CreateError) Error() string { return fmt.Sprintf("no new key: %v", e.Err) }

// Unwrap gives the error of the call.
func (e *CreateError) Unwrap() error { return e.Err }

// LostAnswer is what became of a creation whose answer was lost. No key that existed before was touched.
type LostAnswer struct {
	// Unlisted reports that the keys could not be listed afterwards, so that nothing is known.
	Unlisted bool
	// Unused are the keys that have appeared since and that nobody has used: nobody has the secret of one that this task
	// created. Used are those that somebody else created, as their use shows.
	Unused []rotation.Key
	Used   []string
	// Deleted reports that the key was found and deleted again.
	Deleted bool
}

// SealError reports that the secret of a new key could not be encrypted, so that the key was not kept.
type SealError struct {
	Withdrawal Withdrawal
	Err        error
}

func (e *SealError) Error() string {
	return fmt.Sprintf("secret of key %s: %v", e.Withdrawal.Key, e.Err)
}

// Unwrap gives the error of the Sealer.
func (e *SealError) Unwrap() error { return e.Err }

// UnprovedError reports that a new key was not proved, so that it was not kept.
type UnprovedError struct {
	Withdrawal Withdrawal
	// AnotherUser reports that the name belongs to another user than the one that was planned for.
	AnotherUser bool
	// Signed reports whether the proof was a call signed by the key itself; otherwise the user could not be read.
	Signed bool
	Err    error
}

func (e *UnprovedError) Error() string { return fmt.Sprintf("key %s: %v", e.Withdrawal.Key, e.Err) }

// Unwrap gives the error of the proof.
func (e *UnprovedError) Unwrap() error { return e.Err }

// anotherUserError reports that the name of the user belongs to another user than the one that was planned for.
type anotherUserError struct{ recorded, found string }

func (e *anotherUserError) Error() string {
	return fmt.Sprintf("the state knows unique id %s, IAM has %s now", e.recorded, e.found)
}

// Withdrawal is what became of a new key that was not kept. No other key was touched.
type Withdrawal struct {
	Key string
	// Err is why the key could not be deleted again; nil where it was.
	Err error
}

// PanicError reports a defect of the provider. It does not hold the value of the panic, which may be a secret.
type PanicError struct {
	// Type is the type of the panic's value, and Stack where it happened.
	Type, Stack string
	// Lost is set where a creation had no answer yet, and Withdrawal where a new key was not in the state yet.
	Lost       *LostAnswer
	Withdrawal *Withdrawal
}

func (e *PanicError) Error() string { return "panic: " + e.Type }
