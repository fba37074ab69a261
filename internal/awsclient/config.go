package awsclient

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ec2rolecreds"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	awsbase "github.com/hashicorp/aws-sdk-go-base/v2"
)

const (
	// defaultRegion is used where no region is configured: IAM has one endpoint for all regions of the aws partition.
	defaultRegion = "us-east-1"

	// defaultMaxAttempts is that of the hashicorp/aws provider: enough to outlast throttling by IAM.
	defaultMaxAttempts = 25

	// defaultRetryMode shares one limit of requests among all resources once AWS throttles. Without it hundreds of resources
	// would each send twice what AWS accepts.
	defaultRetryMode = aws.RetryModeAdaptive
)

// resolve resolves the settings, the environment and the shared files into a configuration of the AWS SDK. It returns the
// settings with what the environment adds. The keys that the credentials come from are added to sources.
func resolve(ctx context.Context, s Settings, version string, sources *sourceKeys) (Settings, aws.Config, Problems) {
	var problems Problems
	env, err := config.NewEnvConfig()
	if err != nil {
		problems.addError("Invalid AWS environment variable", fmt.Sprintf("%s\n\nCorrect or unset that variable.", err))
		return s, aws.Config{}, problems
	}
	s = s.withEnvironment(env)
	problems = s.check()
	if problems.HasError() {
		return s, aws.Config{}, problems
	}
	shared := s.sharedConfig(ctx, env, &problems)
	if problems.HasError() {
		return s, aws.Config{}, problems
	}

	base := s.baseConfig(version)
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
	// It assumes every role of the chain, and sends no other signed request.
	_, cfg, diags := awsbase.GetAwsConfig(sources.watch(ctx), base)
	problems.addBase(diags)
	if problems.HasError() {
		return s, aws.Config{}, problems
	}
	cfg.Credentials = &loggedCredentials{inner: cfg.Credentials, sources: sources}
	if !regionKnown {
		cfg.Region = instanceRegion(ctx, cfg)
	}
	s.checkRegion(s.stsRegion(cfg.Region), &problems)
	return s, cfg, problems
}

// withEnvironment returns the settings with what they leave open taken from the environment variables that the AWS SDK does
// not read itself, or not everywhere: while it looks for credentials, it overlooks AWS_ENDPOINT_URL.
func (s Settings) withEnvironment(env config.EnvConfig) Settings {
	for _, endpoint := range s.Endpoints.all() {
		service := strings.ToUpper(endpoint.service)
		setDefault(endpoint.url, os.Getenv("TF_AWS_"+service+"_ENDPOINT"))
		if !aws.ToBool(env.IgnoreConfiguredEndpoints) {
			setDefault(endpoint.url, os.Getenv("AWS_ENDPOINT_URL_"+service))
			setDefault(endpoint.url, env.BaseEndpoint)
		}
	}
	if s.AssumeRoleWithWebIdentity != nil {
		web := *s.AssumeRoleWithWebIdentity
		setDefault(&web.RoleARN, env.RoleARN)
		setDefault(&web.SessionName, env.RoleSessionName)
		if web.WebIdentityToken.Reveal() == "" {
			setDefault(&web.WebIdentityTokenFile, env.WebIdentityTokenFilePath)
		}
		s.AssumeRoleWithWebIdentity = &web
	}
	return s
}

// setDefault sets a setting that is empty.
func setDefault(setting *string, value string) {
	if *setting == "" {
		*setting = value
	}
}

// sharedConfig reads the profile that the settings or the environment choose. It is empty where neither chooses one and
// there is no default profile.
func (s *Settings) sharedConfig(ctx context.Context, env config.EnvConfig, problems *Problems) config.SharedConfig {
	profile, chosenBy := s.Profile, "profile"
	if profile == "" {
		profile, chosenBy = env.SharedConfigProfile, "AWS_PROFILE"
	}
	name := profile
	if name == "" {
		name = config.DefaultSharedConfigProfile
	}
	configFiles := firstOf(expandAll(s.SharedConfigFiles), env.SharedConfigFile, config.DefaultSharedConfigFiles)
	credentialsFiles := firstOf(expandAll(s.SharedCredentialsFiles), env.SharedCredentialsFile, config.DefaultSharedCredentialsFiles)
	files := strings.Join(slices.Concat(configFiles, credentialsFiles), ", ")
	shared, err := config.LoadSharedConfigProfile(ctx, name, func(o *config.LoadSharedConfigOptions) {
		o.ConfigFiles, o.CredentialsFiles = configFiles, credentialsFiles
	})
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	switch {
	case err == nil, isMissing && profile == "":
		return shared
	case isMissing && missing.Profile == profile:
		problems.addError(fmt.Sprintf("AWS profile not found: %q", profile), fmt.Sprintf("No profile %q, chosen by %s, is in %s.\n\n"+
			"Set %s to a profile of these files, or name other files in shared_config_files and shared_credentials_files.",
			profile, chosenBy, files, chosenBy))
	default:
		problems.addError(fmt.Sprintf("Unable to read AWS profile: %q", name), fmt.Sprintf("%s\n\nCorrect the profile in %s.",
			err, files))
	}
	return config.SharedConfig{}
}

// instanceRegion is the region of the EC2 instance whose role signs the requests, since instances in other partitions need
// its endpoints. It is defaultRegion for all other credentials.
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
