package rotation_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// age is how many seconds ago something happened; never when it did not. Now is always the same instant, and waiting makes
// everything older: so two worlds that differ only by their date are one.
type age int32

const (
	never  age = -1
	second age = 1
	minute     = 60 * second
	hour       = 60 * minute
)

// far is longer than any term and any age of a world.
const far = 100_000 * hour

var now = time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)

func (a age) at() time.Time {
	if a == never {
		return time.Time{}
	}
	return now.Add(-a.duration())
}

func (a age) String() string {
	if a == never {
		return "never"
	}
	return a.duration().String()
}

func (a age) duration() time.Duration { return time.Duration(a) * time.Second }

func ageOf(t time.Time) age {
	if t.IsZero() {
		return never
	}
	return age(now.Sub(t) / time.Second) //nolint:gosec // No world is older than far, which is less than 2^31 seconds.
}

// plus is a, longer ago by d, and at most limit.
func (a age) plus(d, limit age) age {
	if a == never {
		return never
	}
	return min(a+d, limit)
}

type status uint8

const (
	gone status = iota
	active
	inactive
)

type role uint8

const (
	unmanaged role = iota
	current
	previous
)

// iamKey is one of the two places for a key that a user has in IAM, with what is true of the key, known to us or not.
type iamKey struct {
	made, used age
	// dark is since when anybody who looked at each apply would call the key Inactive. IAM keeps no history: a key that was
	// reactivated and deactivated again between two looks is like one that stayed Inactive.
	dark age
	// over is since when the overlap of the key runs.
	over   age
	status status
	role   role
	// sts tells that the last use was a call to STS.
	sts bool
	// byUs tells that this resource made it Inactive.
	byUs bool
	// leaked tells that a revoke was carried out against it.
	leaked bool
	// published tells that consumers hold it: it was the current at the last successful apply.
	published bool
	// signs tells that it signs our own requests.
	signs bool
	// newer tells, for an unmanaged key beside current, that it was created after current.
	newer bool
}

// silent is how long the key is unused: since its creation if nobody ever used it.
func (k iamKey) silent() age {
	if k.used == never {
		return k.made
	}
	return k.used
}

// untouched tells that nobody used the key, our own proof aside.
func (k iamKey) untouched() bool {
	return k.used == never || k.sts && k.made-k.used <= 15*minute
}

// terms are the durations of a policy.
type terms struct {
	rotateAfter, overlap, grace, guard age
}

// setting is a policy as the configuration has it: terms is an index, and so are the values of the two triggers, of which 0
// is an absent one.
type setting struct {
	terms          uint8
	mode           uint8
	rotate, revoke uint8
	// recipients are nobody, 0, or one of two sets.
	recipients uint8
	// expires is in how long the first of the recipients expires: 0 once it has, never if none does. Without recipients it is 0.
	expires      age
	hold, paused bool
}

// expired tells that there are recipients and that nothing can be sealed to them any more.
func (s setting) expired() bool { return s.recipients != 0 && s.expires == 0 }

// record is what the state holds.
type record struct {
	// made is the creation of a current that IAM does not list; zero otherwise.
	made                              age
	inactiveSince                     age
	replaced, deactivated             age
	exists, previous                  bool
	deactivatedByUs, adopted, revoked bool
	// known is false until the first apply after create or import.
	known   bool
	setting setting
	// sealed are the recipients of the secret of current, of which there is only the ciphertext then; 0 for none.
	sealed uint8
	// imported tells that there is no secret of current.
	imported bool
}

// world is one state of everything. It is comparable.
type world struct {
	keys [2]iamKey
	rec  record
	want setting
	// excused tells that somebody else, or a revoke, has broken the key that consumers hold.
	excused   bool
	recreated bool
}

// String shows what is not zero.
func (w world) String() string {
	var b strings.Builder
	for _, k := range w.keys {
		if k.status == gone {
			continue
		}
		fmt.Fprintf(&b, "[%s %s made %v used %v dark %v over %v%s] ", [...]string{"unmanaged", "current", "previous"}[k.role],
			[...]string{"gone", "Active", "Inactive"}[k.status], k.made, k.used, k.dark, k.over,
			flags(flag{"sts", k.sts}, flag{"by us", k.byUs}, flag{"leaked", k.leaked}, flag{"published", k.published},
				flag{"signs", k.signs}, flag{"newer", k.newer}))
	}
	r := w.rec
	fmt.Fprintf(&b, "record: made %v inactive since %v replaced %v deactivated %v%s set %+v, want %+v%s", r.made, r.inactiveSince,
		r.replaced, r.deactivated, flags(flag{"exists", r.exists}, flag{"previous", r.previous},
			flag{"deactivated by us", r.deactivatedByUs}, flag{"adopted", r.adopted}, flag{"revoked", r.revoked}, flag{"known", r.known},
			flag{"imported", r.imported}, flag{"sealed", r.sealed != 0}), r.setting, w.want,
		flags(flag{"excused", w.excused}, flag{"recreated", w.recreated}))
	return b.String()
}

type flag struct {
	name string
	on   bool
}

// flags are the names of those that are on.
func flags(all ...flag) string {
	s := ""
	for _, f := range all {
		if f.on {
			s += ", " + f.name
		}
	}
	return s
}

func (w *world) find(r role) *iamKey {
	for i := range w.keys {
		if w.keys[i].status != gone && w.keys[i].role == r {
			return &w.keys[i]
		}
	}
	return nil
}

