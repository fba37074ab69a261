package awsclient

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
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

// The account is checked before CloudTrail is asked, too: its answer about another account would mislead.
func TestNew_accountGuardCloudTrail(t *testing.T) {
	t.Parallel()
	for allowed, want := range map[string][]string{
		"123456789012": {"GetCallerIdentity", "LookupEvents"}, "210987654321": {"GetCallerIdentity"},
	} {
		sim, key := startSim(t)
		s := settingsFor(sim, key)
		s.AllowedAccountIDs = []string{allowed}
		_, err := mustNew(t, s, Options{}).Trail.Lookup(t.Context(), trail.Query{
			KeyID: key.AccessKeyID, Regions: []string{"us-east-1"}, Since: trail.Retention, MaxPages: 1,
		})
		refused := err != nil && strings.Contains(err.Error(), "the credentials belong to AWS account 123456789012")
		if got := actions(sim); !slices.Equal(got, want) || refused != (len(want) == 1) {
			t.Errorf("%s: called %v with %v", allowed, got, err)
		}
	}
}

// CloudTrail is asked in the region of the provider, not in that of STS, and sees the provider's user agent.
func TestNew_trail(t *testing.T) {
	t.Parallel()
	sim, key := startSim(t)
	s := settingsFor(sim, key)
	s.Region, s.STSRegion = "eu-west-1", "eu-central-1"
	clients := mustNew(t, s, Options{Version: "1.2.3"})
	if got := clients.Trail.Regions(); !slices.Equal(got, []string{"eu-west-1", "us-east-1"}) {
		t.Errorf("regions %q", got)
	}
	if _, err := clients.Gateway.CallerIdentity(t.Context()); err != nil {
		t.Fatal(err)
	}
	sim.Advance(time.Hour)
	found, err := clients.Trail.Lookup(t.Context(), trail.Query{
		KeyID: key.AccessKeyID, Regions: []string{"eu-central-1"}, Since: trail.Retention, MaxPages: 1,
	})
	if err != nil || len(found.Events) != 1 {
		t.Fatalf("got %+v and %v", found, err)
	}
	if uses := trail.Uses(found.Events); uses[0].Action != "GetCallerIdentity" || !uses[0].IsProvider() {
		t.Errorf("got %+v", uses)
	}
}
