package iamsim

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// Options configure a server. The zero value is a server with a frozen clock that answers at once and never fails.
type Options struct {
	// AccountID is the twelve-digit id of the simulated account. Empty: "123456789012".
	AccountID string
	// Users are names of users to create at the start.
	Users []string
	// KMSAliases are aliases, such as "alias/secrets", of KMS keys to create at the start, in us-east-1.
	KMSAliases []string
	// Start is the initial time of the server's clock. Zero: the machine's time.
	Start time.Time
	// Running lets the server's clock run with the machine's, from Start. Otherwise only Advance and SetTime move it.
	Running bool
	// Clock is the machine's clock. Nil: clock.System().
	Clock clock.Clock
	// NewKeyDelay is how long, in the server's time, calls signed with a new key fail with InvalidClientTokenId.
	NewKeyDelay time.Duration
	// RetiredKeyDelay is how long, in the server's time, a deactivated or deleted key goes on authenticating.
	RetiredKeyDelay time.Duration
	// ReadLag is the age, in the server's time, of what the stale reads of ListAccessKeys, GetUser and ListUsers return.
	ReadLag time.Duration
	// ReadLagEvery, if above one, makes only every nth of those calls a stale read. Otherwise all of them are.
	ReadLagEvery int
	// StaleReads is how many reads of ListAccessKeys, GetUser and ListUsers are stale after each call that creates a user or
	// changes the user's keys: they return what was there before it. It needs no moving clock, but a minute after the change
	// none is stale any more. Changes by the methods of Server are seen at once.
	StaleReads int
	// ShuffleLists returns the items in each page of ListAccessKeys and ListUsers in an order that changes from call to call.
	ShuffleLists bool
	// NewKeyRejects is how many calls signed with a new key fail with InvalidClientTokenId. It needs no moving clock. A key that
	// the methods of Server create works at once.
	NewKeyRejects int
	// RatePerSecond, if above zero, limits all calls by a token bucket that holds one second's worth (at least one call)
	// and fills in the machine's time. Calls beyond it fail with Throttling.
	RatePerSecond float64
	// LookupsPerSecond, if above zero, limits the calls of CloudTrail's LookupEvents in each region as RatePerSecond limits all
	// calls. Those beyond it fail with ThrottlingException. AWS's own limit is two.
	LookupsPerSecond float64
	// EventDelay is how long after a call, in the server's time, CloudTrail shows its event. Zero: five minutes, about as AWS
	// does. Negative: none.
	EventDelay time.Duration
	// LastUsedGranularity is how old a recorded last use must be before another one replaces it. IAM's own is about 15
	// minutes. Zero: every call is recorded.
	LastUsedGranularity time.Duration
	// CredentialReports says how credential reports are created.
	CredentialReports CredentialReports
	// PageSize limits the items in one page of a list, whatever MaxItems requests. Zero: 100 unless MaxItems requests
	// another number, as in IAM.
	PageSize int
	// Admin serves the admin API under /_admin/.
	Admin bool
	// Addr is the address to listen on. It must be a loopback address. Empty: "127.0.0.1:0".
	Addr string
}

// EventuallyConsistent returns options for an IAM whose servers do not agree at once, as AWS's do not: the first read after a
// change does not show it, lists come in any order, a new key is rejected at first, and a retired key works for a while. It
// needs no moving clock.
func EventuallyConsistent() Options {
	return Options{StaleReads: 1, ShuffleLists: true, NewKeyRejects: 1, RetiredKeyDelay: 10 * time.Second}
}
