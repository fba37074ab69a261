package audit

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// atOnce is how many users are looked at concurrently. AWS publishes no request rates of IAM; the SDK slows down when it throttles.
const atOnce = 8

// target is a user whose keys are to be listed.
type target struct {
	name, path, arn string
	// row is what the report says about the user; nil if nothing.
	row *credreport.User
	// origin is where the name comes from.
	origin origin
}

// origin is where the name of a user comes from.
type origin int

const (
	// fromQuery: the user must exist, and the path is not known yet.
	fromQuery origin = iota
	// fromReport: the user may be gone, or the name may be that of another user by now.
	fromReport
	// fromList: the user may be gone.
	fromList
)

// run is one audit.
type run struct {
	source Source
	query  Query
	// now returns AWS's time, the same at each call. It must not be called before the first answer.
	now   func() time.Time
	guide *guide
	// names are the users that ListUsers returned for the path of the query.
	names map[string]bool
	// lookedAt is the name under which each user was looked at, by unique id.
	lookedAt map[string]string

	mu sync.Mutex // guards what follows
	// reported are the names that were looked at because of the report alone, in lower case.
	reported map[string]bool
	// keys are those that pass, by id.
	keys   map[string]Key
	listed int
	// renamed is true once a name did not exist, or was that of another user than its row's.
	renamed  bool
	failures []UserError
	stopped  bool
}

func newRun(source Source, query Query) *run {
	return &run{
		source: source, query: query, now: sync.OnceValue(source.Now), keys: map[string]Key{},
		names: map[string]bool{}, lookedAt: map[string]string{}, reported: map[string]bool{},
	}
}

// lookAtNamed looks at the users that the query names, each once: IAM compares names without case.
func (r *run) lookAtNamed(ctx context.Context) error {
	var targets []target
	for _, name := range r.query.Users {
		if !slices.ContainsFunc(targets, func(t target) bool { return strings.EqualFold(t.name, name) }) {
			targets = append(targets, target{name: name, origin: fromQuery})
		}
	}
	return r.lookAt(ctx, targets)
}

// lookAtReported looks at the users that the report does not exclude. It reports whether that was all: it was not if names have
// changed since the report.
func (r *run) lookAtReported(ctx context.Context, guide *guide) (bool, error) {
	r.guide = guide
	var targets []target
	for i := range guide.report.Users {
		if row := &guide.report.Users[i]; !row.Root && guide.mayPass(row) {
			r.reported[strings.ToLower(row.Name)] = true
			targets = append(targets, target{name: row.Name, path: pathOf(row.ARN), arn: row.ARN, row: row, origin: fromReport})
		}
	}
	err := r.lookAt(ctx, targets)
	return !r.renamed, err
}

// lookAtListed looks at the users below the path of the query that guide, if any, does not exclude. When a user that was listed does
// not exist any more it lists again, for a new name.
func (r *run) lookAtListed(ctx context.Context, guide *guide) error {
	r.guide = guide
	prefix := r.query.PathPrefix
	if prefix == "" {
		prefix = "/"
	}
	for {
		var targets []target
		for user, err := range r.source.Users(ctx, prefix) {
			if err != nil {
				return err
			}
			r.names[user.Name] = true
			t := target{name: user.Name, path: user.Path, arn: user.ARN, origin: fromList}
			mayPass := true
			if guide != nil {
				t.row, mayPass = guide.listedMayPass(user)
			}
			if t.row != nil && r.reported[strings.ToLower(user.Name)] {
				mayPass = false // it was looked at under this name
			}
			if mayPass && r.lookedAt[user.ID] != user.Name {
				r.lookedAt[user.ID] = user.Name
				targets = append(targets, t)
			}
		}
		r.renamed = false
		if err := r.lookAt(ctx, targets); err != nil || !r.renamed {
			return err
		}
	}
}

// pathOf returns the path in the ARN of a user.
func pathOf(arn string) string {
	_, resource, _ := strings.Cut(arn, ":user/")
	return "/" + resource[:strings.LastIndexByte(resource, '/')+1]
}

