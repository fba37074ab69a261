// Package iamsim simulates IAM, STS, KMS and CloudTrail's event history on loopback: one AWS account in memory, served over
// the AWS Query protocol and, for KMS and CloudTrail, the AWS JSON protocol.
//
// It has what no emulator offers and the tests of a key rotation need: a clock that tests move by months, last-used data
// that ages with it, new keys that do not work yet, answers lost after the commit, throttling, and a call log. It answers
// clients as AWS does: error codes, HTTP statuses, limits, pagination, XML, JSON and dates. It checks the signature of every
// call with the secret of the signing key, and records the use of that key. It authenticates, authorizes and validates
// a call, in this order, before it looks for the call's user and key, and checks quotas last.
//
// # Eventual consistency
//
// AWS says of IAM that a change "takes time to become visible from all possible endpoints", since data goes "from server to
// server, from replication zone to replication zone, and from Region to Region around the world", and that caching can add
// to that: "The change might not be visible until the previously cached data times out."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
//
// By default every change is visible at once. Options, and setters for a running server, change that. They depend only on
// the server's clock and on the number of the call, so that a test has the same result in every run:
//
//   - ReadLag: ListAccessKeys, GetUser and ListUsers are stale reads, which return the state of an earlier instant. New users
//     and keys are missing, deleted keys are listed, statuses are the old ones. With ReadLagEvery only some of these calls
//     are stale. Tags, names and deletions of users are never stale.
//   - StaleReads: the same calls, a number of them after each change, whatever the clock shows.
//   - ShuffleLists: ListAccessKeys and ListUsers return the items of a page in any order.
//   - NewKeyDelay: a new key is rejected for a while. NewKeyRejects counts calls instead.
//   - RetiredKeyDelay: a deactivated or deleted key works for a while.
//
// EventuallyConsistent returns a set of them for tests that have no such delay in mind.
//
// Changes, quotas, GetAccessKeyLastUsed and GetAccountSummary always use the present state.
//
// # Credential report
//
// GenerateCredentialReport takes a report of the account at the time of the call, and not a second one within four hours, after
// which the first one expires. The report says of a key when it was created or its status changed, whichever came last, and shows
// the keys of a user in two slots, of which a new key takes the first free one. CredentialReports has it take longer, never complete,
// or have any content, and says which credentials the root user has, for GetAccountSummary, too. Users have no passwords, no devices
// for MFA and no certificates.
//
// # What is simplified
//
// Users have keys, tags and, created by a method of Server alone, service-specific credentials. Every caller may do everything that
// Deny, policies set by SetPolicies or, for a KMS key, SetKMSPolicy do not deny. Every role of the account exists and every caller may
// assume it; web identity tokens are not checked. Sessions expire in the machine's time, and signatures are dated in it; everything
// else uses the server's clock. Every region exists. KMS has Encrypt, Decrypt and DescribeKey for symmetric keys, no grants and no dry
// runs; a signing key exists only to be refused.
//
// CloudTrail has LookupEvents. It records the calls that were authenticated, without their parameters and resources, and what
// Server.AddEvent adds; there are no data events and no insights. An event shows five minutes after its call, and for 90 days.
//
// # Admin API
//
// With Options.Admin, the server serves JSON over HTTP beside the AWS protocols, for programs in other languages. There is no
// authentication. It takes only requests to localhost or a loopback address, and only bodies of Content-Type application/json, so that
// a page in a browser can't use it. Bad input answers 400 and a line of text.
//
//	POST /_admin/advance    {"by": "24h"}                moves the clock; answers {"now": ...}
//	POST /_admin/last-used  {"access_key_id", "at", "service", "region"}
//	                                                     sets a key's last use; without "at": never used; answers the key
//	POST /_admin/users      {"name": "x"}                creates a user; answers the user
//	POST /_admin/kms-keys   {"region": "eu-west-1", "alias": "alias/x"}
//	                                                     creates a KMS key; answers {"arn": ...}
//	POST /_admin/consistency {"read_lag": "5s", "read_lag_every": 2, "new_key_delay": "8s", "retired_key_delay": "10s"}
//	                                                     sets all four, zero if left out; answers them
//	GET  /_admin/keys?user=x                             the user's keys, oldest first
//	GET  /_admin/log                                     the call log
package iamsim
