package iamsim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/secret"
)

// The two statuses of an access key, and that of one that was deleted.
const (
	statusActive   = "Active"
	statusInactive = "Inactive"
	statusDeleted  = ""
)

// Limits that IAM does not let an account raise.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxKeysPerUser = 2
	maxTagsPerUser = 50
)

var (
	userNamePattern = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	pathPattern     = regexp.MustCompile(`^(/|/[\x21-\x7E]{1,510}/)$`)
)

// world is what IAM knows. The methods that a call may reach fail with *apiError.
type world struct {
	account string
	users   map[string]*user // by lower-case name: IAM does not tell names apart by case
	keys    map[string]*accessKey
	// deleted are the keys that are no more, for the servers that have not heard of it.
	deleted map[string]*accessKey
	// issued are the secrets of all keys and sessions ever, deleted ones included, but for Root's.
	issued   []Credentials
	sessions map[string]*session
	roles    map[string]string // unique ids by name
	kms      kmsWorld
	made     int
	delay    time.Duration
	linger   time.Duration
	rejects  int
}

type user struct {
	Name, Path, ID string
	CreatedAt      time.Time
	Tags           map[string]string
	madeAt         time.Time // CreatedAt has whole seconds
}

type accessKey struct {
	Key
	owner    *user
	secret   secret.Secret
	serial   int // orders keys that were made within one second
	usableAt time.Time
	rejects  int
	past     []version
	// worksUntil is when the last server hears that the key was deactivated or deleted.
	worksUntil time.Time
}

func newWorld(opts Options) *world {
	return &world{
		account:  opts.AccountID,
		users:    map[string]*user{},
		keys:     map[string]*accessKey{},
		deleted:  map[string]*accessKey{},
		sessions: map[string]*session{},
		roles:    map[string]string{},
		kms:      kmsWorld{aliases: map[string]*kmsKey{}},
		delay:    opts.NewKeyDelay,
		linger:   opts.RetiredKeyDelay,
		rejects:  opts.NewKeyRejects,
	}
}

func (w *world) arn(u *user) string {
	return fmt.Sprintf("arn:aws:iam::%s:user%s%s", w.account, u.Path, u.Name)
}

func (w *world) public(u *user) User {
	return User{Name: u.Name, ID: u.ID, ARN: w.arn(u), Path: u.Path, CreatedAt: u.CreatedAt, Tags: maps.Clone(u.Tags)}
}

func (w *world) user(name string) (*user, error) {
	u, ok := w.users[strings.ToLower(name)]
	if !ok {
		return nil, errNoSuchUser(name)
	}
	return u, nil
}

func (w *world) createUser(name, path string, tags map[string]string, now time.Time) (*user, error) {
	if err := validUserName(name); err != nil {
		return nil, err
	}
	if err := validPath(path); err != nil {
		return nil, err
	}
	if _, ok := w.users[strings.ToLower(name)]; ok {
		return nil, errUserExists(name)
	}
	u := &user{Name: name, Path: path, ID: newEntityID("AIDA"), CreatedAt: now.Truncate(time.Second), Tags: map[string]string{}, madeAt: now}
	if err := u.tag(tags); err != nil {
		return nil, err
	}
	w.users[strings.ToLower(name)] = u
	return u, nil
}

// updateUser renames or moves a user; an empty argument leaves things as they are.
func (w *world) updateUser(name, newName, newPath string) error {
	u, err := w.user(name)
	if err != nil {
		return err
	}
	if newPath != "" {
		if err := validPath(newPath); err != nil {
			return err
		}
	}
	if newName != "" {
		if err := validUserName(newName); err != nil {
			return err
		}
		if other, ok := w.users[strings.ToLower(newName)]; ok && other != u {
			return errUserExists(newName)
		}
		delete(w.users, strings.ToLower(u.Name))
		u.Name = newName
		w.users[strings.ToLower(newName)] = u
	}
	if newPath != "" {
		u.Path = newPath
	}
	return nil
}

