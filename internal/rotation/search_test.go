package rotation_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// found is a simulation, and how the search first reached it.
type found struct {
	simulation simulation
	parent     int32
	move       move
}

type search struct {
	explorer
	scope scope
	seen  map[simulation]struct{}
	queue []found
}

// search visits the simulations that can be reached, breadth first, up to limit.
func (s scope) search(limit int) (*search, error) {
	q := &search{scope: s, seen: make(map[simulation]struct{})}
	var buf []event
	q.env = s.environment()
	q.events = func(sim *simulation) []event {
		buf = s.events(buf, sim)
		return slices.Clone(buf)
	}
	at := int32(-1)
	q.visit = func(sim simulation, m move) {
		if len(q.queue) == limit {
			return
		}
		if _, ok := q.seen[sim]; !ok {
			q.seen[sim] = struct{}{}
			q.queue = append(q.queue, found{sim, at, m})
		}
	}
	for _, sim := range s.starts() {
		q.emit(sim, move{kind: starts})
	}
	for int(at)+1 < len(q.queue) {
		at++
		if m, v := q.expand(q.queue[at].simulation); v != (violation{}) {
			return q, fmt.Errorf("%v\n%s", v, q.trace(at, m))
		}
	}
	return q, nil
}

// trace returns the shortest way to the simulation at that index, and the move after it.
func (q *search) trace(at int32, m move) string {
	lines := []string{fmt.Sprintf("then %v", m)}
	for ; at >= 0; at = q.queue[at].parent {
		f := q.queue[at]
		lines = append(lines, fmt.Sprintf("%v\n    %v", f.move, f.simulation))
	}
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}

// size is how far a search goes: after how many states it stops in each scope, and how many it must reach in all.
type size struct{ limit, want int }

// searchSize returns the size of the search. The whole of it takes minutes, so make search asks for it. The short one is enough to
// take every branch and to catch every mutant.
func searchSize() size {
	switch {
	case testing.Short():
		return size{limit: 15_000, want: 225_000}
	case os.Getenv("IAMKEYS_SEARCH") == "full":
		return size{limit: math.MaxInt32, want: 5_000_000}
	default:
		return size{limit: 70_000, want: 1_000_000}
	}
}

func TestExhaustiveSearch(t *testing.T) {
	size := searchSize()
	results := make(chan *search, len(scopes))
	t.Run("scope", func(group *testing.T) {
		for _, s := range scopes {
			group.Run(s.name, func(t *testing.T) {
				// A mutant needs one violation, and the same one each time.
				if !testing.Short() {
					t.Parallel()
				} else if group.Failed() {
					return
				}
				q, err := s.search(size.limit)
				t.Logf("%d states, %d transitions, %d applies", len(q.queue), q.tally.transitions, q.tally.applies)
				if err != nil {
					t.Fatal(err)
				}
				results <- q
			})
		}
	})
	if t.Failed() {
		return
	}
	close(results)
	var total tally
	states := 0
	for q := range results {
		states += len(q.queue)
		total.merge(q.tally)
	}
	t.Logf("%d states, %d decisions, %d applies, %d transitions, no violation\n%s", states, total.decisions, total.applies,
		total.transitions, total)
	if states < size.want {
		t.Errorf("%d states, want at least %d", states, size.want)
	}
	if got := slices.Sorted(maps.Keys(total.taken)); !slices.Equal(got, branches()) {
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
	add("step", rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.Reactivate, rotation.Deactivate,
		rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged, rotation.Rotate)
	add("stale", rotation.Adopt, rotation.RecordDeactivated, rotation.RecordReactivated, rotation.Reactivate, rotation.Deactivate,
		rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged, rotation.Rotate)
	add("reason", rotation.ReasonCreated, rotation.ReasonAge, rotation.ReasonMissing, rotation.ReasonInactive,
		rotation.ReasonRecreated, rotation.ReasonChanged, rotation.ReasonRecipients, rotation.ReasonRevoked)
	// An obstacle names the key beside the only Active key, since somebody can do something about that one.
	add("blocked", rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace, rotation.CauseHeld, rotation.CausePaused,
		rotation.CauseUnmanaged, rotation.CauseAdopted, rotation.CauseSigner, rotation.CauseYoung, rotation.CauseExpired)
	add("refused", rotation.CauseUsed, rotation.CauseOverlap, rotation.CauseGrace, rotation.CauseHeld, rotation.CauseUnmanaged,
		rotation.CauseAdopted, rotation.CauseSigner, rotation.CauseYoung, rotation.CauseExpired)
	add("waiting", rotation.CauseUsed, rotation.CauseSigner, rotation.CauseNotOurs, rotation.CauseRevoked)
	slices.Sort(all)
	return all
}
