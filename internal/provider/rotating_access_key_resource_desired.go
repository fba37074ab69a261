package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// desired is what a configuration, plan or state asks for, parsed once.
type desired struct {
	policy rotation.Policy
	// encryption is how secrets are encrypted; nil for plain text, and where problems say why it can't be.
	encryption *encryption
	problems   diag.Diagnostics
}

// desired parses what m asks for. Values that are not known yet count as not set.
func (r *rotatingAccessKeyResource) desired(m *rotatingAccessKeyModel) desired {
	var d desired
	d.encryption, d.problems = m.encryption(r.client.KMS)
	recipients, until := m.sealedTo()
	d.policy = m.policy(recipients, until)
	return d
}

// recipientsPath is the attribute that names the recipients.
func (d desired) recipientsPath() path.Path {
	if d.encryption == nil {
		return path.Root("encrypted_output")
	}
	return recipientsPath(d.encryption.method)
}
