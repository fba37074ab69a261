package iamsim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// readLag configures stale reads and counts the reads.
type readLag struct {
	by           time.Duration
	every, reads int
}

// readView is what one read sees: the present, if stale the state as of an earlier instant, or the past of one user.
type readView struct {
	stale bool
	asOf  time.Time
	past  *pastUser
}

// longestStale is how long reads can be stale by Options.StaleReads, in the server's time.
const longestStale = time.Minute

// pastUser is what the next reads of a user return, by Options.StaleReads.
type pastUser struct {
	reads  int
	since  time.Time
	exists bool
	keys   []accessKey
}

// present returns the user as a read of now sees it.
func (a *account) present(u *user) pastUser {
	past := pastUser{exists: true}
	for _, k := range a.keysOf(u) {
		past.keys = append(past.keys, *k)
	}
	return past
}

// changeKeys changes the keys of a user, so that the next reads do not see it.
func (in *invocation) changeKeys(u *user, change func() error) error {
	past := in.account.present(u)
	if err := change(); err != nil {
		return err
	}
	in.delay(u, past)
	return nil
}

// delay makes the next reads return the past. Reads that are still stale from an earlier change return what they would have.
func (in *invocation) delay(u *user, past pastUser) {
	if !u.past.stale(in.time.now()) {
		u.past = past
	}
	u.past.reads, u.past.since = in.opts.StaleReads, in.time.now()
}

// stale reports whether a read of now returns the past.
func (p *pastUser) stale(now time.Time) bool { return p.reads > 0 && now.Sub(p.since) < longestStale }

// takePast counts a read of a user that returns the past, or returns nil.
func (in *invocation) takePast(u *user) *pastUser {
	if !u.past.stale(in.time.now()) {
		return nil
	}
	u.past.reads--
	in.call.Stale = true
	past := u.past
	return &past
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
	view.past = in.takePast(u)
	if !view.includes(u) {
		return nil, readView{}, errNoSuchUser(u.Name)
	}
	return u, view, nil
}

func (v readView) includes(u *user) bool {
	if v.past != nil {
		return v.past.exists
	}
	return !v.stale || !u.existsSince.After(v.asOf)
}

// usersForRead is account.listUsers as the call sees it.
func (in *invocation) usersForRead(pathPrefix string) []*user {
	view := in.nextView()
	return slices.DeleteFunc(in.account.listUsers(pathPrefix), func(u *user) bool {
		view.past = in.takePast(u)
		return !view.includes(u)
	})
}

// shuffle puts the items of a page into an order that changes from call to call, by Options.ShuffleLists.
func shuffle[T any](in *invocation, items []T) {
	if in.opts.ShuffleLists {
		order := rand.New(rand.NewPCG(uint64(in.call.N), 0)) //nolint:gosec // it must be the same in every run
		order.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	}
}

// keysOf is account.keysOf as the read sees it. The keys may be copies.
func (v readView) keysOf(a *account, u *user) []*accessKey {
	if v.past != nil {
		var keys []*accessKey
		for _, k := range v.past.keys {
			k.owner = u
			keys = append(keys, &k)
		}
		return keys
	}
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
