package longrun_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// events are what may happen between applies, the simplest first: rapid prefers the first ones when it shrinks a history.
var events = []struct {
	name   string
	weight int
	run    func(*history)
}{
	{"nothing", 6, func(*history) {}},
	{"durations", 1, (*history).editDurations},
	{"request", 2, (*history).request},
	{"leak", 1, (*history).leak},
	{"hold", 2, (*history).toggleHold},
	{"pause", 1, (*history).togglePause},
	{"mode", 1, (*history).editMode},
	{"sealing", 2, (*history).editSealing},
	{"described", 1, (*history).toggleDescription},
	{"drift", 5, func(h *history) { h.drift(rapid.SampledFrom(drifts).Draw(h.t, "drift")) }},
	{"outage", 1, (*history).startOutage},
	{"denial", 1, (*history).deny},
	{"fault", 3, (*history).planFault},
	{"kill", 3, (*history).planKill},
	{"interrupt", 1, (*history).planInterrupt},
	{"lost", 2, (*history).planLostState},
	{"rival", 2, (*history).planConcurrentChange},
	{"cadence", 1, (*history).editCadence},
	{"consumers", 1, func(h *history) { h.addConsumers(1) }},
	{"rename", 1, (*history).rename},
}

// weightedEvents holds the index of each event as often as its weight.
var weightedEvents = func() []int {
	var all []int
	for i, e := range events {
		all = append(all, slices.Repeat([]int{i}, e.weight)...)
	}
	return all
}()

// nextEvent draws an event and runs it.
func (h *history) nextEvent() {
	e := events[rapid.SampledFrom(weightedEvents).Draw(h.t, "event")]
	if e.name != "nothing" {
		h.unsettled = true
	}
	e.run(h)
}

func (h *history) logConfig() { h.logf("config: %s", h.want) }

func (h *history) editDurations() { h.want.drawDurations(h.t); h.logConfig() }

// request changes rotate_when_changed.
func (h *history) request() {
	h.want.rotate++
	h.logConfig()
}

// leak changes revoke_when_changed.
func (h *history) leak() {
	h.want.revoke++
	h.logConfig()
}

func (h *history) toggleHold() { h.want.hold = !h.want.hold; h.logConfig() }

func (h *history) togglePause() { h.want.paused = !h.want.paused; h.logConfig() }

func (h *history) editMode() {
	h.want.mode = rapid.SampledFrom([]string{refuse, deleteUnused, retire}).Draw(h.t, "unmanaged_keys")
	h.logConfig()
}

func (h *history) editSealing() {
	h.want.sealed = rapid.SampledFrom(sealings).Draw(h.t, "encrypted_output")
	h.logConfig()
}

func (h *history) toggleDescription() { h.want.described = !h.want.described; h.logConfig() }

func (h *history) editCadence() {
	h.cadence = time.Duration(rapid.SampledFrom([]int{7, 1, 30, 91}).Draw(h.t, "cadence")) * day
	h.logf("from now on an apply every %d days", h.cadence/day)
}

// drifts are changes that others make to the keys of the user.
var drifts = []string{
	"deactivate current", "delete current", "deactivate previous", "delete previous", "activate current", "activate previous",
	"create", "create and use", "use an unmanaged key", "delete an unmanaged key", "use previous", "re-create the user",
}

// drift makes a change that others could make. It does nothing if the change is impossible.
func (h *history) drift(what string) {
	keys, state := h.keys(), h.state.value
	cur, hasCurrent := find(keys, stringAt(state, "access_key_id"))
	prev, hasPrevious := find(keys, stringAt(state, "previous", "access_key_id"))
	others := unmanagedKeys(state, keys)
	switch {
	case what == "deactivate current" && hasCurrent && cur.Status == "Active":
		h.setStatus(cur.ID, "Inactive")
	case what == "deactivate previous" && hasPrevious && prev.Status == "Active":
		h.setStatus(prev.ID, "Inactive")
	case what == "activate current" && hasCurrent && cur.Status != "Active":
		h.setStatus(cur.ID, "Active")
	case what == "activate previous" && hasPrevious && prev.Status != "Active":
		h.setStatus(prev.ID, "Active")
	case what == "delete current" && hasCurrent:
		h.deleteKey(cur.ID)
	case what == "delete previous" && hasPrevious:
		h.deleteKey(prev.ID)
	case what == "create" && len(keys) < 2, what == "create and use" && len(keys) < 2:
		created := h.sim.CreateAccessKey(h.named)
		h.nameKey(created.AccessKeyID, "f")
		h.logf("somebody: %s (%s)", what, created.AccessKeyID)
		if what != "create" {
			h.recordUse(created.AccessKeyID, h.sim.Now())
		}
	case what == "use an unmanaged key" && len(others) > 0:
		h.logf("somebody uses %s", others[0].ID)
		h.recordUse(others[0].ID, h.sim.Now())
	case what == "delete an unmanaged key" && len(others) > 0:
		h.deleteKey(others[0].ID)
	case what == "use previous" && hasPrevious && prev.Status == "Active":
		h.logf("somebody uses %s", prev.ID)
		h.recordUse(prev.ID, h.sim.Now())
	case what == "re-create the user":
		h.logf("the user is re-created")
		for _, k := range keys {
			h.excused[k.ID] = true
		}
		h.sim.DeleteUser(h.named)
		h.sim.CreateUser(h.named)
	}
}

