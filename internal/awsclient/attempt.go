package awsclient

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// attemptLimit ends each attempt of a request after that time, as one that got no answer.
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
