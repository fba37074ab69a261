package kms

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Opener opens what a Sealer sealed, in any region. It is safe for concurrent use.
type Opener struct{ service *Service }

var _ sealing.Opener = (*Opener)(nil)

// Opener returns an Opener with the credentials of the Service. It needs no region: a sealed secret names its own.
func (s *Service) Opener() *Opener { return &Opener{s} }

// Open decrypts by one Decrypt call. The *sealing.OpenError wraps an *Error if KMS was called.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
func (o *Opener) Open(ctx context.Context, sealed string) (secret.Secret, error) {
	e, err := parseEnvelope(sealed)
	switch {
	case errors.Is(err, errNoEnvelope):
		return secret.Secret{}, &sealing.OpenError{Failure: sealing.NotSealed, Detail: "it does not begin with " + Prefix}
	case errors.Is(err, errOtherVersion):
		return secret.Secret{}, &sealing.OpenError{
			Failure: sealing.NotSealed, Detail: "its version is not " + version + ", the only one that this program reads",
		}
	case err != nil:
		return secret.Secret{}, &sealing.OpenError{Failure: sealing.Damaged}
	}
	out, err := o.service.client(e.Region).Decrypt(ctx, &awskms.DecryptInput{
		KeyId:             aws.String(e.Key),
		CiphertextBlob:    e.blob,
		EncryptionContext: e.Context,
	})
	if err != nil {
		failed := newError(actionDecrypt, e.Key, e.Region, err)
		return secret.Secret{}, &sealing.OpenError{Failure: failureOf(failed.Code), Recipients: []string{e.Key}, Err: failed}
	}
	if len(out.Plaintext) == 0 || len(out.Plaintext) > sealing.MaxPlaintext || aws.ToString(out.KeyId) != e.Key {
		failed := badAnswer(actionDecrypt, e.Key, e.Region)
		return secret.Secret{}, &sealing.OpenError{Failure: sealing.Refused, Recipients: []string{e.Key}, Err: failed}
	}
	return secret.New(string(out.Plaintext)), nil
}

// failureOf returns Damaged if the sealed secret was changed, and Refused if KMS does not open it for this caller.
func failureOf(code string) sealing.OpenFailure {
	switch code {
	case codeInvalidCiphertext, codeIncorrectKey:
		return sealing.Damaged
	}
	return sealing.Refused
}
