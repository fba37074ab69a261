package longrun_test

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// judgeBugs looks for what Terraform would call a bug in the provider.
func (s *story) judgeBugs(d diagnostics) {
	if len(d.bugs) > 0 {
		s.violate("protocol", "%s", strings.Join(d.bugs, "; "))
	}
}

// mayRefuse tells that a plan may fail: a request can't be met, or the configuration names another user than there is.
func (s *story) mayRefuse() bool {
	asked := asks(s.state.value, s.want.value(s.user))
	return s.user != s.named || asked.key() && (len(s.keys()) > 1 || s.dutyAt(s.state.value, s.sim.Now()).young)
}

// mayFail tells that an apply may fail though nothing goes wrong: a key is in the way of a create, or the user was renamed.
func (s *story) mayFail(p plan) bool {
	return s.user != s.named || !p.prior.exists() && len(s.keys()) > 1
}

// judgePlan compares a plan with what the clock and drift call for.
func (s *story) judgePlan(p plan) {
	state := p.prior.value
	if !p.prior.exists() || p.prior.tainted || p.config.IsNull() || s.user != s.named {
		return
	}
	want, keys := asks(state, p.config), s.keys()
	makes := !fields(p.planned)["access_key_id"].IsKnown()
	if want.key() {
		if !makes {
			s.violate("due-never-forgotten", "a request is planned without a new key")
		}
		return
	}
	if want.edit || fields(state)["overlap"].IsNull() {
		return
	}
	d := s.duty(state)
	blocked := text(state, "rotation_blocked")
	switch {
	case d.rotate && !makes && blocked == "" && p.action == noop:
		s.violate("due-never-forgotten", "a rotation is due, is not planned, and rotation_blocked is null")
	case !d.rotate && makes:
		s.violate("no-needless-rotation", "a rotation is planned and none is due")
	case blocked != "" && !d.rotate && !d.young && !truth(state, "paused"):
		s.violate("no-needless-rotation", "rotation_blocked says %q and nothing is due", blocked)
	case blocked != "" && len(keys) < 2 && !d.young && !truth(state, "paused"):
		s.violate("never-blocked", "a slot is free and rotation_blocked says %q", blocked)
	case (d.retire || d.record || d.adopt || d.revoke) && p.action == noop:
		s.violate("retirement-finishes", "a step is due (%+v) and nothing is planned", d)
	case !d.any() && p.action != noop && fields(state)["description"].Equal(fields(p.config)["description"]):
		s.violate("exit-code", "nothing is due and %s is planned", strings.Join(s.difference(p), ", "))
	}
}

// judgeEffects looks at what each call of an apply did to the keys.
func (s *story) judgeEffects(p plan, shots []snapshot) {
	creates := 0
	for i := range len(shots) - 1 {
		before, after := shots[i], shots[i+1]
		if before.action == "CreateAccessKey" {
			creates++
		}
		if len(after.keys) > 2 {
			s.violate("at-most-two-keys", "there are %d", len(after.keys))
		}
		for _, k := range before.keys {
			now, listed := find(after.keys, k.ID)
			switch {
			case !listed:
				s.counts["deletions"]++
				s.judgeLoss(p, shots, i, k, "")
			case k.Status == "Active" && now.Status != "Active":
				s.counts["deactivations"]++
				s.judgeLoss(p, shots, i, k, now.Status)
				s.inactive[k.ID], s.byUs[k.ID] = before.at, true
			case k.Status != "Active" && now.Status == "Active":
				s.counts["reactivations"]++
				s.judgeReactivation(p, k)
				s.replaced[k.ID] = before.at
				delete(s.inactive, k.ID)
				delete(s.byUs, k.ID)
			}
		}
		for _, k := range after.keys {
			if _, listed := find(before.keys, k.ID); !listed {
				s.counts["creations"]++
				s.judgeCreate(p, before)
			}
		}
		if !after.works && !s.excused[s.published.id] {
			s.violate("consumer-authenticates", "the published key %s is cut off by %s", s.published.id, before.action)
		}
	}
	if creates > 2 {
		s.violate("create-once", "an apply calls CreateAccessKey %d times", creates)
	}
}

// judgeCreate looks for the reason of a new key.
func (s *story) judgeCreate(p plan, shot snapshot) {
	asked := asks(p.prior.value, p.config)
	switch {
	case p.action == create, p.action == replace, asked.key():
	case asked.edit:
		s.violate("edit-takes-no-clock-step", "an edit without a request makes a key")
	case truth(p.config, "paused"):
		s.violate("paused-stops-clock", "a key is made")
	case !s.dutyBefore(p, shot):
		s.violate("no-needless-rotation", "a key is made and none is due")
	}
}

// dutyBefore tells that a rotation was due in a snapshot.
func (s *story) dutyBefore(p plan, shot snapshot) bool {
	state := p.prior.value
	cur, listed := find(shot.keys, text(state, "access_key_id"))
	after := spanOf(state, "rotate_after")
	// A current that rule 6 removes to make room has been Inactive.
	return !listed || cur.Status != "Active" || after > 0 && !shot.at.Before(cur.CreatedAt.Add(after))
}

