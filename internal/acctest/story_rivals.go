package acctest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// Checkout returns a CLI with a copy of configuration and state in a working directory of its own, as a second pipeline has them.
func (s *Story) Checkout() *CLI {
	s.T.Helper()
	other := s.World.CLI(s.T)
	if s.inProcess {
		s.serveProvider(other)
	}
	s.CopyTo(other, "main.tf")
	s.CopyTo(other, "terraform.tfstate")
	return other
}

// CopyTo copies a file, if it exists, to the working directory of another CLI.
func (s *Story) CopyTo(other *CLI, name string) {
	s.T.Helper()
	content, err := os.ReadFile(filepath.Join(s.CLI.Dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		s.T.Fatal(err)
	}
	other.Write(name, string(content))
}

// In calls do, during which the commands of s run in the working directory of another CLI.
func (s *Story) In(other *CLI, do func()) {
	own, last := s.CLI, s.Last
	s.CLI = other
	do()
	s.CLI, s.Last = own, last
}

// ApplyPlanAround is ApplyPlan with do called during the apply: when its nth call of an action has arrived at IAM, which has not
// done anything about it. An empty action counts all calls.
func (s *Story) ApplyPlanAround(action string, nth int, do func(), opts ...Option) {
	s.T.Helper()
	arrived, done := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(done) })
	defer release()
	var seen atomic.Int32
	s.Sim.OnCall(func(call iamsim.Call) {
		if (action == "" || call.Action == action) && int(seen.Add(1)) == nth {
			close(arrived)
			<-done
		}
	})
	s.Run(expect(opts).exitCode(), func() Result {
		s.T.Helper()
		ended := make(chan Result, 1)
		p := s.CLI.Start("apply", "-json", SavedPlan)
		go func() { ended <- p.Wait() }()
		select {
		case <-arrived:
			do()
			release()
		case <-ended:
			s.T.Fatalf("the apply ended before call %d of %q", nth, action)
		}
		return <-ended
	}, opts...)
	s.Sim.OnCall(nil)
}

// UnexpectedKey is the warning about a key that somebody else created during an apply, at that time.
func UnexpectedKey(key, created string) Option {
	return Warns("User has an access key that this apply did not expect",
		fmt.Sprintf(`User "ci" has 2 keys, among them %s (Active, created %s)`, key, created))
}
