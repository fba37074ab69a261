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
	signers, recreation, renames, denials, proofs, others, lags, unknown, noProof bool
	// alone reports whether nobody but the provider touches keys; consumers use them.
	alone bool
	// often reports whether an apply that may take clock-driven steps follows each wait, and consumers move within the overlap.
	often bool
	// repeatedEdits reports whether an edited configuration may be edited again before an apply. To undo the edit is always allowed.
	repeatedEdits bool
	// unit is for how long one waits, an hour if it is 0.
	unit age
	// margin is by how much the ages that are distinguished exceed the durations.
	margin age
}

func hours(rotateAfter, overlap, grace, unusedFor age) durations {
	return durations{rotateAfter: rotateAfter * hour, overlap: overlap * hour, grace: grace * hour, unusedFor: unusedFor * hour}
}

// handover returns the durations with wait_for_handover.
func (d durations) withHandover() durations {
	d.handover, d.applyEvery = true, hour
	return d
}

// withMaxAge returns the durations with max_age in hours.
func (d durations) withMaxAge(maxAge age) durations {
	d.maxAge, d.applyEvery = maxAge*hour, hour
	return d
}

func (d durations) withSpread(spread age) durations {
	d.spread = spread * hour
	return d
}

var (
	usualDurations   = hours(4, 1, 1, 2)
	shortDurations   = hours(3, 1, 1, 1)
	withoutUnusedFor = hours(4, 2, 1, 0)
	zeroDurations    = hours(3, 0, 0, 0)
	refuse           = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged}
	retire           = []rotation.UnmanagedKeys{rotation.RetireUnmanaged}
	deleteUnused     = []rotation.UnmanagedKeys{rotation.DeleteUnused}
	anyMode          = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged, rotation.RetireUnmanaged, rotation.DeleteUnused}
)

