package awserr

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// IsDenied reports whether code says that no policy allows a call, or that one denies it.
func IsDenied(code string) bool {
	return slices.Contains([]string{"AccessDenied", "AccessDeniedException", "NotAuthorized", "UnauthorizedOperation"}, code)
}

// IsThrottling reports whether code asks for fewer requests.
func IsThrottling(code string) bool {
	_, ok := retry.DefaultThrottleErrorCodes[code]
	return ok
}

// IsBadCredentials reports whether code says that AWS does not accept the key that signed, or the signature.
// See https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html.
func IsBadCredentials(code string) bool {
	return slices.Contains([]string{
		"InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "UnrecognizedClientException",
		"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "AuthFailure", "InvalidAccessKeyId",
		"MissingAuthenticationToken", "MissingAuthenticationTokenException",
	}, code)
}
