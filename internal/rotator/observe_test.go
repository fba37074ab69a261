package rotator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// standard is the policy of the tests: an age of 90 days, overlap and grace of a week, unused for a day.
func standard() rotation.Policy {
	return rotation.Policy{
		RotateAfter: 90 * day, Overlap: 7 * day, Grace: 7 * day, RequireUnusedFor: day, UnmanagedKeys: rotation.RefuseUnmanaged,
	}
}

// describeUses are the keys that have a last use in an observation.
func (f *fixture) describeUses(seen rotation.Observation) string {
	var texts []string
	for _, k := range seen.Keys {
		switch {
		case k.LastUse == nil:
		case k.LastUse.At.IsZero():
			texts = append(texts, f.name(k.ID)+" never")
		default:
			texts = append(texts, fmt.Sprintf("%s %s by %s in %s", f.name(k.ID), f.since(k.LastUse.At), k.LastUse.Service, k.LastUse.Region))
		}
	}
	return strings.Join(texts, ", ")
}

// TestObserve_lastUses shows which keys IAM is asked about. The user has the keys P and C, of which P was used a day ago.
func TestObserve_lastUses(t *testing.T) {
	t.Parallel()
	ago := func(f *fixture, d time.Duration) time.Time { return f.sim.Now().Add(-d) }
	for _, c := range []struct {
		name   string
		record func(f *fixture, p, c string) rotation.Record
		want   string
		calls  []string
	}{
		{
			name: "no record",
			record: func(*fixture, string, string) rotation.Record {
				return rotation.Record{}
			},
			want:  "P -1d by s3 in eu-west-1, C never",
			calls: []string{"GetAccessKeyLastUsed P", "GetAccessKeyLastUsed C"},
		},
		{
			name: "P is unmanaged",
			record: func(_ *fixture, _, c string) rotation.Record {
				return rotation.Record{Current: rotation.Current{ID: c}}
			},
			want:  "P -1d by s3 in eu-west-1",
			calls: []string{"GetAccessKeyLastUsed P"},
		},
		{
			name: "P is previous and Active",
			record: func(_ *fixture, p, c string) rotation.Record {
				return rotation.Record{Current: rotation.Current{ID: c}, Previous: &rotation.Previous{ID: p}}
			},
			want:  "P -1d by s3 in eu-west-1, C never",
			calls: []string{"GetAccessKeyLastUsed P", "GetAccessKeyLastUsed C"},
		},
		{
			name: "P is previous and Inactive, and its grace is not over",
			record: func(f *fixture, p, c string) rotation.Record {
				f.deactivate(p)
				return rotation.Record{
					Current: rotation.Current{ID: c}, Previous: &rotation.Previous{ID: p, DeactivatedAt: ago(f, 7*day-time.Second)},
				}
			},
		},
		{
			name: "P is previous and Inactive, and its grace is over",
			record: func(f *fixture, p, c string) rotation.Record {
				f.deactivate(p)
				return rotation.Record{Current: rotation.Current{ID: c}, Previous: &rotation.Previous{ID: p, DeactivatedAt: ago(f, 7*day)}}
			},
			want:  "P -1d by s3 in eu-west-1",
			calls: []string{"GetAccessKeyLastUsed P"},
		},
		{
			name: "P is previous and Inactive, which is not recorded",
			record: func(f *fixture, p, c string) rotation.Record {
				f.deactivate(p)
				return rotation.Record{Current: rotation.Current{ID: c}, Previous: &rotation.Previous{ID: p}}
			},
			want:  "P -1d by s3 in eu-west-1",
			calls: []string{"GetAccessKeyLastUsed P"},
		},
		{
			name: "P is gone",
			record: func(f *fixture, p, c string) rotation.Record {
				f.sim.DeleteAccessKey(p)
				return rotation.Record{Current: rotation.Current{ID: c}, Previous: &rotation.Previous{ID: p}}
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			p, current := f.newKey("P"), f.newKey("C")
			f.use(p)
			f.sim.Advance(day)
			f.began = f.sim.Now()
			record := c.record(f, p, current)
			keys, err := f.client.List(f.ctx(), "ci")
			f.fatal(err)
			f.sim.ResetLog()
			seen, unknown, err := f.client.Observe(f.ctx(), "ci", keys, record, standard())
			f.fatal(err)
			f.equal("unknown", f.describeUnknown(unknown), "")
			f.equal("last uses", f.describeUses(seen), c.want)
			f.equal("signers", strings.Join(seen.Signers, " "), f.sim.Root().AccessKeyID)
			f.calledExactly(c.calls...)
		})
	}
}