// scopes are the searches, the largest first. The first five combine settings, so that they are too large to be searched whole.
var scopes = []scope{
	{
		name: "all requests", durations: []durations{shortDurations}, modes: anyMode, mode: true, hold: true, paused: true, rotate: true,
		revoke: true, denials: true, signers: true,
	},
	{
		name: "all requests, handover", durations: []durations{hours(6, 1, 1, 1).withHandover()}, modes: anyMode, hold: true, paused: true,
		rotate: true, revoke: true, proofs: true, denials: true, signers: true,
	},
	{
		name: "all requests, recipients", durations: []durations{shortDurations}, modes: anyMode, hold: true, paused: true, rotate: true,
		revoke: true, recipients: true, denials: true, signers: true, unknown: true,
	},
	{
		name: "all requests, lists behind", durations: []durations{hours(3, 0, 1, 0)}, modes: anyMode, hold: true, rotate: true,
		revoke: true, lags: true, denials: true, others: true, signers: true,
	},
	{
		name: "all requests, max_age, spread", durations: []durations{hours(0, 1, 1, 1).withMaxAge(9).withHandover().withSpread(1)},
		modes: anyMode, hold: true, paused: true, rotate: true, revoke: true, recreation: true, renames: true,
		denials: true,
	},
	{name: "held revocations", durations: []durations{shortDurations}, modes: refuse, hold: true, revoke: true},
	{name: "durations", durations: []durations{usualDurations, zeroDurations}, modes: refuse},
	{name: "unmanaged", durations: []durations{shortDurations}, modes: anyMode, mode: true},
	{name: "signer", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, signers: true, revoke: true},
	{name: "revocations", durations: []durations{shortDurations}, modes: refuse, revoke: true, noProof: true},
	{name: "interrupted revocations", durations: []durations{hours(2, 0, 1, 0)}, modes: deleteUnused, revoke: true},
	{name: "held rotations", durations: []durations{shortDurations}, modes: refuse, hold: true, rotate: true, repeatedEdits: true},
	{name: "held adoptions", durations: []durations{hours(2, 0, 1, 0)}, modes: retire, hold: true, revoke: true},
	{name: "hold and pause", durations: []durations{shortDurations}, modes: refuse, hold: true, paused: true},
	{name: "rotations", durations: []durations{usualDurations}, modes: refuse, rotate: true},
	{name: "adopted", durations: []durations{shortDurations}, modes: retire, rotate: true},
	{name: "last use denied", durations: []durations{withoutUnusedFor}, modes: retire, denials: true, margin: hour},
	{name: "last use denied, unused required", durations: []durations{usualDurations}, modes: deleteUnused, denials: true},
	{name: "recipients", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, recipients: true, revoke: true},
	{name: "re-created user", durations: []durations{usualDurations}, modes: refuse, recreation: true, margin: hour},
	{name: "handover", durations: []durations{hours(6, 1, 1, 1).withHandover()}, modes: refuse, rotate: true},
	{name: "handover by proofs", durations: []durations{hours(5, 1, 1, 0).withHandover()}, modes: retire, proofs: true},
	{name: "handover of denied uses", durations: []durations{hours(5, 1, 1, 0).withHandover()}, modes: refuse, denials: true},
	{name: "max_age", durations: []durations{hours(0, 1, 1, 1).withMaxAge(8)}, modes: refuse, rotate: true, alone: true},
	{name: "max_age, handover", durations: []durations{hours(0, 1, 1, 1).withMaxAge(9).withHandover()}, modes: retire},
	{
		name:      "max_age, applies often",
		durations: []durations{hours(0, 1, 1, 1).withMaxAge(9).withHandover(), hours(3, 1, 1, 1).withMaxAge(9)}, modes: retire,
		rotate: true, often: true, alone: true,
	},
	{
		name: "max_age before the handover", durations: []durations{hours(0, 1, 0, 0).withMaxAge(10).withHandover()}, modes: refuse,
		rotate: true, often: true, alone: true,
	},
	{name: "spread", durations: []durations{hours(5, 1, 1, 1).withSpread(2)}, modes: refuse, recreation: true},
	{name: "renames", durations: []durations{shortDurations}, modes: refuse, renames: true, paused: true, rotate: true},
	{name: "unknown user", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, unknown: true, rotate: true, revoke: true},
	{name: "unknown user, held", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, unknown: true, hold: true, alone: true},
	{name: "unknown user, renames", durations: []durations{shortDurations}, modes: retire, unknown: true, renames: true, rotate: true},
	{name: "other resources", durations: []durations{shortDurations}, modes: anyMode, others: true},
	{name: "lists behind", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, lags: true, hold: true, revoke: true},
	{name: "lists behind, delete_unused", durations: []durations{hours(2, 0, 1, 0)}, modes: deleteUnused, lags: true, revoke: true},
	{
		name: "lists behind for minutes", durations: []durations{{rotateAfter: 15 * minute, overlap: 5 * minute, grace: 5 * minute}},
		modes: refuse, lags: true, hold: true, unit: 150 * second,
	},
	{name: "pending recipients", durations: []durations{hours(2, 0, 1, 0)}, modes: refuse, recipients: true, rotate: true, hold: true},
}

func (s scope) environment() *environment {
	env := &environment{durations: s.durations, modes: s.modes, proof: !s.noProof, appliesOften: s.often, unit: s.step()}
	at := &env.limits
	for _, t := range s.durations {
		quiet := max(t.grace, t.unusedFor) + s.margin
		at.current = max(at.current, t.interval(), t.maxAge)
		at.used = max(at.used, quiet)
		at.other = max(at.other, quiet, t.maxAge)
		at.overlapFor = max(at.overlapFor, t.overlap+quiet)
		at.inactiveFor = max(at.inactiveFor, t.grace+s.margin)
		at.managed = max(at.managed, t.spread)
	}
	if at.managed > 0 {
		at.managed += at.current
	}
	at.lost = (5*minute + env.unit - 1) / env.unit * env.unit
	return env
}

func (s scope) step() age {
	if s.unit == 0 {
		return hour
	}
	return s.unit
}

