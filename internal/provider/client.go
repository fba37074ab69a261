package provider

import (
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

// Client is what a configured provider hands to its resources and data sources. It is safe for concurrent use.
type Client struct {
	// Gateway speaks to IAM and STS with the credentials of the provider configuration.
	Gateway *iamgate.Gateway
	// KMS encrypts and decrypts with the same credentials.
	KMS *kms.Service
	// Clock is the machine's clock, or the one that a test moves.
	Clock clock.Clock

	// Rotator works on the keys of iamkeys_rotating_access_key.
	Rotator *rotator.Client
}
