package longrun_test

import (
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// TestMaxAge_kept applies daily for two years with the defaults and max_age = "90d". The consumers move within the overlap, the last
// just before its end. No key is Active beyond 90 days, and nothing asks for attention but the use that require_unused_for waits for.
func TestMaxAge_kept(t *testing.T) {
	t.Parallel()
	const maxAge = 90 * day
	options := iamsim.EventuallyConsistent()
	options.NewKeyRejects, options.NewKeyDelay = 0, 5*time.Second
	options.LastUsedGranularity = 15 * time.Minute
	h := emptyHistory(t, options, 0)
	h.want = settings{maxAge: 90, applyEvery: 1, overlap: 7, grace: 7, unusedFor: 8, mode: refuse}
	h.cadence = day
	h.consumers = []*consumer{
		{every: day, uses: h.sim.Now()},
		{delay: 3 * day, every: 2 * day, uses: h.sim.Now()},
		{delay: 7*day - time.Minute, every: time.Hour, uses: h.sim.Now()},
	}
	h.run(disruption{})
	oldest := time.Duration(0)
	for h.sim.Now().Sub(dayZero) < twoYears && h.violation == "" {
		h.applyFor(day)
		for _, k := range h.keys() {
			age := h.sim.Now().Sub(k.CreatedAt)
			if k.Status != "Active" {
				continue
			}
			oldest = max(oldest, age)
			if age >= maxAge {
				h.violate("max-age-kept", "%s is Active at an age of %s", k.ID, age)
			}
		}
		state := h.state.value
		if until := timeAt(state, "compliant_until"); !until.After(h.sim.Now()) {
			h.violate("max-age-kept", "compliant_until is %s", until)
		}
		if blocked := stringAt(state, "rotation_blocked"); blocked != "" {
			h.violate("max-age-kept", "rotation_blocked says %q", blocked)
		}
		if blocked := stringAt(state, "retirement_blocked"); blocked != "" && !strings.HasSuffix(blocked, "is still in use") {
			h.violate("max-age-kept", "retirement_blocked says %q", blocked)
		}
	}
	if h.violation != "" {
		t.Fatalf("%s\nThe history:\n%s", h.violation, strings.Join(h.log, "\n"))
	}
	if h.counts["creations"] < 10 || h.counts["deletions"] < 9 || oldest < 85*day {
		t.Errorf("%v, and the oldest Active key was %s: this proves little", h.counts, oldest)
	}
}
