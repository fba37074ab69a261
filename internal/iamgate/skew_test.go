package iamgate_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

func TestNow_skew(t *testing.T) {
	t.Parallel()
	const days = 24 * time.Hour
	for _, test := range []struct {
		name  string
		ahead time.Duration
		skew  time.Duration
	}{
		{"same", 0, 0},
		{"one second ahead", time.Second, 0},
		{"one second behind", -time.Second, 0},
		{"two seconds ahead", 2 * time.Second, 2 * time.Second},
		{"two seconds behind", -2 * time.Second, -2 * time.Second},
		{"90 days ahead", 90 * days, 90 * days},
		{"90 days behind", -90 * days, -90 * days},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, iamsim.Options{Start: day0.Add(test.ahead)})
			clock := newClock(day0)
			g := iamgate.New(newConfig(sim), iamgate.Options{Clock: clock})
			if got := g.Now(); !got.Equal(day0) {
				t.Errorf("before any answer Now is %v, want %v", got, day0)
			}
			_, err := g.ListAccessKeys(t.Context(), userName)
			noError(t, err)
			noError(t, clock.Sleep(t.Context(), 1500*time.Millisecond))
			if got, want := g.Now(), day0.Add(test.skew+time.Second); got != want {
				t.Errorf("Now is %v, want %v", got, want)
			}
		})
	}
}

func TestNow_wholeSecondsUTC(t *testing.T) {
	t.Parallel()
	local := day0.Add(999 * time.Millisecond).In(time.FixedZone("CET", 3600))
	g := newCannedGateway(t, newClock(local), nil)
	if got := g.Now(); got != day0 {
		t.Errorf("Now is %v, want %v", got, day0)
	}
}

// interruptedClock calls meanwhile once, right after it has read the time.
type interruptedClock struct {
	*fakeClock
	meanwhile func()
}

func (c *interruptedClock) Now() time.Time {
	now, meanwhile := c.fakeClock.Now(), c.meanwhile
	c.meanwhile = nil
	if meanwhile != nil {
		meanwhile()
	}
	return now
}

// Resources are read and applied concurrently: an answer for one must not set the time of another back.
func TestNow_concurrentAnswer(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	clock := &interruptedClock{fakeClock: newClock(day0.Add(-time.Hour))}
	g := iamgate.New(newConfig(sim), iamgate.Options{Clock: clock})
	ask := func() {
		_, err := g.ListAccessKeys(t.Context(), userName)
		noError(t, err)
	}
	ask()
	clock.meanwhile = func() {
		noError(t, clock.Sleep(t.Context(), time.Millisecond))
		ask()
	}
	if got, want := g.Now(), sim.Now(); got.Before(want) {
		t.Errorf("Now is %v, before the answer of %v", got, want)
	}
}

func TestNow_everyAnswer(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	for _, step := range []struct {
		name  string
		fault *iamsim.Fault
		moves bool
	}{
		{"success", nil, true},
		{"refusal", &iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.Throttled}, true},
		{"failure", &iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.ErrorBeforeCommit}, true},
		{"no answer", &iamsim.Fault{Action: "ListAccessKeys", Kind: iamsim.CutBeforeCommit}, false},
	} {
		before := g.Now()
		sim.Advance(time.Hour)
		sim.ClearFaults()
		if step.fault != nil {
			sim.AddFault(*step.fault)
		}
		if _, err := g.ListAccessKeys(t.Context(), userName); (err != nil) != (step.fault != nil) {
			t.Fatalf("%s: got error %v", step.name, err)
		}
		want := before
		if step.moves {
			want = sim.Now()
		}
		if got := g.Now(); got != want {
			t.Errorf("after a %s Now is %v, want %v", step.name, got, want)
		}
	}
}

func TestNow_unusableDateHeader(t *testing.T) {
	t.Parallel()
	const noKeys = `<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata/></ListAccessKeysResult></ListAccessKeysResponse>`
	ahead := day0.Add(time.Hour).Format(http.TimeFormat)
	for _, test := range []struct{ name, date, age string }{
		{"none", "", ""},
		{"malformed", "tomorrow", ""},
		{"ISO 8601", "2026-11-01T13:00:00Z", ""},
		{"out of a cache", day0.AddDate(0, 0, -1).Format(http.TimeFormat), "60"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			first := true
			g := newCannedGateway(t, newClock(day0), func(*http.Request) (*http.Response, error) {
				if first {
					first = false
					return answer(http.StatusOK, ahead, noKeys), nil
				}
				resp := answer(http.StatusOK, test.date, noKeys)
				resp.Header.Set("Age", test.age)
				return resp, nil
			})
			for range 2 {
				_, err := g.ListAccessKeys(t.Context(), userName)
				noError(t, err)
				if got, want := g.Now(), day0.Add(time.Hour); got != want {
					t.Errorf("Now is %v, want %v", got, want)
				}
			}
		})
	}
}

func TestSynced(t *testing.T) {
	t.Parallel()
	sim := newSim(t, iamsim.Options{})
	g, _ := newGateway(t, sim)
	if g.Synced() {
		t.Error("synced before any answer")
	}
	_, err := g.ListAccessKeys(t.Context(), "nobody")
	wantKind(t, err, iamgate.KindNoSuchEntity)
	if !g.Synced() {
		t.Error("not synced after an answer")
	}
}
