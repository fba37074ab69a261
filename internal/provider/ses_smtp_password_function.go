package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sessmtp"
)

var _ function.Function = (*sesSMTPPasswordFunction)(nil)

func newSESSMTPPasswordFunction() function.Function { return &sesSMTPPasswordFunction{} }

// sesSMTPPasswordFunction is ses_smtp_password.
type sesSMTPPasswordFunction struct{}

func (f *sesSMTPPasswordFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "ses_smtp_password"
}

func (f *sesSMTPPasswordFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The Amazon SES SMTP password of an access key.",
		MarkdownDescription: "Derives the password of the [Amazon SES SMTP interface]" +
			"(https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html) from a secret access key, by the algorithm that AWS " +
			"documents. The SMTP user name is the access key id.\n\n" +
			"A password is valid in one region, and as long as its key is Active: a rotation changes user name and password, and the " +
			"old pair works until the previous key is deactivated. The user of the key must be allowed `ses:SendRawEmail`.\n\n" +
			"The password is as secret as the key. It is sensitive or ephemeral whenever `secret` is: with a secret from the ephemeral " +
			"resource `iamkeys_secret_access_key` neither is ever stored. The function sends no request to AWS.",
		Parameters: []function.Parameter{
			function.StringParameter{
				Name: "secret",
				MarkdownDescription: "The secret access key, such as `secret_access_key` of the resource `iamkeys_rotating_access_key`, or, if " +
					"that is null because the secret is encrypted, of the ephemeral resource `iamkeys_secret_access_key`.",
				// The error for null names the reason, which Terraform does not know.
				AllowNullValue: true,
			},
			function.StringParameter{
				Name: "region",
				MarkdownDescription: "The AWS Region whose SMTP endpoint is used, such as `us-east-1`: that of " +
					"`email-smtp.us-east-1.amazonaws.com`.",
			},
		},
		Return: function.StringReturn{},
	}
}

func (f *sesSMTPPasswordFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var (
		key    types.String
		region string
	)
	if resp.Error = req.Arguments.Get(ctx, &key, &region); resp.Error != nil {
		return
	}
	if key.IsNull() {
		resp.Error = function.NewArgumentFuncError(0, "there is no secret. An iamkeys_rotating_access_key has none in "+
			"secret_access_key if encrypted_output is set: open its encrypted_secret with the ephemeral resource "+
			"iamkeys_secret_access_key, and give its secret_access_key. An imported key has none before its first rotation")
		return
	}
	password, err := sessmtp.Password(secret.New(key.ValueString()), region)
	if err != nil {
		resp.Error = sesSMTPPasswordError(err)
		return
	}
	resp.Error = resp.Result.Set(ctx, password.Reveal())
}

// sesSMTPPasswordError reports which argument is wrong, and shows nothing of the secret.
func sesSMTPPasswordError(err error) *function.FuncError {
	if region, ok := errors.AsType[*sessmtp.RegionError](err); ok {
		return function.NewArgumentFuncError(1, fmt.Sprintf("%q is not an AWS Region. Give the name of the region whose SMTP "+
			"endpoint is used, such as us-east-1", region.Region))
	}
	return function.NewArgumentFuncError(0, "this is not a secret access key: it is empty, or has characters other than "+
		"letters, digits and /+=. Give the secret alone, without a line end; for an encrypted_secret, or a format that has more than "+
		"the secret, give secret_access_key of the ephemeral resource iamkeys_secret_access_key")
}
