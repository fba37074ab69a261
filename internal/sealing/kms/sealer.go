package kms

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// maxPlaintext is the largest plaintext that Encrypt accepts, in bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const maxPlaintext = 4096

// ErrPlaintextSize is returned by Seal for a plaintext that is empty, or longer than the 4096 bytes that KMS encrypts.
var ErrPlaintextSize = errors.New("AWS KMS encrypts 1 to 4096 bytes")

// Sealer seals to one Recipient. It is safe for concurrent use.
type Sealer struct {
	service *Service
	to      *Recipient
	region  string
}

var _ sealing.Sealer = (*Sealer)(nil)

// Sealer returns a Sealer for a recipient, with the credentials of the Service. It sends nothing. The error is a
// *sealing.RecipientError that wraps ErrNoRegion.
func (s *Service) Sealer(to *Recipient) (*Sealer, error) {
	region := to.region
	if region == "" {
		region = s.region
	}
	if !regionPattern.MatchString(region) {
		return nil, &sealing.RecipientError{
			Name: shown(to.keyID), Problem: "does not name its region", Remedy: "Give the ARN of the key.", Err: ErrNoRegion,
		}
	}
	return &Sealer{service: s, to: to, region: region}, nil
}

// Seal encrypts by one Encrypt call. The error is a *sealing.RecipientError that wraps an *Error if the cause is the key, or
// the permission to use it. Otherwise it is an *Error, or ErrPlaintextSize before anything is sent.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
func (s *Sealer) Seal(ctx context.Context, _ time.Time, plaintext secret.Secret) (string, error) {
	text := []byte(plaintext.Reveal())
	if len(text) == 0 || len(text) > maxPlaintext {
		return "", ErrPlaintextSize
	}
	out, err := s.service.client(s.region).Encrypt(ctx, &awskms.EncryptInput{
		KeyId:             aws.String(s.to.keyID),
		Plaintext:         text,
		EncryptionContext: s.to.context,
	})
	if err != nil {
		return "", s.recipientError(newError(actionEncrypt, s.to.keyID, s.region, err))
	}
	sealed := envelope{
		header: header{Region: s.region, Key: aws.ToString(out.KeyId), Context: s.to.context},
		blob:   out.CiphertextBlob,
	}
	if !sealed.valid() {
		return "", badAnswer(actionEncrypt, s.to.keyID, s.region)
	}
	return sealed.String(), nil
}

// recipientError returns a *sealing.RecipientError if the cause of e is the key or the permission to use it, otherwise e.
func (s *Sealer) recipientError(e *Error) error {
	var problem, remedy string
	switch e.Code {
	case codeAccessDenied:
		problem = "can't be used with the credentials of the provider"
		remedy = "Allow them kms:Encrypt on the key. An IAM policy is enough if the key policy leaves access to the account; " +
			"for a key of another account both policies must allow it."
	case codeNotFound:
		problem = "does not exist in the region " + s.region
		remedy = "Check the name. Give the ARN of a key of another region or another account."
	case codeDisabled:
		problem, remedy = "is disabled", "Enable the key, or give another one."
	case codeInvalidState:
		problem = "is in a state in which it can't encrypt"
		remedy = "Cancel its deletion, or give another key."
	case codeInvalidUsage:
		problem = "is not a key that encrypts"
		remedy = "Give a symmetric key with the usage ENCRYPT_DECRYPT."
	case codeUnavailable:
		problem, remedy = "is not available now", "Apply again. The store of a key in a custom key store must be connected."
	default:
		return e
	}
	return &sealing.RecipientError{Name: shown(s.to.keyID), Problem: problem, Remedy: remedy, Err: e}
}
