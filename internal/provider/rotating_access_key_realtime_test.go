package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// shortPolicy goes through the whole cycle within a minute. TestLiveCycle runs it in real time.
const shortPolicy = `
  rotate_after       = "30s"
  overlap            = "10s"
  grace              = "10s"
  require_unused_for = "0s"`

// The life cycle with the shortest useful durations, in steps of 1 to 10 seconds: each step comes at its second, and
// nothing in between.
func TestAccRotatingAccessKey_realTime(t *testing.T) {
	t.Parallel()
	s := newSteadyStory(t, shortPolicy)
	ids := []string{s.currentID()}
	elapsed := 0
	for _, step := range []struct {
		// second is the time since the start, and want are the mutations of an apply then; with none a plan is empty. A
		// number stands for the key that was made by that rotation.
		second int
		want   []string
	}{
		{10, nil},
		{20, nil},
		{29, nil},
		{30, []string{"CreateAccessKey"}},
		{31, nil},
		{39, nil},
		{40, []string{"UpdateAccessKey 0 Inactive"}},
		{41, nil},
		{50, []string{"DeleteAccessKey 0"}},
		{51, nil},
		{60, []string{"CreateAccessKey"}},
		// An apply that comes late moves the dates that follow from it.
		{75, []string{"UpdateAccessKey 1 Inactive"}},
		{84, nil},
		{85, []string{"DeleteAccessKey 1"}},
		{90, []string{"CreateAccessKey"}},
		{91, nil},
	} {
		s.w.Advance(fmt.Sprintf("%ds", step.second-elapsed))
		elapsed = step.second
		var want []string
		for _, mutation := range step.want {
			for i, id := range ids {
				mutation = strings.Replace(mutation, fmt.Sprintf(" %d", i), " "+id, 1)
			}
			want = append(want, mutation)
		}
		if len(want) == 0 {
			s.plans(0)
			continue
		}
		s.w.ResetCalls()
		s.apply()
		if got := s.mutations(); !slices.Equal(got, want) {
			t.Errorf("at %ds: mutations %q, want %q", step.second, got, want)
		}
		if id := s.currentID(); id != ids[len(ids)-1] {
			ids = append(ids, id)
		}
	}
	if journal := s.w.Journal(); len(ids) != 4 || len(journal) != 4 {
		t.Errorf("keys %q, journal %+v, want a handover for each of four keys", ids, journal)
	}
	s.c.Destroy()
	s.c.Want(0)
	if keys := s.w.Sim.Keys("ci"); len(keys) != 0 {
		t.Errorf("keys %+v left", keys)
	}
}