// judgeReactivation allows rule 8: by the apply that sets hold_previous, what the provider itself had deactivated.
func (s *story) judgeReactivation(p plan, k iamsim.Key) {
	state := p.prior.value
	isPrevious := k.ID == text(state, "previous", "access_key_id")
	if !asks(state, p.config).hold || !isPrevious || !s.byUs[k.ID] || truth(state, "previous", "revoked") {
		s.violate("inactive-stays-inactive", "%s is made Active", k.ID)
	}
}

// loss is a key that became Inactive, or was deleted where to is empty.
type loss struct {
	key iamsim.Key
	to  string
	at  time.Time
	// actives are the Active keys and all the keys before it.
	actives, count int
	// attempted tells that a key was made, or asked for, in the same apply after the loss, made that one had been made before it.
	attempted, made bool
}

func (s *story) judgeLoss(p plan, shots []snapshot, i int, k iamsim.Key, to string) {
	state, before := p.prior.value, shots[i]
	if _, known := find(shots[0].keys, k.ID); !known {
		// A new key that could not be proved, or whose answer was lost. It must not be the one in the state: judgeState looks.
		return
	}
	l := loss{key: k, to: to, at: before.at, count: len(before.keys)}
	for _, other := range before.keys {
		if other.Status == "Active" {
			l.actives++
		}
	}
	for j, shot := range shots {
		if shot.action == "CreateAccessKey" {
			l.attempted, l.made = l.attempted || j > i, l.made || j < i
		}
	}
	// A run that was cut off may not have come to the create.
	l.attempted = l.attempted || !fields(p.planned)["access_key_id"].IsKnown()
	switch {
	case p.action == destroy || p.action == replace:
		if !slices.Contains(owned(state), k.ID) {
			s.violate("only-our-keys", "a destroy removes %s", k.ID)
		}
	case k.Status == "Active" && l.actives == 1 && !s.leftByRevoke(p, l):
		s.violate("last-active-key-kept", "%s is the only Active key and becomes %q", k.ID, to)
	case k.ID == text(state, "access_key_id"):
		s.judgeCurrent(p, l)
	case k.ID == text(state, "previous", "access_key_id"):
		s.judgePrevious(p, l)
	default:
		s.judgeStranger(p, l)
	}
}

// leftByRevoke tells that the only Active key is what rule 7 takes for the new key of a revoke that was killed after it had
// deactivated current.
func (s *story) leftByRevoke(p plan, l loss) bool {
	state := p.prior.value
	return asks(state, p.config).revoke && len(strangers(state, []iamsim.Key{l.key})) == 1 && untouched(l.key) &&
		l.key.CreatedAt.After(instant(state, "created_at"))
}

// owned are the keys that a destroy removes.
func owned(state tftypes.Value) []string {
	ids := []string{text(state, "access_key_id")}
	if prev := text(state, "previous", "access_key_id"); prev != "" && !truth(state, "previous", "adopted") {
		ids = append(ids, prev)
	}
	return ids
}

// judgeStranger allows rule 7: a key that nobody used goes when a rotation needs its place.
func (s *story) judgeStranger(p plan, l loss) {
	if text(p.config, "unmanaged_keys") != deleteUnused || l.to != "" || !untouched(l.key) || l.count < 2 || !l.attempted {
		s.violate("only-our-keys", "the unmanaged key %s becomes %q", l.key.ID, l.to)
	}
}

// untouched tells that nobody used a key, or nothing but the proof that it works.
func untouched(k iamsim.Key) bool {
	return k.LastUsedAt.IsZero() || k.LastUsedService == "sts" && !k.LastUsedAt.After(k.CreatedAt.Add(15*time.Minute))
}

// judgeCurrent allows a revoke, and rule 6: a current that has been Inactive for the grace makes room.
func (s *story) judgeCurrent(p plan, l loss) {
	switch {
	case l.key.Status == "Active" && l.to == "Inactive" && asks(p.prior.value, p.config).revoke && l.made:
		s.excused[l.key.ID] = true
	case l.key.Status == "Inactive" && l.attempted && l.actives == 1 && !l.at.Before(s.inactive[l.key.ID].Add(spanOf(p.config, "grace"))):
	default:
		s.violate("current-kept", "the current key %s becomes %q", l.key.ID, l.to)
	}
}

