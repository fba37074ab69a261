package iamsim

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Snapshot is the state of a server at one instant, with the server's time. It can be restored any number of times.
type Snapshot struct {
	account *account
	now     time.Time
}

// Snapshot copies the server's present state. Calls in flight are not part of it: see Settle.
func (s *Server) Snapshot() Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Snapshot{account: s.account.clone(), now: s.time.now()}
}

// Restore returns this server to the state and the time of one of its snapshots. It removes faults, denials and the OnCall
// function, and empties the log. IssuedSecrets keeps what was issued since.
func (s *Server) Restore(snapshot Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	issued := s.account.issued
	s.account = snapshot.account.clone()
	s.account.issued = issued
	s.time.set(snapshot.now)
	s.log, s.faults, s.denials, s.onCall = callLog{}, nil, nil, nil
}

// settlePause is how long Settle waits, in the machine's time, between two checks.
const settlePause = 2 * time.Millisecond

// Settle waits until every call that has arrived is done, also those of clients that were killed. The error is that of ctx.
func (s *Server) Settle(ctx context.Context) error {
	for s.busy() {
		if err := s.opts.Clock.Sleep(ctx, settlePause); err != nil {
			return err
		}
	}
	return nil
}

// busy reports whether a call is in flight. A call whose connection was cut never gets a status, and does not count.
func (s *Server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.log.calls, func(c *Call) bool {
		return c.Status == 0 && c.Fault != string(AnswerLost) && c.Fault != string(CutBeforeCommit)
	})
}

// clone returns a deep copy, except for the KMS keys: what they encrypt with never changes.
func (a *account) clone() *account {
	next := *a
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
	for name, u := range a.users {
		next.users[name] = owner(u)
	}
	keys := func(from map[string]*accessKey) map[string]*accessKey {
		to := map[string]*accessKey{}
		for id, k := range from {
			copied := *k
			copied.owner, copied.statusChanges = owner(k.owner), slices.Clone(k.statusChanges)
			to[id] = &copied
		}
		return to
	}
	next.keys, next.deleted = keys(a.keys), keys(a.deleted)
	for _, u := range next.users {
		u.keys = slices.Clone(u.keys)
		for i, k := range u.keys {
			u.keys[i] = next.keys[k.ID]
		}
	}
	next.serviceCredentials = nil
	for _, c := range a.serviceCredentials {
		copied := *c
		copied.owner = owner(c.owner)
		next.serviceCredentials = append(next.serviceCredentials, &copied)
	}
	next.issued = slices.Clone(a.issued)
	next.sessions, next.roles = maps.Clone(a.sessions), maps.Clone(a.roles)
	next.kms = kmsKeys{all: slices.Clone(a.kms.all), aliases: maps.Clone(a.kms.aliases)}
	next.trail.events = slices.Clip(a.trail.events) // neither appends to what the other sees
	return &next
}
