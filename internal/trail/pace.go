package trail

import (
	"context"
	"time"

	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// requestInterval is the pause that CloudTrail's quota of two requests a second leaves between two.
const requestInterval = 500 * time.Millisecond

// pace keeps the requests to one Region requestInterval apart.
type pace struct {
	clock clock.Clock
	// turn holds an element while a request waits or is let through.
	turn chan struct{}
	last time.Time
}

func newPace(c clock.Clock) *pace { return &pace{clock: c, turn: make(chan struct{}, 1)} }

// register adds the pace to the middleware of a client, within its retries.
func (p *pace) register(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("iamkeys:Pace", p.handle), "Retry", middleware.After)
}

func (p *pace) handle(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	if err := p.wait(ctx); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	return next.HandleFinalize(ctx, in)
}

// wait returns when the next request may be sent.
func (p *pace) wait(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	if !p.last.IsZero() {
		if pause := p.last.Add(requestInterval).Sub(p.clock.Now()); pause > 0 {
			if err := p.clock.Sleep(ctx, pause); err != nil {
				return err
			}
		}
	}
	p.last = p.clock.Now()
	return nil
}
