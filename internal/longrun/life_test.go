package longrun_test

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
)

// start creates or imports the resource.
func (s *story) start() {
	how := rapid.SampledFrom([]string{"create", "create", "import one key", "import two keys", "create beside a key"}).Draw(s.t, "start")
	s.say("start: %s", how)
	switch how {
	case "create":
	case "create beside a key":
		s.name(s.sim.CreateAccessKey("ci").AccessKeyID, "f")
	default:
		one := s.sim.CreateAccessKey("ci")
		s.name(one.AccessKeyID, "f")
		id := "ci/" + one.AccessKeyID
		if how == "import two keys" {
			two := s.sim.CreateAccessKey("ci")
			s.name(two.AccessKeyID, "f")
			id += "/" + two.AccessKeyID
			s.replaced[two.AccessKeyID] = s.sim.Now()
		}
		s.pass(time.Minute)
		s.publish(credential{one.AccessKeyID, one.Secret})
		s.state = s.core.importState(s.ctx, id)
	}
	s.run(trouble{})
}

// quietRuns is how many runs with nothing to do are left out for each one that is not.
const quietRuns = 10

// live lets days go by, with an apply at each cadence. Of the applies that have nothing to do most are left out.
func (s *story) live(d time.Duration) {
	for d >= s.cadence && s.broken == "" && s.sim.Now().Sub(dayZero) < twoYears {
		s.pass(s.cadence)
		d -= s.cadence
		if s.expectNothing() {
			if s.quiet++; s.quiet%quietRuns != 0 {
				continue
			}
		}
		s.run(s.ahead)
		if s.followed {
			s.followed, s.user = false, s.named
			s.say("the configuration follows: %s", s.user)
		}
	}
	s.pass(d)
}

// expectNothing tells that an apply would have nothing to do, or the same as the last one: to wait.
func (s *story) expectNothing() bool {
	d := s.duty(s.state.value)
	if s.stuck || d.rotate && text(s.state.value, "rotation_blocked") != "" {
		d.rotate = false
	}
	return !s.uneasy && (s.stuck || !d.any())
}

// finish tells the end: whatever has happened, once all is well again the old key leaves, a due rotation comes, and a
// destroy removes what is ours.
func (s *story) finish() {
	if s.broken != "" {
		return
	}
	s.say("all is well again")
	s.outage, s.denied, s.ahead, s.user, s.followed = 0, 0, trouble{}, s.named, false
	s.sim.ClearFaults()
	s.sim.ClearDenials()
	s.want.hold, s.want.paused = false, false
	s.consumers = nil
	s.hireDiligent()
	s.pass(time.Minute) // until IAM shows what happened last
	s.settle()
	if s.broken != "" {
		return
	}
	s.destroy()
}

func (s *story) hireDiligent() {
	s.consumers = []*consumer{{every: day, held: s.published, uses: s.sim.Now()}}
}

// settle applies weekly until nothing is left to retire, and sees a due rotation.
func (s *story) settle() {
	least := max(s.want.overlap, s.want.guard) + s.want.grace
	weeks := 3*(least/7+2) + 4
	for week := range weeks {
		s.run(trouble{})
		if s.broken != "" {
			return
		}
		s.remedy(week)
		if s.state.exists() && !s.uneasy && !s.stuck && fields(s.state.value)["previous"].IsNull() && !s.duty(s.state.value).any() {
			s.seeRotation()
			return
		}
		s.pass(7 * day)
	}
	s.violate("retirement-finishes", "after %d weeks without trouble previous is %s, blocked %q", weeks,
		text(s.state.value, "previous", "access_key_id"), text(s.state.value, "rotation_blocked"))
}

// remedy does what the provider says must be done by hand.
func (s *story) remedy(week int) {
	asked := asks(s.state.value, s.want.value(s.user))
	others, blocked := strangers(s.state.value, s.keys()), text(s.state.value, "rotation_blocked")
	if asked.key() && week == 0 {
		return // the keys in the way may become unused
	}
	if s.state.exists() && (asked.key() || blocked != "") {
		s.judgeRemedy(asked, others)
	}
	if asked.key() {
		s.say("the request is taken back")
		s.takeBack()
		return
	}
	for _, k := range others {
		if !s.state.exists() || strings.Contains(blocked, k.ID) {
			s.remove(k.ID)
			s.uneasy = true
		}
	}
	s.pass(time.Minute)
}

// judgeRemedy sees to it that delete_unused needs no help with what an interrupted apply left behind. The user's only Active key
// makes room for no other, but for one that an interrupted revoke has left: that is younger than the current key.
func (s *story) judgeRemedy(asked asked, others []iamsim.Key) {
	for _, k := range others {
		onlyActive := k.Status == "Active" && !slices.ContainsFunc(s.keys(), func(other iamsim.Key) bool {
			return other.ID != k.ID && other.Status == "Active"
		})
		ofRevoke := asked.revoke && k.CreatedAt.After(instant(s.state.value, "created_at"))
		if s.want.mode == deleteUnused && s.ours[k.ID] && untouched(k) && (!onlyActive || ofRevoke) {
			s.violate("orphan-goes", "delete_unused leaves %s in the way, which an interrupted apply made and nobody used", k.ID)
		}
	}
}

// takeBack sets the values of requests to those that the state has.
func (s *story) takeBack() {
	was := s.state.value
	for name, n := range map[string]*int{"rotate_when_changed": &s.want.rotate, "revoke_when_changed": &s.want.revoke} {
		if *n = 0; !fields(was)[name].IsNull() {
			*n = must(strconv.Atoi(text(elements(fields(was)[name])["n"])))
		}
	}
	for _, sealed := range sealings {
		s.want.sealed = sealed
		if fields(s.want.value(s.user))["encrypted_output"].Equal(fields(was)["encrypted_output"]) {
			break
		}
	}
	if s.want.rotateAfter == 0 && s.want.rotate == 0 {
		s.want.rotateAfter = 90
	}
}

// seeRotation lets the key get old, and sees it replaced.
func (s *story) seeRotation() {
	at := instant(s.state.value, "rotate_at")
	if at.IsZero() {
		return
	}
	old := text(s.state.value, "access_key_id")
	s.pass(max(0, at.Sub(s.sim.Now())))
	for week := range 4 {
		s.run(trouble{})
		if s.broken != "" || text(s.state.value, "access_key_id") != old {
			return
		}
		s.remedy(week)
	}
	s.violate("due-never-forgotten", "the last rotation did not come, blocked %q", text(s.state.value, "rotation_blocked"))
}

// destroy removes the resource. It works in every state.
func (s *story) destroy() {
	ids := owned(s.state.value)
	others := len(strangers(s.state.value, s.keys()))
	s.published = credential{}
	p := s.core.plan(s.ctx, s.state, null(keyType()))
	s.judgeBugs(p.diags)
	after, d := s.core.apply(s.ctx, p)
	s.judgeBugs(d)
	if p.diags.failed() || d.failed() || after.exists() {
		s.violate("destroy-works", "%q %q", p.diags.errors, d.errors)
	}
	for _, id := range ids {
		if _, listed := find(s.keys(), id); listed {
			s.violate("destroy-works", "%s is left", id)
		}
	}
	if left := len(strangers(null(keyType()), s.keys())); left < others {
		s.violate("only-our-keys", "a destroy leaves %d of %d unmanaged keys", left, others)
	}
}
