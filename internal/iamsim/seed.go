package iamsim

import "time"

// SeedUser is a user of an account that a test needs as it is after some years, in one call for any number of users.
type SeedUser struct {
	Name string
	// Path is "/" if it is empty.
	Path      string
	CreatedAt time.Time
	Tags      map[string]string
	// Keys are at most two keys, the older one first.
	Keys []SeedKey
}

// SeedKey is a key of a SeedUser. It works at once.
type SeedKey struct {
	CreatedAt time.Time
	// DeactivatedAt and ReactivatedAt are when its status was changed; zero for a status that never was.
	DeactivatedAt, ReactivatedAt time.Time
	// LastUsedAt is zero for a key that was never used. Service and Region are empty then.
	LastUsedAt      time.Time
	Service, Region string
}

// AddUsers creates users with their keys, as of the times that they name. It returns the ids of the keys, in the order of users. It
// panics on what the account does not allow.
func (s *Server) AddUsers(users ...SeedUser) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, n := range users {
		path := n.Path
		if path == "" {
			path = "/"
		}
		u, err := s.account.createUser(n.Name, path, n.Tags, n.CreatedAt)
		must(err)
		for _, key := range n.Keys {
			k, err := s.account.createKey(u, key.CreatedAt)
			must(err)
			k.rejects, k.usableAt = 0, time.Time{}
			if !key.DeactivatedAt.IsZero() {
				k.setStatus(statusInactive, key.DeactivatedAt, 0)
			}
			if !key.ReactivatedAt.IsZero() {
				k.setStatus(statusActive, key.ReactivatedAt, 0)
			}
			must(s.account.setLastUsed(k.ID, key.LastUsedAt, key.Service, key.Region))
			ids = append(ids, k.ID)
		}
	}
	return ids
}

// MoveUser gives a user another path.
func (s *Server) MoveUser(name, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.account.updateUser(name, "", path))
}

// TagUser sets tags on a user.
func (s *Server) TagUser(name string, tags map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.user(name)
	must(err)
	must(u.tag(tags))
}
