package iamsim

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Snapshot is the world of a server at one instant, with the server's time. It can be restored as often as wanted.
type Snapshot struct {
	world *world
	now   time.Time
}

// Snapshot keeps the world as it is now. Calls in flight are not part of it: see Settle.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{world: s.world.clone(), now: s.time.now()}
}

// Restore brings back the world and the time of a snapshot of this server, removes faults, denials and the OnCall function, and empties
// the log. IssuedSecrets keeps what was issued since.
func (s *Server) Restore(snapshot Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	issued := s.world.issued
	s.world = snapshot.world.clone()
	s.world.issued = issued
	s.time.set(snapshot.now)
	s.trace, s.fault, s.deny, s.hook = trace{}, nil, nil, nil
}

// settlePause is how long Settle waits, in the machine's time, between two looks.
const settlePause = 2 * time.Millisecond

// Settle waits until every call that has arrived is done, as a client that was killed can't tell. The error is that of ctx.
func (s *Server) Settle(ctx context.Context) error {
	for s.busy() {
		if err := s.opts.Clock.Sleep(ctx, settlePause); err != nil {
			return err
		}
	}
	return nil
}

// busy reports whether a call is in flight. One that was cut has no status for ever.
func (s *Server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.trace.calls, func(c *Call) bool {
		return c.Status == 0 && c.Fault != string(AnswerLost) && c.Fault != string(CutBeforeCommit)
	})
}

// clone is a deep copy, but for the KMS keys: nothing changes what one encrypts with.
func (w *world) clone() *world {
	next := *w
	owners := map[*user]*user{}
	owner := func(u *user) *user {
		if owners[u] == nil {
			copied := *u
			copied.Tags = maps.Clone(u.Tags)
			owners[u] = &copied
		}
		return owners[u]
	}
	next.users = map[string]*user{}
	for name, u := range w.users {
		next.users[name] = owner(u)
	}
	keys := func(from map[string]*accessKey) map[string]*accessKey {
		to := map[string]*accessKey{}
		for id, k := range from {
			copied := *k
			copied.owner, copied.past = owner(k.owner), slices.Clone(k.past)
			to[id] = &copied
		}
		return to
	}
	next.keys, next.deleted = keys(w.keys), keys(w.deleted)
	next.issued = slices.Clone(w.issued)
	next.sessions, next.roles = maps.Clone(w.sessions), maps.Clone(w.roles)
	next.kms = kmsWorld{keys: slices.Clone(w.kms.keys), aliases: maps.Clone(w.kms.aliases)}
	return &next
}
