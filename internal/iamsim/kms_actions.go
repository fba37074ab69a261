package iamsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

const serviceKMS = "kms"

// contextParam is the prefix of the parameters that hold the encryption context.
const contextParam = "EncryptionContext."

// kmsProtocol is the JSON protocol of KMS. The log holds only the key and the encryption context.
var kmsProtocol = jsonProtocol{
	target:       "TrentService.",
	operations:   kmsOperations,
	internalCode: "KMSInternalException",
	params: func(body []byte) url.Values {
		params := url.Values{}
		var input kmsInput
		_ = json.Unmarshal(body, &input) // the operation reports the error
		if input.KeyID != "" {
			params.Set("KeyId", input.KeyID)
		}
		for name, value := range input.EncryptionContext {
			params.Set(contextParam+name, value)
		}
		return params
	},
}

// kmsOperations are the actions of KMS.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
var kmsOperations = map[string]operation{
	"Encrypt":     {service: serviceKMS, resource: namedKMSKey, run: (*invocation).encrypt},
	"Decrypt":     {service: serviceKMS, resource: namedKMSKey, run: (*invocation).decrypt},
	"DescribeKey": {service: serviceKMS, resource: namedKMSKey, run: (*invocation).describeKey},
}

// Limits of a request, in bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
const (
	maxKMSKeyID     = 2048
	maxKMSPlaintext = 4096
	maxKMSBlob      = 6144
)

const symmetricDefault = "SYMMETRIC_DEFAULT"

// kmsInput holds the parameters of all actions. Field names are those of the API.
type kmsInput struct {
	KeyID               string `json:"KeyId"`
	Plaintext           []byte
	CiphertextBlob      []byte
	EncryptionContext   map[string]string
	EncryptionAlgorithm string
}

type encryptResult struct {
	CiphertextBlob      []byte
	EncryptionAlgorithm string
	KeyID               string `json:"KeyId"`
}

type decryptResult struct {
	EncryptionAlgorithm string
	KeyID               string `json:"KeyId"`
	Plaintext           []byte
}

type describeKeyResult struct {
	KeyMetadata kmsKeyElement
}

// kmsKeyElement is a key in an answer. Dates are in seconds since 1970.
type kmsKeyElement struct {
	AWSAccountID          string `json:"AWSAccountId"`
	Arn                   string
	CreationDate          int64
	CustomerMasterKeySpec string
	DeletionDate          int64 `json:",omitempty"`
	Description           string
	Enabled               bool
	EncryptionAlgorithms  []string `json:",omitempty"`
	KeyID                 string   `json:"KeyId"`
	KeyManager            string
	KeySpec               string
	KeyState              string
	KeyUsage              string
	MultiRegion           bool
	Origin                string
	SigningAlgorithms     []string `json:",omitempty"`
}

