// Package acctest lets tests drive the real Terraform CLI, or OpenTofu's, against the simulator of IAM and STS.
//
// A World is one test's simulator with what belongs to it: provider configuration, providers that serve inside the test
// process (for terraform-plugin-testing), and a CLI that runs the provider as users do, as a binary of its own. A package
// that uses it calls Main from its TestMain.
//
// Time is the simulator's: World.Advance moves it, and the providers learn of it from the Date header, as in production.
//
// The second provider, iamkeystest, plays the dependant of a key. Its one resource, iamkeystest_consumer, signs a real
// request with the key that it had and with the one that it is given, each time it is applied (World.Journal).
//
// A LeakScan finds secrets, however they are encoded, in all that a CLI left behind.
package acctest
