package rotation_test

import (
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// scope is one search: what may be edited and what may happen in it.
type scope struct {
	name  string
	terms []terms
	modes []rotation.UnmanagedKeys
	// what may be edited.
	hold, paused, rotate, revoke, mode, recipients bool
	// what may happen.
	signers, recreation, blind, noProof bool
	// stacked allows to edit again before an apply, beyond taking the edit back.
	stacked bool
	// slack is how much longer than any term some ages are told apart.
	slack age
}

func hours(rotateAfter, overlap, grace, guard age) terms {
	return terms{rotateAfter * hour, overlap * hour, grace * hour, guard * hour}
}

var (
	usual    = hours(4, 1, 1, 2)
	brief    = hours(3, 1, 1, 1)
	careless = hours(4, 2, 1, 0)
	hasty    = hours(3, 0, 0, 0)
	refuse   = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged}
	anyMode  = []rotation.UnmanagedKeys{rotation.RefuseUnmanaged, rotation.RetireUnmanaged, rotation.DeleteUnused}
)

// scopes are the searches, the largest first.
var scopes = []scope{
	{name: "held revocations", terms: []terms{brief}, modes: refuse, hold: true, revoke: true},
	{name: "terms", terms: []terms{usual, hasty}, modes: refuse},
	{name: "unmanaged", terms: []terms{brief}, modes: anyMode, mode: true},
	{name: "signer", terms: []terms{hours(2, 0, 1, 0)}, modes: refuse, signers: true, revoke: true},
	{name: "revocations", terms: []terms{brief}, modes: refuse, revoke: true, noProof: true},
	{name: "interrupted revocations", terms: []terms{hours(2, 0, 1, 0)}, modes: anyMode[2:], revoke: true},
	{name: "held rotations", terms: []terms{brief}, modes: refuse, hold: true, rotate: true, stacked: true},
	{name: "held adoptions", terms: []terms{hours(2, 0, 1, 0)}, modes: anyMode[1:2], hold: true, revoke: true},
	{name: "hold and pause", terms: []terms{brief}, modes: refuse, hold: true, paused: true},
	{name: "rotations", terms: []terms{usual}, modes: refuse, rotate: true},
	{name: "adopted", terms: []terms{brief}, modes: anyMode[1:2], rotate: true},
	{name: "blind", terms: []terms{careless}, modes: anyMode[1:2], blind: true, slack: hour},
	{name: "blind and careful", terms: []terms{usual}, modes: anyMode, blind: true},
	{name: "recipients", terms: []terms{hours(2, 0, 1, 0)}, modes: refuse, recipients: true},
	{name: "life", terms: []terms{usual}, modes: refuse, recreation: true, slack: hour},
}

func (s scope) laws() *laws {
	l := &laws{terms: s.terms, modes: s.modes, blind: s.blind, proof: !s.noProof}
	for _, t := range s.terms {
		quiet := max(t.grace, t.guard) + s.slack
		l.limits.current = max(l.limits.current, t.rotateAfter)
		l.limits.used = max(l.limits.used, quiet)
		l.limits.over = max(l.limits.over, t.overlap+quiet)
		l.limits.dark = max(l.limits.dark, t.grace+s.slack)
	}
	l.limits.other = l.limits.used
	return l
}

// events are all that can happen in w.
func (s scope) events(buf []event, w *world) []event {
	buf = append(buf[:0], event{deed: waits, by: hour})
	add := func(e event) {
		if w.can(e) {
			buf = append(buf, e)
		}
	}
	for i := range w.keys {
		for _, d := range []deed{usesKey, deactivatesKey, reactivatesKey, deletesKey} {
			add(event{deed: d, key: i})
		}
		if s.signers {
			add(event{deed: signsWith, key: i})
		}
	}
	if s.signers {
		add(event{deed: signsWith, key: -1})
	}
	add(event{deed: createsKey})
	if s.recreation && !w.recreated {
		add(event{deed: recreatesUser})
	}
	return s.edits(buf, w)
}

func (s scope) edits(buf []event, w *world) []event {
	if !w.rec.exists {
		return buf
	}
	to := func(change func(*setting)) {
		want := w.want
		change(&want)
		if want != w.want && (s.stacked || !w.edited() || want == w.rec.setting || !w.rec.known) {
			buf = append(buf, event{deed: edits, want: want})
		}
	}
	if s.hold {
		to(func(v *setting) { v.hold = !v.hold })
	}
	if s.paused {
		to(func(v *setting) { v.paused = !v.paused })
	}
	for i := uint8(0); int(i) < len(s.terms); i++ {
		to(func(v *setting) { v.terms = i })
	}
	for i := uint8(0); s.mode && int(i) < len(s.modes); i++ {
		to(func(v *setting) { v.mode = i })
	}
	for value := range w.rec.setting.rotate + 2 {
		if s.rotate {
			to(func(v *setting) { v.rotate = value })
		}
	}
	for value := range w.rec.setting.revoke + 2 {
		if s.revoke {
			to(func(v *setting) { v.revoke = value })
		}
	}
	for value := range w.rec.setting.recipients + 2 {
		if s.recipients {
			to(func(v *setting) { v.seal(value, never) })
			to(func(v *setting) { v.seal(value, hour) })
		}
	}
	return buf
}

// seal changes the recipients, of whom the first expires after some time.
func (s *setting) seal(recipients uint8, expires age) {
	if recipients == 0 {
		expires = 0
	}
	s.recipients, s.expires = recipients, expires
}

// starts are the worlds before a create, and right after each kind of import.
func (s scope) starts() []world {
	key := func(r role, st status) iamKey {
		k := iamKey{made: 3 * hour, used: never, dark: never, status: st, role: r, published: r == current}
		if st == inactive {
			k.dark = 0
		}
		return k
	}
	var all []world
	for mode := uint8(0); int(mode) < len(s.modes); mode++ {
		for _, hold := range []bool{false, true} {
			for _, paused := range []bool{false, true} {
				if hold && !s.hold || paused && !s.paused {
					continue
				}
				w := world{want: setting{mode: mode, hold: hold, paused: paused}, excused: true}
				w.rec.inactiveSince, w.rec.deactivated = never, never
				all = append(all, w)
				for _, st := range []status{active, inactive} {
					one := w
					one.keys[0] = key(unmanaged, st)
					two := one
					two.keys[1] = key(unmanaged, active)
					all = append(all, one, two)
				}
				one := w
				one.excused, one.rec.exists = false, true
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
