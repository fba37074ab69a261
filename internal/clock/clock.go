// Package clock is the one place that asks the machine for the time and that waits.
//
// Everything else takes the time as a value, or a Clock, so that tests move time instead of waiting for it.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	// Now is the current time.
	Now() time.Time
	// Sleep waits for d. It returns early with the context's error when ctx ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's own clock.
func System() Clock { return system{} }

type system struct{}

// Now implements Clock.
func (system) Now() time.Time { return time.Now() }

// Sleep implements Clock.
func (system) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
