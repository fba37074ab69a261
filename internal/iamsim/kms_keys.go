package iamsim

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// The states of a KMS key that are simulated.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
const (
	kmsEnabled         = "Enabled"
	kmsDisabled        = "Disabled"
	kmsPendingDeletion = "PendingDeletion"
)

// The usages of a KMS key that are simulated.
const (
	usageEncrypt = "ENCRYPT_DECRYPT"
	usageSign    = "SIGN_VERIFY"
)

const (
	defaultKMSRegion = "us-east-1"
	// kmsDeletionDelay is AWS's default for how long a key is pending deletion.
	kmsDeletionDelay = 30 * 24 * time.Hour
)

// blobStart is the start of every CiphertextBlob, as in AWS. The handle of the key follows, then nonce and ciphertext.
var blobStart = []byte("\x01\x02\x02\x00x")

const handleBytes = 32

var (
	kmsARNPattern   = regexp.MustCompile(`^arn:aws:kms:([^:]*):([^:]*):(?:key/([^/:]*)|(alias/[^:]*))$`)
	kmsKeyIDPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	aliasPattern    = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)
	regionPattern   = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
)

// kmsKeys is the state of KMS.
type kmsKeys struct {
	all     []*kmsKey
	aliases map[string]*kmsKey // by region and name
}

type kmsKey struct {
	id, arn, region string
	usage, state    string
	createdAt       time.Time
	deletedAt       time.Time // zero unless the key is pending deletion
	// policy holds, by action, the ids of the access keys that are allowed. Without an entry every caller is allowed.
	policy map[string]map[string]bool
	handle []byte
	aead   cipher.AEAD
}

func (a *account) createKMSKey(region, alias, usage string, now time.Time) (*kmsKey, error) {
	if !regionPattern.MatchString(region) {
		return nil, fmt.Errorf("%q is no region", region)
	}
	if alias != "" && !aliasPattern.MatchString(alias) {
		return nil, fmt.Errorf("%q is no alias: one begins with alias/", alias)
	}
	if a.kms.aliases[region+alias] != nil {
		return nil, errors.New("the alias is taken")
	}
	block, err := aes.NewCipher(randomBytes(32))
	must(err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	must(err)
	k := &kmsKey{
		id: newRequestID(), region: region, usage: usage, state: kmsEnabled, createdAt: now.Truncate(time.Second),
		handle: randomBytes(handleBytes), aead: aead,
	}
	k.arn = fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", region, a.id, k.id)
	a.kms.all = append(a.kms.all, k)
	if alias != "" {
		a.kms.aliases[region+alias] = k
	}
	return k, nil
}

// kmsKey returns a key of a region by its id or alias.
func (a *account) kmsKey(region, name string) (*kmsKey, error) {
	switch {
	case aliasPattern.MatchString(name):
		if k := a.kms.aliases[region+name]; k != nil {
			return k, nil
		}
		return nil, errKMS("NotFoundException", "Alias arn:aws:kms:%s:%s:%s is not found.", region, a.id, name)
	case kmsKeyIDPattern.MatchString(name):
		if i := slices.IndexFunc(a.kms.all, func(k *kmsKey) bool { return k.id == name && k.region == region }); i >= 0 {
			return a.kms.all[i], nil
		}
		return nil, errKMS("NotFoundException", "Key 'arn:aws:kms:%s:%s:key/%s' does not exist", region, a.id, name)
	}
	return nil, errKMS("NotFoundException", "Invalid keyId '%s'", name)
}

// keyOf returns the key that a ciphertext names as its own, in any region.
func (k kmsKeys) keyOf(blob []byte) (*kmsKey, bool) {
	rest, ok := bytes.CutPrefix(blob, blobStart)
	if !ok {
		return nil, false
	}
	i := slices.IndexFunc(k.all, func(k *kmsKey) bool { return bytes.HasPrefix(rest, k.handle) })
	if i < 0 {
		return nil, false
	}
	return k.all[i], true
}

// encrypt returns a ciphertext that authenticates the context too, whatever its order: the JSON of a map is sorted.
func (k *kmsKey) encrypt(plaintext []byte, context map[string]string) []byte {
	return k.aead.Seal(k.blobHead(), nil, plaintext, additionalData(context)) //nolint:gosec // the AEAD generates its own nonce
}

func (k *kmsKey) decrypt(blob []byte, context map[string]string) (plaintext []byte, ok bool) {
	sealed, ok := bytes.CutPrefix(blob, k.blobHead())
	if !ok {
		return nil, false
	}
	plaintext, err := k.aead.Open(nil, nil, sealed, additionalData(context))
	return plaintext, err == nil
}

func (k *kmsKey) blobHead() []byte { return slices.Concat(blobStart, k.handle) }

// additionalData encodes a context. No context and an empty one are the same.
func additionalData(context map[string]string) []byte {
	if len(context) == 0 {
		return nil
	}
	data, err := json.Marshal(context)
	must(err)
	return data
}
