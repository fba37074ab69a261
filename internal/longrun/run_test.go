package longrun_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// mutations are the calls that change the keys of a user.
var mutations = []string{"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey"}

// String implements fmt.Stringer.
func (e end) String() string {
	return [...]string{"saved", "the state stays that of the last run", "the state is that of the refresh", "the private state is lost"}[e]
}

// trouble is what goes wrong in a run.
type trouble struct {
	// faults are those of the apply.
	faults []iamsim.Fault
	// interrupt is the number of the call of the apply at which the user presses Ctrl-C; zero for none.
	interrupt int
	// lost tells that the answer of the provider does not reach the state.
	lost end
	// between happens between plan and apply.
	between func()
}

// end is how an apply ends before its time.
type end int

const (
	// saved is no such end.
	saved end = iota
	// terraformKilled: the state is that of the last run.
	terraformKilled
	// refreshKept: Terraform was killed after it had saved what the plan's refresh saw.
	refreshKept
	// providerKilled: Terraform keeps what it had, but for the private state.
	providerKilled
)

func (t trouble) any() bool {
	return len(t.faults) > 0 || t.interrupt > 0 || t.lost != saved || t.between != nil
}

// snapshot is what IAM has just before a call, or at the end of a run.
type snapshot struct {
	at     time.Time
	action string
	keys   []iamsim.Key
	works  bool
}

// watch records a snapshot before each mutation, until the function that it returns is called.
func (s *story) watch(cancel context.CancelFunc, at int) func() []snapshot {
	var mu sync.Mutex
	var seen []snapshot
	calls := 0
	sim, named, published, excused := s.sim, s.named, s.published, s.published.id == "" || s.excused[s.published.id]
	s.sim.OnCall(func(c iamsim.Call) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == at {
			cancel()
		}
		if slices.Contains(mutations, c.Action) {
			seen = append(seen, snapshot{c.At, c.Action, sim.Keys(named), excused || sim.Authenticates(published.id, published.secret)})
		}
	})
	return func() []snapshot {
		s.sim.OnCall(nil)
		mu.Lock()
		defer mu.Unlock()
		return append(seen, snapshot{s.sim.Now(), "", s.keys(), s.works()})
	}
}

// run is a plan and, if something is planned, its apply.
func (s *story) run(tr trouble) {
	if s.broken != "" {
		return
	}
	s.counts["plans"]++
	s.stuck = false
	began := s.sim.Now()
	before := s.state
	hindered := s.hinder()
	defer s.release()

	p, ok := s.plan(hindered)
	if !ok {
		return
	}
	if p.action == noop {
		s.state = p.prior
		s.uneasy, s.stuck = hindered || asks(s.state.value, p.config).edit, false
		return
	}
	if tr.between != nil {
		tr.between()
	}
	s.counts["applies"]++
	s.ahead = trouble{}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	for _, f := range tr.faults {
		s.sim.AddFault(f)
	}
	start := s.keys()
	seen := s.watch(cancel, tr.interrupt)
	after, d := s.core.apply(ctx, p)
	shots := seen()
	s.sim.ClearFaults()
	s.christen(shots, start)
	s.tell(p, d, shots)
	s.judgeBugs(d)
	s.judgeEffects(p, shots)
	s.uneasy, s.stuck = true, false
	s.count(tr, d)
	switch tr.lost {
	case saved:
		s.state = after
	case terraformKilled:
		s.state = before
	case refreshKept:
		s.state = p.prior
	case providerKilled:
		s.state = p.prior
		s.state.private = nil
	}
	if s.broken != "" || tr.lost != saved {
		return
	}
	s.judgeState(p, d, shots, tr)
	if len(d.errors) > 0 {
		if !hindered && !tr.any() && !s.mayFail(p) {
			s.violate("needless-error", "an apply failed: %s", d.errors[0])
		}
		return
	}
	s.succeed(p, began, hindered || tr.any())
}

// count counts how an apply ended.
func (s *story) count(tr trouble, d diagnostics) {
	switch {
	case tr.lost != saved:
		s.counts["applies cut off"]++
	case len(d.errors) > 0:
		s.counts["applies failed"]++
	}
}

