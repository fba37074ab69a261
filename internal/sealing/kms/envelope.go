package kms

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing"
)

const (
	scheme  = "iamkeys-kms"
	version = "v1"
)

const (
	// Name is what people call this method.
	Name = "AWS KMS"
	// Prefix is how every text that a Sealer seals, and that an Opener opens, begins.
	Prefix = scheme + ":"
)

// maxBlob is the longest CiphertextBlob, in bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
const maxBlob = 6144

// The reasons why a text is not an envelope.
var (
	errNoEnvelope     = errors.New("no envelope")
	errOtherVersion   = errors.New("an envelope of another version")
	errBrokenEnvelope = errors.New("a broken envelope")
)

// header is what opening needs beside the ciphertext. Nothing in it is secret.
type header struct {
	Region  string            `json:"region"`
	Key     string            `json:"key"`
	Context map[string]string `json:"context,omitempty"`
}

// envelope is a sealed secret.
type envelope struct {
	header

	blob []byte
}

// valid reports whether everything in it is within the limits and can be sent to KMS.
func (e envelope) valid() bool {
	return regionPattern.MatchString(e.Region) && isKeyARN(e.Key, e.Region) && refuseContext(e.Context) == "" &&
		len(e.blob) > 0 && len(e.blob) <= maxBlob
}

// String returns the envelope in the form of the package comment.
func (e envelope) String() string {
	// Marshalling strings and a map of them can't fail.
	text, _ := json.Marshal(e.header) //nolint:errchkjson // see above
	return strings.Join([]string{
		scheme, version, base64.RawURLEncoding.EncodeToString(text), base64.StdEncoding.EncodeToString(e.blob),
	}, ":")
}

// parseEnvelope reads exactly what String writes. It refuses any other spelling of the same content, so that every change
// to a text is noticed. White space around the text, as at the end of a file, is ignored.
func parseEnvelope(text string) (envelope, error) {
	text = strings.TrimSpace(text)
	parts := strings.Split(text, ":")
	switch {
	case parts[0] != scheme:
		return envelope{}, errNoEnvelope
	case len(text) > sealing.MaxSealed:
		return envelope{}, errBrokenEnvelope
	case len(parts) > 1 && parts[1] != version:
		return envelope{}, errOtherVersion
	case len(parts) != 4:
		return envelope{}, errBrokenEnvelope
	}
	var e envelope
	encoded, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return envelope{}, errBrokenEnvelope
	}
	if err := json.NewDecoder(bytes.NewReader(encoded)).Decode(&e.header); err != nil {
		return envelope{}, errBrokenEnvelope
	}
	if e.blob, err = base64.StdEncoding.DecodeString(parts[3]); err != nil {
		return envelope{}, errBrokenEnvelope
	}
	if !e.valid() || e.String() != text {
		return envelope{}, errBrokenEnvelope
	}
	return e, nil
}
