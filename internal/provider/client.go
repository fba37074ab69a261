package provider

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/sealing/kms"
)

// Client is what a configured provider hands to its resources and data sources. It is safe for concurrent use.
type Client struct {
	// Gateway asks IAM and STS with the credentials of the provider configuration, for data sources.
	Gateway *iamgate.Gateway
	// KMS encrypts and decrypts with the same credentials.
	KMS *kms.Service
	// Rotator works on the keys of iamkeys_rotating_access_key.
	Rotator *rotator.Client
}

// clientFrom returns the Client that the framework passes to Configure; nil before the provider is configured.
func clientFrom(providerData any) (*Client, diag.Diagnostics) {
	if providerData == nil {
		return nil, nil
	}
	client, ok := providerData.(*Client)
	if !ok {
		return nil, diag.Diagnostics{diag.NewErrorDiagnostic("Unexpected provider data",
			fmt.Sprintf("Got %T. This is a bug in the provider.", providerData))}
	}
	return client, nil
}
