package rotation_test

import (
	"slices"
	"strings"
	"testing"
)

// maxMoves bounds a walk; the longest traces that matter are far shorter.
const maxMoves = 200

// walk is a fuzzer's input as a way through worlds that differ by seconds. Each byte is a choice; a spent input chooses 0.
type walk struct{ bytes []byte }

func (f *walk) choose(n uint8) uint8 {
	if len(f.bytes) == 0 {
		return 0
	}
	b := f.bytes[0]
	f.bytes = f.bytes[1:]
	return b % n
}

// age is a duration between a second and some months; zero is as likely as each unit.
func (f *walk) age() age {
	units := [9]age{0, second, 7 * second, minute, 5 * minute, 15 * minute, hour, 24 * hour, 7 * 24 * hour}
	return units[f.choose(9)]*age(f.choose(16)+1) + age(f.choose(3))*second
}

// laws are two policies, as wild as the provider accepts them.
func (f *walk) laws() *laws {
	l := &laws{modes: anyMode, blind: f.choose(8) == 7, proof: f.choose(2) == 0}
	for range 2 {
		// The two differ, since an edit from one to the other is one.
		t := terms{overlap: f.age(), grace: f.age(), guard: f.age()}
		if len(l.terms) > 0 && t.grace == l.terms[0].grace {
			t.grace++
		}
		if f.choose(4) > 0 {
			t.rotateAfter = max(t.overlap, t.guard) + t.grace + max(f.age(), second)
		}
		l.terms = append(l.terms, t)
	}
	return l
}

// event is one that can happen in w.
func (f *walk) event(w *world) event {
	e := event{deed: deed(f.choose(uint8(edits) + 1)), key: int(f.choose(2)), want: w.want}
	switch e.deed {
	case waits:
		e.by = max(f.age(), second)
	case edits:
		f.edit(&e.want)
	case signsWith:
		e.key -= int(f.choose(2))
	case usesKey, deactivatesKey, reactivatesKey, deletesKey, createsKey, recreatesUser:
	}
	if e.deed == edits && !w.rec.exists || !w.can(e) {
		return event{deed: waits, by: second}
	}
	return e
}

func (f *walk) edit(s *setting) {
	switch f.choose(8) {
	case 0:
		s.hold = !s.hold
	case 1:
		s.paused = !s.paused
	case 2:
		s.mode = f.choose(3)
	case 3:
		s.terms = f.choose(2)
	case 4:
		s.rotate = f.choose(3)
	case 5:
		s.revoke = f.choose(3)
	case 6:
		s.seal(f.choose(3), f.expiry())
	case 7:
		s.seal(s.recipients, f.expiry())
	}
}

// expiry is in how long a recipient expires.
func (f *walk) expiry() age {
	if f.choose(2) == 0 {
		return never
	}
	return f.age()
}

// fuzzStarts are the worlds in which a walk may begin.
func fuzzStarts() []world {
	return scope{modes: anyMode, hold: true, paused: true, recipients: true}.starts()
}

// revokeSeeds are walks under delete_unused, without any term, in which a revoke is asked for while current is Inactive or gone
// and the other key is the only Active one: left by a revoke that was killed, older than current, beside a key of somebody else.
func revokeSeeds() [][]byte {
	from := func(keys int) []byte {
		start := slices.IndexFunc(fuzzStarts(), func(w world) bool {
			return w.want == setting{mode: 2} && w.active(current) && w.count() == keys && (keys == 1 || w.active(unmanaged))
		})
		return append(make([]byte, 22), byte(start)) //nolint:gosec // There are fewer starts than 255.
	}
	apply := func(way byte) []byte { return []byte{byte(waits), 0, 0, 0, 0, 1, way} }
	happen := func(d deed) []byte { return []byte{byte(d), 0, 0} }
	revoke := []byte{byte(edits), 0, 5, 1, 0}
	const succeeds, diesWhole = 1, 4
	return [][]byte{
		slices.Concat(from(1), apply(succeeds), revoke, apply(diesWhole), apply(succeeds)),
		slices.Concat(from(2), apply(succeeds), happen(deactivatesKey), revoke, apply(succeeds)),
		slices.Concat(from(2), apply(succeeds), happen(deletesKey), happen(usesKey), happen(deactivatesKey), happen(createsKey), revoke,
			apply(succeeds)),
	}
}

// FuzzInvariants judges walks by the invariants of the exhaustive search, with ages to the second and policies of any shape.
func FuzzInvariants(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte("create, wait, rotate, retire"))
	for seed := range byte(64) {
		// A linear congruence over the bytes: any spread of choices will do.
		b := make([]byte, 400)
		for i := range b {
			seed = seed*5 + byte(i)*31 + 17
			b[i] = seed>>3 ^ byte(i)*seed
		}
		f.Add(b)
	}
	for _, seed := range revokeSeeds() {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		way := &walk{b}
		l := way.laws()
		starts := fuzzStarts()
		w := l.normal(starts[int(way.choose(255))%len(starts)])
		trace := []string{w.String()}
		type next struct {
			world world
			move  move
		}
		for range maxMoves {
			if len(way.bytes) == 0 {
				return
			}
			e := way.event(&w)
			var all []next
			x := &explorer{laws: l, events: func(*world) []event { return []event{e} }}
			x.visit = func(w world, m move) { all = append(all, next{w, m}) }
			if m, v := x.expand(w); v != (violation{}) {
				t.Fatalf("%v\nterms %+v\n%v\nthen %v", v, l.terms, strings.Join(trace, "\n"), m)
			}
			// Half of the moves are the event; the others are ways for an apply to go.
			n := all[0]
			if way.choose(2) == 1 {
				n = all[int(way.choose(255))%len(all)]
			}
			w = n.world
			trace = append(trace, n.move.String(), w.String())
		}
	})
}
