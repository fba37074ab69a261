package rotation_test

import "fmt"

// packed is a simulation in few bytes, with ages in units of the environment.
type packed [26]byte

// noAge stands for never in a packed simulation.
const noAge = 255

// packer writes or reads a packed simulation, field by field.
type packer struct {
	bytes packed
	unit  age
	// at is the next byte. Bits holds those that are not written yet, or read but not used yet.
	at, held int
	bits     uint32
	reads    bool
}

func (p *packer) age(a *age) {
	if p.reads {
		*a = never
		if b := p.bytes[p.at]; b != noAge {
			*a = age(b) * p.unit
		}
	} else {
		n := *a / p.unit
		switch {
		case *a == never:
			n = noAge
		case *a%p.unit != 0 || n >= noAge:
			panic(fmt.Sprintf("age %v can't be packed", *a))
		}
		p.bytes[p.at] = byte(n)
	}
	p.at++
}

// number packs a small number into that many bits.
func (p *packer) number(n *uint8, bits int) {
	if p.reads {
		for p.held < bits {
			p.bits |= uint32(p.bytes[p.at]) << p.held
			p.at, p.held = p.at+1, p.held+8
		}
		*n = uint8(p.bits & (1<<bits - 1)) //nolint:gosec // No number has more than 8 bits.
		p.bits, p.held = p.bits>>bits, p.held-bits
		return
	}
	if *n >= 1<<bits {
		panic(fmt.Sprintf("%d does not fit into %d bits", *n, bits))
	}
	p.bits |= uint32(*n) << p.held
	p.held += bits
	for p.held >= 8 {
		p.bytes[p.at] = byte(p.bits & 0xff)
		p.at, p.bits, p.held = p.at+1, p.bits>>8, p.held-8
	}
}

func (p *packer) flags(all ...*bool) {
	for _, f := range all {
		var n uint8
		if *f {
			n = 1
		}
		p.number(&n, 1)
		*f = n == 1
	}
}

func (p *packer) simulation(sim *simulation) {
	r := &sim.rec
	for i := range sim.keys {
		k := &sim.keys[i]
		p.age(&k.created)
		p.age(&k.used)
		p.age(&k.inactiveFor)
		p.age(&k.overlapFor)
	}
	for _, a := range []*age{
		&r.created, &r.inactiveSince, &r.replaced, &r.deactivated, &r.managed, &r.config.expires, &sim.config.expires, &sim.signed,
		&sim.behind,
	} {
		p.age(a)
	}
	for i := range sim.keys {
		k := &sim.keys[i]
		p.number((*uint8)(&k.status), 2)
		p.number((*uint8)(&k.role), 2)
		p.flags(&k.usedSTS, &k.usedByUs, &k.usedSinceReplaced, &k.deactivatedByUs, &k.revoked, &k.published, &k.signs,
			&k.newerThanCurrent, &k.oldAtReplaced, &k.excused, &k.useDenied, &k.other, &k.stale)
	}
	for _, c := range []*config{&r.config, &sim.config} {
		p.number(&c.durations, 1)
		p.number(&c.mode, 2)
		p.number(&c.rotate, 2)
		p.number(&c.revoke, 2)
		p.number(&c.recipients, 2)
		p.flags(&c.hold, &c.paused)
	}
	p.number(&r.sealed, 2)
	p.number(&r.id, 1)
	p.flags(&r.exists, &r.previous, &r.deactivatedByUs, &r.adopted, &r.revoked, &r.known, &r.imported, &r.request.rotate,
		&r.request.recipients, &sim.brokenByOthers, &sim.recreated, &sim.renamed, &sim.unknown)
	if !p.reads && p.held > 0 {
		p.bytes[p.at] = byte(p.bits & 0xff)
	}
}

func (env *environment) pack(sim simulation) packed {
	p := packer{unit: env.unit}
	p.simulation(&sim)
	return p.bytes
}

func (env *environment) unpack(b packed) simulation {
	var sim simulation
	p := packer{unit: env.unit, bytes: b, reads: true}
	p.simulation(&sim)
	return sim
}
