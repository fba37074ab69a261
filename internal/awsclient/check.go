package awsclient

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/hashicorp/aws-sdk-go-base/v2/validation"
)

// check returns what is wrong with the settings by themselves, whatever the shared files hold and AWS says.
func (s *Settings) check() Problems {
	var problems Problems
	s.checkKeys(&problems)
	s.checkWebIdentity(&problems)
	s.checkEndpoints(&problems)
	s.checkProxies(&problems)
	for _, list := range []struct {
		setting string
		files   []string
	}{
		{"shared_config_files", s.SharedConfigFiles},
		{"shared_credentials_files", s.SharedCredentialsFiles},
	} {
		for i, file := range list.files {
			checkFile(&problems, Path{list.setting, i}, file)
		}
	}
	if bundle := s.CustomCABundle; bundle != "" {
		checkFile(&problems, Path{"custom_ca_bundle"}, bundle)
	}
	return problems
}

func (s *Settings) checkKeys(problems *Problems) {
	hasID, hasSecret := s.AccessKey != "", s.SecretKey.Reveal() != ""
	switch {
	case hasSecret && !hasID:
		problems.addSettingError(Path{"access_key"}, "secret_key is set without access_key",
			"Set access_key to the id of the key, or remove secret_key and set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "+
				"in the environment.")
	case hasID && !hasSecret:
		problems.addSettingError(Path{"secret_key"}, fmt.Sprintf("access_key %q is set without secret_key", s.AccessKey),
			"Set secret_key to the secret of the key, or remove access_key and set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "+
				"in the environment.")
	case !hasID && s.Token.Reveal() != "":
		problems.addSettingError(Path{"token"}, "token is set without access_key and secret_key",
			"Set access_key and secret_key to the temporary credentials that the token belongs to, or remove token.")
	case hasID && s.AssumeRoleWithWebIdentity != nil:
		problems.addSettingError(Path{"assume_role_with_web_identity"}, "assume_role_with_web_identity is set beside access_key",
			"Either of them gives the provider its credentials. Remove assume_role_with_web_identity, or access_key and secret_key.")
	}
}

func (s *Settings) checkWebIdentity(problems *Problems) {
	web := s.AssumeRoleWithWebIdentity
	if web == nil {
		return
	}
	const block = "assume_role_with_web_identity"
	if web.RoleARN == "" {
		problems.addSettingError(Path{block, "role_arn"}, "assume_role_with_web_identity names no role",
			"Set role_arn in assume_role_with_web_identity, or AWS_ROLE_ARN in the environment.")
	}
	file := web.WebIdentityTokenFile
	switch {
	case file != "":
		checkFile(problems, Path{block, "web_identity_token_file"}, file)
	case web.WebIdentityToken.Reveal() == "":
		problems.addSettingError(Path{block, "web_identity_token_file"}, "assume_role_with_web_identity has no token",
			"Set web_identity_token_file or web_identity_token in assume_role_with_web_identity, or AWS_WEB_IDENTITY_TOKEN_FILE "+
				"in the environment.")
	}
}

func (s *Settings) checkEndpoints(problems *Problems) {
	for _, endpoint := range s.Endpoints.all() {
		if value := *endpoint.url; value != "" && !isEndpoint(value) {
			problems.addSettingError(Path{"endpoints", endpoint.service},
				fmt.Sprintf("Invalid endpoint of %s: %q", endpoint.service, value),
				fmt.Sprintf("Set endpoints.%[1]s to a URL with scheme and host, such as https://%[1]s.example.com. If the environment "+
					"sets it, that is TF_AWS_%[2]s_ENDPOINT, AWS_ENDPOINT_URL_%[2]s or AWS_ENDPOINT_URL.",
					endpoint.service, strings.ToUpper(endpoint.service)))
		}
	}
}

// checkProxies shows neither the URL nor the error of the parser: the URL of a proxy may hold a password.
func (s *Settings) checkProxies(problems *Problems) {
	for _, proxy := range []struct {
		setting string
		url     *string
	}{{"http_proxy", s.HTTPProxy}, {"https_proxy", s.HTTPSProxy}} {
		if _, err := url.Parse(aws.ToString(proxy.url)); err != nil {
			problems.addSettingError(Path{proxy.setting}, fmt.Sprintf("%s is not a URL", proxy.setting),
				fmt.Sprintf("Set %s to a URL such as http://proxy.example.com:3128, with special characters of a password percent-encoded.",
					proxy.setting))
		}
	}
}

// checkRegion refuses a region that AWS does not have. IAM would work with it nevertheless, but STS, which proves new keys,
// would not. A custom endpoint may use any name for its region.
func (s *Settings) checkRegion(region string, problems *Problems) {
	if s.SkipRegionValidation || s.Endpoints.STS != "" {
		return
	}
	if err := validation.SupportedRegion(region); err != nil {
		setting := "region"
		if s.STSRegion == region {
			setting = "sts_region"
		}
		problems.addSettingError(Path{setting}, fmt.Sprintf("Invalid AWS Region in %s: %q", setting, region),
			fmt.Sprintf("Set %s, or AWS_REGION in the environment or region in the profile where it comes from there, to an AWS Region such as "+
				"us-east-1. For a region that is newer than this version, set skip_region_validation = true.", setting))
	}
}

func isEndpoint(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func checkFile(problems *Problems, at Path, name string) {
	file, err := os.Open(expand(name))
	if err != nil {
		problems.addSettingError(at, fmt.Sprintf("Unable to read the file of %s: %q", at, name),
			fmt.Sprintf("%s\n\nSet %s to a file that the provider can read.", err, at))
		return
	}
	_ = file.Close()
}
