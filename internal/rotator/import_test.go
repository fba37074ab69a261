package rotator_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

const (
	keyA = "AKIAAAAAAAAAAAAAAAAA"
	keyB = "AKIABBBBBBBBBBBBBBBB"
	keyC = "AKIACCCCCCCCCCCCCCCC"
)

func TestParseImportID_forms(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		ok   bool
		keys []string
	}{
		{text: "ci", ok: true},
		{text: "ci/" + keyA, ok: true, keys: []string{keyA}},
		{text: "ci/" + keyA + "/" + keyB, ok: true, keys: []string{keyA, keyB}},
		{text: "ci/" + keyA + "/" + keyA, ok: true, keys: []string{keyA, keyA}},
		{text: ""},
		{text: "/" + keyA},
		{text: "ci/"},
		{text: "ci/" + keyA + "/"},
		{text: "ci/LKIAQAAAAAAAEXAMPLE0", ok: true, keys: []string{"LKIAQAAAAAAAEXAMPLE0"}},
		{text: "ci/" + keyA + "/LKIAQAAAAAAAEXAMPLE0", ok: true, keys: []string{keyA, "LKIAQAAAAAAAEXAMPLE0"}},
		{text: "ci/ASIAAAAAAAAAAAAAAAAA"},
		{text: "ci/" + keyA + "/ASIAAAAAAAAAAAAAAAAA"},
		{text: "ci/AKIAAAAAAAAAAAA"},
		{text: "ci/" + keyA + "/deploy"},
		{text: "ci/" + keyA + "/" + keyB + "/" + keyA},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			id, ok := rotator.ParseImportID(c.text)
			switch {
			case ok != c.ok:
				t.Fatalf("got %v, want %v", ok, c.ok)
			case !ok && (id.User != "" || id.Keys != nil):
				t.Errorf("got %+v with a refusal", id)
			case ok && (id.User != "ci" || !slices.Equal(id.Keys, c.keys) || id.String() != c.text):
				t.Errorf("got %+v, which is %q", id, id)
			}
		})
	}
}

