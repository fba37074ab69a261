package acctest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

const (
	// KeyAddress is the address of the resource that a Story checks.
	KeyAddress = "iamkeys_rotating_access_key.test"
	// SavedPlan is the file that Plan saves its plan in, below the working directory.
	SavedPlan = "saved.tfplan"
)

// Story is a CLI run of the provider with time going by: a test configures keys of the user ci, moves the clock, plans and
// applies, and checks what happened in IAM, in plan and state, and to the consumers of the keys.
//
// In all texts of a Story a key has a short name instead of its id: k1, k2 and so on for those that the provider created, in
// order of creation, and the name given to CreateForeignKey for others. All methods that can fail end the test if they do.
//
// Each command must show exactly the diagnostics that its options name (Warns and Fails), in any order. After each command the
// Story also checks that nothing it printed has a secret in it, and that every consumer whose key worked still has one that does.
type Story struct {
	*World
	// T is the test that the Story belongs to.
	T *testing.T
	// CLI runs commands in the working directory of the Story.
	CLI *CLI
	// ProviderHCL is the provider block of the next configuration.
	ProviderHCL string
	// Consumed reports whether the configuration has a consumer, whose key must keep working. Write sets it.
	Consumed bool
	// Last is the outcome of the last command.
	Last Result
	// Clock is that of a provider that runs inside the test process. A test may set it between commands.
	Clock clock.Clock

	// names are the short names of keys, by id.
	names map[string]string
	// created is how many keys of the provider have a name.
	created int
	// inProcess reports whether the provider runs inside the test process.
	inProcess bool
}

// NewStory starts a simulator with the user ci. The provider runs inside the test process and waits in real time, as the binary
// does, but starts no process for each command: a command takes a third of the processor time. Only one command of the
// Story may run at a time, and none sees the environment variables that are set with CLI.Setenv.
func NewStory(t *testing.T, opts ...iamsim.Options) *Story {
	t.Helper()
	s := NewBinaryStory(t, opts...)
	s.inProcess, s.Clock = true, clock.System()
	s.serveProvider(s.CLI)
	return s
}

// NewBinaryStory is NewStory with the provider as the binary that users get, started by the CLI.
func NewBinaryStory(t *testing.T, opts ...iamsim.Options) *Story {
	t.Helper()
	w := New(t, opts...)
	w.Sim.CreateUser("ci")
	return &Story{World: w, T: t, CLI: w.CLI(t), ProviderHCL: w.ProviderConfig(), names: map[string]string{}}
}

// SkipWaits sets a Clock that moves the clock of the simulator instead of waiting. It returns s.
func (s *Story) SkipWaits() *Story {
	s.Clock = simClock{s.Sim}
	return s
}

// WithKey configures a key with these arguments and a consumer, and creates k1. It returns s.
func (s *Story) WithKey(args Args) *Story {
	s.T.Helper()
	s.Write(args, ConsumerHCL)
	s.Apply()
	s.WantChanges("create k1")
	return s
}

// WithPrevious is WithKey, with k1 replaced by k2 on day 90. Nobody has ever used k1.
func (s *Story) WithPrevious(args Args) *Story {
	s.T.Helper()
	s.WithKey(args)
	s.Advance("90d")
	s.Apply()
	s.WantChanges("create k2")
	s.ClearLastUse("k1")
	return s
}

// WithInactivePrevious is WithPrevious with the arguments of ByAge, with k2 in use and k1 deactivated on day 97.
func (s *Story) WithInactivePrevious() *Story {
	s.T.Helper()
	s.WithPrevious(ByAge(nil))
	s.UseKey("k2")
	s.Advance("7d")
	s.Apply()
	s.WantChanges("deactivate k1")
	return s
}

// SignAs makes the provider sign with other credentials, from the next Write on.
func (s *Story) SignAs(creds iamsim.Credentials) { s.ProviderHCL = s.ProviderConfigAs(creds, "") }

// Config returns a configuration of KeyAddress with these arguments. More is added as it is.
func (s *Story) Config(args Args, more ...string) string {
	return s.ProviderHCL + KeyHCL("test", args, more...)
}

// Write replaces the configuration by that of Config.
func (s *Story) Write(args Args, more ...string) {
	s.T.Helper()
	s.CLI.Write("main.tf", s.Config(args, more...))
	s.Consumed = slices.ContainsFunc(more, func(hcl string) bool { return strings.Contains(hcl, "iamkeystest_consumer") })
}

// CreateForeignKey creates a key of ci outside Terraform, and gives it a short name.
func (s *Story) CreateForeignKey(name string) iamsim.Credentials {
	key := s.Sim.CreateAccessKey("ci")
	s.NameKey(key.AccessKeyID, name)
	return key
}

// UseKey sets the last use of a key to now, by S3 in eu-west-1.
func (s *Story) UseKey(name string) {
	s.T.Helper()
	s.Sim.SetLastUsed(s.KeyID(name), s.Sim.Now(), "s3", "eu-west-1")
}

// ClearLastUse makes IAM forget that a key was ever used.
func (s *Story) ClearLastUse(name string) {
	s.T.Helper()
	s.Sim.SetLastUsed(s.KeyID(name), time.Time{}, "", "")
}

// SetStatus sets the status of a key outside Terraform.
func (s *Story) SetStatus(name, status string) {
	s.T.Helper()
	s.Sim.SetStatus(s.KeyID(name), status)
}

// DeleteKey deletes a key outside Terraform.
func (s *Story) DeleteKey(name string) {
	s.T.Helper()
	s.Sim.DeleteAccessKey(s.KeyID(name))
}
