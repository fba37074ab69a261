package audit_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/audit"
)

// history changes an account at random.
type history struct {
	*account
	random *rand.Rand
	// reported are the ids of the users that the report knows, by the name that it has for them.
	reported map[string]string
	// exchanges allows a user of the report to take the name of another one.
	exchanges bool
	// distinct forbids a name that somebody had.
	distinct bool
	// keep forbids to delete a user.
	keep  bool
	names int
}

var (
	paths    = []string{"/", "/a/", "/a/b/", "/c/"}
	windows  = []time.Duration{0, time.Hour, 5 * time.Hour, 9 * time.Hour, 2 * day, 10 * day, 30 * day, 45 * day}
	statuses = []string{"Active", "Inactive"}
)

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// upTo returns a random time of whole seconds, zero included.
func (h *history) upTo(limit time.Duration) time.Duration {
	return time.Duration(h.random.Int64N(int64(limit/time.Second)+1)) * time.Second
}

// freeName returns a name that nobody has: a new one, or one that somebody had.
func (h *history) freeName(owner *user) string {
	for range 3 {
		if h.distinct {
			break
		}
		name := fmt.Sprintf("user%d", h.random.IntN(h.names+1))
		id, reported := h.reported[name]
		taken := reported && owner != nil && id != owner.id && slices.Contains(slices.Collect(maps.Values(h.reported)), owner.id)
		if h.user(name) == nil && (!taken || h.exchanges) {
			return name
		}
	}
	h.names++
	return fmt.Sprintf("user%d", h.names)
}

// change does one thing that may happen in an account.
func (h *history) change() {
	if len(h.users) == 0 || h.random.IntN(6) == 0 {
		h.addUser(h.freeName(nil), pick(h.random, paths), h.now)
		return
	}
	u := pick(h.random, h.users)
	switch n := h.random.IntN(20); {
	case n == 0 && !h.keep:
		h.deleteUser(u)
		return
	case n == 1:
		u.name = h.freeName(u)
		return
	case n == 2:
		u.path = pick(h.random, paths)
		return
	case n < 8 && len(u.keys) < 2:
		h.addKey(u, h.now)
		return
	case len(u.keys) == 0:
		return
	}
	i := h.random.IntN(len(u.keys))
	switch n := h.random.IntN(10); {
	case n == 0:
		u.keys = slices.Delete(slices.Clone(u.keys), i, i+1)
	case n < 4:
		u.keys[i].setStatus(pick(h.random, statuses), h.now)
	case u.keys[i].status == "Active":
		u.keys[i].uses = append(u.keys[i].uses, h.now)
	}
}

// passing returns the keys that pass a query, by id, from what is in the account.
func (h *history) passing(q audit.Query) map[string]*key {
	keys := map[string]*key{}
	for _, u := range h.users {
		if !strings.HasPrefix(u.path, q.PathPrefix) {
			continue
		}
		for _, k := range u.keys {
			lastUse := k.lastUse(h.now)
			if lastUse.IsZero() {
				lastUse = k.created
			}
			if (q.Status == "" || k.status == q.Status) && h.now.Sub(k.created) >= q.OlderThan && h.now.Sub(lastUse) >= q.UnusedFor {
				keys[k.id] = k
			}
		}
	}
	return keys
}

