package iamsim

import (
	"maps"
	"slices"
	"strings"
)

// userOperations are IAM's actions on users.
var userOperations = map[string]operation{
	"CreateUser":   {service: serviceIAM, resource: namedUser, run: (*invocation).createUser},
	"GetUser":      {service: serviceIAM, resource: namedUser, run: (*invocation).getUser},
	"UpdateUser":   {service: serviceIAM, resource: namedUser, run: (*invocation).updateUser},
	"DeleteUser":   {service: serviceIAM, resource: namedUser, run: (*invocation).deleteUser},
	"ListUsers":    {service: serviceIAM, resource: allUsers, run: (*invocation).listUsers},
	"TagUser":      {service: serviceIAM, resource: namedUser, run: (*invocation).tagUser},
	"UntagUser":    {service: serviceIAM, resource: namedUser, run: (*invocation).untagUser},
	"ListUserTags": {service: serviceIAM, resource: namedUser, run: (*invocation).listUserTags},
}

// userElement is a user in an answer. Field names are those of the API.
type userElement struct {
	Path       string
	UserName   string
	UserID     string `xml:"UserId"`
	Arn        string
	CreateDate string
	Tags       *members[tagElement]
}

type tagElement struct {
	Key   string
	Value string
}

type userResult struct {
	User userElement
}

type listUsersResult struct {
	Users members[userElement]
	page
}

type listUserTagsResult struct {
	Tags members[tagElement]
	page
}

func namedUser(in *invocation) string {
	name := in.params.Get("UserName")
	if name == "" && in.who.user != nil {
		name = in.who.user.Name
	}
	return "user " + name
}

func allUsers(in *invocation) string { return "arn:aws:iam::" + in.world.account + ":user/" }

// target is the user that the call names or, without a name, the one who signed it.
func (in *invocation) target() (*user, error) {
	if name := in.params.Get("UserName"); name != "" {
		return in.world.user(name)
	}
	if in.who.user == nil {
		return nil, errValidation("Must specify userName when calling with non-User credentials")
	}
	in.call.User = in.who.user.Name
	return in.who.user, nil
}

// named is the user that the call must name.
func (in *invocation) named() (*user, error) {
	name, err := in.required("UserName")
	if err != nil {
		return nil, err
	}
	return in.world.user(name)
}

// element leaves the tags out, as ListUsers does.
func (w *world) element(u *user) userElement {
	return userElement{Path: u.Path, UserName: u.Name, UserID: u.ID, Arn: w.arn(u), CreateDate: isoDate(u.CreatedAt)}
}

func (w *world) taggedElement(u *user) userElement {
	e := w.element(u)
	if len(u.Tags) > 0 {
		e.Tags = &members[tagElement]{tagElements(u)}
	}
	return e
}

func tagElements(u *user) []tagElement {
	var tags []tagElement
	for key, value := range u.Tags {
		tags = append(tags, tagElement{key, value})
	}
	slices.SortFunc(tags, func(a, b tagElement) int { return strings.Compare(tagOrder(a), tagOrder(b)) })
	return tags
}

func tagOrder(t tagElement) string { return strings.ToLower(t.Key) }

func (in *invocation) createUser() (any, error) {
	name, err := in.required("UserName")
	if err != nil {
		return nil, err
	}
	path := in.params.Get("Path")
	if path == "" {
		path = "/"
	}
	tags, err := in.tags()
	if err != nil {
		return nil, err
	}
	u, err := in.world.createUser(name, path, tags, in.time.now())
	if err != nil {
		return nil, err
	}
	return userResult{in.world.taggedElement(u)}, nil
}

func (in *invocation) getUser() (any, error) {
	u, _, err := in.readTarget()
	if err != nil {
		return nil, err
	}
	return userResult{in.world.taggedElement(u)}, nil
}

func (in *invocation) updateUser() (any, error) {
	u, err := in.named()
	if err != nil {
		return nil, err
	}
	return nil, in.world.updateUser(u.Name, in.params.Get("NewUserName"), in.params.Get("NewPath"))
}

func (in *invocation) deleteUser() (any, error) {
	u, err := in.named()
	if err != nil {
		return nil, err
	}
	return nil, in.world.deleteUser(u.Name)
}

func (in *invocation) listUsers() (any, error) {
	users := in.view().users(in.world.listUsers(in.params.Get("PathPrefix")))
	users, end, err := paginate(in, users, func(u *user) string { return strings.ToLower(u.Name) })
	if err != nil {
		return nil, err
	}
	result := listUsersResult{page: end}
	for _, u := range users {
		result.Users.Member = append(result.Users.Member, in.world.element(u))
	}
	return result, nil
}

func (in *invocation) tagUser() (any, error) {
	u, err := in.named()
	if err != nil {
		return nil, err
	}
	tags, err := in.tags()
	if err != nil {
		return nil, err
	}
	return nil, u.tag(tags)
}

func (in *invocation) untagUser() (any, error) {
	u, err := in.named()
	if err != nil {
		return nil, err
	}
	u.untag(in.indexed("TagKeys.member", ""))
	return nil, nil //nolint:nilnil // no result element
}

func (in *invocation) listUserTags() (any, error) {
	u, err := in.named()
	if err != nil {
		return nil, err
	}
	tags, end, err := paginate(in, tagElements(u), tagOrder)
	if err != nil {
		return nil, err
	}
	return listUserTagsResult{members[tagElement]{tags}, end}, nil
}

// tags reads the Tags parameter.
func (in *invocation) tags() (map[string]string, error) {
	keys, values := in.indexed("Tags.member", ".Key"), in.indexed("Tags.member", ".Value")
	if len(keys) != len(values) {
		return nil, errValidation("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null")
	}
	tags := map[string]string{}
	for i, key := range keys {
		if slices.ContainsFunc(slices.Collect(maps.Keys(tags)), func(k string) bool { return strings.EqualFold(k, key) }) {
			return nil, errInvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags[key] = values[i]
	}
	return tags, nil
}
