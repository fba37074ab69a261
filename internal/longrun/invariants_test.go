package longrun_test

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// checkBugs checks that the provider kept to the protocol.
func (h *history) checkBugs(d diagnostics) {
	if len(d.bugs) > 0 {
		h.violate("protocol", "%s", strings.Join(d.bugs, "; "))
	}
}

// mayRefuse reports whether a plan may fail: a request can't be met, or the configuration names a user that does not exist.
func (h *history) mayRefuse() bool {
	asked := requestsOf(h.state.value, h.want.value(h.user))
	return h.user != h.named || asked.newKey() && (len(h.keys()) > 1 || h.dueAt(h.state.value, h.sim.Now()).young)
}

// mayFail reports whether an apply may fail without a fault: an unmanaged key blocks a create, or the user was renamed.
func (h *history) mayFail(p plan) bool {
	return h.user != h.named || !p.prior.exists() && len(h.keys()) > 1
}

// checkPlan compares a plan with what is due.
func (h *history) checkPlan(p plan) {
	state := p.prior.value
	if !p.prior.exists() || p.prior.tainted || p.config.IsNull() || h.user != h.named {
		return
	}
	want, keys := requestsOf(state, p.config), h.keys()
	newKey := !fields(p.planned)["access_key_id"].IsKnown()
	if want.newKey() {
		if !newKey {
			h.violate("due-never-forgotten", "a request is planned without a new key")
		}
		return
	}
	if want.edit || fields(state)["overlap"].IsNull() {
		return
	}
	d := h.due(state)
	blocked := stringAt(state, "rotation_blocked")
	switch {
	case d.rotate && !newKey && blocked == "" && p.action == noop:
		h.violate("due-never-forgotten", "a rotation is due, is not planned, and rotation_blocked is null")
	case !d.rotate && newKey:
		h.violate("no-needless-rotation", "a rotation is planned and none is due")
	case blocked != "" && !d.rotate && !d.young && !boolAt(state, "paused"):
		h.violate("no-needless-rotation", "rotation_blocked says %q and nothing is due", blocked)
	case blocked != "" && len(keys) < 2 && !d.young && !boolAt(state, "paused"):
		h.violate("never-blocked", "a slot is free and rotation_blocked says %q", blocked)
	case (d.retire || d.record || d.adopt || d.revoke) && p.action == noop:
		h.violate("retirement-finishes", "a step is due (%+v) and nothing is planned", d)
	case !d.any() && p.action != noop && fields(state)["description"].Equal(fields(p.config)["description"]):
		h.violate("exit-code", "nothing is due and %s is planned", strings.Join(h.difference(p), ", "))
	}
}

// checkEffects checks what each call of an apply did to the keys.
func (h *history) checkEffects(p plan, snapshots []snapshot) {
	creates := 0
	for i := range len(snapshots) - 1 {
		before, after := snapshots[i], snapshots[i+1]
		if before.action == "CreateAccessKey" {
			creates++
		}
		if len(after.keys) > 2 {
			h.violate("at-most-two-keys", "there are %d", len(after.keys))
		}
		for _, k := range before.keys {
			now, listed := find(after.keys, k.ID)
			switch {
			case !listed:
				h.counts["deletions"]++
				h.checkRemoval(p, snapshots, i, k, "")
			case k.Status == "Active" && now.Status != "Active":
				h.counts["deactivations"]++
				h.checkRemoval(p, snapshots, i, k, now.Status)
				h.inactive[k.ID], h.byUs[k.ID] = before.at, true
			case k.Status != "Active" && now.Status == "Active":
				h.counts["reactivations"]++
				h.checkReactivation(p, k)
				h.replaced[k.ID] = before.at
				delete(h.inactive, k.ID)
				delete(h.byUs, k.ID)
			}
		}
		for _, k := range after.keys {
			if _, listed := find(before.keys, k.ID); !listed {
				h.counts["creations"]++
				h.checkCreate(p, before)
			}
		}
		if !after.works && !h.excused[h.published.id] {
			h.violate("consumer-authenticates", "the published key %s stops working after %s", h.published.id, before.action)
		}
	}
	if creates > 2 {
		h.violate("create-once", "an apply calls CreateAccessKey %d times", creates)
	}
}

