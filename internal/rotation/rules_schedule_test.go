package rotation

import (
	"fmt"
	"testing"
	"time"
)

// spread14 and spread10 are the places of AIDAEXAMPLE within 14 and 10 days. They must never change: a release that moved them would
// rotate the keys of a fleet on other days than their states say.
const (
	spread14 = 1145589 * second
	spread10 = 627189 * second
)

// With the defaults of the configuration, max_age = "90d" rotates at 72 days, and rotate_after may be 72 days at most.
func TestPolicy_dates(t *testing.T) {
	t.Parallel()
	standard := Policy{MaxAge: days(90), ApplyEvery: days(1), Overlap: days(7), Grace: days(7), RequireUnusedFor: days(8)}
	tests := []struct {
		name                     string
		settings                 []setting
		interval, minimum, least time.Duration
	}{
		{"max_age", nil, days(72), days(15), days(18)},
		{"rotate_after", []setting{rotateAfter(days(75)), maxAge(0)}, days(75), days(15), days(93)},
		{"both: rotate_after decides", []setting{rotateAfter(days(60))}, days(60), days(15), days(78)},
		{"neither", []setting{maxAge(0)}, 0, days(15), days(18)},
		{"apply_every", []setting{applyEvery(days(7))}, days(54), days(15), days(36)},
		{"overlap", []setting{overlap(days(10))}, days(69), days(17), days(21)},
		{"require_unused_for", []setting{unusedFor(days(20))}, days(60), days(27), days(30)},
		{"grace", []setting{grace(days(30))}, days(72), days(38), days(18)},
		{"without overlap, grace and require_unused_for", []setting{overlap(0), grace(0), unusedFor(0)}, days(87), 0, days(3)},
		{"the spread counts elsewhere", []setting{rotationSpread(days(14))}, days(72), days(15), days(18)},
	}
	for _, tt := range tests {
		p := standard
		for _, change := range tt.settings {
			change(&p)
		}
		if got := p.Interval(); got != tt.interval {
			t.Errorf("%s: Interval: got %s, want %s", tt.name, got, tt.interval)
		}
		if got := p.MinimumInterval(); got != tt.minimum {
			t.Errorf("%s: MinimumInterval: got %s, want %s", tt.name, got, tt.minimum)
		}
		if got := p.MinimumMaxAge(); got != tt.least {
			t.Errorf("%s: MinimumMaxAge: got %s, want %s", tt.name, got, tt.least)
		}
	}
}

func managedSince(at time.Time) change { return func(s *setup) { s.record.ManagedSince = at } }

func uniqueID(id string) change { return func(s *setup) { s.record.UniqueID = id } }

// Rule 5: the date of a rotation by age, for a current that was created on day 0.
func TestRecord_RotateAt(t *testing.T) {
	t.Parallel()
	spread := set(rotationSpread(days(14)))
	tests := []struct {
		name  string
		given setup
		want  time.Time
	}{
		{"rotate_after", settled(), day(90)},
		{"max_age", settled(set(rotateAfter(0), maxAge(days(90)), applyEvery(days(1)))), day(72)},
		{"both", settled(set(rotateAfter(days(60)), maxAge(days(90)))), day(60)},
		{"neither", settled(set(rotateAfter(0))), time.Time{}},
		{"a max_age that leaves nothing", settled(set(rotateAfter(0), maxAge(days(15)))), time.Time{}},
		{"a max_age that leaves less than nothing", settled(set(rotateAfter(0), maxAge(days(1)))), time.Time{}},
		{"spread", settled(spread), day(90).Add(-spread14)},
		{"another spread", settled(set(rotationSpread(days(10)))), day(90).Add(-spread10)},
		{"spread, max_age", settled(spread, set(rotateAfter(0), maxAge(days(90)), applyEvery(days(1)))), day(72).Add(-spread14)},
		{"a spread of a second", settled(set(rotationSpread(second))), day(90)},
		{"a spread below a second", settled(set(rotationSpread(second / 2))), day(90)},
		{"managed since its creation", settled(spread, managedSince(day(0))), day(90).Add(-spread14)},
		{"managed since that date", settled(spread, managedSince(day(90).Add(-spread14))), day(90).Add(-spread14)},
		{"managed ten days before the end of the interval", settled(spread, managedSince(day(80))), day(80).Add(spread10)},
		{"managed a second before the end of the interval", settled(spread, managedSince(day(90).Add(-second))), day(90).Add(-second)},
		{"managed at the end of the interval", settled(spread, managedSince(day(90))), day(90).Add(spread14)},
		{"managed a year later", settled(spread, managedSince(day(365))), day(365).Add(spread14)},
		{"overdue when managed, without spread", settled(managedSince(day(365))), day(365)},
		{"not overdue when managed, without spread", settled(managedSince(day(90).Add(-second))), day(90)},
	}
	for _, tt := range tests {
		if got := tt.given.record.RotateAt(tt.given.policy); !got.Equal(tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, got.Format(time.RFC3339), tt.want.Format(time.RFC3339))
		}
	}
}

