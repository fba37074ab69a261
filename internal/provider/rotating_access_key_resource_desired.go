package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"

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
	e, problems := parseEncryptedOutput(m.EncryptedOutput, r.client.KMS)
	d := desired{policy: m.policy(e.sealedTo()), problems: problems}
	if !problems.HasError() {
		d.encryption = e
	}
	return d
}

// desiredAfter is what an edited model asks for, given what it asked for before the edit. It parses encrypted_output again only
// if the edit has changed it.
func (r *rotatingAccessKeyResource) desiredAfter(before *rotatingAccessKeyModel, parsed desired, edited *rotatingAccessKeyModel) desired {
	if !edited.EncryptedOutput.Equal(before.EncryptedOutput) {
		return r.desired(edited)
	}
	parsed.policy = edited.policy(parsed.policy.Recipients, parsed.policy.SealableUntil)
	return parsed
}

// method returns the method by which secrets are encrypted, or nil.
func (d desired) method() *sealingMethod {
	if d.encryption == nil {
		return nil
	}
	return d.encryption.method
}
