package rotation

import (
	"maps"
	"slices"
	"time"
)

// The keys of the tables. Current was created on day 0; previous was created on day -90 and replaced on day 0.
const (
	cur    = "AKIACURRENT"
	prev   = "AKIAPREVIOUS"
	other  = "AKIAOTHER"
	third  = "AKIATHIRD"
	newest = "AKIANEWEST"
)

const (
	active   = Active
	inactive = Inactive
	second   = time.Second
	minute   = time.Minute
)

// day is midnight of a day of the tables; day 0 is 2026-03-01.
func day(n int) time.Time { return time.Date(2026, time.March, 1+n, 0, 0, 0, 0, time.UTC) }

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// setup is what a decision is made from, the time aside: the configuration, the record and what IAM shows.
type setup struct {
	policy Policy
	record Record
	seen   Observation
}

// change edits a setup.
type change func(*setup)

// creating is a user without keys, and no state yet.
func creating(changes ...change) setup {
	return setup{policy: standard()}.with(changes...)
}

// settled is a user with the current key alone.
func settled(changes ...change) setup {
	policy := standard()
	return setup{
		policy: standard(),
		record: Record{
			Policy: &policy, User: "ci", UniqueID: "AIDAEXAMPLE", ManagedSince: day(-100), Current: Current{ID: cur, CreatedAt: day(0)},
		},
		seen: Observation{Keys: []Key{{ID: cur, Status: active, CreatedAt: day(0)}}},
	}.with(changes...)
}

// overlapping is a user whose previous key was replaced on day 0, is still Active, and was last used on day -3.
func overlapping(changes ...change) setup {
	return settled(func(s *setup) {
		s.record.Previous = &Previous{ID: prev, CreatedAt: day(-90), ReplacedAt: day(0)}
	}, listed(prev, active, day(-90)), used(prev, day(-3))).with(changes...)
}

// retiring is a user whose previous key this resource deactivated on day 7.
func retiring(changes ...change) setup {
	return overlapping(is(prev, inactive), deactivated(day(7))).with(changes...)
}

// interrupted is a user whose current this resource revoked on day 3: it created and proved the other key, deactivated current
// and was killed before the state was saved.
func interrupted(changes ...change) setup {
	return settled(interruptRevoke).with(changes...)
}

func interruptRevoke(s *setup) {
	set(unmanagedKeys(DeleteUnused))(s)
	edit(incident)(s)
	is(cur, inactive)(s)
	listed(other, active, day(3))(s)
	withLastUse(other, Use{At: day(3).Add(minute), Service: "sts"})(s)
}

func standard() Policy {
	return Policy{
		RotateAfter:       days(90),
		Overlap:           days(7),
		Grace:             days(7),
		RequireUnusedFor:  days(8),
		RotateWhenChanged: map[string]string{"quarter": "Q1"},
		RevokeWhenChanged: map[string]string{"incident": "none"},
		UnmanagedKeys:     RefuseUnmanaged,
	}
}

func (s setup) with(changes ...change) setup {
	s = s.clone()
	for _, c := range changes {
		c(&s)
	}
	return s
}

func (s setup) clone() setup {
	s.policy = clonePolicy(s.policy)
	if p := s.record.Policy; p != nil {
		policy := clonePolicy(*p)
		s.record.Policy = &policy
	}
	if p := s.record.Previous; p != nil {
		previous := *p
		s.record.Previous = &previous
	}
	s.seen.Keys = slices.Clone(s.seen.Keys)
	for i, k := range s.seen.Keys {
		if k.LastUse != nil {
			use := *k.LastUse
			s.seen.Keys[i].LastUse = &use
		}
	}
	return s
}

func clonePolicy(p Policy) Policy {
	p.RotateWhenChanged = maps.Clone(p.RotateWhenChanged)
	p.RevokeWhenChanged = maps.Clone(p.RevokeWhenChanged)
	return p
}

// after returns the setup after an apply that took the steps at now.
func (s setup) after(steps []Step, now time.Time) setup {
	s = s.clone()
	out := Outcome{
		At:     now,
		NewKey: Key{ID: newest, Status: active, CreatedAt: now, LastUse: &Use{}},
		Sealed: s.policy.Recipients != "", SealedTo: s.policy.Recipients,
	}
	for _, step := range steps {
		s.record, s.seen = s.record.After(step, s.seen, out), s.seen.After(step, out)
	}
	policy := clonePolicy(s.policy)
	s.record.Policy = &policy
	return s
}

