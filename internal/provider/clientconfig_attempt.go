package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attemptTimeout is how long one try of a request may take, as time.ParseDuration reads it. The SDK knows no limit, so that
// a connection which stays open without an answer would hold an apply for ever. It is a variable for the linker (-X), so that
// a test can build a provider that is less patient.
var attemptTimeout = "1m"

// attemptLimit ends each try of a request after that time, and has it count as one that got no answer.
type attemptLimit time.Duration

// register adds the limit to the middleware of an AWS client, within its retries.
func (l attemptLimit) register(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("AttemptLimit", l.handle), "Retry", middleware.After)
}

func (l attemptLimit) handle(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	limited, cancel := context.WithTimeout(ctx, time.Duration(l))
	defer cancel()
	out, metadata, err := next.HandleFinalize(limited, in)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = &smithyhttp.RequestSendError{Err: fmt.Errorf("no answer within %v", time.Duration(l))}
	}
	return out, metadata, err
}