// randomCase returns an account with a report, after a random history, and a random query.
func randomCase(seed uint64) (*history, audit.Query) {
	h := &history{account: newAccount(), random: rand.New(rand.NewPCG(seed, 10))} //nolint:gosec // a test that can be repeated
	q := audit.Query{
		OlderThan: pick(h.random, windows), UnusedFor: pick(h.random, windows), TrustReport: h.random.IntN(4) == 0,
		Descriptions: h.random.IntN(4) == 0,
	}
	if h.random.IntN(3) == 0 {
		q.PathPrefix = pick(h.random, paths)
	}
	if h.random.IntN(2) == 0 {
		q.Status = pick(h.random, statuses)
	}
	for range 5 + h.random.IntN(40) {
		h.now = h.now.Add(h.upTo(4 * day))
		h.change()
	}
	snapshotAt := h.now.Add(h.upTo(2 * day))
	h.now = snapshotAt
	h.snapshot(h.upTo(4*time.Hour), snapshotAt.Add(h.upTo(4*time.Hour)))
	if h.random.IntN(4) == 0 && len(h.users) > 0 {
		for range 1 + h.random.IntN(3) {
			h.dropRow(pick(h.random, h.users).name)
		}
		// A user that is deleted could make up for a missing row.
		h.keep = true
	}
	h.reported = map[string]string{}
	for _, u := range h.users {
		h.reported[u.name] = u.id
	}
	// Without a path, names alone lead from the report to the users.
	h.exchanges = q.PathPrefix != "" && q.PathPrefix != "/"
	for range h.random.IntN(12) {
		h.now = h.now.Add(h.upTo(time.Hour))
		h.change()
	}
	if h.now.Before(h.reportedAt) {
		h.now = h.reportedAt
	}
	return h, q
}

// wantSound checks that a result has all keys that passed during the whole audit, and none that never did.
func wantSound(t *testing.T, seed uint64, h *history, q audit.Query, always, ever map[string]*key, result audit.Result) {
	t.Helper()
	got := map[string]bool{}
	for _, k := range result.Keys {
		if got[k.ID] {
			t.Errorf("seed %d: key %s twice", seed, k.ID)
		}
		got[k.ID] = true
		if ever[k.ID] == nil {
			t.Errorf("seed %d: key %s does not pass %+v", seed, k.ID, q)
		}
	}
	for id, k := range always {
		changedLately := k.changed.After(k.created) && k.changed.After(h.now.Add(-max(q.OlderThan, q.UnusedFor)))
		if got[id] || q.TrustReport && result.Method == audit.ByReport && changedLately {
			continue
		}
		t.Errorf("seed %d: key %s, created %s, changed %s, was missed by %s (%+v) at %s", seed, id, k.created, k.changed, result.Method, q, h.now)
	}
}

// TestRun_sound compares results with the truth, for random accounts, histories and queries.
func TestRun_sound(t *testing.T) {
	t.Parallel()
	guided, found, excluded := 0, 0, 0
	for seed := range uint64(20_000) {
		h, q := randomCase(seed)
		passing := h.passing(q)
		result, err := audit.Run(t.Context(), h, q)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		wantSound(t, seed, h, q, passing, passing, result)
		if result.Method == audit.ByReport {
			guided++
			found += len(result.Keys)
			excluded += len(h.users) - result.UsersListed
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d results by report with %d keys, %d users excluded", guided, found, excluded)
	if guided < 5_000 || found < 5_000 || excluded < 5_000 {
		t.Errorf("%d results by report with %d keys, %d users excluded: too few", guided, found, excluded)
	}
}

// TestRun_soundMeanwhile is TestRun_sound in an account that changes during the audit.
func TestRun_soundMeanwhile(t *testing.T) {
	t.Parallel()
	changed := 0
	for seed := range uint64(20_000) {
		h, q := randomCase(seed)
		always, ever := h.passing(q), h.passing(q)
		// If a name were taken by somebody else between two calls, nothing would show it.
		h.distinct = true
		nth, calls := h.random.IntN(12), 0
		h.onCall = func(string, string) {
			if calls++; calls%(nth+1) == nth && calls < 30 {
				changed++
				h.change()
				passing := h.passing(q)
				maps.Copy(ever, passing)
				maps.DeleteFunc(always, func(id string, _ *key) bool { return passing[id] == nil })
			}
		}
		result, err := audit.Run(t.Context(), h, q)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		wantSound(t, seed, h, q, always, ever, result)
		if t.Failed() {
			t.FailNow()
		}
	}
	if changed < 10_000 {
		t.Errorf("%d changes, too few", changed)
	}
}
