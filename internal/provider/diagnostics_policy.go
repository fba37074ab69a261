package provider

import (
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/policydoc"
)

// policyFeaturesDescription describes the features of iamkeys_policy_document.
const policyFeaturesDescription = "What the policy is for, one or more of:\n\n" +
	"  - `plan`: plans `iamkeys_rotating_access_key`, without an apply;\n" +
	"  - `rotate`: plans and applies it;\n" +
	"  - `description`: writes and removes `description`, a tag of the user whose key is an access key id. Other tags can't be changed;\n" +
	"  - `renamed_users`: finds a user who was renamed or deleted outside Terraform by the unique id. It lists all users of the account;\n" +
	"  - `audit`: reads keys, their last use and their users; with `user_paths` also lists all users of the account;\n" +
	"  - `credential_report`: generates and reads the credential report of the account;\n" +
	"  - `key_owner`: finds the user and the account of a key id;\n" +
	"  - `usage`: finds the callers of a key in CloudTrail;\n" +
	"  - `service_specific_credentials`: lists the service-specific credentials of the account;\n" +
	"  - `kms_encrypt`: encrypts secrets with AWS KMS, in an apply;\n" +
	"  - `kms_decrypt`: opens them with the ephemeral resource `iamkeys_secret_access_key`, in plans and applies.\n\n"

// policyWithoutUsers refuses features for users without a user.
func policyWithoutUsers(needing []policydoc.Feature) diag.Diagnostic {
	return problem{
		at: path.Root("features"), summary: "No users for the features " + featureList(needing),
		truth: "These features work on keys of users, and the policy would not say of whom.",
		next: `Set users or user_paths, or own_user = true for the user that the policy is attached to. user_paths = ["/"] means all ` +
			`users of the account.`,
	}.asError()
}

// policyWithoutKeys refuses features for KMS keys without a key.
func policyWithoutKeys(needing []policydoc.Feature) diag.Diagnostic {
	return problem{
		at: path.Root("features"), summary: "No KMS keys for the features " + featureList(needing),
		next: "Set kms_key_arns to the ARN of the key that kms_key_id of encrypted_output names.",
	}.asError()
}

// policyScopeWithoutFeature refuses an argument that would restrict nothing.
func policyScopeWithoutFeature(argument string, needing []policydoc.Feature) diag.Diagnostic {
	return problem{
		at: path.Root(argument), summary: argument + " restricts none of the features",
		truth: "It is for the features " + featureList(needing) + ". The permissions of all others are for the whole account.",
		next:  fmt.Sprintf("Remove %s, or add one of these features.", argument),
	}.asError()
}

// policyUserElsewhere refuses the ARN of a user that contradicts an argument.
func policyUserElsewhere(arn, argument, value string) diag.Diagnostic {
	return problem{
		at: path.Root("users"), summary: fmt.Sprintf("User %s does not belong to %s %q", arn, argument, value),
		truth: "A policy can't allow access to users of another account.",
		next:  fmt.Sprintf("Remove %s, or give users of one account only.", argument),
	}.asError()
}

// policyValueOfOtherForm refuses a value that a policy can't have, or that it would take for a pattern.
func policyValueOfOtherForm(at path.Path, value, form string) diag.Diagnostic {
	return problem{
		at: at, summary: fmt.Sprintf("Invalid value in %s: %q", at.Steps()[0], value),
		next: fmt.Sprintf("Give %s.", form),
	}.asError()
}

// featureList lists the names of features.
func featureList(features []policydoc.Feature) string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
