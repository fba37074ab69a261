package iamgate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	actionGetUser   = "iam:GetUser"
	actionListUsers = "iam:ListUsers"
	actionTagUser   = "iam:TagUser"
	actionUntagUser = "iam:UntagUser"
)

// usersPerPage is the most users that IAM lists at once.
const usersPerPage = 1000

// GetUser returns a user. The error is KindNoSuchEntity if there is none of that name.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html.
func (g *Gateway) GetUser(ctx context.Context, name string) (User, error) {
	out, err := g.iam.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(name)})
	if err != nil {
		return User{}, newError(actionGetUser, name, err)
	}
	user, ok := userOf(out.User)
	if !ok {
		return User{}, badAnswer(actionGetUser, name, out.ResultMetadata)
	}
	return user, nil
}

// userOf returns a user of an answer. It reports false if the answer lacks something.
func userOf(u *types.User) (User, bool) {
	if u == nil || u.UserName == nil || u.UserId == nil || u.Arn == nil || u.CreateDate == nil {
		return User{}, false
	}
	parsed, err := arn.Parse(*u.Arn)
	if err != nil {
		return User{}, false
	}
	user := User{
		Name: *u.UserName, ID: *u.UserId, ARN: *u.Arn, CreatedAt: u.CreateDate.UTC(),
		Tags: make(map[string]string, len(u.Tags)), AccountID: parsed.AccountID,
	}
	for _, tag := range u.Tags {
		user.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return user, true
}

// UserByID finds the user with that unique id, whatever its name, and reports whether there is one. The user has no Tags, since
// IAM lists none.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html.
func (g *Gateway) UserByID(ctx context.Context, uniqueID string) (User, bool, error) {
	pages := iam.NewListUsersPaginator(g.iam, &iam.ListUsersInput{MaxItems: aws.Int32(usersPerPage)}, func(o *iam.ListUsersPaginatorOptions) {
		o.StopOnDuplicateToken = true
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return User{}, false, newError(actionListUsers, uniqueID, err)
		}
		// An empty body decodes without an error. It must not count as an account without users.
		if page.Users == nil {
			return User{}, false, badAnswer(actionListUsers, uniqueID, page.ResultMetadata)
		}
		for i := range page.Users {
			user, ok := userOf(&page.Users[i])
			if !ok {
				return User{}, false, badAnswer(actionListUsers, uniqueID, page.ResultMetadata)
			}
			if user.ID == uniqueID {
				return user, true, nil
			}
		}
	}
	return User{}, false, nil
}

// TagUser sets one tag of a user, and keeps the others.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html.
func (g *Gateway) TagUser(ctx context.Context, user, key, value string) error {
	_, err := g.iam.TagUser(ctx, &iam.TagUserInput{
		UserName: aws.String(user), Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
	})
	if err != nil {
		return newError(actionTagUser, user, err)
	}
	return nil
}

// UntagUser removes one tag of a user. It succeeds if there is no such tag.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html.
func (g *Gateway) UntagUser(ctx context.Context, user, key string) error {
	_, err := g.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: aws.String(user), TagKeys: []string{key}})
	if err != nil {
		return newError(actionUntagUser, user, err)
	}
	return nil
}
