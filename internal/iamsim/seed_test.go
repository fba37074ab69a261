package iamsim_test

import (
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestLargeAccount(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC)
	byKeys := map[int]int{}
	var old, changed, unused, never, young int
	for _, u := range iamsim.LargeAccount(10_000, now) {
		byKeys[len(u.Keys)]++
		if u.CreatedAt.After(now.AddDate(0, 0, -90)) {
			young++
		}
		for _, k := range u.Keys {
			if k.CreatedAt.Before(u.CreatedAt) {
				t.Fatalf("a key of %s is older than its user", u.Name)
			}
			if !k.CreatedAt.After(now.AddDate(0, 0, -90)) {
				old++
			}
			if !k.ReactivatedAt.IsZero() {
				changed++
			}
			if !k.LastUsedAt.After(now.AddDate(0, 0, -45)) {
				unused++
			}
			if k.LastUsedAt.IsZero() {
				never++
			}
		}
	}
	if byKeys[0] != 500 || byKeys[1] != 7_000 || byKeys[2] != 2_500 || young != 1_000 ||
		old != 100 || changed != 50 || unused != 100 || never != 50 {
		t.Errorf("users by keys %v; %d old, %d changed, %d unused, %d never used keys; %d young users",
			byKeys, old, changed, unused, never, young)
	}
}

func TestAddUsers(t *testing.T) {
	t.Parallel()
	sim := startServer(t, iamsim.Options{})
	now := sim.Now()
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	ids := sim.AddUsers(
		iamsim.SeedUser{Name: "ann", CreatedAt: ago(9), Keys: []iamsim.SeedKey{
			{CreatedAt: ago(8), LastUsedAt: ago(3), Service: "s3", Region: "us-east-1"}, {CreatedAt: ago(7), DeactivatedAt: ago(6)},
		}},
		iamsim.SeedUser{Name: "bob", Path: "/x/", CreatedAt: ago(5), Tags: map[string]string{"team": "y"}, Keys: []iamsim.SeedKey{
			{CreatedAt: ago(4), DeactivatedAt: ago(3), ReactivatedAt: ago(2)},
		}},
	)
	want := []iamsim.Key{
		{ID: ids[0], User: "ann", Status: "Active", CreatedAt: ago(8), LastUsedAt: ago(3), LastUsedService: "s3", LastUsedRegion: "us-east-1"},
		{ID: ids[1], User: "ann", Status: "Inactive", CreatedAt: ago(7)},
		{ID: ids[2], User: "bob", Status: "Active", CreatedAt: ago(4)},
	}
	got := append(sim.Keys("ann"), sim.Keys("bob")...)
	for i := range want {
		want[i].CreatedAt = want[i].CreatedAt.Truncate(time.Second)
		want[i].LastUsedAt = want[i].LastUsedAt.Truncate(time.Second)
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	sim.MoveUser("ann", "/z/")
	sim.TagUser("ann", map[string]string{ids[0]: "first"})
	ann, _ := sim.User("ann")
	bob, _ := sim.User("bob")
	if ann.Path != "/z/" || ann.Tags[ids[0]] != "first" || bob.Path != "/x/" || bob.Tags["team"] != "y" ||
		!sim.Authenticates(ids[2], sim.Secret(ids[2])) {
		t.Errorf("users %+v and %+v", ann, bob)
	}
}
