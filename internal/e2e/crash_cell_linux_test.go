package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// crashCell is one apply with a fault at one call, and what comes after it.
type crashCell struct {
	*crashSetup
	call  iamsim.Call
	fault crashFault
	// ends are what may be true in the end.
	ends []string
}

// crashEnd is how a cell ended under the policy of its row.
type crashEnd string

const (
	// alone: the next applies did what was left to do.
	alone crashEnd = "alone"
	// message: the plan named the orphan, and the command that it gave let the next applies do what was left.
	message crashEnd = "message"
)

// mostApplies is how many applies may be needed until a plan is empty: one that only records an edit, one that takes the
// steps, and one that retires what a revoke has left.
const mostApplies = 3

// run goes through the cell, and reports how it ended. Under delete_unused every cell must end without a message.
func (c *crashCell) run() (crashEnd, error) {
	if err := c.restart(); err != nil {
		return "", err
	}
	succeeded, err := c.disturb()
	if err == nil {
		err = c.mend()
	}
	if err == nil {
		err = c.check(succeeded)
	}
	if err != nil {
		return "", fmt.Errorf("after the disturbed apply: %w", err)
	}
	// Nobody applies again at once.
	c.Advance("1h")
	var at crashPoint
	if err := c.keep(&at); err != nil {
		return "", err
	}
	held := maps.Clone(c.held)
	now, err := c.truth()
	if err != nil {
		return "", err
	}
	relied := c.reliable(now)

	c.ends = []string{c.row.end}
	if c.row.revokes && len(now.orphans) > 0 {
		// The orphan takes the slot that the revoked key would keep for its grace.
		c.ends = append(c.ends, "current new Active")
	}
	c.hold(maps.Clone(held), relied)
	end, err := c.finish(!succeeded)
	if err != nil {
		return "", fmt.Errorf("then: %w", err)
	}
	if err := c.back(at); err != nil {
		return "", err
	}
	if c.row.otherEnd != "" {
		c.ends = append(c.ends, c.row.otherEnd)
	}
	c.hold(held, relied)
	c.configure("delete_unused")
	unaided, err := c.finish(true)
	if err == nil && unaided == message {
		err = errors.New("it took a message")
	}
	if err != nil {
		return "", fmt.Errorf("then, under delete_unused: %w", err)
	}
	return end, nil
}

// restart goes back to the state before the disturbed apply.
func (s *crashSetup) restart() error {
	if err := s.back(s.begin); err != nil {
		return err
	}
	held := map[string]secret.Secret{}
	for id, name := range s.named {
		if slices.Contains(s.row.kept, name) {
			held[id] = s.Sim.Secret(id)
		}
	}
	// Every setup that has keys has an Active one.
	s.hold(held, len(s.named) > 0 && !s.row.destroy)
	return nil
}

// undisturbed applies with no fault, and keeps the calls.
func (s *crashSetup) undisturbed() error {
	if err := s.restart(); err != nil {
		return err
	}
	result := s.StartBinary(s.command()...).Wait()
	s.Advance("1m") // a retired key works for a while
	if err := s.deaths(); err != nil {
		return err
	}
	if failed := result.ExitCode != 0; failed != s.row.fails {
		return fmt.Errorf("exit code %d: %s", result.ExitCode, s.diagnoses())
	}
	s.calls = s.Sim.Log()
	if !s.recounted() {
		return errors.New("nobody counts the keys after the creation")
	}
	if err := s.checkOrder(s.calls); err != nil {
		return err
	}
	now, err := s.truth()
	if err != nil {
		return err
	}
	if now.text != s.row.end || len(now.orphans) > 0 {
		return fmt.Errorf("%q, want %q", now.text, s.row.end)
	}
	return nil
}

// recounted reports whether the apply has listed the keys after it created one.
func (s *crashSetup) recounted() bool {
	counted := true
	for _, call := range s.calls {
		switch call.Action {
		case "CreateAccessKey":
			counted = false
		case "ListAccessKeys":
			counted = true
		}
	}
	return counted
}

