package longrun_test

import (
	"time"

	"pgregory.net/rapid"
)

// consumer uses the published keys.
type consumer struct {
	// delay is how long the consumer takes to move to a new key; negative: it never moves.
	delay time.Duration
	// every is how often it uses the key.
	every time.Duration
	held  credential
	// moves and uses are when the consumer moves to the published key, and uses its own key, the next time.
	moves, uses time.Time
}

// addConsumers draws n consumers.
func (h *history) addConsumers(n int) {
	for range n {
		c := &consumer{
			delay: time.Duration(rapid.SampledFrom([]int{0, 3, 10, 40, -1}).Draw(h.t, "delay")) * day,
			every: time.Duration(rapid.SampledFrom([]int{1, 6, 20}).Draw(h.t, "every")) * day,
			held:  h.published,
			uses:  h.sim.Now(),
		}
		h.consumers = append(h.consumers, c)
		h.logf("a consumer that moves after %d days (-1: never) and uses its key every %d days", c.delay/day, c.every/day)
	}
}

// publishCurrent publishes the current key, as a run does that ends well.
func (h *history) publishCurrent() {
	if id := stringAt(h.state.value, "access_key_id"); id != "" && id != h.published.id {
		h.publish(credential{id, h.sim.Secret(id)})
	}
}

// publish publishes a key to the consumers.
func (h *history) publish(p credential) {
	if p.id == h.published.id {
		return
	}
	h.published = p
	for _, c := range h.consumers {
		if c.held.id == "" {
			c.held, c.uses = p, h.sim.Now()
		} else if c.delay >= 0 {
			c.moves = h.sim.Now().Add(c.delay)
		}
	}
}

// advance moves the clock. The consumers use their keys, and move to new ones when their delay is over.
func (h *history) advance(d time.Duration) {
	until := h.sim.Now().Add(d)
	used := map[string]time.Time{}
	for _, c := range h.consumers {
		for c.held.id != "" {
			if !c.moves.IsZero() && !c.moves.After(until) && !c.moves.After(c.uses) {
				c.held, c.uses, c.moves = h.published, c.moves, time.Time{}
			}
			if c.uses.After(until) {
				break
			}
			if h.sim.Authenticates(c.held.id, c.held.secret) && c.uses.After(used[c.held.id]) {
				used[c.held.id] = c.uses
			}
			c.uses = c.uses.Add(c.every)
		}
	}
	h.sim.Advance(d)
	for id, at := range used {
		h.recordUse(id, at)
	}
}

// recordUse sets the last use of a key by somebody other than the provider.
func (h *history) recordUse(id string, at time.Time) {
	for _, k := range h.keys() {
		if k.ID == id && at.After(k.LastUsedAt) {
			h.sim.SetLastUsed(id, at, "s3", "eu-west-1")
		}
	}
}
