package awsclient

import (
	"slices"
	"strings"
	"testing"
)

func TestNew_accountGuard(t *testing.T) {
	t.Parallel()
	const account, other = "123456789012", "210987654321"
	const refused = "the credentials belong to AWS account 123456789012"
	for name, tc := range map[string]struct {
		allowed, forbidden []string
		wantErr            string
		wantCalls          []string
	}{
		"no lists":      {wantCalls: []string{"ListAccessKeys", "ListAccessKeys"}},
		"allowed":       {allowed: []string{other, account}, wantCalls: []string{"GetCallerIdentity", "ListAccessKeys", "ListAccessKeys"}},
		"not allowed":   {allowed: []string{other}, wantErr: refused, wantCalls: []string{"GetCallerIdentity"}},
		"forbidden":     {forbidden: []string{account}, wantErr: refused, wantCalls: []string{"GetCallerIdentity"}},
		"not forbidden": {forbidden: []string{other}, wantCalls: []string{"GetCallerIdentity", "ListAccessKeys", "ListAccessKeys"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, key := startSim(t)
			s := settingsFor(sim, key)
			s.AllowedAccountIDs, s.ForbiddenAccountIDs = tc.allowed, tc.forbidden
			clients := mustNew(t, s, Options{})
			if calls := actions(sim); len(calls) > 0 {
				t.Errorf("New called %v", calls)
			}
			for range 2 {
				_, err := clients.Gateway.ListAccessKeys(t.Context(), "signer")
				if (err == nil) != (tc.wantErr == "") || err != nil && !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("got %v, want %q", err, tc.wantErr)
				}
			}
			if got := actions(sim); !slices.Equal(got, tc.wantCalls) {
				t.Errorf("called %v, want %v", got, tc.wantCalls)
			}
		})
	}
}
