package provider_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// spreadDay is a day in seconds.
const spreadDay = 24 * 60 * 60

// placeOfCI is the place of ci within so many days: a hash of the unique id, in whole seconds.
func (ws *workspace) placeOfCI(days uint64) time.Duration {
	user, _ := ws.Sim.User("ci")
	sum := sha256.Sum256([]byte(user.ID))
	return time.Duration(binary.BigEndian.Uint64(sum[:8])%(days*spreadDay)) * time.Second //nolint:gosec // it is some days
}

// nameTime lets rows name a time that depends on a unique id.
func (ws *workspace) nameTime(at time.Time, name string) {
	ws.names[at.UTC().Format(time.RFC3339)] = name
}

// nameDay is nameTime for a day. A row names either.
func (ws *workspace) nameDay(at time.Time, name string) {
	ws.names[at.UTC().Format(time.DateOnly)] = name
}

// An edit of rotation_spread moves rotate_at, which the plan shows as a known value, and nothing else.
func TestModifyPlan_rotationSpread(t *testing.T) {
	t.Parallel()
	by := func(days string) attributes { return attributes{"rotation_spread": days} }
	at90d := acctest.Start.AddDate(0, 0, 90)
	// createBy creates k1, and names the date of its rotation by a spread of so many days.
	createBy := func(more attributes, days uint64) func(ws *workspace) {
		return func(ws *workspace) {
			ws.nameTime(at90d.Add(-ws.placeOfCI(days)), "the spread date")
			ws.apply(more)
		}
	}
	// advanceTo lets time pass until so long before the rotation of k1 by a spread of ten days.
	advanceTo := func(before time.Duration) func(ws *workspace) {
		return func(ws *workspace) {
			ws.apply(by("10d"))
			at := at90d.Add(-ws.placeOfCI(10))
			ws.nameDay(at, "the spread day")
			ws.Sim.Advance(at.Sub(acctest.Start) - before)
		}
	}
	testPlans(t, []planRow{
		{name: "create", config: by("10d"), changes: created.with(changes{"rotation_spread": "10d"})},
		{name: "steady", before: createBy(by("10d"), 10), config: by("10d")},
		{
			name: "set", before: createBy(nil, 10), config: by("10d"),
			changes: changes{"rotation_spread": "10d", "rotate_at": "the spread date"},
		},
		{
			name: "longer", before: func(ws *workspace) {
				for ws.placeOfCI(10) == ws.placeOfCI(20) { // as for every other user
					ws.Sim.DeleteUser("ci")
					ws.Sim.CreateUser("ci")
				}
				createBy(by("10d"), 20)(ws)
			},
			config:  by("20d"),
			changes: changes{"rotation_spread": "20d", "rotate_at": "the spread date"},
		},
		{
			name: "unset", before: createBy(by("10d"), 10),
			changes: changes{"rotation_spread": "0s", "rotate_at": "2026-04-01T00:00:00Z"},
		},
		{name: "spelled anew", before: createBy(by("10d"), 10), config: by("240h")},
		{
			name: "with max_age", before: func(ws *workspace) {
				ws.nameTime(acctest.Start.AddDate(0, 0, 72).Add(-ws.placeOfCI(10)), "the spread date")
				ws.apply(maxAge)
			},
			config:  maxAge.with(by("10d")),
			changes: changes{"rotation_spread": "10d", "rotate_at": "the spread date"},
		},
		{name: "a second before the rotation", before: advanceTo(time.Second), config: by("10d")},
		{
			name: "rotation due", before: advanceTo(0), config: by("10d"),
			changes: rotated.with(changes{"last_change": "rotate k1: created 2026-01-01, due the spread day"}),
		},
		{
			name: "longer, already reached",
			before: func(ws *workspace) {
				ws.apply(nil)
				at := at90d.Add(-ws.placeOfCI(20))
				ws.nameTime(at, "the spread date")
				ws.names[at.Format("2006-01-02 15:04:05 UTC")] = "the spread date in words"
				ws.Sim.Advance(at.Sub(acctest.Start))
			},
			config:  by("20d"),
			changes: changes{"rotation_spread": "20d", "rotate_at": "the spread date"},
			says: []string{"Warning: Changed configuration makes a rotation due | Key k1 of user \"ci\" is rotated at 90d, or up to 20d " +
				"earlier by rotation_spread, so it is due since the spread date in words."},
		},
		{
			// A rotation that was due is put off.
			name: "unset while a rotation is due", before: advanceTo(0),
			changes: changes{"rotation_spread": "0s", "rotate_at": "2026-04-01T00:00:00Z"},
			says: []string{"Warning: Due step is left to the next plan | rotate k1: created 2026-01-01, due the spread day | " +
				"The next plan takes what the new configuration still calls for."},
		},
		{
			name: "import of an overdue key",
			before: func(ws *workspace) {
				ws.createForeignKey("theirs")
				ws.Advance("400d")
				ws.nameTime(ws.Sim.Now().Add(ws.placeOfCI(10)), "the spread date")
				ws.importID("ci")
			},
			config:    by("10d"),
			refreshed: changes{"account_id": "123456789012", "user_unique_id": "unique id of ci"},
			changes:   settled.with(changes{"rotation_spread": "10d", "rotate_at": "the spread date"}),
		},
	})
}
