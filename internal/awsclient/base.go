package awsclient

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	"github.com/hashicorp/aws-sdk-go-base/v2/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// baseConfig returns the settings as aws-sdk-go-base takes them.
func (s *Settings) baseConfig(version string) *awsbase.Config {
	base := &awsbase.Config{
		AccessKey:                      s.AccessKey,
		CallerDocumentationURL:         "https://registry.terraform.io/providers/iamkeys/iamkeys/latest/docs",
		CallerName:                     "iamkeys",
		CustomCABundle:                 s.CustomCABundle,
		EC2MetadataServiceEndpoint:     s.EC2MetadataServiceEndpoint,
		EC2MetadataServiceEndpointMode: s.EC2MetadataServiceEndpointMode,
		HTTPProxy:                      s.HTTPProxy,
		HTTPSProxy:                     s.HTTPSProxy,
		IamEndpoint:                    s.Endpoints.IAM,
		Insecure:                       s.Insecure,
		MaxRetries:                     s.maxAttempts(),
		NoProxy:                        s.NoProxy,
		Profile:                        s.Profile,
		Region:                         s.Region,
		RetryMode:                      aws.RetryMode(s.RetryMode),
		SecretKey:                      s.SecretKey.Reveal(),
		SharedConfigFiles:              s.SharedConfigFiles,
		SharedCredentialsFiles:         s.SharedCredentialsFiles,
		SkipCredsValidation:            true,
		SkipRequestingAccountId:        true,
		StsEndpoint:                    s.Endpoints.STS,
		StsRegion:                      s.STSRegion,
		// The log of aws-sdk-go-base has the bodies of requests and answers, and its masks leave parts of a secret.
		SuppressDebugLog:     true,
		Token:                s.Token.Reveal(),
		UseDualStackEndpoint: s.UseDualstackEndpoint,
		UseFIPSEndpoint:      s.UseFIPSEndpoint,
		UserAgent:            awsbase.UserAgentProducts{{Name: trail.Product, Version: version}},
	}
	if s.SkipMetadataAPICheck != nil {
		base.EC2MetadataServiceEnableState = imds.ClientEnabled
		if *s.SkipMetadataAPICheck {
			base.EC2MetadataServiceEnableState = imds.ClientDisabled
		}
	}
	for _, role := range s.AssumeRole {
		base.AssumeRole = append(base.AssumeRole, awsbase.AssumeRole{
			RoleARN:           role.RoleARN,
			Duration:          role.Duration,
			ExternalID:        role.ExternalID,
			Policy:            role.Policy,
			PolicyARNs:        role.PolicyARNs,
			SessionName:       role.SessionName,
			SourceIdentity:    role.SourceIdentity,
			Tags:              role.Tags,
			TransitiveTagKeys: role.TransitiveTagKeys,
		})
	}
	if web := s.AssumeRoleWithWebIdentity; web != nil {
		base.AssumeRoleWithWebIdentity = &awsbase.AssumeRoleWithWebIdentity{
			RoleARN:              web.RoleARN,
			Duration:             web.Duration,
			Policy:               web.Policy,
			PolicyARNs:           web.PolicyARNs,
			SessionName:          web.SessionName,
			WebIdentityToken:     web.WebIdentityToken.Reveal(),
			WebIdentityTokenFile: web.WebIdentityTokenFile,
		}
	}
	return base
}

// addBase adds what aws-sdk-go-base reports, and says what to set where it does not.
func (p *Problems) addBase(diags diag.Diagnostics) {
	for _, d := range diags {
		withErr, hasErr := d.(diag.DiagnosticWithErr)
		switch {
		case d.Severity() == diag.SeverityWarning:
			p.addWarning(d.Summary(), d.Detail())
		case awsbase.IsNoValidCredentialSourcesError(d) && hasErr:
			p.addError("No AWS credentials found", fmt.Sprintf("Give the provider credentials in one of these ways:\n"+
				"  * the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE\n"+
				"  * the provider block: profile, access_key and secret_key, or assume_role_with_web_identity\n"+
				"  * the shared files ~/.aws/config and ~/.aws/credentials, IAM Identity Center (aws sso login) included\n"+
				"  * the role of the EC2 instance, ECS task or EKS pod\n\n"+
				"The AWS SDK said: %s", withErr.Err()))
		case d.Detail() == "":
			p.addError("Unable to set up access to AWS",
				fmt.Sprintf("%s\n\nCorrect the provider block, the AWS_* environment variables or the shared files.", d.Summary()))
		default:
			p.addError(d.Summary(), d.Detail())
		}
	}
}
