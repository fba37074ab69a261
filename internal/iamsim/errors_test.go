package iamsim_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestErrors asserts the codes, statuses and messages of AWS.
func TestErrors(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"full", "bob", "denied"}})
	s.CreateAccessKey("full")
	s.SetStatus(s.CreateAccessKey("full").AccessKeyID, "Inactive") // Inactive keys count
	s.Deny("denied", "iam:CreateAccessKey")
	s.Deny("denied", "iam:ListUsers")
	s.Deny("denied", "iam:GetAccessKeyLastUsed")
	s.Deny("denied", "sts:AssumeRole")
	keyOfFull := aws.String(s.Keys("full")[0].ID)
	admin := newClient(s, s.Root())
	denied := newClient(s, s.CreateAccessKey("denied"))
	missing, missingKey := aws.String("missing"), aws.String("AKIAIOSFODNN7EXAMPLE")

	tests := map[string]struct {
		call    func(context.Context) error
		status  int
		code    string
		message string
	}{
		"get missing user": {func(ctx context.Context) error {
			_, err := admin.iam.GetUser(ctx, &iam.GetUserInput{UserName: missing})
			return err
		}, 404, "NoSuchEntity", "The user with name missing cannot be found."},
		"rename missing user": {func(ctx context.Context) error {
			_, err := admin.iam.UpdateUser(ctx, &iam.UpdateUserInput{UserName: missing, NewUserName: aws.String("x")})
			return err
		}, 404, "NoSuchEntity", "The user with name missing cannot be found."},
		"tag missing user": {func(ctx context.Context) error {
			_, err := admin.iam.TagUser(ctx, &iam.TagUserInput{UserName: missing, Tags: []iamtypes.Tag{}})
			return err
		}, 404, "NoSuchEntity", "The user with name missing cannot be found."},
		"list keys of missing user": {func(ctx context.Context) error {
			_, err := admin.iam.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: missing})
			return err
		}, 404, "NoSuchEntity", "The user with name missing cannot be found."},
		"create existing user": {func(ctx context.Context) error {
			_, err := admin.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("BOB")})
			return err
		}, 409, "EntityAlreadyExists", "User with name BOB already exists."},
		"rename to existing user": {func(ctx context.Context) error {
			_, err := admin.iam.UpdateUser(ctx, &iam.UpdateUserInput{UserName: aws.String("bob"), NewUserName: aws.String("Full")})
			return err
		}, 409, "EntityAlreadyExists", "User with name Full already exists."},
		"bad user name": {func(ctx context.Context) error {
			_, err := admin.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a b")})
			return err
		}, 400, "ValidationError", "The specified value for userName is invalid. It must contain only alphanumeric " +
			"characters and/or the following: +=,.@_-"},
		"bad path": {func(ctx context.Context) error {
			_, err := admin.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x"), Path: aws.String("ops")})
			return err
		}, 400, "ValidationError", "The specified value for path is invalid. It must begin and end with / and contain only " +
			"alphanumeric characters and/or / characters."},
		"delete user with keys": {func(ctx context.Context) error {
			_, err := admin.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("full")})
			return err
		}, 409, "DeleteConflict", "Cannot delete entity, must delete access keys first."},
		"third key": {func(ctx context.Context) error {
			_, err := admin.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("full")})
			return err
		}, 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"},
		"update missing key": {func(ctx context.Context) error {
			_, err := admin.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
				UserName: aws.String("bob"), AccessKeyId: missingKey, Status: "Inactive",
			})
			return err
		}, 404, "NoSuchEntity", "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found."},
		"delete another user's key": {func(ctx context.Context) error {
			_, err := admin.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("bob"), AccessKeyId: keyOfFull})
			return err
		}, 404, "NoSuchEntity", "The Access Key with id " + *keyOfFull + " cannot be found."},
		"bad status": {func(ctx context.Context) error {
			_, err := admin.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("full"), AccessKeyId: keyOfFull, Status: "Off"})
			return err
		}, 400, "ValidationError", "1 validation error detected: Value 'Off' at 'status' failed to satisfy constraint: " +
			"Member must satisfy enum value set: [Active, Inactive]"},
		"bad page size": {func(ctx context.Context) error {
			_, err := admin.iam.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(1001)})
			return err
		}, 400, "ValidationError", "1 validation error detected: Value '1001' at 'maxItems' failed to satisfy constraint: " +
			"Member must have value between 1 and 1000"},
		"bad marker": {func(ctx context.Context) error {
			_, err := admin.iam.ListUsers(ctx, &iam.ListUsersInput{Marker: aws.String("?")})
			return err
		}, 400, "ValidationError", "Invalid Marker."},
		"last use of missing key": {func(ctx context.Context) error {
			_, err := admin.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: missingKey})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/admin is not authorized to perform " +
			"iam:GetAccessKeyLastUsed on resource: access key AKIAIOSFODNN7EXAMPLE"},
		"denied on a user": {func(ctx context.Context) error {
			_, err := denied.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("bob")})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: " +
			"iam:CreateAccessKey on resource: user bob because no identity-based policy allows the iam:CreateAccessKey action"},
		"denied on oneself": {func(ctx context.Context) error {
			_, err := denied.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: " +
			"iam:CreateAccessKey on resource: user denied because no identity-based policy allows the iam:CreateAccessKey action"},
		"denied on all users": {func(ctx context.Context) error {
			_, err := denied.iam.ListUsers(ctx, &iam.ListUsersInput{})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: iam:ListUsers on " +
			"resource: arn:aws:iam::123456789012:user/ because no identity-based policy allows the iam:ListUsers action"},
		"denied on a key": {func(ctx context.Context) error {
			_, err := denied.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: keyOfFull})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: " +
			"iam:GetAccessKeyLastUsed on resource: access key " + *keyOfFull + " because no identity-based policy allows the " +
			"iam:GetAccessKeyLastUsed action"},
		"denied on a role": {func(ctx context.Context) error {
			_, err := denied.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("run")})
			return err
		}, 403, "AccessDenied", "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: sts:AssumeRole " +
			"on resource: " + roleARN + " because no identity-based policy allows the sts:AssumeRole action"},
		"unsupported action": {func(ctx context.Context) error {
			_, err := admin.iam.ListRoles(ctx, &iam.ListRolesInput{})
			return err
		}, 400, "InvalidAction", "Could not find operation ListRoles for version 2010-05-08"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.call(t.Context())
			wantError(t, err, tt.status, tt.code)
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorMessage() != tt.message ||
				api.ErrorFault() != smithy.FaultClient && api.ErrorFault() != smithy.FaultUnknown {
				t.Errorf("%s\nwant %s", api.ErrorMessage(), tt.message)
			}
		})
	}
}
