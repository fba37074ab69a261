package rotation

import (
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// byBoth is a request of two entries and of the recipients.
const byBoth Request = `rotate_when_changed["quarter"], rotate_when_changed["team"], encrypted_output`

func changedValues(values map[string]string) setting {
	return func(p *Policy) { p.RotateWhenChanged = values }
}

// Rule 6: a request that can't be met is recorded, with what the recorded one still asks for.
func TestDecide_requestBecomesPending(t *testing.T) {
	t.Parallel()
	overlapping := func(changes ...change) setup { return overlapping().with(changes...) }
	teams := changedValues(map[string]string{"quarter": "Q1", "team": "a"})
	waits := obstacleUntil(CauseOverlap, prev, day(14))
	checkRows(t, []row{
		{"an entry that changed", overlapping(edit(quarter)), day(3), pends(obstacleUntil(CauseOverlap, prev, day(7))).next(waits)},
		{
			"an entry that was added", overlapping(edit(teams)), day(3),
			does(pend(`rotate_when_changed["team"]`)).pending(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"recipients", overlapping(toAlice, edit(recipients(bob))), day(3),
			pendsRecipients(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"both", overlapping(toAlice, edit(recipients(bob), changedValues(map[string]string{"team": "a", "quarter": "Q2"}))), day(3),
			does(pend(byBoth)).pending(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"beside a pending one", overlapping(requested(byQuarter), edit(teams)), day(3),
			does(pend(`rotate_when_changed["quarter"], rotate_when_changed["team"]`)).pending(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"the same entry again", overlapping(requested(byQuarter), edit(quarter)), day(3),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"recipients beside a pending one", overlapping(toAlice, requested(byQuarter), edit(recipients(bob))), day(3),
			does(pend(`rotate_when_changed["quarter"], encrypted_output`)).pending(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"an entry added where the pending one was removed",
			overlapping(requested(byQuarter), edit(changedValues(map[string]string{"team": "a"}))), day(3),
			does(pend(`rotate_when_changed["team"]`)).pending(obstacleUntil(CauseOverlap, prev, day(7))).next(waits),
		},
		{
			"paused", overlapping(set(pause), edit(quarter)), day(3),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacle(CausePaused, cur)),
		},
		{
			"with another edit", overlapping(edit(quarter, grace(days(9)))), day(3),
			pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(16))),
		},
		{
			"beside a previous that is gone and an unmanaged key in its slot", overlapping(gone(prev), unmanagedKey(active), edit(quarter)), day(3),
			does(recordDeleted(prev), pend(byQuarter)).pending(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 6: from then on a rotation is due, like one by age.
func TestDecide_pendingRequestIsDue(t *testing.T) {
	t.Parallel()
	pending := requested(byQuarter)
	rotates := does(rotate(ReasonChanged))
	toBob := func(s *setup) {
		toAlice(s)
		set(recipients(bob))(s)
	}
	checkBoundaries(t, []boundary{
		{
			"when previous is past its grace", retiring(pending, deactivated(day(9))), day(16),
			blocked(obstacleUntil(CauseGrace, prev, day(16))), does(deletePrevious(prev), rotate(ReasonChanged)),
		},
		{
			"by the exception of rule 4", overlapping(pending, used(prev, day(5))), day(14),
			does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, day(21).Add(-second))), does(deletePrevious(prev), rotate(ReasonChanged)),
		},
	})
	checkRows(t, []row{
		{"in a free slot", settled(pending), day(3), rotates},
		{"for recipients", settled(toBob, requested(byRecipients)), day(3), does(rotate(ReasonRecipients))},
		{"for both", settled(toBob, requested(`rotate_when_changed["quarter"], encrypted_output`)), day(3), rotates},
		{"at the age of rotate_after", settled(pending), day(90), rotates},
		{"without rotation by age", settled(set(rotateAfter(0)), pending), day(3), rotates},
		{"paused", settled(set(pause), pending), day(3), blocked(obstacle(CausePaused, cur))},
		{"an edit takes no clock-driven step", settled(edit(overlap(0)), pending), day(3), nothing()},
		{"the first apply after an import", settled(imported, pending), day(3), nothing()},
		{"current gone", settled(gone(cur), pending), day(3), does(createKey(ReasonMissing))},
		{"current Inactive", settled(is(cur, inactive), pending), day(3), does(rotateInactive(ReasonInactive))},
		{
			"current gone, minutes after it was created", settled(gone(cur), pending), day(0).Add(minute),
			blocked(obstacleUntil(CauseYoung, cur, day(0).Add(5*minute))),
		},
		{"held", retiring(set(hold), pending), day(8), blocked(obstacle(CauseHeld, prev))},
		{"an Inactive previous in its grace stays", retiring(pending), day(8), blocked(obstacleUntil(CauseGrace, prev, day(14)))},
		{"beside an unmanaged key", settled(unmanagedKey(active), pending), day(3), blocked(obstacle(CauseUnmanaged, other))},
		{
			"beside an unused key", settled(set(unmanagedKeys(DeleteUnused)), unmanagedKey(active), neverUsed(other), pending), day(3),
			does(deleteUnmanaged(other), rotate(ReasonChanged)),
		},
		{"another request that can be met answers it", settled(pending, edit(quarter)), day(3), rotates},
		{"a revoke answers it", settled(pending, edit(incident)), day(3), does(revoking(rotate(ReasonRevoked)), deactivate(cur))},
	})
}

// Rule 6: a pending request is withdrawn when nothing that asked for it remains. That is a recording.
func TestDecide_pendingRequestWithdrawn(t *testing.T) {
	t.Parallel()
	none := changedValues(nil)
	pendingBob := func(s *setup) {
		toAlice(s)
		set(recipients(bob))(s)
		requested(byRecipients)(s)
	}
	blocked := unmanagedKey(active)
	checkRows(t, []row{
		{"the entry was removed", settled(blocked, requested(byQuarter), edit(none)), day(3), does(pend(""))},
		{"the entry was removed, in a free slot", settled(requested(byQuarter), edit(none)), day(3), does(pend(""))},
		{"the entry was removed, paused", settled(set(pause), requested(byQuarter), edit(none)), day(3), does(pend(""))},
		{"the entry was removed, with another edit", settled(requested(byQuarter), edit(none, grace(0))), day(3), does(pend(""))},
		{
			"the entry has its old value again", settled(blocked, requested(byQuarter), edit(quarter)), day(3),
			pends(obstacle(CauseUnmanaged, other)),
		},
		{
			"one of two entries was removed",
			settled(blocked, set(changedValues(map[string]string{"quarter": "Q2", "team": "a"})),
				requested(`rotate_when_changed["quarter"], rotate_when_changed["team"]`), edit(quarter)),
			day(3), does(pend(byQuarter)).next(obstacle(CauseUnmanaged, other)),
		},
		{"the recipients are those of the secret again", settled(blocked, pendingBob, edit(recipients(alice))), day(3), does(pend(""))},
		{
			"the recipients are others again", settled(blocked, pendingBob, edit(recipients("carol"))), day(3),
			pendsRecipients(obstacle(CauseUnmanaged, other)),
		},
		{
			"the recipients are those of the secret again, an entry remains",
			settled(blocked, pendingBob, requested(`rotate_when_changed["quarter"], encrypted_output`), edit(recipients(alice))), day(3),
			does(pend(byQuarter)).next(obstacle(CauseUnmanaged, other)),
		},
		{"the plaintext is known", settled(requested(byRecipients)), day(3), does(pend(""))},
		{"text of another form asks for nothing", settled(requested("somebody wrote this")), day(3), does(pend(""))},
		{
			"with a revoke that is refused", settled(blocked, requested(byQuarter), edit(none, incident)), day(3),
			refused(obstacle(CauseUnmanaged, other)),
		},
	})
}

// Rule 6: any new key answers a pending request.
func TestRecordAfter_answersRequest(t *testing.T) {
	t.Parallel()
	s := settled(requested(byBoth))
	out := Outcome{At: day(3), NewKey: Key{ID: newest, Status: active, CreatedAt: day(3)}}
	for _, why := range []Reason{ReasonAge, ReasonMissing, ReasonInactive, ReasonRecreated, ReasonChanged, ReasonRecipients, ReasonRevoked} {
		if got := s.record.After(rotate(why), s.seen, out).Request; got != "" {
			t.Errorf("%s: got %q, want no request", why, got)
		}
	}
	for _, step := range []Step{adopt(other), recordRenamed(), recordCurrentInactive(), deleteCurrent(), recordDeleted(prev)} {
		if got := s.record.After(step, s.seen, out).Request; got != byBoth {
			t.Errorf("%s: got %q, want the request", step.Kind, got)
		}
	}
	if got := s.record.After(pend(byQuarter), s.seen, out).Request; got != byQuarter {
		t.Errorf("record_request: got %q, want %q", got, byQuarter)
	}
}

// Rule 6: a request follows previous through its life, and its rotation comes as soon as there is room.
func TestDecide_lifeOfRequest(t *testing.T) {
	t.Parallel()
	s := overlapping(edit(quarter), neverUsed(cur))
	for _, m := range []struct {
		day  int
		want expected
	}{
		{3, pends(obstacleUntil(CauseOverlap, prev, day(7))).next(obstacleUntil(CauseOverlap, prev, day(14)))},
		{3, blocked(obstacleUntil(CauseOverlap, prev, day(14)))},
		{7, does(deactivate(prev)).blocked(obstacleUntil(CauseGrace, prev, day(14)))},
		{8, blocked(obstacleUntil(CauseGrace, prev, day(14)))},
		{14, does(deletePrevious(prev), rotate(ReasonChanged))},
		{14, nothing()},
		{21, does(deactivate(cur))},
	} {
		s.check(t, day(m.day), m.want)
		s = s.after(m.want.Steps, day(m.day))
	}
	if s.record.Request != "" {
		t.Errorf("request %q after its rotation", s.record.Request)
	}
}

func TestRequest_Parts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text       Request
		entries    []string
		recipients bool
	}{
		{"", nil, false},
		{byRecipients, nil, true},
		{byQuarter, []string{"quarter"}, false},
		{byBoth, []string{"quarter", "team"}, true},
		{`rotate_when_changed[""]`, []string{""}, false},
		{`rotate_when_changed["a, b"]`, []string{"a, b"}, false},
		{`rotate_when_changed["a\"], rotate_when_changed[\"b"]`, []string{`a"], rotate_when_changed["b`}, false},
		{`rotate_when_changed["a\\"], encrypted_output`, []string{`a\`}, true},
		{`rotate_when_changed["]"]`, []string{"]"}, false},
		{`rotate_when_changed["encrypted_output"]`, []string{"encrypted_output"}, false},
		{`rotate_when_changed["a`, nil, false},
		{"something else", nil, false},
		{`rotate_when_changed["a"], something else`, []string{"a"}, false},
	}
	for _, tt := range tests {
		entries, recipients := tt.text.Parts()
		if !slices.Equal(entries, tt.entries) || recipients != tt.recipients {
			t.Errorf("%s: got %q, %t, want %q, %t", tt.text, entries, recipients, tt.entries, tt.recipients)
		}
	}
}

func TestRequest_with(t *testing.T) {
	t.Parallel()
	team := Request(`rotate_when_changed["team"]`)
	tests := []struct{ a, b, want Request }{
		{"", "", ""},
		{byQuarter, "", byQuarter},
		{"", byQuarter, byQuarter},
		{byQuarter, byQuarter, byQuarter},
		{team, byQuarter, `rotate_when_changed["quarter"], rotate_when_changed["team"]`},
		{byRecipients, team, `rotate_when_changed["team"], encrypted_output`},
		{byRecipients, byRecipients, byRecipients},
		{byBoth, team, byBoth},
	}
	for _, tt := range tests {
		if got := tt.a.with(tt.b); got != tt.want {
			t.Errorf("%q with %q: got %q, want %q", tt.a, tt.b, got, tt.want)
		}
	}
}

// FuzzRequest asserts that a request names any entries such that they can be read back, and that any text can be read.
func FuzzRequest(f *testing.F) {
	f.Add("quarter", "team", false)
	f.Add("", `a"], rotate_when_changed["b`, true)
	f.Add("a, b", "encrypted_output", true)
	f.Add("]", "\\", false)
	f.Add("\x00\xff", "é ${x} %{if}", true)
	f.Add(string(byBoth), strconv.Quote(string(byBoth)), true)
	f.Fuzz(func(t *testing.T, first, second string, recipients bool) {
		names := []string{first, second}
		entries, gotRecipients := newRequest(names, recipients).Parts()
		if !reflect.DeepEqual(entries, names) || gotRecipients != recipients {
			t.Errorf("got %q, %t, want %q, %t", entries, gotRecipients, names, recipients)
		}
		read, readRecipients := Request(first).Parts()
		again, againRecipients := newRequest(read, readRecipients).Parts()
		if !slices.Equal(again, read) || againRecipients != readRecipients {
			t.Errorf("%q: got %q, %t, and then %q, %t", first, read, readRecipients, again, againRecipients)
		}
	})
}
