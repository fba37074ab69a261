package sealing

import (
	"fmt"
	"strings"
)

// RecipientError tells that a secret can't be encrypted to a recipient.
type RecipientError struct {
	// Index is the position of the recipient among those that were given.
	Index int
	// Name identifies the recipient: its fingerprint, or how its text begins. It is empty where the text may be private.
	Name string
	// Problem says what is wrong, as the end of a sentence about the recipient: "is revoked".
	Problem string
	// Remedy says what to give instead, as a sentence.
	Remedy string
	// Err is the cause, if there is one.
	Err error
}

// Error implements error.
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
	// NotSealed: the text is no encrypted secret of this method.
	NotSealed OpenFailure = "not_sealed"
	// BadIdentity: a private key can't be read, or its passphrase is wrong or missing.
	BadIdentity OpenFailure = "bad_identity"
	// NoMatch: it is encrypted to other recipients.
	NoMatch OpenFailure = "no_match"
	// Damaged: it was changed or cut off.
	Damaged OpenFailure = "damaged"
	// Refused: AWS KMS did not decrypt it.
	Refused OpenFailure = "refused"
)

// OpenError tells that a sealed secret can't be opened. Its text holds nothing of the plaintext or of a private key.
type OpenError struct {
	Failure OpenFailure
	// Recipients are the fingerprints of whom the secret is encrypted to, as far as it says.
	Recipients []string
	// Detail says more, as a sentence without a full stop; it may be empty.
	Detail string
	// Err is the cause, if it is safe to show.
	Err error
}

// Error implements error.
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
