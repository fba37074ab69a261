package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
	basediag "github.com/hashicorp/aws-sdk-go-base/v2/diag"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

const (
	// defaultRegion serves where no region is configured: IAM has one endpoint for all regions of the aws partition.
	defaultRegion = "us-east-1"

	// defaultMaxAttempts is that of the hashicorp/aws provider: enough to sit out the throttling of IAM.
	defaultMaxAttempts = 25

	// defaultRetryMode shares one limit of requests among all resources once AWS throttles. Without it hundreds of resources
	// would each send twice what AWS accepts.
	defaultRetryMode = aws.RetryModeAdaptive
)

// parseOnly is a KMS service that reads the names of keys and can't be asked for anything.
var parseOnly = kms.New(aws.Config{}, defaultRegion, kms.Options{})

// newClient resolves the provider configuration m into a Client.
func newClient(ctx context.Context, m providerModel, version string, c clock.Clock) (*Client, diag.Diagnostics) {
	cfg, diags := m.awsConfig(ctx, version)
	if diags.HasError() {
		return nil, diags
	}
	limit, err := time.ParseDuration(attemptTimeout)
	if err != nil {
		diags.AddError("Bad attempt timeout in this build", err.Error())
		return nil, diags
	}
	cfg.APIOptions = append(cfg.APIOptions, attemptLimit(limit).register)
	service := kms.New(cfg, cfg.Region, kms.Options{Endpoint: m.Endpoints.KMS.ValueString()})
	cfg.Region = m.stsRegion(cfg.Region)
	guard := &accountGuard{allowed: m.AllowedAccountIDs, forbidden: m.ForbiddenAccountIDs}
	cfg.APIOptions = append(cfg.APIOptions, guard.register)
	gateway := iamgate.New(cfg, iamgate.Options{
		Clock: c, IAMEndpoint: m.Endpoints.IAM.ValueString(), STSEndpoint: m.Endpoints.STS.ValueString(),
	})
	guard.identity = gateway.CallerIdentity
	return &Client{Gateway: gateway, KMS: service, Clock: c, Rotator: rotator.New(gateway, c)}, diags
}

// awsConfig resolves m, together with the environment and the shared files, into a configuration of the AWS SDK.
// It fills m.Endpoints.
func (m *providerModel) awsConfig(ctx context.Context, version string) (aws.Config, diag.Diagnostics) {
	var diags diag.Diagnostics
	env, err := config.NewEnvConfig()
	if err != nil {
		diags.AddError("Invalid AWS environment variable", fmt.Sprintf("%s\n\nCorrect or unset that variable.", err))
		return aws.Config{}, diags
	}
	m.fillFromEnvironment(env)
	diags.Append(m.check()...)
	if diags.HasError() {
		return aws.Config{}, diags
	}
	shared, sharedDiags := m.sharedConfig(ctx, env)
	diags.Append(sharedDiags...)
	if diags.HasError() {
		return aws.Config{}, diags
	}

	base := m.baseConfig(version)
	regionKnown := base.Region != "" || env.Region != "" || shared.Region != ""
	if !regionKnown {
		base.Region = defaultRegion
	}
	if base.MaxRetries == 0 && env.RetryMaxAttempts == 0 && shared.RetryMaxAttempts == 0 {
		base.MaxRetries = defaultMaxAttempts
	}
	if base.RetryMode == "" && env.RetryMode == "" && shared.RetryMode == "" {
		base.RetryMode = defaultRetryMode
	}
	_, cfg, baseDiags := awsbase.GetAwsConfig(ctx, base)
	diags.Append(fromBaseDiagnostics(baseDiags)...)
	if diags.HasError() {
		return aws.Config{}, diags
	}
	if !regionKnown {
		cfg.Region = instanceRegion(ctx, cfg)
	}
	diags.Append(m.checkRegion(m.stsRegion(cfg.Region))...)
	return cfg, diags
}

// stsRegion is the region for IAM and STS. IAM is global within a partition: only STS notices.
func (m *providerModel) stsRegion(region string) string {
	if m.STSRegion.ValueString() != "" {
		return m.STSRegion.ValueString()
	}
	return region
}

// checkRegion refuses a region that AWS does not have. IAM would work with it in spite of that, but STS, which proves new
// keys, would not. An endpoint of one's own may call its region anything.
func (m *providerModel) checkRegion(region string) diag.Diagnostics {
	var diags diag.Diagnostics
	if m.SkipRegionValidation.ValueBool() || m.Endpoints.STS.ValueString() != "" {
		return diags
	}
	if err := validation.SupportedRegion(region); err != nil {
		attribute := "region"
		if m.STSRegion.ValueString() == region {
			attribute = "sts_region"
		}
		diags.AddAttributeError(path.Root(attribute), fmt.Sprintf("Invalid AWS Region in %s: %q", attribute, region),
			fmt.Sprintf("Set %s, or AWS_REGION in the environment or region in the profile where it comes from there, to an AWS Region such as "+
				"us-east-1. For a region that is newer than this version, set skip_region_validation = true.", attribute))
	}
	return diags
}

