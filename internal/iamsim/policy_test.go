package iamsim_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const account = "arn:aws:iam::123456789012:"

// policy is a policy of one statement. The condition may be empty.
func policy(effect, action, resource, condition string) string {
	if condition != "" {
		condition = `, "Condition": ` + condition
	}
	return fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": %q, "Action": %q, "Resource": %q%s}]}`,
		effect, action, resource, condition)
}

// policyWorld has the users ann in /staff/ and bob, with a key each, and the caller ops, whose policies the tests set.
type policyWorld struct {
	*iamsim.Server
	client
	kms            *kms.Client
	annKey, keyARN string
	blob           []byte
	sealedWith     map[string]string
}

func newPolicyWorld(t *testing.T) *policyWorld {
	t.Helper()
	s := startServer(t, iamsim.Options{Users: []string{"ann", "bob", "ops"}})
	w := &policyWorld{
		Server: s, annKey: s.CreateAccessKey("ann").AccessKeyID, keyARN: s.CreateKMSKey("us-east-1", "alias/secrets"),
		sealedWith: map[string]string{"user": "ann", "app": "ci"},
	}
	move := &iam.UpdateUserInput{UserName: aws.String("ann"), NewPath: aws.String("/staff/")}
	_, err := newClient(s, s.Root()).iam.UpdateUser(t.Context(), move)
	noError(t, err)
	ops := s.CreateAccessKey("ops")
	w.client, w.kms = newClient(s, ops), newKMS(s, ops, "us-east-1")
	out, err := newKMS(s, s.Root(), "us-east-1").Encrypt(t.Context(), &kms.EncryptInput{
		KeyId: aws.String("alias/secrets"), Plaintext: []byte("x"), EncryptionContext: w.sealedWith,
	})
	noError(t, err)
	w.blob = out.CiphertextBlob
	return w
}

// calls are calls of ops by the action that they need.
func (w *policyWorld) calls(ctx context.Context) map[string]func() error {
	ann, bob, tag := aws.String("ann"), aws.String("bob"), []iamtypes.Tag{{Key: aws.String("AKIA1"), Value: aws.String("x")}}
	return map[string]func() error{
		"iam:CreateAccessKey": func() error { return create(ctx, w.client, "ann") },
		"iam:CreateUser": func() error {
			_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("eve"), Path: aws.String("/staff/")})
			return err
		},
		"iam:DeleteAccessKey": func() error {
			_, err := w.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: ann, AccessKeyId: &w.annKey})
			return err
		},
		"iam:DeleteUser": func() error {
			_, err := w.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: bob})
			return err
		},
		"iam:GetAccessKeyLastUsed": func() error {
			_, err := w.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &w.annKey})
			return err
		},
		"iam:GetUser": func() error {
			_, err := w.iam.GetUser(ctx, &iam.GetUserInput{UserName: ann})
			return err
		},
		"iam:ListAccessKeys": func() error {
			_, err := w.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("Ann")})
			return err
		},
		"iam:ListUserTags": func() error {
			_, err := w.iam.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: ann})
			return err
		},
		"iam:ListUsers": func() error {
			_, err := w.iam.ListUsers(ctx, &iam.ListUsersInput{PathPrefix: aws.String("/staff/")})
			return err
		},
		"iam:TagUser": func() error {
			_, err := w.iam.TagUser(ctx, &iam.TagUserInput{UserName: ann, Tags: tag})
			return err
		},
		"iam:UntagUser": func() error {
			_, err := w.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: ann, TagKeys: []string{"AKIA1"}})
			return err
		},
		"iam:UpdateAccessKey": func() error {
			_, err := w.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
				UserName: ann, AccessKeyId: &w.annKey, Status: iamtypes.StatusTypeInactive,
			})
			return err
		},
		"iam:UpdateUser": func() error {
			_, err := w.iam.UpdateUser(ctx, &iam.UpdateUserInput{UserName: ann, NewPath: aws.String("/staff/")})
			return err
		},
		"kms:Decrypt": func() error {
			_, err := w.kms.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: w.blob, EncryptionContext: w.sealedWith})
			return err
		},
		"kms:DescribeKey": func() error {
			_, err := w.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String("alias/secrets")})
			return err
		},
		"kms:Encrypt": func() error {
			_, err := w.kms.Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String("alias/secrets"), Plaintext: []byte("x")})
			return err
		},
		"sts:AssumeRole": func() error {
			_, err := w.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("test")})
			return err
		},
		"sts:GetAccessKeyInfo": func() error {
			_, err := w.sts.GetAccessKeyInfo(ctx, &sts.GetAccessKeyInfoInput{AccessKeyId: &w.annKey})
			return err
		},
	}
}