// checkCreate checks that there was a reason for a new key.
func (h *history) checkCreate(p plan, before snapshot) {
	asked := requestsOf(p.prior.value, p.config)
	switch {
	case p.action == create, p.action == replace, asked.newKey():
	case asked.edit:
		h.violate("edit-takes-no-clock-step", "an edit without a request creates a key")
	case boolAt(p.config, "paused"):
		h.violate("paused-stops-clock", "a key is created")
	case !h.rotationDueIn(p, before):
		h.violate("no-needless-rotation", "a key is created and no rotation is due")
	}
}

// rotationDueIn reports whether a rotation was due at a snapshot.
func (h *history) rotationDueIn(p plan, before snapshot) bool {
	state := p.prior.value
	cur, listed := find(before.keys, stringAt(state, "access_key_id"))
	after := durationAt(state, "rotate_after")
	// Rule 6 deletes only an Inactive current to make room, so a current that is gone needs no other reason.
	return !listed || cur.Status != "Active" || after > 0 && !before.at.Before(cur.CreatedAt.Add(after))
}

// checkReactivation allows rule 8 only: the apply that sets hold_previous reactivates a key that the provider deactivated.
func (h *history) checkReactivation(p plan, k iamsim.Key) {
	state := p.prior.value
	isPrevious := k.ID == stringAt(state, "previous", "access_key_id")
	if !requestsOf(state, p.config).hold || !isPrevious || !h.byUs[k.ID] || boolAt(state, "previous", "revoked") {
		h.violate("inactive-stays-inactive", "%s is reactivated", k.ID)
	}
}

// removal is the deactivation of a key or, if to is empty, its deletion.
type removal struct {
	key iamsim.Key
	to  string
	at  time.Time
	// actives counts the Active keys before it, count all keys.
	actives, count int
	// createAfter: the same apply calls CreateAccessKey afterwards, or planned to. createBefore: it called it before.
	createAfter, createBefore bool
}

func (h *history) checkRemoval(p plan, snapshots []snapshot, i int, k iamsim.Key, to string) {
	state, before := p.prior.value, snapshots[i]
	if _, known := find(snapshots[0].keys, k.ID); !known {
		// A new key that could not be proved, or whose answer was lost. checkState checks that the state does not have it.
		return
	}
	r := removal{key: k, to: to, at: before.at, count: len(before.keys)}
	for _, other := range before.keys {
		if other.Status == "Active" {
			r.actives++
		}
	}
	for j, snapshot := range snapshots {
		if snapshot.action == "CreateAccessKey" {
			r.createAfter, r.createBefore = r.createAfter || j > i, r.createBefore || j < i
		}
	}
	// A killed run may have ended before the create.
	r.createAfter = r.createAfter || !fields(p.planned)["access_key_id"].IsKnown()
	switch {
	case p.action == destroy || p.action == replace:
		if !slices.Contains(managedIDs(state), k.ID) {
			h.violate("only-our-keys", "a destroy deletes %s", k.ID)
		}
	case k.Status == "Active" && r.actives == 1 && !h.leftByRevoke(p, r):
		h.violate("last-active-key-kept", "%s is the only Active key and becomes %q", k.ID, to)
	case k.ID == stringAt(state, "access_key_id"):
		h.checkCurrentRemoval(p, r)
	case k.ID == stringAt(state, "previous", "access_key_id"):
		h.checkPreviousRemoval(p, r)
	default:
		h.checkUnmanagedRemoval(p, r)
	}
}

// leftByRevoke reports whether the only Active key is, by rule 7, the new key of a revoke that was killed after it had
// deactivated current.
func (h *history) leftByRevoke(p plan, r removal) bool {
	state := p.prior.value
	return requestsOf(state, p.config).revoke && len(unmanagedKeys(state, []iamsim.Key{r.key})) == 1 && usedOnlyByProof(r.key) &&
		r.key.CreatedAt.After(timeAt(state, "created_at"))
}