// fillFromEnvironment fills what m leaves open from the environment variables that the AWS SDK does not read itself, or
// not everywhere: while it looks for credentials, it overlooks AWS_ENDPOINT_URL.
func (m *providerModel) fillFromEnvironment(env config.EnvConfig) {
	if m.Endpoints == nil {
		m.Endpoints = &endpointsModel{}
	}
	for _, endpoint := range m.Endpoints.all() {
		service := strings.ToUpper(endpoint.service)
		fill(endpoint.url, os.Getenv("TF_AWS_"+service+"_ENDPOINT"))
		if !aws.ToBool(env.IgnoreConfiguredEndpoints) {
			fill(endpoint.url, os.Getenv("AWS_ENDPOINT_URL_"+service))
			fill(endpoint.url, env.BaseEndpoint)
		}
	}
	if web := m.AssumeRoleWithWebIdentity; web != nil {
		fill(&web.RoleARN, env.RoleARN)
		fill(&web.SessionName, env.RoleSessionName)
		if web.WebIdentityToken.ValueString() == "" {
			fill(&web.WebIdentityTokenFile, env.WebIdentityTokenFilePath)
		}
	}
}

// sharedConfig reads the profile that m or the environment chooses. It is empty where neither chooses one and there is
// no default profile.
func (m *providerModel) sharedConfig(ctx context.Context, env config.EnvConfig) (config.SharedConfig, diag.Diagnostics) {
	var diags diag.Diagnostics
	profile, chosenBy := m.Profile.ValueString(), "profile"
	if profile == "" {
		profile, chosenBy = env.SharedConfigProfile, "AWS_PROFILE"
	}
	name := profile
	if name == "" {
		name = config.DefaultSharedConfigProfile
	}
	configFiles := firstOf(expandAll(m.SharedConfigFiles), env.SharedConfigFile, config.DefaultSharedConfigFiles)
	credentialsFiles := firstOf(expandAll(m.SharedCredentialsFiles), env.SharedCredentialsFile, config.DefaultSharedCredentialsFiles)
	shared, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = configFiles, credentialsFiles
	})
	var missing config.SharedConfigProfileNotExistError
	switch {
	case err == nil, errors.As(err, &missing) && profile == "":
		return shared, diags
	case errors.As(err, &missing) && missing.Profile == profile:
		diags.AddError(fmt.Sprintf("AWS profile not found: %q", profile), fmt.Sprintf("No profile %q, chosen by %s, is in %s.\n\n"+
			"Set %s to a profile of these files, or name other files in shared_config_files and shared_credentials_files.",
			profile, chosenBy, strings.Join(append(configFiles, credentialsFiles...), ", "), chosenBy))
	default:
		diags.AddError(fmt.Sprintf("Unable to read AWS profile: %q", name), fmt.Sprintf("%s\n\nCorrect the profile in %s.",
			err, strings.Join(append(configFiles, credentialsFiles...), ", ")))
	}
	return config.SharedConfig{}, diags
}

