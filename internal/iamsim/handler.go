package iamsim

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const maxRequestBytes = 1 << 20

// protocol is how a service puts its calls and answers on the wire.
type protocol interface {
	// read takes action and parameters out of a request. An error is a body that is not of the protocol.
	read(r *http.Request, body []byte) (action string, params url.Values, err error)
	// operation finds an action. With the error for a call of another version comes the operation nevertheless.
	operation(action string, params url.Values) (operation, error)
	// failure puts an error in the protocol's words.
	failure(failed *apiError) *apiError
	contentType() string
	resultDocument(service, action string, result any, requestID string) []byte
	errorDocument(service string, failed *apiError, requestID string) []byte
}

// invocation is a call on its way through an operation.
type invocation struct {
	*Server
	call   *Call
	params url.Values
	body   []byte
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
	mux.HandleFunc("POST /{$}", s.serve)
	if s.opts.Admin {
		s.addAdmin(mux)
	}
	return mux
}

// protocolOf tells the protocols apart by the header that only the JSON one has.
func protocolOf(r *http.Request) protocol {
	if r.Header.Get(targetHeader) != "" {
		return jsonProtocol{}
	}
	return queryProtocol{}
}

// serve serves a call of any service.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
	if err != nil {
		http.Error(w, "the request body is cut short or too large", http.StatusBadRequest)
		return
	}
	wire := protocolOf(r)
	action, params, err := wire.read(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}

	call, hook := s.enter(r, wire, action, params)
	if hook != nil {
		hook(call.clone())
	}
	s.mu.Lock()
	fault := s.dueFault(call.Action)
	call.Fault = string(fault.Kind)
	s.mu.Unlock()

	reply := s.meet(r, fault, func() answer { return s.do(r, wire, body, params, call) })
	s.send(w, wire, call, reply)
}

// enter puts the call into the log.
func (s *Server) enter(r *http.Request, wire protocol, action string, params url.Values) (*Call, func(Call)) {
	// A signature that can't be read is dealt with when the call is authenticated.
	signed, _ := parseAuthorization(r.Header.Get("Authorization"))
	call := Call{
		Action:       action,
		Service:      signed.service,
		User:         params.Get("UserName"),
		KeyID:        params.Get("AccessKeyId"),
		SigningKeyID: signed.keyID,
		Params:       map[string]string{},
	}
	if op, _ := wire.operation(action, params); op.service != "" {
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
func (s *Server) do(r *http.Request, wire protocol, body []byte, params url.Values, call *Call) answer {
	if !s.throttle.take() {
		return answer{err: errThrottled()}
	}
	op, err := wire.operation(call.Action, params)
	if err != nil {
		return answer{err: err}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	in := &invocation{Server: s, call: call, params: params, body: body}
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
func (s *Server) send(w http.ResponseWriter, wire protocol, call *Call, a answer) {
	failed := &apiError{status: http.StatusOK}
	if a.err != nil {
		if !errors.As(a.err, &failed) {
			panic(a.err) // every error of an operation is an *apiError
		}
		failed = wire.failure(failed)
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
	w.Header().Set("Content-Type", wire.contentType())
	w.WriteHeader(failed.status)
	switch {
	case a.empty:
	case a.err != nil:
		_, _ = w.Write(wire.errorDocument(service, failed, requestID))
	default:
		_, _ = w.Write(wire.resultDocument(service, action, a.result, requestID))
	}
}