// listed adds a key to what IAM shows.
func listed(id string, status Status, created time.Time) change {
	return func(s *setup) {
		s.seen.Keys = append(s.seen.Keys, Key{ID: id, Status: status, CreatedAt: created})
	}
}

// unmanagedKey adds a key that somebody else created on day -200 and used on day -100.
func unmanagedKey(status Status) change {
	return func(s *setup) {
		listed(other, status, day(-200))(s)
		used(other, day(-100))(s)
	}
}

// gone removes keys from what IAM shows.
func gone(ids ...string) change {
	return func(s *setup) {
		s.seen.Keys = slices.DeleteFunc(s.seen.Keys, func(k Key) bool { return slices.Contains(ids, k.ID) })
	}
}

// is changes the status of a key in IAM, but not the record.
func is(id string, status Status) change {
	return func(s *setup) { s.seen.Find(id).Status = status }
}

// createdAt changes the creation of a key in IAM.
func createdAt(id string, at time.Time) change {
	return func(s *setup) { s.seen.Find(id).CreatedAt = at }
}

func use(at time.Time) Use { return Use{At: at, Service: "s3", Region: "eu-west-1"} }

func used(id string, at time.Time) change { return withLastUse(id, use(at)) }

// withLastUse sets the last use of a key in IAM.
func withLastUse(id string, last Use) change {
	return func(s *setup) { s.seen.Find(id).LastUse = &last }
}

func neverUsed(id string) change { return withLastUse(id, Use{}) }

// lastUseUnknown removes the last use of a key, as when IAM denied the request.
func lastUseUnknown(id string) change {
	return func(s *setup) { s.seen.Find(id).LastUse = nil }
}

// signedBy has our own requests signed by that key.
func signedBy(id string) change { return func(s *setup) { s.seen.Signers = []string{id} } }

// ofAnotherResource has another resource manage the key.
func ofAnotherResource(id string) change {
	return func(s *setup) { s.seen.Find(id).Other = true }
}

// recreated has the name belong to another user than the recorded one.
func recreated(s *setup) { s.seen.Recreated = true }

// imported is a resource before the first apply after its import.
func imported(s *setup) { s.record.Policy = nil }

// renamed has the user found under another name.
func renamed(s *setup) { s.seen.User = "new" }

// requested has a pending request.
func requested(request Request) change {
	return func(s *setup) { s.record.Request = request }
}

func adopted(s *setup) { s.record.Previous.Adopted = true }

func revoked(s *setup) { s.record.Previous.Revoked = true }

func replaced(at time.Time) change { return func(s *setup) { s.record.Previous.ReplacedAt = at } }

func deactivated(at time.Time) change {
	return func(s *setup) { s.record.Previous.DeactivatedAt, s.record.Previous.DeactivatedByUs = at, true }
}

func deactivatedByOthers(at time.Time) change {
	return func(s *setup) { s.record.Previous.DeactivatedAt, s.record.Previous.DeactivatedByUs = at, false }
}

// sealed is a current of whose secret only the ciphertext is known, and not to whom it is encrypted.
func sealed(s *setup) { s.record.Current.Sealed = true }

func sealedTo(names string) change {
	return func(s *setup) { s.record.Current.Sealed, s.record.Current.SealedTo = true, names }
}

func inactiveSince(at time.Time) change {
	return func(s *setup) { s.record.Current.InactiveSince = at }
}

// setting changes one attribute of a policy.
type setting func(*Policy)

// set changes the configuration and the policy of the last apply.
func set(settings ...setting) change {
	return func(s *setup) {
		for _, f := range settings {
			f(&s.policy)
			if s.record.Policy != nil {
				f(s.record.Policy)
			}
		}
	}
}

// edit changes the configuration alone.
func edit(settings ...setting) change {
	return func(s *setup) {
		for _, f := range settings {
			f(&s.policy)
		}
	}
}

