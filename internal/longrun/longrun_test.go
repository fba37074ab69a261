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

// TestStories tells stories until one of them breaks an invariant: a hundred that are always the same, or as many new ones as
// IAMKEYS_STORIES says. Every worker prints its seed; -rapid.seed tells a story again.
func TestStories(t *testing.T) {
	t.Parallel()
	stories, workers, anew := 100, 2, false
	if n := os.Getenv("IAMKEYS_STORIES"); n != "" {
		stories, workers, anew = must(strconv.Atoi(n)), runtime.GOMAXPROCS(0), true
	}
	seed := rapidFlag(t, "rapid.seed")
	if seed != 0 {
		workers = 1
	}
	setRapidFlag(t, "rapid.checks", strconv.Itoa((stories+workers-1)/workers))
	// Rapid takes its seed from the flag when it begins, so the workers begin one after the other.
	var turn sync.Mutex
	var told tally
	for worker := range workers {
		t.Run(strconv.Itoa(worker), func(t *testing.T) {
			t.Parallel()
			turn.Lock()
			begun := sync.OnceFunc(turn.Unlock)
			switch {
			case seed != 0:
			case anew:
				//nolint:gosec // a seed is no secret
				setRapidFlag(t, "rapid.seed", strconv.FormatUint(rand.Uint64(), 10))
			default:
				setRapidFlag(t, "rapid.seed", strconv.Itoa(worker+1))
			}
			t.Logf("seed %d", rapidFlag(t, "rapid.seed"))
			rapid.Check(t, func(t *rapid.T) {
				begun()
				s := tell(t)
				told.add(s)
				if s.broken != "" {
					t.Logf("The story:\n%s", strings.Join(s.words, "\n"))
					t.Fatal(s.broken)
				}
			})
		})
	}
	t.Cleanup(func() { t.Log(told.String()) })
}

// tell tells one story.
func tell(t *rapid.T) *story {
	s := begin(t)
	s.start()
	t.Repeat(map[string]func(*rapid.T){"next": func(t *rapid.T) {
		if s.broken != "" || s.sim.Now().Sub(dayZero) >= twoYears {
			return
		}
		s.t = t
		s.live(time.Duration(rapid.IntRange(0, 90).Draw(t, "days")) * day)
		s.happen()
	}})
	s.t = t
	s.finish()
	return s
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

// tally counts what was told.
type tally struct {
	mu            sync.Mutex
	stories, days int
	// counts are what happened, by name.
	counts map[string]int
}

func (n *tally) add(s *story) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.stories++
	if n.counts == nil {
		n.counts = map[string]int{}
	}
	for name, times := range s.counts {
		n.counts[name] += times
	}
	n.days += int(s.sim.Now().Sub(dayZero) / day)
}

func (n *tally) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := fmt.Sprintf("%d stories, %d years", n.stories, n.days/365)
	for _, name := range slices.Sorted(maps.Keys(n.counts)) {
		text += fmt.Sprintf(", %s %d", name, n.counts[name])
	}
	return text
}
