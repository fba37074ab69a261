package provider_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// learn names the keys that the provider made since the last time.
func (s *story) learn() {
	for _, call := range s.Sim.Log() {
		if call.Action == "CreateAccessKey" && call.KeyID != "" && s.names[call.KeyID] == "" {
			s.made++
			s.names[call.KeyID] = fmt.Sprintf("k%d", s.made)
		}
	}
}

// ResetCalls is that of World, once the keys have their names.
func (s *story) ResetCalls() {
	s.learn()
	s.World.ResetCalls()
}

// id is the id of the key with a short name.
func (s *story) id(name string) string {
	s.t.Helper()
	s.learn()
	for id, known := range s.names {
		if known == name {
			return id
		}
	}
	s.t.Fatalf("there was no key %s", name)
	return ""
}

// name is the short name of a key, or what has none.
func (s *story) name(id string) string {
	if name, ok := s.names[id]; ok {
		return name
	}
	return id
}

var spaces = regexp.MustCompile(`\s+`)

// text is a text with short names for ids, "secret of k1" for the secret of k1, and single spaces: the CLI folds long lines.
func (s *story) text(in string) string {
	s.learn()
	for id, name := range s.names {
		in = strings.ReplaceAll(in, id, name)
		in = strings.ReplaceAll(in, s.Sim.Secret(id).Reveal(), "secret of "+name)
	}
	return strings.TrimSpace(spaces.ReplaceAllString(in, " "))
}

// hides checks that a command has printed no secret.
func (s *story) hides(result acctest.Result) {
	s.t.Helper()
	for _, issued := range append(s.Sim.IssuedSecrets(), s.Sim.Root().Secret) {
		if strings.Contains(result.Stdout+result.Stderr, issued.Reveal()) {
			s.t.Fatal("the command printed a secret")
		}
	}
}

// diagnosed checks all diagnostics of the last command. What the plan says and the apply says again counts once.
func (s *story) diagnosed(want []string) {
	s.t.Helper()
	var got []string
	for _, d := range s.cli.Diagnostics() {
		got = append(got, d.Severity+": "+s.text(d.Summary))
	}
	slices.Sort(got)
	got = slices.Compact(got)
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		s.t.Fatalf("diagnostics\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// says checks that the detail of the last command's error has all parts, or that of its first warning where there is no
// error.
func (s *story) says(parts ...string) {
	s.t.Helper()
	all := s.cli.Diagnostics()
	if len(all) == 0 {
		s.t.Fatal("the command has nothing to say")
	}
	said := all[max(0, slices.IndexFunc(all, func(d acctest.Diagnostic) bool { return d.Severity == "error" }))]
	detail := s.text(said.Detail)
	for _, part := range parts {
		if !strings.Contains(detail, part) {
			s.t.Errorf("%s: the detail %q lacks %q", s.text(said.Summary), detail, part)
		}
	}
}

// mutations are the calls since did that were to change something.
func (s *story) mutations() []string {
	s.learn()
	var done []string
	for _, call := range s.Sim.Log() {
		about := call.KeyID
		var what string
		switch call.Action {
		case "ListAccessKeys", "GetAccessKeyLastUsed", "GetUser", "GetCallerIdentity", "Encrypt", "Decrypt":
			continue
		case "CreateAccessKey":
			what = "create"
		case "DeleteAccessKey":
			what = "delete"
		case "UpdateAccessKey":
			what = map[string]string{"Active": "activate", "Inactive": "deactivate"}[call.Params["Status"]]
		case "TagUser":
			what, about = "tag", call.Params["Tags.member.1.Key"]
		case "UntagUser":
			what, about = "untag", call.Params["TagKeys.member.1"]
		default:
			what = call.Action
		}
		mutation := strings.TrimSpace(what + " " + s.name(about))
		if call.Code != "" {
			mutation += ": " + call.Code
		}
		done = append(done, mutation)
	}
	return done
}

// did checks the calls since the last time that were to change something, such as "deactivate k1" or, where the call
// failed, "deactivate k1: AccessDenied".
func (s *story) did(want ...string) {
	s.t.Helper()
	if got := s.mutations(); !slices.Equal(got, want) {
		s.t.Fatalf("did %q, want %q", got, want)
	}
	s.ResetCalls()
}

// called checks the actions of all calls since the last did, and counts anew.
func (s *story) called(want ...string) {
	s.t.Helper()
	if got := s.CallList(); !slices.Equal(got, want) {
		s.t.Errorf("calls %q, want %q", got, want)
	}
	s.ResetCalls()
}

// keys checks the keys of ci, oldest first, such as "k1 Active".
func (s *story) keys(want ...string) {
	s.t.Helper()
	s.keysOf("ci", want...)
}

// keysOf is keys for another user.
func (s *story) keysOf(user string, want ...string) {
	s.t.Helper()
	s.learn()
	var got []string
	for _, key := range s.Sim.Keys(user) {
		got = append(got, s.name(key.ID)+" "+key.Status)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("keys of %s %q, want %q", user, got, want)
	}
}

// handovers checks what consumers were given: "k1" at their creation, "k1 to k2" at an update while k1 still worked, and
// "k1 (dead) to k2" where it did not.
func (s *story) handovers(want ...string) {
	s.t.Helper()
	s.learn()
	key := func(id string, works bool) string {
		if works {
			return s.name(id)
		}
		return s.name(id) + " (dead)"
	}
	var got []string
	for _, h := range s.Journal() {
		entry := key(h.NewKeyID, h.NewWorked)
		if h.Step == "update" {
			entry = key(h.OldKeyID, h.OldWorked) + " to " + entry
		}
		got = append(got, entry)
	}
	if !slices.Equal(got, want) {
		s.t.Errorf("handovers %q, want %q", got, want)
	}
}
