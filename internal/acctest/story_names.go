package acctest

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// nameKeys gives a short name to each key that the provider created since the last call.
func (s *Story) nameKeys() {
	for _, call := range s.Sim.Log() {
		if call.Action == "CreateAccessKey" && call.KeyID != "" && s.names[call.KeyID] == "" {
			s.created++
			s.names[call.KeyID] = fmt.Sprintf("k%d", s.created)
		}
	}
}

// ResetCalls empties the log of calls, as World.ResetCalls does, after it has named the keys that were created.
func (s *Story) ResetCalls() {
	s.nameKeys()
	s.World.ResetCalls()
}

// NameKey gives a short name to a key.
func (s *Story) NameKey(id, name string) { s.names[id] = name }

// KeyID returns the id of the key with a short name.
func (s *Story) KeyID(name string) string {
	s.T.Helper()
	s.nameKeys()
	for id, known := range s.names {
		if known == name {
			return id
		}
	}
	s.T.Fatalf("there was no key %s", name)
	return ""
}

// KeyName returns the short name of a key, or its id if it has none.
func (s *Story) KeyName(id string) string {
	if name, ok := s.names[id]; ok {
		return name
	}
	return id
}

// KeyNames returns the short names of all keys so far, by id.
func (s *Story) KeyNames() map[string]string {
	s.nameKeys()
	return maps.Clone(s.names)
}

var spaces = regexp.MustCompile(`\s+`)

// Normalize returns a text with short names instead of ids, with "secret of k1" instead of the secret of k1, and with single
// spaces, since the CLI folds long lines.
func (s *Story) Normalize(text string) string {
	s.nameKeys()
	for id, name := range s.names {
		text = strings.ReplaceAll(text, id, name)
		text = strings.ReplaceAll(text, s.Sim.Secret(id).Reveal(), "secret of "+name)
	}
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}
