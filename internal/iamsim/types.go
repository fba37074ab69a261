package iamsim

import (
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// Options says how a server behaves. The zero value is a server with a frozen clock that answers at once and never fails.
type Options struct {
	// AccountID is the twelve-digit account that the server plays. Empty: "123456789012".
	AccountID string
	// Users are names of users to create at the start.
	Users []string
	// KMSAliases are aliases, such as "alias/secrets", of KMS keys to create at the start, in us-east-1.
	KMSAliases []string
	// Start is where the server's clock starts. Zero: the machine's time.
	Start time.Time
	// Running lets the server's clock run with the machine's, from Start. Otherwise it moves only by Advance and SetTime.
	Running bool
	// Clock is the machine's clock. Nil: clock.System().
	Clock clock.Clock
	// NewKeyDelay is how long, in the server's time, a new key answers InvalidClientTokenId.
	NewKeyDelay time.Duration
	// RetiredKeyDelay is how long, in the server's time, a deactivated or deleted key goes on authenticating.
	RetiredKeyDelay time.Duration
	// ReadLag is how far in the past, in the server's time, ListAccessKeys, GetUser and ListUsers answer.
	ReadLag time.Duration
	// ReadLagEvery, when above one, lets only one in so many of those calls answer from the past: the server that is behind
	// takes its turn last. Otherwise all of them do.
	ReadLagEvery int
	// NewKeyRejects is how many calls a new key answers with InvalidClientTokenId before it works. It needs no moving clock.
	NewKeyRejects int
	// RatePerSecond, when above zero, limits all calls by a token bucket that holds one second's worth (at least one call)
	// and fills in the machine's time. Calls above it answer Throttling.
	RatePerSecond float64
	// LastUsedGranularity is how old a recorded last use must be before another one replaces it. IAM's own is about 15
	// minutes. Zero: every call is recorded.
	LastUsedGranularity time.Duration
	// PageSize is the most items in one page of a list, whatever MaxItems asks for. Zero: 100 unless MaxItems asks for
	// another number, as in IAM.
	PageSize int
	// Admin serves the admin API under /_admin/.
	Admin bool
	// Addr is where to listen. It must be a loopback address. Empty: "127.0.0.1:0".
	Addr string
}

// Credentials are an access key id and its secret.
type Credentials struct {
	AccessKeyID string
	Secret      secret.Secret
}

// User is an IAM user.
type User struct {
	Name string `json:"name"`
	// ID is the unique id, AIDA and 17 characters. A user created again under an old name has another one.
	ID        string            `json:"id"`
	ARN       string            `json:"arn"`
	Path      string            `json:"path"`
	CreatedAt time.Time         `json:"created_at"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// Key is an access key without its secret. Times are whole seconds of the server's clock.
type Key struct {
	ID   string `json:"id"`
	User string `json:"user"`
	// Status is "Active" or "Inactive".
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`
	// LastUsedAt is zero for a key that was never used; service and region are empty then.
	LastUsedAt      time.Time `json:"last_used_at,omitzero"`
	LastUsedService string    `json:"last_used_service,omitempty"`
	LastUsedRegion  string    `json:"last_used_region,omitempty"`
}

// Call is one call as the log keeps it. It holds no secret.
type Call struct {
	// N counts the calls from 1, in order of arrival.
	N       int    `json:"n"`
	Action  string `json:"action"`
	Service string `json:"service"`
	// User is the user that the call names, or the caller's where the action falls back to it; otherwise empty.
	User string `json:"user,omitempty"`
	// KeyID is the access key that the call is about, for CreateAccessKey the one it made.
	KeyID string `json:"key_id,omitempty"`
	// SigningKeyID is the access key id that the request claims to be signed with.
	SigningKeyID string `json:"signing_key_id,omitempty"`
	// Status is the HTTP status sent to the client: 0 while in flight, and when the connection was cut.
	Status int `json:"status"`
	// Code is the error code sent to the client; empty for a success.
	Code string `json:"code,omitempty"`
	// Stale tells that the answer came from the past.
	Stale bool `json:"stale,omitempty"`
	// At is the server's time of arrival.
	At time.Time `json:"at"`
	// Fault is the kind of the fault that met the call, if any.
	Fault string `json:"fault,omitempty"`
	// Params are the request's parameters but for Action, Version and tokens; of a KMS call, KeyId and the encryption
	// context, whose names follow "EncryptionContext.".
	Params map[string]string `json:"params,omitempty"`
}

// FaultKind is a way for a call to go wrong.
type FaultKind string

// The kinds of faults.
const (
	// ErrorBeforeCommit answers 500 ServiceFailure; nothing is done.
	ErrorBeforeCommit FaultKind = "ErrorBeforeCommit"
	// ErrorAfterCommit does the call and answers 500 ServiceFailure.
	ErrorAfterCommit FaultKind = "ErrorAfterCommit"
	// AnswerLost does the call and cuts the connection.
	AnswerLost FaultKind = "AnswerLost"
	// CutBeforeCommit cuts the connection; nothing is done.
	CutBeforeCommit FaultKind = "CutBeforeCommit"
	// Empty200 does the call and answers 200 without a body.
	Empty200 FaultKind = "Empty200"
	// Slow waits for Delay, then does the call, even if the client has gone by then.
	Slow FaultKind = "Slow"
	// Throttled answers 400 Throttling; nothing is done.
	Throttled FaultKind = "Throttled"
)

// Fault makes calls go wrong. Every fault counts the calls that match it; of several that are due, the oldest one acts.
type Fault struct {
	// Action is the action to match, such as "CreateAccessKey". Empty: any.
	Action string
	// Nth is the first matching call that fails, counted from when the fault was added: 1 is the next. Zero: every matching call.
	Nth int
	// Kind is what goes wrong.
	Kind FaultKind
	// Delay is how long Slow waits, in the machine's time.
	Delay time.Duration
	// Times is how many calls fail from Nth on. Zero: one when Nth is given, otherwise no limit.
	Times int
}
