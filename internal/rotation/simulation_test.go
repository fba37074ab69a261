package rotation_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// age is how many seconds ago something happened; never if it did not. The current time is always the same instant, and waiting
// makes everything older, so that two simulations which differ by the date alone are equal.
type age int32

const (
	never  age = -1
	second age = 1
	minute     = 60 * second
	hour       = 60 * minute
)

// farFuture is longer than any duration of a policy and any age in a simulation.
const farFuture = 100_000 * hour

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
	return age(now.Sub(t) / time.Second) //nolint:gosec // No age exceeds farFuture, which is less than 2^31 seconds.
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

// simKey is one of the user's two slots in IAM, with what is true of the key in it, known to the provider or not.
type simKey struct {
	created, used age
	// inactiveFor is how long the key has been Inactive, as seen by somebody who looks at each apply. IAM keeps no history: a
	// key that was reactivated and deactivated again between two looks is like one that stayed Inactive.
	inactiveFor age
	// overlapFor is how long ago the overlap of the key began.
	overlapFor age
	status     status
	role       role
	// usedSTS reports whether the last use was a call to STS.
	usedSTS bool
	// deactivatedByUs reports whether this resource deactivated it.
	deactivatedByUs bool
	// revoked reports whether a revoke was applied to it.
	revoked bool
	// published reports whether consumers have it: it was current at the last successful apply.
	published bool
	// signs reports whether it signs our own requests.
	signs bool
	// newerThanCurrent reports, for an unmanaged key beside current, whether it was created after current.
	newerThanCurrent bool
}

// unusedFor is how long the key has been unused; since its creation if nobody ever used it.
func (k simKey) unusedFor() age {
	if k.used == never {
		return k.created
	}
	return k.used
}

// neverUsed reports whether nobody used the key, our own proof aside.
func (k simKey) neverUsed() bool {
	return k.used == never || k.usedSTS && k.created-k.used <= 15*minute
}

// durations are those of a policy.
type durations struct {
	rotateAfter, overlap, grace, unusedFor age
}

// config is a policy as the configuration has it. Durations and mode are indexes into the environment, rotate and revoke are
// indexes of a trigger's value, of which 0 is absent.
type config struct {
	durations      uint8
	mode           uint8
	rotate, revoke uint8
	// recipients is 0 for none, or one of two sets.
	recipients uint8
	// expires is after how long the first of the recipients expires: 0 once it has, never if none does. Without recipients it is 0.
	expires      age
	hold, paused bool
}

// expired reports whether there are recipients, and one of them has expired.
func (c config) expired() bool { return c.recipients != 0 && c.expires == 0 }

// record is what the Terraform state holds, except for the keys' roles.
type record struct {
	// created is the age of a current that IAM does not list; zero otherwise.
	created                           age
	inactiveSince                     age
	replaced, deactivated             age
	exists, previous                  bool
	deactivatedByUs, adopted, revoked bool
	// known is false until the first apply after create or import.
	known  bool
	config config
	// sealed are the recipients of current's secret, if only the ciphertext is known; 0 otherwise.
	sealed uint8
	// imported reports whether the secret of current was never known.
	imported bool
}

// simulation is one state of a simulated user: its keys in IAM, the Terraform state and the configuration. It is comparable.
type simulation struct {
	keys   [2]simKey
	rec    record
	config config
	// brokenByOthers reports whether somebody else, or a revoke, disabled the key that consumers have.
	brokenByOthers bool
	recreated      bool
}

// String returns what is not zero.
func (sim simulation) String() string {
	var b strings.Builder
	for _, k := range sim.keys {
		if k.status == gone {
			continue
		}
		fmt.Fprintf(&b, "[%s %s created %v used %v inactive for %v overlap for %v%s] ", [...]string{"unmanaged", "current", "previous"}[k.role],
			[...]string{"gone", "Active", "Inactive"}[k.status], k.created, k.used, k.inactiveFor, k.overlapFor,
			flags(flag{"sts", k.usedSTS}, flag{"deactivated by us", k.deactivatedByUs}, flag{"revoked", k.revoked}, flag{"published", k.published},
				flag{"signs", k.signs}, flag{"newer than current", k.newerThanCurrent}))
	}
	r := sim.rec
	fmt.Fprintf(&b, "record: created %v inactive since %v replaced %v deactivated %v%s applied %+v, configured %+v%s",
		r.created, r.inactiveSince, r.replaced, r.deactivated, flags(flag{"exists", r.exists}, flag{"previous", r.previous},
			flag{"deactivated by us", r.deactivatedByUs}, flag{"adopted", r.adopted}, flag{"revoked", r.revoked}, flag{"known", r.known},
			flag{"imported", r.imported}, flag{"sealed", r.sealed != 0}), r.config, sim.config,
		flags(flag{"broken by others", sim.brokenByOthers}, flag{"recreated", sim.recreated}))
	return b.String()
}

type flag struct {
	name string
	on   bool
}

// flags returns the names of those that are on.
func flags(all ...flag) string {
	s := ""
	for _, f := range all {
		if f.on {
			s += ", " + f.name
		}
	}
	return s
}

func (sim *simulation) find(r role) *simKey {
	for i := range sim.keys {
		if sim.keys[i].status != gone && sim.keys[i].role == r {
			return &sim.keys[i]
		}
	}
	return nil
}

func (sim *simulation) active(r role) bool {
	k := sim.find(r)
	return k != nil && k.status == active
}

// hasOlderCurrent reports whether there is a current that is older than a key created now.
func (sim *simulation) hasOlderCurrent() bool {
	k := sim.find(current)
	return k != nil && k.created > 0
}

