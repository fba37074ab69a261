package longrun_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestStories runs random histories until one of them violates an invariant. By default it runs the same hundred each time;
// IAMKEYS_STORIES sets the number of new ones to run instead. Every worker prints its seed; -rapid.seed repeats its histories.
func TestStories(t *testing.T) {
	t.Parallel()
	histories, workers, random := 100, 2, false
	if n := os.Getenv("IAMKEYS_STORIES"); n != "" {
		histories, workers, random = must(strconv.Atoi(n)), runtime.GOMAXPROCS(0), true
	}
	seed := rapidFlag(t, "rapid.seed")
	if seed != 0 {
		workers = 1
	}
	setRapidFlag(t, "rapid.checks", strconv.Itoa((histories+workers-1)/workers))
	// Rapid reads its seed from the flag when it starts, so the workers start one after the other.
	var starting sync.Mutex
	var total tally
	for worker := range workers {
		t.Run(strconv.Itoa(worker), func(t *testing.T) {
			t.Parallel()
			starting.Lock()
			started := sync.OnceFunc(starting.Unlock)
			switch {
			case seed != 0:
			case random:
				//nolint:gosec // a seed is no secret
				setRapidFlag(t, "rapid.seed", strconv.FormatUint(rand.Uint64(), 10))
			default:
				setRapidFlag(t, "rapid.seed", strconv.Itoa(worker+1))
			}
			t.Logf("seed %d", rapidFlag(t, "rapid.seed"))
			rapid.Check(t, func(t *rapid.T) {
				started()
				h := runHistory(t)
				total.add(h)
				if h.violation != "" {
					t.Logf("The history:\n%s", strings.Join(h.log, "\n"))
					t.Fatal(h.violation)
				}
			})
		})
	}
	t.Cleanup(func() { t.Log(total.String()) })
}

// runHistory runs one history.
func runHistory(t *rapid.T) *history {
	h := newHistory(t)
	h.start()
	t.Repeat(map[string]func(*rapid.T){"next": func(t *rapid.T) {
		if h.violation != "" || h.sim.Now().Sub(dayZero) >= twoYears {
			return
		}
		h.t = t
		h.applyFor(time.Duration(rapid.IntRange(0, 90).Draw(t, "days")) * day)
		h.nextEvent()
	}})
	h.t = t
	h.finish()
	return h
}

func rapidFlag(t *testing.T, name string) uint64 {
	t.Helper()
	value, err := strconv.ParseUint(flag.Lookup(name).Value.String(), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func setRapidFlag(t *testing.T, name, value string) {
	t.Helper()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
}

// tally counts what the histories contained.
type tally struct {
	mu              sync.Mutex
	histories, days int
	// counts are the numbers of applies, creations and so on, by name.
	counts map[string]int
}

func (n *tally) add(h *history) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.histories++
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	for name, times := range h.counts {
		n.counts[name] += times
	}
	n.days += int(h.sim.Now().Sub(dayZero) / day)
}

func (n *tally) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprintf("%d stories, %d years", n.histories, n.days/365)
	for _, name := range slices.Sorted(maps.Keys(n.counts)) {
		text += fmt.Sprintf(", %s %d", name, n.counts[name])
	}
	return text
}
