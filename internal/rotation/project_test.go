package rotation

import (
	"reflect"
	"testing"
	"time"
)

func TestProject(t *testing.T) {
	t.Parallel()
	then, later := time.Unix(0, 0).UTC(), time.Unix(9e9, 0).UTC()
	record := Record{
		ManagedSince: then, Request: "encrypted_output",
		Current:  Current{ID: "new", CreatedAt: then},
		Previous: &Previous{ID: "old", CreatedAt: then, ReplacedAt: then, DeactivatedAt: then},
	}
	seen := Observation{Keys: []Key{{ID: "old", Status: Inactive, CreatedAt: then}, {ID: "new", Status: Active, CreatedAt: then}}}
	steps := []Step{{Kind: DeletePrevious, Key: "old"}, {Kind: Rotate, Key: "new", Replaced: Active, Reason: ReasonAge}}
	planned := Key{ID: "planned", Status: Active, CreatedAt: later}
	for _, sealed := range []bool{false, true} {
		policy := Policy{}
		if sealed {
			policy.Recipients = "somebody"
		}
		gotRecord, gotSeen := Project(policy, record, seen, steps, Outcome{At: later, NewKey: planned})
		wantRecord := Record{
			ManagedSince: then,
			Current:      Current{ID: "planned", CreatedAt: later, Sealed: sealed, SealedTo: policy.Recipients},
			Previous:     &Previous{ID: "new", CreatedAt: then, ReplacedAt: later},
		}
		wantSeen := Observation{Keys: []Key{{ID: "new", Status: Active, CreatedAt: then}, planned}}
		if !reflect.DeepEqual(gotRecord, wantRecord) || !reflect.DeepEqual(gotSeen, wantSeen) {
			t.Errorf("sealed %t: got %+v and %+v, want %+v and %+v", sealed, gotRecord, gotSeen, wantRecord, wantSeen)
		}
		if got, same := Project(policy, record, seen, nil, Outcome{}); !reflect.DeepEqual(got, record) || !reflect.DeepEqual(same, seen) {
			t.Errorf("without steps: got %+v and %+v", got, same)
		}
	}
}

func TestRecord_LastPolicy(t *testing.T) {
	t.Parallel()
	if got := (Record{}).LastPolicy(); !got.Equal(Policy{}) {
		t.Errorf("before the first apply: %+v", got)
	}
	policy := Policy{RotateAfter: time.Hour}
	if got := (Record{Policy: &policy}).LastPolicy(); !got.Equal(policy) {
		t.Errorf("got %+v", got)
	}
}

