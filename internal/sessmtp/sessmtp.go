// Package sessmtp derives the password of the Amazon SES SMTP interface from a secret access key.
//
// The user name of that interface is the access key id. The password is a signature that is valid in one region and for
// as long as the key is Active, so that a rotation changes user name and password. AWS publishes the algorithm at
// https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html#smtp-credentials-convert.
package sessmtp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// version is the first byte of a password: a signature of version 4, which is bound to a region.
const version = 0x04

var (
	secretForm = regexp.MustCompile(`^[A-Za-z0-9/+=]+$`)
	regionForm = regexp.MustCompile(`^[a-z]{2,8}(-[a-z]{2,12}){1,3}-[0-9]{1,2}$`)
)

// ErrNotASecret is returned for a text that can't be a secret access key: it is empty, or has characters other than letters,
// digits and /+=.
var ErrNotASecret = errors.New("not a secret access key")

// RegionError is returned for a text that can't be the name of an AWS Region.
type RegionError struct{ Region string }

// Error returns a message with the name.
func (e *RegionError) Error() string { return fmt.Sprintf("not an AWS Region: %q", e.Region) }

// Password returns the password for the SMTP endpoint of region that belongs to key. It does not check whether AWS has the
// region, or an SMTP endpoint there. The error is ErrNotASecret or a *RegionError.
func Password(key secret.Secret, region string) (secret.Secret, error) {
	if !secretForm.MatchString(key.Reveal()) {
		return secret.Secret{}, ErrNotASecret
	}
	if !regionForm.MatchString(region) {
		return secret.Secret{}, &RegionError{Region: region}
	}
	signature := []byte("AWS4" + key.Reveal())
	// All parts but the region are constant. The first takes the place of the date in a signature.
	for _, part := range []string{"11111111", region, "ses", "aws4_request", "SendRawEmail"} {
		mac := hmac.New(sha256.New, signature)
		mac.Write([]byte(part))
		signature = mac.Sum(nil)
	}
	return secret.New(base64.StdEncoding.EncodeToString(append([]byte{version}, signature...))), nil
}
