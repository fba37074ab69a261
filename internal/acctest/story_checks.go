package acctest

import (
	"slices"
	"strings"
)

// WantNoSecrets checks that a command has printed no secret.
func (s *Story) WantNoSecrets(result Result) {
	s.T.Helper()
	for _, issued := range append(s.Sim.IssuedSecrets(), s.Sim.Root().Secret) {
		if strings.Contains(result.Stdout+result.Stderr, issued.Reveal()) {
			s.T.Fatal("the command printed a secret")
		}
	}
}

// wantDiagnostics checks all diagnostics of the last command. One that both plan and apply show counts once.
func (s *Story) wantDiagnostics(e expectation) {
	s.T.Helper()
	got := s.Summaries()
	if want := slices.Compact(slices.Sorted(slices.Values(e.diagnostics))); !slices.Equal(got, want) {
		s.T.Fatalf("diagnostics\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	details := map[string]string{}
	for _, d := range s.CLI.Diagnostics() {
		details[d.Severity+": "+s.Normalize(d.Summary)] += s.Normalize(d.Detail) + "\n"
	}
	for diagnostic, parts := range e.details {
		for _, part := range parts {
			if !strings.Contains(details[diagnostic], part) {
				s.T.Fatalf("%s: the detail\n%s\nlacks %q", diagnostic, details[diagnostic], part)
			}
		}
	}
}

// Summaries returns the diagnostics of the last command, each once, such as "warning: Description of key k1 could not be written".
func (s *Story) Summaries() []string {
	s.T.Helper()
	var all []string
	for _, d := range s.CLI.Diagnostics() {
		all = append(all, d.Severity+": "+s.Normalize(d.Summary))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// WantDetail checks that the detail of the last command's error has all parts, or that of its first warning if there is no error.
func (s *Story) WantDetail(parts ...string) {
	s.T.Helper()
	all := s.CLI.Diagnostics()
	if len(all) == 0 {
		s.T.Fatal("the command shows no diagnostic")
	}
	d := all[max(0, slices.IndexFunc(all, func(d Diagnostic) bool { return d.Severity == "error" }))]
	detail := s.Normalize(d.Detail)
	for _, part := range parts {
		if !strings.Contains(detail, part) {
			s.T.Errorf("%s: the detail %q lacks %q", s.Normalize(d.Summary), detail, part)
		}
	}
}

// Changes returns the calls since the last WantChanges that were meant to change something, as WantChanges takes them. It leaves
// out the creation that IAM refuses for want of a slot before a deletion makes room for it: each rotation without a free slot has
// one, see TestUpdate_makeRoom of package rotator.
func (s *Story) Changes() []string {
	s.nameKeys()
	var changes []string
	for _, call := range s.Sim.Log() {
		object := call.KeyID
		var verb string
		switch call.Action {
		case "ListAccessKeys", "GetAccessKeyLastUsed", "GetUser", "ListUsers", "GetCallerIdentity", "AssumeRole", "Encrypt", "Decrypt",
			"LookupEvents", "ListServiceSpecificCredentials", "GenerateCredentialReport", "GetCredentialReport", "GetAccessKeyInfo",
			"GetAccountSummary":
			continue
		case "CreateAccessKey":
			verb = "create"
		case "DeleteAccessKey":
			verb = "delete"
			if n := len(changes); n > 0 && changes[n-1] == "create: LimitExceeded" {
				changes = changes[:n-1]
			}
		case "UpdateAccessKey":
			verb = map[string]string{"Active": "activate", "Inactive": "deactivate"}[call.Params["Status"]]
		case "TagUser":
			verb, object = "tag", call.Params["Tags.member.1.Key"]
		case "UntagUser":
			verb, object = "untag", call.Params["TagKeys.member.1"]
		default:
			verb = call.Action
		}
		change := strings.TrimSpace(verb + " " + s.KeyName(object))
		if call.Code != "" {
			change += ": " + call.Code
		}
		changes = append(changes, change)
	}
	return changes
}

// WantChanges checks the calls since the last time that were meant to change something, in order: such as "deactivate k1" or, for
// a call that failed, "deactivate k1: AccessDenied".
func (s *Story) WantChanges(want ...string) {
	s.T.Helper()
	if got := s.Changes(); !slices.Equal(got, want) {
		s.T.Fatalf("changes %q, want %q", got, want)
	}
	s.ResetCalls()
}

// WantCalls checks the actions of all calls since the last WantChanges or WantCalls.
func (s *Story) WantCalls(want ...string) {
	s.T.Helper()
	if got := s.CallList(); !slices.Equal(got, want) {
		s.T.Errorf("calls %q, want %q", got, want)
	}
	s.ResetCalls()
}

// WantKeys checks the keys of ci, oldest first, such as "k1 Active".
func (s *Story) WantKeys(want ...string) {
	s.T.Helper()
	s.WantKeysOf("ci", want...)
}

// WantKeysOf is WantKeys for another user.
func (s *Story) WantKeysOf(user string, want ...string) {
	s.T.Helper()
	s.nameKeys()
	var got []string
	for _, key := range s.Sim.Keys(user) {
		got = append(got, s.KeyName(key.ID)+" "+key.Status)
	}
	if !slices.Equal(got, want) {
		s.T.Fatalf("keys of %s %q, want %q", user, got, want)
	}
}

// WantHandovers checks which keys consumers were given: "k1" at their creation, "k1 to k2" at an update while k1 still worked, and
// "k1 (dead) to k2" if it did not.
func (s *Story) WantHandovers(want ...string) {
	s.T.Helper()
	s.nameKeys()
	key := func(id string, works bool) string {
		if works {
			return s.KeyName(id)
		}
		return s.KeyName(id) + " (dead)"
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
		s.T.Errorf("handovers %q, want %q", got, want)
	}
}
