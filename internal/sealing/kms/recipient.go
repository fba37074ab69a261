package kms

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// maxPlaintext is what Encrypt takes, in bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const maxPlaintext = 4096

// ErrPlaintextSize is returned by Seal for a plaintext that is empty, or longer than the 4096 bytes that KMS encrypts.
var ErrPlaintextSize = errors.New("AWS KMS encrypts 1 to 4096 bytes")

// Recipient is a KMS key to seal to. It is safe for concurrent use.
type Recipient struct {
	service *Service
	keyID   string
	region  string
	context map[string]string
}

var _ sealing.Sealer = (*Recipient)(nil)

// Recipient checks keyID, which is a key id, a key ARN, an alias or an alias ARN, and the encryption context, which may
// be nil. It sends nothing, so whether there is such a key is for Seal to find out. The error is a
// *sealing.RecipientError.
func (s *Service) Recipient(keyID string, context map[string]string) (*Recipient, error) {
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
	region := name.region
	if region == "" {
		region = s.region
	}
	if !regionPattern.MatchString(region) {
		return nil, &sealing.RecipientError{
			Name: shown(keyID), Problem: "does not say its region, and the provider has no valid one",
			Remedy: "Give the key's ARN, or set the provider's region.",
		}
	}
	return &Recipient{service: s, keyID: keyID, region: region, context: maps.Clone(context)}, nil
}

// Fingerprints returns the key's name as it was given, and nothing else. Two spellings of one key, such as its alias and
// its ARN, count as two: which key an alias stands for is known to KMS alone, and may change.
func (r *Recipient) Fingerprints() []string { return []string{r.keyID} }

// Seal implements sealing.Sealer by one Encrypt call. The error is a *sealing.RecipientError that wraps an *Error where
// the key, or the right to use it, is to blame; otherwise an *Error, or ErrPlaintextSize before anything is sent.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
func (r *Recipient) Seal(ctx context.Context, _ time.Time, plaintext secret.Secret) (string, error) {
	text := []byte(plaintext.Reveal())
	if len(text) == 0 || len(text) > maxPlaintext {
		return "", ErrPlaintextSize
	}
	out, err := r.service.client(r.region).Encrypt(ctx, &awskms.EncryptInput{
		KeyId:             aws.String(r.keyID),
		Plaintext:         text,
		EncryptionContext: r.context,
	})
	if err != nil {
		return "", r.blame(newError(actionEncrypt, r.keyID, r.region, err))
	}
	sealed := envelope{header: header{Region: r.region, Key: aws.ToString(out.KeyId), Context: r.context}, blob: out.CiphertextBlob}
	if !sealed.valid() {
		return "", badAnswer(actionEncrypt, r.keyID, r.region)
	}
	return sealed.String(), nil
}

// blame turns an error into one about the recipient where it is about the key.
func (r *Recipient) blame(e *Error) error {
	var problem, remedy string
	switch e.Code {
	case codeAccessDenied:
		problem = "can't be used by the provider's credentials"
		remedy = "Allow them kms:Encrypt on the key. An IAM policy is enough where the key policy leaves that to the account; " +
			"for a key of another account both must allow it."
	case codeNotFound:
		problem = "is not there in the region " + r.region
		remedy = "Check the name. A key of another region is named by its ARN, and one of another account, too."
	case codeDisabled:
		problem, remedy = "is disabled", "Enable the key, or give another one."
	case codeInvalidState:
		problem = "is in a state in which it does not encrypt"
		remedy = "Cancel its deletion, or give another key."
	case codeInvalidUsage:
		problem = "does not encrypt"
		remedy = "Give a symmetric key with the usage ENCRYPT_DECRYPT."
	case codeUnavailable:
		problem, remedy = "is not available now", "Apply again; a key in a custom key store needs its store connected."
	default:
		return e
	}
	return &sealing.RecipientError{Name: shown(r.keyID), Problem: problem, Remedy: remedy, Err: e}
}
