package rotation_test

import "fmt"

// eventKind is what happens between two looks of the provider.
type eventKind uint8

const (
	waits eventKind = iota
	usesKey
	callsSTS
	deactivatesKey
	reactivatesKey
	deletesKey
	createsKey
	recreatesUser
	renamesUser
	signsWith
	provesCurrent
	deniesLastUse
	managesKey
	lagsBehind
	hidesUser
	edits
)

func (k eventKind) String() string {
	return [...]string{
		"time passes", "somebody uses key", "somebody calls STS with key", "somebody deactivates key", "somebody reactivates key",
		"somebody deletes key", "somebody creates a key", "somebody deletes and re-creates the user", "somebody renames the user, or back",
		"we sign with key, or no longer", "we call STS with current", "the last use is denied, or no longer, of key",
		"another resource manages, or no longer, key", "lists are behind, or no longer, about key",
		"nothing proves any more, or again, what became of the user", "somebody edits the configuration to",
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
	case createsKey, recreatesUser, renamesUser, provesCurrent, hidesUser:
		return e.kind.String()
	case usesKey, callsSTS, deactivatesKey, reactivatesKey, deletesKey, signsWith, deniesLastUse, managesKey, lagsBehind:
	}
	return fmt.Sprintf("%v %d", e.kind, e.key)
}

// can reports whether the event is possible and changes something.
func (sim *simulation) can(e event) bool {
	k := sim.keys[e.key]
	switch e.kind {
	case usesKey:
		return k.status == active && (k.used != 0 || k.usedSTS || k.usedByUs)
	case callsSTS:
		return k.status == active && (k.used != 0 || k.usedByUs)
	case deactivatesKey:
		return k.status == active
	case reactivatesKey:
		return k.status == inactive
	case deletesKey, deniesLastUse:
		return k.status != gone
	case managesKey:
		return k.status != gone && k.role == unmanaged
	case lagsBehind:
		if k.stale {
			return true
		}
		k.stale = true
		return k.status != gone && sim.settles(k)
	case signsWith:
		return k.status == active || k.signs
	case edits:
		return sim.config != e.config
	case recreatesUser:
		return sim.rec.exists && !sim.recreated
	case renamesUser:
		return sim.rec.exists && !sim.recreated
	case hidesUser:
		return sim.rec.exists
	case provesCurrent:
		return sim.active(current) && !sim.find(current).usedByUs
	case createsKey:
		return sim.free() >= 0
	case waits:
	}
	return true
}

// after returns the simulation after an event that is possible.
func (sim simulation) after(e event) simulation {
	k := &sim.keys[e.key]
	switch e.kind {
	case waits:
		sim.wait(e.by)
	case usesKey:
		k.use(false)
	case callsSTS:
		k.use(true)
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
	case renamesUser:
		sim.renamed = !sim.renamed
	case hidesUser:
		sim.unknown = !sim.unknown
	case signsWith:
		k.signs = !k.signs
	case provesCurrent:
		cur := sim.find(current)
		cur.use(true)
		cur.usedByUs, sim.signed = true, 0
	case deniesLastUse:
		k.useDenied = !k.useDenied
	case managesKey:
		k.other = !k.other
	case lagsBehind:
		k.stale = !k.stale
	case edits:
		sim.config = e.config
	}
	return sim
}

// use notes a use by somebody.
func (k *simKey) use(sts bool) {
	k.used, k.usedSTS, k.usedByUs, k.usedSinceReplaced = 0, sts, false, true
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
	r := &sim.rec
	for _, a := range []*age{&r.created, &r.inactiveSince, &r.replaced, &r.deactivated, &r.managed, &sim.signed, &sim.behind} {
		*a = a.plus(d, farFuture)
	}
	for i := range sim.keys {
		sim.keys[i].stale = sim.keys[i].stale && sim.settles(sim.keys[i])
	}
	for _, s := range []*config{&sim.rec.config, &sim.config} {
		if s.expires != never {
			s.expires = max(s.expires-d, 0)
		}
	}
}

// changeStatus changes the status of a key, as somebody else does. Lists that were behind show the new status.
func (sim *simulation) changeStatus(e event) {
	k := &sim.keys[e.key]
	k.stale = false
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
