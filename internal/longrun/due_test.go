package longrun_test

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// settleTime is how long after a step a list may be a stale read, and a new key may not be listed.
const settleTime = 5 * time.Minute

// due is what is due because of time or drift. It is computed from the state and IAM, independently of the provider's rules.
type due struct {
	// rotate: a rotation is due; it may have to wait.
	rotate bool
	// retire: previous is due for deactivation or deletion. record: something that others changed has to be recorded. adopt: an
	// unmanaged key has to be adopted.
	retire, record, adopt bool
	// revoke: a revoked key is still Active. It is due even if paused is set.
	revoke bool
	// young: current is not listed, and may be too new to be listed.
	young bool
	// settling: the status of previous contradicts a step of the last minutes, so it may be a stale read.
	settling bool
	// waits is a part of the text of retirement_blocked, if the time of previous has come and something keeps it.
	waits string
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
	inactiveSince := timeAt(state, "inactive_since")
	switch user, exists := h.sim.User(h.named); {
	case !listed && exists && user.ID != stringAt(state, "user_unique_id"):
		d.rotate = true
	case !listed:
		d.young = inactiveSince.IsZero() && now.Before(timeAt(state, "created_at").Add(settleTime))
		d.rotate = !d.young
	case cur.Status == "Inactive":
		d.rotate = true
	default:
		d.rotate = rotationDue(state, now)
	}
	d.record = listed && (cur.Status == "Inactive") == inactiveSince.IsZero() || listed && stringAt(state, "id") != h.named
	prev, kept := find(keys, stringAt(state, "previous", "access_key_id"))
	if kept {
		d.previous(h, state, prev, cur, now)
	} else {
		d.record = d.record || !fields(state)["previous"].IsNull()
		d.adopt = stringAt(state, "unmanaged_keys") == retire && len(unmanagedKeys(state, keys)) > 0
	}
	if boolAt(state, "paused") {
		d = due{revoke: d.revoke, record: d.record, settling: d.settling, waits: d.waits}
	}
	return d
}

// rotationDue reports whether an Active current is due for rotation, by its age or a pending request.
func rotationDue(state tftypes.Value, now time.Time) bool {
	at := timeAt(state, "rotate_at")
	return !at.IsZero() && !now.Before(at) || stringAt(state, "rotation_requested") != ""
}

// previous finds out what is due for previous. The current key is the zero key if it is not listed.
func (d *due) previous(h *history, state tftypes.Value, prev, cur iamsim.Key, now time.Time) {
	deactivated, replaced := timeAt(state, "previous", "deactivated_at"), timeAt(state, "previous", "replaced_at")
	revoked, hold, started := boolAt(state, "previous", "revoked"), boolAt(state, "hold_previous"), now.After(replaced)
	ours := stringAt(state, "previous", "deactivated_by") == "iamkeys"
	if prev.Status == "Inactive" && deactivated.IsZero() && now.Before(replaced.Add(settleTime)) ||
		prev.Status == "Active" && ours && now.Before(deactivated.Add(settleTime)) {
		d.settling = true
		return
	}
	if prev.Status == "Inactive" {
		if deactivated.IsZero() {
			// The same plan records it. Without a grace nothing is left to wait for then.
			d.record, deactivated = true, now
		}
		over := !now.Before(deactivated.Add(durationAt(state, "grace")))
		used := now.Before(prev.LastUsedAt.Add(durationAt(state, "grace")))
		switch unknown := h.isDenied("GetAccessKeyLastUsed"); {
		case !over || !unknown && used:
		case hold, boolAt(state, "paused"), unknown:
			d.waits = keptBy(hold, boolAt(state, "paused"), "the last use of key")
		default:
			d.retire = started
		}
		return
	}
	reactivated := !deactivated.IsZero() && !revoked
	d.record = d.record || reactivated
	d.revoke = revoked && cur.Status == "Active"
	switch over := started && !reactivated && !now.Before(timeAt(state, "previous", "deactivate_at")); {
	case revoked:
		d.waits = "revoked key"
	case cur.Status != "Active" || !over:
	default:
		d.waits = keptBy(hold, boolAt(state, "paused"), h.usePreventing(state, prev, cur, now))
		d.retire = d.waits == ""
	}
}

// keptBy returns the first reason for which previous is kept.
func keptBy(hold, paused bool, other string) string {
	switch {
	case hold:
		return "hold_previous keeps"
	case paused:
		return "paused is set"
	default:
		return other
	}
}

// usePreventing returns why the use of the keys keeps an Active previous whose overlap is over.
func (h *history) usePreventing(state tftypes.Value, prev, cur iamsim.Key, now time.Time) string {
	waits := boolAt(state, "wait_for_handover") && !nextRotationNear(state, now) && !reachesMaxAge(state, now)
	switch {
	case h.isDenied("GetAccessKeyLastUsed"):
		return "the last use of key"
	case waits && !handedOver(cur, timeAt(state, "previous", "replaced_at")):
		return "nobody has used the current key"
	case !unused(prev, durationAt(state, "require_unused_for"), now):
		return "is still in use"
	default:
		return ""
	}
}

