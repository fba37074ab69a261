// Package kms seals secrets with AWS KMS: the Encrypt call encrypts, and the Decrypt call opens.
//
// # The form of a sealed secret
//
// It is one line of four parts with a colon between them:
//
//	iamkeys-kms:v1:<header>:<ciphertext>
//
// The header is compact JSON in base64url without padding: the region and the ARN of the key that encrypted, and the
// encryption context if there is one. It is all that opening needs, and nothing in it is secret. The ciphertext is the
// CiphertextBlob of KMS in base64, so that any KMS client opens it:
//
//	cut -d: -f4 sealed | base64 -d >blob
//	aws kms decrypt --region ... --ciphertext-blob fileb://blob --encryption-context ... --query Plaintext --output text | base64 -d
//
// The encryption context is not secret: CloudTrail shows it.
//
// KMS authenticates the ciphertext together with the encryption context and the key, and the ARN of the key contains the
// region. So nobody can change a sealed secret such that it opens as something else.
package kms

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/awserr"
)

// Options are the settings of a Service; the zero value has sensible defaults.
type Options struct {
	// Endpoint is a custom endpoint for every region; empty leaves the resolution to the SDK.
	Endpoint string
}

// Service reaches AWS KMS in any region with one set of credentials. It is safe for concurrent use.
type Service struct {
	cfg      aws.Config
	region   string
	endpoint string

	mu      sync.Mutex
	clients map[string]*awskms.Client // by region
}

// New returns a Service with the credentials, retries, HTTP client and middleware of cfg. It sends nothing. A key that is not
// named by an ARN is in region. Logging of bodies (cfg.ClientLogMode) is switched off: bodies contain the secret.
func New(cfg aws.Config, region string, o Options) *Service {
	cfg = cfg.Copy()
	cfg.ClientLogMode = 0
	cfg.Credentials = awserr.Credentials(cfg.Credentials)
	return &Service{cfg: cfg, region: region, endpoint: o.Endpoint, clients: map[string]*awskms.Client{}}
}

// client returns the client for a region, which the caller has checked: it becomes part of a host name.
func (s *Service) client(region string) *awskms.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[region]
	if !ok {
		cfg := s.cfg.Copy()
		cfg.Region = region
		c = awskms.NewFromConfig(cfg, func(o *awskms.Options) {
			if s.endpoint != "" {
				o.BaseEndpoint = aws.String(s.endpoint)
			}
		})
		s.clients[region] = c
	}
	return c
}
