package rotator

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Observe completes a list of keys to an observation: who signs our requests, and the last uses that the rules need. A last
// use that can't be read is unknown, and a key that turns out to be deleted since the list is left out. The error is a
// *ReadError.
func (c *Client) Observe(
	ctx context.Context, user string, keys []rotation.Key, record rotation.Record, policy rotation.Policy,
) (rotation.Observation, *LastUseUnknown, error) {
	return c.observeAgain(ctx, user, keys, record, policy, rotation.Observation{})
}

// observeAgain is Observe after an earlier observation. Once somebody has used current nothing takes that back, so its last use is not
// asked for again.
func (c *Client) observeAgain(
	ctx context.Context, user string, keys []rotation.Key, record rotation.Record, policy rotation.Policy, earlier rotation.Observation,
) (rotation.Observation, *LastUseUnknown, error) {
	signers, err := c.SigningKeyIDs(ctx)
	if err != nil {
		return rotation.Observation{}, nil, readError(ReadLastUse, user, err)
	}
	seen := rotation.Observation{Keys: keys, User: user, Signers: signers}
	needed := record.KeysNeedingLastUse(policy, seen, c.gateway.Now())
	if used, known := record.HandedOver(earlier); used && known {
		if k := seen.Find(record.Current.ID); k != nil {
			k.LastUse = earlier.Find(k.ID).LastUse
			needed = slices.DeleteFunc(needed, func(id string) bool { return id == k.ID })
		}
	}
	unknown, err := c.readLastUses(ctx, user, &seen, needed, record)
	if err != nil {
		return seen, nil, readError(ReadLastUse, user, err)
	}
	seen.Settling = record.Settling(seen, c.gateway.Now())
	for _, k := range seen.Keys {
		tflog.Debug(ctx, "seen", map[string]any{
			"user": user, "access_key_id": k.ID, "status": string(k.Status), "last_use": describeUse(k.LastUse),
		})
	}
	return seen, unknown, nil
}

// readLastUses adds the last uses of keys to an observation, and returns which are unknown. Since AWS answers AccessDenied for
// a key that does not exist, the keys are listed again then, and those that are no longer listed are gone. Current stays: only
// Locate proves that it is gone. A previous key that is younger than five minutes stays, too, unless AWS returns the last use of another
// key: the list that lacks it may be a stale read, and the permission may be missing.
func (c *Client) readLastUses(
	ctx context.Context, user string, seen *rotation.Observation, ids []string, record rotation.Record,
) (*LastUseUnknown, error) {
	failures := map[string]error{}
	missing, permitted := false, false
	for _, id := range ids {
		use, err := c.lastUse(ctx, id)
		switch {
		case err == nil:
			seen.Find(id).LastUse, permitted = use, true
		case iamgate.IsKind(err, iamgate.KindCanceled):
			return nil, err
		default:
			failures[id] = err
			missing = missing || iamgate.IsKind(err, iamgate.KindAccessDenied) || iamgate.IsKind(err, iamgate.KindNoSuchEntity)
		}
	}
	if missing {
		again, err := c.List(ctx, user)
		if iamgate.IsKind(err, iamgate.KindCanceled) {
			return nil, err
		}
		if err == nil {
			now := c.gateway.Now()
			seen.Keys = slices.DeleteFunc(slices.Clone(seen.Keys), func(k rotation.Key) bool {
				stays := k.ID == record.Current.ID || record.Manages(k.ID) && !permitted && now.Sub(k.CreatedAt) < listAgainFor
				return failures[k.ID] != nil && !stays && findKey(again, k.ID) == nil
			})
		}
	}
	var unknown *LastUseUnknown
	for _, id := range ids {
		if failures[id] == nil || seen.Find(id) == nil {
			continue
		}
		if unknown == nil {
			unknown = &LastUseUnknown{Err: failures[id]}
		}
		unknown.Keys = append(unknown.Keys, id)
	}
	return unknown, nil
}

func describeUse(use *rotation.Use) string {
	switch {
	case use == nil:
		return "unknown"
	case use.At.IsZero():
		return "never"
	default:
		return use.At.Format("2006-01-02T15:04:05Z") + " " + use.Service
	}
}

// SigningKeyIDs returns the ids of the keys that our own requests depend on: the key that signs them, and the sources of the
// role that it belongs to.
func (c *Client) SigningKeyIDs(ctx context.Context) ([]string, error) {
	return c.gateway.SigningKeyIDs(ctx)
}

