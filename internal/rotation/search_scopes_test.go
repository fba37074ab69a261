package rotation_test

import (
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// scope is one search: what may be edited and what may happen in it.
type scope struct {
	name      string
	durations []durations
	modes     []rotation.UnmanagedKeys
	// what may be edited.
	hold, paused, rotate, revoke, mode, recipients bool
	// what may happen.
	signers, recreation, lastUseDenied, noProof bool
	// repeatedEdits reports whether an edited configuration may be edited again before an apply. To undo the edit is always allowed.
	repeatedEdits bool
	// margin is by how much the ages that are distinguished exceed the durations.
	margin age
}

func hours(rotateAfter, overlap, grace, unusedFor age) durations {
	return durations{rotateAfter * hour, overlap * hour, grace * hour, unusedFor * hour}
}

var (
	usualDurations   = hours(4, 1, 1, 2)
	shortDurations   = hours(3, 1, 1, 1)
	withoutUnusedFor = hours(4, 2, 1, 0)
	zeroDurations    = hours(3, 0, 0, 0)
	refuse           = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged}
	anyMode          = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged, rotation.RetireUnmanaged, rotation.DeleteUnused}
)

// scopes are the searches, the largest first.
var scopes = []scope{
	{name: "held revocations", durations: []durations{shortDurations}, modes: refuse, hold: true, revoke: true},
	{name: "durations", durations: []durations{usualDurations, zeroDurations}, modes: refuse},
	{name: "unmanaged", durations: []durations{shortDurations}, modes: anyMode, mode: true},
	{name: "signer", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, signers: true, revoke: true},
	{name: "revocations", durations: []durations{shortDurations}, modes: refuse, revoke: true, noProof: true},
	{name: "interrupted revocations", durations: []durations{hours(2, 0, 1, 0)}, modes: anyMode[2:], revoke: true},
	{name: "held rotations", durations: []durations{shortDurations}, modes: refuse, hold: true, rotate: true, repeatedEdits: true},
	{name: "held adoptions", durations: []durations{hours(2, 0, 1, 0)}, modes: anyMode[1:2], hold: true, revoke: true},
	{name: "hold and pause", durations: []durations{shortDurations}, modes: refuse, hold: true, paused: true},
	{name: "rotations", durations: []durations{usualDurations}, modes: refuse, rotate: true},
	{name: "adopted", durations: []durations{shortDurations}, modes: anyMode[1:2], rotate: true},
	{name: "last use denied", durations: []durations{withoutUnusedFor}, modes: anyMode[1:2], lastUseDenied: true, margin: hour},
	{name: "last use denied, unused required", durations: []durations{usualDurations}, modes: anyMode, lastUseDenied: true},
	{name: "recipients", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, recipients: true},
	{name: "re-created user", durations: []durations{usualDurations}, modes: refuse, recreation: true, margin: hour},
}

func (s scope) environment() *environment {
	env := &environment{durations: s.durations, modes: s.modes, lastUseDenied: s.lastUseDenied, proof: !s.noProof}
	for _, t := range s.durations {
		quiet := max(t.grace, t.unusedFor) + s.margin
		env.limits.current = max(env.limits.current, t.rotateAfter)
		env.limits.used = max(env.limits.used, quiet)
		env.limits.overlapFor = max(env.limits.overlapFor, t.overlap+quiet)
		env.limits.inactiveFor = max(env.limits.inactiveFor, t.grace+s.margin)
	}
	env.limits.other = env.limits.used
	return env
}

// events returns all events that are possible in sim, in the memory of buf.
func (s scope) events(buf []event, sim *simulation) []event {
	buf = append(buf[:0], event{kind: waits, by: hour})
	add := func(e event) {
		if sim.can(e) {
			buf = append(buf, e)
		}
	}
	for i := range sim.keys {
		for _, d := range []eventKind{usesKey, deactivatesKey, reactivatesKey, deletesKey} {
			add(event{kind: d, key: i})
		}
		if s.signers {
			add(event{kind: signsWith, key: i})
		}
	}
	if s.signers {
		add(event{kind: signsWith, key: -1})
	}
	add(event{kind: createsKey})
	if s.recreation && !sim.recreated {
		add(event{kind: recreatesUser})
	}
	return s.edits(buf, sim)
}

func (s scope) edits(buf []event, sim *simulation) []event {
	if !sim.rec.exists {
		return buf
	}
	to := func(change func(*config)) {
		want := sim.config
		change(&want)
		if want != sim.config && (s.repeatedEdits || !sim.edited() || want == sim.rec.config || !sim.rec.known) {
			buf = append(buf, event{kind: edits, config: want})
		}
	}
	if s.hold {
		to(func(v *config) { v.hold = !v.hold })
	}
	if s.paused {
		to(func(v *config) { v.paused = !v.paused })
	}
	for i := uint8(0); int(i) < len(s.durations); i++ {
		to(func(v *config) { v.durations = i })
	}
	for i := uint8(0); s.mode && int(i) < len(s.modes); i++ {
		to(func(v *config) { v.mode = i })
	}
	for value := range sim.rec.config.rotate + 2 {
		if s.rotate {
			to(func(v *config) { v.rotate = value })
		}
	}
	for value := range sim.rec.config.revoke + 2 {
		if s.revoke {
			to(func(v *config) { v.revoke = value })
		}
	}
	for value := range sim.rec.config.recipients + 2 {
		if s.recipients {
			to(func(v *config) { v.seal(value, never) })
			to(func(v *config) { v.seal(value, hour) })
		}
	}
	return buf
}

// seal changes the recipients, of whom the first expires after that time.
func (c *config) seal(recipients uint8, expires age) {
	if recipients == 0 {
		expires = 0
	}
	c.recipients, c.expires = recipients, expires
}

// starts returns the simulations before a create, and right after each kind of import.
func (s scope) starts() []simulation {
	key := func(r role, st status) simKey {
		k := simKey{created: 3 * hour, used: never, inactiveFor: never, status: st, role: r, published: r == current}
		if st == inactive {
			k.inactiveFor = 0
		}
		return k
	}
	var all []simulation
	for mode := uint8(0); int(mode) < len(s.modes); mode++ {
		for _, hold := range []bool{false, true} {
			for _, paused := range []bool{false, true} {
				if hold && !s.hold || paused && !s.paused {
					continue
				}
				sim := simulation{config: config{mode: mode, hold: hold, paused: paused}, brokenByOthers: true}
				sim.rec.inactiveSince, sim.rec.deactivated = never, never
				all = append(all, sim)
				for _, st := range []status{active, inactive} {
					one := sim
					one.keys[0] = key(unmanaged, st)
					two := one
					two.keys[1] = key(unmanaged, active)
					all = append(all, one, two)
				}
				one := sim
				one.brokenByOthers, one.rec.exists = false, true
				one.keys[0] = key(current, active)
				all = append(all, one)
				if s.recipients {
					blank := one
					blank.rec.imported = true
					all = append(all, blank)
				}
				for _, st := range []status{active, inactive} {
					foreign, two := one, one
					foreign.keys[1] = key(unmanaged, st)
					two.keys[1], two.rec.previous = key(previous, st), true
					if st == inactive {
						two.rec.deactivated = 0
					}
					all = append(all, foreign, two)
				}
			}
		}
	}
	return all
}
