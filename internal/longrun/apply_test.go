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

// String returns the outcome in words.
func (o outcome) String() string {
	return [...]string{"saved", "the state stays that of the last run", "the state is that of the refresh", "the private state is lost"}[o]
}

// disruption is what goes wrong in a run.
type disruption struct {
	// faults act on the calls of the apply.
	faults []iamsim.Fault
	// interrupt is the call of the apply at which the user presses Ctrl-C; zero for none.
	interrupt int
	outcome   outcome
	// between runs between plan and apply.
	between func()
}

// outcome is the state that is left after an apply.
type outcome int

const (
	// saved: the provider's answer is saved in the state.
	saved outcome = iota
	// terraformKilled: the state is that of the last run.
	terraformKilled
	// refreshKept: Terraform was killed after it had saved the refreshed state.
	refreshKept
	// providerKilled: the state is that of the refresh, without the private state.
	providerKilled
)

func (d disruption) any() bool {
	return len(d.faults) > 0 || d.interrupt > 0 || d.outcome != saved || d.between != nil
}

// snapshot is the user's keys just before a call, or at the end of a run.
type snapshot struct {
	at     time.Time
	action string
	keys   []iamsim.Key
	works  bool // whether the published key works, or need not work
}

// recordMutations records a snapshot before each mutation, until the function that it returns is called. It calls cancel at
// the call with number at.
func (h *history) recordMutations(cancel context.CancelFunc, at int) func() []snapshot {
	var mu sync.Mutex
	var seen []snapshot
	calls := 0
	sim, named, published, excused := h.sim, h.named, h.published, h.published.id == "" || h.excused[h.published.id]
	h.sim.OnCall(func(c iamsim.Call) {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == at {
			cancel()
		}
		if slices.Contains(mutations, c.Action) {
			works := excused || sim.Authenticates(published.id, published.secret)
			seen = append(seen, snapshot{c.At, c.Action, sim.Keys(named), works})
		}
	})
	return func() []snapshot {
		h.sim.OnCall(nil)
		mu.Lock()
		defer mu.Unlock()
		return append(seen, snapshot{h.sim.Now(), "", h.keys(), h.publishedWorks()})
	}
}

// run plans and, if the plan has changes, applies.
func (h *history) run(disrupted disruption) {
	if h.violation != "" {
		return
	}
	h.counts["plans"]++
	h.planFails = false
	began := h.sim.Now()
	before := h.state
	faulty := h.startFaults()
	defer h.endFaults()

	p, ok := h.plan(faulty)
	if !ok {
		return
	}
	if p.action == noop {
		h.state = p.prior
		h.publishCurrent()
		h.unsettled, h.planFails = faulty || h.requestsOf(h.state.value, p.config).edit, false
		return
	}
	if disrupted.between != nil {
		disrupted.between()
	}
	h.counts["applies"]++
	h.nextDisruption = disruption{}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	for _, f := range disrupted.faults {
		h.sim.AddFault(f)
	}
	start := h.keys()
	seen := h.recordMutations(cancel, disrupted.interrupt)
	after, d := h.core.apply(ctx, p)
	snapshots := seen()
	h.sim.ClearFaults()
	h.nameNewKeys(snapshots, start)
	h.logApply(p, d, snapshots)
	h.checkBugs(d)
	h.checkEffects(p, snapshots)
	h.unsettled, h.planFails = true, false
	h.count(disrupted, d)
	switch disrupted.outcome {
	case saved:
		h.state = after
	case terraformKilled:
		h.state = before
	case refreshKept:
		h.state = p.prior
	case providerKilled:
		h.state = p.prior
		h.state.private = nil
		// Whom a pending request's ciphertext is encrypted to was there alone.
		delete(h.sealedTo, stringAt(h.state.value, "encrypted_secret"))
	}
	if h.violation != "" || disrupted.outcome != saved {
		return
	}
	h.checkState(p, d, snapshots, disrupted)
	if len(d.errors) > 0 {
		if !faulty && !disrupted.any() && !h.mayFail(p) {
			h.violate("needless-error", "an apply failed: %s", d.errors[0])
		}
		return
	}
	h.checkFixedPoint(p, began, faulty || disrupted.any())
}

// count counts the applies that failed.
func (h *history) count(disrupted disruption, d diagnostics) {
	switch {
	case disrupted.outcome != saved:
		h.counts["applies cut off"]++
	case len(d.errors) > 0:
		h.counts["applies failed"]++
	}
}

