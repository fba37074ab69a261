package rotation

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestRecordAfter(t *testing.T) {
	t.Parallel()
	now := day(50)
	current := Current{ID: cur, CreatedAt: day(0)}
	previous := Previous{ID: prev, CreatedAt: day(-90), ReplacedAt: day(0)}
	with := func(f func(*Previous)) *Previous {
		p := previous
		f(&p)
		return &p
	}
	creates := Current{ID: newest, CreatedAt: now.Add(second)}
	// replacement is what current becomes in a rotation.
	replacement := Previous{ID: cur, CreatedAt: day(0), ReplacedAt: now}
	tests := []struct {
		name  string
		given setup
		step  Step
		want  Record
	}{
		{
			"adopt an Active key", settled(unmanagedKey(active)), adopt(other),
			Record{Current: current, Previous: &Previous{ID: other, CreatedAt: day(-200), ReplacedAt: now, Adopted: true}},
		},
		{
			"adopt an Inactive key", settled(unmanagedKey(inactive)), adopt(other),
			Record{Current: current, Previous: &Previous{
				ID: other, CreatedAt: day(-200), ReplacedAt: now, DeactivatedAt: now, Adopted: true,
			}},
		},
		{
			"adopt before create", creating(unmanagedKey(active)), adopt(other),
			Record{Previous: &Previous{ID: other, CreatedAt: day(-200), ReplacedAt: now, Adopted: true}},
		},
		{
			"somebody deactivated previous", overlapping(is(prev, inactive)), recordDeactivated(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.DeactivatedAt = now })},
		},
		{
			"somebody deactivated an adopted previous", overlapping(adopted, is(prev, inactive)), recordDeactivated(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.DeactivatedAt, p.Adopted = now, true })},
		},
		{
			"somebody reactivated previous", retiring(is(prev, active)), recordReactivated(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.ReplacedAt = now })},
		},
		{
			"reactivate", retiring(), reactivate(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.ReplacedAt = now })},
		},
		{
			"reactivate an adopted previous", retiring(adopted), reactivate(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.ReplacedAt, p.Adopted = now, true })},
		},
		{
			"deactivate", overlapping(), deactivate(prev),
			Record{Current: current, Previous: with(func(p *Previous) { p.DeactivatedAt, p.DeactivatedByUs = now, true })},
		},
		{
			"deactivate a revoked previous", overlapping(revoked), deactivate(prev),
			Record{Current: current, Previous: with(func(p *Previous) {
				p.DeactivatedAt, p.DeactivatedByUs, p.Revoked = now, true, true
			})},
		},
		{"delete previous", retiring(), deletePrevious(prev), Record{Current: current}},
		{
			"delete current", overlapping(is(cur, inactive)), deleteCurrent(),
			Record{Current: current, Previous: &previous},
		},
		{"delete an unused key", settled(unmanagedKey(active)), deleteUnmanaged(other), Record{Current: current}},
		{"create", creating(), createKey(ReasonCreated), Record{Current: creates}},
		{
			"create after an adoption", creating(unmanagedKey(active)).with(func(s *setup) {
				s.record.Previous = &Previous{ID: other, CreatedAt: day(-200), ReplacedAt: day(49), Adopted: true}
			}), createKey(ReasonCreated),
			Record{Current: creates, Previous: &Previous{ID: other, CreatedAt: day(-200), ReplacedAt: now, Adopted: true}},
		},
		{"rotate", settled(), rotate(ReasonAge), Record{Current: creates, Previous: &replacement}},
		{
			"rotate an Inactive current", settled(is(cur, inactive), inactiveSince(day(40))), rotateInactive(ReasonInactive),
			Record{Current: creates, Previous: &Previous{ID: cur, CreatedAt: day(0), ReplacedAt: now, DeactivatedAt: now}},
		},
		{
			"revoke", settled(), revoking(rotate(ReasonRevoked)),
			Record{Current: creates, Previous: &Previous{ID: cur, CreatedAt: day(0), ReplacedAt: now, Revoked: true}},
		},
		{"rotate without any older key", settled(gone(cur)), createKey(ReasonMissing), Record{Current: creates}},
		{
			"rotate without current beside an Active previous", overlapping(gone(cur)), createKey(ReasonMissing),
			Record{Current: creates, Previous: with(func(p *Previous) { p.ReplacedAt = now })},
		},
		{
			"rotate without current beside an Inactive previous", retiring(gone(cur)), createKey(ReasonMissing),
			Record{Current: creates, Previous: with(func(p *Previous) {
				p.ReplacedAt, p.DeactivatedAt, p.DeactivatedByUs = now, now, true
			})},
		},
		{
			"revoke without current", overlapping(gone(cur)), revoking(createKey(ReasonRevoked)),
			Record{Current: creates, Previous: with(func(p *Previous) { p.ReplacedAt, p.Revoked = now, true })},
		},
		{
			"rotate without current beside a revoked previous", overlapping(revoked, gone(cur)), createKey(ReasonMissing),
			Record{Current: creates, Previous: with(func(p *Previous) { p.ReplacedAt, p.Revoked = now, true })},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := tt.given.clone()
			out := Outcome{At: now, NewKey: Key{ID: newest, Status: active, CreatedAt: now.Add(second)}}
			got := tt.given.record.After(tt.step, tt.given.seen, out)
			tt.want.Policy, tt.want.User, tt.want.UniqueID = tt.given.record.Policy, tt.given.record.User, tt.given.record.UniqueID
			tt.want.ManagedSince = tt.given.record.ManagedSince
			if tt.given.record.ManagedSince.IsZero() && tt.step.Kind == Rotate {
				tt.want.ManagedSince = now.Add(second)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %s\nwant %s", toJSON(t, got), toJSON(t, tt.want))
			}
			if !reflect.DeepEqual(tt.given, before) {
				t.Errorf("After changed its arguments: %s", toJSON(t, tt.given.record))
			}
		})
	}
}