func (w *world) deleteUser(name string) error {
	u, err := w.user(name)
	if err != nil {
		return err
	}
	if len(w.keysOf(u)) > 0 {
		return errDeleteConflict()
	}
	delete(w.users, strings.ToLower(u.Name))
	return nil
}

// listUsers returns the users below a path prefix, by name.
func (w *world) listUsers(pathPrefix string) []*user {
	var users []*user
	for _, name := range slices.Sorted(maps.Keys(w.users)) {
		if u := w.users[name]; strings.HasPrefix(u.Path, pathPrefix) {
			users = append(users, u)
		}
	}
	return users
}

// createKey makes a key of a user, within the quota.
func (w *world) createKey(u *user, now time.Time) (*accessKey, error) {
	if len(w.keysOf(u)) >= maxKeysPerUser {
		return nil, errQuota("AccessKeysPerUser", maxKeysPerUser)
	}
	w.made++
	k := &accessKey{
		Key:      Key{ID: newAccessKeyID("AKIA", w.account), CreatedAt: now.Truncate(time.Second)},
		owner:    u,
		secret:   newSecret(),
		serial:   w.made,
		usableAt: now.Add(w.delay),
		rejects:  w.rejects,
	}
	k.become(statusActive, now, w.linger)
	w.keys[k.ID] = k
	w.issued = append(w.issued, Credentials{AccessKeyID: k.ID, Secret: k.secret})
	return k, nil
}

// keysOf returns a user's keys, oldest first.
func (w *world) keysOf(u *user) []*accessKey {
	var keys []*accessKey
	for _, k := range w.keys {
		if k.owner == u {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, bySerial)
	return keys
}

// key returns a key of u; with a nil u, of anyone.
func (w *world) key(u *user, id string) (*accessKey, error) {
	k, ok := w.keys[id]
	if !ok || (u != nil && k.owner != u) {
		return nil, errNoSuchKey(id)
	}
	return k, nil
}

func (w *world) setStatus(u *user, id, status string, now time.Time) error {
	if status != statusActive && status != statusInactive {
		return errValidation(fmt.Sprintf("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [Active, Inactive]", status))
	}
	k, err := w.key(u, id)
	if err != nil {
		return err
	}
	k.become(status, now, w.linger)
	return nil
}

func (w *world) deleteKey(u *user, id string, now time.Time) error {
	k, err := w.key(u, id)
	if err != nil {
		return err
	}
	k.become(statusDeleted, now, w.linger)
	delete(w.keys, id)
	w.deleted[id] = k
	return nil
}

// used records a use, at most once per granularity.
func (k *accessKey) used(now time.Time, service, region string, granularity time.Duration) {
	if !k.LastUsedAt.IsZero() && now.Sub(k.LastUsedAt) < granularity {
		return
	}
	k.LastUsedAt, k.LastUsedService, k.LastUsedRegion = now.Truncate(time.Second), service, region
}

// usable reports whether a call signed with the key would be let in.
func (k *accessKey) usable(now time.Time) bool {
	alive := k.Status == statusActive || now.Before(k.worksUntil)
	return alive && !now.Before(k.usableAt) && k.rejects == 0
}

// public is the key as it is told outside, under its owner's name of today.
func (k *accessKey) public() Key {
	out := k.Key
	out.User = k.owner.Name
	return out
}

func validUserName(name string) error {
	if !userNamePattern.MatchString(name) {
		return errValidation("The specified value for userName is invalid. It must contain only alphanumeric characters and/or " +
			"the following: +=,.@_-")
	}
	return nil
}

func validPath(path string) error {
	if !pathPattern.MatchString(path) {
		return errValidation("The specified value for path is invalid. It must begin and end with / and contain only " +
			"alphanumeric characters and/or / characters.")
	}
	return nil
}
