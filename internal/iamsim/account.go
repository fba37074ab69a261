package iamsim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/iamkeys/terraform-provider-iamkeys/internal/iamsim/iampolicy"
)

// Quotas that AWS does not raise.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxKeysPerUser = 2
	maxTagsPerUser = 50
)

var (
	userNamePattern = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)
	pathPattern     = regexp.MustCompile(`^(/|/[\x21-\x7E]{1,510}/)$`)
)

// account is the state of the simulated AWS account. Methods that serve a call return an *apiError.
type account struct {
	id string
	// createdAt is the creation of the root user.
	createdAt time.Time
	users     map[string]*user // by lower-case name: IAM compares names without case
	keys      map[string]*accessKey
	// deleted holds the deleted keys, for stale reads and for Options.RetiredKeyDelay.
	deleted map[string]*accessKey
	// issued holds the secrets of all keys and sessions ever created, deleted ones included, except Root's.
	issued   []Credentials
	sessions map[string]*session
	roles    map[string]string // unique ids by name
	kms      kmsKeys
	trail    eventHistory
	report   credentialReport
	// serviceCredentials are the service-specific credentials, in the order of their creation.
	serviceCredentials []*serviceCredential
	// createdKeys and createdServiceCredentials count what was ever created.
	createdKeys               int
	createdServiceCredentials int

	newKeyDelay     time.Duration
	newKeyRejects   int
	retiredKeyDelay time.Duration
}

type user struct {
	Name, Path, ID string
	CreatedAt      time.Time
	Tags           map[string]string
	existsSince    time.Time    // CreatedAt has whole seconds only
	keys           []*accessKey // oldest first
	past           pastUser
	policies       []*iampolicy.Document // nil: the user may do everything
}

func newAccount(opts Options) *account {
	return &account{
		id:              opts.AccountID,
		users:           map[string]*user{},
		keys:            map[string]*accessKey{},
		deleted:         map[string]*accessKey{},
		sessions:        map[string]*session{},
		roles:           map[string]string{},
		kms:             kmsKeys{aliases: map[string]*kmsKey{}},
		newKeyDelay:     opts.NewKeyDelay,
		newKeyRejects:   opts.NewKeyRejects,
		retiredKeyDelay: opts.RetiredKeyDelay,
	}
}

func (a *account) arn(u *user) string {
	return fmt.Sprintf("arn:aws:iam::%s:user%s%s", a.id, u.Path, u.Name)
}

func (a *account) exportUser(u *user) User {
	return User{Name: u.Name, ID: u.ID, ARN: a.arn(u), Path: u.Path, CreatedAt: u.CreatedAt, Tags: maps.Clone(u.Tags)}
}

func (a *account) user(name string) (*user, error) {
	u, ok := a.users[strings.ToLower(name)]
	if !ok {
		return nil, errNoSuchUser(name)
	}
	return u, nil
}

func (a *account) createUser(name, path string, tags map[string]string, now time.Time) (*user, error) {
	if err := validUserName(name); err != nil {
		return nil, err
	}
	if err := validPath(path); err != nil {
		return nil, err
	}
	if _, ok := a.users[strings.ToLower(name)]; ok {
		return nil, errUserExists(name)
	}
	u := &user{
		Name: name, Path: path, ID: newEntityID("AIDA"),
		CreatedAt: now.Truncate(time.Second), existsSince: now, Tags: map[string]string{},
	}
	if err := u.tag(tags); err != nil {
		return nil, err
	}
	a.users[strings.ToLower(name)] = u
	return u, nil
}

// updateUser renames or moves a user. An empty argument changes nothing.
func (a *account) updateUser(name, newName, newPath string) error {
	if newPath != "" {
		if err := validPath(newPath); err != nil {
			return err
		}
	}
	if newName != "" {
		if err := validUserName(newName); err != nil {
			return err
		}
	}
	u, err := a.user(name)
	if err != nil {
		return err
	}
	if newName != "" {
		if other, ok := a.users[strings.ToLower(newName)]; ok && other != u {
			return errUserExists(newName)
		}
		delete(a.users, strings.ToLower(u.Name))
		u.Name = newName
		a.users[strings.ToLower(newName)] = u
	}
	if newPath != "" {
		u.Path = newPath
	}
	return nil
}

func (a *account) deleteUser(name string) error {
	u, err := a.user(name)
	if err != nil {
		return err
	}
	if len(a.keysOf(u)) > 0 {
		return errDeleteConflict("access keys")
	}
	if len(a.serviceCredentialsWhere(func(c *serviceCredential) bool { return c.owner == u })) > 0 {
		return errDeleteConflict("service specific credentials")
	}
	delete(a.users, strings.ToLower(u.Name))
	return nil
}

// listUsers returns the users below a path prefix, by name.
func (a *account) listUsers(pathPrefix string) []*user {
	var users []*user
	for _, name := range slices.Sorted(maps.Keys(a.users)) {
		if u := a.users[name]; strings.HasPrefix(u.Path, pathPrefix) {
			users = append(users, u)
		}
	}
	return users
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
