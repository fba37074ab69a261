package provider_test

import "testing"

func TestModifyPlan_user(t *testing.T) {
	t.Parallel()
	const renamed = `Warning: IAM user was renamed | User "ci" is called "web" now | Set user = "web"`
	const noSuchUser = `Warning: Unknown user name is planned as a renaming | User "web" does not exist yet | renames user "ci"`
	const inUse = "Warning: Access key in use is destroyed | "
	web := attributes{"user": "web"}
	toWeb := changes{"user": "web", "id": "web"}
	followed := changes{"id": "web", "last_change": "record k1: user ci is called web now"}
	another := anythingMayChange.with(toWeb).with(changes{"managed_since": knownAfterApply})
	testPlans(t, []planRow{
		{
			name: "renamed in IAM, old name configured",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
			},
			changes: followed, says: []string{renamed},
		},
		{
			name: "renamed in IAM, new name configured",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
			},
			config: web, changes: followed.with(toWeb),
		},
		{
			name: "renamed in IAM and recorded, old name configured",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
				ws.apply(nil)
			},
			says: []string{renamed},
		},
		{
			name: "renamed in IAM and recorded, new name configured",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
				ws.apply(nil)
			},
			config: web, changes: changes{"user": "web"},
		},
		{
			name: "renamed in IAM, overlap changed",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
			},
			config: attributes{"overlap": "1d"}, changes: followed.with(changes{"overlap": "1d"}), says: []string{renamed},
		},
		{
			name: "renamed in IAM, trigger unknown",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
			},
			config:  release(knownAfterApply),
			changes: anythingMayChange.with(changes{"id": "web", "rotate_when_changed.release": knownAfterApply}), says: []string{renamed},
			atApply: release("1"),
		},
		{
			name: "renamed in IAM, new name configured, rotation due",
			before: func(ws *workspace) {
				createAndWait("90d")(ws)
				ws.Sim.RenameUser("ci", "web")
			},
			config: web,
			changes: rotated.with(toWeb).with(changes{
				"last_change": "record k1: user ci is called web now; rotate k1: created 2026-01-01, reached 90d",
			}),
		},
		{
			name: "renamed in IAM, old name taken by another user",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.RenameUser("ci", "web")
				ws.Sim.CreateUser("ci")
			},
			changes: followed, says: []string{renamed},
		},
		{
			name: "name that nobody has", before: createAndWait("10m"), config: web,
			changes: toWeb, says: []string{noSuchUser}, applySays: []string{`Error: User "web" does not exist`},
		},
		{
			name: "name that nobody has, rotation due", before: createAndWait("90d"), config: web,
			changes: rotated.with(toWeb), says: []string{noSuchUser}, applySays: []string{`Error: User "web" does not exist`},
		},
		{
			name: "name of another user",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.CreateUser("web")
			},
			config: web, changes: another, replaces: []string{"user"},
		},
		{
			name: "name of another user, both keys in use",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k1")
				ws.useKey("k2")
				ws.Advance("1d")
				ws.Sim.CreateUser("web")
			},
			config: web, changes: another, replaces: []string{"user"},
			says: []string{
				inUse + `Key k1 of user "ci" was last used at 2026-04-01 00:00:00 UTC by s3 in eu-west-1. The resource is replaced, since user ` +
					`is "web" now. | set user = "ci" and skip_destroy = true and apply first`,
				inUse + `Key k2 of user "ci" was last used at`,
			},
		},
		{
			name: "name of another user, keys used more than a day ago",
			before: func(ws *workspace) {
				rotate(ws)
				ws.useKey("k1")
				ws.Advance("1d1s")
				ws.Sim.CreateUser("web")
			},
			config: web, changes: another, replaces: []string{"user"},
		},
		{
			name: "name of another user, skip_destroy set with it",
			before: func(ws *workspace) {
				rotate(ws)
				ws.Advance("10m")
				ws.Sim.CreateUser("web")
			},
			config:  web.with(attributes{"skip_destroy": true}),
			changes: another.with(changes{"skip_destroy": "true"}), replaces: []string{"user"},
			says: []string{"Warning: skip_destroy keeps no key in the plan that sets it | This plan replaces the resource, which deletes keys k1 " +
				`and k2 of user "ci" all the same | apply skip_destroy = true first, without the replacement`},
		},
		{
			name: "name of another user, skip_destroy set before",
			before: func(ws *workspace) {
				ws.apply(attributes{"skip_destroy": true})
				ws.useKey("k1")
				ws.Sim.CreateUser("web")
			},
			config: web.with(attributes{"skip_destroy": true}), changes: another, replaces: []string{"user"},
		},
		{
			name: "name of another user, skip_destroy unset with it",
			before: func(ws *workspace) {
				ws.apply(attributes{"skip_destroy": true})
				ws.useKey("k1")
				ws.Sim.CreateUser("web")
			},
			config: web, changes: another.with(changes{"skip_destroy": "false"}), replaces: []string{"user"},
		},
		{
			name: "name of another user, the key signs our requests",
			before: func(ws *workspace) {
				ws.apply(nil)
				ws.signWith("k1")
				ws.Sim.CreateUser("web")
			},
			config: web, replaces: []string{"user"},
			says: []string{"Error: Credentials of this provider depend on key k1, so it is not destroyed"},
		},
		{
			name: "name of another user, who can't be read",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.CreateUser("web")
				ws.Sim.Deny("*", "iam:GetUser")
			},
			config: web, changes: changes{"user": "web", "id": "web"},
			says:      []string{"Warning: User can't be read, so it is planned as a renaming"},
			applySays: []string{`Error: User "web" is not user "ci" renamed`},
		},
		{
			name: "name of another user, without a refresh",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.CreateUser("web")
			},
			noRefresh: true,
			config:    web, changes: toWeb, applySays: []string{`Error: User "web" is not user "ci" renamed`},
		},
		{
			name: "deleted and created again",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.DeleteUser("ci")
				ws.Sim.CreateUser("ci")
			},
			refreshed: changes{"status": "Missing"}, refreshSays: []string{"Warning: IAM user was deleted and created again | \"ci\""},
			changes: newKey.with(changes{
				"status": "Active", "user_unique_id": knownAfterApply, "last_change": "rotate k1: the user was deleted and created again",
			}),
		},
		{
			name: "deleted and created again, rotate_when_changed",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.DeleteUser("ci")
				ws.Sim.CreateUser("ci")
			},
			config:    release("1"),
			refreshed: changes{"status": "Missing"}, refreshSays: []string{"Warning: IAM user was deleted and created again | \"ci\""},
			changes: newKey.with(changes{
				"status": "Active", "user_unique_id": knownAfterApply, "rotate_when_changed.release": "1",
				"last_change": "rotate k1: asked by rotate_when_changed (release)",
			}),
		},
		{
			name: "deleted",
			before: func(ws *workspace) {
				createAndWait("10m")(ws)
				ws.Sim.DeleteUser("ci")
			},
			gone: true, refreshSays: []string{"Warning: IAM user no longer exists | \"ci\""},
			changes: created, applySays: []string{`Error: Access keys of user "ci" can't be read`},
		},
	})
}
