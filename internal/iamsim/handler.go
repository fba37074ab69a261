package iamsim

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const maxRequestBytes = 1 << 20

// protocol is the wire format of a service's calls and answers.
type protocol interface {
	// read returns the action and the parameters of a request. It fails if the body is not of the protocol.
	read(r *http.Request, body []byte) (action string, params url.Values, err error)
	// operation returns the operation of an action. It returns the operation even with the error for another API version.
	operation(action string, params url.Values) (operation, error)
	// failure returns an error with the code and status that the protocol has for it.
	failure(failed *apiError) *apiError
	contentType() string
	resultDocument(service, action string, result any, requestID string) []byte
	errorDocument(service string, failed *apiError, requestID string) []byte
}

// invocation is a call that an operation executes.
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
	// unsigned marks an action that needs no signature.
	unsigned bool
	// resource returns the resource of the permission, as AWS's messages name it. Nil: the action needs no permission.
	resource func(*invocation) string
	// run executes the call. A nil result is an answer without a result element.
	run func(*invocation) (any, error)
}

// answer is the outcome of a call, for the client.
type answer struct {
	result any
	err    error
	cut    bool // close the connection without an answer
	empty  bool // status 200 and no body
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.serve)
	if s.opts.Admin {
		mux.Handle("/_admin/", s.admin())
	}
	return mux
}

// protocolOf returns the protocol of a request. Only the JSON protocol has the target header, which names the service.
func protocolOf(r *http.Request) protocol {
	switch target := r.Header.Get(targetHeader); {
	case target == "":
		return queryProtocol{}
	case strings.Contains(target, cloudTrailProtocol.target):
		return cloudTrailProtocol
	default:
		return kmsProtocol
	}
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

	call, onCall := s.logCall(r, wire, action, params)
	if onCall != nil {
		onCall(call.clone())
	}
	s.mu.Lock()
	fault := s.dueFault(call.Action)
	call.Fault = string(fault.Kind)
	s.mu.Unlock()

	result := s.applyFault(r, fault, func() answer { return s.execute(r, wire, body, params, call) })
	s.respond(w, wire, call, result)
}

// logCall adds the call to the log, and returns the OnCall function too.
func (s *Server) logCall(r *http.Request, wire protocol, action string, params url.Values) (*Call, func(Call)) {
	// The error is reported when the call is authenticated.
	signed, _ := parseAuthorization(r.Header.Get("Authorization"))
	call := Call{
		Action:       action,
		Service:      signed.service,
		User:         params.Get("UserName"),
		KeyID:        params.Get("AccessKeyId"),
		SigningKeyID: signed.keyID,
		Region:       signed.region,
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
	return s.log.add(call), s.onCall
}

// execute authenticates, authorizes and runs a call. From the authentication on, it is in CloudTrail.
func (s *Server) execute(r *http.Request, wire protocol, body []byte, params url.Values, call *Call) (result answer) {
	if !s.throttle.allow() {
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
		defer func() { s.recordCall(r, op.service, in, result.err) }()
	}
	if op.resource != nil {
		if action := op.service + ":" + call.Action; call.Fault == string(Denied) || s.denied(in.who, action) {
			return answer{err: errAccessDenied(in.who, action, op.resource(in))}
		} else if err := in.checkPolicies(action, op.resource(in)); err != nil {
			return answer{err: err}
		}
	}
	value, err := op.run(in)
	return answer{result: value, err: err}
}

// respond completes the call in the log and sends the answer.
func (s *Server) respond(w http.ResponseWriter, wire protocol, call *Call, a answer) {
	failed := &apiError{status: http.StatusOK}
	if a.err != nil {
		if !errors.As(a.err, &failed) {
			panic(a.err) // an operation returned an error that is not an *apiError
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
