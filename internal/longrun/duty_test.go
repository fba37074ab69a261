package longrun_test

import (
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// duty is what the clock and drift call for, worked out from the state and IAM without the provider's rules.
type duty struct {
	// rotate tells that a rotation is due; it may have to wait.
	rotate bool
	// retire tells that previous is due for deactivation or deletion, record that a status of it has to be recorded, adopt
	// that an unmanaged key has to be adopted.
	retire, record, adopt bool
	// revoke tells that a revoked key is still Active. Not even paused stops that.
	revoke bool
	// young tells that current is missing but may just not be listed yet.
	young bool
}

// any tells that something is to be done.
func (d duty) any() bool { return d.rotate || d.retire || d.record || d.adopt || d.revoke || d.young }

func (s *story) duty(state tftypes.Value) duty { return s.dutyAt(state, s.sim.Now()) }

// dutyAt is the duty at an instant, in a policy that the state has recorded.
func (s *story) dutyAt(state tftypes.Value, now time.Time) duty {
	var d duty
	if state.IsNull() || fields(state)["overlap"].IsNull() {
		return d
	}
	keys := s.keys()
	cur, listed := find(keys, text(state, "access_key_id"))
	made := instant(state, "created_at")
	after, grace, guard := spanOf(state, "rotate_after"), spanOf(state, "grace"), spanOf(state, "require_unused_for")
	switch user, exists := s.sim.User(s.named); {
	case !listed && exists && user.ID != text(state, "user_unique_id"):
		d.rotate = true
	case !listed:
		d.young = now.Before(made.Add(5 * time.Minute))
		d.rotate = !d.young
	case cur.Status == "Inactive":
		d.rotate = true
	default:
		d.rotate = after > 0 && !now.Before(made.Add(after))
	}
	active := listed && cur.Status == "Active"
	prev, kept := find(keys, text(state, "previous", "access_key_id"))
	if !kept {
		d.adopt = text(state, "unmanaged_keys") == retire && len(strangers(state, keys)) > 0
	} else {
		d.previous(state, prev, active, now, grace, guard)
	}
	if truth(state, "paused") {
		d = duty{revoke: d.revoke}
	}
	return d
}

func (d *duty) previous(state tftypes.Value, prev iamsim.Key, currentActive bool, now time.Time, grace, guard time.Duration) {
	deactivated, revoked := instant(state, "previous", "deactivated_at"), truth(state, "previous", "revoked")
	hold, begun := truth(state, "hold_previous"), now.After(instant(state, "previous", "replaced_at"))
	if prev.Status == "Inactive" {
		d.record = deactivated.IsZero()
		d.retire = !d.record && !hold && begun && !now.Before(latest(deactivated, prev.LastUsedAt).Add(grace))
		return
	}
	d.record = !deactivated.IsZero() && !revoked
	d.revoke = revoked && currentActive
	over := begun && !now.Before(instant(state, "previous", "deactivate_at"))
	d.retire = currentActive && !hold && !d.record && over && unused(prev, guard, now)
}

// unused tells that a key was not used within guard; one that was never used counts from its creation.
func unused(k iamsim.Key, guard time.Duration, now time.Time) bool {
	return guard == 0 || !now.Before(latest(k.LastUsedAt, k.CreatedAt).Add(guard))
}

// strangers are the keys that are neither current nor previous.
func strangers(state tftypes.Value, keys []iamsim.Key) []iamsim.Key {
	var all []iamsim.Key
	for _, k := range keys {
		if k.ID != text(state, "access_key_id") && k.ID != text(state, "previous", "access_key_id") {
			all = append(all, k)
		}
	}
	return all
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// spanOf is a duration attribute in whole days, as stories write them.
func spanOf(state tftypes.Value, name string) time.Duration {
	s := text(state, name)
	if s == "" {
		return 0
	}
	return must(time.ParseDuration(s[:len(s)-1]+"h")) * 24
}
