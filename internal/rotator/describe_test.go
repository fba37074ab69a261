package rotator_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotation"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/rotator"
)

// The functions in this file write results as short texts, with every field in them, so that tables can name exactly what
// they expect. Keys have the names that the test gave them, and times count from the beginning of the task.

func (f *fixture) name(id string) string {
	if name, ok := f.names[id]; ok {
		return name
	}
	return id
}

// print keeps an error or notice in all formats for the search for secrets at the end of the test.
func (f *fixture) print(value any) {
	fmt.Fprintf(&f.printed, "%v\n%+v\n%#v\n", value, value, value)
	err, ok := value.(error)
	for ok && err != nil {
		fmt.Fprintf(&f.printed, "%v\n%+v\n%#v\n", err, err, err)
		err = errors.Unwrap(err)
	}
}

// describeError is the type of an error and its fields.
func (f *fixture) describeError(err error) string {
	f.Helper()
	var parts []string
	flag := func(set bool, name string) {
		if set {
			parts = append(parts, name)
		}
	}
	switch e := err.(type) { //nolint:errorlint // the outermost type is what a caller switches on
	case nil:
		return ""
	case *rotator.ReadError:
		what := map[rotator.Read]string{rotator.ReadKeys: "keys", rotator.ReadLastUse: "last use", rotator.ReadUser: "user"}[e.Read]
		parts = append(parts, what, e.User)
	case *rotator.WrongAccountError:
		parts = append(parts, e.Recorded, e.Credentials)
	case *rotator.ManagedError:
		parts = append(parts, f.name(e.Other))
	case *rotator.RefusedError:
		parts = append(parts, string(e.Obstacle.Cause), f.name(e.Obstacle.Key)+",", f.describeKeys(e.Seen.Keys))
	case *rotator.UserChangedError:
		parts = append(parts, e.Outcome.String(), f.name(e.Key))
	case *rotator.StaleError:
		parts = append(parts, string(e.Step.Kind), f.name(e.Step.Key))
		flag(e.Obstacle.Cause != "", "because "+string(e.Obstacle.Cause)+" "+f.name(e.Obstacle.Key))
		parts = append(parts, "| "+f.describeKeys(e.Seen.Keys))
		return "StaleError{" + strings.Join(parts, " ") + "}"
	case *rotator.TakenError:
		parts = append(parts, f.name(e.Key)+" of "+f.name(e.Owner)+" by "+f.name(e.By))
		flag(e.Adopted, "adopted")
	case *rotator.TrialError:
	case *rotator.InterruptedError:
		flag(e.Begun, "begun")
	case *rotator.StatusError:
		parts = append(parts, f.name(e.Key), string(e.Status))
		if e.Listed != "" {
			parts[1] += ", listed " + string(e.Listed)
		}
		flag(e.Gone, "gone")
		flag(e.Refused, "refused")
		flag(e.Revoked, "revoked for "+f.name(e.NewKey))
	case *rotator.DeleteError:
		parts = append(parts, f.name(e.Key))
		if e.Listed {
			parts[0] += ", listed"
		}
		flag(e.Refused, "refused")
		flag(e.Replaced, "replaced")
	case *rotator.CreateError:
		parts = append(parts, "keys ["+f.describeKeys(e.Keys)+"]")
		for _, id := range e.Kept {
			parts = append(parts, "kept "+f.name(id))
		}
		flag(e.Full, "full")
		flag(e.Intruder != "", "intruder "+f.name(e.Intruder))
		flag(e.Lost != nil, f.describeLost(e.Lost))
	case *rotator.ImportError:
		problem := map[rotator.ImportProblem]string{
			rotator.ImportNoKey: "no key", rotator.ImportAmbiguous: "ambiguous",
			rotator.ImportUnknownKey: "unknown", rotator.ImportSameKey: "same",
		}[e.Problem]
		parts = append(parts, problem+" "+f.name(e.Key), "of "+e.ID.User, "| "+f.describeKeys(e.Seen.Keys))
	case *rotator.SealError:
		parts = append(parts, f.describeWithdrawal(e.Withdrawal))
	case *rotator.UnprovedError:
		parts = append(parts, f.describeWithdrawal(e.Withdrawal))
		flag(e.AnotherUser, "another user")
		flag(e.Signed, "signed")
	case *rotator.PanicError:
		parts = append(parts, e.Type)
		flag(e.Lost != nil, f.describeLost(e.Lost))
		if e.Withdrawal != nil {
			parts = append(parts, f.describeWithdrawal(*e.Withdrawal))
		}
	default:
		f.Fatalf("an error of type %T: %v", err, err)
	}
	text := strings.TrimPrefix(fmt.Sprintf("%T{%s}", err, strings.Join(parts, " ")), "*rotator.")
	if cause := errors.Unwrap(err); cause != nil {
		text += ": " + f.describeCause(cause)
	}
	return text
}

// uniqueID matches the unique id of a user.
var uniqueID = regexp.MustCompile(`\bAIDA[A-Z0-9]+`)

