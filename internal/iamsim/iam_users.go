package iamsim

import (
	"fmt"
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

func allUsers(in *invocation) string { return "arn:aws:iam::" + in.account.id + ":user/" }

// targetUser returns the user that the call names or, without a name, the user that signed it.
func (in *invocation) targetUser() (*user, error) {
	if name := in.params.Get("UserName"); name != "" {
		return in.account.user(name)
	}
	if in.who.user == nil {
		return nil, errValidation("Must specify userName when calling with non-User credentials")
	}
	in.call.User = in.who.user.Name
	return in.who.user, nil
}

// requiredUser returns the user that the call must name.
func (in *invocation) requiredUser() (*user, error) {
	name, err := in.required("UserName")
	if err != nil {
		return nil, err
	}
	return in.account.user(name)
}

// element leaves the tags out, as ListUsers does.
func (a *account) element(u *user) userElement {
	return userElement{Path: u.Path, UserName: u.Name, UserID: u.ID, Arn: a.arn(u), CreateDate: isoDate(u.CreatedAt)}
}

func (a *account) taggedElement(u *user) userElement {
	e := a.element(u)
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
	u, err := in.account.createUser(name, path, tags, in.time.now())
	if err != nil {
		return nil, err
	}
	in.delay(u, pastUser{})
	return userResult{in.account.taggedElement(u)}, nil
}

func (in *invocation) getUser() (any, error) {
	u, _, err := in.targetUserForRead()
	if err != nil {
		return nil, err
	}
	return userResult{in.account.taggedElement(u)}, nil
}

func (in *invocation) updateUser() (any, error) {
	name, err := in.required("UserName")
	if err != nil {
		return nil, err
	}
	return nil, in.account.updateUser(name, in.params.Get("NewUserName"), in.params.Get("NewPath"))
}

func (in *invocation) deleteUser() (any, error) {
	u, err := in.requiredUser()
	if err != nil {
		return nil, err
	}
	return nil, in.account.deleteUser(u.Name)
}

func (in *invocation) listUsers() (any, error) {
	request, err := in.pageRequest()
	if err != nil {
		return nil, err
	}
	users, end := cut(request, in.usersForRead(in.params.Get("PathPrefix")), func(u *user) string { return strings.ToLower(u.Name) })
	shuffle(in, users)
	result := listUsersResult{page: end}
	for _, u := range users {
		result.Users.Member = append(result.Users.Member, in.account.element(u))
	}
	return result, nil
}

func (in *invocation) tagUser() (any, error) {
	tags, err := in.tags()
	if err != nil {
		return nil, err
	}
	u, err := in.requiredUser()
	if err != nil {
		return nil, err
	}
	return nil, u.tag(tags)
}

func (in *invocation) untagUser() (any, error) {
	keys := in.indexed("TagKeys.member", "")
	for i, key := range keys {
		if err := validTagKey(fmt.Sprintf("tagKeys.%d.member", i+1), key); err != nil {
			return nil, err
		}
	}
	u, err := in.requiredUser()
	if err != nil {
		return nil, err
	}
	u.untag(keys)
	return nil, nil //nolint:nilnil // no result element
}

func (in *invocation) listUserTags() (any, error) {
	request, err := in.pageRequest()
	if err != nil {
		return nil, err
	}
	u, err := in.requiredUser()
	if err != nil {
		return nil, err
	}
	tags, end := cut(request, tagElements(u), tagOrder)
	return listUserTagsResult{members[tagElement]{tags}, end}, nil
}

// tags returns the Tags parameter.
func (in *invocation) tags() (map[string]string, error) {
	keys, values := in.indexed("Tags.member", ".Key"), in.indexed("Tags.member", ".Value")
	if len(keys) != len(values) {
		return nil, errValidation("1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must not be null")
	}
	tags := map[string]string{}
	for i, key := range keys {
		member := fmt.Sprintf("tags.%d.member", i+1)
		if err := validTagKey(member+".key", key); err != nil {
			return nil, err
		}
		if err := validTagValue(member+".value", values[i]); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(tags)), func(k string) bool { return strings.EqualFold(k, key) }) {
			return nil, errInvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		tags[key] = values[i]
	}
	return tags, nil
}
