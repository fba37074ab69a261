package audit

import (
	"context"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// reportLag is how far behind its date a report may be: AWS updates the last uses in it with hours of delay, and does not say of what
// instant its rows are.
const reportLag = 4 * time.Hour

// guide excludes users that have no key which passes the filters, by the credential report. It only excludes: every other user has
// the keys listed and their last uses asked for, so that a wrong guess costs two calls and never a wrong result.
//
// Let w be the window: a key that passes the filters was created at least w ago. The report is used only if w is longer than the
// report's age and reportLag together. Then
//
//   - a key that passes was in the report, in one of the two slots of its user's row: it existed reportLag before the report. So a
//     user that was created since has no such key, nor does a slot that is empty in the report;
//   - a slot whose last use is within UnusedFor of now holds a key that does not pass, however old the report is: a last use only moves
//     forward. An old last use, or none, proves nothing, since uses come late: that key is asked for;
//   - a user that was created within w has only keys that are younger than w;
//   - a last rotation within w proves nothing: a status may have been changed, by which an old key is dated as a young one. Only
//     Query.TrustReport excludes such a slot. A last rotation before that proves that the key is old, if it still exists;
//   - the status in a row proves nothing, since it may have been changed after the report;
//   - a user that has more keys than the report has slots is not excluded, where the report says so (credreport.User.Additional). AWS's
//     quota is two keys.
//
// That a user has no row proves nothing. With a path such a user is in the list. Without one, the number of rows must be the number of
// users that IAM has now, or else all users are listed, and those without a row are looked at; so they are where IAM does not say the
// number. It differs by each missing row and by each user that was created since the report, and a user that was deleted since makes
// up for one of them. If the row of such a user is not excluded, the user is not found, and all are listed. What remains undetected is a
// missing row beside a deleted user with an excluded one.
//
// Rows have names, and a user may have been renamed since the report. The excluded users do not matter: their keys do not pass
// under any name. For the others, a name that does not exist, or whose keys cannot be those of its row, shows that names have
// changed; then ListUsers says who has which name now, and a user counts as that of a row only if name and date of creation agree.
// What remains undetected is two users that both existed before the report, one of which has taken the other's name since, with
// keys that fit into the other's row.
type guide struct {
	query Query
	now   time.Time
	// Every key that was created before settled, and exists, is in the report of generatedAt.
	generatedAt, settled time.Time
	report               credreport.Report
	// rows are those of users, by name in lower case.
	rows map[string]*credreport.User
}

// newGuide returns nil if the report cannot guide this query. Then the result says why.
func (r *run) newGuide(ctx context.Context) (*guide, Result) {
	window := r.query.window()
	if window == 0 {
		return nil, Result{Method: ByListing, Reason: NoWindow}
	}
	if window <= reportLag {
		return nil, Result{Method: ByListing, Reason: ShortWindow}
	}
	content, generatedAt, err := r.source.CredentialReport(ctx)
	var report credreport.Report
	if err == nil {
		report, err = credreport.Parse(content)
	}
	if err != nil {
		reason := ReportFailed
		if iamgate.IsKind(err, iamgate.KindAccessDenied) {
			reason = ReportDenied
		}
		return nil, Result{Method: ByListing, Reason: reason, ReportErr: err}
	}
	g := &guide{query: r.query, now: r.now(), generatedAt: generatedAt, settled: generatedAt.Add(-reportLag), report: report}
	if window <= g.now.Sub(g.settled) {
		return nil, Result{Method: ByListing, Reason: ShortWindow}
	}
	g.rows = make(map[string]*credreport.User, len(report.Users))
	for i := range report.Users {
		if row := &report.Users[i]; !row.Root {
			g.rows[strings.ToLower(row.Name)] = row
		}
	}
	return g, Result{}
}

// isComplete reports whether the report has as many users as IAM has now. It is false if IAM does not say how many:
// all users are listed then, too.
func (r *run) isComplete(ctx context.Context, g *guide) bool {
	users, err := r.source.UserCount(ctx)
	return err == nil && users == len(g.rows)
}

// mayPass reports whether the user of a row may have a key that passes the filters.
func (g *guide) mayPass(row *credreport.User) bool {
	if g.isYoung(row.CreatedAt) {
		return false
	}
	return row.Additional != "" || g.slotMayPass(row.Keys[0]) || g.slotMayPass(row.Keys[1])
}

func (g *guide) slotMayPass(slot credreport.Key) bool {
	young := g.query.TrustReport && g.isYoung(slot.LastRotated)
	return slot.Exists() && !g.isInUse(slot) && !young
}

// isInUse reports whether the report proves that the key in a slot was used within UnusedFor.
func (g *guide) isInUse(slot credreport.Key) bool {
	return g.query.UnusedFor > 0 && !slot.LastUsed.IsZero() && slot.LastUsed.After(g.now.Add(-g.query.UnusedFor))
}

// isYoung reports whether what was created at that time cannot be, or have, a key that passes the filters.
func (g *guide) isYoung(created time.Time) bool { return created.After(g.now.Add(-g.query.window())) }

// listedMayPass is mayPass for a user of ListUsers. It returns the row of the user, or nil if the report does not know the user
// under that name.
func (g *guide) listedMayPass(user iamgate.User) (*credreport.User, bool) {
	if g.isYoung(user.CreatedAt) {
		return nil, false
	}
	row := g.rows[strings.ToLower(user.Name)]
	if row == nil || !row.CreatedAt.Equal(user.CreatedAt) {
		return nil, true
	}
	return row, g.mayPass(row)
}

// match finds which slot of a row each key may be in. A key was created no later than the last rotation of its slot, each has a slot
// of its own, and one that was created since the report has none. It returns the keys that were used within UnusedFor, wherever the
// report has them, and reports whether the keys can be those of the row at all.
func (g *guide) match(row *credreport.User, keys []iamgate.AccessKey) (inUse map[string]bool, ok bool) {
	var old []iamgate.AccessKey
	for _, key := range keys {
		if !key.CreatedAt.After(g.settled) {
			old = append(old, key)
		}
	}
	if row.Additional != "" {
		return nil, len(old) > 0
	}
	if len(old) == 0 || len(old) > len(row.Keys) {
		return nil, false
	}
	for _, slots := range [][2]credreport.Key{row.Keys, {row.Keys[1], row.Keys[0]}} {
		fits := true
		for i, key := range old {
			fits = fits && slots[i].Exists() && (slots[i].LastRotated.IsZero() || !slots[i].LastRotated.Before(key.CreatedAt))
		}
		if !fits {
			continue
		}
		first := !ok
		if ok = true; first {
			inUse = map[string]bool{}
		}
		for i, key := range old {
			inUse[key.ID] = g.isInUse(slots[i]) && (first || inUse[key.ID])
		}
	}
	return inUse, ok
}
