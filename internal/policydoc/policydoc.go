// Package policydoc builds identity-based policies of AWS IAM that allow what features of this provider ask for, and nothing else.
//
// A document depends only on the Request: the order of features, users and keys in it does not matter. It makes no request to AWS,
// so it can't know the path of a user or the account: what is not given matches any.
//
// The acceptance tests of the data source run each feature under its document, and once more without each action of it.
package policydoc

import (
	"maps"
	"slices"
	"strings"
)

// Feature is a use of the provider that needs permissions.
type Feature string

// The features.
const (
	// Plan plans iamkeys_rotating_access_key.
	Plan Feature = "plan"
	// Rotate applies it, and includes Plan.
	Rotate Feature = "rotate"
	// Description writes descriptions of keys, which are tags of the user.
	Description Feature = "description"
	// RenamedUsers finds a user under any name by the unique id.
	RenamedUsers Feature = "renamed_users"
	// Audit reads keys, their last use and their users.
	Audit Feature = "audit"
	// CredentialReport reads the credential report of the account.
	CredentialReport Feature = "credential_report" //nolint:gosec // the name of a feature
	// KeyOwner finds the user and the account of a key id.
	KeyOwner Feature = "key_owner"
	// Usage finds the callers that use a key, in CloudTrail.
	Usage Feature = "usage"
	// ServiceSpecificCredentials lists the service-specific credentials of the account.
	ServiceSpecificCredentials Feature = "service_specific_credentials"
	// KMSEncrypt encrypts secrets with AWS KMS, and KMSDecrypt opens them.
	KMSEncrypt Feature = "kms_encrypt"
	KMSDecrypt Feature = "kms_decrypt"
)

// Features returns all features.
func Features() []Feature {
	return []Feature{
		Plan, Rotate, Description, RenamedUsers, Audit, CredentialReport, KeyOwner, Usage, ServiceSpecificCredentials, KMSEncrypt, KMSDecrypt,
	}
}

// NeedsUsers reports whether a feature has permissions for users, so that the Request must name some.
func (f Feature) NeedsUsers() bool { return f == Description || len(userActions[f]) > 0 }

// NeedsKMSKeys reports whether the Request must name KMS keys.
func (f Feature) NeedsKMSKeys() bool { return f == KMSEncrypt || f == KMSDecrypt }

// Request is what a document is for.
type Request struct {
	Features []Feature
	// Account completes the ARNs of users.
	Account Account
	// Users are the users whose keys are meant.
	Users []User
	// KMSKeys are ARNs of keys that IsKMSKeyARN accepts.
	KMSKeys []string
	// EncryptionContext restricts the KMS keys to this encryption context, if it is not empty. A call may have more in its context.
	EncryptionContext map[string]string
}

// Document is a policy.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of a policy. Action and Resource are never empty.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition map[string]map[string]string
}

// userActions are the actions on users, by feature.
var userActions = map[Feature][]string{
	Plan: {"iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys"},
	Rotate: {
		"iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys", "iam:UpdateAccessKey",
	},
	Audit:    {"iam:GetAccessKeyLastUsed", "iam:GetUser", "iam:ListAccessKeys"},
	KeyOwner: {"iam:GetAccessKeyLastUsed"},
}

// anyResource is the resource of actions without a type of resource.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var anyResource = []string{"*"}

// Build returns the document for r.
func Build(r Request) Document {
	d := Document{Version: "2012-10-17"}
	add := func(wanted bool, sid string, condition map[string]map[string]string, resources []string, actions ...string) {
		if wanted {
			d.Statement = append(d.Statement, Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources, Condition: condition})
		}
	}
	has := func(f Feature) bool { return slices.Contains(r.Features, f) }

	sid := "ReadAccessKeys"
	if has(Rotate) {
		sid = "RotateAccessKeys"
	}
	actions := r.userActions()
	users := r.userARNs()
	add(len(actions) > 0, sid, nil, users, actions...)
	add(has(Description), "DescribeAccessKeys", onlyKeyTags, users, "iam:TagUser", "iam:UntagUser")
	add(has(RenamedUsers) || has(Audit) && r.hasPath(), "ListUsers", nil, anyResource, "iam:ListUsers")
	add(has(CredentialReport), "ReadCredentialReport", nil, anyResource, "iam:GenerateCredentialReport", "iam:GetCredentialReport")
	// An audit compares the number of users with the rows of the report, and does so for all users alone.
	add(has(Audit) && has(CredentialReport) && r.hasAllUsers(), "CountUsers", nil, anyResource, "iam:GetAccountSummary")
	// Which resource a list of all users is authorised on is not documented.
	add(has(ServiceSpecificCredentials), "ListServiceSpecificCredentials", nil, anyResource, "iam:ListServiceSpecificCredentials")
	add(has(KeyOwner), "FindAccountOfAccessKeys", nil, anyResource, "sts:GetAccessKeyInfo")
	add(has(Usage), "LookUpUsage", nil, anyResource, "cloudtrail:LookupEvents")
	keys, context := sorted(r.KMSKeys), r.contextCondition()
	add(has(KMSEncrypt), "EncryptSecrets", context, keys, "kms:Encrypt")
	add(has(KMSDecrypt), "OpenSecrets", context, keys, "kms:Decrypt")
	return d
}

// onlyKeyTags restricts tags to those whose keys are ids of access keys. A call without tags would meet ForAllValues alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html
var onlyKeyTags = map[string]map[string]string{
	"ForAllValues:StringLike": {"aws:TagKeys": "AKIA*"},
	"Null":                    {"aws:TagKeys": "false"},
}

func (r Request) userActions() []string {
	var actions []string
	for _, f := range r.Features {
		actions = append(actions, userActions[f]...)
	}
	return sorted(actions)
}

func (r Request) userARNs() []string {
	var arns []string
	for _, u := range r.Users {
		arns = append(arns, u.arns(r.Account)...)
	}
	return sorted(arns)
}

func (r Request) hasPath() bool {
	return slices.ContainsFunc(r.Users, func(u User) bool { return u.isPath })
}

// hasAllUsers reports whether one of the paths is that of all users.
func (r Request) hasAllUsers() bool {
	return slices.ContainsFunc(r.Users, func(u User) bool { return u.isPath && slices.Contains(u.resources, "*") })
}

// contextCondition is the condition for EncryptionContext, nil without one.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
func (r Request) contextCondition() map[string]map[string]string {
	if len(r.EncryptionContext) == 0 {
		return nil
	}
	keys := map[string]string{}
	for name, value := range r.EncryptionContext {
		// Otherwise it would be a policy variable.
		keys["kms:EncryptionContext:"+name] = strings.ReplaceAll(value, "${", "${$}{")
	}
	return map[string]map[string]string{"StringEquals": keys}
}

// sorted returns the different texts in order.
func sorted(texts []string) []string {
	unique := map[string]bool{}
	for _, text := range texts {
		unique[text] = true
	}
	return slices.Sorted(maps.Keys(unique))
}
