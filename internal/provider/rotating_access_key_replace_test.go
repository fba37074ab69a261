package provider_test

import (
	"fmt"
	"strings"
	"testing"
)

// dependants are a dependant that holds the secret, and one that takes it through a write-only argument and hence only
// when version has changed.
const dependants = consumedKey + `
resource "iamkeystest_consumer" "write_only" {
  access_key_id     = iamkeys_rotating_access_key.app.access_key_id
  secret_wo         = iamkeys_rotating_access_key.app.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.app.version
}
`

// versionOnly is a dependant that watches nothing but version.
const versionOnly = `
resource "iamkeystest_consumer" "version_only" {
  access_key_id     = "not looked at"
  secret_wo         = iamkeys_rotating_access_key.app.secret_access_key
  secret_wo_version = iamkeys_rotating_access_key.app.version
}
`

const createBeforeDestroy = `
  lifecycle {
    create_before_destroy = true
  }`

func TestAccRotatingAccessKey_replace(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		lifecycle string
		action    string
		// overlap tells whether the old key still works while the dependants move to the new one.
		overlap bool
	}{
		"destroy first": {action: "delete, create"},
		"create first":  {lifecycle: createBeforeDestroy, action: "create, delete", overlap: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.write(managedKey("app", rotateByAge+tc.lifecycle), dependants)
			s.apply(0)
			current := s.text("access_key_id")
			for range 2 {
				s.Advance("1s")
				s.ResetCalls()
				s.PlanOut("saved", "-replace="+sceneAddress)
				s.Want(2)
				s.shows(map[string]any{"action": tc.action, "version": plannedUnknown, "access_key_id": plannedUnknown, "rotation_reason": "created"})
				handovers := len(s.Journal())
				s.applySaved(0)
				next := s.text("access_key_id")
				if tc.overlap {
					s.mutations("create "+next, "delete "+current)
				} else {
					s.mutations("delete "+current, "create "+next)
				}
				s.keys("app", next+" Active")
				s.holds(map[string]any{"version": s.Sim.Now().Unix(), "previous": nil})
				if got := len(s.Journal()) - handovers; got != 2 {
					t.Errorf("%d handovers, want 2", got)
				}
				for _, h := range s.Journal()[handovers:] {
					if h.OldKeyID != current || h.OldWorked != tc.overlap || h.NewKeyID != next || !h.NewWorked {
						t.Errorf("handover %+v, want from %s (worked: %t) to %s", h, current, tc.overlap, next)
					}
				}
				s.handedOver(current, tc.overlap, next)
				s.plan(0)
				current = next
			}
		})
	}
}

// A dependant that watches version alone is told of each new key: by rotation, and by replacement a second later.
func TestAccRotatingAccessKey_replaceVersion(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	asked := func(ask int) string {
		return managedKey("app", fmt.Sprintf("rotate_when_changed = { ask = \"%d\" }%s", ask, createBeforeDestroy))
	}
	s.write(asked(1), versionOnly)
	s.apply(0)
	s.holds(map[string]any{"version": 1767225600})
	handed := func(want int) {
		t.Helper()
		if got := len(s.Journal()); got != want {
			t.Errorf("%d handovers, want %d", got, want)
		}
		s.plan(0)
	}
	handed(1)

	// Within the same second: one more than the last.
	s.write(asked(2), versionOnly)
	s.apply(0)
	s.holds(map[string]any{"version": 1767225601})
	handed(2)

	// The previous key is gone, and the replacement follows the rotation at once.
	s.Sim.DeleteAccessKey(s.text("previous.access_key_id"))
	s.Advance("2s")
	s.Apply("-replace=" + sceneAddress)
	s.Want(0)
	s.holds(map[string]any{"version": 1767225602})
	handed(3)
}