// disturb runs the apply of the row with the fault, and reports whether it succeeded.
func (c *crashCell) disturb() (succeeded bool, err error) {
	if c.fault.kind != "" {
		c.Sim.AddFault(iamsim.Fault{Nth: c.call.N, Times: max(1, c.fault.times), Kind: c.fault.kind, Delay: noAnswer})
	}
	started, struck := make(chan *acctest.Process, 1), make(chan error, 1)
	c.Sim.OnCall(func(call iamsim.Call) {
		c.watch()
		if call.N != c.call.N {
			return
		}
		var err error
		if p := <-started; c.fault.strike != nil {
			err = c.fault.strike(p)
		}
		if call.Action != c.call.Action {
			err = fmt.Errorf("call %d is %s", call.N, call.Action)
		}
		struck <- err
	})
	c.CLI.Setenv("AWS_MAX_ATTEMPTS", strconv.Itoa(c.fault.attempts))
	p := c.StartBinary(c.command()...)
	started <- p
	result := p.Wait()
	c.CLI.Setenv("AWS_MAX_ATTEMPTS", "3")
	if err := c.quiet(p); err != nil {
		return false, err
	}
	c.Sim.ClearFaults()
	select {
	case err = <-struck:
	default:
		err = errors.New("the call did not come")
	}
	c.Sim.OnCall(func(iamsim.Call) { c.watch() })
	c.WantNoSecrets(result)
	return result.ExitCode == 0, err
}

// mend takes Terraform's backup of the state where Terraform was ended while it wrote the state itself, which it does in place:
// an empty file or half of one is nothing that a provider can prevent. Two SIGINTs do that about once in a hundred times.
func (c *crashCell) mend() error {
	name := filepath.Join(c.CLI.Dir, "terraform.tfstate")
	data, err := os.ReadFile(name)
	if !c.fault.ends || !c.stateful || err == nil && json.Valid(data) {
		return nil
	}
	if err != nil {
		return err
	}
	backup, err := os.ReadFile(name + ".backup")
	if err != nil {
		return fmt.Errorf("the CLI has left %d bytes of a state, and no backup: %w", len(data), err)
	}
	c.T.Logf("call %d, %s: Terraform has left %d bytes of a state: its backup is taken", c.call.N, c.fault.name, len(data))
	return os.WriteFile(name, backup, 0o600) //nolint:gosec // in the directory of the test
}

// quiet waits until the simulator has done all that was asked of it, by a provider that has outlived its CLI, too.
func (c *crashCell) quiet(p *acctest.Process) error {
	for calls := -1; calls != len(c.Sim.Log()); {
		calls = len(c.Sim.Log())
		if c.fault.ends {
			if err := pause(signalPause); err != nil {
				return err
			}
		}
		if err := c.Sim.Settle(c.T.Context()); err != nil {
			return err
		}
	}
	if c.fault.ends {
		_ = p.Kill() // mostly nothing is left to kill
	}
	return nil
}

// check checks what must be true right after the disturbed apply.
func (c *crashCell) check(succeeded bool) error {
	made := 0
	for _, call := range c.Sim.Log() {
		if call.Action == "CreateAccessKey" && call.KeyID != "" {
			made++
		}
	}
	if made > 1 {
		return fmt.Errorf("%d keys were created", made)
	}
	now, err := c.truth()
	if err != nil {
		return err
	}
	if now.current == "" && c.stateful && !c.row.destroy {
		return errors.New("the resource is not in the state any more")
	}
	if len(now.orphans) > 0 && !c.fault.leavesOrphans(c.call) {
		return fmt.Errorf("there is an orphan beside %q", now.text)
	}
	// What a killed CLI has printed need not be whole.
	if !c.fault.ends {
		for _, command := range c.commands() {
			if c.named[command.id] != "" && command.verb == "delete" {
				return fmt.Errorf("the apply says to delete %s", c.named[command.id])
			}
		}
	}
	if err := c.checkOrder(c.Sim.Log()); err != nil {
		return err
	}
	if c.fault.kind == iamsim.Denied {
		if err := c.checkDenied(succeeded); err != nil {
			return err
		}
	}
	return c.safe(now, succeeded)
}