// baseConfig is m in the words of aws-sdk-go-base.
func (m *providerModel) baseConfig(version string) *awsbase.Config {
	base := &awsbase.Config{
		AccessKey:                      m.AccessKey.ValueString(),
		CallerDocumentationURL:         "https://registry.terraform.io/providers/iamkeys/iamkeys/latest/docs",
		CallerName:                     "iamkeys",
		CustomCABundle:                 m.CustomCABundle.ValueString(),
		EC2MetadataServiceEndpoint:     m.EC2MetadataServiceEndpoint.ValueString(),
		EC2MetadataServiceEndpointMode: m.EC2MetadataServiceEndpointMode.ValueString(),
		HTTPProxy:                      m.HTTPProxy.ValueStringPointer(),
		HTTPSProxy:                     m.HTTPSProxy.ValueStringPointer(),
		IamEndpoint:                    m.Endpoints.IAM.ValueString(),
		Insecure:                       m.Insecure.ValueBool(),
		MaxRetries:                     m.maxAttempts(),
		NoProxy:                        m.NoProxy.ValueString(),
		Profile:                        m.Profile.ValueString(),
		Region:                         m.Region.ValueString(),
		RetryMode:                      aws.RetryMode(m.RetryMode.ValueString()),
		SecretKey:                      m.SecretKey.ValueString(),
		SharedConfigFiles:              m.SharedConfigFiles,
		SharedCredentialsFiles:         m.SharedCredentialsFiles,
		SkipCredsValidation:            true,
		SkipRequestingAccountId:        true,
		StsEndpoint:                    m.Endpoints.STS.ValueString(),
		StsRegion:                      m.STSRegion.ValueString(),
		// What aws-sdk-go-base logs holds the bodies of requests and answers, and its masks leave parts of a secret.
		SuppressDebugLog:     true,
		Token:                m.Token.ValueString(),
		UseDualStackEndpoint: m.UseDualstackEndpoint.ValueBool(),
		UseFIPSEndpoint:      m.UseFIPSEndpoint.ValueBool(),
		UserAgent:            awsbase.UserAgentProducts{{Name: "terraform-provider-iamkeys", Version: version}},
	}
	if !m.SkipMetadataAPICheck.IsNull() {
		base.EC2MetadataServiceEnableState = imds.ClientEnabled
		if m.SkipMetadataAPICheck.ValueBool() {
			base.EC2MetadataServiceEnableState = imds.ClientDisabled
		}
	}
	for _, role := range m.AssumeRole {
		base.AssumeRole = append(base.AssumeRole, awsbase.AssumeRole{
			RoleARN:           role.RoleARN.ValueString(),
			Duration:          role.Duration.Duration(),
			ExternalID:        role.ExternalID.ValueString(),
			Policy:            role.Policy.ValueString(),
			PolicyARNs:        role.PolicyARNs,
			SessionName:       role.SessionName.ValueString(),
			SourceIdentity:    role.SourceIdentity.ValueString(),
			Tags:              role.Tags,
			TransitiveTagKeys: role.TransitiveTagKeys,
		})
	}
	if web := m.AssumeRoleWithWebIdentity; web != nil {
		base.AssumeRoleWithWebIdentity = &awsbase.AssumeRoleWithWebIdentity{
			RoleARN:              web.RoleARN.ValueString(),
			Duration:             web.Duration.Duration(),
			Policy:               web.Policy.ValueString(),
			PolicyARNs:           web.PolicyARNs,
			SessionName:          web.SessionName.ValueString(),
			WebIdentityToken:     web.WebIdentityToken.ValueString(),
			WebIdentityTokenFile: web.WebIdentityTokenFile.ValueString(),
		}
	}
	return base
}

// maxAttempts is zero where max_retries is not set. As with the hashicorp/aws provider the number counts the first
// attempt; the SDK would read zero attempts as no limit.
func (m *providerModel) maxAttempts() int {
	if m.MaxRetries.IsNull() {
		return 0
	}
	return int(max(1, m.MaxRetries.ValueInt64()))
}

// instanceRegion is the region of the EC2 instance whose role signs our requests, since instances in other partitions
// need its endpoints; it is defaultRegion for all other credentials.
func instanceRegion(ctx context.Context, cfg aws.Config) string {
	creds, err := cfg.Credentials.Retrieve(ctx)
	if err != nil || creds.Source != ec2rolecreds.ProviderName {
		return defaultRegion
	}
	region, err := imds.NewFromConfig(cfg).GetRegion(ctx, &imds.GetRegionInput{})
	if err != nil {
		return defaultRegion
	}
	return region.Region
}

// fromBaseDiagnostics turns what aws-sdk-go-base reports into diagnostics of Terraform that say what to set.
func fromBaseDiagnostics(in basediag.Diagnostics) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, d := range in {
		withErr, hasErr := d.(basediag.DiagnosticWithErr)
		switch {
		case d.Severity() == basediag.SeverityWarning:
			diags.AddWarning(d.Summary(), d.Detail())
		case awsbase.IsNoValidCredentialSourcesError(d) && hasErr:
			diags.AddError("No AWS credentials found", fmt.Sprintf("Give the provider credentials in one of these ways:\n"+
				"  * the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE\n"+
				"  * the provider block: profile, access_key and secret_key, or assume_role_with_web_identity\n"+
				"  * the shared files ~/.aws/config and ~/.aws/credentials, IAM Identity Center (aws sso login) included\n"+
				"  * the role of the EC2 instance, ECS task or EKS pod\n\n"+
				"The AWS SDK said: %s", withErr.Err()))
		case d.Detail() == "":
			diags.AddError("Unable to set up access to AWS",
				fmt.Sprintf("%s\n\nCorrect the provider block, the AWS_* environment variables or the shared files.", d.Summary()))
		default:
			diags.AddError(d.Summary(), d.Detail())
		}
	}
	return diags
}
