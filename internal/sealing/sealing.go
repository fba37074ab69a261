// Package sealing encrypts the secret of an access key to recipients, and opens what was encrypted.
//
// There are three methods, each in a package of its own: age, OpenPGP and AWS KMS. What they produce is text that the
// usual tools of the method open, so that nobody depends on this provider to get at a secret. A Format is the form of the
// plaintext.
//
// A plaintext is passed as a secret.Secret, and neither it nor a private key is ever part of an error. The packages know
// nothing of Terraform: an error that could name an attribute carries a fact instead, and the caller adds the name.
package sealing

import (
	"context"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Method is how a secret is encrypted.
type Method string

// The methods.
const (
	Age     Method = "age"
	OpenPGP Method = "openpgp"
	KMS     Method = "kms"
)

// Sealer encrypts to a fixed set of recipients.
type Sealer interface {
	// Seal returns plaintext encrypted to every recipient, as text. The recipients must be valid at now. The error is a
	// *RecipientError where a recipient is the cause.
	Seal(ctx context.Context, now time.Time, plaintext secret.Secret) (string, error)
}

// Opener decrypts what a Sealer of the same method encrypted.
type Opener interface {
	// Open returns the plaintext. The error is an *OpenError.
	Open(ctx context.Context, sealed string) (secret.Secret, error)
}

// Limits on what the parsers read, in bytes. They are far above what any valid input needs.
const (
	// MaxSealed bounds an encrypted secret.
	MaxSealed = 256 << 10
	// MaxPlaintext bounds a decrypted secret.
	MaxPlaintext = 16 << 10
	// MaxRecipient bounds one recipient: an OpenPGP key with its signatures is the largest.
	MaxRecipient = 512 << 10
	// MaxRecipients bounds the number of recipients.
	MaxRecipients = 100
	// MaxIdentity bounds one private key.
	MaxIdentity = 512 << 10
)
