package iamsim_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const roleARN = "arn:aws:iam::123456789012:role/ops/deploy"

func TestGetCallerIdentity(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{Users: []string{"ann"}})
	s.Deny("*", "*") // AWS allows GetCallerIdentity to every caller
	got, err := newClient(s, s.CreateAccessKey("ann")).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	noError(t, err)
	ann, _ := s.User("ann")
	if aws.ToString(got.Account) != "123456789012" || aws.ToString(got.Arn) != ann.ARN || aws.ToString(got.UserId) != ann.ID {
		t.Errorf("got %s %s %s", aws.ToString(got.Account), aws.ToString(got.Arn), aws.ToString(got.UserId))
	}
}

func TestGetAccessKeyInfo(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{AccountID: "000123456789"})
	c := newClient(s, s.Root()).sts
	got, err := c.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(s.Root().AccessKeyID)})
	noError(t, err)
	if aws.ToString(got.Account) != "000123456789" {
		t.Errorf("account %s", aws.ToString(got.Account))
	}
	_, err = c.GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String("AKIA0000000000000000")})
	wantError(t, err, 400, "ValidationError")
}

// inSession returns a client that signs with the credentials of an assumed role.
func inSession(s *iamsim.Server, c *ststypes.Credentials) client {
	return newClientWithToken(s, iamsim.Credentials{
		AccessKeyID: aws.ToString(c.AccessKeyId),
		Secret:      secret.New(aws.ToString(c.SecretAccessKey)),
	}, aws.ToString(c.SessionToken))
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	machine := &fakeClock{now: start}
	s := startServer(t, iamsim.Options{Users: []string{"ann"}, Clock: machine})
	ctx := t.Context()
	got, err := newClient(s, s.Root()).sts.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("run-1"), DurationSeconds: aws.Int32(900),
	})
	noError(t, err)
	if arn := aws.ToString(got.AssumedRoleUser.Arn); arn != "arn:aws:sts::123456789012:assumed-role/deploy/run-1" {
		t.Errorf("arn %s", arn)
	}
	if s.Secret(aws.ToString(got.Credentials.AccessKeyId)).Reveal() != aws.ToString(got.Credentials.SecretAccessKey) {
		t.Error("Secret does not return the session's secret")
	}

	c := inSession(s, got.Credentials)
	identity, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	noError(t, err)
	if aws.ToString(identity.UserId) != aws.ToString(got.AssumedRoleUser.AssumedRoleId) {
		t.Errorf("identity %s", aws.ToString(identity.UserId))
	}
	_, err = c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("ann")})
	noError(t, err)
	_, err = c.iam.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{})
	wantError(t, err, 400, "ValidationError") // a session has no user

	stolen := newClient(s, iamsim.Credentials{
		AccessKeyID: aws.ToString(got.Credentials.AccessKeyId),
		Secret:      secret.New(aws.ToString(got.Credentials.SecretAccessKey)),
	})
	_, err = stolen.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantError(t, err, 403, "InvalidClientTokenId")

	s.Advance(1000 * time.Hour) // a session expires in the machine's time
	_, err = c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	noError(t, err)
	noError(t, machine.Sleep(ctx, 15*time.Minute))
	_, err = c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	wantError(t, err, 403, "ExpiredToken")
}

func TestAssumeRole_refused(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	c := newClient(s, s.Root()).sts
	const user, elsewhere = "arn:aws:iam::123456789012:user/x", "arn:aws:iam::999999999999:role/x"
	run := aws.String("run")
	tests := map[string]struct {
		input  sts.AssumeRoleInput
		status int
		code   string
	}{
		"no role":         {sts.AssumeRoleInput{RoleArn: aws.String(user), RoleSessionName: run}, 400, "ValidationError"},
		"another account": {sts.AssumeRoleInput{RoleArn: aws.String(elsewhere), RoleSessionName: run}, 403, "AccessDenied"},
		"session name":    {sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: aws.String("a b")}, 400, "ValidationError"},
		"too short": {
			sts.AssumeRoleInput{RoleArn: aws.String(roleARN), RoleSessionName: run, DurationSeconds: aws.Int32(899)},
			400, "ValidationError",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.AssumeRole(t.Context(), &tt.input)
			wantError(t, err, tt.status, tt.code)
		})
	}
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	s := startServer(t, iamsim.Options{})
	// The call has a token instead of credentials. The token is not logged.
	got, err := newClient(s, iamsim.Credentials{}).sts.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: aws.String(roleARN), RoleSessionName: aws.String("run-1"), WebIdentityToken: aws.String("header.body.signature"),
	})
	noError(t, err)
	_, err = inSession(s, got.Credentials).sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	noError(t, err)
	call := s.Log()[0]
	if call.Params["RoleArn"] != roleARN || call.Params["WebIdentityToken"] != "" || call.SigningKeyID != "" {
		t.Errorf("logged %+v", call)
	}
}
