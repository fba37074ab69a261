package rotator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// readKnown is a Read of a record with the evidence of the one before.
func (f *fixture) readKnown(record rotation.Record, known rotator.Evidence) rotator.Reading {
	f.Helper()
	user, _ := f.sim.User("ci")
	subject := rotator.Subject{User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID, Current: record.Current}
	reading, err := f.client.Read(f.ctx(), subject, record, known)
	f.fatal(err)
	return reading
}

// ids are the names of keys, in order.
func (f *fixture) ids(keys []rotation.Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = f.name(k.ID)
	}
	return strings.Join(names, " ")
}

// TestRead_inTheWay is about which unmanaged keys a Read names before they block a rotation.
func TestRead_inTheWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		mode rotation.UnmanagedKeys
		// given changes the world after a used key X and a day later current C were created, another day ago.
		given func(f *fixture, record *rotation.Record, x string)
		want  string
	}{
		{name: "refuse", mode: rotation.RefuseUnmanaged, want: "X"},
		{name: "retire adopts it", mode: rotation.RetireUnmanaged},
		{name: "delete_unused, used", mode: rotation.DeleteUnused, want: "X"},
		{
			name: "delete_unused, never used", mode: rotation.DeleteUnused,
			given: func(f *fixture, _ *rotation.Record, x string) { f.sim.SetLastUsed(x, time.Time{}, "", "") },
		},
		{
			name: "delete_unused, last use unknown", mode: rotation.DeleteUnused, want: "X",
			given: func(f *fixture, _ *rotation.Record, _ string) { f.deny("GetAccessKeyLastUsed") },
		},
		{
			name: "never used, and older than current", mode: rotation.RefuseUnmanaged, want: "X",
			given: func(f *fixture, _ *rotation.Record, x string) { f.sim.SetLastUsed(x, time.Time{}, "", "") },
		},
		{
			name: "Inactive", mode: rotation.RefuseUnmanaged, want: "X",
			given: func(f *fixture, _ *rotation.Record, x string) { f.deactivate(x) },
		},
		{
			name: "named by the blocked rotation", mode: rotation.RefuseUnmanaged,
			given: func(f *fixture, _ *rotation.Record, _ string) { f.sim.Advance(90 * day) },
		},
		{
			name: "beside a pause", mode: rotation.RefuseUnmanaged, want: "X",
			given: func(f *fixture, record *rotation.Record, _ string) {
				record.Policy.Paused = true
				f.sim.Advance(90 * day)
			},
		},
		{
			name: "imported: judged by the configuration", mode: rotation.RefuseUnmanaged,
			given: func(_ *fixture, record *rotation.Record, _ string) { record.Policy = nil },
		},
		{
			name: "managed by another resource", mode: rotation.RefuseUnmanaged,
			given: func(f *fixture, _ *rotation.Record, x string) { f.client.ClaimRead("ci", x) },
		},
		{
			name: "signs our requests", mode: rotation.RefuseUnmanaged,
			given: func(f *fixture, _ *rotation.Record, x string) {
				f.client = f.clientAs(iamsim.Credentials{AccessKeyID: x, Secret: f.sim.Secret(x)})
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			x := f.newKey("X")
			f.use(x)
			f.sim.Advance(day)
			record := f.single(day)
			record.Policy.UnmanagedKeys = c.mode
			if c.given != nil {
				c.given(f, &record, x)
			}
			f.equal("keys in the way", f.ids(f.readKnown(record, rotator.Evidence{}).InTheWay), c.want)
		})
	}
	t.Run("proved by the resource that replaces this one", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.single(day)
		f.sim.SetLastUsed(f.newKey("X"), f.sim.Now(), "sts", "us-east-1")
		f.equal("keys in the way", f.ids(f.readKnown(record, rotator.Evidence{}).InTheWay), "")
	})
	t.Run("an orphan is named as one", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.single(day)
		f.newKey("X")
		reading := f.readKnown(record, rotator.Evidence{})
		f.equal("orphans", f.ids(reading.Orphans), "X")
		f.equal("keys in the way", f.ids(reading.InTheWay), "")
	})
}

