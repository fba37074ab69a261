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

// maxBlob is the longest CiphertextBlob, in bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
const maxBlob = 6144

// The ways for a text to be no envelope.
var (
	errNoEnvelope     = errors.New("no envelope")
	errOtherVersion   = errors.New("an envelope of another version")
	errBrokenEnvelope = errors.New("a broken envelope")
)

// header says what opening needs beside the ciphertext. Nothing in it is secret.
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

// valid reports whether everything in it is within bounds and fit to be sent.
func (e envelope) valid() bool {
	return regionPattern.MatchString(e.Region) && isKeyARN(e.Key, e.Region) && refuseContext(e.Context) == "" &&
		len(e.blob) > 0 && len(e.blob) <= maxBlob
}

// String writes the envelope as the package comment says.
func (e envelope) String() string {
	// Marshalling strings and a map of them can't fail.
	text, _ := json.Marshal(e.header) //nolint:errchkjson // see above
	return strings.Join([]string{
		scheme, version, base64.RawURLEncoding.EncodeToString(text), base64.StdEncoding.EncodeToString(e.blob),
	}, ":")
}

// parseEnvelope reads what String writes, and nothing else: any other spelling of the same content is refused, so that
// no change to a text goes unnoticed. White space around it, as at the end of a file, is none of the text.
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
