// Package e2e has the tests of the whole, with the Terraform CLI and the simulator: what happens to keys and their consumers when
// an apply is killed, loses an answer or meets another pipeline, where secrets are written, and whether the examples work.
//
// Tests of one resource, data source or function belong to package provider.
package e2e
