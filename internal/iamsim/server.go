package iamsim

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
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

// Server is a running simulator. Its methods may be called from any goroutine, an OnCall function included. Those that name
// a user or a key panic if it does not exist: they set up a test, and a wrong set-up is a mistake in the test.
type Server struct {
	opts     Options
	url      string
	http     *http.Server
	served   chan error
	throttle *throttle
	lookups  lookupThrottles

	mu      sync.Mutex // guards all below
	time    serverClock
	lag     readLag
	account *account
	reports CredentialReports
	root    Credentials
	log     callLog
	denials []denial
	faults  []*activeFault
	onCall  func(Call)
}

// Start starts a server, which is listening when Start returns. An Addr that is not loopback gives ErrNotLoopback; a bad
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
		lookups:  lookupThrottles{perSecond: opts.LookupsPerSecond, clock: opts.Clock, byRegion: map[string]*throttle{}},
		time:     newServerClock(opts.Clock, opts.Start, opts.Running),
		lag:      readLag{by: opts.ReadLag, every: opts.ReadLagEvery},
		account:  newAccount(opts),
		reports:  opts.CredentialReports,
	}
	s.account.createdAt = s.time.now()
	s.root = s.createRoot()
	for _, name := range opts.Users {
		if _, err := s.account.createUser(name, "/", nil, s.time.now()); err != nil {
			return nil, fmt.Errorf("iamsim: user %q: %w", name, err)
		}
	}
	for _, alias := range opts.KMSAliases {
		if _, err := s.account.createKMSKey(defaultKMSRegion, alias, usageEncrypt, s.time.now()); err != nil {
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
	if !isLoopback(host) {
		return nil, fmt.Errorf("%w: %s", ErrNotLoopback, addr)
	}
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("iamsim: address: %w", err)
	}
	// The machine's configuration decides what "localhost" resolves to.
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("%w: %s is %s", ErrNotLoopback, addr, resolved)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("iamsim: %w", err)
	}
	return listener, nil
}

// isLoopback reports whether a host is named localhost, or is a loopback address.
func isLoopback(host string) bool {
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}

// URL returns the endpoint of all services, such as "http://127.0.0.1:41234".
func (s *Server) URL() string { return s.url }

// Close stops the server and cuts the connections of calls in flight. It may be called more than once.
func (s *Server) Close() error {
	err := s.http.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.served <- http.ErrServerClosed
	return err
}

// Now returns the server's time, in UTC.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.time.now()
}

// Advance moves the server's clock forward by d.
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

// Root returns the credentials of the IAM user "admin", which every server has. They work from the start.
func (s *Server) Root() Credentials { return s.root }

// must panics on an error that only a mistake in a test can cause.
func must(err error) {
	if err != nil {
		panic("iamsim: " + err.Error())
	}
}