// handedOver reports whether somebody has used current since it replaced previous. Only the provider uses STS.
func handedOver(cur iamsim.Key, replaced time.Time) bool {
	return cur.ID != "" && cur.LastUsedService != "sts" && !cur.LastUsedAt.IsZero() && !cur.LastUsedAt.Before(replaced)
}

// nextRotationNear reports whether the next rotation by age leaves no more than the grace and two applies.
func nextRotationNear(state tftypes.Value, now time.Time) bool {
	at := timeAt(state, "rotate_at")
	return !at.IsZero() && at.Sub(now) <= durationAt(state, "grace")+2*durationAt(state, "apply_every")
}

// reachesMaxAge reports whether previous reaches max_age within two applies, and did not when its overlap began.
func reachesMaxAge(state tftypes.Value, now time.Time) bool {
	at := timeAt(state, "previous", "created_at").Add(durationAt(state, "max_age") - 2*durationAt(state, "apply_every"))
	return durationAt(state, "max_age") > 0 && timeAt(state, "previous", "replaced_at").Before(at) && !now.Before(at)
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

// isDenied reports whether an action of IAM is denied now.
func (h *history) isDenied(action string) bool {
	return h.denied > 0 && slices.Contains(h.deniedActions, action)
}

// checkDates compares the dates of a refreshed state with the policy that it has.
func (h *history) checkDates(state tftypes.Value) {
	created, since, at := timeAt(state, "created_at"), timeAt(state, "managed_since"), timeAt(state, "rotate_at")
	interval, spread, maxAge := durationAt(state, "rotate_after"), durationAt(state, "rotation_spread"), durationAt(state, "max_age")
	if interval == 0 && maxAge > 0 {
		interval = maxAge - durationAt(state, "overlap") - durationAt(state, "require_unused_for") - 3*durationAt(state, "apply_every")
	}
	first, last := created.Add(interval-spread), created.Add(interval)
	if first.Before(since) {
		if first = since; !last.After(since) {
			last = since.Add(spread)
		}
	}
	switch {
	case (interval > 0) == at.IsZero():
		h.violate("rotate-at", "rotate_at is %s, and the interval %s", at, interval)
	case interval > 0 && (at.Before(first) || at.After(last)):
		h.violate("rotate-at", "rotate_at is %s and not between %s and %s", at, first, last)
	}
	var oldest time.Time
	for _, id := range []string{stringAt(state, "access_key_id"), stringAt(state, "previous", "access_key_id")} {
		if k, listed := find(h.keys(), id); listed && k.Status == "Active" && (oldest.IsZero() || k.CreatedAt.Before(oldest)) {
			oldest = k.CreatedAt
		}
	}
	want := time.Time{}
	if maxAge > 0 && !oldest.IsZero() {
		want = oldest.Add(maxAge).Truncate(time.Second)
	}
	if until := timeAt(state, "compliant_until"); !until.Equal(want) {
		h.violate("compliant-until", "compliant_until is %s, and the oldest Active key was created at %s", until, oldest)
	}
}

// checkBlocked compares rotation_blocked and retirement_blocked of a refreshed state with what is due.
func (h *history) checkBlocked(state tftypes.Value, d due, newKey bool) {
	blocked, retirement := stringAt(state, "rotation_blocked"), stringAt(state, "retirement_blocked")
	if retirement != "" {
		h.counts["retirements blocked"]++
	}
	paused := boolAt(state, "paused")
	switch {
	case d.rotate && !newKey && blocked == "":
		h.violate("due-never-forgotten", "a rotation is due, is not planned, and rotation_blocked is null")
	case blocked != "" && !d.rotate && !d.young && !paused:
		h.violate("no-needless-rotation", "rotation_blocked says %q and nothing is due", blocked)
	case blocked != "" && len(h.keys()) < 2 && !d.young && !paused:
		h.violate("never-blocked", "a slot is free and rotation_blocked says %q", blocked)
	case d.settling || newKey || d.revoke:
	case d.waits == "" && retirement != "":
		h.violate("retirement-said", "retirement_blocked says %q and nothing keeps previous (%+v)", retirement, d)
	case d.waits != "" && !strings.Contains(retirement, d.waits):
		h.violate("retirement-said", "retirement_blocked says %q, want %q", retirement, d.waits)
	}
	if strings.ContainsAny(retirement+blocked, "0123456789") {
		h.checkStable(retirement + " " + blocked)
	}
}

// checkStable checks that a text has no digits but those of key ids.
func (h *history) checkStable(text string) {
	for id := range h.names {
		text = strings.ReplaceAll(text, id, "")
	}
	if strings.ContainsAny(text, "0123456789") {
		h.violate("stable-text", "%q has a date or an age", text)
	}
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
