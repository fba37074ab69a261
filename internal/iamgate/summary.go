package iamgate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const actionGetAccountSummary = "iam:GetAccountSummary"

// UserCount returns how many IAM users the account has, without the root user.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html.
func (g *Gateway) UserCount(ctx context.Context) (int, error) {
	out, err := g.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	if err != nil {
		return 0, newError(actionGetAccountSummary, "", err)
	}
	users, ok := out.SummaryMap[string(types.SummaryKeyTypeUsers)]
	if !ok {
		return 0, badAnswer(actionGetAccountSummary, "", out.ResultMetadata)
	}
	return int(users), nil
}