func (h *history) setStatus(id, status string) {
	h.logf("somebody sets %s %s", id, status)
	h.sim.SetStatus(id, status)
	h.excused[id] = status != "Active"
	delete(h.byUs, id)
	if status == "Active" {
		if prev := fields(h.state.value)["previous"]; stringAt(prev, "deactivated_at") != "" {
			// A new overlap starts, unless no apply recorded that the key was Inactive.
			h.replaced[id] = h.sim.Now()
		}
		delete(h.inactive, id)
	} else {
		h.inactive[id] = h.sim.Now()
	}
}

func (h *history) deleteKey(id string) {
	h.logf("somebody deletes %s", id)
	h.sim.DeleteAccessKey(id)
	h.excused[id] = true
}

// faultKinds are all kinds but Slow, which takes real time.
var faultKinds = []iamsim.FaultKind{
	iamsim.ErrorBeforeCommit, iamsim.ErrorAfterCommit, iamsim.AnswerLost, iamsim.CutBeforeCommit, iamsim.Empty200, iamsim.Throttled,
}

func (h *history) startOutage() {
	if h.outage > 0 {
		return
	}
	h.outage = rapid.IntRange(1, 3).Draw(h.t, "runs")
	h.outageKind = rapid.SampledFrom([]iamsim.FaultKind{iamsim.ErrorBeforeCommit, iamsim.CutBeforeCommit, iamsim.Throttled}).Draw(h.t, "kind")
	h.outageOf = rapid.SampledFrom([]string{"", "GetCallerIdentity", "ListAccessKeys", "Encrypt"}).Draw(h.t, "action")
	h.logf("outage for %d runs: %s of %q", h.outage, h.outageKind, h.outageOf)
}

func (h *history) deny() {
	action := rapid.SampledFrom([]string{
		"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "TagUser", "GetUser",
	}).Draw(h.t, "action")
	h.denied = rapid.IntRange(1, 3).Draw(h.t, "runs")
	h.deniedActions = append(h.deniedActions, action)
	h.sim.Deny("*", "iam:"+action)
	h.logf("denied for %d runs: %s", h.denied, action)
}

func (h *history) planFault() {
	f := iamsim.Fault{
		Action: rapid.SampledFrom([]string{
			"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetCallerIdentity", "ListAccessKeys", "GetAccessKeyLastUsed", "",
		}).Draw(h.t, "action"),
		Nth:   rapid.IntRange(1, 3).Draw(h.t, "nth"),
		Kind:  rapid.SampledFrom(faultKinds).Draw(h.t, "kind"),
		Times: rapid.IntRange(1, 2).Draw(h.t, "times"),
	}
	h.nextDisruption.faults = append(h.nextDisruption.faults, f)
	h.logf("the next apply with a step gets %s at call %d of %q, %d times", f.Kind, f.Nth, f.Action, f.Times)
}

// planKill kills the next apply with a step at one of its calls, before or after the call commits.
func (h *history) planKill() {
	nth := rapid.IntRange(1, 8).Draw(h.t, "nth")
	kind := rapid.SampledFrom([]iamsim.FaultKind{iamsim.AnswerLost, iamsim.CutBeforeCommit}).Draw(h.t, "kind")
	h.nextDisruption.faults = []iamsim.Fault{{Nth: nth, Kind: kind}, {Nth: nth + 1, Kind: iamsim.CutBeforeCommit, Times: 1 << 30}}
	h.nextDisruption.outcome = h.drawOutcome()
	h.logf("the next apply with a step is killed at call %d (%s, %s)", nth, kind, h.nextDisruption.outcome)
}

func (h *history) drawOutcome() outcome {
	return rapid.SampledFrom([]outcome{terraformKilled, refreshKept, providerKilled}).Draw(h.t, "end")
}

// planLostState loses the answer of the next apply with a step.
func (h *history) planLostState() {
	h.nextDisruption.outcome = h.drawOutcome()
	h.logf("the next apply with a step is done, and its state is not saved (%s)", h.nextDisruption.outcome)
}

func (h *history) planInterrupt() {
	h.nextDisruption.interrupt = rapid.IntRange(1, 6).Draw(h.t, "nth")
	h.logf("Ctrl-C at call %d of the next apply with a step", h.nextDisruption.interrupt)
}

// planConcurrentChange makes a change between plan and apply of the next step.
func (h *history) planConcurrentChange() {
	what := rapid.SampledFrom(append([]string{"time passes"}, drifts...)).Draw(h.t, "rival")
	h.logf("between plan and apply of the next step: %s", what)
	h.nextDisruption.between = func() {
		if what == "time passes" {
			h.advance(3 * day)
			return
		}
		h.drift(what)
		h.advance(time.Minute) // longer than the read lag
	}
}

// rename renames the user. The configuration gets the new name at once or after the next run.
func (h *history) rename() {
	to := map[string]string{"ci": "deploy", "deploy": "ci"}[h.named]
	h.sim.RenameUser(h.named, to)
	h.named = to
	h.logf("the user is renamed to %s", to)
	if h.renameUnconfigured = rapid.Bool().Draw(h.t, "late"); !h.renameUnconfigured {
		h.user = to
	}
}
