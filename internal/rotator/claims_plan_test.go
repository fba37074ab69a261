package rotator_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// recordOf returns a record with these keys. Previous may be empty.
func recordOf(current, previous string) rotation.Record {
	r := rotation.Record{Current: rotation.Current{ID: current}}
	if previous != "" {
		r.Previous = &rotation.Previous{ID: previous}
	}
	return r
}

// TestClaimPlan_taken is about plans that adopt, deactivate or delete a key which another resource manages, or has adopted.
func TestClaimPlan_taken(t *testing.T) {
	t.Parallel()
	step := func(kind rotation.Kind, key string) rotation.Step { return rotation.Step{Kind: kind, Key: key} }
	type planned struct {
		record rotation.Record
		steps  []rotation.Step
		want   string
	}
	for _, c := range []struct {
		name string
		// read are the current keys of resources that were only read.
		read  []string
		plans []planned
	}{
		{name: "the keys of nobody", plans: []planned{
			{recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "X")}, ""}, {recordOf("B", ""), nil, ""},
		}},
		{name: "before the other resource was read", plans: []planned{
			{recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "B")}, ""}, {recordOf("B", ""), nil, "TakenError{B of B by A}"},
		}},
		{name: "a previous key, before the other resource was read", plans: []planned{
			{recordOf("A", ""), []rotation.Step{step(rotation.DeleteUnmanaged, "P")}, ""},
			{recordOf("B", "P"), nil, "TakenError{P of B by A}"},
		}},
		{name: "after the other resource was read", plans: []planned{
			{recordOf("B", ""), nil, ""}, {recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "B")}, "TakenError{B of B by A}"},
		}},
		{name: "a resource that the plan destroys", read: []string{"B"}, plans: []planned{
			{recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "B")}, ""},
		}},
		{name: "a key that was adopted once, planned last", plans: []planned{
			{recordOf("A", ""), nil, ""}, {recordOf("B", "A"), nil, "TakenError{A of A by B adopted}"},
		}},
		{name: "a key that was adopted once, planned first", plans: []planned{
			{recordOf("B", "A"), []rotation.Step{step(rotation.Deactivate, "A")}, ""}, {recordOf("A", ""), nil, "TakenError{A of A by B adopted}"},
		}},
		{name: "a key that was adopted once, of a resource that the plan destroys", read: []string{"A"}, plans: []planned{
			{recordOf("B", "A"), []rotation.Step{step(rotation.Deactivate, "A")}, ""},
		}},
		{name: "two resources that have adopted each other's key", plans: []planned{
			{recordOf("A", "B"), nil, ""},
			{recordOf("B", "A"), nil, "TakenError{A of A by B adopted}"},
			{recordOf("A", "B"), nil, "TakenError{B of B by A adopted}"},
		}},
		{name: "the own keys", plans: []planned{
			{recordOf("A", "P"), []rotation.Step{step(rotation.Deactivate, "P"), step(rotation.DeletePrevious, "P")}, ""},
			{recordOf("B", ""), nil, ""},
		}},
		{name: "planned once more without it", plans: []planned{
			{recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "B")}, ""}, {recordOf("A", ""), nil, ""}, {recordOf("B", ""), nil, ""},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for _, current := range c.read {
				f.client.ClaimRead("ci", current)
			}
			for i, p := range c.plans {
				f.equal(fmt.Sprint("plan ", i), f.describeError(f.client.ClaimPlan("ci", p.record, p.steps)), p.want)
			}
			if err := f.client.ClaimPlan("deploy", recordOf("A", ""), []rotation.Step{step(rotation.Adopt, "B")}); err != nil {
				t.Errorf("a plan for another user: %v", err)
			}
		})
	}
}

// TestPreviewCreate_takes is about creates that take the key C of a resource, in the order in which the two are read and planned.
func TestPreviewCreate_takes(t *testing.T) {
	t.Parallel()
	retire := standard()
	retire.UnmanagedKeys = rotation.RetireUnmanaged
	for _, c := range []struct {
		name string
		run  func(f *fixture, create, read, plan func() string)
	}{
		{"planned before the resource is read", func(f *fixture, create, read, plan func() string) {
			f.equal("create", create(), "adopt C")
			read()
			f.equal("plan", plan(), "TakenError{C of C by }")
		}},
		{"in a process that does not read it", func(f *fixture, create, _, plan func() string) {
			f.equal("create", create(), "adopt C")
			f.equal("plan", plan(), "")
		}},
		{"in an apply that changes the resource, and so knows it", func(f *fixture, create, _, plan func() string) {
			f.equal("plan", plan(), "")
			f.equal("create", create(), "")
		}},
		{"planned after the resource was read", func(f *fixture, create, read, plan func() string) {
			read()
			f.equal("create", create(), "may take C")
			f.equal("plan", plan(), "")
		}},
		{"the resource is read and planned while the create is", func(f *fixture, create, read, plan func() string) {
			f.before("GetAccessKeyLastUsed", 1, func() {
				read()
				f.equal("plan", plan(), "")
			})
			f.equal("create", create(), "adopt C: TakenError{C of C by }")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.single(day)
			f.use(record.Current.ID)
			create := func() string {
				preview, err := f.client.PreviewCreate(f.ctx(), "ci", retire)
				var text string
				for _, s := range preview.Decision.Steps {
					if s.Kind == rotation.Adopt {
						text = "adopt " + f.name(s.Key)
					}
				}
				for _, id := range preview.MayTake {
					text += "may take " + f.name(id)
				}
				if err != nil {
					text += ": " + f.describeError(err)
				}
				return text
			}
			read := func() string { return f.client.ClaimRead("ci", record.Current.ID) }
			c.run(f, create, read, func() string { return f.describeError(f.client.ClaimPlan("ci", record, nil)) })
		})
	}
}

// TestPreviewCreate_replaceable shows the keys that a replacement deletes of the resources that were read, and which were used within a
// day.
func TestPreviewCreate_replaceable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		given func(f *fixture, record rotation.Record)
		want  string
	}{
		{"not read", func(f *fixture, record rotation.Record) { f.fatal(f.client.ClaimPlan("ci", record, nil)) }, "[] []"},
		{"read", read, "[P C] [C]"},
		{"skip_destroy", func(f *fixture, record rotation.Record) {
			f.client.ClaimKept("ci", record.Current.ID)
			read(f, record)
		}, "[] []"},
		{"read, and kept by the plan", func(f *fixture, record rotation.Record) {
			read(f, record)
			f.fatal(f.client.ClaimPlan("ci", record, nil))
		}, "[] []"},
		{"previous adopted", func(f *fixture, record rotation.Record) {
			record.Previous.Adopted = true
			read(f, record)
		}, "[C] [C]"},
		{"user not found", func(f *fixture, record rotation.Record) { f.client.ClaimRead("ci", record.Current.ID) }, "[] []"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			record := f.pair(day)
			f.use(record.Current.ID)
			c.given(f, record)
			preview, err := f.client.PreviewCreate(f.ctx(), "ci", standard())
			f.fatal(err)
			names := func(ids []string) []string {
				named := slices.Clone(ids)
				for i, id := range ids {
					named[i] = f.name(id)
				}
				return named
			}
			var used []string
			for _, k := range preview.InUse {
				used = append(used, k.ID)
			}
			f.equal("keys", fmt.Sprint(names(preview.Replaceable), names(used)), c.want)
		})
	}
}

func read(f *fixture, record rotation.Record) {
	f.Helper()
	_, err := f.client.Read(f.ctx(), f.subject(record), record, rotator.Evidence{})
	f.fatal(err)
	f.client.ClaimRead("ci", record.Current.ID)
}