// plan plans, and checks the plan.
func (h *history) plan(faulty bool) (plan, bool) {
	seen := h.recordMutations(func() {}, 0)
	p := h.core.plan(h.ctx, h.state, h.want.value(h.user))
	if snapshots := seen(); len(snapshots) > 1 {
		h.violate("plan-changes-nothing", "a plan calls %s", snapshots[0].action)
	}
	h.checkBugs(p.diags)
	if len(p.diags.errors) > 0 {
		h.logf("a plan fails: %s", firstLine(p.diags.errors[0]))
		h.counts["plans failed"]++
		h.unsettled, h.planFails = faulty || h.lost(), true
		if !faulty && !h.mayRefuse() {
			h.violate("needless-error", "a plan failed: %s", p.diags.errors[0])
		}
		return p, false
	}
	if h.violation == "" {
		h.checkPlan(p)
	}
	return p, h.violation == ""
}

// startFaults lets calls fail during an outage, and reports whether the run may fail because of an outage or a denial.
func (h *history) startFaults() bool {
	faulty := h.outage > 0 || h.denied > 0 && (slices.ContainsFunc(h.deniedActions, func(action string) bool {
		return action != "GetAccessKeyLastUsed"
	}) || !h.currentListed() || h.user != h.named)
	if h.outage > 0 {
		h.sim.AddFault(iamsim.Fault{Action: h.outageOf, Kind: h.outageKind})
	}
	return faulty
}

func (h *history) endFaults() {
	h.sim.ClearFaults()
	if h.outage > 0 {
		if h.outage--; h.outage == 0 {
			h.logf("the outage is over")
		}
	}
	if h.denied > 0 {
		if h.denied--; h.denied == 0 {
			h.deniedActions = nil
			h.sim.ClearDenials()
			h.logf("everything is allowed again")
		}
	}
}

// checkFixedPoint checks the state after a successful apply, and that another plan has nothing to do.
func (h *history) checkFixedPoint(p plan, began time.Time, disrupted bool) {
	if h.state.exists() {
		h.checkPublication()
	}
	if h.violation != "" || disrupted || !h.state.exists() || h.outage > 0 || h.denied > 0 {
		return
	}
	again, ok := h.plan(false)
	if !ok {
		return
	}
	h.unsettled = false
	if again.action == noop {
		h.state = again.prior
		return
	}
	edited := h.requestsOf(p.prior.value, p.config).edit
	if edited && !h.requestsOf(again.prior.value, again.config).edit {
		h.logf("the edit makes a step due")
		h.run(disruption{})
		return
	}
	if h.sim.Now().After(began) && !h.dueAt(again.prior.value, began).any() {
		h.unsettled = true
		return // the step became due during the apply
	}
	h.violate("fixed-point", "right after a successful apply something is planned: %s", strings.Join(h.difference(again), ", "))
}

// nameNewKeys names the keys that appeared in a run.
func (h *history) nameNewKeys(snapshots []snapshot, start []iamsim.Key) {
	for _, snapshot := range snapshots {
		for _, k := range snapshot.keys {
			if _, known := find(start, k.ID); !known {
				h.ours[k.ID] = true
				h.nameKey(k.ID, "k")
			}
		}
	}
}

// logApply logs what an apply did.
func (h *history) logApply(p plan, d diagnostics, snapshots []snapshot) {
	var did []string
	for i := range len(snapshots) - 1 {
		before, after := snapshots[i].keys, snapshots[i+1].keys
		for _, k := range before {
			switch now, listed := find(after, k.ID); {
			case !listed:
				did = append(did, "deletes "+k.ID)
			case now.Status != k.Status:
				did = append(did, "sets "+k.ID+" "+now.Status)
			}
		}
		for _, k := range after {
			if _, listed := find(before, k.ID); !listed {
				did = append(did, "creates "+k.ID)
			}
		}
	}
	if len(did) == 0 {
		did = append(h.difference(p), "(no key)")
	}
	for _, e := range d.errors {
		did = append(did, "and fails: "+firstLine(e))
	}
	h.logf("an apply %s", strings.Join(did, ", "))
}

// difference returns the names of the attributes that a plan changes.
func (h *history) difference(p plan) []string {
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
