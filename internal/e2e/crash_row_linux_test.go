package e2e_test

import (
	"testing"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/acctest"
)

// crashRow is a row of the matrix: a transition in the life of a key. Keys have the names of a story; one that the
// transition creates is called new.
type crashRow struct {
	name string
	// setUp brings a story to where the transition is due, or asked for by args.
	setUp func(*testing.T) *acctest.Story
	args  acctest.Args
	// more is added to the configuration.
	more string
	// late happens between plan and apply.
	late func(*acctest.Story)
	// now reports whether plan and apply are one command, because a saved plan would leave no call for the apply.
	now     bool
	destroy bool
	// revokes reports whether the existing keys must not work any more.
	revokes bool
	// fails reports whether the apply must fail even without a fault.
	fails bool
	// kept are the keys whose consumers must be able to work at every instant.
	kept []string
	// end is what is true once there is nothing more to do. Under delete_unused it may also be the other one, where that edit
	// comes before the transition.
	end, otherEnd string
}

const description = `"ci deployer"`

// sealedByKMS are byAge's arguments with a KMS key as the recipient.
func sealedByKMS(more acctest.Args) acctest.Args {
	return acctest.SealedBy(acctest.Args{"kms_key_id": acctest.HCLString(kmsAlias)}, more)
}

var (
	described = acctest.ByAge(acctest.Args{"description": description})
	sealed    = sealedByKMS(nil)
	asked     = acctest.Args{"rotate_when_changed": `{ quarter = "2026-Q1" }`}
	leaked    = acctest.Args{"revoke_when_changed": `{ incident = "1" }`}
)

// crashRows are the rows of the matrix, those with most calls first.
var crashRows = []crashRow{
	{
		name: "revoke with the previous key deleted, sealed", setUp: overlapping(sealed), args: sealedByKMS(leaked), revokes: true,
		end: "current new Active, previous k2 Inactive",
	},
	{
		name: "revoke, sealed", setUp: steadyFor("1d", sealed), args: sealedByKMS(leaked), revokes: true,
		end: "current new Active, previous k1 Inactive",
	},
	{
		name: "revoke with the deactivated current key deleted", setUp: currentDeactivated, args: acctest.ByAge(leaked), revokes: true,
		end: "current new Active, previous k1 Inactive",
	},
	{
		name: "rotate with the previous key deleted, sealed", setUp: crowded(sealed), args: sealed, kept: []string{"k2"},
		end: "current new Active, previous k2 Active",
	},
	{
		name: "rotate with the previous key deleted", setUp: crowded(described), args: described, kept: []string{"k2"},
		end: "current new Active, previous k2 Active",
	},
	{
		name: "create, sealed", setUp: emptyUser, args: sealed,
		end: "current new Active",
	},
	{
		name: "create", setUp: emptyUser, args: described,
		end: "current new Active",
	},
	{
		name: "rotate, sealed", setUp: steadyFor("90d", sealed), args: sealed, kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "rotate", setUp: steadyFor("90d", acctest.ByAge(nil)), args: acctest.ByAge(nil), kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "rotate when asked", setUp: steadyFor("1d", acctest.ByAge(nil)), args: acctest.ByAge(asked), kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "revoke with the previous key deleted", setUp: overlapping(acctest.ByAge(nil)), args: acctest.ByAge(leaked), revokes: true,
		end: "current new Active, previous k2 Inactive",
	},
	{
		name: "revoke", setUp: steadyFor("1d", acctest.ByAge(nil)), args: acctest.ByAge(leaked), revokes: true,
		end: "current new Active, previous k1 Inactive",
	},
	{
		name: "destroy", setUp: overlapping(described), args: described, destroy: true,
	},
	{
		name: "delete", setUp: inactiveFor("7d", described), args: described, kept: []string{"k2"},
		end: "current k2 Active",
	},
	{
		name: "deactivate", setUp: movedOver, args: acctest.ByAge(nil), kept: []string{"k2"},
		end: "current k2 Active, previous k1 Inactive",
	},
	{
		name: "deactivate, but used since the plan", setUp: movedOver, args: acctest.ByAge(nil), kept: []string{"k1", "k2"},
		late: func(s *acctest.Story) { s.UseKey("k1") }, fails: true,
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "record that the current key was deactivated", setUp: currentDeactivated, args: acctest.ByAge(nil), kept: []string{"k1"},
		end: "current k2 Inactive, previous k1 Active",
	},
	{
		name: "record a request that has to wait", setUp: overlapping(acctest.ByAge(nil)), args: acctest.ByAge(asked),
		kept: []string{"k1", "k2"},
		end:  "current k2 Active, previous k1 Active",
	},
	{
		name: "record that the user was renamed", setUp: renamed, args: acctest.OfUser("old"), kept: []string{"k1"},
		end: "current k1 Active",
	},
	{
		name: "hold", setUp: inactiveFor("1d", acctest.ByAge(nil)), args: acctest.Held(), kept: []string{"k2"},
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "release", setUp: released, args: acctest.ByAge(nil), kept: []string{"k1", "k2"},
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "import", setUp: inUse, args: acctest.ByAge(nil), more: acctest.ImportHCL(acctest.KeyAddress, "ci"), now: true,
		kept: []string{"theirs"},
		end:  "current theirs Active",
	},
	{
		name: "adopt", setUp: joined, args: acctest.Unmanaged("retire"), kept: []string{"k1", "theirs"},
		end: "current k1 Active, previous theirs Active", otherEnd: "current k1 Active, besides theirs Active",
	},
	{
		name: "seal what was in plain text", setUp: steadyFor("1d", acctest.ByAge(nil)), args: sealed, kept: []string{"k1"},
		end: "current k1 Active",
	},
}

