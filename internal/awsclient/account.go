package awsclient

import (
	"context"
	"fmt"
	"slices"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// accountGuard refuses requests to IAM and CloudTrail in an account that allowed_account_ids or forbidden_account_ids excludes. It is
// part of their clients, so that no caller can forget it. It asks for the account only when the first request is about to
// be sent.
type accountGuard struct {
	allowed, forbidden []string
	// identity is called before each request. It keeps its answer.
	identity func(context.Context) (iamgate.Identity, error)
}

// accountNotAllowedError means that allowed_account_ids or forbidden_account_ids excludes the account of the credentials.
type accountNotAllowedError struct{ accountID string }

// Error says which account it is, and what to change.
func (e *accountNotAllowedError) Error() string {
	return fmt.Sprintf("the credentials belong to AWS account %s, which allowed_account_ids or forbidden_account_ids of the provider "+
		"excludes: use other credentials, or change these settings", e.accountID)
}

// register adds the check to the middleware of an AWS client.
func (g *accountGuard) register(stack *middleware.Stack) error {
	if len(g.allowed) == 0 && len(g.forbidden) == 0 {
		return nil
	}
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("AccountGuard", g.handle), middleware.After)
}

func (g *accountGuard) handle(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	if service := awsmiddleware.GetServiceID(ctx); service == iam.ServiceID || service == cloudtrail.ServiceID {
		who, err := g.identity(ctx)
		if err != nil {
			return middleware.InitializeOutput{}, middleware.Metadata{}, err
		}
		if slices.Contains(g.forbidden, who.AccountID) || len(g.allowed) > 0 && !slices.Contains(g.allowed, who.AccountID) {
			return middleware.InitializeOutput{}, middleware.Metadata{}, &accountNotAllowedError{accountID: who.AccountID}
		}
	}
	return next.HandleInitialize(ctx, in)
}
