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

// mayRefuse reports whether a plan may fail: a revoke can't be done, or the configuration names a user that does not exist.
func (h *history) mayRefuse() bool {
	asked := h.requestsOf(h.state.value, h.want.value(h.user))
	return h.lost() || asked.revoke && (len(h.keys()) > 1 || h.due(h.state.value).young)
}

// mayFail reports whether an apply may fail without a fault: an unmanaged key blocks a create, or the configuration names a user that
// does not exist.
func (h *history) mayFail(p plan) bool {
	return h.lost() || !p.prior.exists() && len(h.keys()) > 1
}

// lost reports whether the user was renamed and can't be followed: the configuration does not have its name, and either no key of the
// state is there to prove whose it is, or the configured name is new and nobody has it.
func (h *history) lost() bool {
	return h.user != h.named && (!h.currentListed() || h.user != stringAt(h.state.value, "user"))
}

func (h *history) currentListed() bool {
	_, listed := find(h.keys(), stringAt(h.state.value, "access_key_id"))
	return listed
}

// checkPlan compares a plan with what is due.
func (h *history) checkPlan(p plan) {
	state := p.prior.value
	if !p.prior.exists() || p.prior.tainted || p.config.IsNull() || p.action == replace || h.lost() {
		return
	}
	want := h.requestsOf(state, p.config)
	newKey := !fields(p.planned)["access_key_id"].IsKnown()
	if imported := fields(state)["overlap"].IsNull(); imported {
		return
	}
	h.checkDates(state)
	pending := ""
	if !newKey {
		pending = h.wantedRequest(state, p.config)
	}
	switch shown := stringAt(p.planned, "rotation_requested"); {
	case want.revoke && !newKey:
		h.violate("due-never-forgotten", "a revoke is planned without a new key")
	case shown != pending:
		h.violate("request-not-lost", "rotation_requested is planned as %q, want %q", shown, pending)
	}
	if want.edit {
		return
	}
	d := h.due(state)
	h.checkBlocked(state, d, newKey)
	unchanged := func(name string) bool { return fields(state)[name].Equal(fields(p.config)[name]) }
	switch {
	case !d.rotate && newKey:
		h.violate("no-needless-rotation", "a rotation is planned and none is due")
	case (d.retire || d.record || d.adopt || d.revoke) && p.action == noop:
		h.violate("retirement-finishes", "a step is due (%+v) and nothing is planned", d)
	case !d.any() && p.action != noop && unchanged("description") && unchanged("user"):
		h.violate("exit-code", "nothing is due and %s is planned", strings.Join(h.difference(p), ", "))
	}
}

// checkEffects checks what each call of an apply did to the keys.
func (h *history) checkEffects(p plan, snapshots []snapshot) {
	creates := 0
	h.checkAnnounced(p, snapshots)
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
	if creates > 3 {
		h.violate("create-once", "an apply calls CreateAccessKey %d times", creates)
	}
}

// checkCreate checks that there was a reason for a new key.
func (h *history) checkCreate(p plan, before snapshot) {
	asked := h.requestsOf(p.prior.value, p.config)
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
	// Rule 6 deletes only an Inactive current to make room, so a current that is gone needs no other reason.
	return !listed || cur.Status != "Active" || rotationDue(state, before.at)
}

