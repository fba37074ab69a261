package iamsim

import (
	"maps"
	"path"
	"slices"
	"strings"
)

// trace is the call log. A call is entered when it arrives and completed before its answer is sent, so that whoever has
// an answer finds it in the log.
type trace struct {
	calls []*Call
	n     int
}

func (t *trace) enter(c Call) *Call {
	t.n++
	c.N = t.n
	t.calls = append(t.calls, &c)
	return &c
}

func (c *Call) clone() Call {
	out := *c
	out.Params = maps.Clone(c.Params)
	return out
}

// Log returns the calls since the start or the last ResetLog, in order of arrival, those in flight included.
func (s *Server) Log() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.trace.calls))
	for i, c := range s.trace.calls {
		calls[i] = c.clone()
	}
	return calls
}

// ResetLog empties the log. N starts again at 1.
func (s *Server) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = trace{}
}

// OnCall sets a function that runs for each call after its arrival and before anything is done about it; the answer's
// fields are empty then. It replaces the one before; nil removes it. Calls that arrive together run it together.
func (s *Server) OnCall(fn func(Call)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = fn
}

// activeFault is a fault and how many calls matched it.
type activeFault struct {
	Fault
	seen int
}

// due counts a matching call and reports whether the fault acts on it.
func (f *activeFault) due(action string) bool {
	if f.Action != "" && f.Action != action {
		return false
	}
	f.seen++
	first, times := max(1, f.Nth), f.Times
	if times == 0 && f.Nth > 0 {
		times = 1
	}
	return f.seen >= first && (times == 0 || f.seen < first+times)
}

// AddFault makes calls go wrong from now on. It panics on an unknown kind and on negative numbers.
func (s *Server) AddFault(f Fault) {
	kinds := []FaultKind{ErrorBeforeCommit, ErrorAfterCommit, AnswerLost, CutBeforeCommit, Empty200, Slow, Throttled}
	if !slices.Contains(kinds, f.Kind) || f.Nth < 0 || f.Times < 0 || f.Delay < 0 {
		panic("iamsim: AddFault: no such fault")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = append(s.fault, &activeFault{Fault: f})
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = nil
}

// dueFault returns the oldest fault that acts on this call, or the zero Fault. Every matching fault counts the call.
func (s *Server) dueFault(action string) Fault {
	var due Fault
	for _, f := range s.fault {
		if f.due(action) && due.Kind == "" {
			due = f.Fault
		}
	}
	return due
}

// denial takes an action away from a principal.
type denial struct{ principal, action string }

// Deny makes an action answer AccessDenied from now on. principal is a user name, an access key id, an ARN, or "*";
// action is such as "iam:CreateAccessKey", "iam:*" or "*". As in AWS, sts:GetCallerIdentity can't be denied.
func (s *Server) Deny(principal, action string) {
	if _, err := path.Match(action, ""); err != nil {
		panic("iamsim: Deny: bad action pattern " + action)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = append(s.deny, denial{principal, strings.ToLower(action)})
}

// ClearDenials allows everything again.
func (s *Server) ClearDenials() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deny = nil
}

func (s *Server) denied(who caller, action string) bool {
	return slices.ContainsFunc(s.deny, func(d denial) bool {
		matched, err := path.Match(d.action, strings.ToLower(action))
		return err == nil && matched && (d.principal == "*" || d.principal == who.arn || d.principal == who.keyID ||
			(who.user != nil && strings.EqualFold(d.principal, who.user.Name)))
	})
}