// TestJudge_inTheWay judges an import by the configured policy.
func TestJudge_inTheWay(t *testing.T) {
	t.Parallel()
	for mode, want := range map[rotation.UnmanagedKeys]string{
		rotation.RefuseUnmanaged: "X", rotation.RetireUnmanaged: "", rotation.DeleteUnused: "X",
	} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.use(f.newKey("X"))
			record := f.single(day)
			record.Policy = nil
			policy := standard()
			policy.UnmanagedKeys = mode
			known := f.readKnown(record, rotator.Evidence{}).Evidence
			f.equal("keys in the way", f.ids(f.client.Judge(f.ctx(), "ci", policy, record, known).InTheWay), want)
		})
	}
}

// TestJudge_revoked asks who used the keys that a revoke stops, as far as the last Read has not.
func TestJudge_revoked(t *testing.T) {
	t.Parallel()
	revoke := func(p *rotation.Policy) { p.RevokeWhenChanged = map[string]string{"incident": "1"} }
	t.Run("current alone", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.single(day)
		f.use(record.Current.ID)
		policy := standard()
		revoke(&policy)
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		f.sim.ResetLog()
		judged := f.client.Judge(f.ctx(), "ci", policy, record, known)
		f.equal("revoked", f.ids(judged.Revoked), "C")
		if use := judged.Revoked[0].LastUse; use == nil || !use.At.Equal(f.sim.Now()) || use.Service != "s3" || use.Region != "eu-west-1" {
			t.Errorf("got the last use %+v", use)
		}
		if known.Seen.Find(record.Current.ID).LastUse != nil {
			t.Error("the evidence of the plan has changed")
		}
		f.calledExactly("ListAccessKeys ci", "GetAccessKeyLastUsed C")
	})
	t.Run("an Active previous: both are known", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.pair(day)
		f.use(record.Current.ID)
		f.use(record.Previous.ID)
		policy := standard()
		revoke(&policy)
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		f.sim.ResetLog()
		f.equal("revoked", f.ids(f.client.Judge(f.ctx(), "ci", policy, record, known).Revoked), "C P")
		f.calledExactly("ListAccessKeys ci")
	})
	t.Run("current has been used since the apply that created it", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.pair(day)
		f.use(record.Previous.ID)
		policy := standard()
		revoke(&policy)
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		f.use(record.Current.ID)
		f.sim.ResetLog()
		judged := f.client.Judge(f.ctx(), "ci", policy, record, known)
		if use := judged.Revoked[0].LastUse; use == nil || use.Service != "s3" {
			t.Errorf("got the last use %+v", use)
		}
		f.calledExactly("ListAccessKeys ci", "GetAccessKeyLastUsed C")
	})
	t.Run("an Inactive previous does not stop", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.pair(8 * day)
		f.deactivate(record.Previous.ID)
		policy := standard()
		revoke(&policy)
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		f.equal("revoked", f.ids(f.client.Judge(f.ctx(), "ci", policy, record, known).Revoked), "C")
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.single(day)
		f.deny("GetAccessKeyLastUsed")
		policy := standard()
		revoke(&policy)
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		judged := f.client.Judge(f.ctx(), "ci", policy, record, known)
		f.equal("revoked", f.ids(judged.Revoked), "C")
		if judged.Revoked[0].LastUse != nil || !(rotation.Decision{Steps: judged.Steps}).Has(rotation.Rotate) {
			t.Errorf("got %+v", judged)
		}
	})
	t.Run("another edit asks nothing", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		record := f.single(day)
		policy := standard()
		policy.Paused = true
		known := f.readKnown(record, rotator.Evidence{}).Evidence
		f.sim.ResetLog()
		if got := f.client.Judge(f.ctx(), "ci", policy, record, known).Revoked; got != nil {
			t.Errorf("got %v", got)
		}
		f.calledExactly()
	})
}

