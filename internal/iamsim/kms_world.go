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

// The states of a KMS key that matter here.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
const (
	kmsEnabled         = "Enabled"
	kmsDisabled        = "Disabled"
	kmsPendingDeletion = "PendingDeletion"
)

// The usages of a KMS key that matter here.
const (
	usageEncrypt = "ENCRYPT_DECRYPT"
	usageSign    = "SIGN_VERIFY"
)

const (
	defaultKMSRegion = "us-east-1"
	// kmsDeletionDelay is how long a key is pending deletion unless the caller chooses.
	kmsDeletionDelay = 30 * 24 * time.Hour
)

// blobStart begins every CiphertextBlob, as it does in AWS. The handle of the key follows, then nonce and ciphertext.
var blobStart = []byte("\x01\x02\x02\x00x")

const handleBytes = 32

var (
	kmsARNPattern   = regexp.MustCompile(`^arn:aws:kms:([^:]*):([^:]*):(?:key/([^/:]*)|(alias/[^:]*))$`)
	kmsKeyIDPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	aliasPattern    = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]{1,250}$`)
	regionPattern   = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
)

// kmsWorld is what KMS knows.
type kmsWorld struct {
	keys    []*kmsKey
	aliases map[string]*kmsKey // by region and name
}

type kmsKey struct {
	id, arn, region string
	usage, state    string
	createdAt       time.Time
	deletedAt       time.Time // zero unless the key is pending deletion
	// policy has, by action, the ids of the access keys that may. Without an entry everybody may.
	policy map[string]map[string]bool
	handle []byte
	aead   cipher.AEAD
}

func (w *world) createKMSKey(region, alias, usage string, now time.Time) (*kmsKey, error) {
	if !regionPattern.MatchString(region) {
		return nil, fmt.Errorf("%q is no region", region)
	}
	if alias != "" && !aliasPattern.MatchString(alias) {
		return nil, fmt.Errorf("%q is no alias: one begins with alias/", alias)
	}
	if w.kms.aliases[region+alias] != nil {
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
	k.arn = fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", region, w.account, k.id)
	w.kms.keys = append(w.kms.keys, k)
	if alias != "" {
		w.kms.aliases[region+alias] = k
	}
	return k, nil
}

// kmsKey finds a key of a region by its id or alias.
func (w *world) kmsKey(region, name string) (*kmsKey, error) {
	switch {
	case aliasPattern.MatchString(name):
		if k := w.kms.aliases[region+name]; k != nil {
			return k, nil
		}
		return nil, errKMS("NotFoundException", "Alias arn:aws:kms:%s:%s:%s is not found.", region, w.account, name)
	case kmsKeyIDPattern.MatchString(name):
		if i := slices.IndexFunc(w.kms.keys, func(k *kmsKey) bool { return k.id == name && k.region == region }); i >= 0 {
			return w.kms.keys[i], nil
		}
		return nil, errKMS("NotFoundException", "Key 'arn:aws:kms:%s:%s:key/%s' does not exist", region, w.account, name)
	}
	return nil, errKMS("NotFoundException", "Invalid keyId '%s'", name)
}

// maker finds the key that a blob says it was made with, in any region.
func (w kmsWorld) maker(blob []byte) (*kmsKey, bool) {
	rest, ok := bytes.CutPrefix(blob, blobStart)
	if !ok {
		return nil, false
	}
	i := slices.IndexFunc(w.keys, func(k *kmsKey) bool { return bytes.HasPrefix(rest, k.handle) })
	if i < 0 {
		return nil, false
	}
	return w.keys[i], true
}

// encrypt makes a blob. The context is authenticated with it, whatever its order: the JSON of a map is sorted.
func (k *kmsKey) encrypt(plaintext []byte, context map[string]string) []byte {
	return k.aead.Seal(k.blobHead(), nil, plaintext, additionalData(context)) //nolint:gosec // the nonce is not nil: the AEAD makes its own
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

// additionalData is the same for no context and an empty one.
func additionalData(context map[string]string) []byte {
	if len(context) == 0 {
		return nil
	}
	data, err := json.Marshal(context)
	must(err)
	return data
}