// managedIDs returns the ids of the keys that a destroy deletes.
func managedIDs(state tftypes.Value) []string {
	ids := []string{stringAt(state, "access_key_id")}
	if prev := stringAt(state, "previous", "access_key_id"); prev != "" && !boolAt(state, "previous", "adopted") {
		ids = append(ids, prev)
	}
	return ids
}

// checkUnmanagedRemoval allows rule 7 only: a key that nobody used is deleted if a rotation needs its slot.
func (h *history) checkUnmanagedRemoval(p plan, r removal) {
	if stringAt(p.config, "unmanaged_keys") != deleteUnused || r.to != "" || !usedOnlyByProof(r.key) || r.count < 2 || !r.createAfter {
		h.violate("only-our-keys", "the unmanaged key %s becomes %q", r.key.ID, r.to)
	}
}

// usedOnlyByProof reports whether nothing used a key except, at most, the proof that it works.
func usedOnlyByProof(k iamsim.Key) bool {
	return k.LastUsedAt.IsZero() || k.LastUsedService == "sts" && !k.LastUsedAt.After(k.CreatedAt.Add(15*time.Minute))
}

// checkCurrentRemoval allows a revoke, and rule 6: a current that has been Inactive for the grace may be deleted to make room.
func (h *history) checkCurrentRemoval(p plan, r removal) {
	inactiveFor := r.at.Sub(h.inactive[r.key.ID])
	switch {
	case r.key.Status == "Active" && r.to == "Inactive" && requestsOf(p.prior.value, p.config).revoke && r.createBefore:
		h.excused[r.key.ID] = true
	case r.key.Status == "Inactive" && r.createAfter && r.actives == 1 && inactiveFor >= durationAt(p.config, "grace"):
	default:
		h.violate("current-kept", "the current key %s becomes %q", r.key.ID, r.to)
	}
}

// checkPreviousRemoval checks the removal of previous by rules 3, 4, 6 and 8.
func (h *history) checkPreviousRemoval(p plan, r removal) {
	state, want := p.prior.value, p.config
	asked := requestsOf(state, want)
	adopted, grace := boolAt(state, "previous", "adopted"), durationAt(want, "grace")
	revokes := asked.revoke && (!adopted || r.to != "") || boolAt(state, "previous", "revoked") && r.to == "Inactive"
	currentActive := r.actives > 1 || r.key.Status != "Active" && r.actives == 1
	asksRoom := asked.newKey() && r.createAfter && !adopted
	overlapEnds := h.replaced[r.key.ID].Add(durationAt(want, "overlap"))
	shownEnd := latest(overlapEnds, timeAt(state, "previous", "deactivate_at"))
	switch {
	case revokes:
		h.excused[r.key.ID] = true
	case boolAt(want, "hold_previous") && !asked.revoke:
		h.violate("hold-retires-nothing", "%s becomes %q", r.key.ID, r.to)
	case asked.edit && !asked.newKey():
		h.violate("edit-takes-no-clock-step", "%s becomes %q", r.key.ID, r.to)
	case boolAt(want, "paused") && !asked.newKey():
		h.violate("paused-stops-clock", "%s becomes %q", r.key.ID, r.to)
	case r.key.Status == "Inactive":
		over := !r.at.Before(latest(h.inactive[r.key.ID], r.key.LastUsedAt).Add(grace))
		if !over && !asksRoom && (!r.createAfter || currentActive || adopted) && !h.currentUnusable(p, r) {
			h.violate("grace-before-delete", "%s is deleted", r.key.ID)
		}
	case !unused(r.key, durationAt(want, "require_unused_for"), r.at):
		h.violate("used-key-kept", "%s was used at %s and becomes %q", r.key.ID, r.key.LastUsedAt, r.to)
	case r.at.Before(overlapEnds):
		h.violate("overlap-kept", "%s was replaced at %s and becomes %q", r.key.ID, h.replaced[r.key.ID], r.to)
	case r.to == "" && !asksRoom && (!r.createAfter || r.at.Before(overlapEnds.Add(grace)) || r.key.LastUsedAt.After(shownEnd)):
		h.violate("grace-before-delete", "the Active %s is deleted", r.key.ID)
	}
}