// TestObserve_unreadable is about the last use of the key X, which can't be read. Whatever the reason, it is unknown.
func TestObserve_unreadable(t *testing.T) {
	t.Parallel()
	list, use := "ListAccessKeys ci", "GetAccessKeyLastUsed X"
	fault := func(kind iamsim.FaultKind) func(*fixture) {
		return func(f *fixture) { f.sim.AddFault(iamsim.Fault{Action: "GetAccessKeyLastUsed", Kind: kind}) }
	}
	for _, c := range []struct {
		name  string
		given func(*fixture)
		// want are the keys that are seen, and unknown which have an unknown last use.
		want, unknown, err string
		calls              []string
	}{
		{
			name:    "denied",
			given:   func(f *fixture) { f.deny("GetAccessKeyLastUsed") },
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed AccessDenied",
			calls:   []string{use, list},
		},
		{
			name:    "denied, and the list fails afterwards",
			given:   func(f *fixture) { f.deny("GetAccessKeyLastUsed", "ListAccessKeys") },
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed AccessDenied",
			calls:   []string{use, list},
		},
		{
			name:    "service failure",
			given:   fault(iamsim.ErrorBeforeCommit),
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed ServiceFailure",
			calls:   []string{use, use},
		},
		{
			name:    "throttled",
			given:   fault(iamsim.Throttled),
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed Throttling",
			calls:   []string{use, use},
		},
		{
			name:    "no answer",
			given:   fault(iamsim.CutBeforeCommit),
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed no answer",
			calls:   []string{use, use},
		},
		{
			name:    "an empty answer is not a key that nobody used",
			given:   fault(iamsim.Empty200),
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed bad answer",
			calls:   []string{use},
		},
		{
			// AWS answers AccessDenied for a key that does not exist.
			name: "the key is deleted between the list and the question",
			given: func(f *fixture) {
				f.before("GetAccessKeyLastUsed", 1, func() { f.sim.DeleteAccessKey(f.sim.Keys("ci")[0].ID) })
			},
			calls: []string{use, list},
		},
		{
			name: "the key is deleted, and the next list is stale, too",
			given: func(f *fixture) {
				f.before("GetAccessKeyLastUsed", 1, func() {
					f.sim.Advance(time.Minute)
					f.sim.DeleteAccessKey(f.sim.Keys("ci")[0].ID)
					f.sim.Advance(time.Second)
					f.sim.SetReadLag(2*time.Second, 1)
				})
			},
			want:    "X Active",
			unknown: "LastUseUnknown{X}: GetAccessKeyLastUsed AccessDenied",
			calls:   []string{use, list},
		},
		{
			name:  "the context ends",
			given: func(f *fixture) { f.before("GetAccessKeyLastUsed", 1, func() { f.cancel() }) },
			err:   "ReadError{last use ci}: GetAccessKeyLastUsed canceled",
			calls: []string{use},
		},
		{
			name: "no credentials",
			given: func(f *fixture) {
				f.client = f.clientAs(f.sim.Root(), func(cfg *aws.Config) {
					cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
						return aws.Credentials{}, errors.New("the session has expired")
					})
				})
			},
			err: "ReadError{last use ci}: credentials missing",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.newKey("X")
			keys, err := f.client.List(f.ctx(), "ci")
			f.fatal(err)
			f.sim.ResetLog()
			c.given(f)
			ctx, cancel := context.WithCancel(f.ctx())
			f.cancel = cancel
			seen, unknown, err := f.client.Observe(ctx, "ci", keys, rotation.Record{}, standard())
			f.print(err)
			f.equal("error", f.describeError(err), c.err)
			f.equal("unknown", f.describeUnknown(unknown), c.unknown)
			if err == nil {
				f.equal("keys", f.describeKeys(seen.Keys), c.want)
			}
			f.calledExactly(c.calls...)
		})
	}
}

// TestObserve_noSuchKey is about an endpoint that says NoSuchEntity of a key that does not exist, as AWS's documentation
// of GetAccessKeyLastUsed has it.
func TestObserve_noSuchKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.newKey("X")
	answer := "<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>no such key</Message></Error></ErrorResponse>"
	client := f.clientAs(f.sim.Root(), func(cfg *aws.Config) {
		cfg.HTTPClient = cannedLastUse{status: http.StatusNotFound, body: answer}
	})
	keys, err := client.List(f.ctx(), "ci")
	f.fatal(err)
	seen, unknown, err := client.Observe(f.ctx(), "ci", keys, rotation.Record{}, standard())
	f.fatal(err)
	f.equal("keys", f.describeKeys(seen.Keys), "X Active")
	f.equal("last uses", f.describeUses(seen), "")
	f.equal("unknown", f.describeUnknown(unknown), "LastUseUnknown{X}: GetAccessKeyLastUsed NoSuchEntity")
}

