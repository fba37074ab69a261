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
func (h *history) start() {
	how := rapid.SampledFrom([]string{
		"create", "create", "import one key", "import two keys", "create beside a key", "import an old key",
	}).Draw(h.t, "start")
	h.logf("start: %s", how)
	switch how {
	case "create":
	case "import an old key":
		h.importKeys(120*day, false)
	case "create beside a key":
		h.nameKey(h.sim.CreateAccessKey("ci").AccessKeyID, "f")
	default:
		h.importKeys(time.Minute, how == "import two keys")
	}
	h.run(disruption{})
}

// importKeys imports a key of that age, and a previous key if withPrevious.
func (h *history) importKeys(age time.Duration, withPrevious bool) {
	one := h.sim.CreateAccessKey("ci")
	h.nameKey(one.AccessKeyID, "f")
	id := "ci/" + one.AccessKeyID
	if withPrevious {
		two := h.sim.CreateAccessKey("ci")
		h.nameKey(two.AccessKeyID, "f")
		id += "/" + two.AccessKeyID
		h.replaced[two.AccessKeyID] = h.sim.Now()
	}
	h.publish(credential{one.AccessKeyID, one.Secret})
	h.advance(age)
	h.state = h.core.importState(h.ctx, id)
}

// noopsPerRun is the number of runs with nothing to do of which only one is executed.
const noopsPerRun = 10

// applyFor advances the clock by d, with a run at each cadence. It skips most runs that have nothing to do.
func (h *history) applyFor(d time.Duration) {
	for d >= h.cadence && h.violation == "" && h.sim.Now().Sub(dayZero) < twoYears {
		h.advance(h.cadence)
		d -= h.cadence
		if h.expectNoop() {
			if h.noops++; h.noops%noopsPerRun != 0 {
				continue
			}
		}
		h.run(h.nextDisruption)
		if h.renameUnconfigured {
			h.renameUnconfigured, h.user = false, h.named
			h.logf("the configuration follows: %s", h.user)
		}
	}
	h.advance(d)
}

// expectNoop reports whether a run would have nothing to do, or would fail or wait as the last one did.
func (h *history) expectNoop() bool {
	d := h.due(h.state.value)
	if h.planFails || d.rotate && stringAt(h.state.value, "rotation_blocked") != "" {
		d.rotate = false
	}
	return !h.unsettled && (h.planFails || !d.any())
}

// finish removes all faults. Whatever has happened before, the previous key is then retired, a due rotation is done, and a
// destroy deletes the managed keys.
func (h *history) finish() {
	if h.violation != "" {
		return
	}
	h.logf("all faults are removed")
	h.outage, h.denied, h.deniedActions = 0, 0, nil
	h.nextDisruption, h.user, h.renameUnconfigured = disruption{}, h.named, false
	h.sim.ClearFaults()
	h.sim.ClearDenials()
	h.want.hold, h.want.paused = false, false
	h.consumers = nil
	h.addPromptConsumer()
	h.advance(time.Minute) // longer than the read lag
	h.applyUntilRetired()
	if h.violation != "" {
		return
	}
	h.destroy()
}

func (h *history) addPromptConsumer() {
	h.consumers = []*consumer{{every: day, held: h.published, uses: h.sim.Now()}}
}

// applyUntilRetired applies weekly until nothing is left to retire, and then checks a rotation by age.
func (h *history) applyUntilRetired() {
	least := max(h.want.overlap, h.want.unusedFor) + h.want.grace
	weeks := 3*(least/7+2) + 4
	for week := range weeks {
		h.run(disruption{})
		if h.violation != "" {
			return
		}
		h.resolveByHand(week)
		if h.state.exists() && !h.unsettled && !h.planFails && fields(h.state.value)["previous"].IsNull() && !h.due(h.state.value).any() {
			h.checkRotationByAge()
			return
		}
		h.advance(7 * day)
	}
	h.violate("retirement-finishes", "after %d weeks without faults previous is %s, blocked %q", weeks,
		stringAt(h.state.value, "previous", "access_key_id"), stringAt(h.state.value, "rotation_blocked"))
}

