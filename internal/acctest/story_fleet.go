package acctest

import (
	"fmt"
	"maps"
)

// Fleet is a Story about the keys of many users in one configuration: user-0, user-1 and so on.
type Fleet struct {
	*Story
	// Users is how many users there are.
	Users int
	// Says are the diagnostics of PlanCalls and ApplyCalls.
	Says []Option
}

// NewFleet creates users and configures a key for each.
func NewFleet(s *Story, users int) *Fleet {
	s.T.Helper()
	for i := range users {
		s.Sim.CreateUser(FleetUser(i))
	}
	s.Write(FleetArgs(users))
	return &Fleet{Story: s, Users: users}
}

// FleetUser returns the name of a user by its number.
func FleetUser(i int) string { return fmt.Sprintf("user-%d", i) }

// FleetArgs returns the arguments of a key for each of so many users.
func FleetArgs(users int) Args {
	return Distinct(Args{"user": `"user-${count.index}"`, "count": fmt.Sprint(users)})
}

// UseNewest sets the last use of the newest key of each user to now.
func (f *Fleet) UseNewest() {
	for i := range f.Users {
		keys := f.Sim.Keys(FleetUser(i))
		f.Sim.SetLastUsed(keys[len(keys)-1].ID, f.Sim.Now(), "s3", "eu-west-1")
	}
}

// PlanCalls plans, and checks that the plan makes exactly these calls for each user.
func (f *Fleet) PlanCalls(code int, calls ...string) {
	f.T.Helper()
	f.ResetCalls()
	f.Plan(code, f.Says...)
	f.wantCallsEach(calls)
}

// ApplyCalls applies the saved plan, and checks that the apply makes exactly these calls for each user.
func (f *Fleet) ApplyCalls(calls ...string) {
	f.T.Helper()
	f.ApplyPlan(f.Says...)
	f.wantCallsEach(calls)
}

func (f *Fleet) wantCallsEach(each []string) {
	f.T.Helper()
	if f.Users == 1 {
		f.WantCalls(each...)
		return
	}
	got, want := map[string]int{}, map[string]int{}
	for _, action := range f.CallList() {
		got[action]++
	}
	for _, action := range each {
		want[action] += f.Users
	}
	if !maps.Equal(got, want) {
		f.T.Errorf("calls for %d users %v, want %v", f.Users, got, want)
	}
	f.ResetCalls()
}
