package iamsim

import (
	"fmt"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
)

// permissionResources are the resources that actions are authorised on: of their ARNs a policy must have one. An action without an
// entry has no type of resource, so a policy must name the resource "*".
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_identityandaccessmanagement.html
var permissionResources = map[string]func(*invocation) string{
	"iam:CreateAccessKey":                namedUserARN,
	"iam:CreateUser":                     newUserARN,
	"iam:DeleteAccessKey":                namedUserARN,
	"iam:DeleteUser":                     namedUserARN,
	"iam:GetAccessKeyLastUsed":           keyOwnerARN,
	"iam:GetUser":                        namedUserARN,
	"iam:ListAccessKeys":                 namedUserARN,
	"iam:ListServiceSpecificCredentials": namedUserOrAll,
	"iam:ListUserTags":                   namedUserARN,
	"iam:ListUsers":                      userPathARN,
	"iam:TagUser":                        namedUserARN,
	"iam:UntagUser":                      namedUserARN,
	"iam:UpdateAccessKey":                namedUserARN,
	"iam:UpdateUser":                     namedUserARN,
	"kms:Decrypt":                        namedKMSKeyARN,
	"kms:DescribeKey":                    namedKMSKeyARN,
	"kms:Encrypt":                        namedKMSKeyARN,
	"sts:AssumeRole":                     namedRole,
}

// allResources is the resource of an action without a type of resource, and of a call about something that does not exist.
const allResources = "*"

// SetPolicies replaces the identity-based policies of a user, who keeps them when renamed. From then on the user may do only what
// they allow. Without a policy, as at first, a user may do everything. It panics on a document that IAM would refuse as malformed.
//
// A KMS key lets the account decide, as the default key policy does: see SetKMSPolicy for one that denies. Sessions of roles have no
// policies.
func (s *Server) SetPolicies(user string, documents ...string) {
	var policies []*iampolicy.Document
	for _, text := range documents {
		d, err := iampolicy.Parse(text)
		must(err)
		policies = append(policies, d)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.user(user)
	must(err)
	u.policies = policies
}

// checkPolicies returns AccessDenied if the policies of the caller do not allow the call. Resource is what AWS's message names.
func (in *invocation) checkPolicies(action, resource string) error {
	if in.who.user == nil || in.who.user.policies == nil {
		return nil
	}
	request := iampolicy.Request{Action: action, Resource: allResources, Context: in.conditionKeys()}
	if arn, ok := permissionResources[action]; ok {
		request.Resource = arn(in)
	}
	switch iampolicy.Evaluate(in.who.user.policies, request) {
	case iampolicy.Allowed:
		return nil
	case iampolicy.Denied:
		return errExplicitlyDenied(in.who, action, resource)
	case iampolicy.NotAllowed:
	}
	return errAccessDenied(in.who, action, resource)
}

// conditionKeys are the keys that conditions of policies can use.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (in *invocation) conditionKeys() iampolicy.Context {
	keys := iampolicy.Context{
		"aws:PrincipalAccount": {in.account.id},
		"aws:PrincipalArn":     {in.who.arn},
		"aws:userid":           {in.who.userID},
		"aws:username":         {in.who.user.Name},
		"aws:TagKeys":          append(in.indexed("Tags.member", ".Key"), in.indexed("TagKeys.member", "")...),
	}
	for name, values := range in.params {
		if contextName, ok := strings.CutPrefix(name, contextParam); ok {
			keys["kms:EncryptionContext:"+contextName] = values
			keys["kms:EncryptionContextKeys"] = append(keys["kms:EncryptionContextKeys"], contextName)
		}
	}
	return keys
}

func namedUserARN(in *invocation) string {
	u, err := in.account.user(in.params.Get("UserName"))
	switch {
	case err == nil:
		return in.account.arn(u)
	case in.params.Get("UserName") == "":
		return in.account.arn(in.who.user)
	}
	return in.account.arn(&user{Name: in.params.Get("UserName"), Path: "/"})
}

func namedUserOrAll(in *invocation) string {
	if in.params.Get("AllUsers") == "true" {
		return allResources
	}
	return namedUserARN(in)
}

func newUserARN(in *invocation) string {
	return in.account.arn(&user{Name: in.params.Get("UserName"), Path: pathParam(in, "Path")})
}

// userPathARN is that of AWS's own message for ListUsers. The Service Authorization Reference has no type of resource for it.
func userPathARN(in *invocation) string {
	return fmt.Sprintf("arn:aws:iam::%s:user%s", in.account.id, pathParam(in, "PathPrefix"))
}

func pathParam(in *invocation, name string) string {
	if p := in.params.Get(name); p != "" {
		return p
	}
	return "/"
}

// keyOwnerARN is the ARN of the user that a key belongs to.
func keyOwnerARN(in *invocation) string {
	if k, err := in.account.key(nil, in.params.Get("AccessKeyId")); err == nil {
		return in.account.arn(k.owner)
	}
	return allResources
}

// namedKMSKeyARN is the ARN of the key that a call names or, where it names none, of the key that its ciphertext names.
func namedKMSKeyARN(in *invocation) string {
	input, err := in.kmsInput()
	if err != nil {
		return allResources
	}
	if k, err := in.kmsKey(input.KeyID); err == nil {
		return k.arn
	}
	if k, ok := in.account.kms.keyOf(input.CiphertextBlob); ok && input.KeyID == "" {
		return k.arn
	}
	return allResources
}
