// Package audit finds the access keys of an account that a Query asks for, and reports no partial result as a whole one.
//
// The full listing is ListUsers page by page, ListAccessKeys for each user, and GetAccessKeyLastUsed for each key that passes the
// filters by status and age. Where a filter by age or use allows it, the credential report names the few users whose keys must be
// listed at all: see guide, which has the argument why no key is missed.
//
// Users and keys come and go while an audit runs. A user that was deleted after the list has no keys; one that was renamed is found
// under the new name, since ListUsers has unique ids. A key that was deleted after the list is not part of the result. Everything
// else that cannot be read is an error that names the users. What an audit cannot see is that a name passed from one user to another
// between two of its calls.
package audit

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// active is the status of a key that can be used, https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyMetadata.html.
const active = "Active"

// Query says which keys are wanted. Its filters combine: a key must pass all of them.
type Query struct {
	// Users are the names of the users. Nil means all users below PathPrefix.
	Users []string
	// PathPrefix is the beginning of the path of the users, such as "/service/"; empty or "/" for all. It has no effect beside Users.
	PathPrefix string
	// Status is "Active" or "Inactive"; empty for both.
	Status string
	// OlderThan is the age that a key must have reached. Zero: any.
	OlderThan time.Duration
	// UnusedFor is how long a key must not have been used; one that never was, since its creation. Zero: any.
	UnusedFor time.Duration
	// TrustReport takes what the credential report calls the last rotation of a key for its creation. It spares the users whose keys
	// changed within the time of the filters, and misses a key that is older than its last change of status.
	TrustReport bool
	// Descriptions asks for the description of each key, which is a tag of its user.
	Descriptions bool
	// ServiceCredentials asks for the service-specific credentials of the users, too.
	ServiceCredentials bool
}

// window is the least age of a key that passes the filters: one unused for a time is at least as old.
func (q Query) window() time.Duration { return max(q.OlderThan, q.UnusedFor) }

// everywhere reports whether no path is excluded.
func (q Query) everywhere() bool { return q.PathPrefix == "" || q.PathPrefix == "/" }

// Method is how the users were found whose keys were listed.
type Method string

// The methods of a Result.
const (
	ByReport  Method = "report"
	ByListing Method = "listing"
)

// Reason is why a Result was not guided by the credential report.
type Reason int

// The reasons for a listing.
const (
	// NoReason is that of a result by report.
	NoReason Reason = iota
	// NamedUsers: the report does not prove that a named user exists.
	NamedUsers
	// NoWindow: the report excludes no key without a filter by age or use.
	NoWindow
	// ShortWindow: the filters are about a time that the report does not cover.
	ShortWindow
	// ReportDenied: the credentials may not create or get the report.
	ReportDenied
	// ReportFailed: the report did not come, or cannot be read.
	ReportFailed
)

// Result is the answer to a Query.
type Result struct {
	// Keys are sorted: Active ones first, then the oldest, then by user and id.
	Keys []Key
	// ServiceCredentials are sorted in the same way. The filters by status and age apply to them; IAM knows no last use of them.
	ServiceCredentials []iamgate.ServiceCredential
	// At is AWS's time that ages are counted to.
	At     time.Time
	Method Method
	// Reason is why Method is not ByReport.
	Reason Reason
	// ReportErr is the error behind ReportDenied and ReportFailed.
	ReportErr error
	// ReportedAt is when AWS generated the credential report; zero unless Method is ByReport.
	ReportedAt time.Time
	// UsersListed is how many users had their keys listed.
	UsersListed int
}

// Key is an access key with its user and its last use.
type Key struct {
	iamgate.AccessKey

	// Path and ARN are those of the user. By report they are as old as the report, unless descriptions were asked for.
	Path string
	ARN  string
	// LastUsedAt is zero for a key that was never used. Service and Region are empty then.
	LastUsedAt time.Time
	Service    string
	Region     string
	// Description is the value of the user's tag whose key is the id of the access key; empty if there is none.
	Description string
}

// Source is the part of an *iamgate.Gateway that an audit needs.
type Source interface {
	Now() time.Time
	Users(ctx context.Context, pathPrefix string) iter.Seq2[iamgate.User, error]
	GetUser(ctx context.Context, name string) (iamgate.User, error)
	ListAccessKeys(ctx context.Context, user string) ([]iamgate.AccessKey, error)
	LastUsed(ctx context.Context, id string) (iamgate.LastUsed, error)
	ServiceCredentials(ctx context.Context) ([]iamgate.ServiceCredential, error)
	UserCount(ctx context.Context) (int, error)
	CredentialReport(ctx context.Context) (content []byte, generatedAt time.Time, err error)
}

// Run answers a query. The error is an *UnreadError if the keys of some users could not be read, or else an *iamgate.Error.
func Run(ctx context.Context, source Source, query Query) (Result, error) {
	r := newRun(source, query)
	result, err := r.find(ctx)
	if err != nil {
		return Result{}, err
	}
	for _, key := range r.keys {
		result.Keys = append(result.Keys, key)
	}
	slices.SortFunc(result.Keys, func(a, b Key) int {
		return cmp.Or(worstFirst(a.Status, b.Status, a.CreatedAt, b.CreatedAt), cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.ID, b.ID))
	})
	result.UsersListed, result.At = r.listed, r.now()
	if query.ServiceCredentials {
		if result.ServiceCredentials, err = r.serviceCredentials(ctx); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

// find looks at the keys of all users that the query may be about, and says how it chose them.
func (r *run) find(ctx context.Context) (Result, error) {
	if r.query.Users != nil {
		return Result{Method: ByListing, Reason: NamedUsers}, r.lookAtNamed(ctx)
	}
	guide, listing := r.newGuide(ctx)
	if guide == nil {
		return listing, r.lookAtListed(ctx, nil)
	}
	result := Result{Method: ByReport, ReportedAt: guide.generatedAt}
	if r.query.everywhere() && r.isComplete(ctx, guide) {
		if whole, err := r.lookAtReported(ctx, guide); err != nil || whole {
			return result, err
		}
	}
	return result, r.lookAtListed(ctx, guide)
}

// serviceCredentials returns those that pass the filters, of the users that the query is about.
func (r *run) serviceCredentials(ctx context.Context) ([]iamgate.ServiceCredential, error) {
	credentials, err := r.source.ServiceCredentials(ctx)
	if err != nil {
		return nil, err
	}
	selected := func(string) bool { return true }
	switch {
	case r.query.Users != nil:
		selected = func(user string) bool {
			return slices.ContainsFunc(r.query.Users, func(name string) bool { return strings.EqualFold(name, user) })
		}
	case !r.query.everywhere():
		// The users below a path were listed.
		selected = func(user string) bool { return r.names[user] }
	}
	credentials = slices.DeleteFunc(credentials, func(c iamgate.ServiceCredential) bool {
		return !selected(c.UserName) || !r.passesStatus(c.Status) || !r.passesAge(c.CreatedAt)
	})
	slices.SortFunc(credentials, func(a, b iamgate.ServiceCredential) int {
		return cmp.Or(worstFirst(a.Status, b.Status, a.CreatedAt, b.CreatedAt), cmp.Compare(a.UserName, b.UserName), cmp.Compare(a.ID, b.ID))
	})
	return credentials, nil
}

// worstFirst orders credentials: one that can be used comes before one that cannot, and an older one before a younger.
func worstFirst(statusA, statusB string, createdA, createdB time.Time) int {
	rank := func(status string) int {
		if status == active {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(rank(statusA), rank(statusB)), createdA.Compare(createdB))
}
