package iamgate

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const actionListServiceSpecificCredentials = "iam:ListServiceSpecificCredentials"

// ServiceCredential is a service-specific credential of an IAM user: a long-term credential for one AWS service, such as Git
// credentials for CodeCommit or an API key for Bedrock. The credential report omits them, and IAM records no last use of them.
type ServiceCredential struct {
	ID       string
	UserName string
	// Service is the service's name as IAM has it, such as "codecommit.amazonaws.com".
	Service string
	// Status is "Active", "Inactive" or "Expired".
	Status    string
	CreatedAt time.Time
	// ExpiresAt is zero for a credential that does not expire.
	ExpiresAt time.Time
}

// ServiceCredentials returns the service-specific credentials of all users of the account, by user name, the oldest of a user
// first. It needs iam:ListServiceSpecificCredentials for all users, and one call for each thousand.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html.
func (g *Gateway) ServiceCredentials(ctx context.Context) ([]ServiceCredential, error) {
	var credentials []ServiceCredential
	input := &iam.ListServiceSpecificCredentialsInput{AllUsers: aws.Bool(true), MaxItems: aws.Int32(largestPage)}
	for {
		page, err := g.iam.ListServiceSpecificCredentials(ctx, input)
		if err != nil {
			return nil, newError(actionListServiceSpecificCredentials, "", err)
		}
		next := aws.ToString(page.Marker)
		if page.ServiceSpecificCredentials == nil || page.IsTruncated && (next == "" || next == aws.ToString(input.Marker)) {
			return nil, badAnswer(actionListServiceSpecificCredentials, "", page.ResultMetadata)
		}
		for _, m := range page.ServiceSpecificCredentials {
			c, ok := newServiceCredential(m)
			if !ok {
				return nil, badAnswer(actionListServiceSpecificCredentials, "", page.ResultMetadata)
			}
			credentials = append(credentials, c)
		}
		if !page.IsTruncated {
			break
		}
		input.Marker = page.Marker
	}
	slices.SortFunc(credentials, func(a, b ServiceCredential) int {
		return cmp.Or(cmp.Compare(a.UserName, b.UserName), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return credentials, nil
}

// newServiceCredential reports whether m has what AWS always sends.
func newServiceCredential(m types.ServiceSpecificCredentialMetadata) (ServiceCredential, bool) {
	if m.ServiceSpecificCredentialId == nil || m.UserName == nil || m.ServiceName == nil || m.Status == "" || m.CreateDate == nil {
		return ServiceCredential{}, false
	}
	c := ServiceCredential{
		ID: *m.ServiceSpecificCredentialId, UserName: *m.UserName, Service: *m.ServiceName, Status: string(m.Status),
		CreatedAt: m.CreateDate.UTC(),
	}
	if m.ExpirationDate != nil {
		c.ExpiresAt = m.ExpirationDate.UTC()
	}
	return c, true
}
