package iamsim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
)

// ErrNotLoopback is returned by Start for an address that other machines could reach.
var ErrNotLoopback = errors.New("iamsim: the address is not a loopback address")

const (
	defaultAccountID = "123456789012"
	defaultAddr      = "127.0.0.1:0"
	adminUser        = "admin"
)

// Server is a running simulator. Its methods may be called from any goroutine, an OnCall hook included. Those that name
// a user or a key panic when there is none: they set a scene, and a wrong scene is a mistake in the caller.
type Server struct {
	opts     Options
	url      string
	http     *http.Server
	served   chan error
	throttle *throttle

	mu    sync.Mutex // guards all below
	time  movable
	lag   lag
	world *world
	root  Credentials
	trace trace
	deny  []denial
	fault []*activeFault
	hook  func(Call)
}

// Start starts a server; it is listening when Start returns. An Addr that is not loopback gives ErrNotLoopback; a bad
// account id, user name or alias gives an error that says so.
func Start(opts Options) (*Server, error) {
	if opts.AccountID == "" {
		opts.AccountID = defaultAccountID
	}
	if !regexp.MustCompile(`^\d{12}$`).MatchString(opts.AccountID) {
		return nil, fmt.Errorf("iamsim: account id %q is not twelve digits", opts.AccountID)
	}
	if opts.Clock == nil {
		opts.Clock = clock.System()
	}
	if opts.Addr == "" {
		opts.Addr = defaultAddr
	}
	s := &Server{
		opts:     opts,
		served:   make(chan error, 1),
		throttle: newThrottle(opts.RatePerSecond, opts.Clock),
		time:     newMovable(opts.Clock, opts.Start, opts.Running),
		lag:      lag{by: opts.ReadLag, every: opts.ReadLagEvery},
		world:    newWorld(opts),
	}
	s.root = s.newRoot()
	for _, name := range opts.Users {
		if _, err := s.world.createUser(name, "/", nil, s.time.now()); err != nil {
			return nil, fmt.Errorf("iamsim: user %q: %w", name, err)
		}
	}

	for _, alias := range opts.KMSAliases {
		if _, err := s.world.createKMSKey(defaultKMSRegion, alias, usageEncrypt, s.time.now()); err != nil {
			return nil, fmt.Errorf("iamsim: KMS alias %q: %w", alias, err)
		}
	}

	listener, err := listen(opts.Addr)
	if err != nil {
		return nil, err
	}
	s.url = "http://" + listener.Addr().String()
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

func listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("iamsim: address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%w: %s", ErrNotLoopback, addr)
	}
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("iamsim: address: %w", err)
	}
	// What "localhost" resolves to is the machine's business, so it is checked too.
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("%w: %s is %s", ErrNotLoopback, addr, resolved)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("iamsim: %w", err)
	}
	return listener, nil
}

// URL is the endpoint for all services, such as "http://127.0.0.1:41234".
func (s *Server) URL() string { return s.url }

// Close stops the server and cuts what is in flight.
func (s *Server) Close() error {
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.served <- http.ErrServerClosed
	return err
}

// Now is the server's time, in UTC.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time.now()
}

// Advance moves the server's clock by d.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time.set(s.time.now().Add(d))
}

// SetTime moves the server's clock to t.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.time.set(t)
}

// Root are the credentials of the IAM user "admin", which every server has. They work from the start.
func (s *Server) Root() Credentials { return s.root }
