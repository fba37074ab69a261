package rotator

import "github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"

// Notice is something besides an error that a user must be told: one of the types below.
type Notice interface{ notice() }

// NotConfirmed says that AWS accepted a change that its list does not show yet.
type NotConfirmed struct {
	Key    string
	Change Change
	Err    error
}

// Change is what was done to a key.
type Change int

// The changes that a NotConfirmed is about.
const (
	ChangeCreated Change = iota
	ChangeActivated
	ChangeDeactivated
	ChangeDeleted
)

// DeletedMeanwhile says that somebody deleted a key before it could be deactivated.
type DeletedMeanwhile struct{ Key string }

// NotDeleted says that a key which the plan deletes to make room could not be deleted after the new key existed.
type NotDeleted struct {
	Key string
	Err error
}

// LostKeyDeleted says that a key whose secret was lost with the answer was deleted again.
type LostKeyDeleted struct{ Key string }

// UnexpectedKeys says that somebody else has created keys meanwhile. Listed is how many keys the user has.
type UnexpectedKeys struct {
	Keys   []rotation.Key
	Listed int
}

// LastUseUnknown says that the last use of keys could not be read. Err is that of the first.
type LastUseUnknown struct {
	Keys []string
	Err  error
}

// KeyLeft says that a key was not deleted, since it belongs to another user, or may have been alive under another name.
type KeyLeft struct {
	Key string
	Err *OwnerError
}

// DescriptionNotWritten says that the description of a key could not be written.
type DescriptionNotWritten struct {
	Key string
	Err error
}

// DescriptionNotRemoved says that the description of a key could not be removed.
type DescriptionNotRemoved struct {
	Key string
	Err error
}

func (NotConfirmed) notice()          {}
func (DeletedMeanwhile) notice()      {}
func (NotDeleted) notice()            {}
func (LostKeyDeleted) notice()        {}
func (UnexpectedKeys) notice()        {}
func (LastUseUnknown) notice()        {}
func (KeyLeft) notice()               {}
func (DescriptionNotWritten) notice() {}
func (DescriptionNotRemoved) notice() {}
