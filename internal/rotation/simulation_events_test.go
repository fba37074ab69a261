package rotation_test

import "fmt"

// eventKind is what happens between two looks of the provider.
type eventKind uint8

const (
	waits eventKind = iota
	usesKey
	deactivatesKey
	reactivatesKey
	deletesKey
	createsKey
	recreatesUser
	signsWith
	edits
)

func (k eventKind) String() string {
	return [...]string{
		"time passes", "somebody uses key", "somebody deactivates key", "somebody reactivates key", "somebody deletes key",
		"somebody creates a key", "somebody deletes and re-creates the user", "we sign with key", "somebody edits the configuration to",
	}[k]
}

// event is something that happens, and to which key, for how long, or to which configuration.
type event struct {
	kind   eventKind
	key    int
	by     age
	config config
}

func (e event) String() string {
	switch e.kind {
	case waits:
		return fmt.Sprintf("%v: %v", e.kind, e.by.duration())
	case edits:
		return fmt.Sprintf("%v %+v", e.kind, e.config)
	case createsKey, recreatesUser:
		return e.kind.String()
	case usesKey, deactivatesKey, reactivatesKey, deletesKey, signsWith:
	}
	return fmt.Sprintf("%v %d", e.kind, e.key)
}

// can reports whether the event is possible and changes something.
func (sim *simulation) can(e event) bool {
	if e.kind == createsKey {
		return sim.free() >= 0
	}
	if e.kind == signsWith && e.key < 0 {
		return sim.keys[0].signs || sim.keys[1].signs
	}
	var k simKey
	if e.key >= 0 {
		k = sim.keys[e.key]
	}
	switch e.kind {
	case usesKey:
		return k.status == active && (k.used != 0 || k.usedSTS)
	case deactivatesKey:
		return k.status == active
	case reactivatesKey:
		return k.status == inactive
	case deletesKey:
		return k.status != gone
	case signsWith:
		return k.status == active && !k.signs
	case edits:
		return sim.config != e.config
	case recreatesUser:
		return sim.rec.exists
	case waits, createsKey:
	}
	return true
}

// after returns the simulation after an event that is possible.
func (sim simulation) after(e event) simulation {
	switch e.kind {
	case waits:
		sim.wait(e.by)
	case usesKey:
		sim.keys[e.key].used, sim.keys[e.key].usedSTS = 0, false
	case deactivatesKey, reactivatesKey:
		sim.changeStatus(e)
	case deletesKey:
		sim.remove(e.key)
	case createsKey:
		sim.keys[sim.free()] = simKey{status: active, used: never, inactiveFor: never, newerThanCurrent: sim.hasOlderCurrent()}
	case recreatesUser:
		sim.remove(0)
		sim.remove(1)
		sim.recreated = true
	case signsWith:
		for i := range sim.keys {
			sim.keys[i].signs = i == e.key
		}
	case edits:
		sim.config = e.config
	}
	return sim
}

func (sim *simulation) wait(d age) {
	for i := range sim.keys {
		k := &sim.keys[i]
		if k.status != gone {
			for _, a := range []*age{&k.created, &k.used, &k.inactiveFor, &k.overlapFor} {
				*a = a.plus(d, farFuture)
			}
		}
	}
	for _, a := range []*age{&sim.rec.created, &sim.rec.inactiveSince, &sim.rec.replaced, &sim.rec.deactivated} {
		*a = a.plus(d, farFuture)
	}
	for _, s := range []*config{&sim.rec.config, &sim.config} {
		if s.expires != never {
			s.expires = max(s.expires-d, 0)
		}
	}
}

// changeStatus changes the status of a key, as somebody else does.
func (sim *simulation) changeStatus(e event) {
	k := &sim.keys[e.key]
	if e.kind == reactivatesKey {
		k.status = active
		if k.published && !k.revoked {
			sim.brokenByOthers = false
		}
		return
	}
	if !sim.recordedInactive(*k) {
		k.inactiveFor, k.deactivatedByUs = 0, false
	}
	k.status = inactive
	sim.brokenByOthers = sim.brokenByOthers || k.published
}

func (sim *simulation) remove(i int) {
	k := sim.keys[i]
	if k.status == gone {
		return
	}
	sim.brokenByOthers = sim.brokenByOthers || k.published
	if k.role == current {
		sim.rec.created = k.created
	}
	sim.keys[i] = simKey{}
}