// TestSetPolicies_resources checks the resource that each action is authorised on.
func TestSetPolicies_resources(t *testing.T) {
	t.Parallel()
	for action, resource := range map[string]string{
		"iam:CreateAccessKey":      account + "user/staff/ann",
		"iam:CreateUser":           account + "user/staff/eve",
		"iam:DeleteAccessKey":      account + "user/staff/ann",
		"iam:DeleteUser":           account + "user/bob",
		"iam:GetAccessKeyLastUsed": account + "user/staff/ann",
		"iam:GetUser":              account + "user/staff/ann",
		"iam:ListAccessKeys":       account + "user/staff/ann",
		"iam:ListUserTags":         account + "user/staff/ann",
		"iam:ListUsers":            account + "user/staff/",
		"iam:TagUser":              account + "user/staff/ann",
		"iam:UntagUser":            account + "user/staff/ann",
		"iam:UpdateAccessKey":      account + "user/staff/ann",
		"iam:UpdateUser":           account + "user/staff/ann",
		"kms:Decrypt":              "",
		"kms:DescribeKey":          "",
		"kms:Encrypt":              "",
		"sts:AssumeRole":           roleARN,
		"sts:GetAccessKeyInfo":     "*",
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newPolicyWorld(t)
			call := w.calls(t.Context())[action]
			if resource == "" {
				resource = w.keyARN
			}
			for name, document := range map[string]string{
				"another action":   policy("Allow", action+"s", "*", ""),
				"another resource": policy("Allow", action, resource+"s", ""),
				"explicit deny":    policy("Deny", action, "*", ""),
			} {
				if resource == "*" && name == "another resource" {
					document = policy("Allow", action, account+"*", "")
				}
				w.SetPolicies("ops", document, policy("Allow", "sts:GetCallerIdentity", "*", ""))
				message := wantDenied(t, call())
				want := "because no identity-based policy allows the " + action + " action"
				if name == "explicit deny" {
					want = "with an explicit deny in an identity-based policy"
				}
				if !strings.HasPrefix(message, "User: "+account+"user/ops is not authorized to perform: "+action+" on resource: ") ||
					!strings.HasSuffix(message, want) {
					t.Errorf("%s: %s", name, message)
				}
			}
			w.SetPolicies("ops", policy("Allow", action, resource, ""))
			noError(t, call())
		})
	}
}

// wantDenied returns the message of an error that denies access.
func wantDenied(t *testing.T, err error) string {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || !strings.HasPrefix(api.ErrorCode(), "AccessDenied") {
		t.Fatalf("error %v, want AccessDenied", err)
	}
	return api.ErrorMessage()
}

// TestSetPolicies_missing checks calls about what does not exist.
func TestSetPolicies_missing(t *testing.T) {
	t.Parallel()
	w := newPolicyWorld(t)
	w.SetPolicies("ops", policy("Allow", "*", account+"user/eve", ""))
	_, err := w.iam.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("eve")})
	wantError(t, err, 404, "NoSuchEntity")
	_, err = w.iam.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("mallory")})
	wantDenied(t, err)
	_, err = w.iam.GetAccessKeyLastUsed(t.Context(), &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE")})
	wantDenied(t, err)
	_, err = w.kms.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/none")})
	wantDenied(t, err)
	noError(t, whoAmI(t.Context(), w.client))
}

