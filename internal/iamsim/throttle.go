package iamsim

import (
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// throttle is a token bucket. It fills in the machine's time, since clients wait in that time, whatever date is simulated.
type throttle struct {
	rate, size float64
	clock      clock.Clock

	mu     sync.Mutex
	tokens float64
	filled time.Time
}

func newThrottle(perSecond float64, c clock.Clock) *throttle {
	size := max(1, perSecond)
	return &throttle{rate: perSecond, size: size, clock: c, tokens: size, filled: c.Now()}
}

// allow takes a token and reports whether there was one. Without a rate it always returns true.
func (t *throttle) allow() bool {
	if t.rate <= 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	t.tokens = min(t.size, t.tokens+t.rate*now.Sub(t.filled).Seconds())
	t.filled = now
	if t.tokens < 1 {
		return false
	}
	t.tokens--
	return true
}
