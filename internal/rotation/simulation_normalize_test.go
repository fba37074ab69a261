package rotation_test

// normalize returns one representative of all simulations that the rules can't distinguish from sim.
func (env *environment) normalize(sim simulation) simulation {
	if env.limits != (limits{}) {
		env.limitAges(&sim)
	}
	cur := sim.find(current)
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
			k.overlapFor, k.oldAtReplaced = 0, false
		}
		if k.role == unmanaged {
			k.deactivatedByUs, k.revoked, k.excused = false, false, false
		} else {
			k.other = false
		}
		k.usedByUs = k.usedByUs && k.used != never && k.role == current
		k.usedSinceReplaced = k.usedSinceReplaced && k.used != never && k.role == current && sim.rec.previous
		k.newerThanCurrent = k.newerThanCurrent && k.role == unmanaged && cur != nil
		k.stale = k.stale && sim.settles(*k)
	}
	if sim.find(previous) == nil {
		sim.rec.replaced, sim.rec.deactivated = 0, never
		sim.rec.deactivatedByUs, sim.rec.adopted, sim.rec.revoked = false, false, false
	}
	if cur != nil || !sim.rec.exists {
		sim.rec.created = 0
	}
	sim.renameValues()
	if a, b := sim.keys[0], sim.keys[1]; rank(a) > rank(b) || rank(a) == rank(b) && a.created < b.created {
		sim.keys[0], sim.keys[1] = b, a
	}
	return sim
}

// renameValues renames the recorded trigger values and recipients, since it only matters which of them are equal.
func (sim *simulation) renameValues() {
	var names [4]uint8
	var n uint8
	rename := func(value *uint8) {
		if *value == 0 {
			return
		}
		if names[*value] == 0 {
			n++
			names[*value] = n
		}
		*value = names[*value]
	}
	for _, values := range [][]*uint8{
		{&sim.rec.config.rotate, &sim.config.rotate},
		{&sim.rec.config.revoke, &sim.config.revoke},
		{&sim.rec.sealed, &sim.rec.config.recipients, &sim.config.recipients},
	} {
		names, n = [4]uint8{}, 0
		for _, value := range values {
			rename(value)
		}
	}
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

// limitAges caps the ages, and drops what can't be seen in them.
func (env *environment) limitAges(sim *simulation) {
	at := env.limits
	sim.limitManaged(at.managed)
	for i := range sim.keys {
		k := &sim.keys[i]
		proved, signed := k.provedAtCreation(), sim.provedByCall(*k)
		switch {
		case k.role != current:
			k.created = min(k.created, at.other)
		case sim.rec.managed == never:
			k.created = min(k.created, at.current)
		}
		k.used, k.overlapFor, k.inactiveFor = min(k.used, at.used), min(k.overlapFor, at.overlapFor), min(k.inactiveFor, at.inactiveFor)
		switch {
		case proved:
			k.used = k.created
		case signed:
			sim.signed = k.used
		default:
			k.usedSTS = false
		}
		if k.role == current && (proved || !k.usedSTS) {
			sim.signed = never
		}
	}
	if sim.find(current) == nil {
		sim.signed = never
	}
	sim.rec.created = min(sim.rec.created, at.lost)
	sim.rec.replaced = min(sim.rec.replaced, at.overlapFor)
	sim.rec.deactivated, sim.rec.inactiveSince = min(sim.rec.deactivated, at.inactiveFor), min(sim.rec.inactiveSince, at.inactiveFor)
	if !env.appliesOften {
		sim.behind = 0
		sim.keys[0].excused, sim.keys[1].excused = false, false
	}
	sim.behind = min(sim.behind, env.unit)
	sim.signed = min(sim.signed, at.used)
}

// limitManaged drops since when the user is managed if a current that was created later makes it irrelevant, and caps it together
// with the age of current otherwise, since the difference of both counts.
func (sim *simulation) limitManaged(limit age) {
	cur := sim.find(current)
	switch {
	case limit == 0 || cur == nil || cur.created <= sim.rec.managed:
		sim.rec.managed = never
	case sim.rec.managed > limit:
		cur.created -= sim.rec.managed - limit
		sim.rec.managed = limit
	}
}

// observed returns the key as IAM shows it, with ages that agree with what limited ages do not show: which came first.
func (env *environment) observed(sim *simulation, k simKey) simKey {
	cur := sim.find(current)
	if env.limits == (limits{}) {
		return k
	}
	created := k.created
	switch {
	case k.role == unmanaged && cur != nil:
		created = max(created, cur.created)
		if k.newerThanCurrent {
			created = min(k.created, cur.created-second)
		}
	case k.role == previous && k.oldAtReplaced:
		created = max(created, env.timing(sim).old()+sim.rec.replaced)
	case k.role == previous && env.timing(sim).old() > 0:
		created = min(created, env.timing(sim).old()+sim.rec.replaced-second)
	case k.role == current && k.used != never && sim.rec.previous && k.usedSinceReplaced && !k.usedSTS:
		k.used = min(k.used, sim.rec.replaced)
	case k.role == current && k.used != never && sim.rec.previous && !k.usedSTS:
		k.used = max(k.used, sim.rec.replaced+second)
	}
	if k.provedAtCreation() {
		k.used += created - k.created
	}
	k.created = created
	return k
}
