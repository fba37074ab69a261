package iamgate

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// leastSkew is the smallest difference that counts. HTTP dates have whole seconds and answers take time to arrive, so that
// correct clocks differ by up to about a second.
const leastSkew = 2 * time.Second

// skew is how far AWS's clock is ahead of the machine's, by the last Date header.
type skew struct {
	ahead atomic.Int64
	seen  atomic.Bool
}

func (s *skew) get() time.Duration { return time.Duration(s.ahead.Load()) }

// known reports whether any answer was seen, whether or not its Date header was valid.
func (s *skew) known() bool { return s.seen.Load() }

func (s *skew) observe(header http.Header, now time.Time) {
	// An answer from a cache (RFC 9111, Age) has the date of the original answer.
	if date, err := http.ParseTime(header.Get("Date")); err == nil && header.Get("Age") == "" {
		ahead := date.Sub(now)
		if ahead.Abs() < leastSkew {
			ahead = 0
		}
		s.ahead.Store(int64(ahead))
	}
	s.seen.Store(true)
}

// skewRecorder is a middleware that records the skew of every answer. It is next to the transport, so that it sees the answer
// of every attempt, errors included.
type skewRecorder struct {
	skew  *skew
	clock clock.Clock
}

// ID names the middleware.
func (skewRecorder) ID() string { return "iamkeys:SkewRecorder" }

// HandleDeserialize records the skew of the answer that next returns.
func (r skewRecorder) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	// If there was no answer, the SDK passes a response with status 0.
	if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp.StatusCode != 0 {
		r.skew.observe(resp.Header, r.clock.Now())
	}
	return out, metadata, err
}
