package rotation_test

import (
	"slices"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// names are the ids of the keys in the two places; freshKey is the one that the apply under way has made.
var names = [2]string{"first", "second"}

const (
	freshKey = "fresh"
	lostKey  = "lost"
)

// apply is an apply under way: the world, and the same as the code under test sees it.
type apply struct {
	laws *laws
	w    world
	ids  [2]string

	policy rotation.Policy
	rec    rotation.Record
	seen   rotation.Observation
	asked  asked
	// planned are the steps that the plan showed.
	planned []rotation.Step
}

// asked is what changed values ask for, found by comparing the wanted setting with the recorded one.
type asked struct {
	create, rotate, recipients, revoke bool
}

func (a asked) key() bool { return a.create || a.rotate || a.recipients || a.revoke }

func (w *world) asked() asked {
	gained := func(recorded, wanted uint8) bool { return w.rec.known && wanted != 0 && wanted != recorded }
	return asked{
		create:     !w.rec.exists,
		rotate:     w.rec.exists && gained(w.rec.setting.rotate, w.want.rotate),
		revoke:     w.rec.exists && gained(w.rec.setting.revoke, w.want.revoke),
		recipients: w.rec.known && w.rec.sealed != 0 && w.want.recipients != w.rec.setting.recipients,
	}
}

// look begins an apply: it is the Read and the plan.
func (l *laws) look(w world) *apply {
	a := &apply{laws: l, w: w, ids: names, asked: w.asked()}
	a.reload(now)
	return a
}

// reload shows the world of the apply to the code under test, which asks for last uses at that instant.
func (a *apply) reload(at time.Time) {
	w := &a.w
	a.policy = a.laws.policy(w.want)
	a.rec, a.seen = rotation.Record{}, rotation.Observation{Recreated: w.recreated, Keys: make([]rotation.Key, 0, 2)}
	if w.rec.exists {
		a.rec.Current = rotation.Current{
			ID: lostKey, CreatedAt: w.rec.made.at(), InactiveSince: w.rec.inactiveSince.at(), Sealed: w.rec.sealed != 0,
		}
	}
	if w.rec.previous {
		a.rec.Previous = &rotation.Previous{
			ID: lostKey, ReplacedAt: w.rec.replaced.at(), DeactivatedAt: w.rec.deactivated.at(),
			DeactivatedByUs: w.rec.deactivatedByUs, Adopted: w.rec.adopted, Revoked: w.rec.revoked,
		}
	}
	if w.rec.known {
		p := a.laws.policy(w.rec.setting)
		a.rec.Policy = &p
	}
	for i, k := range w.keys {
		if k.status != gone {
			a.show(a.ids[i], k)
		}
	}
	a.ask(at)
}

func (a *apply) show(id string, k iamKey) {
	seen := rotation.Key{ID: id, Status: rotation.Active, CreatedAt: a.w.shown(k).made.at()}
	if k.status == inactive {
		seen.Status = rotation.Inactive
	}
	if k.signs {
		a.seen.Signer = id
	}
	switch k.role {
	case current:
		a.rec.Current.ID, a.rec.Current.CreatedAt = id, seen.CreatedAt
	case previous:
		a.rec.Previous.ID, a.rec.Previous.CreatedAt = id, seen.CreatedAt
	case unmanaged:
	}
	a.seen.Keys = append(a.seen.Keys, seen)
}

// ask looks up the last uses that the provider would look up at that instant.
func (a *apply) ask(at time.Time) {
	if a.laws.blind {
		return
	}
	policy := a.policy
	if a.rec.Policy != nil {
		policy = *a.rec.Policy
	}
	for _, id := range a.rec.KeysNeedingLastUse(policy, a.seen, at) {
		k := a.w.shown(a.w.keys[slices.Index(a.ids[:], id)])
		use := &rotation.Use{At: k.used.at(), Service: "s3"}
		if k.sts {
			use.Service = "sts"
		}
		a.seen.Find(id).LastUse = use
	}
}

// refresh puts into the record what Read finds without a step.
func (a *apply) refresh() {
	a.rec = a.rec.Reconcile(a.seen, now)
	a.read()
}

// take carries a step out, as the provider does, and returns the invariant that breaks, if any.
func (a *apply) take(step rotation.Step) violation {
	before := a.w
	made := rotation.Key{ID: freshKey, Status: rotation.Active, CreatedAt: now, LastUse: &rotation.Use{}}
	out := rotation.Outcome{At: now, NewKey: made, Sealed: a.w.want.recipients != 0}
	a.rec, a.seen = a.rec.After(step, a.seen, out), a.seen.After(step, out)
	if len(a.seen.Keys) > len(a.w.keys) {
		return broken(atMostTwoKeys, "step %+v", step)
	}
	a.read()
	a.remember(step, before)
	return a.judge(step, before)
}

// read takes the statuses, the roles and the record over into the world.
func (a *apply) read() {
	w := &a.w
	for i := range w.keys {
		k := &w.keys[i]
		seen := a.seen.Find(a.ids[i])
		switch {
		case seen == nil && k.status != gone:
			if k.role == current {
				w.rec.made = k.made
			}
			*k = iamKey{}
		case seen != nil && seen.Status == rotation.Active:
			k.status = active
		case seen != nil:
			k.status = inactive
		}
	}
	if a.seen.Find(freshKey) != nil && !a.holds(freshKey) {
		i := w.free()
		a.ids[i] = freshKey
		w.keys[i] = iamKey{status: active, used: never, dark: never}
		if a.laws.proof {
			w.keys[i].used, w.keys[i].sts = 0, true
		}
	}
	for i := range w.keys {
		w.keys[i].role = a.role(a.ids[i])
	}
	w.recreated = a.seen.Recreated
	rec := &w.rec
	rec.exists, rec.previous = a.rec.Current.ID != "", a.rec.Previous != nil
	rec.inactiveSince = ageOf(a.rec.Current.InactiveSince)
	rec.replaced, rec.deactivated = 0, never
	rec.deactivatedByUs, rec.adopted, rec.revoked = false, false, false
	if p := a.rec.Previous; p != nil {
		rec.replaced, rec.deactivated = ageOf(p.ReplacedAt), ageOf(p.DeactivatedAt)
		rec.deactivatedByUs, rec.adopted, rec.revoked = p.DeactivatedByUs, p.Adopted, p.Revoked
	}
}

func (a *apply) holds(id string) bool { return a.ids[0] == id || a.ids[1] == id }

func (a *apply) role(id string) role {
	switch {
	case a.seen.Find(id) == nil:
		return unmanaged
	case id == a.rec.Current.ID:
		return current
	case a.rec.Previous != nil && id == a.rec.Previous.ID:
		return previous
	default:
		return unmanaged
	}
}

// remember keeps what is true after a step without the record's help: when a key became Inactive and by whom, when an
// overlap began, which keys a revoke was carried out against, to whom a secret was sealed.
func (a *apply) remember(step rotation.Step, before world) {
	if step.Kind == rotation.Rotate {
		a.w.rec.sealed, a.w.rec.imported = a.w.want.recipients, false
	}
	for i := range a.w.keys {
		k, old := &a.w.keys[i], before.keys[i]
		switch {
		case k.status == inactive && old.status == active:
			k.dark, k.byUs = 0, true
		case k.status == active && old.status == inactive:
			k.dark, k.byUs, k.over = never, false, 0
		}
		if k.status == gone || a.ids[i] == freshKey {
			continue
		}
		switch step.Kind {
		case rotation.Rotate:
			k.over, k.newer = 0, false
			switch {
			case k.status == active:
				k.dark, k.byUs = never, false
			case old.role == previous:
				k.dark = 0
			}
			if a.asked.revoke && old.role != unmanaged {
				k.leaked = true
				a.w.excused = a.w.excused || k.published
			}
		case rotation.Adopt, rotation.RecordReactivated:
			k.over = 0
		case rotation.RecordDeactivated, rotation.Reactivate, rotation.Deactivate, rotation.DeletePrevious,
			rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		}
	}
}

// cannotSeal tells that the plaintext at hand would have to be sealed to recipients that have expired: the apply fails then,
// whatever the rules of rotation say.
func (a *apply) cannotSeal() bool {
	return a.w.rec.exists && !a.w.rec.imported && a.w.rec.sealed == 0 && a.w.want.expired()
}

// succeed records the configured policy, seals the plaintext that is at hand and publishes current.
func (a *apply) succeed() world {
	w := a.w
	w.rec.known, w.rec.setting = true, w.want
	if !w.rec.imported {
		w.rec.sealed = w.want.recipients
	}
	for i := range w.keys {
		k := &w.keys[i]
		k.published = k.status != gone && k.role == current
		if k.published && a.ids[i] == freshKey {
			w.excused = false
		}
	}
	return w
}

// stop is the world after a failure that the state knows of. A request that made its key is done, whatever failed after.
func (a *apply) stop() world {
	w := a.w
	switch {
	case a.holds(freshKey):
		w.rec.known, w.rec.setting = true, w.want
	case !w.rec.exists:
		w.unrecord()
	}
	return w
}

// unrecord is what a create that made no key leaves: no state.
func (w *world) unrecord() {
	w.rec.previous, w.rec.sealed = false, 0
	w.keys[0].role, w.keys[1].role = unmanaged, unmanaged
}

// crash is the world after a death of the process: IAM is as it is now, the state is the older one. A key that this apply
// made belongs to nobody.
func (a *apply) crash(recorded *apply) world {
	w := a.w
	w.rec, w.recreated, w.excused = recorded.w.rec, recorded.w.recreated, recorded.w.excused
	for i := range w.keys {
		k := &w.keys[i]
		k.role = unmanaged
		if k.published && k.status != active {
			w.excused = a.w.excused
		}
		if k.status == gone {
			if old := recorded.w.keys[i]; old.status != gone && old.role == current {
				w.rec.made = old.made
			}
			continue
		}
		if old := recorded.w.keys[i]; a.ids[i] == recorded.ids[i] {
			k.role, k.leaked, k.over, k.newer = old.role, old.leaked, old.over, old.newer
			if k.status == old.status || k.status == active || w.noted(*k) {
				k.dark, k.byUs = old.dark, old.byUs
			}
		} else {
			k.newer = recorded.w.olderCurrent()
		}
	}
	if !w.rec.exists {
		w.unrecord()
	}
	return w
}
