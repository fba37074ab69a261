// Package trail asks AWS CloudTrail who has used an access key.
//
// It reads the event history, which every account has without a trail: management events of the last 90 days, one Region at a
// time, the newest first, about five minutes late. Data events, such as reads of S3 objects, are not in it. See
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html.
//
// It promises:
//
//   - At most two requests a second are sent to a Region, retries included: the quota, which the whole account shares.
//   - A lookup is bounded, and its Result says whether older events were left out.
//   - What a Region answers is complete up to that bound, or there is an *Error that names the Region.
//   - No text of an event has control characters: source IP, user agent and names come from whoever used the key.
package trail

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

const (
	// Action is the one action of this package, as a policy names it.
	Action = "cloudtrail:LookupEvents"
	// Retention is how far back CloudTrail's event history reaches.
	Retention = 90 * 24 * time.Hour
	// PageSize is the largest number of events in one answer.
	PageSize = 50
)

// Options are the settings of a Gateway. The zero value means the defaults.
type Options struct {
	// Clock is the machine's clock; nil means clock.System().
	Clock clock.Clock
	// Endpoint is a custom endpoint for every Region; empty leaves the resolution to the SDK.
	Endpoint string
}

// Gateway asks CloudTrail in any Region with one set of credentials. It is safe for concurrent use.
type Gateway struct {
	cfg      aws.Config
	region   string
	endpoint string
	clock    clock.Clock

	mu      sync.Mutex
	clients map[string]*cloudtrail.Client // by Region
}

// New returns a Gateway with the credentials, retries, HTTP client and middleware of cfg. It sends nothing. Region is the one
// that the user has configured.
func New(cfg aws.Config, region string, o Options) *Gateway {
	cfg = cfg.Copy()
	cfg.ClientLogMode = 0
	cfg.Credentials = awserr.Credentials(cfg.Credentials)
	g := &Gateway{cfg: cfg, region: region, endpoint: o.Endpoint, clock: o.Clock, clients: map[string]*cloudtrail.Client{}}
	if g.clock == nil {
		g.clock = clock.System()
	}
	return g
}

// Regions returns where to look unless the user says otherwise: in the configured Region, and in the one that has the events
// of IAM and of the global endpoint of STS.
func (g *Gateway) Regions() []string {
	return WithoutRepeats(g.region, globalRegion(g.region))
}

// WithoutRepeats returns the Regions in their order, each once, without empty ones.
func WithoutRepeats(regions ...string) []string {
	var once []string
	for _, region := range regions {
		if region != "" && !slices.Contains(once, region) {
			once = append(once, region)
		}
	}
	return once
}

// client returns the client for a Region, which the caller has checked: it becomes part of a host name.
func (g *Gateway) client(region string) *cloudtrail.Client {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.clients[region]
	if !ok {
		cfg := g.cfg.Copy()
		cfg.Region = region
		pace := newPace(g.clock)
		c = cloudtrail.NewFromConfig(cfg, func(o *cloudtrail.Options) {
			o.APIOptions = append(o.APIOptions, pace.register)
			if g.endpoint != "" {
				o.BaseEndpoint = aws.String(g.endpoint)
			}
		})
		g.clients[region] = c
	}
	return c
}

// Query says which events to look up.
type Query struct {
	// KeyID is the id of the key that signed, long-term or temporary.
	KeyID string
	// Regions are where to look. They must have been checked: each becomes part of a host name.
	Regions []string
	// Since is how far back to look; more than Retention finds no more.
	Since time.Duration
	// MaxPages is how many answers to read in each Region, of PageSize events.
	MaxPages int
}

// Result is what CloudTrail has shown.
type Result struct {
	Events []Event
	// Truncated reports whether there may be older events, which were left out because of Query.MaxPages.
	Truncated bool
}

// Lookup returns the events of a key, in all Regions of the query at once. With an error it returns what the other Regions
// have answered. The error joins an *Error for each Region that failed.
func (g *Gateway) Lookup(ctx context.Context, q Query) (Result, error) {
	answers, failures := make([]Result, len(q.Regions)), make([]error, len(q.Regions))
	var all sync.WaitGroup
	for i, region := range q.Regions {
		all.Go(func() { answers[i], failures[i] = g.lookupIn(ctx, region, q) })
	}
	all.Wait()
	var result Result
	for _, answer := range answers {
		result.Events = append(result.Events, answer.Events...)
		result.Truncated = result.Truncated || answer.Truncated
	}
	return result, errors.Join(failures...)
}

// lookupIn returns the events of one Region. It asks for no start time, since it learns AWS's time only from the answer: the
// newest events come first.
func (g *Gateway) lookupIn(ctx context.Context, region string, q Query) (Result, error) {
	in := &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{
			AttributeKey: types.LookupAttributeKeyAccessKeyId, AttributeValue: aws.String(q.KeyID),
		}},
		MaxResults: aws.Int32(PageSize),
	}
	var result Result
	for range q.MaxPages {
		out, err := g.client(region).LookupEvents(ctx, in)
		if err != nil {
			return Result{}, newError(region, err)
		}
		if isEmpty(out.ResultMetadata) {
			return Result{}, badAnswer(region, out.ResultMetadata)
		}
		oldest := g.serverTime(out.ResultMetadata).Add(-q.Since)
		for _, e := range out.Events {
			event, ok := parseEvent(e)
			switch {
			case !ok:
				return Result{}, badAnswer(region, out.ResultMetadata)
			case event.At.Before(oldest):
				return result, nil
			}
			result.Events = append(result.Events, event)
		}
		if out.NextToken == nil {
			return result, nil
		}
		in.NextToken = out.NextToken
	}
	result.Truncated = true
	return result, nil
}

// serverTime is AWS's time at an answer.
func (g *Gateway) serverTime(metadata middleware.Metadata) time.Time {
	if at, ok := awsmiddleware.GetServerTime(metadata); ok {
		return at
	}
	return g.clock.Now()
}

// isEmpty reports whether an answer has no body, which the SDK takes for an answer without events.
func isEmpty(metadata middleware.Metadata) bool {
	raw, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response)
	return ok && raw.ContentLength == 0
}

// badAnswer is the error for a success that lacks what AWS always sends.
func badAnswer(region string, metadata middleware.Metadata) *Error {
	requestID, _ := awsmiddleware.GetRequestIDMetadata(metadata)
	return &Error{Region: region, Parts: awserr.Parts{
		Outcome: awserr.Unreadable, HTTPStatus: http.StatusOK, RequestID: requestID, Message: "the answer lacks what AWS always sends",
	}}
}
