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
