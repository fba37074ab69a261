package iamsim

import (
	"net/http"
	"slices"
	"time"
)

// FaultKind is a way for a call to fail.
type FaultKind string

// The kinds of faults.
const (
	// ErrorBeforeCommit answers 500 ServiceFailure and does not execute the call.
	ErrorBeforeCommit FaultKind = "ErrorBeforeCommit"
	// ErrorAfterCommit executes the call and answers 500 ServiceFailure.
	ErrorAfterCommit FaultKind = "ErrorAfterCommit"
	// AnswerLost executes the call and cuts the connection.
	AnswerLost FaultKind = "AnswerLost"
	// CutBeforeCommit cuts the connection and does not execute the call.
	CutBeforeCommit FaultKind = "CutBeforeCommit"
	// Empty200 executes the call and answers 200 without a body.
	Empty200 FaultKind = "Empty200"
	// Slow waits for Delay, then executes the call, even if the client has gone by then.
	Slow FaultKind = "Slow"
	// Throttled answers 400 Throttling and does not execute the call.
	Throttled FaultKind = "Throttled"
	// Denied answers 403 AccessDenied and does not execute the call, as Deny does. It has no effect on GetCallerIdentity, which
	// can't be denied.
	Denied FaultKind = "Denied"
	// ConcurrentModification answers 409 ConcurrentModification and does not execute the call.
	ConcurrentModification FaultKind = "ConcurrentModification"
)

// Fault makes calls fail. Every fault counts the calls that match it. If several are due for a call, the oldest acts.
type Fault struct {
	// Action is the action to match, such as "CreateAccessKey". Empty: any.
	Action string
	// Nth is the first matching call that fails, counted from AddFault on: 1 is the next. Zero: every matching call.
	Nth int
	// Kind is how the call fails.
	Kind FaultKind
	// Delay is how long Slow waits, in the machine's time.
	Delay time.Duration
	// Times is how many calls fail from Nth on. Zero: one if Nth is set, otherwise no limit.
	Times int
}

// activeFault is a fault with the number of calls that matched it.
type activeFault struct {
	Fault
	matched int
}

// due counts a matching call and reports whether the fault acts on it.
func (f *activeFault) due(action string) bool {
	if f.Action != "" && f.Action != action {
		return false
	}
	f.matched++
	first, times := max(1, f.Nth), f.Times
	if times == 0 && f.Nth > 0 {
		times = 1
	}
	return f.matched >= first && (times == 0 || f.matched < first+times)
}

// AddFault makes calls fail from now on. It panics on an unknown kind and on negative numbers.
func (s *Server) AddFault(f Fault) {
	kinds := []FaultKind{
		ErrorBeforeCommit, ErrorAfterCommit, AnswerLost, CutBeforeCommit, Empty200, Slow, Throttled, Denied, ConcurrentModification,
	}
	if !slices.Contains(kinds, f.Kind) || f.Nth < 0 || f.Times < 0 || f.Delay < 0 {
		panic("iamsim: AddFault: no such fault")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &activeFault{Fault: f})
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// dueFault returns the oldest fault that acts on this call, or the zero Fault.
func (s *Server) dueFault(action string) Fault {
	var due Fault
	for _, f := range s.faults {
		// due counts the call, so it is called for every fault.
		if f.due(action) && due.Kind == "" {
			due = f.Fault
		}
	}
	return due
}

// applyFault executes a call as the fault lets it, and returns the answer.
func (s *Server) applyFault(r *http.Request, fault Fault, execute func() answer) answer {
	switch fault.Kind {
	case ErrorBeforeCommit:
		return answer{err: errServiceFailure()}
	case Throttled:
		return answer{err: errThrottled()}
	case ConcurrentModification:
		return answer{err: errConcurrentModification()}
	case CutBeforeCommit:
		return answer{cut: true}
	case ErrorAfterCommit:
		execute()
		return answer{err: errServiceFailure()}
	case AnswerLost:
		execute()
		return answer{cut: true}
	case Empty200:
		execute()
		return answer{empty: true}
	case Slow:
		// AWS finishes a call whose client has gone, so a cancelled context ends the wait and not the call.
		_ = s.opts.Clock.Sleep(r.Context(), fault.Delay)
	case Denied:
		// execute denies the call once it knows the caller.
	}
	return execute()
}
