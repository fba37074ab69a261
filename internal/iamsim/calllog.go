package iamsim

import (
	"maps"
	"time"
)

// Call is a call in the log. It holds no secret.
type Call struct {
	// N counts the calls from 1, in order of arrival.
	N       int    `json:"n"`
	Action  string `json:"action"`
	Service string `json:"service"`
	// User is the user that the call names or, where the action defaults to it, the caller's; otherwise empty.
	User string `json:"user,omitempty"`
	// KeyID is the access key that the call is about; for CreateAccessKey, the one that it created.
	KeyID string `json:"key_id,omitempty"`
	// SigningKeyID is the access key id that the request claims to be signed with.
	SigningKeyID string `json:"signing_key_id,omitempty"`
	// Region is the region that the request claims to be signed for.
	Region string `json:"region,omitempty"`
	// Status is the HTTP status sent to the client: 0 while in flight, and when the connection was cut.
	Status int `json:"status"`
	// Code is the error code sent to the client; empty for a success.
	Code string `json:"code,omitempty"`
	// Stale reports whether the answer was a stale read: one from the past.
	Stale bool `json:"stale,omitempty"`
	// At is the server's time of arrival.
	At time.Time `json:"at"`
	// Fault is the kind of the fault that acted on the call, if any.
	Fault string `json:"fault,omitempty"`
	// Params are the request's parameters without Action, Version and tokens. For KMS they are KeyId and the encryption
	// context, whose names have the prefix "EncryptionContext."; for CloudTrail, the lookup attribute.
	Params map[string]string `json:"params,omitempty"`
}

func (c *Call) clone() Call {
	out := *c
	out.Params = maps.Clone(c.Params)
	return out
}

// callLog is the call log. A call is added when it arrives and completed before its answer is sent, so that a client that has
// an answer finds its call in the log.
type callLog struct {
	calls []*Call
	n     int
}

func (l *callLog) add(c Call) *Call {
	l.n++
	c.N = l.n
	l.calls = append(l.calls, &c)
	return &c
}

// Log returns the calls since the start or the last ResetLog, in order of arrival, those in flight included.
func (s *Server) Log() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.log.calls))
	for i, c := range s.log.calls {
		calls[i] = c.clone()
	}
	return calls
}

// ResetLog empties the log. N starts again at 1.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = callLog{}
}

// OnCall sets a function that runs for each call after its arrival and before its execution, when the fields of the answer
// are still empty. It replaces the previous one; nil removes it. Calls that arrive at once run it concurrently.
func (s *Server) OnCall(fn func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onCall = fn
}
