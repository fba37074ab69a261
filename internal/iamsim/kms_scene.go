package iamsim

import (
	"slices"
	"time"
)

// CreateKMSKey creates a symmetric key in a region, with an alias such as "alias/secrets" unless that is empty, and
// returns the key's ARN. Every caller may use it. It panics on a bad region, and on an alias that is bad or taken.
func (s *Server) CreateKMSKey(region, alias string) string {
	return s.newKMSKey(region, alias, usageEncrypt)
}

// CreateKMSSigningKey is CreateKMSKey for an asymmetric key that signs, and so refuses to encrypt.
func (s *Server) CreateKMSSigningKey(region, alias string) string {
	return s.newKMSKey(region, alias, usageSign)
}

func (s *Server) newKMSKey(region, alias, usage string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.world.createKMSKey(region, alias, usage, s.time.now())
	must(err)
	return k.arn
}

// MoveKMSAlias makes an alias stand for another key, in the key's region. It need not be there before.
func (s *Server) MoveKMSAlias(alias, arn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kmsByARN(arn)
	if !aliasPattern.MatchString(alias) {
		panic("iamsim: MoveKMSAlias: bad alias " + alias)
	}
	s.world.kms.aliases[k.region+alias] = k
}

// SetKMSPolicy replaces a key's policy: by action, such as "kms:Encrypt", the ids of the access keys and sessions that may,
// which may be none. An action that is not in it is everybody's.
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

// SetKMSState makes a key "Enabled", "Disabled" or "PendingDeletion". The clock does not delete it.
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
	s.world.kms.keys = slices.DeleteFunc(s.world.kms.keys, func(k *kmsKey) bool { return k == gone })
	for name, k := range s.world.kms.aliases {
		if k == gone {
			delete(s.world.kms.aliases, name)
		}
	}
}

func (s *Server) kmsByARN(arn string) *kmsKey {
	i := slices.IndexFunc(s.world.kms.keys, func(k *kmsKey) bool { return k.arn == arn })
	if i < 0 {
		panic("iamsim: no KMS key " + arn)
	}
	return s.world.kms.keys[i]
}
