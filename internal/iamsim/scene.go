package iamsim

import (
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// must ends the program on a mistake in setting a scene.
func must(err error) {
	if err != nil {
		panic("iamsim: " + err.Error())
	}
}

// newRoot makes the administrator, who is not subject to the ways of new keys.
func (s *Server) newRoot() Credentials {
	u, err := s.world.createUser(adminUser, "/", nil, s.time.now())
	must(err)
	k, err := s.world.createKey(u, s.time.now())
	must(err)
	k.usableAt, k.rejects = time.Time{}, 0
	root := s.world.issued[0]
	s.world.issued = nil
	return root
}

// CreateUser creates a user with path "/". It panics on a name that is taken or not valid.
func (s *Server) CreateUser(name string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.world.createUser(name, "/", nil, s.time.now())
	must(err)
	return s.world.public(u)
}

// RenameUser renames a user, who keeps the id and the keys.
func (s *Server) RenameUser(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.world.updateUser(from, to, ""))
}

// DeleteUser deletes a user and, unlike IAM, the user's keys.
func (s *Server) DeleteUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.world.user(name)
	must(err)
	for _, k := range s.world.keysOf(u) {
		must(s.world.deleteKey(u, k.ID, s.time.now()))
	}
	must(s.world.deleteUser(name))
}

// User looks a user up by name.
func (s *Server) User(name string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.world.users[strings.ToLower(name)]
	if !ok {
		return User{}, false
	}
	return s.world.public(u), true
}

// CreateAccessKey creates a key out of band, as another tool would. It panics when the user has two already.
func (s *Server) CreateAccessKey(user string) Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.world.user(user)
	must(err)
	k, err := s.world.createKey(u, s.time.now())
	must(err)
	return Credentials{AccessKeyID: k.ID, Secret: k.secret}
}

// SetStatus makes a key "Active" or "Inactive" out of band.
func (s *Server) SetStatus(keyID, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.world.setStatus(nil, keyID, status, s.time.now()))
}

// DeleteAccessKey deletes a key out of band.
func (s *Server) DeleteAccessKey(keyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.world.deleteKey(nil, keyID, s.time.now()))
}

// SetLastUsed sets a key's last use; a zero time makes it never used.
func (s *Server) SetLastUsed(keyID string, at time.Time, service, region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.world.setLastUsed(keyID, at, service, region))
}

func (w *world) setLastUsed(keyID string, at time.Time, service, region string) error {
	k, err := w.key(nil, keyID)
	if err != nil {
		return err
	}
	if at.IsZero() {
		service, region = "", ""
	}
	k.LastUsedAt, k.LastUsedService, k.LastUsedRegion = at.UTC().Truncate(time.Second), service, region
	return nil
}

// Keys returns a user's keys, oldest first; none for a user who is not there.
func (s *Server) Keys(user string) []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.world.users[strings.ToLower(user)]
	if !ok {
		return nil
	}
	var keys []Key
	for _, k := range s.world.keysOf(u) {
		keys = append(keys, k.public())
	}
	return keys
}

// Secret returns the secret of a key or session, deleted ones included.
func (s *Server) Secret(keyID string) secret.Secret {
	if keyID == s.root.AccessKeyID {
		return s.root.Secret
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.world.issued, func(c Credentials) bool { return c.AccessKeyID == keyID })
	if i < 0 {
		must(errNoSuchKey(keyID))
	}
	return s.world.issued[i].Secret
}

// IssuedSecrets returns the secrets of all keys and sessions that this server ever issued, but for Root's: what must not
// turn up where secrets don't belong.
func (s *Server) IssuedSecrets() []secret.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	secrets := make([]secret.Secret, len(s.world.issued))
	for i, c := range s.world.issued {
		secrets[i] = c.Secret
	}
	return secrets
}

// Authenticates reports whether a call signed with these credentials would be let in now. It leaves no trace.
func (s *Server) Authenticates(accessKeyID string, sec secret.Secret) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.world.signer(accessKeyID)
	return ok && k.usable(s.time.now()) && k.secret.Reveal() == sec.Reveal()
}