func (w *world) active(r role) bool {
	k := w.find(r)
	return k != nil && k.status == active
}

// olderCurrent tells that there is a current, and that a key made now is newer.
func (w *world) olderCurrent() bool {
	k := w.find(current)
	return k != nil && k.made > 0
}

// shown is a key with ages by which an unmanaged one is newer than current or not; limited ages do not tell.
func (w *world) shown(k iamKey) iamKey {
	cur := w.find(current)
	if k.role != unmanaged || cur == nil {
		return k
	}
	made := max(k.made, cur.made)
	if k.newer {
		made = min(k.made, cur.made-second)
	}
	if k.sts {
		k.used += made - k.made
	}
	k.made = made
	return k
}

func (w *world) count() int {
	n := 0
	for _, k := range w.keys {
		if k.status != gone {
			n++
		}
	}
	return n
}

func (w *world) free() int {
	for i, k := range w.keys {
		if k.status == gone {
			return i
		}
	}
	return -1
}

func (w *world) edited() bool { return !w.rec.known || w.rec.setting != w.want }

// noted tells that the record has the key as Inactive.
func (w *world) noted(k iamKey) bool {
	return k.role == previous && w.rec.deactivated != never || k.role == current && w.rec.inactiveSince != never
}

// laws are what does not change during a walk through worlds.
type laws struct {
	terms []terms
	modes []rotation.UnmanagedKeys
	// blind: GetAccessKeyLastUsed answers nothing.
	blind bool
	// proof: a new key is tried out before it is published.
	proof bool
	// limits are the ages above which nothing changes; zero for none.
	limits limits
}

type limits struct {
	current, other, used, over, dark age
}

var (
	triggers   = [3]map[string]string{nil, {"value": "a"}, {"value": "b"}}
	recipients = [3]string{"", "a", "b"}
)

func (l *laws) termsOf(s setting) terms { return l.terms[s.terms] }

func (l *laws) policy(s setting) rotation.Policy {
	t := l.termsOf(s)
	p := rotation.Policy{
		RotateAfter:       t.rotateAfter.duration(),
		Overlap:           t.overlap.duration(),
		Grace:             t.grace.duration(),
		RequireUnusedFor:  t.guard.duration(),
		RotateWhenChanged: triggers[s.rotate],
		RevokeWhenChanged: triggers[s.revoke],
		HoldPrevious:      s.hold,
		Paused:            s.paused,
		UnmanagedKeys:     l.modes[s.mode],
		Recipients:        recipients[s.recipients],
	}
	if s.recipients != 0 && s.expires != never {
		p.SealableUntil = now.Add(s.expires.duration())
	}
	return p
}

// normal returns the one form of all worlds that can't be told apart from w.
func (l *laws) normal(w world) world {
	if l.limits != (limits{}) {
		l.limit(&w)
	}
	for i := range w.keys {
		k := &w.keys[i]
		if k.status == gone {
			*k = iamKey{}
			continue
		}
		if k.status == active && !w.noted(*k) {
			k.dark, k.byUs = never, false
		}
		if k.role != previous {
			k.over = 0
		}
		if k.role == unmanaged {
			k.byUs, k.leaked = false, false
		}
	}
	for i := range w.keys {
		w.keys[i].newer = w.keys[i].newer && w.keys[i].role == unmanaged && w.find(current) != nil
	}
	if w.find(previous) == nil {
		w.rec.replaced, w.rec.deactivated = 0, never
		w.rec.deactivatedByUs, w.rec.adopted, w.rec.revoked = false, false, false
	}
	if w.find(current) != nil || !w.rec.exists {
		w.rec.made = 0
	}
	w.settle()
	if a, b := w.keys[0], w.keys[1]; rank(a) > rank(b) || rank(a) == rank(b) && a.made < b.made {
		w.keys[0], w.keys[1] = b, a
	}
	return w
}

// settle renames the recorded trigger values and recipients: only whether the wanted ones differ matters.
func (w *world) settle() {
	rename := func(recorded, wanted *uint8) {
		if *recorded == 2 {
			*recorded = 1
			if *wanted != 0 {
				*wanted = 3 - *wanted
			}
		}
	}
	rename(&w.rec.setting.rotate, &w.want.rotate)
	rename(&w.rec.setting.revoke, &w.want.revoke)
	if w.rec.sealed != 0 && w.rec.sealed == w.rec.setting.recipients {
		w.rec.sealed = 1
	}
	rename(&w.rec.setting.recipients, &w.want.recipients)
}

func rank(k iamKey) int {
	switch {
	case k.status == gone:
		return 3
	case k.role == current:
		return 0
	case k.role == previous:
		return 1
	default:
		return 2
	}
}

func (l *laws) limit(w *world) {
	at := l.limits
	for i := range w.keys {
		k := &w.keys[i]
		if k.role == current {
			k.made = min(k.made, at.current)
		} else {
			k.made = min(k.made, at.other)
		}
		k.used, k.over, k.dark = min(k.used, at.used), min(k.over, at.over), min(k.dark, at.dark)
		if k.sts && k.used != never {
			k.used = k.made
		}
	}
	w.rec.made = min(w.rec.made, hour)
	w.rec.replaced = min(w.rec.replaced, at.over)
	w.rec.deactivated, w.rec.inactiveSince = min(w.rec.deactivated, at.dark), min(w.rec.inactiveSince, at.dark)
}
