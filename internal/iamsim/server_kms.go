package iamsim

import (
	"slices"
	"time"
)

// CreateKMSKey creates a symmetric key in a region, with an alias such as "alias/secrets" unless that is empty, and
// returns the key's ARN. Every caller may use the key. It panics on a bad region, and on an alias that is bad or taken.
func (s *Server) CreateKMSKey(region, alias string) string {
	return s.newKMSKey(region, alias, usageEncrypt)
}

// CreateKMSSigningKey is CreateKMSKey for an asymmetric signing key, which can't encrypt.
func (s *Server) CreateKMSSigningKey(region, alias string) string {
	return s.newKMSKey(region, alias, usageSign)
}

func (s *Server) newKMSKey(region, alias, usage string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.account.createKMSKey(region, alias, usage, s.time.now())
	must(err)
	return k.arn
}

// MoveKMSAlias points an alias to another key, in the key's region. It creates the alias if need be.
func (s *Server) MoveKMSAlias(alias, arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kmsByARN(arn)
	if !aliasPattern.MatchString(alias) {
		panic("iamsim: MoveKMSAlias: bad alias " + alias)
	}
	s.account.kms.aliases[k.region+alias] = k
}

// SetKMSPolicy replaces a key's policy: by action, such as "kms:Encrypt", the ids of the access keys and sessions that are
// allowed, if any. An action without an entry is allowed to every caller.
func (s *Server) SetKMSPolicy(arn string, allowed map[string][]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kmsByARN(arn)
	policy := map[string]map[string]bool{}
	for action, keyIDs := range allowed {
		if action != "kms:Encrypt" && action != "kms:Decrypt" && action != "kms:DescribeKey" {
			panic("iamsim: SetKMSPolicy: no such action: " + action)
		}
		policy[action] = map[string]bool{}
		for _, id := range keyIDs {
			policy[action][id] = true
		}
	}
	k.policy = policy
}

// SetKMSState sets a key's state to "Enabled", "Disabled" or "PendingDeletion". The clock never deletes the key.
func (s *Server) SetKMSState(arn, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kmsByARN(arn)
	k.deletedAt = time.Time{}
	switch state {
	case kmsEnabled, kmsDisabled:
	case kmsPendingDeletion:
		k.deletedAt = s.time.now().Add(kmsDeletionDelay).Truncate(time.Second)
	default:
		panic("iamsim: SetKMSState: no such state: " + state)
	}
	k.state = state
}

// DeleteKMSKey deletes a key for good, with its aliases.
func (s *Server) DeleteKMSKey(arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone := s.kmsByARN(arn)
	s.account.kms.all = slices.DeleteFunc(s.account.kms.all, func(k *kmsKey) bool { return k == gone })
	for name, k := range s.account.kms.aliases {
		if k == gone {
			delete(s.account.kms.aliases, name)
		}
	}
}

func (s *Server) kmsByARN(arn string) *kmsKey {
	i := slices.IndexFunc(s.account.kms.all, func(k *kmsKey) bool { return k.arn == arn })
	if i < 0 {
		panic("iamsim: no KMS key " + arn)
	}
	return s.account.kms.all[i]
}
