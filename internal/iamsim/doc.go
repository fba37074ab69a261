// Package iamsim is IAM, STS and KMS on loopback: one account in memory, served over the AWS Query protocol and, for
// KMS, the AWS JSON protocol to any client.
//
// It exists for what no emulator offers and a key rotation must survive: a clock that tests move by months, last-used
// data that ages with it, new keys that do not work yet, answers lost after the commit, throttling, and a call log. To its
// clients it answers as AWS does, in error codes, HTTP statuses, limits, pagination, XML, JSON and dates. Every call's
// signature is recomputed with the secret of the key that claims to have signed it, and a key that did sign is marked as
// used.
//
// # Eventual consistency
//
// AWS says of IAM that a change "takes time to become visible from all possible endpoints", since data goes "from server to
// server, from replication zone to replication zone, and from Region to Region around the world", and that caching can add
// to that: "The change might not be visible until the previously cached data times out."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
//
// By default every change is visible everywhere at once. Options, and setters for a running server, take that away, each by
// the server's clock and the number of the call, so that a test ends the same each time:
//
//   - ReadLag: ListAccessKeys, GetUser and ListUsers answer from the past. New users and keys are missing, deleted keys are
//     listed, statuses are the old ones. With ReadLagEvery only some of these calls do, as where some servers are behind.
//     Tags, names and deleted users have no past.
//   - NewKeyDelay: a new key is refused for a while. NewKeyRejects counts calls instead.
//   - RetiredKeyDelay: a deactivated or deleted key works for a while.
//
// Changes themselves, the quotas and GetAccessKeyLastUsed always know the present.
//
// # What is simplified
//
// Users own keys and tags, nothing else. Every caller may do everything that Deny, or for a KMS key SetKMSPolicy, has not
// taken away. Any role of the account exists and may be assumed by anyone; web identity tokens are not looked into.
// Sessions, and the dates inside signatures, belong to the machine's time; all else happens in the server's own. All
// regions are good. KMS has Encrypt, Decrypt and DescribeKey, for symmetric keys; a key that signs is there to be refused.
// It knows no grants and no dry runs.
//
// # Admin API
//
// With Options.Admin, JSON over HTTP beside the AWS protocol, for programs in other languages. There is no
// authentication. Bad input answers 400 and a line of text.
//
//	POST /_admin/advance    {"by": "24h"}                moves the clock; answers {"now": ...}
//	POST /_admin/last-used  {"access_key_id", "at", "service", "region"}
//	                                                     sets a key's last use; without "at": never used; answers the key
//	POST /_admin/users      {"name": "x"}                creates a user; answers the user
//	POST /_admin/kms-keys   {"region": "eu-west-1", "alias": "alias/x"}
//	                                                     creates a KMS key; answers {"arn": ...}
//	POST /_admin/consistency {"read_lag": "5s", "read_lag_every": 2, "new_key_delay": "8s", "retired_key_delay": "10s"}
//	                                                     sets all four, zero where left out; answers them
//	GET  /_admin/keys?user=x                             the user's keys, oldest first
//	GET  /_admin/log                                     the call log
package iamsim
