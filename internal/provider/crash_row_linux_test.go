package provider_test

import "testing"

// crashRow is a row of the matrix: a transition in the life of a key. Keys have the names of a story; one that the
// transition makes is called new.
type crashRow struct {
	name string
	// scene brings a story to where the transition is due, or asked for by args.
	scene func(*testing.T) *story
	args  keyArgs
	// more is added to the configuration.
	more string
	// late happens between plan and apply.
	late func(*story)
	// now tells that plan and apply are one command, because a saved plan would leave no call for the apply.
	now     bool
	destroy bool
	// revokes tells that the keys of the scene are to work no more.
	revokes bool
	// fails tells that the apply must fail even when nothing befalls it.
	fails bool
	// kept are the keys whose consumers must be able to work at every instant.
	kept []string
	// end is what is true once there is nothing more to do. Under delete_unused it may also be the other one, where that edit
	// comes before the transition.
	end, otherEnd string
}

const description = `"ci deployer"`

// sealedByKMS are byAge's arguments with a KMS key as the recipient.
func sealedByKMS(more keyArgs) keyArgs { return sealedBy(keyArgs{"kms_key_id": quote(kmsAlias)}, more) }

var (
	described = byAge(keyArgs{"description": description})
	sealed    = sealedByKMS(nil)
	asked     = keyArgs{"rotate_when_changed": `{ quarter = "2026-Q1" }`}
	leaked    = keyArgs{"revoke_when_changed": `{ incident = "1" }`}
)

// crashRows are the rows of the matrix, those with most calls first.
var crashRows = []crashRow{
	{
		name: "revoke with the previous key deleted, sealed", scene: overlapping(sealed), args: sealedByKMS(leaked), revokes: true,
		end: "current new Active, previous k2 Inactive",
	},
	{
		name: "revoke, sealed", scene: steadyFor("1d", sealed), args: sealedByKMS(leaked), revokes: true,
		end: "current new Active, previous k1 Inactive",
	},
	{
		name: "rotate with the previous key deleted, sealed", scene: crowded(sealed), args: sealed, kept: []string{"k2"},
		end: "current new Active, previous k2 Active",
	},
	{
		name: "rotate with the previous key deleted", scene: crowded(described), args: described, kept: []string{"k2"},
		end: "current new Active, previous k2 Active",
	},
	{
		name: "create, sealed", scene: emptyScene, args: sealed,
		end: "current new Active",
	},
	{
		name: "create", scene: emptyScene, args: described,
		end: "current new Active",
	},
	{
		name: "rotate, sealed", scene: steadyFor("90d", sealed), args: sealed, kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "rotate", scene: steadyFor("90d", byAge(nil)), args: byAge(nil), kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "rotate when asked", scene: steadyFor("1d", byAge(nil)), args: byAge(asked), kept: []string{"k1"},
		end: "current new Active, previous k1 Active",
	},
	{
		name: "revoke with the previous key deleted", scene: overlapping(byAge(nil)), args: byAge(leaked), revokes: true,
		end: "current new Active, previous k2 Inactive",
	},
	{
		name: "revoke", scene: steadyFor("1d", byAge(nil)), args: byAge(leaked), revokes: true,
		end: "current new Active, previous k1 Inactive",
	},
	{
		name: "destroy", scene: overlapping(described), args: described, destroy: true,
	},
	{
		name: "delete", scene: inactiveFor("7d", described), args: described, kept: []string{"k2"},
		end: "current k2 Active",
	},
	{
		name: "deactivate", scene: movedOver, args: byAge(nil), kept: []string{"k2"},
		end: "current k2 Active, previous k1 Inactive",
	},
	{
		name: "deactivate, but used since the plan", scene: movedOver, args: byAge(nil), kept: []string{"k1", "k2"},
		late: func(s *story) { s.use("k1") }, fails: true,
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "hold", scene: inactiveFor("1d", byAge(nil)), args: held(), kept: []string{"k2"},
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "release", scene: released, args: byAge(nil), kept: []string{"k1", "k2"},
		end: "current k2 Active, previous k1 Active",
	},
	{
		name: "import", scene: inUse, args: byAge(nil), more: importHCL(keyAddress, "ci"), now: true, kept: []string{"theirs"},
		end: "current theirs Active",
	},
	{
		name: "adopt", scene: joined, args: unmanaged("retire"), kept: []string{"k1", "theirs"},
		end: "current k1 Active, previous theirs Active", otherEnd: "current k1 Active, besides theirs Active",
	},
	{
		name: "seal what was in plain text", scene: steadyFor("1d", byAge(nil)), args: sealed, kept: []string{"k1"},
		end: "current k1 Active",
	},
}

// bystander is a user whom no configuration names.
const bystander = "bystander"

// emptyScene has the user ci without a key, a bystander with one, and a KMS key.
func emptyScene(t *testing.T) *story {
	t.Helper()
	s := newStory(t)
	s.Sim.CreateUser(bystander)
	s.Sim.CreateAccessKey(bystander)
	s.Sim.CreateKMSKey("us-east-1", kmsAlias)
	return s
}

// steadyFor has k1, made that long ago.
func steadyFor(span string, args keyArgs) func(*testing.T) *story {
	return func(t *testing.T) *story {
		t.Helper()
		s := emptyScene(t)
		s.write(args)
		s.applyNow()
		s.Advance(span)
		return s
	}
}

// overlapping has k1, which k2 replaced a day ago.
func overlapping(args keyArgs) func(*testing.T) *story {
	return func(t *testing.T) *story {
		t.Helper()
		s := steadyFor("90d", args)(t)
		s.applyNow()
		s.unused("k1")
		s.Advance("1d")
		return s
	}
}

// crowded has k1, which nobody has used since k2 replaced it, and a rotation due that needs its slot.
func crowded(args keyArgs) func(*testing.T) *story {
	return func(t *testing.T) *story {
		t.Helper()
		s := overlapping(args)(t)
		s.Advance("200d")
		return s
	}
}

// movedOver has k1 past its overlap, and its consumers use k2.
func movedOver(t *testing.T) *story {
	t.Helper()
	s := overlapping(byAge(nil))(t)
	s.use("k2")
	s.Advance("7d")
	return s
}

// inactiveFor has k1 deactivated that long ago.
func inactiveFor(span string, args keyArgs) func(*testing.T) *story {
	return func(t *testing.T) *story {
		t.Helper()
		s := overlapping(args)(t)
		s.use("k2")
		s.Advance("7d")
		s.applyNow()
		s.Advance(span)
		return s
	}
}

// released has a k1 that a hold has brought back an hour ago.
func released(t *testing.T) *story {
	t.Helper()
	s := inactiveFor("1d", byAge(nil))(t)
	s.write(held())
	s.applyNow()
	s.Advance("1h")
	return s
}

// inUse has a key that somebody else made and uses.
func inUse(t *testing.T) *story {
	t.Helper()
	s := emptyScene(t)
	s.foreign("theirs")
	s.use("theirs")
	s.Advance("1d")
	return s
}

// joined has k1, and a key in use that somebody else made later.
func joined(t *testing.T) *story {
	t.Helper()
	s := steadyFor("1d", unmanaged("retire"))(t)
	s.foreign("theirs")
	s.use("theirs")
	s.Advance("1h")
	return s
}
