// Package acctest lets tests run the real Terraform or OpenTofu CLI against the simulator of IAM, STS and KMS.
//
// A World is the simulator of one test and what a test needs to use it: the provider configuration, providers that run inside
// the test process (for terraform-plugin-testing), and a CLI that runs the provider as users do, as a binary. A package that
// uses it calls Main from its TestMain.
//
// Time is that of the simulator. World.Advance moves it, and the providers read it from the Date header of responses, as in
// production.
//
// A second provider, iamkeystest, has one resource, iamkeystest_consumer, which depends on an access key. Each apply of it
// signs a request with the key that it had and one with the key that it is given, and records both results (World.Journal).
//
// A LeakScan searches everything that a CLI wrote for secrets, in all common encodings.
package acctest