// describeCause is what a call to AWS answered.
func (f *fixture) describeCause(err error) string {
	if wrong, ok := errors.AsType[*rotator.WrongAccountError](err); ok {
		return "WrongAccountError{" + wrong.Recorded + " " + wrong.Credentials + "}"
	}
	if owner, ok := errors.AsType[*rotator.OwnerError](err); ok {
		return f.describeOwnerError(owner)
	}
	e, ok := errors.AsType[*iamgate.Error](err)
	if !ok {
		return uniqueID.ReplaceAllString(err.Error(), "AIDA...")
	}
	action := e.Action[strings.Index(e.Action, ":")+1:]
	kinds := map[iamgate.Kind]string{
		iamgate.KindUnreachable: "no answer", iamgate.KindBadAnswer: "bad answer", iamgate.KindNotSettled: "not settled",
		iamgate.KindCanceled: "canceled", iamgate.KindNotUsable: "not usable",
		iamgate.KindNoCredentials: "missing",
	}
	if kind, ok := kinds[e.Kind]; ok {
		return action + " " + kind
	}
	return action + " " + e.Code
}

// describeUnknown are the keys whose last use could not be read, and why.
func (f *fixture) describeUnknown(u *rotator.LastUseUnknown) string {
	if u == nil {
		return ""
	}
	names := make([]string, len(u.Keys))
	for i, id := range u.Keys {
		names[i] = f.name(id)
	}
	return "LastUseUnknown{" + strings.Join(names, " ") + "}: " + f.describeCause(u.Err)
}

// describeOwnerError is all that an OwnerError says.
func (f *fixture) describeOwnerError(e *rotator.OwnerError) string {
	text := fmt.Sprintf("OwnerError{%s of %s", f.name(e.Key), e.User)
	if e.Owner != "" {
		text += ", owner " + e.Owner
	}
	if e.Foreign {
		text += ", foreign"
	}
	if e.ReusedBy != "" {
		text += ", name reused"
	}
	if e.Denied {
		text += ", denied"
	}
	return text + "}: " + f.describeCauses(e.Unproved)
}

func (f *fixture) describeCauses(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = f.describeCause(err)
	}
	return strings.Join(texts, "; ")
}

func (f *fixture) describeWithdrawal(w rotator.Withdrawal) string {
	if w.Err != nil {
		return f.name(w.Key) + " not deleted (" + f.describeCause(w.Err) + ")"
	}
	return f.name(w.Key) + " deleted"
}

func (f *fixture) describeLost(lost *rotator.LostAnswer) string {
	if lost == nil {
		return ""
	}
	var parts []string
	if lost.Unlisted {
		parts = append(parts, "unlisted")
	}
	for _, k := range lost.Unused {
		parts = append(parts, "unused "+f.name(k.ID))
	}
	for _, id := range lost.Used {
		parts = append(parts, "used "+f.name(id))
	}
	if lost.Deleted {
		parts = append(parts, "deleted")
	}
	return "lost[" + strings.Join(parts, " ") + "]"
}

