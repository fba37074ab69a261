package awsclient

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Settings are the settings of the provider block, under the names that users write. Where a pointer is nil, or another
// value is empty, the setting is not set.
type Settings struct {
	AccessKey                      string
	AllowedAccountIDs              []string
	AssumeRole                     []AssumeRole
	AssumeRoleWithWebIdentity      *WebIdentity
	CustomCABundle                 string
	EC2MetadataServiceEndpoint     string
	EC2MetadataServiceEndpointMode string
	Endpoints                      Endpoints
	ForbiddenAccountIDs            []string
	// An empty HTTPProxy or HTTPSProxy means no proxy. Its URL may hold a password.
	HTTPProxy              *string
	HTTPSProxy             *string
	Insecure               bool
	MaxRetries             *int64
	NoProxy                string
	Profile                string
	Region                 string
	RetryMode              string
	SecretKey              secret.Secret
	SharedConfigFiles      []string
	SharedCredentialsFiles []string
	SkipMetadataAPICheck   *bool
	SkipRegionValidation   bool
	STSRegion              string
	Token                  secret.Secret
	UseDualstackEndpoint   bool
	UseFIPSEndpoint        bool
}

// AssumeRole is an assume_role block.
type AssumeRole struct {
	Duration          time.Duration
	ExternalID        string
	Policy            string
	PolicyARNs        []string
	RoleARN           string
	SessionName       string
	SourceIdentity    string
	Tags              map[string]string
	TransitiveTagKeys []string
}

// WebIdentity is the assume_role_with_web_identity block.
type WebIdentity struct {
	Duration             time.Duration
	Policy               string
	PolicyARNs           []string
	RoleARN              string
	SessionName          string
	WebIdentityToken     secret.Secret
	WebIdentityTokenFile string
}

// Endpoints is the endpoints block.
type Endpoints struct {
	CloudTrail string
	IAM        string
	KMS        string
	STS        string
}

// endpoint is an endpoint with the name of its service.
type endpoint struct {
	service string
	url     *string
}

func (e *Endpoints) all() []endpoint {
	return []endpoint{{"cloudtrail", &e.CloudTrail}, {"iam", &e.IAM}, {"kms", &e.KMS}, {"sts", &e.STS}}
}

// stsRegion is the region for IAM and STS. IAM is global within a partition: only STS notices.
func (s *Settings) stsRegion(region string) string {
	if s.STSRegion != "" {
		return s.STSRegion
	}
	return region
}

// maxAttempts is zero where max_retries is not set. As with the hashicorp/aws provider the number counts the first
// attempt. The SDK would take zero attempts for no limit.
func (s *Settings) maxAttempts() int {
	if s.MaxRetries == nil {
		return 0
	}
	return int(max(1, *s.MaxRetries))
}