// While a previous key exists there is no slot for the new object: nothing is touched, and the text says what to do.
func TestAccRotatingAccessKey_replaceWithPrevious(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	ask := rotateByAge + "\n" + `rotate_when_changed = { ask = "1" }`
	first, second := s.rotated(consumedKey)
	s.write(managedKey("app", ask+createBeforeDestroy), consumedKey)
	s.apply(0)
	s.plan(0)
	before := s.attributes()

	s.ResetCalls()
	full := `User "app" already has 2 access keys, and no slot is free: `
	s.PlanOut("saved", "-replace="+sceneAddress)
	s.Want(2)
	s.diagnosed() // Terraform drops the warnings of the second half of a replacement
	s.applySaved(1, "warning: "+full, "error: "+full)
	s.detailed(full, first, second, "create_before_destroy", "rotate_when_changed")
	s.mutations()
	s.keys("app", first+" Active", second+" Active")
	s.holds(before)
	s.handedOver(first, true, second)
	s.plan(0)

	// Without create_before_destroy both keys make room.
	s.write(managedKey("app", ask), consumedKey)
	s.apply(0)
	s.Advance("1s")
	s.ResetCalls()
	s.Apply("-replace=" + sceneAddress)
	s.Want(0)
	third := s.text("access_key_id")
	s.mutations("delete "+first, "delete "+second, "create "+third)
	s.handedOver(second, false, third)
	s.plan(0)
}

// The old object can't be destroyed once the new one is there: the next apply does it, and nobody notices.
func TestAccRotatingAccessKey_replaceInterrupted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge+createBeforeDestroy), dependants)
	s.apply(0)
	first := s.text("access_key_id")
	s.Advance("1h")
	s.Sim.Deny("admin", "iam:DeleteAccessKey")
	s.Apply("-replace=" + sceneAddress)
	s.Want(1)
	s.diagnosed("error: Key " + first + ` of user "app" could not be deleted`)
	second := s.text("access_key_id")
	s.keys("app", first+" Active", second+" Active")
	s.handedOver(first, true, second)

	s.Sim.ClearDenials()
	s.plan(2, `warning: Two resources manage the access keys of user "app"`)
	s.ResetCalls()
	s.Apply()
	s.Want(0)
	s.mutations("delete " + first)
	s.keys("app", second+" Active")
	s.plan(0)
}

// The new object adopts the key of the old one, which goes in the same apply.
func TestAccRotatingAccessKey_replaceRetire(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge+"\nunmanaged_keys = \"retire\""+createBeforeDestroy), dependants)
	s.apply(0)
	first := s.text("access_key_id")
	s.Advance("1h")
	s.ResetCalls()
	s.Apply("-replace=" + sceneAddress)
	s.Want(0)
	second := s.text("access_key_id")
	s.mutations("create "+second, "delete "+first)
	s.handedOver(first, true, second)
	s.plan(0)
	s.apply(0)
	s.holds(map[string]any{"access_key_id": second, "previous": nil})
}

// Two resources fight for the slots of one user: the second one of a process makes no key.
func TestAccRotatingAccessKey_twoCreates(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	twin := strings.Replace(managedKey("app", rotateByAge), `"app" {`, `"twin" {`, 1)
	s.write(managedKey("app", rotateByAge), twin)
	s.apply(1, `error: Another resource manages the access keys of user "app"`)
	s.detailed("Another resource manages", "No key was made")
	if got := s.Calls("CreateAccessKey"); got != 1 {
		t.Errorf("%d keys were asked for, want 1", got)
	}
	if got := len(s.Sim.Keys("app")); got != 1 {
		t.Errorf("the user has %d keys, want 1", got)
	}
}

// A second resource for a user who has one already is noticed when it is planned.
func TestAccRotatingAccessKey_twoPlanned(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(managedKey("app", rotateByAge))
	s.apply(0)
	s.write(managedKey("app", rotateByAge), strings.Replace(managedKey("app", rotateByAge), `"app" {`, `"twin" {`, 1))
	s.plan(2, `warning: Two resources manage the access keys of user "app"`)
}

// Two resources that are there already are told of each other.
func TestAccRotatingAccessKey_twoReads(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	one, two := s.Sim.CreateAccessKey("app").AccessKeyID, s.Sim.CreateAccessKey("app").AccessKeyID
	twin := strings.Replace(managedKey("app", rotateByAge), `"app" {`, `"twin" {`, 1)
	s.write(managedKey("app", rotateByAge), twin, importBlock(sceneAddress, "app/"+one), importBlock("iamkeys_rotating_access_key.twin", "app/"+two))
	s.Apply()
	s.Want(0)
	s.ResetCalls()
	s.plan(0, `warning: Two resources manage the access keys of user "app"`)
	s.mutations()
	s.keys("app", one+" Active", two+" Active")
}

// importBlock imports an id to an address.
func importBlock(to, id string) string {
	return fmt.Sprintf(`
import {
  to = %s
  id = %q
}
`, to, id)
}
