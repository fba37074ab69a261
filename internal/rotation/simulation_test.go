package rotation_test

import (
	"fmt"
	"strings"
	"time"
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
	// usedSTS reports whether the last use was a call to STS, and usedByUs whether it was our own proof that the key works.
	usedSTS, usedByUs bool
	// usedSinceReplaced reports, for current, whether its last use followed the beginning of previous's overlap.
	usedSinceReplaced bool
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
	// oldAtReplaced reports, for previous, whether it was about to reach max_age already when its overlap began.
	oldAtReplaced bool
	// excused reports whether max_age does not bind it: it was adopted, or overdue when it was imported, or an apply had to leave its
	// rotation or retirement.
	excused bool
	// useDenied reports whether IAM does not answer how the key was used last.
	useDenied bool
	// other reports whether another resource manages the key.
	other bool
	// stale reports whether lists still show the status that the key had before our last change of it.
	stale bool
}

// unusedFor is how long the key has been unused; since its creation if nobody ever used it.
func (k simKey) unusedFor() age {
	if k.used == never {
		return k.created
	}
	return k.used
}

// provedAtCreation reports whether the last use is what IAM shows of our own proof of a new key.
func (k simKey) provedAtCreation() bool {
	return k.used != never && k.usedSTS && k.created-k.used <= 15*minute
}

// neverUsed reports whether nobody used the key, our own proof aside.
func (k simKey) neverUsed() bool { return k.used == never || k.provedAtCreation() }

// listed is the status that lists show.
func (k simKey) listed() status {
	switch {
	case k.stale && k.status == active:
		return inactive
	case k.stale && k.status == inactive:
		return active
	default:
		return k.status
	}
}

// config is a policy as the configuration has it. Durations and mode are indexes into the environment, rotate and revoke are
// indexes of a trigger's value, of which 0 is absent.
type config struct {
	durations      uint8
	mode           uint8
	rotate, revoke uint8
	// recipients is 0 for none, or one of three sets.
	recipients uint8
	// expires is after how long the first of the recipients expires: 0 once it has, never if none does. Without recipients it is 0.
	expires      age
	hold, paused bool
}

// expired reports whether there are recipients, and one of them has expired.
func (c config) expired() bool { return c.recipients != 0 && c.expires == 0 }

// pending is what asks for a rotation that could not be done yet.
type pending struct{ rotate, recipients bool }

// record is what the Terraform state holds, except for the keys' roles.
type record struct {
	// created is the age of a current that IAM does not list; zero otherwise.
	created               age
	inactiveSince         age
	replaced, deactivated age
	// managed is how long this resource has managed the user; never if that is no longer than the age of current.
	managed                           age
	exists, previous                  bool
	deactivatedByUs, adopted, revoked bool
	// known is false until the first apply after create or import.
	known  bool
	config config
	// sealed are the recipients of current's secret, if only the ciphertext is known; 0 otherwise.
	sealed uint8
	// imported reports whether the secret of current was never known.
	imported bool
	request  pending
	// id is the index of the user's unique id.
	id uint8
}

// simulation is one state of a simulated user: its keys in IAM, the Terraform state and the configuration. It is comparable.
type simulation struct {
	keys   [2]simKey
	rec    record
	config config
	// signed is how long ago we last signed a call with current, its proof aside.
	signed age
	// behind is how long ago the last successful apply of a policy that was not edited was, where that counts.
	behind age
	// brokenByOthers reports whether somebody else, or a revoke, disabled the key that consumers have.
	brokenByOthers bool
	recreated      bool
	// renamed reports whether the user has another name than the recorded one.
	renamed bool
	// unknown reports whether nothing proves what became of the user.
	unknown bool
}

// String returns what is not zero.
func (sim simulation) String() string {
	var b strings.Builder
	for _, k := range sim.keys {
		if k.status == gone {
			continue
		}
		fmt.Fprintf(&b, "[%s %s created %v used %v inactive for %v overlap for %v%s] ", [...]string{"unmanaged", "current", "previous"}[k.role],
			[...]string{"gone", "Active", "Inactive"}[k.status], k.created, k.used, k.inactiveFor, k.overlapFor, k.flags())
	}
	r := sim.rec
	fmt.Fprintf(&b, "record: created %v inactive since %v replaced %v deactivated %v managed %v%s sealed to %d applied %+v, "+
		"configured %+v, signed %v%s",
		r.created, r.inactiveSince, r.replaced, r.deactivated, r.managed, flags(flag{"exists", r.exists}, flag{"previous", r.previous},
			flag{"deactivated by us", r.deactivatedByUs}, flag{"adopted", r.adopted}, flag{"revoked", r.revoked}, flag{"known", r.known},
			flag{"imported", r.imported}, flag{"value pending", r.request.rotate}, flag{"recipients pending", r.request.recipients}),
		r.sealed, r.config, sim.config, sim.signed,
		flags(flag{"broken by others", sim.brokenByOthers}, flag{"recreated", sim.recreated}, flag{"renamed", sim.renamed},
			flag{"user unknown", sim.unknown}, flag{"apply is due", sim.behind > 0}))
	return b.String()
}

func (k simKey) flags() string {
	return flags(flag{"sts", k.usedSTS}, flag{"used by us", k.usedByUs}, flag{"used since replaced", k.usedSinceReplaced},
		flag{"deactivated by us", k.deactivatedByUs}, flag{"revoked", k.revoked}, flag{"published", k.published},
		flag{"signs", k.signs}, flag{"newer than current", k.newerThanCurrent}, flag{"old at replacement", k.oldAtReplaced},
		flag{"excused", k.excused}, flag{"last use denied", k.useDenied}, flag{"of another resource", k.other}, flag{"stale", k.stale})
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

// settles reports whether our last step on previous is so recent that a list which contradicts it proves nothing.
func (sim *simulation) settles(k simKey) bool {
	recent := func(a age) bool { return a != never && a < 5*minute }
	switch {
	case k.role != previous:
		return false
	case k.listed() == active:
		return sim.rec.deactivatedByUs && recent(sim.rec.deactivated)
	default:
		return sim.rec.deactivated == never && recent(sim.rec.replaced)
	}
}

// provedByCall reports whether the last use is what IAM shows of a later call that we signed with current.
func (sim *simulation) provedByCall(k simKey) bool {
	return k.role == current && k.used != never && k.usedSTS && sim.signed != never && sim.signed-k.used <= 15*minute &&
		k.used-sim.signed <= minute
}

// recordedInactive reports whether the record has the key as Inactive.
func (sim *simulation) recordedInactive(k simKey) bool {
	return k.role == previous && sim.rec.deactivated != never || k.role == current && sim.rec.inactiveSince != never
}

// handedOver reports whether somebody has used current since it replaced previous, as far as the last use shows.
func (sim *simulation) handedOver() bool {
	k := sim.find(current)
	return k != nil && k.used != never && k.usedSinceReplaced && !k.usedByUs
}