// bystander is a user whom no configuration names.
const bystander = "bystander"

// emptyUser has the user ci without a key, a bystander with one, and a KMS key.
func emptyUser(t *testing.T) *acctest.Story {
	t.Helper()
	s := acctest.NewStory(t).SkipWaits()
	s.Sim.CreateUser(bystander)
	s.Sim.CreateAccessKey(bystander)
	s.Sim.CreateKMSKey("us-east-1", kmsAlias)
	return s
}

// steadyFor has k1, created that long ago.
func steadyFor(span string, args acctest.Args) func(*testing.T) *acctest.Story {
	return func(t *testing.T) *acctest.Story {
		t.Helper()
		s := emptyUser(t)
		s.Write(args)
		s.Apply()
		s.Advance(span)
		return s
	}
}

// overlapping has k1, which k2 replaced a day ago.
func overlapping(args acctest.Args) func(*testing.T) *acctest.Story {
	return func(t *testing.T) *acctest.Story {
		t.Helper()
		s := steadyFor("90d", args)(t)
		s.Apply()
		s.ClearLastUse("k1")
		s.Advance("1d")
		return s
	}
}

// currentDeactivated has k1, which k2 replaced a day ago, and k2, which somebody has deactivated an hour ago.
func currentDeactivated(t *testing.T) *acctest.Story {
	t.Helper()
	s := overlapping(acctest.ByAge(nil))(t)
	s.SetStatus("k2", "Inactive")
	s.Advance("1h")
	return s
}

// renamed has k1 of a user who was called old when it was created.
func renamed(t *testing.T) *acctest.Story {
	t.Helper()
	s := emptyUser(t)
	s.Sim.DeleteUser("ci")
	s.Sim.CreateUser("old")
	s.Write(acctest.OfUser("old"))
	s.Apply()
	s.Advance("1d")
	s.Sim.RenameUser("old", "ci")
	return s
}

// crowded has k1, which nobody has used since k2 replaced it, k2 in use, and a rotation due that needs the slot of k1.
func crowded(args acctest.Args) func(*testing.T) *acctest.Story {
	return func(t *testing.T) *acctest.Story {
		t.Helper()
		s := overlapping(args)(t)
		s.UseKey("k2")
		s.Advance("200d")
		return s
	}
}

// movedOver has k1 past its overlap, and its consumers use k2.
func movedOver(t *testing.T) *acctest.Story {
	t.Helper()
	s := overlapping(acctest.ByAge(nil))(t)
	s.UseKey("k2")
	s.Advance("7d")
	return s
}

// inactiveFor has k1 deactivated that long ago.
func inactiveFor(span string, args acctest.Args) func(*testing.T) *acctest.Story {
	return func(t *testing.T) *acctest.Story {
		t.Helper()
		s := overlapping(args)(t)
		s.UseKey("k2")
		s.Advance("7d")
		s.Apply()
		s.Advance(span)
		return s
	}
}

// released has a k1 that a hold has brought back an hour ago.
func released(t *testing.T) *acctest.Story {
	t.Helper()
	s := inactiveFor("1d", acctest.ByAge(nil))(t)
	s.Write(acctest.Held())
	s.Apply()
	s.Advance("1h")
	return s
}

// inUse has a key that somebody else created and uses.
func inUse(t *testing.T) *acctest.Story {
	t.Helper()
	s := emptyUser(t)
	s.CreateForeignKey("theirs")
	s.UseKey("theirs")
	s.Advance("1d")
	return s
}

// joined has k1, and a key in use that somebody else created later.
func joined(t *testing.T) *acctest.Story {
	t.Helper()
	s := steadyFor("1d", acctest.Unmanaged("retire"))(t)
	s.CreateForeignKey("theirs")
	s.UseKey("theirs")
	s.Advance("1h")
	return s
}
