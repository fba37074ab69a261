// Package iamgate is a narrow gateway to AWS IAM and STS. It has only the calls that managing access keys needs.
//
// It promises more than the SDK's own clients:
//
//   - CreateAccessKey takes effect at most once. It is not idempotent, so only a throttled request is sent again.
//   - An error after which a key may have been created, changed or deleted all the same says so (Error.Ambiguous), whatever the last
//     attempt was answered.
//   - An answer without a field that AWS always sends is an error, never an empty list or a key that nobody used.
//   - Every error is an *Error with a Kind and a Code. It contains no response body, and so no secret.
//   - Now is AWS's time, taken from the Date header of every answer.
//   - Waiting uses clock.Clock and is bounded.
package iamgate

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

const (
	defaultUsableTimeout = 2 * time.Minute
	defaultSettleTimeout = 30 * time.Second
	defaultAppearTimeout = 10 * time.Second
)

// AccessKey is a key as ListAccessKeys returns it.
type AccessKey struct {
	ID       string
	UserName string
	// Status is "Active" or "Inactive". The third status of IAM, "Expired", is for keys of root users in a few services only.
	Status    string
	CreatedAt time.Time
}

// NewAccessKey is a key with its secret, which AWS returns only once.
type NewAccessKey struct {
	AccessKey

	Secret secret.Secret
}

// LastUsed is IAM's record of the last use of a key. IAM writes it once per 15 minutes.
type LastUsed struct {
	// UserName is the present name of the key's owner.
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
	// ID is the unique id (AIDA...). A user that is re-created under the same name has another.
	ID  string
	ARN string
	// Path is "/" or begins and ends with a slash.
	Path      string
	CreatedAt time.Time
	// Tags is never nil.
	Tags map[string]string
	// AccountID is the account id from the ARN.
	AccountID string
}

// Identity is the principal that a key authenticates.
type Identity struct {
	AccountID string
	ARN       string
	UserID    string
}

// Options are the settings of a Gateway. The zero value means the defaults.
type Options struct {
	// Clock is the machine's clock; nil means clock.System().
	Clock clock.Clock
	// UsableTimeout is how long WaitUsable waits for a new key to authenticate, counted in time slept; default 2 minutes.
	UsableTimeout time.Duration
	// SettleTimeout is how long to wait for a list to show a mutation, counted in time slept; default 30 seconds.
	SettleTimeout time.Duration
	// AppearTimeout is how long to wait for a list to show a key whose creation had no answer, counted in time slept; default
	// 10 seconds.
	AppearTimeout time.Duration
	// IAMEndpoint and STSEndpoint are custom endpoints; empty leaves the resolution to the SDK.
	IAMEndpoint string
	STSEndpoint string
	// SourceKeyIDs returns the ids of the long-term keys that the credentials come from, such as by an assumed role. It is called
	// after the credentials were retrieved. Nil means that there are none.
	SourceKeyIDs func() []string
}

// Gateway calls IAM and STS with one set of credentials. It is safe for concurrent use.
type Gateway struct {
	iam         *iam.Client
	sts         *sts.Client
	credentials aws.CredentialsProvider
	sources     func() []string
	clock       clock.Clock
	skew        skew
	caller      caller

	usableTimeout time.Duration
	settleTimeout time.Duration
	appearTimeout time.Duration
}

// New returns a Gateway with the region, credentials, retries, HTTP client and middleware of cfg. It disables the SDK's logs
// (cfg.ClientLogMode), since the answer to CreateAccessKey contains the secret.
func New(cfg aws.Config, opts Options) *Gateway {
	g := &Gateway{
		credentials:   awserr.Credentials(cfg.Credentials),
		sources:       opts.SourceKeyIDs,
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

// Now returns AWS's time in UTC, in whole seconds as AWS's own dates: the machine's time plus the skew in the last Date
// header. A skew under 2 seconds counts as none. Before the first answer it is the machine's time.
func (g *Gateway) Now() time.Time {
	// Read the skew before the clock: an answer may change the skew in between, and time would go backwards.
	ahead := g.skew.get()
	return g.clock.Now().Add(ahead).UTC().Truncate(time.Second)
}

// Synced reports whether AWS has answered yet, so that Now does not depend on the machine's clock alone.
func (g *Gateway) Synced() bool { return g.skew.known() }
