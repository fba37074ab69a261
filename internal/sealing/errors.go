package sealing

import (
	"fmt"
	"strings"
)

// RecipientError reports that a secret can't be encrypted to a recipient.
type RecipientError struct {
	// Index is the position of the recipient among those that were given.
	Index int
	// Name identifies the recipient: its fingerprint, or how its text begins. It is empty where the text may be private.
	Name string
	// Problem says what is wrong, as the end of a sentence about the recipient: "is revoked".
	Problem string
	// Remedy says what to give instead, as a sentence.
	Remedy string
	// Private reports that the recipient is a private key.
	Private bool
	// Method is the method that the recipient belongs to, if it is a recipient of another method.
	Method Method
	// Err is the cause, if there is one.
	Err error
}

// Error returns the position and the name of the recipient, the problem and the cause, without the remedy.
func (e *RecipientError) Error() string {
	text := fmt.Sprintf("recipient %d", e.Index+1)
	if e.Name != "" {
		text += " (" + e.Name + ")"
	}
	text += " " + e.Problem
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *RecipientError) Unwrap() error { return e.Err }

// OpenFailure is why a sealed secret can't be opened.
type OpenFailure string

// The failures.
const (
	// NotSealed means that the text is not an encrypted secret of this method.
	NotSealed OpenFailure = "not_sealed"
	// BadIdentity means that a private key can't be read, or that its passphrase is wrong or missing.
	BadIdentity OpenFailure = "bad_identity"
	// NoMatch means that the secret is encrypted to other recipients.
	NoMatch OpenFailure = "no_match"
	// Damaged means that the text was changed or cut off.
	Damaged OpenFailure = "damaged"
	// Refused means that AWS KMS did not decrypt it.
	Refused OpenFailure = "refused"
)

// OpenError reports that a sealed secret can't be opened. Its text holds nothing of the plaintext or of a private key.
type OpenError struct {
	Failure OpenFailure
	// Recipients are the fingerprints of the recipients that the secret is encrypted to, as far as its text names them.
	Recipients []string
	// Detail is the cause, as a sentence without a full stop; it may be empty.
	Detail string
	// Method is the method that the text or the private key belongs to, if that is another one.
	Method Method
	// Err is the error behind it, if it is safe to show.
	Err error
}

// Error returns the failure, the detail, the cause and the recipients in one line.
func (e *OpenError) Error() string {
	text := map[OpenFailure]string{
		NotSealed:   "this is not an encrypted secret",
		BadIdentity: "a private key can't be used",
		NoMatch:     "it is encrypted to other recipients",
		Damaged:     "it is damaged or cut off",
		Refused:     "AWS KMS did not decrypt it",
	}[e.Failure]
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if len(e.Recipients) > 0 {
		text += "; it is encrypted to " + strings.Join(e.Recipients, ", ")
	}
	return text
}

// Unwrap returns the cause.
func (e *OpenError) Unwrap() error { return e.Err }
