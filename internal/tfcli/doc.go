// Package tfcli runs the Terraform or OpenTofu CLI with a provider built from this module.
//
// It finds the CLI, builds the provider, writes the CLI configuration whose dev_overrides lead to that build, runs commands
// and decodes the JSON that they print. Commands do not inherit the user's settings for AWS and Terraform.
// They run without terraform init, so configurations can use no provider but the built one, those that TF_REATTACH_PROVIDERS
// names, and the one that is part of the CLI.
//
// The package knows neither the testing package nor the simulator: internal/acctest adds both, and internal/cmd/demo is a program.
package tfcli
