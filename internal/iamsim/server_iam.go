package iamsim

import (
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Credentials are an access key id and its secret.
type Credentials struct {
	AccessKeyID string
	Secret      secret.Secret
}

// User is an IAM user.
type User struct {
	Name string `json:"name"`
	// ID is the unique id: AIDA and 17 characters. A user that is re-created under an old name has another one.
	ID        string            `json:"id"`
	ARN       string            `json:"arn"`
	Path      string            `json:"path"`
	CreatedAt time.Time         `json:"created_at"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// Key is an access key without its secret. Times are whole seconds of the server's clock.
type Key struct {
	ID   string `json:"id"`
	User string `json:"user"`
	// Status is "Active" or "Inactive".
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	// LastUsedAt is zero for a key that was never used; service and region are empty then.
	LastUsedAt      time.Time `json:"last_used_at,omitzero"`
	LastUsedService string    `json:"last_used_service,omitempty"`
	LastUsedRegion  string    `json:"last_used_region,omitempty"`
}

// createRoot creates the administrator, whose key works at once whatever the options say about new keys.
func (s *Server) createRoot() Credentials {
	u, err := s.account.createUser(adminUser, "/", nil, s.time.now())
	must(err)
	k, err := s.account.createKey(u, s.time.now())
	must(err)
	k.usableAt, k.rejects = time.Time{}, 0
	root := s.account.issued[0]
	s.account.issued = nil
	return root
}

// CreateUser creates a user with path "/". It panics on a name that is taken or not valid.
func (s *Server) CreateUser(name string) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.createUser(name, "/", nil, s.time.now())
	must(err)
	return s.account.exportUser(u)
}

// RenameUser renames a user, who keeps the id and the keys.
func (s *Server) RenameUser(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.account.updateUser(from, to, ""))
}

// DeleteUser deletes a user and, unlike IAM, the user's credentials.
func (s *Server) DeleteUser(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.user(name)
	must(err)
	for _, k := range s.account.keysOf(u) {
		must(s.account.deleteKey(u, k.ID, s.time.now()))
	}
	s.account.serviceCredentials = s.account.serviceCredentialsWhere(func(c *serviceCredential) bool { return c.owner != u })
	must(s.account.deleteUser(name))
}

// User looks a user up by name.
func (s *Server) User(name string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.account.users[strings.ToLower(name)]
	if !ok {
		return User{}, false
	}
	return s.account.exportUser(u), true
}

// CreateAccessKey creates a key out of band, as another tool would. It panics if the user has two already.
func (s *Server) CreateAccessKey(user string) Credentials {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.account.user(user)
	must(err)
	k, err := s.account.createKey(u, s.time.now())
	must(err)
	k.rejects = 0
	return Credentials{AccessKeyID: k.ID, Secret: k.secret}
}

// SetStatus sets a key's status to "Active" or "Inactive" out of band.
func (s *Server) SetStatus(keyID, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.account.setStatus(nil, keyID, status, s.time.now()))
}

// DeleteAccessKey deletes a key out of band.
func (s *Server) DeleteAccessKey(keyID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.account.deleteKey(nil, keyID, s.time.now()))
}

// SetLastUsed sets a key's last use; with a zero time the key counts as never used.
func (s *Server) SetLastUsed(keyID string, at time.Time, service, region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	must(s.account.setLastUsed(keyID, at, service, region))
}

// Keys returns a user's keys, oldest first; none if there is no such user.
func (s *Server) Keys(user string) []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, ok := s.account.users[strings.ToLower(user)]
	if !ok {
		return nil
	}
	var keys []Key
	for _, k := range s.account.keysOf(u) {
		keys = append(keys, k.export())
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
	i := slices.IndexFunc(s.account.issued, func(c Credentials) bool { return c.AccessKeyID == keyID })
	if i < 0 {
		must(errNoSuchKey(keyID))
	}
	return s.account.issued[i].Secret
}

// IssuedSecrets returns the secrets of all keys and sessions that this server ever issued, except Root's. A leak scan
// searches for them.
func (s *Server) IssuedSecrets() []secret.Secret {
	s.mu.Lock()
	defer s.mu.Unlock()
	secrets := make([]secret.Secret, len(s.account.issued))
	for i, c := range s.account.issued {
		secrets[i] = c.Secret
	}
	return secrets
}

// Authenticates reports whether a call signed with these credentials would be accepted now. It changes nothing: neither the
// last use nor the log.
func (s *Server) Authenticates(accessKeyID string, sec secret.Secret) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.account.signingKey(accessKeyID)
	return ok && k.authenticates(s.time.now()) && k.secret.Reveal() == sec.Reveal()
}
