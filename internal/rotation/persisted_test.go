package rotation

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// persistedConstants are the values that saved plans and private states hold, by type. To rename or remove one is to break those.
var persistedConstants = map[string]map[string]string{
	"Status": {"Active": "Active", "Inactive": "Inactive"},
	"Kind": {
		"Adopt":                 "adopt",
		"RecordDeactivated":     "record_deactivated",
		"RecordReactivated":     "record_reactivated",
		"RecordDeleted":         "record_deleted",
		"RecordCurrentInactive": "record_current_inactive",
		"RecordCurrentActive":   "record_current_active",
		"RecordRenamed":         "record_renamed",
		"RecordRequest":         "record_request",
		"Reactivate":            "reactivate",
		"Deactivate":            "deactivate",
		"DeletePrevious":        "delete_previous",
		"DeleteCurrent":         "delete_current",
		"DeleteUnmanaged":       "delete_unmanaged",
		"Rotate":                "rotate",
	},
	"Reason": {
		"ReasonCreated":    "created",
		"ReasonAge":        "age",
		"ReasonMissing":    "missing",
		"ReasonInactive":   "inactive",
		"ReasonRecreated":  "recreated",
		"ReasonChanged":    "changed",
		"ReasonRecipients": "recipients",
		"ReasonRevoked":    "revoked",
	},
	"Cause": {
		"CauseUnknownUser":   "unknown_user",
		"CauseUsed":          "used",
		"CauseOverlap":       "overlap",
		"CauseGrace":         "grace",
		"CauseHeld":          "held",
		"CausePaused":        "paused",
		"CauseUnmanaged":     "unmanaged",
		"CauseAdopted":       "adopted",
		"CauseSigner":        "signer",
		"CauseOnlyActive":    "only_active",
		"CauseYoung":         "young",
		"CauseNotOurs":       "not_ours",
		"CauseRevoked":       "revoked",
		"CauseExpired":       "expired",
		"CauseUnknownUse":    "unknown_use",
		"CauseHandover":      "handover",
		"CauseSettling":      "settling",
		"CauseRevokedActive": "revoked_active",
	},
}

// persistedEvidence has the JSON form of the evidence that the provider keeps in the private state.
type persistedEvidence struct {
	Seen              Observation `json:"seen"`
	Steps             []Step      `json:"steps,omitempty"`
	Blocked           Cause       `json:"blocked,omitempty"`
	RetirementBlocked Cause       `json:"retirement_blocked,omitempty"`
	Room              Room        `json:"room,omitzero"`
	ChangedAt         time.Time   `json:"changed_at,omitzero"`
	Removed           []string    `json:"removed,omitempty"`
}

// Steps in a plan that was saved by an earlier version must keep their meaning.
func TestStep_readsSavedPlan(t *testing.T) {
	t.Parallel()
	want := []Step{
		{Kind: "adopt", Key: other},
		{Kind: "record_deactivated", Key: prev},
		{Kind: "record_reactivated", Key: prev},
		{Kind: "record_deleted", Key: prev},
		{Kind: "record_current_inactive", Key: cur},
		{Kind: "record_current_active", Key: cur},
		{Kind: "record_renamed", Key: cur},
		{Kind: "record_request", Key: cur, Request: `rotate_when_changed["quarter"], encrypted_output`},
		{Kind: "record_request", Key: cur},
		{Kind: "reactivate", Key: prev},
		{Kind: "deactivate", Key: prev},
		{Kind: "delete_previous", Key: prev},
		{Kind: "delete_current", Key: cur},
		{Kind: "delete_unmanaged", Key: other},
		{Kind: "rotate", Reason: "created"},
		{Kind: "rotate", Key: cur, Replaced: "Active", Reason: "age"},
		{Kind: "rotate", Reason: "missing"},
		{Kind: "rotate", Key: cur, Replaced: "Inactive", Reason: "inactive"},
		{Kind: "rotate", Reason: "recreated"},
		{Kind: "rotate", Key: cur, Replaced: "Active", Reason: "changed"},
		{Kind: "rotate", Key: cur, Replaced: "Active", Reason: "recipients"},
		{Kind: "rotate", Key: cur, Replaced: "Active", Reason: "revoked", Revoke: true},
	}
	got := readPersisted[[]Step](t, "planned.json")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	kinds, reasons := make(map[string]bool), make(map[string]bool)
	for _, step := range got {
		kinds[string(step.Kind)] = true
		if step.Reason != "" {
			reasons[string(step.Reason)] = true
		}
	}
	checkCovers(t, "Kind", kinds)
	checkCovers(t, "Reason", reasons)
}

