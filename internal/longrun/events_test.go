package longrun_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// events are what happens in a story beside applies. Those that come first are the plainest.
var events = []struct {
	name   string
	weight int
	happen func(*story)
}{
	{"nothing", 6, func(*story) {}},
	{"durations", 1, (*story).editDurations},
	{"request", 2, (*story).request},
	{"leak", 1, (*story).leak},
	{"hold", 2, (*story).toggleHold},
	{"pause", 1, (*story).togglePause},
	{"mode", 1, (*story).editMode},
	{"sealing", 2, (*story).editSealing},
	{"described", 1, (*story).toggleDescription},
	{"drift", 5, func(s *story) { s.drift(rapid.SampledFrom(drifts).Draw(s.t, "drift")) }},
	{"outage", 1, (*story).startOutage},
	{"denial", 1, (*story).deny},
	{"fault", 3, (*story).faultAhead},
	{"kill", 3, (*story).killAhead},
	{"interrupt", 1, (*story).interruptAhead},
	{"lost", 2, (*story).loseAhead},
	{"rival", 2, (*story).rivalAhead},
	{"cadence", 1, (*story).editCadence},
	{"consumers", 1, func(s *story) { s.hire(1) }},
	{"rename", 1, (*story).rename},
}

// eventNames has each event as often as it weighs.
var eventNames = func() []int {
	var all []int
	for i, e := range events {
		all = append(all, slices.Repeat([]int{i}, e.weight)...)
	}
	return all
}()

// happen lets an event happen.
func (s *story) happen() {
	e := events[rapid.SampledFrom(eventNames).Draw(s.t, "event")]
	if e.name != "nothing" {
		s.uneasy = true
	}
	e.happen(s)
}

func (s *story) edited() { s.say("config: %s", s.want) }

func (s *story) editDurations() { s.want.drawDurations(s.t); s.edited() }

// request asks for a rotation, or takes an unmet request back.
func (s *story) request() {
	s.want.rotate++
	s.edited()
}

func (s *story) leak() {
	s.want.revoke++
	s.edited()
}

func (s *story) toggleHold() { s.want.hold = !s.want.hold; s.edited() }

func (s *story) togglePause() { s.want.paused = !s.want.paused; s.edited() }

func (s *story) editMode() {
	s.want.mode = rapid.SampledFrom([]string{refuse, deleteUnused, retire}).Draw(s.t, "unmanaged_keys")
	s.edited()
}

func (s *story) editSealing() {
	s.want.sealed = rapid.SampledFrom(sealings).Draw(s.t, "encrypted_output")
	s.edited()
}

func (s *story) toggleDescription() { s.want.described = !s.want.described; s.edited() }

func (s *story) editCadence() {
	s.cadence = time.Duration(rapid.SampledFrom([]int{7, 1, 30, 91}).Draw(s.t, "cadence")) * day
	s.say("from now on an apply every %d days", s.cadence/day)
}

// drifts are what others do to the keys of the user.
var drifts = []string{
	"deactivate current", "delete current", "deactivate previous", "delete previous", "activate current", "activate previous",
	"create", "create and use", "use a stranger", "delete a stranger", "use previous", "create the user again",
}

// drift does what others do. What is not possible does not happen.
func (s *story) drift(what string) {
	keys, state := s.keys(), s.state.value
	cur, hasCurrent := find(keys, text(state, "access_key_id"))
	prev, hasPrevious := find(keys, text(state, "previous", "access_key_id"))
	others := strangers(state, keys)
	switch {
	case what == "deactivate current" && hasCurrent && cur.Status == "Active":
		s.setStatus(cur.ID, "Inactive")
	case what == "deactivate previous" && hasPrevious && prev.Status == "Active":
		s.setStatus(prev.ID, "Inactive")
	case what == "activate current" && hasCurrent && cur.Status != "Active":
		s.setStatus(cur.ID, "Active")
	case what == "activate previous" && hasPrevious && prev.Status != "Active":
		s.setStatus(prev.ID, "Active")
	case what == "delete current" && hasCurrent:
		s.remove(cur.ID)
	case what == "delete previous" && hasPrevious:
		s.remove(prev.ID)
	case what == "create" && len(keys) < 2, what == "create and use" && len(keys) < 2:
		made := s.sim.CreateAccessKey(s.named)
		s.name(made.AccessKeyID, "f")
		s.say("somebody: %s (%s)", what, made.AccessKeyID)
		if what != "create" {
			s.use(made.AccessKeyID, s.sim.Now())
		}
	case what == "use a stranger" && len(others) > 0:
		s.say("somebody uses %s", others[0].ID)
		s.use(others[0].ID, s.sim.Now())
	case what == "delete a stranger" && len(others) > 0:
		s.remove(others[0].ID)
	case what == "use previous" && hasPrevious && prev.Status == "Active":
		s.say("somebody uses %s", prev.ID)
		s.use(prev.ID, s.sim.Now())
	case what == "create the user again":
		s.say("the user is deleted and created again")
		for _, k := range keys {
			s.excused[k.ID] = true
		}
		s.sim.DeleteUser(s.named)
		s.sim.CreateUser(s.named)
	}
}