func TestRecord_IsOrphan(t *testing.T) {
	t.Parallel()
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	record := Record{Current: Current{ID: "current", CreatedAt: at(100)}, Previous: &Previous{ID: "previous"}}
	never, proof := &Use{}, &Use{At: at(102), Service: "sts"}
	for name, tt := range map[string]struct {
		key  Key
		want bool
	}{
		"never used":               {Key{ID: "k", CreatedAt: at(101), LastUse: never}, true},
		"used by its proof only":   {Key{ID: "k", CreatedAt: at(101), LastUse: proof}, true},
		"used":                     {Key{ID: "k", CreatedAt: at(101), LastUse: &Use{At: at(102), Service: "s3"}}, false},
		"last use unknown":         {Key{ID: "k", CreatedAt: at(101)}, false},
		"of the second of current": {Key{ID: "k", CreatedAt: at(100), LastUse: never}, false},
		"older than current":       {Key{ID: "k", CreatedAt: at(99), LastUse: never}, false},
		"current":                  {Key{ID: "current", CreatedAt: at(101), LastUse: never}, false},
		"previous":                 {Key{ID: "previous", CreatedAt: at(101), LastUse: never}, false},
	} {
		if got := record.IsOrphan(tt.key); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
}

func TestRecord_Asks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		given setup
		want  Request
	}{
		{"nothing", settled(), ""},
		{"an entry that changed", settled(edit(quarter)), byQuarter},
		{"recipients", settled(toAlice, edit(recipients(bob))), byRecipients},
		{"recipients of a plaintext", settled(edit(recipients(bob))), ""},
		{"a pending request", settled(requested(byQuarter)), byQuarter},
		{"a pending request that is withdrawn", settled(requested(byQuarter), edit(changedValues(nil))), ""},
		{"a pending request and another", settled(toAlice, requested(byQuarter), edit(recipients(bob))), byQuarter.with(byRecipients)},
		{"beside previous", overlapping(edit(quarter)), byQuarter},
		{"the first apply after an import", settled(imported, edit(quarter)), ""},
		{"before create", creating(edit(quarter)), ""},
	}
	for _, tt := range tests {
		if got := tt.given.record.Asks(tt.given.policy); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestRecord_CompliantUntil(t *testing.T) {
	t.Parallel()
	limit := set(maxAge(days(100)))
	tests := []struct {
		name  string
		given setup
		want  time.Time
	}{
		{"without max_age", overlapping(), time.Time{}},
		{"current alone", settled(limit), day(100)},
		{"an older Active previous", overlapping(limit), day(10)},
		{"an Inactive previous", retiring(limit), day(100)},
		{"a younger adopted previous", overlapping(limit, adopted, previousCreated(day(1))), day(100)},
		{"current Inactive", overlapping(limit, is(cur, inactive)), day(10)},
		{"current gone", overlapping(limit, gone(cur)), day(10)},
		{"previous gone", overlapping(limit, gone(prev)), day(100)},
		{"no managed key Active", retiring(limit, is(cur, inactive)), time.Time{}},
		{"an unmanaged key does not count", settled(limit, unmanagedKey(active)), day(100)},
	}
	for _, tt := range tests {
		if got := tt.given.record.CompliantUntil(tt.given.policy, tt.given.seen); !got.Equal(tt.want) {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestPrevious_StatusIn shows the status of previous a second before and at the time from which the list counts. CompliantUntil goes by it.
func TestPrevious_StatusIn(t *testing.T) {
	t.Parallel()
	limit := set(maxAge(days(100)))
	replacedUntil, deactivatedUntil := day(0).Add(5*minute), day(7).Add(5*minute)
	tests := []struct {
		name                      string
		given                     setup
		until                     time.Time
		settling, later           Status
		compliant, compliantLater time.Time
	}{
		{"listed as the record has it", overlapping(limit), replacedUntil, Active, Active, day(10), day(10)},
		{"listed as Inactive after the rotation", overlapping(limit, is(prev, inactive)), replacedUntil, Active, Inactive, day(10), day(100)},
		{
			"listed as Active after the deactivation", retiring(limit, is(prev, active)), deactivatedUntil, Inactive, Active, day(100), day(10),
		},
		{
			"listed as Active, deactivated by others", retiring(limit, deactivatedByOthers(day(7)), is(prev, active)), deactivatedUntil,
			Active, Active, day(10), day(10),
		},
		{"not listed", overlapping(limit, gone(prev)), replacedUntil, "", "", day(100), day(100)},
	}
	for _, tt := range tests {
		record, seen := tt.given.record, tt.given.seen
		for _, at := range []struct {
			now       time.Time
			status    Status
			compliant time.Time
		}{{tt.until.Add(-time.Second), tt.settling, tt.compliant}, {tt.until, tt.later, tt.compliantLater}} {
			seen.Settling = record.Settling(seen, at.now)
			if got := record.Previous.StatusIn(seen); got != at.status {
				t.Errorf("%s, at %s: status %q, want %q", tt.name, at.now, got, at.status)
			}
			if got := record.CompliantUntil(tt.given.policy, seen); !got.Equal(at.compliant) {
				t.Errorf("%s, at %s: compliant until %s, want %s", tt.name, at.now, got, at.compliant)
			}
		}
	}
}

func TestRecord_HandedOver(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name              string
		given             setup
		handedOver, known bool
	}{
		{"nobody", overlapping(neverUsed(cur)), false, true},
		{"somebody", overlapping(used(cur, day(3))), true, true},
		{"the last use is unknown", overlapping(lastUseUnknown(cur)), false, false},
		{"current gone", overlapping(gone(cur)), false, false},
		{"no previous", settled(used(cur, day(3))), false, false},
	}
	for _, tt := range tests {
		if got, known := tt.given.record.HandedOver(tt.given.seen); got != tt.handedOver || known != tt.known {
			t.Errorf("%s: got %t, %t, want %t, %t", tt.name, got, known, tt.handedOver, tt.known)
		}
	}
}
