package iamsim

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const maxRequestBytes = 1 << 20

// invocation is a call on its way through an operation.
type invocation struct {
	*Server
	call   *Call
	params url.Values
	who    caller
}

// operation is one action of a service.
type operation struct {
	service string
	// unsigned is for the actions that have no credentials yet.
	unsigned bool
	// resource names what the caller needs the permission for, in the words of AWS's messages. Nil: nobody needs one.
	resource func(*invocation) string
	// run does the work. A nil result is an answer without a result element.
	run func(*invocation) (any, error)
}

// answer is what goes back to the client.
type answer struct {
	result any
	err    error
	cut    bool // no answer: the connection ends
	empty  bool // status 200 and no body
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.serveQuery)
	if s.opts.Admin {
		s.addAdmin(mux)
	}
	return mux
}

// serveQuery serves the AWS Query protocol: a form in, XML out.
func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, "the request body is cut short or too large", http.StatusBadRequest)
		return
	}
	params, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, "the request body is not a form", http.StatusBadRequest)
		return
	}

	call, hook := s.enter(r, params)
	if hook != nil {
		hook(call.clone())
	}
	s.mu.Lock()
	fault := s.dueFault(call.Action)
	call.Fault = string(fault.Kind)
	s.mu.Unlock()

	reply := s.meet(r, fault, func() answer { return s.do(r, body, params, call) })
	s.send(w, call, reply)
}

// enter puts the call into the log.
func (s *Server) enter(r *http.Request, params url.Values) (*Call, func(Call)) {
	// A signature that can't be read is dealt with when the call is authenticated.
	signed, _ := parseAuthorization(r.Header.Get("Authorization"))
	call := Call{
		Action:       params.Get("Action"),
		Service:      signed.service,
		User:         params.Get("UserName"),
		KeyID:        params.Get("AccessKeyId"),
		SigningKeyID: signed.keyID,
		Params:       map[string]string{},
	}
	if op, ok := operations[call.Action]; ok {
		call.Service = op.service
	}
	for name := range params {
		if name != "Action" && name != "Version" && !strings.Contains(name, "Token") {
			call.Params[name] = params.Get(name)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call.At = s.time.now()
	return s.trace.enter(call), s.hook
}

// meet lets a fault act on a call.
func (s *Server) meet(r *http.Request, fault Fault, do func() answer) answer {
	switch fault.Kind {
	case ErrorBeforeCommit:
		return answer{err: errServiceFailure()}
	case Throttled:
		return answer{err: errThrottled()}
	case CutBeforeCommit:
		return answer{cut: true}
	case ErrorAfterCommit:
		do()
		return answer{err: errServiceFailure()}
	case AnswerLost:
		do()
		return answer{cut: true}
	case Empty200:
		do()
		return answer{empty: true}
	case Slow:
		// AWS finishes what a client no longer waits for, so a cancelled wait ends the wait and not the call.
		_ = s.opts.Clock.Sleep(r.Context(), fault.Delay)
	}
	return do()
}

// do authenticates, authorises and runs a call.
func (s *Server) do(r *http.Request, body []byte, params url.Values, call *Call) answer {
	if !s.throttle.take() {
		return answer{err: errThrottled()}
	}
	op, ok := operations[call.Action]
	if !ok || params.Get("Version") != versions[op.service] {
		return answer{err: errInvalidAction(call.Action, params.Get("Version"))}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	in := &invocation{Server: s, call: call, params: params}
	if !op.unsigned {
		who, err := s.authenticate(r, body, op.service)
		if err != nil {
			return answer{err: err}
		}
		in.who = who
	}
	if op.resource != nil {
		if action := op.service + ":" + call.Action; s.denied(in.who, action) {
			return answer{err: errAccessDenied(in.who, action, op.resource(in))}
		}
	}
	result, err := op.run(in)
	return answer{result: result, err: err}
}

// send completes the log and answers.
func (s *Server) send(w http.ResponseWriter, call *Call, a answer) {
	failed := &apiError{status: http.StatusOK}
	if a.err != nil && !errors.As(a.err, &failed) {
		panic(a.err) // every error of an operation is an *apiError
	}

	s.mu.Lock()
	call.Code = failed.code
	if !a.cut {
		call.Status = failed.status
	}
	now, service, action := s.time.now(), call.Service, call.Action
	s.mu.Unlock()

	if a.cut {
		panic(http.ErrAbortHandler) // net/http's way to close a connection without an answer
	}
	requestID := newRequestID()
	w.Header().Set("Date", now.Format(http.TimeFormat))
	w.Header().Set("X-Amzn-Requestid", requestID)
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(failed.status)
	switch {
	case a.empty:
	case a.err != nil:
		_, _ = w.Write(errorDocument(service, failed, requestID))
	default:
		_, _ = w.Write(resultDocument(service, action, a.result, requestID))
	}
}
