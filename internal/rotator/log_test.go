package rotator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-log/tflogtest"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// logged are the log lines of a level: the message, and the key that it is about.
func (f *fixture) logged(level string) []string {
	f.Helper()
	entries, err := tflogtest.MultilineJSONDecode(strings.NewReader(f.log.String()))
	f.fatal(err)
	var lines []string
	for _, entry := range entries {
		if entry["@level"] != level {
			continue
		}
		line := fmt.Sprint(entry["@message"])
		if id, ok := entry["access_key_id"].(string); ok {
			line += " " + f.name(id)
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// TestLog_changes shows that each change is logged at Info, with the id of its key.
func TestLog_changes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		update func(f *fixture) rotator.Task
		want   []string
	}{
		{name: "nothing", update: steady()},
		{name: "deactivate", update: deactivating(), want: []string{"set the status of a key P"}},
		{name: "delete", update: deleting(), want: []string{"delete a key P"}},
		{
			name:   "rotate",
			update: rotating(func(_ *fixture, task *rotator.Task) { task.Description = "new" }),
			want:   []string{"create a key", "created a key new 1", "write the description of a key new 1", "write the description of a key C"},
		},
		{
			name:   "lost answer",
			update: losing(rotation.DeleteUnused),
			want:   []string{"create a key", "delete a key whose secret was lost new 1", "create a key", "created a key new 2"},
		},
		{
			name:   "withdrawn",
			update: rotating(withSealer(func(s *fakeSealer) { s.failSeal = errSealer })),
			want:   []string{"create a key", "created a key new 1", "delete a new key that is not kept new 1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.update(c.update(f))
			if got := f.logged("info"); !slices.Equal(got, c.want) {
				t.Errorf("logged %q, want %q", got, c.want)
			}
		})
	}
}

// TestLog_decisions shows that what was seen, what was decided and why is logged at Debug, and each retry.
func TestLog_decisions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given func(f *fixture)
		want  []string
	}{
		{
			name: "a rotation",
			given: func(f *fixture) {
				task, _ := f.rotationTask(rotation.RefuseUnmanaged)
				f.update(task)
			},
			want: []string{"seen C", "decided: step C", "located the keys", "seen C", "the new key is proved new 1"},
		},
		{
			name: "a stale plan",
			given: func(f *fixture) {
				f.update(deactivating(func(f *fixture, task *rotator.Task) { f.use(task.Record.Previous.ID) })(f))
			},
			want: []string{
				"seen P", "seen C", "decided: step P", "located the keys", "seen P", "seen C", "decided: the plan is stale P",
			},
		},
		{
			name: "blocked",
			given: func(f *fixture) {
				record := f.single(90 * day)
				f.newKey("X")
				seen := f.observe(record, standard())
				rotator.Decide(f.ctx(), "ci", standard(), record, seen, f.client.Now())
			},
			want: []string{"seen C", "seen X", "decided: blocked X"},
		},
		{
			name: "waiting",
			given: func(f *fixture) {
				record := f.pair(8 * day)
				f.deactivate(record.Previous.ID)
				record.Previous.DeactivatedAt = f.sim.Now()
				policy := standard()
				policy.HoldPrevious = true
				seen := f.observe(record, policy)
				rotator.Decide(f.ctx(), "ci", policy, record, seen, f.client.Now())
			},
			want: []string{"seen P", "seen C", "decided: waiting P"},
		},
		{
			name: "retries",
			given: func(f *fixture) {
				known := rotator.Evidence{ChangedAt: f.sim.Now(), Removed: []string{f.newKey("X")}}
				f.before("ListAccessKeys", 2, func() { f.sim.DeleteAccessKey(known.Removed[0]) })
				_, err := f.client.Locate(f.ctx(), rotator.Subject{User: "ci", RecordedUser: "ci"}, known)
				f.fatal(err)
			},
			want: []string{"stale read: the list does not show the last change, list again", "located the keys"},
		},
		{
			name: "retries for a new user",
			given: func(f *fixture) {
				f.sim.SetReadLag(200*time.Millisecond, 1)
				f.reported(f.create(createTask(standard())), "", "")
			},
			want: []string{"IAM knows no such user yet, ask again", "decided: step", "the new key is proved new 1"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c.given(f)
			if got := f.logged("debug"); !slices.Equal(got, c.want) {
				t.Errorf("logged %q, want %q", got, c.want)
			}
		})
	}
}

// TestHoldsSecret_finds shows that the search for secrets, which each fixture does at its end, would find one.
func TestHoldsSecret_finds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key := f.sim.CreateAccessKey("ci")
	for text, want := range map[string]bool{
		"the secret is " + key.Secret.Reveal() + ".": true,
		f.sim.Root().Secret.Reveal():                 true,
		fmt.Sprintf("%#v", key):                      false,
		key.AccessKeyID:                              false,
	} {
		if got := holdsSecret(f.sim, text); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	var probe fixture
	probe.print(&rotator.TrialError{Err: fmt.Errorf("wrapped: %w", errSealer)})
	if strings.Count(probe.printed.String(), errSealer.Error()) < 4 {
		t.Error("an error is not searched to its end")
	}
}
