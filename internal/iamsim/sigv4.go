package iamsim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const signingAlgorithm = "AWS4-HMAC-SHA256"

// caller is the principal that signed a call.
type caller struct {
	arn    string
	userID string
	keyID  string
	region string // of the signature's scope
	user   *user  // nil for a role's session
}

// authorization is a parsed Authorization header.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type authorization struct {
	keyID, date, region, service string
	signedHeaders                []string
	signature                    string
}

func parseAuthorization(header string) (authorization, error) {
	if header == "" {
		return authorization{}, errUnsigned()
	}
	fields, ok := strings.CutPrefix(header, signingAlgorithm+" ")
	if !ok {
		return authorization{}, errIncompleteSignature("Authorization header requires algorithm " + signingAlgorithm + ".")
	}
	values := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		values[name] = value
	}
	scope := strings.Split(values["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || values["SignedHeaders"] == "" || values["Signature"] == "" {
		return authorization{}, errIncompleteSignature("Authorization header requires 'Credential', 'SignedHeaders' and 'Signature'.")
	}
	return authorization{
		keyID: scope[0], date: scope[1], region: scope[2], service: scope[3],
		signedHeaders: strings.Split(values["SignedHeaders"], ";"),
		signature:     values["Signature"],
	}, nil
}

// authenticate checks who signed a call, and records the use of the key. As in AWS, a call that is denied afterwards counts
// as a use.
func (s *Server) authenticate(r *http.Request, body []byte, service string) (caller, error) {
	auth, err := parseAuthorization(r.Header.Get("Authorization"))
	if err != nil {
		return caller{}, err
	}
	token := r.Header.Get("X-Amz-Security-Token")
	if role, ok := s.account.sessions[auth.keyID]; ok {
		switch {
		case subtle.ConstantTimeCompare([]byte(token), []byte(role.token.Reveal())) == 0:
			return caller{}, errInvalidToken()
		case !s.opts.Clock.Now().Before(role.expires):
			return caller{}, errExpiredToken()
		}
		who := caller{arn: role.arn, userID: role.userID, keyID: auth.keyID, region: auth.region}
		return who, checkSignature(r, body, auth, role.secret, service)
	}

	now := s.time.now()
	k, ok := s.account.signingKey(auth.keyID)
	if !ok || token != "" {
		return caller{}, errInvalidToken()
	}
	if !k.authenticates(now) {
		k.rejects = max(0, k.rejects-1)
		return caller{}, errInvalidToken()
	}
	if err := checkSignature(r, body, auth, k.secret, service); err != nil {
		return caller{}, err
	}
	k.recordUse(now, service, auth.region, s.opts.LastUsedGranularity)
	return caller{arn: s.account.arn(k.owner), userID: k.owner.ID, keyID: k.ID, region: auth.region, user: k.owner}, nil
}

// checkSignature signs the request again, over the headers that the client chose, and compares the signatures. It does not
// compare the client's date with any clock: clients sign in the machine's time.
func checkSignature(r *http.Request, body []byte, auth authorization, sec secret.Secret, service string) error {
	if auth.service != service {
		return errSignature(fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service))
	}
	signedAt, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return errIncompleteSignature("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	again := r.Clone(r.Context())
	again.Header, again.ContentLength = http.Header{}, 0
	for _, name := range auth.signedHeaders {
		switch name {
		case "host": // Go keeps it outside the headers
		case "content-length":
			again.ContentLength = r.ContentLength
		default:
			again.Header[http.CanonicalHeaderKey(name)] = r.Header.Values(name)
		}
	}
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: auth.keyID, SecretAccessKey: sec.Reveal()}
	err = v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), service, auth.region, signedAt)
	if err != nil {
		return errSignature("The request can't be signed.")
	}
	want, err := parseAuthorization(again.Header.Get("Authorization"))
	if err != nil || want.date != auth.date || subtle.ConstantTimeCompare([]byte(want.signature), []byte(auth.signature)) == 0 {
		return errSignature("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	return nil
}
