package rotator_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// TestUpdate_descriptions is about the tags of the user that describe its keys.
func TestUpdate_descriptions(t *testing.T) {
	t.Parallel()
	described := func(recorded, configured string) func(*fixture, *rotator.Task) {
		return func(_ *fixture, task *rotator.Task) {
			task.RecordedDescription, task.Description = recorded, configured
		}
	}
	tagged := func(f *fixture, task *rotator.Task) {
		task.RecordedDescription, task.Description = "", "old"
		f.reported(f.update(*task), "", "")
		task.RecordedDescription, task.Description = "old", ""
	}
	adopted := func(f *fixture, task *rotator.Task) {
		task.Record.Previous.Adopted = true
		f.tag(task.Record.Previous.ID, "theirs")
	}
	const look = "ListAccessKeys ci, GetAccessKeyLastUsed P, "
	for _, c := range []struct {
		name    string
		update  func(f *fixture) rotator.Task
		notices string
		tags    string
		calls   string
	}{
		{name: "unchanged", update: steady(described("old", "old"))},
		{name: "written", update: steady(described("", "new")), tags: "C=new", calls: "TagUser ci"},
		{
			name: "written for both keys", update: deactivating(described("old", "new")), tags: "C=new, P=new",
			calls: look + "GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci, TagUser ci, TagUser ci",
		},
		{
			name: "written, and an adopted key keeps its own", update: deactivating(adopted, described("", "new")), tags: "C=new, P=theirs",
			calls: look + "GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci, TagUser ci",
		},
		{
			name: "removed, and an adopted key keeps its own", update: deactivating(adopted, described("old", "")), tags: "P=theirs",
			calls: look + "GetAccessKeyLastUsed C, UpdateAccessKey P, ListAccessKeys ci, UntagUser ci",
		},
		{
			name: "removed", update: steady(tagged), calls: "UntagUser ci",
		},
		{
			name: "not written", update: steady(described("", "new"), withDenied("TagUser")),
			notices: "DescriptionNotWritten{C}: TagUser AccessDenied", calls: "TagUser ci",
		},
		{
			name: "not removed", update: steady(tagged, withDenied("UntagUser")), tags: "C=old",
			notices: "DescriptionNotRemoved{C}: UntagUser AccessDenied", calls: "UntagUser ci",
		},
		{
			name: "rotated without a change", update: rotating(described("old", "old")), tags: "new 1=old",
			calls: "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, TagUser ci",
		},
		{
			name: "rotated with a change", update: rotating(described("", "new")), tags: "C=new, new 1=new",
			calls: "ListAccessKeys ci, CreateAccessKey ci, GetCallerIdentity, ListAccessKeys ci, TagUser ci, TagUser ci",
		},
		{
			name: "deleted with its key", update: deleting(described("old", "old")),
			calls: look + "DeleteAccessKey P, ListAccessKeys ci, UntagUser ci",
		},
		{
			name: "not deleted with its key", update: deleting(described("old", "old"), withDenied("UntagUser")),
			notices: "DescriptionNotRemoved{P}: UntagUser AccessDenied",
			calls:   look + "DeleteAccessKey P, ListAccessKeys ci, UntagUser ci",
		},
		{
			name: "a deleted key had none", update: deleting(described("", "new")), tags: "C=new",
			calls: look + "DeleteAccessKey P, ListAccessKeys ci, TagUser ci",
		},
		{
			name: "the user was renamed",
			update: deleting(described("old", "old"), func(f *fixture, _ *rotator.Task) {
				f.before("DeleteAccessKey", 1, func() { f.sim.RenameUser("ci", "deploy") })
			}),
			calls: look + "DeleteAccessKey P, GetCallerIdentity, GetAccessKeyLastUsed P, GetUser deploy, " +
				"DeleteAccessKey P of deploy, ListAccessKeys deploy, UntagUser deploy",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.reported(f.update(c.update(f)), "", c.notices)
			f.equal("tags", f.tags("ci")+f.tags("deploy"), c.tags)
			f.equal("calls", strings.Join(f.calls(), ", "), c.calls)
		})
	}
}

// tags are the tags of a user, with the names of the keys that they describe.
func (f *fixture) tags(user string) string {
	found, _ := f.sim.User(user)
	var texts []string
	for _, id := range slices.Collect(maps.Keys(found.Tags)) {
		texts = append(texts, fmt.Sprintf("%s=%s", f.name(id), found.Tags[id]))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}