// currentUnusable reports whether current is Inactive or gone, and a rotation needs the slot of previous (rule 6).
func (h *history) currentUnusable(p plan, r removal) bool {
	cur, listed := find(h.keys(), stringAt(p.prior.value, "access_key_id"))
	return r.createAfter && !boolAt(p.prior.value, "previous", "adopted") && (!listed || cur.Status != "Active")
}

// checkState checks a state that was saved after an apply.
func (h *history) checkState(p plan, d diagnostics, snapshots []snapshot, disrupted disruption) {
	state, keys := h.state.value, h.keys()
	id := stringAt(state, "access_key_id")
	for _, k := range keys {
		if _, known := find(snapshots[0].keys, k.ID); known || k.ID == id {
			continue
		}
		messages := strings.Join(slices.Concat(d.errors, d.warnings), "\n")
		if !strings.Contains(messages, k.ID) && !mayNotSeeOrphans(disrupted) && h.outage == 0 && h.denied == 0 {
			h.violate("orphan-named", "the apply leaves the orphan %s and does not name it", k.ID)
		}
	}
	if !h.state.exists() {
		return
	}
	if stringAt(p.prior.value, "access_key_id") != id {
		version := intAt(state, "version")
		if version <= h.version {
			h.violate("version-grows", "from %d to %d", h.version, version)
		}
		h.version = version
		if _, listed := find(keys, id); !listed {
			h.violate("state-is-true", "the state's new key %s does not exist", id)
		}
	}
	if requestsOf(p.prior.value, state).newKey() && id == stringAt(p.prior.value, "access_key_id") {
		h.violate("request-not-lost", "a request is recorded as done without a new key")
	}
	if prev := stringAt(state, "previous", "access_key_id"); prev != "" && prev != stringAt(p.prior.value, "previous", "access_key_id") {
		h.replaced[prev] = snapshots[0].at
	}
	h.checkSecret(id, stringAt(state, "secret_access_key"), stringAt(state, "encrypted_secret"))
	prev := fields(state)["previous"]
	h.checkSecret(stringAt(prev, "access_key_id"), stringAt(prev, "secret_access_key"), stringAt(prev, "encrypted_secret"))
	if len(d.errors) == 0 && !fields(state)["encrypted_output"].IsNull() {
		h.checkNoPlaintext(state)
	}
}

// mayNotSeeOrphans reports whether the faults may have kept the apply from listing the orphan that it left.
func mayNotSeeOrphans(disrupted disruption) bool {
	otherAction := func(f iamsim.Fault) bool { return f.Action != "CreateAccessKey" }
	return len(disrupted.faults) > 1 || slices.ContainsFunc(disrupted.faults, otherAction)
}

// checkSecret compares the secret of a key in the state with the one in IAM.
func (h *history) checkSecret(id, plain, sealed string) {
	opened, ok := h.openSecret(plain, sealed)
	switch {
	case id == "" || h.violation != "":
	case !ok && h.ours[id] && id == stringAt(h.state.value, "access_key_id"):
		h.violate("secret-in-state", "the state has no secret of %s", id)
	case ok && opened.Reveal() != h.sim.Secret(id).Reveal():
		h.violate("secret-in-state", "the secret of %s differs", id)
	}
}

// checkNoPlaintext searches a state with encrypted secrets for plaintext ones.
func (h *history) checkNoPlaintext(state tftypes.Value) {
	raw := toDynamic(keyType(), state).MsgPack
	for id := range h.names {
		if bytes.Contains(raw, []byte(h.sim.Secret(id).Reveal())) {
			h.violate("no-plaintext", "the state has the secret of %s", id)
		}
	}
}

// checkPublication publishes the key of a successful apply, and checks that it works.
func (h *history) checkPublication() {
	id := stringAt(h.state.value, "access_key_id")
	if id != h.published.id {
		h.publish(credential{id, h.sim.Secret(id)})
	}
	if !h.publishedWorks() {
		h.violate("consumer-authenticates", "the key %s of a successful apply does not authenticate", id)
	}
}