// checkOrder checks that the apply deleted none of the keys before it to make room while it was not known whether a new one may be
// created.
func (s *crashSetup) checkOrder(log []iamsim.Call) error {
	first := slices.IndexFunc(log, func(call iamsim.Call) bool {
		return call.Action == "DeleteAccessKey" && s.named[call.KeyID] != ""
	})
	if !strings.Contains(s.row.end, "new") || first < 0 || slices.ContainsFunc(log[:first], func(call iamsim.Call) bool {
		return call.Action == "CreateAccessKey" && (call.Code == "LimitExceeded" || call.KeyID != "")
	}) {
		return nil
	}
	return fmt.Errorf("%s is deleted before it is known whether a key may be created", s.nameOf(log[first].KeyID))
}

// essential are the actions whose denial fails an apply.
var essential = []string{"CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey"}

// checkDenied checks that nothing followed that depends on the denied call.
func (c *crashCell) checkDenied(succeeded bool) error {
	if succeeded && slices.Contains(essential, c.call.Action) {
		return errors.New("the apply succeeds")
	}
	for _, call := range c.Sim.Log() {
		deletes := call.Action == "DeleteAccessKey"
		switch {
		case call.N <= c.call.N || call.Code != "" || !deletes && call.Params["Status"] != "Inactive":
		case deletes && c.call.Action == "CreateAccessKey":
			return fmt.Errorf("%s is deleted although no key may be created", c.nameOf(call.KeyID))
		case c.call.Action == "GetAccessKeyLastUsed" && call.KeyID == c.call.KeyID && !c.row.revokes && !c.row.destroy:
			return fmt.Errorf("%s is retired although its last use is unknown", c.nameOf(call.KeyID))
		}
	}
	return nil
}

// safe checks that no consumer has lost anything, and that nothing of others was touched. What a successful apply has
// published, consumers hold from then on.
func (s *crashSetup) safe(now truth, succeeded bool) error {
	if !s.row.destroy && !now.secret.IsZero() && !s.useless(now.current) {
		if !s.Sim.Authenticates(now.current, now.secret) {
			return fmt.Errorf("the published secret does not work: %q", now.text)
		}
		if succeeded {
			s.mu.Lock()
			s.held[now.current] = now.secret
			s.mu.Unlock()
		}
	}
	for _, theirs := range s.foreign {
		if !slices.ContainsFunc(s.Sim.Keys(theirs.User), func(k iamsim.Key) bool { return k.ID == theirs.ID && k.Status == theirs.Status }) {
			return fmt.Errorf("a key of %s that is not ours was touched", theirs.User)
		}
	}
	if n := len(s.Sim.Keys("ci")); n > 2 {
		return fmt.Errorf("ci has %d keys", n)
	}
	return s.deaths()
}

// useless reports whether a key is one that the row revokes, or that was deactivated before, so that nobody may rely on it any more.
func (s *crashSetup) useless(id string) bool {
	return s.row.revokes && s.named[id] != "" || s.inactive[id]
}

// reliable reports whether ci must keep an Active key from here on. After a revoke of which nothing but the new key has reached
// the state, the only Active key is one that nobody can use.
func (c *crashCell) reliable(now truth) bool {
	lost := c.row.revokes && len(now.orphans) > 0 && !strings.Contains(now.text, "Active")
	return c.relied && !lost
}

// finish applies until there is nothing more to do, by the messages of the plan if need be.
func (c *crashCell) finish(pending bool) (crashEnd, error) {
	now, err := c.converge(pending)
	if err != nil {
		return "", err
	}
	if c.done(now) && len(now.orphans) == 0 {
		return alone, nil
	}
	asked, err := c.obey(now.orphans)
	if err != nil {
		return "", err
	}
	switch {
	case asked:
		now, err = c.converge(false)
	case c.done(now):
		// The orphan is in nobody's way, until its slot is needed.
		return c.finishLater(now)
	default:
		return "", fmt.Errorf("the plan is empty and names no way out: %q: %s", now.text, c.diagnoses())
	}
	if err == nil && (!c.done(now) || len(now.orphans) > 0) {
		err = fmt.Errorf("the commands of the message led to %q: %s", now.text, c.diagnoses())
	}
	return message, err
}

