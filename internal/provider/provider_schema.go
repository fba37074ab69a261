package provider

import (
	"math"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// providerModel is the provider block. Its names are those of the hashicorp/aws provider.
type providerModel struct {
	AccessKey                      types.String      `tfsdk:"access_key"`
	AllowedAccountIDs              []string          `tfsdk:"allowed_account_ids"`
	AssumeRole                     []assumeRoleModel `tfsdk:"assume_role"`
	AssumeRoleWithWebIdentity      *webIdentityModel `tfsdk:"assume_role_with_web_identity"`
	CustomCABundle                 types.String      `tfsdk:"custom_ca_bundle"`
	EC2MetadataServiceEndpoint     types.String      `tfsdk:"ec2_metadata_service_endpoint"`
	EC2MetadataServiceEndpointMode types.String      `tfsdk:"ec2_metadata_service_endpoint_mode"`
	Endpoints                      *endpointsModel   `tfsdk:"endpoints"`
	ForbiddenAccountIDs            []string          `tfsdk:"forbidden_account_ids"`
	HTTPProxy                      types.String      `tfsdk:"http_proxy"`
	HTTPSProxy                     types.String      `tfsdk:"https_proxy"`
	Insecure                       types.Bool        `tfsdk:"insecure"`
	MaxRetries                     types.Number      `tfsdk:"max_retries"`
	NoProxy                        types.String      `tfsdk:"no_proxy"`
	Profile                        types.String      `tfsdk:"profile"`
	Region                         types.String      `tfsdk:"region"`
	RetryMode                      types.String      `tfsdk:"retry_mode"`
	SecretKey                      types.String      `tfsdk:"secret_key"`
	SharedConfigFiles              []string          `tfsdk:"shared_config_files"`
	SharedCredentialsFiles         []string          `tfsdk:"shared_credentials_files"`
	SkipCredentialsValidation      types.Bool        `tfsdk:"skip_credentials_validation"`
	SkipMetadataAPICheck           types.Bool        `tfsdk:"skip_metadata_api_check"`
	SkipRegionValidation           types.Bool        `tfsdk:"skip_region_validation"`
	STSRegion                      types.String      `tfsdk:"sts_region"`
	Token                          types.String      `tfsdk:"token"`
	UseDualstackEndpoint           types.Bool        `tfsdk:"use_dualstack_endpoint"`
	UseFIPSEndpoint                types.Bool        `tfsdk:"use_fips_endpoint"`
}

// assumeRoleModel is one assume_role block.
type assumeRoleModel struct {
	Duration          durationValue     `tfsdk:"duration"`
	ExternalID        types.String      `tfsdk:"external_id"`
	Policy            types.String      `tfsdk:"policy"`
	PolicyARNs        []string          `tfsdk:"policy_arns"`
	RoleARN           types.String      `tfsdk:"role_arn"`
	SessionName       types.String      `tfsdk:"session_name"`
	SourceIdentity    types.String      `tfsdk:"source_identity"`
	Tags              map[string]string `tfsdk:"tags"`
	TransitiveTagKeys []string          `tfsdk:"transitive_tag_keys"`
}

// webIdentityModel is the assume_role_with_web_identity block.
type webIdentityModel struct {
	Duration             durationValue `tfsdk:"duration"`
	Policy               types.String  `tfsdk:"policy"`
	PolicyARNs           []string      `tfsdk:"policy_arns"`
	RoleARN              types.String  `tfsdk:"role_arn"`
	SessionName          types.String  `tfsdk:"session_name"`
	WebIdentityToken     types.String  `tfsdk:"web_identity_token"`
	WebIdentityTokenFile types.String  `tfsdk:"web_identity_token_file"`
}

// endpointsModel is the endpoints block.
type endpointsModel struct {
	CloudTrail types.String `tfsdk:"cloudtrail"`
	IAM        types.String `tfsdk:"iam"`
	KMS        types.String `tfsdk:"kms"`
	STS        types.String `tfsdk:"sts"`
}

func providerSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Rotates AWS IAM user access keys. The settings and environment variables are those of the " +
			"[hashicorp/aws](https://registry.terraform.io/providers/hashicorp/aws/latest/docs) provider, and so are the places where " +
			"credentials are looked for.",
		Attributes: providerAttributes(),
		Blocks: map[string]schema.Block{
			"assume_role": schema.ListNestedBlock{
				MarkdownDescription: "An IAM role to assume. Several blocks make a chain: each role is assumed with the credentials of the one before.",
				NestedObject:        schema.NestedBlockObject{Attributes: assumeRoleAttributes()},
			},
			"assume_role_with_web_identity": schema.SingleNestedBlock{
				MarkdownDescription: "An IAM role to assume with the token of an OpenID Connect or OAuth 2.0 identity provider.",
				Attributes:          webIdentityAttributes(),
			},
			"endpoints": schema.SingleNestedBlock{
				MarkdownDescription: "Addresses of AWS services, for tests and private endpoints.",
				Attributes: map[string]schema.Attribute{
					"cloudtrail": optionalString("URL of CloudTrail. Environment variables: `TF_AWS_CLOUDTRAIL_ENDPOINT`, " +
						"`AWS_ENDPOINT_URL_CLOUDTRAIL`, `AWS_ENDPOINT_URL`."),
					"iam": optionalString("URL of IAM. Environment variables: `TF_AWS_IAM_ENDPOINT`, `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL`."),
					"kms": optionalString("URL of KMS. Environment variables: `TF_AWS_KMS_ENDPOINT`, `AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`."),
					"sts": optionalString("URL of STS. Environment variables: `TF_AWS_STS_ENDPOINT`, `AWS_ENDPOINT_URL_STS`, `AWS_ENDPOINT_URL`."),
				},
			},
		},
	}
}

func providerAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"access_key": optionalString("AWS access key id. Environment variable: `AWS_ACCESS_KEY_ID`. Needs `secret_key`."),
		"allowed_account_ids": accountIDs("AWS account ids that this provider may work in; in any other account every request to IAM "+
			"and CloudTrail is refused. Costs one `sts:GetCallerIdentity` for each start of the provider. Conflicts with `forbidden_account_ids`.",
			"forbidden_account_ids"),
		"custom_ca_bundle": optionalString("File with the certificate authorities to trust, in PEM. Environment variable: " +
			"`AWS_CA_BUNDLE`."),
		"ec2_metadata_service_endpoint": optionalString("URL of the EC2 metadata service. Environment variable: " +
			"`AWS_EC2_METADATA_SERVICE_ENDPOINT`."),
		"ec2_metadata_service_endpoint_mode": schema.StringAttribute{
			MarkdownDescription: "Protocol of the EC2 metadata service: `IPv4` or `IPv6`. Environment variable: " +
				"`AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf("IPv4", "IPv6")},
		},
		"forbidden_account_ids": accountIDs("AWS account ids that this provider must not work in: there every request to IAM "+
			"and CloudTrail is refused. "+
			"Costs one `sts:GetCallerIdentity` for each start of the provider. Conflicts with `allowed_account_ids`.", "allowed_account_ids"),
		"http_proxy": optionalString("URL of the proxy for HTTP, and for HTTPS where `https_proxy` is not set. Environment variable: " +
			"`HTTP_PROXY`."),
		"https_proxy": optionalString("URL of the proxy for HTTPS. Environment variable: `HTTPS_PROXY`."),
		"insecure":    optionalBool("Do not verify TLS certificates. Default: `false`."),
		"max_retries": schema.NumberAttribute{
			MarkdownDescription: "How often a request is tried when AWS throttles it or fails to answer. Default: 25. Environment variable: " +
				"`AWS_MAX_ATTEMPTS`. The creation of a key is repeated only when AWS throttled it: only then it is certain that none exists.",
			Optional:   true,
			Validators: []validator.Number{wholeNumberValidator{most: math.MaxInt32}},
		},
		"no_proxy": optionalString("Comma-separated hosts that are reached without a proxy. Environment variable: `NO_PROXY`."),
		"profile":  optionalString("Profile in the shared files. Environment variable: `AWS_PROFILE`."),
		"region": optionalString("AWS Region. IAM is one for all regions, so that this chooses only the partition (such as `aws-cn`), the " +
			"STS endpoint, and where CloudTrail is asked. Default: the region of the environment (`AWS_REGION`, `AWS_DEFAULT_REGION`), of the " +
			"profile or of the EC2 instance; `us-east-1` where none is configured."),
		"retry_mode": schema.StringAttribute{
			MarkdownDescription: "How retries are paced: `standard` or `adaptive`. Default: `adaptive`, by which all resources of a run slow down " +
				"together once AWS throttles. Environment variable: `AWS_RETRY_MODE`.",
			Optional:   true,
			Validators: []validator.String{stringvalidator.OneOf("standard", "adaptive")},
		},
		"secret_key": schema.StringAttribute{
			MarkdownDescription: "AWS secret access key. Environment variable: `AWS_SECRET_ACCESS_KEY`. Needs `access_key`.",
			Optional:            true,
			Sensitive:           true,
		},
		"shared_config_files": optionalStrings("Shared configuration files. Default: `~/.aws/config`. Environment variable: " +
			"`AWS_CONFIG_FILE`."),
		"shared_credentials_files": optionalStrings("Shared credentials files. Default: `~/.aws/credentials`. Environment variable: " +
			"`AWS_SHARED_CREDENTIALS_FILE`."),
		"skip_credentials_validation": optionalBool("Accepted for likeness with the hashicorp/aws provider. This provider never spends a " +
			"request on validating credentials: the first request that it needs does."),
		"skip_metadata_api_check": optionalBool("Do not look for credentials in the EC2 metadata service. Environment variable: " +
			"`AWS_EC2_METADATA_DISABLED`."),
		"skip_region_validation": optionalBool("Accept a region that this version does not know."),
		"sts_region":             optionalString("AWS Region for STS, where it is not `region`."),
		"token": schema.StringAttribute{
			MarkdownDescription: "Session token of temporary credentials. Environment variable: `AWS_SESSION_TOKEN`.",
			Optional:            true,
			Sensitive:           true,
		},
		"use_dualstack_endpoint": optionalBool("Use endpoints that answer on IPv4 and IPv6. Environment variable: `AWS_USE_DUALSTACK_ENDPOINT`."),
		"use_fips_endpoint":      optionalBool("Use endpoints with FIPS validated cryptography. Environment variable: `AWS_USE_FIPS_ENDPOINT`."),
	}
}

func assumeRoleAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"duration":    sessionDuration(),
		"external_id": optionalString("Identifier that the trust policy of the role may ask for."),
		"policy":      optionalString("IAM policy, in JSON, that narrows the permissions of the session."),
		"policy_arns": optionalStringSet("ARNs of IAM policies that narrow the permissions of the session."),
		"role_arn": schema.StringAttribute{
			MarkdownDescription: "ARN of the IAM role to assume.",
			Required:            true,
			Validators:          roleARNValidators(),
		},
		"session_name":    optionalString("Name of the session, as CloudTrail shows it."),
		"source_identity": optionalString("Source identity of the session, as CloudTrail shows it."),
		"tags": schema.MapAttribute{
			MarkdownDescription: "Session tags.",
			Optional:            true,
			ElementType:         types.StringType,
		},
		"transitive_tag_keys": optionalStringSet("Keys of the session tags that further sessions of the chain inherit."),
	}
}

func webIdentityAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"duration":    sessionDuration(),
		"policy":      optionalString("IAM policy, in JSON, that narrows the permissions of the session."),
		"policy_arns": optionalStringSet("ARNs of IAM policies that narrow the permissions of the session."),
		"role_arn": schema.StringAttribute{
			MarkdownDescription: "ARN of the IAM role to assume. Environment variable: `AWS_ROLE_ARN`.",
			Optional:            true,
			Validators:          roleARNValidators(),
		},
		"session_name": optionalString("Name of the session, as CloudTrail shows it. Environment variable: `AWS_ROLE_SESSION_NAME`."),
		"web_identity_token": schema.StringAttribute{
			MarkdownDescription: "The token itself. Conflicts with `web_identity_token_file`.",
			Optional:            true,
			Sensitive:           true,
			Validators: []validator.String{
				stringvalidator.ConflictsWith(path.MatchRelative().AtParent().AtName("web_identity_token_file")),
			},
		},
		"web_identity_token_file": optionalString("File with the token. Environment variable: `AWS_WEB_IDENTITY_TOKEN_FILE`."),
	}
}

func optionalString(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true}
}

func optionalStrings(description string) schema.ListAttribute {
	return schema.ListAttribute{MarkdownDescription: description, Optional: true, ElementType: types.StringType}
}

func optionalStringSet(description string) schema.SetAttribute {
	return schema.SetAttribute{MarkdownDescription: description, Optional: true, ElementType: types.StringType}
}

func optionalBool(description string) schema.BoolAttribute {
	return schema.BoolAttribute{MarkdownDescription: description, Optional: true}
}

func accountIDs(description, conflict string) schema.SetAttribute {
	attribute := optionalStringSet(description)
	attribute.Validators = []validator.Set{
		setvalidator.ConflictsWith(path.MatchRoot(conflict)),
		setvalidator.ValueStringsAre(stringvalidator.RegexMatches(regexp.MustCompile(`^\d{12}$`), "must be an AWS account id: 12 digits")),
	}
	return attribute
}

func sessionDuration() schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: "How long the session may last, such as `1h30m`: 15 minutes to 12 hours, and no longer than the role allows.",
		CustomType:          durationType{},
		Optional:            true,
		Validators:          []validator.String{durationValidator{}},
	}
}

func roleARNValidators() []validator.String {
	return []validator.String{stringvalidator.RegexMatches(
		regexp.MustCompile(`^arn:[^:]+:iam::\d{12}:role/.+`), "must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/rotation")}
}
