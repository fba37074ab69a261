package iamsim

import (
	"slices"
	"time"
)

// readLag configures stale reads and counts the reads.
type readLag struct {
	by           time.Duration
	every, reads int
}

// readView is what one read sees: the present or, if stale, the state as of an earlier instant.
type readView struct {
	stale bool
	asOf  time.Time
}

// SetReadLag sets Options.ReadLag and Options.ReadLagEvery from now on, and restarts the count of calls.
func (s *Server) SetReadLag(by time.Duration, every int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = readLag{by: by, every: every}
}

// SetNewKeyDelay sets Options.NewKeyDelay for keys that are created from now on.
func (s *Server) SetNewKeyDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.newKeyDelay = d
}

// SetRetiredKeyDelay sets Options.RetiredKeyDelay for keys that are deactivated or deleted from now on.
func (s *Server) SetRetiredKeyDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.retiredKeyDelay = d
}

// nextView counts a read and returns what it sees.
func (in *invocation) nextView() readView {
	if in.lag.by <= 0 {
		return readView{}
	}
	in.lag.reads++
	if in.lag.every > 1 && in.lag.reads%in.lag.every != 0 {
		return readView{}
	}
	in.call.Stale = true
	return readView{stale: true, asOf: in.time.now().Add(-in.lag.by)}
}

// targetUserForRead is targetUser for a call that only reads.
func (in *invocation) targetUserForRead() (*user, readView, error) {
	u, err := in.targetUser()
	if err != nil {
		return nil, readView{}, err
	}
	view := in.nextView()
	if !view.includes(u) {
		return nil, readView{}, errNoSuchUser(u.Name)
	}
	return u, view, nil
}

func (v readView) includes(u *user) bool { return !v.stale || !u.existsSince.After(v.asOf) }

func (v readView) users(all []*user) []*user {
	return slices.DeleteFunc(all, func(u *user) bool { return !v.includes(u) })
}

// keysOf is account.keysOf as the read sees it. The keys may be copies.
func (v readView) keysOf(a *account, u *user) []*accessKey {
	keys := a.keysOf(u)
	if !v.stale {
		return keys
	}
	for _, k := range a.deleted {
		if k.owner == u {
			keys = append(keys, k)
		}
	}
	var seen []*accessKey
	for _, k := range keys {
		if status := k.statusAt(v.asOf); status != statusDeleted {
			old := *k
			old.Status = status
			seen = append(seen, &old)
		}
	}
	slices.SortFunc(seen, bySerial)
	return seen
}