func TestObservationAfter(t *testing.T) {
	t.Parallel()
	creates := Key{ID: newest, Status: active, CreatedAt: day(50)}
	tests := []struct {
		name  string
		given setup
		step  Step
		want  setup
	}{
		{"adopt", settled(unmanagedKey(active)), adopt(other), settled(unmanagedKey(active))},
		{"record a deactivation", overlapping(is(prev, inactive)), recordDeactivated(prev), overlapping(is(prev, inactive))},
		{"record a reactivation", retiring(is(prev, active)), recordReactivated(prev), retiring(is(prev, active))},
		{"reactivate", retiring(), reactivate(prev), overlapping()},
		{"deactivate", overlapping(), deactivate(prev), retiring()},
		{"deactivate current after a revoke", overlapping(), deactivate(cur), overlapping(is(cur, inactive))},
		{"delete previous", retiring(), deletePrevious(prev), settled()},
		{"delete current", overlapping(), deleteCurrent(), overlapping(gone(cur))},
		{"delete an unused key", settled(unmanagedKey(active)), deleteUnmanaged(other), settled()},
		{"create", creating(), createKey(ReasonCreated), creating(listed(newest, active, day(50)))},
		{"rotate", settled(), rotate(ReasonAge), settled(listed(newest, active, day(50)))},
		{
			"rotate for another user", settled(gone(cur), recreated, signedBy(other)), createKey(ReasonRecreated),
			settled(gone(cur), listed(newest, active, day(50)), signedBy(other)),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := tt.given.clone()
			got := tt.given.seen.After(tt.step, Outcome{At: day(50), NewKey: creates})
			if toJSON(t, got) != toJSON(t, tt.want.seen) {
				t.Errorf("got %s\nwant %s", toJSON(t, got), toJSON(t, tt.want.seen))
			}
			if !reflect.DeepEqual(tt.given, before) {
				t.Errorf("After changed its receiver: %s", toJSON(t, tt.given.seen))
			}
		})
	}
}

