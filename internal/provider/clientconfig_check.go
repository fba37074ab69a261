package provider

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// check finds what is wrong with m by itself, without a look at the shared files' content or at AWS.
func (m *providerModel) check() diag.Diagnostics {
	var diags diag.Diagnostics
	m.checkKeys(&diags)
	m.checkWebIdentity(&diags)
	m.checkEndpoints(&diags)
	m.checkProxies(&diags)
	for _, list := range []struct {
		attribute string
		files     []string
	}{
		{"shared_config_files", m.SharedConfigFiles},
		{"shared_credentials_files", m.SharedCredentialsFiles},
	} {
		for i, file := range list.files {
			checkFile(&diags, path.Root(list.attribute).AtListIndex(i), file)
		}
	}
	if bundle := m.CustomCABundle.ValueString(); bundle != "" {
		checkFile(&diags, path.Root("custom_ca_bundle"), bundle)
	}
	return diags
}

func (m *providerModel) checkKeys(diags *diag.Diagnostics) {
	hasID, hasSecret := m.AccessKey.ValueString() != "", m.SecretKey.ValueString() != ""
	switch {
	case hasSecret && !hasID:
		diags.AddAttributeError(path.Root("access_key"), "secret_key is set without access_key",
			"Set access_key to the id of the key, or remove secret_key and set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
	case hasID && !hasSecret:
		diags.AddAttributeError(path.Root("secret_key"), fmt.Sprintf("access_key %q is set without secret_key", m.AccessKey.ValueString()),
			"Set secret_key to the secret of the key, or remove access_key and set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment.")
	case !hasID && m.Token.ValueString() != "":
		diags.AddAttributeError(path.Root("token"), "token is set without access_key and secret_key",
			"Set access_key and secret_key to the temporary credentials that the token belongs to, or remove token.")
	case hasID && m.AssumeRoleWithWebIdentity != nil:
		diags.AddAttributeError(path.Root("assume_role_with_web_identity"), "assume_role_with_web_identity is set beside access_key",
			"Either of them gives the provider its credentials. Remove assume_role_with_web_identity, or access_key and secret_key.")
	}
}

func (m *providerModel) checkWebIdentity(diags *diag.Diagnostics) {
	web := m.AssumeRoleWithWebIdentity
	if web == nil {
		return
	}
	at := path.Root("assume_role_with_web_identity")
	if web.RoleARN.ValueString() == "" {
		diags.AddAttributeError(at.AtName("role_arn"), "assume_role_with_web_identity names no role",
			"Set role_arn in assume_role_with_web_identity, or AWS_ROLE_ARN in the environment.")
	}
	file := web.WebIdentityTokenFile.ValueString()
	switch {
	case file != "":
		checkFile(diags, at.AtName("web_identity_token_file"), file)
	case web.WebIdentityToken.ValueString() == "":
		diags.AddAttributeError(at.AtName("web_identity_token_file"), "assume_role_with_web_identity has no token",
			"Set web_identity_token_file or web_identity_token in assume_role_with_web_identity, or AWS_WEB_IDENTITY_TOKEN_FILE in the environment.")
	}
}

func (m *providerModel) checkEndpoints(diags *diag.Diagnostics) {
	for _, endpoint := range m.Endpoints.all() {
		if value := endpoint.url.ValueString(); value != "" && !isEndpoint(value) {
			diags.AddAttributeError(path.Root("endpoints").AtName(endpoint.service), fmt.Sprintf("Invalid endpoint of %s: %q", endpoint.service, value),
				fmt.Sprintf("Set endpoints.%[1]s to a URL with scheme and host, such as https://%[1]s.example.com. If the environment "+
					"sets it, that is TF_AWS_%[2]s_ENDPOINT, AWS_ENDPOINT_URL_%[2]s or AWS_ENDPOINT_URL.", endpoint.service, strings.ToUpper(endpoint.service)))
		}
	}
}

// checkProxies does not show what it refuses, nor the parser's error: the URL of a proxy may hold a password.
func (m *providerModel) checkProxies(diags *diag.Diagnostics) {
	for _, proxy := range []struct {
		attribute string
		url       types.String
	}{{"http_proxy", m.HTTPProxy}, {"https_proxy", m.HTTPSProxy}} {
		if _, err := url.Parse(proxy.url.ValueString()); err != nil {
			diags.AddAttributeError(path.Root(proxy.attribute), fmt.Sprintf("%s is not a URL", proxy.attribute),
				fmt.Sprintf("Set %s to a URL such as http://proxy.example.com:3128, with special characters of a password percent-encoded.", proxy.attribute))
		}
	}
}

func isEndpoint(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func checkFile(diags *diag.Diagnostics, at path.Path, name string) {
	file, err := os.Open(expand(name))
	if err != nil {
		diags.AddAttributeError(at, fmt.Sprintf("Unable to read the file of %s: %q", at, name),
			fmt.Sprintf("%s\n\nSet %s to a file that the provider can read.", err, at))
		return
	}
	_ = file.Close()
}

// expand expands environment variables and a leading ~ as aws-sdk-go-base does.
func expand(name string) string {
	name = os.ExpandEnv(name)
	rest, ok := strings.CutPrefix(name, "~")
	if !ok || (rest != "" && !os.IsPathSeparator(rest[0])) {
		return name
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return name
	}
	return filepath.Join(home, rest)
}

func expandAll(names []string) []string {
	expanded := make([]string, len(names))
	for i, name := range names {
		expanded[i] = expand(name)
	}
	return expanded
}

// firstOf is names, else the one name, else the default, whichever is not empty first.
func firstOf(names []string, name string, defaults []string) []string {
	switch {
	case len(names) > 0:
		return names
	case name != "":
		return []string{name}
	default:
		return defaults
	}
}

func fill(attribute *types.String, value string) {
	if attribute.ValueString() == "" && value != "" {
		*attribute = types.StringValue(value)
	}
}