// cannedLastUse is an HTTP client that answers GetAccessKeyLastUsed by itself.
type cannedLastUse struct {
	status int
	body   string
}

func (c cannedLastUse) Do(r *http.Request) (*http.Response, error) {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if !bytes.Contains(request, []byte("Action=GetAccessKeyLastUsed")) {
		r.Body = io.NopCloser(bytes.NewReader(request))
		return http.DefaultTransport.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {"text/xml"}},
		Body: io.NopCloser(strings.NewReader(c.body)), ContentLength: int64(len(c.body)),
	}, nil
}

func TestObserve_signer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	own := f.sim.CreateAccessKey("ci")
	client := f.clientAs(own)
	keys, err := client.List(f.ctx(), "ci")
	f.fatal(err)
	seen, _, err := client.Observe(f.ctx(), "ci", keys, rotation.Record{Current: rotation.Current{ID: own.AccessKeyID}}, standard())
	f.fatal(err)
	f.equal("signers", strings.Join(seen.Signers, " "), own.AccessKeyID)
}

// TestPreviewCreate_outcomes shows what a plan of a create finds out.
func TestPreviewCreate_outcomes(t *testing.T) {
	t.Parallel()
	twoKeys := func(f *fixture) {
		f.newKey("A")
		f.newKey("B")
	}
	for _, c := range []struct {
		name  string
		given func(*fixture)
		keys  rotation.UnmanagedKeys
		// want are the fields of the preview that are set.
		want  string
		err   string
		calls []string
	}{
		{
			name:  "no user yet",
			given: func(f *fixture) { f.sim.DeleteUser("ci") },
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name:  "no keys",
			given: func(*fixture) {},
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name:  "a free slot",
			given: func(f *fixture) { f.newKey("A") },
			want:  "seen A Active, step rotate ",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A"},
		},
		{
			name:  "no free slot",
			given: twoKeys,
			want:  "seen A Active, B Active, refused unmanaged A",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A", "GetAccessKeyLastUsed B"},
		},
		{
			name:  "an unused key is deleted",
			given: twoKeys, keys: rotation.DeleteUnused,
			want:  "seen A Active, B Active, step delete_unmanaged A, step rotate ",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A", "GetAccessKeyLastUsed B"},
		},
		{
			name:  "a key is adopted",
			given: func(f *fixture) { f.newKey("A") }, keys: rotation.RetireUnmanaged,
			want:  "seen A Active, step adopt A, step rotate ",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A"},
		},
		{
			name: "another resource manages the user",
			given: func(f *fixture) {
				f.client.ClaimRead("ci", f.newKey("C"))
			},
			want:  "other C, seen C Active of another, step rotate , managed",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed C"},
		},
		{
			name: "another resource manages the user, whose keys can't be listed",
			given: func(f *fixture) {
				f.client.ClaimRead("ci", f.newKey("C"))
				f.deny("ListAccessKeys")
			},
			want:  "other C",
			err:   "ReadError{keys ci}: ListAccessKeys AccessDenied",
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "another resource creates its key for the user at this time",
			given: func(f *fixture) {
				f.newKey("A")
				f.before("GetAccessKeyLastUsed", 1, func() { f.client.ClaimRead("ci", "AKIAOTHER") })
			},
			want:  "seen A Active, step rotate , managed",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A"},
		},
		{
			name:  "list denied",
			given: func(f *fixture) { f.deny("ListAccessKeys") },
			err:   "ReadError{keys ci}: ListAccessKeys AccessDenied",
			calls: []string{"ListAccessKeys ci"},
		},
		{
			name: "last use denied",
			given: func(f *fixture) {
				f.newKey("A")
				f.deny("GetAccessKeyLastUsed")
			},
			want:  "seen A Active, step rotate , LastUseUnknown{A}: GetAccessKeyLastUsed AccessDenied",
			calls: []string{"ListAccessKeys ci", "GetAccessKeyLastUsed A", "ListAccessKeys ci"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c.given(f)
			policy := standard()
			if c.keys != "" {
				policy.UnmanagedKeys = c.keys
			}
			preview, err := f.client.PreviewCreate(f.ctx(), "ci", policy)
			f.print(err)
			f.equal("error", f.describeError(err), c.err)
			f.equal("preview", f.describePreview(preview), c.want)
			f.calledExactly(c.calls...)
		})
	}
}

func (f *fixture) describePreview(p rotator.Preview) string {
	var parts []string
	if p.Other != "" {
		parts = append(parts, "other "+f.name(p.Other))
	}
	if len(p.Seen.Keys) > 0 {
		parts = append(parts, "seen "+f.describeKeys(p.Seen.Keys))
	}
	for _, s := range p.Decision.Steps {
		parts = append(parts, "step "+string(s.Kind)+" "+f.name(s.Key))
	}
	if r := p.Decision.Refused; r != nil {
		parts = append(parts, "refused "+string(r.Cause)+" "+f.name(r.Key))
	}
	if p.Unknown != nil {
		parts = append(parts, f.describeUnknown(p.Unknown))
	}
	if p.Managed {
		parts = append(parts, "managed")
	}
	return strings.Join(parts, ", ")
}

