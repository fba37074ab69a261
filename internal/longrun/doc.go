// Package longrun tells random stories of two simulated years about an iamkeys_rotating_access_key, and checks the
// invariants of the rules of rotation at every step.
//
// A story runs through the provider's protocol server, as Terraform core would drive it but without the CLI, against the
// simulator of IAM, STS and KMS. All of the package is its test.
package longrun
