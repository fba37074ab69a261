package provider

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/duration"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
)

// lastChange is last_change: what steps do to the keys, and why. Record and seen are those before the first step, and newID is the id
// of a key that a rotation creates. It asks no clock, so that plan and apply say the same.
func lastChange(
	policy rotation.Policy, record rotation.Record, seen rotation.Observation, steps []rotation.Step, newID string,
) string {
	texts := make([]string, len(steps))
	for i, step := range steps {
		c := change{policy: policy, record: record, seen: seen, step: step, newID: newID, rotates: hasStep(steps[i:], rotation.Rotate)}
		texts[i] = c.text()
		record, seen = rotation.Project(policy, record, seen, steps[i:i+1], plannedOutcome)
	}
	return strings.Join(texts, "; ")
}

// importChange is last_change after an import.
func importChange(record rotation.Record) string {
	text := "import " + record.Current.ID
	if p := record.Previous; p != nil {
		text += "; import " + p.ID + " as previous"
	}
	return text
}

// noLongerExists is why a key that is gone is recorded or replaced. Who deleted it is not known: it may have been the Delete of the object
// that this one replaces, or an apply of ours that was interrupted.
const noLongerExists = "no longer exists"

// change is one step, with what was true before it.
type change struct {
	policy rotation.Policy
	record rotation.Record
	seen   rotation.Observation
	step   rotation.Step
	newID  string
	// rotates reports whether a rotation is among this step and those that follow, and revokes whether it revokes.
	rotates, revokes bool
}

func (c change) text() string {
	verb, why := "record", ""
	id := c.step.Key
	switch c.step.Kind {
	case rotation.Adopt:
		verb, why = "adopt", "unmanaged_keys is retire"
	case rotation.RecordDeactivated, rotation.RecordCurrentInactive:
		why = "deactivated by somebody else"
	case rotation.RecordReactivated, rotation.RecordCurrentActive:
		why = "reactivated by somebody else"
	case rotation.RecordDeleted:
		why = noLongerExists
	case rotation.RecordRenamed:
		why = fmt.Sprintf("user %s is called %s now", c.record.User, c.seen.User)
	case rotation.RecordRequest:
		why = "no rotation is asked for any more"
		if c.step.Request != "" {
			why = "rotation pending, " + c.asked(c.step.Request)
		}
	case rotation.Reactivate:
		verb, why = "reactivate", "hold_previous is set"
	case rotation.Deactivate:
		verb, why = "deactivate", c.deactivation()
	case rotation.DeletePrevious, rotation.DeleteCurrent, rotation.DeleteUnmanaged:
		verb, why = "delete", c.deletion()
	case rotation.Rotate:
		if c.step.Reason == rotation.ReasonCreated {
			return "create " + c.newID
		}
		verb, id, why = "rotate", c.record.Current.ID, c.rotation()
	}
	return fmt.Sprintf("%s %s: %s", verb, id, why)
}

func (c change) rotation() string {
	current := c.record.Current
	switch c.step.Reason {
	case rotation.ReasonAge:
		created, interval := "created "+formatDay(current.CreatedAt), c.policy.Interval()
		if at := c.record.RotateAt(c.policy); !at.Equal(current.CreatedAt.Add(interval)) {
			return created + ", due " + formatDay(at)
		}
		return created + ", reached " + duration.Format(interval)
	case rotation.ReasonMissing:
		return noLongerExists
	case rotation.ReasonInactive:
		return "deactivated by somebody else"
	case rotation.ReasonRecreated:
		return "the user was deleted and created again"
	case rotation.ReasonRevoked:
		changed := rotation.Changed(c.record.LastPolicy().RevokeWhenChanged, c.policy.RevokeWhenChanged)
		return "asked by revoke_when_changed (" + strings.Join(changed, ", ") + ")"
	case rotation.ReasonChanged, rotation.ReasonRecipients:
		return c.asked(c.record.Asks(c.policy))
	case rotation.ReasonCreated:
	}
	return string(c.step.Reason)
}

// asked says what asks for a rotation.
func (c change) asked(request rotation.Request) string {
	var by []string
	entries, recipients := request.Parts()
	if len(entries) > 0 {
		by = append(by, "rotate_when_changed ("+strings.Join(entries, ", ")+")")
	}
	if recipients {
		by = append(by, "encrypted_output ("+sealingChange(c.record.Current.SealedTo, c.policy.Recipients)+")")
	}
	return "asked by " + strings.Join(by, " and ")
}

func (c change) deactivation() string {
	if p := c.record.Previous; p != nil && p.Revoked {
		return "revoked"
	}
	handover := "current in use"
	if used, _ := c.record.HandedOver(c.seen); !used {
		handover = "current not used"
		if k := c.usedCurrent(); k != nil {
			// After a rollback.
			handover += " since " + formatDay(c.record.Previous.ReplacedAt)
		}
	}
	return "overlap over, " + c.unused() + ", " + handover
}

// deletion says why a key is deleted. The grace is over, unless the key makes room for a new one before.
func (c change) deletion() string {
	k := c.seen.Find(c.step.Key)
	early := c.rotates && (!c.record.LastPolicy().Equal(c.policy) || !c.currentActive())
	why := []string{"unmanaged", c.unused()}
	switch {
	case c.step.Kind == rotation.DeleteUnmanaged:
		early = true
	case k != nil && k.Status == rotation.Active:
		why, early = []string{"Active", c.unused()}, true
	default:
		why = []string{"Inactive"}
		if since := c.inactiveSince(); !since.IsZero() && since.Before(unknownFrom) {
			why[0] += " since " + formatDay(since)
		}
	}
	if early {
		return strings.Join(append(why, "to make room"), ", ")
	}
	return strings.Join(append(why, "grace over"), ", ")
}

// usedCurrent is the current key if somebody has ever used it.
func (c change) usedCurrent() *rotation.Key {
	if k := c.seen.Find(c.record.Current.ID); k != nil && c.seen.UsedByOthers(*k) {
		return k
	}
	return nil
}

func (c change) currentActive() bool {
	k := c.seen.Find(c.record.Current.ID)
	return k != nil && k.Status == rotation.Active
}

func (c change) inactiveSince() time.Time {
	if p := c.record.Previous; p != nil && p.ID == c.step.Key {
		return p.DeactivatedAt
	}
	return c.record.Current.InactiveSince
}

// unused says since when the key of the step is unused.
func (c change) unused() string {
	k := c.seen.Find(c.step.Key)
	switch {
	case k == nil || k.LastUse == nil:
		return "last use unknown"
	case k.LastUse.At.IsZero():
		return "never used"
	default:
		return "unused since " + formatDay(k.LastUse.At)
	}
}

// formatDay prints the day of an instant.
func formatDay(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// clockDriven are the steps that only time calls for.
func clockDriven(steps []rotation.Step) []rotation.Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s rotation.Step) bool { return s.Records() && s.Kind != rotation.Adopt })
}