// TestOwnKeysInUse is about which keys a destroy warns of.
func TestOwnKeysInUse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given func(f *fixture, record *rotation.Record)
		want  string
	}{
		{name: "never used"},
		{name: "both in use", want: "P C", given: func(f *fixture, record *rotation.Record) {
			f.use(record.Previous.ID)
			f.use(record.Current.ID)
		}},
		{name: "used a day ago", want: "C", given: func(f *fixture, record *rotation.Record) {
			f.use(record.Current.ID)
			f.sim.Advance(day)
		}},
		{name: "used more than a day ago", given: func(f *fixture, record *rotation.Record) {
			f.use(record.Current.ID)
			f.sim.Advance(day + time.Second)
		}},
		{name: "proved today", given: func(f *fixture, record *rotation.Record) {
			f.sim.SetLastUsed(record.Current.ID, record.Current.CreatedAt, "sts", "us-east-1")
		}},
		{name: "signed a call of ours", given: func(f *fixture, record *rotation.Record) {
			f.sim.SetLastUsed(record.Current.ID, f.sim.Now(), "sts", "us-east-1")
		}},
		{name: "an adopted key stays", given: func(f *fixture, record *rotation.Record) {
			record.Previous.Adopted = true
			f.use(record.Previous.ID)
		}},
		{name: "denied", given: func(f *fixture, record *rotation.Record) {
			f.use(record.Current.ID)
			f.deny("GetAccessKeyLastUsed")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.pair(time.Hour)
			signedAt := f.sim.Now()
			if c.given != nil {
				c.given(f, &record)
			}
			f.equal("keys in use", f.ids(f.client.OwnKeysInUse(f.ctx(), record, rotator.Evidence{SignedAt: signedAt})), c.want)
		})
	}
}

// TestUpdate_policySince records since when hold_previous and paused are set, and forgets it when they are taken back.
func TestUpdate_policySince(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	var known rotator.Evidence
	apply := func(held, paused bool) {
		t.Helper()
		policy := standard()
		policy.HoldPrevious, policy.Paused = held, paused
		task := f.task(record, *record.Policy)
		task.Policy, task.Known = policy, f.readKnown(record, known).Evidence
		report := f.update(task)
		f.fatal(report.Err)
		record.Policy, known = &policy, *report.Evidence
	}
	want := func(held, paused time.Time) {
		t.Helper()
		if !known.HeldSince.Equal(held) || !known.PausedSince.Equal(paused) {
			t.Errorf("held since %s, paused since %s, want %s and %s", known.HeldSince, known.PausedSince, held, paused)
		}
	}
	first := f.sim.Now()
	apply(true, false)
	want(first, time.Time{})
	f.sim.Advance(day)
	second := f.sim.Now()
	apply(true, true)
	want(first, second)
	f.sim.Advance(day)
	apply(false, true)
	want(time.Time{}, second)
	apply(true, false)
	want(f.sim.Now(), time.Time{})
}

// TestUpdate_policySinceServerTime asks AWS for the time where a freeze begins and nothing else has, and only then.
func TestUpdate_policySinceServerTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	task := f.task(record, *record.Policy)
	task.Policy.Paused = true
	f.newClient()
	report := f.update(task)
	f.fatal(report.Err)
	f.calledExactly("ListAccessKeys ci")
	task.Known, task.Policy.Grace = *report.Evidence, day
	f.newClient()
	f.sim.ResetLog()
	f.fatal(f.update(task).Err)
	f.calledExactly()
}

// TestUpdate_policySinceRefused keeps what holds, since the policy of a refused Update is not recorded.
func TestUpdate_policySinceRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.single(day)
	policy := standard()
	policy.HoldPrevious, policy.RotateWhenChanged = true, map[string]string{"quarter": "2"}
	task := f.task(record, policy, rotation.Step{
		Kind: rotation.Rotate, Key: record.Current.ID, Replaced: rotation.Active, Reason: rotation.ReasonChanged,
	})
	task.Known.PausedSince = start
	f.deny("CreateAccessKey")
	report := f.update(task)
	if e := report.Evidence; report.Err == nil || e == nil || !e.HeldSince.IsZero() || !e.PausedSince.Equal(start) {
		t.Errorf("got %v and %+v", report.Err, e)
	}
}

// TestCreate_policySince counts a pause from the create that begins with it.
func TestCreate_policySince(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	policy := standard()
	policy.Paused = true
	report := f.create(createTask(policy))
	f.fatal(report.Err)
	if !report.Evidence.PausedSince.Equal(f.sim.Now()) || !report.Evidence.HeldSince.IsZero() {
		t.Errorf("got %+v", report.Evidence)
	}
}

