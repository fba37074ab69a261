package iamsim

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// movable is the server's clock: frozen, or running beside the machine's at a distance that can be changed.
type movable struct {
	machine clock.Clock
	running bool
	at      time.Time
	since   time.Time // the machine's time when at was set
}

func newMovable(machine clock.Clock, start time.Time, running bool) movable {
	m := movable{machine: machine, running: running}
	if start.IsZero() {
		start = machine.Now()
	}
	m.set(start)
	return m
}

func (m *movable) set(t time.Time) {
	// Round(0) drops the monotonic reading, which means nothing once the clock has been moved.
	m.at, m.since = t.UTC().Round(0), m.machine.Now()
}

func (m *movable) now() time.Time {
	if !m.running {
		return m.at
	}
	return m.at.Add(m.machine.Now().Sub(m.since))
}
