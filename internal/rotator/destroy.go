package rotator

import (
	"context"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// OwnKeys are the ids that Destroy deletes, previous first. An adopted key was not created here and stays.
func OwnKeys(record rotation.Record) []string {
	var ids []string
	if p := record.Previous; p != nil && !p.Adopted {
		ids = append(ids, p.ID)
	}
	return append(ids, record.Current.ID)
}

// Destroy deletes the own keys of a record, and their descriptions if the keys have them. It ends at the first key that
// can't be deleted, with a *DeleteError or *WrongAccountError; keys before it are gone then. A key that does not exist in
// the account counts as deleted. Ctrl-C does not end it.
func (c *Client) Destroy(ctx context.Context, user, accountID string, record rotation.Record, described bool) ([]Notice, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	defer c.claims.beginDelete(user, OwnKeys(record))()
	var notices []Notice
	for _, id := range OwnKeys(record) {
		tflog.Info(ctx, "delete a key", map[string]any{"user": user, "access_key_id": id})
		owner, accepted, err := c.deleteUntilGone(ctx, user, id, accountID)
		if wrong, ok := err.(*WrongAccountError); ok { //nolint:errorlint // it is never wrapped
			return notices, wrong
		}
		if err != nil {
			return notices, &DeleteError{Key: id, Refused: !accepted && iamgate.IsRefused(err), Err: err}
		}
		if !described {
			continue
		}
		if err := ignoreNoSuchEntity(c.gateway.UntagUser(ctx, owner, id)); err != nil {
			notices = append(notices, DescriptionNotRemoved{Key: id, Err: err})
		}
	}
	return notices, nil
}

// deleteUntilGone deletes a key under the name of the user who owns it now, waits until the list shows it, and returns
// that name. Accepted reports whether AWS accepted the deletion, so that the error is that of the list.
func (c *Client) deleteUntilGone(ctx context.Context, user, id, accountID string) (owner string, accepted bool, err error) {
	owner, gone, err := c.withOwner(ctx, user, id, accountID, func(name string) error {
		return c.gateway.DeleteAccessKey(ctx, name, id)
	})
	if gone || err != nil {
		return owner, false, err
	}
	_, err = c.gateway.WaitDeleted(ctx, owner, id)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) || iamgate.IsKind(err, iamgate.KindNotSettled) {
		return owner, true, nil
	}
	return owner, true, err
}