func hold(p *Policy)        { p.HoldPrevious = true }
func stopHolding(p *Policy) { p.HoldPrevious = false }
func pause(p *Policy)       { p.Paused = true }
func resume(p *Policy)      { p.Paused = false }

func waitForHandover(p *Policy) { p.WaitForHandover = true }
func noHandover(p *Policy)      { p.WaitForHandover = false }

func maxAge(d time.Duration) setting         { return func(p *Policy) { p.MaxAge = d } }
func applyEvery(d time.Duration) setting     { return func(p *Policy) { p.ApplyEvery = d } }
func rotationSpread(d time.Duration) setting { return func(p *Policy) { p.RotationSpread = d } }

func rotateAfter(d time.Duration) setting { return func(p *Policy) { p.RotateAfter = d } }
func overlap(d time.Duration) setting     { return func(p *Policy) { p.Overlap = d } }
func grace(d time.Duration) setting       { return func(p *Policy) { p.Grace = d } }
func unusedFor(d time.Duration) setting   { return func(p *Policy) { p.RequireUnusedFor = d } }

func unmanagedKeys(do UnmanagedKeys) setting {
	return func(p *Policy) { p.UnmanagedKeys = do }
}

func recipients(names string) setting { return func(p *Policy) { p.Recipients = names } }

// sealableUntil is the instant at which the first recipient has expired.
func sealableUntil(at time.Time) setting { return func(p *Policy) { p.SealableUntil = at } }

// quarter changes a value of rotate_when_changed, incident one of revoke_when_changed.
func quarter(p *Policy)  { p.RotateWhenChanged = map[string]string{"quarter": "Q2"} }
func incident(p *Policy) { p.RevokeWhenChanged = map[string]string{"incident": "leak"} }

func adopt(key string) Step { return Step{Kind: Adopt, Key: key} }

func recordDeactivated(key string) Step {
	return Step{Kind: RecordDeactivated, Key: key}
}

func recordReactivated(key string) Step {
	return Step{Kind: RecordReactivated, Key: key}
}

func recordDeleted(key string) Step { return Step{Kind: RecordDeleted, Key: key} }

func recordCurrentInactive() Step { return Step{Kind: RecordCurrentInactive, Key: cur} }

func recordCurrentActive() Step { return Step{Kind: RecordCurrentActive, Key: cur} }

func recordRenamed() Step { return Step{Kind: RecordRenamed, Key: cur} }

// byQuarter and byRecipients are what the changes of the tables ask for.
const (
	byQuarter    Request = `rotate_when_changed["quarter"]`
	byRecipients Request = "encrypted_output"
)

// pend records a pending request; an empty one withdraws it.
func pend(request Request) Step { return Step{Kind: RecordRequest, Key: cur, Request: request} }

func reactivate(key string) Step { return Step{Kind: Reactivate, Key: key} }

func deactivate(key string) Step { return Step{Kind: Deactivate, Key: key} }

func deletePrevious(key string) Step {
	return Step{Kind: DeletePrevious, Key: key}
}

func deleteCurrent() Step { return Step{Kind: DeleteCurrent, Key: cur} }

func deleteUnmanaged(key string) Step {
	return Step{Kind: DeleteUnmanaged, Key: key}
}

// rotate replaces an Active current, rotateInactive an Inactive one, and createKey replaces none.
func rotate(why Reason) Step {
	return Step{Kind: Rotate, Key: cur, Replaced: active, Reason: why}
}

func rotateInactive(why Reason) Step {
	return Step{Kind: Rotate, Key: cur, Replaced: inactive, Reason: why}
}

func createKey(why Reason) Step {
	return Step{Kind: Rotate, Reason: why}
}

// revoking is a rotation that revokes every older key.
func revoking(step Step) Step {
	step.Revoke = true
	return step
}

func obstacle(cause Cause, key string) Obstacle { return Obstacle{Cause: cause, Key: key} }

func obstacleUntil(cause Cause, key string, at time.Time) Obstacle {
	return Obstacle{Cause: cause, Key: key, Until: at}
}

// inUse is the obstacle of a key that was last used at last, which no longer counts from end on.
func inUse(key string, last, end time.Time) Obstacle {
	return Obstacle{Cause: CauseUsed, Key: key, Until: end, Use: use(last)}
}
