package rotator_test

import (
	"context"
	"sync"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestClaimRead_others shows what a read of a resource with the current key C hears of other resources in its process.
func TestClaimRead_others(t *testing.T) {
	t.Parallel()
	planCreate := func(f *fixture, user string) {
		_, err := f.client.PreviewCreate(f.ctx(), user, standard())
		f.fatal(err)
	}
	for _, c := range []struct {
		name  string
		given func(f *fixture)
		// read is whether any resource of the user was read before.
		read bool
		want string
	}{
		{name: "alone", given: func(*fixture) {}},
		{name: "read before", given: func(f *fixture) { f.client.ClaimRead("ci", "C") }, read: true},
		{name: "another resource was read", given: func(f *fixture) { f.client.ClaimRead("ci", "D") }, read: true, want: "D"},
		{name: "the resource of another user was read", given: func(f *fixture) { f.client.ClaimRead("deploy", "D") }},
		{name: "a create is planned", given: func(f *fixture) { planCreate(f, "ci") }, want: rotator.Creating},
		{name: "a create for another user is planned", given: func(f *fixture) { planCreate(f, "deploy") }},
		{
			// A replacement plans its create after the read of what it replaces.
			name: "a create is planned after the first read",
			given: func(f *fixture) {
				f.client.ClaimRead("ci", "C")
				planCreate(f, "ci")
			},
			read: true,
			want: rotator.Creating,
		},
		{
			name:  "another resource was created",
			given: func(f *fixture) { f.reported(f.create(createTask(standard())), "", "") },
			want:  "new 1",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c.given(f)
			if got := f.client.WasRead("ci"); got != c.read {
				t.Errorf("WasRead = %v, want %v", got, c.read)
			}
			f.equal("other", f.name(f.client.ClaimRead("ci", "C")), c.want)
			if !f.client.WasRead("ci") {
				t.Error("the user was not read")
			}
		})
	}
}

// TestClaimRead_rotation shows that a resource keeps its claim when its key is replaced.
func TestClaimRead_rotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task, old := f.rotationTask(rotation.RefuseUnmanaged)
	f.equal("other before", f.client.ClaimRead("ci", old), "")
	f.reported(f.update(task), "", "")
	f.equal("other after", f.client.ClaimRead("ci", f.saved().Record.Current.ID), "")
	f.equal("other for the old key", f.name(f.client.ClaimRead("ci", old)), "new 1")
}

// TestClaimRead_foreignRotation shows that the rotation of one resource leaves the claim of another alone.
func TestClaimRead_foreignRotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task, _ := f.rotationTask(rotation.RefuseUnmanaged)
	f.client.ClaimRead("ci", "D")
	f.reported(f.update(task), "", "")
	f.equal("other", f.client.ClaimRead("ci", f.saved().Record.Current.ID), "D")
}

// TestRead_other shows that a Read marks the keys of another resource, both of them, and not its own.
func TestRead_other(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	record := f.pair(day)
	other := rotation.Record{Current: record.Current}
	f.fatal(f.client.ClaimPlan("ci", rotation.Record{Current: rotation.Current{ID: record.Previous.ID}}, nil))
	user, _ := f.sim.User("ci")
	subject := rotator.Subject{User: "ci", RecordedUser: "ci", AccountID: accountID, UniqueID: user.ID, Current: other.Current}
	found, err := f.client.Read(f.ctx(), subject, other, rotator.Evidence{})
	f.fatal(err)
	for _, k := range found.Evidence.Seen.Keys {
		if want := k.ID == record.Previous.ID; k.Other != want {
			t.Errorf("%s: Other = %v, want %v", f.name(k.ID), k.Other, want)
		}
	}
}

// TestUpdate_taken has an Update refuse to delete a key that another resource of its process manages, or did in the process of the
// plan.
func TestUpdate_taken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	task, x := f.unmanagedTask()
	f.client.ClaimRead("ci", x)
	f.reported(f.update(task), "TakenError{X of X by C}", "")
	f.savedLast(unsaved)
	f.equal("IAM", f.inIAM("ci"), "C Active, X Active")
}

// TestCreate_race has two resources of one process create the key of one user at the same time: one of them does.
func TestCreate_race(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var reports [2]rotator.Report
	var both sync.WaitGroup
	for i := range reports {
		both.Go(func() {
			task := createTask(standard())
			task.Save = func(context.Context, rotator.State) {}
			reports[i] = f.client.Create(f.ctx(), task)
		})
	}
	both.Wait()
	first, second := f.describeError(reports[0].Err), f.describeError(reports[1].Err)
	if refused := first + second; refused != "ManagedError{(being created)}" && refused != "ManagedError{new 1}" {
		t.Errorf("got the errors %q and %q, want one that another resource manages the user", first, second)
	}
	f.equal("IAM", f.inIAM("ci"), "new 1 Active")
}