// judgePrevious goes by rules 3, 4, 6 and 8.
func (s *story) judgePrevious(p plan, l loss) {
	state, want := p.prior.value, p.config
	asked := asks(state, want)
	adopted, grace := truth(state, "previous", "adopted"), spanOf(want, "grace")
	revokes := asked.revoke && (!adopted || l.to != "") || truth(state, "previous", "revoked") && l.to == "Inactive"
	currentActive := l.actives > 1 || l.key.Status != "Active" && l.actives == 1
	asksRoom := asked.key() && l.attempted && !adopted
	overlapEnds := s.replaced[l.key.ID].Add(spanOf(want, "overlap"))
	shownEnd := latest(overlapEnds, instant(state, "previous", "deactivate_at"))
	switch {
	case revokes:
		s.excused[l.key.ID] = true
	case truth(want, "hold_previous") && !asked.revoke:
		s.violate("hold-retires-nothing", "%s becomes %q", l.key.ID, l.to)
	case asked.edit && !asked.key():
		s.violate("edit-takes-no-clock-step", "%s becomes %q", l.key.ID, l.to)
	case truth(want, "paused") && !asked.key():
		s.violate("paused-stops-clock", "%s becomes %q", l.key.ID, l.to)
	case l.key.Status == "Inactive":
		over := !l.at.Before(latest(s.inactive[l.key.ID], l.key.LastUsedAt).Add(grace))
		if !over && !asksRoom && (!l.attempted || currentActive || adopted) && !s.deadCurrent(p, l) {
			s.violate("grace-before-delete", "%s is deleted", l.key.ID)
		}
	case !unused(l.key, spanOf(want, "require_unused_for"), l.at):
		s.violate("used-key-kept", "%s was used at %s and becomes %q", l.key.ID, l.key.LastUsedAt, l.to)
	case l.at.Before(overlapEnds):
		s.violate("overlap-kept", "%s was replaced at %s and becomes %q", l.key.ID, s.replaced[l.key.ID], l.to)
	case l.to == "" && !asksRoom && (!l.attempted || l.at.Before(overlapEnds.Add(grace)) || l.key.LastUsedAt.After(shownEnd)):
		s.violate("grace-before-delete", "the Active %s is deleted", l.key.ID)
	}
}

// deadCurrent is rule 6's dead user: current is Inactive or gone, and a rotation needs the place of previous.
func (s *story) deadCurrent(p plan, l loss) bool {
	cur, listed := find(s.keys(), text(p.prior.value, "access_key_id"))
	return l.attempted && !truth(p.prior.value, "previous", "adopted") && (!listed || cur.Status != "Active")
}

// judgeState looks at a state that was saved after an apply.
func (s *story) judgeState(p plan, d diagnostics, shots []snapshot, tr trouble) {
	state, keys := s.state.value, s.keys()
	id := text(state, "access_key_id")
	for _, k := range keys {
		if _, known := find(shots[0].keys, k.ID); known || k.ID == id {
			continue
		}
		said := strings.Join(slices.Concat(d.errors, d.warnings), "\n")
		if !strings.Contains(said, k.ID) && !blind(tr) && s.outage == 0 && s.denied == 0 {
			s.violate("orphan-named", "the apply leaves %s behind and does not name it", k.ID)
		}
	}
	if !s.state.exists() {
		return
	}
	if text(p.prior.value, "access_key_id") != id {
		version := number(state, "version")
		if version <= s.version {
			s.violate("version-grows", "from %d to %d", s.version, version)
		}
		s.version = version
		if _, listed := find(keys, id); !listed {
			s.violate("state-is-true", "the state's new key %s does not exist", id)
		}
	}
	if asks(p.prior.value, state).key() && id == text(p.prior.value, "access_key_id") {
		s.violate("request-not-lost", "a request is recorded as done without a new key")
	}
	if prev := text(state, "previous", "access_key_id"); prev != "" && prev != text(p.prior.value, "previous", "access_key_id") {
		s.replaced[prev] = shots[0].at
	}
	s.judgeSecret(id, text(state, "secret_access_key"), text(state, "encrypted_secret"))
	prev := fields(state)["previous"]
	s.judgeSecret(text(prev, "access_key_id"), text(prev, "secret_access_key"), text(prev, "encrypted_secret"))
	if len(d.errors) == 0 && !fields(state)["encrypted_output"].IsNull() {
		s.judgeNoPlaintext(state)
	}
}

// blind tells that the apply could not look at what it had left behind.
func blind(tr trouble) bool {
	return slices.ContainsFunc(tr.faults, func(f iamsim.Fault) bool { return f.Action != "CreateAccessKey" }) || len(tr.faults) > 1
}

// judgeSecret compares the secret of a key in the state with the one that IAM gave out.
func (s *story) judgeSecret(id, plain, sealed string) {
	opened, ok := s.open(plain, sealed)
	switch {
	case id == "" || s.broken != "":
	case !ok && s.ours[id] && id == text(s.state.value, "access_key_id"):
		s.violate("secret-in-state", "the state has no secret of %s", id)
	case ok && opened.Reveal() != s.sim.Secret(id).Reveal():
		s.violate("secret-in-state", "the secret of %s differs", id)
	}
}

// judgeNoPlaintext looks for secrets in a state whose secrets are encrypted.
func (s *story) judgeNoPlaintext(state tftypes.Value) {
	raw := dynamic(keyType(), state).MsgPack
	for id := range s.names {
		if bytes.Contains(raw, []byte(s.sim.Secret(id).Reveal())) {
			s.violate("no-plaintext", "the state has the secret of %s", id)
		}
	}
}

// judgePublication publishes the key of a successful apply.
func (s *story) judgePublication() {
	id := text(s.state.value, "access_key_id")
	if id != s.published.id {
		s.publish(credential{id, s.sim.Secret(id)})
	}
	if !s.works() {
		s.violate("consumer-authenticates", "the key %s of a successful apply does not authenticate", id)
	}
}
