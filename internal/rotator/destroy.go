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
// the account counts as deleted. A key whose owner can't be proved, since AWS denies access, or is proved to be another user, is
// left, with a KeyLeft. So is each key of a name that belongs to another user than the recorded one. Ctrl-C does not end it.
func (c *Client) Destroy(ctx context.Context, s Subject, record rotation.Record, described bool) ([]Notice, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mutationTimeout)
	defer cancel()
	defer c.claims.beginDelete(s.User, OwnKeys(record))()
	d := destruction{client: c, subject: s, described: described}
	d.compareUser(ctx)
	var missing []string
	for _, id := range OwnKeys(record) {
		if d.reusedBy != "" {
			missing = append(missing, id)
			continue
		}
		tflog.Info(ctx, "delete a key", map[string]any{"user": s.User, "access_key_id": id})
		switch err := d.deleteAs(ctx, s.User, id); {
		case err == nil:
			d.proved, d.same = s.User, true
		case iamgate.IsKind(err, iamgate.KindNoSuchEntity):
			missing = append(missing, id)
		default:
			return d.notices, err
		}
	}
	for _, id := range missing {
		if err := d.deleteElsewhere(ctx, id); err != nil {
			return d.notices, err
		}
	}
	return d.notices, nil
}

// destruction is one Destroy.
type destruction struct {
	client    *Client
	subject   Subject
	described bool
	// same reports whether the recorded name is proved to belong to the recorded user, and reusedBy is the unique id of the other user to
	// whom it is proved to belong. Neither is set where the user can't be read.
	same     bool
	reusedBy string
	// proved is the recorded name once a key of the record was deleted under it. Keys do not move between users, so a key that
	// this user does not have is gone.
	proved  string
	notices []Notice
}

// compareUser compares the unique id of the recorded name with the recorded one, so that a state that was edited deletes no key of
// another user. A destroy goes on where the user can't be read.
func (d *destruction) compareUser(ctx context.Context) {
	s := d.subject
	if s.UniqueID == "" {
		return
	}
	user, err := d.client.gateway.GetUser(ctx, s.User)
	if err != nil {
		tflog.Debug(ctx, "the user can't be compared with the state", map[string]any{"user": s.User, "error": err.Error()})
		return
	}
	if d.same = user.ID == s.UniqueID; !d.same {
		d.reusedBy = user.ID
	}
}

// deleteAs deletes a key under the name of a user, waits until the list shows it, and removes its description.
func (d *destruction) deleteAs(ctx context.Context, user, id string) error {
	if err := d.client.gateway.DeleteAccessKey(ctx, user, id); err != nil {
		return d.deletionFailure(ctx, user, id, err)
	}
	_, err := d.client.gateway.WaitDeleted(ctx, user, id)
	if err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		// AWS has accepted the deletion, and only the list does not show it.
		d.notices = append(d.notices, NotConfirmed{Key: id, Change: ChangeDeleted, Err: err})
	}
	d.untag(ctx, user, id)
	return nil
}

// deletionFailure is the error for a deletion that failed; nil where the answer was lost and the key is gone. A list that lacks the
// key proves that only under the name of its user, and not of a young key.
func (d *destruction) deletionFailure(ctx context.Context, user, id string, err error) error {
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return err
	}
	if user == d.subject.User && !d.same || d.client.isYoung(d.subject) {
		user = ""
	}
	failure := d.client.deletionFailure(ctx, user, id, err)
	if failure != nil {
		return failure
	}
	d.untag(ctx, user, id)
	return nil
}

// deleteElsewhere deletes a key that the user does not have under the recorded name, if it still exists.
func (d *destruction) deleteElsewhere(ctx context.Context, id string) error {
	if d.proved == d.subject.User {
		d.untag(ctx, d.proved, id)
		return nil
	}
	found := ownership{reusedBy: d.reusedBy}
	owner, gone, err := d.client.withOwnerElsewhere(ctx, d.subject, id, found, func(user string) error { return d.deleteAs(ctx, user, id) })
	switch e := err.(type) { //nolint:errorlint // these three are never wrapped
	case nil:
		if gone && owner != "" {
			d.untag(ctx, owner, id)
		}
		return nil
	case *WrongAccountError, *DeleteError:
		return err
	case *OwnerError:
		if e.Foreign || e.Denied && e.Owner == "" {
			d.notices = append(d.notices, KeyLeft{Key: id, Err: e})
			return nil
		}
	}
	return &DeleteError{Key: id, Refused: iamgate.IsRefused(err), Err: err}
}

func (d *destruction) untag(ctx context.Context, user, id string) {
	if !d.described {
		return
	}
	d.notices = append(d.notices, d.client.untag(ctx, user, id)...)
}