// What IAM or the configuration shows is recorded by a step, whatever else stops: so a pipeline that applies only where a plan has
// changes records it.
func TestDecide_recordings(t *testing.T) {
	t.Parallel()
	later := edit(overlap(days(9)))
	tests := []struct {
		name  string
		given setup
		want  []Step
	}{
		{"previous gone", overlapping(gone(prev)), plan(recordDeleted(prev))},
		{"previous gone, paused", overlapping(set(pause), gone(prev)), plan(recordDeleted(prev))},
		{"previous gone, beside an edit", overlapping(later, gone(prev)), plan(recordDeleted(prev))},
		{"previous gone, before the first apply after an import", overlapping(imported, gone(prev)), plan(recordDeleted(prev))},
		{"previous deactivated, paused", overlapping(set(pause), is(prev, inactive)), plan(recordDeactivated(prev))},
		{"previous deactivated, beside an edit", overlapping(later, is(prev, inactive)), plan(recordDeactivated(prev))},
		{"previous reactivated, paused", retiring(set(pause), is(prev, active)), plan(recordReactivated(prev))},
		{"current Inactive, paused", settled(set(pause), is(cur, inactive)), plan(recordCurrentInactive())},
		{"current Inactive, beside an edit", settled(later, is(cur, inactive)), plan(recordCurrentInactive())},
		{"current Inactive, recorded, paused", settled(set(pause), is(cur, inactive), inactiveSince(day(9))), nil},
		{"current Inactive, and no slot is free", overlapping(is(cur, inactive)), plan(recordCurrentInactive())},
		{"current Inactive, and a slot is free", settled(is(cur, inactive)), plan(rotateInactive(ReasonInactive))},
		{"current Active again", settled(inactiveSince(day(9))), plan(recordCurrentActive())},
		{"current Active again, paused", settled(set(pause), inactiveSince(day(9))), plan(recordCurrentActive())},
		{"current gone", settled(set(pause), gone(cur)), nil},
		{"renamed", settled(renamed), plan(recordRenamed())},
		{"renamed, paused", settled(set(pause), renamed), plan(recordRenamed())},
		{"renamed, beside an edit", settled(later, renamed), plan(recordRenamed())},
		{"renamed, and previous gone", overlapping(renamed, gone(prev)), plan(recordDeleted(prev), recordRenamed())},
		{"before create", creating(renamed), plan(createKey(ReasonCreated))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Decide(tt.given.policy, tt.given.record, tt.given.seen, day(10)).Steps
			if !slices.Equal(got, tt.want) {
				t.Fatalf("got %s\nwant %s", toJSON(t, got), toJSON(t, tt.want))
			}
			if tt.given.record.Policy != nil && !tt.given.record.Policy.Equal(tt.given.policy) {
				return
			}
			next := tt.given.after(got, day(10))
			if again := Decide(next.policy, next.record, next.seen, day(10)).Steps; again != nil {
				t.Errorf("right after the apply: got %s, want no step", toJSON(t, again))
			}
		})
	}
}