// TestEvidence_longerThan30Days is about when a rollback or a change freeze is worth a warning.
func TestEvidence_longerThan30Days(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		evidence           rotator.Evidence
		wantHeld, wantStop bool
	}{
		{name: "neither"},
		{name: "30 days", evidence: rotator.Evidence{HeldSince: start, PausedSince: start}},
		{name: "longer held", evidence: rotator.Evidence{HeldSince: start.Add(-time.Second)}, wantHeld: true},
		{name: "longer paused", evidence: rotator.Evidence{PausedSince: start.Add(-time.Second)}, wantStop: true},
	} {
		if held, paused := c.evidence.LongSince(start.Add(30 * day)); held != c.wantHeld || paused != c.wantStop {
			t.Errorf("%s: got %t, %t, want %t, %t", c.name, held, paused, c.wantHeld, c.wantStop)
		}
	}
}

// TestEvidence_persistedSince holds the form of the times in private states.
func TestEvidence_persistedSince(t *testing.T) {
	t.Parallel()
	const persisted = `{"seen":{"keys":null},"held_since":"2026-03-01T00:00:00Z","paused_since":"2026-03-02T00:00:00Z"}`
	want := rotator.Evidence{HeldSince: start, PausedSince: start.Add(day)}
	var got rotator.Evidence
	if err := json.Unmarshal([]byte(persisted), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil || string(text) != persisted || !got.HeldSince.Equal(want.HeldSince) || !got.PausedSince.Equal(want.PausedSince) {
		t.Errorf("got %s and %+v, %v", text, got, err)
	}
}

// TestImport_lastUses asks for the last uses of the keys where the import id names none of several.
func TestImport_lastUses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		deny bool
		want string
	}{
		{name: "the older one is in use", want: "ci/A/B"},
		{name: "unknown: the newest first", deny: true, want: "ci/B/A"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			a, b := f.newKey("A"), f.newKey("B")
			f.use(a)
			if c.deny {
				f.deny("GetAccessKeyLastUsed")
			}
			_, _, err := f.client.Import(f.ctx(), rotator.ImportID{User: "ci"}, "")
			failure, ok := err.(*rotator.ImportError) //nolint:errorlint // it is never wrapped
			if !ok || failure.Problem != rotator.ImportAmbiguous {
				t.Fatalf("got %v", err)
			}
			example := strings.NewReplacer(a, "A", b, "B").Replace(rotator.ExampleImportID("ci", failure.Seen).String())
			f.equal("example", example, c.want)
			f.calledExactly("ListAccessKeys ci", "GetAccessKeyLastUsed A", "GetAccessKeyLastUsed B")
		})
	}
}

// TestExampleImportID_lastUse names the key that was used last as current, and the newest where nobody used any.
func TestExampleImportID_lastUse(t *testing.T) {
	t.Parallel()
	older := rotation.Key{ID: keyA, CreatedAt: start}
	newer := rotation.Key{ID: keyB, CreatedAt: start.Add(day)}
	used := func(k rotation.Key, at time.Time, service string) rotation.Key {
		k.LastUse = &rotation.Use{At: at, Service: service}
		return k
	}
	for _, c := range []struct {
		name         string
		older, newer rotation.Key
		want         string
	}{
		{name: "never used", older: used(older, time.Time{}, ""), newer: used(newer, time.Time{}, ""), want: keyB},
		{name: "the older one is used", older: used(older, start, "s3"), newer: used(newer, time.Time{}, ""), want: keyA},
		{name: "the older one is used later", older: used(older, start.Add(3*day), "s3"), newer: used(newer, start.Add(2*day), "s3"), want: keyA},
		{name: "the newer one is used later", older: used(older, start.Add(2*day), "s3"), newer: used(newer, start.Add(3*day), "s3"), want: keyB},
		{
			name: "the newer one is only proved", older: used(older, start.Add(time.Hour), "s3"),
			newer: used(newer, newer.CreatedAt, "sts"), want: keyA,
		},
		{name: "unknown", older: older, newer: newer, want: keyB},
	} {
		id := rotator.ExampleImportID("ci", rotation.Observation{Keys: []rotation.Key{c.older, c.newer}})
		if len(id.Keys) != 2 || id.Keys[0] != c.want {
			t.Errorf("%s: got %s, want %s first", c.name, id, c.want)
		}
	}
}
