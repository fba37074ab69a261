package iamgate

import (
	"context"
	"iter"
	"time"

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

	codeConcurrentModification = "ConcurrentModification"

	// largestPage is the most that IAM returns in one page of a list.
	largestPage = 1000
	// allPaths is the prefix of every path, and IAM's default.
	allPaths = "/"
)

// conflictTimeout is how long to try again while other changes of the same user are under way, counted in time slept.
const conflictTimeout = 30 * time.Second

// GetUser returns a user. The error is KindNoSuchEntity if there is none of that name.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html.
func (g *Gateway) GetUser(ctx context.Context, name string) (User, error) {
	out, err := g.iam.GetUser(ctx, &iam.GetUserInput{UserName: aws.String(name)})
	if err != nil {
		return User{}, newError(actionGetUser, name, err)
	}
	user, ok := newUser(out.User)
	if !ok {
		return User{}, badAnswer(actionGetUser, name, out.ResultMetadata)
	}
	return user, nil
}

// Users returns the users below a path prefix, such as /division/, or all users of the account for "/". They come without tags, and
// page by page: a page is asked for when the loop has taken the one before. After an error it returns nothing more. IAM's lists are
// eventually consistent.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html.
func (g *Gateway) Users(ctx context.Context, pathPrefix string) iter.Seq2[User, error] {
	if pathPrefix == allPaths {
		return g.users(ctx, pathPrefix, "")
	}
	return g.users(ctx, pathPrefix, pathPrefix)
}

// UserByID returns the user with a unique id (AIDA...), whatever the name, without tags. It reports whether there is one. It
// lists all users of the account, so it needs iam:ListUsers. IAM's lists are eventually consistent.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html.
func (g *Gateway) UserByID(ctx context.Context, uniqueID string) (User, bool, error) {
	for user, err := range g.users(ctx, allPaths, uniqueID) {
		if err != nil {
			return User{}, false, err
		}
		if user.ID == uniqueID {
			return user, true, nil
		}
	}
	return User{}, false, nil
}

// users is Users, with errors that name resource.
func (g *Gateway) users(ctx context.Context, pathPrefix, resource string) iter.Seq2[User, error] {
	return func(yield func(User, error) bool) {
		input := &iam.ListUsersInput{MaxItems: aws.Int32(largestPage)}
		if pathPrefix != allPaths {
			input.PathPrefix = aws.String(pathPrefix)
		}
		pages := iam.NewListUsersPaginator(g.iam, input, func(o *iam.ListUsersPaginatorOptions) { o.StopOnDuplicateToken = true })
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(User{}, newError(actionListUsers, resource, err))
				return
			}
			if page.Users == nil || page.IsTruncated && !pages.HasMorePages() {
				yield(User{}, badAnswer(actionListUsers, resource, page.ResultMetadata))
				return
			}
			for _, listed := range page.Users {
				user, ok := newUser(&listed)
				if !ok {
					yield(User{}, badAnswer(actionListUsers, resource, page.ResultMetadata))
					return
				}
				if !yield(user, nil) {
					return
				}
			}
		}
	}
}

// newUser reports whether u has what AWS always sends.
func newUser(u *types.User) (User, bool) {
	if u == nil || u.UserName == nil || u.UserId == nil || u.Arn == nil || u.Path == nil || u.CreateDate == nil {
		return User{}, false
	}
	parsed, err := arn.Parse(*u.Arn)
	if err != nil {
		return User{}, false
	}
	user := User{
		Name: *u.UserName, ID: *u.UserId, ARN: *u.Arn, Path: *u.Path, CreatedAt: u.CreateDate.UTC(),
		Tags: make(map[string]string, len(u.Tags)), AccountID: parsed.AccountID,
	}
	for _, tag := range u.Tags {
		user.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return user, true
}

// TagUser sets one tag of a user, and keeps the others. It tries again, for half a minute, while another change of the user is
// under way.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html.
func (g *Gateway) TagUser(ctx context.Context, user, key, value string) error {
	return g.retryConflicts(ctx, actionTagUser, user, func() error {
		_, err := g.iam.TagUser(ctx, &iam.TagUserInput{
			UserName: aws.String(user), Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}},
		})
		return err
	})
}

// UntagUser removes one tag of a user. It succeeds if there is no such tag. It tries again as TagUser does.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html.
func (g *Gateway) UntagUser(ctx context.Context, user, key string) error {
	return g.retryConflicts(ctx, actionUntagUser, user, func() error {
		_, err := g.iam.UntagUser(ctx, &iam.UntagUserInput{UserName: aws.String(user), TagKeys: []string{key}})
		return err
	})
}

// retryConflicts calls change until AWS does not answer ConcurrentModification, which the SDK does not retry, up to
// conflictTimeout.
func (g *Gateway) retryConflicts(ctx context.Context, action, user string, change func() error) error {
	var conflict *Error
	done, err := g.poll(ctx, action, user, conflictTimeout, func() (bool, error) {
		err := change()
		if err == nil {
			return true, nil
		}
		failure := newError(action, user, err)
		if failure.Code == codeConcurrentModification {
			conflict = failure
			return false, nil
		}
		return false, failure
	})
	if err == nil && !done {
		return conflict
	}
	return err
}
