package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/credreport"
	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamgate"
)

// start is when the histories of the tests begin.
var start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// account is IAM in memory, an audit.Source that a test may change between two calls.
type account struct {
	mu    sync.Mutex
	now   time.Time
	users []*user
	// created counts users and keys, for their ids.
	created int

	report     []byte
	reportedAt time.Time
	reportErr  error
	// denied are the users whose keys can't be listed.
	denied map[string]error
	// onCall runs before each call that concerns a user, under the lock.
	onCall func(action, resource string)
	// countErr is the error of UserCount.
	countErr error
	calls    map[string]int
	// serviceCredentials are those of the account.
	serviceCredentials []iamgate.ServiceCredential
}

type user struct {
	id, name, path string
	created        time.Time
	keys           []*key
	tags           map[string]string
}

type key struct {
	id               string
	status           string
	created, changed time.Time
	uses             []time.Time
	// useUnknown makes IAM deny the last use.
	useUnknown bool
}

func newAccount() *account {
	return &account{now: start, calls: map[string]int{}, denied: map[string]error{}}
}

func (a *account) addUser(name, path string, created time.Time) *user {
	a.created++
	u := &user{id: fmt.Sprintf("AIDA%04d", a.created), name: name, path: path, created: created}
	a.users = append(a.users, u)
	return u
}

func (a *account) addKey(u *user, created time.Time, uses ...time.Time) *key {
	a.created++
	k := &key{id: fmt.Sprintf("AKIA%04d", a.created), status: "Active", created: created, changed: created, uses: uses}
	u.keys = append(u.keys, k)
	return k
}

func (k *key) setStatus(status string, at time.Time) { k.status, k.changed = status, at }

// lastUse is the last use at or before an instant; zero without one.
func (k *key) lastUse(until time.Time) time.Time {
	var last time.Time
	for _, use := range k.uses {
		if !use.After(until) && use.After(last) {
			last = use
		}
	}
	return last
}

func (a *account) user(name string) *user {
	i := slices.IndexFunc(a.users, func(u *user) bool { return strings.EqualFold(u.name, name) })
	if i < 0 {
		return nil
	}
	return a.users[i]
}

func (a *account) deleteUser(u *user) {
	a.users = slices.DeleteFunc(a.users, func(other *user) bool { return other == u })
}

func (u *user) arn() string { return "arn:aws:iam::123456789012:user" + u.path + u.name }

// snapshot creates the report of now, which knows no use of the last useLag, and dates it at reportedAt.
func (a *account) snapshot(useLag time.Duration, reportedAt time.Time) {
	var content bytes.Buffer
	content.WriteString("user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date," +
		"access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,additional_credentials_info\n" +
		credreport.RootName + ",arn:aws:iam::123456789012:root,2020-01-01T00:00:00Z,true,2020-01-01T00:00:00Z,N/A,false,N/A,N/A,N/A")
	date := func(at time.Time) string {
		if at.IsZero() {
			return "N/A"
		}
		return at.Format(time.RFC3339)
	}
	for i, u := range a.users {
		slots, additional := [2]string{"false,N/A,N/A", "false,N/A,N/A"}, "N/A"
		for j, k := range u.keys {
			if j >= len(slots) {
				additional = "1 more key"
				break
			}
			// The older key is not always in the first slot.
			slots[(i+j)%2] = fmt.Sprintf("%t,%s,%s", k.status == "Active", date(k.changed), date(k.lastUse(a.now.Add(-useLag))))
		}
		fmt.Fprintf(&content, "\n%s,%s,%s,%s,%s,%s", u.name, u.arn(), date(u.created), slots[0], slots[1], additional)
	}
	a.report, a.reportedAt = content.Bytes(), reportedAt
}

// dropRow removes the row of a user from the report.
func (a *account) dropRow(name string) {
	a.report = bytes.Join(slices.DeleteFunc(bytes.Split(a.report, []byte("\n")), func(row []byte) bool {
		return bytes.HasPrefix(row, []byte(name+","))
	}), []byte("\n"))
}

func (a *account) call(action, resource string) {
	a.calls[action]++
	if a.onCall != nil {
		a.onCall(action, resource)
	}
}

func (a *account) Now() time.Time { return a.now }

func (a *account) Users(_ context.Context, pathPrefix string) iter.Seq2[iamgate.User, error] {
	a.mu.Lock()
	a.call("ListUsers", pathPrefix)
	err := a.denied["ListUsers"]
	var listed []iamgate.User
	for _, u := range a.users {
		if strings.HasPrefix(u.path, pathPrefix) {
			listed = append(listed, u.export())
		}
	}
	a.mu.Unlock()
	return func(yield func(iamgate.User, error) bool) {
		for _, u := range listed {
			if !yield(u, nil) {
				return
			}
		}
		if err != nil {
			yield(iamgate.User{}, err)
		}
	}
}

func (u *user) export() iamgate.User {
	return iamgate.User{Name: u.name, ID: u.id, ARN: u.arn(), Path: u.path, CreatedAt: u.created, Tags: u.tags}
}

func (a *account) GetUser(_ context.Context, name string) (iamgate.User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("GetUser", name)
	u := a.user(name)
	if u == nil {
		return iamgate.User{}, failure("iam:GetUser", name, iamgate.KindNoSuchEntity)
	}
	return u.export(), nil
}

func (a *account) ListAccessKeys(_ context.Context, name string) ([]iamgate.AccessKey, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("ListAccessKeys", name)
	if err := a.denied[name]; err != nil {
		return nil, err
	}
	u := a.user(name)
	if u == nil {
		return nil, failure("iam:ListAccessKeys", name, iamgate.KindNoSuchEntity)
	}
	var keys []iamgate.AccessKey
	for _, k := range u.keys {
		keys = append(keys, iamgate.AccessKey{ID: k.id, UserName: u.name, Status: k.status, CreatedAt: k.created})
	}
	return keys, nil
}

func (a *account) LastUsed(_ context.Context, id string) (iamgate.LastUsed, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("GetAccessKeyLastUsed", id)
	for _, u := range a.users {
		for _, k := range u.keys {
			if k.id == id && !k.useUnknown {
				return iamgate.LastUsed{UserName: u.name, At: k.lastUse(a.now)}, nil
			}
		}
	}
	return iamgate.LastUsed{}, failure("iam:GetAccessKeyLastUsed", id, iamgate.KindAccessDenied)
}

func (a *account) ServiceCredentials(context.Context) ([]iamgate.ServiceCredential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("ListServiceSpecificCredentials", "")
	return slices.Clone(a.serviceCredentials), a.denied["ListServiceSpecificCredentials"]
}

func (a *account) UserCount(context.Context) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("GetAccountSummary", "")
	return len(a.users), a.countErr
}

func (a *account) CredentialReport(context.Context) ([]byte, time.Time, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.call("GetCredentialReport", "")
	return a.report, a.reportedAt, a.reportErr
}

func failure(action, resource string, kind iamgate.Kind) error {
	return &iamgate.Error{Action: action, Resource: resource, Kind: kind, HTTPStatus: http.StatusForbidden}
}

var errBroken = errors.New("the report is broken")
