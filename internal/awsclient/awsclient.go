// Package awsclient turns the settings of the provider block into clients of AWS.
//
// It finds credentials, region and endpoints as the hashicorp/aws provider does, through aws-sdk-go-base: from the
// settings, the environment variables of the AWS SDK, the shared files, IAM Identity Center, and the metadata of an
// instance or a container. What it adds to every client: a limit on the time of each attempt, and no logging of bodies.
// What it adds to the clients of IAM and CloudTrail: the check of allowed_account_ids and forbidden_account_ids.
//
// It knows nothing of Terraform but the names of the settings, which its texts show. What is wrong with the settings, it
// returns as Problems.
package awsclient

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/trail"
)

// DefaultAttemptTimeout is the limit of an attempt unless Options has another.
const DefaultAttemptTimeout = time.Minute

// Options is what New needs beside the settings of the user. The zero value has sensible defaults.
type Options struct {
	// Version is the provider's release, for the User-Agent.
	Version string
	// Clock is the machine's time and the way to wait; nil means clock.System().
	Clock clock.Clock
	// AttemptTimeout limits each attempt of a request. The SDK has no limit, so a connection that stays open without an
	// answer would block an apply for ever. Zero means DefaultAttemptTimeout.
	AttemptTimeout time.Duration
}

func (o Options) attemptLimit() attemptLimit {
	if o.AttemptTimeout == 0 {
		return attemptLimit(DefaultAttemptTimeout)
	}
	return attemptLimit(o.AttemptTimeout)
}

// Clients are the clients for one set of settings. They share credentials, and are safe for concurrent use.
type Clients struct {
	// Gateway calls IAM and STS.
	Gateway *iamgate.Gateway
	// KMS encrypts and decrypts.
	KMS *kms.Service
	// Trail asks CloudTrail who has used a key.
	Trail *trail.Gateway
}

// New returns the clients for the settings. They are nil if a Problem is an error. New sends no request to AWS, unless the
// credentials come from one: an assumed role, web identity, or the metadata of an instance.
func New(ctx context.Context, s Settings, o Options) (*Clients, Problems) {
	sources := new(sourceKeys)
	s, cfg, problems := resolve(ctx, s, o.Version, sources)
	if problems.HasError() {
		return nil, problems
	}
	logSettings(ctx, s, cfg)
	cfg.APIOptions = slices.Concat(cfg.APIOptions, []func(*middleware.Stack) error{plainBody, o.attemptLimit().register})
	clients := &Clients{KMS: kms.New(cfg, cfg.Region, kms.Options{Endpoint: s.Endpoints.KMS})}
	guard := &accountGuard{allowed: s.AllowedAccountIDs, forbidden: s.ForbiddenAccountIDs}
	cfg.APIOptions = slices.Concat(cfg.APIOptions, []func(*middleware.Stack) error{guard.register})
	clients.Trail = trail.New(cfg, cfg.Region, trail.Options{Clock: o.Clock, Endpoint: s.Endpoints.CloudTrail})
	cfg.Region = s.stsRegion(cfg.Region)
	clients.Gateway = iamgate.New(cfg, iamgate.Options{
		Clock: o.Clock, IAMEndpoint: s.Endpoints.IAM, STSEndpoint: s.Endpoints.STS, SourceKeyIDs: sources.list,
	})
	guard.identity = clients.Gateway.CallerIdentity
	return clients, problems
}

// logSettings logs what the settings, the environment and the shared files amount to, without a secret: the URL of an
// endpoint may hold a password.
func logSettings(ctx context.Context, s Settings, cfg aws.Config) {
	fields := map[string]any{"region": cfg.Region, "sts_region": s.stsRegion(cfg.Region)}
	for _, endpoint := range s.Endpoints.all() {
		if u, err := url.Parse(*endpoint.url); err == nil && *endpoint.url != "" {
			fields[endpoint.service+"_endpoint"] = u.Redacted()
		}
	}
	tflog.Debug(ctx, "Resolved the settings of the provider", fields)
}
