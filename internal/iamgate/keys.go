package iamgate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	actionListAccessKeys       = "iam:ListAccessKeys"
	actionUpdateAccessKey      = "iam:UpdateAccessKey"
	actionDeleteAccessKey      = "iam:DeleteAccessKey"
	actionGetAccessKeyLastUsed = "iam:GetAccessKeyLastUsed"
)

// ListAccessKeys returns all keys of user, oldest first. IAM's lists are eventually consistent.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html.
func (g *Gateway) ListAccessKeys(ctx context.Context, user string) ([]AccessKey, error) {
	input := &iam.ListAccessKeysInput{UserName: aws.String(user)}
	pages := iam.NewListAccessKeysPaginator(g.iam, input, func(o *iam.ListAccessKeysPaginatorOptions) {
		o.StopOnDuplicateToken = true
	})
	var keys []AccessKey
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, newError(actionListAccessKeys, user, err)
		}
		// An empty body decodes without an error. It must not count as an empty list, as if all keys were gone. Nor must a list
		// that lacks its rest.
		if page.AccessKeyMetadata == nil || page.IsTruncated && !pages.HasMorePages() {
			return nil, badAnswer(actionListAccessKeys, user, page.ResultMetadata)
		}
		for _, m := range page.AccessKeyMetadata {
			if m.AccessKeyId == nil || m.Status == "" || m.CreateDate == nil {
				return nil, badAnswer(actionListAccessKeys, user, page.ResultMetadata)
			}
			keys = append(keys, AccessKey{
				ID: *m.AccessKeyId, UserName: aws.ToString(m.UserName), Status: string(m.Status), CreatedAt: m.CreateDate.UTC(),
			})
		}
	}
	slices.SortFunc(keys, func(a, b AccessKey) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return keys, nil
}

// UpdateAccessKey sets the status of a key to "Active" or "Inactive", and waits until a list shows it. The error is
// KindNoSuchEntity if the key does not exist. It wraps ErrNotSettled if the status was set, but the list can't be read or does
// not show it within Options.SettleTimeout. The *Error has Ambiguous set if the status may have been set all the same: the SDK sends
// a request again whose answer was lost, so this can be true of any kind.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html.
func (g *Gateway) UpdateAccessKey(ctx context.Context, user, id, status string) error {
	var sent attempts
	_, err := g.iam.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{
		UserName: aws.String(user), AccessKeyId: aws.String(id), Status: types.StatusType(status),
	}, sent.record)
	if err != nil {
		return sent.failure(actionUpdateAccessKey, id, err)
	}
	_, err = g.waitList(ctx, actionUpdateAccessKey, user, id, func(keys []AccessKey) bool {
		return slices.ContainsFunc(keys, func(k AccessKey) bool { return k.ID == id && k.Status == status })
	})
	if err != nil && !errors.Is(err, ErrNotSettled) {
		// AWS accepted the change, and only the list can't be read.
		return &Error{
			Action: actionUpdateAccessKey, Resource: id, Kind: KindNotSettled,
			Message: fmt.Sprintf("%v: %v", ErrNotSettled, err), Err: errors.Join(ErrNotSettled, err),
		}
	}
	return err
}

// DeleteAccessKey deletes a key. It does not wait until the list shows it: see WaitDeleted. The *Error has Ambiguous set if the key may
// have been deleted all the same: if an answer was lost and the request was sent again, even KindNoSuchEntity can be the answer to a
// call that deleted the key.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html.
func (g *Gateway) DeleteAccessKey(ctx context.Context, user, id string) error {
	var sent attempts
	_, err := g.iam.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String(user), AccessKeyId: aws.String(id)}, sent.record)
	if err != nil {
		return sent.failure(actionDeleteAccessKey, id, err)
	}
	return nil
}

// LastUsed returns when and for what a key was last used, and who owns it now.
//
// See https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html.
func (g *Gateway) LastUsed(ctx context.Context, id string) (LastUsed, error) {
	out, err := g.iam.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(id)})
	if err != nil {
		return LastUsed{}, newError(actionGetAccessKeyLastUsed, id, err)
	}
	if out.AccessKeyLastUsed == nil {
		return LastUsed{}, badAnswer(actionGetAccessKeyLastUsed, id, out.ResultMetadata)
	}
	used := LastUsed{UserName: aws.ToString(out.UserName)}
	// For a key that was never used IAM sends no date, and "N/A" as service and region.
	if date := out.AccessKeyLastUsed.LastUsedDate; date != nil {
		used.At = date.UTC()
		used.Service = aws.ToString(out.AccessKeyLastUsed.ServiceName)
		used.Region = aws.ToString(out.AccessKeyLastUsed.Region)
	}
	return used, nil
}
