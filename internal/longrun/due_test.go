package longrun_test

import (
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// due is what is due because of time or drift. It is computed from the state and IAM, independently of the provider's rules.
type due struct {
	// rotate: a rotation is due; it may have to wait.
	rotate bool
	// retire: previous is due for deactivation or deletion. record: a status of previous has to be recorded. adopt: an unmanaged
	// key has to be adopted.
	retire, record, adopt bool
	// revoke: a revoked key is still Active. It is due even if paused is set.
	revoke bool
	// young: current is not listed, and may be too new to be listed.
	young bool
}

// any reports whether anything is due.
func (d due) any() bool { return d.rotate || d.retire || d.record || d.adopt || d.revoke || d.young }

func (h *history) due(state tftypes.Value) due { return h.dueAt(state, h.sim.Now()) }

// dueAt returns what is due at an instant, by the policy in the state.
func (h *history) dueAt(state tftypes.Value, now time.Time) due {
	var d due
	if state.IsNull() || fields(state)["overlap"].IsNull() {
		return d
	}
	keys := h.keys()
	cur, listed := find(keys, stringAt(state, "access_key_id"))
	created := timeAt(state, "created_at")
	after, grace, unusedFor := durationAt(state, "rotate_after"), durationAt(state, "grace"), durationAt(state, "require_unused_for")
	switch user, exists := h.sim.User(h.named); {
	case !listed && exists && user.ID != stringAt(state, "user_unique_id"):
		d.rotate = true
	case !listed:
		d.young = now.Before(created.Add(5 * time.Minute))
		d.rotate = !d.young
	case cur.Status == "Inactive":
		d.rotate = true
	default:
		d.rotate = after > 0 && !now.Before(created.Add(after))
	}
	active := listed && cur.Status == "Active"
	prev, kept := find(keys, stringAt(state, "previous", "access_key_id"))
	if !kept {
		d.adopt = stringAt(state, "unmanaged_keys") == retire && len(unmanagedKeys(state, keys)) > 0
	} else {
		d.previous(state, prev, active, now, grace, unusedFor)
	}
	if boolAt(state, "paused") {
		d = due{revoke: d.revoke}
	}
	return d
}

func (d *due) previous(state tftypes.Value, prev iamsim.Key, currentActive bool, now time.Time, grace, unusedFor time.Duration) {
	deactivated, revoked := timeAt(state, "previous", "deactivated_at"), boolAt(state, "previous", "revoked")
	hold, started := boolAt(state, "hold_previous"), now.After(timeAt(state, "previous", "replaced_at"))
	if prev.Status == "Inactive" {
		d.record = deactivated.IsZero()
		d.retire = !d.record && !hold && started && !now.Before(latest(deactivated, prev.LastUsedAt).Add(grace))
		return
	}
	d.record = !deactivated.IsZero() && !revoked
	d.revoke = revoked && currentActive
	over := started && !now.Before(timeAt(state, "previous", "deactivate_at"))
	d.retire = currentActive && !hold && !d.record && over && unused(prev, unusedFor, now)
}

// unused reports whether a key was not used within unusedFor. A key that was never used counts from its creation.
func unused(k iamsim.Key, unusedFor time.Duration, now time.Time) bool {
	return unusedFor == 0 || !now.Before(latest(k.LastUsedAt, k.CreatedAt).Add(unusedFor))
}

// unmanagedKeys returns the keys that are neither current nor previous.
func unmanagedKeys(state tftypes.Value, keys []iamsim.Key) []iamsim.Key {
	var all []iamsim.Key
	for _, k := range keys {
		if k.ID != stringAt(state, "access_key_id") && k.ID != stringAt(state, "previous", "access_key_id") {
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

// durationAt returns a duration attribute, which the histories set in whole days.
func durationAt(state tftypes.Value, name string) time.Duration {
	s := stringAt(state, name)
	if s == "" {
		return 0
	}
	return must(time.ParseDuration(s[:len(s)-1]+"h")) * 24
}