// TestSetPolicies_user checks whom a policy belongs to, and that a user without one may do everything.
func TestSetPolicies_user(t *testing.T) {
	t.Parallel()
	w := newPolicyWorld(t)
	own := policy("Allow", "iam:*", account+"user/${aws:username}", "")
	w.SetPolicies("ops", own)
	noError(t, create(t.Context(), w.client, "ops"))
	wantDenied(t, create(t.Context(), w.client, "bob"))
	_, err := w.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{})
	noError(t, err)
	noError(t, create(t.Context(), newClient(w.Server, w.Root()), "bob"))

	// The policy stays with a user who is renamed, and whatever was restored.
	snapshot := w.Snapshot()
	w.RenameUser("ops", "deploy")
	_, err = w.iam.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("deploy")})
	noError(t, err)
	wantDenied(t, create(t.Context(), w.client, "bob"))
	w.SetPolicies("deploy")
	noError(t, create(t.Context(), w.client, "bob"))
	w.Restore(snapshot)
	wantDenied(t, create(t.Context(), w.client, "bob"))
}

func TestSetPolicies_conditions(t *testing.T) {
	t.Parallel()
	w := newPolicyWorld(t)
	tag := func(keys ...string) error {
		var tags []iamtypes.Tag
		for _, key := range keys {
			tags = append(tags, iamtypes.Tag{Key: aws.String(key), Value: aws.String("x")})
		}
		_, err := w.iam.TagUser(t.Context(), &iam.TagUserInput{UserName: aws.String("ann"), Tags: tags})
		return err
	}
	w.SetPolicies("ops", policy("Allow", "iam:*", "*",
		`{"ForAllValues:StringLike": {"aws:TagKeys": "AKIA*"}, "Null": {"aws:TagKeys": "false"}}`))
	noError(t, tag("AKIA1", "AKIA2"))
	wantDenied(t, tag("AKIA1", "owner"))
	wantDenied(t, tag("owner"))
	_, err := w.iam.UntagUser(t.Context(), &iam.UntagUserInput{UserName: aws.String("ann"), TagKeys: []string{"owner"}})
	wantDenied(t, err)
	_, err = w.iam.GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("ann")})
	wantDenied(t, err)

	decrypt := func() error {
		_, err := w.kms.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: w.blob, EncryptionContext: w.sealedWith})
		return err
	}
	for condition, allowed := range map[string]bool{
		`{"StringEquals": {"kms:EncryptionContext:user": "ann"}}`:                               true,
		`{"StringEquals": {"kms:EncryptionContext:user": "bob"}}`:                               false,
		`{"StringEquals": {"kms:EncryptionContext:other": "ann"}}`:                              false,
		`{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["user", "app"]}}`:         true,
		`{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": "user"}}`:                  false,
		`{"StringEquals": {"aws:username": "ops", "aws:PrincipalAccount": "123456789012"}}`:     true,
		`{"StringEquals": {"aws:PrincipalArn": "` + account + `user/bob"}}`:                     false,
		`{"StringNotEquals": {"aws:userid": "${aws:userid}"}}`:                                  false,
		`{"StringLike": {"aws:userid": "AIDA*"}, "Null": {"kms:EncryptionContextKeys": false}}`: true,
	} {
		w.SetPolicies("ops", policy("Allow", "kms:*", "*", condition))
		if err := decrypt(); allowed {
			noError(t, err)
		} else {
			wantDenied(t, err)
		}
	}
}

func TestSetPolicies_panics(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	for name, set := range map[string]func(){
		"malformed":    func() { s.SetPolicies("admin", `{"Version": "2012-10-17"}`) },
		"unknown user": func() { s.SetPolicies("eve") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			set()
		})
	}
}