// finishLater lets an orphan be in the way of the next rotation.
func (c *crashCell) finishLater(before truth) (crashEnd, error) {
	c.Advance("90d")
	want := fmt.Sprintf("current new Active, previous %s Active", c.nameOf(before.current))
	now, err := c.converge(false)
	if err != nil {
		return "", fmt.Errorf("at the next rotation: %w", err)
	}
	end := alone
	if len(now.orphans) > 0 {
		asked, err := c.obey(now.orphans)
		if err == nil && !asked {
			err = fmt.Errorf("the plan names no way out: %q: %s", now.text, c.diagnoses())
		}
		if err != nil {
			return "", fmt.Errorf("at the next rotation: %w", err)
		}
		end = message
		if now, err = c.converge(false); err != nil {
			return "", err
		}
	}
	if now.text != want || len(now.orphans) > 0 {
		return "", fmt.Errorf("the next rotation led to %q, want %q: %s", now.text, want, c.diagnoses())
	}
	return end, nil
}

// done reports whether the transition is over.
func (c *crashCell) done(now truth) bool { return slices.Contains(c.ends, now.text) }

// converge applies until a plan is empty or can't be made. Where something must be pending, the first apply makes its own plan.
func (c *crashCell) converge(pending bool) (truth, error) {
	for applies := 0; ; {
		if !pending {
			result := c.planSaved()
			c.WantNoSecrets(result)
			if result.ExitCode != 2 {
				now, err := c.truth()
				if err == nil {
					err = c.safe(now, false)
				}
				return now, err
			}
		}
		if applies++; applies > mostApplies {
			return truth{}, fmt.Errorf("no plan is empty after %d applies", mostApplies)
		}
		var result acctest.Result
		switch {
		case !pending:
			result = c.CLI.ApplyPlan(acctest.SavedPlan)
		case c.row.destroy:
			result = c.CLI.Destroy()
		default:
			result = c.CLI.Apply()
		}
		pending = false
		c.WantNoSecrets(result)
		now, err := c.truth()
		if err == nil {
			err = c.safe(now, result.ExitCode == 0)
		}
		if err != nil {
			return truth{}, fmt.Errorf("apply %d: %w", applies, err)
		}
	}
}

// advice is an aws command in a diagnostic.
type advice struct{ verb, user, id, status string }

var awsCommand = regexp.MustCompile(`aws iam (delete|update)-access-key --user-name (\S+) --access-key-id (\S+)(?: --status (\S+))?`)

// commands are those in the diagnostics of the last command of the CLI, in their order.
func (c *crashCell) commands() []advice {
	var all []advice
	for _, d := range c.CLI.Diagnostics() {
		for _, match := range awsCommand.FindAllStringSubmatch(d.Detail, -1) {
			all = append(all, advice{verb: match[1], user: match[2], id: match[3], status: match[4]})
		}
	}
	return all
}

// obey does what the diagnostics of the last plan say, as they say it. It reports whether there was anything, and fails
// where they name another key than the orphans, or not all of them. The command that deactivates a leaked key while its revoke is
// refused is left to the revoke.
func (c *crashCell) obey(orphans []string) (bool, error) {
	deleted := map[string]bool{}
	for _, command := range c.commands() {
		switch {
		case command.status == "Inactive" && c.row.revokes && c.named[command.id] != "":
		case command.user != "ci" || !slices.Contains(orphans, command.id):
			return true, fmt.Errorf("the plan says to %s %s of %s, which is no orphan", command.verb, command.id, command.user)
		case deleted[command.id]:
			// The same advice, said twice.
		case command.verb == "delete":
			c.Sim.DeleteAccessKey(command.id)
			deleted[command.id] = true
		default:
			c.Sim.SetStatus(command.id, command.status)
		}
	}
	if len(deleted) > 0 && len(deleted) < len(orphans) {
		return true, fmt.Errorf("the plan names %d of %d orphans", len(deleted), len(orphans))
	}
	return len(deleted) > 0, nil
}