// observed returns the key with an age that agrees with newerThanCurrent, which limited ages do not show.
func (sim *simulation) observed(k simKey) simKey {
	cur := sim.find(current)
	if k.role != unmanaged || cur == nil {
		return k
	}
	created := max(k.created, cur.created)
	if k.newerThanCurrent {
		created = min(k.created, cur.created-second)
	}
	if k.usedSTS {
		k.used += created - k.created
	}
	k.created = created
	return k
}

func (sim *simulation) count() int {
	n := 0
	for _, k := range sim.keys {
		if k.status != gone {
			n++
		}
	}
	return n
}

func (sim *simulation) free() int {
	for i, k := range sim.keys {
		if k.status == gone {
			return i
		}
	}
	return -1
}

func (sim *simulation) edited() bool { return !sim.rec.known || sim.rec.config != sim.config }

// recordedInactive reports whether the record has the key as Inactive.
func (sim *simulation) recordedInactive(k simKey) bool {
	return k.role == previous && sim.rec.deactivated != never || k.role == current && sim.rec.inactiveSince != never
}

// environment is what stays the same during a search or a fuzzed walk.
type environment struct {
	durations []durations
	modes     []rotation.UnmanagedKeys
	// lastUseDenied reports whether GetAccessKeyLastUsed is denied.
	lastUseDenied bool
	// proof reports whether a new key is proved to work before it is published.
	proof bool
	// limits are the ages above which nothing changes; zero for none.
	limits limits
}

type limits struct {
	current, other, used, overlapFor, inactiveFor age
}

var (
	triggers   = [3]map[string]string{nil, {"value": "a"}, {"value": "b"}}
	recipients = [3]string{"", "a", "b"}
)

func (env *environment) durationsOf(c config) durations { return env.durations[c.durations] }

func (env *environment) policy(c config) rotation.Policy {
	d := env.durationsOf(c)
	p := rotation.Policy{
		RotateAfter:       d.rotateAfter.duration(),
		Overlap:           d.overlap.duration(),
		Grace:             d.grace.duration(),
		RequireUnusedFor:  d.unusedFor.duration(),
		RotateWhenChanged: triggers[c.rotate],
		RevokeWhenChanged: triggers[c.revoke],
		HoldPrevious:      c.hold,
		Paused:            c.paused,
		UnmanagedKeys:     env.modes[c.mode],
		Recipients:        recipients[c.recipients],
	}
	if c.recipients != 0 && c.expires != never {
		p.SealableUntil = now.Add(c.expires.duration())
	}
	return p
}

// normalize returns one representative of all simulations that the rules can't distinguish from sim.
func (env *environment) normalize(sim simulation) simulation {
	if env.limits != (limits{}) {
		env.limitAges(&sim)
	}
	for i := range sim.keys {
		k := &sim.keys[i]
		if k.status == gone {
			*k = simKey{}
			continue
		}
		if k.status == active && !sim.recordedInactive(*k) {
			k.inactiveFor, k.deactivatedByUs = never, false
		}
		if k.role != previous {
			k.overlapFor = 0
		}
		if k.role == unmanaged {
			k.deactivatedByUs, k.revoked = false, false
		}
	}
	for i := range sim.keys {
		sim.keys[i].newerThanCurrent = sim.keys[i].newerThanCurrent && sim.keys[i].role == unmanaged && sim.find(current) != nil
	}
	if sim.find(previous) == nil {
		sim.rec.replaced, sim.rec.deactivated = 0, never
		sim.rec.deactivatedByUs, sim.rec.adopted, sim.rec.revoked = false, false, false
	}
	if sim.find(current) != nil || !sim.rec.exists {
		sim.rec.created = 0
	}
	sim.renameValues()
	if a, b := sim.keys[0], sim.keys[1]; rank(a) > rank(b) || rank(a) == rank(b) && a.created < b.created {
		sim.keys[0], sim.keys[1] = b, a
	}
	return sim
}

// renameValues renames the recorded trigger values and recipients, since it only matters whether the configured ones differ.
func (sim *simulation) renameValues() {
	rename := func(recorded, configured *uint8) {
		if *recorded == 2 {
			*recorded = 1
			if *configured != 0 {
				*configured = 3 - *configured
			}
		}
	}
	rename(&sim.rec.config.rotate, &sim.config.rotate)
	rename(&sim.rec.config.revoke, &sim.config.revoke)
	if sim.rec.sealed != 0 && sim.rec.sealed == sim.rec.config.recipients {
		sim.rec.sealed = 1
	}
	rename(&sim.rec.config.recipients, &sim.config.recipients)
}

func rank(k simKey) int {
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

func (env *environment) limitAges(sim *simulation) {
	at := env.limits
	for i := range sim.keys {
		k := &sim.keys[i]
		if k.role == current {
			k.created = min(k.created, at.current)
		} else {
			k.created = min(k.created, at.other)
		}
		k.used, k.overlapFor, k.inactiveFor = min(k.used, at.used), min(k.overlapFor, at.overlapFor), min(k.inactiveFor, at.inactiveFor)
		if k.usedSTS && k.used != never {
			k.used = k.created
		}
	}
	sim.rec.created = min(sim.rec.created, hour)
	sim.rec.replaced = min(sim.rec.replaced, at.overlapFor)
	sim.rec.deactivated, sim.rec.inactiveSince = min(sim.rec.deactivated, at.inactiveFor), min(sim.rec.inactiveSince, at.inactiveFor)
}