// lookAt looks at users, some at once. The error is an *UnreadError for all that could not be read.
func (r *run) lookAt(ctx context.Context, targets []target) error {
	queue := make(chan target)
	var workers sync.WaitGroup
	for range min(atOnce, len(targets)) {
		workers.Go(func() {
			for t := range queue {
				r.record(t, r.lookAtUser(ctx, t))
			}
		})
	}
	tried := 0
	for _, t := range targets {
		if r.isStopped() {
			break
		}
		queue <- t
		tried++
	}
	close(queue)
	workers.Wait()
	if len(r.failures) == 0 {
		return nil
	}
	slices.SortFunc(r.failures, func(a, b UserError) int { return strings.Compare(a.User, b.User) })
	return &UnreadError{Users: r.failures, NotTried: len(targets) - tried}
}

func (r *run) isStopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}

// found is what a look at one user brought.
type found struct {
	keys []Key
	// gone is true if there is no user of that name any more.
	gone bool
	// stranger is true if the keys cannot be those of the user's row.
	stranger bool
	err      error
}

func (r *run) record(t target, f found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.renamed = r.renamed || f.gone || f.stranger
	switch {
	case f.gone:
		delete(r.reported, strings.ToLower(t.name))
	case f.err == nil:
		r.listed++
	default:
		r.failures = append(r.failures, UserError{User: t.name, Err: f.err})
		r.stopped = r.stopped || len(r.failures) >= mostFailures || isGeneral(f.err)
	}
	for _, key := range f.keys {
		r.keys[key.ID] = key
	}
}

// lookAtUser returns the keys of a user that pass the filters.
func (r *run) lookAtUser(ctx context.Context, t target) found {
	listed, err := r.source.ListAccessKeys(ctx, t.name)
	if err != nil {
		return t.failed(err)
	}
	var inUse map[string]bool
	var f found
	if t.row != nil {
		var ok bool
		inUse, ok = r.guide.match(t.row, listed)
		f.stranger = !ok && t.origin == fromReport
	}
	for _, key := range listed {
		if !r.passesStatus(key.Status) || !r.passesAge(key.CreatedAt) || !r.passesUse(key.CreatedAt, time.Time{}) || inUse[key.ID] {
			continue
		}
		used, err := r.source.LastUsed(ctx, key.ID)
		if iamgate.IsKind(err, iamgate.KindAccessDenied) || iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
			// AWS also denies access to a key that was deleted meanwhile.
			still, listErr := r.source.ListAccessKeys(ctx, t.name)
			if listErr != nil {
				return t.failed(listErr)
			}
			if !slices.ContainsFunc(still, func(k iamgate.AccessKey) bool { return k.ID == key.ID }) {
				continue
			}
		}
		if err != nil {
			return found{err: err}
		}
		if r.passesUse(key.CreatedAt, used.At) {
			f.keys = append(f.keys, Key{
				AccessKey: key, Path: t.path, ARN: t.arn, LastUsedAt: used.At, Service: used.Service, Region: used.Region,
			})
		}
	}
	if len(f.keys) > 0 && (t.origin == fromQuery || r.query.Descriptions) {
		user, err := r.source.GetUser(ctx, t.name)
		if err != nil {
			return t.failed(err)
		}
		for i := range f.keys {
			key := &f.keys[i]
			key.Path, key.ARN, key.Description = user.Path, user.ARN, user.Tags[key.ID]
		}
	}
	return f
}

// failed is a failed look. A user that was listed and is gone has no keys, or another name.
func (t target) failed(err error) found {
	if t.origin != fromQuery && iamgate.IsKind(err, iamgate.KindNoSuchEntity) {
		return found{gone: true}
	}
	return found{err: err}
}

func (r *run) passesStatus(status string) bool {
	return r.query.Status == "" || status == r.query.Status
}

// passesAge reports whether what was created then is as old as the query wants, or older.
func (r *run) passesAge(created time.Time) bool {
	return r.query.OlderThan == 0 || !created.After(r.now().Add(-r.query.OlderThan))
}

// passesUse reports whether a key is unused for as long as the query wants, or longer. A zero lastUse is that of a key that was
// never used.
func (r *run) passesUse(created, lastUse time.Time) bool {
	if lastUse.IsZero() {
		lastUse = created
	}
	return r.query.UnusedFor == 0 || !lastUse.After(r.now().Add(-r.query.UnusedFor))
}