// changedKeys returns the ids of the keys that an apply found and then deactivated, reactivated or deleted.
func changedKeys(snapshots []snapshot) []string {
	var ids []string
	for _, k := range snapshots[0].keys {
		if now, listed := find(snapshots[len(snapshots)-1].keys, k.ID); !listed || now.Status != k.Status {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// checkAnnounced checks that the plan of an update names each key that the apply changed.
func (h *history) checkAnnounced(p plan, snapshots []snapshot) {
	for _, id := range changedKeys(snapshots) {
		if shown := stringAt(p.planned, "last_change"); p.action == update && !strings.Contains(shown, id) {
			h.violate("last-change-names", "%s is changed, and the plan says %q", id, shown)
		}
	}
}

// checkLastChange checks that the state after a successful apply names the keys that the apply changed or adopted.
func (h *history) checkLastChange(p plan, snapshots []snapshot) {
	state := h.state.value
	var ids []string
	if p.action == update {
		ids = changedKeys(snapshots)
	}
	adopted := stringAt(state, "previous", "access_key_id")
	if boolAt(state, "previous", "adopted") && adopted != stringAt(p.prior.value, "previous", "access_key_id") {
		ids = append(ids, adopted)
	}
	for _, id := range ids {
		if text := stringAt(state, "last_change"); !strings.Contains(text, id) {
			h.violate("last-change-names", "%s is changed or adopted, and last_change is %q", id, text)
		}
	}
}

// checkReactivation allows rule 8 only: the apply that sets hold_previous reactivates a key that the provider deactivated.
func (h *history) checkReactivation(p plan, k iamsim.Key) {
	state := p.prior.value
	isPrevious := k.ID == stringAt(state, "previous", "access_key_id")
	if !h.requestsOf(state, p.config).hold || !isPrevious || !h.byUs[k.ID] || boolAt(state, "previous", "revoked") {
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
	// rotates: the apply creates a key, or planned to. createBefore: it called CreateAccessKey before.
	rotates, createBefore bool
	// current is the current key just before; the zero key if it is gone.
	current iamsim.Key
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
	for _, snapshot := range snapshots[:i] {
		r.createBefore = r.createBefore || snapshot.action == "CreateAccessKey"
	}
	r.rotates = !fields(p.planned)["access_key_id"].IsKnown()
	r.current, _ = find(before.keys, stringAt(state, "access_key_id"))
	switch {
	case p.action == destroy || p.action == replace:
		if !slices.Contains(managedIDs(state), k.ID) {
			h.violate("only-our-keys", "a destroy deletes %s", k.ID)
		}
	case to == "" && r.rotates && (!r.createBefore || h.isDenied("CreateAccessKey")):
		h.violate("create-first", "%s is deleted before it is known that a key may be created", k.ID)
	case k.Status == "Active" && r.actives == 1:
		h.violate("last-active-key-kept", "%s is the only Active key and becomes %q", k.ID, to)
	case k.ID == stringAt(state, "access_key_id"):
		h.checkCurrentRemoval(p, r)
	case k.ID == stringAt(state, "previous", "access_key_id"):
		h.checkPreviousRemoval(p, r)
	default:
		h.checkUnmanagedRemoval(p, r)
	}
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
	if stringAt(p.config, "unmanaged_keys") != deleteUnused || r.to != "" || !usedOnlyByProof(r.key) || r.count < 2 || !r.rotates ||
		h.isDenied("GetAccessKeyLastUsed") {
		h.violate("only-our-keys", "the unmanaged key %s becomes %q", r.key.ID, r.to)
	}
}

// usedOnlyByProof reports whether nothing used a key except, at most, the proof that it works.
func usedOnlyByProof(k iamsim.Key) bool {
	return k.LastUsedAt.IsZero() || k.LastUsedService == "sts" && !k.LastUsedAt.After(k.CreatedAt.Add(15*time.Minute))
}

// checkCurrentRemoval allows a revoke, and rule 6: a current that has been Inactive for the grace may be deleted to make room, under a
// revoke at once.
func (h *history) checkCurrentRemoval(p plan, r removal) {
	inactiveFor, revokes := r.at.Sub(h.inactive[r.key.ID]), h.requestsOf(p.prior.value, p.config).revoke
	switch {
	case r.key.Status == "Active" && r.to == "Inactive" && revokes && r.createBefore:
		h.excused[r.key.ID] = true
	case r.key.Status == "Inactive" && r.rotates && (revokes || inactiveFor >= durationAt(p.prior.value, "grace")):
	default:
		h.violate("current-kept", "the current key %s becomes %q", r.key.ID, r.to)
	}
}

// checkPreviousRemoval checks the removal of previous by rules 3, 4, 6 and 8. The durations of an edit count from the next plan on.
func (h *history) checkPreviousRemoval(p plan, r removal) {
	state, want := p.prior.value, p.config
	asked := h.requestsOf(state, want)
	adopted, grace := boolAt(state, "previous", "adopted"), durationAt(state, "grace")
	revokes := asked.revoke && (!adopted || r.to != "" || r.key.Status == "Inactive") ||
		boolAt(state, "previous", "revoked") && r.to == "Inactive"
	asksRoom := asked.newKey() && r.rotates && !adopted
	deadCurrent := r.rotates && !adopted && r.current.Status != "Active"
	overlapEnds := h.replaced[r.key.ID].Add(durationAt(state, "overlap"))
	shownEnd := latest(overlapEnds, timeAt(state, "previous", "deactivate_at"))
	near := r.to == "Inactive" && (nextRotationNear(state, r.at) || reachesMaxAge(state, r.at))
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
		if (!over || h.isDenied("GetAccessKeyLastUsed")) && !asksRoom && !deadCurrent {
			h.violate("grace-before-delete", "%s is deleted", r.key.ID)
		}
	case h.isDenied("GetAccessKeyLastUsed"):
		h.violate("unknown-proves-nothing", "%s becomes %q and its last use is unknown", r.key.ID, r.to)
	case boolAt(state, "wait_for_handover") && !near && !handedOver(r.current, h.replaced[r.key.ID]):
		h.violate("handover-kept", "%s becomes %q, and nobody has used the current key", r.key.ID, r.to)
	case !unused(r.key, durationAt(state, "require_unused_for"), r.at):
		h.violate("used-key-kept", "%s was used at %s and becomes %q", r.key.ID, r.key.LastUsedAt, r.to)
	case r.at.Before(overlapEnds):
		h.violate("overlap-kept", "%s was replaced at %s and becomes %q", r.key.ID, h.replaced[r.key.ID], r.to)
	case r.to == "" && !asksRoom && (!r.rotates || r.at.Before(overlapEnds.Add(grace)) || r.key.LastUsedAt.After(shownEnd)):
		h.violate("grace-before-delete", "the Active %s is deleted", r.key.ID)
	}
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
	h.checkRequests(p, snapshots, len(d.errors) > 0)
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

// checkRequests checks that a request is met, pending or withdrawn, and what last_change says.
func (h *history) checkRequests(p plan, snapshots []snapshot, failed bool) {
	prior, state := p.prior.value, h.state.value
	if !failed {
		h.checkLastChange(p, snapshots)
	}
	if p.action != update || fields(prior)["overlap"].IsNull() {
		return
	}
	pending := ""
	if stringAt(prior, "access_key_id") == stringAt(state, "access_key_id") {
		pending = h.wantedRequest(prior, state)
		if h.requestsOf(prior, state).revoke {
			h.violate("request-not-lost", "a revoke is recorded as done without a new key")
		}
	}
	if text := stringAt(state, "rotation_requested"); text != pending {
		h.violate("request-not-lost", "rotation_requested is %q, want %q", text, pending)
	}
	if pending != "" && stringAt(prior, "rotation_requested") == "" {
		h.counts["requests pending"]++
	}
	h.rememberRecipients(prior, state)
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
	h.publishCurrent()
	id := h.published.id
	if !h.publishedWorks() {
		h.violate("consumer-authenticates", "the key %s of a successful apply does not authenticate", id)
	}
}
