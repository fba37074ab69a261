package rotation_test

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// durations are those of a policy, and what belongs to them.
type durations struct {
	rotateAfter, overlap, grace, unusedFor age
	maxAge, applyEvery, spread             age
	handover                               bool
}

// interval is the age at which current is rotated, without the spread; 0 for never.
func (d durations) interval() age {
	if d.rotateAfter > 0 || d.maxAge == 0 {
		return d.rotateAfter
	}
	return d.maxAge - d.overlap - d.unusedFor - 3*d.applyEvery
}

// old is the age at which max_age is near; 0 without it.
func (d durations) old() age {
	if d.maxAge == 0 {
		return 0
	}
	return d.maxAge - 2*d.applyEvery
}

// environment is what stays the same during a search or a fuzzed walk.
type environment struct {
	durations []durations
	modes     []rotation.UnmanagedKeys
	// proof reports whether a new key is proved to work before it is published.
	proof bool
	// appliesOften reports whether an apply follows each wait, and consumers move within the overlap.
	appliesOften bool
	// unit is what all ages are multiples of, if limits are set.
	unit age
	// limits are the ages above which nothing changes; zero for none.
	limits limits
}

type limits struct {
	current, other, used, overlapFor, inactiveFor, managed, lost age
}

var (
	triggers   = [3]map[string]string{nil, {"value": "a"}, {"value": "b"}}
	recipients = [4]string{"", "a", "b", "c"}
	uniqueIDs  = [2]string{"AIDAFIRST", "AIDASECOND"}
)

// timing returns the durations that count: an edit counts from the next plan on.
func (env *environment) timing(sim *simulation) durations {
	if sim.rec.known {
		return env.durations[sim.rec.config.durations]
	}
	return env.durations[sim.config.durations]
}

func (env *environment) policy(c config) rotation.Policy {
	d := env.durations[c.durations]
	p := rotation.Policy{
		RotateAfter:       d.rotateAfter.duration(),
		MaxAge:            d.maxAge.duration(),
		ApplyEvery:        d.applyEvery.duration(),
		RotationSpread:    d.spread.duration(),
		Overlap:           d.overlap.duration(),
		Grace:             d.grace.duration(),
		RequireUnusedFor:  d.unusedFor.duration(),
		WaitForHandover:   d.handover,
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

// untilRotation returns after how long current is due by age, 0 or less once it is; never is false if it has no such date.
func (env *environment) untilRotation(sim *simulation) (after age, ever bool) {
	d := env.timing(sim)
	interval := d.interval()
	if interval == 0 {
		return 0, false
	}
	created := sim.rec.created
	if k := sim.find(current); k != nil {
		created = k.created
	}
	sum := sha256.Sum256([]byte(uniqueIDs[sim.rec.id]))
	place := func(within age) age {
		if within <= 0 {
			return 0
		}
		return age(binary.BigEndian.Uint64(sum[:8]) % uint64(within)) //nolint:gosec // It is less than within.
	}
	after = interval - place(d.spread) - created
	if managed := sim.rec.managed; managed != never && -after > managed {
		left := interval - created + managed
		if left <= 0 {
			left = d.spread
		}
		after = place(left) - managed
	}
	return after, true
}

// due reports whether a clock-driven rotation is due.
func (env *environment) due(sim *simulation) bool {
	if !sim.rec.known {
		return false
	}
	k := sim.find(current)
	switch {
	case sim.recreated:
		return true
	case k == nil:
		return sim.rec.created >= 5*minute || sim.rec.inactiveSince != never
	case k.status == inactive, sim.stillAsked() != pending{}:
		return true
	}
	after, ever := env.untilRotation(sim)
	return ever && after <= 0
}

// stillAsked is what the configuration leaves of the pending request.
func (sim *simulation) stillAsked() pending {
	p := sim.rec.request
	return pending{
		rotate:     p.rotate && sim.config.rotate != 0,
		recipients: p.recipients && sim.rec.sealed != 0 && sim.rec.sealed != sim.config.recipients,
	}
}

// near reports whether the next rotation by age is so near that previous must leave its slot.
func (env *environment) near(sim *simulation) bool {
	d := env.timing(sim)
	after, ever := env.untilRotation(sim)
	return ever && after <= d.grace+2*d.applyEvery
}

// reachesMaxAge reports whether previous is about to reach max_age, and was not yet when its overlap began.
func (env *environment) reachesMaxAge(sim *simulation, k simKey) bool {
	old := env.timing(sim).old()
	return old > 0 && k.created >= old && !env.wasOld(sim, k)
}

// wasOld reports whether previous was about to reach max_age already when its overlap began. Limited ages do not show it.
func (env *environment) wasOld(sim *simulation, k simKey) bool {
	if env.limits != (limits{}) {
		return k.oldAtReplaced
	}
	return k.created-sim.rec.replaced >= env.timing(sim).old()
}
