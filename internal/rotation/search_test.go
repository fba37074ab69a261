package rotation_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

type search struct {
	explorer
	scope scope
	store *store
}

// result is what is kept of a search. Its states would take gigabytes.
type result struct {
	scope  string
	states int
	tally  tally
	took   time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("%-32s %11d %13d %12d %9.0f\n", r.scope, r.states, r.tally.transitions, r.tally.applies, r.took.Seconds())
}

// search visits the simulations that can be reached, breadth first, up to limit.
func (s scope) search(limit int) (*search, error) {
	q := &search{scope: s, store: newStore()}
	q.env = s.environment()
	q.events = s.events
	at := int32(-1)
	q.visit = func(sim simulation, _ move) {
		if q.store.size < limit {
			q.store.add(q.env.pack(sim), at)
		}
	}
	for _, sim := range s.starts() {
		q.emit(sim, move{kind: starts})
	}
	for int(at)+1 < q.store.size {
		at++
		if m, v := q.expand(q.simulation(at)); v != (violation{}) {
			return q, fmt.Errorf("%v\n%s", v, q.trace(at, m))
		}
	}
	return q, nil
}

func (q *search) simulation(at int32) simulation { return q.env.unpack(q.store.at(int(at)).simulation) }

// trace returns the shortest way to the simulation at that place, and the move after it. The moves between are found again.
func (q *search) trace(at int32, m move) string {
	lines := []string{fmt.Sprintf("then %v", m)}
	for at >= 0 {
		to, from := q.store.at(int(at)).simulation, q.store.at(int(at)).parent
		how := move{kind: starts}
		if from >= 0 {
			x := &explorer{env: q.env, events: q.events}
			x.visit = func(sim simulation, m move) {
				if how.kind == starts && q.env.pack(sim) == to {
					how = m
				}
			}
			x.expand(q.simulation(from))
		}
		lines = append(lines, fmt.Sprintf("%v\n    %v", how, q.env.unpack(to)))
		at = from
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// size is how far a search goes: after how many states it stops in each scope, and how many it must reach in all.
type size struct{ limit, want int }

// searchSize returns the size of the search. The short one is enough to take every branch and to catch every mutant. The full one takes
// an hour, and is limited by memory alone: a scope of this size needs 1 GB.
func searchSize() size {
	switch os.Getenv("IAMKEYS_SEARCH") {
	case "full":
		return size{limit: 20_000_000, want: 100_000_000}
	case "long":
		return size{limit: 120_000, want: 3_000_000}
	}
	if testing.Short() {
		return size{limit: 15_000, want: 400_000}
	}
	return size{limit: 35_000, want: 1_000_000}
}

func TestExhaustiveSearch(t *testing.T) {
	size := searchSize()
	results := make(chan result, len(scopes))
	t.Run("scope", func(group *testing.T) {
		for _, s := range scopes {
			group.Run(s.name, func(t *testing.T) {
				t.Parallel()
				began := clock.System().Now()
				q, err := s.search(size.limit)
				if err != nil {
					t.Fatal(err)
				}
				results <- result{s.name, q.store.size, q.tally, clock.System().Now().Sub(began)}
			})
		}
	})
	if t.Failed() {
		return
	}
	if len(results) < len(scopes) {
		return // Only some were selected.
	}
	close(results)
	byScope := make(map[string]result, len(scopes))
	for r := range results {
		byScope[r.scope] = r
	}
	total := result{scope: "all"}
	var rows strings.Builder
	for _, s := range scopes {
		r := byScope[s.name]
		rows.WriteString(r.String())
		total.states, total.took = total.states+r.states, total.took+r.took
		total.tally.merge(r.tally)
	}
	t.Logf("no violation\n%-32s %11s %13s %12s %9s\n%s%s\n%s", "scope", "states", "transitions", "applies", "seconds",
		&rows, total, total.tally)
	if total.states < size.want {
		t.Errorf("%d states, want at least %d", total.states, size.want)
	}
	if got := slices.Sorted(maps.Keys(total.tally.taken)); !slices.Equal(got, branches()) {
		t.Errorf("branches taken:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(branches(), "\n"))
	}
}

// branches returns all that Decide and Confirm can return.
func branches() []string {
	var all []string
	add := func(role string, what ...any) {
		for _, value := range what {
			all = append(all, branch(role, value))
		}
	}
	kinds := []any{
		rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.RecordDeleted, rotation.RecordCurrentInactive,
		rotation.RecordCurrentActive, rotation.RecordRenamed, rotation.RecordRequest, rotation.Reactivate, rotation.Deactivate,
		rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged, rotation.Rotate,
	}
	add("step", kinds...)
	// An apply has the configuration of its plan.
	add("stale", slices.DeleteFunc(slices.Clone(kinds), func(kind any) bool { return kind == rotation.RecordRequest })...)
	add("reason", rotation.ReasonCreated, rotation.ReasonAge, rotation.ReasonMissing, rotation.ReasonInactive,
		rotation.ReasonRecreated, rotation.ReasonChanged, rotation.ReasonRecipients, rotation.ReasonRevoked)
	// An obstacle names the key beside the only Active key, since somebody can do something about that one.
	add("blocked", rotation.CauseUnknownUser, rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace, rotation.CauseHeld,
		rotation.CausePaused, rotation.CauseUnmanaged, rotation.CauseAdopted, rotation.CauseSigner, rotation.CauseYoung, rotation.CauseExpired,
		rotation.CauseHandover, rotation.CauseUnknownUse, rotation.CauseSettling)
	add("retirement blocked", rotation.CauseUnknownUser, rotation.CauseSigner, rotation.CauseRevokedActive, rotation.CauseHeld,
		rotation.CausePaused, rotation.CauseHandover, rotation.CauseUnknownUse, rotation.CauseUsed)
	add("no room", rotation.CauseUnknownUser, rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace, rotation.CauseHeld,
		rotation.CauseUnmanaged, rotation.CauseAdopted, rotation.CauseSigner, rotation.CauseYoung, rotation.CauseExpired,
		rotation.CauseHandover, rotation.CauseUnknownUse, rotation.CauseSettling)
	add("room", rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged)
	add("refused", rotation.CauseUnknownUser, rotation.CauseHeld, rotation.CauseUnmanaged, rotation.CauseAdopted, rotation.CauseSigner,
		rotation.CauseYoung, rotation.CauseExpired)
	add("waiting", rotation.CauseUnknownUser, rotation.CauseNotOurs, rotation.CauseRevoked)
	slices.Sort(all)
	return all
}