// errKMS returns an error of KMS. They all have the status 400.
func errKMS(code, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

func errKMSLength(name string, n, limit int) error {
	switch {
	case n == 0:
		return errKMS("ValidationException", "1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must not be null", name)
	case n > limit:
		return errKMS("ValidationException", "1 validation error detected: Value at '%s' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", name, limit)
	}
	return nil
}

// errKMSUndisclosed returns AWS's error where it does not disclose whether the key exists.
func errKMSUndisclosed(who caller, action, resource string) error {
	return errKMS("AccessDeniedException", "User: %s is not authorized to perform: %s on %s because the resource does not exist in this "+
		"Region, no resource-based policies allow access, or a resource-based policy explicitly denies access", who.arn, action, resource)
}

// namedKMSKey returns the ARN of the key that a call names, or the name itself if there is no such key.
func namedKMSKey(in *invocation) string {
	name := in.params.Get("KeyId")
	if name == "" {
		return "*"
	}
	if k, err := in.kmsKey(name); err == nil {
		return k.arn
	}
	return name
}

// kmsInput decodes the request.
func (in *invocation) kmsInput() (kmsInput, error) {
	var input kmsInput
	if err := json.Unmarshal(in.body, &input); err != nil {
		return kmsInput{}, errKMS("SerializationException", "")
	}
	return input, nil
}

// kmsKey finds a key by any of its names, in the region that the call is signed for.
func (in *invocation) kmsKey(name string) (*kmsKey, error) {
	if err := errKMSLength("keyId", len(name), maxKMSKeyID); err != nil {
		return nil, err
	}
	if arn := kmsARNPattern.FindStringSubmatch(name); arn != nil {
		switch region, account := arn[1], arn[2]; {
		case region != in.who.region:
			return nil, errKMS("NotFoundException", "Invalid arn %s", in.who.region)
		case account != in.account.id:
			return nil, errKMSUndisclosed(in.who, "kms:"+in.call.Action, "this resource")
		}
		name = arn[3] + arn[4] // one of them is empty
	}
	return in.account.kmsKey(in.who.region, name)
}

// authorize checks the key policy, and that the key's state and usage allow the action.
func (in *invocation) authorize(k *kmsKey) error {
	action := serviceKMS + ":" + in.call.Action
	if allowed, ok := k.policy[action]; ok && !allowed[in.who.keyID] {
		if in.params.Get("KeyId") == "" {
			return errKMSUndisclosed(in.who, action, "the resource associated with this ciphertext")
		}
		return errKMS("AccessDeniedException", "User: %s is not authorized to perform: %s on resource: %s because no resource-based policy "+
			"allows the %s action", in.who.arn, action, k.arn, action)
	}
	if in.call.Action == "DescribeKey" {
		return nil
	}
	switch k.state {
	case kmsDisabled:
		return errKMS("DisabledException", "%s is disabled.", k.arn)
	case kmsPendingDeletion:
		return errKMS("KMSInvalidStateException", "%s is pending deletion.", k.arn)
	}
	if k.usage != usageEncrypt {
		return errKMS("InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", k.arn, k.usage, in.call.Action)
	}
	return nil
}

func (in *invocation) encrypt() (any, error) {
	input, err := in.kmsInput()
	if err != nil {
		return nil, err
	}
	if err := errKMSLength("plaintext", len(input.Plaintext), maxKMSPlaintext); err != nil {
		return nil, err
	}
	k, err := in.kmsKey(input.KeyID)
	if err != nil {
		return nil, err
	}
	if err := in.authorize(k); err != nil {
		return nil, err
	}
	if err := input.checkAlgorithm(); err != nil {
		return nil, err
	}
	return encryptResult{k.encrypt(input.Plaintext, input.EncryptionContext), symmetricDefault, k.arn}, nil
}

func (in *invocation) decrypt() (any, error) {
	input, err := in.kmsInput()
	if err != nil {
		return nil, err
	}
	if err := errKMSLength("ciphertextBlob", len(input.CiphertextBlob), maxKMSBlob); err != nil {
		return nil, err
	}
	sealedWith, found := in.account.kms.keyOf(input.CiphertextBlob)
	k := sealedWith
	switch {
	case input.KeyID != "":
		if k, err = in.kmsKey(input.KeyID); err != nil {
			return nil, err
		}
	case found && sealedWith.region != in.who.region:
		return nil, errKMSUndisclosed(in.who, "kms:Decrypt", "the resource associated with this ciphertext")
	case !found:
		return nil, errKMS("InvalidCiphertextException", "")
	}
	if err := in.authorize(k); err != nil {
		return nil, err
	}
	if err := input.checkAlgorithm(); err != nil {
		return nil, err
	}
	if found && k != sealedWith {
		return nil, errKMS("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	plaintext, ok := k.decrypt(input.CiphertextBlob, input.EncryptionContext)
	if !ok {
		return nil, errKMS("InvalidCiphertextException", "")
	}
	return decryptResult{symmetricDefault, k.arn, plaintext}, nil
}

func (in kmsInput) checkAlgorithm() error {
	if a := in.EncryptionAlgorithm; a != "" && a != symmetricDefault {
		return errKMS("InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", a, symmetricDefault)
	}
	return nil
}

func (in *invocation) describeKey() (any, error) {
	input, err := in.kmsInput()
	if err != nil {
		return nil, err
	}
	k, err := in.kmsKey(input.KeyID)
	if err != nil {
		return nil, err
	}
	if err := in.authorize(k); err != nil {
		return nil, err
	}
	e := kmsKeyElement{
		AWSAccountID: in.account.id, Arn: k.arn, KeyID: k.id, CreationDate: k.createdAt.Unix(), KeyManager: "CUSTOMER", Origin: "AWS_KMS",
		KeyState: k.state, Enabled: k.state == kmsEnabled, KeyUsage: k.usage,
		KeySpec: symmetricDefault, CustomerMasterKeySpec: symmetricDefault, EncryptionAlgorithms: []string{symmetricDefault},
	}
	if k.usage == usageSign {
		e.KeySpec, e.CustomerMasterKeySpec = "ECC_NIST_P256", "ECC_NIST_P256"
		e.EncryptionAlgorithms, e.SigningAlgorithms = nil, []string{"ECDSA_SHA_256"}
	}
	if !k.deletedAt.IsZero() {
		e.DeletionDate = k.deletedAt.Unix()
	}
	return describeKeyResult{e}, nil
}