func TestExampleImportID_keys(t *testing.T) {
	t.Parallel()
	older := rotation.Key{ID: keyA, CreatedAt: start}
	newer := rotation.Key{ID: keyB, CreatedAt: start.Add(day)}
	newest := rotation.Key{ID: keyC, CreatedAt: start.Add(2 * day)}
	for _, c := range []struct {
		name string
		keys []rotation.Key
		want string
	}{
		{name: "no keys", want: "ci"},
		{name: "one key", keys: []rotation.Key{older}, want: "ci/" + keyA},
		{name: "the newest last", keys: []rotation.Key{older, newer}, want: "ci/" + keyB + "/" + keyA},
		{name: "the newest first", keys: []rotation.Key{newer, older}, want: "ci/" + keyB + "/" + keyA},
		{
			name: "created at the same time", keys: []rotation.Key{older, {ID: keyB, CreatedAt: older.CreatedAt}},
			want: "ci/" + keyB + "/" + keyA,
		},
		{name: "more keys than the quota", keys: []rotation.Key{older, newer, newest}, want: "ci/" + keyC + "/" + keyB},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := rotator.ExampleImportID("ci", rotation.Observation{Keys: c.keys}).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestImport_outcomes(t *testing.T) {
	t.Parallel()
	list := []string{"ListAccessKeys ci"}
	for _, c := range []struct {
		name string
		// keys are created, and those in id imported.
		keys, id []string
		account  string
		given    func(f *fixture, id func(name string) string)
		want     string
		err      string
		calls    []string
	}{
		{name: "the only key", keys: []string{"A"}, want: "current A | A Active", calls: list},
		{
			name: "the only key, Inactive", keys: []string{"A"}, want: "current A inactive since now | A Inactive", calls: list,
			given: func(f *fixture, id func(string) string) { f.deactivate(id("A")) },
		},
		{name: "no keys", err: "ImportError{no key  of ci | }", calls: list},
		{
			name: "two keys, none named", keys: []string{"A", "B"}, err: "ImportError{ambiguous  of ci | A Active, B Active}",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A", "GetAccessKeyLastUsed B"},
		},
		{name: "current named", keys: []string{"A", "B"}, id: []string{"B"}, want: "current B | A Active, B Active", calls: list},
		{
			name: "both named", keys: []string{"A", "B"}, id: []string{"A", "B"},
			want: "current A; previous B replaced now | A Active, B Active", calls: list,
		},
		{
			name: "both named, previous Inactive", keys: []string{"A", "B"}, id: []string{"B", "A"},
			given: func(f *fixture, id func(string) string) { f.deactivate(id("A")) },
			want:  "current B; previous A replaced now deactivated now | A Inactive, B Active", calls: list,
		},
		{
			name: "both named, current Inactive", keys: []string{"A", "B"}, id: []string{"B", "A"},
			given: func(f *fixture, id func(string) string) { f.deactivate(id("B")) },
			want:  "current B inactive since now; previous A replaced now | A Active, B Inactive", calls: list,
		},
		{
			name: "an unknown current", keys: []string{"A"}, id: []string{"X"},
			err: "ImportError{unknown X of ci | A Active}", calls: list,
		},
		{
			name: "an unknown previous", keys: []string{"A"}, id: []string{"A", "X"},
			err: "ImportError{unknown X of ci | A Active}", calls: list,
		},
		{
			name: "a key named twice", keys: []string{"A"}, id: []string{"A", "A"},
			err: "ImportError{same A of ci | A Active}", calls: list,
		},
		{
			name: "the right account", keys: []string{"A"}, account: accountID,
			want: "current A | A Active", calls: []string{"GetCallerIdentity", "ListAccessKeys ci"},
		},
		{
			name: "another account", keys: []string{"A"}, account: "999999999999",
			err: "WrongAccountError{999999999999 123456789012}", calls: []string{"GetCallerIdentity"},
		},
		{
			name: "the account can't be read", keys: []string{"A"}, account: accountID,
			given: func(f *fixture, _ func(string) string) {
				f.sim.AddFault(iamsim.Fault{Action: "GetCallerIdentity", Kind: iamsim.ErrorBeforeCommit})
			},
			err: "ReadError{keys ci}: GetCallerIdentity ServiceFailure", calls: []string{"GetCallerIdentity", "GetCallerIdentity"},
		},
		{
			name: "the keys can't be listed", keys: []string{"A"}, account: accountID,
			given: func(f *fixture, _ func(string) string) { f.deny("ListAccessKeys") },
			err:   "ReadError{keys ci}: ListAccessKeys AccessDenied", calls: []string{"GetCallerIdentity", "ListAccessKeys ci"},
		},
		{
			name: "no such user", given: func(f *fixture, _ func(string) string) { f.sim.DeleteUser("ci") },
			err: "ReadError{keys ci}: ListAccessKeys NoSuchEntity", calls: list,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			created := map[string]string{}
			for _, name := range c.keys {
				created[name] = f.newKey(name)
			}
			id := func(name string) string {
				if id, ok := created[name]; ok {
					return id
				}
				return name
			}
			if c.given != nil {
				c.given(f, id)
			}
			// So that the time of the import differs from those of the keys.
			f.sim.Advance(day)
			f.began = f.sim.Now()
			before := f.sim.Keys("ci")
			var keys []string
			for _, name := range c.id {
				keys = append(keys, id(name))
			}
			importID := rotator.ImportID{User: "ci", Keys: keys}
			record, seen, err := f.client.Import(f.ctx(), importID, c.account)
			f.print(err)
			f.equal("error", f.describeError(err), c.err)
			f.calledExactly(c.calls...)
			if err != nil {
				if failure, ok := errors.AsType[*rotator.ImportError](err); ok && !reflect.DeepEqual(failure.ID, importID) {
					t.Errorf("the error names %q, want %q", failure.ID, importID)
				}
				if !reflect.DeepEqual(record, rotation.Record{}) {
					t.Errorf("got %+v with an error", record)
				}
				return
			}
			f.equal("record", f.describeRecord(record)+" | "+f.describeKeys(seen.Keys), c.want)
			f.recordsCreation(before, record.Current.ID, record.Current.CreatedAt)
			if p := record.Previous; p != nil {
				f.recordsCreation(before, p.ID, p.CreatedAt)
			}
			if record.Policy != nil {
				t.Errorf("an import has the policy %+v", record.Policy)
			}
		})
	}
}

// recordsCreation compares a recorded time of creation with that of the key in IAM.
func (f *fixture) recordsCreation(keys []iamsim.Key, id string, recorded time.Time) {
	f.Helper()
	i := slices.IndexFunc(keys, func(k iamsim.Key) bool { return k.ID == id })
	if i < 0 || !recorded.Equal(keys[i].CreatedAt) {
		f.Errorf("%s is recorded as created %s, want the time in IAM: %+v", f.name(id), recorded, keys)
	}
}
