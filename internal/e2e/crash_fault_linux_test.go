package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/clock"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/tfcli"
)

// crashFault is a column of the matrix: what happens to an apply at one of its calls.
type crashFault struct {
	name string
	// kind is what the simulator does with the call, and times with how many that follow on it; by default with the one.
	kind  iamsim.FaultKind
	times int
	// attempts is how often the SDK sends a call in all. A fault that acts once is met with one attempt, so that the provider
	// has to deal with it and not the SDK.
	attempts int
	// strike is done when the call has arrived, before the simulator does anything about it.
	strike func(*acctest.Process) error
	// changes reports whether the fault is only for calls that change something.
	changes bool
	// ends reports whether the fault ends provider or CLI, so that nobody may be left who knows a secret.
	ends bool
	// loses reports whether the call is done and its answer lost.
	loses bool
}

// crashFaults are the columns of the matrix.
var crashFaults = []crashFault{
	{name: "error before commit", kind: iamsim.ErrorBeforeCommit, attempts: 1},
	{name: "answer lost", kind: iamsim.AnswerLost, attempts: 1, loses: true},
	{name: "empty 200", kind: iamsim.Empty200, attempts: 1, loses: true},
	{name: "500 after commit", kind: iamsim.ErrorAfterCommit, attempts: 1, loses: true},
	{name: "timeout", kind: iamsim.Slow, attempts: 1, loses: true},
	{name: "throttled ten times", kind: iamsim.Throttled, times: 10, attempts: 1},
	{name: "denied", kind: iamsim.Denied, attempts: 1},
	{name: "SIGKILL provider", attempts: 3, strike: killProvider, ends: true},
	{name: "SIGKILL terraform", attempts: 3, strike: killTerraform, ends: true},
	{name: "SIGINT", attempts: 3, strike: interruptOnce},
	{name: "two SIGINTs", attempts: 3, strike: interruptTwice, ends: true},
	{name: "SIGKILL before commit", kind: iamsim.CutBeforeCommit, attempts: 1, strike: killProvider, changes: true, ends: true},
	{name: "answer lost, SDK retries", kind: iamsim.AnswerLost, attempts: 3, changes: true, loses: true},
	{name: "500 after commit, SDK retries", kind: iamsim.ErrorAfterCommit, attempts: 3, changes: true, loses: true},
}

// changing are the actions that change something in IAM.
var changing = map[string]bool{
	"CreateAccessKey": true, "DeleteAccessKey": true, "UpdateAccessKey": true, "TagUser": true, "UntagUser": true,
}

// meets reports whether the matrix has a cell for a call and the fault. AWS denies GetCallerIdentity to nobody.
func (f crashFault) meets(call iamsim.Call) bool {
	if f.kind == iamsim.Denied {
		return call.Action != "GetCallerIdentity"
	}
	return !f.changes || changing[call.Action]
}

// leavesOrphans reports whether a key that nobody has the secret of is a fair end: the one who knew it was killed, the answer
// that had it was lost, or the key could not be deleted again. A denied call has done nothing, and whoever may not do one thing may
// still undo another.
func (f crashFault) leavesOrphans(call iamsim.Call) bool {
	return f.ends || f.loses && call.Action == "CreateAccessKey" || f.kind == iamsim.Throttled && call.Action == "Encrypt"
}

// signalPause is how long a signal may take to reach the provider, by way of Terraform.
const signalPause = 100 * time.Millisecond

// noAnswer is longer than anybody waits for an answer.
const noAnswer = time.Hour

// impatientProvider builds the provider with a short attempt timeout in dir, with more flags for go build, and returns a file
// for TF_CLI_CONFIG_FILE that leads to it.
func impatientProvider(t *testing.T, dir string, flags ...string) string {
	t.Helper()
	if err := tfcli.BuildProvider(t.Context(), dir, "./internal/acctest/cmd/provider", flags...); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "cli.tfrc")
	if err := tfcli.WriteConfig(config, dir); err != nil {
		t.Fatal(err)
	}
	return config
}

func killProvider(p *acctest.Process) error { return signalProvider(p, syscall.SIGKILL) }

// signalProvider sends a signal to the provider that a CLI has started.
func signalProvider(p *acctest.Process, signal syscall.Signal) error {
	providers, err := providersOf(p.Pid())
	if err == nil && len(providers) == 0 {
		err = fmt.Errorf("process %d has no provider", p.Pid())
	}
	for _, pid := range providers {
		if err == nil {
			err = syscall.Kill(pid, signal)
		}
	}
	return err
}

// killTerraform leaves the provider alone, which goes on with what it was doing.
func killTerraform(p *acctest.Process) error { return syscall.Kill(p.Pid(), syscall.SIGKILL) }

// interruptOnce is a Ctrl-C: a terminal sends it to the provider, too.
func interruptOnce(p *acctest.Process) error {
	if err := syscall.Kill(-p.Pid(), syscall.SIGINT); err != nil {
		return err
	}
	return pause(signalPause)
}

func interruptTwice(p *acctest.Process) error {
	if err := interruptOnce(p); err != nil {
		return err
	}
	// Where a call only reads, the first one may have been enough.
	if err := interruptOnce(p); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// providersOf are the processes of the provider that a CLI has started.
func providersOf(cli int) ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var found []int
	for _, name := range stats {
		stat, err := os.ReadFile(name)
		if err != nil {
			continue // that process has ended meanwhile
		}
		// Proc(5): the id, the name in parentheses, the state and the parent's id.
		head, tail, _ := bytes.Cut(stat, []byte(") "))
		id, command, _ := strings.Cut(string(head), " (")
		fields := strings.Fields(string(tail))
		if !strings.HasPrefix(command, "terraform-provi") || len(fields) < 2 || fields[1] != strconv.Itoa(cli) {
			continue
		}
		pid, err := strconv.Atoi(id)
		if err != nil {
			return nil, err
		}
		found = append(found, pid)
	}
	return found, nil
}

// pause waits in the machine's time, for processes that nothing else can be known of.
func pause(d time.Duration) error { return clock.System().Sleep(context.Background(), d) }