func TestDecide_rotateBySchedule(t *testing.T) {
	t.Parallel()
	spread := set(rotationSpread(days(14)))
	rotates := does(rotate(ReasonAge))
	checkBoundaries(t, []boundary{
		{"max_age", settled(set(rotateAfter(0), maxAge(days(90)), applyEvery(days(1)))), day(72), nothing(), rotates},
		{"rotate_after beside max_age", settled(set(rotateAfter(days(60)), maxAge(days(90)))), day(60), nothing(), rotates},
		{"spread", settled(spread), day(90).Add(-spread14), nothing(), rotates},
		{"overdue when managed", settled(spread, managedSince(day(365))), day(365).Add(spread14), nothing(), rotates},
		{"near its date when managed", settled(spread, managedSince(day(80))), day(80).Add(spread10), nothing(), rotates},
		{"an edited max_age counts from the next plan on", settled(edit(maxAge(days(30)), rotateAfter(0))), day(90), nothing(), nothing()},
		{"an edited spread counts from the next plan on", settled(edit(rotationSpread(days(14)))), day(90), nothing(), nothing()},
	})
}

// fleet has 300 users with unique ids that are fixed.
func fleet(given setup) []setup {
	users := make([]setup, 300)
	for i := range users {
		users[i] = given.with(uniqueID(fmt.Sprintf("AIDAFLEETUSER%08d", i)))
	}
	return users
}

// dailyBatches counts the users whose key is due, by the first of the daily applies since the day that finds it so.
func dailyBatches(users []setup, from, last int) []int {
	batches := make([]int, last-from+1)
	for _, u := range users {
		for d := from; d <= last; d++ {
			if Decide(u.policy, u.record, u.seen, day(d)).Has(Rotate) {
				batches[d-from]++
				break
			}
		}
	}
	return batches
}

// Rule 5: a fleet that was created on one day rotates on the days of rotation_spread, twice the mean on one day at most.
func TestDecide_fleetCreatedOnOneDay(t *testing.T) {
	t.Parallel()
	batches := dailyBatches(fleet(settled(set(rotationSpread(days(14))), managedSince(day(0)))), 60, 90)
	total := 0
	for i, n := range batches {
		if total += n; 14*n > 2*300 {
			t.Errorf("day %d: %d of 300 rotate, more than twice the mean of 14 days", 60+i, n)
		}
		if n > 0 && 60+i < 76 {
			t.Errorf("day %d: %d rotate before the days of the spread", 60+i, n)
		}
	}
	if total != 300 {
		t.Errorf("%d of 300 rotate by day 90", total)
	}
}

// Rule 5: a fleet that was imported on one day, overdue, rotates on the days of rotation_spread after it.
func TestDecide_fleetImportedOverdue(t *testing.T) {
	t.Parallel()
	// The import is applied on day 365, and the first daily apply after it is that of day 366.
	batches := dailyBatches(fleet(settled(set(rotationSpread(days(14))), managedSince(day(365)))), 366, 379)
	if first := batches[0]; first > 300/7 {
		t.Errorf("the first apply after the import rotates %d of 300, more than a seventh", first)
	}
	total := 0
	for i, n := range batches {
		if total += n; 14*n > 2*300 {
			t.Errorf("day %d: %d of 300 rotate, more than twice the mean of 14 days", 366+i, n)
		}
	}
	if total != 300 {
		t.Errorf("%d of 300 rotate within the spread", total)
	}
}
