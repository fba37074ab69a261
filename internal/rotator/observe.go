package rotator

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// Observe completes a list of keys to an observation: who signs our requests, and the last uses that the rules need. The
// error is a *ReadError.
func (c *Client) Observe(
	ctx context.Context, user string, keys []rotation.Key, record rotation.Record, policy rotation.Policy,
) (rotation.Observation, error) {
	signer, err := c.SigningKeyID(ctx)
	if err != nil {
		return rotation.Observation{}, readError(ReadLastUse, user, err)
	}
	seen := rotation.Observation{Keys: keys, Signer: signer}
	for _, id := range record.KeysNeedingLastUse(policy, seen, c.gateway.Now()) {
		use, err := c.lastUse(ctx, id)
		if err != nil && !iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
			return seen, readError(ReadLastUse, user, err)
		}
		if err == nil {
			seen.Find(id).LastUse = use
		}
	}
	for _, k := range seen.Keys {
		tflog.Debug(ctx, "seen", map[string]any{
			"user": user, "access_key_id": k.ID, "status": string(k.Status), "last_use": describeUse(k.LastUse),
		})
	}
	return seen, nil
}

func describeUse(use *rotation.Use) string {
	switch {
	case use == nil:
		return "not asked"
	case use.At.IsZero():
		return "never"
	default:
		return use.At.Format("2006-01-02T15:04:05Z") + " " + use.Service
	}
}

// SigningKeyID is the id of the key that signs our own requests.
func (c *Client) SigningKeyID(ctx context.Context) (string, error) {
	return c.gateway.SigningKeyID(ctx)
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
	// Managed reports whether another resource of this process manages the user by now.
	Managed bool
	// Kept are the keys of resources of this process that a replacement leaves because of skip_destroy.
	Kept []string
}

// PreviewCreate records that a create is planned for user and looks at what it would meet. The error is a *ReadError; the
// Preview is good as far as it goes then.
func (c *Client) PreviewCreate(ctx context.Context, user string, policy rotation.Policy) (Preview, error) {
	var p Preview
	if other := c.claims.plan(user); other != Creating {
		p.Other = other
	}
	p.Kept = c.claims.keptKeys(user)
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
	seen, err := c.Observe(ctx, user, c.claims.mark(user, "", keys), rotation.Record{}, policy)
	if err != nil {
		return p, err
	}
	p.Seen = seen
	p.Decision = Decide(ctx, user, policy, rotation.Record{}, seen, c.gateway.Now())
	// Asked after the look: in an apply another resource may have created its key meanwhile.
	p.Managed = c.claims.has(user)
	return p, nil
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