func (s *story) setStatus(id, status string) {
	s.say("somebody makes %s %s", id, status)
	s.sim.SetStatus(id, status)
	s.excused[id] = status != "Active"
	delete(s.byUs, id)
	if status == "Active" {
		if prev := fields(s.state.value)["previous"]; text(prev, "deactivated_at") != "" {
			// A new overlap begins, unless nobody has seen that the key was Inactive.
			s.replaced[id] = s.sim.Now()
		}
		delete(s.inactive, id)
	} else {
		s.inactive[id] = s.sim.Now()
	}
}

func (s *story) remove(id string) {
	s.say("somebody deletes %s", id)
	s.sim.DeleteAccessKey(id)
	s.excused[id] = true
}

// faultKinds are the ways for a call to go wrong that need no real time.
var faultKinds = []iamsim.FaultKind{
	iamsim.ErrorBeforeCommit, iamsim.ErrorAfterCommit, iamsim.AnswerLost, iamsim.CutBeforeCommit, iamsim.Empty200, iamsim.Throttled,
}

func (s *story) startOutage() {
	if s.outage > 0 {
		return
	}
	s.outage = rapid.IntRange(1, 3).Draw(s.t, "runs")
	s.outageKind = rapid.SampledFrom([]iamsim.FaultKind{iamsim.ErrorBeforeCommit, iamsim.CutBeforeCommit, iamsim.Throttled}).Draw(s.t, "kind")
	s.outageOf = rapid.SampledFrom([]string{"", "GetCallerIdentity", "ListAccessKeys", "Encrypt"}).Draw(s.t, "action")
	s.say("outage for %d runs: %s of %q", s.outage, s.outageKind, s.outageOf)
}

func (s *story) deny() {
	action := "iam:" + rapid.SampledFrom([]string{
		"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetAccessKeyLastUsed", "ListAccessKeys", "TagUser", "GetUser",
	}).Draw(s.t, "action")
	s.denied = rapid.IntRange(1, 3).Draw(s.t, "runs")
	s.sim.Deny("*", action)
	s.say("denied for %d runs: %s", s.denied, action)
}

func (s *story) faultAhead() {
	f := iamsim.Fault{
		Action: rapid.SampledFrom([]string{
			"CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "GetCallerIdentity", "ListAccessKeys", "GetAccessKeyLastUsed", "",
		}).Draw(s.t, "action"),
		Nth:   rapid.IntRange(1, 3).Draw(s.t, "nth"),
		Kind:  rapid.SampledFrom(faultKinds).Draw(s.t, "kind"),
		Times: rapid.IntRange(1, 2).Draw(s.t, "times"),
	}
	s.ahead.faults = append(s.ahead.faults, f)
	s.say("the next apply with a step meets %s at call %d of %q, %d times", f.Kind, f.Nth, f.Action, f.Times)
}

// killAhead kills at a call of the next apply with a step, before or after it takes effect.
func (s *story) killAhead() {
	nth := rapid.IntRange(1, 8).Draw(s.t, "nth")
	kind := rapid.SampledFrom([]iamsim.FaultKind{iamsim.AnswerLost, iamsim.CutBeforeCommit}).Draw(s.t, "kind")
	s.ahead.faults = []iamsim.Fault{{Nth: nth, Kind: kind}, {Nth: nth + 1, Kind: iamsim.CutBeforeCommit, Times: 1 << 30}}
	s.ahead.lost = s.drawEnd()
	s.say("the next apply with a step is killed at call %d (%s, %s)", nth, kind, s.ahead.lost)
}

func (s *story) drawEnd() end {
	return rapid.SampledFrom([]end{terraformKilled, refreshKept, providerKilled}).Draw(s.t, "end")
}

// loseAhead lets the next apply with a step end, and its answer get lost.
func (s *story) loseAhead() {
	s.ahead.lost = s.drawEnd()
	s.say("the next apply with a step is done, and its state is not saved (%s)", s.ahead.lost)
}

func (s *story) interruptAhead() {
	s.ahead.interrupt = rapid.IntRange(1, 6).Draw(s.t, "nth")
	s.say("Ctrl-C at call %d of the next apply with a step", s.ahead.interrupt)
}

// rivalAhead lets something happen between plan and apply.
func (s *story) rivalAhead() {
	what := rapid.SampledFrom(append([]string{"time passes"}, drifts...)).Draw(s.t, "rival")
	s.say("between plan and apply of the next step: %s", what)
	s.ahead.between = func() {
		if what == "time passes" {
			s.pass(3 * day)
			return
		}
		s.drift(what)
		s.pass(time.Minute) // until IAM shows it
	}
}

// rename renames the user. The configuration follows at once or after the next run.
func (s *story) rename() {
	to := map[string]string{"ci": "deploy", "deploy": "ci"}[s.named]
	s.sim.RenameUser(s.named, to)
	s.named = to
	s.say("the user is renamed to %s", to)
	if s.followed = rapid.Bool().Draw(s.t, "late"); !s.followed {
		s.user = to
	}
}