// Evidence in a private state that was written by an earlier version must keep its meaning.
func TestObservation_readsPrivateState(t *testing.T) {
	t.Parallel()
	want := []persistedEvidence{
		{Seen: Observation{Keys: []Key{{ID: cur, Status: "Active", CreatedAt: day(0)}}}},
		{Seen: Observation{UserUnknown: true}},
		{Seen: Observation{Recreated: true}, Steps: []Step{{Kind: "rotate", Reason: "recreated"}}},
		{
			Seen: Observation{
				Keys: []Key{
					{ID: cur, Status: "Active", CreatedAt: day(0), LastUse: &Use{}},
					{
						ID: prev, Status: "Inactive", CreatedAt: day(-90),
						LastUse: &Use{At: day(-3), Service: "s3", Region: "eu-west-1"},
					},
				},
				User:     "ci",
				Signers:  []string{prev, other},
				SignedAt: day(5),
			},
			Steps: []Step{
				{Kind: "delete_previous", Key: prev},
				{Kind: "rotate", Key: cur, Replaced: "Active", Reason: "age"},
			},
			ChangedAt: day(7),
			Removed:   []string{other},
		},
		{
			Seen: Observation{Keys: []Key{{ID: other, Status: "Active", CreatedAt: day(0), Other: true}}},
			Room: Room{Step: Step{Kind: "delete_previous", Key: prev}},
		},
		{Seen: Observation{Keys: []Key{}}, Room: Room{Cause: "handover", Key: prev}, RetirementBlocked: "handover"},
		{Seen: Observation{Keys: []Key{}, Settling: true}, Room: Room{Cause: "settling", Key: prev}},
	}
	for _, cause := range []Cause{
		"used", "overlap", "grace", "held", "paused", "unmanaged", "adopted", "signer", "only_active", "young", "not_ours", "revoked",
		"expired", "unknown_use", "handover", "settling", "revoked_active", "unknown_user",
	} {
		want = append(want, persistedEvidence{Seen: Observation{Keys: []Key{}}, Blocked: cause})
	}
	got := readPersisted[[]persistedEvidence](t, "evidence.json")
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	statuses, causes := make(map[string]bool), make(map[string]bool)
	for _, e := range got {
		for _, k := range e.Seen.Keys {
			statuses[string(k.Status)] = true
		}
		if e.Blocked != "" {
			causes[string(e.Blocked)] = true
		}
	}
	checkCovers(t, "Status", statuses)
	checkCovers(t, "Cause", causes)
}

// The source is read, so that a constant which somebody adds, renames or removes does not escape the table.
func TestConstants_persisted(t *testing.T) {
	t.Parallel()
	got := make(map[string]map[string]string)
	for name := range persistedConstants {
		got[name] = make(map[string]string)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok && d.Tok == token.CONST {
				for _, spec := range d.Specs {
					addConstants(t, got, spec)
				}
			}
		}
	}
	if !reflect.DeepEqual(got, persistedConstants) {
		t.Errorf("got %v\nwant %v", got, persistedConstants)
	}
}

// addConstants adds the constants of one declaration whose type is a key of constants.
func addConstants(t *testing.T, constants map[string]map[string]string, spec ast.Spec) {
	t.Helper()
	declared, ok := spec.(*ast.ValueSpec)
	if !ok {
		return
	}
	typ, ok := declared.Type.(*ast.Ident)
	if !ok || constants[typ.Name] == nil {
		return
	}
	for i, name := range declared.Names {
		literal, ok := declared.Values[i].(*ast.BasicLit)
		if !ok {
			t.Fatalf("the value of %s is no literal", name.Name)
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		constants[typ.Name][name.Name] = value
	}
}

// checkCovers asserts that the persisted data holds each constant of the type.
func checkCovers(t *testing.T, typ string, got map[string]bool) {
	t.Helper()
	values, want := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Values(persistedConstants[typ]))
	if !slices.Equal(values, want) {
		t.Errorf("values of %s in the persisted data: got %v, want %v", typ, values, want)
	}
}

// readPersisted decodes a file of testdata, which must hold no field that T does not know.
func readPersisted[T any](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var v T
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// A Room is stored in private states, so that what is written must be read back.
func TestRoom_roundTrip(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		room Room
		want string
	}{
		{Room{}, `{}`},
		{Room{Step: deletePrevious(prev)}, `{"step":{"kind":"delete_previous","key":"AKIAPREVIOUS"}}`},
		{Room{Cause: CauseSettling, Key: prev}, `{"cause":"settling","key":"AKIAPREVIOUS"}`},
	} {
		got := toJSON(t, tt.room)
		if got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
		var read Room
		if err := json.Unmarshal([]byte(got), &read); err != nil || read != tt.room {
			t.Errorf("read %+v, %v, want %+v", read, err, tt.room)
		}
	}
}
