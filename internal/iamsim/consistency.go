package iamsim

import (
	"slices"
	"time"
)

// version is what a key was from an instant on.
type version struct {
	at     time.Time
	status string
}

// lag is how far behind the servers are that answer reads.
type lag struct {
	by           time.Duration
	every, reads int
}

// view is what the server that answers a read knows: everything, or what was true some time ago.
type view struct {
	behind bool
	heard  time.Time // the last instant of which it knows
}

// SetReadLag sets Options.ReadLag and Options.ReadLagEvery from now on, and counts the calls anew.
func (s *Server) SetReadLag(by time.Duration, every int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lag = lag{by: by, every: every}
}

// SetNewKeyDelay sets Options.NewKeyDelay for the keys that are made from now on.
func (s *Server) SetNewKeyDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.delay = d
}

// SetRetiredKeyDelay sets Options.RetiredKeyDelay for the keys that are deactivated or deleted from now on.
func (s *Server) SetRetiredKeyDelay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world.linger = d
}

// view sends a read to the server whose turn it is.
func (in *invocation) view() view {
	if in.lag.by <= 0 {
		return view{}
	}
	in.lag.reads++
	if in.lag.every > 1 && in.lag.reads%in.lag.every != 0 {
		return view{}
	}
	in.call.Stale = true
	return view{behind: true, heard: in.time.now().Add(-in.lag.by)}
}

// readTarget is target for a call that only reads.
func (in *invocation) readTarget() (*user, view, error) {
	u, err := in.target()
	if err != nil {
		return nil, view{}, err
	}
	seen := in.view()
	if !seen.knows(u) {
		return nil, view{}, errNoSuchUser(u.Name)
	}
	return u, seen, nil
}

func (v view) knows(u *user) bool { return !v.behind || !u.madeAt.After(v.heard) }

func (v view) users(all []*user) []*user {
	return slices.DeleteFunc(all, func(u *user) bool { return !v.knows(u) })
}

// keysOf is world.keysOf as the server knows it. The keys may be copies.
func (v view) keysOf(w *world, u *user) []*accessKey {
	now := w.keysOf(u)
	if !v.behind {
		return now
	}
	for _, k := range w.deleted {
		if k.owner == u {
			now = append(now, k)
		}
	}
	var then []*accessKey
	for _, k := range now {
		if status := k.statusAt(v.heard); status != statusDeleted {
			old := *k
			old.Status = status
			then = append(then, &old)
		}
	}
	slices.SortFunc(then, bySerial)
	return then
}

// signer returns a key that may still sign: one that is there, or that was deleted.
func (w *world) signer(id string) (*accessKey, bool) {
	if k, ok := w.keys[id]; ok {
		return k, true
	}
	k, ok := w.deleted[id]
	return k, ok
}

// become gives a key a status. One that is Active no more goes on working for linger.
func (k *accessKey) become(status string, now time.Time, linger time.Duration) {
	if k.Status == statusActive && status != statusActive {
		k.worksUntil = now.Add(linger)
	}
	k.Status = status
	k.past = append(k.past, version{now, status})
}

// statusAt is the status that a key had at an instant: statusDeleted before it was made and after it was deleted.
func (k *accessKey) statusAt(at time.Time) string {
	status := statusDeleted
	for _, v := range k.past {
		if !v.at.After(at) {
			status = v.status
		}
	}
	return status
}

func bySerial(a, b *accessKey) int { return a.serial - b.serial }
