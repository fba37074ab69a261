package iamsim

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// serverClock is the server's clock: frozen, or running with the machine's at an offset that can be changed.
type serverClock struct {
	machine clock.Clock
	running bool
	at      time.Time
	since   time.Time // the machine's time when at was set
}

func newServerClock(machine clock.Clock, start time.Time, running bool) serverClock {
	c := serverClock{machine: machine, running: running}
	if start.IsZero() {
		start = machine.Now()
	}
	c.set(start)
	return c
}

func (c *serverClock) set(t time.Time) {
	// Round(0) drops the monotonic reading, which is meaningless once the clock has been moved.
	c.at, c.since = t.UTC().Round(0), c.machine.Now()
}

func (c *serverClock) now() time.Time {
	if !c.running {
		return c.at
	}
	return c.at.Add(c.machine.Now().Sub(c.since))
}