// TestPreviewCreate_kept shows which keys a replacement leaves: those of a resource with skip_destroy.
func TestPreviewCreate_kept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kept bool
		pair bool
		want []string
	}{
		"both keys":            {kept: true, pair: true, want: []string{"P", "C"}},
		"current":              {kept: true, want: []string{"C"}},
		"without skip_destroy": {pair: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			create := (*fixture).single
			if c.pair {
				create = (*fixture).pair
			}
			record := create(f, day)
			_, err := f.client.Read(f.ctx(), f.subject(record), record, rotator.Evidence{})
			f.fatal(err)
			if c.kept {
				f.client.ClaimKept("ci", record.Current.ID)
			}
			preview, err := f.client.PreviewCreate(f.ctx(), "ci", standard())
			f.fatal(err)
			var kept []string
			for _, id := range preview.Kept {
				kept = append(kept, f.name(id))
			}
			if !slices.Equal(kept, c.want) {
				t.Errorf("kept %v, want %v", kept, c.want)
			}
		})
	}
}

// TestSyncTime_handsItsListOn shows that an Update uses the list of SyncTime once, and within five seconds.
func TestSyncTime_handsItsListOn(t *testing.T) {
	t.Parallel()
	list, use := "ListAccessKeys ci", "GetAccessKeyLastUsed P"
	for _, c := range []struct {
		name  string
		given func(*fixture)
		calls []string
	}{
		{name: "at once", given: func(*fixture) {}, calls: []string{list, use}},
		{name: "within five seconds", given: func(f *fixture) { f.sim.Advance(5*time.Second - 1) }, calls: []string{list, use}},
		{name: "after five seconds", given: func(f *fixture) { f.sim.Advance(5 * time.Second) }, calls: []string{list, list, use}},
		{
			name:  "once only",
			given: func(f *fixture) { f.update(f.recordedTask()) },
			calls: []string{list, use, list, use},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.deactivate(f.newKey("P"))
			f.newKey("C")
			f.sim.Advance(day)
			task := f.recordedTask()
			f.newClient()
			if f.client.Synced() {
				t.Error("the time is known before the first call")
			}
			f.client.SyncTime(f.ctx(), "ci")
			if !f.client.Synced() || !f.client.Now().Equal(f.sim.Now()) {
				t.Errorf("synced %v at %v, want true at %v", f.client.Synced(), f.client.Now(), f.sim.Now())
			}
			c.given(f)
			report := f.update(task)
			f.equal("error", f.describeError(report.Err), "")
			f.calledExactly(c.calls...)
		})
	}
}

// recordedTask records that somebody deactivated P, which changes nothing in IAM.
func (f *fixture) recordedTask() rotator.Task {
	f.Helper()
	keys := f.sim.Keys("ci")
	policy := standard()
	user, _ := f.sim.User("ci")
	return rotator.Task{
		User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID, Policy: policy,
		Record: rotation.Record{
			Policy:   &policy,
			Current:  rotation.Current{ID: keys[1].ID, CreatedAt: keys[1].CreatedAt},
			Previous: &rotation.Previous{ID: keys[0].ID, CreatedAt: keys[0].CreatedAt, ReplacedAt: keys[1].CreatedAt},
		},
		Planned: []rotation.Step{{Kind: rotation.RecordDeactivated, Key: keys[0].ID}},
	}
}

func TestSyncTime_listDenied(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.deactivate(f.newKey("P"))
	f.newKey("C")
	f.sim.Advance(day)
	f.deny("ListAccessKeys")
	f.client.SyncTime(f.ctx(), "ci")
	if !strings.Contains(f.log.String(), "AWS's time is not known") {
		t.Errorf("the log does not say that the time is not known: %s", f.log)
	}
	f.sim.ClearDenials()
	report := f.update(f.recordedTask())
	f.equal("error", f.describeError(report.Err), "")
	f.calledExactly("ListAccessKeys ci", "ListAccessKeys ci", "GetAccessKeyLastUsed P")
}

func TestPreviewCreate_handsItsListOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.client.PreviewCreate(f.ctx(), "ci", standard())
	f.fatal(err)
	f.equal("error", f.describeError(f.create(createTask(standard())).Err), "")
	f.calledExactly("ListAccessKeys ci", "CreateAccessKey ci", "GetCallerIdentity", "ListAccessKeys ci")
}
