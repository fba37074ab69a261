package kms

import (
	"errors"
	"maps"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

// ErrNoRegion is the cause of a *sealing.RecipientError if the name of the key does not contain a region and the Service has
// no valid one.
var ErrNoRegion = errors.New("there is no valid default region")

// Recipient is a KMS key to seal to, with an encryption context. Service.Sealer returns what encrypts to it.
type Recipient struct {
	keyID string
	// region is empty unless the key is named by an ARN.
	region  string
	context map[string]string
}

// ParseRecipient checks keyID, which is a key id, a key ARN, an alias or an alias ARN, and the encryption context, which may
// be nil. It sends nothing, so a key that does not exist is reported by Seal. The error is a *sealing.RecipientError.
func ParseRecipient(keyID string, context map[string]string) (*Recipient, error) {
	if refused := refuseKeyName(keyID); refused != nil {
		return nil, refused
	}
	if problem := refuseContext(context); problem != "" {
		return nil, &sealing.RecipientError{
			Name: shown(keyID), Problem: problem,
			Remedy: "Give names and values that are not secret, 8192 bytes at most in all.",
		}
	}
	name, _ := parseKeyName(keyID)
	return &Recipient{keyID: keyID, region: name.region, context: maps.Clone(context)}, nil
}

// Fingerprints returns the name of the key as it was given, and nothing else. Two names of one key, such as its alias and its
// ARN, count as two: only KMS knows the key of an alias, and that key may change.
func (r *Recipient) Fingerprints() []string { return []string{r.keyID} }