// describeNotices are the notices of a report.
func (f *fixture) describeNotices(notices []rotator.Notice) string {
	f.Helper()
	changes := map[rotator.Change]string{
		rotator.ChangeCreated: "created", rotator.ChangeActivated: "activated",
		rotator.ChangeDeactivated: "deactivated", rotator.ChangeDeleted: "deleted",
	}
	var texts []string
	for _, notice := range notices {
		var text string
		switch n := notice.(type) {
		case rotator.NotConfirmed:
			text = fmt.Sprintf("NotConfirmed{%s %s}: %s", f.name(n.Key), changes[n.Change], f.describeCause(n.Err))
		case rotator.DeletedMeanwhile:
			text = fmt.Sprintf("DeletedMeanwhile{%s}", f.name(n.Key))
		case rotator.NotDeleted:
			text = fmt.Sprintf("NotDeleted{%s}: %s", f.name(n.Key), f.describeCause(n.Err))
		case rotator.LostKeyDeleted:
			text = fmt.Sprintf("LostKeyDeleted{%s}", f.name(n.Key))
		case rotator.UnexpectedKeys:
			text = fmt.Sprintf("UnexpectedKeys{%s of %d}", f.describeKeys(n.Keys), n.Listed)
		case rotator.LastUseUnknown:
			text = f.describeUnknown(&n)
		case rotator.KeyLeft:
			text = fmt.Sprintf("KeyLeft{%s}: %s", f.name(n.Key), f.describeOwnerError(n.Err))
		case rotator.DescriptionNotWritten:
			text = fmt.Sprintf("DescriptionNotWritten{%s}: %s", f.name(n.Key), f.describeCause(n.Err))
		case rotator.DescriptionNotRemoved:
			text = fmt.Sprintf("DescriptionNotRemoved{%s}: %s", f.name(n.Key), f.describeCause(n.Err))
		default:
			f.Fatalf("a notice of type %T", notice)
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// describeRecord is what a record says of the keys.
func (f *fixture) describeRecord(r rotation.Record) string {
	text := "current " + f.name(r.Current.ID)
	if r.Current.ID == "" {
		text = "no current"
	}
	if r.Current.Sealed {
		text += " sealed"
	}
	if at := r.Current.InactiveSince; !at.IsZero() {
		text += " inactive since " + f.since(at)
	}
	if r.User != "" && r.User != "ci" {
		text += " of " + r.User
	}
	if r.Request != "" {
		text += ", asked by " + string(r.Request)
	}
	p := r.Previous
	if p == nil {
		return text
	}
	text += fmt.Sprintf("; previous %s replaced %s", f.name(p.ID), f.since(p.ReplacedAt))
	if !p.DeactivatedAt.IsZero() {
		text += " deactivated " + f.since(p.DeactivatedAt)
	}
	if p.DeactivatedByUs {
		text += " by us"
	}
	if p.Adopted {
		text += " adopted"
	}
	if p.Revoked {
		text += " revoked"
	}
	return text
}

// since is a time counted from the beginning of the task: "now", "-8d".
func (f *fixture) since(at time.Time) string {
	d := at.Sub(f.began)
	switch {
	case at.IsZero():
		return "never"
	case d == 0:
		return "now"
	case d%day == 0:
		return fmt.Sprintf("%+dd", d/day)
	case d > 0:
		return "+" + d.String()
	default:
		return d.String()
	}
}

// describeKeys are keys with their status, oldest first.
func (f *fixture) describeKeys(keys []rotation.Key) string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = f.name(k.ID) + " " + string(k.Status)
		if k.Other {
			texts[i] += " of another"
		}
	}
	return strings.Join(texts, ", ")
}

// describeState is a saved state: record, observation, and what else has become of it.
func (f *fixture) describeState(s rotator.State) string {
	text := f.describeRecord(s.Record) + " | " + f.describeKeys(s.Seen.Keys)
	var parts []string
	if s.Seen.Recreated {
		parts = append(parts, "recreated")
	}
	if c := s.Created; c != nil {
		part := "created"
		if !c.Secret.IsZero() {
			part += " with secret"
		}
		if c.Sealed != "" {
			part += " with " + f.nameSealed(c.Sealed)
		}
		parts = append(parts, fmt.Sprintf("%s for %s (%s)", part, c.Step.Reason, f.describeRecord(c.Before)))
	}
	var sealed []string
	for id, text := range s.Sealed {
		sealed = append(sealed, f.name(id)+"="+f.nameSealed(text))
	}
	slices.Sort(sealed)
	parts = append(parts, sealed...)
	if s.Configured {
		parts = append(parts, "configured")
	}
	if s.Done {
		parts = append(parts, "done")
	}
	return text + " | " + strings.Join(parts, ", ")
}

func (f *fixture) nameSealed(text string) string {
	return "sealed " + f.name(strings.TrimPrefix(text, "sealed "))
}

// describeEvidence is what the next Read would find.
func (f *fixture) describeEvidence(e *rotator.Evidence) string {
	if e == nil {
		return "none"
	}
	text := f.describeKeys(e.Seen.Keys)
	if !e.ChangedAt.IsZero() {
		text += " | changed " + f.since(e.ChangedAt)
	}
	for _, id := range e.Removed {
		text += ", removed " + f.name(id)
	}
	for _, step := range e.Steps {
		text += ", step " + string(step.Kind)
	}
	if e.Blocked != "" {
		text += ", blocked " + string(e.Blocked)
	}
	if e.RetirementBlocked != "" {
		text += ", retirement blocked " + string(e.RetirementBlocked)
	}
	if e.Seen.UserUnknown {
		text += strings.TrimRight(", user unknown "+e.Owner, " ")
	}
	if e.SealedTo != "" {
		text += ", sealed to " + e.SealedTo
	}
	if !e.LookedAt.IsZero() {
		text += ", looked " + f.since(e.LookedAt)
	}
	if !e.SignedAt.IsZero() {
		text += ", signed " + f.since(e.SignedAt)
	}
	if e.Seen.Settling {
		text += ", settling"
	}
	return text
}

// describeRoom is what a request to rotate would get.
func (f *fixture) describeRoom(r rotation.Room) string {
	var parts []string
	if r.Step.Kind != "" {
		parts = append(parts, string(r.Step.Kind)+" "+f.name(r.Step.Key))
	}
	if r.Cause != "" {
		parts = append(parts, string(r.Cause)+" "+f.name(r.Key))
	}
	if len(parts) == 0 {
		return "free"
	}
	return strings.Join(parts, ", ")
}

// inIAM are the keys that a user has in IAM now, oldest first.
func (f *fixture) inIAM(user string) string {
	f.nameNewKeys()
	var texts []string
	for _, k := range f.sim.Keys(user) {
		texts = append(texts, f.name(k.ID)+" "+k.Status)
	}
	return strings.Join(texts, ", ")
}
