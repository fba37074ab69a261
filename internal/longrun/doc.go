// Package longrun tests random stories: histories of two simulated years of an iamkeys_rotating_access_key. It checks the
// invariants of the rules of rotation at every step.
//
// A history runs through the provider's protocol server, which is called as Terraform core calls it but without the CLI,
// against the simulator of IAM, STS and KMS. The package consists of tests only.
package longrun
