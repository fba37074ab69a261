// Package clock is the only package that reads the machine's time and that waits.
//
// All other packages take the time as a value, or a Clock, so that tests set the time instead of waiting.
package clock

import (
	"context"
	"time"
)

// Clock returns the time and waits.
type Clock interface {
	// Now returns the current time.
	Now() time.Time
	// Sleep waits for d. It returns early with the context's error if ctx ends first.
	Sleep(ctx context.Context, d time.Duration) error
}

// System returns the machine's own clock.
func System() Clock { return system{} }

type system struct{}

// Now returns time.Now.
func (system) Now() time.Time { return time.Now() }

// Sleep waits for d, or until ctx ends.
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