func TestKeysNeedingLastUse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		given setup
		now   time.Time
		want  []string
	}{
		{"current alone", settled(), day(3), nil},
		{"an Inactive current", settled(is(cur, inactive)), day(3), nil},
		{"an Active previous", overlapping(), day(3), []string{cur, prev}},
		{"previous in its grace", retiring(), day(14).Add(-second), nil},
		{"previous at the end of its grace", retiring(), day(14), []string{prev}},
		{"previous past its grace", retiring(), day(14).Add(second), []string{prev}},
		{"an Inactive previous that is not recorded as Inactive", overlapping(is(prev, inactive)), day(3), []string{prev}},
		{"a reactivated previous that is not recorded as Active", retiring(is(prev, active)), day(8), []string{cur, prev}},
		{"an unmanaged key", settled(unmanagedKey(active)), day(3), []string{other}},
		{"before create", creating(unmanagedKey(active), listed(third, inactive, day(-9))), day(0), []string{other, third}},
	}
	for _, tt := range tests {
		if got := tt.given.record.KeysNeedingLastUse(tt.given.policy, tt.given.seen, tt.now); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPrevious_dates(t *testing.T) {
	t.Parallel()
	p := Previous{ID: prev, ReplacedAt: day(0), DeactivatedAt: day(9)}
	if got, want := p.DeactivateAt(standard()), day(7); !got.Equal(want) {
		t.Errorf("DeactivateAt: got %s, want %s", got, want)
	}
	for _, tt := range []struct {
		name string
		use  Use
		want time.Time
	}{
		{"never used", Use{}, day(16)},
		{"used a second before its deactivation", use(day(9).Add(-second)), day(16)},
		{"used at its deactivation", use(day(9)), day(16)},
		{"used a second after its deactivation", use(day(9).Add(second)), day(16).Add(second)},
	} {
		if got := p.DeleteAt(standard(), tt.use); !got.Equal(tt.want) {
			t.Errorf("DeleteAt, %s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestNeverUsed(t *testing.T) {
	t.Parallel()
	proof := day(0).Add(15 * minute)
	tests := []struct {
		name string
		use  *Use
		want bool
	}{
		{"unknown", nil, false},
		{"never", &Use{}, true},
		{"sts a second before the end of the proof", &Use{At: proof.Add(-second), Service: "sts"}, true},
		{"sts at the end of the proof", &Use{At: proof, Service: "sts"}, true},
		{"sts a second after the end of the proof", &Use{At: proof.Add(second), Service: "sts"}, false},
		{"another service at once", &Use{At: day(0), Service: "iam"}, false},
		{"an unknown service", &Use{At: day(0)}, false},
	}
	for _, tt := range tests {
		if got := (Key{ID: cur, CreatedAt: day(0), LastUse: tt.use}).NeverUsed(); got != tt.want {
			t.Errorf("%s: got %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	seen := Observation{Keys: []Key{{ID: ""}, {ID: cur}, {ID: prev}}}
	if got := seen.Find(prev); got != &seen.Keys[2] {
		t.Errorf("a listed key: got %p, want the listed one", got)
	}
	for _, id := range []string{"", other} {
		if got := seen.Find(id); got != nil {
			t.Errorf("%q: got %v, want nil", id, got)
		}
	}
}

func TestHas(t *testing.T) {
	t.Parallel()
	d := Decision{Steps: plan(deletePrevious(prev), rotate(ReasonAge))}
	for kind, want := range map[Kind]bool{Rotate: true, DeletePrevious: true, DeleteCurrent: false, "": false} {
		if got := d.Has(kind); got != want {
			t.Errorf("Has(%q): got %t, want %t", kind, got, want)
		}
	}
}

func TestStep_Records(t *testing.T) {
	t.Parallel()
	records := []Step{
		adopt(other), recordDeactivated(prev), recordReactivated(prev), recordDeleted(prev), recordCurrentInactive(), recordCurrentActive(),
		recordRenamed(), pend(byQuarter),
	}
	changes := []Step{reactivate(prev), deactivate(prev), deletePrevious(prev), deleteCurrent(), deleteUnmanaged(other), rotate(ReasonAge), {}}
	for _, s := range records {
		if !s.Records() {
			t.Errorf("%s: got a step that changes something in IAM", s.Kind)
		}
	}
	for _, s := range changes {
		if s.Records() {
			t.Errorf("%s: got a step that changes the record alone", s.Kind)
		}
	}
}

func TestChanged(t *testing.T) {
	t.Parallel()
	type values map[string]string
	tests := []struct {
		name          string
		before, after map[string]string
		want          []string
	}{
		{"none at all", nil, nil, nil},
		{"the same", values{"a": "1"}, values{"a": "1"}, nil},
		{"gained", nil, values{"a": "1"}, []string{"a"}},
		{"gained an empty value", nil, values{"a": ""}, []string{"a"}},
		{"changed", values{"a": "1", "b": "2"}, values{"a": "1", "b": "3"}, []string{"b"}},
		{"emptied", values{"a": "1"}, values{"a": ""}, []string{"a"}},
		{"lost", values{"a": "1", "b": "2"}, values{"a": "1"}, nil},
		{"lost all", values{"a": "1"}, nil, nil},
		{"renamed", values{"a": "1"}, values{"b": "1"}, []string{"b"}},
		{"two", values{"a": "1"}, values{"a": "2", "b": "1"}, []string{"a", "b"}},
	}
	for _, tt := range tests {
		before, after := maps.Clone(tt.before), maps.Clone(tt.after)
		got := Changed(tt.before, tt.after)
		slices.Sort(got)
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if !maps.Equal(tt.before, before) || !maps.Equal(tt.after, after) {
			t.Errorf("%s: Changed changed its arguments", tt.name)
		}
	}
}

func TestPolicyEqual(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change setting
		want   bool
	}{
		{"the same", func(*Policy) {}, true},
		{"RotateAfter", rotateAfter(days(1)), false},
		{"Overlap", overlap(days(1)), false},
		{"Grace", grace(days(1)), false},
		{"RequireUnusedFor", unusedFor(days(1)), false},
		{"HoldPrevious", hold, false},
		{"Paused", pause, false},
		{"UnmanagedKeys", unmanagedKeys(DeleteUnused), false},
		{"RotateWhenChanged", quarter, false},
		{"RotateWhenChanged lost", func(p *Policy) { p.RotateWhenChanged = nil }, false},
		{"RevokeWhenChanged", incident, false},
		{"RevokeWhenChanged lost", func(p *Policy) { p.RevokeWhenChanged = nil }, false},
		{"Recipients", recipients("age"), false},
		{"SealableUntil", sealableUntil(day(9)), false},
		{"MaxAge", maxAge(days(90)), false},
		{"ApplyEvery", applyEvery(days(1)), false},
		{"RotationSpread", rotationSpread(days(1)), false},
		{"WaitForHandover", waitForHandover, false},
	}
	for _, tt := range tests {
		p, q := standard(), standard()
		tt.change(&q)
		if p.Equal(q) != tt.want || q.Equal(p) != tt.want {
			t.Errorf("%s: got %t and %t, want %t", tt.name, p.Equal(q), q.Equal(p), tt.want)
		}
	}
	if !(Policy{}).Equal(Policy{RotateWhenChanged: map[string]string{}, RevokeWhenChanged: map[string]string{}}) {
		t.Error("no map and an empty map: got another policy, want the same")
	}
	berlin := time.FixedZone("", 3600)
	if !(Policy{SealableUntil: day(9)}).Equal(Policy{SealableUntil: day(9).In(berlin)}) {
		t.Error("one instant in two places: got another policy, want the same")
	}
	if got, want := reflect.TypeFor[Policy]().NumField(), 15; got != want {
		t.Errorf("Policy has %d fields, want the %d that this table knows", got, want)
	}
}