// lastUse is IAM's record of the last use of a key; its time is zero when there is none.
func (c *Client) lastUse(ctx context.Context, id string) (*rotation.Use, error) {
	used, err := c.gateway.LastUsed(ctx, id)
	if err != nil {
		return nil, err
	}
	return &rotation.Use{At: used.At, Service: used.Service, Region: used.Region}, nil
}

// Preview is what a create would meet.
type Preview struct {
	// Other is the current key of another resource of this process that manages the user; empty when there is none.
	Other string
	// Seen is what IAM shows of the user, and Decision what the create would do. Both are empty for a user who does not exist
	// yet, or has no key.
	Seen     rotation.Observation
	Decision rotation.Decision
	// Unknown is set where a last use could not be read.
	Unknown *LastUseUnknown
	// Managed reports whether another resource of this process manages the user by now.
	Managed bool
	// Kept are the keys of resources of this process that a replacement leaves because of skip_destroy. Replaceable are those of
	// resources that this create may replace, and that their replacement deletes; InUse are those of them that somebody has used within a
	// day.
	Kept, Replaceable []string
	InUse             []rotation.Key
	// MayTake are the keys of resources of this process that the apply of the create adopts or deletes if it does not know them: an
	// apply knows only the resources that it changes.
	MayTake []string
}

// PreviewCreate records that a create is planned for user and looks at what it would meet. The error is a *ReadError, or a *TakenError
// where another resource was read meanwhile; the Preview is good as far as it goes then.
func (c *Client) PreviewCreate(ctx context.Context, user string, policy rotation.Policy) (Preview, error) {
	var p Preview
	if other := c.claims.plan(user); other != Creating {
		p.Other = other
	}
	p.Kept = c.claims.keptKeys(user)
	p.addReplaceable(ctx, c, user)
	keys, err := c.listAhead(ctx, user)
	if iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		// It may be created in the same apply.
		return p, nil
	}
	if err != nil {
		return p, readError(ReadKeys, user, err)
	}
	if len(keys) == 0 {
		return p, nil
	}
	seen, unknown, err := c.Observe(ctx, user, c.claims.mark(user, "", keys), rotation.Record{}, policy)
	if err != nil {
		return p, err
	}
	p.Seen, p.Unknown = seen, unknown
	p.Decision = Decide(ctx, user, policy, rotation.Record{}, seen, c.gateway.Now())
	// Asked after the look: in an apply another resource may have created its key meanwhile.
	p.Managed = c.claims.has(user)
	if c.WasRead(user) {
		p.MayTake = mayTake(policy, seen, c.gateway.Now())
	}
	return p, c.claims.planCreate(user, p.Decision.Steps)
}

// mayTake returns which of the marked keys of seen a create takes that does not know that another resource manages them.
func mayTake(policy rotation.Policy, seen rotation.Observation, now time.Time) []string {
	unmarked := seen
	unmarked.Keys = slices.Clone(seen.Keys)
	for i := range unmarked.Keys {
		unmarked.Keys[i].Other = false
	}
	return slices.DeleteFunc(takenBy(rotation.Decide(policy, rotation.Record{}, unmarked, now).Steps),
		func(id string) bool { return !seen.Find(id).Other })
}

// Decide is rotation.Decide with log lines of what it returned.
func Decide(
	ctx context.Context, user string, policy rotation.Policy, record rotation.Record, seen rotation.Observation, now time.Time,
) rotation.Decision {
	decision := rotation.Decide(policy, record, seen, now)
	logDecision(ctx, user, decision)
	return decision
}

func logDecision(ctx context.Context, user string, decision rotation.Decision) {
	for _, step := range decision.Steps {
		tflog.Debug(ctx, "decided: step", map[string]any{
			"user": user, "step": string(step.Kind), "access_key_id": step.Key, "reason": string(step.Reason), "revoke": step.Revoke,
		})
	}
	for what, obstacles := range map[string][]rotation.Obstacle{
		"blocked": oneOrNone(decision.Blocked), "refused": oneOrNone(decision.Refused), "waiting": decision.Waiting,
	} {
		for _, o := range obstacles {
			tflog.Debug(ctx, "decided: "+what, map[string]any{"user": user, "cause": string(o.Cause), "access_key_id": o.Key})
		}
	}
}

func oneOrNone(o *rotation.Obstacle) []rotation.Obstacle {
	if o == nil {
		return nil
	}
	return []rotation.Obstacle{*o}
}
