package rotation_test

import "fmt"

// deed is what happens to a world between two looks of ours.
type deed uint8

const (
	waits deed = iota
	usesKey
	deactivatesKey
	reactivatesKey
	deletesKey
	createsKey
	recreatesUser
	signsWith
	edits
)

func (d deed) String() string {
	return [...]string{
		"time passes", "somebody uses key", "somebody deactivates key", "somebody reactivates key", "somebody deletes key",
		"somebody creates a key", "somebody deletes and re-creates the user", "we sign with key", "somebody edits the configuration to",
	}[d]
}

// event is a deed: on which key, for how long, to which setting.
type event struct {
	deed deed
	key  int
	by   age
	want setting
}

func (e event) String() string {
	switch e.deed {
	case waits:
		return fmt.Sprintf("%v: %v", e.deed, e.by.duration())
	case edits:
		return fmt.Sprintf("%v %+v", e.deed, e.want)
	case createsKey, recreatesUser:
		return e.deed.String()
	case usesKey, deactivatesKey, reactivatesKey, deletesKey, signsWith:
	}
	return fmt.Sprintf("%v %d", e.deed, e.key)
}

// can reports whether the event can happen in w and changes something.
func (w *world) can(e event) bool {
	if e.deed == createsKey {
		return w.free() >= 0
	}
	if e.deed == signsWith && e.key < 0 {
		return w.keys[0].signs || w.keys[1].signs
	}
	var k iamKey
	if e.key >= 0 {
		k = w.keys[e.key]
	}
	switch e.deed {
	case usesKey:
		return k.status == active && (k.used != 0 || k.sts)
	case deactivatesKey:
		return k.status == active
	case reactivatesKey:
		return k.status == inactive
	case deletesKey:
		return k.status != gone
	case signsWith:
		return k.status == active && !k.signs
	case edits:
		return w.want != e.want
	case recreatesUser:
		return w.rec.exists
	case waits, createsKey:
	}
	return true
}

// after returns w after an event that can happen.
func (w world) after(e event) world {
	switch e.deed {
	case waits:
		w.wait(e.by)
	case usesKey:
		w.keys[e.key].used, w.keys[e.key].sts = 0, false
	case deactivatesKey, reactivatesKey:
		w.flip(e)
	case deletesKey:
		w.remove(e.key)
	case createsKey:
		w.keys[w.free()] = iamKey{status: active, used: never, dark: never, newer: w.olderCurrent()}
	case recreatesUser:
		w.remove(0)
		w.remove(1)
		w.recreated = true
	case signsWith:
		for i := range w.keys {
			w.keys[i].signs = i == e.key
		}
	case edits:
		w.want = e.want
	}
	return w
}

func (w *world) wait(d age) {
	for i := range w.keys {
		k := &w.keys[i]
		if k.status != gone {
			for _, a := range []*age{&k.made, &k.used, &k.dark, &k.over} {
				*a = a.plus(d, far)
			}
		}
	}
	for _, a := range []*age{&w.rec.made, &w.rec.inactiveSince, &w.rec.replaced, &w.rec.deactivated} {
		*a = a.plus(d, far)
	}
	for _, s := range []*setting{&w.rec.setting, &w.want} {
		if s.expires != never {
			s.expires = max(s.expires-d, 0)
		}
	}
}

// flip is a change of status by somebody else.
func (w *world) flip(e event) {
	k := &w.keys[e.key]
	if e.deed == reactivatesKey {
		k.status = active
		if k.published && !k.leaked {
			w.excused = false
		}
		return
	}
	if !w.noted(*k) {
		k.dark, k.byUs = 0, false
	}
	k.status = inactive
	w.excused = w.excused || k.published
}

func (w *world) remove(i int) {
	k := w.keys[i]
	if k.status == gone {
		return
	}
	w.excused = w.excused || k.published
	if k.role == current {
		w.rec.made = k.made
	}
	w.keys[i] = iamKey{}
}