// resolveByHand does what the provider asks the user to do: it withdraws a request, or deletes a key in the way.
func (h *history) resolveByHand(week int) {
	asked := h.requestsOf(h.state.value, h.want.value(h.user))
	others, blocked := unmanagedKeys(h.state.value, h.keys()), stringAt(h.state.value, "rotation_blocked")
	if asked.revoke && week == 0 {
		return // within a week the keys in the way may count as unused
	}
	if h.state.exists() && (asked.revoke || blocked != "") {
		h.checkOrphansRemoved(others)
	}
	if asked.revoke {
		h.logf("the request is withdrawn")
		h.withdrawRequests()
		return
	}
	for _, k := range others {
		if !h.state.exists() || strings.Contains(blocked, k.ID) {
			h.deleteKey(k.ID)
			h.unsettled = true
		}
	}
	h.advance(time.Minute)
}

// checkOrphansRemoved checks that delete_unused deletes the orphan of an interrupted apply without help. The user's only
// Active key is never deleted to make room.
func (h *history) checkOrphansRemoved(others []iamsim.Key) {
	for _, k := range others {
		onlyActive := k.Status == "Active" && !slices.ContainsFunc(h.keys(), func(other iamsim.Key) bool {
			return other.ID != k.ID && other.Status == "Active"
		})
		if h.want.mode == deleteUnused && h.ours[k.ID] && usedOnlyByProof(k) && !onlyActive {
			h.violate("orphan-goes", "delete_unused keeps %s, which an interrupted apply created and nobody used", k.ID)
		}
	}
}

// withdrawRequests sets the values that make requests to those in the state.
func (h *history) withdrawRequests() {
	was := h.state.value
	for name, n := range map[string]*int{"rotate_when_changed": &h.want.rotate, "revoke_when_changed": &h.want.revoke} {
		if *n = 0; !fields(was)[name].IsNull() {
			*n = must(strconv.Atoi(stringAt(elements(fields(was)[name])["n"])))
		}
	}
	for _, sealed := range sealings {
		h.want.sealed = sealed
		if fields(h.want.value(h.user))["encrypted_output"].Equal(fields(was)["encrypted_output"]) {
			break
		}
	}
}

// checkRotationByAge waits until the key is due for rotation by age, and checks that it is rotated.
func (h *history) checkRotationByAge() {
	at := timeAt(h.state.value, "rotate_at")
	if at.IsZero() {
		return
	}
	old := stringAt(h.state.value, "access_key_id")
	h.advance(max(0, at.Sub(h.sim.Now())))
	for week := range 4 {
		h.run(disruption{})
		if h.violation != "" || stringAt(h.state.value, "access_key_id") != old {
			return
		}
		h.resolveByHand(week)
	}
	h.violate("due-never-forgotten", "the last rotation was not done, blocked %q", stringAt(h.state.value, "rotation_blocked"))
}

// destroy destroys the resource, which must succeed in every state.
func (h *history) destroy() {
	ids := managedIDs(h.state.value)
	others := len(unmanagedKeys(h.state.value, h.keys()))
	h.published = credential{}
	p := h.core.plan(h.ctx, h.state, null(keyType()))
	h.checkBugs(p.diags)
	after, d := h.core.apply(h.ctx, p)
	h.checkBugs(d)
	if p.diags.failed() || d.failed() || after.exists() {
		h.violate("destroy-works", "%q %q", p.diags.errors, d.errors)
	}
	for _, id := range ids {
		if _, listed := find(h.keys(), id); listed {
			h.violate("destroy-works", "%s still exists", id)
		}
	}
	if left := len(unmanagedKeys(null(keyType()), h.keys())); left < others {
		h.violate("only-our-keys", "a destroy keeps %d of %d unmanaged keys", left, others)
	}
}
