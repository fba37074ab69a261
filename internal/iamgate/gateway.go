// Package iamgate is a narrow gateway to AWS IAM and STS: the few calls that the life of an access key needs.
//
// What it promises beyond the SDK's own clients:
//
//   - CreateAccessKey takes effect at most once. It is not idempotent, so only a throttled request is sent again, and an
//     outcome that leaves open whether a key exists says so (Error.Ambiguous).
//   - An answer that lacks what AWS always sends is an error, never an empty list or a key that nobody used.
//   - Every error is an *Error, told apart by Kind and Code. It holds no response body, and so no secret.
//   - Time is AWS's, taken from the Date header of every answer (Now).
//   - Waiting goes through clock.Clock and is bounded.
package iamgate

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	defaultUsableTimeout = 2 * time.Minute
	defaultSettleTimeout = 30 * time.Second
	defaultAppearTimeout = 10 * time.Second
)

// AccessKey is what ListAccessKeys tells of a key.
type AccessKey struct {
	ID       string
	UserName string
	// Status is "Active" or "Inactive". IAM knows a third, "Expired", for keys of root users in a few services only.
	Status    string
	CreatedAt time.Time
}

// NewAccessKey is a key with its secret, which AWS hands out only once.
type NewAccessKey struct {
	AccessKey

	Secret secret.Secret
}

// LastUsed is IAM's record of the last use of a key. IAM writes it once per 15 minutes.
type LastUsed struct {
	// UserName is the owner of the key now, whatever name it was asked under.
	UserName string
	// At is zero for a key that was never used.
	At time.Time
	// Service and Region are empty for a key that was never used.
	Service string
	Region  string
}

// User is an IAM user.
type User struct {
	Name string
	// ID is the unique id (AIDA...): a user re-created under the same name has another.
	ID        string
	ARN       string
	CreatedAt time.Time
	// Tags is never nil.
	Tags map[string]string
	// AccountID is the account in ARN.
	AccountID string
}

// Identity is whom a key authenticates as.
type Identity struct {
	AccountID string
	ARN       string
	UserID    string
}

// Options are the settings of a Gateway; the zero value has sensible defaults.
type Options struct {
	// Clock is the machine's time and the way to wait; nil means clock.System().
	Clock clock.Clock
	// UsableTimeout is how long WaitUsable lets a new key take to authenticate, counted in time slept; default 2 minutes.
	UsableTimeout time.Duration
	// SettleTimeout is how long a list may take to show a mutation, counted in time slept; default 30 seconds.
	SettleTimeout time.Duration
	// AppearTimeout is how long a list may take to show a key whose creation had no answer, counted in time slept; default
	// 10 seconds.
	AppearTimeout time.Duration
	// IAMEndpoint and STSEndpoint are custom endpoints; empty leaves the resolution to the SDK.
	IAMEndpoint string
	STSEndpoint string
}

// Gateway talks to IAM and STS with one set of credentials. It is safe for concurrent use.
type Gateway struct {
	iam         *iam.Client
	sts         *sts.Client
	credentials aws.CredentialsProvider
	clock       clock.Clock
	skew        skew
	caller      caller

	usableTimeout time.Duration
	settleTimeout time.Duration
	appearTimeout time.Duration
}

// New builds a Gateway on cfg, of which it keeps region, credentials, retries, HTTP client and middleware. Body logging
// (cfg.ClientLogMode) is switched off: the answer to CreateAccessKey holds the secret.
func New(cfg aws.Config, opts Options) *Gateway {
	g := &Gateway{
		credentials:   credentialsProvider{cfg.Credentials},
		clock:         opts.Clock,
		usableTimeout: opts.UsableTimeout,
		settleTimeout: opts.SettleTimeout,
		appearTimeout: opts.AppearTimeout,
	}
	if g.clock == nil {
		g.clock = clock.System()
	}
	if g.usableTimeout <= 0 {
		g.usableTimeout = defaultUsableTimeout
	}
	if g.settleTimeout <= 0 {
		g.settleTimeout = defaultSettleTimeout
	}
	if g.appearTimeout <= 0 {
		g.appearTimeout = defaultAppearTimeout
	}

	cfg = cfg.Copy()
	cfg.ClientLogMode = 0
	cfg.Credentials = g.credentials
	recordSkew := func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(skewRecorder{skew: &g.skew, clock: g.clock}, middleware.After)
	}
	g.iam = iam.NewFromConfig(cfg, func(o *iam.Options) {
		o.APIOptions = append(o.APIOptions, recordSkew)
		if opts.IAMEndpoint != "" {
			o.BaseEndpoint = aws.String(opts.IAMEndpoint)
		}
	})
	g.sts = sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.APIOptions = append(o.APIOptions, recordSkew)
		if opts.STSEndpoint != "" {
			o.BaseEndpoint = aws.String(opts.STSEndpoint)
		}
	})
	return g
}

// Now is AWS's time in UTC, in whole seconds as AWS's own dates: the machine's time plus the skew seen in the last Date
// header. A skew under 2 seconds counts as none. Before the first answer it is the machine's time.
func (g *Gateway) Now() time.Time {
	// The skew comes first: with one that an answer brought after the look at the clock, time would go backwards.
	ahead := g.skew.get()
	return g.clock.Now().Add(ahead).UTC().Truncate(time.Second)
}

// Synced reports whether any answer of AWS was seen yet, so that Now does not rest on the machine's clock alone.
func (g *Gateway) Synced() bool { return g.skew.known() }