// plan plans and judges the plan.
func (s *story) plan(hindered bool) (plan, bool) {
	seen := s.watch(func() {}, 0)
	p := s.core.plan(s.ctx, s.state, s.want.value(s.user))
	if shots := seen(); len(shots) > 1 {
		s.violate("plan-changes-nothing", "a plan calls %s", shots[0].action)
	}
	s.judgeBugs(p.diags)
	if len(p.diags.errors) > 0 {
		s.say("a plan fails: %s", firstLine(p.diags.errors[0]))
		s.counts["plans failed"]++
		s.uneasy, s.stuck = hindered || s.user != s.named, true
		if !hindered && !s.mayRefuse() {
			s.violate("needless-error", "a plan failed: %s", p.diags.errors[0])
		}
		return p, false
	}
	if s.broken == "" {
		s.judgePlan(p)
	}
	return p, s.broken == ""
}

// hinder makes IAM fail if there is an outage, and tells whether the run may fail for that.
func (s *story) hinder() bool {
	hindered := s.outage > 0 || s.denied > 0
	if s.outage > 0 {
		s.sim.AddFault(iamsim.Fault{Action: s.outageOf, Kind: s.outageKind})
	}
	return hindered
}

func (s *story) release() {
	s.sim.ClearFaults()
	if s.outage > 0 {
		if s.outage--; s.outage == 0 {
			s.say("the outage is over")
		}
	}
	if s.denied > 0 {
		if s.denied--; s.denied == 0 {
			s.sim.ClearDenials()
			s.say("everything is allowed again")
		}
	}
}

// succeed looks at what a successful apply left, and applies again.
func (s *story) succeed(p plan, began time.Time, troubled bool) {
	if s.state.exists() {
		s.judgePublication()
	}
	if s.broken != "" || troubled || !s.state.exists() || s.outage > 0 || s.denied > 0 {
		return
	}
	again, ok := s.plan(false)
	if !ok {
		return
	}
	s.uneasy = false
	if again.action == noop {
		s.state = again.prior
		return
	}
	edited := asks(p.prior.value, p.config).edit
	if edited && !asks(again.prior.value, again.config).edit {
		s.say("the edit makes a step due")
		s.run(trouble{})
		return
	}
	if s.sim.Now().After(began) && !s.dutyAt(again.prior.value, began).any() {
		s.uneasy = true
		return // due since the apply, which took some seconds
	}
	s.violate("fixed-point", "right after a successful apply something is planned: %s", strings.Join(s.difference(again), ", "))
}

// christen names the keys that appeared in a run.
func (s *story) christen(shots []snapshot, start []iamsim.Key) {
	for _, shot := range shots {
		for _, k := range shot.keys {
			if _, known := find(start, k.ID); !known {
				s.ours[k.ID] = true
				s.name(k.ID, "k")
			}
		}
	}
}

// tell says what an apply did.
func (s *story) tell(p plan, d diagnostics, shots []snapshot) {
	var did []string
	for i := range len(shots) - 1 {
		before, after := shots[i].keys, shots[i+1].keys
		for _, k := range before {
			switch now, listed := find(after, k.ID); {
			case !listed:
				did = append(did, "deletes "+k.ID)
			case now.Status != k.Status:
				did = append(did, "makes "+k.ID+" "+now.Status)
			}
		}
		for _, k := range after {
			if _, listed := find(before, k.ID); !listed {
				did = append(did, "creates "+k.ID)
			}
		}
	}
	if len(did) == 0 {
		did = append(s.difference(p), "(no key)")
	}
	for _, e := range d.errors {
		did = append(did, "and fails: "+firstLine(e))
	}
	s.say("an apply %s", strings.Join(did, ", "))
}

// difference names the attributes that a plan changes.
func (s *story) difference(p plan) []string {
	switch p.action {
	case create:
		return []string{"create"}
	case replace:
		return []string{"replace"}
	case destroy:
		return []string{"destroy"}
	case noop, update:
	}
	var names []string
	was, is := fields(p.prior.value), fields(p.planned)
	for name := range is {
		if !is[name].Equal(was[name]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
