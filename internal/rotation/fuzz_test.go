package rotation_test

import (
	"strings"
	"testing"
)

// maxMoves bounds a walk. The traces that found something were far shorter.
const maxMoves = 200

// walk turns a fuzzer's input into choices, one for each byte. When the input is used up, it chooses 0.
type walk struct{ bytes []byte }

func (f *walk) choose(n uint8) uint8 {
	if len(f.bytes) == 0 {
		return 0
	}
	b := f.bytes[0]
	f.bytes = f.bytes[1:]
	return b % n
}

// age chooses zero, or a duration between a second and some months.
func (f *walk) age() age {
	units := [9]age{0, second, 7 * second, minute, 5 * minute, 15 * minute, hour, 24 * hour, 7 * 24 * hour}
	return units[f.choose(9)]*age(f.choose(16)+1) + age(f.choose(3))*second
}

// environment chooses two policies, within what the provider accepts.
func (f *walk) environment() *environment {
	env := &environment{modes: anyMode, proof: f.choose(2) == 0}
	for range 2 {
		// The two must differ, so that an edit from one to the other is one.
		t := durations{overlap: f.age(), grace: f.age(), unusedFor: f.age(), applyEvery: f.age(), handover: f.choose(2) == 1}
		if len(env.durations) > 0 && t.grace == env.durations[0].grace {
			t.grace++
		}
		shortest := max(t.overlap, t.unusedFor) + t.grace + max(f.age(), second)
		after := t.overlap + t.unusedFor + 3*t.applyEvery
		switch f.choose(4) {
		case 1:
			t.rotateAfter = shortest
		case 2:
			t.maxAge = shortest + after
		case 3:
			t.rotateAfter, t.maxAge = shortest, shortest+after
		}
		if t.interval() > 0 && f.choose(2) == 1 {
			t.spread = f.age()
			t.rotateAfter, t.maxAge = t.lengthen(t.rotateAfter), t.lengthen(t.maxAge)
		}
		env.durations = append(env.durations, t)
	}
	return env
}

// lengthen makes room for the spread.
func (d durations) lengthen(a age) age {
	if a == 0 {
		return 0
	}
	return a + d.spread
}

// event chooses an event that is possible in sim.
func (f *walk) event(sim *simulation) event {
	e := event{kind: eventKind(f.choose(uint8(edits) + 1)), key: int(f.choose(2)), config: sim.config}
	switch e.kind {
	case waits:
		e.by = max(f.age(), second)
	case edits:
		f.edit(&e.config)
	case usesKey, callsSTS, deactivatesKey, reactivatesKey, deletesKey, createsKey, recreatesUser, renamesUser, signsWith, provesCurrent,
		deniesLastUse, managesKey, lagsBehind, hidesUser:
	}
	if e.kind == edits && !sim.rec.exists || !sim.can(e) {
		return event{kind: waits, by: second}
	}
	return e
}

func (f *walk) edit(s *config) {
	switch f.choose(8) {
	case 0:
		s.hold = !s.hold
	case 1:
		s.paused = !s.paused
	case 2:
		s.mode = f.choose(3)
	case 3:
		s.durations = f.choose(2)
	case 4:
		s.rotate = f.choose(3)
	case 5:
		s.revoke = f.choose(3)
	case 6:
		s.seal(f.choose(4), f.expiry())
	case 7:
		s.seal(s.recipients, f.expiry())
	}
}

// expiry chooses after how long a recipient expires.
func (f *walk) expiry() age {
	if f.choose(2) == 0 {
		return never
	}
	return f.age()
}

// fuzzStarts returns the simulations in which a walk may begin.
func fuzzStarts() []simulation {
	return scope{modes: anyMode, hold: true, paused: true, recipients: true}.starts()
}

// FuzzInvariants judges random walks by the invariants of the exhaustive search, with ages in seconds and arbitrary policies.
func FuzzInvariants(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("create, wait, rotate, retire"))
	for seed := range byte(64) {
		// A linear congruence over the bytes; any spread of choices is good enough.
		b := make([]byte, 400)
		for i := range b {
			seed = seed*5 + byte(i)*31 + 17
			b[i] = seed>>3 ^ byte(i)*seed
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		way := &walk{b}
		env := way.environment()
		starts := fuzzStarts()
		sim := env.normalize(starts[int(way.choose(255))%len(starts)])
		trace := []string{sim.String()}
		type next struct {
			simulation simulation
			move       move
		}
		for range maxMoves {
			if len(way.bytes) == 0 {
				return
			}
			e := way.event(&sim)
			var all []next
			x := &explorer{env: env, events: func(*simulation) []event { return []event{e} }}
			x.visit = func(sim simulation, m move) { all = append(all, next{sim, m}) }
			if m, v := x.expand(sim); v != (violation{}) {
				t.Fatalf("%v\ndurations %+v\n%v\nthen %v", v, env.durations, strings.Join(trace, "\n"), m)
			}
			// Half of the moves are the event; the others are outcomes of an apply.
			n := all[0]
			if way.choose(2) == 1 {
				n = all[int(way.choose(255))%len(all)]
			}
			sim = n.simulation
			trace = append(trace, n.move.String(), sim.String())
		}
	})
}
