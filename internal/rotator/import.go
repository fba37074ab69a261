package rotator

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/keyid"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// ImportID names the keys of a user that an import takes over: current, then previous. Without keys it means the only key
// of the user.
type ImportID struct {
	User string
	Keys []string
}

// ParseImportID reads user, user/CURRENT or user/CURRENT/PREVIOUS, and reports whether s has one of these forms.
func ParseImportID(s string) (ImportID, bool) {
	parts := strings.Split(s, "/")
	if parts[0] == "" || len(parts) > 1+rotation.KeysPerUser {
		return ImportID{}, false
	}
	for _, id := range parts[1:] {
		if !keyid.IsLongTerm(id) {
			return ImportID{}, false
		}
	}
	return ImportID{User: parts[0], Keys: parts[1:]}, true
}

// String returns the form that ParseImportID reads.
func (i ImportID) String() string { return strings.Join(append([]string{i.User}, i.Keys...), "/") }

// ExampleImportID names the keys of a user: as current the one that was used last, or the newest where nobody is known to have
// used any.
func ExampleImportID(user string, seen rotation.Observation) ImportID {
	usedAt := func(k rotation.Key) time.Time {
		if k.LastUse == nil || k.NeverUsed() {
			return time.Time{}
		}
		return k.LastUse.At
	}
	keys := slices.Clone(seen.Keys)
	// Of two keys of the same second the one that is listed last is the newer one.
	slices.Reverse(keys)
	slices.SortStableFunc(keys, func(a, b rotation.Key) int {
		return cmp.Or(usedAt(b).Compare(usedAt(a)), b.CreatedAt.Compare(a.CreatedAt))
	})
	id := ImportID{User: user}
	for _, k := range keys[:min(len(keys), rotation.KeysPerUser)] {
		id.Keys = append(id.Keys, k.ID)
	}
	return id
}

// ImportProblem is why an ImportID can't be imported.
type ImportProblem int

// The problems of an ImportError.
const (
	// ImportNoKey means that the user has no key.
	ImportNoKey ImportProblem = iota
	// ImportAmbiguous means that the user has several keys, and that the ImportID names none.
	ImportAmbiguous
	// ImportUnknownKey means that the user does not have ImportError.Key.
	ImportUnknownKey
	// ImportSameKey means that ImportError.Key is named twice.
	ImportSameKey
)

// ImportError reports that an ImportID does not name keys of its user.
type ImportError struct {
	Problem ImportProblem
	ID      ImportID
	Key     string
	// Seen are the keys of the user; their last uses are known only for ImportAmbiguous.
	Seen rotation.Observation
}

func (e *ImportError) Error() string { return "import " + e.ID.String() + ": no such keys" }

// Import returns the record of the keys that id names, and what IAM showed of the user. AccountID is compared with that of
// the credentials, if it is not empty. The error is a *WrongAccountError, *ReadError or *ImportError. Nothing is changed.
func (c *Client) Import(ctx context.Context, id ImportID, accountID string) (rotation.Record, rotation.Observation, error) {
	var seen rotation.Observation
	err := c.checkAccount(ctx, accountID)
	if err == nil {
		seen.Keys, err = c.List(ctx, id.User)
	}
	if err != nil {
		return rotation.Record{}, seen, readError(ReadKeys, id.User, err)
	}
	current, previous, failure := chooseKeys(id, seen)
	if failure != nil {
		if failure.Problem == ImportAmbiguous {
			for i, k := range failure.Seen.Keys {
				failure.Seen.Keys[i].LastUse = c.lastUseIfKnown(ctx, k.ID)
			}
		}
		return rotation.Record{}, seen, failure
	}
	now := c.gateway.Now()
	record := rotation.Record{User: id.User, ManagedSince: now, Current: rotation.Current{ID: current.ID, CreatedAt: current.CreatedAt}}
	if current.Status == rotation.Inactive {
		record.Current.InactiveSince = now
	}
	if previous != nil {
		record.Previous = &rotation.Previous{ID: previous.ID, CreatedAt: previous.CreatedAt, ReplacedAt: now}
		if previous.Status == rotation.Inactive {
			record.Previous.DeactivatedAt = now
		}
	}
	return record, seen, nil
}

// chooseKeys finds the keys that id names; previous is nil if it names none.
func chooseKeys(id ImportID, seen rotation.Observation) (current, previous *rotation.Key, failure *ImportError) {
	fail := func(problem ImportProblem, key string) (*rotation.Key, *rotation.Key, *ImportError) {
		return nil, nil, &ImportError{Problem: problem, ID: id, Key: key, Seen: seen}
	}
	switch {
	case len(id.Keys) == 0 && len(seen.Keys) == 0:
		return fail(ImportNoKey, "")
	case len(id.Keys) == 0 && len(seen.Keys) > 1:
		return fail(ImportAmbiguous, "")
	case len(id.Keys) == 0:
		return &seen.Keys[0], nil, nil
	}
	for _, key := range id.Keys {
		if seen.Find(key) == nil {
			return fail(ImportUnknownKey, key)
		}
	}
	if len(id.Keys) == 1 {
		return seen.Find(id.Keys[0]), nil, nil
	}
	if id.Keys[0] == id.Keys[1] {
		return fail(ImportSameKey, id.Keys[0])
	}
	return seen.Find(id.Keys[0]), seen.Find(id.Keys[1]), nil
}