// events returns all events that are possible in sim.
func (s scope) events(sim *simulation) []event {
	all := make([]event, 0, 32)
	add := func(e event) {
		if sim.can(e) {
			all = append(all, e)
		}
	}
	if !s.often || sim.behind == 0 {
		add(event{kind: waits, by: s.step()})
	}
	for i, k := range sim.keys {
		if !s.often || k.role != previous || k.overlapFor < s.durations[sim.rec.config.durations].overlap {
			add(event{kind: usesKey, key: i})
		}
		for _, kind := range s.keyEvents() {
			add(event{kind: kind, key: i})
		}
	}
	for _, kind := range s.userEvents() {
		add(event{kind: kind})
	}
	return s.edits(all, sim)
}

// keyEvents are those that happen to a key, besides its use.
func (s scope) keyEvents() []eventKind {
	kinds := make([]eventKind, 0, 8)
	if !s.alone {
		kinds = append(kinds, deactivatesKey, reactivatesKey, deletesKey)
	}
	return addEvents(kinds, happening{callsSTS, s.proofs}, happening{signsWith, s.signers}, happening{deniesLastUse, s.denials},
		happening{managesKey, s.others}, happening{lagsBehind, s.lags})
}

func (s scope) userEvents() []eventKind {
	return addEvents(make([]eventKind, 0, 5), happening{createsKey, !s.alone}, happening{recreatesUser, s.recreation},
		happening{renamesUser, s.renames}, happening{provesCurrent, s.proofs}, happening{hidesUser, s.unknown})
}

// happening is a kind of event, and whether it happens in a scope.
type happening struct {
	kind eventKind
	on   bool
}

func addEvents(to []eventKind, all ...happening) []eventKind {
	for _, h := range all {
		if h.on {
			to = append(to, h.kind)
		}
	}
	return to
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
	for value := range max(sim.rec.config.recipients, sim.rec.sealed) + 2 {
		if s.recipients {
			to(func(v *config) { v.seal(value, never) })
			to(func(v *config) { v.seal(value, s.step()) })
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
	var all []simulation
	for mode := uint8(0); int(mode) < len(s.modes); mode++ {
		for _, hold := range []bool{false, true} {
			for _, paused := range []bool{false, true} {
				if hold && !s.hold || paused && !s.paused {
					continue
				}
				sim := simulation{config: config{mode: mode, hold: hold, paused: paused}, brokenByOthers: true, signed: never}
				sim.rec.inactiveSince, sim.rec.deactivated, sim.rec.managed = never, never, never
				all = append(all, s.creates(sim)...)
				sim.brokenByOthers, sim.rec.exists, sim.rec.managed = false, true, 0
				for _, created := range s.importAges() {
					all = append(all, s.imports(sim, created)...)
				}
			}
		}
	}
	return all
}

// importAges are the ages of keys that are imported: 3 units, and with a spread one that was due before.
func (s scope) importAges() []age {
	ages := []age{3 * s.step()}
	if len(s.durations) > 0 && s.durations[0].spread > 0 {
		ages = append(ages, s.durations[0].interval()-s.step(), s.durations[0].interval()+s.step())
	}
	return ages
}

func startKey(r role, st status, created age) simKey {
	k := simKey{created: created, used: never, inactiveFor: never, status: st, role: r, published: r == current}
	if st == inactive {
		k.inactiveFor = 0
	}
	return k
}

// creates returns sim before a create, beside the keys that may be there.
func (s scope) creates(sim simulation) []simulation {
	all := []simulation{sim}
	for _, st := range []status{active, inactive} {
		one := sim
		one.keys[0] = startKey(unmanaged, st, 3*s.step())
		two := one
		two.keys[1] = startKey(unmanaged, active, 3*s.step())
		all = append(all, one, two)
	}
	return all
}

// imports returns sim right after an import of a key of that age, alone and beside another.
func (s scope) imports(one simulation, created age) []simulation {
	one.keys[0] = startKey(current, active, created)
	all := []simulation{one}
	if s.recipients {
		blank := one
		blank.rec.imported = true
		all = append(all, blank)
	}
	for _, st := range []status{active, inactive} {
		foreign, two := one, one
		foreign.keys[1] = startKey(unmanaged, st, created)
		two.keys[1], two.rec.previous = startKey(previous, st, created), true
		if st == inactive {
			two.rec.deactivated = 0
		}
		all = append(all, foreign, two)
	}
	return all
}
